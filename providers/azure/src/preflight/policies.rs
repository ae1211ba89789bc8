//! Azure Policy: whether what is planned would be refused for what it is.

use futures_util::StreamExt;
use futures_util::stream;
use serde_json::{Value as Json, json};
use terrane_model::{Diagnostic, Diagnostics, Value};
use terrane_provider::PlannedResource;

use crate::attributes::Attributes;
use crate::client::{ArmRequest, Call};
use crate::connection::Connection;
use crate::mapping::{Documents, write_object};
use crate::preflight::{complaint, text};
use crate::table::body_path::put;
use crate::table::{Catalog, CreateVerb, ResourceTable};

const ASSIGNMENTS_VERSION: &str = "2023-04-01";
const RESTRICTIONS_VERSION: &str = "2023-03-01";
/// Questions under way at the same time.
const CONCURRENCY: usize = 8;
/// Of more new objects than this, the others are left to the create.
const QUESTIONS_MAX: usize = 100;

/// Asks for every object that is to be made whether a policy forbids it. Where no policies are assigned, or nobody may
/// say, that is one call and nothing else.
pub(crate) async fn check_policies(
    connection: &Connection,
    catalog: &Catalog,
    resources: &[PlannedResource],
    call: &Call<'_>,
) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let questions: Vec<Question<'_>> =
        resources.iter().filter_map(|resource| question(catalog, resource)).collect();
    if questions.is_empty() || !has_assignments(connection, call).await {
        return diagnostics;
    }
    let mut asked = Vec::new();
    for question in questions.iter().take(QUESTIONS_MAX) {
        asked.push(ask(connection, question, call));
    }
    let found: Vec<Option<Diagnostic>> = stream::iter(asked).buffered(CONCURRENCY).collect().await;
    found.into_iter().flatten().for_each(|diagnostic| diagnostics.push(diagnostic));
    diagnostics
}

/// An object that is to be made, with its body as far as it is known.
struct Question<'a> {
    resource: &'a PlannedResource,
    group: String,
    api_version: &'a str,
    content: Json,
}

fn question<'a>(catalog: &'a Catalog, resource: &'a PlannedResource) -> Option<Question<'a>> {
    if !resource.prior_state.is_null() || resource.planned_state.is_null() {
        return None;
    }
    let table = catalog.resources.get(&resource.type_name)?;
    // Policies are about what is tracked: parts of other objects come with those.
    let group = text(&resource.planned_state, "resource_group_name")?;
    let is_object = table.part.is_none() && matches!(table.create, CreateVerb::Put);
    (is_object && table.arm_type.matches('/').count() == 1).then(|| Question {
        resource,
        group,
        api_version: &table.api_version,
        content: content(table, &resource.planned_state),
    })
}

fn content(table: &ResourceTable, planned: &Value) -> Json {
    let known = Attributes::of(planned).into_known(&planned.ty());
    let mut documents = Documents::empty("");
    for (path, value) in &table.fixed {
        put(&mut documents.body, &path.steps, value.clone());
    }
    write_object(&table.arguments, &known, &mut documents);
    let mut body = documents.body;
    body["type"] = table.arm_type.as_str().into();
    body["name"] = text(planned, "name").into();
    body
}

async fn has_assignments(connection: &Connection, call: &Call<'_>) -> bool {
    let path = format!(
        "/subscriptions/{}/providers/Microsoft.Authorization/policyAssignments",
        connection.subscription_id
    );
    match connection.client.list(ArmRequest::get(path, ASSIGNMENTS_VERSION), call).await {
        Ok(assignments) => assignments.is_some_and(|assignments| !assignments.is_empty()),
        Err(error) => {
            tracing::info!(%error, "could not ask which policies there are");
            false
        }
    }
}

async fn ask(connection: &Connection, question: &Question<'_>, call: &Call<'_>) -> Option<Diagnostic> {
    let subscription = format!("/subscriptions/{}", connection.subscription_id);
    let group = format!("{subscription}/resourceGroups/{}", question.group);
    let details =
        json!({"resourceContent": question.content, "apiVersion": question.api_version, "scope": group});
    let body = json!({ "resourceDetails": details });
    // A group that is still to be made has the policies of its subscription.
    for scope in [&group, &subscription] {
        let path = format!("{scope}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions");
        let request = ArmRequest::post(path, RESTRICTIONS_VERSION).with_body(body.clone());
        match connection.client.send(&request, call).await {
            Ok(response) => return judge(question.resource, &response.body),
            Err(error) if error.is_not_found() => {}
            Err(error) => {
                tracing::info!(%error, "could not ask what policies say");
                return None;
            }
        }
    }
    None
}

/// Reads what policies say of an object: only those that would refuse it count.
fn judge(resource: &PlannedResource, answer: &Json) -> Option<Diagnostic> {
    let evaluations =
        answer.pointer("/contentEvaluationResult/policyEvaluations").and_then(Json::as_array)?;
    let text = |evaluation: &Json, pointer: &str| {
        evaluation.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned()
    };
    let denying = evaluations.iter().filter(|evaluation| {
        let effect = text(evaluation, "/effectDetails/policyEffect");
        text(evaluation, "/evaluationResult").eq_ignore_ascii_case("NonCompliant")
            && (effect.is_empty() || effect.eq_ignore_ascii_case("Deny"))
    });
    let policies: Vec<String> =
        denying.map(|evaluation| text(evaluation, "/policyInfo/policyAssignmentId")).collect();
    (!policies.is_empty()).then(|| {
        let detail = format!(
            "Azure would refuse this object because of the policy {}. Change its arguments to what the policy allows, or \
             have an exemption made.",
            policies.join(" and ")
        );
        complaint("Forbidden by policy", resource, &detail)
    })
}
