//! One attribute of a type: its schema and its rules.

use terrane_model::{Attribute, Str, Type, Value};

use super::rule::Check;

/// One attribute of a type.
pub(crate) struct Property {
    pub(super) name: &'static str,
    pub(super) attribute: Attribute,
    pub(super) default: Default,
    pub(super) replace: Replace,
    pub(super) keeps: bool,
    pub(super) checks: Vec<Check>,
}

/// What an attribute is when it is not written.
pub(crate) enum Default {
    /// Null, or for computed attributes whatever the provider decides.
    None,
    /// Always the same.
    Value(Value),
    /// Follows from the rest of the configuration.
    FromConfig(fn(&Value) -> Value),
}

/// When a change of an attribute asks for a new object.
pub(crate) enum Replace {
    /// Never.
    Never,
    /// With every change, also to what is not known yet.
    OnChange,
    /// With a change for which this holds.
    If(fn(&Change<'_>) -> bool),
}

/// The three sides of a changed attribute of an object that exists.
pub(crate) struct Change<'a> {
    /// What is written.
    pub(crate) config: &'a Value,
    /// What was.
    pub(crate) prior: &'a Value,
}

impl Property {
    /// An attribute that must be written.
    pub(crate) fn required(name: &'static str, ty: Type, description: &str) -> Self {
        Self::new(name, Attribute::required(ty), description)
    }

    /// An attribute that may be written.
    pub(crate) fn optional(name: &'static str, ty: Type, description: &str) -> Self {
        Self::new(name, Attribute::optional(ty), description)
    }

    /// An attribute that only the provider sets.
    pub(crate) fn computed(name: &'static str, ty: Type, description: &str) -> Self {
        Self::new(name, Attribute::computed(ty), description)
    }

    /// An attribute that may be written and that the provider sets otherwise.
    pub(crate) fn optional_computed(name: &'static str, ty: Type, description: &str) -> Self {
        Self::new(name, Attribute::optional_computed(ty), description)
    }

    fn new(name: &'static str, attribute: Attribute, description: &str) -> Self {
        let attribute = attribute.describe(description);
        let (default, replace) = (Default::None, Replace::Never);
        Self { name, attribute, default, replace, keeps: false, checks: Vec::new() }
    }

    /// Returns the attribute's name.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Sets what the attribute is when it is not written.
    pub(crate) fn defaults_to(self, value: impl Into<Value>) -> Self {
        Self { default: Default::Value(value.into()), ..self }
    }

    /// Lets the attribute follow from the rest of the configuration when it is not written.
    pub(crate) fn follows(self, from_config: fn(&Value) -> Value) -> Self {
        Self { default: Default::FromConfig(from_config), ..self }
    }

    /// Asks for a new object with every change.
    pub(crate) fn replaces(self) -> Self {
        Self { replace: Replace::OnChange, ..self }
    }

    /// Asks for a new object with those changes for which this holds.
    pub(crate) fn replaces_if(self, condition: fn(&Change<'_>) -> bool) -> Self {
        Self { replace: Replace::If(condition), ..self }
    }

    /// Keeps a computed attribute when other attributes change.
    pub(crate) fn keeps(self) -> Self {
        Self { keeps: true, ..self }
    }

    /// Hides the attribute from people.
    pub(crate) fn sensitive(self) -> Self {
        Self { attribute: self.attribute.sensitive(), ..self }
    }

    /// Lets the attribute only go to the provider, into no plan and no state.
    pub(crate) fn write_only(self) -> Self {
        Self { attribute: Attribute { write_only: true, ..self.attribute }, ..self }
    }

    /// Warns everyone who writes the attribute.
    pub(crate) fn deprecated(self, advice: &str) -> Self {
        Self { attribute: Attribute { deprecated: Some(Str::from(advice)), ..self.attribute }, ..self }
    }

    /// Adds something that written values must fulfil.
    pub(crate) fn check(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }
}
