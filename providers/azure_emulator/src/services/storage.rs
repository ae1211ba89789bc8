//! Microsoft.Storage: accounts with their services, containers and shares.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::identity::fill_identity;
use crate::behaviour::{Action, Behaviour, Draft, Effects, Object, Outcome, View};
use crate::body::{object_at, set_default, text_at};
use crate::error::ArmError;
use crate::guid;
use crate::http::Response;
use crate::resource_id::{Key, key_of};
use crate::world::{OperationKind, Resource};

pub(super) struct StorageAccount;

/// A new account key: 64 random bytes.
fn new_key() -> String {
    let mut bytes = [0; 64];
    guid::fill_random(&mut bytes);
    STANDARD.encode(bytes)
}

impl Behaviour for StorageAccount {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        check_kind(draft)?;
        for path in [&["kind"][..], &["properties", "isHnsEnabled"], &["properties", "isNfsV3Enabled"]] {
            let upgrade = path == ["kind"]
                && draft.before(path).and_then(Value::as_str) == Some("Storage")
                && draft.text(path) == Some("StorageV2");
            let is_sent = crate::body::at(&draft.sent, path).is_some();
            if is_sent && draft.before(path).is_some() && draft.changes(path) && !upgrade {
                return Err(ArmError::conflict(
                    "StorageAccountPropertyCannotBeUpdated",
                    format!("The property '{}' cannot be updated after the account is made.", path.join(".")),
                ));
            }
        }
        fill_identity(draft)?;
        fill_endpoints(draft);
        let now = draft.view.now.rfc3339();
        draft.set_once("creationTime", || json!(now));
        draft.set_once("keyCreationTime", || json!({"key1": now, "key2": now}));
        let premium = draft.text(&["sku", "name"]).is_some_and(|sku| sku.starts_with("Premium"));
        object_at(&mut draft.body, "sku")
            .insert("tier".into(), json!(if premium { "Premium" } else { "Standard" }));
        let kind = draft.text(&["kind"]).unwrap_or_default();
        let has_access_tier = matches!(kind, "StorageV2" | "BlobStorage") && !premium;
        if has_access_tier {
            set_default(draft.properties(), "accessTier", "Hot");
        }
        for name in ["key1", "key2"] {
            set_default(&mut draft.hidden, name, new_key());
        }
        Ok(())
    }

    fn settled(&self, effects: &mut Effects<'_>, key: &Key, _kind: OperationKind) {
        let Some(account) = effects.world.get(key).map(|account| account.id.to_string()) else { return };
        let defaults: &[(&str, Value)] = &[
            (
                "blobServices",
                json!({"cors": {"corsRules": []}, "deleteRetentionPolicy": {"enabled": false, "allowPermanentDelete": false}}),
            ),
            (
                "fileServices",
                json!({
                    "cors": {"corsRules": []},
                    "protocolSettings": {"smb": {}},
                    "shareDeleteRetentionPolicy": {"enabled": true, "days": 7},
                }),
            ),
            ("queueServices", json!({"cors": {"corsRules": []}})),
            ("tableServices", json!({"cors": {"corsRules": []}})),
        ];
        for (service, properties) in defaults {
            let id = format!("{account}/{service}/default");
            if !effects.world.contains(&key_of(&id)) {
                let body = json!({"properties": properties}).as_object().cloned().unwrap_or_default();
                effects.put(
                    &format!("Microsoft.Storage/storageAccounts/{service}"),
                    &id,
                    body,
                    Object::new(),
                );
            }
        }
    }

    fn act(&self, action: &mut Action<'_, '_>) -> Option<Result<Outcome, ArmError>> {
        Some(match action.name.as_str() {
            "listkeys" => list_keys(action),
            "regeneratekey" => regenerate(action),
            "listaccountsas" | "listservicesas" => Ok(sas(action)),
            "revokeuserdelegationkeys" => Ok(Outcome::Done(Response::empty(200))),
            _ => return None,
        })
    }

    fn name_taken(&self, name: &str, _is_own: bool) -> ArmError {
        ArmError::conflict(
            "StorageAccountAlreadyTaken",
            format!("The storage account named {name} is already taken."),
        )
    }
}

