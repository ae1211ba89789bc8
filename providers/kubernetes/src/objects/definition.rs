//! Objects of kinds that the same plan defines: the server does not know the kind yet, but its definition says what
//! such an object has to look like.
//!
//! Checked is what is certain without a server: types, fields that are missing or that nobody knows, enumerations, limits
//! and patterns. Rules in CEL, and combinations of schemas, are left to the server.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value as Json;
use terrane_model::Value;

use super::cluster::Object;

/// The most problems that are told of one object.
const PROBLEMS_MAX: usize = 20;

/// The schemas of a definition, by `apiVersion`.
pub(crate) struct Definition {
    pub(crate) group: String,
    pub(crate) kind: String,
    schemas: BTreeMap<String, Json>,
}

impl Definition {
    /// Reads a `CustomResourceDefinition`; nothing where the object is something else.
    pub(crate) fn of(object: &Object) -> Option<Self> {
        if object.get("kind")?.as_str()? != "CustomResourceDefinition" {
            return None;
        }
        let spec = object.get("spec")?;
        let group = spec.get("group")?.as_str()?.to_owned();
        let kind = spec.pointer("/names/kind")?.as_str()?.to_owned();
        let versions = spec.get("versions").and_then(Json::as_array).into_iter().flatten();
        let schemas = versions.filter_map(|version| {
            let name = version.get("name")?.as_str()?;
            let is_served = version.get("served").and_then(Json::as_bool).unwrap_or(false);
            let schema = version.pointer("/schema/openAPIV3Schema").filter(|_| is_served)?;
            Some((format!("{group}/{name}"), schema.clone()))
        });
        let schemas = schemas.collect();
        Some(Self { group, kind, schemas })
    }

    /// Tells what is wrong with an object of the kind, a line for each problem. Fields that nobody knows are a problem
    /// where `refuses_unknown`; otherwise the server leaves them out.
    pub(crate) fn objections(&self, api_version: &str, object: &Value, refuses_unknown: bool) -> Vec<String> {
        let Some(schema) = self.schemas.get(api_version) else {
            let versions: Vec<&str> = self.schemas.keys().map(String::as_str).collect();
            return vec![format!("apiVersion: {api_version} is not served, only {}", versions.join(", "))];
        };
        let mut check = Check { refuses_unknown, problems: Vec::new() };
        check.object(schema, object, "", true);
        check.problems.truncate(PROBLEMS_MAX);
        check.problems
    }
}

struct Check {
    refuses_unknown: bool,
    problems: Vec<String>,
}

