//! Reading objects, one or many.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream;
use terrane_model::{Diagnostic, Diagnostics, Value};
use terrane_provider::{ActionKind, NoProgress, ReadRequest, ReadResponse};

use crate::client::Call;
use crate::lifecycle::fetch::{Thoroughness, complete, fetch_all};
use crate::lifecycle::interest::summary_suffices;
use crate::lifecycle::listing::WantedObject;
use crate::lifecycle::recent::Memory;
use crate::lifecycle::refresh::{Bodies, fetch_bodies};
use crate::lifecycle::{Address, Failure, finish_state};
use crate::mapping::Documents;
use crate::mapping::same::is_zero;
use crate::provider::AzureProvider;
use crate::table::ResourceTable;

/// Objects that are read at the same time.
const CONCURRENCY: usize = 16;

impl AzureProvider {
    /// Reads one object.
    pub(crate) async fn read(&self, request: ReadRequest) -> ReadResponse {
        let request = ReadRequest { wanted: None, ..request };
        self.read_with(request, &Bodies::default(), Memory::None).await
    }

    /// Reads many objects, with lists where they save calls.
    pub(crate) async fn read_all(&self, requests: Vec<ReadRequest>) -> Vec<ReadResponse> {
        let bodies = if requests.len() > 1 { self.list_bodies(&requests).await } else { Arc::default() };
        let reads = requests.into_iter().map(|request| {
            let bodies = Arc::clone(&bodies);
            async move { self.read_with(request, &bodies, Memory::Keep).await }
        });
        stream::iter(reads).buffered(CONCURRENCY).collect().await
    }

    async fn list_bodies(&self, requests: &[ReadRequest]) -> Arc<Bodies> {
        if self.is_configuration_unknown() {
            return Arc::default();
        }
        // Without a connection every single read says why.
        let Ok(connection) = self.connection().await else { return Arc::default() };
        let addresses: Vec<(&ResourceTable, Address, bool)> = requests
            .iter()
            .filter_map(|request| {
                let table = self.resource_table(&request.type_name).ok()?;
                let address = Address::from_id(table, &id_of(&request.current_state)?).ok()?;
                Some((table, address, is_summary_enough(table, request)))
            })
            .collect();
        let wanted: Vec<WantedObject<'_>> = addresses
            .iter()
            .map(|(table, address, is_summary_enough)| WantedObject {
                table,
                address,
                is_summary_enough: *is_summary_enough,
            })
            .collect();
        let call = Call::begin(super::azure_provider::TIMEOUT, &NoProgress, &self.stop);
        let bodies = Arc::new(fetch_bodies(connection, self.catalog, &wanted, &call).await);
        connection.recent.keep_bodies(&bodies);
        bodies
    }

    async fn read_with(&self, request: ReadRequest, bodies: &Bodies, memory: Memory) -> ReadResponse {
        // What cannot be asked yet is taken to be as it was.
        if self.is_configuration_unknown() {
            return response(request.current_state, Diagnostics::new(), request.private);
        }
        let table = match self.resource_table(&request.type_name) {
            Ok(table) => table,
            Err(diagnostics) => return response(request.current_state, diagnostics, request.private),
        };
        let result = self.read_state(table, &request, bodies, memory).await;
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
        request: &ReadRequest,
        bodies: &Bodies,
        memory: Memory,
    ) -> Result<Option<Value>, Failure> {
        let state = &request.current_state;
        let id = id_of(state).unwrap_or_default();
        let mut address = Address::from_id(table, &id)
            .map_err(|error| Diagnostic::error("Invalid resource id", format!("{error}.")))?;
        let connection = self.connection().await?;
        let timeout = Self::timeout(table, state, ActionKind::Read);
        let call = Call::begin(timeout, &NoProgress, &self.stop);
        let work = self.work(connection, table, call).with_memory(memory);
        if !work.behaviour.locate(&work, &mut address, None).await? {
            return Ok(None);
        }
        let known = (!is_bare(state)).then_some(state);
        let thoroughness = match &request.wanted {
            Some(wanted) => Thoroughness::Wanted(wanted),
            None => Thoroughness::All,
        };
        let listed = bodies
            .get(&address.path)
            .and_then(|body| work.behaviour.find_part(&work, &address, body.clone()));
        let summary = || bodies.summary(&address.path).filter(|_| is_summary_enough(table, request));
        let documents = match (listed, summary()) {
            (Some(mut documents), _) => {
                complete(&work, &mut documents, known, thoroughness).await?;
                Some(documents)
            }
            (None, Some(summary)) => Some(Documents::summary(table, address.path.clone(), summary.clone())),
            // Absence from a list proves nothing: only the object's own path does.
            (None, None) => fetch_all(&work, &address, known, thoroughness).await?,
        };
        Ok(documents.map(|documents| finish_state(&work, &address, &documents, known)))
    }
}

/// Tells whether the list of everything in its group says all that is wanted of an object.
fn is_summary_enough(table: &ResourceTable, request: &ReadRequest) -> bool {
    let wanted = request.wanted.as_ref().filter(|_| !is_bare(&request.current_state));
    wanted.is_some_and(|wanted| summary_suffices(table, wanted))
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
