//! Role definitions, role assignments and management locks, at any scope.

use hyper::Method;
use serde_json::{Value, json};

use super::roles::{BUILT_IN_ROLES, BuiltInRole};
use crate::arm::{Filter, render::render_object, scope_of};
use crate::behaviour::{Behaviour, Draft, Object, View};
use crate::body::text_at;
use crate::error::ArmError;
use crate::guid;
use crate::http::Request;
use crate::resource_id::{Key, containers_of, key_of, name_of};
use crate::table::CATALOG;
use crate::world::Resource;

pub(super) struct RoleAssignment;

impl Behaviour for RoleAssignment {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let (scope, _) = draft.id.rsplit_once("/providers/").unwrap_or(("", ""));
        let scope = if scope.is_empty() { "/".to_owned() } else { scope.to_owned() };
        let principal = draft.text(&["properties", "principalId"]).unwrap_or_default().to_owned();
        if !guid::is_guid(&principal) {
            return Err(ArmError::bad_request(
                "InvalidPrincipalId",
                format!("The principal ID '{principal}' is not valid. Principal ID must be a GUID."),
            ));
        }
        let definition_id = draft.text(&["properties", "roleDefinitionId"]).unwrap_or_default().to_owned();
        if find_definition(draft.view, name_of(&definition_id)).is_none() {
            return Err(ArmError::bad_request(
                "RoleDefinitionDoesNotExist",
                format!(
                    "The specified role definition with ID '{}' does not exist.",
                    name_of(&definition_id)
                ),
            ));
        }
        for path in [&["properties", "principalId"][..], &["properties", "roleDefinitionId"]] {
            let same = draft.before(path).and_then(Value::as_str).is_none_or(|before| {
                let after = draft.text(path).unwrap_or_default();
                name_of(before).eq_ignore_ascii_case(name_of(after))
            });
            if !same {
                return Err(ArmError::bad_request(
                    "RoleAssignmentUpdateNotPermitted",
                    "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
                ));
            }
        }
        check_duplicate(draft, &scope, &principal, &definition_id)?;
        let is_service = is_known_service(draft.view, &principal);
        let definition = definition_id_at(draft.view, &scope, &name_of(&definition_id).to_lowercase());
        let (now, author) = (draft.view.now.rfc3339(), draft.view.settings.identity.object_id.clone());
        draft.set("scope", scope);
        draft.set("roleDefinitionId", definition);
        let properties = draft.properties();
        crate::body::set_default(
            properties,
            "principalType",
            if is_service { "ServicePrincipal" } else { "User" },
        );
        for name in ["condition", "conditionVersion", "description", "delegatedManagedIdentityResourceId"] {
            crate::body::set_default(properties, name, Value::Null);
        }
        draft.set_once("createdOn", || json!(now));
        draft.set("updatedOn", now);
        draft.set_once("createdBy", || json!(author));
        draft.set("updatedBy", author);
        Ok(())
    }

    fn list(
        &self,
        view: View<'_>,
        request: &Request,
        scope: &Key,
    ) -> Option<Result<Vec<(String, Value)>, ArmError>> {
        Some(list_at_scope(view, request, scope, "Microsoft.Authorization/roleAssignments", &[]))
    }
}

/// Principals that the emulator has made or is.
fn is_known_service(view: View<'_>, principal: &str) -> bool {
    view.settings.identity.object_id.eq_ignore_ascii_case(principal)
        || view.world.indexes().owner_of_principal(principal).is_some()
}

fn check_duplicate(
    draft: &Draft<'_>,
    scope: &str,
    principal: &str,
    definition: &str,
) -> Result<(), ArmError> {
    let siblings = format!(
        "{}/providers/microsoft.authorization/roleassignments",
        scope.trim_end_matches('/').to_lowercase()
    );
    let view = draft.view;
    let duplicate = view.world.below(&siblings).find(|(key, other)| {
        if !other.body.contains(principal) {
            return false;
        }
        let body = other.body();
        let text = |name: &str| text_at(&body, &["properties", name]).unwrap_or_default().to_owned();
        **key != draft.key
            && text("principalId").eq_ignore_ascii_case(principal)
            && name_of(&text("roleDefinitionId")).eq_ignore_ascii_case(name_of(definition))
    });
    match duplicate {
        None => Ok(()),
        Some((_, other)) => Err(ArmError::conflict(
            "RoleAssignmentExists",
            format!(
                "The role assignment already exists. The ID of the existing role assignment is {}.",
                other.name().replace('-', "")
            ),
        )),
    }
}

