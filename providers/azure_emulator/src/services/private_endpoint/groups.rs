//! What private endpoints connect to: the groups of each type and their members' names.

use crate::behaviour::View;
use crate::body::text_at;
use crate::regions::normalize;
use crate::table::CATALOG;

/// Resource type, group id, and the fully qualified names that the group's members have. `{name}` and `{region}`
/// stand for the target's.
pub(super) const GROUPS: &[(&str, &str, &[&str])] = &[
    ("Microsoft.Cache/redis", "redisCache", &["{name}.redis.cache.windows.net"]),
    ("Microsoft.Cache/redisEnterprise", "redisEnterprise", &["{name}.{region}.redis.azure.net"]),
    (
        "Microsoft.DBforPostgreSQL/flexibleServers",
        "postgresqlServer",
        &["{name}.postgres.database.azure.com"],
    ),
    (
        "Microsoft.ContainerRegistry/registries",
        "registry",
        &["{name}.{region}.data.azurecr.io", "{name}.azurecr.io"],
    ),
    ("Microsoft.KeyVault/vaults", "vault", &["{name}.vault.azure.net"]),
    ("Microsoft.Storage/storageAccounts", "blob", &["{name}.blob.core.windows.net"]),
    ("Microsoft.Storage/storageAccounts", "blob_secondary", &["{name}-secondary.blob.core.windows.net"]),
    ("Microsoft.Storage/storageAccounts", "file", &["{name}.file.core.windows.net"]),
    ("Microsoft.Storage/storageAccounts", "queue", &["{name}.queue.core.windows.net"]),
    ("Microsoft.Storage/storageAccounts", "queue_secondary", &["{name}-secondary.queue.core.windows.net"]),
    ("Microsoft.Storage/storageAccounts", "table", &["{name}.table.core.windows.net"]),
    ("Microsoft.Storage/storageAccounts", "table_secondary", &["{name}-secondary.table.core.windows.net"]),
    ("Microsoft.Storage/storageAccounts", "web", &["{name}.web.core.windows.net"]),
    ("Microsoft.Storage/storageAccounts", "web_secondary", &["{name}-secondary.web.core.windows.net"]),
    ("Microsoft.Storage/storageAccounts", "dfs", &["{name}.dfs.core.windows.net"]),
    ("Microsoft.Storage/storageAccounts", "dfs_secondary", &["{name}-secondary.dfs.core.windows.net"]),
    ("Microsoft.ContainerService/managedClusters", "management", &["{name}.{region}.azmk8s.io"]),
];

/// Returns the names that a group of a target has.
pub(super) fn member_names(view: View<'_>, target: &str, group: &str) -> Vec<String> {
    let Some(resource) = view.find(target) else { return Vec::new() };
    let type_name = &CATALOG.get(resource.kind).name;
    let region = resource.location().map(|location| normalize(&location)).unwrap_or_default();
    if type_name == "Microsoft.ContainerService/managedClusters" {
        let body = resource.body();
        return text_at(&body, &["properties", "privateFQDN"]).map(str::to_owned).into_iter().collect();
    }
    let found = GROUPS.iter().find(|(name, id, _)| name == type_name && id.eq_ignore_ascii_case(group));
    let patterns = found.map_or(&[][..], |(_, _, patterns)| patterns);
    patterns
        .iter()
        .map(|pattern| {
            pattern.replace("{name}", &resource.name().to_lowercase()).replace("{region}", &region)
        })
        .collect()
}

/// The member that a name belongs to: most groups have one of the group's own name.
pub(super) fn member_of(group: &str, fqdn: &str, idx: usize, count: usize) -> String {
    match (group, count) {
        ("registry", 2) if idx == 0 => {
            format!("registry_data_{}", fqdn.split('.').nth(1).unwrap_or_default())
        }
        ("vault", _) => "default".to_owned(),
        _ => group.to_owned(),
    }
}
