//! `kind_cluster`: what the engine's calls mean for a cluster.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use terrane_model::{Diagnostic, Diagnostics, Value};
use terrane_provider::{
    ApplyRequest, ApplyResponse, ImportedObject, Private, Progress, ReadRequest, ReadResponse,
};
use tokio::sync::watch;

use super::config::{ClusterConfig, boolean, text, written_image};
use super::create::{CreateRequest, Created, create};
use super::delete::{remove_containers, remove_kubeconfig};
use super::duration::parse_duration;
use super::error::ClusterError;
use super::failure::node_logs;
use super::import::describe;
use super::kubeconfig::Access;
use super::kubeconfig_file::{default_files, default_target, merge_into, names_cluster};
use super::observe::observe;
use super::plan::{Memory, Prior, desired};
use super::reconcile::{ReconcileRequest, reconcile};
use super::run::Surroundings;
use super::schemas::schemas;
use super::state::{access_attributes, network_value, refreshed};
use super::values::with_attributes;
use crate::docker::{DockerError, Engine, NetworkFacts};

/// How long an action may take when the configuration does not say.
const PATIENCE: Duration = Duration::from_secs(600);

/// The longest that cleaning up after a failure may take.
const CLEANUP_PATIENCE: Duration = Duration::from_secs(120);

/// How often, and with which pause, what is left of a failed creation is removed.
const CLEANUP_PASSES: u32 = 3;
const CLEANUP_PAUSE: Duration = Duration::from_millis(300);

/// What every call needs.
pub(super) struct Call<'a> {
    pub(super) engine: &'a Engine,
    pub(super) surroundings: &'a Surroundings,
    pub(super) progress: &'a dyn Progress,
    /// Becomes true when what is under way is to end.
    pub(super) stop: watch::Receiver<bool>,
}

/// Creates, changes or deletes a cluster.
pub(super) async fn apply(call: &Call<'_>, request: ApplyRequest) -> ApplyResponse {
    let result = match (request.prior_state.is_null(), request.planned_state.is_null()) {
        (_, true) => apply_delete(call, &request).await,
        (true, false) => apply_create(call, &request).await,
        (false, false) => apply_update(call, &request).await,
    };
    let (new_state, private, diagnostics) = match result {
        Ok((state, private)) => (state, private, Diagnostics::new()),
        Err(diagnostic) => (request.prior_state, request.planned_private, diagnostic.into()),
    };
    ApplyResponse { new_state, private, new_identity: None, legacy_type_system: false, diagnostics }
}

async fn apply_create(call: &Call<'_>, request: &ApplyRequest) -> Result<(Value, Private), Diagnostic> {
    let planned = &request.planned_state;
    let cluster = desired(planned, &request.config);
    let archive = archive_path(planned, call.surroundings);
    let creation = CreateRequest {
        engine: call.engine,
        surroundings: call.surroundings,
        cluster: &cluster,
        image_archive: archive.as_deref(),
        wait_for_ready: boolean(planned, "wait_for_ready"),
        progress: call.progress,
    };
    refuse_existing(call.engine, &cluster).await?;
    let created = bounded(call, patience(planned, "create"), async {
        let created = create(&creation).await?;
        write_kubeconfig(call.surroundings, &request.config, planned, &created.access).await?;
        Ok(created)
    });
    match created.await {
        Ok(Created { access, network }) => {
            let mut memory = Memory::from_private(&request.planned_private);
            memory.names.clear();
            Ok((finished(planned, &access, Some(&network)), memory.to_private()))
        }
        Err(error) => {
            let logs = node_logs(call.engine, &cluster.name, &error).await;
            let outcome = clean_up(call, &cluster.name, planned).await;
            Err(error.diagnostic("Cluster creation failed", &logs, &outcome))
        }
    }
}

/// What is there already was not made here, and must not be cleaned away with what was.
async fn refuse_existing(engine: &Engine, cluster: &ClusterConfig) -> Result<(), Diagnostic> {
    let filter = super::names::cluster_filter(&cluster.name);
    let existing = engine.list_containers(Some(&filter)).await;
    let existing = existing.map_err(|error| error.diagnostic("Cluster creation failed"))?;
    match existing.first() {
        None => Ok(()),
        Some(container) => Err(cluster_exists(&cluster.name, &container.name)),
    }
}

/// Says that a cluster of that name is there.
pub(super) fn cluster_exists(cluster: &str, container: &str) -> Diagnostic {
    let detail = format!(
        "A cluster named {cluster:?} exists already: there is a container {container}.\n\nImport it with the id \
         {cluster:?}, remove it with `kind delete cluster --name {cluster}`, or choose another name."
    );
    Diagnostic::error("Cluster already exists", detail)
        .on_attribute(terrane_model::AttributePath::root().attribute("name"))
}

