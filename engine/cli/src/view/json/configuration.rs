//! The configuration inside a plan's JSON: every block, with constants as they are and expressions as the
//! references in them.

use terrane_language::config::action::Action;
use terrane_language::config::module::{Provisioner, Repetition, Resource};
use terrane_language::config::{ConstantScope, Module, Subject, parse_reference};
use terrane_language::evaluate::{block_content, evaluate};
use terrane_language::modules::{ModuleId, ModuleTree};
use terrane_language::syntax::ConfigBody;
use terrane_language::syntax::tree::{Expression, StepKind, Traversal};
use terrane_model::{Block, NestedBlock, Nesting, ResourceMode, Str};
use terrane_plan::{PreparedConfiguration, ProviderPool};

use super::provider_configs::{ProviderConfigKeys, provider_configs};
use super::resources::mode_name;
use super::values::known_json;
use super::writer::{ObjectWriter, array, quoted};

/// Writes a configuration.
pub fn configuration_json(configuration: &PreparedConfiguration, providers: &ProviderPool) -> String {
    let mut writer = ObjectWriter::new();
    let keys = provider_configs(configuration, providers);
    if keys.json != "{}" {
        writer.raw("provider_config", &keys.json);
    }
    let context = Described { tree: &configuration.tree, providers, keys: &keys };
    writer.raw("root_module", &module_json(&context, ModuleId::ROOT));
    writer.finish()
}

/// What is needed to describe a module.
struct Described<'d> {
    tree: &'d ModuleTree,
    providers: &'d ProviderPool,
    keys: &'d ProviderConfigKeys,
}

fn module_json(context: &Described<'_>, id: ModuleId) -> String {
    let tree = context.tree;
    let module = tree.module(id);
    let mut writer = ObjectWriter::new();
    if !module.outputs.is_empty() {
        let mut outputs = ObjectWriter::new();
        let mut sorted: Vec<_> = module.outputs.iter().collect();
        sorted.sort_by(|a, b| a.name.cmp(&b.name));
        for output in sorted {
            let mut entry = ObjectWriter::new();
            if output.sensitive {
                entry.flag("sensitive", true);
            }
            entry.raw("expression", &expression_json(&output.value));
            if !output.depends_on.is_empty() {
                entry.raw("depends_on", &traversals(&output.depends_on));
            }
            if let Some(description) = &output.description {
                entry.text("description", description);
            }
            outputs.raw(&output.name, &entry.finish());
        }
        writer.raw("outputs", &outputs.finish());
    }
    let mut resources: Vec<&Resource> = module.resources.iter().collect();
    resources.sort_by_key(|resource| {
        (
            resource.address.mode == ResourceMode::Data,
            resource.address.resource_type.clone(),
            resource.address.name.clone(),
        )
    });
    if !resources.is_empty() {
        writer.raw(
            "resources",
            &array(resources.iter().map(|resource| resource_json(context, id, module, resource))),
        );
    }
    if !module.module_calls.is_empty() {
        writer.raw("module_calls", &module_calls(context, id));
    }
    if !module.variables.is_empty() {
        writer.raw("variables", &variables(module));
    }
    if !module.actions.is_empty() {
        let mut actions: Vec<&Action> = module.actions.iter().collect();
        actions.sort_by_key(|action| action.address.to_string());
        writer.raw("actions", &array(actions.iter().map(|action| action_json(context, id, module, action))));
    }
    writer.finish()
}

fn action_json(context: &Described<'_>, id: ModuleId, module: &Module, action: &Action) -> String {
    let mut writer = ObjectWriter::new();
    writer.text("address", &action.address.to_string());
    writer.text("type", &action.address.action_type);
    writer.text("name", &action.address.name);
    let alias = action.provider.as_ref().and_then(|provider| provider.alias.as_ref());
    let key = provider_config_key(context, id, module.provider_local_name_of_action(action), alias);
    writer.text("provider_config_key", context.keys.resolve(&key));
    write_repetition(&mut writer, &action.repetition);
    writer.finish()
}

