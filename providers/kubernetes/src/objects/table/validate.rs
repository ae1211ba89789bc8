//! What may be written, beyond types and numbers of blocks.

use terrane_model::{AttributePath, Diagnostic, Diagnostics, Value};

use super::field::{Check, Codec, Kind};
use super::quantity::is_quantity;
use super::shape::{Argument, Shape};

/// Checks a block.
pub(crate) fn validate(shape: &Shape, config: &Value, path: &AttributePath, diagnostics: &mut Diagnostics) {
    for argument in &shape.arguments {
        let Some(value) = config.get(&argument.name).filter(|value| value.is_known() && !value.is_null())
        else {
            continue;
        };
        let path = path.attribute(argument.name.clone());
        if let Some(objection) = objection(argument, value) {
            diagnostics.push(
                Diagnostic::error(format!("Invalid value for {}", argument.name), objection)
                    .on_attribute(path),
            );
            continue;
        }
        let Some((_, inner)) = argument.blocks() else { continue };
        for (position, element) in value.as_sequence().unwrap_or_default().iter().enumerate() {
            validate(inner, element, &path.position(position), diagnostics);
        }
    }
}

fn objection(argument: &Argument, value: &Value) -> Option<String> {
    match argument.field.check {
        Check::None => {}
        Check::OneOf(allowed) => {
            let text = value.as_str()?;
            if !text.is_empty() && !allowed.contains(&text.as_str()) {
                return Some(format!("{text:?} is not one of {}.", quoted(allowed)));
            }
        }
        Check::With(check) => {
            if let Some(objection) = check(value) {
                return Some(objection);
            }
        }
    }
    match argument.field.kind {
        Kind::Text(codec) => wrong_text(codec, value.as_str()?),
        Kind::TextMap(codec) => value
            .as_entries()?
            .iter()
            .find_map(|(key, text)| Some(format!("Under {key:?}: {}", wrong_text(codec, text.as_str()?)?))),
        _ => None,
    }
}

fn wrong_text(codec: Codec, text: &str) -> Option<String> {
    let wrong = |is_right: bool, wanted: &str| {
        (!is_right && !text.is_empty()).then(|| format!("{text:?} is not {wanted}."))
    };
    match codec {
        Codec::Plain | Codec::NumberOrText | Codec::Bytes => None,
        Codec::Quantity => wrong(is_quantity(text), "an amount such as 500m, 1.5 or 2Gi"),
        Codec::Number => wrong(text.parse::<i64>().is_ok(), "a whole number"),
        Codec::Octal => wrong(
            i64::from_str_radix(text, 8).is_ok_and(|mode| (0..=0o777).contains(&mode)),
            "a file mode of octal digits between 0000 and 0777",
        ),
    }
}

fn quoted(allowed: &[&str]) -> String {
    let quoted: Vec<String> = allowed.iter().map(|text| format!("{text:?}")).collect();
    quoted.join(", ")
}
