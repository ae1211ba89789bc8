//! Reading many objects at once: one list for each kind instead of one request for each object.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde_json::Value as Json;

use super::cluster::error::Meaning;
use super::cluster::{ApiError, Cluster, Object, Target};

/// Up to so many objects of a kind are read one by one.
const FEW: usize = 2;
/// So many kinds are asked for at once.
const KINDS_AT_ONCE: usize = 8;
/// So many single reads of a kind are under way at once.
const READS_AT_ONCE: usize = 16;

/// Where an object belongs, and its name.
pub(crate) type Place = (Target, String);

/// The objects that are there. Those that come from lists say neither `apiVersion` nor `kind`.
pub(crate) type Found = HashMap<Place, Object>;

/// Reads objects of any kinds. Whoever may not list a kind in all namespaces lists it in those that are wanted, and
/// whoever may not list it at all reads one object after the other.
///
/// # Errors
/// When there is no answer, or the answer is no; with one of the objects that it is about.
pub(crate) async fn find_many(
    cluster: &Cluster,
    wanted: impl IntoIterator<Item = Place>,
) -> Result<Found, (Place, ApiError)> {
    let mut kinds: BTreeMap<(String, String), BTreeSet<Place>> = BTreeMap::new();
    for place in wanted {
        let kind = (place.0.api_version.clone(), place.0.plural.clone());
        kinds.entry(kind).or_default().insert(place);
    }
    let reads = kinds.into_values().map(|places| find_kind(cluster, places));
    let found: Vec<Found> = stream::iter(reads).buffer_unordered(KINDS_AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// Reads objects of one kind.
async fn find_kind(cluster: &Cluster, places: BTreeSet<Place>) -> Result<Found, (Place, ApiError)> {
    if places.len() > FEW
        && let Some(first) = places.first()
    {
        let namespaces: BTreeSet<Option<&str>> =
            places.iter().map(|(target, _)| target.namespace.as_deref()).collect();
        match list_all(cluster, &first.0, &namespaces).await {
            Ok(objects) => {
                let keyed = objects.into_iter().map(|object| (place_of(&first.0, &object), object));
                return Ok(keyed.filter(|(place, _)| places.contains(place)).collect());
            }
            // Who may read objects by name may not be allowed to list them.
            Err(error) if error.meaning() == Meaning::NotPermitted => {}
            Err(error) => return Err((first.clone(), error)),
        }
    }
    find_each(cluster, places).await
}

async fn list_all(
    cluster: &Cluster,
    kind: &Target,
    namespaces: &BTreeSet<Option<&str>>,
) -> Result<Vec<Object>, ApiError> {
    let mut alone = namespaces.iter().copied();
    let everywhere = if namespaces.len() == 1 { alone.next().flatten() } else { None };
    match list(cluster, kind, everywhere).await {
        Err(error) if error.meaning() == Meaning::NotPermitted && namespaces.len() > 1 => {}
        result => return result,
    }
    let mut objects = Vec::new();
    for namespace in alone {
        objects.extend(list(cluster, kind, namespace).await?);
    }
    Ok(objects)
}

async fn list(cluster: &Cluster, kind: &Target, namespace: Option<&str>) -> Result<Vec<Object>, ApiError> {
    // Releases of Helm are secrets, too, and make most of the weight of them all.
    let is_secrets = kind.api_version == "v1" && kind.plural == "secrets";
    let selectors: &[(&str, &str)] =
        if is_secrets { &[("fieldSelector", "type!=helm.sh/release.v1")] } else { &[] };
    let target = Target::new(&kind.api_version, &kind.plural, namespace);
    match cluster.api(target).list(selectors).await {
        // The namespace, or the whole kind, is gone, and with it the objects.
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        result => result,
    }
}

async fn find_each(cluster: &Cluster, places: BTreeSet<Place>) -> Result<Found, (Place, ApiError)> {
    let find = |place: Place| async move {
        let object = cluster.api(place.0.clone()).find(&place.1).await;
        (place, object)
    };
    let mut reads = stream::iter(places).map(find).buffered(READS_AT_ONCE);
    let mut found = Found::new();
    while let Some((place, object)) = reads.next().await {
        match object {
            Ok(Some(object)) => drop(found.insert(place, object)),
            Ok(None) => {}
            Err(error) => return Err((place, error)),
        }
    }
    Ok(found)
}

fn place_of(kind: &Target, object: &Object) -> Place {
    let metadata = object.get("metadata").and_then(Json::as_object);
    let text = |name: &str| metadata.and_then(|metadata| metadata.get(name)).and_then(Json::as_str);
    let target = Target::new(&kind.api_version, &kind.plural, text("namespace"));
    (target, text("name").unwrap_or_default().to_owned())
}