fn provider_config_key(
    context: &Described<'_>,
    id: ModuleId,
    local_name: &str,
    alias: Option<&Str>,
) -> String {
    let path = context.tree.node(id).path.to_string();
    let key = if path.is_empty() { local_name.to_owned() } else { format!("{path}:{local_name}") };
    alias.map_or(key.clone(), |alias| format!("{key}.{alias}"))
}

fn variables(module: &Module) -> String {
    let mut writer = ObjectWriter::new();
    let mut sorted: Vec<_> = module.variables.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    for variable in sorted {
        let mut entry = ObjectWriter::new();
        if let Some(default) = &variable.default {
            entry.raw("default", &known_json(default).unwrap_or_else(|| "null".to_owned()));
        }
        if let Some(description) = &variable.description {
            entry.text("description", description);
        }
        if variable.sensitive {
            entry.flag("sensitive", true);
        }
        writer.raw(&variable.name, &entry.finish());
    }
    writer.finish()
}

fn resource_json(context: &Described<'_>, id: ModuleId, module: &Module, resource: &Resource) -> String {
    let providers = context.providers;
    let address = &resource.address;
    let mut writer = ObjectWriter::new();
    writer.text("address", &address.to_string());
    writer.text("mode", mode_name(address.mode));
    writer.text("type", &address.resource_type);
    writer.text("name", &address.name);
    let local_name = module.provider_local_name(resource);
    let alias = resource.provider.as_ref().and_then(|provider| provider.alias.as_ref());
    let key = provider_config_key(context, id, local_name, alias);
    writer.text("provider_config_key", context.keys.resolve(&key));
    if !resource.provisioners.is_empty() {
        writer.raw("provisioners", &array(resource.provisioners.iter().map(provisioner_json)));
    }
    let source = module.provider_source(local_name);
    if let Some(schema) = providers.block_schema(&source, address.mode, &address.resource_type) {
        let expressions = block_expressions(&resource.body, &schema.block);
        if expressions != "{}" {
            writer.raw("expressions", &expressions);
        }
        writer.raw("schema_version", &schema.version.to_string());
    }
    write_repetition(&mut writer, &resource.repetition);
    if !resource.depends_on.is_empty() {
        writer.raw("depends_on", &traversals(&resource.depends_on));
    }
    writer.finish()
}

fn provisioner_json(provisioner: &Provisioner) -> String {
    let mut writer = ObjectWriter::new();
    writer.text("type", &provisioner.provisioner_type);
    let (arguments, _) = provisioner.body.just_attributes();
    let mut sorted: Vec<_> = arguments.iter().collect();
    sorted.sort_by(|a, b| a.name.name.cmp(&b.name.name));
    let mut expressions = ObjectWriter::new();
    for argument in sorted {
        expressions.raw(&argument.name.name, &expression_json(&argument.expression));
    }
    if !expressions.is_empty() {
        writer.raw("expressions", &expressions.finish());
    }
    writer.finish()
}

fn write_repetition(writer: &mut ObjectWriter, repetition: &Repetition) {
    let keyed = [("count_expression", &repetition.count), ("for_each_expression", &repetition.for_each)];
    for (name, expression) in keyed {
        let json = expression.as_ref().map(|expression| expression_json(expression));
        if let Some(json) = json.filter(|json| json != "{}") {
            writer.raw(name, &json);
        }
    }
}

fn module_calls(context: &Described<'_>, id: ModuleId) -> String {
    let tree = context.tree;
    let module = tree.module(id);
    let mut writer = ObjectWriter::new();
    let mut calls: Vec<(usize, _)> = module.module_calls.iter().enumerate().collect();
    calls.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
    for (position, call) in calls {
        let mut entry = ObjectWriter::new();
        let child = tree.node(id).children[position];
        if let Some(child) = child {
            entry.text("source", &tree.node(child).source);
        }
        let (arguments, _) = call.body.just_attributes();
        let mut expressions = ObjectWriter::new();
        let mut sorted: Vec<_> = arguments.iter().collect();
        sorted.sort_by(|a, b| a.name.name.cmp(&b.name.name));
        for argument in sorted {
            expressions.raw(&argument.name.name, &expression_json(&argument.expression));
        }
        if !expressions.is_empty() {
            entry.raw("expressions", &expressions.finish());
        }
        write_repetition(&mut entry, &call.repetition);
        if let Some(child) = child {
            entry.raw("module", &module_json(context, child));
        }
        if let Some(version) = call.version.as_ref().and_then(|version| version.as_literal_string()) {
            entry.text("version_constraint", version);
        }
        if !call.depends_on.is_empty() {
            entry.raw("depends_on", &traversals(&call.depends_on));
        }
        writer.raw(&call.name, &entry.finish());
    }
    writer.finish()
}

