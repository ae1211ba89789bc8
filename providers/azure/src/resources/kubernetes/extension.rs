//! Extensions of clusters.

use async_trait::async_trait;
use serde_json::Value as Json;
use terrane_model::Value;

use crate::attributes::text_at;
use crate::lifecycle::{Change, Failure, Work};
use crate::mapping::Documents;
use crate::resources::Behaviour;

/// Extensions.
pub(crate) struct Extension;

#[async_trait]
impl Behaviour for Extension {
    /// Who names no version wants the newest, now and later.
    async fn before_write(
        &self,
        _work: &Work<'_>,
        change: &Change<'_>,
        documents: &mut Documents,
    ) -> Result<(), Failure> {
        if change.prior.is_none() {
            let is_free = text_at(change.planned, "version").is_none();
            documents.set("properties.autoUpgradeMinorVersion", is_free.into());
        }
        Ok(())
    }

    async fn complete_documents(
        &self,
        _work: &Work<'_>,
        documents: &mut Documents,
        _known: Option<&Value>,
    ) -> Result<(), Failure> {
        if documents.at("properties.autoUpgradeMinorVersion").and_then(Json::as_bool) == Some(true) {
            documents.unset("properties.version");
        }
        Ok(())
    }
}
