//! A plan that code may still change.

use terrane_model::{AttributePath, Diagnostic, Diagnostics, Type, Value};

use crate::attributes::{Attributes, at};
use crate::mapping::same::is_zero;
use crate::table::Generation;

/// The plan of one object.
pub(crate) struct Draft<'a> {
    /// The object as it is; nothing when it is to be created.
    pub(crate) prior: Option<&'a Value>,
    /// The configuration.
    pub(crate) config: &'a Value,
    /// The object as planned so far.
    pub(crate) planned: Attributes,
    /// What needs a new object.
    pub(crate) replaces: Vec<AttributePath>,
    /// Messages.
    pub(crate) diagnostics: Diagnostics,
    /// Which azurerm the configuration was written for.
    pub(crate) generation: Generation,
}

impl Draft<'_> {
    /// Returns the value at a path before the change; null when the object is to be created.
    pub(crate) fn before(&self, path: &str) -> Value {
        self.prior.map_or_else(Value::dynamic_null, |prior| at(prior, path))
    }

    /// Returns the planned value at a path.
    pub(crate) fn after(&self, path: &str) -> Value {
        let (name, rest) = path.split_once('.').unwrap_or((path, ""));
        let value = self.planned.get(name);
        if rest.is_empty() { value } else { at(&value, rest) }
    }

    /// Tells whether the object exists already and the value at a path changes.
    pub(crate) fn changes(&self, path: &str) -> bool {
        let (before, after) = (self.before(path), self.after(path));
        self.prior.is_some() && before != after && !(is_zero(&before) && is_zero(&after))
    }

    /// Says that a change of this argument needs a new object.
    pub(crate) fn replace_for(&mut self, path: &str) {
        let path = attribute_path(path);
        if !self.replaces.contains(&path) {
            self.replaces.push(path);
        }
    }

    /// Says that a change of an argument, if there is one, needs a new object.
    pub(crate) fn replace_if_changed(&mut self, path: &str) {
        if self.changes(path) {
            self.replace_for(path);
        }
    }

    /// Says that an attribute will be known only after the change.
    pub(crate) fn make_unknown(&mut self, name: &str, ty: Type) {
        self.planned.set(name, Value::unknown(ty));
    }

    /// Keeps two arguments alike that stand for one setting under an old and a new name: the one that is
    /// configured decides about the other. `inverted` when one is true where the other is false.
    pub(crate) fn mirror(&mut self, one: &str, other: &str, inverted: bool) {
        for (from, to) in [(one, other), (other, one)] {
            let configured = self.config.attribute(from);
            if configured.is_null() {
                continue;
            }
            let value = match configured.as_bool() {
                Some(bool) => Value::Bool(bool != inverted),
                None => Value::unknown(Type::Bool),
            };
            self.planned.set(to, value);
            return;
        }
    }

    /// Complains about an argument.
    pub(crate) fn refuse(&mut self, path: &str, summary: &str, detail: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(summary, detail).on_attribute(attribute_path(path)));
    }

    /// Warns about an argument.
    pub(crate) fn warn(&mut self, path: &str, summary: &str, detail: impl Into<String>) {
        self.diagnostics.push(Diagnostic::warning(summary, detail).on_attribute(attribute_path(path)));
    }
}

/// Reads a path such as `default_node_pool.0.name`.
pub(crate) fn attribute_path(path: &str) -> AttributePath {
    path.split('.').fold(AttributePath::root(), |base, step| match step.parse::<usize>() {
        Ok(position) => base.position(position),
        Err(_) => base.attribute(step),
    })
}
