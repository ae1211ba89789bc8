//! The tables against azurerm's own schemas, where a copy of those is at hand (`../shared`, beside the
//! repository).

use std::path::PathBuf;

use serde_json::Value as Json;
use terrane_model::encode_json::{write_simple_json, write_type_json};
use terrane_model::{Attribute, Block, Nesting, Type, Value};

use crate::schema::{block_schema, schema};
use crate::table::{ActionTimes, Argument, Catalog, Generation, Presence, Relation, ResourceTable, Shape};

/// Types of the catalog that the shared schemas leave out.
const BEYOND: &[&str] = &["azurerm_public_ips"];

struct Reference {
    schemas: Json,
    rules: Json,
}

fn reference(generation: Generation) -> Option<Reference> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/azurerm-schema");
    let version = match generation {
        Generation::V4 => "4.81",
        Generation::V5 => "5.2",
    };
    let read = |name: String| -> Option<Json> {
        serde_json::from_str(&std::fs::read_to_string(folder.join(name)).ok()?).ok()
    };
    Some(Reference {
        schemas: read(format!("azurerm-{version}-core.json"))?,
        rules: read(format!("azurerm-{version}-core-rules.json"))?,
    })
}

fn for_each_generation(check: impl Fn(Generation, &Reference, &mut Vec<String>)) {
    for generation in [Generation::V4, Generation::V5] {
        let Some(reference) = reference(generation) else {
            println!("../shared/azurerm-schema is absent: schemas are not compared");
            return;
        };
        let mut findings = Vec::new();
        check(generation, &reference, &mut findings);
        assert!(findings.is_empty(), "{generation:?}:\n{}", findings.join("\n"));
    }
}

#[test]
fn schemas_are_those_of_azurerm() {
    for_each_generation(|generation, reference, findings| {
        let catalog = Catalog::of(generation);
        compare_block(
            "provider",
            &block_schema(&catalog.provider),
            &reference.schemas["provider"]["block"],
            findings,
        );
        for (tables, key) in
            [(&catalog.resources, "resource_schemas"), (&catalog.data_sources, "data_source_schemas")]
        {
            for (name, table) in tables {
                if BEYOND.contains(&name.as_str()) {
                    continue;
                }
                let Some(theirs) = reference.schemas[key].get(name.as_str()) else {
                    findings.push(format!("{name} ({key}) is not in the reference"));
                    continue;
                };
                let ours = schema(table);
                if theirs["version"].as_i64() != Some(ours.version) {
                    findings.push(format!("{name}: version {} is {}", ours.version, theirs["version"]));
                }
                compare_block(name, &ours.block, &theirs["block"], findings);
            }
        }
    });
}

#[test]
fn every_type_of_the_reference_is_there() {
    for_each_generation(|generation, reference, findings| {
        let catalog = Catalog::of(generation);
        for (tables, key) in
            [(&catalog.resources, "resource_schemas"), (&catalog.data_sources, "data_source_schemas")]
        {
            let names =
                reference.schemas[key].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
            let missing = names.filter(|name| !tables.contains_key(*name));
            findings.extend(missing.map(|name| format!("{name} ({key}) has no table")));
        }
    });
}

