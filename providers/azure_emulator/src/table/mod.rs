//! The catalog of resource types: what the tables under `tables/` declare, as Rust values.
//!
//! A table says of a type what is regular about it: its API versions, names, verbs with their asynchronous style and
//! duration, the shape of its body with read-only properties and defaults. What is irregular is code in `services`.
//! `tables/README.md` describes the notation.

mod parse;
mod shape;

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;
use std::time::Duration;

pub(crate) use shape::{Kind, Pattern, Property, Range, Shape, ShapeId};

/// Everything that the tables declare, parsed once.
pub(crate) static CATALOG: LazyLock<Catalog> = LazyLock::new(|| match parse::parse_tables(TABLES) {
    Ok(catalog) => catalog,
    Err(message) => panic!("BUG: the built-in tables do not parse: {message}"),
});

const TABLES: &[(&str, &str)] = &[
    ("resources", include_str!("../../tables/resources.arm")),
    ("authorization", include_str!("../../tables/authorization.arm")),
    ("identity", include_str!("../../tables/identity.arm")),
    ("network", include_str!("../../tables/network.arm")),
    ("network_shapes", include_str!("../../tables/network_shapes.arm")),
    ("load_balancer", include_str!("../../tables/load_balancer.arm")),
    ("dns", include_str!("../../tables/dns.arm")),
    ("private_dns", include_str!("../../tables/private_dns.arm")),
    ("container_service", include_str!("../../tables/container_service.arm")),
    ("container_registry", include_str!("../../tables/container_registry.arm")),
    ("cache", include_str!("../../tables/cache.arm")),
    ("managed_redis", include_str!("../../tables/managed_redis.arm")),
    ("postgresql", include_str!("../../tables/postgresql.arm")),
    ("storage", include_str!("../../tables/storage.arm")),
    ("key_vault", include_str!("../../tables/key_vault.arm")),
    ("insights", include_str!("../../tables/insights.arm")),
];

/// All services, types and shapes.
#[derive(Debug)]
pub(crate) struct Catalog {
    pub(crate) services: Vec<Service>,
    pub(crate) types: Vec<ResourceType>,
    shapes: Vec<Shape>,
    by_name: HashMap<String, TypeIndex>,
    /// Lower-case namespace to its canonical spelling.
    pub(crate) namespaces: BTreeMap<String, String>,
}

impl Catalog {
    /// Finds a type by its full name, in any casing.
    pub(crate) fn find(&self, type_name: &str) -> Option<TypeIndex> {
        self.by_name.get(&type_name.to_ascii_lowercase()).copied()
    }

    /// Returns a type.
    pub(crate) fn get(&self, index: TypeIndex) -> &ResourceType {
        &self.types[index.position()]
    }

    /// Returns the service that a type belongs to.
    pub(crate) fn service_of(&self, resource_type: &ResourceType) -> &Service {
        &self.services[resource_type.service]
    }

    /// Returns a shape.
    pub(crate) fn shape(&self, id: ShapeId) -> &Shape {
        &self.shapes[id.0]
    }

    /// Returns the indexes of all types.
    pub(crate) fn indexes(&self) -> impl Iterator<Item = TypeIndex> + use<> {
        (0..u16::try_from(self.types.len()).unwrap_or(u16::MAX)).map(TypeIndex)
    }
}

/// Identifies a [`ResourceType`] in the [`Catalog`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TypeIndex(u16);

impl TypeIndex {
    /// Returns the position among all types.
    pub(crate) fn position(self) -> usize {
        usize::from(self.0)
    }
}

/// A resource provider, or the part of one with its own API versions.
#[derive(Debug)]
pub(crate) struct Service {
    /// Our short name.
    pub(crate) name: String,
    /// `Microsoft.Network` and so on, canonically spelled.
    pub(crate) namespace: String,
    /// API versions that requests may name, oldest first.
    pub(crate) accepts: Vec<String>,
    /// API versions whose bodies are known but which the service no longer answers.
    pub(crate) retired: Vec<String>,
    /// Path of operation status documents, with `{location}`, `{display location}` or `{group}`.
    pub(crate) status_path: String,
    /// Path of operation results (`Location` header).
    pub(crate) result_path: String,
    /// API version in operation URLs, where it differs from the request's.
    pub(crate) status_version: Option<String>,
    /// Whether bodies carry `West Europe` instead of `westeurope`.
    pub(crate) displays_location: bool,
    /// Unscaled `Retry-After` of asynchronous answers.
    pub(crate) retry_after: Option<Duration>,
    /// The wording of its errors.
    pub(crate) dialect: Dialect,
}

/// Whose error codes and texts are used for malformed bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Generic,
    Network,
    ContainerService,
    Cache,
    PostgreSql,
    Storage,
    KeyVault,
}

