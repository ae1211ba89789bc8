//! Refreshing resources that stand for objects of any kind, or for parts of them.

use futures_util::stream::{self, StreamExt};
use terrane_model::{Diagnostics, Value};
use terrane_provider::{ReadRequest, ReadResponse, async_trait};

use super::AnyIdentity;
use crate::objects::cluster::{Cluster, Object};
use crate::objects::context::Context;
use crate::objects::failure::{Doing, explain};
use crate::objects::many_reads::{Found, Place, find_many};

/// So many objects are looked at closely at the same time.
const AT_ONCE: usize = 16;

/// A resource type whose objects are found together.
#[async_trait]
pub(super) trait Reads: Sync {
    /// Returns which object a state means.
    fn identity_of(&self, state: &Value) -> Option<AnyIdentity>;

    /// Returns the state of an object that is there.
    async fn state_of(
        &self,
        cluster: &Cluster,
        identity: &AnyIdentity,
        live: &Object,
        before: &Value,
    ) -> Result<Value, Diagnostics>;
}

/// Reads objects; answers in the order of the requests. What cannot be read stays as it was.
pub(super) async fn read_all(
    reader: &dyn Reads,
    context: &Context,
    requests: Vec<ReadRequest>,
) -> Vec<ReadResponse> {
    let cluster = match context.cluster_if_known().await {
        Ok(Some(cluster)) => cluster,
        // Where the cluster is, nobody can know yet: what was last seen is all there is.
        Ok(None) => return all_kept(requests, Diagnostics::new()),
        Err(diagnostics) => return all_kept(requests, diagnostics),
    };
    let (places, found) = match find(reader, &cluster, &requests).await {
        Ok(found) => found,
        Err(diagnostics) => return all_kept(requests, diagnostics),
    };
    let (cluster, found) = (&*cluster, &found);
    let read = |(request, place): (ReadRequest, Option<(AnyIdentity, Option<Place>)>)| async move {
        let before = &request.current_state;
        let state = match &place {
            None => Ok(before.clone()),
            Some((identity, place)) => match place.as_ref().and_then(|place| found.get(place)) {
                Some(live) => reader.state_of(cluster, identity, live, before).await,
                None => Ok(Value::Null(before.ty())),
            },
        };
        match state {
            Ok(state) => response(ReadRequest { current_state: state, ..request }, Diagnostics::new()),
            Err(diagnostics) => response(request, diagnostics),
        }
    };
    stream::iter(requests.into_iter().zip(places)).map(read).buffered(AT_ONCE).collect().await
}

/// Returns for each request which object it means, and where that belongs if the cluster has its kind, beside all
/// objects that are there.
async fn find(
    reader: &dyn Reads,
    cluster: &Cluster,
    requests: &[ReadRequest],
) -> Result<(Vec<Option<(AnyIdentity, Option<Place>)>>, Found), Diagnostics> {
    let mut places = Vec::with_capacity(requests.len());
    for request in requests {
        let Some(identity) = reader.identity_of(&request.current_state) else {
            places.push(None);
            continue;
        };
        let target = identity
            .target(cluster)
            .await
            .map_err(|error| explain(&error, Doing::Reading, &identity.describe(), None))?;
        let place = target.map(|target| (target, identity.name.clone()));
        places.push(Some((identity, place)));
    }
    let wanted = places.iter().flatten().filter_map(|(_, place)| place.clone());
    match find_many(cluster, wanted).await {
        Ok(found) => Ok((places, found)),
        Err((blamed, error)) => {
            let mut known = places.into_iter().flatten();
            let identity = known.find(|(_, place)| place.as_ref() == Some(&blamed));
            let what = identity.map_or(blamed.1, |(identity, _)| identity.describe());
            Err(explain(&error, Doing::Reading, &what, None).into())
        }
    }
}

fn all_kept(requests: Vec<ReadRequest>, diagnostics: Diagnostics) -> Vec<ReadResponse> {
    let mut diagnostics = Some(diagnostics);
    let kept = |request| response(request, diagnostics.take().unwrap_or_default());
    requests.into_iter().map(kept).collect()
}

fn response(request: ReadRequest, diagnostics: Diagnostics) -> ReadResponse {
    ReadResponse {
        new_state: request.current_state,
        private: request.private,
        new_identity: None,
        diagnostics,
    }
}
