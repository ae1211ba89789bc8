//! Schemas and signatures of functions as `providers schema -json` and `metadata functions -json` write them.

use std::collections::BTreeMap;
use std::sync::Arc;

use terrane_language::functions::{Function, Parameter, Returns};
use terrane_model::encode_json::write_type_json;
use terrane_model::{
    Attribute, AttributeKind, Block, NestedBlock, Nesting, ProviderSource, Schema, Str, Type,
};
use terrane_provider::{FunctionParameter, FunctionSignature, ProviderSchemas};

use super::writer::{ObjectWriter, array};

/// Writes the schemas of providers.
pub fn provider_schemas_json(providers: &BTreeMap<ProviderSource, Arc<ProviderSchemas>>) -> String {
    let mut report = ObjectWriter::new();
    report.text("format_version", "1.0").raw("provider_schemas", &schemas_by_source(providers));
    report.finish()
}

/// Writes the schemas of providers by their sources.
pub fn schemas_by_source(providers: &BTreeMap<ProviderSource, Arc<ProviderSchemas>>) -> String {
    let mut by_source = ObjectWriter::new();
    for (source, schemas) in providers {
        by_source.raw(&source.to_string(), &schemas_json(schemas));
    }
    by_source.finish()
}

fn schemas_json(schemas: &ProviderSchemas) -> String {
    let mut json = ObjectWriter::new();
    let mut provider = ObjectWriter::new();
    provider.raw("version", "0").raw("block", &block_json(&schemas.provider));
    json.raw("provider", &provider.finish());
    let resources = schemas.resources.iter().map(|(name, resource)| (name, &resource.schema));
    raw_unless_empty(
        &mut json,
        "resource_schemas",
        resources.map(|(name, schema)| (name, schema_json(schema))),
    );
    let of = |schemas: &'_ BTreeMap<Str, Schema>| {
        schemas.iter().map(|(name, schema)| (name.clone(), schema_json(schema))).collect::<Vec<_>>()
    };
    let data = of(&schemas.data_sources);
    raw_unless_empty(
        &mut json,
        "data_source_schemas",
        data.iter().map(|(name, schema)| (name, schema.clone())),
    );
    let ephemeral = of(&schemas.ephemeral_resources);
    let ephemeral = ephemeral.iter().map(|(name, schema)| (name, schema.clone()));
    raw_unless_empty(&mut json, "ephemeral_resource_schemas", ephemeral);
    let actions = schemas.actions.iter().map(|(name, schema)| {
        let mut json = ObjectWriter::new();
        json.raw("block", &block_json(&schema.block));
        (name, json.finish())
    });
    raw_unless_empty(&mut json, "action_schemas", actions);
    let functions = schemas.functions.iter().map(|(name, function)| (name, provider_function_json(function)));
    raw_unless_empty(&mut json, "functions", functions);
    json.finish()
}

fn raw_unless_empty<'n>(
    json: &mut ObjectWriter,
    name: &str,
    entries: impl Iterator<Item = (&'n Str, String)>,
) {
    let mut object = ObjectWriter::new();
    let mut is_empty = true;
    for (entry, content) in entries {
        object.raw(entry, &content);
        is_empty = false;
    }
    if !is_empty {
        json.raw(name, &object.finish());
    }
}

fn schema_json(schema: &Schema) -> String {
    let mut json = ObjectWriter::new();
    json.raw("version", &schema.version.to_string()).raw("block", &block_json(&schema.block));
    json.finish()
}

fn block_json(block: &Block) -> String {
    let mut json = ObjectWriter::new();
    attributes_json(&mut json, block);
    let nested = block.block_types().iter().map(|(name, nested)| (name, nested_block_json(nested)));
    raw_unless_empty(&mut json, "block_types", nested);
    describe(&mut json, &block.description);
    if block.deprecated {
        json.raw("deprecated", "true");
    }
    json.finish()
}

fn attributes_json(json: &mut ObjectWriter, block: &Block) {
    let attributes = block.attributes().iter().map(|(name, attribute)| (name, attribute_json(attribute)));
    raw_unless_empty(json, "attributes", attributes);
}

fn describe(json: &mut ObjectWriter, description: &str) {
    if !description.is_empty() {
        json.text("description", description);
    }
    json.text("description_kind", "plain");
}

