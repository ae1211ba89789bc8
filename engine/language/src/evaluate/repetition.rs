//! `count`, `for_each` and `enabled`: which instances there are, and what `count` and `each` mean in them.

use terrane_model::convert::convert;
use terrane_model::{Diagnostic, Diagnostics, InstanceKey, Str, Type, Value};

use super::describe::Causes;
use super::evaluator::Evaluator;
use super::scope::Scope;
use crate::config::module::{Expr, Repetition};

/// What `count` and `each` mean in one instance.
#[derive(Debug, Clone, PartialEq)]
pub enum RepetitionValues {
    /// Nothing.
    None,
    /// `count.index`.
    Count(i64),
    /// `each.key` and `each.value`.
    Each {
        /// The key.
        key: Str,
        /// The value.
        value: Value,
    },
    /// `count.index`, not known.
    UnknownCount,
    /// `each`, not known.
    UnknownEach,
}

impl RepetitionValues {
    /// Returns what is known in general, of no particular instance.
    pub fn unknown(repetition: &Repetition) -> Self {
        if repetition.count.is_some() {
            Self::UnknownCount
        } else if repetition.for_each.is_some() {
            Self::UnknownEach
        } else {
            Self::None
        }
    }

    /// Returns the key of the instance.
    pub fn key(&self) -> Option<InstanceKey> {
        match self {
            Self::Count(index) => Some(InstanceKey::Int(*index)),
            Self::Each { key, .. } => Some(InstanceKey::String(key.clone())),
            Self::None | Self::UnknownCount | Self::UnknownEach => None,
        }
    }
}

/// The instances of a block.
#[derive(Debug, Clone)]
pub enum Expansion {
    /// One without a key, or none when it is not enabled.
    Single(bool),
    /// That many, by position.
    Count(usize),
    /// One per element, by key.
    ForEach(Vec<(Str, Value)>),
    /// Not known.
    Unknown,
}

impl Expansion {
    /// Returns what `count` and `each` mean in every instance.
    pub fn instances(&self) -> Vec<RepetitionValues> {
        match self {
            Self::Single(true) => vec![RepetitionValues::None],
            Self::Single(false) | Self::Unknown => Vec::new(),
            Self::Count(count) => (0..*count).map(|index| RepetitionValues::Count(index as i64)).collect(),
            Self::ForEach(elements) => elements
                .iter()
                .map(|(key, value)| RepetitionValues::Each { key: key.clone(), value: value.clone() })
                .collect(),
        }
    }
}

/// Largest `count`; more instances than that are a mistake.
const COUNT_MAX: i64 = 10_000_000;

/// Finds the instances of a block. Where that is not known, the result is unknown and an error says why,
/// except while validating. `kind` is the block type, for messages.
pub fn expand(repetition: &Repetition, scope: &dyn Scope, kind: &str) -> (Expansion, Diagnostics) {
    let mut evaluator = Evaluator::new(scope);
    let expansion = if let Some(count) = &repetition.count {
        expand_count(&mut evaluator, count)
    } else if let Some(for_each) = &repetition.for_each {
        expand_for_each(&mut evaluator, for_each, kind)
    } else if let Some(enabled) = &repetition.enabled {
        expand_enabled(&mut evaluator, enabled)
    } else {
        Expansion::Single(true)
    };
    (expansion, evaluator.diagnostics)
}

/// Checks `count` and `for_each` as far as that is possible without any value: what is not known yet is no error.
pub fn check(repetition: &Repetition, scope: &dyn Scope, kind: &str) -> Diagnostics {
    let expression =
        [&repetition.count, &repetition.for_each, &repetition.enabled].into_iter().flatten().next();
    let Some(expression) = expression else { return Diagnostics::new() };
    let mut evaluator = Evaluator::new(scope);
    let value = evaluator.evaluate(expression);
    // A value that must not decide this at all is wrong whatever it turns out to be.
    let marks = value.marks();
    let is_refused = marks.is_ephemeral() || marks.is_sensitive() && repetition.for_each.is_some();
    if evaluator.diagnostics.has_errors() || !value.is_wholly_known() && !is_refused {
        return evaluator.diagnostics;
    }
    expand(repetition, scope, kind).1
}

fn invalid(
    evaluator: &mut Evaluator<'_>,
    summary: &str,
    detail: impl Into<String>,
    expression: &Expr,
    value: &Value,
) {
    let diagnostic = Diagnostic::error(summary, detail).at(expression.span);
    evaluator.report_caused_by(diagnostic, expression, Causes::of(value));
}

