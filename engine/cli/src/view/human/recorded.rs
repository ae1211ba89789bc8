//! Plans that Terraform has rendered, rendered again from their JSON form.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value as Json;
use terrane_model::encode_json::{type_from_json, value_from_json};
use terrane_model::{
    Attribute, AttributeKind, AttributePath, Block, IndexKey, NestedAttributes, NestedBlock, Nesting,
    PathStep, ProviderConfigAddress, ProviderSource, ResourceAddress, ResourceInstanceAddress, ResourceMode,
    Schema, Str, Type, Value,
};
use terrane_plan::prior_objects::PriorObject;
use terrane_plan::{Action, ActionReason, Change, Importing, OutputChange, Plan, PlanMode, ResourceChange};
use terrane_provider::ImportTarget;
use terrane_state::{ObjectState, ObjectStatus};

use super::paint::Paint;
use super::plan::render;
use super::plan_actions::PlannedActions;

const PAINT: Paint = Paint { color: false, columns: 78 };

/// Schemas by mode and resource type.
type Schemas = BTreeMap<(ResourceMode, String), Schema>;

#[test]
fn recorded_plans_are_rendered_as_terraform_renders_them() {
    let schemas = read_schemas(&serde_json::from_str(&read("schemas.json")).unwrap());
    let plans = read("plans.jsonl");
    let cases = plans.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
    let mut wrong = Vec::new();
    for case in cases {
        let want = as_ours(case["text"].as_str().unwrap());
        let (want, got) = (unwrapped(&want), unwrapped(&render_case(&case, &schemas)));
        if got != want {
            wrong.push(format!("{}: {}", case["name"], first_difference(&want, &got)));
        }
    }
    assert!(plans.lines().count() > 100);
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong[..wrong.len().min(12)].join("\n\n"));
}

#[test]
fn recorded_states_are_rendered_as_terraform_renders_them() {
    let schemas = read_schemas(&serde_json::from_str(&read("schemas.json")).unwrap());
    for line in read("states.jsonl").lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        let state = terrane_state::read_state(case["state"].as_str().unwrap().as_bytes()).unwrap();
        let schema_of = |resource: &ResourceAddress, _: &terrane_state::ResourceState| {
            schemas.get(&(resource.mode, resource.resource_type.to_string()))
        };
        let objects = state.objects().map(|(address, deposed, resource, object)| {
            let schema = schema_of(&address.resource, resource).unwrap();
            ((address, deposed.cloned()), read_object(object, schema))
        });
        let got = super::state::render(&state, &objects.collect(), &schema_of, PAINT);
        assert_eq!(got, case["text"].as_str().unwrap(), "{}", case["name"]);
    }
}

fn read_object(object: &ObjectState, schema: &Schema) -> PriorObject {
    PriorObject {
        value: value_from_json(&object.attributes, schema.block.implied_type()).unwrap(),
        sensitive: object.sensitive_attributes.clone(),
        private: Vec::new(),
        tainted: object.status == ObjectStatus::Tainted,
        dependencies: Arc::from([]),
        create_before_destroy: false,
        schema_version: 0,
        identity: None,
    }
}

fn as_ours(text: &str) -> String {
    text.replace("Terraform", "Terrane").replace("\"terraform ", "\"terrane ")
}

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/view/human/recorded").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// Joins the lines of paragraphs: the two names are not of one length, so that lines break at other places.
fn unwrapped(text: &str) -> String {
    let mut joined = String::new();
    let mut is_open = false;
    for line in text.trim().lines() {
        let is_text = !line.is_empty() && !line.starts_with(' ');
        joined.push_str(match (is_open && is_text, joined.is_empty()) {
            (true, _) => " ",
            (false, true) => "",
            (false, false) => "\n",
        });
        joined.push_str(line);
        is_open = is_text;
    }
    joined
}

fn first_difference(want: &str, got: &str) -> String {
    let (want, got): (Vec<&str>, Vec<&str>) = (want.trim().lines().collect(), got.trim().lines().collect());
    let at = want.iter().zip(&got).take_while(|(a, b)| a == b).count();
    let heading = want[..at].iter().rev().find(|line| line.starts_with("  # ")).unwrap_or(&"");
    let part =
        |lines: &[&str]| lines[at.saturating_sub(6).min(lines.len())..(at + 8).min(lines.len())].join("\n");
    format!("line {at} in {heading}\n--- want\n{}\n--- got\n{}", part(&want), part(&got))
}

