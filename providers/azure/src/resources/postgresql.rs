//! PostgreSQL flexible servers and what belongs to them.

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use terrane_model::{AttributePath, Diagnostic, Diagnostics, Number, Type, Value};

use crate::attributes::{Attributes, at, text_at};
use crate::client::ArmRequest;
use crate::lifecycle::{Address, Change, Draft, Failure, Work};
use crate::mapping::Documents;
use crate::resources::{Behaviour, Freshness};

/// Servers.
pub(crate) struct FlexibleServer;

/// Prefixes of `sku_name` and what Azure calls the tiers.
const TIERS: [(&str, &str); 3] = [("B_", "Burstable"), ("GP_", "GeneralPurpose"), ("MO_", "MemoryOptimized")];

/// Tiers of disks that a size in GiB can have, from the one it has by itself upwards.
const STORAGE_TIERS: [(i64, &str); 11] = [
    (32, "P4"),
    (64, "P6"),
    (128, "P10"),
    (256, "P15"),
    (512, "P20"),
    (1024, "P30"),
    (2048, "P40"),
    (4096, "P50"),
    (8192, "P60"),
    (16384, "P70"),
    (32768, "P80"),
];

#[async_trait]
impl Behaviour for FlexibleServer {
    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        let mut refuse = |argument: &str, detail: String| {
            let path = AttributePath::root().attribute(argument);
            diagnostics
                .push(Diagnostic::error("Invalid combination of arguments", detail).on_attribute(path));
        };
        let is_set = |name: &str| {
            let value = config.attribute(name);
            value.is_known() && !value.is_null()
        };
        let is_absent = |name: &str| config.attribute(name).is_null();
        if is_set("delegated_subnet_id") && is_absent("private_dns_zone_id") {
            refuse(
                "delegated_subnet_id",
                "A server in a subnet needs private_dns_zone_id as well.".to_owned(),
            );
        }
        let is_private = is_set("delegated_subnet_id") || is_set("private_dns_zone_id");
        let public = config.attribute("public_network_access_enabled");
        if is_private && (public.is_null() || public.as_bool() == Some(true)) {
            let detail = "public_network_access_enabled must be false for a server in a subnet.".to_owned();
            refuse("public_network_access_enabled", detail);
        }
        let mode = text_at(config, "create_mode");
        let needs_source = matches!(mode.as_deref(), Some("GeoRestore" | "PointInTimeRestore" | "Replica"));
        if needs_source && is_absent("source_server_id") {
            refuse(
                "source_server_id",
                format!("create_mode {} needs source_server_id.", mode.unwrap_or_default()),
            );
        }
        if let (Some(size), Some(tier)) = (storage_gib(config), text_at(config, "storage_tier"))
            && !allowed_tiers(size).contains(&tier.as_str())
        {
            let tiers = allowed_tiers(size).join(", ");
            refuse("storage_tier", format!("Storage of {size} GiB can be of the tiers {tiers}, not {tier}."));
        }
    }

    fn plan(&self, draft: &mut Draft<'_>) {
        if draft.prior.is_none() {
            require_login(draft);
            return;
        }
        let number = |value: &Value| value.as_str().and_then(|text| text.parse::<i64>().ok());
        if number(&draft.after("version")) < number(&draft.before("version"))
            && draft.after("version").is_known()
        {
            draft.replace_if_changed("version");
        }
        if !draft.before("administrator_login").as_str().is_none_or(|login| login.is_empty()) {
            draft.replace_if_changed("administrator_login");
        }
        let shrinks = |draft: &Draft<'_>, path: &str| {
            let size = |value: Value| value.as_number().and_then(Number::to_i64);
            matches!((size(draft.after(path)), size(draft.before(path))), (Some(after), Some(before)) if after < before)
        };
        for path in ["storage_mb", "cluster.0.size"] {
            if shrinks(draft, path) {
                draft.replace_for(path);
            }
        }
        // An identity cannot be taken away from a server again.
        if draft.after("identity").element_count() == Some(0)
            && draft.before("identity").element_count() == Some(1)
        {
            draft.replace_for("identity");
        }
        // Where Azure has chosen the zone, a failover changes it: that is no change to plan.
        if draft.config.attribute("zone").is_null() {
            let zone = draft.before("zone");
            draft.planned.set("zone", zone);
        }
    }

    async fn before_write(
        &self,
        _work: &Work<'_>,
        change: &Change<'_>,
        documents: &mut Documents,
    ) -> Result<(), Failure> {
        let changes = |name: &str| {
            change.prior.is_none_or(|prior| prior.attribute(name) != change.planned.attribute(name))
        };
        if let Some(sku) = text_at(change.planned, "sku_name").filter(|_| changes("sku_name"))
            && let Some((prefix, tier)) = TIERS.iter().find(|(prefix, _)| sku.starts_with(prefix))
        {
            documents.set("sku", json!({"name": sku[prefix.len()..], "tier": tier}));
        }
        if let Some(size) = storage_gib(change.planned).filter(|_| changes("storage_mb")) {
            documents.set("properties.storage.storageSizeGB", size.into());
        }
        if let Some(password) = text_at(change.planned, "administrator_password_wo")
            .filter(|_| changes("administrator_password_wo_version"))
        {
            documents.set("properties.administratorLoginPassword", password.as_str().into());
        }
        if documents.text_at("properties.createMode") == Some("Default") {
            documents.unset("properties.createMode");
        }
        Ok(())
    }

    async fn complete_documents(
        &self,
        _work: &Work<'_>,
        documents: &mut Documents,
        _known: Option<&Value>,
    ) -> Result<(), Failure> {
        shape_server(documents);
        Ok(())
    }

    fn read_attributes(&self, _documents: &Documents, known: Option<&Value>, attributes: &mut Attributes) {
        if known.is_some_and(|known| known.attribute("zone").is_null()) {
            attributes.set("zone", Value::Null(Type::String));
        }
    }
}

