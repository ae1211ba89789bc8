//! What a service does to a body between receiving and storing it. Pure functions over the declared shapes.

use serde_json::{Map, Value};

use crate::table::{Catalog, Kind, ShapeId};

type Object = Map<String, Value>;

/// Drops nulls, read-only properties and secrets, and gives names and known words their canonical casing.
pub(crate) fn clean(catalog: &Catalog, shape: ShapeId, object: &mut Object) {
    let declared = catalog.shape(shape);
    for (name, mut value) in std::mem::take(object) {
        if value.is_null() {
            continue;
        }
        let property = declared.property(&name).or_else(|| declared.property_ignoring_case(&name));
        match property {
            Some(property) if property.read_only || property.secret => {}
            Some(property) => {
                clean_value(catalog, &property.kind, &mut value);
                object.insert(property.name.clone(), value);
            }
            None => {
                if let Some(kind) = &declared.other {
                    clean_value(catalog, kind, &mut value);
                }
                object.insert(name, value);
            }
        }
    }
}

fn clean_value(catalog: &Catalog, kind: &Kind, value: &mut Value) {
    match (kind, value) {
        (Kind::Object(shape), Value::Object(object)) => clean(catalog, *shape, object),
        (Kind::List { items, .. }, Value::Array(elements)) => {
            elements.iter_mut().for_each(|element| clean_value(catalog, items, element));
        }
        (Kind::Map(kind), Value::Object(object)) => {
            object.retain(|_, value| !value.is_null());
            object.values_mut().for_each(|value| clean_value(catalog, kind, value));
        }
        (Kind::Enum { words, .. }, Value::String(text)) => {
            if let Some(word) = words.iter().find(|word| word.eq_ignore_ascii_case(text)) {
                text.clone_from(word);
            }
        }
        _ => {}
    }
}

/// Fills in what the service assumes for absent properties.
pub(crate) fn fill_defaults(catalog: &Catalog, shape: ShapeId, object: &mut Object) {
    for property in catalog.shape(shape).properties() {
        if let Some(default) = &property.default
            && !object.contains_key(&property.name)
        {
            object.insert(property.name.clone(), default.clone());
        }
        if let Some(value) = object.get_mut(&property.name) {
            fill_value(catalog, &property.kind, value);
        }
    }
}

fn fill_value(catalog: &Catalog, kind: &Kind, value: &mut Value) {
    match (kind, value) {
        (Kind::Object(shape), Value::Object(object)) => fill_defaults(catalog, *shape, object),
        (Kind::List { items, .. }, Value::Array(elements)) => {
            elements.iter_mut().for_each(|element| fill_value(catalog, items, element));
        }
        (Kind::Map(kind), Value::Object(object)) => {
            object.values_mut().for_each(|value| fill_value(catalog, kind, value));
        }
        _ => {}
    }
}

/// Copies what the service had written into the prior body and clients cannot write.
///
/// Elements of lists belong together if they have the same `name`.
pub(crate) fn carry_read_only(catalog: &Catalog, shape: ShapeId, prior: &Object, object: &mut Object) {
    for property in catalog.shape(shape).properties() {
        let Some(before) = prior.get(&property.name) else { continue };
        match object.get_mut(&property.name) {
            None if property.read_only => {
                object.insert(property.name.clone(), before.clone());
            }
            Some(value) if !property.read_only => carry_value(catalog, &property.kind, before, value),
            _ => {}
        }
    }
}

fn carry_value(catalog: &Catalog, kind: &Kind, prior: &Value, value: &mut Value) {
    match (kind, prior, value) {
        (Kind::Object(shape), Value::Object(prior), Value::Object(object)) => {
            carry_read_only(catalog, *shape, prior, object);
        }
        (Kind::List { items, .. }, Value::Array(before), Value::Array(elements)) => {
            for element in elements {
                let name = element.get("name").and_then(Value::as_str);
                let same = before
                    .iter()
                    .find(|before| name.is_some() && before.get("name").and_then(Value::as_str) == name);
                if let Some(same) = same {
                    carry_value(catalog, items, same, element);
                }
            }
        }
        (Kind::Map(kind), Value::Object(before), Value::Object(object)) => {
            for (name, value) in object {
                if let Some(before) = before.get(name) {
                    carry_value(catalog, kind, before, value);
                }
            }
        }
        _ => {}
    }
}

