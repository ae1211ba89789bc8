//! Checks a request's body against the declared shape. Pure: the same table and body give the same finding.
//!
//! At API versions that a table describes completely, unknown properties are refused; at others they are kept.
//! Read-only properties are never an error here, since clients send back what they read.

use serde_json::{Map, Value};

use crate::table::{Catalog, Kind, Property, ResourceType, ShapeId};

/// The first thing that is wrong with a body.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finding {
    /// Where, for instance `properties.subnets[0].name`.
    pub(crate) path: String,
    pub(crate) problem: Problem,
}

/// What can be wrong with one property.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Problem {
    UnknownProperty,
    Missing,
    WrongType { expected: &'static str, value: Value },
    NotAllowed { value: String, allowed: Vec<String> },
    BadPattern { value: String, pattern: String },
    BadLength { length: usize },
    OutOfRange { value: Value },
}

/// Whether a body must be complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Completeness {
    /// PUT: required properties must be there.
    Full,
    /// PATCH: anything may be absent.
    Partial,
}

/// Returns the first finding in `body`, or `None` if it is well-formed.
pub(crate) fn find_problem(
    catalog: &Catalog,
    resource_type: &ResourceType,
    version: &str,
    body: &Map<String, Value>,
    completeness: Completeness,
) -> Option<Finding> {
    let walk = Walk { catalog, version, strict: resource_type.is_complete_at(version), completeness };
    let mut path = Vec::new();
    walk.object(resource_type.body, body, &mut path).err()
}

/// A step into a body: a property or an index.
enum Step<'a> {
    Property(&'a str),
    Index(usize),
}

type Path<'a> = Vec<Step<'a>>;

struct Walk<'c> {
    catalog: &'c Catalog,
    version: &'c str,
    strict: bool,
    completeness: Completeness,
}

impl Walk<'_> {
    fn object<'b>(
        &self,
        shape: ShapeId,
        object: &'b Map<String, Value>,
        path: &mut Path<'b>,
    ) -> Result<(), Finding> {
        let shape = self.catalog.shape(shape);
        for (name, value) in object {
            if path.is_empty() && matches!(name.as_str(), "id" | "name" | "type" | "systemData") {
                continue;
            }
            path.push(Step::Property(name));
            match self.declared(shape.property(name)) {
                Some(property) if property.read_only => {}
                Some(property) => self.value(&property.kind, value, path)?,
                None => match &shape.other {
                    Some(kind) => self.value(kind, value, path)?,
                    None => self.undeclared(shape.property_ignoring_case(name), value, path)?,
                },
            }
            path.pop();
        }
        if self.completeness == Completeness::Full {
            let missing = shape.properties().iter().find(|property| self.is_missing(property, object));
            if let Some(property) = missing {
                let path = [render(path).as_str(), &property.name].join(".");
                let path = path.trim_start_matches('.').to_owned();
                return Err(Finding { path, problem: Problem::Missing });
            }
        }
        Ok(())
    }

    /// A property counts only at the versions that have it; where versions are not described, always.
    fn declared<'p>(&self, property: Option<&'p Property>) -> Option<&'p Property> {
        property.filter(|property| !self.strict || property.versions.contains(self.version))
    }

    fn undeclared<'b>(
        &self,
        other_casing: Option<&Property>,
        value: &'b Value,
        path: &mut Path<'b>,
    ) -> Result<(), Finding> {
        if self.strict {
            return Err(finding(path, Problem::UnknownProperty));
        }
        match other_casing {
            Some(property) if !property.read_only => self.value(&property.kind, value, path),
            _ => Ok(()),
        }
    }

    fn is_missing(&self, property: &Property, object: &Map<String, Value>) -> bool {
        property.required
            && !object.contains_key(&property.name)
            && self.declared(Some(property)).is_some()
            && !object.keys().any(|name| name.eq_ignore_ascii_case(&property.name))
    }

    fn value<'b>(&self, kind: &Kind, value: &'b Value, path: &mut Path<'b>) -> Result<(), Finding> {
        if value.is_null() {
            return Ok(());
        }
        match (kind, value) {
            (Kind::Any, _) | (Kind::Bool, Value::Bool(_)) => Ok(()),
            (Kind::String { length, pattern }, Value::String(text)) => {
                if !length.contains_length(text.chars().count()) {
                    return Err(finding(path, Problem::BadLength { length: text.chars().count() }));
                }
                match pattern {
                    Some(pattern) if !pattern.is_match(text) => {
                        let pattern = pattern.source().to_owned();
                        Err(finding(path, Problem::BadPattern { value: text.clone(), pattern }))
                    }
                    _ => Ok(()),
                }
            }
            (Kind::Enum { words, open }, Value::String(text)) => {
                if *open || words.contains(text) {
                    return Ok(());
                }
                Err(finding(path, Problem::NotAllowed { value: text.clone(), allowed: words.clone() }))
            }
            (Kind::Integer(range), Value::Number(number)) if number.is_i64() || number.is_u64() => {
                self.number(*range, value, path)
            }
            (Kind::Number(range), Value::Number(_)) => self.number(*range, value, path),
            (Kind::List { items, length }, Value::Array(elements)) => {
                if !length.contains_length(elements.len()) {
                    return Err(finding(path, Problem::BadLength { length: elements.len() }));
                }
                for (idx, element) in elements.iter().enumerate() {
                    path.push(Step::Index(idx));
                    self.value(items, element, path)?;
                    path.pop();
                }
                Ok(())
            }
            (Kind::Map(kind), Value::Object(object)) => {
                for (name, value) in object {
                    path.push(Step::Property(name));
                    self.value(kind, value, path)?;
                    path.pop();
                }
                Ok(())
            }
            (Kind::Object(shape), Value::Object(object)) => self.object(*shape, object, path),
            _ => {
                Err(finding(path, Problem::WrongType { expected: expected_type(kind), value: value.clone() }))
            }
        }
    }

    fn number(&self, range: crate::table::Range, value: &Value, path: &Path<'_>) -> Result<(), Finding> {
        if value.as_f64().is_none_or(|number| range.contains(number)) {
            return Ok(());
        }
        Err(finding(path, Problem::OutOfRange { value: value.clone() }))
    }
}

