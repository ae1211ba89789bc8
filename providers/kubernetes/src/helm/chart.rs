//! Charts: where one comes from, and what is in it.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use terrane_model::Value;

use super::chart_kinds::ChartKinds;
use super::git_chart::GitSource;
use super::record::ChartMetadata;
use crate::yaml;

/// The most that the files of a chart may take.
const CHART_BYTES_MAX: u64 = 256 << 20;
/// How deep charts may lie in charts.
const SUBCHART_DEPTH_MAX: usize = 8;

/// Where a chart comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A folder or an archive of this machine.
    Local(PathBuf),
    /// A folder of a Git repository.
    Git(GitSource),
    /// A chart that has to be fetched.
    Remote {
        /// What the chart is called when it is fetched: a name in a repository, or an address.
        reference: String,
        /// The repository's address, where the name is one in a repository that nobody has named before.
        repository: Option<String>,
        /// The version or range that is wanted.
        version: Option<String>,
    },
}

impl Source {
    /// Returns where the chart of a configuration comes from.
    pub(crate) fn read(config: &Value, working_folder: &Path) -> Self {
        let text = |name: &str| config.get(name).and_then(Value::as_str).map_or("", |text| text.trim());
        let (chart, repository) = (text("chart"), text("repository"));
        if let Some(source) = GitSource::read(chart) {
            return Self::Git(source);
        }
        let repository_folder = repository.strip_prefix("file://").unwrap_or(repository);
        let local = working_folder.join(chart.strip_prefix("file://").unwrap_or(chart));
        if !chart.is_empty() && repository.is_empty() && local.exists() {
            return Self::Local(local);
        }
        let in_repository = working_folder.join(repository_folder).join(chart);
        if !repository.is_empty() && !repository_folder.contains("://") && in_repository.exists() {
            return Self::Local(in_repository);
        }
        let is_devel = config.get("devel").and_then(Value::as_bool).unwrap_or(false);
        let version = match text("version") {
            "" if is_devel => Some(">0.0.0-0".to_owned()),
            "" => None,
            written => Some(written.to_owned()),
        };
        let is_address = repository.contains("://");
        let (reference, repository) = match repository {
            "" => (chart.to_owned(), None),
            oci if oci.starts_with("oci://") => (format!("{}/{chart}", oci.trim_end_matches('/')), None),
            address if is_address => (chart.to_owned(), Some(address.to_owned())),
            // The name that somebody has given to a repository.
            name if !chart.contains('/') => (format!("{name}/{chart}"), None),
            _ => (chart.to_owned(), None),
        };
        Self::Remote { reference, repository, version }
    }

    /// Tells whether the source can only ever mean the same chart.
    pub(crate) fn is_pinned(&self) -> bool {
        match self {
            Self::Local(_) => false,
            Self::Git(source) => source.is_pinned(),
            Self::Remote { reference, version, .. } => {
                let is_archive = reference.contains("://") && !reference.starts_with("oci://");
                is_archive || reference.contains("@sha256:") || version.as_deref().is_some_and(is_exact)
            }
        }
    }

    /// Returns the source at a version that was chosen before, where a range is written.
    pub(crate) fn at_version(&self, chosen: Option<&str>) -> Self {
        match (self, chosen) {
            (Self::Remote { reference, repository, version: Some(range) }, Some(chosen))
                if !is_exact(range) =>
            {
                Self::Remote {
                    reference: reference.clone(),
                    repository: repository.clone(),
                    version: Some(chosen.to_owned()),
                }
            }
            _ => self.clone(),
        }
    }

    /// Returns a name for the chart in caches, where it can only ever mean the same chart.
    pub(crate) fn cache_key(&self) -> Option<String> {
        let all = match self {
            Self::Local(_) => return None,
            Self::Git(source) => format!("git\n{}\n{}", source.url, source.revision.as_deref().unwrap_or("")),
            Self::Remote { reference, repository, version } => format!(
                "{}\n{reference}\n{}",
                repository.as_deref().unwrap_or(""),
                version.as_deref().unwrap_or("")
            ),
        };
        self.is_pinned().then(|| hex(&Sha256::digest(all.as_bytes())))
    }
}

/// Tells whether a version names one chart and no range.
pub(crate) fn is_exact(version: &str) -> bool {
    let version = version.strip_prefix('v').unwrap_or(version);
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = core.split('.').collect();
    parts.len() == 3 && parts.iter().all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()))
}

