//! Every schema against that of the provider whose source it stands for.
//!
//! The facts lie beside the repository; where they are absent, the comparison says so and does nothing.

use std::path::PathBuf;

use serde_json::{Map, Value as Json, json};
use terrane_model::{AttributeKind, Block, Nesting, Schema, Type, encode_json};

use crate::support::{PROVIDERS, start};

#[tokio::test]
async fn schemas_are_those_of_the_providers_they_stand_for() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/provider-schemas");
    for name in PROVIDERS {
        let Ok(text) = std::fs::read_to_string(folder.join(format!("{name}.json"))) else {
            println!("schemas of {name} are not compared: {} has none", folder.display());
            continue;
        };
        let facts: Json = serde_json::from_str(&text).expect("the facts are JSON");
        let facts = &facts["provider_schemas"][format!("registry.terraform.io/hashicorp/{name}")];
        let ours = start(name).schemas().await.unwrap();
        let resources = ours.resources.iter().map(|(name, resource)| (name, &resource.schema));
        let functions = ours.functions.iter().map(|(name, function)| {
            let parameters = function.parameters.iter();
            let parameters: Vec<Json> =
                parameters.map(|p| json!({"name": p.name.as_str(), "type": type_json(&p.ty)})).collect();
            let function = json!({"parameters": parameters, "return_type": type_json(&function.returns)});
            (name.to_string(), function)
        });
        let mut all = Map::new();
        all.insert("provider".into(), json!({"version": 0, "block": block_json(&ours.provider)}));
        all.insert("resource_schemas".into(), schemas_json(resources));
        all.insert("data_source_schemas".into(), schemas_json(&ours.data_sources));
        all.insert("ephemeral_resource_schemas".into(), schemas_json(&ours.ephemeral_resources));
        all.insert("functions".into(), Json::Object(functions.collect()));
        for (part, ours) in all {
            let theirs = facts.get(&part).cloned().unwrap_or_else(|| json!({}));
            if ours != theirs {
                let pretty = |json| serde_json::to_string_pretty(json).unwrap();
                similar_asserts(&format!("{name} {part}"), &pretty(&theirs), &pretty(&ours));
            }
        }
    }
}

/// Fails with the lines that differ.
fn similar_asserts(what: &str, theirs: &str, ours: &str) {
    let (their_lines, our_lines): (Vec<_>, Vec<_>) = (theirs.lines().collect(), ours.lines().collect());
    let missing: Vec<_> = their_lines.iter().filter(|line| !our_lines.contains(line)).collect();
    let surplus: Vec<_> = our_lines.iter().filter(|line| !their_lines.contains(line)).collect();
    panic!("{what} differs: missing {missing:#?}, surplus {surplus:#?}\n{ours}");
}

fn schemas_json<'s, N: ToString>(schemas: impl IntoIterator<Item = (N, &'s Schema)>) -> Json {
    let schemas = schemas.into_iter().map(|(name, schema)| {
        (name.to_string(), json!({"version": schema.version, "block": block_json(&schema.block)}))
    });
    Json::Object(schemas.collect())
}

fn block_json(block: &Block) -> Json {
    let mut json = Map::new();
    let attributes = block.attributes().iter().map(|(name, attribute)| {
        let AttributeKind::Plain(ty) = &attribute.kind else { panic!("{name} is a plain attribute") };
        let mut json = json!({"type": type_json(ty)});
        let flags = [
            ("required", attribute.required),
            ("optional", attribute.optional),
            ("computed", attribute.computed),
            ("sensitive", attribute.sensitive),
            ("write_only", attribute.write_only),
            ("deprecated", attribute.deprecated.is_some()),
        ];
        for (flag, _) in flags.into_iter().filter(|(_, set)| *set) {
            json[flag] = true.into();
        }
        (name.to_string(), json)
    });
    let attributes: Map<String, Json> = attributes.collect();
    if !attributes.is_empty() {
        json.insert("attributes".into(), attributes.into());
    }
    let block_types = block.block_types().iter().map(|(name, nested)| {
        let nesting = match nested.nesting {
            Nesting::Single => "single",
            Nesting::Group => "group",
            Nesting::List => "list",
            Nesting::Set => "set",
            Nesting::Map => "map",
        };
        (name.to_string(), json!({"nesting_mode": nesting, "block": block_json(&nested.block)}))
    });
    let block_types: Map<String, Json> = block_types.collect();
    if !block_types.is_empty() {
        json.insert("block_types".into(), block_types.into());
    }
    if block.deprecated {
        json.insert("deprecated".into(), true.into());
    }
    json.into()
}

fn type_json(ty: &Type) -> Json {
    let mut text = String::new();
    encode_json::write_type_json(&mut text, ty);
    serde_json::from_str(&text).expect("types are written as JSON")
}
