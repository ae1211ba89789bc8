//! Configuration for existing objects: the block that would make an object as it is.

use std::collections::BTreeSet;

use terrane_language::functions::{decode_json, expression_text};
use terrane_language::syntax::lay_out_source;
use terrane_model::{
    Attribute, AttributeKind, Block, NestedAttributes, NestedBlock, Nesting, ResourceAddress, Str, Value,
};

/// Writes the `resource` block of an object, without a line end behind it. `provider` is what the block says about
/// its provider configuration, where that is not the default one.
///
/// What only the provider sets, what is deprecated and the id that every object has are left out; secrets are null,
/// for people to fill in.
pub fn resource_text(
    address: &ResourceAddress,
    provider: Option<&str>,
    block: &Block,
    value: &Value,
) -> String {
    let mut text = format!("resource {} {} {{\n", quoted(&address.resource_type), quoted(&address.name));
    if let Some(provider) = provider {
        text.push_str(&format!("provider = {provider}\n"));
    }
    write_body(&mut text, block, value);
    text.push('}');
    lay_out_source(&text)
}

/// Returns the value of the configuration that [`resource_text`] writes, secrets included; some arguments are left out.
pub fn configuration_of(block: &Block, value: &Value, without: &BTreeSet<Str>) -> Value {
    let attributes = block.attributes().iter().map(|(name, attribute)| {
        let part = value.attribute(name);
        let says_nothing = attribute.optional && part.as_str().is_some_and(|text| text.is_empty());
        let is_kept = is_written(name, attribute) && !says_nothing && !without.contains(name);
        (name.clone(), if is_kept { part } else { Value::Null(attribute.ty()) })
    });
    let blocks = block.block_types().iter().map(|(name, nested)| {
        let is_kept = !nested.block.deprecated && !without.contains(name);
        (name.clone(), blocks_of(nested, value.attribute(name), is_kept))
    });
    Value::object(attributes.chain(blocks).collect::<Vec<_>>())
}

fn blocks_of(nested: &NestedBlock, value: Value, is_kept: bool) -> Value {
    let ty = nested.block.implied_type().clone();
    let none = BTreeSet::new();
    let inner = |object: &Value| configuration_of(&nested.block, object, &none);
    let elements = value.as_sequence().filter(|_| is_kept).unwrap_or_default().iter().map(inner);
    match nested.nesting {
        Nesting::List => Value::list(ty, elements.collect::<Vec<_>>()),
        Nesting::Set => Value::set(ty, elements.collect::<Vec<_>>()),
        Nesting::Map => {
            let entries = value.as_entries().filter(|_| is_kept).unwrap_or_default().iter();
            Value::map(ty, entries.map(|(key, object)| (key.clone(), inner(object))).collect::<Vec<_>>())
        }
        Nesting::Single | Nesting::Group if value.is_null() || !is_kept => Value::Null(ty),
        Nesting::Single | Nesting::Group => inner(&value),
    }
}

fn quoted(text: &str) -> String {
    expression_text(&Value::string(text))
}

fn write_body(text: &mut String, block: &Block, value: &Value) {
    for (name, attribute) in block.attributes() {
        if is_written(name, attribute) {
            write_attribute(text, name, attribute, value);
        }
    }
    for (name, nested) in block.block_types().iter().filter(|(_, nested)| !nested.block.deprecated) {
        write_blocks(text, name, nested, &value.attribute(name));
    }
}

fn is_written(name: &str, attribute: &Attribute) -> bool {
    // The old plugin SDK gives every resource an id that can be written, and refuses it when it is.
    let is_implied_id = name == "id" && attribute.optional && attribute.computed;
    attribute.is_configurable() && attribute.deprecated.is_none() && !is_implied_id
}

fn write_attribute(text: &mut String, name: &str, attribute: &Attribute, object: &Value) {
    let value = object.attribute(name);
    let is_secret = attribute.sensitive || value.contains_marks();
    let written = match (&attribute.kind, is_secret) {
        (_, true) => "null # sensitive".to_owned(),
        (AttributeKind::Nested(nested), _) => expression_text(&configurable(nested, &value)),
        // Providers on the old SDK say "" where they mean nothing.
        (_, _) if attribute.optional && value.as_str().is_some_and(|text| text.is_empty()) => {
            "null".to_owned()
        }
        (AttributeKind::Plain(_), _) => plain_text(&value),
    };
    text.push_str(&format!("{name} = {written}\n"));
}

/// Text that holds a JSON object or array is written as that.
fn plain_text(value: &Value) -> String {
    let decoded = value.as_str().and_then(|text| {
        let starts_one = text.trim_start().starts_with(['{', '[']);
        decode_json(text).ok().filter(|_| starts_one)
    });
    match decoded {
        Some(decoded) => format!("jsonencode({})", expression_text(&decoded)),
        None => expression_text(value),
    }
}