fn compare_block(path: &str, ours: &Block, theirs: &Json, findings: &mut Vec<String>) {
    let empty = serde_json::Map::new();
    let attributes = theirs["attributes"].as_object().unwrap_or(&empty);
    for (name, attribute) in ours.attributes() {
        match attributes.get(name.as_str()) {
            Some(theirs) => compare_attribute(&format!("{path}.{name}"), attribute, theirs, findings),
            // The reference has left out everything named so, the arguments along with the documentation.
            None if name == "description" => {}
            None => findings.push(format!("{path}.{name} is no attribute")),
        }
    }
    let blocks = theirs["block_types"].as_object().unwrap_or(&empty);
    for (name, nested) in ours.block_types() {
        let path = format!("{path}.{name}");
        let Some(theirs) = blocks.get(name.as_str()) else {
            findings.push(format!("{path} is no block"));
            continue;
        };
        let nesting = match nested.nesting {
            Nesting::Single => "single",
            Nesting::Set => "set",
            _ => "list",
        };
        let count = |key: &str| theirs[key].as_u64().unwrap_or(0);
        // What the reference says of the provider block leaves counts out.
        let counts = |items: usize| if path.starts_with("provider.") { 0 } else { items as u64 };
        let ours = (nesting, counts(nested.min_items), counts(nested.max_items));
        let wanted =
            (theirs["nesting_mode"].as_str().unwrap_or_default(), count("min_items"), count("max_items"));
        if ours != wanted {
            findings.push(format!("{path}: nesting {ours:?} is {wanted:?}"));
        }
        compare_block(&path, &nested.block, &theirs["block"], findings);
    }
    let missing = attributes.keys().filter(|name| ours.attribute(name).is_none());
    findings.extend(missing.map(|name| format!("{path}.{name} is missing")));
    let missing = blocks.keys().filter(|name| ours.block_type(name).is_none());
    findings.extend(missing.map(|name| format!("{path}.{name} block is missing")));
}

fn compare_attribute(path: &str, ours: &Attribute, theirs: &Json, findings: &mut Vec<String>) {
    let mut ty = String::new();
    write_type_json(&mut ty, &ours.ty());
    let ours_type = serde_json::from_str::<Json>(&ty).map(without_descriptions).ok();
    if ours_type.as_ref() != Some(&theirs["type"]) {
        findings.push(format!("{path}: type {ty} is {}", theirs["type"]));
    }
    let flags = [
        ("required", ours.required),
        ("optional", ours.optional),
        ("computed", ours.computed),
        ("sensitive", ours.sensitive),
        ("write_only", ours.write_only),
    ];
    for (flag, ours) in flags {
        let wanted = theirs[flag].as_bool().unwrap_or(false);
        if ours != wanted {
            findings.push(format!("{path}: {flag} {ours} is {wanted}"));
        }
    }
}