/// Removes what a failed creation has made. Returns a sentence about it.
async fn clean_up(call: &Call<'_>, cluster: &str, planned: &Value) -> String {
    let path = kubeconfig_path(planned, call.surroundings);
    let cleaning = async {
        // What Docker was told to make when the creation was interrupted may only come to be now.
        for _ in 0..CLEANUP_PASSES {
            remove_containers(call.engine, cluster).await?;
            tokio::time::sleep(CLEANUP_PAUSE).await;
        }
        remove_kubeconfig(call.surroundings, cluster, path.into_iter().collect()).await
    };
    match tokio::time::timeout(CLEANUP_PATIENCE, cleaning).await {
        Ok(Ok(())) => "What had been created was removed.".to_owned(),
        Ok(Err(error)) => format!("What had been created could not be removed: {error}."),
        Err(_) => "What had been created could not be removed in time.".to_owned(),
    }
}

async fn apply_update(call: &Call<'_>, request: &ApplyRequest) -> Result<(Value, Private), Diagnostic> {
    let (prior_state, planned) = (&request.prior_state, &request.planned_state);
    let cluster = desired(planned, &request.config);
    let mut memory = Memory::from_private(&request.planned_private);
    let prior = Prior::new(prior_state, &memory, written_image(&request.config).is_some());
    let archive = archive_path(planned, call.surroundings);
    let reconciliation = ReconcileRequest {
        engine: call.engine,
        surroundings: call.surroundings,
        cluster: &cluster,
        prior: &prior,
        image_archive: archive.as_deref(),
        wait_for_ready: boolean(planned, "wait_for_ready"),
        must_start_over: prior_state.attribute("kubeconfig").is_null(),
        progress: call.progress,
    };
    let reconciled = bounded(call, patience(planned, "update"), async {
        let created = reconcile(&reconciliation).await?;
        write_kubeconfig(call.surroundings, &request.config, planned, &created.access).await?;
        let old = kubeconfig_path(prior_state, call.surroundings);
        if old != kubeconfig_path(planned, call.surroundings)
            && let Some(old) = old
        {
            remove_kubeconfig_from(&cluster.name, old).await?;
        }
        Ok(created)
    });
    match reconciled.await {
        Ok(Created { access, network }) => {
            memory.names.clear();
            Ok((finished(planned, &access, Some(&network)), memory.to_private()))
        }
        Err(error) => {
            let logs = node_logs(call.engine, &cluster.name, &error).await;
            let outcome = "What had been changed stays; the next plan looks at the cluster as it is.";
            Err(error.diagnostic("Cluster update failed", &logs, outcome))
        }
    }
}

async fn apply_delete(call: &Call<'_>, request: &ApplyRequest) -> Result<(Value, Private), Diagnostic> {
    let prior = &request.prior_state;
    let name = text(prior, "name");
    let path = kubeconfig_path(prior, call.surroundings);
    let deleted = bounded(call, patience(prior, "delete"), async {
        // As long as there are containers, there is a cluster: whoever is killed in between comes here again.
        remove_kubeconfig(call.surroundings, &name, path.into_iter().collect()).await?;
        remove_containers(call.engine, &name).await
    });
    match deleted.await {
        Ok(()) => Ok((request.planned_state.clone(), Private::new())),
        Err(error) => Err(error.diagnostic("Cluster deletion failed", &[], "")),
    }
}

/// Reads a cluster.
pub(super) async fn read(call: &Call<'_>, request: ReadRequest) -> ReadResponse {
    let name = text(&request.current_state, "name");
    let observed = observe(call.engine, &name).await;
    let mut memory = Memory::from_private(&request.private);
    let (new_state, diagnostics) = match observed {
        Ok(None) => (Value::Null(request.current_state.ty()), Diagnostics::new()),
        Ok(Some(observed)) => {
            let state = refreshed(&request.current_state, &observed, &mut memory);
            (with_written_kubeconfig(&state, call.surroundings).await, Diagnostics::new())
        }
        Err(error) => {
            let diagnostic = error.diagnostic("Cluster cannot be read", &[], "");
            (request.current_state, diagnostic.into())
        }
    };
    ReadResponse { new_state, private: memory.to_private(), new_identity: None, diagnostics }
}

/// A kubeconfig file that has lost the cluster is written anew at the next apply.
async fn with_written_kubeconfig(state: &Value, surroundings: &Surroundings) -> Value {
    let (Some(path), name) = (kubeconfig_path(state, surroundings), text(state, "name")) else {
        return state.clone();
    };
    let found = tokio::task::spawn_blocking(move || names_cluster(&path, &name)).await;
    if found.unwrap_or(true) {
        state.clone()
    } else {
        with_attributes(state, &[("kubeconfig_path", "".into())])
    }
}