fn check_kind(draft: &Draft<'_>) -> Result<(), ArmError> {
    let kind = draft.text(&["kind"]).unwrap_or_default();
    let sku = draft.text(&["sku", "name"]).unwrap_or_default();
    let needs_premium = matches!(kind, "BlockBlobStorage" | "FileStorage");
    let is_premium = sku.starts_with("Premium");
    let fits = match (needs_premium, is_premium) {
        (true, premium) => premium || (kind == "FileStorage" && sku.starts_with("StandardV2")),
        (false, true) => matches!(sku, "Premium_LRS") && matches!(kind, "StorageV2" | "Storage"),
        (false, false) => true,
    };
    if fits {
        return Ok(());
    }
    Err(ArmError::bad_request(
        "InvalidValuesForRequestParameters",
        format!("Values for request parameters are invalid: sku {sku} for kind {kind}."),
    ))
}

fn fill_endpoints(draft: &mut Draft<'_>) {
    let name = draft.name().to_owned();
    let location = draft.location();
    let kind = draft.text(&["kind"]).unwrap_or_default().to_owned();
    let sku = draft.text(&["sku", "name"]).unwrap_or_default().to_owned();
    let services: &[&str] = match kind.as_str() {
        "BlobStorage" => &["blob", "table", "dfs"],
        "BlockBlobStorage" => &["blob", "web", "dfs"],
        "FileStorage" => &["file"],
        _ => &["blob", "queue", "table", "file", "web", "dfs"],
    };
    let endpoints = |suffix: &str| -> Object {
        let entries = services.iter().filter(|service| suffix.is_empty() || **service != "file");
        entries
            .map(|service| {
                // Static websites live in numbered zones.
                let zone = if *service == "web" { "z6." } else { "" };
                (
                    (*service).to_owned(),
                    json!(format!("https://{name}{suffix}.{zone}{service}.core.windows.net/")),
                )
            })
            .collect()
    };
    draft.set("primaryLocation", location.clone());
    draft.set("statusOfPrimary", "available");
    let primary = endpoints("");
    draft.set("primaryEndpoints", primary);
    if sku.contains("GRS") || sku.contains("GZRS") {
        draft.set("secondaryLocation", paired(&location));
        draft.set("statusOfSecondary", "available");
        if sku.contains("RAG") {
            let secondary = endpoints("-secondary");
            draft.set("secondaryEndpoints", secondary);
        }
    }
}

/// The region that data is copied to.
fn paired(location: &str) -> &str {
    match location {
        "westeurope" => "northeurope",
        "northeurope" => "westeurope",
        "eastus" => "westus",
        "westus" => "eastus",
        "eastus2" => "centralus",
        "centralus" => "eastus2",
        "francecentral" => "francesouth",
        "germanywestcentral" => "germanynorth",
        "uksouth" => "ukwest",
        "swedencentral" => "swedensouth",
        "brazilsouth" => "southcentralus",
        "canadacentral" => "canadaeast",
        "southeastasia" => "eastasia",
        "westus2" => "westcentralus",
        _ => "westeurope",
    }
}

fn keys_of(account: &Resource) -> Value {
    let hidden = account.hidden();
    let keys: Vec<Value> = ["key1", "key2"]
        .iter()
        .map(|name| {
            json!({
                "creationTime": account.created.rfc3339(),
                "keyName": name,
                "value": hidden.get(*name),
                "permissions": "FULL",
            })
        })
        .collect();
    json!({"keys": keys})
}

fn list_keys(action: &Action<'_, '_>) -> Result<Outcome, ArmError> {
    Ok(Outcome::Done(Response::json(200, &keys_of(action.resource()?))))
}

fn regenerate(action: &mut Action<'_, '_>) -> Result<Outcome, ArmError> {
    let name = match text_at(&action.input, &["keyName"]) {
        Some(name @ ("key1" | "key2")) => name.to_owned(),
        _ => {
            return Err(ArmError::bad_request(
                "InvalidValuesForRequestParameters",
                "Values for request parameters are invalid: keyName.",
            ));
        }
    };
    let key = action.key.clone();
    action.effects.world.update(&key, |account| {
        let mut hidden = account.hidden();
        hidden.insert(name, json!(new_key()));
        account.set_hidden(hidden);
    });
    list_keys(action)
}

