//! What secrets and keys of key vaults have in common: they live behind the host of their vault, with a token of its
//! own, in versions, and are kept for a while when they are deleted.
//!
//! In state such an item has the URL of its newest version as id, as azurerm writes it. Before it is made nobody knows
//! that version: until then its id is a path below the vault's, which is good enough to find it again.

use std::time::Duration;

use serde_json::{Value as Json, json};
use terrane_model::{Diagnostic, Value};

use crate::attributes::text_at;
use crate::client::{ArmRequest, Method};
use crate::lifecycle::{Failure, Work};
use crate::mapping::Documents;

const VAULTS_API_VERSION: &str = "2026-02-01";
/// A deleted or recovered item is there, or gone, after seconds.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// Returns the URL of an item, without a version: either it is the path, or the path's names make it.
pub(super) fn url_of(work: &Work<'_>, path: &str) -> String {
    if path.starts_with("https://") {
        return path.to_owned();
    }
    let mut segments = path.rsplit('/');
    let (name, kind) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
    let vault = segments.next().unwrap_or_default().to_ascii_lowercase();
    format!("https://{vault}.{}/{kind}/{name}", work.client().cloud().suffixes.key_vault)
}

/// Returns the URL of a deleted item: `/deletedkeys/` in place of `/keys/`.
fn deleted_url(url: &str) -> String {
    url.replacen("/secrets/", "/deletedsecrets/", 1).replacen("/keys/", "/deletedkeys/", 1)
}

/// What an item is called in messages.
fn noun_of(url: &str) -> &'static str {
    if url.contains("/keys/") || url.contains("/deletedkeys/") { "key" } else { "secret" }
}

/// Makes a request to a vault, with a token for vaults.
pub(super) fn to_vault(work: &Work<'_>, method: Method, url: String) -> ArmRequest {
    let scope = format!("https://{}/.default", work.client().cloud().suffixes.key_vault);
    ArmRequest::new(method, url, &work.table.api_version).with_scope(scope)
}

/// Reads something of a vault; nothing when it does not exist.
///
/// # Errors
/// When the exchange fails otherwise.
pub(super) async fn get(work: &Work<'_>, url: &str) -> Result<Option<Json>, Failure> {
    let request = to_vault(work, Method::Get, url.to_owned());
    match work.client().send(&request, &work.call).await {
        Ok(response) => Ok(Some(response.body)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Takes back the deletion of an item, and waits until it is there again.
///
/// # Errors
/// When an exchange fails, or time is over.
pub(super) async fn recover(work: &Work<'_>, url: &str) -> Result<(), Failure> {
    let noun = noun_of(url);
    work.call.report(format!("recovering the deleted {noun}"));
    let deleted = deleted_url(url);
    work.client().send(&to_vault(work, Method::Post, format!("{deleted}/recover")), &work.call).await?;
    while get(work, url).await?.is_none() {
        work.call.wait(POLL_INTERVAL, "the item to be recovered").await?;
    }
    Ok(())
}

/// Deletes an item, and lets go of it for good where that is wanted.
///
/// # Errors
/// When an exchange fails, or time is over.
pub(super) async fn delete(work: &Work<'_>, path: &str, purges: bool) -> Result<(), Failure> {
    let url = url_of(work, path);
    work.call.report("deleting");
    match work.client().send(&to_vault(work, Method::Delete, url.clone()), &work.call).await {
        Ok(_) => {}
        Err(error) if error.is_not_found() => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    if !purges {
        return Ok(());
    }
    work.call.report("purging");
    let deleted = deleted_url(&url);
    // An item can be purged only when its deletion is done.
    while get(work, &deleted).await?.is_none() {
        work.call.wait(POLL_INTERVAL, "the item to be deleted").await?;
        if get(work, &url).await?.is_none() {
            break;
        }
    }
    match work.client().send(&to_vault(work, Method::Delete, deleted), &work.call).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_not_found() => Ok(()),
        // Vaults that are protected from purging keep it, and that is what was asked for.
        Err(error) if error.refusal().is_some_and(|refusal| refusal.status == 403) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Adds what the URL of an item says, and where its vault is in Azure Resource Manager. `place` is where the body has
/// the URL.
///
/// # Errors
/// When an exchange fails, or the vault is not found.
pub(super) async fn describe(
    work: &Work<'_>,
    documents: &mut Documents,
    known: Option<&Value>,
    place: &str,
) -> Result<(), Failure> {
    let id = documents.text_at(place).unwrap_or_default().to_owned();
    let (versionless_id, version) = id.rsplit_once('/').unwrap_or((&id, ""));
    let mut segments = versionless_id.rsplit('/');
    let (name, kind) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
    let vault_id = match documents.path.split_once(&format!("/{kind}/")) {
        Some((vault, _)) if !vault.starts_with("https://") => vault.to_owned(),
        _ => match known.and_then(|known| text_at(known, "key_vault_id")) {
            Some(vault_id) => vault_id.to_string(),
            None => find_vault(work, versionless_id).await?,
        },
    };
    let resource = format!("{vault_id}/{kind}/{name}");
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
