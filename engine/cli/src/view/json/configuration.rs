//! The configuration inside a plan's JSON: every block, with constants as they are and expressions as the
//! references in them.

use terrane_language::config::module::{Repetition, Resource};
use terrane_language::config::{ConstantScope, Module, Subject, parse_reference};
use terrane_language::evaluate::{block_content, evaluate};
use terrane_language::modules::{ModuleId, ModuleTree};
use terrane_language::syntax::ConfigBody;
use terrane_language::syntax::tree::{Expression, StepKind, Traversal};
use terrane_model::{Block, NestedBlock, Nesting, ResourceMode};
use terrane_plan::{PreparedConfiguration, ProviderPool};

use super::resources::mode_name;
use super::values::known_json;
use super::writer::{ObjectWriter, array, quoted};

/// Writes a configuration.
pub fn configuration_json(configuration: &PreparedConfiguration, providers: &ProviderPool) -> String {
    let mut writer = ObjectWriter::new();
    let provider_config = provider_configs(configuration, providers);
    if provider_config != "{}" {
        writer.raw("provider_config", &provider_config);
    }
    writer.raw("root_module", &module_json(&configuration.tree, ModuleId::ROOT, providers));
    writer.finish()
}

fn provider_configs(configuration: &PreparedConfiguration, providers: &ProviderPool) -> String {
    let mut writer = ObjectWriter::new();
    let mut entries: Vec<(String, String)> = Vec::new();
    for (_, config) in configuration.provider_configs.iter() {
        let source = &config.address.provider;
        if source.is_builtin() && config.block.is_none() {
            continue;
        }
        let module = configuration.tree.module(config.module);
        let path = configuration.tree.node(config.module).path.to_string();
        let local_name = module
            .settings
            .required_providers
            .iter()
            .find(|required| required.source == *source)
            .map_or_else(|| source.name.to_string(), |required| required.local_name.to_string());
        let mut key = if path.is_empty() { local_name.clone() } else { format!("{path}:{local_name}") };
        let mut entry = ObjectWriter::new();
        entry.text("name", &local_name);
        entry.text("full_name", &source.to_string());
        if let Some(alias) = &config.address.alias {
            key = format!("{key}.{alias}");
            entry.text("alias", alias);
        }
        let required = module.settings.required_providers.iter().find(|required| required.source == *source);
        if let Some(required) = required.filter(|required| !required.version.is_empty()) {
            entry.text("version_constraint", &required.version.to_string());
        }
        if !path.is_empty() {
            entry.text("module_address", &path);
        }
        if let (Some(block), Some(schema)) = (config.block, providers.provider_schema(source)) {
            let expressions = block_expressions(&module.provider_blocks[block].body, schema);
            if expressions != "{}" {
                entry.raw("expressions", &expressions);
            }
        }
        entries.push((key, entry.finish()));
    }
    entries.sort();
    for (key, entry) in entries {
        writer.raw(&key, &entry);
    }
    writer.finish()
}

fn module_json(tree: &ModuleTree, id: ModuleId, providers: &ProviderPool) -> String {
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
            if output.ephemeral {
                entry.flag("ephemeral", true);
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
            &array(resources.iter().map(|resource| resource_json(tree, id, module, resource, providers))),
        );
    }
    if !module.module_calls.is_empty() {
        writer.raw("module_calls", &module_calls(tree, id, providers));
    }
    if !module.variables.is_empty() {
        writer.raw("variables", &variables(module));
    }
    writer.finish()
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
        if variable.ephemeral {
            entry.flag("ephemeral", true);
        }
        writer.raw(&variable.name, &entry.finish());
    }
    writer.finish()
}

fn resource_json(
    tree: &ModuleTree,
    id: ModuleId,
    module: &Module,
    resource: &Resource,
    providers: &ProviderPool,
) -> String {
    let address = &resource.address;
    let mut writer = ObjectWriter::new();
    writer.text("address", &address.to_string());
    writer.text("mode", mode_name(address.mode));
    writer.text("type", &address.resource_type);
    writer.text("name", &address.name);
    let local_name = module.provider_local_name(resource);
    let path = tree.node(id).path.to_string();
    let alias = resource.provider.as_ref().and_then(|provider| provider.alias.as_ref());
    let mut key = if path.is_empty() { local_name.to_owned() } else { format!("{path}:{local_name}") };
    if let Some(alias) = alias {
        key = format!("{key}.{alias}");
    }
    writer.text("provider_config_key", &key);
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

fn write_repetition(writer: &mut ObjectWriter, repetition: &Repetition) {
    if let Some(count) = &repetition.count {
        writer.raw("count_expression", &expression_json(count));
    }
    if let Some(for_each) = &repetition.for_each {
        writer.raw("for_each_expression", &expression_json(for_each));
    }
}

fn module_calls(tree: &ModuleTree, id: ModuleId, providers: &ProviderPool) -> String {
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
            entry.raw("module", &module_json(tree, child, providers));
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

fn block_expressions(body: &ConfigBody, schema: &Block) -> String {
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

/// Writes an expression: its value where it is constant, or what it refers to, each reference from the longest
/// form to the shortest.
fn expression_json(expression: &Expression) -> String {
    let mut writer = ObjectWriter::new();
    let mut references: Vec<String> = Vec::new();
    let mut has_references = false;
    for reference in expression.variables() {
        has_references = true;
        for text in reference_forms(reference.traversal) {
            if !references.contains(&text) {
                references.push(text);
            }
        }
    }
    if has_references {
        if !references.is_empty() {
            writer.raw("references", &array(references.iter().map(|text| quoted(text))));
        }
        return writer.finish();
    }
    let (value, problems) = evaluate(expression, &ConstantScope);
    if !problems.has_errors()
        && value.is_wholly_known()
        && let Some(json) = known_json(&value)
    {
        writer.raw("constant_value", &json);
    }
    writer.finish()
}

fn reference_forms(traversal: &Traversal) -> Vec<String> {
    let Ok(reference) = parse_reference(traversal) else { return Vec::new() };
    let shortest = reference.subject_steps;
    let is_object = matches!(reference.subject, Subject::Resource { .. } | Subject::Module { .. });
    let longest = if is_object { traversal.steps.len() } else { shortest };
    let mut forms = Vec::new();
    for steps in (shortest..=longest).rev() {
        // A form that ends in a key names an instance; the key is no name of its own behind attributes.
        forms.push(reference_text(traversal, steps));
    }
    forms
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
