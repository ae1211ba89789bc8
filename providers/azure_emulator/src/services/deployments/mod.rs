//! Microsoft.Resources/deployments: templates are checked (`validate`), compared with what exists (`whatIf`), and
//! carried out.

mod carry_out;
mod expression;

use std::time::Duration;

use serde_json::{Value, json};

use crate::arm::render::render_object;
use crate::arm::scope_of;
use crate::behaviour::{Action, Behaviour, Effects, Object, Outcome, View};
use crate::body::{at, text_at};
use crate::error::ArmError;
use crate::guid;
use crate::http::{Request, Response};
use crate::resource_id::{Key, is_same_id, key_of};
use crate::services::check_policies;
use expression::Scope;

const TYPE: &str = "Microsoft.Resources/deployments";

pub(super) struct Deployment;

impl Behaviour for Deployment {
    fn compute(
        &self,
        effects: &mut Effects<'_>,
        request: &Request,
        parent: &Key,
        name: Option<&str>,
    ) -> Result<Response, ArmError> {
        let Some(name) = name else { return Ok(carry_out::list(effects, parent)) };
        let id = format!("{}/providers/{TYPE}/{name}", scope_id_of(effects.view(), parent));
        let key = key_of(&id);
        let exists = effects.world.contains(&key);
        match request.method.as_str() {
            "PUT" => carry_out::put(effects, request, parent, &id),
            "GET" if exists => Ok(Response::json(200, &carry_out::describe(effects.view(), &key))),
            "GET" => Err(ArmError::gateway(
                404,
                "DeploymentNotFound",
                format!("Deployment '{name}' could not be found."),
            )),
            "HEAD" => Ok(Response::empty(if exists { 204 } else { 404 })),
            "DELETE" => {
                effects.remove_tree(&key);
                Ok(Response::empty(204))
            }
            _ => Err(ArmError::gateway(405, "MethodNotAllowed", "Deployments are put, read and deleted.")),
        }
    }

    fn act(&self, action: &mut Action<'_, '_>) -> Option<Result<Outcome, ArmError>> {
        match action.name.as_str() {
            "validate" => Some(validate(action)),
            "whatif" => Some(what_if(action)),
            _ => None,
        }
    }
}

/// A resource of a template, with its expressions evaluated.
struct Planned {
    id: String,
    api_version: String,
    body: Object,
    /// What must be there before, as the template spells it: ids, ends of ids, or names of template resources.
    depends_on: Vec<String>,
    /// What the template calls the resource, in templates that name their resources.
    symbol: Option<String>,
}

fn invalid(message: impl Into<String>) -> ArmError {
    ArmError::gateway(
        400,
        "InvalidTemplate",
        format!("Deployment template validation failed: '{}'.", message.into()),
    )
}

/// Evaluates a template into the resources that it would write.
fn plan(view: View<'_>, scope_id: &str, input: &Object) -> Result<Vec<Planned>, ArmError> {
    let Some(template) = at(input, &["properties", "template"]).and_then(Value::as_object) else {
        return Err(invalid("the request has no template; templateLink is not supported by the emulator"));
    };
    let given =
        at(input, &["properties", "parameters"]).and_then(Value::as_object).cloned().unwrap_or_default();
    let scope = Scope::new(view, scope_id, template, &given).map_err(invalid)?;
    let resources: Vec<(Option<&String>, &Value)> = match template.get("resources") {
        Some(Value::Array(resources)) => resources.iter().map(|resource| (None, resource)).collect(),
        Some(Value::Object(resources)) => resources.iter().map(|(name, it)| (Some(name), it)).collect(),
        _ => return Err(invalid("the template has no resources")),
    };
    let mut planned = Vec::new();
    for (symbol, resource) in resources {
        let first = planned.len();
        plan_resource(&scope, scope_id, resource, None, &mut planned)?;
        if let Some(planned) = planned.get_mut(first) {
            planned.symbol = symbol.cloned();
        }
    }
    Ok(planned)
}