fn traversals(list: &[Traversal]) -> String {
    array(list.iter().map(|traversal| quoted(&reference_text(traversal, traversal.steps.len()))))
}

pub(super) fn block_expressions(body: &ConfigBody, schema: &Block) -> String {
    let (content, _) = block_content(body, schema);
    let mut writer = ObjectWriter::new();
    let mut entries: Vec<(String, String)> = content
        .attributes
        .iter()
        .map(|attribute| (attribute.name.name.to_string(), expression_json(&attribute.expression)))
        .collect();
    for (name, nested) in schema.block_types() {
        let blocks: Vec<_> = content.blocks.iter().filter(|block| block.block_type.name == *name).collect();
        if !blocks.is_empty() {
            entries.push((name.to_string(), nested_json(nested, &blocks)));
        }
    }
    entries.sort();
    for (name, json) in entries {
        writer.raw(&name, &json);
    }
    writer.finish()
}

fn nested_json(nested: &NestedBlock, blocks: &[&terrane_language::syntax::BlockContent]) -> String {
    match nested.nesting {
        Nesting::Single | Nesting::Group => block_expressions(&blocks[0].body, &nested.block),
        Nesting::List | Nesting::Set => {
            array(blocks.iter().map(|block| block_expressions(&block.body, &nested.block)))
        }
        Nesting::Map => {
            let mut writer = ObjectWriter::new();
            for block in blocks {
                let key = block.labels.first().map_or("", |label| label.name.as_str());
                writer.raw(key, &block_expressions(&block.body, &nested.block));
            }
            writer.finish()
        }
    }
}

/// Writes an expression: its value where it is constant, and what it refers to, each reference from the longest form to
/// the shortest. Strings of the JSON syntax may be both: without names in scope they are no templates.
fn expression_json(expression: &Expression) -> String {
    let mut writer = ObjectWriter::new();
    let (value, problems) = evaluate(expression, &ConstantScope);
    if !problems.has_errors()
        && value.is_wholly_known()
        && let Some(json) = known_json(&value)
    {
        writer.raw("constant_value", &json);
    }
    let references: Vec<String> =
        expression.variables().flat_map(|reference| reference_forms(reference.traversal)).collect();
    if !references.is_empty() {
        writer.raw("references", &array(references.iter().map(|text| quoted(text))));
    }
    writer.finish()
}

fn reference_forms(traversal: &Traversal) -> Vec<String> {
    let Ok(reference) = parse_reference(traversal) else { return Vec::new() };
    let is_keyed = |steps: usize| {
        let step = traversal.steps.get(steps).map(|step| &step.kind);
        matches!(step, Some(StepKind::StringKey(_) | StepKind::NumberKey(_)))
    };
    let mut shortest = reference.subject_steps;
    // The output of a module's instance is followed by the instance alone, not by the module as a whole.
    if matches!(reference.subject, Subject::Module { .. })
        && is_keyed(shortest)
        && traversal.steps.len() > shortest + 1
    {
        shortest += 1;
    }
    (shortest..=traversal.steps.len()).rev().map(|steps| reference_text(traversal, steps)).collect()
}

fn reference_text(traversal: &Traversal, steps: usize) -> String {
    let mut text = traversal.root.name.to_string();
    for step in &traversal.steps[..steps] {
        match &step.kind {
            StepKind::Attribute(name) => text.push_str(&format!(".{name}")),
            StepKind::StringKey(key) => text.push_str(&format!("[{:?}]", key.as_str())),
            StepKind::NumberKey(number) => text.push_str(&format!("[{number}]")),
        }
    }
    text
}
