//! Schemas of real providers against what Terraform prints for them.
//!
//! The facts lie beside the repository; where they are absent, the comparison says so and does nothing.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value as Json, json};
use terrane_model::encode_json::write_type_json;
use terrane_model::{Attribute, AttributeKind, Block, Nesting, Schema, Str, Type};
use terrane_provider::{ProviderFactory, ProviderSchemas};
use terrane_provider_plugin::PluginFactory;

use crate::support::real_provider;

const PROVIDERS: [(&str, &str); 8] = [
    ("random", "provider-schemas/random.json"),
    ("local", "provider-schemas/local.json"),
    ("tls", "provider-schemas/tls.json"),
    ("time", "provider-schemas/time.json"),
    ("http", "provider-schemas/http.json"),
    ("kubernetes", "provider-schemas/kubernetes.json"),
    ("helm", "provider-schemas/helm.json"),
    ("azurerm", "azurerm-schema/azurerm-5.2-core.json"),
];

#[tokio::test]
async fn schemas_are_what_terraform_prints() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    for (name, file) in PROVIDERS {
        let Ok(text) = std::fs::read_to_string(shared.join(file)) else {
            eprintln!("skipped: there is no {file} to compare the schemas of {name} with");
            continue;
        };
        let Some(options) = real_provider(name) else { continue };
        let mut facts: Json = serde_json::from_str(&text).expect("the facts are JSON");
        if let Some(all) = facts.get_mut("provider_schemas") {
            facts = all[format!("registry.terraform.io/hashicorp/{name}")].take();
        }
        let provider = PluginFactory::new(options).start().expect("starting is put off");
        let schemas = provider.schemas().await.expect("the provider runs");
        let mut differences = Vec::new();
        compare(name, &facts, &to_json(&schemas), &mut differences);
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }
}

/// Compares what the facts have; they may leave out types, descriptions and schemas of later Terraform.
fn compare(place: &str, facts: &Json, ours: &Json, differences: &mut Vec<String>) {
    let (Json::Object(facts), Json::Object(ours)) = (facts, ours) else {
        if *facts != without_descriptions(ours) {
            differences.push(format!("{place}: {facts} became {ours}"));
        }
        return;
    };
    for (name, fact) in facts {
        let is_text = name.starts_with("description") || name == "deprecation_message" || name == "summary";
        if !is_text && !fact.is_null() {
            compare(&format!("{place}.{name}"), fact, ours.get(name).unwrap_or(&Json::Null), differences);
        }
    }
    let is_schema = facts.contains_key("type") || facts.contains_key("attributes");
    for name in ours.keys().filter(|name| is_schema && !facts.contains_key(*name)) {
        differences.push(format!("{place}.{name} is too much"));
    }
}

/// The facts of one provider have lost all that is called so, attributes of object types among it.
fn without_descriptions(ty: &Json) -> Json {
    match ty {
        Json::Array(parts) => parts.iter().map(without_descriptions).collect(),
        Json::Object(attributes) => {
            let kept = attributes.iter().filter(|(name, _)| *name != "description");
            Json::Object(kept.map(|(name, ty)| (name.clone(), without_descriptions(ty))).collect())
        }
        other => other.clone(),
    }
}

fn to_json(schemas: &ProviderSchemas) -> Json {
    let resources = schemas.resources.iter().map(|(name, resource)| (name, &resource.schema));
    let functions = schemas.functions.iter().map(|(name, function)| {
        let parameters = function.parameters.iter().map(|parameter| {
            let mut json = json!({"name": parameter.name.as_str(), "type": type_json(&parameter.ty)});
            if parameter.allow_null {
                json["is_nullable"] = true.into();
            }
            json
        });
        let parameters: Vec<Json> = parameters.collect();
        let mut json = json!({"return_type": type_json(&function.returns)});
        if !parameters.is_empty() {
            json["parameters"] = parameters.into();
        }
        (name.to_string(), json)
    });
    json!({
        "provider": {"version": 0, "block": block_json(&schemas.provider)},
        "resource_schemas": schemas_json(resources),
        "data_source_schemas": schemas_json(&schemas.data_sources),
        "ephemeral_resource_schemas": schemas_json(&schemas.ephemeral_resources),
        "functions": Json::Object(functions.collect()),
        "resource_identity_schemas": identities_json(schemas),
    })
}

