//! The proposed new state: the configuration, with the prior state in the places that it leaves to the
//! provider.
//!
//! An argument that is set counts. One that is not set keeps its prior value if the provider may choose it, and is
//! null otherwise. Elements of sets have no identity of their own, so a prior element is recognised by
//! everything in it that the configuration sets. The rules are those of Terraform's `objchange.ProposedNew`.

use terrane_model::{Attribute, AttributeKind, Block, NestedBlock, Nesting, Str, Value};

/// Merges a configuration into a prior state. Both must be of the schema's type, without marks; `prior` may be
/// null, in which case everything that the provider chooses is unknown.
pub fn propose_new(schema: &Block, prior: &Value, config: &Value) -> Value {
    if config.is_null() || !config.is_known() {
        return prior.clone();
    }
    if prior.is_null() {
        return propose_block(schema, &all_unknown(schema), config);
    }
    propose_block(schema, prior, config)
}

/// A prior value for an object that does not exist yet: what the provider chooses is unknown.
fn all_unknown(schema: &Block) -> Value {
    let attributes = schema.attributes().iter().map(|(name, attribute)| {
        let value =
            if attribute.computed { Value::unknown(attribute.ty()) } else { Value::Null(attribute.ty()) };
        (name.clone(), value)
    });
    let blocks = schema.block_types().iter().map(|(name, nested)| {
        let value = match nested.nesting {
            Nesting::Single | Nesting::Group => all_unknown(&nested.block),
            _ => nested.empty_value(),
        };
        (name.clone(), value)
    });
    Value::object(attributes.chain(blocks))
}

fn propose_block(schema: &Block, prior: &Value, config: &Value) -> Value {
    if config.is_null() || !config.is_known() {
        return config.clone();
    }
    let attributes = schema.attributes().iter().map(|(name, attribute)| {
        let value = propose_attribute(attribute, &part(prior, name), &part(config, name));
        (name.clone(), value)
    });
    let blocks = schema.block_types().iter().map(|(name, nested)| {
        let value = propose_nested_block(nested, &part(prior, name), &part(config, name));
        (name.clone(), value)
    });
    Value::object(attributes.chain(blocks))
}

fn part(value: &Value, name: &str) -> Value {
    value.attribute(name)
}

fn propose_attribute(attribute: &Attribute, prior: &Value, config: &Value) -> Value {
    if attribute.write_only {
        return Value::Null(attribute.ty());
    }
    if config.is_null() && attribute.computed {
        // What the configuration could have set but does not is kept, so that removing an argument does not
        // by itself undo it; whether it should is the provider's to say.
        return prior.clone();
    }
    match &attribute.kind {
        AttributeKind::Nested(nested) if !config.is_null() && config.is_known() => {
            propose_gathered(nested.nesting, prior, config, &|prior, config| {
                propose_object(&nested.block, prior, config)
            })
        }
        _ => config.clone(),
    }
}

/// Objects inside attributes: like blocks, but they may be null as a whole.
fn propose_object(schema: &Block, prior: &Value, config: &Value) -> Value {
    if config.is_null() || !config.is_known() {
        return config.clone();
    }
    let prior = if prior.is_null() { all_unknown(schema) } else { prior.clone() };
    propose_block(schema, &prior, config)
}

fn propose_nested_block(nested: &NestedBlock, prior: &Value, config: &Value) -> Value {
    if !config.is_known() {
        return config.clone();
    }
    match nested.nesting {
        Nesting::Single if config.is_null() => config.clone(),
        _ => propose_gathered(nested.nesting, prior, config, &|prior, config| {
            let prior = if prior.is_null() { all_unknown(&nested.block) } else { prior.clone() };
            propose_block(&nested.block, &prior, config)
        }),
    }
}

/// Merges element by element, by the way in which the elements are gathered.
fn propose_gathered(
    nesting: Nesting,
    prior: &Value,
    config: &Value,
    merge: &dyn Fn(&Value, &Value) -> Value,
) -> Value {
    let nothing = Value::dynamic_null();
    match nesting {
        Nesting::Single | Nesting::Group => merge(prior, config),
        Nesting::List => {
            let priors = prior.as_sequence().unwrap_or_default();
            let elements = config.as_sequence().unwrap_or_default().iter().enumerate();
            let merged: Vec<Value> = elements
                .map(|(position, element)| merge(priors.get(position).unwrap_or(&nothing), element))
                .collect();
            rebuild_sequence(config, merged)
        }
        Nesting::Map => {
            let entries = config.as_entries().unwrap_or_default().iter();
            let merged = entries
                .map(|(key, element)| (key.clone(), merge(prior.get(key).unwrap_or(&nothing), element)));
            rebuild_entries(config, merged.collect())
        }
        Nesting::Set => {
            let mut unused: Vec<&Value> = prior.as_sequence().unwrap_or_default().iter().collect();
            let elements = config.as_sequence().unwrap_or_default().iter().map(|element| {
                let twin = unused.iter().position(|candidate| is_prior_of(candidate, element));
                let prior = twin.map(|position| unused.remove(position));
                merge(prior.unwrap_or(&nothing), element)
            });
            rebuild_sequence(config, elements.collect())
        }
    }
}

