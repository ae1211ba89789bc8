//! Functions on text that need no more than the text.
//!
//! Where a function counts characters, it counts what people see as one: grapheme clusters.

use terrane_model::{Type, Value};

use super::graphemes::{self, graphemes};
use super::number::whole;
use super::{Arguments, Function, FunctionError, Parameter, ParameterType, Returns};

const STRING: Returns = Returns::Always(ParameterType::String);
const BOOL: Returns = Returns::Always(ParameterType::Bool);
const STR: Parameter = Parameter::string("str");

/// The longest text that is made, in bytes; keeps a large number of spaces from filling the memory.
pub(super) const TEXT_MAX: usize = 256 << 20;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("chomp", &[STR], STRING, chomp, "Removes line ends from the end of a text."),
    Function::new(
        "endswith",
        &[STR, Parameter::string("suffix")],
        BOOL,
        |arguments| Ok(arguments.text(0).ends_with(arguments.text(1)).into()),
        "Tells whether a text ends with another.",
    ),
    Function::new(
        "indent",
        &[Parameter::number("spaces"), STR],
        STRING,
        indent,
        "Puts spaces in front of every line but the first.",
    ),
    Function::new(
        "join",
        &[Parameter::string("separator")],
        STRING,
        join,
        "Puts the texts of lists together with a separator between them.",
    )
    .variadic(Parameter::new("lists", ParameterType::LIST_OF_STRING)),
    Function::new(
        "split",
        &[Parameter::string("separator"), STR],
        Returns::Always(ParameterType::LIST_OF_STRING),
        split,
        "Cuts a text at every occurrence of a separator.",
    ),
    Function::new(
        "startswith",
        &[STR.or_unknown(), Parameter::string("prefix")],
        BOOL,
        startswith,
        "Tells whether a text starts with another.",
    ),
    Function::new(
        "strcontains",
        &[STR, Parameter::string("substr")],
        BOOL,
        |arguments| Ok(arguments.text(0).contains(arguments.text(1)).into()),
        "Tells whether a text contains another.",
    ),
    Function::new(
        "strrev",
        &[STR],
        STRING,
        |arguments| Ok(Value::string(graphemes(arguments.text(0)).rev().collect::<String>())),
        "Returns the characters of a text in reverse order.",
    ),
    Function::new(
        "substr",
        &[STR, Parameter::number("offset"), Parameter::number("length")],
        STRING,
        substr,
        "Returns characters from an offset, counted from the end where negative; all where the length is -1.",
    ),
    Function::new(
        "trim",
        &[STR, Parameter::string("cutset")],
        STRING,
        trim,
        "Removes characters of a set from both ends of a text.",
    ),
    Function::new(
        "trimprefix",
        &[STR, Parameter::string("prefix")],
        STRING,
        |arguments| {
            let text = arguments.text(0);
            Ok(Value::string(text.strip_prefix(arguments.text(1)).unwrap_or(text)))
        },
        "Removes a text from the start of another, where it is there.",
    ),
    Function::new(
        "trimspace",
        &[STR],
        STRING,
        |arguments| Ok(Value::string(arguments.text(0).trim())),
        "Removes white space from both ends of a text.",
    ),
    Function::new(
        "trimsuffix",
        &[STR, Parameter::string("suffix")],
        STRING,
        |arguments| {
            let text = arguments.text(0);
            Ok(Value::string(text.strip_suffix(arguments.text(1)).unwrap_or(text)))
        },
        "Removes a text from the end of another, where it is there.",
    ),
];

fn chomp(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    Ok(Value::string(arguments.text(0).trim_end_matches(['\r', '\n'])))
}

fn indent(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let spaces = whole(arguments.number(0)).map_err(FunctionError::new)?;
    let spaces = usize::try_from(spaces)
        .map_err(|_| FunctionError::argument(0, "the number of spaces must not be negative"))?;
    let text = arguments.text(1);
    let lines = text.matches('\n').count();
    let is_too_long = lines.checked_mul(spaces).is_none_or(|length| length > TEXT_MAX);
    if is_too_long {
        return Err(FunctionError::argument(0, "the result would be too long"));
    }
    if lines == 0 {
        return Ok(arguments.value(1).clone());
    }
    Ok(Value::string(text.replace('\n', &format!("\n{}", " ".repeat(spaces)))))
}

fn join(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let lists = &arguments.values[1..];
    if lists.is_empty() {
        return Err(FunctionError::new("at least one list is required"));
    }
    if !lists.iter().all(Value::is_wholly_known) {
        return Ok(Value::unknown(Type::String));
    }
    let mut texts = Vec::new();
    for (list_index, list) in lists.iter().enumerate() {
        for (index, element) in list.as_sequence().unwrap_or_default().iter().enumerate() {
            let Some(text) = element.as_str() else {
                let place =
                    if lists.len() > 1 { format!(" of list {}", list_index + 1) } else { String::new() };
                let message = format!("element {index}{place} is null; cannot concatenate null values");
                return Err(FunctionError::argument(list_index + 1, message));
            };
            texts.push(text.as_str());
        }
    }
    Ok(Value::string(texts.join(arguments.text(0))))
}

fn split(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let (separator, text) = (arguments.text(0), arguments.text(1));
    if separator.is_empty() {
        return Ok(Value::list_of_strings(text.chars().map(|char| char.to_string())));
    }
    Ok(Value::list_of_strings(text.split(separator)))
}

fn startswith(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let prefix = arguments.text(1);
    let Some(unknown) = arguments.value(0).as_unknown() else {
        return Ok(arguments.text(0).starts_with(prefix).into());
    };
    // The known beginning may be enough to decide.
    let known = unknown.refinement.string_prefix.as_str();
    if known.starts_with(prefix) {
        return Ok(true.into());
    }
    if known.len() >= prefix.len() { Ok(false.into()) } else { Ok(Value::unknown(Type::Bool)) }
}

fn substr(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let text = arguments.text(0);
    let offset = whole(arguments.number(1)).map_err(FunctionError::new)?;
    let length = whole(arguments.number(2)).map_err(FunctionError::new)?;
    if offset >= 0 && length == 0 {
        return Ok("".into());
    }
    let skipped = if offset < 0 {
        let characters = i64::try_from(graphemes::count(text)).unwrap_or(i64::MAX);
        offset.saturating_add(characters).max(0)
    } else {
        offset
    };
    let offset_of = |text: &str, characters: i64| {
        graphemes::offset_of(text, usize::try_from(characters).unwrap_or(usize::MAX))
    };
    let rest = &text[offset_of(text, skipped)..];
    // A length of zero behind a negative offset takes everything, as a negative length does.
    let taken = if length <= 0 { rest } else { &rest[..offset_of(rest, length)] };
    Ok(Value::string(taken))
}

fn trim(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let cut: rustc_hash::FxHashSet<char> = arguments.text(1).chars().collect();
    Ok(Value::string(arguments.text(0).trim_matches(|char| cut.contains(&char))))
}
