//! `format` and `formatlist`: values as text by a format string, with the verbs of `printf`.

use terrane_model::convert::convert;
use terrane_model::encode_json::{write_json_string, write_simple_json};
use terrane_model::{Number, Refinement, Str, Type, Value};

use super::format_number::{format_float, format_integer};
use super::format_verb::{Piece, Verb, parse};
use super::graphemes;
use super::known_prefix::known_prefix;
use super::quote::quote;
use super::{Arguments, Function, FunctionError, Parameter, ParameterType, Returns};

const FORMAT: &[Parameter] = &[Parameter::string("format")];
const ARGS: Parameter = Parameter::any("args").or_null().or_unknown();

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "format",
        FORMAT,
        Returns::Always(ParameterType::String),
        format,
        "Puts values into a text where verbs such as `%s` or `%d` stand.",
    )
    .variadic(ARGS),
    Function::new(
        "formatlist",
        FORMAT,
        Returns::Always(ParameterType::LIST_OF_STRING),
        formatlist,
        "Formats a text for every element of lists of one length.",
    )
    .variadic(ARGS),
];

fn format(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let format = arguments.text(0);
    let values = &arguments.values[1..];
    if values.iter().all(Value::is_wholly_known) {
        return Ok(Value::string(format_values(format, values)?));
    }
    // What stands in front of the first verb is known whatever the values will be.
    let literal = format.split('%').next().unwrap_or_default();
    let string_prefix = if literal.len() < format.len() { known_prefix(literal) } else { Str::new() };
    Ok(Value::refined_unknown(Type::String, Refinement { string_prefix, ..Refinement::not_null() }))
}

/// One argument of `formatlist`.
enum Column<'a> {
    Same(&'a Value),
    Each(&'a [Value]),
    /// Not known, nor how many there will be.
    Open,
}

fn formatlist(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let format = arguments.text(0);
    let values = &arguments.values[1..];
    if values.is_empty() {
        let text = format_values(format, values)?;
        return Ok(Value::list_of_strings([text]));
    }
    let (columns, length) = columns(values)?;
    if columns.iter().any(|column| matches!(column, Column::Open)) {
        return Ok(Value::unknown(Type::list(Type::String)));
    }
    let mut results = Vec::new();
    for row in 0..length.unwrap_or(1) {
        let cells = columns.iter().map(|column| match column {
            Column::Each(elements) => elements.get(row).cloned().unwrap_or_else(Value::dynamic),
            Column::Same(value) => (*value).clone(),
            Column::Open => Value::dynamic(),
        });
        let cells: Vec<Value> = cells.collect();
        if !cells.iter().all(Value::is_wholly_known) {
            results.push(Value::unknown_not_null(Type::String));
            continue;
        }
        let text = format_values(format, &cells).map_err(|error| {
            FunctionError::new(format!("error on format iteration {row}: {}", error.message))
        })?;
        results.push(Value::string(text));
    }
    Ok(Value::list(Type::String, results))
}

/// Returns the arguments as columns, and the length that all sequences among them share.
fn columns(values: &[Value]) -> Result<(Vec<Column<'_>>, Option<usize>), FunctionError> {
    let mut chosen: Option<(usize, usize)> = None;
    let mut columns = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        let length = match value.as_unknown().map(|unknown| &unknown.ty) {
            Some(Type::Tuple(types)) => Some(types.len()),
            Some(_) => None,
            None => value.as_sequence().map(<[Value]>::len),
        };
        let has_open_length = match (value, value.as_unknown()) {
            (Value::Set(set), _) => set.elements().len() > 1 && !value.is_wholly_known(),
            (_, Some(unknown)) => {
                matches!(unknown.ty, Type::Dynamic | Type::List(_) | Type::Set(_) | Type::Tuple(_))
            }
            _ => false,
        };
        if let Some(length) = length.filter(|_| !has_open_length || !value.is_known()) {
            match chosen {
                None => chosen = Some((index, length)),
                Some((first, expected)) if expected != length => {
                    let (this, first) = (index + 1, first + 1);
                    let message = format!(
                        "argument {this} has length {length}, which is inconsistent with argument {first} of \
                         length {expected}"
                    );
                    return Err(FunctionError::argument(index + 1, message));
                }
                Some(_) => {}
            }
        }
        columns.push(match value.as_sequence() {
            _ if has_open_length => Column::Open,
            Some(elements) => Column::Each(elements),
            None => Column::Same(value),
        });
    }
    Ok((columns, chosen.map(|(_, length)| length)))
}

