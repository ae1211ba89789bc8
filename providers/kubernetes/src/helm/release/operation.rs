//! What goes on around a run of Helm: a note of who is at work, and an eye on the objects.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use terrane_provider::{Progress, ProgressUpdate};

use super::super::failure::{missing, objects};
use super::super::homes::is_running;
use super::super::live;
use super::super::program::terminate;
use super::{Identity, storage};
use crate::objects::cluster::Cluster;
use crate::objects::context::Context;
use crate::objects::wait::pods::Troubles;

/// How often it is looked what a release's objects are doing.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a process that was left behind may take to end.
const ORPHAN_PATIENCE: Duration = Duration::from_secs(15);
/// How often it is looked whether to stop.
const TICK: Duration = Duration::from_millis(200);

/// A note that this process is making a revision. If the process is killed the note stays, and the next run knows
/// that nobody is at work any more.
pub(super) struct Marker {
    path: Option<PathBuf>,
    revision: i64,
}

impl Marker {
    /// Notes that a revision is being made. Without a place for notes, or a place that can be written, nothing is
    /// noted: the next run has to wait then.
    pub(super) fn write(context: &Context, server: &str, identity: &Identity, revision: i64) -> Self {
        let Some(path) = path(context, server, identity) else { return Self { path: None, revision } };
        let made = path.parent().map(std::fs::create_dir_all);
        let marker = Self { path: Some(path).filter(|_| made.is_some_and(|made| made.is_ok())), revision };
        marker.write_note(None);
        marker
    }

    /// Notes which process of Helm is at work.
    pub(super) fn note_process(&self, helm: u32) {
        self.write_note(Some(helm));
    }

    fn write_note(&self, helm: Option<u32>) {
        let note = json!({ "process": std::process::id(), "revision": self.revision, "helm": helm });
        if let Some(path) = &self.path {
            // Without a note the next run waits.
            let _ = std::fs::write(path, note.to_string());
        }
    }

    /// Removes the note.
    pub(super) fn remove(self) {
        if let Some(path) = self.path {
            let _ = std::fs::remove_file(path);
        }
    }

    /// Tells whether a run of this working folder has begun a revision and does not run any more.
    pub(super) fn is_abandoned(context: &Context, server: &str, identity: &Identity, revision: i64) -> bool {
        let note = path(context, server, identity).and_then(|path| std::fs::read(path).ok());
        let Some(note) = note.and_then(|note| serde_json::from_slice::<Json>(&note).ok()) else {
            return false;
        };
        let process =
            note.get("process").and_then(Json::as_u64).and_then(|process| u32::try_from(process).ok());
        let is_same = note.get("revision").and_then(Json::as_i64) == Some(revision);
        // The own process has ended that run, if it is asked about it.
        let is_over = |process: u32| process == std::process::id() || !is_running(process);
        is_same && process.is_some_and(is_over)
    }
}

impl Marker {
    /// Ends the process of Helm that an interrupted run has left behind, which would go on writing to the release.
    pub(super) async fn end_orphan(context: &Context, server: &str, identity: &Identity) {
        let note = path(context, server, identity).and_then(|path| std::fs::read(path).ok());
        let note = note.and_then(|note| serde_json::from_slice::<Json>(&note).ok());
        let process =
            note.and_then(|note| note.get("helm")?.as_u64()).and_then(|process| i32::try_from(process).ok());
        let Some(process) = process.filter(|process| is_helm(*process)) else { return };
        terminate(u32::try_from(process).ok());
        let start = Instant::now();
        while is_helm(process) && start.elapsed() < ORPHAN_PATIENCE {
            tokio::time::sleep(TICK).await;
        }
    }
}

/// Tells whether a number still is that of a process of Helm: numbers are given again.
fn is_helm(process: i32) -> bool {
    let arguments = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    let mut arguments = arguments.split(|byte| *byte == 0);
    arguments.next().is_some_and(|program| program.ends_with(b"helm"))
        && arguments.next().is_some_and(|command| command == b"upgrade" || command == b"install")
}

fn path(context: &Context, server: &str, identity: &Identity) -> Option<PathBuf> {
    let name = Sha256::digest(format!("{server}\n{}\n{}", identity.namespace, identity.name).as_bytes());
    let name: String = name.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Some(context.helm.cache_folder()?.join("running").join(format!("{name}.json")))
}

/// Why a run of Helm is ended before it ends by itself.
pub(super) enum Ended {
    /// Everything is to end.
    Stopped,
    /// It has taken longer than it may.
    TooLate,
    /// The objects will never be ready; the text says why.
    Hopeless(String),
}

/// Keeps an eye on what a release's objects are doing, for as long as there is hope. `progress` is nothing where
/// nobody waits for them; `before` is the last revision before the run.
pub(super) async fn watch_objects(
    context: &Context,
    cluster: &Cluster,
    identity: &Identity,
    limit: Duration,
    progress: Option<&dyn Progress>,
    before: i64,
) -> Ended {
    let start = Instant::now();
    let mut looked = Instant::now();
    let mut watched = Watched::default();
    loop {
        tokio::time::sleep(TICK).await;
        if context.is_stopped() {
            return Ended::Stopped;
        }
        if start.elapsed() > limit {
            return Ended::TooLate;
        }
        let Some(progress) = progress.filter(|_| looked.elapsed() > LOOK_EVERY) else { continue };
        looked = Instant::now();
        if let Some(hopeless) = watched.look(context, cluster, identity, progress, before).await {
            return Ended::Hopeless(hopeless);
        }
    }
}

#[derive(Default)]
struct Watched {
    troubles: Troubles,
    said: String,
}

impl Watched {
    /// Tells what the release waits for; returns why there is no hope, if there is none.
    async fn look(
        &mut self,
        context: &Context,
        cluster: &Cluster,
        identity: &Identity,
        progress: &dyn Progress,
        before: i64,
    ) -> Option<String> {
        let (_, record) =
            storage(context, cluster).find(&identity.namespace, &identity.name).await.ok()??;
        if record.revision <= before {
            return None;
        }
        for rendered in objects(&record.manifest) {
            let Ok(Some((target, _))) = live::place(cluster, &rendered, &identity.namespace).await else {
                continue;
            };
            let Some((object, missing)) = missing(cluster, &rendered, &target).await else { continue };
            let mut phase = format!("waiting for {} {}: {missing}", rendered.kind(), rendered.name());
            if let Some(trouble) = self.troubles.look(cluster, &target, &object).await {
                if trouble.is_hopeless {
                    return Some(format!("{} {}: {}.", rendered.kind(), rendered.name(), trouble.text));
                }
                phase = format!("{phase}; {}", trouble.text);
            }
            if phase != self.said {
                progress.report(ProgressUpdate { phase: phase.clone(), expected: None });
                self.said = phase;
            }
            return None;
        }
        None
    }
}
