//! The objects of a release as they are in the cluster, beside what the release says they should be.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt};
use serde_json::Value as Json;
use terrane_model::Value;

use super::manifest::{self, Rendered};
use super::steady::{Steady, SteadyObject, fingerprint};
use crate::objects::any::compare::{self, Compared};
use crate::objects::cluster::error::Meaning;
use crate::objects::cluster::{ApiError, Cluster, Object, Target};
use crate::objects::many_reads::{Found, Place, find_many};

/// So many objects are asked about at once.
const AT_ONCE: usize = 16;

/// Objects by `kind.group/version/namespace/name`, as JSON.
pub(crate) type Shown = BTreeMap<String, String>;

/// What is, and what should be.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Comparison {
    pub(crate) live: Shown,
    pub(crate) expected: Shown,
    /// The objects that are as they should be.
    pub(crate) steady: Steady,
}

impl Comparison {
    /// Tells whether every object is as it should be.
    pub(crate) fn is_quiet(&self) -> bool {
        self.steady.len() == self.expected.len()
    }

    /// Returns what a comparison would give of objects that are as they should be, shown as before.
    pub(crate) fn unchanged(before: Before<'_>) -> Option<Self> {
        let shown = before.steady.keys().map(|key| Some((key.clone(), before.shown(key)?)));
        let live: Shown = shown.collect::<Option<_>>()?;
        Some(Self { expected: live.clone(), live, steady: before.steady.clone() })
    }
}

/// What was known of a release's objects when they were last compared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Before<'b> {
    pub(crate) steady: &'b Steady,
    /// The objects as the state shows them; nothing where it does not.
    pub(crate) shown: Option<&'b Value>,
}

impl Before<'_> {
    /// Returns how an object was shown that is as it was then; nothing where that is not known.
    fn shown(&self, key: &str) -> Option<String> {
        match self.shown {
            None => Some(String::new()),
            Some(shown) => Some(shown.get(key)?.as_str()?.to_string()),
        }
    }
}

/// Returns where the objects of a release belong, as far as the cluster has their kinds.
///
/// # Errors
/// When the server gives no answer.
pub(crate) async fn places(
    cluster: &Cluster,
    objects: &[Rendered],
    namespace: &str,
) -> Result<Vec<Place>, ApiError> {
    let mut places = Vec::with_capacity(objects.len());
    for rendered in objects {
        if let Some((target, _)) = place(cluster, rendered, namespace).await? {
            places.push((target, rendered.name().to_owned()));
        }
    }
    Ok(places)
}

/// Reads the objects of releases: one list for each kind. Nothing where the credentials do not suffice for some of them.
///
/// # Errors
/// When the server gives no answer.
pub(crate) async fn find(cluster: &Cluster, places: Vec<Place>) -> Result<Option<Found>, ApiError> {
    match find_many(cluster, places).await {
        Ok(found) => Ok(Some(found)),
        Err((_, error)) if error.meaning() == Meaning::NotPermitted => Ok(None),
        Err((_, error)) => Err(error),
    }
}

/// Compares the objects of a release with the cluster. What was `found` there before is not asked for again.
///
/// # Errors
/// When the server gives no answer. Objects that it does not let look at are left out on both sides.
pub(crate) async fn compare(
    cluster: &Cluster,
    objects: &[Rendered],
    namespace: &str,
    secrets: &[String],
    before: Before<'_>,
    found: Option<&Found>,
) -> Result<Comparison, ApiError> {
    let mut comparison = Comparison::default();
    let questions: Vec<_> =
        objects.iter().map(|rendered| ask(cluster, rendered, namespace, before, found)).collect();
    let mut answers = stream::iter(questions).buffer_unordered(AT_ONCE);
    while let Some(answer) = answers.next().await {
        let (key, compared, steady) = match answer? {
            Answer::Nothing => continue,
            Answer::Steady { key, shown, steady } => {
                comparison.live.insert(key.clone(), shown.clone());
                comparison.expected.insert(key.clone(), shown);
                comparison.steady.insert(key, steady);
                continue;
            }
            Answer::Compared { key, compared, steady } => (key, compared, steady),
        };
        let show = |json: &Json| -> String {
            let shown = json.as_object().map(manifest::shown).unwrap_or_default();
            manifest::without_secrets(shown.to_string(), secrets)
        };
        if compared.live.as_ref() == Some(&compared.expected)
            && let Some(steady) = steady
        {
            comparison.steady.insert(key.clone(), steady);
        }
        if let Some(live) = &compared.live {
            comparison.live.insert(key.clone(), show(live));
        }
        comparison.expected.insert(key, show(&compared.expected));
    }
    Ok(comparison)
}

/// What is known of an object.
enum Answer {
    Nothing,
    /// It is as it should be, and as it was.
    Steady {
        key: String,
        shown: String,
        steady: SteadyObject,
    },
    Compared {
        key: String,
        compared: Box<Compared>,
        /// Nothing where it is not there.
        steady: Option<SteadyObject>,
    },
}

async fn ask(
    cluster: &Cluster,
    rendered: &Rendered,
    namespace: &str,
    before: Before<'_>,
    found: Option<&Found>,
) -> Result<Answer, ApiError> {
    let Some((target, _)) = place(cluster, rendered, namespace).await? else { return Ok(Answer::Nothing) };
    let key = key(rendered, target.namespace.as_deref());
    let place = (target, rendered.name().to_owned());
    let live = found.map(|found| found.get(&place));
    if let Some(Some(live)) = live {
        let steady = SteadyObject::new(&place, fingerprint(live));
        if before.steady.get(&key) == Some(&steady)
            && let Some(shown) = before.shown(&key)
        {
            return Ok(Answer::Steady { key, shown, steady });
        }
    }
    let compared =
        compare::compare_with(cluster, &rendered.object, namespace, live.map(Option::<&Object>::cloned));
    Ok(match compared.await? {
        None => Answer::Nothing,
        Some(compared) => {
            let steady = compared.object.as_ref().map(|live| SteadyObject::new(&place, fingerprint(live)));
            Answer::Compared { key, compared: Box::new(compared), steady }
        }
    })
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
