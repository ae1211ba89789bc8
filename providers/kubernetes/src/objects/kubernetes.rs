//! `hashicorp/kubernetes`: what the provider offers.

use terrane_model::{Attribute, Block, NestedBlock, Nesting, Type};

use super::any::functions;
use super::any::manifest::Manifest;
use super::any::patch::{Part, Patch};
use super::any::sources::{ManyObjects, OneObject};
use super::provider::Catalog;
use super::table::shape::Shapes;
use super::typed::TypedObject;
use super::typed::once::{Asked, Once};
use super::typed::source::{AllNamespaces, Nodes, ServerVersion, TypedSource};
use super::types::{self, ObjectType};

/// Makes the catalog.
pub(crate) fn kubernetes_catalog() -> Catalog {
    let mut catalog = Catalog::new(provider_block());
    let mut shapes = Shapes::default();
    for ty in types::ALL {
        catalog.add_resource(ty.name, TypedObject::new(*ty, &mut shapes));
        if let Some(alias) = ty.alias {
            let ty = ObjectType { is_deprecated: true, ..*ty };
            catalog.add_resource(alias, TypedObject::new(ty, &mut shapes));
        }
    }
    for ty in types::data::SOURCES {
        catalog.add_data_source(ty.name, TypedSource::new(*ty, false, &mut shapes));
        if let Some(alias) = ty.alias {
            catalog.add_data_source(alias, TypedSource::new(*ty, true, &mut shapes));
        }
    }
    let (token, certificate) =
        (Once::new(Asked::Token, &mut shapes), Once::new(Asked::Certificate, &mut shapes));
    catalog.add_resource("kubernetes_token_request_v1", token);
    catalog.add_resource("kubernetes_certificate_signing_request_v1", certificate);
    catalog.add_data_source("kubernetes_all_namespaces", AllNamespaces);
    catalog.add_data_source("kubernetes_nodes", Nodes::new(&mut shapes));
    catalog.add_data_source("kubernetes_server_version", ServerVersion);
    catalog.add_resource("kubernetes_manifest", Manifest::new());
    for (name, part) in [
        ("kubernetes_annotations", Part::Annotations),
        ("kubernetes_config_map_v1_data", Part::ConfigMapData),
        ("kubernetes_labels", Part::Labels),
        ("kubernetes_secret_v1_data", Part::SecretData),
    ] {
        catalog.add_resource(name, Patch::new(part));
    }
    for (name, signature, body) in functions::all() {
        catalog.schemas.functions.insert(name.into(), signature);
        catalog.functions.insert(name.into(), body);
    }
    catalog.add_data_source("kubernetes_resource", OneObject);
    catalog.add_data_source("kubernetes_resources", ManyObjects);
    catalog
}

/// Returns the schema of the `provider` block.
fn provider_block() -> Block {
    let text = || Attribute::optional(Type::String);
    let texts = || Attribute::optional(Type::list(Type::String));
    let exec = Block::new(
        [
            ("api_version".into(), Attribute::required(Type::String)),
            ("args".into(), texts()),
            ("command".into(), Attribute::required(Type::String)),
            ("env".into(), Attribute::optional(Type::map(Type::String))),
        ],
        [],
    );
    let manifest_resource = Attribute {
        deprecated: Some("The resource is no experiment any more.".into()),
        ..Attribute::optional(Type::Bool)
    };
    let experiments = Block::new([("manifest_resource".into(), manifest_resource)], []);
    let blocks = |block: Block| NestedBlock {
        nesting: Nesting::List,
        block: block.into(),
        min_items: 0,
        max_items: 0,
    };
    Block::new(
        [
            ("client_certificate".into(), text()),
            ("client_key".into(), text()),
            ("cluster_ca_certificate".into(), text()),
            ("config_context".into(), text()),
            ("config_context_auth_info".into(), text()),
            ("config_context_cluster".into(), text()),
            ("config_path".into(), text()),
            ("config_paths".into(), texts()),
            ("host".into(), text()),
            ("ignore_annotations".into(), texts()),
            ("ignore_labels".into(), texts()),
            ("insecure".into(), Attribute::optional(Type::Bool)),
            ("password".into(), text()),
            ("proxy_url".into(), text()),
            ("tls_server_name".into(), text()),
            ("token".into(), text()),
            ("username".into(), text()),
        ],
        [("exec".into(), blocks(exec)), ("experiments".into(), blocks(experiments))],
    )
}
