//! Access policies of Microsoft.Cache/redis: who may use which commands on which keys.

use serde_json::json;

use crate::behaviour::{Behaviour, Draft, Object, View};
use crate::error::ArmError;
use crate::resource_id::parent_key;
use crate::world::Resource;

/// What every cache has from the beginning.
const BUILT_IN: &[(&str, &str)] = &[
    ("Data Owner", "+@all allkeys"),
    ("Data Contributor", "+@all -@dangerous +cluster|info +cluster|nodes +cluster|slots allkeys"),
    ("Data Reader", "+@read +@connection +cluster|info +cluster|nodes +cluster|slots allkeys"),
];

fn is_built_in(name: &str) -> bool {
    BUILT_IN.iter().any(|(built_in, _)| built_in.eq_ignore_ascii_case(name))
}

pub(super) struct Policy;

impl Behaviour for Policy {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        if is_built_in(draft.name()) {
            let message = format!("The access policy '{}' is built in and cannot be changed.", draft.name());
            return Err(ArmError::bad_request("InvalidRequestBody", message));
        }
        draft.set("type", "Custom");
        Ok(())
    }

    fn check_delete(&self, view: View<'_>, resource: &Resource) -> Result<(), ArmError> {
        let key = resource.key();
        let cache = parent_key(&key).unwrap_or_default();
        let assignments = view.world.children(cache, "accessPolicyAssignments");
        let uses = |assignment: &Resource| {
            let body = assignment.body();
            let name = crate::body::text_at(&body, &["properties", "accessPolicyName"]);
            name.is_some_and(|name| name.eq_ignore_ascii_case(resource.name()))
        };
        if !assignments.iter().any(|(_, assignment)| uses(assignment)) {
            return Ok(());
        }
        let message = format!("The access policy '{}' has assignments; remove those first.", resource.name());
        Err(ArmError::bad_request("AccessPolicyInUse", message))
    }

    fn implicit(&self, _view: View<'_>, _parent: Option<&Resource>, name: &str) -> Option<Object> {
        let (_, permissions) = BUILT_IN.iter().find(|(built_in, _)| built_in.eq_ignore_ascii_case(name))?;
        let properties =
            json!({"permissions": permissions, "type": "BuiltIn", "provisioningState": "Succeeded"});
        json!({ "properties": properties }).as_object().cloned()
    }

    fn implicit_names(&self) -> Vec<&'static str> {
        BUILT_IN.iter().map(|(name, _)| *name).collect()
    }
}

pub(super) struct Assignment;

impl Behaviour for Assignment {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let policy = draft.text(&["properties", "accessPolicyName"]).unwrap_or_default();
        let cache = draft.id.rsplit_once("/accessPolicyAssignments/").map_or("", |(cache, _)| cache);
        if is_built_in(policy) || draft.view.find(&format!("{cache}/accessPolicies/{policy}")).is_some() {
            return Ok(());
        }
        let message = format!("The access policy '{policy}' does not exist.");
        Err(ArmError::new(404, "AccessPolicyNotFound", message))
    }
}
