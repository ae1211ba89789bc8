//! States that were stored before, by this version or another, by this program or Terraform.

use serde_json::{Map, Value as Json};
use terrane_model::{Block, Diagnostic, Diagnostics, Nesting, Type, Value, encode_json};

/// Reads a stored state. Attributes that the schema does not have any more are left out, those that the state does
/// not have yet are null.
///
/// # Errors
/// When the state does not fit the schema.
pub(crate) fn read(json: &str, block: &Block) -> Result<Value, Diagnostics> {
    let failed =
        |error: String| Diagnostics::from(Diagnostic::error("Unable to read previously saved state", error));
    let stored: Json = serde_json::from_str(json).map_err(|error| failed(error.to_string()))?;
    let fitted = Json::Object(fit(block, stored.as_object().unwrap_or(&Map::new())));
    encode_json::value_from_json(&fitted.to_string(), block.implied_type())
        .map_err(|error| failed(error.to_string()))
}

fn fit(block: &Block, stored: &Map<String, Json>) -> Map<String, Json> {
    let mut fitted = Map::new();
    for (name, attribute) in block.attributes() {
        let value = stored.get(name.as_str()).cloned().unwrap_or(Json::Null);
        fitted.insert(name.to_string(), fit_value(&attribute.ty(), value));
    }
    for (name, nested) in block.block_types() {
        let value = stored.get(name.as_str()).cloned().unwrap_or(Json::Null);
        let fit_one = |json: Json| match json {
            Json::Object(inner) => Json::Object(fit(&nested.block, &inner)),
            other => other,
        };
        let value = match (nested.nesting, value) {
            (Nesting::Single | Nesting::Group, value) => fit_one(value),
            (_, Json::Array(elements)) => Json::Array(elements.into_iter().map(fit_one).collect()),
            (_, Json::Null) => Json::Array(Vec::new()),
            (_, other) => other,
        };
        fitted.insert(name.to_string(), value);
    }
    fitted
}

/// Objects inside attributes may have lost or gained attributes, too.
fn fit_value(ty: &Type, json: Json) -> Json {
    match (ty, json) {
        (Type::Object(object), Json::Object(mut inner)) => {
            let fitted = object.attributes().iter().map(|(name, ty)| {
                let value = inner.remove(name.as_str()).unwrap_or(Json::Null);
                (name.to_string(), fit_value(ty, value))
            });
            Json::Object(fitted.collect())
        }
        (Type::List(element) | Type::Set(element), Json::Array(elements)) => {
            Json::Array(elements.into_iter().map(|inner| fit_value(element, inner)).collect())
        }
        (_, json) => json,
    }
}

#[cfg(test)]
mod tests {
    use terrane_model::Attribute;

    use super::*;

    #[test]
    fn states_of_other_versions_are_fitted() {
        let block = Block::new(
            [("a".into(), Attribute::optional(Type::String)), ("b".into(), Attribute::optional(Type::Bool))],
            [],
        );
        let state = read(r#"{"a":"x","gone":1}"#, &block).unwrap();
        assert_eq!(state, Value::object([("a", "x".into()), ("b", Value::Null(Type::Bool))]));
        assert!(read("[", &block).unwrap_err().has_errors());
    }
}
