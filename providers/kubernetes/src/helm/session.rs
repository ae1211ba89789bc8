//! Helm for one provider configuration: its command, its private folders, and charts that were fetched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;
use tempfile::TempDir;
use terrane_model::Value;
use tokio::sync::{Mutex, OnceCell};

use super::chart::{Chart, Source};
use super::chart_lock::{self, ChartLock, Locked};
use super::git_chart::GitSource;
use super::program::{HelmError, Program, Run};
use super::release::SeenReleases;
use super::settings::HelmSettings;
use super::{homes, post_renderer};
use crate::KubernetesOptions;
use crate::objects::cluster::{Cluster, kubeconfig};

/// Helm for one provider configuration.
pub(crate) struct Session {
    pub(crate) settings: HelmSettings,
    options: Arc<KubernetesOptions>,
    program: OnceCell<Result<Program, HelmError>>,
    homes: OnceCell<Result<Homes, String>>,
    /// Charts that were fetched, by what was asked for; one at a time is fetched.
    charts: Mutex<BTreeMap<String, Chart>>,
    /// What was last seen of releases.
    pub(super) seen: SeenReleases,
}

/// Private folders, gone with the provider.
struct Homes {
    folder: TempDir,
}

impl Session {
    /// Makes the session of a configured provider.
    pub(crate) fn new(config: &Value, options: Arc<KubernetesOptions>) -> Self {
        let settings = HelmSettings::read(config, &options.environment, &options.working_folder);
        let (program, homes) = (OnceCell::new(), OnceCell::new());
        let (charts, seen) = (Mutex::default(), SeenReleases::default());
        let session = Self { settings, options, program, homes, charts, seen };
        if let Some(cache) = session.cache_folder() {
            homes::remove_abandoned(&cache);
        }
        session
    }

    /// What relative paths are relative to.
    pub(crate) fn working_folder(&self) -> &Path {
        &self.options.working_folder
    }

    /// Where notes are kept from one run to the next.
    pub(crate) fn cache_folder(&self) -> Option<PathBuf> {
        Some(self.options.cache_folder.as_ref()?.join("helm"))
    }

    /// Returns the command.
    ///
    /// # Errors
    /// When there is none, or it cannot be used.
    pub(crate) async fn program(&self) -> Result<&Program, HelmError> {
        let found = self.program.get_or_init(|| Program::find(&self.options.environment)).await;
        found.as_ref().map_err(Clone::clone)
    }

    /// Runs the command; `cluster` is the one that it is to reach, if any.
    ///
    /// # Errors
    /// When it cannot be run, fails, or is stopped.
    pub(crate) async fn run(&self, cluster: Option<&Cluster>, run: Run<'_>) -> Result<String, HelmError> {
        let mut environment = self.environment(cluster).await?;
        let program = self.program().await?;
        let mut run = run;
        if program.major >= 4 {
            let plugins = self.homes().await?.folder.path().join("plugins");
            post_renderer::as_plugins(&plugins, self.working_folder(), &mut run.arguments, &mut environment)
                .map_err(|error| {
                    HelmError::Unusable(format!("no plugin for helm can be written: {error}"))
                })?;
        }
        program.run(&environment, run).await
    }

    /// Returns the environment of the command. What could lead it to another cluster is taken out.
    async fn environment(&self, cluster: Option<&Cluster>) -> Result<BTreeMap<String, String>, HelmError> {
        let homes = self.homes().await?;
        let path = |path: PathBuf| path.to_string_lossy().into_owned();
        let is_foreign = |name: &str| name.starts_with("HELM_") || name.starts_with("KUBE");
        let own = self.options.environment.iter().filter(|(name, _)| !is_foreign(name));
        let mut environment: BTreeMap<String, String> =
            own.map(|(name, value)| (name.clone(), value.clone())).collect();
        let folder = homes.folder.path();
        let cache = self.settings.repository_cache.clone().unwrap_or_else(|| folder.join("cache/repository"));
        for (name, value) in [
            ("HELM_CONFIG_HOME", folder.join("config")),
            ("HELM_CACHE_HOME", folder.join("cache")),
            ("HELM_DATA_HOME", folder.join("data")),
            ("HELM_REPOSITORY_CONFIG", folder.join("repositories.yaml")),
            ("HELM_REPOSITORY_CACHE", cache),
            ("HELM_REGISTRY_CONFIG", folder.join("registry.json")),
        ] {
            environment.insert(name.to_owned(), path(value));
        }
        if let Some(plugins) = &self.settings.plugins_path {
            environment.insert("HELM_PLUGINS".to_owned(), path(plugins.clone()));
        }
        environment.insert("HELM_DRIVER".to_owned(), self.settings.driver.clone());
        let kubeconfig = folder.join("kubeconfig");
        if let Some(cluster) = cluster {
            self.write_kubeconfig(cluster, &kubeconfig)?;
        }
        // Without a cluster the file does not exist, and whatever asks for one fails.
        environment.insert("KUBECONFIG".to_owned(), path(kubeconfig));
        Ok(environment)
    }

