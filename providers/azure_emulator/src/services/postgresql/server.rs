//! Flexible servers.

use std::time::Duration;

use serde_json::{Value, json};

use super::capabilities::capabilities;
use crate::behaviour::{Action, Behaviour, Draft, Effects, Object, Outcome, View};
use crate::body::{list_at, object_at, set_default, text_at};
use crate::error::ArmError;
use crate::http::Response;
use crate::resource_id::{Key, name_of};
use crate::services::identity::fill_identity;
use crate::world::{OperationKind, Resource, subnet_prefixes};

pub(in crate::services) struct FlexibleServer;

/// Gigabytes that storage comes in, with the performance tier and the operations per second of each.
pub(super) const STORAGE: &[(u64, &str, u64)] = &[
    (32, "P4", 120),
    (64, "P6", 240),
    (128, "P10", 500),
    (256, "P15", 1100),
    (512, "P20", 2300),
    (1024, "P30", 5000),
    (2048, "P40", 7500),
    (4096, "P50", 7500),
    (8192, "P60", 16000),
    (16384, "P70", 18000),
    (32767, "P80", 20000),
];

const DELEGATION: &str = "Microsoft.DBforPostgreSQL/flexibleServers";
const ZONE_SUFFIX: &str = ".postgres.database.azure.com";

/// What can be given only when the server is made.
const FIXED: &[&[&str]] = &[
    &["properties", "administratorLogin"],
    &["properties", "network", "delegatedSubnetResourceId"],
    &["properties", "availabilityZone"],
    &["properties", "backup", "geoRedundantBackup"],
];

impl Behaviour for FlexibleServer {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        fill_identity(draft)?;
        keep_fixed(draft)?;
        check_login(draft)?;
        check_version(draft)?;
        prepare_storage(draft)?;
        prepare_network(draft)?;
        fill_computed(draft);
        Ok(())
    }

    fn settled(&self, effects: &mut Effects<'_>, key: &Key, kind: OperationKind) {
        let Some(server) = effects.world.get(key).map(|server| server.id.to_string()) else { return };
        if kind != OperationKind::Create {
            return;
        }
        let properties = json!({"properties": {"charset": "UTF8", "collation": "en_US.utf8"}});
        for name in ["azure_maintenance", "azure_sys", "postgres"] {
            let body = properties.as_object().cloned().unwrap_or_default();
            let id = format!("{server}/databases/{name}");
            effects.put("Microsoft.DBforPostgreSQL/flexibleServers/databases", &id, body, Object::new());
        }
    }

    fn renders(&self) -> bool {
        true
    }

    fn render(&self, _view: View<'_>, resource: &Resource, body: &mut Object) {
        if let Some(pending) = &resource.pending {
            let state = match (&*pending.state, pending.creating) {
                ("Dropping", _) => "Dropping",
                (_, true) => "Provisioning",
                (state, false) => state,
            };
            object_at(body, "properties").insert("state".into(), json!(state));
        }
    }

    fn act(&self, action: &mut Action<'_, '_>) -> Option<Result<Outcome, ArmError>> {
        if action.name == "capabilities" {
            return Some(Ok(Outcome::Done(Response::json(200, &capabilities()))));
        }
        let (state, after, minutes) = match action.name.as_str() {
            "restart" => ("Restarting", "Ready", 2),
            "start" => ("Starting", "Ready", 3),
            "stop" => ("Stopping", "Stopped", 2),
            "migratenetwork" => ("Updating", "Ready", 10),
            _ => return None,
        };
        let key = action.key.clone();
        if action.name == "restart" {
            clear_pending_restarts(action.effects, &key);
        }
        action.effects.edit(&key, |body| {
            object_at(body, "properties").insert("state".into(), json!(after));
        });
        let duration = Duration::from_secs(minutes * 60);
        Some(Ok(Outcome::Later { code: 202, duration, state, result: None }))
    }

    fn name_taken(&self, name: &str, _is_own: bool) -> ArmError {
        ArmError::conflict(
            "ServerNameAlreadyExists",
            format!("Specified server name is already used: '{name}'."),
        )
    }
}

