//! Planning one object.

use terrane_model::{Diagnostics, Type, Value};
use terrane_provider::{PlanRequest, PlanResponse};

use crate::attributes::Attributes;
use crate::lifecycle::Draft;
use crate::plan::{plan_object, replaced_paths};
use crate::provider::AzureProvider;
use crate::resources::behaviour_of;
use crate::schema::state_type;
use crate::table::ResourceTable;

impl AzureProvider {
    /// Plans an object. Asks nothing of Azure.
    pub(crate) fn plan(&self, request: PlanRequest) -> PlanResponse {
        let table = match self.resource_table(&request.type_name) {
            Ok(table) => table,
            Err(diagnostics) => {
                return response(request.proposed_new_state, Vec::new(), diagnostics, Vec::new());
            }
        };
        if request.proposed_new_state.is_null() {
            return response(
                request.proposed_new_state,
                Vec::new(),
                Diagnostics::new(),
                request.prior_private,
            );
        }
        let prior = (!request.prior_state.is_null()).then_some(&request.prior_state);
        let mut draft = self.draft(table, &request.config, prior);
        behaviour_of(&table.type_name).plan(&mut draft);
        let Draft { planned, replaces, diagnostics, .. } = draft;
        let planned = planned.into_object(state_type(table));
        response(planned, replaces, diagnostics, request.prior_private)
    }

    fn draft<'a>(&self, table: &ResourceTable, config: &'a Value, prior: Option<&'a Value>) -> Draft<'a> {
        let mut planned: Attributes = plan_object(&table.arguments, config, prior).into_iter().collect();
        let id = prior.map_or_else(|| Value::unknown(Type::String), |prior| prior.attribute("id"));
        planned.set("id", id);
        if let Some(timeouts) = config.get("timeouts") {
            planned.set("timeouts", timeouts.clone());
        }
        let replaces = match prior {
            Some(prior) => {
                let object = planned.clone().into_object(state_type(table));
                replaced_paths(&table.arguments, prior, &object)
            }
            None => Vec::new(),
        };
        Draft {
            prior,
            config,
            planned,
            replaces,
            diagnostics: Diagnostics::new(),
            generation: self.generation,
        }
    }
}

fn response(
    planned_state: Value,
    requires_replace: Vec<terrane_model::AttributePath>,
    diagnostics: Diagnostics,
    planned_private: Vec<u8>,
) -> PlanResponse {
    PlanResponse {
        planned_state,
        requires_replace,
        planned_private,
        planned_identity: None,
        // As azurerm's own SDK does, plans keep stored spellings where the configuration has others.
        legacy_type_system: true,
        deferred: None,
        diagnostics,
    }
}