/// A shared access signature that no data plane checks.
fn sas(action: &Action<'_, '_>) -> Outcome {
    let token = format!("sv=2025-05-05&ss=b&srt=sco&sp=rl&sig={}", guid::derived(&["sas", &action.key]));
    let name = if action.name == "listaccountsas" { "accountSasToken" } else { "serviceSasToken" };
    Outcome::Done(Response::json(200, &json!({name: token})))
}

pub(super) struct FileService;

impl Behaviour for FileService {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        // An empty list of versions or methods means that there is no restriction, and is not answered.
        let settings = object_at(draft.properties(), "protocolSettings");
        object_at(settings, "smb").retain(|_, value| value.as_str() != Some(""));
        Ok(())
    }
}

pub(super) struct Container;

impl Behaviour for Container {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let account = draft.key.split("/blobservices/").next().and_then(|key| draft.view.world.get(key));
        let account = account.map(Resource::body).unwrap_or_default();
        let allows_public =
            crate::body::at(&account, &["properties", "allowBlobPublicAccess"]) == Some(&json!(true));
        let wants_public = draft.text(&["properties", "publicAccess"]).is_some_and(|access| access != "None");
        if wants_public && !allows_public {
            return Err(ArmError::conflict(
                "PublicAccessNotPermitted",
                "Public access is not permitted on this storage account.",
            ));
        }
        fill_lease(draft);
        let properties = draft.properties();
        for name in ["hasImmutabilityPolicy", "hasLegalHold", "deleted"] {
            set_default(properties, name, false);
        }
        set_default(properties, "remainingRetentionDays", 0);
        set_default(properties, "immutableStorageWithVersioning", json!({"enabled": false}));
        Ok(())
    }

    fn renders(&self) -> bool {
        true
    }

    fn render(&self, _view: View<'_>, resource: &Resource, body: &mut Object) {
        show_lock(resource, body);
    }

    fn act(&self, action: &mut Action<'_, '_>) -> Option<Result<Outcome, ArmError>> {
        act_on_lease(action)
    }
}

fn fill_lease(draft: &mut Draft<'_>) {
    let now = draft.view.now.rfc3339();
    draft.set("lastModifiedTime", now);
    draft.set_once("leaseStatus", || json!("Unlocked"));
    draft.set_once("leaseState", || json!("Available"));
}

fn show_lock(resource: &Resource, body: &mut Object) {
    if resource.hidden().contains_key("lease") {
        let properties = object_at(body, "properties");
        properties.insert("leaseStatus".into(), json!("Locked"));
        properties.insert("leaseState".into(), json!("Leased"));
    }
}

fn act_on_lease(action: &mut Action<'_, '_>) -> Option<Result<Outcome, ArmError>> {
    if action.name != "lease" {
        return None;
    }
    let id = text_at(&action.input, &["proposedLeaseId"]).map_or_else(guid::random, str::to_owned);
    let ends = matches!(text_at(&action.input, &["action"]), Some("Release" | "Break"));
    let key = action.key.clone();
    action.effects.world.update(&key, |resource| {
        let mut hidden = resource.hidden();
        if ends {
            hidden.remove("lease");
        } else {
            hidden.insert("lease".into(), json!(id));
        }
        resource.set_hidden(hidden);
    });
    let answer = json!({"leaseId": id, "leaseTimeSeconds": Value::Null});
    Some(Ok(Outcome::Done(Response::json(200, &answer))))
}

pub(super) struct Share;

impl Behaviour for Share {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let quota = draft.at(&["properties", "shareQuota"]).and_then(Value::as_u64).unwrap_or(0);
        if !(1..=102_400).contains(&quota) {
            return Err(ArmError::bad_request(
                "InvalidXmlNodeValue",
                format!("The value {quota} of 'shareQuota' is out of range: 1 to 102400."),
            ));
        }
        if draft.changes(&["properties", "enabledProtocols"]) {
            return Err(ArmError::bad_request(
                "InvalidHeaderValue",
                "The protocol of a share cannot be changed.",
            ));
        }
        fill_lease(draft);
        Ok(())
    }

    fn renders(&self) -> bool {
        true
    }

    fn render(&self, _view: View<'_>, resource: &Resource, body: &mut Object) {
        show_lock(resource, body);
    }

    fn act(&self, action: &mut Action<'_, '_>) -> Option<Result<Outcome, ArmError>> {
        act_on_lease(action)
    }
}
