//! `hashicorp/helm`: what the provider offers.

use terrane_model::Value;

use super::release::Release;
use super::schema;
use super::second_generation::SecondGeneration;
use super::template::Template;
use crate::objects::provider::Catalog;

/// Makes the catalog of the third major version.
pub(crate) fn helm_catalog() -> Catalog {
    let mut catalog = catalog();
    catalog.add_resource("helm_release", Release::new());
    catalog
}

/// Makes the catalog of the second major version.
pub(crate) fn helm_catalog_of_version_2() -> Catalog {
    let mut catalog = catalog();
    catalog.add_resource("helm_release", SecondGeneration::new());
    catalog
}

fn catalog() -> Catalog {
    let mut catalog = Catalog::new(schema::provider_block());
    catalog.cluster_of = cluster;
    catalog.add_data_source("helm_template", Template::new());
    catalog
}

/// Returns the part of the `provider` block that names the cluster.
fn cluster(config: &Value) -> Value {
    match config.get("kubernetes") {
        Some(cluster) if !cluster.is_null() => cluster.clone(),
        _ if !config.is_known() => config.clone(),
        _ => Value::empty_object(),
    }
}
