//! Making and changing objects.

use std::time::Duration;

use serde_json::Value as Json;
use terrane_model::{Diagnostic, Diagnostics, Value};
use terrane_provider::{ApplyRequest, Private, Progress};

use super::{Identity, TypedObject, read};
use crate::objects::cluster::api::Write;
use crate::objects::cluster::retry::retry;
use crate::objects::cluster::{ApiError, Cluster, Object, Target};
use crate::objects::context::Context;
use crate::objects::duration;
use crate::objects::failure::{Doing, already_exists, explain};
use crate::objects::ownership::{MANAGER, Takeover, takeover};
use crate::objects::resource::Outcome;
use crate::objects::types::Wait;
use crate::objects::wait::{self, Waiting};

/// What an action may take in seconds where neither type nor configuration says otherwise.
const USUAL_TIMEOUT_SECONDS: u64 = 1200;

const WRITE: Write<'static> = Write { manager: MANAGER, force: true, dry_run: false };

/// Gives an object the name and namespace that it has.
pub(super) fn name_object(object: &mut Object, identity: &Identity) {
    let Some(Json::Object(metadata)) = object.get_mut("metadata") else { return };
    metadata.remove("generateName");
    metadata.insert("name".to_owned(), identity.name.clone().into());
    if let Some(namespace) = &identity.namespace {
        metadata.insert("namespace".to_owned(), namespace.clone().into());
    }
}

impl TypedObject {
    /// Names the kind's objects where the server is to choose the name.
    pub(super) fn nameless_target(&self, values: &Value) -> Target {
        let metadata = values.get("metadata").and_then(Value::as_sequence).and_then(<[Value]>::first);
        let namespace = metadata.and_then(|metadata| metadata.get("namespace")).and_then(Value::as_str);
        let namespace = namespace.map_or("default", |namespace| namespace.as_str());
        Target::new(self.ty.api_version, self.ty.plural, self.ty.is_namespaced.then_some(namespace))
    }

    pub(super) async fn create(
        &self,
        context: &Context,
        request: &ApplyRequest,
        progress: &dyn Progress,
    ) -> Outcome {
        let cluster = match context.cluster().await {
            Ok(cluster) => cluster,
            Err(diagnostics) => return Outcome::unchanged(request, diagnostics),
        };
        let identity = self.identity(&request.config);
        let what =
            identity.as_ref().map_or_else(|| self.ty.kind.to_owned(), |identity| self.describe(identity));
        let object = self.object(&request.config);
        let created = match &identity {
            Some(identity) => self.create_named(&cluster, identity, &object, progress).await,
            None => self.create_nameless(&cluster, &request.config, &object, progress).await,
        };
        match created {
            Ok(object) => self.settle_down(context, &cluster, request, object, "create", progress).await,
            Err(error) => {
                Outcome::unchanged(request, self.creation_failure(&error, &what, identity.as_ref()))
            }
        }
    }

    fn creation_failure(&self, error: &ApiError, what: &str, identity: Option<&Identity>) -> Diagnostics {
        let mut diagnostic = explain(error, Doing::Creating, what, Some(&self.shape));
        if let (crate::objects::cluster::error::Meaning::AlreadyExists, Some(identity)) =
            (error.meaning(), identity)
        {
            diagnostic.detail = already_exists(what, &identity.id());
        }
        diagnostic.into()
    }

    async fn create_named(
        &self,
        cluster: &Cluster,
        identity: &Identity,
        object: &Object,
        progress: &dyn Progress,
    ) -> Result<Object, ApiError> {
        let target = self.target(identity);
        let api = cluster.api(target);
        if self.ty.exists_already {
            // Whoever makes the namespace makes this object, a moment later.
            retry_until_there(progress, || api.get(&identity.name)).await?;
        } else if retry(progress, || api.find(&identity.name)).await?.is_some() {
            return Err(exists());
        }
        Ok(retry(progress, || api.apply(&identity.name, object, WRITE)).await?.object)
    }

    async fn create_nameless(
        &self,
        cluster: &Cluster,
        config: &Value,
        object: &Object,
        progress: &dyn Progress,
    ) -> Result<Object, ApiError> {
        let api = cluster.api(self.nameless_target(config));
        retry(progress, || api.create(object, WRITE)).await
    }