/// Leaves of nested attributes what can be written.
fn configurable(nested: &NestedAttributes, value: &Value) -> Value {
    let one = |object: &Value| {
        if object.is_null() {
            return Value::dynamic_null();
        }
        let written =
            nested.block.attributes().iter().filter(|(name, attribute)| is_written(name, attribute));
        let parts = written.map(|(name, attribute)| {
            let part = object.attribute(name);
            let part = match &attribute.kind {
                _ if attribute.sensitive || part.contains_marks() => Value::dynamic_null(),
                AttributeKind::Nested(deeper) => configurable(deeper, &part),
                AttributeKind::Plain(_) => part,
            };
            (name.clone(), part)
        });
        Value::object(parts.collect::<Vec<(Str, Value)>>())
    };
    if value.is_null() {
        return Value::dynamic_null();
    }
    match nested.nesting {
        Nesting::Single | Nesting::Group => one(value),
        Nesting::List | Nesting::Set => {
            Value::tuple(value.as_sequence().unwrap_or_default().iter().map(one).collect::<Vec<_>>())
        }
        Nesting::Map => {
            let entries = value.as_entries().unwrap_or_default().iter();
            Value::object(entries.map(|(key, object)| (key.clone(), one(object))).collect::<Vec<_>>())
        }
    }
}

fn write_blocks(text: &mut String, name: &str, nested: &NestedBlock, value: &Value) {
    let mut write = |label: Option<&str>, object: &Value| {
        let label = label.map(|label| format!("{} ", quoted(label))).unwrap_or_default();
        if object.contains_marks() {
            text.push_str(&format!("{name} {label}{{}} # sensitive\n"));
            return;
        }
        text.push_str(&format!("{name} {label}{{\n"));
        write_body(text, &nested.block, object);
        text.push_str("}\n");
    };
    match nested.nesting {
        Nesting::Single | Nesting::Group if value.is_null() || has_nothing(&nested.block, value) => {}
        Nesting::Single | Nesting::Group => write(None, value),
        Nesting::List | Nesting::Set => {
            value.as_sequence().unwrap_or_default().iter().for_each(|object| write(None, object));
        }
        Nesting::Map => {
            for (key, object) in value.as_entries().unwrap_or_default() {
                write(Some(key), object);
            }
        }
    }
}

/// A block that is always there and of which nothing is set need not be written.
fn has_nothing(block: &Block, value: &Value) -> bool {
    block.attributes().iter().all(|(name, _)| value.attribute(name).is_null())
        && block.block_types().iter().all(|(name, nested)| match value.attribute(name) {
            part if part.is_null() => true,
            part => match nested.nesting {
                Nesting::Single | Nesting::Group => has_nothing(&nested.block, &part),
                _ => part.element_count() == Some(0),
            },
        })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use terrane_model::Type;

    use super::*;

    fn block() -> Block {
        let rule = Block::new(
            [
                ("port".into(), Attribute::required(Type::Number)),
                ("etag".into(), Attribute::computed(Type::String)),
            ],
            [],
        );
        let timeouts = Block::new([("create".into(), Attribute::optional(Type::String))], []);
        let nest = |block: Block, nesting| NestedBlock {
            nesting,
            block: Arc::new(block),
            min_items: 0,
            max_items: 0,
        };
        Block::new(
            [
                ("id".into(), Attribute::optional_computed(Type::String)),
                ("name".into(), Attribute::required(Type::String)),
                ("note".into(), Attribute::optional(Type::String)),
                ("password".into(), Attribute::optional(Type::String).sensitive()),
                ("policy".into(), Attribute::optional(Type::String)),
                ("tags".into(), Attribute::optional(Type::map(Type::String))),
                ("url".into(), Attribute::computed(Type::String)),
            ],
            [
                ("rule".into(), nest(rule, Nesting::List)),
                ("timeouts".into(), nest(timeouts, Nesting::Single)),
            ],
        )
    }

    #[test]
    fn objects_are_written_as_blocks() {
        let rule_type = Type::object([("etag", Type::String), ("port", Type::Number)]);
        let rule = Value::object([("etag", Value::from("e")), ("port", 80.into())]);
        let value = Value::object([
            ("id", Value::from("i")),
            ("name", "a ${b}".into()),
            ("note", "".into()),
            ("password", "secret".into()),
            ("policy", "{\"a\":[1]}".into()),
            ("tags", Value::map(Type::String, [("k", Value::from("v"))])),
            ("url", "u".into()),
            ("rule", Value::list(rule_type, [rule])),
            ("timeouts", Value::Null(Type::object([("create", Type::String)]))),
        ]);
        let address = ResourceAddress {
            mode: terrane_model::ResourceMode::Managed,
            resource_type: "example_thing".into(),
            name: "a".into(),
        };
        let expected = r#"resource "example_thing" "a" {
  provider = example.x
  name     = "a $${b}"
  note     = null
  password = null # sensitive
  policy = jsonencode({
    a = [1]
  })
  tags = {
    k = "v"
  }
  rule {
    port = 80
  }
}"#;
        assert_eq!(resource_text(&address, Some("example.x"), &block(), &value), expected);
    }
}