/// Tells whether two versions are the same but for a leading `v`.
pub(crate) fn same_version(a: &str, b: &str) -> bool {
    a.strip_prefix('v').unwrap_or(a) == b.strip_prefix('v').unwrap_or(b)
}

/// A chart that lies on this machine.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chart {
    pub(crate) path: PathBuf,
    pub(crate) metadata: ChartMetadata,
    /// Changes with every file of the chart.
    pub(crate) fingerprint: String,
}

impl Chart {
    /// Reads a folder or an archive.
    ///
    /// # Errors
    /// When there is no chart, or it cannot be installed.
    pub(crate) fn load(path: &Path) -> Result<Self, String> {
        let files = files(path)?;
        let head = files.get("Chart.yaml").ok_or("there is no Chart.yaml in it")?;
        let json =
            yaml::read(&String::from_utf8_lossy(head)).map_err(|error| format!("Chart.yaml: {error}"))?;
        let metadata: ChartMetadata =
            serde_json::from_value(stringly(json)).map_err(|error| format!("Chart.yaml: {error}"))?;
        if metadata.chart_type == "library" {
            return Err("library charts are not installable".to_owned());
        }
        let mut hash = Sha256::new();
        for (name, bytes) in &files {
            hash.update(format!("{name}\0{}\0", bytes.len()).as_bytes());
            hash.update(bytes);
        }
        Ok(Self { path: path.to_path_buf(), metadata, fingerprint: hex(&hash.finalize()) })
    }

    /// Returns the definitions of kinds that the chart brings outside of its templates, its charts' first.
    ///
    /// # Errors
    /// When the chart cannot be read.
    pub(crate) fn crds(&self) -> Result<Vec<String>, String> {
        let mut crds = Vec::new();
        each_text(&files(&self.path)?, 0, &mut |folder, text| {
            if folder == Folder::Definitions {
                crds.push(text.to_owned());
            }
        })?;
        Ok(crds)
    }

    /// Returns the kinds that the chart and its charts define and use, as far as their files say so.
    ///
    /// # Errors
    /// When the chart cannot be read.
    pub(crate) fn kinds(&self, skips_definitions: bool) -> Result<ChartKinds, String> {
        let mut kinds = ChartKinds::default();
        each_text(&files(&self.path)?, 0, &mut |folder, text| {
            if folder == Folder::Templates || !skips_definitions {
                kinds.add(text);
            }
        })?;
        Ok(kinds)
    }
}

/// Where objects are in a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Folder {
    Definitions,
    Templates,
}

/// Versions in YAML may look like numbers.
fn stringly(json: Json) -> Json {
    let Json::Object(mut map) = json else { return json };
    for name in ["version", "appVersion"] {
        if let Some(value) = map.get_mut(name)
            && let Json::Number(number) = value
        {
            *value = number.to_string().into();
        }
        if map.get(name) == Some(&Json::Null) {
            map.remove(name);
        }
    }
    if map.get("dependencies") == Some(&Json::Null) {
        map.remove("dependencies");
    }
    Json::Object(map)
}

type Files = BTreeMap<String, Vec<u8>>;

/// Reads all files of a chart, by their names inside it.
pub(crate) fn files(path: &Path) -> Result<Files, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    if path.is_dir() {
        let mut files = Files::new();
        let mut budget = CHART_BYTES_MAX;
        walk(path, "", &mut files, &mut budget).map_err(failed)?;
        return Ok(files);
    }
    unpack(std::fs::File::open(path).map_err(failed)?).map_err(failed)
}

fn walk(folder: &Path, prefix: &str, files: &mut Files, budget: &mut u64) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            // Version control keeps its own books.
            if entry.file_name() != ".git" {
                walk(&entry.path(), &format!("{name}/"), files, budget)?;
            }
            continue;
        }
        let bytes = std::fs::read(entry.path())?;
        *budget = budget
            .checked_sub(bytes.len() as u64)
            .ok_or_else(|| std::io::Error::other("the folder is too big for a chart"))?;
        files.insert(name, bytes);
    }
    Ok(())
}

/// Reads an archive, whose files all lie in one folder named after the chart.
fn unpack(packed: impl Read) -> std::io::Result<Files> {
    let mut files = Files::new();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed).take(CHART_BYTES_MAX));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.to_string_lossy().into_owned();
        let inside = path.trim_start_matches("./").split_once('/').map(|(_, inside)| inside.to_owned());
        if let Some(inside) =
            inside.filter(|inside| entry.header().entry_type().is_file() && !inside.is_empty())
        {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            files.insert(inside, bytes);
        }
    }
    Ok(files)
}

