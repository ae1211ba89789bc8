//! Schemas of both versions of the protocol.

use prost::Message;
use terrane_model::{AttributeKind, Nesting, Type};
use terrane_provider::ProviderSchemas;

use super::fake_plugin::{attribute, encode_attribute, schema, schemas};
use crate::method::Protocol;
use crate::schema_from_wire::read_schemas;
use crate::tfplugin6::WireAttribute;
use crate::wire::schema as wire;

fn read(protocol: Protocol, response: &wire::GetProviderSchemaResponse) -> Result<ProviderSchemas, String> {
    // Through bytes, as from a plugin.
    let response = wire::GetProviderSchemaResponse::decode(&*response.encode_to_vec()).unwrap();
    read_schemas(protocol, &response, &wire::GetIdentitySchemasResponse::default())
        .map_err(|error| error.to_string())
}

fn with_attribute(protocol: Protocol, attribute: WireAttribute) -> wire::GetProviderSchemaResponse {
    let attributes = vec![encode_attribute(protocol, attribute)];
    let block = wire::Block { attributes, ..wire::Block::default() };
    let thing = wire::Schema { version: 1, block: Some(block) };
    wire::GetProviderSchemaResponse { resources: [("thing".to_owned(), thing)].into(), ..schemas(protocol) }
}

fn object(nesting: wire::Nesting, attribute: WireAttribute) -> WireAttribute {
    let object =
        wire::NestedObject { attributes: vec![attribute.encode_to_vec().into()], nesting: nesting.into() };
    WireAttribute { name: "inner".to_owned(), nested_type: Some(object), ..WireAttribute::default() }
}

#[test]
fn attributes_say_the_same_in_both_versions() {
    for protocol in Protocol::ALL {
        let sent = WireAttribute {
            description: "Says something.".to_owned(),
            required: true,
            optional: false,
            sensitive: true,
            write_only: true,
            deprecated: true,
            deprecation_message: "Use other.".to_owned(),
            ..attribute("secret", &Type::list(Type::String))
        };
        let schemas = read(protocol, &with_attribute(protocol, sent)).unwrap();
        let read = schemas.resources["thing"].schema.block.attribute("secret").unwrap().clone();
        assert_eq!(read.kind, AttributeKind::Plain(Type::list(Type::String)));
        assert!(read.required && !read.optional && !read.computed && read.sensitive && read.write_only);
        assert_eq!(read.deprecated.as_deref(), Some("Use other."));
        assert_eq!(read.description, "Says something.");
    }
}

#[test]
fn nested_types_are_attributes_with_blocks() {
    for (sent, nesting, ty) in [
        (wire::Nesting::Single, Nesting::Single, Type::object([("a", Type::Bool)])),
        (wire::Nesting::List, Nesting::List, Type::list(Type::object([("a", Type::Bool)]))),
        (wire::Nesting::Set, Nesting::Set, Type::set(Type::object([("a", Type::Bool)]))),
        (wire::Nesting::Map, Nesting::Map, Type::map(Type::object([("a", Type::Bool)]))),
    ] {
        let response = with_attribute(Protocol::V6, object(sent, attribute("a", &Type::Bool)));
        let schemas = read(Protocol::V6, &response).unwrap();
        let inner = schemas.resources["thing"].schema.block.attribute("inner").unwrap().clone();
        assert_eq!(inner.ty(), ty);
        assert!(matches!(inner.kind, AttributeKind::Nested(nested) if nested.nesting == nesting));
    }
}

#[test]
fn blocks_are_nested_with_their_limits() {
    let protocol = Protocol::V5;
    let nested = wire::NestedBlock {
        type_name: "rule".to_owned(),
        block: schema(protocol, &["port"]).block,
        nesting: wire::Nesting::Group.into(),
        min_items: 1,
        max_items: -1,
    };
    let block = wire::Block { block_types: vec![nested], ..wire::Block::default() };
    let thing = wire::Schema { version: 0, block: Some(block) };
    let response = wire::GetProviderSchemaResponse {
        resources: [("thing".to_owned(), thing)].into(),
        ..schemas(protocol)
    };
    let schemas = read(protocol, &response).unwrap();
    let rule = schemas.resources["thing"].schema.block.block_type("rule").unwrap().clone();
    assert_eq!((rule.nesting, rule.min_items, rule.max_items), (Nesting::Group, 1, 0));
    assert!(rule.block.attribute("port").is_some());
    assert!(schemas.provider_meta.is_some() && !schemas.capabilities.plan_destroy);
}

#[test]
fn schemas_without_sense_are_refused_with_their_place() {
    let protocol = Protocol::V6;
    let broken_type = WireAttribute { ty: "\"colour\"".into(), ..attribute("shade", &Type::Bool) };
    let no_nesting = object(wire::Nesting::Invalid, attribute("a", &Type::Bool));
    let no_attribute = wire::Block { attributes: vec!["\u{8}".into()], ..wire::Block::default() };
    let no_attribute = wire::Schema { version: 0, block: Some(no_attribute) };
    let deep = (0..70).fold(attribute("a", &Type::Bool), |inner, _| object(wire::Nesting::Single, inner));
    let mute = wire::Function::default();
    let all = [
        wire::GetProviderSchemaResponse::default(),
        with_attribute(protocol, broken_type.clone()),
        with_attribute(protocol, object(wire::Nesting::List, broken_type)),
        with_attribute(protocol, no_nesting),
        wire::GetProviderSchemaResponse {
            data_sources: [("thing".to_owned(), no_attribute)].into(),
            ..schemas(protocol)
        },
        with_attribute(protocol, deep),
        wire::GetProviderSchemaResponse {
            functions: [("mute".to_owned(), mute)].into(),
            ..schemas(protocol)
        },
    ];
    let problems = all.map(|response| {
        let problem = read(protocol, &response).unwrap_err();
        problem.replace(&"inner.".repeat(30), "… ")
    });
    insta::assert_snapshot!(problems.join("\n"), @r#"
    in the schema of the provider block: it is missing
    in the schema of thing.shade: the type "\"colour\"" cannot be read: invalid type description
    in the schema of thing.inner.shade: the type "\"colour\"" cannot be read: invalid type description
    in the schema of thing.inner: the nesting mode is missing or unknown
    in the schema of thing: invalid attribute: failed to decode Protobuf message: WireAttribute.name: invalid wire type: Varint (expected LengthDelimited)
    in the schema of thing.… … inner.inner.inner.inner: blocks are nested more than 64 levels deep
    in the schema of mute: the function says not what it returns
    "#);
}
