//! What may be typed next.

use std::collections::BTreeSet;

use lsp_types::{
    CompletionItem, CompletionItemKind, Documentation, InsertTextFormat, MarkupContent, MarkupKind,
};
use terrane_language::config::Module;
use terrane_language::config::module::implied_provider;
use terrane_language::functions::all as all_functions;
use terrane_model::{ResourceMode, Type};

use super::analysis::Analysis;
use super::block_items::{Item, called_module, items, resource_schema};
use super::cursor::{Cursor, Place, names_of};
use super::hover::signature;

/// Returns what may be typed at a place.
pub(super) fn complete(cursor: &Cursor, analysis: &mut Analysis) -> Vec<CompletionItem> {
    match &cursor.place {
        Place::Text => Vec::new(),
        Place::Name => {
            let found = items(&cursor.blocks, analysis);
            found.iter().filter(|item| item.name.starts_with(&cursor.prefix)).map(of_item).collect()
        }
        Place::Label(words) if cursor.blocks.is_empty() => labels(words, &cursor.prefix, analysis),
        Place::Label(words) => nested_labels(words, &cursor.blocks, analysis),
        Place::Expression(argument) => {
            let names = names_of(&cursor.prefix);
            let Some((typed, before)) = names.split_last() else { return Vec::new() };
            let mut found = if before.is_empty() {
                roots(cursor, argument.as_deref(), analysis)
            } else {
                members(before, &cursor.blocks, analysis)
            };
            found.retain(|item| item.label.starts_with(typed.as_str()));
            found
        }
    }
}

fn of_item(item: &Item) -> CompletionItem {
    let insert = match item.block {
        Some(labels) => {
            let names: String = (1..=labels).map(|number| format!(" \"${{{number}}}\"")).collect();
            format!("{}{names} {{\n  $0\n}}", item.name)
        }
        None => format!("{} = $0", item.name),
    };
    CompletionItem {
        label: item.name.clone(),
        kind: Some(if item.block.is_some() {
            CompletionItemKind::STRUCT
        } else {
            CompletionItemKind::PROPERTY
        }),
        detail: Some(item.detail.clone()),
        documentation: documentation(&item.documentation),
        insert_text: Some(insert),
        insert_text_format: Some(InsertTextFormat::SNIPPET),
        // What must be written comes first.
        sort_text: Some(format!("{}{}", if item.detail.contains("required") { 0 } else { 1 }, item.name)),
        ..CompletionItem::default()
    }
}

fn documentation(text: &str) -> Option<Documentation> {
    let content = MarkupContent { kind: MarkupKind::Markdown, value: text.to_owned() };
    (!text.is_empty()).then_some(Documentation::MarkupContent(content))
}

fn plain(label: &str, kind: CompletionItemKind, detail: &str) -> CompletionItem {
    CompletionItem {
        label: label.to_owned(),
        kind: Some(kind),
        detail: (!detail.is_empty()).then(|| detail.to_owned()),
        ..CompletionItem::default()
    }
}

/// Returns labels of top-level blocks: resource types and names of providers.
fn labels(words: &[String], prefix: &str, analysis: &mut Analysis) -> Vec<CompletionItem> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mode = match words.as_slice() {
        ["action"] => {
            if let Some(module) = analysis.module().filter(|_| prefix.contains('_')) {
                let source = module.provider_source(implied_provider(prefix));
                analysis.load(&source);
            }
            let all = analysis.providers.all_schemas().iter();
            let actions = all.flat_map(|(source, schemas)| {
                let wanted = schemas.actions.keys().filter(|name| name.starts_with(prefix));
                wanted.map(|name| plain(name, CompletionItemKind::CLASS, &source.for_display()))
            });
            return actions.collect();
        }
        ["resource"] => ResourceMode::Managed,
        ["data"] => ResourceMode::Data,
        ["ephemeral"] => ResourceMode::Ephemeral,
        ["provider"] => {
            let schemas = analysis.providers.all_schemas().keys();
            let names =
                schemas.map(|source| plain(&source.name, CompletionItemKind::MODULE, &source.for_display()));
            return names.collect();
        }
        _ => return Vec::new(),
    };
    // The first word of a type says which provider it belongs to.
    if let Some(module) = analysis.module().filter(|_| prefix.contains('_')) {
        let source = module.provider_source(implied_provider(prefix));
        analysis.load(&source);
    }
    let mut found = Vec::new();
    for (source, schemas) in analysis.providers.all_schemas() {
        let types: Vec<_> = match mode {
            ResourceMode::Managed => schemas.resources.keys().collect(),
            ResourceMode::Data => schemas.data_sources.keys().collect(),
            ResourceMode::Ephemeral => schemas.ephemeral_resources.keys().collect(),
        };
        let wanted = types.into_iter().filter(|name| name.starts_with(prefix));
        found.extend(wanted.map(|name| plain(name, CompletionItemKind::CLASS, &source.for_display())));
    }
    found
}