fn expand_count(evaluator: &mut Evaluator<'_>, expression: &Expr) -> Expansion {
    const SUMMARY: &str = "Invalid count argument";
    let errors_before = evaluator.diagnostics.len();
    let value = evaluator.evaluate(expression);
    if evaluator.diagnostics.len() > errors_before && evaluator.diagnostics.has_errors() {
        return Expansion::Unknown;
    }
    if value.is_null() {
        let detail = "The given \"count\" argument value is null. An integer is required.";
        invalid(evaluator, SUMMARY, detail, expression, &value);
        return Expansion::Unknown;
    }
    if value.marks().is_ephemeral() {
        let detail = "The given \"count\" is derived from an ephemeral value, which means that Terraform cannot persist it \
                      between plan/apply rounds. Use only non-ephemeral values to specify the number of resource instances.";
        invalid(evaluator, SUMMARY, detail, expression, &value);
        return Expansion::Unknown;
    }
    let converted = match convert(value.unmarked(), &Type::Number) {
        Ok(converted) => converted,
        Err(error) => {
            let detail = format!("Invalid expression value: {error}.");
            invalid(evaluator, "Incorrect value type", detail, expression, &value);
            return Expansion::Unknown;
        }
    };
    let Some(number) = converted.as_number() else {
        let detail = "The \"count\" value depends on resource attributes that cannot be determined until apply, so \
                      Terraform cannot predict how many instances will be created. To work around this, use the -target \
                      argument to first apply only the resources that the count depends on.";
        invalid(evaluator, SUMMARY, detail, expression, &value);
        return Expansion::Unknown;
    };
    match number.to_i64() {
        Some(count) if (0..=COUNT_MAX).contains(&count) => {
            Expansion::Count(usize::try_from(count).unwrap_or(0))
        }
        Some(count) if count < 0 => {
            let detail =
                "The given \"count\" argument value is unsuitable: must be greater than or equal to zero.";
            invalid(evaluator, SUMMARY, detail, expression, &value);
            Expansion::Unknown
        }
        _ if !number.is_whole() && number.is_negative() => {
            let detail =
                "The given \"count\" argument value is unsuitable: must be greater than or equal to zero.";
            invalid(evaluator, SUMMARY, detail, expression, &value);
            Expansion::Unknown
        }
        _ => {
            let why =
                if number.is_whole() { "the number is too large" } else { "a whole number is required" };
            let detail = format!("The given \"count\" argument value is unsuitable: {why}.");
            invalid(evaluator, SUMMARY, detail, expression, &value);
            Expansion::Unknown
        }
    }
}

fn expand_for_each(evaluator: &mut Evaluator<'_>, expression: &Expr, kind: &str) -> Expansion {
    const SUMMARY: &str = "Invalid for_each argument";
    let errors_before = evaluator.diagnostics.len();
    let marked = evaluator.evaluate(expression);
    if evaluator.diagnostics.len() > errors_before && evaluator.diagnostics.has_errors() {
        return Expansion::Unknown;
    }
    let value = marked.unmarked().clone();
    let ty = value.ty();
    if marked.marks().is_sensitive() {
        let detail = "Sensitive values, or values derived from sensitive values, cannot be used as for_each arguments. If \
                      used, the sensitive value could be exposed as a resource instance key.";
        invalid(evaluator, SUMMARY, detail, expression, &marked);
        return Expansion::Unknown;
    }
    if marked.marks().is_ephemeral() {
        let detail = "The given \"for_each\" value is derived from an ephemeral value, which means that Terraform cannot \
                      persist it between plan/apply rounds. Use only non-ephemeral values here.";
        invalid(evaluator, SUMMARY, detail, expression, &marked);
        return Expansion::Unknown;
    }
    let allowed = "the given \"for_each\" argument value";
    if value.is_null() {
        let detail = format!("The given \"for_each\" argument value is unsuitable: {allowed} is null. A map, or set of strings is allowed.")
            .replace(&format!("unsuitable: {allowed} is null"), &format!("unsuitable: {allowed} is null"));
        invalid(evaluator, SUMMARY, detail, expression, &marked);
        return Expansion::Unknown;
    }
    match &value {
        Value::Map(_) | Value::Object(_) => {
            Expansion::ForEach(value.as_entries().unwrap_or_default().to_vec())
        }
        Value::Set(set) => expand_set(evaluator, set.elements(), set.element_type(), expression, &marked),
        Value::Unknown(_) if matches!(ty, Type::Dynamic | Type::Map(_) | Type::Object(_) | Type::Set(_)) => {
            if let Type::Set(element) = &ty
                && !matches!(**element, Type::String | Type::Dynamic)
            {
                return expand_set(evaluator, &[], element, expression, &marked);
            }
            let what = match ty {
                Type::Map(_) | Type::Object(_) => {
                    "map includes keys derived from resource attributes that cannot be determined \
                                                   until apply"
                }
                _ => {
                    "set includes values derived from resource attributes that cannot be determined until apply"
                }
            };
            let detail = format!(
                "The \"for_each\" {what}, and so Terraform cannot determine the full set of keys that will identify the \
                 instances of this {kind}.\n\nWhen working with unknown values in for_each, it's better to define the map \
                 keys statically in your configuration and place apply-time results only in the map values.\n\n\
                 Alternatively, you could use the -target planning option to first apply only the resources that the \
                 for_each value depends on, and then apply a second time to fully converge."
            );
            invalid(evaluator, SUMMARY, detail, expression, &marked);
            Expansion::Unknown
        }
        _ => {
            let detail = format!(
                "The given \"for_each\" argument value is unsuitable: the \"for_each\" argument must be a map, or set of \
                 strings, and you have provided a value of type {}.",
                ty.friendly_name()
            );
            invalid(evaluator, SUMMARY, detail, expression, &marked);
            Expansion::Unknown
        }
    }
}

