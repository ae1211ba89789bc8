//! Creating, changing and deleting one object.

use terrane_model::{Diagnostic, Diagnostics, Value};
use terrane_provider::{ActionKind, ApplyRequest, ApplyResponse, Progress};

use crate::attributes::Attributes;
use crate::client::Call;
use crate::lifecycle::fetch::{Thoroughness, complete};
use crate::lifecycle::{Address, Change, Failure, Work, finish_state, unfinished_state};
use crate::mapping::Documents;
use crate::provider::AzureProvider;
use crate::resources::behaviour_of;
use crate::schema::state_type;
use crate::table::ResourceTable;

impl AzureProvider {
    /// Carries out a planned change.
    pub(crate) async fn apply(&self, request: ApplyRequest, progress: &dyn Progress) -> ApplyResponse {
        let table = match self.resource_table(&request.type_name) {
            Ok(table) => table,
            Err(diagnostics) => return response(request.prior_state, diagnostics, Vec::new()),
        };
        let action = match (request.prior_state.is_null(), request.planned_state.is_null()) {
            (true, _) => ActionKind::Create,
            (false, true) => ActionKind::Delete,
            (false, false) => ActionKind::Update,
        };
        let connection = match self.connection().await {
            Ok(connection) => connection,
            Err(error) => {
                let diagnostic = error.to_diagnostic(&doing(action, table, ""));
                return response(request.prior_state, diagnostic.into(), request.planned_private);
            }
        };
        connection.recent.forget();
        let object = if action == ActionKind::Delete { &request.prior_state } else { &request.planned_state };
        let call = Call::begin(Self::timeout(table, object, action), progress, &self.stop)
            .expecting(Self::usual(table, action));
        let work = self.work(connection, table, call);
        match action {
            ActionKind::Delete => delete(&work, request).await,
            _ => write(&work, request, action, &connection.subscription_id).await,
        }
    }
}

async fn write(
    work: &Work<'_>,
    request: ApplyRequest,
    action: ActionKind,
    subscription_id: &str,
) -> ApplyResponse {
    let prior = (!request.prior_state.is_null()).then_some(&request.prior_state);
    let planned = complete_arguments(work.table, &request.planned_state, &request.config);
    let address = match prior {
        Some(prior) => {
            Address::from_id(work.table, prior.attribute("id").as_str().map_or("", |id| id.as_str()))
        }
        None => Address::from_arguments(work.table, &planned, subscription_id),
    };
    let mut address = match address {
        Ok(address) => address,
        Err(error) => {
            let detail = format!("The object cannot be addressed: {error}.");
            let diagnostic = Diagnostic::error("Invalid resource id", detail);
            return response(request.prior_state, diagnostic.into(), request.planned_private);
        }
    };
    if let Err(failure) = work.behaviour.locate(work, &mut address, Some(&planned)).await {
        let diagnostics = failure.into_diagnostics(&doing(action, work.table, &address.id));
        return response(request.prior_state, diagnostics, request.planned_private);
    }
    let change = Change { prior, planned: &planned, config: &request.config, address: &address };
    let result = carry_out(work, &change, action).await;
    match result {
        Ok(documents) => {
            let state = finish_state(work, &address, &documents, Some(&request.planned_state));
            response(state, Diagnostics::new(), request.planned_private)
        }
        Err(failure) => {
            let diagnostics = failure.into_diagnostics(&doing(action, work.table, &address.id));
            let state = match prior {
                // What of a change has happened is found out by the next refresh.
                Some(prior) => prior.clone(),
                None if work.may_exist() => unfinished_state(work.table, &address, &request.planned_state),
                None => request.prior_state.clone(),
            };
            response(state, diagnostics, request.planned_private)
        }
    }
}

async fn carry_out(work: &Work<'_>, change: &Change<'_>, action: ActionKind) -> Result<Documents, Failure> {
    let mut documents = match action {
        ActionKind::Create => work.behaviour.create(work, change).await?,
        _ => work.behaviour.update(work, change).await?,
    };
    complete(work, &mut documents, Some(change.planned), Thoroughness::All).await?;
    Ok(documents)
}

/// Adds to a plan what is sent and never planned, and what only code can fill in.
fn complete_arguments(table: &ResourceTable, planned: &Value, config: &Value) -> Value {
    let mut arguments = Attributes::of(planned);
    for argument in table.arguments.iter().filter(|argument| argument.write_only) {
        arguments.set(&argument.name, config.attribute(&argument.name));
    }
    behaviour_of(&table.type_name).complete_arguments(&mut arguments);
    arguments.into_object(state_type(table))
}

async fn delete(work: &Work<'_>, request: ApplyRequest) -> ApplyResponse {
    let id = request.prior_state.attribute("id");
    let id = id.as_str().map_or("", |id| id.as_str());
    let deleted = match Address::from_id(work.table, id) {
        Ok(mut address) => match work.behaviour.locate(work, &mut address, None).await {
            Ok(true) => work.behaviour.delete(work, &address, &request.prior_state).await,
            Ok(false) => Ok(()),
            Err(failure) => Err(failure),
        },
        Err(error) => Err(Diagnostic::error("Invalid resource id", format!("{error}.")).into()),
    };
    match deleted {
        Ok(()) => response(request.planned_state, Diagnostics::new(), Vec::new()),
        Err(failure) => {
            let diagnostics = failure.into_diagnostics(&doing(ActionKind::Delete, work.table, id));
            response(request.prior_state, diagnostics, request.planned_private)
        }
    }
}

fn doing(action: ActionKind, table: &ResourceTable, id: &str) -> String {
    let verb = match action {
        ActionKind::Create => "creating",
        ActionKind::Update => "changing",
        ActionKind::Delete => "deleting",
        ActionKind::Read => "reading",
    };
    format!("{verb} {} {id}", table.type_name).trim_end().to_owned()
}

fn response(new_state: Value, diagnostics: Diagnostics, private: Vec<u8>) -> ApplyResponse {
    ApplyResponse { new_state, private, new_identity: None, legacy_type_system: true, diagnostics }
}
