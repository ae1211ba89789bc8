//! Objects of many kinds, read one by one.

use futures_util::stream::{self, StreamExt};
use terrane_model::{Diagnostics, Value};
use terrane_provider::{ReadRequest, ReadResponse, async_trait};

use crate::objects::cluster::Cluster;
use crate::objects::context::Context;

/// How many objects are asked for at the same time.
pub(super) const AT_ONCE: usize = 16;

/// A resource type whose objects are read one by one.
#[async_trait]
pub(super) trait ReadsOne: Sync {
    /// Returns what has become of an object, null when it is gone.
    async fn read_one(&self, cluster: &Cluster, current: &Value) -> Result<Value, Diagnostics>;
}

/// Reads objects; answers in the order of the requests. What cannot be read stays as it was.
pub(super) async fn read_each(
    reader: &dyn ReadsOne,
    context: &Context,
    requests: Vec<ReadRequest>,
) -> Vec<ReadResponse> {
    let cluster = context.cluster_if_known().await;
    let read = |request: ReadRequest| {
        let cluster = cluster.clone();
        async move {
            let read = match cluster {
                Ok(Some(cluster)) => reader.read_one(&cluster, &request.current_state).await,
                Ok(None) => Ok(request.current_state.clone()),
                Err(diagnostics) => Err(diagnostics),
            };
            let (new_state, diagnostics) = match read {
                Ok(state) => (state, Diagnostics::new()),
                Err(diagnostics) => (request.current_state, diagnostics),
            };
            ReadResponse { new_state, private: request.private, new_identity: None, diagnostics }
        }
    };
    stream::iter(requests).map(read).buffered(AT_ONCE).collect().await
}
