//! Data sources: objects, lists, ids, and who we are.

use serde_json::Value as Json;
use terrane_model::{Diagnostic, Type, Value};

use crate::attributes::{Attributes, text_at};
use crate::client::{ArmRequest, Call};
use crate::connection::Connection;
use crate::generic::functions::describe;
use crate::generic::ids::{ApiType, RESOURCE_GROUP};
use crate::generic::json_value::{from_json, to_json};
use crate::generic::request::{read, with_extras};
use crate::generic::resource::{Defaults, wrong_type};
use crate::generic::{query, schemas};
use crate::lifecycle::Failure;
use crate::mapping::same::normal_location;

/// Reads a data source.
///
/// # Errors
/// When the exchange fails, or what is asked for does not exist.
pub(crate) async fn read_data(
    type_name: &str,
    connection: &Connection,
    call: &Call<'_>,
    config: &Value,
    ty: &Type,
    defaults: &Defaults,
) -> Result<Value, Failure> {
    let mut state = Attributes::of(config);
    match type_name {
        schemas::CLIENT_CONFIG => client_config(connection, &mut state).await?,
        schemas::ACTION => {
            state.set_if_absent("method", "POST");
            crate::generic::resource::plan_retry(&mut state);
            let mut arguments = Attributes::of(&state.into_object(ty));
            if arguments.text("resource_id").is_none() {
                arguments.set("resource_id", format!("/subscriptions/{}", connection.subscription_id));
            }
            let done =
                crate::generic::action::act(connection, call, &arguments.into_object(ty), config, "apply")
                    .await?;
            return Ok(Attributes::of(&done).into_known(ty));
        }
        schemas::RESOURCE_LIST => list(connection, call, config, &mut state).await?,
        schemas::RESOURCE_ID => {
            let (kind, id) = address(config, connection)?;
            let (parent, name) = kind.split_id(&id).unwrap_or_default();
            for (attribute, value) in describe(&kind, &id, &parent, &name) {
                state.set(attribute, value);
            }
            state.set("resource_id", id.as_str());
        }
        _ => object(connection, call, config, defaults, &mut state).await?,
    }
    crate::generic::resource::plan_retry(&mut state);
    Ok(state.into_known(ty))
}

async fn client_config(connection: &Connection, state: &mut Attributes) -> Result<(), Failure> {
    let claims = connection.client.claims().await?;
    let claim = |name: &str| claims.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let subscription = &connection.subscription_id;
    state.set("tenant_id", claim("tid"));
    state.set("object_id", claim("oid"));
    state.set("subscription_id", subscription.as_str());
    state.set("subscription_resource_id", format!("/subscriptions/{subscription}"));
    state.set("id", format!("/subscriptions/{subscription}"));
    Ok(())
}

/// Returns the type and id that the arguments of a data source name.
fn address(config: &Value, connection: &Connection) -> Result<(ApiType, String), Failure> {
    let text = text_at(config, "type").unwrap_or_default();
    let ty = ApiType::parse(&text).ok_or_else(|| wrong_type(&text))?;
    if let Some(id) = text_at(config, "resource_id") {
        return Ok((ty, id.to_string()));
    }
    let is_group = ty.name.eq_ignore_ascii_case(RESOURCE_GROUP);
    let parent = text_at(config, "parent_id").map(|parent| parent.to_string());
    let parent =
        parent.or_else(|| is_group.then(|| format!("/subscriptions/{}", connection.subscription_id)));
    let (Some(parent), Some(name)) = (parent, text_at(config, "name")) else {
        let detail = "Set either resource_id, or parent_id and name.";
        return Err(Diagnostic::error("Missing argument", detail).into());
    };
    let id = ty.id_in(&parent, &name);
    let id = id.map_err(|reason| Failure::from(Diagnostic::error("Invalid parent", reason)))?;
    Ok((ty, id))
}

async fn object(
    connection: &Connection,
    call: &Call<'_>,
    config: &Value,
    defaults: &Defaults,
    state: &mut Attributes,
) -> Result<(), Failure> {
    let (ty, id) = address(config, connection)?;
    let (parent, name) = ty.split_id(&id).unwrap_or_default();
    state.set("id", id.as_str());
    state.set("resource_id", id.as_str());
    state.set("parent_id", parent);
    state.set("name", name);
    let Some(body) = read(connection, &id, &ty.version, config, call).await? else {
        if config.attribute("ignore_not_found").as_bool() == Some(true) {
            state.set("exists", false);
            state.set("output", Value::empty_object());
            return Ok(());
        }
        let detail = format!("There is no object {id}.");
        return Err(Diagnostic::error("Object not found", detail).into());
    };
    state.set("exists", true);
    if let Some(location) = body.get("location").and_then(Json::as_str) {
        state.set("location", normal_location(location));
    }
    let tags = body.get("tags").and_then(Json::as_object).into_iter().flatten();
    let tags = tags.map(|(name, tag)| (name.as_str(), Value::from(tag.as_str().unwrap_or_default())));
    state.set("tags", Value::map(Type::String, tags.collect::<Vec<_>>()));
    state.set("identity", identity(&body));
    state.set("output", output(config, &body, !defaults.exports_nothing)?);
    Ok(())
}

fn identity(body: &Json) -> Value {
    let ty = Type::object([
        ("type", Type::String),
        ("identity_ids", Type::list(Type::String)),
        ("principal_id", Type::String),
        ("tenant_id", Type::String),
    ]);
    let Some(identity) = body.get("identity") else { return Value::list(ty, []) };
    let text = |name: &str| Value::from(identity.get(name).and_then(Json::as_str).unwrap_or_default());
    let given = identity.get("userAssignedIdentities").and_then(Json::as_object).into_iter().flatten();
    let block = Value::object([
        ("type", text("type")),
        ("identity_ids", Value::list_of_strings(given.map(|(id, _)| id.as_str()))),
        ("principal_id", text("principalId")),
        ("tenant_id", text("tenantId")),
    ]);
    Value::list(ty, [block])
}

async fn list(
    connection: &Connection,
    call: &Call<'_>,
    config: &Value,
    state: &mut Attributes,
) -> Result<(), Failure> {
    let text = text_at(config, "type").unwrap_or_default();
    let ty = ApiType::parse(&text).ok_or_else(|| wrong_type(&text))?;
    let parent = text_at(config, "parent_id").unwrap_or_default();
    let path = ty.list_in(&parent);
    let path = path.map_err(|reason| Failure::from(Diagnostic::error("Invalid parent", reason)))?;
    let request =
        with_extras(ArmRequest::get(path.clone(), &ty.version), config, "headers", "query_parameters");
    let items = connection.client.list(request, call).await?.unwrap_or_default();
    state.set("id", path);
    state.set("output", output(config, &serde_json::json!({ "value": items }), true)?);
    Ok(())
}

fn output(config: &Value, body: &Json, all: bool) -> Result<Value, Failure> {
    let wanted = config.attribute("response_export_values");
    if wanted.is_null() {
        return Ok(if all { from_json(body) } else { Value::empty_object() });
    }
    let exported = query::export(&to_json(&wanted), body);
    exported
        .map(|json| from_json(&json))
        .map_err(|error| Diagnostic::error("Invalid query", error.to_string()).into())
}