    pub(super) async fn update(
        &self,
        context: &Context,
        request: &ApplyRequest,
        progress: &dyn Progress,
    ) -> Outcome {
        let cluster = match context.cluster().await {
            Ok(cluster) => cluster,
            Err(diagnostics) => return Outcome::unchanged(request, diagnostics),
        };
        let Some(identity) = self.stored_identity(&request.prior_state) else {
            let detail = format!("The state has no usable id for this {}.", self.ty.kind);
            return Outcome::unchanged(request, Diagnostic::error("Invalid state", detail).into());
        };
        let mut object = self.object(&request.config);
        name_object(&mut object, &identity);
        let target = self.target(&identity);
        let whose = if read::is_imported(&request.planned_private) {
            Takeover::Everybody
        } else {
            Takeover::Relatives
        };
        let updated = retry(progress, || async {
            let api = cluster.api(target.clone());
            let live = api.get(&identity.name).await?;
            if let Some(operations) = takeover(&live, MANAGER, whose) {
                api.patch(&identity.name, &operations, MANAGER).await?;
            }
            api.apply(&identity.name, &object, WRITE).await
        });
        match updated.await {
            Ok(applied) => {
                self.settle_down(context, &cluster, request, applied.object, "update", progress).await
            }
            Err(error) => {
                let what = self.describe(&identity);
                Outcome::unchanged(request, explain(&error, Doing::Updating, &what, Some(&self.shape)).into())
            }
        }
    }

    /// Waits until the object is as it should be, and reads it.
    async fn settle_down(
        &self,
        context: &Context,
        cluster: &Cluster,
        request: &ApplyRequest,
        object: Object,
        action: &str,
        progress: &dyn Progress,
    ) -> Outcome {
        let planned = &request.planned_state;
        let made = self.state_of(context, &object, planned);
        let Some(identity) = self.stored_identity(&made) else {
            let diagnostics =
                Diagnostic::error("Invalid answer", "The server has made an object without a name.");
            return Outcome { state: made, private: Private::new(), diagnostics: diagnostics.into() };
        };
        let waiting = Waiting {
            context,
            cluster,
            target: self.target(&identity),
            kind: self.ty.kind,
            name: &identity.name,
            timeout: self.timeout(planned, action),
            progress,
        };
        let waited = if self.waits(planned, action) {
            wait::until_settled(&waiting, self.ty.wait, object, planned).await
        } else {
            Ok(())
        };
        let latest = cluster.api(self.target(&identity)).find(&identity.name).await;
        let mut diagnostics = waited.err().unwrap_or_default();
        let state = match latest {
            Ok(Some(object)) => self.state_of(context, &object, planned),
            Ok(None) => {
                let detail = format!("{} was deleted while it was being made.", self.describe(&identity));
                diagnostics.push(Diagnostic::error("Object is gone", detail));
                made
            }
            Err(error) => {
                diagnostics.push(explain(&error, Doing::Reading, &self.describe(&identity), None));
                made
            }
        };
        Outcome { state, private: Private::new(), diagnostics }
    }

    /// Tells whether the configuration wants to wait for what the type waits for.
    fn waits(&self, planned: &Value, action: &str) -> bool {
        let wants = |name: &str| planned.get(name).and_then(Value::as_bool).unwrap_or(false);
        match self.ty.wait {
            Wait::Nothing => false,
            Wait::Rollout => wants("wait_for_rollout"),
            Wait::Completion => wants("wait_for_completion"),
            Wait::LoadBalancer => wants("wait_for_load_balancer") && action == "create",
            Wait::Bound => wants("wait_until_bound") && action == "create",
            Wait::DefaultServiceAccount => wants("wait_for_default_service_account") && action == "create",
            Wait::ServiceAccountToken => wants("wait_for_service_account_token") && action == "create",
            Wait::PodRunning | Wait::Available => action == "create",
            Wait::QuotaInForce => true,
        }
    }

    /// Returns how long an action may take.
    pub(super) fn timeout(&self, values: &Value, action: &str) -> Duration {
        let written =
            values.get("timeouts").and_then(|timeouts| timeouts.get(action)).and_then(Value::as_str);
        let usual = self.ty.timeouts.iter().find(|(name, _)| *name == action).map(|(_, seconds)| *seconds);
        written
            .and_then(|text| duration::parse(text))
            .unwrap_or(Duration::from_secs(usual.unwrap_or(USUAL_TIMEOUT_SECONDS)))
    }
}

/// Returns the answer of a server that has the object already.
pub(crate) fn exists() -> ApiError {
    use crate::objects::cluster::error::Refusal;
    let refusal = Refusal { code: 409, reason: "AlreadyExists".to_owned(), ..Refusal::default() };
    ApiError::Refused(Box::new(refusal))
}

/// Asks until the object is there, for as long as its maker may take.
async fn retry_until_there<F>(progress: &dyn Progress, get: impl Fn() -> F) -> Result<Object, ApiError>
where
    F: Future<Output = Result<Object, ApiError>>,
{
    for _ in 0..60 {
        match retry(progress, &get).await {
            Err(error) if error.is_not_found() => tokio::time::sleep(Duration::from_millis(500)).await,
            result => return result,
        }
    }
    get().await
}