    fn write_kubeconfig(&self, cluster: &Cluster, path: &Path) -> Result<(), HelmError> {
        if path.exists() {
            return Ok(());
        }
        let failed = |error: std::io::Error| {
            HelmError::Unusable(format!("the kubeconfig for helm cannot be written: {error}"))
        };
        match &cluster.kubeconfig {
            Some(config) => kubeconfig::write(config, path).map_err(failed),
            None => write_private(path, in_cluster(&cluster.server).as_bytes()).map_err(failed),
        }
    }

    async fn homes(&self) -> Result<&Homes, HelmError> {
        let homes = self.homes.get_or_init(|| async {
            let folder = homes::make(self.cache_folder().as_deref());
            let folder =
                folder.map_err(|error| format!("no private folder for helm can be made: {error}"))?;
            self.fill(folder.path())
                .map_err(|error| format!("helm's private folder cannot be filled: {error}"))?;
            Ok(Homes { folder })
        });
        homes.await.as_ref().map_err(|error| HelmError::Unusable(error.clone()))
    }

    /// Puts copies of what the user has set up into the private folder: what Helm writes there stays there.
    fn fill(&self, folder: &Path) -> std::io::Result<()> {
        let home = self.options.environment.get("HOME").map(PathBuf::from);
        let of_user = |name: &str| home.as_ref().map(|home| home.join(".config/helm").join(name));
        let registry = self.settings.registry_config_path.clone();
        let registry = registry.or_else(|| of_user("registry/config.json")).filter(|path| path.is_file());
        let mut registry_config = match registry {
            Some(path) => serde_json::from_slice(&std::fs::read(path)?).unwrap_or_else(|_| json!({})),
            None => json!({}),
        };
        for registry in &self.settings.registries {
            let host = registry.url.trim_start_matches("oci://").split('/').next().unwrap_or_default();
            let auth = BASE64.encode(format!("{}:{}", registry.username, registry.password));
            registry_config["auths"][host] = json!({ "auth": auth });
        }
        write_private(&folder.join("registry.json"), registry_config.to_string().as_bytes())?;
        let repositories = self.settings.repository_config_path.clone();
        let repositories =
            repositories.or_else(|| of_user("repositories.yaml")).filter(|path| path.is_file());
        if let Some(repositories) = repositories {
            write_private(&folder.join("repositories.yaml"), &std::fs::read(repositories)?)?;
        }
        Ok(())
    }

    /// Returns the chart of a configuration, fetched if it has to be.
    ///
    /// # Errors
    /// When it cannot be fetched, is no chart, or is another one than the lock says.
    pub(crate) async fn chart(&self, config: &Value) -> Result<Chart, HelmError> {
        let asked = Source::read(config, self.working_folder());
        if let Source::Local(path) = &asked {
            // The command may run in another folder.
            return load(&std::path::absolute(path).unwrap_or_else(|_| path.clone()));
        }
        let locked = self.lock().find(&asked).map_err(HelmError::Unusable)?;
        let source = asked.at_version(locked.as_ref().map(|locked| locked.version.as_str()));
        let is_verified = config.get("verify").and_then(Value::as_bool) == Some(true);
        let keyring = config.get("keyring").and_then(Value::as_str).map_or("", |path| path.as_str());
        let key = format!("{source:?} {is_verified} {keyring}");
        let mut charts = self.charts.lock().await;
        if let Some(chart) = charts.get(&key) {
            return Ok(chart.clone());
        }
        // Who wants a chart verified does not want the one that somebody else has put away.
        let kept = source.cache_key().filter(|_| !is_verified);
        let kept = kept.and_then(|key| Some(self.cache_folder()?.join("charts").join(key)));
        let folder = match kept {
            Some(folder) => folder,
            None => self.homes().await?.folder.path().join("charts").join(charts.len().to_string()),
        };
        let chart = match &source {
            Source::Git(source) => self.chart_in_git(source, &folder).await?,
            _ => self.chart_in_archive(config, &source, &folder).await?,
        };
        if let Some(locked) = locked.filter(|locked| locked.version == chart.metadata.version) {
            check_digest(&chart, &locked)?;
        }
        charts.insert(key, chart.clone());
        Ok(chart)
    }

    /// Returns the record of the charts that were released before.
    fn lock(&self) -> ChartLock {
        ChartLock::of(self.working_folder())
    }

