//! The resource types: each a table, with code only for what a table cannot say.

mod admission;
mod autoscaling;
mod batch;
mod claim;
mod common;
mod container;
mod core;
pub(crate) mod data;
mod networking;
pub(crate) mod once;
mod pod;
mod policy;
mod rbac;
mod received;
mod service;
mod storage;
mod volume;
mod workloads;

use serde_json::{Map, Value as Json};
use terrane_model::Value;

use super::table::field::Field;

pub(crate) use received::Received;

/// A resource type that stands for one object of the cluster.
#[derive(Clone, Copy)]
pub(crate) struct ObjectType {
    /// The type's name in the language.
    pub(crate) name: &'static str,
    /// The name that it had before versions were part of names, which earns a warning today.
    pub(crate) alias: Option<&'static str>,
    /// Whether using the type earns a warning.
    pub(crate) is_deprecated: bool,
    /// Version of the state's shape.
    pub(crate) version: i64,
    pub(crate) api_version: &'static str,
    pub(crate) kind: &'static str,
    /// The name in paths of the API.
    pub(crate) plural: &'static str,
    pub(crate) is_namespaced: bool,
    pub(crate) fields: &'static [Field],
    /// How long actions may take in seconds, unless told otherwise; only these can be told.
    pub(crate) timeouts: &'static [(&'static str, u64)],
    /// What is waited for when an object has been made or changed.
    pub(crate) wait: Wait,
    /// The only arguments whose change does not need a new object, where `replaces` says all do.
    pub(crate) updates_in_place: &'static [&'static str],
    /// The cluster makes and keeps the object; it is taken over instead of made, and left instead of deleted.
    pub(crate) exists_already: bool,
    pub(crate) hooks: Hooks,
}

impl ObjectType {
    const fn global(api_version: &'static str, kind: &'static str, plural: &'static str) -> Self {
        Self {
            name: "",
            alias: None,
            is_deprecated: false,
            version: 0,
            api_version,
            kind,
            plural,
            is_namespaced: false,
            fields: &[],
            timeouts: &[],
            wait: Wait::Nothing,
            updates_in_place: &[],
            exists_already: false,
            hooks: Hooks::NONE,
        }
    }

    const fn namespaced(api_version: &'static str, kind: &'static str, plural: &'static str) -> Self {
        Self { is_namespaced: true, ..Self::global(api_version, kind, plural) }
    }
}

/// What is waited for when an object has been made or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    Nothing,
    /// `wait_for_rollout`: all pods are new and ready.
    Rollout,
    /// `wait_for_completion`: the job is done.
    Completion,
    /// `wait_for_load_balancer`: somebody has given an address.
    LoadBalancer,
    /// `wait_until_bound`: the claim has its volume.
    Bound,
    /// The volume can be claimed.
    Available,
    /// `wait_for_default_service_account`: pods can run in the namespace.
    DefaultServiceAccount,
    /// `wait_for_service_account_token`: the token is in the secret.
    ServiceAccountToken,
    /// The pod runs, or is as `target_state` says.
    PodRunning,
    /// The status knows the limits.
    QuotaInForce,
}

/// What a table cannot say.
#[derive(Clone, Copy)]
pub(crate) struct Hooks {
    /// Finishes the object that is sent for a configuration.
    pub(crate) send: fn(&Value, &mut Map<String, Json>),
    /// Finishes the values that were read.
    pub(crate) receive: fn(&mut Received<'_>),
    /// Names arguments whose change needs a new object because of what the prior object is.
    pub(crate) replaces: fn(&Value) -> &'static [&'static str],
}

impl Hooks {
    const NONE: Self = Self { send: |_, _| {}, receive: |_| {}, replaces: |_| &[] };
}

/// All of them.
pub(crate) const ALL: &[ObjectType] = &[
    core::NAMESPACE,
    core::CONFIG_MAP,
    core::SECRET,
    core::SERVICE_ACCOUNT,
    core::DEFAULT_SERVICE_ACCOUNT,
    core::ENDPOINTS,
    service::SERVICE,
    pod::POD,
    workloads::DEPLOYMENT,
    workloads::STATEFUL_SET,
    workloads::DAEMON_SET,
    batch::JOB,
    batch::CRON_JOB,
    batch::BETA_CRON_JOB,
    networking::INGRESS,
    networking::INGRESS_CLASS,
    networking::NETWORK_POLICY,
    networking::ENDPOINT_SLICE,
    rbac::ROLE,
    rbac::ROLE_BINDING,
    rbac::CLUSTER_ROLE,
    rbac::CLUSTER_ROLE_BINDING,
    storage::PERSISTENT_VOLUME,
    claim::PERSISTENT_VOLUME_CLAIM,
    storage::STORAGE_CLASS,
    storage::CSI_DRIVER,
    policy::LIMIT_RANGE,
    policy::RESOURCE_QUOTA,
    policy::PRIORITY_CLASS,
    policy::POD_DISRUPTION_BUDGET,
    policy::BETA_POD_DISRUPTION_BUDGET,
    policy::AUTOSCALER_V1,
    policy::AUTOSCALER_V2,
    policy::AUTOSCALER_V2_BETA2,
    policy::AUTOSCALER,
    admission::VALIDATING_WEBHOOKS,
    admission::MUTATING_WEBHOOKS,
    admission::API_SERVICE,
    admission::RUNTIME_CLASS,
];