/// A restart gives static parameters their effect.
fn clear_pending_restarts(effects: &mut Effects<'_>, server: &Key) {
    let children = effects.world.children(server, "configurations");
    let keys: Vec<Key> = children.into_iter().map(|(key, _)| key.clone()).collect();
    for key in keys {
        effects.edit(&key, |body| {
            object_at(body, "properties").insert("isConfigPendingRestart".into(), json!(false));
        });
    }
}

fn invalid(parameter: &str, reason: &str) -> ArmError {
    ArmError::bad_request(
        "InvalidParameterValue",
        format!("Invalid value given for parameter {parameter}. {reason}"),
    )
}

fn keep_fixed(draft: &mut Draft<'_>) -> Result<(), ArmError> {
    for path in FIXED {
        let Some(before) = draft.before(path).cloned() else { continue };
        if crate::body::at(&draft.sent, path).is_none_or(Value::is_null) {
            let (last, parents) = (path[path.len() - 1], &path[1..path.len() - 1]);
            let object = parents.iter().fold(draft.properties(), |object, name| object_at(object, name));
            object.insert(last.to_owned(), before);
        } else if draft.changes(path) {
            return Err(invalid(path[path.len() - 1], "It cannot be changed after the server is made."));
        }
    }
    Ok(())
}

fn check_login(draft: &Draft<'_>) -> Result<(), ArmError> {
    let mode = draft.text(&["properties", "createMode"]).unwrap_or("Default");
    let is_copy = !matches!(mode, "Default" | "Create" | "Update");
    if is_copy {
        let source = draft.text(&["properties", "sourceServerResourceId"]).unwrap_or_default();
        if draft.is_create() && mode != "ReviveDropped" && draft.view.find(source).is_none() {
            return Err(invalid("sourceServerResourceId", &format!("The server '{source}' does not exist.")));
        }
        return Ok(());
    }
    if !draft.is_create() {
        return Ok(());
    }
    if draft.text(&["sku", "name"]).is_none() {
        return Err(ArmError::bad_request(
            "MissingRequiredParameter",
            "Required parameter 'sku' is missing.",
        ));
    }
    if draft.text(&["properties", "authConfig", "passwordAuth"]) == Some("Disabled") {
        return Ok(());
    }
    let login = draft.text(&["properties", "administratorLogin"]).unwrap_or_default();
    let password = text_at(&draft.sent, &["properties", "administratorLoginPassword"]).unwrap_or_default();
    if login.is_empty() || password.is_empty() {
        let missing = if login.is_empty() { "administratorLogin" } else { "administratorLoginPassword" };
        return Err(ArmError::bad_request(
            "MissingRequiredParameter",
            format!("Required parameter '{missing}' is missing."),
        ));
    }
    let reserved = ["azure_superuser", "azure_pg_admin", "admin", "administrator", "root", "guest", "public"];
    if reserved.contains(&login.to_lowercase().as_str()) || login.starts_with("pg_") {
        return Err(invalid("administratorLogin", &format!("The name '{login}' is reserved.")));
    }
    let kinds = [
        password.chars().any(|it| it.is_ascii_lowercase()),
        password.chars().any(|it| it.is_ascii_uppercase()),
        password.chars().any(|it| it.is_ascii_digit()),
        password.chars().any(|it| !it.is_ascii_alphanumeric()),
    ];
    let is_strong =
        (8..=128).contains(&password.chars().count()) && kinds.iter().filter(|kind| **kind).count() >= 3;
    if !is_strong {
        return Err(ArmError::bad_request(
            "PasswordTooShortOrSimple",
            "The password must have 8 to 128 characters of at least three kinds: upper case, lower case, digits, others.",
        ));
    }
    Ok(())
}