    /// Writes down which chart a configuration has got.
    ///
    /// # Errors
    /// When the lock cannot be written.
    pub(crate) fn lock_chart(&self, config: &Value, chart: &Chart) -> Result<(), String> {
        let source = Source::read(config, self.working_folder());
        if !matches!(source, Source::Remote { .. }) {
            return Ok(());
        }
        let digest = chart_lock::digest(&chart.path)?;
        self.lock().set(&source, Locked { version: chart.metadata.version.clone(), digest })
    }

    async fn chart_in_git(&self, source: &GitSource, folder: &Path) -> Result<Chart, HelmError> {
        if !folder.exists() {
            let partial = partial_beside(folder)?;
            source.fetch(partial.path(), &self.options.environment).await?;
            take_place(partial, folder)?;
        }
        load(&std::path::absolute(folder.join(&source.folder)).map_err(|error| unusable(folder, &error))?)
    }

    async fn chart_in_archive(
        &self,
        config: &Value,
        source: &Source,
        folder: &Path,
    ) -> Result<Chart, HelmError> {
        if let Some(path) = only_file(folder) {
            return load(&path);
        }
        let Source::Remote { reference, repository, version } = source else {
            return Err(HelmError::Unusable("there is no chart".to_owned()));
        };
        self.fetch(config, reference, repository.as_deref(), version.as_deref(), folder).await?;
        let path = only_file(folder);
        load(&path.ok_or_else(|| HelmError::Failed("helm has fetched no chart".to_owned()))?)
    }

    async fn fetch(
        &self,
        config: &Value,
        reference: &str,
        repository: Option<&str>,
        version: Option<&str>,
        folder: &Path,
    ) -> Result<(), HelmError> {
        let failed = |error: std::io::Error| unusable(folder, &error);
        let partial = partial_beside(folder)?;
        let text = |name: &str| {
            config.get(name).and_then(Value::as_str).map(ToString::to_string).filter(|text| !text.is_empty())
        };
        let mut arguments = vec!["pull".to_owned(), reference.to_owned()];
        let mut option = |name: &str, value: &str| arguments.extend([format!("--{name}"), value.to_owned()]);
        option("destination", &std::path::absolute(partial.path()).map_err(failed)?.to_string_lossy());
        let password = text("repository_password");
        match (repository, &password) {
            (Some(repository), Some(_)) => {
                let name = self.add_repository(config, repository).await?;
                arguments[1] = format!("{name}/{reference}");
            }
            (Some(repository), None) => option("repo", repository),
            (None, Some(password)) => self.log_in(config, reference, password).await?,
            (None, None) => self.update_named_repository(reference).await?,
        }
        let mut option = |name: &str, value: &str| arguments.extend([format!("--{name}"), value.to_owned()]);
        if let Some(version) = version {
            option("version", version);
        }
        for (argument, name) in FILES_OF_REPOSITORIES {
            if let Some(path) = text(argument) {
                option(name, &path);
            }
        }
        if config.get("verify").and_then(Value::as_bool) == Some(true) {
            arguments.push("--verify".to_owned());
            if let Some(keyring) = text("keyring") {
                arguments.extend(["--keyring".to_owned(), keyring]);
            }
        }
        let run = Run { arguments, folder: Some(self.working_folder()), ..Run::default() };
        self.run(None, run).await?;
        take_place(partial, folder)
    }

    /// Makes a repository with credentials known to Helm: in a file, because everybody can read arguments.
    async fn add_repository(&self, config: &Value, url: &str) -> Result<String, HelmError> {
        let text = |name: &str| config.get(name).and_then(Value::as_str).map_or("", |text| text.as_str());
        let name = format!("terrane-{}", self.charts_fetched(url));
        let passes = config.get("pass_credentials").and_then(Value::as_bool).unwrap_or(false);
        let entry = json!({
            "name": name, "url": url, "username": text("repository_username"), "password": text("repository_password"),
            "caFile": text("repository_ca_file"), "certFile": text("repository_cert_file"),
            "keyFile": text("repository_key_file"), "pass_credentials_all": passes,
        });
        let path = self.homes().await?.folder.path().join("repositories.yaml");
        let failed = |error: String| HelmError::Unusable(format!("helm's list of repositories: {error}"));
        let known = std::fs::read_to_string(&path).unwrap_or_default();
        let mut list = crate::yaml::read(&known).map_err(failed)?;
        if !list.is_object() {
            list = json!({"apiVersion": "v1", "repositories": []});
        }
        if let Some(entries) = list["repositories"].as_array_mut() {
            entries.retain(|known| known["name"] != entry["name"]);
            entries.push(entry);
        }
        write_private(&path, list.to_string().as_bytes()).map_err(|error| failed(error.to_string()))?;
        let arguments = vec!["repo".to_owned(), "update".to_owned(), name.clone()];
        self.run(None, Run { arguments, ..Run::default() }).await?;
        Ok(name)
    }

