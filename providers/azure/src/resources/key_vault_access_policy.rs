//! Access policies: entries in a vault's list, each of one principal.

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use terrane_model::Value;

use crate::client::ArmRequest;
use crate::lifecycle::create::already_exists;
use crate::lifecycle::{Address, Change, Failure, Work};
use crate::mapping::{Documents, write_object};
use crate::resources::Behaviour;

/// Policies.
pub(crate) struct AccessPolicy;

#[async_trait]
impl Behaviour for AccessPolicy {
    fn find_part(&self, _work: &Work<'_>, address: &Address, body: Json) -> Option<Documents> {
        policy_of(address, &body).map(|policy| Documents::of(address.path.clone(), policy))
    }

    async fn create(&self, work: &Work<'_>, change: &Change<'_>) -> Result<Documents, Failure> {
        let keys = change.address.lock_keys(&work.table.locks, change.planned);
        let _guards = work.client().locks.hold(keys).await;
        let exists = self.fetch(work, change.address).await?.is_some();
        if exists && !work.connection.settings.features.overwrites_existing {
            return Err(already_exists(work, &change.address.id).into());
        }
        work.call.report("creating");
        let mut policy = Documents::empty("");
        write_object(&work.table.arguments, change.planned, &mut policy);
        self.write(work, change.address, "add", policy.body).await
    }

    /// The service adds permissions to those that are there, so that a policy is taken out before it is put in.
    async fn update(&self, work: &Work<'_>, change: &Change<'_>) -> Result<Documents, Failure> {
        let keys = change.address.lock_keys(&work.table.locks, change.planned);
        let _guards = work.client().locks.hold(keys).await;
        work.call.report("updating");
        let mut policy = Documents::empty("");
        write_object(&work.table.arguments, change.planned, &mut policy);
        let vault = work.get(&change.address.path, &work.table.api_version).await?.unwrap_or_default();
        let policies = vault.pointer("/properties/accessPolicies").and_then(Json::as_array);
        let mut policies = policies.cloned().unwrap_or_default();
        policies.retain(|other| !is_of(change.address, other));
        policies.push(policy.body);
        let path = format!("{}/accessPolicies/replace", change.address.path);
        let body = json!({"properties": {"accessPolicies": policies}});
        work.run(&ArmRequest::put(path, &work.table.api_version, body)).await?;
        Ok(self.fetch(work, change.address).await?.unwrap_or_else(|| Documents::empty(&change.address.path)))
    }

    async fn delete(&self, work: &Work<'_>, address: &Address, state: &Value) -> Result<(), Failure> {
        let keys = address.lock_keys(&work.table.locks, state);
        let _guards = work.client().locks.hold(keys).await;
        let Some(present) = self.fetch(work, address).await? else { return Ok(()) };
        work.call.report("deleting");
        let path = format!("{}/accessPolicies/remove", address.path);
        let body = json!({"properties": {"accessPolicies": [present.body]}});
        match work.client().run(&ArmRequest::put(path, &work.table.api_version, body), &work.call).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl AccessPolicy {
    async fn write(
        &self,
        work: &Work<'_>,
        address: &Address,
        operation: &str,
        policy: Json,
    ) -> Result<Documents, Failure> {
        let path = format!("{}/accessPolicies/{operation}", address.path);
        let body = json!({"properties": {"accessPolicies": [policy]}});
        work.run_creating(&ArmRequest::put(path, &work.table.api_version, body)).await?;
        Ok(self.fetch(work, address).await?.unwrap_or_else(|| Documents::empty(&address.path)))
    }
}

fn policy_of(address: &Address, vault: &Json) -> Option<Json> {
    let policies = vault.pointer("/properties/accessPolicies").and_then(Json::as_array)?;
    policies.iter().find(|policy| is_of(address, policy)).cloned()
}

/// Tells whether a policy is of the principal, and the application if there is one, that an id names.
fn is_of(address: &Address, policy: &Json) -> bool {
    let said = |part: &str| address.parts.get(part).map(String::as_str).unwrap_or_default();
    let has = |field: &str| policy.get(field).and_then(Json::as_str).unwrap_or_default();
    has("objectId").eq_ignore_ascii_case(said("object_id"))
        && has("applicationId").eq_ignore_ascii_case(said("application_id"))
}
