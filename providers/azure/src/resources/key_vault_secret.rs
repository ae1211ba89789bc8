//! Secrets of key vaults. They live behind the host of their vault, with a token of their own.
//!
//! In state a secret has the URL of its newest version as id, as azurerm writes it. Before it is made nobody knows
//! that version: until then its id is a path below the vault's, which is good enough to find it again.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use terrane_model::{Diagnostic, Value};

use crate::attributes::{Attributes, text_at};
use crate::client::{ArmError, ArmRequest, Method};
use crate::lifecycle::create::already_exists;
use crate::lifecycle::{Address, Change, Failure, Work};
use crate::mapping::same::is_zero;
use crate::mapping::{Documents, write_object};
use crate::resources::Behaviour;

const VAULTS_API_VERSION: &str = "2026-02-01";
/// A deleted or recovered secret is there, or gone, after seconds.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// Secrets.
pub(crate) struct Secret;

#[async_trait]
impl Behaviour for Secret {
    async fn fetch(&self, work: &Work<'_>, address: &Address) -> Result<Option<Documents>, Failure> {
        let url = url_of(work, &address.path);
        let body = get(work, &url).await?;
        Ok(body.map(|body| Documents::of(address.path.clone(), body)))
    }

    async fn create(&self, work: &Work<'_>, change: &Change<'_>) -> Result<Documents, Failure> {
        let exists = self.fetch(work, change.address).await?.is_some();
        if exists && !work.connection.settings.features.overwrites_existing {
            return Err(already_exists(work, &change.address.id).into());
        }
        work.call.report("creating");
        let url = url_of(work, &change.address.path);
        let request = to_vault(work, Method::Put, url.clone()).with_body(body_of(work, change));
        let body = match work.run_creating(&request).await {
            Ok(finished) => finished.body,
            Err(Failure::Arm(ArmError::Refused(refusal)))
                if refusal.status == 409 && work.connection.settings.features.recover_secrets =>
            {
                recover(work, &url).await?;
                work.run_creating(&request).await?.body
            }
            Err(failure) => return Err(failure),
        };
        Ok(Documents::of(change.address.path.clone(), body))
    }

    /// Another value is another version; everything else is changed on the present one.
    async fn update(&self, work: &Work<'_>, change: &Change<'_>) -> Result<Documents, Failure> {
        let prior = change.prior.unwrap_or(change.planned);
        let differs = |name: &str| prior.attribute(name) != change.planned.attribute(name);
        let has_new_value = differs("value") || differs("value_wo_version");
        let url = url_of(work, &change.address.path);
        let mut body = body_of(work, change);
        work.call.report("updating");
        let request = if has_new_value {
            to_vault(work, Method::Put, url)
        } else {
            let current = get(work, &url).await?.unwrap_or_default();
            let version = current.get("id").and_then(Json::as_str).and_then(|id| id.rsplit('/').next());
            if let Some(body) = body.as_object_mut() {
                body.remove("value");
            }
            to_vault(work, Method::Patch, format!("{url}/{}", version.unwrap_or_default()))
        };
        let finished = work.run(&request.with_body(body)).await?;
        Ok(Documents::of(change.address.path.clone(), finished.body))
    }

