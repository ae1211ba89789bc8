//! What `kreuzwerker/docker` offers here: two data sources.

use std::collections::BTreeMap;
use std::sync::Arc;

use terrane_model::{Attribute, Block, NestedBlock, Nesting, Schema, Str, Type};
use terrane_provider::ProviderSchemas;

/// Returns the type of one entry of a network's `ipam_config`.
pub(super) fn ipam_config_type() -> Type {
    Type::object([
        ("aux_address", Type::map(Type::String)),
        ("gateway", Type::String),
        ("ip_range", Type::String),
        ("subnet", Type::String),
    ])
}

/// Returns all schemas.
pub(super) fn schemas() -> ProviderSchemas {
    let data_sources = [("docker_network", network()), ("docker_image", image())];
    ProviderSchemas {
        provider: Arc::new(provider_block()),
        data_sources: data_sources
            .into_iter()
            .map(|(name, block)| (Str::from(name), Schema { version: 0, block: Arc::new(block) }))
            .collect::<BTreeMap<_, _>>(),
        ..ProviderSchemas::default()
    }
}

fn text(description: &str) -> Attribute {
    Attribute::optional(Type::String).describe(description)
}

fn found(ty: Type, description: &str) -> Attribute {
    Attribute::computed(ty).describe(description)
}

fn block<const A: usize>(attributes: [(&str, Attribute); A]) -> Block {
    Block::new(attributes.map(|(name, attribute)| (Str::from(name), attribute)), [])
}

fn provider_block() -> Block {
    let registry_auth = block([
        ("address", Attribute::required(Type::String).describe("Address of the registry.")),
        (
            "auth_disabled",
            Attribute::optional(Type::Bool).describe("Whether the registry is asked as nobody."),
        ),
        ("config_file", text("Path of the Docker client's configuration.")),
        ("config_file_content", text("The Docker client's configuration.")),
        ("password", text("Password of the registry.").sensitive()),
        ("username", text("User name at the registry.")),
    ]);
    let registry_auth =
        NestedBlock { nesting: Nesting::Set, block: Arc::new(registry_auth), min_items: 0, max_items: 0 };
    let attributes = [
        ("ca_material", text("Certificate of the engine's authority, in PEM.")),
        ("cert_material", text("Our certificate, in PEM.")),
        ("cert_path", text("Folder with ca.pem, cert.pem and key.pem.")),
        ("context", text("Name of a Docker context, which goes before the environment.")),
        (
            "disable_docker_daemon_check",
            Attribute::optional(Type::Bool)
                .describe("Whether the engine is only looked for when it is needed. It always is."),
        ),
        ("host", text("Address of the engine: unix://… or tcp://….")),
        ("key_material", text("Our key, in PEM.")),
        ("ssh_opts", Attribute::optional(Type::list(Type::String)).describe("Options for ssh.")),
    ];
    Block::new(
        attributes.map(|(name, attribute)| (Str::from(name), attribute)),
        [(Str::from("registry_auth"), registry_auth)],
    )
}

fn network() -> Block {
    block([
        ("driver", found(Type::String, "The network's driver.")),
        ("id", found(Type::String, "The network's id.")),
        ("internal", found(Type::Bool, "Whether nothing outside can be reached from it.")),
        ("ipam_config", found(Type::set(ipam_config_type()), "The network's address ranges.")),
        ("name", Attribute::required(Type::String).describe("The network's name.")),
        ("options", found(Type::map(Type::String), "Options of the driver.")),
        ("scope", found(Type::String, "How far the network reaches: `local`, `swarm` or `global`.")),
    ])
}

fn image() -> Block {
    block([
        ("id", found(Type::String, "The image's id.")),
        ("name", Attribute::required(Type::String).describe("The image's name, with tag or digest.")),
        ("repo_digest", found(Type::String, "The image's name in its registry, by digest.")),
    ])
}