fn finding(path: &Path<'_>, problem: Problem) -> Finding {
    Finding { path: render(path), problem }
}

fn render(path: &Path<'_>) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Property(name) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(name);
            }
            Step::Index(idx) => text.push_str(&format!("[{idx}]")),
        }
    }
    text
}

fn expected_type(kind: &Kind) -> &'static str {
    match kind {
        Kind::Any => "any",
        Kind::Bool => "boolean",
        Kind::String { .. } | Kind::Enum { .. } => "string",
        Kind::Integer(_) => "integer",
        Kind::Number(_) => "number",
        Kind::List { .. } => "array",
        Kind::Map(_) | Kind::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::table::CATALOG;

    fn check(type_name: &str, version: &str, body: Value) -> Option<String> {
        let resource_type = CATALOG.get(CATALOG.find(type_name).expect(type_name));
        let body = body.as_object().expect("tests send objects");
        let found = find_problem(&CATALOG, resource_type, version, body, Completeness::Full)?;
        let problem = format!("{:?}", found.problem);
        let problem = problem.split([' ', '{']).next().unwrap_or_default().to_owned();
        Some(format!("{problem} {}", found.path))
    }

    #[test]
    fn well_formed_bodies_pass() {
        let vnet = json!({
            "location": "westeurope",
            "id": "ignored",
            "properties": {
                "provisioningState": "Succeeded",
                "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
                "subnets": [{"name": "s", "etag": "x", "properties": {"addressPrefix": "10.0.0.0/24"}}],
            },
        });
        assert_eq!(check("Microsoft.Network/virtualNetworks", "2025-01-01", vnet), None);
    }

    #[test]
    fn malformed_bodies_are_found() {
        let vnets = "Microsoft.Network/virtualNetworks";
        let space = json!({"addressPrefixes": ["10.0.0.0/16"]});
        let cases = [
            (json!({"location": "w"}), "Missing properties"),
            (json!({"location": "w", "properties": {}}), "Missing properties.addressSpace"),
            (json!({"location": 1, "properties": {"addressSpace": space}}), "WrongType location"),
            (
                json!({"location": "w", "properties": {"addressSpace": {"addressPrefixes": "x"}}}),
                "WrongType properties.addressSpace.addressPrefixes",
            ),
            (
                json!({"location": "w", "properties": {"addressSpace": space, "subnets": [{"nam": "s"}]}}),
                "UnknownProperty properties.subnets[0].nam",
            ),
            (
                json!({"location": "w", "properties": {"AddressSpace": space}}),
                "UnknownProperty properties.AddressSpace",
            ),
        ];
        for (body, expected) in cases {
            assert_eq!(check(vnets, "2025-01-01", body.clone()).as_deref(), Some(expected), "{body}");
        }
    }

    #[test]
    fn unknown_properties_are_kept_at_versions_without_description() {
        let body = json!({
            "location": "w",
            "properties": {"addressSpace": {"addressPrefixes": []}, "fromTheFuture": true},
        });
        assert_eq!(check("Microsoft.Network/virtualNetworks", "2025-09-01", body), None);
    }

    #[test]
    fn properties_belong_to_versions() {
        let body = json!({"location": "w", "properties": {"nodeProvisioningProfile": {"mode": "Auto"}}});
        let clusters = "Microsoft.ContainerService/managedClusters";
        assert_eq!(check(clusters, "2025-10-01", body.clone()), None);
        assert_eq!(
            check(clusters, "2023-01-01", body).as_deref(),
            Some("UnknownProperty properties.nodeProvisioningProfile")
        );
    }
}
