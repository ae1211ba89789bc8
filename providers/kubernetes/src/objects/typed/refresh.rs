//! Reading the objects of a type, all at once.

use terrane_model::{Diagnostics, Value};
use terrane_provider::{ReadRequest, ReadResponse};

use super::{Identity, TypedObject};
use crate::objects::cluster::{ApiError, Cluster};
use crate::objects::context::Context;
use crate::objects::failure::{Doing, explain};
use crate::objects::many_reads::{Found, find_many};

impl TypedObject {
    pub(super) async fn refresh(&self, context: &Context, requests: Vec<ReadRequest>) -> Vec<ReadResponse> {
        let found = match context.cluster_if_known().await {
            // Where the cluster is, nobody can know yet: what was last seen is all there is.
            Ok(None) => Ok(None),
            Ok(Some(cluster)) => {
                self.find_all(&cluster, &requests).await.map(Some).map_err(|(identity, error)| {
                    explain(&error, Doing::Reading, &self.describe(&identity), None).into()
                })
            }
            Err(diagnostics) => Err(diagnostics),
        };
        let mut failure = found.as_ref().err().cloned();
        let responses = requests.into_iter().map(|request| {
            let diagnostics: Diagnostics = failure.take().unwrap_or_default();
            let state = match &found {
                Ok(Some(found)) => self.refreshed(context, &request.current_state, found),
                _ => request.current_state,
            };
            ReadResponse { new_state: state, private: request.private, new_identity: None, diagnostics }
        });
        responses.collect()
    }

    fn refreshed(&self, context: &Context, current: &Value, found: &Found) -> Value {
        let identity = self.stored_identity(current);
        let object =
            identity.and_then(|identity| found.get(&(self.target(&identity), identity.name.clone())));
        match object {
            Some(object) => self.state_of(context, object, current),
            None => Value::Null(current.ty()),
        }
    }

    async fn find_all(
        &self,
        cluster: &Cluster,
        requests: &[ReadRequest],
    ) -> Result<Found, (Identity, ApiError)> {
        let identities = requests.iter().filter_map(|request| self.stored_identity(&request.current_state));
        let places = identities.map(|identity| (self.target(&identity), identity.name));
        let found = find_many(cluster, places).await;
        found.map_err(|((target, name), error)| (Identity { namespace: target.namespace, name }, error))
    }
}
