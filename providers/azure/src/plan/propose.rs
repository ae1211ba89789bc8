//! The planned value of an object, from its configuration and what it is now.
//!
//! The rules are those of the SDK that azurerm is written with: what is configured counts, in the form that
//! state stores; what is not configured is its default, or stays what it is where Azure may choose it, or is
//! unknown until Azure has chosen. Differences that are none keep the stored spelling.

use std::collections::HashMap;

use terrane_model::{Str, Type, Value};

use crate::mapping::block_key;
use crate::mapping::same::{is_same, is_zero, normal_form};
use crate::table::{Argument, BlockShape, Presence, Sameness, Shape};

/// Plans the arguments of an object; `prior` is nothing when it is to be created. Attributes that are no
/// arguments of the table (`id`, timeouts) are the caller's.
pub(crate) fn plan_object(
    arguments: &[Argument],
    config: &Value,
    prior: Option<&Value>,
) -> Vec<(Str, Value)> {
    let plan = |argument: &Argument| {
        let config = config.attribute(&argument.name);
        let prior = prior.map(|prior| prior.attribute(&argument.name));
        (argument.name.clone(), plan_argument(argument, &config, prior.as_ref()))
    };
    arguments.iter().map(plan).collect()
}

fn plan_argument(argument: &Argument, config: &Value, prior: Option<&Value>) -> Value {
    if argument.write_only {
        return Value::Null(argument.ty());
    }
    match &argument.shape {
        Shape::Blocks(block) if argument.is_configurable() => plan_blocks(argument, block, config, prior),
        _ => plan_plain(argument, config, prior),
    }
}

fn plan_plain(argument: &Argument, config: &Value, prior: Option<&Value>) -> Value {
    let ty = argument.ty();
    if let Some(prior) = prior.filter(|_| argument.sameness == Sameness::NeverAfterCreate) {
        return prior.clone();
    }
    let wanted = match (config, &argument.default) {
        (config, _) if !config.is_wholly_known() => return config.clone(),
        (config, None) if config.is_null() || argument.presence == Presence::Computed => {
            return match prior {
                Some(prior) if argument.is_computed() || is_zero(prior) => prior.clone(),
                None if argument.is_computed() => Value::unknown(ty),
                _ => Value::Null(ty),
            };
        }
        (config, Some(default)) if config.is_null() => default.clone(),
        (config, _) => normal_form(argument, config.clone()),
    };
    match prior {
        Some(prior) if is_same(argument, prior, &wanted) => prior.clone(),
        _ => wanted,
    }
}

fn plan_blocks(argument: &Argument, block: &BlockShape, config: &Value, prior: Option<&Value>) -> Value {
    let ty = argument.ty();
    if !config.is_known() {
        return Value::unknown(ty);
    }
    let elements = config.as_sequence().unwrap_or_default();
    if elements.is_empty() {
        // An empty list written like an attribute says that there are none; no blocks say nothing.
        let is_silent = !argument.as_attribute || config.is_null();
        return match prior {
            Some(prior) if (argument.is_computed() && is_silent) || is_zero(prior) => prior.clone(),
            None if argument.is_computed() && is_silent => Value::unknown(ty),
            _ => gathered(block, Vec::new()),
        };
    }
    let known = prior.and_then(Value::as_sequence).unwrap_or_default();
    let mut same = SameBlocks::new(block, known);
    let planned: Vec<Value> = elements
        .iter()
        .enumerate()
        .map(|(position, element)| plan_element(block, element, same.take(position, element)))
        .collect();
    gathered(block, planned)
}

fn plan_element(block: &BlockShape, config: &Value, prior: Option<&Value>) -> Value {
    if !config.is_known() {
        return Value::unknown(block.element_type());
    }
    Value::object(plan_object(&block.arguments, config, prior))
}

fn gathered(block: &BlockShape, elements: Vec<Value>) -> Value {
    let element_type: Type = block.element_type();
    if block.is_set { Value::set(element_type, elements) } else { Value::list(element_type, elements) }
}

/// Finds for each block the one that it was: lists by position, sets by what identifies a block.
struct SameBlocks<'a> {
    block: &'a BlockShape,
    known: &'a [Value],
    by_key: HashMap<String, &'a Value>,
}

impl<'a> SameBlocks<'a> {
    fn new(block: &'a BlockShape, known: &'a [Value]) -> Self {
        let by_key = if block.is_set {
            known.iter().map(|value| (block_key(block, value), value)).collect()
        } else {
            HashMap::new()
        };
        Self { block, known, by_key }
    }

    fn take(&mut self, position: usize, config: &Value) -> Option<&'a Value> {
        if !self.block.is_set {
            return self.known.get(position);
        }
        if !config.is_wholly_known() {
            return None;
        }
        self.by_key.remove(&block_key(self.block, config))
    }
}
