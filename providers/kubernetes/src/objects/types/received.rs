//! Values that were read, on their way through a type's own code.

use serde_json::{Map, Value as Json};
use terrane_model::{Str, Value};

/// What was read of an object.
pub(crate) struct Received<'a> {
    /// The object itself.
    pub(crate) object: Object<'a>,
    /// The values that were last seen, or what is wanted when nothing was seen yet.
    pub(crate) prior: &'a Value,
    values: Vec<(Str, Value)>,
}

/// An object as it was read.
#[derive(Clone, Copy)]
pub(crate) struct Object<'a>(&'a Map<String, Json>);

impl<'a> Object<'a> {
    /// Returns a field.
    pub(crate) fn get(self, name: &str) -> Option<&'a Json> {
        self.0.get(name)
    }

    /// Returns a field inside fields.
    pub(crate) fn pointer_of(self, names: &[&str]) -> Option<&'a Json> {
        let (first, rest) = names.split_first()?;
        rest.iter().try_fold(self.0.get(*first)?, |json, name| json.get(*name))
    }
}

impl<'a> Received<'a> {
    /// Starts with what the table has read.
    pub(crate) fn new(object: &'a Map<String, Json>, prior: &'a Value, values: Vec<(Str, Value)>) -> Self {
        Self { object: Object(object), prior, values }
    }

    /// Returns the values.
    pub(crate) fn finish(self) -> Vec<(Str, Value)> {
        self.values
    }

    /// Sets an argument.
    pub(crate) fn set(&mut self, name: &str, value: Value) {
        match self.values.iter_mut().find(|(candidate, _)| candidate == name) {
            Some((_, slot)) => *slot = value,
            None => self.values.push((name.into(), value)),
        }
    }

    /// Leaves arguments as they were.
    pub(crate) fn keep(&mut self, names: &[&str]) {
        for name in names {
            if let Some(value) = self.prior.get(name).filter(|value| value.is_known()) {
                self.set(name, value.clone());
            }
        }
    }

    /// Sets an argument inside the first block of a name.
    pub(crate) fn set_in(&mut self, block: &str, name: &str, value: Value) {
        self.change_block(block, |entries| {
            for (_, slot) in entries.iter_mut().filter(|(candidate, _)| candidate == name) {
                *slot = value.clone();
            }
        });
    }

    /// Leaves out blocks inside the first block of a name.
    pub(crate) fn drop_blocks(&mut self, block: &str, name: &str, unwanted: impl Fn(&Value) -> bool) {
        self.change_block(block, |entries| {
            for (_, slot) in entries.iter_mut().filter(|(candidate, _)| candidate == name) {
                if let Value::List(list) = &*slot {
                    let kept: Vec<Value> =
                        list.elements().iter().filter(|part| !unwanted(part)).cloned().collect();
                    *slot = Value::list(list.element_type().clone(), kept);
                }
            }
        });
    }

    /// Sets an argument in every block of a name for which the function gives a value.
    pub(crate) fn set_in_each(
        &mut self,
        block: &str,
        name: &str,
        value_for: impl Fn(&Value) -> Option<Value>,
    ) {
        let Some((_, slot)) = self.values.iter_mut().find(|(candidate, _)| candidate == block) else {
            return;
        };
        let Value::List(list) = &*slot else { return };
        let changed = list.elements().iter().map(|element| {
            let (Some(value), Some(entries)) = (value_for(element), element.as_entries()) else {
                return element.clone();
            };
            Value::object(entries.iter().map(|(candidate, old)| {
                (candidate.clone(), if candidate == name { value.clone() } else { old.clone() })
            }))
        });
        *slot = Value::list(list.element_type().clone(), changed.collect::<Vec<_>>());
    }

    fn change_block(&mut self, block: &str, change: impl FnOnce(&mut Vec<(Str, Value)>)) {
        let Some((_, slot)) = self.values.iter_mut().find(|(candidate, _)| candidate == block) else {
            return;
        };
        let Value::List(list) = &*slot else { return };
        let Some(entries) = list.elements().first().and_then(Value::as_entries) else { return };
        let mut entries = entries.to_vec();
        change(&mut entries);
        *slot = Value::list(list.element_type().clone(), vec![Value::object(entries)]);
    }
}
