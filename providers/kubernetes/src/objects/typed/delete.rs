//! Deleting objects, and waiting until they are gone.

use terrane_model::Value;
use terrane_provider::{ApplyRequest, Progress};

use super::TypedObject;
use crate::objects::cluster::retry::retry;
use crate::objects::context::Context;
use crate::objects::failure::{Doing, explain};
use crate::objects::resource::Outcome;
use crate::objects::wait::{self, Waiting};

impl TypedObject {
    pub(super) async fn delete(
        &self,
        context: &Context,
        request: &ApplyRequest,
        progress: &dyn Progress,
    ) -> Outcome {
        let gone = || Outcome::as_planned(request);
        let Some(identity) = self.stored_identity(&request.prior_state) else { return gone() };
        if self.ty.exists_already {
            return gone();
        }
        let cluster = match context.cluster().await {
            Ok(cluster) => cluster,
            Err(diagnostics) => return Outcome::unchanged(request, diagnostics),
        };
        let api = cluster.api(self.target(&identity));
        let uid = uid(&request.prior_state);
        let what = self.describe(&identity);
        let fail = |error| Outcome::unchanged(request, explain(&error, Doing::Deleting, &what, None).into());
        let answer = match retry(progress, || api.delete(&identity.name, uid.as_deref())).await {
            Ok(Some(answer)) => answer,
            Ok(None) => return gone(),
            // Another object has taken the name since: ours is gone.
            Err(error) if error.refusal().is_some_and(|refusal| refusal.code == 409) => return gone(),
            Err(error) => return fail(error),
        };
        let falls_with_namespace = identity
            .namespace
            .as_ref()
            .is_some_and(|namespace| context.notes().falling_namespaces.contains(namespace));
        if falls_with_namespace && !wait::has_finalizers(&answer) {
            return gone();
        }
        let waiting = Waiting {
            context,
            cluster: &cluster,
            target: self.target(&identity),
            kind: self.ty.kind,
            name: &identity.name,
            timeout: self.timeout(&request.prior_state, "delete"),
            progress,
        };
        match wait::until_gone(&waiting, uid.as_deref()).await {
            Ok(()) => gone(),
            Err(diagnostics) => Outcome::unchanged(request, diagnostics),
        }
    }
}

/// Returns which object the state knows, so that no other of the same name is deleted.
fn uid(state: &Value) -> Option<String> {
    let metadata = state.get("metadata")?.as_sequence()?.first()?;
    let uid = metadata.get("uid")?.as_str()?;
    (!uid.is_empty()).then(|| uid.to_string())
}
