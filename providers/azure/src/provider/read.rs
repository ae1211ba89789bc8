//! Reading objects, one or many.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream;
use terrane_model::{Diagnostic, Diagnostics, Value};
use terrane_provider::{ActionKind, NoProgress, ReadRequest, ReadResponse};

use crate::client::Call;
use crate::lifecycle::fetch::{Thoroughness, complete, fetch_all};
use crate::lifecycle::refresh::{Bodies, fetch_bodies};
use crate::lifecycle::{Address, Failure, finish_state};
use crate::mapping::same::is_zero;
use crate::provider::AzureProvider;
use crate::table::ResourceTable;

/// Objects that are read at the same time.
const CONCURRENCY: usize = 16;

impl AzureProvider {
    /// Reads one object.
    pub(crate) async fn read(&self, request: ReadRequest) -> ReadResponse {
        self.read_with(request, &Bodies::default(), Thoroughness::All).await
    }

    /// Reads many objects, with lists where they save calls.
    pub(crate) async fn read_all(&self, requests: Vec<ReadRequest>) -> Vec<ReadResponse> {
        let bodies = if requests.len() > 1 { self.list_bodies(&requests).await } else { Bodies::default() };
        let bodies = Arc::new(bodies);
        let reads = requests.into_iter().map(|request| {
            let bodies = Arc::clone(&bodies);
            async move { self.read_with(request, &bodies, Thoroughness::Usual).await }
        });
        stream::iter(reads).buffered(CONCURRENCY).collect().await
    }

    async fn list_bodies(&self, requests: &[ReadRequest]) -> Bodies {
        if self.is_configuration_unknown() {
            return Bodies::default();
        }
        // Without a connection every single read says why.
        let Ok(connection) = self.connection().await else { return Bodies::default() };
        let addresses: Vec<(&ResourceTable, Address)> = requests
            .iter()
            .filter_map(|request| {
                let table = self.resource_table(&request.type_name).ok()?;
                Some((table, Address::from_id(table, &id_of(&request.current_state)?).ok()?))
            })
            .collect();
        let wanted: Vec<(&ResourceTable, &Address)> =
            addresses.iter().map(|(table, address)| (*table, address)).collect();
        let call = Call::begin(super::azure_provider::TIMEOUT, &NoProgress, &self.stop);
        fetch_bodies(connection, self.catalog, &wanted, &call).await
    }

    async fn read_with(
        &self,
        request: ReadRequest,
        bodies: &Bodies,
        thoroughness: Thoroughness,
    ) -> ReadResponse {
        // What cannot be asked yet is taken to be as it was.
        if self.is_configuration_unknown() {
            return response(request.current_state, Diagnostics::new(), request.private);
        }
        let table = match self.resource_table(&request.type_name) {
            Ok(table) => table,
            Err(diagnostics) => return response(request.current_state, diagnostics, request.private),
        };
        let result = self.read_state(table, &request.current_state, bodies, thoroughness).await;
        match result {
            Ok(Some(state)) => response(state, Diagnostics::new(), request.private),
            Ok(None) => response(Value::Null(request.current_state.ty()), Diagnostics::new(), Vec::new()),
            Err(failure) => {
                let id = id_of(&request.current_state).unwrap_or_default();
                let diagnostics = failure.into_diagnostics(&format!("reading {} {id}", request.type_name));
                response(request.current_state, diagnostics, request.private)
            }
        }
    }

    async fn read_state(
        &self,
        table: &'static ResourceTable,
        state: &Value,
        bodies: &Bodies,
        thoroughness: Thoroughness,
    ) -> Result<Option<Value>, Failure> {
        let id = id_of(state).unwrap_or_default();
        let mut address = Address::from_id(table, &id)
            .map_err(|error| Diagnostic::error("Invalid resource id", format!("{error}.")))?;
        let connection = self.connection().await?;
        let timeout = Self::timeout(table, state, ActionKind::Read);
        let work = self.work(connection, table, Call::begin(timeout, &NoProgress, &self.stop));
        if !work.behaviour.locate(&work, &mut address, None).await? {
            return Ok(None);
        }
        let known = (!is_bare(state)).then_some(state);
        let listed = bodies
            .get(&address.path)
            .and_then(|body| work.behaviour.find_part(&work, &address, body.clone()));
        let documents = match listed {
            Some(mut documents) => {
                complete(&work, &mut documents, known, thoroughness).await?;
                Some(documents)
            }
            // Absence from a list proves nothing: only the object's own path does.
            None => fetch_all(&work, &address, known).await?,
        };
        Ok(documents.map(|documents| finish_state(&work, &address, &documents, known)))
    }
}

fn id_of(state: &Value) -> Option<String> {
    state.attribute("id").as_str().map(ToString::to_string)
}

/// Tells whether a state holds nothing but an id, as after an import.
fn is_bare(state: &Value) -> bool {
    let attributes = state.as_entries().unwrap_or_default();
    attributes.iter().all(|(name, value)| name == "id" || is_zero(value))
}

fn response(new_state: Value, diagnostics: Diagnostics, private: Vec<u8>) -> ReadResponse {
    ReadResponse { new_state, private, new_identity: None, diagnostics }
}
