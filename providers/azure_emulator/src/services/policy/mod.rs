//! Azure Policy: definitions, their assignments to scopes, and what they forbid. Of effects there is `deny`.

mod rule;

use hyper::Method;
use serde_json::{Value, json};

use super::authorization::list_at_scope;
use crate::arm::{Context, scope_of};
use crate::behaviour::{Behaviour, Draft, Object, View};
use crate::body::{at, list_at, text_at};
use crate::error::ArmError;
use crate::http::{Request, Response};
use crate::resource_id::{Key, key_of, name_of};
use crate::table::CATALOG;
use crate::world::Resource;
use rule::Subject;

const DEFINITIONS: &str = "Microsoft.Authorization/policyDefinitions";
const ASSIGNMENTS: &str = "Microsoft.Authorization/policyAssignments";

pub(super) struct Definition;

impl Behaviour for Definition {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let policy = draft.at(&["properties", "policyRule"]);
        let has_both =
            policy.is_some_and(|rule| rule.get("if").is_some() && rule.pointer("/then/effect").is_some());
        if !has_both {
            return Err(ArmError::bad_request(
                "InvalidPolicyRule",
                "The policy rule must have the properties 'if' and 'then', and 'then' the property 'effect'.",
            ));
        }
        draft.set("policyType", "Custom");
        Ok(())
    }

    fn check_delete(&self, view: View<'_>, resource: &Resource) -> Result<(), ArmError> {
        let key = resource.key();
        let mut assignments = assignments(view);
        let user = assignments.find(|assignment| key_of(definition_id(&assignment.body())) == key);
        match user {
            None => Ok(()),
            Some(user) => Err(ArmError::bad_request(
                "InvalidDeletePolicyDefinitionRequest",
                format!("The policy definition '{}' is assigned by '{}'.", resource.name(), user.id),
            )),
        }
    }

    fn list(
        &self,
        view: View<'_>,
        request: &Request,
        scope: &Key,
    ) -> Option<Result<Vec<(String, Value)>, ArmError>> {
        Some(list_at_scope(view, request, scope, DEFINITIONS, &[]))
    }
}

pub(super) struct Assignment;

impl Behaviour for Assignment {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let id = draft.text(&["properties", "policyDefinitionId"]).unwrap_or_default().to_owned();
        if find_definition(draft.view, &id).is_none() {
            return Err(ArmError::new(
                404,
                "PolicyDefinitionNotFound",
                format!("The policy definition '{id}' could not be found."),
            ));
        }
        let scope = draft.id.rsplit_once("/providers/").map_or("", |(scope, _)| scope).to_owned();
        draft.set("scope", scope);
        Ok(())
    }

    fn list(
        &self,
        view: View<'_>,
        request: &Request,
        scope: &Key,
    ) -> Option<Result<Vec<(String, Value)>, ArmError>> {
        Some(list_at_scope(view, request, scope, ASSIGNMENTS, &[]))
    }
}

fn assignments(view: View<'_>) -> impl Iterator<Item = &Resource> {
    let kind = CATALOG.find(ASSIGNMENTS);
    kind.into_iter().flat_map(move |kind| view.world.of_type(kind)).filter_map(move |key| view.world.get(key))
}

fn definition_id(assignment: &Object) -> &str {
    text_at(assignment, &["properties", "policyDefinitionId"]).unwrap_or_default()
}

/// Definitions that every tenant has: name, display name, rule and parameters.
fn built_in(name: &str) -> Option<Object> {
    let properties = match name {
        "e56962a6-4747-49cd-b67b-bf8b01975c4c" => json!({
            "displayName": "Allowed locations", "mode": "Indexed",
            "policyRule": {
                "if": {"allOf": [
                    {"field": "location", "notIn": "[parameters('listOfAllowedLocations')]"},
                    {"field": "location", "notEquals": "global"},
                ]},
                "then": {"effect": "deny"},
            },
        }),
        "a08ec900-254a-4555-9bf5-e42af04b5c5c" => json!({
            "displayName": "Allowed resource types", "mode": "Indexed",
            "policyRule": {
                "if": {"not": {"field": "type", "in": "[parameters('listOfResourceTypesAllowed')]"}},
                "then": {"effect": "deny"},
            },
        }),
        "6c112d4e-5bc7-47ae-a041-ea2d9dccd749" => json!({
            "displayName": "Not allowed resource types", "mode": "All",
            "policyRule": {
                "if": {"field": "type", "in": "[parameters('listOfResourceTypesNotAllowed')]"},
                "then": {"effect": "deny"},
            },
        }),
        "871b6d14-10aa-478d-b590-94f262ecfa99" => json!({
            "displayName": "Require a tag on resources", "mode": "Indexed",
            "policyRule": {
                "if": {"field": "[concat('tags[', parameters('tagName'), ']')]", "exists": "false"},
                "then": {"effect": "deny"},
            },
        }),
        _ => return None,
    };
    json!({ "properties": properties }).as_object().cloned()
}