/// Tells whether a prior element of a set agrees with everything that a configured element sets.
fn is_prior_of(prior: &Value, config: &Value) -> bool {
    match (prior, config) {
        (_, Value::Null(_)) => true,
        (_, Value::Unknown(_)) => false,
        (Value::Object(prior), Value::Object(config)) => config
            .attributes()
            .iter()
            .all(|(name, value)| prior.get(name).is_some_and(|prior| is_prior_of(prior, value))),
        (Value::List(_) | Value::Tuple(_), Value::List(_) | Value::Tuple(_)) => {
            let (prior, config) =
                (prior.as_sequence().unwrap_or_default(), config.as_sequence().unwrap_or_default());
            prior.len() == config.len()
                && prior.iter().zip(config).all(|(prior, config)| is_prior_of(prior, config))
        }
        (Value::Map(_), Value::Map(_)) => {
            let (prior, config) =
                (prior.as_entries().unwrap_or_default(), config.as_entries().unwrap_or_default());
            prior.len() == config.len()
                && prior
                    .iter()
                    .zip(config)
                    .all(|((a, prior), (b, config))| a == b && is_prior_of(prior, config))
        }
        (Value::Set(prior), Value::Set(config)) => {
            prior.elements().len() == config.elements().len()
                && config
                    .elements()
                    .iter()
                    .all(|element| prior.elements().iter().any(|p| is_prior_of(p, element)))
        }
        (prior, config) => prior.raw_equals(config),
    }
}

fn rebuild_sequence(like: &Value, elements: Vec<Value>) -> Value {
    match like {
        Value::List(list) => Value::list(list.element_type().clone(), elements),
        Value::Set(set) => Value::set(set.element_type().clone(), elements),
        _ => Value::tuple(elements),
    }
}

fn rebuild_entries(like: &Value, entries: Vec<(Str, Value)>) -> Value {
    match like {
        Value::Map(map) => Value::map(map.element_type().clone(), entries),
        _ => Value::object(entries),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use terrane_model::Type;

    use super::*;

    fn schema() -> Block {
        let inner = Block::new(
            [
                ("name".into(), Attribute::required(Type::String)),
                ("id".into(), Attribute::computed(Type::String)),
            ],
            [],
        );
        let nested =
            |nesting| NestedBlock { nesting, block: Arc::new(inner.clone()), min_items: 0, max_items: 0 };
        Block::new(
            [
                ("id".into(), Attribute::computed(Type::String)),
                ("size".into(), Attribute::optional(Type::Number)),
                ("zone".into(), Attribute::optional_computed(Type::String)),
            ],
            [("list".into(), nested(Nesting::List)), ("set".into(), nested(Nesting::Set))],
        )
    }

    fn inner(name: &str, id: Value) -> Value {
        Value::object([("name", name.into()), ("id", id)])
    }

    fn value(id: Value, size: Value, zone: Value, list: Vec<Value>, set: Vec<Value>) -> Value {
        let ty = Type::object([("name", Type::String), ("id", Type::String)]);
        Value::object([
            ("id", id),
            ("size", size),
            ("zone", zone),
            ("list", Value::list(ty.clone(), list)),
            ("set", Value::set(ty, set)),
        ])
    }

    fn null() -> Value {
        Value::Null(Type::String)
    }

    #[test]
    fn what_the_provider_chooses_is_unknown_at_first() {
        let config = value(null(), 3.into(), null(), vec![inner("a", null())], vec![]);
        let proposed = propose_new(&schema(), &Value::dynamic_null(), &config);
        let unknown = || Value::unknown(Type::String);
        assert_eq!(proposed, value(unknown(), 3.into(), unknown(), vec![inner("a", unknown())], vec![]));
    }

    #[test]
    fn prior_values_stay_where_nothing_is_set() {
        let prior = value(
            "i".into(),
            3.into(),
            "z".into(),
            vec![inner("a", "1".into())],
            vec![inner("b", "2".into()), inner("c", "3".into())],
        );
        let number = Value::Null(Type::Number);
        let config =
            value(null(), number.clone(), null(), vec![inner("x", null())], vec![inner("c", null())]);
        let proposed = propose_new(&schema(), &prior, &config);
        assert_eq!(
            proposed,
            value("i".into(), number, "z".into(), vec![inner("x", "1".into())], vec![inner("c", "3".into())])
        );
    }
}