fn nested_labels(words: &[String], blocks: &[Vec<String>], analysis: &mut Analysis) -> Vec<CompletionItem> {
    match words {
        [dynamic] if dynamic == "dynamic" => {
            let nested = items(blocks, analysis).into_iter().filter(|item| item.block.is_some());
            let own = nested.filter(|item| {
                !["dynamic", "lifecycle", "provisioner", "connection"].contains(&item.name.as_str())
            });
            own.map(|item| plain(&item.name, CompletionItemKind::STRUCT, "")).collect()
        }
        [provisioner] if provisioner == "provisioner" => {
            let types = ["local-exec", "remote-exec", "file"];
            types.iter().map(|name| plain(name, CompletionItemKind::CLASS, "")).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns what an expression may begin with.
fn roots(cursor: &Cursor, argument: Option<&str>, analysis: &Analysis) -> Vec<CompletionItem> {
    let mut found: Vec<CompletionItem> =
        ["true", "false", "null"].iter().map(|word| plain(word, CompletionItemKind::KEYWORD, "")).collect();
    if argument == Some("type") && cursor.blocks.first().is_some_and(|words| words[0] == "variable") {
        let types = ["string", "number", "bool", "any", "list", "set", "map", "object", "tuple", "optional"];
        return types.iter().map(|word| plain(word, CompletionItemKind::TYPE_PARAMETER, "")).collect();
    }
    let names = ["var", "local", "module", "data", "ephemeral", "path", "terraform", "each", "count", "self"];
    found.extend(names.iter().map(|word| plain(word, CompletionItemKind::MODULE, "")));
    if let Some(module) = analysis.module() {
        let managed =
            module.resources.iter().filter(|resource| resource.address.mode == ResourceMode::Managed);
        let types: BTreeSet<&str> = managed.map(|resource| resource.address.resource_type.as_str()).collect();
        found.extend(types.into_iter().map(|name| plain(name, CompletionItemKind::CLASS, "resource")));
    }
    found.extend(all_functions().map(|function| CompletionItem {
        label: function.name.to_owned(),
        kind: Some(CompletionItemKind::FUNCTION),
        detail: Some(signature(function)),
        documentation: documentation(function.description),
        insert_text: Some(format!("{}($0)", function.name)),
        insert_text_format: Some(InsertTextFormat::SNIPPET),
        ..CompletionItem::default()
    }));
    found
}

/// Returns what may follow names and a dot.
fn members(before: &[String], blocks: &[Vec<String>], analysis: &mut Analysis) -> Vec<CompletionItem> {
    let words: Vec<&str> = before.iter().map(String::as_str).collect();
    let fixed =
        |names: &[&str]| names.iter().map(|name| plain(name, CompletionItemKind::PROPERTY, "")).collect();
    let Some(module) = analysis.module().cloned() else { return Vec::new() };
    match words.as_slice() {
        ["path"] => fixed(&["module", "root", "cwd"]),
        ["terraform"] => fixed(&["workspace", "applying"]),
        ["each"] => fixed(&["key", "value"]),
        ["count"] => fixed(&["index"]),
        ["var"] => variables(&module),
        ["local"] => module
            .locals
            .iter()
            .map(|local| plain(&local.name, CompletionItemKind::VARIABLE, "local value"))
            .collect(),
        ["module"] => module
            .module_calls
            .iter()
            .map(|call| plain(&call.name, CompletionItemKind::MODULE, "module"))
            .collect(),
        ["module", name] => called_module(name, analysis).map(|child| outputs(child)).unwrap_or_default(),
        ["data"] => resource_types(&module, ResourceMode::Data),
        ["ephemeral"] => resource_types(&module, ResourceMode::Ephemeral),
        ["data", resource_type] => resource_names(&module, ResourceMode::Data, resource_type),
        ["ephemeral", resource_type] => resource_names(&module, ResourceMode::Ephemeral, resource_type),
        ["var", name, path @ ..] => {
            let ty = module.variable(name).map(|(_, variable)| variable.ty().clone());
            ty.map(|ty| attributes_of(&ty, path)).unwrap_or_default()
        }
        ["data", resource_type, _, path @ ..] => in_object(ResourceMode::Data, resource_type, path, analysis),
        ["ephemeral", resource_type, _, path @ ..] => {
            in_object(ResourceMode::Ephemeral, resource_type, path, analysis)
        }
        ["self", path @ ..] => match blocks.first().map(Vec::as_slice) {
            Some([_, resource_type, ..]) => {
                in_object(ResourceMode::Managed, &resource_type.clone(), path, analysis)
            }
            _ => Vec::new(),
        },
        [resource_type] => resource_names(&module, ResourceMode::Managed, resource_type),
        [resource_type, _, path @ ..] => in_object(ResourceMode::Managed, resource_type, path, analysis),
        [] => Vec::new(),
    }
}

fn variables(module: &Module) -> Vec<CompletionItem> {
    let variables = module.variables.iter().map(|variable| CompletionItem {
        documentation: documentation(variable.description.as_deref().unwrap_or_default()),
        ..plain(&variable.name, CompletionItemKind::VARIABLE, &variable.ty().friendly_name())
    });
    variables.collect()
}

fn outputs(module: &Module) -> Vec<CompletionItem> {
    let outputs = module.outputs.iter().map(|output| CompletionItem {
        documentation: documentation(output.description.as_deref().unwrap_or_default()),
        ..plain(&output.name, CompletionItemKind::FIELD, "output")
    });
    outputs.collect()
}

fn resource_types(module: &Module, mode: ResourceMode) -> Vec<CompletionItem> {
    let resources = module.resources.iter().filter(|resource| resource.address.mode == mode);
    let types: BTreeSet<&str> = resources.map(|resource| resource.address.resource_type.as_str()).collect();
    types.into_iter().map(|name| plain(name, CompletionItemKind::CLASS, "")).collect()
}

fn resource_names(module: &Module, mode: ResourceMode, resource_type: &str) -> Vec<CompletionItem> {
    let resources = module.resources.iter().map(|resource| &resource.address);
    let wanted = resources.filter(|address| address.mode == mode && address.resource_type == resource_type);
    wanted.map(|address| plain(&address.name, CompletionItemKind::VARIABLE, resource_type)).collect()
}

fn in_object(
    mode: ResourceMode,
    resource_type: &str,
    path: &[&str],
    analysis: &mut Analysis,
) -> Vec<CompletionItem> {
    let Some(schema) = resource_schema(mode, resource_type, analysis) else { return Vec::new() };
    let mut found = attributes_of(schema.implied_type(), path);
    if path.is_empty() {
        for item in &mut found {
            if let Some(attribute) = schema.attribute(&item.label) {
                item.documentation = documentation(&attribute.description);
            }
        }
    }
    found
}

/// Returns the attributes of what a path into a type leads to; keys of collections are not part of the path.
fn attributes_of(ty: &Type, path: &[&str]) -> Vec<CompletionItem> {
    let mut ty = ty.clone();
    for name in path {
        match element(ty) {
            Type::Object(object) => match object.attribute(name) {
                Some(attribute) => ty = attribute.clone(),
                None => return Vec::new(),
            },
            _ => return Vec::new(),
        }
    }
    let Type::Object(object) = element(ty) else { return Vec::new() };
    let attributes = object.attributes().iter();
    attributes.map(|(name, ty)| plain(name, CompletionItemKind::FIELD, &ty.friendly_name())).collect()
}

fn element(ty: Type) -> Type {
    match ty {
        Type::List(inner) | Type::Set(inner) | Type::Map(inner) => element((*inner).clone()),
        other => other,
    }
}
