//! Charts that lie in Git repositories: `git::ADDRESS//FOLDER?ref=REVISION`, as sources of modules are written.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use super::program::HelmError;

/// What the address of a chart in Git begins with.
const PREFIX: &str = "git::";

/// Where in Git a chart lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GitSource {
    /// The repository's address.
    pub(crate) url: String,
    /// The chart's folder in the repository; empty for the whole.
    pub(crate) folder: String,
    /// A branch, tag or commit; nothing for the branch that the repository shows first.
    pub(crate) revision: Option<String>,
}

impl GitSource {
    /// Reads an address; nothing where it is none of Git.
    pub(crate) fn read(chart: &str) -> Option<Self> {
        let address = chart.strip_prefix(PREFIX)?;
        let (address, query) = address.split_once('?').unwrap_or((address, ""));
        let revision = query.split('&').find_map(|part| part.strip_prefix("ref="));
        let start = address.find("://").map_or(0, |scheme| scheme + 3);
        let (url, folder) = match address[start..].find("//") {
            Some(at) => (&address[..start + at], &address[start + at + 2..]),
            None => (address, ""),
        };
        Some(Self {
            url: url.to_owned(),
            folder: folder.trim_matches('/').to_owned(),
            revision: revision.filter(|revision| !revision.is_empty()).map(ToOwned::to_owned),
        })
    }

    /// Tells whether the address can only ever mean the same chart: it names a commit.
    pub(crate) fn is_pinned(&self) -> bool {
        let is_commit =
            |text: &String| matches!(text.len(), 40 | 64) && text.chars().all(|c| c.is_ascii_hexdigit());
        self.revision.as_ref().is_some_and(is_commit)
    }

    /// Fetches the repository's files into an empty folder.
    ///
    /// # Errors
    /// When the `git` command is not there, or fails.
    pub(crate) async fn fetch(
        &self,
        folder: &Path,
        environment: &BTreeMap<String, String>,
    ) -> Result<(), HelmError> {
        let revision = self.revision.as_deref().unwrap_or("HEAD");
        if self.url.starts_with('-')
            || revision.starts_with('-')
            || self.folder.split('/').any(|part| part == "..")
        {
            return Err(HelmError::Unusable(format!("{} is no address of a chart in Git", self.url)));
        }
        let git = async |arguments: &[&str]| git(folder, environment, arguments).await;
        git(&["init", "--quiet"]).await?;
        let shallow = git(&["fetch", "--quiet", "--depth=1", &self.url, revision]).await;
        let found = match shallow {
            Ok(()) => "FETCH_HEAD",
            // Servers may not give out single commits: then everything has to come.
            Err(_) if self.is_pinned() => {
                let everything = "+refs/*:refs/remotes/all/*";
                git(&["fetch", "--quiet", &self.url, everything]).await?;
                revision
            }
            Err(error) => return Err(error),
        };
        git(&["checkout", "--quiet", "--detach", found]).await
    }
}

async fn git(
    folder: &Path,
    environment: &BTreeMap<String, String>,
    arguments: &[&str],
) -> Result<(), HelmError> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments).env_clear().envs(environment);
    // Nobody is there to be asked, and commands as addresses have no place here.
    command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_ALLOW_PROTOCOL", "file:git:http:https:ssh");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let output = command
        .output()
        .await
        .map_err(|error| HelmError::Unusable(format!("the git command cannot be run: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(HelmError::Failed(format!("git {}: {}", arguments.first().unwrap_or(&""), said.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_repository_folder_and_revision() {
        for (chart, url, folder, revision) in [
            (
                "git::https://git.example.org/charts.git//web?ref=v1.2",
                "https://git.example.org/charts.git",
                "web",
                Some("v1.2"),
            ),
            ("git::ssh://git@example.org/charts//a/b/", "ssh://git@example.org/charts", "a/b", None),
            ("git::git@example.org:charts.git", "git@example.org:charts.git", "", None),
            ("git::file:///srv/charts?depth=1&ref=main", "file:///srv/charts", "", Some("main")),
        ] {
            let source = GitSource::read(chart).unwrap();
            assert_eq!(
                (source.url.as_str(), source.folder.as_str(), source.revision.as_deref()),
                (url, folder, revision)
            );
        }
        assert_eq!(GitSource::read("https://x.example.org/web.tgz"), None);
        let pinned = format!("git::https://git.example.org/c?ref={}", "0f".repeat(20));
        assert!(GitSource::read(&pinned).unwrap().is_pinned());
        assert!(!GitSource::read("git::https://git.example.org/c?ref=main").unwrap().is_pinned());
    }
}
