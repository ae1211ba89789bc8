//! Schemas with azapi's names.

use std::collections::BTreeMap;
use std::sync::Arc;

use terrane_model::{
    Attribute, AttributeKind, Block, NestedAttributes, NestedBlock, Nesting, Schema, Str, Type,
};
use terrane_provider::{ProviderSchemas, ResourceSchema};

use crate::generic::functions;

pub(crate) const RESOURCE: &str = "azapi_resource";
pub(crate) const UPDATE: &str = "azapi_update_resource";
pub(crate) const ACTION: &str = "azapi_resource_action";
pub(crate) const RESOURCE_ID: &str = "azapi_resource_id";
pub(crate) const RESOURCE_LIST: &str = "azapi_resource_list";
pub(crate) const CLIENT_CONFIG: &str = "azapi_client_config";

/// Makes all schemas of the provider.
pub(crate) fn schemas() -> ProviderSchemas {
    let resources = [(RESOURCE, 2, resource()), (UPDATE, 2, update_resource()), (ACTION, 3, action(true))];
    let data_sources = [
        (RESOURCE, data_resource()),
        (ACTION, action(false)),
        (RESOURCE_ID, data_id()),
        (RESOURCE_LIST, data_list()),
        (CLIENT_CONFIG, client_config()),
    ];
    ProviderSchemas {
        provider: Arc::new(provider()),
        resources: resources
            .into_iter()
            .map(|(name, version, block)| {
                (name.into(), ResourceSchema::new(Schema { version, block: Arc::new(block) }))
            })
            .collect::<BTreeMap<_, _>>(),
        data_sources: data_sources
            .into_iter()
            .map(|(name, block)| (name.into(), Schema { version: 0, block: Arc::new(block) }))
            .collect(),
        functions: functions::signatures(),
        ..ProviderSchemas::default()
    }
}

type Attributes = Vec<(Str, Attribute)>;

fn texts() -> Type {
    Type::list(Type::String)
}

fn text_map() -> Type {
    Type::map(Type::String)
}

fn queries() -> Type {
    Type::map(texts())
}

