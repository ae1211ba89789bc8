//! The objects of a release as they are in the cluster, beside what the release says they should be.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt};
use serde_json::Value as Json;

use super::manifest::{self, Rendered};
use crate::objects::any::compare::{self, Compared};
use crate::objects::cluster::{ApiError, Cluster, Object, Target};

/// So many objects are asked about at once.
const AT_ONCE: usize = 16;

/// Objects by `kind.group/version/namespace/name`, as JSON.
pub(crate) type Shown = BTreeMap<String, String>;

/// What is, and what should be.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Comparison {
    pub(crate) live: Shown,
    pub(crate) expected: Shown,
}

/// Compares the objects of a release with the cluster.
///
/// # Errors
/// When the server gives no answer. Objects that it does not let look at are left out on both sides.
pub(crate) async fn compare(
    cluster: &Cluster,
    objects: &[Rendered],
    namespace: &str,
    secrets: &[String],
) -> Result<Comparison, ApiError> {
    let mut comparison = Comparison::default();
    let questions: Vec<_> = objects.iter().map(|rendered| ask(cluster, rendered, namespace)).collect();
    let mut answers = stream::iter(questions).buffer_unordered(AT_ONCE);
    while let Some(answer) = answers.next().await {
        let Some((key, compared)) = answer? else { continue };
        let show = |json: Json| -> String {
            let shown = json.as_object().map(manifest::shown).unwrap_or_default();
            manifest::without_secrets(shown.to_string(), secrets)
        };
        if let Some(live) = compared.live {
            comparison.live.insert(key.clone(), show(live));
        }
        comparison.expected.insert(key, show(compared.expected));
    }
    Ok(comparison)
}

async fn ask(
    cluster: &Cluster,
    rendered: &Rendered,
    namespace: &str,
) -> Result<Option<(String, Compared)>, ApiError> {
    let compared = compare::compare(cluster, &rendered.object, namespace).await?;
    Ok(compared.map(|compared| (key(rendered, compared.target.namespace.as_deref()), compared)))
}

/// Returns where a rendered object belongs; nothing where the cluster does not have its kind.
///
/// # Errors
/// When there is no answer, or the answer is no.
pub(crate) async fn place(
    cluster: &Cluster,
    rendered: &Rendered,
    namespace: &str,
) -> Result<Option<(Target, Object)>, ApiError> {
    compare::place(cluster, &rendered.object, namespace).await
}

fn key(rendered: &Rendered, namespace: Option<&str>) -> String {
    let version = rendered.api_version().rsplit('/').next().unwrap_or_default();
    format!("{}/{version}/{}/{}", rendered.group_kind(), namespace.unwrap_or_default(), rendered.name())
}