/// Finds a cluster that is to be imported.
pub(super) async fn import(call: &Call<'_>, name: &str) -> Result<ImportedObject, Diagnostic> {
    let failed = |error: ClusterError| error.diagnostic("Cluster cannot be imported", &[], "");
    let observed = observe(call.engine, name).await.map_err(failed)?;
    let Some(observed) = observed else {
        let detail =
            format!("Docker at {} has no container of a cluster named {name:?}.", call.engine.address);
        return Err(Diagnostic::error("Cluster not found", detail));
    };
    let schemas = schemas();
    let block = &schemas.resources["kind_cluster"].schema.block;
    let described = describe(call.engine, block, name, &observed).await.map_err(failed)?;
    let mut memory = Memory { imported: true, image_was_written: Some(false), names: described.names };
    let state = refreshed(&described.state, &observed, &mut memory);
    Ok(ImportedObject {
        type_name: "kind_cluster".into(),
        state,
        private: memory.to_private(),
        identity: None,
    })
}

/// Returns the planned object with what has come out.
fn finished(planned: &Value, access: &Access, network: Option<&NetworkFacts>) -> Value {
    let mut attributes = access_attributes(Some(access));
    attributes.push(("network", network_value(network)));
    // What the plan knew stays, to the letter.
    attributes.retain(|(name, _)| !planned.attribute(name).is_wholly_known());
    with_attributes(planned, &attributes)
}

/// Runs something until it is done, the time is up, or the user has had enough.
async fn bounded<T>(
    call: &Call<'_>,
    patience: Duration,
    action: impl Future<Output = Result<T, ClusterError>>,
) -> Result<T, ClusterError> {
    let mut stop = call.stop.clone();
    tokio::select! {
        done = tokio::time::timeout(patience, action) => done.unwrap_or_else(|_| {
            Err(ClusterError::Timeout { what: "it".to_owned(), seconds: patience.as_secs() })
        }),
        _ = stop.wait_for(|stop| *stop) => Err(ClusterError::Stopped),
    }
}

fn patience(state: &Value, action: &str) -> Duration {
    let written = text(&state.attribute("timeouts"), action);
    parse_duration(&written).unwrap_or(PATIENCE)
}

fn archive_path(planned: &Value, surroundings: &Surroundings) -> Option<PathBuf> {
    absolute(&text(planned, "node_image_archive"), surroundings)
}

fn kubeconfig_path(state: &Value, surroundings: &Surroundings) -> Option<PathBuf> {
    absolute(&text(state, "kubeconfig_path"), surroundings)
}

fn absolute(path: &str, surroundings: &Surroundings) -> Option<PathBuf> {
    let home = surroundings.environment.get("HOME").map(Path::new);
    match (path, path.strip_prefix("~/").zip(home)) {
        ("", _) => None,
        (_, Some((rest, home))) => Some(home.join(rest)),
        (path, None) => Some(surroundings.working_directory.join(path)),
    }
}

/// Merges the cluster into the file that the configuration names; where it names none, into kubectl's own and
/// into one beside the configuration.
async fn write_kubeconfig(
    surroundings: &Surroundings,
    config: &Value,
    planned: &Value,
    access: &Access,
) -> Result<(), ClusterError> {
    let mut files: Vec<PathBuf> = kubeconfig_path(planned, surroundings).into_iter().collect();
    if config.get("kubeconfig_path").is_none_or(Value::is_null) {
        let defaults = default_files(&surroundings.environment, &surroundings.working_directory);
        files.extend(default_target(&defaults).cloned());
    }
    let document = access.document.clone();
    let written =
        tokio::task::spawn_blocking(move || files.iter().try_for_each(|file| merge_into(file, &document)));
    match written.await {
        Ok(written) => Ok(written?),
        Err(error) => Err(ClusterError::Invalid(error.to_string())),
    }
}

async fn remove_kubeconfig_from(cluster: &str, file: PathBuf) -> Result<(), ClusterError> {
    let cluster = cluster.to_owned();
    let removed =
        tokio::task::spawn_blocking(move || super::kubeconfig_file::remove_from(&file, &cluster)).await;
    match removed {
        Ok(removed) => Ok(removed?),
        Err(error) => Err(ClusterError::Invalid(error.to_string())),
    }
}

/// Makes the message for an engine that cannot be had.
pub(super) fn no_engine(error: &DockerError) -> Diagnostic {
    error.diagnostic("Docker is not available")
}
