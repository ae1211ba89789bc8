//! `lifecycle { ignore_changes = … }`: the prior value takes the place of what the configuration says.

use terrane_language::config::module::IgnoreChanges;
use terrane_language::syntax::tree::{StepKind, Traversal};
use terrane_model::{AttributePath, Block, IndexKey, PathStep, Str, Value};

/// Returns the configuration with prior values where changes are to be ignored. Both without marks; without a
/// prior object there is nothing to ignore.
pub fn apply_ignore_changes(ignore: &IgnoreChanges, prior: &Value, config: &Value, schema: &Block) -> Value {
    if prior.is_null() || config.is_null() {
        return config.clone();
    }
    match ignore {
        IgnoreChanges::None => config.clone(),
        IgnoreChanges::All => ignore_all(prior, config, schema),
        IgnoreChanges::Attributes(traversals) => traversals
            .iter()
            .fold(config.clone(), |config, traversal| replace_at(&config, prior, &path_of(traversal).0)),
    }
}

/// Everything that the configuration could set keeps its prior value; what only the provider sets stays unset.
fn ignore_all(prior: &Value, config: &Value, schema: &Block) -> Value {
    let attributes = schema.attributes().iter().map(|(name, attribute)| {
        let value = if attribute.is_configurable() { prior.attribute(name) } else { config.attribute(name) };
        (name.clone(), value)
    });
    let blocks = schema.block_types().iter().map(|(name, _)| (name.clone(), prior.attribute(name)));
    Value::object(attributes.chain(blocks))
}

/// Returns a traversal as a path into a resource's value.
fn path_of(traversal: &Traversal) -> AttributePath {
    let first = PathStep::Attribute(traversal.root.name.clone());
    let rest = traversal.steps.iter().map(|step| match &step.kind {
        StepKind::Attribute(name) => PathStep::Attribute(name.clone()),
        StepKind::StringKey(key) => PathStep::Index(IndexKey::Key(key.clone())),
        StepKind::NumberKey(number) => {
            PathStep::Index(IndexKey::Position(number.parse().unwrap_or(usize::MAX)))
        }
    });
    AttributePath([first].into_iter().chain(rest).collect())
}

fn replace_at(config: &Value, prior: &Value, steps: &[PathStep]) -> Value {
    let Some((step, rest)) = steps.split_first() else { return prior.clone() };
    if let (Value::Object(_), [PathStep::Index(IndexKey::Key(_))]) = (config, steps) {
        // Only maps have elements that come and go: of anything else, an index at the end stands for the whole.
        return prior.clone();
    }
    match (config, step) {
        (Value::Object(object), PathStep::Attribute(name) | PathStep::Index(IndexKey::Key(name))) => {
            let prior = prior.attribute(name);
            let attributes = object.attributes().iter().map(|(other, value)| {
                let value = if other == name { replace_at(value, &prior, rest) } else { value.clone() };
                (other.clone(), value)
            });
            Value::object(attributes)
        }
        (Value::Map(_) | Value::Null(_), PathStep::Attribute(key) | PathStep::Index(IndexKey::Key(key))) => {
            replace_in_map(config, prior, key, rest)
        }
        (Value::List(_) | Value::Tuple(_), PathStep::Index(IndexKey::Position(position))) => {
            let Some(prior) = prior.as_sequence().and_then(|elements| elements.get(*position)) else {
                return config.clone();
            };
            let elements =
                config.as_sequence().unwrap_or_default().iter().enumerate().map(|(index, element)| {
                    if index == *position { replace_at(element, prior, rest) } else { element.clone() }
                });
            let elements: Vec<Value> = elements.collect();
            match config {
                Value::List(list) => Value::list(list.element_type().clone(), elements),
                _ => Value::tuple(elements),
            }
        }
        _ => config.clone(),
    }
}

/// A key that the prior map has is kept, one that it lacks is dropped, whatever the configuration says of it.
fn replace_in_map(config: &Value, prior: &Value, key: &Str, rest: &[PathStep]) -> Value {
    let prior_element = prior.get(key);
    let entries = config.as_entries().unwrap_or_default();
    let others = entries.iter().filter(|(other, _)| other != key).cloned();
    let kept = match (prior_element, config.get(key)) {
        (Some(prior), Some(config)) => Some(replace_at(config, prior, rest)),
        (Some(prior), None) => Some(prior.clone()),
        (None, _) => None,
    };
    let entries: Vec<(Str, Value)> = others.chain(kept.map(|value| (key.clone(), value))).collect();
    if entries.is_empty() && config.is_null() {
        return config.clone();
    }
    let element_type = match (config, prior) {
        (Value::Map(map), _) | (_, Value::Map(map)) => map.element_type().clone(),
        _ => return config.clone(),
    };
    Value::map(element_type, entries)
}
