//! Taking out of a body what may not be sent back.

use serde_json::Value as Json;

use crate::table::{BodyPath, BodyStep};

/// Properties that are read-only wherever they occur in a service's bodies.
const EVERYWHERE: &[&str] = &["etag", "eTag", "provisioningState", "resourceGuid", "systemData"];
/// What Azure says about identities that are given to an object.
const IN_IDENTITIES: &[&str] = &["principalId", "tenantId", "clientId"];
/// Properties of the object itself that its path says already.
const AT_TOP: &[&str] = &["id", "name", "type"];

/// Removes what is read-only: some names everywhere, and the table's own places.
pub(crate) fn strip_read_only(body: &mut Json, places: &[BodyPath]) {
    if let Some(object) = body.as_object_mut() {
        object.retain(|name, _| !AT_TOP.contains(&name.as_str()));
    }
    strip_identity(body);
    strip_names(body);
    for place in places {
        strip_place(body, &place.steps);
    }
}

fn strip_identity(body: &mut Json) {
    let Some(identity) = body.get_mut("identity").and_then(Json::as_object_mut) else { return };
    identity.retain(|name, _| !IN_IDENTITIES.contains(&name.as_str()));
    let given = identity.get_mut("userAssignedIdentities").and_then(Json::as_object_mut);
    for identity in given.into_iter().flat_map(|given| given.values_mut()).filter_map(Json::as_object_mut) {
        identity.retain(|name, _| !IN_IDENTITIES.contains(&name.as_str()));
    }
}

fn strip_names(node: &mut Json) {
    match node {
        Json::Object(object) => {
            object.retain(|name, value| !EVERYWHERE.contains(&name.as_str()) && !value.is_null());
            object.values_mut().for_each(strip_names);
        }
        Json::Array(elements) => elements.iter_mut().for_each(strip_names),
        _ => {}
    }
}

fn strip_place(node: &mut Json, steps: &[BodyStep]) {
    match steps {
        [] => {}
        [BodyStep::Key(key)] => {
            if let Some(object) = node.as_object_mut() {
                object.retain(|name, _| !name.eq_ignore_ascii_case(key));
            }
        }
        [BodyStep::Key(key), rest @ ..] => {
            let object = node.as_object_mut().into_iter().flatten();
            for (_, value) in object.filter(|(name, _)| name.eq_ignore_ascii_case(key)) {
                strip_place(value, rest);
            }
        }
        [BodyStep::Each, rest @ ..] => {
            // Objects used as maps have elements too.
            if let Some(object) = node.as_object_mut() {
                object.values_mut().for_each(|value| strip_place(value, rest));
            }
            for element in node.as_array_mut().into_iter().flatten() {
                strip_place(element, rest);
            }
        }
        [BodyStep::Index(index), rest @ ..] => {
            if let Some(element) = node.as_array_mut().and_then(|array| array.get_mut(*index)) {
                strip_place(element, rest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_azure_alone_writes_is_taken_out() {
        let mut body = json!({
            "id": "/x", "name": "v", "type": "t", "etag": "e", "location": "l",
            "properties": {
                "provisioningState": "Succeeded",
                "none": null,
                "subnets": [{"id": "/x/s", "name": "s", "etag": "e", "properties": {"ipConfigurations": [1], "a": 1}}],
                "map": {"one": {"principalId": "p"}},
            },
        });
        let places = ["properties.subnets[].properties.ipConfigurations", "properties.map[].principalId"];
        let places: Vec<BodyPath> = places.iter().filter_map(|place| BodyPath::parse(place)).collect();
        strip_read_only(&mut body, &places);
        assert_eq!(
            body,
            json!({"location": "l", "properties": {
                "subnets": [{"id": "/x/s", "name": "s", "properties": {"a": 1}}],
                "map": {"one": {}},
            }})
        );
    }
}
