//! A connected engine, and what it says about the machine that it runs on.

use bollard::Docker;
use bollard::models::{SystemInfo, SystemInfoCgroupVersionEnum};

use super::connection::ConnectionSettings;
use super::error::{DockerError, While};

/// A connected engine. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Engine {
    pub(super) docker: Docker,
    /// The engine's address, for messages.
    pub(crate) address: String,
    /// Whether the engine runs on this machine, so that its ports are this machine's.
    pub(crate) is_local: bool,
    pub(super) settings: ConnectionSettings,
}

/// What the engine says about itself and its machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EngineFacts {
    /// Whether the machine has cgroup v2.
    pub(crate) cgroup_v2: bool,
    /// Whether the engine runs without root.
    pub(crate) rootless: bool,
    /// Whether containers run in a user namespace by default.
    pub(crate) user_namespaces: bool,
    /// Whether memory, process and CPU limits can be set; rootless engines need all three for nodes.
    pub(crate) has_limits: bool,
    /// Whether nodes have to see the machine's device mapper, for their file systems' sake.
    pub(crate) needs_device_mapper: bool,
    /// All memory of the machine, in bytes.
    pub(crate) memory_bytes: u64,
    /// Processors of the machine.
    pub(crate) processors: u64,
}

impl Engine {
    pub(super) fn new(docker: Docker, address: String, is_local: bool, settings: ConnectionSettings) -> Self {
        Self { docker, address, is_local, settings }
    }

    /// Asks the engine about its machine.
    pub(crate) async fn facts(&self) -> Result<EngineFacts, DockerError> {
        Ok(EngineFacts::from_info(&self.docker.info().await.during(|| "read the engine's facts".to_owned())?))
    }
}

impl EngineFacts {
    fn from_info(info: &SystemInfo) -> Self {
        let options = info.security_options.as_deref().unwrap_or_default();
        // Options are written `name=rootless` or `name=seccomp,profile=default`.
        let has_option = |name: &str| options.iter().any(|option| option.split(',').any(|part| part == name));
        let driver = info.driver.as_deref().unwrap_or_default();
        let backing = info.driver_status.iter().flatten().find_map(|pair| match pair.as_slice() {
            [key, value] if key == "Backing Filesystem" => Some(value.as_str()),
            _ => None,
        });
        let limit = |limit: Option<bool>| limit.unwrap_or(false);
        Self {
            cgroup_v2: info.cgroup_version == Some(SystemInfoCgroupVersionEnum::_2),
            rootless: has_option("name=rootless"),
            user_namespaces: has_option("name=userns"),
            has_limits: limit(info.memory_limit) && limit(info.pids_limit) && limit(info.cpu_shares),
            needs_device_mapper: matches!(driver, "btrfs" | "zfs" | "devicemapper")
                || matches!(backing, Some("btrfs" | "zfs" | "xfs")),
            memory_bytes: info.mem_total.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0),
            processors: info.ncpu.and_then(|count| u64::try_from(count).ok()).unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_follow_what_the_engine_says() {
        let info = SystemInfo {
            driver: Some("overlay2".to_owned()),
            driver_status: Some(vec![vec!["Backing Filesystem".to_owned(), "xfs".to_owned()]]),
            security_options: Some(vec![
                "name=seccomp,profile=default".to_owned(),
                "name=rootless".to_owned(),
            ]),
            cgroup_version: Some(SystemInfoCgroupVersionEnum::_2),
            memory_limit: Some(true),
            pids_limit: Some(true),
            cpu_shares: Some(false),
            mem_total: Some(1024),
            ncpu: Some(2),
            ..SystemInfo::default()
        };
        let expected = EngineFacts {
            cgroup_v2: true,
            rootless: true,
            user_namespaces: false,
            has_limits: false,
            needs_device_mapper: true,
            memory_bytes: 1024,
            processors: 2,
        };
        assert_eq!(EngineFacts::from_info(&info), expected);
    }
}