/// Lists an extension type: what is at the scope, above it and below it. `extra` comes first.
/// Lists what is stored of a type at a scope, above and below it, as far as the filter of the request lets it through.
pub(super) fn list_at_scope(
    view: View<'_>,
    request: &Request,
    scope: &Key,
    type_name: &str,
    extra: &[(String, Value)],
) -> Result<Vec<(String, Value)>, ArmError> {
    let filter =
        request.query("$filter").filter(|filter| !filter.is_empty()).map(Filter::parse).transpose()?;
    let scope = scope.trim_end_matches('/');
    let kind = CATALOG.find(type_name);
    let stored = kind.into_iter().flat_map(|kind| view.world.of_type(kind)).filter_map(|key| {
        let own_scope = scope_of(key);
        let is_above_or_at = scope == own_scope || scope.starts_with(&format!("{own_scope}/"));
        let is_below = own_scope.starts_with(&format!("{scope}/"));
        let resource = view.world.get(key)?;
        (is_above_or_at || is_below)
            .then(|| (key.to_string(), Value::Object(render_object(view, resource)), is_above_or_at))
    });
    let all = extra.iter().map(|(key, item)| (key.clone(), item.clone(), true)).chain(stored);
    let mut items: Vec<(String, Value)> = all
        .filter(|(_, item, is_above_or_at)| {
            filter.as_ref().is_none_or(|filter| accepts(filter, item, *is_above_or_at))
        })
        .map(|(key, item, _)| (key, item))
        .collect();
    items.sort_by(|left, right| left.0.cmp(&right.0));
    Ok(items)
}

fn accepts(filter: &Filter, item: &Value, is_above_or_at: bool) -> bool {
    let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let value_of = |name: &str| match name {
        "rolename" => text("/properties/roleName"),
        "type" => text("/properties/type"),
        "principalid" => text("/properties/principalId"),
        "roledefinitionid" => text("/properties/roleDefinitionId"),
        _ => None,
    };
    let principal = text("/properties/principalId");
    filter.accepts(&value_of, &|name, argument| match name {
        "atscope" | "atscopeandbelow" => name != "atscope" || is_above_or_at,
        "assignedto" => {
            argument.is_some() && principal.as_deref().map(str::to_lowercase).as_deref() == argument
        }
        _ => true,
    })
}

pub(super) struct RoleDefinition;

