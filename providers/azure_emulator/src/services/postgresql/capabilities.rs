//! `locations/{location}/capabilities`: what servers can be had.

use serde_json::{Value, json};

use super::server::STORAGE;

/// Sizes that a server comes in: name, tier, cores, memory per core in megabytes.
const SIZES: &[(&str, &str, u32, u32)] = &[
    ("Standard_B1ms", "Burstable", 1, 2048),
    ("Standard_B2s", "Burstable", 2, 2048),
    ("Standard_B2ms", "Burstable", 2, 4096),
    ("Standard_B4ms", "Burstable", 4, 4096),
    ("Standard_D2s_v3", "GeneralPurpose", 2, 4096),
    ("Standard_D2ds_v4", "GeneralPurpose", 2, 4096),
    ("Standard_D2ds_v5", "GeneralPurpose", 2, 4096),
    ("Standard_D4s_v3", "GeneralPurpose", 4, 4096),
    ("Standard_D4ds_v5", "GeneralPurpose", 4, 4096),
    ("Standard_D8ds_v5", "GeneralPurpose", 8, 4096),
    ("Standard_D16ds_v5", "GeneralPurpose", 16, 4096),
    ("Standard_E2ds_v5", "MemoryOptimized", 2, 8192),
    ("Standard_E4ds_v5", "MemoryOptimized", 4, 8192),
    ("Standard_E8ds_v5", "MemoryOptimized", 8, 8192),
];

/// Returns the document.
pub(in crate::services) fn capabilities() -> Value {
    let enabled = ["ZoneRedundantHa", "GeoBackup", "StorageAutoGrowth", "OnlineResize", "IndexTuning"];
    let mut features: Vec<Value> =
        enabled.iter().map(|name| json!({"name": name, "status": "Enabled"})).collect();
    for name in ["OfferRestricted", "FastProvisioning"] {
        features.push(json!({"name": name, "status": "Disabled"}));
    }
    let versions: Vec<Value> = (11..=18)
        .map(|version: u32| {
            let newer: Vec<String> = (version + 1..=18).map(|newer| newer.to_string()).collect();
            json!({"name": version.to_string(), "supportedVersionsToUpgrade": newer, "supportedFeatures": []})
        })
        .collect();
    let editions: Vec<Value> =
        ["Burstable", "GeneralPurpose", "MemoryOptimized"].into_iter().map(edition).collect();
    json!({"value": [{
        "name": "FlexibleServerCapabilities",
        "supportedServerEditions": editions,
        "supportedServerVersions": versions,
        "supportedFeatures": features,
        "fastProvisioningSupported": "Disabled",
        "geoBackupSupported": "Enabled",
        "zoneRedundantHaSupported": "Enabled",
        "storageAutoGrowthSupported": "Enabled",
        "onlineResizeSupported": "Enabled",
        "restricted": "Disabled",
    }]})
}

fn edition(tier: &str) -> Value {
    let sizes: Vec<Value> = SIZES
        .iter()
        .filter(|(_, its_tier, ..)| *its_tier == tier)
        .map(|(name, _, cores, memory)| {
            json!({
                "name": name,
                "vCores": cores,
                "supportedIops": cores * 3200,
                "supportedMemoryPerVcoreMb": memory,
                "supportedZones": ["1", "2", "3"],
                "supportedHaMode": ["SameZone", "ZoneRedundant"],
                "supportedFeatures": [],
            })
        })
        .collect();
    let default = sizes.first().map(|size| size["name"].clone());
    json!({
        "name": tier,
        "defaultSkuName": default,
        "supportedServerSkus": sizes,
        "supportedStorageEditions": [
            {"name": "ManagedDisk", "defaultStorageSizeMb": 32768, "supportedStorageMb": storage_sizes()},
        ],
    })
}

/// Each size with the performance tiers from its own upwards.
fn storage_sizes() -> Vec<Value> {
    STORAGE
        .iter()
        .enumerate()
        .map(|(idx, (gigabytes, tier, iops))| {
            let tiers: Vec<Value> =
                STORAGE[idx..].iter().map(|(_, tier, iops)| json!({"name": tier, "iops": iops})).collect();
            json!({
                "storageSizeMb": gigabytes * 1024,
                "supportedIops": iops,
                "defaultIopsTier": tier,
                "supportedIopsTiers": tiers,
            })
        })
        .collect()
}
