//! Kubernetes versions: which there are, and which may follow which.

use serde_json::{Value, json};

use crate::error::ArmError;

/// The newest patch of each supported minor version `1.x`.
const PATCHES: &[(u32, u32)] =
    &[(27, 16), (28, 15), (29, 15), (30, 14), (31, 13), (32, 9), (33, 5), (34, 2), (35, 1), (36, 0)];

/// What a cluster gets that does not say.
pub(super) const DEFAULT_VERSION: &str = "1.34";

/// A version `1.minor` or `1.minor.patch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    pub(super) minor: u32,
    pub(super) patch: u32,
}

impl Version {
    /// Resolves a version, where `1.x` means the newest patch. `None` if it is not supported.
    pub(super) fn resolve(text: &str) -> Option<Version> {
        let mut numbers = text.strip_prefix("1.")?.split('.');
        let minor: u32 = numbers.next()?.parse().ok()?;
        let (_, newest) = PATCHES.iter().find(|(known, _)| *known == minor)?;
        let patch = match numbers.next() {
            Some(patch) => patch.parse().ok()?,
            None => *newest,
        };
        numbers.next().is_none().then_some(Version { minor, patch })
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "1.{}.{}", self.minor, self.patch)
    }
}

/// `K8sVersionNotSupported`.
pub(super) fn not_supported(name: &str, version: &str) -> ArmError {
    let known: Vec<String> = PATCHES.iter().map(|(minor, patch)| format!("1.{minor}.{patch}")).collect();
    ArmError::bad_request(
        "K8sVersionNotSupported",
        format!(
            "Managed cluster {name} is on version {version}, which is not supported in this region. Supported versions \
             are {}. Please use [az aks get-versions] command to get the supported version list in this region.",
            known.join(", ")
        ),
    )
}

/// Checks an upgrade of the control plane: no step back, no minor version skipped.
pub(super) fn check_upgrade(before: Version, after: Version) -> Result<(), ArmError> {
    if after < before {
        return Err(ArmError::bad_request(
            "OperationNotAllowed",
            format!("Downgrading of Kubernetes version from {before} to {after} is not allowed."),
        ));
    }
    if after.minor > before.minor + 1 {
        return Err(ArmError::bad_request(
            "AgentPoolK8sVersionNotSupported",
            format!(
                "Upgrading Kubernetes version {before} to {after} is not allowed. Available upgrades: [1.{}.x]. Please \
                 see https://aka.ms/aks-supported-k8s-ver for version details.",
                before.minor + 1
            ),
        ));
    }
    Ok(())
}

/// Checks a pool against the control plane: not newer, at most three minor versions behind.
pub(super) fn check_pool(control_plane: Version, pool: Version) -> Result<(), ArmError> {
    let newer = (pool.minor, pool.patch) > (control_plane.minor, control_plane.patch);
    if newer || pool.minor + 3 < control_plane.minor {
        return Err(ArmError::bad_request(
            "NodePoolMcVersionIncompatible",
            format!(
                "Node pool version {pool} and control plane version {control_plane} are incompatible. Minor version of \
                 node pool version {} is bigger than control plane version or more than three minor versions behind.",
                pool.minor
            ),
        ));
    }
    Ok(())
}

/// The versions that `version` can be upgraded to.
pub(super) fn upgrades_of(version: Version) -> Vec<Value> {
    PATCHES
        .iter()
        .map(|(minor, patch)| Version { minor: *minor, patch: *patch })
        .filter(|candidate| *candidate > version && candidate.minor <= version.minor + 1)
        .map(|candidate| json!({"kubernetesVersion": candidate.to_string(), "isPreview": Value::Null}))
        .collect()
}

/// Answers `locations/{location}/kubernetesVersions`.
pub(in crate::services) fn list_versions() -> Value {
    let values: Vec<Value> = PATCHES
        .iter()
        .map(|(minor, patch)| {
            let version = Version { minor: *minor, patch: *patch };
            let upgrades: Vec<Value> = upgrades_of(version)
                .into_iter()
                .map(|upgrade| upgrade["kubernetesVersion"].clone())
                .collect();
            json!({
                "version": format!("1.{minor}"),
                "capabilities": {"supportPlan": ["KubernetesOfficial", "AKSLongTermSupport"]},
                "isDefault": format!("1.{minor}") == DEFAULT_VERSION,
                "isPreview": Value::Null,
                "patchVersions": {version.to_string(): {"upgrades": upgrades}},
            })
        })
        .collect();
    json!({"values": values})
}

/// Answers `locations/{location}/orchestrators`, the older form.
pub(in crate::services) fn list_orchestrators(id: &str) -> Value {
    let orchestrators: Vec<Value> = PATCHES
        .iter()
        .map(|(minor, patch)| {
            let version = Version { minor: *minor, patch: *patch };
            let upgrades: Vec<Value> = upgrades_of(version)
                .into_iter()
                .map(|upgrade| {
                    json!({
                        "orchestratorType": "Kubernetes",
                        "orchestratorVersion": upgrade["kubernetesVersion"],
                        "isPreview": false,
                    })
                })
                .collect();
            json!({
                "orchestratorType": "Kubernetes",
                "orchestratorVersion": version.to_string(),
                "default": format!("1.{minor}") == DEFAULT_VERSION,
                "upgrades": upgrades,
            })
        })
        .collect();
    json!({
        "id": id,
        "name": "default",
        "type": "Microsoft.ContainerService/locations/orchestrators",
        "properties": {"orchestrators": orchestrators},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::resolve(text).expect(text)
    }

    #[test]
    fn a_minor_version_means_its_newest_patch() {
        assert_eq!(version("1.32").to_string(), "1.32.9");
        assert_eq!(version("1.32.1").to_string(), "1.32.1");
        assert!(["1.2", "2.0", "1.32.x", "1.32.1.1", ""].iter().all(|text| Version::resolve(text).is_none()));
    }

    #[test]
    fn upgrades_go_one_minor_version_at_a_time() {
        assert!(check_upgrade(version("1.32"), version("1.33")).is_ok());
        assert!(check_upgrade(version("1.31"), version("1.33")).is_err());
        assert!(check_upgrade(version("1.33"), version("1.32")).is_err());
        assert!(check_pool(version("1.33"), version("1.30")).is_ok());
        assert!(check_pool(version("1.34"), version("1.30")).is_err());
        assert!(check_pool(version("1.33"), version("1.34")).is_err());
    }
}
