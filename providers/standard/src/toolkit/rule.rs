//! What configurations have to fulfil beyond types: of one attribute, and between attributes.
//!
//! Nothing is said about values that are not known yet.

use terrane_model::{AttributePath, Diagnostic, Diagnostics, Type, Value};

use super::property::Property;
use super::table::{BlockType, Table};
use crate::object::Fields;

/// What a written attribute has to fulfil.
pub(crate) enum Check {
    /// A number is not smaller.
    AtLeast(i64),
    /// A number is not smaller than these attributes together.
    AtLeastSumOf(&'static [&'static str]),
    /// A list has no fewer elements.
    MinItems(usize),
    /// A text is one of these.
    OneOf(&'static [&'static str]),
    /// Every text of a list is one of these.
    EachOneOf(&'static [&'static str]),
    /// Every text of a list has no fewer bytes.
    EachMinLength(usize),
    /// A text is a URL with a host and one of these schemes.
    UrlWithScheme(&'static [&'static str]),
    /// This holds for a text; otherwise the attribute "must be …".
    Text(fn(&str) -> bool, &'static str),
}

/// What several attributes have to fulfil together.
pub(crate) enum Rule {
    /// One of these is written, and no other.
    ExactlyOneOf(&'static [&'static str]),
    /// At least one of these is written.
    AtLeastOneOf(&'static [&'static str]),
    /// At most one of these is written.
    AtMostOneOf(&'static [&'static str]),
    /// All of these are written or none.
    Together(&'static [&'static str]),
    /// Where the first is written, the second is too.
    Requires(&'static str, &'static str),
}

/// Checks a configuration against the rules of a table.
pub(super) fn validate(table: &Table, config: &Value) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    validate_properties(&table.properties, config, &AttributePath::root(), &mut diagnostics);
    for block in &table.blocks {
        let path = AttributePath::root().attribute(block.name);
        let written = config.get(block.name).filter(|value| value.is_known() && !value.is_null());
        match written.map(|value| (value, value.as_sequence())) {
            None => {}
            Some((value, None)) => validate_properties(&block.properties, value, &path, &mut diagnostics),
            Some((_, Some(blocks))) => {
                if block.max_items > 0 && blocks.len() > block.max_items {
                    let (name, max, count) = (block.name, block.max_items, blocks.len());
                    let detail = format!("At most {max} blocks of type {name} may be written, got: {count}");
                    diagnostics.push(
                        Diagnostic::error("Invalid Attribute Value", detail).on_attribute(path.clone()),
                    );
                }
                for (position, value) in blocks.iter().enumerate() {
                    let path = path.position(position);
                    validate_properties(&block.properties, value, &path, &mut diagnostics);
                    let breaches = block.rules.iter().filter_map(|rule| breach(rule, value, &[], &path));
                    diagnostics.extend(breaches);
                }
            }
        }
    }
    let root = AttributePath::root();
    let breach = |rule| breach(rule, config, &table.blocks, &root);
    diagnostics.extend(table.rules.iter().filter_map(breach));
    diagnostics
}

fn validate_properties(
    properties: &[Property],
    config: &Value,
    at: &AttributePath,
    diagnostics: &mut Diagnostics,
) {
    for property in properties {
        let Some(value) = config.get(property.name) else { continue };
        if value.is_null() || !value.is_known() || !property.attribute.is_configurable() {
            continue;
        }
        let path = at.attribute(property.name);
        let shown = path.to_string();
        let shown = shown.trim_start_matches('.');
        if property.attribute.ty() == Type::Number && value.as_number().and_then(|n| n.to_i64()).is_none() {
            let number = value.as_number().map(ToString::to_string).unwrap_or_default();
            let detail = format!("Attribute {shown} must be a whole number of 64 bits, got: {number}");
            diagnostics.push(Diagnostic::error("Invalid Attribute Value", detail).on_attribute(path));
            continue;
        }
        let violations = property.checks.iter().filter_map(|check| violation(check, shown, value, config));
        diagnostics.extend(violations.map(|violation| violation.on_attribute(path.clone())));
    }
}