/// Goes through the texts with objects of a chart and the charts in it, its own first.
fn each_text(files: &Files, depth: usize, see: &mut dyn FnMut(Folder, &str)) -> Result<(), String> {
    if depth > SUBCHART_DEPTH_MAX {
        return Err("its charts are nested too deeply".to_owned());
    }
    for (name, bytes) in files {
        let folder = match name.split_once('/') {
            Some(("crds", _)) => Folder::Definitions,
            Some(("templates", _)) => Folder::Templates,
            _ => continue,
        };
        if [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end)) {
            see(folder, &String::from_utf8_lossy(bytes));
        }
    }
    let mut folders: BTreeMap<&str, Files> = BTreeMap::new();
    for (name, bytes) in files {
        let Some(inside) = name.strip_prefix("charts/") else { continue };
        match inside.split_once('/') {
            Some((folder, rest)) => {
                folders.entry(folder).or_default().insert(rest.to_owned(), bytes.clone());
            }
            None if inside.ends_with(".tgz") => {
                let files = unpack(bytes.as_slice()).map_err(|error| format!("{name}: {error}"))?;
                each_text(&files, depth + 1, see)?;
            }
            None => {}
        }
    }
    for files in folders.values() {
        each_text(files, depth + 1, see)?;
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(arguments: &[(&str, &str)]) -> Source {
        let config = arguments.iter().map(|(name, value)| (*name, Value::from(*value)));
        Source::read(&Value::object(config), Path::new("/nowhere"))
    }

    fn remote(reference: &str, repository: Option<&str>, version: Option<&str>) -> Source {
        Source::Remote {
            reference: reference.to_owned(),
            repository: repository.map(ToOwned::to_owned),
            version: version.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn charts_come_from_repositories_registries_and_addresses() {
        let repository = "https://charts.example.org";
        for (arguments, expected) in [
            (vec![("chart", "web"), ("repository", repository)], remote("web", Some(repository), None)),
            (
                vec![("chart", "web"), ("repository", "oci://r.example.org/c/"), ("version", "1.2.3")],
                remote("oci://r.example.org/c/web", None, Some("1.2.3")),
            ),
            (vec![("chart", "stable/web")], remote("stable/web", None, None)),
            (vec![("chart", "web"), ("repository", "stable")], remote("stable/web", None, None)),
            (
                vec![("chart", "https://x.example.org/web-1.tgz")],
                remote("https://x.example.org/web-1.tgz", None, None),
            ),
        ] {
            assert_eq!(source(&arguments), expected);
        }
    }

    #[test]
    fn only_exact_versions_pin_a_chart() {
        for (version, expected) in
            [("1.2.3", true), ("v1.2.3-rc.1", true), ("1.2", false), ("~1.2.3", false), ("1.x.0", false)]
        {
            assert_eq!(is_exact(version), expected, "{version}");
        }
        assert!(source(&[("chart", "https://x.example.org/web-1.tgz")]).is_pinned());
        assert!(!source(&[("chart", "oci://x.example.org/web")]).is_pinned());
    }

    #[test]
    fn folders_and_archives_are_the_same_chart() {
        let folder = tempfile::tempdir().unwrap();
        let chart = folder.path().join("web");
        std::fs::create_dir_all(chart.join("crds")).unwrap();
        std::fs::create_dir_all(chart.join("charts/inner/crds")).unwrap();
        for (name, text) in [
            ("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: 1.10\n"),
            ("crds/a.yaml", "kind: A"),
            ("charts/inner/crds/b.yaml", "kind: B"),
        ] {
            std::fs::write(chart.join(name), text).unwrap();
        }
        let packed = folder.path().join("web.tgz");
        let file = std::fs::File::create(&packed).unwrap();
        let mut builder =
            tar::Builder::new(flate2::write::GzEncoder::new(file, flate2::Compression::default()));
        builder.append_dir_all("web", &chart).unwrap();
        builder.into_inner().unwrap().finish().unwrap();
        let (folder_chart, archive) = (Chart::load(&chart).unwrap(), Chart::load(&packed).unwrap());
        assert_eq!(folder_chart.metadata.version, "1.2.3");
        assert_eq!(folder_chart.fingerprint, archive.fingerprint);
        assert_eq!(archive.crds().unwrap(), ["kind: A", "kind: B"]);
        std::fs::write(chart.join("values.yaml"), "a: 1").unwrap();
        assert_ne!(Chart::load(&chart).unwrap().fingerprint, archive.fingerprint);
        assert!(Chart::load(folder.path()).is_err());
    }
}
