//! `locations/{location}/capabilities`: what servers can be had.

use serde_json::{Value, json};

use super::server::STORAGE;

/// Small machines: name and cores. They have four gigabytes of memory per core, but the smallest two.
const BURSTABLE: &[(&str, u32)] = &[
    ("Standard_B1ms", 1),
    ("Standard_B2s", 2),
    ("Standard_B2ms", 2),
    ("Standard_B4ms", 4),
    ("Standard_B8ms", 8),
    ("Standard_B12ms", 12),
    ("Standard_B16ms", 16),
    ("Standard_B20ms", 20),
];

/// What follows the number of cores in the names of larger machines.
const SERIES: &[&str] = &["s_v3", "ds_v4", "ds_v5", "ads_v5"];

/// Cores that larger machines come with.
const CORES: &[u32] = &[2, 4, 8, 16, 20, 32, 48, 64, 96];

/// Sizes of a tier: name, cores, memory per core in megabytes.
fn sizes(tier: &str) -> Vec<(String, u32, u32)> {
    let (letter, memory) = match tier {
        "Burstable" => {
            let memory = |cores: u32| if cores < 2 { 2048 } else { 4096 };
            return BURSTABLE
                .iter()
                .map(|(name, cores)| ((*name).to_owned(), *cores, memory(*cores)))
                .collect();
        }
        "MemoryOptimized" => ('E', 8192),
        _ => ('D', 4096),
    };
    // Only machines for much memory come with 20 cores.
    let exists = |cores: u32| letter == 'E' || cores != 20;
    let series = SERIES.iter().flat_map(|series| {
        let cores = CORES.iter().filter(|cores| exists(**cores));
        cores.map(move |cores| (format!("Standard_{letter}{cores}{series}"), *cores, memory))
    });
    series.collect()
}

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
    let sizes: Vec<Value> = sizes(tier)
        .into_iter()
        .map(|(name, cores, memory)| {
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
