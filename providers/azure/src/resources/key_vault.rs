//! Key vaults: deleted ones stay for a while, and hold on to their names.

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use terrane_model::{AttributePath, Diagnostic, Diagnostics, Value};

use crate::attributes::text_at;
use crate::client::ArmRequest;
use crate::lifecycle::{Address, Change, Draft, Failure, Work};
use crate::mapping::Documents;
use crate::mapping::same::normal_location;
use crate::resources::Behaviour;

/// Vaults.
pub(crate) struct KeyVault;

#[async_trait]
impl Behaviour for KeyVault {
    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        if config.attribute("contact").element_count().unwrap_or(0) > 0 {
            let detail = "The contacts of a vault are no part of Azure Resource Manager, and this provider does not \
                          manage them. Leave the block out, or set the contacts with the az CLI.";
            let path = AttributePath::root().attribute("contact");
            diagnostics.push(Diagnostic::error("Unsupported argument", detail).on_attribute(path));
        }
    }

    fn plan(&self, draft: &mut Draft<'_>) {
        if draft.generation == crate::table::Generation::V4 {
            draft.mirror("rbac_authorization_enabled", "enable_rbac_authorization", false);
        }
        let protection = "purge_protection_enabled";
        if draft.before(protection).as_bool() == Some(true) && draft.after(protection).as_bool() != Some(true)
        {
            draft.refuse(
                protection,
                "Purge protection stays",
                "A vault that is protected from being purged cannot lose that protection again. Set \
                 purge_protection_enabled = true.",
            );
        }
    }

    async fn before_write(
        &self,
        work: &Work<'_>,
        change: &Change<'_>,
        documents: &mut Documents,
    ) -> Result<(), Failure> {
        // The service takes no false here: it is what nobody has enabled.
        if documents.at("properties.enablePurgeProtection").and_then(Json::as_bool) == Some(false) {
            documents.unset("properties.enablePurgeProtection");
        }
        if change.prior.is_none() {
            recover(work, change, documents).await?;
        }
        Ok(())
    }

    async fn complete_documents(
        &self,
        _work: &Work<'_>,
        documents: &mut Documents,
        _known: Option<&Value>,
    ) -> Result<(), Failure> {
        show_open_network(documents);
        Ok(())
    }

    async fn after_delete(&self, work: &Work<'_>, address: &Address, state: &Value) -> Result<(), Failure> {
        let is_protected = state.attribute("purge_protection_enabled").as_bool() == Some(true);
        if !work.connection.settings.features.purge_key_vaults || is_protected {
            return Ok(());
        }
        let location = text_at(state, "location").unwrap_or_default();
        let path = deleted_path(&address.path, &location);
        work.call.report("purging");
        let request = ArmRequest::post(format!("{path}/purge"), &work.table.api_version);
        match work.client().run(&request, &work.call).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Vaults as a data source.
pub(crate) struct KeyVaultData;

#[async_trait]
impl Behaviour for KeyVaultData {
    async fn complete_documents(
        &self,
        _work: &Work<'_>,
        documents: &mut Documents,
        _known: Option<&Value>,
    ) -> Result<(), Failure> {
        show_open_network(documents);
        Ok(())
    }
}

/// A vault that says nothing about its network lets everyone in.
fn show_open_network(documents: &mut Documents) {
    if documents.at("properties.networkAcls").is_none() {
        documents.set("properties.networkAcls", json!({"bypass": "AzureServices", "defaultAction": "Allow"}));
    }
}

/// Returns the path of what is left of a deleted vault.
fn deleted_path(path: &str, location: &str) -> String {
    let (subscription, rest) = path.split_once("/resourceGroups/").unwrap_or((path, ""));
    let name = rest.rsplit('/').next().unwrap_or_default();
    let location = normal_location(location);
    format!("{subscription}/providers/Microsoft.KeyVault/locations/{location}/deletedVaults/{name}")
}

/// A deleted vault of the same name comes back with what was in it, or is in the way.
async fn recover(work: &Work<'_>, change: &Change<'_>, documents: &Documents) -> Result<(), Failure> {
    let path = &change.address.path;
    let location = text_at(change.planned, "location").unwrap_or_default();
    let deleted = work.get(&deleted_path(path, &location), &work.table.api_version).await?;
    let Some(deleted) = deleted else { return Ok(()) };
    let vault_id = deleted.pointer("/properties/vaultId").and_then(Json::as_str).unwrap_or_default();
    if !work.connection.settings.features.recover_key_vaults || !vault_id.eq_ignore_ascii_case(path) {
        let detail = format!(
            "A vault of this name was deleted and is kept for a while: {vault_id}. Purge it with `az keyvault purge \
             --name NAME`, choose another name, or set features.key_vault.recover_soft_deleted_key_vaults = true to \
             bring it back if it is in the same resource group."
        );
        return Err(Diagnostic::error("Name is held by a deleted vault", detail).into());
    }
    work.call.report("recovering the deleted vault");
    let mut body = documents.body.clone();
    body["properties"]["createMode"] = "recover".into();
    work.run_creating(&ArmRequest::put(path, &work.table.api_version, body)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deleted_vaults_are_in_their_region() {
        let path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v";
        assert_eq!(
            deleted_path(path, "West Europe"),
            "/subscriptions/s/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/v"
        );
    }
}