fn expand_set(
    evaluator: &mut Evaluator<'_>,
    elements: &[Value],
    element_type: &Type,
    expression: &Expr,
    marked: &Value,
) -> Expansion {
    const SUMMARY: &str = "Invalid for_each set argument";
    let of_strings = *element_type == Type::String || *element_type == Type::Dynamic && elements.is_empty();
    if !of_strings {
        let detail = format!(
            "The given \"for_each\" argument value is unsuitable: \"for_each\" supports maps and sets of strings, but you \
             have provided a set containing type {}.",
            element_type.friendly_name()
        );
        invalid(evaluator, SUMMARY, detail, expression, marked);
        return Expansion::Unknown;
    }
    let mut keys = Vec::with_capacity(elements.len());
    for element in elements {
        match element {
            Value::String(key) => keys.push((key.clone(), element.clone())),
            Value::Null(_) => {
                let detail = "The given \"for_each\" argument value is unsuitable: \"for_each\" sets must not contain null \
                              values.";
                invalid(evaluator, SUMMARY, detail, expression, marked);
                return Expansion::Unknown;
            }
            _ => {
                let detail = "The \"for_each\" set includes values derived from resource attributes that cannot be \
                              determined until apply, and so Terraform cannot determine the full set of keys that will \
                              identify the instances of this resource.\n\nWhen working with unknown values in for_each, \
                              it's better to use a map value where the keys are defined statically in your configuration \
                              and where only the values contain apply-time results.\n\nAlternatively, you could use the \
                              -target planning option to first apply only the resources that the for_each value depends \
                              on, and then apply a second time to fully converge.";
                invalid(evaluator, "Invalid for_each argument", detail, expression, marked);
                return Expansion::Unknown;
            }
        }
    }
    Expansion::ForEach(keys)
}

fn expand_enabled(evaluator: &mut Evaluator<'_>, expression: &Expr) -> Expansion {
    const SUMMARY: &str = "Invalid enabled argument";
    let errors_before = evaluator.diagnostics.len();
    let value = evaluator.evaluate(expression);
    if evaluator.diagnostics.len() > errors_before && evaluator.diagnostics.has_errors() {
        return Expansion::Unknown;
    }
    let why = match convert(value.unmarked(), &Type::Bool) {
        Ok(Value::Bool(enabled)) if value.marks().is_empty() => return Expansion::Single(enabled),
        Ok(Value::Bool(_)) => {
            "the value is sensitive or ephemeral, but whether the object exists would give it away"
        }
        Ok(Value::Null(_)) => "the value is null, but it must be true or false",
        Ok(_) => "the value cannot be determined until apply",
        Err(_) => "a bool is required",
    };
    invalid(
        evaluator,
        SUMMARY,
        format!("The given \"enabled\" value is unsuitable: {why}."),
        expression,
        &value,
    );
    Expansion::Unknown
}

/// Tells whether a message says that a repetition depends on what only an apply can find out.
pub fn waits_for_apply(diagnostic: &Diagnostic) -> bool {
    let is_about_repetition = [
        "Invalid count argument",
        "Invalid for_each argument",
        "Invalid for_each set argument",
        "Invalid enabled argument",
    ]
    .contains(&diagnostic.summary.as_str());
    is_about_repetition && diagnostic.detail.contains("cannot be determined until apply")
}