fn violation(check: &Check, name: &str, value: &Value, config: &Value) -> Option<Diagnostic> {
    let text = || value.as_str().map_or("", |text| text.as_str());
    let number = || value.as_number().and_then(|number| number.to_i64()).unwrap_or(0);
    let invalid = |what: &str, got: &dyn std::fmt::Display| {
        Some(Diagnostic::error("Invalid Attribute Value", format!("Attribute {name} {what}, got: {got}")))
    };
    let no_match = |what: &str, got: &str| {
        let detail = format!("Attribute {name} value must be {what}, got: {got:?}");
        Some(Diagnostic::error("Invalid Attribute Value Match", detail))
    };
    match check {
        Check::AtLeast(min) if number() < *min => {
            invalid(&format!("value must be at least {min}"), &number())
        }
        Check::AtLeastSumOf(names) => {
            let parts = names.iter().map(|name| config.get(name).filter(|value| !value.is_null()));
            let parts: Vec<&Value> = parts.flatten().collect();
            let known = parts.iter().all(|part| part.is_known());
            let parts = parts.iter().filter_map(|part| part.as_number().and_then(|n| n.to_i64()));
            let sum = parts.fold(0_i64, i64::saturating_add);
            let what = || format!("value must be at least sum of {}", names.join(" + "));
            if known && number() < sum { invalid(&what(), &number()) } else { None }
        }
        Check::OneOf(allowed) if !allowed.contains(&text()) => {
            no_match(&format!("one of: {}", quoted(allowed)), text())
        }
        Check::MinItems(min) if value.element_count().is_some_and(|count| count < *min) => {
            let count = value.element_count().unwrap_or(0);
            invalid(&format!("list must contain at least {min} elements"), &count)
        }
        Check::EachOneOf(allowed) => {
            let texts = value.as_sequence().unwrap_or_default().iter().filter_map(Value::as_str);
            let wrong = texts.map(|text| text.as_str()).find(|text| !allowed.contains(text))?;
            no_match(&format!("a list of: {}", quoted(allowed)), wrong)
        }
        Check::EachMinLength(min) => {
            let texts = value.as_sequence().unwrap_or_default().iter().filter_map(Value::as_str);
            let position = texts.map(|text| text.len()).position(|length| length < *min)?;
            let detail = format!("Attribute {name}[{position}] string length must be at least {min}");
            Some(Diagnostic::error("Invalid Attribute Value Length", detail))
        }
        Check::UrlWithScheme(schemes) => not_a_url(text(), schemes),
        Check::Text(holds, what) if !holds(text()) => no_match(what, text()),
        _ => None,
    }
}

fn not_a_url(text: &str, schemes: &[&str]) -> Option<Diagnostic> {
    let url = match reqwest::Url::parse(text) {
        Ok(url) => url,
        Err(error) => {
            let detail = format!("Parsing URL {text:?} failed: {error}");
            return Some(Diagnostic::error("Invalid URL", detail));
        }
    };
    if url.host_str().is_none_or(str::is_empty) {
        return Some(Diagnostic::error("Invalid URL", format!("URL {text:?} contains no host")));
    }
    let detail = || {
        let (schemes, scheme) = (quoted(schemes), url.scheme());
        format!("URL {text:?} expected to use scheme from {schemes}, got: {scheme:?}")
    };
    (!schemes.contains(&url.scheme())).then(|| Diagnostic::error("Invalid URL scheme", detail()))
}

/// Checks a rule for the attributes and blocks at a place. Blocks count as written when there is one.
fn breach(rule: &Rule, config: &Value, blocks: &[BlockType], at: &AttributePath) -> Option<Diagnostic> {
    let is_written = |name: &str| {
        let is_block = blocks.iter().any(|block| block.name == name);
        let none = is_block && config.get(name).is_some_and(|value| value.element_count() == Some(0));
        config.is_set(name) && !none
    };
    let unknown = |names: &[&str]| names.iter().any(|name| config.get(name).is_some_and(|v| !v.is_known()));
    let set = |names: &'static [&'static str]| -> Vec<&'static str> {
        names.iter().copied().filter(|name| is_written(name)).collect()
    };
    let combination = |name: &str, detail: String| {
        let problem = Diagnostic::error("Invalid Attribute Combination", detail);
        Some(problem.on_attribute(at.attribute(name)))
    };
    match rule {
        Rule::ExactlyOneOf(names) => match set(names).as_slice() {
            [first, _, ..] => combination(
                first,
                format!("Only one of these attributes can be configured: {}", quoted(names)),
            ),
            [] if !unknown(names) => {
                let detail = format!("Exactly one of these attributes must be configured: {}", quoted(names));
                Some(Diagnostic::error("Missing Attribute Configuration", detail))
            }
            _ => None,
        },
        Rule::AtLeastOneOf(names) if set(names).is_empty() && !unknown(names) => {
            let detail = format!("At least one of these attributes must be configured: {}", quoted(names));
            Some(Diagnostic::error("Missing Attribute Configuration", detail))
        }
        Rule::AtMostOneOf(names) => match set(names).as_slice() {
            [first, second, ..] => combination(
                second,
                format!("Attribute {second:?} cannot be specified when {first:?} is specified"),
            ),
            _ => None,
        },
        Rule::Together(names) => {
            let set = set(names);
            let first = set.first().filter(|_| set.len() < names.len() && !unknown(names))?;
            combination(first, format!("These attributes must be configured together: {}", quoted(names)))
        }
        Rule::Requires(name, other) if config.is_set(name) && config.is_unset(other) => {
            combination(name, format!("Attribute {other:?} must be specified when {name:?} is specified"))
        }
        _ => None,
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}