/// Servers as data sources.
pub(crate) struct FlexibleServerData;

#[async_trait]
impl Behaviour for FlexibleServerData {
    async fn complete_documents(
        &self,
        _work: &Work<'_>,
        documents: &mut Documents,
        _known: Option<&Value>,
    ) -> Result<(), Failure> {
        shape_server(documents);
        Ok(())
    }
}

/// Writes size and storage as azurerm does: one word, and megabytes.
fn shape_server(documents: &mut Documents) {
    let tier = documents.text_at("sku.tier").unwrap_or_default();
    let prefix = TIERS.iter().find(|(_, name)| name.eq_ignore_ascii_case(tier)).map(|(prefix, _)| *prefix);
    if let (Some(prefix), Some(name)) = (prefix, documents.text_at("sku.name")) {
        let text = format!("{prefix}{name}");
        documents.set("sku.text", text.into());
    }
    if let Some(size) = documents.at("properties.storage.storageSizeGB").and_then(Json::as_i64) {
        // 4 TiB less a bit is what the service calls 4095 GiB.
        let size = if size == 4095 {
            4_193_280
        } else if size == 32767 {
            33_553_408
        } else {
            size * 1024
        };
        documents.set("properties.storage.sizeMb", size.into());
    }
}

fn storage_gib(value: &Value) -> Option<i64> {
    Some(value.attribute("storage_mb").as_number()?.to_i64()? / 1024)
}

fn allowed_tiers(size: i64) -> Vec<&'static str> {
    let start = STORAGE_TIERS.iter().position(|(limit, _)| size <= *limit).unwrap_or(STORAGE_TIERS.len() - 1);
    // Disks above 4 TiB have fewer tiers to go to, and smaller ones stop at P50.
    let end = if size <= 4096 { 8 } else { STORAGE_TIERS.len() };
    STORAGE_TIERS[start..end].iter().map(|(_, tier)| *tier).collect()
}

/// A new server needs a size, a version, and someone who may sign in.
fn require_login(draft: &mut Draft<'_>) {
    let mode = text_at(draft.config, "create_mode");
    if !matches!(mode.as_deref(), None | Some("Default")) {
        return;
    }
    for argument in ["sku_name", "version"] {
        if draft.config.attribute(argument).is_null() {
            draft.refuse(argument, "Missing argument", format!("A new server needs {argument}."));
        }
    }
    let passwords = at(draft.config, "authentication.0.password_auth_enabled");
    if passwords.as_bool() == Some(false) {
        return;
    }
    if draft.config.attribute("administrator_login").is_null() {
        draft.refuse(
            "administrator_login",
            "Missing argument",
            "A new server needs administrator_login, unless authentication.password_auth_enabled is false.",
        );
    }
    let has_password =
        ["administrator_password", "administrator_password_wo", "administrator_password_wo_version"]
            .iter()
            .any(|argument| !draft.config.attribute(argument).is_null());
    if !has_password {
        draft.refuse(
            "administrator_password",
            "Missing argument",
            "A new server needs administrator_password or administrator_password_wo, unless \
             authentication.password_auth_enabled is false.",
        );
    }
}

/// Settings of servers. They always exist; deleting one gives it its default back.
pub(crate) struct Configuration;

#[async_trait]
impl Behaviour for Configuration {
    async fn before_write(
        &self,
        _work: &Work<'_>,
        _change: &Change<'_>,
        documents: &mut Documents,
    ) -> Result<(), Failure> {
        documents.set("properties.source", "user-override".into());
        Ok(())
    }

    async fn after_write(&self, work: &Work<'_>, change: &Change<'_>) -> Result<Freshness, Failure> {
        restart_if_needed(work, change.address).await?;
        Ok(Freshness::Same)
    }

    async fn delete(&self, work: &Work<'_>, address: &Address, state: &Value) -> Result<(), Failure> {
        let keys = address.lock_keys(&work.table.locks, state);
        let _guards = work.client().locks.hold(keys).await;
        let version = &work.table.api_version;
        let Some(setting) = work.get(&address.path, version).await? else { return Ok(()) };
        let default = setting.pointer("/properties/defaultValue").cloned().unwrap_or_default();
        let body = json!({"properties": {"value": default, "source": "user-override"}});
        work.run(&ArmRequest::patch(&address.path, version, body)).await?;
        restart_if_needed(work, address).await
    }
}

async fn restart_if_needed(work: &Work<'_>, address: &Address) -> Result<(), Failure> {
    let version = &work.table.api_version;
    let setting = work.get(&address.path, version).await?.unwrap_or_default();
    let is_pending =
        setting.pointer("/properties/isConfigPendingRestart").and_then(Json::as_bool) == Some(true);
    if !is_pending || !work.connection.settings.features.restart_postgres {
        return Ok(());
    }
    let (server, _) = address.path.rsplit_once("/configurations/").unwrap_or((&address.path, ""));
    work.call.report("restarting the server");
    work.run(&ArmRequest::post(format!("{server}/restart"), version)).await?;
    Ok(())
}

/// Endpoints that follow the primary of a pair of servers.
pub(crate) struct VirtualEndpoint;

#[async_trait]
impl Behaviour for VirtualEndpoint {
    async fn before_write(
        &self,
        _work: &Work<'_>,
        change: &Change<'_>,
        documents: &mut Documents,
    ) -> Result<(), Failure> {
        let replica = text_at(change.planned, "replica_server_id").unwrap_or_default();
        let name = replica.as_str().rsplit('/').next().unwrap_or_default();
        documents.set("properties.members", json!([name]));
        Ok(())
    }
}
