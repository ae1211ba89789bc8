//! Storage accounts: names of SKUs, keys of vaults, connection strings.

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use terrane_model::{AttributePath, Diagnostic, Diagnostics, Value};

use crate::attributes::text_at;
use crate::client::ArmRequest;
use crate::lifecycle::{Address, Change, Draft, Failure, Work};
use crate::mapping::Documents;
use crate::resources::Behaviour;

/// Accounts.
pub(crate) struct StorageAccount;

#[async_trait]
impl Behaviour for StorageAccount {
    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        refuse_wrong_kinds(config, diagnostics);
        let queues = config.attribute("queue_properties");
        let queues = queues.as_sequence().and_then(<[Value]>::first);
        for block in ["hour_metrics", "minute_metrics", "logging"] {
            if queues.is_some_and(|queues| queues.attribute(block).element_count().unwrap_or(0) > 0) {
                let detail = format!(
                    "queue_properties.{block} is no part of Azure Resource Manager, and this provider speaks to \
                     nothing else of a storage account. Leave it out, or set it with the az CLI."
                );
                let path = AttributePath::root().attribute("queue_properties");
                diagnostics.push(Diagnostic::error("Unsupported argument", detail).on_attribute(path));
            }
        }
    }

    fn plan(&self, draft: &mut Draft<'_>) {
        if draft.changes("account_kind") {
            let upgrades = draft.before("account_kind") == "Storage".into()
                && draft.after("account_kind") == "StorageV2".into();
            if !upgrades {
                draft.replace_for("account_kind");
            }
        }
        if draft.before("large_file_share_enabled").as_bool() == Some(true)
            && draft.after("large_file_share_enabled").as_bool() == Some(false)
        {
            draft.replace_for("large_file_share_enabled");
        }
        if draft.changes("account_replication_type") && crosses_zones(draft) {
            draft.replace_for("account_replication_type");
        }
        let state = "immutability_policy.0.state";
        if draft.changes(state) && draft.before(state) == "Locked".into() {
            draft.replace_for(state);
        }
    }

    async fn before_write(
        &self,
        work: &Work<'_>,
        change: &Change<'_>,
        documents: &mut Documents,
    ) -> Result<(), Failure> {
        join_sku(change, &mut documents.body);
        key_to_wire(&mut documents.body);
        fill_tenants(work, &mut documents.body).await?;
        // The service takes no "Disabled" here: it is what nobody has enabled.
        if documents.text_at("properties.largeFileSharesState") == Some("Disabled") {
            documents.unset("properties.largeFileSharesState");
        }
        keep_multichannel_for_premium(change, documents);
        Ok(())
    }

    async fn complete_documents(
        &self,
        work: &Work<'_>,
        documents: &mut Documents,
        known: Option<&Value>,
    ) -> Result<(), Failure> {
        complete(work, documents);
        hide_open_network(documents, known);
        Ok(())
    }
}

/// Accounts as a data source.
pub(crate) struct StorageAccountData;

#[async_trait]
impl Behaviour for StorageAccountData {
    async fn complete_documents(
        &self,
        work: &Work<'_>,
        documents: &mut Documents,
        _known: Option<&Value>,
    ) -> Result<(), Failure> {
        complete(work, documents);
        Ok(())
    }
}

/// The network rules of an account that something else manages.
pub(crate) struct NetworkRules;

#[async_trait]
impl Behaviour for NetworkRules {
    async fn before_write(
        &self,
        work: &Work<'_>,
        _change: &Change<'_>,
        documents: &mut Documents,
    ) -> Result<(), Failure> {
        fill_tenants(work, &mut documents.body).await
    }

