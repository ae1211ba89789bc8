//! Containers, shares and queues: where their service answers.

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use terrane_model::Value;

use crate::lifecycle::{Failure, Work};
use crate::mapping::Documents;
use crate::resources::Behaviour;

/// Anything in a storage account.
pub(crate) struct StorageChild;

#[async_trait]
impl Behaviour for StorageChild {
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