fn check_version(draft: &Draft<'_>) -> Result<(), ArmError> {
    let number =
        |value: Option<&Value>| value.and_then(Value::as_str).and_then(|text| text.parse::<u32>().ok());
    let after = number(draft.at(&["properties", "version"]));
    let before = number(draft.before(&["properties", "version"]));
    if !after.is_some_and(|after| (11..=18).contains(&after)) {
        return Err(invalid("version", "Specify a supported major version, 11 to 18."));
    }
    if before.is_some() && before > after {
        return Err(invalid("version", "The major version can only go up."));
    }
    Ok(())
}

fn prepare_storage(draft: &mut Draft<'_>) -> Result<(), ArmError> {
    let size = draft.at(&["properties", "storage", "storageSizeGB"]).and_then(Value::as_u64).unwrap_or(0);
    let before =
        draft.before(&["properties", "storage", "storageSizeGB"]).and_then(Value::as_u64).unwrap_or(0);
    let kind = draft.text(&["properties", "storage", "type"]).unwrap_or("Premium_LRS").to_owned();
    if size < before {
        return Err(invalid("storageSizeGB", "Storage can only grow."));
    }
    let Some(place) = STORAGE.iter().position(|(gigabytes, ..)| *gigabytes == size) else {
        if kind != "Premium_LRS" && (32..=65536).contains(&size) {
            return Ok(());
        }
        return Err(invalid("storageSizeGB", &format!("{size} GB is not a size that storage comes in.")));
    };
    let tier_of = |name: &str| STORAGE.iter().position(|(_, tier, _)| *tier == name);
    let tier = draft.text(&["properties", "storage", "tier"]).map(str::to_owned);
    let grew = size != before;
    let storage = object_at(draft.properties(), "storage");
    match tier.as_deref().and_then(tier_of) {
        Some(tier) if tier < place && !grew => {
            return Err(invalid(
                "storageTier",
                "The performance tier is below the one that belongs to the size.",
            ));
        }
        Some(tier) if tier >= place => {
            storage.insert("iops".into(), json!(STORAGE[tier].2));
        }
        _ => {
            storage.insert("tier".into(), json!(STORAGE[place].1));
            storage.insert("iops".into(), json!(STORAGE[place].2));
        }
    }
    set_default(storage, "type", "");
    Ok(())
}

/// A server is public, or lives in a delegated subnet with a private DNS zone.
fn prepare_network(draft: &mut Draft<'_>) -> Result<(), ArmError> {
    let text = |name: &str| draft.text(&["properties", "network", name]).map(str::to_owned);
    let (subnet, zone) = (text("delegatedSubnetResourceId"), text("privateDnsZoneArmResourceId"));
    let Some(subnet) = subnet else { return Ok(()) };
    let Some(found) = draft.view.find(&subnet) else {
        return Err(invalid("delegatedSubnetResourceId", &format!("The subnet '{subnet}' does not exist.")));
    };
    let body = found.body();
    let delegations = list_at(&body, &["properties", "delegations"]).iter();
    let services: Vec<&str> =
        delegations.filter_map(|it| it.pointer("/properties/serviceName")?.as_str()).collect();
    if !services.iter().any(|service| service.eq_ignore_ascii_case(DELEGATION)) {
        return Err(ArmError::bad_request(
            "SubnetMissingRequiredDelegation",
            format!(
                "Subnet {} requires any of the following delegation(s) [{DELEGATION}] to reference service association \
                 link.",
                found.id
            ),
        ));
    }
    if subnet_prefixes(&body).iter().any(|prefix| prefix.is_ipv4() && prefix.length() > 28) {
        return Err(invalid(
            "delegatedSubnetResourceId",
            "The subnet must have at least 16 addresses (/28).",
        ));
    }
    check_region(draft, &subnet)?;
    check_zone(draft, zone.as_deref())?;
    if text_at(&draft.sent, &["properties", "network", "publicNetworkAccess"]) == Some("Enabled") {
        return Err(invalid("publicNetworkAccess", "It must be Disabled for a server in a virtual network."));
    }
    object_at(draft.properties(), "network").insert("publicNetworkAccess".into(), json!("Disabled"));
    Ok(())
}