/// Makes attributes of one kind; `make` says who sets them.
fn add(attributes: &mut Attributes, make: fn(Type) -> Attribute, names: &[(&'static str, Type)]) {
    attributes.extend(names.iter().map(|(name, ty)| (Str::from(*name), make(ty.clone()))));
}

fn write_only(ty: Type) -> Attribute {
    Attribute { write_only: true, ..Attribute::optional(ty) }
}

fn timeouts(names: &[&'static str]) -> (Str, NestedBlock) {
    let attributes: Attributes =
        names.iter().map(|name| (Str::from(*name), Attribute::optional(Type::String))).collect();
    let block = Arc::new(Block::new(attributes, []));
    ("timeouts".into(), NestedBlock { nesting: Nesting::Single, block, min_items: 0, max_items: 0 })
}

const ALL: &[&str] = &["create", "read", "update", "delete"];

fn nested(nesting: Nesting, attributes: Attributes) -> AttributeKind {
    AttributeKind::Nested(NestedAttributes {
        nesting,
        block: Arc::new(Block::new(attributes, [])),
        accepts_blocks: false,
    })
}

fn retry() -> (Str, Attribute) {
    let mut attributes = Attributes::new();
    add(&mut attributes, Attribute::required, &[("error_message_regex", texts())]);
    let numbers = [("interval_seconds", Type::Number), ("max_interval_seconds", Type::Number)];
    add(&mut attributes, Attribute::optional_computed, &numbers);
    for name in ["multiplier", "randomization_factor"] {
        let deprecated = Some("It has no effect.".into());
        attributes
            .push((name.into(), Attribute { deprecated, ..Attribute::optional_computed(Type::Number) }));
    }
    (
        "retry".into(),
        Attribute { kind: nested(Nesting::Single, attributes), ..Attribute::optional(Type::Dynamic) },
    )
}

/// What the resource and the resource that only changes others have in common.
fn common() -> Attributes {
    let mut attributes = Attributes::new();
    add(&mut attributes, Attribute::required, &[("type", Type::String)]);
    add(&mut attributes, Attribute::computed, &[("id", Type::String), ("output", Type::Dynamic)]);
    add(
        &mut attributes,
        Attribute::optional_computed,
        &[
            ("name", Type::String),
            ("parent_id", Type::String),
            ("ignore_casing", Type::Bool),
            ("ignore_missing_property", Type::Bool),
        ],
    );
    add(
        &mut attributes,
        Attribute::optional,
        &[
            ("ignore_other_items_in_list", texts()),
            ("list_unique_id_property", text_map()),
            ("locks", texts()),
            ("read_headers", text_map()),
            ("read_query_parameters", queries()),
            ("replace_triggers_external_values", Type::Dynamic),
            ("response_export_values", Type::Dynamic),
            ("sensitive_body_version", text_map()),
            ("update_headers", text_map()),
            ("update_query_parameters", queries()),
        ],
    );
    add(&mut attributes, write_only, &[("sensitive_body", Type::Dynamic)]);
    attributes.push(retry());
    attributes
}

fn resource() -> Block {
    let mut attributes = common();
    add(
        &mut attributes,
        Attribute::optional_computed,
        &[
            ("body", Type::Dynamic),
            ("ignore_null_property", Type::Bool),
            ("location", Type::String),
            ("schema_validation_enabled", Type::Bool),
            ("tags", text_map()),
        ],
    );
    add(
        &mut attributes,
        Attribute::optional,
        &[
            ("create_headers", text_map()),
            ("create_query_parameters", queries()),
            ("delete_headers", text_map()),
            ("delete_query_parameters", queries()),
            ("replace_triggers_refs", texts()),
        ],
    );
    add(&mut attributes, write_only, &[("ignore_body_changes", texts())]);
    let mut identity = Attributes::new();
    add(&mut identity, Attribute::required, &[("type", Type::String)]);
    add(&mut identity, Attribute::optional, &[("identity_ids", texts())]);
    add(&mut identity, Attribute::computed, &[("principal_id", Type::String), ("tenant_id", Type::String)]);
    let identity = NestedBlock {
        nesting: Nesting::List,
        block: Arc::new(Block::new(identity, [])),
        min_items: 0,
        max_items: 0,
    };
    Block::new(attributes, [("identity".into(), identity), timeouts(ALL)])
}

fn update_resource() -> Block {
    let mut attributes = common();
    add(&mut attributes, Attribute::optional, &[("body", Type::Dynamic)]);
    add(&mut attributes, Attribute::optional_computed, &[("resource_id", Type::String)]);
    Block::new(attributes, [timeouts(ALL)])
}

fn action(is_resource: bool) -> Block {
    let mut attributes = Attributes::new();
    add(&mut attributes, Attribute::required, &[("type", Type::String)]);
    add(&mut attributes, Attribute::computed, &[("id", Type::String), ("output", Type::Dynamic)]);
    add(&mut attributes, Attribute::optional_computed, &[("method", Type::String)]);
    add(
        &mut attributes,
        Attribute::optional,
        &[
            ("action", Type::String),
            ("body", Type::Dynamic),
            ("headers", text_map()),
            ("query_parameters", queries()),
            ("response_export_values", Type::Dynamic),
            ("sensitive_response_export_values", Type::Dynamic),
        ],
    );
    attributes.push(("sensitive_output".into(), Attribute::computed(Type::Dynamic).sensitive()));
    attributes.push(retry());
    if !is_resource {
        add(&mut attributes, Attribute::optional, &[("resource_id", Type::String)]);
        return Block::new(attributes, [timeouts(&["read"])]);
    }
    add(&mut attributes, Attribute::required, &[("resource_id", Type::String)]);
    add(&mut attributes, Attribute::computed, &[("exist", Type::Bool)]);
    add(&mut attributes, Attribute::optional_computed, &[("when", Type::String)]);
    let optional =
        [("ignore_not_found", Type::Bool), ("locks", texts()), ("sensitive_body_version", text_map())];
    add(&mut attributes, Attribute::optional, &optional);
    add(&mut attributes, write_only, &[("sensitive_body", Type::Dynamic)]);
    Block::new(attributes, [timeouts(ALL)])
}

fn data_resource() -> Block {
    let mut attributes = Attributes::new();
    add(&mut attributes, Attribute::required, &[("type", Type::String)]);
    add(
        &mut attributes,
        Attribute::computed,
        &[
            ("id", Type::String),
            ("exists", Type::Bool),
            ("location", Type::String),
            ("output", Type::Dynamic),
            ("tags", text_map()),
        ],
    );
    add(
        &mut attributes,
        Attribute::optional_computed,
        &[("name", Type::String), ("parent_id", Type::String), ("resource_id", Type::String)],
    );
    add(
        &mut attributes,
        Attribute::optional,
        &[
            ("headers", text_map()),
            ("ignore_not_found", Type::Bool),
            ("query_parameters", queries()),
            ("response_export_values", Type::Dynamic),
        ],
    );
    let mut identity = Attributes::new();
    add(
        &mut identity,
        Attribute::computed,
        &[
            ("type", Type::String),
            ("identity_ids", texts()),
            ("principal_id", Type::String),
            ("tenant_id", Type::String),
        ],
    );
    let identity = Attribute { kind: nested(Nesting::List, identity), ..Attribute::computed(Type::Dynamic) };
    attributes.push(("identity".into(), identity));
    attributes.push(retry());
    Block::new(attributes, [timeouts(&["read"])])
}

fn data_id() -> Block {
    let mut attributes = Attributes::new();
    add(&mut attributes, Attribute::required, &[("type", Type::String)]);
    add(
        &mut attributes,
        Attribute::computed,
        &[
            ("id", Type::String),
            ("parts", text_map()),
            ("provider_namespace", Type::String),
            ("resource_group_name", Type::String),
            ("subscription_id", Type::String),
        ],
    );
    add(
        &mut attributes,
        Attribute::optional_computed,
        &[("name", Type::String), ("parent_id", Type::String), ("resource_id", Type::String)],
    );
    Block::new(attributes, [timeouts(&["read"])])
}

fn data_list() -> Block {
    let mut attributes = Attributes::new();
    add(&mut attributes, Attribute::required, &[("type", Type::String), ("parent_id", Type::String)]);
    add(&mut attributes, Attribute::computed, &[("id", Type::String), ("output", Type::Dynamic)]);
    add(
        &mut attributes,
        Attribute::optional,
        &[
            ("headers", text_map()),
            ("query_parameters", queries()),
            ("response_export_values", Type::Dynamic),
        ],
    );
    attributes.push(retry());
    Block::new(attributes, [timeouts(&["read"])])
}

fn client_config() -> Block {
    let mut attributes = Attributes::new();
    let names = ["id", "object_id", "subscription_id", "subscription_resource_id", "tenant_id"];
    add(&mut attributes, Attribute::computed, &names.map(|name| (name, Type::String)));
    Block::new(attributes, [timeouts(&["read"])])
}

fn provider() -> Block {
    let mut attributes = Attributes::new();
    let flags = [
        "always_acquire_policy_token",
        "disable_correlation_request_id",
        "disable_default_output",
        "disable_instance_discovery",
        "disable_terraform_partner_id",
        "enable_preflight",
        "ignore_no_op_changes",
        "preserve_resource_id_casing",
        "skip_provider_registration",
        "use_aks_workload_identity",
        "use_cli",
        "use_msi",
        "use_oidc",
    ];
    add(&mut attributes, Attribute::optional, &flags.map(|name| (name, Type::Bool)));
    let words = [
        "client_certificate",
        "client_certificate_password",
        "client_certificate_path",
        "client_id",
        "client_id_file_path",
        "client_secret",
        "client_secret_file_path",
        "custom_correlation_request_id",
        "default_location",
        "default_name",
        "environment",
        "oidc_azure_service_connection_id",
        "oidc_request_token",
        "oidc_request_url",
        "oidc_token",
        "oidc_token_file_path",
        "partner_id",
        "subscription_id",
        "tenant_id",
    ];
    add(&mut attributes, Attribute::optional, &words.map(|name| (name, Type::String)));
    let others = [
        ("auxiliary_tenant_ids", texts()),
        ("default_tags", text_map()),
        ("maximum_busy_retry_attempts", Type::Number),
    ];
    add(&mut attributes, Attribute::optional, &others);
    let mut endpoint = Attributes::new();
    let hosts = ["active_directory_authority_host", "resource_manager_audience", "resource_manager_endpoint"];
    add(&mut endpoint, Attribute::optional, &hosts.map(|name| (name, Type::String)));
    let endpoint = Attribute { kind: nested(Nesting::List, endpoint), ..Attribute::optional(Type::Dynamic) };
    attributes.push(("endpoint".into(), endpoint));
    Block::new(attributes, [])
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::Value as Json;
    use terrane_model::encode_json::write_type_json;

    use super::*;

    fn compare(path: &str, ours: &Block, theirs: &Json, findings: &mut Vec<String>) {
        let attributes = theirs["attributes"].as_object().cloned().unwrap_or_default();
        for (name, attribute) in ours.attributes() {
            let path = format!("{path}.{name}");
            let Some(theirs) = attributes.get(name.as_str()) else {
                findings.push(format!("{path} is no attribute"));
                continue;
            };
            if let Some(wanted) = theirs.get("type") {
                let mut ty = String::new();
                write_type_json(&mut ty, &attribute.ty());
                if serde_json::from_str::<Json>(&ty).ok().as_ref() != Some(wanted) {
                    findings.push(format!("{path}: type {ty} is {wanted}"));
                }
            }
            let flags = [
                ("required", attribute.required),
                ("optional", attribute.optional),
                ("computed", attribute.computed),
                ("sensitive", attribute.sensitive),
                ("write_only", attribute.write_only),
            ];
            for (flag, ours) in flags {
                if theirs[flag].as_bool().unwrap_or(false) != ours {
                    findings.push(format!("{path}: {flag} {ours}"));
                }
            }
        }
        let missing = attributes.keys().filter(|name| ours.attribute(name).is_none());
        findings.extend(missing.map(|name| format!("{path}.{name} is missing")));
    }

    #[test]
    fn schemas_are_those_of_azapi() {
        let file =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/azurerm-schema/azapi-2.12.json");
        let Ok(text) = std::fs::read_to_string(file) else { return };
        let mut reference: Json = serde_json::from_str(&text).expect("the reference is JSON");
        while reference.get("resource_schemas").is_none() {
            let inner =
                reference.as_object().and_then(|object| object.values().find(|value| value.is_object()));
            reference = inner.cloned().expect("schemas somewhere inside");
        }
        let schemas = schemas();
        let mut findings = Vec::new();
        for (name, schema) in &schemas.resources {
            let theirs = &reference["resource_schemas"][name.as_str()];
            compare(name, &schema.schema.block, &theirs["block"], &mut findings);
            assert_eq!(theirs["version"].as_i64(), Some(schema.schema.version), "{name}");
        }
        for (name, schema) in &schemas.data_sources {
            let theirs = &reference["data_source_schemas"][name.as_str()]["block"];
            compare(&format!("data {name}"), &schema.block, theirs, &mut findings);
        }
        compare("provider", &schemas.provider, &reference["provider"]["block"], &mut findings);
        assert!(findings.is_empty(), "{}", findings.join("\n"));
    }
}