fn render_case(case: &Json, schemas: &Schemas) -> String {
    let plan = read_plan(&case["plan"], case["mode"].as_str().unwrap(), schemas);
    let schema_of = |change: &ResourceChange| {
        let resource = &change.address.resource;
        schemas.get(&(resource.mode, resource.resource_type.to_string()))
    };
    render(&plan, &schema_of, &PlannedActions::new(&plan, &|_| None, PAINT), PAINT)
}

fn read_schemas(json: &Json) -> Schemas {
    let mut schemas = Schemas::new();
    for (field, mode) in [("managed", ResourceMode::Managed), ("data", ResourceMode::Data)] {
        for (name, block) in json[field].as_object().unwrap() {
            let block = Arc::new(read_block(block));
            schemas.insert((mode, name.clone()), Schema { version: 0, block });
        }
    }
    schemas
}

fn read_block(json: &Json) -> Block {
    let fields = |field: &str| json[field].as_object().into_iter().flatten();
    let attributes =
        fields("attributes").map(|(name, attribute)| (Str::from(name.as_str()), read_attribute(attribute)));
    let blocks = fields("block_types").map(|(name, nested)| {
        let block = Arc::new(read_block(&nested["block"]));
        let nested =
            NestedBlock { nesting: nesting(&nested["nesting_mode"]), block, min_items: 0, max_items: 0 };
        (Str::from(name.as_str()), nested)
    });
    Block::new(attributes.collect::<Vec<_>>(), blocks.collect::<Vec<_>>())
}

fn read_attribute(json: &Json) -> Attribute {
    let flag = |name: &str| json[name].as_bool().unwrap_or(false);
    let kind = match json.get("nested_type") {
        Some(nested) => AttributeKind::Nested(NestedAttributes {
            nesting: nesting(&nested["nesting_mode"]),
            block: Arc::new(read_block(nested)),
            accepts_blocks: false,
        }),
        None => AttributeKind::Plain(type_from_json(&json["type"].to_string()).unwrap()),
    };
    Attribute {
        kind,
        required: flag("required"),
        optional: flag("optional"),
        computed: flag("computed"),
        sensitive: flag("sensitive"),
        write_only: flag("write_only"),
        ..Attribute::computed(Type::String)
    }
}

fn nesting(json: &Json) -> Nesting {
    match json.as_str().unwrap() {
        "single" => Nesting::Single,
        "group" => Nesting::Group,
        "list" => Nesting::List,
        "set" => Nesting::Set,
        _ => Nesting::Map,
    }
}

fn read_plan(json: &Json, mode: &str, schemas: &Schemas) -> Plan {
    let changes = |field: &str| -> Vec<ResourceChange> {
        json[field].as_array().into_iter().flatten().map(|change| read_change(change, schemas)).collect()
    };
    let outputs = json["output_changes"].as_object().into_iter().flatten();
    let relevant = json["relevant_attributes"].as_array().into_iter().flatten();
    Plan {
        mode: match mode {
            "destroy" => PlanMode::Destroy,
            "refresh-only" => PlanMode::RefreshOnly,
            _ => PlanMode::Normal,
        },
        resource_changes: changes("resource_changes"),
        resource_drift: changes("resource_drift"),
        action_invocations: Vec::new(),
        invoke: None,
        output_changes: outputs
            .map(|(name, change)| (name.as_str().into(), read_output(name, change)))
            .collect(),
        variables: BTreeMap::new(),
        ephemeral_variables: Vec::new(),
        targets: Vec::new(),
        excludes: Vec::new(),
        force_replace: Vec::new(),
        previous_state: terrane_state::StateSnapshot::default(),
        prior_state: terrane_state::StateSnapshot::default(),
        checks: Vec::new(),
        relevant_attributes: relevant
            .map(|entry| (address(&entry["resource"]), read_path(&entry["attribute"])))
            .collect(),
        falling: BTreeMap::new(),
        added_order: terrane_plan::AddedOrder::default(),
        timestamp: String::new(),
        errored: json["errored"].as_bool().unwrap_or(false),
    }
}

fn address(json: &Json) -> ResourceInstanceAddress {
    ResourceInstanceAddress::parse(json.as_str().unwrap()).unwrap()
}

fn read_output(name: &str, json: &Json) -> OutputChange {
    let sensitive = json["before_sensitive"] == true || json["after_sensitive"] == true;
    let change = read_values(json, &Type::Dynamic, Action::NoOp);
    OutputChange { name: name.into(), change, sensitive }
}

