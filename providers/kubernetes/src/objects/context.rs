//! What every call may look at beside its own values.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use regex::Regex;
use terrane_model::{Diagnostic, Diagnostics, Value};
use tokio::sync::watch;

use super::cluster::{ApiError, Cluster, Connection};
use crate::KubernetesOptions;
use crate::helm::Session;

/// What every call may look at.
pub(crate) struct Context {
    pub(crate) connection: Connection,
    /// Keys that are not shown unless they are written.
    pub(crate) ignored_labels: Vec<Regex>,
    pub(crate) ignored_annotations: Vec<Regex>,
    pub(crate) options: Arc<KubernetesOptions>,
    /// What releases of charts need beside the cluster.
    pub(crate) helm: Session,
    /// Becomes true when what is under way is to end.
    pub(crate) stop: watch::Receiver<bool>,
    notes: Mutex<Notes>,
}

/// What calls of one run leave for others.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Objects that are to be made and are there already, by their key.
    pub(crate) existing: BTreeMap<ObjectKey, String>,
    /// Objects that are to be made of kinds that the cluster does not have, with what to say about it.
    pub(crate) missing_kinds: BTreeMap<ObjectKey, String>,
    /// Namespaces that are to be deleted, with all that is in them.
    pub(crate) falling_namespaces: BTreeSet<String>,
    /// Messages that were given once and are not given again.
    said: BTreeSet<String>,
}

/// What identifies an object of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ObjectKey {
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Context {
    /// Makes the context of a configured provider.
    pub(crate) fn new(
        connection: Connection,
        config: &Value,
        options: Arc<KubernetesOptions>,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self {
            connection,
            ignored_labels: Vec::new(),
            ignored_annotations: Vec::new(),
            helm: Session::new(config, Arc::clone(&options)),
            options,
            stop,
            notes: Mutex::default(),
        }
    }

    /// Returns what calls have left for others.
    pub(crate) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the cluster.
    ///
    /// # Errors
    /// When it is not known yet which one, or the settings cannot be used.
    pub(crate) async fn cluster(&self) -> Result<Arc<Cluster>, Diagnostics> {
        match self.connection.cluster().await {
            Ok(Some(cluster)) => Ok(cluster),
            Ok(None) => {
                let detail = "The provider's configuration depends on something that is not known yet, but this has to \
                              be asked of the cluster.";
                Err(Diagnostic::error("Provider configuration not known", detail).into())
            }
            Err(error) => Err(unusable(&error)),
        }
    }

    /// Returns the cluster for a question that can also be left open; nothing when it is not known yet which one.
    ///
    /// # Errors
    /// When the settings cannot be used.
    pub(crate) async fn cluster_if_known(&self) -> Result<Option<Arc<Cluster>>, Diagnostics> {
        self.connection.cluster().await.map_err(|error| unusable(&error))
    }

    /// Returns a warning the first time that it is given.
    pub(crate) fn warn_once(&self, summary: &str, detail: String) -> Option<Diagnostic> {
        let is_new = self.notes().said.insert(format!("{summary}: {detail}"));
        is_new.then(|| Diagnostic::warning(summary, detail))
    }

    /// Tells whether what is under way is to end.
    pub(crate) fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }
}

fn unusable(error: &ApiError) -> Diagnostics {
    Diagnostic::error("Cannot connect to the cluster", error.to_string()).into()
}
