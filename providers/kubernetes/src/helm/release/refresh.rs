//! Reading releases: one list for each namespace, then what Helm remembers, all without Helm.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use terrane_model::{Diagnostic, Diagnostics, Value};
use terrane_provider::{ReadRequest, ReadResponse};

use super::super::storage::{Latest, ReleaseKey};
use super::super::{live, manifest, values};
use super::{Identity, Kept, Release, Seen, check_driver, state, storage};
use crate::objects::cluster::{ApiError, Cluster};
use crate::objects::context::Context;

/// So many releases are read at once.
const AT_ONCE: usize = 16;

impl Release {
    pub(super) async fn refresh(&self, context: &Context, requests: Vec<ReadRequest>) -> Vec<ReadResponse> {
        match self.latest(context, &requests).await {
            // Where the cluster is, nobody can know yet: what was last seen is all there is.
            Ok(None) => requests.into_iter().map(|request| kept(request, Diagnostics::new())).collect(),
            Ok(Some((cluster, latest))) => {
                let (cluster, latest) = (&cluster, &latest);
                let read = |request| self.read_one(context, cluster, latest, request);
                stream::iter(requests).map(read).buffered(AT_ONCE).collect().await
            }
            Err(diagnostics) => {
                let mut diagnostics = Some(diagnostics);
                requests
                    .into_iter()
                    .map(|request| kept(request, diagnostics.take().unwrap_or_default()))
                    .collect()
            }
        }
    }

    async fn latest(
        &self,
        context: &Context,
        requests: &[ReadRequest],
    ) -> Result<Option<(Arc<Cluster>, BTreeMap<ReleaseKey, Latest>)>, Diagnostics> {
        check_driver(context)?;
        let Some(cluster) = context.cluster_if_known().await? else { return Ok(None) };
        let identities: Vec<Identity> =
            requests.iter().filter_map(|request| self.identity(&request.current_state)).collect();
        let namespaces: BTreeSet<String> =
            identities.iter().map(|identity| identity.namespace.clone()).collect();
        let single = match identities.as_slice() {
            [identity] => Some(identity.name.as_str()),
            _ => None,
        };
        let latest = storage(context, &cluster).latest(&namespaces, single).await;
        let latest = latest.map_err(|error| unread("Helm's records of releases", &error))?;
        Ok(Some((cluster, latest)))
    }

    async fn read_one(
        &self,
        context: &Context,
        cluster: &Cluster,
        latest: &BTreeMap<ReleaseKey, Latest>,
        request: ReadRequest,
    ) -> ReadResponse {
        let Some(identity) = self.identity(&request.current_state) else {
            return kept(request, Diagnostics::new());
        };
        let found = match latest.get(&identity.key()) {
            None => Ok(None),
            Some(latest) => self.look(context, cluster, &identity, latest, &request.current_state).await,
        };
        match found {
            Ok(seen) => {
                let new_state = match &seen {
                    None => Value::Null(request.current_state.ty()),
                    Some(seen) => {
                        let kept = Kept::read(&request.private);
                        self.shown_state(context, seen, &request.current_state, &kept)
                    }
                };
                context.helm.seen.set(&identity, seen);
                let (private, diagnostics) = (request.private, Diagnostics::new());
                ReadResponse { new_state, private, new_identity: None, diagnostics }
            }
            Err(error) => kept(request, unread(&identity.describe(), &error)),
        }
    }

    /// Returns the state of a release, with what may be shown of it.
    pub(super) fn shown_state(&self, context: &Context, seen: &Seen, before: &Value, kept: &Kept) -> Value {
        let is_shown = kept.shows_objects(context, before);
        let comparison = seen.comparison.as_deref().filter(|_| is_shown);
        let writes_only = context.helm.settings.keeps_manifests && !is_shown;
        state::of_record(&self.schema.block, &seen.record, before, comparison, writes_only)
    }

    /// Looks at a release: its record, and its objects where states show them.
    pub(super) async fn look(
        &self,
        context: &Context,
        cluster: &Cluster,
        identity: &Identity,
        latest: &Latest,
        before: &Value,
    ) -> Result<Option<Seen>, ApiError> {
        let record = storage(context, cluster).read(&identity.namespace, latest).await?;
        if record.is_uninstalled() {
            return Ok(None);
        }
        let mut comparison = None;
        if context.helm.settings.keeps_manifests {
            // A manifest that cannot be read is reported where it is planned with.
            let objects = manifest::read(&record.manifest).unwrap_or_default();
            let secrets = values::secrets(before);
            comparison =
                Some(Arc::new(live::compare(cluster, &objects, &identity.namespace, &secrets).await?));
        }
        Ok(Some(Seen { latest: latest.clone(), record: Arc::new(record), comparison }))
    }
}

fn kept(request: ReadRequest, diagnostics: Diagnostics) -> ReadResponse {
    ReadResponse {
        new_state: request.current_state,
        private: request.private,
        new_identity: None,
        diagnostics,
    }
}

fn unread(what: &str, error: &ApiError) -> Diagnostics {
    Diagnostic::error("Cannot read release", format!("{what} cannot be read: {error}")).into()
}