fn without_descriptions(ty: Json) -> Json {
    match ty {
        Json::Array(parts) => parts.into_iter().map(without_descriptions).collect(),
        Json::Object(attributes) => attributes
            .into_iter()
            .filter(|(name, _)| name != "description")
            .map(|(name, ty)| (name, without_descriptions(ty)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other,
    }
}

#[test]
fn replacement_defaults_and_timeouts_are_those_of_azurerm() {
    for_each_generation(|generation, reference, findings| {
        let catalog = Catalog::of(generation);
        for (tables, key) in [(&catalog.resources, "resources"), (&catalog.data_sources, "data_sources")] {
            for (name, table) in tables {
                let rules = &reference.rules[key][name.as_str()];
                // The reference has no rules for the two types that are gone in version 5.
                if rules.is_null() {
                    continue;
                }
                compare_timeouts(name, table, &rules["timeouts"], findings);
                compare_rules(name, &table.arguments, &rules["schema"], findings);
            }
        }
        compare_rules("provider", &catalog.provider, &reference.rules["provider"], findings);
    });
}

fn compare_timeouts(name: &str, table: &ResourceTable, theirs: &Json, findings: &mut Vec<String>) {
    let ActionTimes { create, read, update, delete } = table.timeouts;
    for (action, ours) in [("create", create), ("read", read), ("update", update), ("delete", delete)] {
        let wanted = theirs[action].as_str().and_then(crate::table::parse_duration);
        if ours != wanted {
            findings.push(format!("{name}: {action} timeout {ours:?} is {wanted:?}"));
        }
    }
}

fn compare_rules(path: &str, ours: &[Argument], theirs: &Json, findings: &mut Vec<String>) {
    for name in theirs.as_object().into_iter().flatten().map(|(name, _)| name) {
        if crate::table::argument::find(ours, name).is_none() {
            findings.push(format!("{path}.{name} is missing"));
        }
    }
    for argument in ours {
        let path = format!("{path}.{}", argument.name);
        let rules = &theirs[argument.name.as_str()];
        if rules.is_null() {
            continue;
        }
        let replaces = rules["force_new"].as_bool().unwrap_or(false);
        if argument.replaces != replaces {
            findings.push(format!("{path}: replaces {} is {replaces}", argument.replaces));
        }
        compare_default(&path, argument, &rules["default"], findings);
        compare_relations(&path, argument, rules, findings);
        let count = |key: &str| rules[key].as_u64().unwrap_or(0);
        let (min, max) = (count("min_items"), count("max_items"));
        let implied = argument.presence == Presence::Required && argument.block().is_some();
        if argument.is_configurable()
            && (argument.max_items as u64 != max || (argument.min_items as u64 != min && !implied))
        {
            findings.push(format!(
                "{path}: items {}..{} is {min}..{max}",
                argument.min_items, argument.max_items
            ));
        }
        if let Shape::Blocks(block) = &argument.shape {
            compare_rules(&path, &block.arguments, &rules["block"], findings);
        }
    }
}

fn compare_default(path: &str, argument: &Argument, theirs: &Json, findings: &mut Vec<String>) {
    let ours = argument.default.as_ref().map(to_json);
    let same = match (&ours, theirs) {
        (None, Json::Null) => true,
        (Some(Json::Number(ours)), Json::Number(theirs)) => ours.as_f64() == theirs.as_f64(),
        (Some(ours), theirs) => ours == theirs,
        _ => false,
    };
    if !same {
        findings.push(format!("{path}: default {ours:?} is {theirs}"));
    }
}

fn to_json(value: &Value) -> Json {
    let mut text = String::new();
    write_simple_json(&mut text, value).expect("defaults are known");
    serde_json::from_str(&text).expect("our own JSON")
}

/// Relations have to be there; which side speaks and how paths are written is ours.
fn compare_relations(path: &str, argument: &Argument, rules: &Json, findings: &mut Vec<String>) {
    let has = |wanted: fn(&Relation) -> bool| argument.relations.iter().any(wanted);
    let kinds: [(&str, bool); 4] = [
        ("conflicts_with", has(|relation| matches!(relation, Relation::ConflictsWith(_)))),
        ("exactly_one_of", has(|relation| matches!(relation, Relation::ExactlyOneOf(_)))),
        ("at_least_one_of", has(|relation| matches!(relation, Relation::AtLeastOneOf(_)))),
        ("required_with", has(|relation| matches!(relation, Relation::RequiredWith(_)))),
    ];
    for (key, ours) in kinds {
        let own = path.split_once('.').map_or(path, |(_, rest)| rest);
        let others = rules[key].as_array().is_some_and(|names| {
            names.iter().filter_map(Json::as_str).any(|name| name.replace(".0.", ".") != own)
        });
        if ours != others {
            findings.push(format!("{path}: {key} {ours} is {others}"));
        }
    }
}

#[test]
fn patterns_and_types_of_tables_are_sound() {
    fn check(path: &str, arguments: &[Argument], findings: &mut Vec<String>) {
        for argument in arguments {
            let path = format!("{path}.{}", argument.name);
            for check in &argument.checks {
                if !check.is_sound() {
                    findings.push(format!("{path}: unsound {check:?}"));
                }
            }
            if argument.ty() == Type::Dynamic {
                findings.push(format!("{path}: no type"));
            }
            if let Some(block) = argument.block() {
                check_inner(&path, &block.arguments, findings);
            }
        }
    }
    fn check_inner(path: &str, arguments: &[Argument], findings: &mut Vec<String>) {
        check(path, arguments, findings);
    }
    for generation in [Generation::V4, Generation::V5] {
        let catalog = Catalog::of(generation);
        let mut findings = Vec::new();
        for (name, table) in catalog.resources.iter().chain(&catalog.data_sources) {
            check(name, &table.arguments, &mut findings);
        }
        assert!(findings.is_empty(), "{}", findings.join("\n"));
    }
}
