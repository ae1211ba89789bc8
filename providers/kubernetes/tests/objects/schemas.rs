//! Every schema against that of the provider whose source it stands for.
//!
//! The facts lie beside the repository; where they are absent, the comparison says so and does nothing.

use std::path::PathBuf;

use serde_json::{Map, Value as Json, json};
use terrane_model::{AttributeKind, Block, Nesting, ProviderSource, Schema, Type, encode_json};
use terrane_provider::ProviderSchemas;
use terrane_provider_kubernetes::{KubernetesOptions, kubernetes_factories};

/// What the providers have and this crate does not: what clusters do not serve any more, and what is hardly used.
const LEFT_OUT: [&str; 7] = [
    "kubernetes_certificate_signing_request",
    "kubernetes_env",
    "kubernetes_ingress",
    "kubernetes_node_taint",
    "kubernetes_replication_controller",
    "kubernetes_replication_controller_v1",
    "kubernetes_validating_admission_policy_v1",
];

/// What this crate has and the providers do not.
const ADDED: [&str; 1] = ["resource helm_release.block.attributes.upgrade_crds"];

/// What is still to be built; each leaves this list when it is.
const NOT_YET: [&str; 0] = [];

#[tokio::test]
async fn schemas_are_those_of_the_provider_they_stand_for() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/provider-schemas");
    for name in ["kubernetes", "helm"] {
        let Ok(text) = std::fs::read_to_string(folder.join(format!("{name}.json"))) else {
            println!("schemas of {name} are not compared: {} has none", folder.display());
            continue;
        };
        let facts: Json = serde_json::from_str(&text).expect("the facts are JSON");
        let facts = &facts["provider_schemas"][format!("registry.terraform.io/hashicorp/{name}")];
        let ours = schemas(name).await;
        let mut wrong = Vec::new();
        compare("provider", Some(&facts["provider"]["block"]), &block_json(&ours.provider), &mut wrong);
        let resources = ours.resources.iter().map(|(name, resource)| (name.as_str(), &resource.schema));
        compare_all("resource", &facts["resource_schemas"], resources, &mut wrong);
        let sources = ours.data_sources.iter().map(|(name, schema)| (name.as_str(), schema));
        compare_all("data", &facts["data_source_schemas"], sources, &mut wrong);
        wrong.retain(|place: &String| !ADDED.iter().any(|added| place.starts_with(added)));
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

async fn schemas(name: &str) -> std::sync::Arc<ProviderSchemas> {
    let source = ProviderSource::implied(name);
    let factories = kubernetes_factories(KubernetesOptions::default());
    let (_, factory) =
        factories.into_iter().find(|(candidate, _)| *candidate == source).expect("there is one");
    factory.start().expect("it starts").schemas().await.expect("it has schemas")
}

fn compare_all<'s>(
    what: &str,
    facts: &Json,
    ours: impl Iterator<Item = (&'s str, &'s Schema)>,
    wrong: &mut Vec<String>,
) {
    let mut missing: Vec<&String> = facts.as_object().expect("schemas have names").keys().collect();
    for (name, schema) in ours {
        missing.retain(|candidate| *candidate != name);
        let ours = json!({"version": schema.version, "block": block_json(&schema.block)});
        compare(&format!("{what} {name}"), facts.get(name), &ours, wrong);
    }
    missing.retain(|name| !LEFT_OUT.contains(&name.as_str()));
    let missing: Vec<String> = missing.iter().map(|name| format!("{what} {name}")).collect();
    let of_this_kind =
        NOT_YET.iter().filter(|name| name.split(' ').next() == Some(what) && what_is_kubernetes(facts));
    wrong.extend(
        of_this_kind
            .filter(|name| !missing.iter().any(|missing| missing == *name))
            .map(|name| format!("{name} is there: take it off the list of what is not yet")),
    );
    let forgotten = missing.iter().filter(|name| !NOT_YET.contains(&name.as_str()));
    wrong.extend(forgotten.map(|name| format!("{name} is missing")));
}

fn what_is_kubernetes(facts: &Json) -> bool {
    facts.as_object().is_some_and(|names| names.keys().all(|name| name.starts_with("kubernetes_")))
}

/// Notes every place where two schemas differ.
fn compare(path: &str, theirs: Option<&Json>, ours: &Json, wrong: &mut Vec<String>) {
    match (theirs, ours) {
        (Some(Json::Object(theirs)), Json::Object(ours)) => {
            let names = theirs.keys().chain(ours.keys().filter(|name| !theirs.contains_key(*name)));
            for name in names {
                let path = format!("{path}.{name}");
                compare(&path, theirs.get(name), ours.get(name).unwrap_or(&Json::Null), wrong);
            }
        }
        (theirs, ours) if theirs.unwrap_or(&Json::Null) == ours => {}
        (theirs, ours) => {
            wrong.push(format!("{path}: theirs {}, ours {ours}", theirs.unwrap_or(&Json::Null)));
        }
    }
}

fn block_json(block: &Block) -> Json {
    let mut json = Map::new();
    let attributes = block.attributes().iter().map(|(name, attribute)| {
        let mut json = match &attribute.kind {
            AttributeKind::Plain(ty) => json!({"type": type_json(ty)}),
            AttributeKind::Nested(nested) => {
                let mut inner = block_json(&nested.block);
                inner["nesting_mode"] = nesting_json(nested.nesting);
                json!({ "nested_type": inner })
            }
        };
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
        let mut json =
            json!({"nesting_mode": nesting_json(nested.nesting), "block": block_json(&nested.block)});
        for (limit, count) in [("min_items", nested.min_items), ("max_items", nested.max_items)] {
            if count > 0 {
                json[limit] = count.into();
            }
        }
        (name.to_string(), json)
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

fn nesting_json(nesting: Nesting) -> Json {
    let name = match nesting {
        Nesting::Single => "single",
        Nesting::Group => "group",
        Nesting::List => "list",
        Nesting::Set => "set",
        Nesting::Map => "map",
    };
    name.into()
}

fn type_json(ty: &Type) -> Json {
    let mut text = String::new();
    encode_json::write_type_json(&mut text, ty);
    serde_json::from_str(&text).expect("types are written as JSON")
}