impl Behaviour for RoleDefinition {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        if draft.before(&["properties", "type"]).and_then(Value::as_str) == Some("BuiltInRole") {
            return Err(ArmError::bad_request(
                "InvalidRoleDefinitionUpdate",
                "Built-in role definitions cannot be changed.",
            ));
        }
        let name = draft.text(&["properties", "roleName"]).unwrap_or_default().to_owned();
        if name.is_empty() {
            return Err(ArmError::bad_request(
                "InvalidRoleDefinitionName",
                "The role definition must have a name.",
            ));
        }
        if draft.list(&["properties", "assignableScopes"]).is_empty() {
            return Err(ArmError::bad_request(
                "MissingAssignableScopes",
                "The role definition must have at least one assignable scope.",
            ));
        }
        let kind = CATALOG.find("Microsoft.Authorization/roleDefinitions");
        let mut others = kind.into_iter().flat_map(|kind| draft.view.world.of_type(kind));
        let is_taken = others.any(|key| {
            let body = draft.view.world.get(key).map(Resource::body).unwrap_or_default();
            *key != draft.key
                && text_at(&body, &["properties", "roleName"])
                    .is_some_and(|other| other.eq_ignore_ascii_case(&name))
        });
        if is_taken || BUILT_IN_ROLES.iter().any(|role| role.name.eq_ignore_ascii_case(&name)) {
            return Err(ArmError::conflict(
                "RoleDefinitionWithSameNameExists",
                format!(
                    "A custom role with the same name already exists in this directory. Use a different name: '{name}'."
                ),
            ));
        }
        let (now, author) = (draft.view.now.rfc3339(), draft.view.settings.identity.object_id.clone());
        draft.set("type", "CustomRole");
        if let Some(Value::Array(permissions)) = draft.properties().get_mut("permissions") {
            for permission in permissions.iter_mut().filter_map(Value::as_object_mut) {
                for list in ["actions", "notActions", "dataActions", "notDataActions"] {
                    crate::body::set_default(permission, list, json!([]));
                }
            }
        }
        draft.set_once("createdOn", || json!(now));
        draft.set("updatedOn", now);
        draft.set_once("createdBy", || json!(author));
        draft.set("updatedBy", author);
        Ok(())
    }

    fn check_delete(&self, view: View<'_>, resource: &Resource) -> Result<(), ArmError> {
        let kind = CATALOG.find("Microsoft.Authorization/roleAssignments");
        let mut assignments = kind.into_iter().flat_map(|kind| view.world.of_type(kind));
        let is_used = assignments.any(|key| {
            view.world.get(key).is_some_and(|assignment| assignment.body.contains(resource.name()))
        });
        if !is_used {
            return Ok(());
        }
        Err(ArmError::bad_request(
            "RoleDefinitionHasAssignments",
            "There are existing role assignments referencing role (code: RoleDefinitionHasAssignments).",
        ))
    }

    fn implicit(&self, view: View<'_>, _parent: Option<&Resource>, name: &str) -> Option<Object> {
        find_definition(view, name)
    }

    fn renders(&self) -> bool {
        true
    }

    fn render(&self, view: View<'_>, resource: &Resource, body: &mut Object) {
        // A role has one id, below its subscription, at whatever scope it was made or is asked for.
        body.insert(
            "id".into(),
            json!(definition_id_at(view, &resource.id, &resource.name().to_lowercase())),
        );
    }

    fn list(
        &self,
        view: View<'_>,
        request: &Request,
        scope: &Key,
    ) -> Option<Result<Vec<(String, Value)>, ArmError>> {
        let built_in: Vec<(String, Value)> = BUILT_IN_ROLES
            .iter()
            .map(|role| {
                let id = definition_id_at(view, scope, role.id);
                let mut body = built_in_body(role);
                body.insert("id".into(), json!(id));
                body.insert("name".into(), json!(role.id));
                body.insert("type".into(), json!("Microsoft.Authorization/roleDefinitions"));
                (key_of(&id).to_string(), Value::Object(body))
            })
            .collect();
        Some(list_at_scope(view, request, scope, "Microsoft.Authorization/roleDefinitions", &built_in))
    }
}

/// The id of a role definition as it is answered at a scope.
fn definition_id_at(view: View<'_>, scope: &str, name: &str) -> String {
    let subscription = containers_of(scope).0.unwrap_or(&view.settings.identity.subscription_id);
    format!("/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{name}")
}

/// Returns the body of the role definition with a GUID: a built-in one, or a custom one at whatever scope.
fn find_definition(view: View<'_>, name: &str) -> Option<Object> {
    if let Some(role) = BUILT_IN_ROLES.iter().find(|role| role.id.eq_ignore_ascii_case(name)) {
        return Some(built_in_body(role));
    }
    let kind = CATALOG.find("Microsoft.Authorization/roleDefinitions")?;
    let key = view.world.of_type(kind).find(|key| name_of(key).eq_ignore_ascii_case(name))?;
    view.world.get(key).map(Resource::body)
}

fn built_in_body(role: &BuiltInRole) -> Object {
    let body = json!({"properties": {
        "roleName": role.name,
        "type": "BuiltInRole",
        "description": role.description,
        "assignableScopes": ["/"],
        "permissions": [{
            "actions": role.actions,
            "notActions": role.not_actions,
            "dataActions": role.data_actions,
            "notDataActions": [],
        }],
        "createdOn": "2015-02-02T21:55:09.8806423Z",
        "updatedOn": "2023-11-27T16:34:30.5203212Z",
        "createdBy": Value::Null,
        "updatedBy": Value::Null,
    }});
    body.as_object().cloned().unwrap_or_default()
}

pub(super) struct Lock;

impl Behaviour for Lock {
    fn list(
        &self,
        view: View<'_>,
        request: &Request,
        scope: &Key,
    ) -> Option<Result<Vec<(String, Value)>, ArmError>> {
        (request.method == Method::GET)
            .then(|| list_at_scope(view, request, scope, "Microsoft.Authorization/locks", &[]))
    }
}
