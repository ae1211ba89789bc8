//! The order of a set's elements, and when two of them are the same.
//!
//! Strings go by code point, numbers by size, `false` before `true`; unknown and then null values last.
//! Elements of other types go by a text made from their parts. Terraform leaves that last order open but
//! always answers with the same one, and state files and plans show it, so it is followed here.

use std::cmp::Ordering;
use std::fmt::Write;

use crate::{Number, Value};

/// Sorts elements and removes those that equal an earlier one; what is not known equals nothing yet.
pub(crate) fn sort_unique(mut elements: Vec<Value>) -> Vec<Value> {
    let is_simple = |element: &Value| element.as_sequence().is_none() && element.as_entries().is_none();
    if elements.iter().all(is_simple) {
        elements.sort_by(compare);
    } else {
        elements.sort_by_cached_key(SortKey::new);
    }
    // Values that sort alike are neighbours, but only in groups: numbers may print alike and differ.
    let mut unique: Vec<Value> = Vec::with_capacity(elements.len());
    let mut group_start = 0;
    for element in elements {
        if unique.get(group_start).is_some_and(|first| compare(first, &element) != Ordering::Equal) {
            group_start = unique.len();
        }
        let is_new = !element.is_wholly_known()
            || !unique[group_start..].iter().any(|other| other.raw_equals(&element));
        if is_new {
            unique.push(element);
        }
    }
    unique
}

/// Finds the position of an equal element among sorted ones.
pub(crate) fn find(sorted: &[Value], element: &Value) -> Option<usize> {
    let start = sorted.partition_point(|other| compare(other, element) == Ordering::Less);
    let group = sorted[start..].iter().take_while(|other| compare(other, element) == Ordering::Equal);
    group.into_iter().position(|other| other.raw_equals(element)).map(|offset| start + offset)
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct SortKey {
    rank: u8,
    text: String,
}

impl SortKey {
    fn new(value: &Value) -> Self {
        let mut text = String::new();
        append(&mut text, value);
        Self { rank: rank(value), text }
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null(_) => 2,
        Value::Unknown(_) => 1,
        _ => 0,
    }
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        _ => rank(a)
            .cmp(&rank(b))
            .then_with(|| if rank(a) == 0 { SortKey::new(a).cmp(&SortKey::new(b)) } else { Ordering::Equal }),
    }
}

fn append(text: &mut String, value: &Value) {
    match value {
        Value::Unknown(_) => text.push('?'),
        Value::Null(_) => text.push('~'),
        Value::Bool(bool) => text.push(if *bool { 'T' } else { 'F' }),
        Value::Number(number) => append_number(text, number),
        Value::String(string) => {
            let _ = write!(text, "{string:?}");
        }
        Value::Map(map) => {
            text.push('{');
            for (key, element) in map.entries() {
                let _ = write!(text, "{key:?}:");
                append(text, element);
                text.push(';');
            }
            text.push('}');
        }
        Value::List(list) => append_elements(text, '[', list.elements(), ']'),
        Value::Set(set) => append_elements(text, '[', set.elements(), ']'),
        Value::Tuple(tuple) => append_elements(text, '<', tuple.elements(), '>'),
        Value::Object(object) => {
            text.push('<');
            for (_, attribute) in object.attributes() {
                append(text, attribute);
                text.push(';');
            }
            text.push('>');
        }
        Value::Marked(marked) => append(text, marked.value()),
    }
}

fn append_elements(text: &mut String, open: char, elements: &[Value], close: char) {
    text.push(open);
    for element in elements {
        append(text, element);
        text.push(';');
    }
    text.push(close);
}

/// Ten significant digits, with an exponent where it is shorter, as C's `%.10g`.
fn append_number(text: &mut String, number: &Number) {
    let small = number.to_i64().filter(|int| int.unsigned_abs() < 10_000_000_000);
    if let Some(int) = small {
        let _ = write!(text, "{int}");
        return;
    }
    let scientific = format!("{:.9e}", number.to_f64());
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        text.push_str(&number.to_string());
        return;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..10).contains(&exponent) {
        let decimals = usize::try_from(9 - exponent).unwrap_or(0);
        let plain = format!("{:.decimals$}", number.to_f64());
        text.push_str(plain.trim_end_matches('0').trim_end_matches('.'));
    } else {
        let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(text, "{mantissa}e{sign}{:02}", exponent.abs());
    }
}
