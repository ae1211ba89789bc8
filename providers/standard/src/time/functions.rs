//! Functions that take timestamps and durations apart.

use terrane_model::{Number, Str, Type, Value};
use terrane_provider::ProviderFunctionError;

use super::duration::parse_nanoseconds;
use crate::moment::Moment;
use crate::toolkit::{Function, argument_error, parameter};

pub(super) fn all() -> [Function; 3] {
    let numbers = |names: &[&'static str]| names.iter().map(|name| (*name, Type::Number)).collect::<Vec<_>>();
    let duration = numbers(&["hours", "minutes", "seconds", "milliseconds", "microseconds", "nanoseconds"]);
    let mut parts = numbers(&["year", "year_day", "day", "month", "weekday", "hour", "minute", "second"]);
    parts.extend(numbers(&["iso_year", "iso_week"]));
    parts.extend([("month_name", Type::String), ("weekday_name", Type::String)]);
    let with = |name: &'static str, ty| Type::object(parts.iter().cloned().chain([(name, ty)]));
    [
        Function::of_one(
            "duration_parse",
            parameter("duration", Type::String, "A duration such as `1h30m`."),
            Type::object(duration),
            "Measures a duration in every unit",
            duration_parse,
        ),
        Function::of_one(
            "rfc3339_parse",
            parameter("timestamp", Type::String, "A timestamp in RFC 3339."),
            with("unix", Type::Number),
            "Takes a timestamp apart",
            rfc3339_parse,
        ),
        Function::of_one(
            "unix_timestamp_parse",
            parameter("unix_timestamp", Type::Number, "Seconds since 1970."),
            with("rfc3339", Type::String),
            "Takes a number of seconds since 1970 apart",
            unix_timestamp_parse,
        ),
    ]
}

fn text(arguments: &[Value]) -> &str {
    arguments.first().and_then(Value::as_str).map_or("", Str::as_str)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the fractions are floating-point numbers in the original, too"
)]
fn duration_parse(arguments: &[Value]) -> Result<Value, ProviderFunctionError> {
    let text = text(arguments);
    let nanoseconds = parse_nanoseconds(text).ok_or_else(|| {
        argument_error(format!("Error parsing duration string: {text:?} is not a valid duration string"))
    })?;
    let in_unit = |unit: i64| {
        let number = (nanoseconds / unit) as f64 + (nanoseconds % unit) as f64 / unit as f64;
        Number::from_f64(number).map_or(Value::Null(Type::Number), Value::Number)
    };
    Ok(Value::object([
        ("hours", in_unit(3_600_000_000_000)),
        ("minutes", in_unit(60_000_000_000)),
        ("seconds", in_unit(1_000_000_000)),
        ("milliseconds", Value::number(nanoseconds / 1_000_000)),
        ("microseconds", Value::number(nanoseconds / 1_000)),
        ("nanoseconds", Value::number(nanoseconds)),
    ]))
}

fn rfc3339_parse(arguments: &[Value]) -> Result<Value, ProviderFunctionError> {
    let text = text(arguments);
    let moment = Moment::parse(text).ok_or_else(|| {
        argument_error(format!("Error parsing RFC3339 timestamp: {text:?} is not a valid RFC3339 timestamp"))
    })?;
    Ok(taken_apart(moment, "unix", Value::number(moment.unix())))
}

fn unix_timestamp_parse(arguments: &[Value]) -> Result<Value, ProviderFunctionError> {
    let seconds = arguments.first().and_then(Value::as_number).and_then(|number| number.to_i64());
    let moment = seconds.and_then(|seconds| Moment::from_unix(0).plus_seconds(seconds));
    let moment = moment.ok_or_else(|| {
        argument_error("a whole number of seconds is needed that leads to a year from 0 to 9999")
    })?;
    Ok(taken_apart(moment, "rfc3339", moment.to_string().into()))
}

fn taken_apart(moment: Moment, other_name: &'static str, other: Value) -> Value {
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
    const WEEKDAYS: [&str; 7] =
        ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
    let name = |names: &[&str], index: i64| names[usize::try_from(index).unwrap_or(0) % names.len()].into();
    let parts = moment.parts();
    let (iso_year, iso_week) = moment.iso_week();
    Value::object([
        ("year", Value::number(parts.year)),
        ("year_day", Value::number(moment.year_day())),
        ("day", Value::number(parts.day)),
        ("month", Value::number(parts.month)),
        ("month_name", name(&MONTHS, parts.month - 1)),
        ("weekday", Value::number(moment.weekday())),
        ("weekday_name", name(&WEEKDAYS, moment.weekday())),
        ("hour", Value::number(parts.hour)),
        ("minute", Value::number(parts.minute)),
        ("second", Value::number(parts.second)),
        ("iso_year", Value::number(iso_year)),
        ("iso_week", Value::number(iso_week)),
        (other_name, other),
    ])
}
