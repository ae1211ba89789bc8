//! Reading data sources.

use terrane_model::{Diagnostic, Diagnostics, Value};
use terrane_provider::{ActionKind, DataRequest, DataResponse, NoProgress};

use crate::client::Call;
use crate::lifecycle::fetch::{Thoroughness, complete};
use crate::lifecycle::recent::Memory;
use crate::lifecycle::{Address, Failure, Work, finish_state};
use crate::provider::AzureProvider;
use crate::resources::data_behaviour_of;
use crate::table::{IdTemplate, ResourceTable};

impl AzureProvider {
    /// Reads a data source.
    pub(crate) async fn read_data(&self, request: DataRequest) -> DataResponse {
        let table = match self.data_table(&request.type_name) {
            Ok(table) => table,
            Err(diagnostics) => return response(request.config, diagnostics),
        };
        match self.read_data_state(table, &request.config).await {
            Ok(state) => response(state, Diagnostics::new()),
            Err(failure) => {
                let diagnostics =
                    failure.into_diagnostics(&format!("reading data source {}", request.type_name));
                response(request.config, diagnostics)
            }
        }
    }

    async fn read_data_state(&self, table: &'static ResourceTable, config: &Value) -> Result<Value, Failure> {
        let connection = self.connection().await?;
        let timeout = Self::timeout(table, config, ActionKind::Read);
        let call = Call::begin(timeout, &NoProgress, &self.stop);
        let behaviour = data_behaviour_of(&table.type_name);
        let work = Work::begin(connection, table, behaviour, call).with_memory(Memory::Use);
        let mut address = data_address(&work, config).await?;
        if !behaviour.locate(&work, &mut address, None).await? {
            return Err(not_found(table, &address).into());
        }
        let Some(mut documents) = behaviour.fetch(&work, &address).await? else {
            return Err(not_found(table, &address).into());
        };
        complete(&work, &mut documents, Some(config), Thoroughness::All).await?;
        Ok(finish_state(&work, &address, &documents, Some(config)))
    }
}

/// Returns where the object of a data source is: as the arguments say, or as code finds it.
async fn data_address(work: &Work<'_>, config: &Value) -> Result<Address, Failure> {
    if work.table.id == IdTemplate::default() {
        return Ok(work.behaviour.find(work, config).await?.unwrap_or_default());
    }
    match Address::from_arguments(work.table, config, &work.connection.subscription_id) {
        Ok(address) => Ok(address),
        Err(error) => work.behaviour.find(work, config).await?.ok_or_else(|| {
            let detail =
                format!("The object of data source {} cannot be found: {error}.", work.table.type_name);
            Diagnostic::error("Object not found", detail).into()
        }),
    }
}

fn not_found(table: &ResourceTable, address: &Address) -> Diagnostic {
    let detail = format!(
        "There is no object {} for the data source {}. Check the names, or if the configuration makes the object, \
         refer to its resource so that it is made first.",
        address.id, table.type_name
    );
    Diagnostic::error("Object not found", detail)
}

fn response(state: Value, diagnostics: Diagnostics) -> DataResponse {
    DataResponse { state, diagnostics }
}
