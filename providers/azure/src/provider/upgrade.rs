//! Stored states of other schema versions, and of the other generation.

use serde_json::Value as Json;
use terrane_model::encode_json::value_from_json;
use terrane_model::{Diagnostic, Diagnostics, Type, Value};
use terrane_provider::{UpgradeRequest, UpgradeResponse};

use crate::provider::AzureProvider;
use crate::schema::schema;

impl AzureProvider {
    /// Brings a stored state to the present schema. Attributes that are gone are dropped and new ones are
    /// null: the next read fills them. That covers both older schema versions and states of the other
    /// generation of azurerm, which differ in names of arguments only.
    pub(crate) fn upgrade(&self, request: &UpgradeRequest) -> UpgradeResponse {
        match self.upgrade_state(request) {
            Ok(state) => UpgradeResponse { state, diagnostics: Diagnostics::new() },
            Err(diagnostics) => UpgradeResponse { state: Value::dynamic_null(), diagnostics },
        }
    }

    fn upgrade_state(&self, request: &UpgradeRequest) -> Result<Value, Diagnostics> {
        let table = self.resource_table(&request.type_name)?;
        let invalid = |error: String| {
            let detail = format!("The stored state of a {} cannot be read: {error}.", request.type_name);
            Diagnostics::from(Diagnostic::error("Invalid stored state", detail))
        };
        let stored: Json = serde_json::from_str(&request.json).map_err(|error| invalid(error.to_string()))?;
        if request.version > table.schema_version {
            let detail = format!(
                "The state of a {} was written with schema version {}, and this provider knows up to {}. Use a \
                 newer version of this program.",
                request.type_name, request.version, table.schema_version
            );
            return Err(Diagnostic::error("State is too new", detail).into());
        }
        let schema = schema(table);
        let ty = schema.block.implied_type();
        let fitted = fit(&stored, ty);
        value_from_json(&fitted.to_string(), ty).map_err(|error| invalid(error.to_string()))
    }
}

/// Makes JSON fit a type: what the type does not have is dropped, what cannot be converted is null.
fn fit(json: &Json, ty: &Type) -> Json {
    match (json, ty) {
        (Json::Null, _) => Json::Null,
        (Json::Object(object), Type::Object(wanted)) => wanted
            .attributes()
            .iter()
            .map(|(name, ty)| {
                (name.to_string(), object.get(name.as_str()).map_or(Json::Null, |value| fit(value, ty)))
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        (Json::Object(object), Type::Map(element)) => object
            .iter()
            .map(|(name, value)| (name.clone(), fit(value, element)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        (Json::Array(elements), Type::List(element) | Type::Set(element)) => {
            elements.iter().map(|value| fit(value, element)).collect()
        }
        // A block that was single is a list of one.
        (Json::Object(_), Type::List(element) | Type::Set(element)) => vec![fit(json, element)].into(),
        (Json::String(_), Type::String) | (Json::Bool(_), Type::Bool) | (Json::Number(_), Type::Number) => {
            json.clone()
        }
        (Json::Number(number), Type::String) => number.to_string().into(),
        (Json::Bool(bool), Type::String) => bool.to_string().into(),
        (Json::String(text), Type::Bool) => text.parse::<bool>().map_or(Json::Null, Json::from),
        (Json::String(text), Type::Number) => {
            serde_json::from_str(text).ok().filter(Json::is_number).unwrap_or_default()
        }
        _ => Json::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::AzureOptions;

    fn upgrade(json: &str, version: i64) -> UpgradeResponse {
        let provider = AzureProvider::new(AzureOptions::default());
        let type_name = "azurerm_resource_group".into();
        provider.upgrade(&UpgradeRequest { type_name, version, json: json.into() })
    }

    #[test]
    fn states_with_more_or_fewer_attributes_are_read() {
        let state = upgrade(r#"{"id": "/x", "gone": 1, "tags": {"a": 1}}"#, 0).state;
        assert_eq!(state.attribute("id"), Value::from("/x"));
        assert_eq!(state.attribute("tags").attribute("a"), Value::from("1"));
        assert!(state.attribute("location").is_null());
    }

    #[test]
    fn broken_and_newer_states_are_refused() {
        assert!(upgrade("{", 0).diagnostics.has_errors());
        let newer = upgrade("{}", 7).diagnostics;
        assert!(newer.iter().any(|diagnostic| diagnostic.detail.contains("schema version 7")));
    }
}