fn is_set(schema: &Json, name: &str) -> bool {
    schema.get(name).and_then(Json::as_bool) == Some(true)
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

impl Check {
    fn tell(&mut self, path: &str, problem: impl std::fmt::Display) {
        let path = if path.is_empty() { "the object" } else { path };
        self.problems.push(format!("{path}: {problem}"));
    }

    fn value(&mut self, schema: &Json, value: &Value, path: &str) {
        if !value.is_known() || value.is_null() || self.problems.len() >= PROBLEMS_MAX {
            return;
        }
        let value = value.unmarked();
        if is_set(schema, "x-kubernetes-int-or-string") {
            if value.as_str().is_none() && value.as_number().is_none() {
                self.tell(path, "has to be a number or text");
            }
            return;
        }
        match schema.get("type").and_then(Json::as_str) {
            Some("object") if value.as_entries().is_some() => {
                let is_embedded = is_set(schema, "x-kubernetes-embedded-resource");
                self.object(schema, value, path, is_embedded);
            }
            Some("array") if value.as_sequence().is_some() => self.array(schema, value, path),
            Some("string") if value.as_str().is_some() => self.text(schema, value, path),
            Some("integer" | "number") if value.as_number().is_some() => self.number(schema, value, path),
            Some("boolean") if value.as_bool().is_some() => {}
            None => {}
            Some(wanted) => {
                let article = if wanted.starts_with(['a', 'i', 'o']) { "an" } else { "a" };
                self.tell(path, format_args!("has to be {article} {wanted}"));
            }
        }
    }

    fn object(&mut self, schema: &Json, value: &Value, path: &str, is_whole: bool) {
        let properties = schema.get("properties").and_then(Json::as_object);
        let required = schema.get("required").and_then(Json::as_array).into_iter().flatten();
        for name in required.filter_map(Json::as_str) {
            let is_there = value.get(name).is_some_and(|value| !value.is_known() || !value.is_null());
            let has_default = properties.and_then(|all| all.get(name)?.get("default")).is_some();
            if !is_there && !has_default {
                self.tell(&below(path, name), "is required");
            }
        }
        let keeps_all = is_set(schema, "x-kubernetes-preserve-unknown-fields");
        for (name, inner) in value.as_entries().unwrap_or_default() {
            if is_whole && matches!(name.as_str(), "apiVersion" | "kind" | "metadata") {
                continue;
            }
            let path = below(path, name);
            let known = properties.and_then(|all| all.get(name.as_str()));
            match known.or_else(|| schema.get("additionalProperties").filter(|it| it.is_object())) {
                Some(schema) => self.value(schema, inner, &path),
                None if keeps_all || schema.get("additionalProperties") == Some(&Json::Bool(true)) => {}
                None if !inner.is_null() && self.refuses_unknown => {
                    self.tell(&path, "is no field of this kind");
                }
                None => {}
            }
        }
    }

    fn array(&mut self, schema: &Json, value: &Value, path: &str) {
        let elements = value.as_sequence().unwrap_or_default();
        let bound = |name: &str| schema.get(name).and_then(Json::as_u64);
        let count = elements.len() as u64;
        if let Some(least) = bound("minItems").filter(|least| count < *least) {
            self.tell(path, format_args!("has to have at least {least} elements"));
        }
        if let Some(most) = bound("maxItems").filter(|most| count > *most) {
            self.tell(path, format_args!("has to have at most {most} elements"));
        }
        let Some(items) = schema.get("items") else { return };
        for (position, element) in elements.iter().enumerate() {
            self.value(items, element, &format!("{path}[{position}]"));
        }
    }

    fn text(&mut self, schema: &Json, value: &Value, path: &str) {
        let text = value.as_str().map_or("", |text| text.as_str());
        if let Some(allowed) = schema.get("enum").and_then(Json::as_array) {
            let allowed: Vec<&str> = allowed.iter().filter_map(Json::as_str).collect();
            if !allowed.contains(&text) {
                self.tell(path, format_args!("has to be one of {}", allowed.join(", ")));
            }
        }
        let bound = |name: &str| schema.get(name).and_then(Json::as_u64);
        let count = text.chars().count() as u64;
        if let Some(least) = bound("minLength").filter(|least| count < *least) {
            self.tell(path, format_args!("has to have at least {least} characters"));
        }
        if let Some(most) = bound("maxLength").filter(|most| count > *most) {
            self.tell(path, format_args!("has to have at most {most} characters"));
        }
        let pattern = schema.get("pattern").and_then(Json::as_str);
        // A pattern that cannot be read here is the server's business.
        if let Some((pattern, expression)) = pattern.and_then(|it| Some((it, Regex::new(it).ok()?)))
            && !expression.is_match(text)
        {
            self.tell(path, format_args!("has to match {pattern}"));
        }
    }

    fn number(&mut self, schema: &Json, value: &Value, path: &str) {
        let Some(number) = value.as_number() else { return };
        if schema.get("type").and_then(Json::as_str) == Some("integer") && number.to_i64().is_none() {
            self.tell(path, "has to be a whole number");
        }
        let (number, bound) = (number.to_f64(), |name: &str| schema.get(name).and_then(Json::as_f64));
        let is_strict = |name: &str| is_set(schema, name);
        let is_below = |least: &f64| number < *least || number == *least && is_strict("exclusiveMinimum");
        let is_above = |most: &f64| number > *most || number == *most && is_strict("exclusiveMaximum");
        if let Some(least) = bound("minimum").filter(is_below) {
            self.tell(path, format_args!("is too small: {least} is the least"));
        }
        if let Some(most) = bound("maximum").filter(is_above) {
            self.tell(path, format_args!("is too big: {most} is the most"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use terrane_model::Type;

    use super::super::json_value::from_json;
    use super::*;

    fn definition() -> Definition {
        let size = json!({"type": "string", "pattern": "^[0-9]+Gi$", "minLength": 3});
        let properties = json!({
            "size": size,
            "class": {"type": "string", "enum": ["gold", "tin"]},
            "copies": {"type": "integer", "minimum": 1, "maximum": 3},
            "port": {"x-kubernetes-int-or-string": true},
            "owners": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["name"],
                       "properties": {"name": {"type": "string"}}}},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "mode": {"type": "string", "default": "x"},
        });
        let spec = json!({"type": "object", "required": ["size", "mode"], "properties": properties});
        let schema = json!({"type": "object", "required": ["spec"], "properties": {"spec": spec}});
        let object = json!({"kind": "CustomResourceDefinition", "spec": {"group": "x.io", "names": {"kind": "Bucket"},
            "versions": [{"name": "v1", "served": true, "schema": {"openAPIV3Schema": schema}}]}});
        Definition::of(object.as_object().unwrap()).unwrap()
    }

    fn objections(spec: &Json) -> String {
        let object =
            json!({"apiVersion": "x.io/v1", "kind": "Bucket", "metadata": {"name": "b"}, "spec": spec});
        definition().objections("x.io/v1", &from_json(&object), true).join("\n")
    }

    #[test]
    fn what_a_definition_allows_is_fine() {
        let spec = json!({"size": "10Gi", "class": "gold", "copies": 3, "port": "http", "owners": [{"name": "a"}],
                          "labels": {"a": "b"}, "any": {"x": {"y": 1}}});
        assert_eq!(objections(&spec), "");
    }

    #[test]
    fn what_it_does_not_allow_is_told_with_its_place() {
        let spec = json!({"size": "x", "class": "silver", "copies": 4, "port": true, "owners": [{"nme": "a"}, 1],
                          "labels": {"a": 1}, "colour": "red"});
        insta::assert_snapshot!(objections(&spec), @"
        spec.class: has to be one of gold, tin
        spec.colour: is no field of this kind
        spec.copies: is too big: 3 is the most
        spec.labels.a: has to be a string
        spec.owners[0].name: is required
        spec.owners[0].nme: is no field of this kind
        spec.owners[1]: has to be an object
        spec.port: has to be a number or text
        spec.size: has to have at least 3 characters
        spec.size: has to match ^[0-9]+Gi$
        ");
        insta::assert_snapshot!(objections(&json!({"owners": [], "copies": 1.5})), @"
        spec.size: is required
        spec.copies: has to be a whole number
        spec.owners: has to have at least 1 elements
        ");
        let nothing = json!({"apiVersion": "x.io/v2", "kind": "Bucket"});
        insta::assert_snapshot!(definition().objections("x.io/v2", &from_json(&nothing), true).join("\n"), @"apiVersion: x.io/v2 is not served, only x.io/v1");
    }

    #[test]
    fn what_is_not_known_yet_is_not_judged() {
        let spec = Value::object([("size", Value::unknown(Type::String)), ("copies", Value::dynamic())]);
        let object = Value::object([("kind", "Bucket".into()), ("spec", spec)]);
        assert_eq!(definition().objections("x.io/v1", &object, true), Vec::<String>::new());
    }

    #[test]
    fn other_objects_define_nothing() {
        assert!(Definition::of(json!({"kind": "ConfigMap"}).as_object().unwrap()).is_none());
    }
}
