//! Making, changing, reading and deleting objects of any kind.

use std::time::Duration;

use serde_json::Value as Json;
use terrane_model::{Diagnostic, Diagnostics, Value};
use terrane_provider::{ApplyRequest, Private, Progress};

use super::manifest::{Manifest, identity, manager, object_of};
use super::wait_block::Wanted;
use super::{AnyIdentity, placed, without_server_fields};
use crate::objects::cluster::api::Write;
use crate::objects::cluster::retry::retry;
use crate::objects::cluster::{ApiError, Cluster, Object, Target};
use crate::objects::context::Context;
use crate::objects::duration;
use crate::objects::failure::{Doing, already_exists, explain};
use crate::objects::json_value::from_json;
use crate::objects::ownership::{Takeover, takeover};
use crate::objects::resource::Outcome;
use crate::objects::wait::{self, Waiting};

/// What is kept with the state of an object that was imported and not changed since.
pub(super) const IMPORTED: &[u8] = br#"{"imported":true}"#;

const USUAL_TIMEOUT: Duration = Duration::from_secs(600);

/// Returns a state with another object in it.
pub(super) fn with_object(state: &Value, object: Object) -> Value {
    let shown = from_json(&Json::Object(without_server_fields(object)));
    let attributes =
        state.as_entries().unwrap_or_default().iter().map(|(name, value)| {
            (name.clone(), if name == "object" { shown.clone() } else { value.clone() })
        });
    Value::object(attributes.collect::<Vec<_>>())
}

fn timeout(values: &Value, action: &str) -> Duration {
    let block = values.get("timeouts").and_then(Value::as_sequence).and_then(<[Value]>::first);
    let written = block.and_then(|block| block.get(action)).and_then(Value::as_str);
    written.and_then(|text| duration::parse(text)).unwrap_or(USUAL_TIMEOUT)
}

impl Manifest {
    pub(super) async fn write(
        &self,
        context: &Context,
        request: &ApplyRequest,
        progress: &dyn Progress,
    ) -> Outcome {
        let (Some(object), Some(identity)) = (object_of(&request.config), identity(&request.config)) else {
            let diagnostic = Diagnostic::error("Invalid manifest", "The manifest does not name an object.");
            return Outcome::unchanged(request, diagnostic.into());
        };
        let is_create = request.prior_state.is_null();
        let doing = if is_create { Doing::Creating } else { Doing::Updating };
        let what = identity.describe();
        let cluster = match context.cluster().await {
            Ok(cluster) => cluster,
            Err(diagnostics) => return Outcome::unchanged(request, diagnostics),
        };
        let written = self.send(context, &cluster, request, &identity, &object, progress).await;
        let (target, made) = match written {
            Ok(written) => written,
            Err(error) => {
                let mut diagnostic = explain(&error, doing, &what, None);
                if error.meaning() == crate::objects::cluster::error::Meaning::AlreadyExists {
                    diagnostic.detail = already_exists(&what, &identity.id());
                }
                return Outcome::unchanged(request, diagnostic.into());
            }
        };
        let waiting = Waiting {
            context,
            cluster: &cluster,
            target: target.clone(),
            kind: &identity.kind,
            name: &identity.name,
            timeout: timeout(&request.config, if is_create { "create" } else { "update" }),
            progress,
        };
        let mut diagnostics = match Wanted::read(&request.config) {
            Ok(Wanted::Nothing) => Diagnostics::new(),
            Ok(wanted) => {
                let waited =
                    wait::until(&waiting, made.clone(), |object| wanted.stage(&identity.kind, object)).await;
                waited.err().unwrap_or_default()
            }
            Err(diagnostics) => diagnostics,
        };
        let latest = match cluster.api(target).find(&identity.name).await {
            Ok(Some(latest)) => latest,
            Ok(None) => {
                let detail = format!("{what} was deleted while it was being made.");
                diagnostics.push(Diagnostic::error("Object is gone", detail));
                made
            }
            Err(_) => made,
        };
        Outcome { state: with_object(&request.planned_state, latest), private: Private::new(), diagnostics }
    }

    async fn send(
        &self,
        context: &Context,
        cluster: &Cluster,
        request: &ApplyRequest,
        identity: &AnyIdentity,
        object: &Object,
        progress: &dyn Progress,
    ) -> Result<(Target, Object), ApiError> {
        let target = identity.awaited_target(context, cluster, progress).await?;
        let object = placed(object.clone(), &target);
        let manager = manager(&request.config);
        let api = cluster.api(target.clone());
        if request.prior_state.is_null() && retry(progress, || api.find(&identity.name)).await?.is_some() {
            return Err(crate::objects::typed::exists());
        }
        let imported = request.planned_private == IMPORTED;
        let write = Write { manager: &manager.name, force: manager.force, dry_run: false };
        let applied = retry(progress, || async {
            if imported
                && let Some(live) = api.find(&identity.name).await?
                && let Some(operations) = takeover(&live, &manager.name, Takeover::Everybody)
            {
                api.patch(&identity.name, &operations, &manager.name).await?;
            }
            api.apply(&identity.name, &object, write).await
        });
        let applied = applied.await?;
        Ok((target, applied.object))
    }

    pub(super) async fn delete(
        &self,
        context: &Context,
        request: &ApplyRequest,
        progress: &dyn Progress,
    ) -> Outcome {
        let gone = || Outcome::as_planned(request);
        let Some(identity) = identity(&request.prior_state) else { return gone() };
        let cluster = match context.cluster().await {
            Ok(cluster) => cluster,
            Err(diagnostics) => return Outcome::unchanged(request, diagnostics),
        };
        match delete_object(context, &cluster, &identity, timeout(&request.prior_state, "delete"), progress)
            .await
        {
            Ok(()) => gone(),
            Err(diagnostics) => Outcome::unchanged(request, diagnostics),
        }
    }
}

/// Deletes an object and waits until it is gone.
pub(super) async fn delete_object(
    context: &Context,
    cluster: &Cluster,
    identity: &AnyIdentity,
    timeout: Duration,
    progress: &dyn Progress,
) -> Result<(), Diagnostics> {
    let what = identity.describe();
    let failed = |error: ApiError| Diagnostics::from(explain(&error, Doing::Deleting, &what, None));
    // With its kind, the object is gone, too.
    let Some(target) = identity.target(cluster).await.map_err(failed)? else { return Ok(()) };
    let api = cluster.api(target.clone());
    let Some(answer) = retry(progress, || api.delete(&identity.name, None)).await.map_err(failed)? else {
        return Ok(());
    };
    let falls = target
        .namespace
        .as_ref()
        .is_some_and(|namespace| context.notes().falling_namespaces.contains(namespace));
    if falls && !wait::has_finalizers(&answer) {
        return Ok(());
    }
    let uid = wait::text_at(&answer, &["metadata", "uid"]).to_owned();
    let (kind, name) = (identity.kind.as_str(), identity.name.as_str());
    let waiting = Waiting { context, cluster, target, kind, name, timeout, progress };
    wait::until_gone(&waiting, Some(uid.as_str()).filter(|uid| !uid.is_empty())).await
}
