//! Reading releases: one list for each namespace, then what Helm remembers, all without Helm.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use terrane_model::{Diagnostic, Diagnostics, Value};
use terrane_provider::{ReadRequest, ReadResponse};

use super::super::live::Comparison;
use super::super::manifest::{self, Rendered};
use super::super::record::Record;
use super::super::steady::{SteadyObject, are_unchanged};
use super::super::storage::{Latest, ReleaseKey};
use super::super::{live, values};
use super::{Identity, Kept, Release, Seen, check_driver, state, storage};
use crate::objects::cluster::{ApiError, Cluster};
use crate::objects::context::Context;
use crate::objects::many_reads::Found;

/// So many releases are read at once.
const AT_ONCE: usize = 16;

/// What is known of a release before its objects are.
enum Known {
    /// Helm remembers the same as when the state was written, and all objects were as they should be.
    AsBefore {
        identity: Identity,
        latest: Latest,
        kept: Kept,
    },
    Remembered(Remembered),
}

/// What Helm remembers of a release, with its objects.
struct Remembered {
    identity: Identity,
    latest: Latest,
    record: Arc<Record>,
    objects: Vec<Rendered>,
}

impl Release {
    pub(super) async fn refresh(&self, context: &Context, requests: Vec<ReadRequest>) -> Vec<ReadResponse> {
        let (cluster, latest) = match self.latest(context, &requests).await {
            // Where the cluster is, nobody can know yet: what was last seen is all there is.
            Ok(None) => return all_kept(requests, Diagnostics::new()),
            Ok(Some(found)) => found,
            Err(diagnostics) => return all_kept(requests, diagnostics),
        };
        let (cluster, latest) = (&*cluster, &latest);
        let first_look = |request: &ReadRequest| {
            let identity = self.identity(&request.current_state);
            let kept = Kept::read(&request.private);
            async move { self.first_look(context, cluster, identity?, latest, kept).await.transpose() }
        };
        let reads: Vec<_> = requests.iter().map(first_look).collect();
        let known: Vec<Option<Result<Known, Diagnostics>>> =
            stream::iter(reads).buffered(AT_ONCE).collect().await;
        let found = match find(context, cluster, &known).await {
            Ok(found) => found,
            Err(error) => return all_kept(requests, unread("The objects of releases", &error)),
        };
        let found = found.as_ref();
        let look = |(request, known)| self.read_one(context, cluster, known, found, request);
        stream::iter(requests.into_iter().zip(known)).map(look).buffered(AT_ONCE).collect().await
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

    /// Looks at a release before its objects are known; nothing where there is none.
    async fn first_look(
        &self,
        context: &Context,
        cluster: &Cluster,
        identity: Identity,
        latest: &BTreeMap<ReleaseKey, Latest>,
        kept: Kept,
    ) -> Result<Option<Known>, Diagnostics> {
        let Some(latest) = latest.get(&identity.key()) else { return Ok(None) };
        if context.helm.settings.keeps_manifests && kept.is_quiet && kept.record == latest.id() {
            return Ok(Some(Known::AsBefore { identity, latest: latest.clone(), kept }));
        }
        let remembered = self.remember(context, cluster, &identity, latest).await;
        let remembered = remembered.map_err(|error| unread(&identity.describe(), &error))?;
        Ok(remembered.map(Known::Remembered))
    }

    /// Reads what Helm remembers of a release; nothing where it only remembers that there was one.
    async fn remember(
        &self,
        context: &Context,
        cluster: &Cluster,
        identity: &Identity,
        latest: &Latest,
    ) -> Result<Option<Remembered>, ApiError> {
        let record = storage(context, cluster).read(&identity.namespace, latest).await?;
        if record.is_uninstalled() {
            return Ok(None);
        }
        let objects = objects(context, &record);
        let (identity, latest) = (identity.clone(), latest.clone());
        Ok(Some(Remembered { identity, latest, record: Arc::new(record), objects }))
    }

    async fn read_one(
        &self,
        context: &Context,
        cluster: &Cluster,
        known: Option<Result<Known, Diagnostics>>,
        found: Option<&Found>,
        request: ReadRequest,
    ) -> ReadResponse {
        let Some(identity) = self.identity(&request.current_state) else {
            return kept(request, Diagnostics::new());
        };
        let before = &request.current_state;
        let mut kept_data = Kept::read(&request.private);
        let remembered = match known {
            Some(Ok(Known::Remembered(remembered))) => Ok(Some(remembered)),
            Some(Ok(Known::AsBefore { identity, latest, kept })) => {
                let shown = before.get("resources").filter(|_| kept.shows_objects(context, before));
                let unchanged = found.filter(|found| are_unchanged(&kept.steady, found));
                let comparison = unchanged.and_then(|_| Comparison::unchanged(kept.before(&latest, shown)));
                if let Some(comparison) = comparison {
                    let seen = Seen { latest, record: None, comparison: Some(Arc::new(comparison)) };
                    context.helm.seen.set(&identity, Some(seen));
                    return self::kept(request, Diagnostics::new());
                }
                self.remember(context, cluster, &identity, &latest).await
            }
            Some(Err(diagnostics)) => return kept(request, diagnostics),
            None => Ok(None),
        };
        let seen = match remembered {
            Ok(Some(remembered)) => self.see(context, cluster, remembered, found, before, &kept_data).await,
            Ok(None) => {
                context.helm.seen.set(&identity, None);
                let gone = Value::Null(before.ty());
                return kept(ReadRequest { current_state: gone, ..request }, Diagnostics::new());
            }
            Err(error) => Err(error),
        };
        match seen {
            Ok(seen) => {
                kept_data.note(&seen);
                let new_state = self.shown_state(context, &seen, &request.current_state, &kept_data);
                context.helm.seen.set(&identity, Some(seen));
                let private = kept_data.write();
                ReadResponse { new_state, private, new_identity: None, diagnostics: Diagnostics::new() }
            }
            Err(error) => kept(request, unread(&identity.describe(), &error)),
        }
    }

    /// Returns the state of a release, with what may be shown of it.
    pub(super) fn shown_state(&self, context: &Context, seen: &Seen, before: &Value, kept: &Kept) -> Value {
        let is_shown = kept.shows_objects(context, before);
        let comparison = seen.comparison.as_deref().filter(|_| is_shown);
        let writes_only = context.helm.settings.keeps_manifests && !is_shown;
        match &seen.record {
            Some(record) => state::of_record(&self.schema.block, record, before, comparison, writes_only),
            None => before.clone(),
        }
    }

    /// Looks at a release that was just changed: its record, and its objects where states show them.
    pub(super) async fn look(
        &self,
        context: &Context,
        cluster: &Cluster,
        identity: &Identity,
        latest: &Latest,
        before: &Value,
    ) -> Result<Option<Seen>, ApiError> {
        let Some(remembered) = self.remember(context, cluster, identity, latest).await? else {
            return Ok(None);
        };
        self.see(context, cluster, remembered, None, before, &Kept::default()).await.map(Some)
    }

    /// Compares a release's objects with what should be, where states show them.
    async fn see(
        &self,
        context: &Context,
        cluster: &Cluster,
        remembered: Remembered,
        found: Option<&Found>,
        before: &Value,
        kept: &Kept,
    ) -> Result<Seen, ApiError> {
        let Remembered { identity, latest, record, objects } = remembered;
        let mut comparison = None;
        if context.helm.settings.keeps_manifests {
            let secrets = values::secrets(before);
            let shown = before.get("resources").filter(|_| kept.shows_objects(context, before));
            let known = kept.before(&latest, shown);
            let namespace = &identity.namespace;
            let compared = live::compare(cluster, &objects, namespace, &secrets, known, found).await?;
            comparison = Some(Arc::new(compared));
        }
        Ok(Seen { latest, record: Some(record), comparison })
    }
}

/// Reads the objects of releases together, where states show any.
async fn find(
    context: &Context,
    cluster: &Cluster,
    known: &[Option<Result<Known, Diagnostics>>],
) -> Result<Option<Found>, ApiError> {
    if !context.helm.settings.keeps_manifests {
        return Ok(None);
    }
    let mut places = Vec::new();
    for known in known.iter().flatten().flatten() {
        match known {
            Known::AsBefore { kept, .. } => places.extend(kept.steady.values().map(SteadyObject::place)),
            Known::Remembered(remembered) => {
                let namespace = &remembered.identity.namespace;
                places.extend(live::places(cluster, &remembered.objects, namespace).await?);
            }
        }
    }
    live::find(cluster, places).await
}

/// Returns the objects of a record, where states show any. A manifest that cannot be read is reported where it is planned
/// with.
fn objects(context: &Context, record: &Record) -> Vec<Rendered> {
    let is_wanted = context.helm.settings.keeps_manifests;
    if is_wanted { manifest::read(&record.manifest).unwrap_or_default() } else { Vec::new() }
}

fn all_kept(requests: Vec<ReadRequest>, diagnostics: Diagnostics) -> Vec<ReadResponse> {
    let mut diagnostics = Some(diagnostics);
    requests.into_iter().map(|request| kept(request, diagnostics.take().unwrap_or_default())).collect()
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