fn plan_resource(
    scope: &Scope<'_>,
    scope_id: &str,
    resource: &Value,
    parent: Option<(&str, &str)>,
    planned: &mut Vec<Planned>,
) -> Result<(), ArmError> {
    let evaluated = scope.evaluate(resource).map_err(invalid)?;
    let Value::Object(mut body) = evaluated else { return Err(invalid("a resource is not an object")) };
    let mut take = |name: &str| match body.remove(name) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(invalid(format!("a resource has no {name}"))),
    };
    let (mut type_name, mut name, api_version) = (take("type")?, take("name")?, take("apiVersion")?);
    if let Some((parent_type, parent_name)) = parent {
        type_name = format!("{parent_type}/{type_name}");
        name = format!("{parent_name}/{name}");
    }
    if body.remove("condition") == Some(Value::Bool(false)) {
        return Ok(());
    }
    if body.contains_key("copy") {
        return Err(invalid("copy loops are not supported by the emulator"));
    }
    let children = body.remove("resources");
    let depends_on = body.remove("dependsOn");
    let depends_on = depends_on.as_ref().and_then(Value::as_array).into_iter().flatten();
    let depends_on = depends_on.filter_map(|it| it.as_str().map(str::to_owned)).collect();
    for name in ["comments", "scope"] {
        body.remove(name);
    }
    let id = resource_id(scope_id, &type_name, &name).ok_or_else(|| {
        invalid(format!(
            "the type '{type_name}' and the name '{name}' do not have the same number of segments"
        ))
    })?;
    planned.push(Planned { id, api_version, body, depends_on, symbol: None });
    for child in children.as_ref().and_then(Value::as_array).into_iter().flatten() {
        plan_resource(scope, scope_id, child, Some((&type_name, &name)), planned)?;
    }
    Ok(())
}

/// Interleaves the segments of a type and a name.
fn resource_id(scope: &str, type_name: &str, name: &str) -> Option<String> {
    let (namespace, types) = type_name.split_once('/')?;
    let (types, names): (Vec<&str>, Vec<&str>) = (types.split('/').collect(), name.split('/').collect());
    if types.len() != names.len() {
        return None;
    }
    if type_name.eq_ignore_ascii_case("Microsoft.Resources/resourceGroups") {
        return Some(format!("{scope}/resourceGroups/{}", names.concat()));
    }
    let pairs: String = types.iter().zip(names).map(|(kind, name)| format!("/{kind}/{name}")).collect();
    Some(format!("{scope}/providers/{namespace}{pairs}"))
}

/// Checks every resource of the template; all that is wrong comes in one answer.
fn check(view: View<'_>, planned: &[Planned]) -> Result<(), ArmError> {
    let errors: Vec<ArmError> = planned
        .iter()
        .filter_map(|planned| {
            let body = Value::Object(planned.body.clone());
            if let Err(error) = crate::contract::check_write(&planned.id, &planned.api_version, &body) {
                return Some(error.at(&planned.id));
            }
            let type_name = crate::resource_id::RequestPath::parse(&planned.id);
            let type_name = type_name.provider_part().map(|part| part.type_name(part.rest.len() / 2));
            check_policies(view, &planned.id, &type_name?, &planned.body).err()
        })
        .collect();
    if errors.is_empty() {
        return Ok(());
    }
    let tracking = guid::random();
    let mut error = ArmError::gateway(
        400,
        "InvalidTemplateDeployment",
        format!(
            "The template deployment failed with error: 'The template is not valid according to the validation \
             procedure. The tracking id is '{tracking}'. See inner errors for details.'."
        ),
    );
    error.details = errors;
    Err(error)
}

/// The id of the scope that a deployment is at.
fn scope_id_of(view: View<'_>, scope: &str) -> String {
    view.world.get(scope).map_or_else(|| scope.to_owned(), |scope| scope.id.to_string())
}