fn read_change(json: &Json, schemas: &Schemas) -> ResourceChange {
    let address = address(&json["address"]);
    let change = &json["change"];
    let schema = &schemas[&(address.resource.mode, address.resource.resource_type.to_string())];
    let actions: Vec<&str> =
        change["actions"].as_array().unwrap().iter().map(|action| action.as_str().unwrap()).collect();
    let action = match actions.as_slice() {
        ["create"] => Action::Create,
        ["read"] => Action::Read,
        ["update"] => Action::Update,
        ["delete"] => Action::Delete,
        ["delete", "create"] => Action::DeleteThenCreate,
        ["create", "delete"] => Action::CreateThenDelete,
        ["forget"] => Action::Forget,
        ["create", "forget"] => Action::CreateThenForget,
        _ => Action::NoOp,
    };
    let previous = json.get("previous_address").map_or_else(|| address.clone(), self::address);
    let importing = change.get("importing").map(|importing| Importing {
        target: ImportTarget::Id(importing["id"].as_str().unwrap_or_default().into()),
    });
    ResourceChange {
        previous_address: previous,
        deposed: json["deposed"].as_str().map(Into::into),
        provider_config: ProviderConfigAddress {
            module: terrane_model::ModulePath::root(),
            provider: ProviderSource::parse("hashicorp/oracle").unwrap(),
            alias: None,
            key: None,
        },
        change: read_values(change, schema.block.implied_type(), action),
        reason: json["action_reason"].as_str().and_then(ActionReason::parse),
        required_replace: change["replace_paths"].as_array().into_iter().flatten().map(read_path).collect(),
        private: Vec::new(),
        schema_version: 0,
        create_before_destroy: false,
        importing,
        generated_config: change["generated_config"].as_str().map(Into::into),
        identity: None,
        address,
    }
}

fn read_values(json: &Json, ty: &Type, action: Action) -> Change {
    let before = read_value(&json["before"], &Json::Null, &json["before_sensitive"], ty);
    let after = read_value(&json["after"], &json["after_unknown"], &json["after_sensitive"], ty);
    Change { action, before, after }
}

fn read_path(json: &Json) -> AttributePath {
    let step = |step: &Json| match step {
        Json::String(name) => PathStep::Attribute(name.as_str().into()),
        other => PathStep::Index(IndexKey::Position(usize::try_from(other.as_u64().unwrap()).unwrap())),
    };
    AttributePath(json.as_array().unwrap().iter().map(step).collect())
}

/// Puts a value together from the parallel trees of the plan's JSON form.
fn read_value(json: &Json, unknown: &Json, sensitive: &Json, ty: &Type) -> Value {
    let value =
        if *unknown == true { Value::unknown(ty.clone()) } else { read_known(json, unknown, sensitive, ty) };
    if *sensitive == true { value.sensitive() } else { value }
}

fn read_known(json: &Json, unknown: &Json, sensitive: &Json, ty: &Type) -> Value {
    let part = |key: &str, ty: &Type| {
        let field = |json: &Json| json.get(key).cloned().unwrap_or(Json::Null);
        read_value(&field(json), &field(unknown), &field(sensitive), ty)
    };
    let element = |position: usize, ty: &Type| {
        let field = |json: &Json| json.get(position).cloned().unwrap_or(Json::Null);
        read_value(&field(json), &field(unknown), &field(sensitive), ty)
    };
    let elements = |ty: &Type| {
        (0..json.as_array().map_or(0, Vec::len)).map(|position| element(position, ty)).collect::<Vec<_>>()
    };
    let keys = || {
        let keys = [json, unknown].into_iter().filter_map(Json::as_object).flat_map(|object| object.keys());
        keys.cloned().collect::<std::collections::BTreeSet<String>>()
    };
    match (json, ty) {
        (Json::Null, _) if !unknown.is_object() && !unknown.is_array() => Value::Null(ty.clone()),
        (_, Type::List(ty)) => Value::list((**ty).clone(), elements(ty)),
        (_, Type::Set(ty)) => Value::set((**ty).clone(), elements(ty)),
        (_, Type::Tuple(types)) => Value::tuple(
            types.iter().enumerate().map(|(position, ty)| element(position, ty)).collect::<Vec<_>>(),
        ),
        (_, Type::Map(ty)) => {
            Value::map((**ty).clone(), keys().iter().map(|key| (key.as_str(), part(key, ty))))
        }
        (_, Type::Object(object)) => {
            Value::object(object.attributes().iter().map(|(name, ty)| (name.clone(), part(name, ty))))
        }
        (Json::Bool(bool), _) => (*bool).into(),
        (Json::Number(number), _) => {
            Value::number(terrane_model::Number::parse(&number.to_string()).unwrap())
        }
        (Json::String(text), _) => text.as_str().into(),
        (Json::Array(_), _) => Value::tuple(elements(&Type::Dynamic)),
        _ => Value::object(keys().iter().map(|key| (key.as_str(), part(key, &Type::Dynamic)))),
    }
}