    async fn delete(&self, work: &Work<'_>, address: &Address, _state: &Value) -> Result<(), Failure> {
        let url = url_of(work, &address.path);
        work.call.report("deleting");
        match work.client().send(&to_vault(work, Method::Delete, url.clone()), &work.call).await {
            Ok(_) => {}
            Err(error) if error.is_not_found() => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        if !work.connection.settings.features.purge_secrets {
            return Ok(());
        }
        work.call.report("purging");
        let deleted = url.replace("/secrets/", "/deletedsecrets/");
        // A secret can be purged only when its deletion is done.
        while get(work, &deleted).await?.is_none() {
            work.call.wait(POLL_INTERVAL, "the secret to be deleted").await?;
            if get(work, &url).await?.is_some() {
                continue;
            }
            break;
        }
        match work.client().send(&to_vault(work, Method::Delete, deleted), &work.call).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            // Vaults that are protected from purging keep it, and that is what was asked for.
            Err(error) if error.refusal().is_some_and(|refusal| refusal.status == 403) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn complete_documents(
        &self,
        work: &Work<'_>,
        documents: &mut Documents,
        known: Option<&Value>,
    ) -> Result<(), Failure> {
        describe(work, documents, known).await
    }

    fn read_attributes(&self, documents: &Documents, known: Option<&Value>, attributes: &mut Attributes) {
        if let Some(id) = documents.text_at("$own.id") {
            attributes.set("id", id);
        }
        // Without a version state may say 0 as well as nothing.
        let is_kept_out = known.is_some_and(|known| !is_zero(&known.attribute("value_wo_version")));
        let value = documents.text_at("value").filter(|_| !is_kept_out);
        attributes.set("value", value.map_or_else(Value::dynamic_null, Value::from));
    }
}

/// Secrets as a data source.
pub(crate) struct SecretData;

#[async_trait]
impl Behaviour for SecretData {
    async fn fetch(&self, work: &Work<'_>, address: &Address) -> Result<Option<Documents>, Failure> {
        Secret.fetch(work, address).await
    }

    async fn complete_documents(
        &self,
        work: &Work<'_>,
        documents: &mut Documents,
        known: Option<&Value>,
    ) -> Result<(), Failure> {
        if let Some(version) = known.and_then(|known| text_at(known, "version")) {
            let url = format!("{}/{version}", url_of(work, &documents.path));
            let Some(body) = get(work, &url).await? else {
                let detail = format!("The secret {url} does not exist.");
                return Err(Diagnostic::error("Object not found", detail).into());
            };
            documents.body = body;
        }
        describe(work, documents, known).await
    }

    fn read_attributes(&self, documents: &Documents, _known: Option<&Value>, attributes: &mut Attributes) {
        if let Some(id) = documents.text_at("$own.id") {
            attributes.set("id", id);
        }
    }
}

/// Returns the URL of a secret, without a version: either it is the path, or the path's names make it.
fn url_of(work: &Work<'_>, path: &str) -> String {
    if path.starts_with("https://") {
        return path.to_owned();
    }
    let mut segments = path.rsplit('/');
    let name = segments.next().unwrap_or_default();
    let vault = segments.nth(1).unwrap_or_default().to_ascii_lowercase();
    format!("https://{vault}.{}/secrets/{name}", work.client().cloud().suffixes.key_vault)
}

fn to_vault(work: &Work<'_>, method: Method, url: String) -> ArmRequest {
    let scope = format!("https://{}/.default", work.client().cloud().suffixes.key_vault);
    ArmRequest::new(method, url, &work.table.api_version).with_scope(scope)
}

async fn get(work: &Work<'_>, url: &str) -> Result<Option<Json>, Failure> {
    let request = to_vault(work, Method::Get, url.to_owned());
    match work.client().send(&request, &work.call).await {
        Ok(response) => Ok(Some(response.body)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn body_of(work: &Work<'_>, change: &Change<'_>) -> Json {
    let mut documents = Documents::empty("");
    write_object(&work.table.arguments, change.planned, &mut documents);
    for (name, empty) in [("tags", json!({})), ("contentType", "".into()), ("attributes", json!({}))] {
        if documents.body.get(name).is_none() {
            documents.body[name] = empty;
        }
    }
    documents.body
}

async fn recover(work: &Work<'_>, url: &str) -> Result<(), Failure> {
    work.call.report("recovering the deleted secret");
    let deleted = url.replace("/secrets/", "/deletedsecrets/");
    work.client().send(&to_vault(work, Method::Post, format!("{deleted}/recover")), &work.call).await?;
    while get(work, url).await?.is_none() {
        work.call.wait(POLL_INTERVAL, "the secret to be recovered").await?;
    }
    Ok(())
}

/// Adds what the URL of a secret says, and where its vault is in Azure Resource Manager.
async fn describe(work: &Work<'_>, documents: &mut Documents, known: Option<&Value>) -> Result<(), Failure> {
    let id = documents.text_at("id").unwrap_or_default().to_owned();
    let (versionless_id, version) = id.rsplit_once('/').unwrap_or((&id, ""));
    let name = versionless_id.rsplit('/').next().unwrap_or_default();
    let vault_id = match documents.path.split_once("/secrets/") {
        Some((vault, _)) if !vault.starts_with("https://") => vault.to_owned(),
        _ => match known.and_then(|known| text_at(known, "key_vault_id")) {
            Some(vault_id) => vault_id.to_string(),
            None => find_vault(work, versionless_id).await?,
        },
    };
    let resource = format!("{vault_id}/secrets/{name}");
    let own = json!({
        "id": id, "version": version, "versionless_id": versionless_id, "vault_id": vault_id,
        "resource_id": format!("{resource}/versions/{version}"), "resource_versionless_id": resource,
    });
    documents.named.insert("own".into(), own);
    Ok(())
}

/// Finds the vault of a URL among all of the subscription; after an import nothing else says where it is.
async fn find_vault(work: &Work<'_>, url: &str) -> Result<String, Failure> {
    let host = url.trim_start_matches("https://").split('/').next().unwrap_or_default();
    let list =
        format!("/subscriptions/{}/providers/Microsoft.KeyVault/vaults", work.connection.subscription_id);
    let vaults = work.client().list(ArmRequest::get(list, VAULTS_API_VERSION), &work.call).await?;
    let vault = vaults.unwrap_or_default().into_iter().find(|vault| {
        let uri = vault.pointer("/properties/vaultUri").and_then(Json::as_str).unwrap_or_default();
        uri.trim_start_matches("https://").trim_end_matches('/').eq_ignore_ascii_case(host)
    });
    let id = vault.as_ref().and_then(|vault| vault.get("id")?.as_str().map(str::to_owned));
    id.ok_or_else(|| {
        let detail = format!("The subscription has no key vault with the host {host}.");
        Diagnostic::error("Key vault not found", detail).into()
    })
}
