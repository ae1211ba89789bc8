//! What a test's run has come to, as the lines of `test -json -verbose` have it.

use terrane_plan::prior_objects::PriorObjects;
use terrane_plan::{Plan, ProviderPool};
use terrane_state::StateSnapshot;

use super::plan_v1::{output_change_json, relevant_attributes_json, resource_change_json};
use super::provider_schemas::schemas_by_source;
use super::state_v1::{outputs_json, root_module_json};
use super::writer::{ObjectWriter, array};

/// Writes a plan with the schemas that it takes to read it.
pub fn test_plan_json(plan: &Plan, providers: &ProviderPool) -> String {
    let mut writer = ObjectWriter::new();
    writer.text("plan_format_version", "1.2");
    if !plan.output_changes.is_empty() {
        let mut outputs = ObjectWriter::new();
        for (name, change) in &plan.output_changes {
            outputs.raw(name, &output_change_json(change));
        }
        writer.raw("output_changes", &outputs.finish());
    }
    for (name, changes) in
        [("resource_changes", &plan.resource_changes), ("resource_drift", &plan.resource_drift)]
    {
        if !changes.is_empty() {
            writer.raw(name, &array(changes.iter().map(resource_change_json)));
        }
    }
    if !plan.relevant_attributes.is_empty() {
        writer.raw("relevant_attributes", &relevant_attributes_json(plan));
    }
    write_schemas(&mut writer, providers);
    writer.finish()
}

/// Writes a state with the schemas that it takes to read it.
pub fn test_state_json(state: &StateSnapshot, objects: &PriorObjects, providers: &ProviderPool) -> String {
    let mut writer = ObjectWriter::new();
    writer.text("state_format_version", "1.0");
    writer.raw("root_module", &root_module_json(state, objects, providers));
    if !state.outputs.is_empty() {
        writer.raw("outputs", &outputs_json(&state.outputs));
    }
    write_schemas(&mut writer, providers);
    writer.finish()
}

fn write_schemas(writer: &mut ObjectWriter, providers: &ProviderPool) {
    writer.text("provider_format_version", "1.0");
    writer.raw("provider_schemas", &schemas_by_source(providers.all_schemas()));
}
