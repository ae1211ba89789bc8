//! States for people, laid out as Terraform lays them out.

use std::collections::BTreeMap;
use std::fmt::Write;

use terrane_model::{ProviderSource, ResourceAddress, ResourceInstanceAddress, Schema};
use terrane_plan::ProviderPool;
use terrane_plan::prior_objects::{PriorObject, PriorObjects};
use terrane_state::{DeposedKey, ResourceState, StateSnapshot};

use super::diff::{Interest, Options, Paths, compare_block, output_name, unchanged, write_diff};
use super::paint::Paint;
use super::plan_resource::header;
use super::reveal::{revealed_outputs, revealed_schema};
use crate::terminal::Terminal;

/// Lays a state out: its objects module by module, then its outputs. Begins with the first object and ends with a
/// line end.
pub fn render_state(
    state: &StateSnapshot,
    objects: &PriorObjects,
    providers: &ProviderPool,
    terminal: &Terminal,
    shows_sensitive: bool,
) -> String {
    if shows_sensitive {
        return render_revealed(state, objects, providers, terminal);
    }
    let schema_of = |resource: &ResourceAddress, state: &ResourceState| {
        let provider = &state.provider_config.provider;
        providers.block_schema(provider, resource.mode, &resource.resource_type)
    };
    render(state, objects, &schema_of, Paint::of(terminal))
}

fn render_revealed(
    state: &StateSnapshot,
    objects: &PriorObjects,
    providers: &ProviderPool,
    terminal: &Terminal,
) -> String {
    let mut schemas: BTreeMap<(ProviderSource, ResourceAddress), Schema> = BTreeMap::new();
    for (address, resource) in &state.resources {
        let (source, resource_address) = (&resource.provider_config.provider, &address.resource);
        let schema = providers.block_schema(source, resource_address.mode, &resource_address.resource_type);
        if let Some(schema) = schema {
            schemas.insert((source.clone(), resource_address.clone()), revealed_schema(schema));
        }
    }
    let objects = objects
        .iter()
        .map(|(key, object)| (key.clone(), PriorObject { sensitive: Vec::new(), ..object.clone() }));
    let schema_of = |resource: &ResourceAddress, state: &ResourceState| {
        schemas.get(&(state.provider_config.provider.clone(), resource.clone()))
    };
    render(&revealed_outputs(state), &objects.collect(), &schema_of, Paint::of(terminal))
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
