//! Texts of random characters: the arguments that `random_string` and `random_password` share, and the drawing.

use terrane_model::{Diagnostic, Diagnostics, Type, Value};

use super::entropy::{checked_length, random_below};
use super::shuffle::random_order;
use crate::object::{Attributes, Fields};
use crate::toolkit::{Check, Draft, Property, failure};

const DIGITS: &str = "0123456789";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const SPECIAL: &str = "!@#$%&*()-_=+[]{}<>:?";

/// The arguments, with `numeric` alone.
pub(super) fn properties() -> Vec<Property> {
    let flag = |name, characters: &str| {
        let description = format!("Whether {characters} may occur; true when not written.");
        Property::optional_computed(name, Type::Bool, &description).defaults_to(true).replaces()
    };
    let minimum = |name, characters: &str| {
        let description = format!("How many {characters} there are at least; 0 when not written.");
        Property::optional_computed(name, Type::Number, &description).defaults_to(0).replaces()
    };
    vec![
        Property::required(
            "length",
            Type::Number,
            "How many characters; at least 1 and the sum of all minima.",
        )
        .replaces()
        .check(Check::AtLeast(1))
        .check(Check::AtLeastSumOf(&["min_upper", "min_lower", "min_numeric", "min_special"])),
        flag("special", "special characters"),
        flag("upper", "upper-case letters"),
        flag("lower", "lower-case letters"),
        flag("numeric", "digits"),
        minimum("min_special", "special characters"),
        minimum("min_upper", "upper-case letters"),
        minimum("min_lower", "lower-case letters"),
        minimum("min_numeric", "digits"),
        Property::optional(
            "override_special",
            Type::String,
            "Special characters to use in place of the usual.",
        )
        .replaces_if(|change| {
            // Old versions of the provider stored an empty text for nothing.
            change.config.is_known()
                && !(change.config.is_null() && change.prior.as_str().is_some_and(|prior| prior.is_empty()))
        }),
    ]
}

/// The arguments of the resources: `number` is the old name of `numeric`, and each follows the other.
pub(super) fn resource_properties() -> Vec<Property> {
    let follow = |name: &'static str, follow: fn(&Value) -> Value| {
        Property::optional_computed(name, Type::Bool, "Whether digits may occur; true when not written.")
            .follows(follow)
            .replaces()
    };
    let numbers = [
        follow("numeric", |config| or_true(config.attribute("number"))),
        follow("number", |config| or_true(config.attribute("numeric"))).deprecated("Use numeric instead."),
    ];
    let others = properties().into_iter().filter(|property| property.name() != "numeric");
    others.chain(numbers).collect()
}

fn or_true(value: Value) -> Value {
    if value.is_null() { Value::from(true) } else { value }
}

/// Checks that some character is left to be drawn, where all that matters is written.
pub(super) fn validate(config: &Value) -> Diagnostics {
    let classes = ["special", "upper", "lower"];
    let off = |name: &str| config.boolean(name) == Some(false);
    let digits = ["numeric", "number"].into_iter().filter(|name| off(name));
    let detail = "At least one attribute out of special, upper, lower, numeric must be specified as true";
    let about = |name| {
        Diagnostic::error("Invalid Attribute Combination", detail)
            .on_attribute(terrane_model::AttributePath::root().attribute(name))
    };
    if classes.iter().all(|name| off(name)) { digits.map(about).collect() } else { Diagnostics::new() }
}

/// Refuses two opinions about digits.
pub(super) fn check_numbers(draft: &mut Draft<'_>) {
    let (number, numeric) = (draft.config.boolean("number"), draft.config.boolean("numeric"));
    if number.is_some() && numeric.is_some() && number != numeric {
        draft.report(Diagnostic::error(
            "Number and numeric are both configured with different values",
            "Number is deprecated, use numeric instead",
        ));
    }
}

/// Draws a text for arguments that are all decided.
pub(super) fn draw(arguments: &Value) -> Result<String, Diagnostics> {
    let special = arguments.text("override_special").filter(|text| !text.is_empty()).unwrap_or(SPECIAL);
    let classes = [
        (UPPER, "upper", "min_upper"),
        (LOWER, "lower", "min_lower"),
        (DIGITS, "numeric", "min_numeric"),
        (special, "special", "min_special"),
    ];
    let allowed = classes.iter().filter(|(_, flag, _)| arguments.boolean(flag).unwrap_or(true));
    let allowed: String = allowed.map(|(characters, _, _)| *characters).collect();
    if allowed.is_empty() {
        return Err(failure("Random Read Error", "The set of characters to draw from is empty."));
    }
    let mut drawn = Vec::new();
    for (characters, _, minimum) in classes {
        let minimum = checked_length(arguments.integer(minimum).unwrap_or(0).max(0))?;
        draw_from(characters, minimum, &mut drawn)?;
    }
    let length = checked_length(arguments.integer("length").unwrap_or(0))?;
    let Some(missing) = length.checked_sub(drawn.len()) else {
        return Err(failure("Random Read Error", "The minima together are more than the length."));
    };
    draw_from(&allowed, missing, &mut drawn)?;
    Ok(random_order(drawn.len())?.into_iter().map(|position| drawn[position]).collect())
}

fn draw_from(characters: &str, count: usize, drawn: &mut Vec<char>) -> Result<(), Diagnostics> {
    let characters: Vec<char> = characters.chars().collect();
    for _ in 0..count {
        let position = random_below(characters.len() as u64)?;
        drawn.push(characters[usize::try_from(position).unwrap_or(0)]);
    }
    Ok(())
}

/// The arguments that are not written, as they default to.
pub(super) fn decided(config: &Value) -> Attributes {
    let flags = ["special", "upper", "lower", "numeric"].map(|name| (name, Value::from(true)));
    let minima = ["min_special", "min_upper", "min_lower", "min_numeric"].map(|name| (name, Value::from(0)));
    flags.into_iter().chain(minima).filter(|(name, _)| config.is_unset(name)).collect()
}

/// Arguments of an existing text, as an import assumes them.
pub(super) fn imported(text: &str) -> Attributes {
    let flags = ["special", "upper", "lower", "number", "numeric"].map(|name| (name, Value::from(true)));
    let minima = ["min_special", "min_upper", "min_lower", "min_numeric"].map(|name| (name, Value::from(0)));
    let text = [("result", Value::from(text)), ("length", Value::number(text.len()))];
    flags.into_iter().chain(minima).chain(text).collect()
}

/// What old states lack: `numeric` was called `number` only, and imports left arguments out.
pub(super) fn completed(state: &Value) -> Attributes {
    let text = state.text("result").unwrap_or("");
    let mut attributes = imported(text);
    attributes.retain(|(name, _)| state.is_unset(name));
    if let (Some(number), true) = (state.boolean("number"), state.is_unset("numeric")) {
        attributes.retain(|(name, _)| *name != "numeric");
        attributes.push(("numeric", number.into()));
    }
    attributes
}