fn validate(action: &mut Action<'_, '_>) -> Result<Outcome, ArmError> {
    let scope_id = scope_id_of(action.effects.view(), scope_of(&action.key));
    let planned = plan(action.effects.view(), &scope_id, &action.input)?;
    check(action.effects.view(), &planned)?;
    let resources: Vec<Value> = planned.iter().map(|planned| json!({"id": planned.id})).collect();
    let name = crate::resource_id::name_of(&action.key);
    let answer = json!({
        "id": format!("{scope_id}/providers/Microsoft.Resources/deployments/{name}"),
        "name": name,
        "type": "Microsoft.Resources/deployments",
        "properties": {
            "provisioningState": "Succeeded",
            "mode": at(&action.input, &["properties", "mode"]),
            "timestamp": action.effects.now.rfc3339(),
            "correlationId": guid::random(),
            "validatedResources": resources,
        },
    });
    Ok(Outcome::Done(Response::json(200, &answer)))
}

fn what_if(action: &mut Action<'_, '_>) -> Result<Outcome, ArmError> {
    let scope_id = scope_id_of(action.effects.view(), scope_of(&action.key));
    let view = action.effects.view();
    let planned = plan(view, &scope_id, &action.input)?;
    check(view, &planned)?;
    let mut changes: Vec<Value> = planned.iter().map(|planned| change_of(view, planned)).collect();
    let is_complete = text_at(&action.input, &["properties", "mode"]) == Some("Complete");
    for (_, resource) in view.world.below(scope_of(&action.key)) {
        let is_child = crate::table::CATALOG.get(resource.kind).is_child();
        if !is_child && !planned.iter().any(|planned| is_same_id(&planned.id, &resource.id)) {
            let change = if is_complete { "Delete" } else { "Ignore" };
            changes.push(json!({"resourceId": resource.id, "changeType": change}));
        }
    }
    let result = json!({
        "status": "Succeeded",
        "properties": {"correlationId": guid::random(), "changes": changes},
    });
    Ok(Outcome::Later { code: 202, duration: Duration::from_secs(5), state: "Running", result: Some(result) })
}

fn change_of(view: View<'_>, planned: &Planned) -> Value {
    let after = Value::Object(planned.body.clone());
    let Some(existing) = view.find(&planned.id) else {
        return json!({"resourceId": planned.id, "changeType": "Create", "after": after});
    };
    let before = Value::Object(render_object(view, existing));
    let mut delta = Vec::new();
    compare("", &before, &after, &mut delta);
    let change = if delta.is_empty() { "NoChange" } else { "Modify" };
    json!({"resourceId": existing.id, "changeType": change, "before": before, "after": after, "delta": delta})
}

/// Lists what the template says differently from what is there; what it does not say does not count.
fn compare(path: &str, before: &Value, after: &Value, delta: &mut Vec<Value>) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            for (name, after) in after {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                match before.get(name) {
                    Some(before) => compare(&path, before, after, delta),
                    None => delta.push(json!({"path": path, "propertyChangeType": "Create", "after": after})),
                }
            }
        }
        (Value::Array(olds), Value::Array(news)) if olds.len() == news.len() => {
            for (idx, (before, after)) in olds.iter().zip(news).enumerate() {
                compare(&format!("{path}[{idx}]"), before, after, delta);
            }
        }
        (before, after) if is_same(path, before, after) => {}
        _ => {
            delta.push(
                json!({"path": path, "propertyChangeType": "Modify", "before": before, "after": after}),
            );
        }
    }
}

fn is_same(path: &str, before: &Value, after: &Value) -> bool {
    match (path, before.as_str(), after.as_str()) {
        ("location", Some(before), Some(after)) => {
            crate::regions::normalize(before) == crate::regions::normalize(after)
        }
        (_, Some(before), Some(after)) if before.starts_with('/') => is_same_id(before, after),
        _ => before == after,
    }
}