fn attribute_json(attribute: &Attribute) -> String {
    let mut json = ObjectWriter::new();
    match &attribute.kind {
        AttributeKind::Plain(ty) => {
            json.raw("type", &type_json(ty));
        }
        AttributeKind::Nested(nested) => {
            let mut nested_json = ObjectWriter::new();
            attributes_json(&mut nested_json, &nested.block);
            nested_json.text("nesting_mode", nesting_name(nested.nesting));
            json.raw("nested_type", &nested_json.finish());
        }
    }
    describe(&mut json, &attribute.description);
    for (name, is_set) in [
        ("deprecated", attribute.deprecated.is_some()),
        ("required", attribute.required),
        ("optional", attribute.optional),
        ("computed", attribute.computed),
        ("sensitive", attribute.sensitive),
        ("write_only", attribute.write_only),
    ] {
        if is_set {
            json.raw(name, "true");
        }
    }
    json.finish()
}

fn nested_block_json(nested: &NestedBlock) -> String {
    let mut json = ObjectWriter::new();
    json.text("nesting_mode", nesting_name(nested.nesting)).raw("block", &block_json(&nested.block));
    for (name, limit) in [("min_items", nested.min_items), ("max_items", nested.max_items)] {
        if limit > 0 {
            json.raw(name, &limit.to_string());
        }
    }
    json.finish()
}

fn nesting_name(nesting: Nesting) -> &'static str {
    match nesting {
        Nesting::Single => "single",
        Nesting::Group => "group",
        Nesting::List => "list",
        Nesting::Set => "set",
        Nesting::Map => "map",
    }
}

fn type_json(ty: &Type) -> String {
    let mut text = String::new();
    write_type_json(&mut text, ty);
    text
}

fn provider_function_json(function: &FunctionSignature) -> String {
    let mut json = ObjectWriter::new();
    for (name, text) in [
        ("description", &function.description),
        ("summary", &function.summary),
        ("deprecation_message", &function.deprecation),
    ] {
        if !text.is_empty() {
            json.text(name, text);
        }
    }
    json.raw("return_type", &type_json(&function.returns));
    let parameter = |parameter: &FunctionParameter| {
        parameter_json(&parameter.name, &parameter.description, parameter.allow_null, &parameter.ty)
    };
    if !function.parameters.is_empty() {
        json.raw("parameters", &array(function.parameters.iter().map(parameter)));
    }
    if let Some(variadic) = &function.variadic {
        json.raw("variadic_parameter", &parameter(variadic));
    }
    json.finish()
}

fn parameter_json(name: &str, description: &str, is_nullable: bool, ty: &Type) -> String {
    let mut json = ObjectWriter::new();
    json.text("name", name);
    if !description.is_empty() {
        json.text("description", description);
    }
    if is_nullable {
        json.raw("is_nullable", "true");
    }
    json.raw("type", &type_json(ty));
    json.finish()
}

/// Functions of which Terraform's signatures leave open what they return.
const OPEN_RETURNS: &[&str] = &["contains", "format", "formatlist", "index", "parseint", "sum"];

/// Parameters that take null although Terraform's signatures do not say so.
const SILENTLY_NULLABLE: &[(&str, &str)] = &[("contains", "value"), ("templatestring", "template")];

/// Functions that only say that they are no more, and that no list has.
const GONE: &[&str] = &["list", "map"];

/// Writes the signatures of the language's own functions, under their short names and those with a namespace.
pub fn function_signatures_json<'f>(functions: impl Iterator<Item = &'f Function>) -> String {
    let functions = functions.filter(|function| !GONE.contains(&function.name));
    let by_name: BTreeMap<String, &Function> = functions
        .flat_map(|function| {
            [function.name.to_owned(), format!("core::{}", function.name)].map(|name| (name, function))
        })
        .collect();
    let mut signatures = ObjectWriter::new();
    for (name, function) in by_name {
        signatures.raw(&name, &function_json(function));
    }
    let mut report = ObjectWriter::new();
    report.text("format_version", "1.0").raw("function_signatures", &signatures.finish());
    report.finish()
}

fn returned(function: &Function) -> Type {
    if OPEN_RETURNS.contains(&function.name) {
        return Type::Dynamic;
    }
    match function.returns {
        Returns::Always(ty) | Returns::Computed { shown: ty, .. } => ty.to_type(),
    }
}

fn function_json(function: &Function) -> String {
    let mut json = ObjectWriter::new();
    json.text("description", function.description);
    json.raw("return_type", &type_json(&returned(function)));
    let parameter = |parameter: &Parameter| {
        let is_silent = SILENTLY_NULLABLE.contains(&(function.name, parameter.name));
        let is_nullable = parameter.allow_null && !is_silent;
        parameter_json(parameter.name, "", is_nullable, &parameter.ty.to_type())
    };
    if !function.parameters.is_empty() {
        json.raw("parameters", &array(function.parameters.iter().map(parameter)));
    }
    if let Some(variadic) = &function.variadic {
        json.raw("variadic_parameter", &parameter(variadic));
    }
    json.finish()
}