/// Applies a JSON merge patch (RFC 7396).
pub(crate) fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(object) = target else { return };
    for (name, value) in patch {
        if value.is_null() {
            object.remove(name);
        } else {
            merge_patch(object.entry(name).or_insert(Value::Null), value);
        }
    }
}

/// Reads a value at a path of property names.
pub(crate) fn at<'v>(object: &'v Object, path: &[&str]) -> Option<&'v Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(object.get(*first)?, |value, name| value.get(name))
}

/// Reads a string at a path of property names.
pub(crate) fn text_at<'v>(object: &'v Object, path: &[&str]) -> Option<&'v str> {
    at(object, path).and_then(Value::as_str)
}

/// Returns the object at `name`, made if it is not there.
pub(crate) fn object_at<'v>(object: &'v mut Object, name: &str) -> &'v mut Object {
    let value = object.entry(name).or_insert(Value::Null);
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("it was just made an object")
}

/// Returns the elements of the list at a path; none if there is no list.
pub(crate) fn list_at<'v>(object: &'v Object, path: &[&str]) -> &'v [Value] {
    at(object, path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Sets `name` unless it is there.
pub(crate) fn set_default(object: &mut Object, name: &str, value: impl Into<Value>) {
    if !object.contains_key(name) {
        object.insert(name.to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::table::CATALOG;

    fn object(value: Value) -> Object {
        value.as_object().cloned().expect("an object")
    }

    fn shape(type_name: &str) -> ShapeId {
        CATALOG.get(CATALOG.find(type_name).expect(type_name)).body
    }

    #[test]
    fn cleaning_keeps_what_clients_may_write() {
        let mut body = object(json!({
            "location": "westeurope",
            "tags": null,
            "properties": {
                "state": "Ready",
                "administratorLoginPassword": "secret",
                "Version": "16",
                "unheardOf": {"x": 1},
            },
            "sku": {"name": "Standard_B1ms", "tier": "burstable"},
        }));
        clean(&CATALOG, shape("Microsoft.DBforPostgreSQL/flexibleServers"), &mut body);
        assert_eq!(
            Value::Object(body),
            json!({
                "location": "westeurope",
                "properties": {"version": "16", "unheardOf": {"x": 1}},
                "sku": {"name": "Standard_B1ms", "tier": "Burstable"},
            })
        );
    }

    #[test]
    fn defaults_reach_into_lists() {
        let mut body = object(json!({"properties": {"subnets": [{"name": "s", "properties": {}}]}}));
        fill_defaults(&CATALOG, shape("Microsoft.Network/virtualNetworks"), &mut body);
        assert_eq!(
            body["properties"]["subnets"][0]["properties"],
            json!({
                "delegations": [],
                "privateEndpointNetworkPolicies": "Disabled",
                "privateLinkServiceNetworkPolicies": "Enabled",
            })
        );
    }

    #[test]
    fn read_only_values_survive_a_put() {
        let prior = object(json!({"properties": {"hostName": "h", "enableNonSslPort": true}}));
        let mut body = object(json!({"properties": {}}));
        carry_read_only(&CATALOG, shape("Microsoft.Cache/redis"), &prior, &mut body);
        assert_eq!(Value::Object(body), json!({"properties": {"hostName": "h"}}));
    }

    #[test]
    fn merge_patches_follow_the_standard() {
        let mut target = json!({"a": {"b": 1, "c": 2}, "d": [1]});
        merge_patch(&mut target, &json!({"a": {"b": null, "e": 3}, "d": [2]}));
        assert_eq!(target, json!({"a": {"c": 2, "e": 3}, "d": [2]}));
    }
}
