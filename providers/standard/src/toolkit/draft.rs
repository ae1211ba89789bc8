//! From a table and a request to a plan.
//!
//! The order is that of Terraform's plugin framework, which the providers that these stand for are written
//! with: defaults; where anything changes, everything computed and not written becomes unknown; computed
//! attributes that keep their value get it back; changes are checked for replacement; then the type has its say.

use terrane_model::{AttributePath, Diagnostic, Diagnostics, Str, Value};
use terrane_provider::PlanRequest;

use super::property::{Change, Default, Property, Replace};
use super::table::Table;

/// A plan in the making, for an object that is created or updated.
pub(crate) struct Draft<'a> {
    /// What is written.
    pub(crate) config: &'a Value,
    /// The object as it is; null when it is to be created.
    pub(crate) prior: &'a Value,
    planned: Vec<(Str, Value)>,
    replace: Vec<AttributePath>,
    diagnostics: Diagnostics,
}

impl<'a> Draft<'a> {
    pub(super) fn new(table: &Table, request: &'a PlanRequest) -> Self {
        let planned = request.proposed_new_state.as_entries().unwrap_or_default().to_vec();
        let mut draft = Self {
            config: &request.config,
            prior: &request.prior_state,
            planned,
            replace: Vec::new(),
            diagnostics: Diagnostics::new(),
        };
        draft.set_defaults(table);
        if draft.changes_anything() {
            draft.forget_computed(table);
        }
        for property in &table.properties {
            draft.keep(property);
            draft.check_replace(property);
        }
        for block in table.blocks.iter().filter(|block| block.replaces) {
            if !draft.is_create() && draft.changes(block.name) {
                draft.require_replace(block.name);
            }
        }
        draft
    }

    /// Tells whether the object is to be created.
    pub(crate) fn is_create(&self) -> bool {
        self.prior.is_null()
    }

    /// Returns a planned attribute.
    pub(crate) fn get(&self, name: &str) -> &Value {
        static NULL: Value = Value::Null(terrane_model::Type::Dynamic);
        self.position(name).map_or(&NULL, |position| &self.planned[position].1)
    }

    /// Plans an attribute.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        if let Some(position) = self.position(name) {
            self.planned[position].1 = value.into();
        }
    }

    /// Plans an attribute unless it is written.
    pub(crate) fn set_unless_written(&mut self, name: &str, value: impl Into<Value>) {
        if self.config.get(name).is_none_or(Value::is_null) {
            self.set(name, value);
        }
    }

    /// Asks for a new object because of an attribute.
    pub(crate) fn require_replace(&mut self, name: &str) {
        let path = AttributePath::root().attribute(name);
        if !self.replace.contains(&path) {
            self.replace.push(path);
        }
    }

    /// Tells whether a planned attribute differs from what is.
    pub(crate) fn changes(&self, name: &str) -> bool {
        self.prior.get(name).is_none_or(|prior| prior != self.get(name))
    }

    /// Adds a message.
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    pub(super) fn finish(self) -> (Value, Vec<AttributePath>, Diagnostics) {
        (Value::object(self.planned), self.replace, self.diagnostics)
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.planned.binary_search_by(|(candidate, _)| candidate.as_str().cmp(name)).ok()
    }

    fn is_written(&self, name: &str) -> bool {
        self.config.get(name).is_some_and(|value| !value.is_null())
    }

    fn set_defaults(&mut self, table: &Table) {
        for property in &table.properties {
            if property.attribute.write_only {
                self.set(property.name, Value::Null(property.attribute.ty()));
            } else if !self.is_written(property.name) {
                match &property.default {
                    Default::None => {}
                    Default::Value(value) => self.set(property.name, value.clone()),
                    Default::FromConfig(follow) => self.set(property.name, follow(self.config)),
                }
            }
        }
    }

    fn changes_anything(&self) -> bool {
        self.prior.as_entries().is_none_or(|prior| prior != self.planned.as_slice())
    }

    fn forget_computed(&mut self, table: &Table) {
        for property in &table.properties {
            let decided = !matches!(property.default, Default::None) || self.is_written(property.name);
            if property.attribute.computed && !decided {
                self.set(property.name, Value::unknown(property.attribute.ty()));
            }
        }
    }

    fn keep(&mut self, property: &Property) {
        let written_unknown = self.config.get(property.name).is_some_and(|value| !value.is_known());
        if !property.keeps || written_unknown || self.get(property.name).is_known() {
            return;
        }
        // Null is kept too: it is what the object has.
        if let Some(prior) = self.prior.get(property.name) {
            self.set(property.name, prior.clone());
        }
    }

    fn check_replace(&mut self, property: &Property) {
        let Some(prior) = self.prior.get(property.name) else { return };
        if self.get(property.name) == prior {
            return;
        }
        let null = Value::dynamic_null();
        let change = Change { config: self.config.get(property.name).unwrap_or(&null), prior };
        let asks = match property.replace {
            Replace::Never => false,
            Replace::OnChange => true,
            Replace::If(condition) => condition(&change),
        };
        if asks {
            self.require_replace(property.name);
        }
    }
}
