//! Secrets of key vaults. They live behind the host of their vault, with a token of their own.
//!
//! In state a secret has the URL of its newest version as id, as azurerm writes it. Before it is made nobody knows
//! that version: until then its id is a path below the vault's, which is good enough to find it again.

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use terrane_model::{Diagnostic, Value};

use crate::attributes::{Attributes, text_at};
use crate::client::{ArmError, Method};
use crate::lifecycle::create::already_exists;
use crate::lifecycle::{Address, Change, Failure, Work};
use crate::mapping::same::is_zero;
use crate::mapping::{Documents, write_object};
use crate::resources::Behaviour;
use crate::resources::key_vault_item::{delete, describe, get, recover, to_vault, url_of};

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
        delete(work, &address.path, work.connection.settings.features.purge_secrets).await
    }

    async fn complete_documents(
        &self,
        work: &Work<'_>,
        documents: &mut Documents,
        known: Option<&Value>,
    ) -> Result<(), Failure> {
        describe(work, documents, known, "id").await
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
        describe(work, documents, known, "id").await
    }

    fn read_attributes(&self, documents: &Documents, _known: Option<&Value>, attributes: &mut Attributes) {
        if let Some(id) = documents.text_at("$own.id") {
            attributes.set("id", id);
        }
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