    /// Returns a short name for an address.
    fn charts_fetched(&self, url: &str) -> String {
        use sha2::{Digest, Sha256};
        Sha256::digest(url.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Fetches the index of a repository that the user has named, unless a cache is configured, which has it.
    async fn update_named_repository(&self, reference: &str) -> Result<(), HelmError> {
        let name = reference.split_once('/').map(|(name, _)| name);
        let Some(name) =
            name.filter(|_| !reference.contains("://") && self.settings.repository_cache.is_none())
        else {
            return Ok(());
        };
        let arguments = vec!["repo".to_owned(), "update".to_owned(), name.to_owned()];
        self.run(None, Run { arguments, ..Run::default() }).await.map(drop)
    }

    async fn log_in(&self, config: &Value, reference: &str, password: &str) -> Result<(), HelmError> {
        let Some(host) = reference.strip_prefix("oci://").and_then(|rest| rest.split('/').next()) else {
            return Ok(());
        };
        let text = |name: &str| config.get(name).and_then(Value::as_str).map_or("", |text| text.as_str());
        let arguments =
            ["registry", "login", host, "--username", text("repository_username"), "--password-stdin"];
        let mut arguments = arguments.map(ToOwned::to_owned).to_vec();
        for (name, option) in FILES_OF_REPOSITORIES {
            if !text(name).is_empty() {
                arguments.extend([format!("--{option}"), text(name).to_owned()]);
            }
        }
        let folder = Some(self.working_folder());
        let input = password.as_bytes().to_vec();
        self.run(None, Run { arguments, input, folder, ..Run::default() }).await?;
        Ok(())
    }
}

/// Arguments about the certificates of repositories, and what they are called by the command.
const FILES_OF_REPOSITORIES: [(&str, &str); 3] = [
    ("repository_ca_file", "ca-file"),
    ("repository_cert_file", "cert-file"),
    ("repository_key_file", "key-file"),
];

fn unusable(path: &Path, error: &std::io::Error) -> HelmError {
    HelmError::Unusable(format!("{}: {error}", path.display()))
}

/// Makes a folder for what is not complete yet. Another run may be fetching the same: only a complete chart takes the
/// place.
fn partial_beside(folder: &Path) -> Result<TempDir, HelmError> {
    let parent = folder.parent().unwrap_or(folder);
    let made = std::fs::create_dir_all(parent)
        .and_then(|()| tempfile::Builder::new().prefix("fetch-").tempdir_in(parent));
    made.map_err(|error| unusable(parent, &error))
}

/// Puts what is complete into its place, unless somebody who was faster has put the same there.
fn take_place(partial: TempDir, folder: &Path) -> Result<(), HelmError> {
    if folder.exists() {
        return Ok(());
    }
    std::fs::rename(partial.keep(), folder).map_err(|error| unusable(folder, &error))
}

/// Refuses a chart that is another one than it was under the same version.
fn check_digest(chart: &Chart, locked: &Locked) -> Result<(), HelmError> {
    let digest = chart_lock::digest(&chart.path).map_err(HelmError::Unusable)?;
    if digest == locked.digest {
        return Ok(());
    }
    Err(HelmError::Failed(format!(
        "the chart {} {} is not the one that was released before: its checksum is {digest}, and {} has {}. If that is \
         meant, remove the entry from that file",
        chart.metadata.name,
        chart.metadata.version,
        chart_lock::FILE_NAME,
        locked.digest
    )))
}

fn load(path: &Path) -> Result<Chart, HelmError> {
    Chart::load(path).map_err(|error| HelmError::Failed(format!("{} is no chart: {error}", path.display())))
}

fn only_file(folder: &Path) -> Option<PathBuf> {
    let mut entries = std::fs::read_dir(folder).ok()?;
    entries.find_map(|entry| {
        Some(entry.ok()?.path()).filter(|path| path.extension().is_some_and(|end| end == "tgz"))
    })
}

/// Returns a kubeconfig for the cluster around this pod.
fn in_cluster(server: &str) -> String {
    const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "terrane",
        "clusters": [{"name": "terrane", "cluster": {"server": server, "certificate-authority": format!("{ACCOUNT}/ca.crt")}}],
        "users": [{"name": "terrane", "user": {"tokenFile": format!("{ACCOUNT}/token")}}],
        "contexts": [{"name": "terrane", "context": {"cluster": "terrane", "user": "terrane"}}],
    })
    .to_string()
}

/// Writes a file that only its owner can read.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}
