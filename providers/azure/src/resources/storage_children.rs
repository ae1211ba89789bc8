//! Containers, shares, queues and tables: where their service answers, and what account they are in.
//!
//! Version 4 of azurerm also takes the name of an account in place of its id, and then knows the object by its URL
//! at the account's own host. This provider asks Azure Resource Manager in both cases.

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use terrane_model::{Diagnostic, Type, Value};

use crate::attributes::text_at;
use crate::client::ArmRequest;
use crate::lifecycle::{Address, Draft, Failure, Work};
use crate::mapping::{Documents, canonical_id};
use crate::resources::Behaviour;
use crate::table::Generation;

/// Anything in a storage account.
pub(crate) struct StorageChild;

const ACCOUNTS_API_VERSION: &str = "2025-08-01";

#[async_trait]
impl Behaviour for StorageChild {
    /// The account may be said in another way, as long as it is the same one.
    fn plan(&self, draft: &mut Draft<'_>) {
        if draft.prior.is_none() || draft.generation != Generation::V4 {
            return;
        }
        let account = |name: Value, id: Value| {
            let id = id.as_str().and_then(|id| id.rsplit('/').next()).map(str::to_ascii_lowercase);
            id.or_else(|| name.as_str().map(|name| name.to_ascii_lowercase().to_string()))
        };
        let before = account(draft.before("storage_account_name"), draft.before("storage_account_id"));
        let after = account(draft.after("storage_account_name"), draft.after("storage_account_id"));
        for name in ["storage_account_name", "storage_account_id"] {
            if !draft.changes(name) {
                continue;
            }
            if before == after {
                draft.make_unknown("id", Type::String);
            } else {
                draft.replace_for(name);
            }
        }
    }

    async fn locate(
        &self,
        work: &Work<'_>,
        address: &mut Address,
        planned: Option<&Value>,
    ) -> Result<bool, Failure> {
        if !address.path.starts_with("https://") {
            return Ok(true);
        }
        if planned.is_some_and(|planned| text_at(planned, "storage_account_id").is_some())
            && let Some(planned) = planned
            && let Ok(moved) = Address::from_arguments(work.table, planned, &work.connection.subscription_id)
            && !moved.path.starts_with("https://")
        {
            *address = moved;
            return Ok(true);
        }
        let part = |name: &str| address.parts.get(name).map(String::as_str).unwrap_or_default();
        let name = part("storage_account_name");
        let Some(account) = find_account(work, name).await? else {
            return if planned.is_some() { Err(no_account(work, name).into()) } else { Ok(false) };
        };
        let Some((_, kinds)) = work.table.arm_type.split_once("storageAccounts/") else { return Ok(true) };
        let (service, kind) = kinds.split_once('/').unwrap_or((kinds, ""));
        address.path = format!("{account}/{service}/default/{kind}/{}", part("name"));
        Ok(true)
    }

    async fn complete_documents(
        &self,
        work: &Work<'_>,
        documents: &mut Documents,
        _known: Option<&Value>,
    ) -> Result<(), Failure> {
        let addresses = addresses(&documents.path, &work.client().cloud().suffixes.storage);
        documents.named.insert("own".into(), addresses);
        Ok(())
    }
}

/// Finds an account by its name, which no two accounts share.
async fn find_account(work: &Work<'_>, name: &str) -> Result<Option<String>, Failure> {
    let subscription = &work.connection.subscription_id;
    let list = format!("/subscriptions/{subscription}/providers/Microsoft.Storage/storageAccounts");
    let accounts = work.client().list(ArmRequest::get(list, ACCOUNTS_API_VERSION), &work.call).await?;
    let account = accounts.unwrap_or_default().into_iter().find(|account| {
        account.get("name").and_then(Json::as_str).is_some_and(|other| other.eq_ignore_ascii_case(name))
    });
    Ok(account.as_ref().and_then(|account| account.get("id")?.as_str().map(canonical_id)))
}

fn no_account(work: &Work<'_>, name: &str) -> Diagnostic {
    let detail = format!(
        "The subscription {} has no storage account named {name}. Refer to the resource that makes it, or use \
         storage_account_id for an account elsewhere.",
        work.connection.subscription_id
    );
    Diagnostic::error("Storage account not found", detail)
}

/// Reads off a path where the object is for its service, and for role assignments.
fn addresses(path: &str, suffix: &str) -> Json {
    let segment_after = |kind: &str| {
        let mut segments = path.split('/');
        segments.find(|segment| segment.eq_ignore_ascii_case(kind))?;
        segments.next()
    };
    let account = segment_after("storageAccounts").unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let services = [("blobServices", "blob"), ("fileServices", "file"), ("queueServices", "queue")];
    let service = services.into_iter().find(|(kind, _)| segment_after(kind).is_some());
    let (_, service) = service.unwrap_or(("tableServices", "table"));
    json!({
        "url": format!("https://{account}.{service}.{suffix}/{name}"),
        "scope": path.replace("/fileServices/default/shares/", "/fileServices/default/fileshares/"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_a_url_and_a_scope() {
        let path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/acc/fileServices/default/shares/dags";
        let addresses = addresses(path, "core.windows.net");
        assert_eq!(addresses["url"], "https://acc.file.core.windows.net/dags");
        assert!(addresses["scope"].as_str().unwrap().ends_with("/fileServices/default/fileshares/dags"));
    }
}
