//! Node pools beside the default one.

use async_trait::async_trait;
use terrane_model::{AttributePath, Diagnostic, Diagnostics, Value};

use crate::attributes::{at, text_at};
use crate::lifecycle::{Change, Draft, Failure, Work, update};
use crate::mapping::Documents;
use crate::mapping::same::is_zero;
use crate::mapping::write_object;
use crate::resources::Behaviour;
use crate::resources::kubernetes::models;
use crate::resources::kubernetes::pool_body::{choose_count, refuse_sizes, rotate};
use crate::resources::kubernetes::wire::{pool_from_wire, pool_to_wire};

/// Node pools.
pub(crate) struct NodePool;

/// What a pool cannot change and is replaced for, through a temporary pool.
const ROTATED: &[&str] = &[
    "fips_enabled",
    "host_encryption_enabled",
    "kubelet_config",
    "kubelet_disk_type",
    "linux_os_config",
    "max_pods",
    "node_public_ip_enabled",
    "os_disk_size_gb",
    "os_disk_type",
    "pod_subnet_id",
    "snapshot_id",
    "ultra_ssd_enabled",
    "vm_size",
    "vnet_subnet_id",
    "zones",
];

#[async_trait]
impl Behaviour for NodePool {
    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        let mut refuse = |argument: &str, detail: String| {
            let path = AttributePath::root().attribute(argument);
            diagnostics
                .push(Diagnostic::error("Invalid combination of arguments", detail).on_attribute(path));
        };
        if let Some((argument, problem)) = refuse_sizes(config) {
            refuse(argument, problem);
        }
        let is_windows = text_at(config, "os_type").as_deref() == Some("Windows");
        if let Some(name) = text_at(config, "name").filter(|name| is_windows && name.len() > 6) {
            refuse(
                "name",
                format!("Names of Windows pools have up to 6 characters; {name} has {}.", name.len()),
            );
        }
        let is_system = text_at(config, "mode").as_deref() == Some("System");
        if is_system && is_windows {
            refuse("mode", "System pools run Linux.".to_owned());
        }
        let is_spot = text_at(config, "priority").as_deref() == Some("Spot");
        if is_system && is_spot {
            refuse("priority", "System pools cannot be Spot pools.".to_owned());
        }
        let eviction = config.attribute("eviction_policy");
        if !is_spot && eviction.is_known() && !eviction.is_null() {
            refuse(
                "eviction_policy",
                "eviction_policy has a meaning only with priority = \"Spot\".".to_owned(),
            );
        }
    }

    fn plan(&self, draft: &mut Draft<'_>) {
        if draft.prior.is_none() {
            return;
        }
        keep_scaled_count(draft);
        replace_for_upgrade_settings(draft, "upgrade_settings.0");
        let family = |sku: &Value| sku.as_str().map(|sku| sku.starts_with("Windows"));
        if draft.changes("os_sku") && family(&draft.before("os_sku")) != family(&draft.after("os_sku")) {
            draft.replace_for("os_sku");
        }
        require_temporary_name(draft, "", ROTATED);
    }

    async fn before_write(
        &self,
        _work: &Work<'_>,
        change: &Change<'_>,
        documents: &mut Documents,
    ) -> Result<(), Failure> {
        if let Some(properties) = documents.body.get_mut("properties") {
            if change.prior.is_none() {
                choose_count(properties);
            }
            pool_to_wire(properties);
        }
        documents.body = models::pool_body(documents.body.take())?;
        Ok(())
    }

    async fn complete_documents(
        &self,
        _work: &Work<'_>,
        documents: &mut Documents,
        _known: Option<&Value>,
    ) -> Result<(), Failure> {
        if let Some(properties) = documents.body.get_mut("properties") {
            pool_from_wire(properties);
        }
        Ok(())
    }

    fn shape_base(&self, _change: &Change<'_>, _work: &Work<'_>, documents: &mut Documents) {
        if let Some(properties) = documents.body.get_mut("properties") {
            pool_from_wire(properties);
        }
    }

    async fn update(&self, work: &Work<'_>, change: &Change<'_>) -> Result<Documents, Failure> {
        let prior = change.prior.unwrap_or(change.planned);
        let rotates =
            ROTATED.iter().any(|name| differs(&prior.attribute(name), &change.planned.attribute(name)));
        let temporary = text_at(change.planned, "temporary_name_for_rotation").filter(|_| rotates);
        let Some(temporary) = temporary else { return update::update_object(work, change).await };
        let keys = change.address.lock_keys(&work.table.locks, change.planned);
        let _guards = work.client().locks.hold(keys).await;
        let (cluster, name) = change.address.path.rsplit_once("/agentPools/").unwrap_or_default();
        let mut documents = Documents::empty("");
        write_object(&work.table.arguments, change.planned, &mut documents);
        let mut properties = documents.body.get("properties").cloned().unwrap_or_default();
        choose_count(&mut properties);
        rotate(work, cluster, name, name, &temporary, &properties).await?;
        let pool = work.get(&change.address.path, &work.table.api_version).await?.unwrap_or_default();
        Ok(Documents::of(change.address.path.clone(), pool))
    }
}

/// A pool that scales by itself has the size that it has.
fn keep_scaled_count(draft: &mut Draft<'_>) {
    if draft.after("auto_scaling_enabled").as_bool() == Some(true) {
        let count = draft.before("node_count");
        if !count.is_null() {
            draft.planned.set("node_count", count);
        }
    }
}

/// Two settings of upgrades cannot be taken back.
pub(crate) fn replace_for_upgrade_settings(draft: &mut Draft<'_>, block: &str) {
    for name in ["drain_timeout_in_minutes", "undrainable_node_behavior"] {
        let path = format!("{block}.{name}");
        let (before, after) = (draft.before(&path), draft.after(&path));
        if !is_zero(&before) && is_zero(&after) {
            draft.replace_for(&path);
        }
    }
}

/// Asks for a name where a change needs a temporary pool.
pub(crate) fn require_temporary_name(draft: &mut Draft<'_>, block: &str, rotated: &[&str]) {
    let path = |name: &str| if block.is_empty() { name.to_owned() } else { format!("{block}.{name}") };
    let changed: Vec<&str> = rotated.iter().copied().filter(|name| draft.changes(&path(name))).collect();
    let temporary = draft.after(&path("temporary_name_for_rotation"));
    if changed.is_empty() || !draft.replaces.is_empty() || !temporary.is_null() {
        return;
    }
    draft.refuse(
        &path(changed[0]),
        "Node pool has to be rotated",
        format!(
            "Changing {} needs new nodes. Set temporary_name_for_rotation to the name of a pool that takes over while \
             the old pool goes and the new one comes.",
            changed.join(", ")
        ),
    );
}

/// Tells whether two values differ in what they say.
pub(crate) fn differs(before: &Value, after: &Value) -> bool {
    before != after && !(is_zero(before) && is_zero(after))
}

/// Returns the first block of a name; null when there is none.
pub(crate) fn first_block(value: &Value, name: &str) -> Value {
    at(value, &format!("{name}.0"))
}
