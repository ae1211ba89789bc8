//! The attributes that show a moment's parts.

use terrane_model::{AttributePath, Diagnostic, Diagnostics, Type, Value};

use crate::moment::Moment;
use crate::object::{Attributes, Fields};
use crate::toolkit::{Property, failure};

pub(super) fn properties() -> Vec<Property> {
    let part = |name, description| Property::computed(name, Type::Number, description);
    vec![
        part("year", "Its year."),
        part("month", "Its month, from 1."),
        part("day", "Its day of the month, from 1."),
        part("hour", "Its hour, from 0."),
        part("minute", "Its minute, from 0."),
        part("second", "Its second, from 0."),
        part("unix", "Its seconds since 1970."),
    ]
}

/// `triggers`: values whose change takes a new base.
pub(super) fn triggers() -> Property {
    Property::optional(
        "triggers",
        Type::map(Type::String),
        "Any values. When one of them changes, the object is replaced.",
    )
    .replaces()
}

pub(super) fn attributes(moment: Moment) -> Attributes {
    let parts = moment.parts();
    [
        ("year", parts.year),
        ("month", parts.month),
        ("day", parts.day),
        ("hour", parts.hour),
        ("minute", parts.minute),
        ("second", parts.second),
        ("unix", moment.unix()),
    ]
    .map(|(name, number)| (name, Value::number(number)))
    .into()
}

/// Checks that an attribute, where it is known, holds a timestamp.
pub(super) fn validate_timestamp(config: &Value, name: &str) -> Option<Diagnostic> {
    let text = config.text(name).filter(|text| Moment::parse(text).is_none())?;
    Some(invalid(name, text))
}

/// Reads an attribute that holds a timestamp, or nothing.
pub(super) fn timestamp(object: &Value, name: &str) -> Result<Option<Moment>, Diagnostics> {
    let Some(text) = object.text(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    Moment::parse(text).map(Some).ok_or_else(|| invalid(name, text).into())
}

fn invalid(name: &str, text: &str) -> Diagnostic {
    let detail = format!(
        "A string value was provided that is not valid RFC3339 string format, such as \"2006-01-02T15:04:05Z\" or \
         \"2006-01-02T15:04:05+07:00\".\n\nGiven Value: {text}"
    );
    let path = AttributePath::root().attribute(name);
    Diagnostic::error("Invalid RFC3339 String Value", detail).on_attribute(path)
}

/// What is said when a sum leaves the years that timestamps can have.
pub(super) fn out_of_range() -> Diagnostics {
    failure("Time out of range", "The resulting time lies outside of the years 0 to 9999.")
}
