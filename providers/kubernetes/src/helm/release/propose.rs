//! From a configuration to the arguments of a planned release: defaults, and what stays as it was.

use terrane_model::{AttributePath, Block, Number, Str, Value};

use super::super::schema::{NUMBERS, SWITCHES, WAITS};

/// What Helm says of a release that is as it should be.
pub(super) const DEPLOYED: &str = "deployed";

/// The attributes of a planned release while they are put together.
pub(super) struct Draft(Vec<(Str, Value)>);

impl Draft {
    /// Starts with what the configuration says, what stands in for what it does not say, and what was before.
    pub(super) fn new(block: &Block, config: &Value, prior: Option<&Value>, namespace: &str) -> Self {
        let attributes = block.attributes().iter().map(|(name, attribute)| {
            let written = config.get(name).filter(|value| !value.is_null()).cloned();
            let before = || prior.and_then(|prior| prior.get(name)).cloned();
            let value = match name.as_str() {
                _ if attribute.write_only => Value::Null(attribute.ty()),
                "status" => DEPLOYED.into(),
                "set" => written.map_or_else(|| Value::Null(attribute.ty()), |sets| typed(&sets)),
                "namespace" => written.unwrap_or_else(|| namespace.into()),
                // An empty description means none in particular.
                "description" => {
                    match written.filter(|text| text.as_str().is_none_or(|text| !text.is_empty())) {
                        Some(text) => text,
                        None => before().unwrap_or_else(|| Value::Null(attribute.ty())),
                    }
                }
                "devel"
                    if config.get("version").is_some_and(|version| !version.is_null())
                        && written.is_none() =>
                {
                    before().unwrap_or_else(|| Value::Null(attribute.ty()))
                }
                _ if attribute.is_configurable() && !attribute.computed => {
                    written.unwrap_or_else(|| Value::Null(attribute.ty()))
                }
                other => written
                    .or_else(|| default(other))
                    .or_else(before)
                    .unwrap_or_else(|| Value::unknown(attribute.ty())),
            };
            (name.clone(), value)
        });
        Self(attributes.collect())
    }

    /// Sets an attribute.
    pub(super) fn set(&mut self, name: &str, value: Value) {
        if let Some((_, slot)) = self.0.iter_mut().find(|(candidate, _)| candidate == name) {
            *slot = value;
        }
    }

    /// Sets an attribute to what is not known before the release.
    pub(super) fn set_unknown(&mut self, name: &str) {
        if let Some((_, slot)) = self.0.iter_mut().find(|(candidate, _)| candidate == name) {
            *slot = Value::unknown(slot.ty());
        }
    }

    /// Returns an attribute.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(candidate, _)| candidate == name).map(|(_, value)| value)
    }

    /// Returns the attributes that differ from what was before.
    pub(super) fn differences(&self, prior: &Value) -> Vec<Str> {
        let differs = |(name, value): &&(Str, Value)| prior.get(name) != Some(value);
        self.0.iter().filter(differs).map(|(name, _)| name.clone()).collect()
    }

    /// Returns the paths that need another release.
    pub(super) fn replaces(&self, prior: &Value) -> Vec<AttributePath> {
        let names = ["name", "namespace"].into_iter().filter(|name| prior.get(name) != self.get(name));
        names.map(|name| AttributePath::root().attribute(name)).collect()
    }

    /// Returns the planned release.
    pub(super) fn finish(self) -> Value {
        Value::object(self.0)
    }
}

/// Returns the default of an attribute.
pub(super) fn default(name: &str) -> Option<Value> {
    let switch = SWITCHES.iter().chain(&WAITS).find(|(candidate, _)| *candidate == name);
    let number = || NUMBERS.iter().find(|(candidate, _)| *candidate == name);
    switch
        .map(|(_, default)| Value::from(*default))
        .or_else(|| number().map(|(_, default)| Value::Number(Number::from(*default))))
}

/// The type of a value that is set is the empty text where none is written.
fn typed(sets: &Value) -> Value {
    sets.map_leaves_first(&mut |value| match value.as_entries() {
        Some(entries) if value.get("type").is_some_and(Value::is_null) => {
            let typed = |(name, value): &(Str, Value)| {
                (name.clone(), if name == "type" { "".into() } else { value.clone() })
            };
            Value::object(entries.iter().map(typed).collect::<Vec<_>>())
        }
        _ => value,
    })
}
