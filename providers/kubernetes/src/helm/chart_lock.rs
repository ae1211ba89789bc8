//! Which charts a configuration has got for what it asks for: a file beside it, so that everybody gets the same ones.
//!
//! A version that is a range stays with the version that was released; a chart that is another one under its old version
//! is refused. Entries are written when a release has succeeded. To move on, change the range or remove the entry.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::chart::Source;

/// The file's name, in the working folder.
pub(crate) const FILE_NAME: &str = ".terrane.charts.lock.json";

/// One file is written at a time: several providers of a run may share it.
static WRITING: Mutex<()> = Mutex::new(());

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    repository: String,
    chart: String,
    constraint: String,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Locked {
    pub(crate) version: String,
    /// Checksum of the chart's archive.
    pub(crate) digest: String,
}

/// The file as it is written.
#[derive(Debug, Default, Serialize, Deserialize)]
struct File {
    charts: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    #[serde(default)]
    repository: String,
    chart: String,
    #[serde(default)]
    constraint: String,
    version: String,
    digest: String,
}

/// The lock of a working folder.
#[derive(Debug, Clone)]
pub(crate) struct ChartLock {
    path: PathBuf,
}

impl ChartLock {
    /// Returns the lock of a working folder, whether there is a file or not.
    pub(crate) fn of(working_folder: &Path) -> Self {
        Self { path: working_folder.join(FILE_NAME) }
    }

    /// Returns what a source has led to before.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn find(&self, source: &Source) -> Result<Option<Locked>, String> {
        let Some(asked) = asked(source) else { return Ok(None) };
        Ok(self.read()?.remove(&asked))
    }

    /// Writes down what a source has led to.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub(crate) fn set(&self, source: &Source, locked: Locked) -> Result<(), String> {
        let Some(asked) = asked(source) else { return Ok(()) };
        let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = self.read()?;
        if all.get(&asked) == Some(&locked) {
            return Ok(());
        }
        all.insert(asked, locked);
        let charts = all.into_iter().map(|(asked, locked)| Entry {
            repository: asked.repository,
            chart: asked.chart,
            constraint: asked.constraint,
            version: locked.version,
            digest: locked.digest,
        });
        let text = serde_json::to_string_pretty(&File { charts: charts.collect() }).unwrap_or_default();
        let failed = |error: std::io::Error| format!("{}: {error}", self.path.display());
        let partial = self.path.with_extension("json.new");
        std::fs::write(&partial, text + "\n").map_err(failed)?;
        std::fs::rename(&partial, &self.path).map_err(failed)
    }

    fn read(&self) -> Result<BTreeMap<Asked, Locked>, String> {
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(error) => return Err(format!("{}: {error}", self.path.display())),
        };
        let file: File = serde_json::from_slice(&bytes)
            .map_err(|error| format!("{} is no lock of charts: {error}", self.path.display()))?;
        let entries = file.charts.into_iter().map(|entry| {
            let asked =
                Asked { repository: entry.repository, chart: entry.chart, constraint: entry.constraint };
            (asked, Locked { version: entry.version, digest: entry.digest })
        });
        Ok(entries.collect())
    }
}

fn asked(source: &Source) -> Option<Asked> {
    let Source::Remote { reference, repository, version } = source else { return None };
    Some(Asked {
        repository: repository.clone().unwrap_or_default(),
        chart: reference.clone(),
        constraint: version.clone().unwrap_or_default(),
    })
}

/// Returns the checksum of an archive.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn digest(archive: &Path) -> Result<String, String> {
    let bytes = std::fs::read(archive).map_err(|error| format!("{}: {error}", archive.display()))?;
    let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("sha256:{digest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_by_what_was_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let lock = ChartLock::of(folder.path());
        let source = |version: Option<&str>| Source::Remote {
            reference: "web".to_owned(),
            repository: Some("https://charts.example.org".to_owned()),
            version: version.map(ToOwned::to_owned),
        };
        let locked = Locked { version: "1.2.3".to_owned(), digest: "sha256:00".to_owned() };
        assert_eq!(lock.find(&source(Some("^1"))), Ok(None));
        lock.set(&source(Some("^1")), locked.clone()).unwrap();
        lock.set(&Source::Local(folder.path().to_owned()), locked.clone()).unwrap();
        assert_eq!(lock.find(&source(Some("^1"))), Ok(Some(locked)));
        assert_eq!(lock.find(&source(None)), Ok(None), "another range, another entry");
        insta::assert_snapshot!(std::fs::read_to_string(folder.path().join(FILE_NAME)).unwrap());
        std::fs::write(folder.path().join(FILE_NAME), "{").unwrap();
        assert!(lock.find(&source(None)).unwrap_err().contains("is no lock of charts"));
    }
}