fn find_definition(view: View<'_>, id: &str) -> Option<Object> {
    match view.find(id) {
        Some(definition) => Some(definition.body()),
        None => built_in(&name_of(id).to_ascii_lowercase()),
    }
}

/// An assignment that forbids a resource.
struct Violation {
    assignment: String,
    definition: String,
    display_name: String,
}

/// Finds the assignments that forbid a resource, given by its id, type and body.
fn violations(view: View<'_>, id: &str, type_name: &str, body: &Object) -> Vec<Violation> {
    let key = key_of(id);
    let of_interest = assignments(view).filter(|assignment| {
        let own = assignment.key();
        let scope = scope_of(&own);
        *key == *scope || key.starts_with(&format!("{scope}/"))
    });
    let subject = Subject { id, type_name, body };
    of_interest.filter_map(|assignment| violation(view, assignment, &subject)).collect()
}

fn violation(view: View<'_>, assignment: &Resource, subject: &Subject<'_>) -> Option<Violation> {
    let body = assignment.body();
    let is_excepted =
        list_at(&body, &["properties", "notScopes"]).iter().filter_map(Value::as_str).any(|scope| {
            let (scope, key) = (key_of(scope), key_of(subject.id));
            key == scope || key.starts_with(&format!("{scope}/"))
        });
    if is_excepted || text_at(&body, &["properties", "enforcementMode"]) == Some("DoNotEnforce") {
        return None;
    }
    let id = definition_id(&body);
    let definition = find_definition(view, id)?;
    let is_indexed = text_at(&definition, &["properties", "mode"])
        .is_some_and(|mode| mode.eq_ignore_ascii_case("Indexed"));
    let is_group = subject.type_name.eq_ignore_ascii_case("Microsoft.Resources/resourceGroups");
    // Indexed policies are about what has a location and tags.
    if is_indexed && (is_group || subject.body.get("location").is_none()) {
        return None;
    }
    let given = at(&body, &["properties", "parameters"]);
    let declared = at(&definition, &["properties", "parameters"]);
    let rule = at(&definition, &["properties", "policyRule"])?;
    if !rule::denies(rule, given, declared, subject) {
        return None;
    }
    let display_name = text_at(&body, &["properties", "displayName"])
        .or_else(|| text_at(&definition, &["properties", "displayName"]))
        .unwrap_or(assignment.name());
    Some(Violation {
        assignment: assignment.id.to_string(),
        definition: id.to_owned(),
        display_name: display_name.to_owned(),
    })
}

/// Refuses a resource that a policy forbids.
pub(crate) fn check(view: View<'_>, id: &str, type_name: &str, body: &Object) -> Result<(), ArmError> {
    if type_name.starts_with("Microsoft.Authorization/") {
        return Ok(());
    }
    let found = violations(view, id, type_name, body);
    if found.is_empty() {
        return Ok(());
    }
    let identifiers: Vec<Value> = found
        .iter()
        .map(|violation| {
            json!({
                "policyAssignment": {"name": violation.display_name, "id": violation.assignment},
                "policyDefinition": {"name": violation.display_name, "id": violation.definition},
            })
        })
        .collect();
    let name = name_of(id);
    let message = format!(
        "Resource '{name}' was disallowed by policy. Policy identifiers: '{}'.",
        Value::Array(identifiers)
    );
    Err(ArmError::gateway(403, "RequestDisallowedByPolicy", message).at(name))
}

/// Answers `checkPolicyRestrictions`: what policies would say of a resource that is still to be made.
pub(super) fn check_restrictions(context: &Context<'_>, scope: &str) -> Option<Result<Response, ArmError>> {
    (context.request.method == Method::POST).then(|| restrictions(context, scope))
}

fn restrictions(context: &Context<'_>, scope: &str) -> Result<Response, ArmError> {
    let sent = context.request.json_object()?;
    let content = at(&sent, &["resourceDetails", "resourceContent"]).and_then(Value::as_object);
    let Some(content) = content else {
        return Err(ArmError::bad_request(
            "InvalidRequestContent",
            "The property 'resourceContent' is required.",
        ));
    };
    let type_name = text_at(content, &["type"]).unwrap_or_default();
    let name = text_at(content, &["name"]).unwrap_or("new");
    let id = format!("{scope}/providers/{type_name}/{name}");
    let evaluations: Vec<Value> = violations(context.view(), &id, type_name, content)
        .iter()
        .map(|violation| {
            json!({
                "policyInfo": {
                    "policyAssignmentId": violation.assignment, "policyDefinitionId": violation.definition,
                },
                "evaluationResult": "NonCompliant",
                "effectDetails": {"policyEffect": "Deny"},
            })
        })
        .collect();
    let answer = json!({
        "fieldRestrictions": [],
        "contentEvaluationResult": {"policyEvaluations": evaluations},
    });
    Ok(Response::json(200, &answer))
}
