//! The attributes of an object while it is put together.

use std::collections::BTreeMap;

use terrane_model::{Str, Type, Value};

/// Values by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Attributes(BTreeMap<Str, Value>);

impl Attributes {
    /// Takes an object apart.
    pub(crate) fn of(value: &Value) -> Self {
        Self(value.as_entries().unwrap_or_default().iter().cloned().collect())
    }

    /// Returns a value; null when there is none.
    pub(crate) fn get(&self, name: &str) -> Value {
        self.0.get(name).cloned().unwrap_or_else(Value::dynamic_null)
    }

    /// Returns a text that is known and not empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().map(Str::as_str).filter(|text| !text.is_empty())
    }

    /// Sets a value.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.into(), value.into());
    }

    /// Sets a value unless there is one that says something.
    pub(crate) fn set_if_absent(&mut self, name: &str, value: impl Into<Value>) {
        if self.0.get(name).is_none_or(Value::is_null) {
            self.set(name, value);
        }
    }

    /// Makes the object of a type: what is not set is null, and what is still unknown is too.
    pub(crate) fn into_known(self, ty: &Type) -> Value {
        let known = self.into_object(ty);
        known.map_leaves_first(&mut |value| match value {
            Value::Unknown(unknown) => Value::Null(unknown.ty.clone()),
            value => value,
        })
    }

    /// Makes the object of a type: what is not set is null.
    pub(crate) fn into_object(mut self, ty: &Type) -> Value {
        let Type::Object(object) = ty else { return Value::object(self.0) };
        Value::object(object.attributes().iter().map(|(name, ty)| {
            let value = self.0.remove(name).unwrap_or_else(|| Value::Null(ty.clone()));
            let value = if value.is_null() { Value::Null(ty.clone()) } else { value };
            (name.clone(), value)
        }))
    }
}

impl FromIterator<(Str, Value)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (Str, Value)>>(attributes: I) -> Self {
        Self(attributes.into_iter().collect())
    }
}

/// Returns the value at a path of names and positions, such as `default_node_pool.0.name`; null where the
/// way there ends, unknown where it leads through something unknown.
pub(crate) fn at(value: &Value, path: &str) -> Value {
    let mut value = value.clone();
    for step in path.split('.') {
        value = match step.parse::<usize>() {
            Ok(position) if value.is_known() => {
                let element = value.as_sequence().and_then(|elements| elements.get(position));
                element.cloned().unwrap_or_else(Value::dynamic_null)
            }
            Ok(_) => value.ty().element().map_or_else(Value::dynamic, |ty| Value::unknown(ty.clone())),
            Err(_) => value.attribute(step),
        };
    }
    value
}

/// Returns the known, non-empty text at a path.
pub(crate) fn text_at(value: &Value, path: &str) -> Option<Str> {
    at(value, path).as_str().filter(|text| !text.is_empty()).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_through_blocks() {
        let pool = Value::object([("name", Value::from("a"))]);
        let cluster = Value::object([("pool", Value::list(pool.ty(), [pool]))]);
        assert_eq!(text_at(&cluster, "pool.0.name").as_deref(), Some("a"));
        assert!(at(&cluster, "pool.1.name").is_null());
        let unknown = Value::object([("pool", Value::unknown(cluster.attribute("pool").ty()))]);
        assert!(!at(&unknown, "pool.0.name").is_known());
    }

    #[test]
    fn finished_objects_are_wholly_known_and_complete() {
        let ty = Type::object([("a", Type::String), ("b", Type::Bool)]);
        let mut attributes = Attributes::default();
        attributes.set("a", Value::unknown(Type::String));
        attributes.set("c", true);
        let value = attributes.into_known(&ty);
        assert_eq!(value, Value::object([("a", Value::Null(Type::String)), ("b", Value::Null(Type::Bool))]));
    }
}