/// Formats known values.
fn format_values(format: &str, values: &[Value]) -> Result<String, FunctionError> {
    let mut text = String::new();
    let mut highest = 0;
    let (pieces, result) = parse(format);
    for piece in &pieces {
        match piece {
            Piece::Text(literal) => text.push_str(literal),
            Piece::Verb(verb) => {
                highest = highest.max(verb.argument);
                let shown = show(verb, values).map_err(FunctionError::new)?;
                text.push_str(&shown);
            }
        }
    }
    result.map_err(FunctionError::new)?;
    if highest < values.len() {
        let why = match highest {
            0 => "no verbs in format string".to_owned(),
            highest => format!("only {highest} used by format string"),
        };
        return Err(FunctionError::argument(highest + 1, format!("too many arguments; {why}")));
    }
    Ok(text)
}

fn show(verb: &Verb<'_>, values: &[Value]) -> Result<String, String> {
    let (raw, offset) = (quote(verb.raw), verb.offset);
    let Some(value) = values.get(verb.argument - 1) else {
        return Err(format!(
            "not enough arguments for {raw} at {offset}: need index {} but have {} total",
            verb.argument,
            values.len()
        ));
    };
    let unsupported = |why: &str| format!("unsupported value for {raw} at {offset}: {why}");
    if verb.letter != 'v' && value.is_null() {
        return Err(unsupported("null value cannot be formatted"));
    }
    let converted = |ty: Type| convert(value, &ty).map_err(|error| unsupported(&error.message));
    match verb.letter {
        'v' => as_is(verb, value).map_err(|error| unsupported(&error)),
        't' => Ok(converted(Type::Bool)?.as_bool().unwrap_or_default().to_string()),
        'b' | 'd' | 'o' | 'x' | 'X' => {
            let number = converted(Type::Number)?;
            let int = number.as_number().and_then(Number::to_big_int);
            let int = int.ok_or_else(|| unsupported("an integer is required"))?;
            Ok(format_integer(verb, &int))
        }
        'e' | 'E' | 'f' | 'g' | 'G' => {
            let number = converted(Type::Number)?;
            Ok(number.as_number().map(|number| format_float(verb, number)).unwrap_or_default())
        }
        's' | 'q' => Ok(string(verb, converted(Type::String)?.as_str().map_or("", Str::as_str))),
        letter => Err(format!("unsupported format verb '{letter}' in {raw} at offset {offset}")),
    }
}

fn as_is(verb: &Verb<'_>, value: &Value) -> Result<String, String> {
    let text = match value {
        Value::String(text) if !verb.flags.sharp => text.to_string(),
        Value::Number(number) if !verb.flags.sharp => number.to_general(None),
        value => {
            let mut json = String::new();
            write_simple_json(&mut json, value)
                .map_err(|_| "cannot serialize infinity as JSON".to_owned())?;
            json
        }
    };
    Ok(pad(verb, text))
}

fn string(verb: &Verb<'_>, text: &str) -> String {
    let text = match verb.precision {
        Some(count @ 1..) => &text[..graphemes::offset_of(text, count)],
        _ => text,
    };
    if verb.letter == 's' {
        return pad(verb, text.to_owned());
    }
    let mut quoted = String::new();
    write_json_string(&mut quoted, text);
    pad(verb, quoted)
}

/// Fills a field up to its width, which counts what people see as characters.
fn pad(verb: &Verb<'_>, text: String) -> String {
    let Some(width) = verb.width else { return text };
    let missing = width.saturating_sub(graphemes::count(&text));
    let padding = if verb.flags.zero { "0" } else { " " }.repeat(missing);
    if verb.flags.minus { text + &padding } else { padding + &text }
}
