//! Functions on points in time.

use terrane_model::{Type, Value};

use super::duration::parse_duration;
use super::quote::quote;
use super::timestamp::{Civil, Strictness, Timestamp};
use super::{Arguments, Function, FunctionError, Parameter, ParameterType, Returns};

const STRING: Returns = Returns::Always(ParameterType::String);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "formatdate",
        &[Parameter::string("format"), Parameter::string("time")],
        STRING,
        formatdate,
        "Writes a timestamp in another form, such as `YYYY-MM-DD`.",
    ),
    Function::new(
        "plantimestamp",
        &[],
        STRING,
        |arguments| Ok(text_or_unknown(arguments.environment.plan_timestamp())),
        "Returns the time at which the plan was made.",
    ),
    Function::new(
        "timeadd",
        &[Parameter::string("timestamp"), Parameter::string("duration")],
        STRING,
        timeadd,
        "Adds a duration such as `1h30m` to a timestamp.",
    ),
    Function::new(
        "timecmp",
        &[Parameter::string("timestamp_a"), Parameter::string("timestamp_b")],
        Returns::Always(ParameterType::Number),
        timecmp,
        "Returns -1, 0 or 1 for a timestamp before, at or after another.",
    ),
    Function::new(
        "timestamp",
        &[],
        STRING,
        |arguments| Ok(text_or_unknown(arguments.environment.timestamp())),
        "Returns the present time.",
    ),
];

fn text_or_unknown(text: Option<String>) -> Value {
    text.map_or_else(|| Value::unknown(Type::String), Value::string)
}

fn timeadd(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let timestamp = Timestamp::parse(arguments.text(0), Strictness::Strict).map_err(FunctionError::new)?;
    let duration = parse_duration(arguments.text(1)).map_err(FunctionError::new)?;
    Ok(Value::string(timestamp.plus_nanoseconds(duration).to_rfc3339()))
}

fn timecmp(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let instant = |index: usize| {
        let parsed = Timestamp::parse(arguments.text(index), Strictness::Lenient);
        parsed.map(|timestamp| timestamp.instant()).map_err(|error| FunctionError::argument(index, error))
    };
    let order = instant(0)?.cmp(&instant(1)?);
    Ok(Value::number(order as i64))
}

fn formatdate(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let timestamp = Timestamp::parse(arguments.text(1), Strictness::Strict)
        .map_err(|error| FunctionError::argument(1, error))?;
    let mut formatted = String::new();
    let mut rest = arguments.text(0);
    while let Some(first) = rest.chars().next() {
        let token = match first {
            '\'' => quoted_length(rest),
            first if first.is_ascii_alphabetic() => rest.find(|char| char != first),
            _ => rest.find(|char: char| char == '\'' || char.is_ascii_alphabetic()),
        };
        let (token, after) = rest.split_at(token.unwrap_or(rest.len()));
        rest = after;
        match first {
            '\'' => formatted.push_str(&unquote(token)?),
            first if first.is_ascii_alphabetic() => {
                let shown = show(&timestamp, first, token.len());
                let wrong = |why: &str| {
                    let message = format!("invalid date format verb {}{why}", quote(token));
                    FunctionError::argument(0, message)
                };
                formatted.push_str(&shown.map_err(|why| wrong(&why))?);
            }
            _ => formatted.push_str(token),
        }
    }
    Ok(Value::string(formatted))
}

/// Returns the length of a quoted text up to its closing quote; a doubled quote does not close it.
fn quoted_length(text: &str) -> Option<usize> {
    if text.starts_with("''") {
        return Some(2);
    }
    let bytes = text.as_bytes();
    let mut position = 1;
    while position < bytes.len() {
        if bytes[position] == b'\'' {
            if bytes.get(position + 1) != Some(&b'\'') {
                return Some(position + 1);
            }
            position += 1;
        }
        position += 1;
    }
    None
}

fn unquote(token: &str) -> Result<String, FunctionError> {
    if token == "''" {
        return Ok("'".to_owned());
    }
    let inside = token.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    inside
        .map(|inside| inside.replace("''", "'"))
        .ok_or_else(|| FunctionError::argument(0, "unterminated literal '"))
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Shows one part of a timestamp by a letter repeated so many times; or says what may be written instead.
fn show(timestamp: &Timestamp, letter: char, count: usize) -> Result<String, String> {
    let Civil { year, month, day, hour, minute, second, weekday } = timestamp.civil();
    let month_name = MONTHS[usize::from(month - 1)];
    let weekday_name = WEEKDAYS[usize::from(weekday)];
    let hour_of_twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
    let half = if hour < 12 { "am" } else { "pm" };
    let number = |number: u8, allowed: &str| match count {
        1 => Ok(number.to_string()),
        2 => Ok(format!("{number:02}")),
        _ => Err(allowed.to_owned()),
    };
    match (letter, count) {
        ('Y', 2) => Ok(format!("{:02}", year % 100)),
        ('Y', 4) => Ok(format!("{year:04}")),
        ('Y', _) => Err(": year must either be \"YY\" or \"YYYY\"".to_owned()),
        ('M', 3) => Ok(month_name[..3].to_owned()),
        ('M', 4) => Ok(month_name.to_owned()),
        ('M', _) => number(month, ": month must be \"M\", \"MM\", \"MMM\", or \"MMMM\""),
        ('D', _) => number(day, ": day of month must either be \"D\" or \"DD\""),
        ('E', 3) => Ok(weekday_name[..3].to_owned()),
        ('E', 4) => Ok(weekday_name.to_owned()),
        ('E', _) => Err(": day of week must either be \"EEE\" or \"EEEE\"".to_owned()),
        ('h', _) => number(hour, ": 24-hour must either be \"h\" or \"hh\""),
        ('H', _) => number(hour_of_twelve, ": 12-hour must either be \"H\" or \"HH\""),
        ('A', 2) => Ok(half.to_uppercase()),
        ('a', 2) => Ok(half.to_owned()),
        ('A' | 'a', _) => Err(format!(": must be \"{letter}{letter}\"")),
        ('m', _) => number(minute, ": minute must either be \"m\" or \"mm\""),
        ('s', _) => number(second, ": second must either be \"s\" or \"ss\""),
        ('Z', 1) if timestamp.is_utc() => Ok("Z".to_owned()),
        ('Z', 3) if timestamp.is_utc() => Ok("UTC".to_owned()),
        ('Z', 3 | 4) => Ok(timestamp.offset("")),
        ('Z', 1 | 5) => Ok(timestamp.offset(":")),
        ('Z', _) => Err(": timezone must be Z, ZZZZ, or ZZZZZ".to_owned()),
        _ => Err(String::new()),
    }
}
