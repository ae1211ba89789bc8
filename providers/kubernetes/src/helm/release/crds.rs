//! The kinds that a chart brings outside of its templates: Helm makes those that are missing when a release is new, and
//! leaves them alone from then on.

use std::time::Duration;

use serde_json::Value as Json;
use terrane_model::{Diagnostics, Value};
use terrane_provider::Progress;

use super::super::chart::Chart;
use crate::objects::any::AnyIdentity;
use crate::objects::any::compare::{as_kept, compare, place};
use crate::objects::cluster::api::Write;
use crate::objects::cluster::retry::retry;
use crate::objects::cluster::{ApiError, Cluster, Object};
use crate::objects::context::Context;
use crate::objects::ownership::{Takeover, takeover};
use crate::objects::wait::{self, Stage, Waiting, rollout};
use crate::yaml;

/// In whose name definitions are written.
const MANAGER: &str = "helm";
/// How long a definition may take until the server has made its kind.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Returns the definitions of a chart that the cluster has in another form; those that it does not have at all only for
/// a release that is there already, because they come with a new one.
///
/// # Errors
/// When the chart cannot be read, or the server gives no answer.
pub(super) async fn outdated(
    cluster: &Cluster,
    chart: &Chart,
    is_upgrade: bool,
) -> Result<Vec<Object>, String> {
    let mut outdated = Vec::new();
    for text in chart.crds()? {
        for document in yaml::read_all(&text).map_err(|error| format!("a definition is no YAML: {error}"))? {
            let Json::Object(object) = document else { continue };
            let compared = compare(cluster, &object, "default").await.map_err(|error| error.to_string())?;
            let is_outdated = compared.is_some_and(|compared| match compared.live {
                Some(live) => live != compared.expected,
                None => is_upgrade,
            });
            if is_outdated {
                outdated.push(object);
            }
        }
    }
    Ok(outdated)
}

/// Names definitions in messages.
pub(super) fn names(objects: &[Object]) -> String {
    let name = |object: &Object| AnyIdentity::of(object).map(|identity| identity.name).unwrap_or_default();
    let names: Vec<String> = objects.iter().map(name).collect();
    names.join(", ")
}

/// Brings the definitions of a chart to their present form.
///
/// # Errors
/// When the server does not take one, or does not make its kind in time.
pub(super) async fn upgrade(
    context: &Context,
    cluster: &Cluster,
    chart: &Chart,
    progress: &dyn Progress,
) -> Result<(), UpgradeError> {
    for object in outdated(cluster, chart, true).await.map_err(UpgradeError::Unread)? {
        let Some(identity) = AnyIdentity::of(&object) else { continue };
        let Some((target, mut object)) = place(cluster, &object, "default").await? else { continue };
        as_kept(&mut object);
        let api = cluster.api(target.clone());
        let write = Write { manager: MANAGER, force: true, dry_run: false };
        let applied = retry(progress, || async {
            // What is not in the new form is to go, whoever has written it.
            if let Some(live) = api.find(&identity.name).await?
                && let Some(operations) = takeover(&live, MANAGER, Takeover::Everybody)
            {
                api.patch(&identity.name, &operations, MANAGER).await?;
            }
            api.apply(&identity.name, &object, write).await
        });
        let applied = applied.await?;
        let (kind, name) = (identity.kind.as_str(), identity.name.as_str());
        let waiting = Waiting { context, cluster, target, kind, name, timeout: TIMEOUT, progress };
        wait::until(&waiting, applied.object, established).await.map_err(UpgradeError::NotReady)?;
    }
    Ok(())
}

fn established(object: &Object) -> Stage {
    let status = rollout::condition(object, "Established").and_then(|condition| condition.get("status"));
    if status.and_then(Json::as_str) == Some("True") {
        return Stage::Done;
    }
    Stage::NotYet("the kind is not established".to_owned())
}

/// Why definitions are not in their present form.
#[derive(Debug)]
pub(super) enum UpgradeError {
    Unread(String),
    Refused(ApiError),
    NotReady(Diagnostics),
}

impl From<ApiError> for UpgradeError {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}

/// Tells whether a configuration asks for definitions to be brought to their present form.
pub(super) fn is_wanted(values: &Value) -> bool {
    values.get("upgrade_crds").and_then(Value::as_bool) == Some(true)
}
