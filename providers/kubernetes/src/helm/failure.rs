//! What went wrong with a release, in the words of messages.

use terrane_model::{AttributePath, Diagnostic};

use super::live;
use super::manifest::{self, Rendered};
use super::program::{HelmError, VARIABLE};
use crate::objects::cluster::{Cluster, Object};
use crate::objects::wait::Stage;
use crate::objects::wait::{pods, rollout};

/// So many objects that are not ready are reported on.
const REPORTED_OBJECTS: usize = 5;

/// Explains a failure.
pub(crate) fn explain(summary: &str, what: &str, error: &HelmError) -> Diagnostic {
    let detail = match error {
        HelmError::NotInstalled => return not_installed(what),
        HelmError::Interrupted => {
            format!("{what} was interrupted. Helm was asked to leave the release in order.")
        }
        HelmError::Unusable(message) => format!("{what}: {message}."),
        HelmError::Failed(message) => format!("{what}: {}", meaning(message)),
    };
    let diagnostic = Diagnostic::error(summary, detail);
    let blames_chart = matches!(error, HelmError::Failed(message) if is_about_chart(message));
    if blames_chart { diagnostic.on_attribute(AttributePath::root().attribute("chart")) } else { diagnostic }
}

fn not_installed(what: &str) -> Diagnostic {
    let detail = format!(
        "{what} needs the helm command, version 3 or 4, and there is none: neither does {VARIABLE} name one, nor is one in \
         PATH. Install it, for instance with \"brew install helm\", \"apt-get install helm\" (from Helm's package repository), \
         \"choco install kubernetes-helm\", \"winget install Helm.Helm\" or \"go install helm.sh/helm/v3/cmd/helm@latest\". \
         Everything that is no release of a chart works without it."
    );
    Diagnostic::error("The helm command is not installed", detail)
}

fn is_about_chart(message: &str) -> bool {
    [
        "no chart",
        "chart not found",
        "no chart version found",
        "not a valid chart repository",
        "failed to download",
    ]
    .iter()
    .any(|words| message.contains(words))
}

/// Says what Helm's words mean where they do not say it themselves.
fn meaning(message: &str) -> String {
    let advice = if message.contains("cannot re-use a name that is still in use") {
        "A release of this name exists already. Import it, or choose another name."
    } else if message.contains("invalid ownership metadata") {
        "Objects of the chart exist already and belong to nobody, or to another release. Set take_ownership to let this \
         release have them, or delete them."
    } else if message.contains("another operation (install/upgrade/rollback) is in progress") {
        "Somebody else is working on the release, or was interrupted."
    } else if message.contains("ensure CRDs are installed first") {
        "The chart has objects of kinds that the cluster does not have. Install what defines them before, and let this \
         release depend on it."
    } else if message.contains("exec plugin")
        || message.contains("post-renderer") && message.contains("plugin")
    {
        "Helm 4 takes only plugins as post-renderers, no plain programs."
    } else {
        return message.to_owned();
    };
    format!("{message}\n\n{advice}")
}

/// Gathers what the cluster knows about the objects of a release that are not ready.
pub(crate) async fn unready(cluster: &Cluster, objects: &[Rendered], namespace: &str) -> String {
    let mut text = String::new();
    let mut reported = 0;
    for rendered in objects {
        let Ok(Some((target, _))) = live::place(cluster, rendered, namespace).await else { continue };
        let Some(missing) = missing(cluster, rendered, &target).await else { continue };
        let (object, missing) = missing;
        let place = target.namespace.as_deref().map_or_else(String::new, |namespace| format!("{namespace}/"));
        text.push_str(&format!(
            "\n\n{} {place}{} is not ready: {missing}.",
            rendered.kind(),
            rendered.name()
        ));
        for report in pods::reports(cluster, &target, &object).await {
            text.push_str(&format!("\n{report}"));
        }
        for warning in
            pods::warnings(cluster, target.namespace.as_deref(), rendered.kind(), rendered.name()).await
        {
            text.push_str(&format!("\n  - {warning}"));
        }
        reported += 1;
        if reported == REPORTED_OBJECTS {
            break;
        }
    }
    text
}

/// Returns an object that is not ready with what it lacks.
pub(crate) async fn missing(
    cluster: &Cluster,
    rendered: &Rendered,
    target: &crate::objects::cluster::Target,
) -> Option<(Object, String)> {
    if !matches!(rendered.kind(), "Deployment" | "StatefulSet" | "DaemonSet" | "Job") {
        return None;
    }
    let mut object = cluster.api(target.clone()).find(rendered.name()).await.ok()??;
    object.insert("kind".to_owned(), rendered.kind().into());
    match rollout::stage(rendered.kind(), &object) {
        Stage::Done => None,
        Stage::NotYet(missing) | Stage::Hopeless(missing) => Some((object, missing)),
    }
}

/// Returns the objects of a manifest; none where it cannot be read.
pub(crate) fn objects(manifest_text: &str) -> Vec<Rendered> {
    manifest::read(manifest_text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_helm_says_is_explained() {
        let failed = |message: &str| {
            explain("Cannot create release", "The release n/web", &HelmError::Failed(message.to_owned()))
        };
        let missing = explain("Cannot create release", "The release n/web", &HelmError::NotInstalled);
        let text = [
            missing,
            failed("cannot re-use a name that is still in use"),
            failed("chart \"x\" version \"9\" not found in r repository: no chart version found"),
            failed("something new"),
        ]
        .map(|diagnostic| format!("{}: {}", diagnostic.summary, diagnostic.detail));
        insta::assert_snapshot!(text.join("\n"));
    }
}
