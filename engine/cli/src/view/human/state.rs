//! States for people, laid out as Terraform lays them out.

use std::fmt::Write;

use terrane_model::{ResourceAddress, ResourceInstanceAddress, Schema};
use terrane_plan::ProviderPool;
use terrane_plan::prior_objects::{PriorObject, PriorObjects};
use terrane_state::{DeposedKey, ResourceState, StateSnapshot};

use super::diff::{Interest, Options, Paths, compare_block, output_name, unchanged, write_diff};
use super::paint::Paint;
use super::plan_resource::header;
use crate::terminal::Terminal;

/// Lays a state out: its objects module by module, then its outputs. Begins with the first object and ends with a
/// line end.
pub fn render_state(
    state: &StateSnapshot,
    objects: &PriorObjects,
    providers: &ProviderPool,
    terminal: &Terminal,
) -> String {
    let schema_of = |resource: &ResourceAddress, state: &ResourceState| {
        let provider = &state.provider_config.provider;
        providers.block_schema(provider, resource.mode, &resource.resource_type)
    };
    render(state, objects, &schema_of, Paint::of(terminal))
}

pub(super) fn render<'s>(
    state: &StateSnapshot,
    objects: &PriorObjects,
    schema_of: &dyn Fn(&ResourceAddress, &ResourceState) -> Option<&'s Schema>,
    paint: Paint,
) -> String {
    let mut out = String::new();
    let mut module = None;
    for (address, deposed, resource, _) in state.objects() {
        let Some(object) = objects.get(&(address.clone(), deposed.cloned())) else { continue };
        match &module {
            None => {}
            Some(module) if *module == address.module => out.push('\n'),
            Some(_) => out.push_str("\n\n"),
        }
        let schema = schema_of(&address.resource, resource);
        write_object(&mut out, &address, deposed, object, schema, paint);
        module = Some(address.module);
    }
    if !state.outputs.is_empty() {
        out.push_str("\n\nOutputs:\n\n");
    }
    let options = Options::of_values(paint);
    for (name, output) in &state.outputs {
        let _ = write!(out, "{} = ", output_name(name));
        write_diff(&mut out, &unchanged(&output.value, output.sensitive), 0, &options);
        out.push('\n');
    }
    out
}

fn write_object(
    out: &mut String,
    address: &ResourceInstanceAddress,
    deposed: Option<&DeposedKey>,
    object: &PriorObject,
    schema: Option<&Schema>,
    paint: Paint,
) {
    let note = match deposed {
        Some(key) => format!(" (deposed object {key})"),
        None if object.tainted => " (tainted)".to_owned(),
        None => String::new(),
    };
    let _ = write!(out, "# {address}:{note}\n{} ", header(&address.resource));
    let value = schema.map_or_else(|| object.value.clone(), |schema| object.marked(schema));
    let diff = match schema {
        Some(schema) => {
            let interest = Interest { replace: Paths::of([]), relevant: Paths::All };
            compare_block(&value, &value, &schema.block, &interest)
        }
        None => unchanged(&value, false),
    };
    write_diff(out, &diff, 0, &Options::of_values(paint));
    out.push('\n');
}