fn check_region(draft: &Draft<'_>, subnet: &str) -> Result<(), ArmError> {
    let (network, _) = subnet.split_at(subnet.to_ascii_lowercase().find("/subnets/").unwrap_or(subnet.len()));
    let region = draft.view.find(network).and_then(Resource::location);
    if region.is_some_and(|region| region != draft.location()) {
        return Err(invalid(
            "delegatedSubnetResourceId",
            "The virtual network must be in the region of the server.",
        ));
    }
    Ok(())
}

fn check_zone(draft: &Draft<'_>, zone: Option<&str>) -> Result<(), ArmError> {
    let Some(zone) = zone else {
        return Err(ArmError::bad_request(
            "MissingRequiredParameter",
            "Required parameter 'privateDnsZoneArmResourceId' is missing: a server in a virtual network needs a private \
             DNS zone.",
        ));
    };
    if draft.view.find(zone).is_none() {
        return Err(invalid(
            "privateDnsZoneArmResourceId",
            &format!("The private DNS zone '{zone}' does not exist."),
        ));
    }
    let name = name_of(zone);
    let Some(labels) = name.strip_suffix(ZONE_SUFFIX).filter(|labels| !labels.is_empty()) else {
        return Err(invalid(
            "privateDnsZoneArmResourceId",
            &format!("The zone's name '{name}' must end with '{ZONE_SUFFIX}'."),
        ));
    };
    // Two labels in front are `[n1].[n2].postgres…`; a single one must not be the server's own name.
    if labels.eq_ignore_ascii_case(draft.name()) {
        return Err(invalid(
            "privateDnsZoneArmResourceId",
            &format!("The zone '{name}' must not begin with the name of the server."),
        ));
    }
    Ok(())
}

fn fill_computed(draft: &mut Draft<'_>) {
    let name = draft.name().to_owned();
    draft.set("fullyQualifiedDomainName", format!("{name}{ZONE_SUFFIX}"));
    draft.set_once("state", || json!("Ready"));
    draft.set("minorVersion", "5");
    draft.set_once("privateEndpointConnections", || json!([]));
    draft.properties().remove("privateEndpointConnections");
    let is_replica = draft.text(&["properties", "createMode"]) == Some("Replica");
    let role = if is_replica { "AsyncReplica" } else { "Primary" };
    set_default(draft.properties(), "replicationRole", role);
    draft.set("replicaCapacity", if is_replica { 0 } else { 5 });
    let replica = object_at(draft.properties(), "replica");
    set_default(replica, "role", role);
    set_default(replica, "capacity", if is_replica { 0 } else { 5 });
    set_default(draft.properties(), "availabilityZone", "1");
    let available =
        draft.text(&["properties", "highAvailability", "mode"]).is_some_and(|mode| mode != "Disabled");
    let standby = object_at(draft.properties(), "highAvailability");
    standby.insert("state".into(), json!(if available { "Healthy" } else { "NotEnabled" }));
    if available {
        set_default(standby, "standbyAvailabilityZone", "2");
        draft.duration = Some(Duration::from_secs(600));
    }
    let earliest = draft.view.now.rfc3339();
    set_default(object_at(draft.properties(), "backup"), "earliestRestoreDate", earliest);
    let uses_directory = draft.text(&["properties", "authConfig", "activeDirectoryAuth"]) == Some("Enabled");
    let tenant_id = draft.view.settings.identity.tenant_id.clone();
    if uses_directory {
        set_default(object_at(draft.properties(), "authConfig"), "tenantId", tenant_id);
    }
    // How the server was made is no part of what it is.
    for name in ["createMode", "pointInTimeUTC"] {
        draft.properties().remove(name);
    }
}