/// One resource type.
#[derive(Debug)]
pub(crate) struct ResourceType {
    /// Canonical name, for instance `Microsoft.Network/virtualNetworks/subnets`.
    pub(crate) name: String,
    /// How the service spells `type` in answers; ids use its casing too.
    pub(crate) answers: String,
    /// The spelling of the `resourceGroups` segment in ids, where it is odd.
    pub(crate) groups_spelled: Option<String>,
    /// Whether `name` in answers is `parent/child` instead of `child`.
    pub(crate) full_names: bool,
    /// Index into [`Catalog::services`].
    pub(crate) service: usize,
    /// API versions whose bodies are completely described.
    pub(crate) versions: Vec<String>,
    pub(crate) name_rule: NameRule,
    pub(crate) scope: Scope,
    pub(crate) location: LocationRule,
    /// Whether `/resources` lists it.
    pub(crate) tracked: bool,
    /// Answered by code alone; nothing of it is stored.
    pub(crate) computed: bool,
    pub(crate) create: Verb,
    pub(crate) update: Verb,
    pub(crate) patch: Patch,
    pub(crate) delete: Option<Verb>,
    /// Children that appear inside this resource's body.
    pub(crate) embeds: Vec<Embed>,
    /// Arrays in `properties` whose elements have ids of their own but live in this body.
    pub(crate) nested: Vec<String>,
    /// The parent's array that this type's resources live in.
    pub(crate) within: Option<String>,
    /// Whether a write to it excludes other writes below the same parent.
    pub(crate) locks_parent: bool,
    pub(crate) etag: ETag,
    pub(crate) unique: Unique,
    pub(crate) tags_max: usize,
    pub(crate) body: ShapeId,
    /// Whether `properties.provisioningState` is part of the body.
    pub(crate) has_state: bool,
}

impl ResourceType {
    /// Returns whether bodies of `version` are completely described, so that unknown properties are refused.
    pub(crate) fn is_complete_at(&self, version: &str) -> bool {
        self.versions.iter().any(|known| known == version)
    }

    /// Returns the last segment of the type's name.
    pub(crate) fn last_segment(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }

    /// Returns whether resources of this type live below another resource.
    pub(crate) fn is_child(&self) -> bool {
        self.name.matches('/').count() > 1
    }

    /// Returns the name of the parent's type, for a child type.
    pub(crate) fn parent_name(&self) -> Option<&str> {
        if self.is_child() { self.name.rsplit_once('/').map(|(parent, _)| parent) } else { None }
    }
}

/// What names a type allows.
#[derive(Debug, Default)]
pub(crate) struct NameRule {
    pub(crate) length: Range,
    pub(crate) pattern: Option<Pattern>,
    /// Non-empty if only these names exist.
    pub(crate) allowed: Vec<String>,
}

/// Where a type's resources may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    ResourceGroup,
    Subscription,
    /// An extension: at any scope, resources included.
    Any,
}

/// What a type demands of `location`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LocationRule {
    /// Must be given and be a region.
    Region,
    /// Must be `global`, which is also the default.
    Global,
    /// The type has none.
    None,
}

/// How far a type's names must be unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unique {
    /// Within the resource group or parent only.
    Parent,
    /// In all of Azure.
    Global,
    /// Within the region.
    Region,
}

/// Where a type shows its ETag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ETag {
    None,
    /// `etag` with a weak tag `W/"guid"`, and the header.
    Weak,
    /// `eTag` with a bare GUID (Kubernetes Service clusters).
    BareCamel,
    /// `properties.eTag` with a bare GUID (node pools).
    BareInProperties,
    /// `etag` with a quoted hexadecimal number (storage).
    Quoted,
}

/// How one method is answered.
#[derive(Clone, Debug)]
pub(crate) struct Verb {
    /// Status code of the answer.
    pub(crate) code: u16,
    pub(crate) style: Style,
    /// How long the operation takes, before scaling.
    pub(crate) duration: Duration,
    /// `provisioningState` while it runs.
    pub(crate) state: String,
}

/// Which headers tell the client how to follow the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Done when answered.
    Sync,
    /// `Azure-AsyncOperation`.
    Async,
    /// `Location`.
    Location,
    /// Both.
    AsyncAndLocation,
    /// `Azure-AsyncOperation`, and a `Location` that is only the resource itself.
    AsyncAndSelf,
}

/// What PATCH does.
#[derive(Clone, Debug)]
pub(crate) enum Patch {
    /// 405.
    None,
    /// Only `tags` may be sent.
    Tags(Verb),
    /// JSON merge patch.
    Merge(Verb),
}

/// A child type shown in its parent's body.
#[derive(Clone, Debug)]
pub(crate) struct Embed {
    /// Last segment of the child type.
    pub(crate) child: String,
    /// Property of `properties` that lists the children.
    pub(crate) property: String,
    /// Whether a PUT of the parent replaces the children.
    pub(crate) writable: bool,
    /// Whether elements have the child's `properties` inline (node pools) or under `properties`.
    pub(crate) flat: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalog_knows_the_types_of_a_platform() {
        for name in [
            "Microsoft.Resources/resourceGroups",
            "microsoft.network/VIRTUALNETWORKS/subnets",
            "Microsoft.ContainerService/managedClusters/agentPools",
            "Microsoft.DBforPostgreSQL/flexibleServers/configurations",
            "Microsoft.Network/privateDnsZones/A",
            "Microsoft.Network/dnsZones/TXT",
        ] {
            assert!(CATALOG.find(name).is_some(), "{name}");
        }
        assert!(CATALOG.find("Microsoft.Network/virtualNetwork").is_none());
    }

    #[test]
    fn complete_versions_are_accepted_or_retired() {
        for index in CATALOG.indexes() {
            let resource_type = CATALOG.get(index);
            let service = CATALOG.service_of(resource_type);
            for version in &resource_type.versions {
                assert!(
                    service.accepts.contains(version) || service.retired.contains(version),
                    "{} {version}",
                    resource_type.name
                );
            }
        }
    }

    #[test]
    fn embedded_children_are_types() {
        for index in CATALOG.indexes() {
            let parent = CATALOG.get(index);
            for embed in &parent.embeds {
                let child = format!("{}/{}", parent.name, embed.child);
                assert!(CATALOG.find(&child).is_some(), "{child}");
            }
        }
    }
}
