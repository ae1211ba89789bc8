//! The schemas against those of the providers that they stand for.

use std::path::Path;

use serde_json::Value as Json;
use terrane_model::{Block, Nesting, encode_json};

use crate::support::{Folder, start};

/// Returns the differences between a stored schema and ours; what ours has more is fine.
fn differences(theirs: &Json, ours: &Block, at: &str, found: &mut Vec<String>) {
    for (name, attribute) in theirs["attributes"].as_object().into_iter().flatten() {
        let Some(our) = ours.attribute(name) else {
            found.push(format!("{at}.{name} is missing"));
            continue;
        };
        let mut ty = String::new();
        encode_json::write_type_json(&mut ty, &our.ty());
        if serde_json::from_str::<Json>(&ty).unwrap() != attribute["type"] {
            found.push(format!("{at}.{name} has the type {ty}"));
        }
        let flag = |name: &str| attribute[name].as_bool().unwrap_or(false);
        let theirs = (flag("required"), flag("optional"), flag("computed"), flag("sensitive"));
        if theirs != (our.required, our.optional, our.computed, our.sensitive) {
            found.push(format!("{at}.{name} has other flags"));
        }
    }
    for (name, block) in theirs["block_types"].as_object().into_iter().flatten() {
        let Some(our) = ours.block_type(name) else {
            found.push(format!("{at}.{name} is missing"));
            continue;
        };
        let nesting = if our.nesting == Nesting::List { "list" } else { "single" };
        if block["nesting_mode"] != nesting
            || block["max_items"].as_u64().unwrap_or(0) != our.max_items as u64
        {
            found.push(format!("{at}.{name} is nested differently"));
        }
        differences(&block["block"], &our.block, &format!("{at}.{name}"), found);
    }
}

#[tokio::test]
async fn nothing_of_the_kind_providers_schema_is_missing() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/provider-schemas/kind.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: there is no {}", path.display());
        return;
    };
    let stored: Json = serde_json::from_str(&text).unwrap();
    let provider = stored["provider_schemas"].as_object().unwrap().values().next().unwrap();
    let schemas = start("kind", &Folder::new("schemas")).schemas().await.unwrap();
    let mut found = Vec::new();
    for (name, schema) in provider["resource_schemas"].as_object().unwrap() {
        differences(&schema["block"], &schemas.resources[name.as_str()].schema.block, name, &mut found);
    }
    assert_eq!(found, Vec::<String>::new());
}