fn schemas_json<'s>(schemas: impl IntoIterator<Item = (&'s Str, &'s Schema)>) -> Json {
    let schemas = schemas.into_iter().map(|(name, schema)| {
        (name.to_string(), json!({"version": schema.version, "block": block_json(&schema.block)}))
    });
    Json::Object(schemas.collect())
}

fn identities_json(schemas: &ProviderSchemas) -> Json {
    let identities = schemas.resources.iter().filter_map(|(name, resource)| {
        let identity = resource.identity.as_ref()?;
        let attributes = identity.attributes.iter().map(|(name, attribute)| {
            let mut json = Map::from_iter([("type".to_owned(), type_json(&attribute.ty))]);
            let required = attribute.required_for_import;
            json.insert(
                if required { "required_for_import" } else { "optional_for_import" }.into(),
                true.into(),
            );
            (name.to_string(), Json::Object(json))
        });
        let attributes = Json::Object(attributes.collect());
        Some((name.to_string(), json!({"version": identity.version, "attributes": attributes})))
    });
    Json::Object(identities.collect())
}

fn block_json(block: &Block) -> Json {
    let mut json = Map::new();
    if !block.attributes().is_empty() {
        json.insert("attributes".to_owned(), attributes_json(block));
    }
    let nested: BTreeMap<_, _> = block.block_types().iter().map(|(name, nested)| (name, nested)).collect();
    let nested = nested.into_iter().map(|(name, nested)| {
        let mut json = Map::new();
        json.insert("nesting_mode".to_owned(), nesting_json(nested.nesting));
        json.insert("block".to_owned(), block_json(&nested.block));
        for (limit, count) in [("min_items", nested.min_items), ("max_items", nested.max_items)] {
            if count > 0 {
                json.insert(limit.to_owned(), count.into());
            }
        }
        (name.to_string(), Json::Object(json))
    });
    let nested: Map<String, Json> = nested.collect();
    if !nested.is_empty() {
        json.insert("block_types".to_owned(), nested.into());
    }
    if block.deprecated {
        json.insert("deprecated".to_owned(), true.into());
    }
    json.into()
}

fn attributes_json(block: &Block) -> Json {
    let attributes = block.attributes().iter();
    Json::Object(attributes.map(|(name, attribute)| (name.to_string(), attribute_json(attribute))).collect())
}

fn attribute_json(attribute: &Attribute) -> Json {
    let mut json = Map::new();
    match &attribute.kind {
        AttributeKind::Plain(ty) => json.insert("type".to_owned(), type_json(ty)),
        AttributeKind::Nested(nested) => {
            let nesting_mode = nesting_json(nested.nesting);
            let nested = json!({"attributes": attributes_json(&nested.block), "nesting_mode": nesting_mode});
            json.insert("nested_type".to_owned(), nested)
        }
    };
    for (flag, is_set) in [
        ("required", attribute.required),
        ("optional", attribute.optional),
        ("computed", attribute.computed),
        ("sensitive", attribute.sensitive),
        ("write_only", attribute.write_only),
        ("deprecated", attribute.deprecated.is_some()),
    ] {
        if is_set {
            json.insert(flag.to_owned(), true.into());
        }
    }
    json.into()
}

fn type_json(ty: &Type) -> Json {
    let mut text = String::new();
    write_type_json(&mut text, ty);
    serde_json::from_str(&text).expect("types are written as JSON")
}

fn nesting_json(nesting: Nesting) -> Json {
    match nesting {
        Nesting::Single => "single",
        Nesting::Group => "group",
        Nesting::List => "list",
        Nesting::Set => "set",
        Nesting::Map => "map",
    }
    .into()
}
