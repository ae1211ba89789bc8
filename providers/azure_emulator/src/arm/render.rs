//! From stored resources to answered bodies.

use serde_json::{Value, json};

use crate::behaviour::{Object, View};
use crate::body::{object_at, text_at};
use crate::services::behaviour_of;
use crate::table::{CATALOG, ETag, Embed, ResourceType};
use crate::world::Resource;

/// Returns a resource as JSON text.
pub(crate) fn render(view: View<'_>, resource: &Resource) -> String {
    let resource_type = CATALOG.get(resource.kind);
    let is_plain = resource.pending.is_none()
        && resource_type.embeds.is_empty()
        && resource_type.etag != ETag::BareInProperties
        && !behaviour_of(resource.kind).renders();
    if is_plain {
        render_plain(resource_type, resource)
    } else {
        Value::Object(render_object(view, resource)).to_string()
    }
}

/// The stored text with id, name, type and ETag put in front.
fn render_plain(resource_type: &ResourceType, resource: &Resource) -> String {
    let mut head = Object::new();
    insert_identity(resource_type, resource, &mut head);
    let mut text = Value::Object(head).to_string();
    if resource.body.len() > 2 {
        text.pop();
        text.push(',');
        text.push_str(&resource.body[1..]);
    }
    text
}

/// Returns a resource as a JSON object.
pub(crate) fn render_object(view: View<'_>, resource: &Resource) -> Object {
    let resource_type = CATALOG.get(resource.kind);
    let mut body = resource.body();
    insert_identity(resource_type, resource, &mut body);
    for embed in &resource_type.embeds {
        let children = render_children(view, resource, embed);
        if !children.is_empty() || embed.writable {
            object_at(&mut body, "properties").insert(embed.property.clone(), children.into());
        }
    }
    if let Some(pending) = &resource.pending
        && resource_type.has_state
    {
        object_at(&mut body, "properties").insert("provisioningState".into(), json!(pending.state));
    }
    behaviour_of(resource.kind).render(view, resource, &mut body);
    body
}

fn render_children(view: View<'_>, parent: &Resource, embed: &Embed) -> Vec<Value> {
    let children = view.world.children(&parent.key(), &embed.child);
    let rendered = children.into_iter().map(|(_, child)| {
        let mut body = render_object(view, child);
        if !embed.flat {
            return Value::Object(body);
        }
        match body.remove("properties") {
            Some(Value::Object(mut properties)) => {
                properties.insert("name".into(), json!(child.name()));
                Value::Object(properties)
            }
            _ => json!({"name": child.name()}),
        }
    });
    rendered.collect()
}

fn insert_identity(resource_type: &ResourceType, resource: &Resource, body: &mut Object) {
    let name = if resource_type.full_names { full_name(&resource.id) } else { resource.name().to_owned() };
    body.insert("id".into(), json!(resource.id));
    body.insert("name".into(), name.into());
    body.insert("type".into(), json!(resource_type.answers));
    match resource_type.etag {
        ETag::None => {}
        ETag::Weak | ETag::Quoted => {
            body.insert("etag".into(), etag_text(resource_type, resource).into());
        }
        ETag::BareCamel => {
            body.insert("eTag".into(), etag_text(resource_type, resource).into());
        }
        ETag::BareInProperties => {
            let etag = etag_text(resource_type, resource);
            if body.contains_key("properties") {
                object_at(body, "properties").insert("eTag".into(), etag.into());
            }
        }
    }
}

/// Returns the ETag in the type's form; empty if the type has none.
pub(crate) fn etag_text(resource_type: &ResourceType, resource: &Resource) -> String {
    match resource_type.etag {
        ETag::None => String::new(),
        ETag::Weak => format!("W/\"{}\"", resource.etag()),
        ETag::BareCamel | ETag::BareInProperties => resource.etag(),
        ETag::Quoted => format!("\"0x8D{}\"", resource.etag().replace('-', "")[..13].to_uppercase()),
    }
}

/// `parent/child`, from the names in the last two type-name pairs of an id.
fn full_name(id: &str) -> String {
    let segments: Vec<&str> = id.rsplit('/').take(3).collect();
    match segments[..] {
        [name, _, parent] => format!("{parent}/{name}"),
        _ => id.to_owned(),
    }
}

/// Returns the short form that lists of all resources have: no properties.
pub(crate) fn render_summary(resource: &Resource, expand: Option<&str>) -> Value {
    let resource_type = CATALOG.get(resource.kind);
    let mut body = resource.body();
    let state = match &resource.pending {
        Some(pending) => pending.state.to_string(),
        None => text_at(&body, &["properties", "provisioningState"]).unwrap_or("Succeeded").to_owned(),
    };
    body.retain(|name, _| {
        matches!(
            name.as_str(),
            "location"
                | "tags"
                | "sku"
                | "kind"
                | "identity"
                | "zones"
                | "managedBy"
                | "plan"
                | "extendedLocation"
        )
    });
    // Whatever a service answers itself, the index of the Resource Manager has the internal name.
    if let Some(location) = text_at(&body, &["location"]).map(crate::regions::normalize) {
        body.insert("location".into(), json!(location));
    }
    body.insert("id".into(), json!(resource.id));
    body.insert("name".into(), json!(resource.name()));
    body.insert("type".into(), json!(resource_type.name));
    let expand = expand.unwrap_or_default().to_ascii_lowercase();
    for (word, value) in [
        ("provisioningstate", json!(state)),
        ("createdtime", json!(resource.created.rfc3339())),
        ("changedtime", json!(resource.changed.rfc3339())),
    ] {
        if expand.contains(word) {
            let name = match word {
                "provisioningstate" => "provisioningState",
                "createdtime" => "createdTime",
                _ => "changedTime",
            };
            body.insert(name.into(), value);
        }
    }
    Value::Object(body)
}
