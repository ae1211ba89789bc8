//! All tables of a generation.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use terrane_model::Str;

use crate::table::Generation;
use crate::table::argument::Argument;
use crate::table::parse::{TableKind, read_block, read_fragments, read_tables};
use crate::table::resource_table::ResourceTable;

/// The tables of one generation, by type.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    /// The provider block.
    pub(crate) provider: Vec<Argument>,
    /// Resource types.
    pub(crate) resources: BTreeMap<Str, ResourceTable>,
    /// Data sources.
    pub(crate) data_sources: BTreeMap<Str, ResourceTable>,
}

macro_rules! tables {
    ($($name:literal),* $(,)?) => {
        /// The files with their texts.
        const FILES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../tables/", $name, ".table")))),*];
    };
}

const PROVIDER: &str = include_str!("../../tables/provider.table");
const FRAGMENTS: &str = include_str!("../../tables/fragments.table");

tables![
    "application_gateway",
    "authorization",
    "container_registry",
    "dns_records",
    "dns_zone",
    "key_vault",
    "kubernetes_automatic_cluster",
    "kubernetes_cluster",
    "kubernetes_cluster_node_pool",
    "kubernetes_data",
    "kubernetes_extension",
    "load_balancer",
    "managed_identity",
    "managed_redis",
    "monitoring",
    "nat_gateway",
    "network_interface",
    "network_security_group",
    "network_security_rule",
    "postgresql_children",
    "postgresql_flexible_server",
    "private_dns_records",
    "private_dns_zone",
    "private_endpoint",
    "public_ip",
    "redis_cache",
    "resource_group",
    "route_table",
    "storage_account",
    "storage_children",
    "subnet",
    "subnet_associations",
    "subscription",
    "virtual_network",
    "virtual_network_peering",
];

impl Catalog {
    /// Returns the tables of a generation; they are read once per process.
    pub(crate) fn of(generation: Generation) -> &'static Self {
        static FOUR: OnceLock<Catalog> = OnceLock::new();
        static FIVE: OnceLock<Catalog> = OnceLock::new();
        let catalog = match generation {
            Generation::V4 => &FOUR,
            Generation::V5 => &FIVE,
        };
        catalog.get_or_init(|| {
            Self::read(generation).expect("BUG: a table does not parse; the tests read them all")
        })
    }

    /// Returns the table of the type that stands for a whole object in Azure.
    pub(crate) fn main_table(&self, arm_type: &str) -> Option<&ResourceTable> {
        let tables =
            self.resources.values().filter(|table| table.part.is_none() && table.arm_type == arm_type);
        // Some objects have several types; the one whose id is the object's own path is the main one.
        tables.min_by_key(|table| (table.id != table.path, table.type_name.len()))
    }

    fn read(generation: Generation) -> Result<Self, String> {
        let fragments =
            read_fragments(FRAGMENTS, generation).map_err(|error| format!("fragments.table: {error}"))?;
        let provider =
            read_block(PROVIDER, generation).map_err(|error| format!("provider.table: {error}"))?;
        let mut catalog = Self { provider, ..Self::default() };
        for (file, text) in FILES {
            let tables = read_tables(text, generation, &fragments);
            for (kind, table) in tables.map_err(|error| format!("{file}.table: {error}"))? {
                let tables = match kind {
                    TableKind::Resource => &mut catalog.resources,
                    TableKind::Data => &mut catalog.data_sources,
                };
                tables.insert(table.type_name.clone(), table);
            }
        }
        catalog.share_read_only_places();
        Ok(catalog)
    }

    /// Parts are written with the whole body, so what holds for the whole holds for them.
    fn share_read_only_places(&mut self) {
        let parts: Vec<Str> = self
            .resources
            .iter()
            .filter(|(_, table)| table.part.is_some())
            .map(|(name, _)| name.clone())
            .collect();
        for name in parts {
            let arm_type = self.resources[&name].arm_type.clone();
            let places = self.main_table(&arm_type).map(|table| table.read_only.clone()).unwrap_or_default();
            if let Some(table) = self.resources.get_mut(&name) {
                table.read_only.extend(places);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_can_be_read() {
        for generation in [Generation::V4, Generation::V5] {
            if let Err(error) = Catalog::read(generation) {
                panic!("{generation:?}: {error}");
            }
        }
    }
}