    /// Without rules of their own, accounts let everyone in.
    async fn after_delete(&self, work: &Work<'_>, address: &Address, _state: &Value) -> Result<(), Failure> {
        let rules = json!({
            "bypass": "AzureServices", "defaultAction": "Allow", "ipRules": [], "virtualNetworkRules": [],
            "resourceAccessRules": [],
        });
        let body = json!({"properties": {"networkAcls": rules}});
        let request = ArmRequest::patch(address.path.clone(), &work.table.api_version, body);
        match work.client().run(&request, &work.call).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn refuse_wrong_kinds(config: &Value, diagnostics: &mut Diagnostics) {
    let kind = text_at(config, "account_kind").unwrap_or_else(|| "StorageV2".into());
    if !config.attribute("account_kind").is_known() {
        return;
    }
    let mut refuse = |argument: &str, detail: String| {
        let path = AttributePath::root().attribute(argument);
        diagnostics.push(Diagnostic::error("Invalid combination of arguments", detail).on_attribute(path));
    };
    let is_on = |name: &str| config.attribute(name).as_bool() == Some(true);
    if text_at(config, "access_tier").is_some()
        && !matches!(kind.as_str(), "BlobStorage" | "FileStorage" | "StorageV2")
    {
        refuse("access_tier", format!("Accounts of kind {kind} have no access tier."));
    }
    if is_on("is_hns_enabled") && !matches!(kind.as_str(), "BlockBlobStorage" | "StorageV2") {
        refuse("is_hns_enabled", format!("Accounts of kind {kind} have no hierarchical namespace."));
    }
    if is_on("nfsv3_enabled") && config.attribute("is_hns_enabled").as_bool() == Some(false) {
        refuse("nfsv3_enabled", "NFS 3 needs is_hns_enabled = true.".to_owned());
    }
    let tier = text_at(config, "account_tier").unwrap_or_default();
    if matches!(kind.as_str(), "BlockBlobStorage") && tier == "Standard" {
        refuse("account_kind", "Accounts of kind BlockBlobStorage are of tier Premium.".to_owned());
    }
}

/// An account moves between replication inside of a zone and across zones only by being made anew.
fn crosses_zones(draft: &Draft<'_>) -> bool {
    let is_zonal =
        |value: Value| value.as_str().is_some_and(|text| matches!(text.as_str(), "ZRS" | "GZRS" | "RAGZRS"));
    is_zonal(draft.before("account_replication_type")) != is_zonal(draft.after("account_replication_type"))
}

/// `StandardV2_LRS` is Standard, V2 and LRS.
fn join_sku(change: &Change<'_>, body: &mut Json) {
    let part = |name: &str| text_at(change.planned, name).unwrap_or_default();
    if body.get("sku").is_some() {
        let name = format!(
            "{}{}_{}",
            part("account_tier"),
            part("provisioned_billing_model_version"),
            part("account_replication_type")
        );
        body["sku"] = json!({ "name": name });
    }
}

fn split_sku(documents: &mut Documents) {
    let name = documents.text_at("sku.name").unwrap_or_default().to_owned();
    let (tier, replication) = name.split_once('_').unwrap_or((&name, ""));
    let version = if tier.ends_with("V2") { "V2" } else { "" };
    documents.set("sku.tierPart", tier.trim_end_matches("V2").into());
    documents.set("sku.versionPart", version.into());
    documents.set("sku.replicationPart", replication.into());
}

/// `https://VAULT/keys/NAME[/VERSION]` is three properties.
fn key_to_wire(body: &mut Json) {
    let Some(encryption) = body.pointer_mut("/properties/encryption").and_then(Json::as_object_mut) else {
        return;
    };
    let key = encryption.remove("keyId").or_else(|| encryption.remove("hsmKeyId"));
    let Some(key) = key.as_ref().and_then(Json::as_str) else { return };
    let mut segments = key.trim_end_matches('/').splitn(6, '/');
    let host = segments.nth(2).unwrap_or_default();
    let (name, version) = (segments.nth(1).unwrap_or_default(), segments.next().unwrap_or_default());
    encryption.insert("keySource".to_owned(), "Microsoft.Keyvault".into());
    encryption.insert(
        "keyvaultproperties".to_owned(),
        json!({"keyvaulturi": format!("https://{host}/"), "keyname": name, "keyversion": version}),
    );
}

fn key_from_wire(documents: &mut Documents) {
    let text = |name: &str| {
        documents.text_at(&format!("properties.encryption.keyvaultproperties.{name}")).unwrap_or_default()
    };
    let (vault, name, version) = (text("keyvaulturi"), text("keyname"), text("keyversion"));
    if vault.is_empty() || name.is_empty() {
        return;
    }
    let mut key = format!("{}/keys/{name}", vault.trim_end_matches('/'));
    if !version.is_empty() {
        key = format!("{key}/{version}");
    }
    let place = if vault.contains(".managedhsm.") { "hsmKeyId" } else { "keyId" };
    documents.set(&format!("properties.encryption.{place}"), key.into());
}

/// Rules for other objects name their tenant; without one it is ours.
async fn fill_tenants(work: &Work<'_>, body: &mut Json) -> Result<(), Failure> {
    let rules = body.pointer_mut("/properties/networkAcls/resourceAccessRules").and_then(Json::as_array_mut);
    let nameless: Vec<&mut Json> = rules
        .into_iter()
        .flatten()
        .filter(|rule| rule.get("tenantId").and_then(Json::as_str).is_none_or(str::is_empty))
        .collect();
    if nameless.is_empty() {
        return Ok(());
    }
    let claims = work.client().claims().await?;
    for rule in nameless {
        rule["tenantId"] = claims.get("tid").cloned().unwrap_or_default();
    }
    Ok(())
}

/// Only premium accounts know the setting at all, even switched off.
fn keep_multichannel_for_premium(change: &Change<'_>, documents: &mut Documents) {
    let is_premium = text_at(change.planned, "account_tier").as_deref() == Some("Premium");
    if !is_premium && documents.at("$file.properties.protocolSettings.smb.multichannel").is_some() {
        documents.unset("$file.properties.protocolSettings.smb.multichannel");
    }
}

fn complete(work: &Work<'_>, documents: &mut Documents) {
    split_sku(documents);
    key_from_wire(documents);
    if documents.at("properties.largeFileSharesState").is_none() {
        documents.set("properties.largeFileSharesState", "Disabled".into());
    }
    let strings = connection_strings(documents, &work.client().cloud().suffixes.storage);
    documents.named.insert("strings".into(), strings);
    if documents.unread.contains("keys") {
        documents.unread.insert("strings".into());
    }
}

/// Rules that let everyone in count as no rules, unless they were written.
fn hide_open_network(documents: &mut Documents, known: Option<&Value>) {
    let is_written = known.is_some_and(|known| known.attribute("network_rules").element_count() == Some(1));
    let Some(rules) = documents.at("properties.networkAcls").filter(|_| !is_written) else { return };
    let said = |name: &str| rules.get(name).and_then(Json::as_str).unwrap_or_default();
    let lists = ["ipRules", "virtualNetworkRules", "resourceAccessRules"];
    let is_empty = |name: &&str| rules.get(*name).and_then(Json::as_array).is_none_or(Vec::is_empty);
    if said("defaultAction") == "Allow" && said("bypass") == "AzureServices" && lists.iter().all(is_empty) {
        documents.unset("properties.networkAcls");
    }
}

fn connection_strings(documents: &Documents, suffix: &str) -> Json {
    let account = documents.text_at("name").unwrap_or_default();
    let account =
        if account.is_empty() { documents.path.rsplit('/').next().unwrap_or_default() } else { account };
    let mut strings = serde_json::Map::new();
    for (index, which) in ["primary", "secondary"].into_iter().enumerate() {
        let Some(key) = documents.text_at(&format!("$keys.keys[{index}].value")) else { continue };
        let whole = format!(
            "DefaultEndpointsProtocol=https;AccountName={account};AccountKey={key};EndpointSuffix={suffix}"
        );
        strings.insert(which.to_owned(), whole.into());
        if let Some(endpoint) = documents.text_at(&format!("properties.{which}Endpoints.blob")) {
            let blob = format!(
                "DefaultEndpointsProtocol=https;BlobEndpoint={endpoint};AccountName={account};AccountKey={key}"
            );
            strings.insert(format!("{which}_blob"), blob.into());
        }
    }
    Json::Object(strings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_taken_apart_and_put_together() {
        for key in ["https://v.vault.azure.net/keys/k", "https://v.vault.azure.net/keys/k/0123"] {
            let mut body =
                json!({"properties": {"encryption": {"keyId": key, "keySource": "Microsoft.Storage"}}});
            key_to_wire(&mut body);
            let encryption = &body["properties"]["encryption"];
            assert_eq!(encryption["keySource"], "Microsoft.Keyvault");
            assert_eq!(encryption["keyvaultproperties"]["keyname"], "k");
            let mut documents = Documents::of("", body);
            key_from_wire(&mut documents);
            assert_eq!(documents.text_at("properties.encryption.keyId"), Some(key));
        }
    }

    #[test]
    fn skus_are_taken_apart() {
        let mut documents = Documents::of("", json!({"sku": {"name": "StandardV2_GZRS"}}));
        split_sku(&mut documents);
        assert_eq!(documents.text_at("sku.tierPart"), Some("Standard"));
        assert_eq!(documents.text_at("sku.versionPart"), Some("V2"));
        assert_eq!(documents.text_at("sku.replicationPart"), Some("GZRS"));
    }
}
