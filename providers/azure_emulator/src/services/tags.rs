//! `Microsoft.Resources/tags/default`: the tags of whatever the scope is.

use hyper::Method;
use serde_json::{Value, json};

use crate::behaviour::{Behaviour, Effects, Object};
use crate::error::ArmError;
use crate::http::{Request, Response};
use crate::resource_id::Key;
use crate::table::{CATALOG, LocationRule};

pub(super) struct Tags;

impl Behaviour for Tags {
    fn compute(
        &self,
        effects: &mut Effects<'_>,
        request: &Request,
        parent: &Key,
        _name: Option<&str>,
    ) -> Result<Response, ArmError> {
        let Some(resource) = effects.world.get(parent) else {
            return Err(ArmError::gateway(
                404,
                "ResourceNotFound",
                format!("The scope '{parent}' was not found."),
            ));
        };
        let id = resource.id.to_string();
        let resource_type = CATALOG.get(resource.kind);
        if resource_type.location == LocationRule::None {
            return Err(ArmError::bad_request(
                "ResourceTypeNotSupported",
                format!("The resource type '{}' does not support tags.", resource_type.name),
            ));
        }
        let mut tags = resource.body().get("tags").and_then(Value::as_object).cloned().unwrap_or_default();
        match request.method {
            Method::GET => return Ok(answer(&id, &tags)),
            Method::DELETE => tags.clear(),
            Method::PUT | Method::PATCH => {
                let sent = request.json_object()?;
                tags = changed(&sent, tags, request.method == Method::PUT)?;
            }
            _ => {
                return Err(ArmError::new(
                    405,
                    "MethodNotAllowed",
                    "Tags can be read, put, patched and deleted.",
                ));
            }
        }
        let mut holder = Object::new();
        holder.insert("tags".into(), Value::Object(tags.clone()));
        crate::arm::check_tags(resource_type, &holder)?;
        effects.edit(parent, |body| {
            body.insert("tags".into(), Value::Object(tags.clone()));
        });
        Ok(if request.method == Method::DELETE { Response::empty(200) } else { answer(&id, &tags) })
    }
}

fn answer(id: &str, tags: &Object) -> Response {
    Response::json(
        200,
        &json!({
            "id": format!("{id}/providers/Microsoft.Resources/tags/default"),
            "name": "default",
            "type": "Microsoft.Resources/tags",
            "properties": {"tags": tags},
        }),
    )
}

fn changed(sent: &Object, mut tags: Object, replaces: bool) -> Result<Object, ArmError> {
    let given = crate::body::at(sent, &["properties", "tags"]).and_then(Value::as_object).cloned();
    let Some(given) = given.filter(|given| given.values().all(Value::is_string)) else {
        return Err(ArmError::gateway(
            400,
            "InvalidRequestContent",
            "The request content was invalid and could not be deserialized: 'properties.tags must be an object of strings'.",
        ));
    };
    let operation = crate::body::text_at(sent, &["operation"]).unwrap_or("Merge").to_ascii_lowercase();
    match (replaces, operation.as_str()) {
        (true, _) | (false, "replace") => Ok(given),
        (false, "merge") => {
            tags.extend(given);
            Ok(tags)
        }
        (false, "delete") => {
            tags.retain(|name, value| given.get(name) != Some(value));
            Ok(tags)
        }
        _ => Err(ArmError::bad_request(
            "InvalidPatchOperation",
            format!("The operation '{operation}' is none of Merge, Replace, Delete."),
        )),
    }
}
