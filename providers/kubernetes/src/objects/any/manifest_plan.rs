//! Planning an object of any kind: what the server would make of it.

use serde_json::Value as Json;
use terrane_model::{AttributePath, Diagnostic, Diagnostics, Str, Value};
use terrane_provider::PlanRequest;

use super::manifest::{Manager, Manifest, identity, manager, object_of};
use super::wait_block::steps;
use super::{AnyIdentity, placed, without_server_fields};
use crate::objects::cluster::{Cluster, Object, Target};
use crate::objects::context::Context;
use crate::objects::dry_run::{Verdict, holders, try_out};
use crate::objects::failure::{Doing, explain};
use crate::objects::json_value::{agreed, from_json};
use crate::objects::removed_kinds;
use crate::objects::resource::Planned;
use crate::objects::typed::open_question;

/// What the plan for an object looks like.
struct Draft {
    object: Value,
    replaces: Vec<AttributePath>,
    warnings: Diagnostics,
}

impl Manifest {
    pub(super) async fn plan_object(
        &self,
        context: &Context,
        request: &PlanRequest,
    ) -> Result<Planned, Diagnostics> {
        let prior = Some(&request.prior_state).filter(|prior| !prior.is_null());
        let mut draft = self.draft(context, &request.config, prior).await?;
        if let Some(prior) = prior {
            draft.replaces.extend(changed_head(prior, &request.config));
        }
        let attributes = request.config.as_entries().unwrap_or_default().iter().map(|(name, value)| {
            let value = if name == "object" { draft.object.clone() } else { value.clone() };
            (name.clone(), value)
        });
        let state = Value::object(attributes.collect::<Vec<(Str, Value)>>());
        let private = request.prior_private.clone();
        Ok(Planned { state, replaces: draft.replaces, private, warnings: draft.warnings })
    }

    async fn draft(
        &self,
        context: &Context,
        config: &Value,
        prior: Option<&Value>,
    ) -> Result<Draft, Diagnostics> {
        let same = prior.filter(|prior| prior.get("manifest") == config.get("manifest"));
        let kept = || same.and_then(|prior| prior.get("object")).cloned().unwrap_or_else(Value::dynamic);
        let mut draft = Draft { object: kept(), replaces: Vec::new(), warnings: Diagnostics::new() };
        let (Some(object), Some(identity)) = (object_of(config), identity(config)) else { return Ok(draft) };
        let Some(cluster) = context.cluster_if_known().await? else { return Ok(draft) };
        let what = identity.describe();
        let target = match identity.target(&cluster).await {
            Ok(Some(target)) => target,
            Ok(None) => {
                note_missing_kind(context, &cluster, &identity).await?;
                return Ok(draft);
            }
            Err(error) => return Err(explain(&error, Doing::Planning, &what, None).into()),
        };
        let object = placed(object, &target);
        let manager = manager(config);
        let is_create = prior.is_none();
        match try_out(&cluster, &target, Some(&identity.name), &object, &manager.name, manager.force).await {
            Verdict::Accepted { applied, held } => {
                note_existing(context, &identity, is_create && !applied.created, &what);
                if !is_create && !held.is_empty() {
                    draft.warnings.push(crate::objects::dry_run::takeover_warning(&what, &held));
                }
                let first = Json::Object(without_server_fields(applied.object));
                draft.object = if is_create && may_draw(&identity) {
                    second_opinion(&cluster, &target, &identity, &object, &manager, &first).await
                } else if is_create {
                    without_drawn(&identity, &object, &first, from_json(&first))
                } else {
                    from_json(&first)
                };
                if same.is_none() {
                    draft.object = with_open_fields(&draft.object, config);
                }
            }
            Verdict::Conflict(held) => {
                let detail = format!(
                    "Others have set fields of {what} that the manifest sets, too: {}. Leave them out of the manifest, or set \
                     force_conflicts in the field_manager block to take them over.",
                    holders(&held)
                );
                return Err(Diagnostic::error("Field manager conflict", detail).into());
            }
            // What is in the way of a new object is the old one, which the plan may remove.
            Verdict::Immutable { .. } if is_create => {
                note_existing(context, &identity, true, &what);
                draft.object = Value::dynamic();
            }
            Verdict::Immutable { fields } => {
                draft.replaces.extend(fields.iter().map(|field| changed_path(field, prior, config)));
                draft.object = Value::dynamic();
            }
            Verdict::Refused(error) => return Err(explain(&error, Doing::Planning, &what, None).into()),
            Verdict::Open(open) => draft.warnings.extend(open_question(context, &open)),
        }
        Ok(draft)
    }
}

/// Tells whether a dry run may show what is drawn by lot, other than in the places that are known. Objects of the cluster's
/// own kinds hold nothing of that sort, but for those that are run.
fn may_draw(identity: &AnyIdentity) -> bool {
    let group = identity.api_version.rsplit_once('/').map_or("", |(group, _)| group);
    let is_own = !group.contains('.') || group.ends_with(".k8s.io");
    !is_own || matches!(identity.kind.as_str(), "Job" | "Pod" | "CertificateSigningRequest")
}

/// Leaves open what is known to be drawn by lot.
fn without_drawn(identity: &AnyIdentity, object: &Object, first: &Json, planned: Value) -> Value {
    let drawn = if identity.kind == "Service" { drawn_of_service(object, first) } else { Vec::new() };
    drawn.iter().fold(planned, |object, path| opened(&object, &steps(path)))
}

/// Asks a second time what would become of a new object: what the server draws by lot is not known before.
async fn second_opinion(
    cluster: &Cluster,
    target: &Target,
    identity: &AnyIdentity,
    object: &Object,
    manager: &Manager,
    first: &Json,
) -> Value {
    match try_out(cluster, target, Some(&identity.name), object, &manager.name, manager.force).await {
        Verdict::Accepted { applied, .. } => {
            let agreed = agreed(first, &Json::Object(without_server_fields(applied.object)));
            without_drawn(identity, object, first, agreed)
        }
        _ => Value::dynamic(),
    }
}

/// Returns the addresses and ports that a service does not ask for: a dry run shows some, the service gets others.
fn drawn_of_service(object: &Object, first: &Json) -> Vec<String> {
    let written = |pointer: &str| object.get("spec").and_then(|spec| spec.pointer(pointer)).is_some();
    let fields = ["clusterIP", "clusterIPs", "healthCheckNodePort"].into_iter();
    let mut drawn: Vec<String> =
        fields.filter(|name| !written(&format!("/{name}"))).map(|name| format!("spec.{name}")).collect();
    let ports = first.pointer("/spec/ports").and_then(Json::as_array).map_or(0, Vec::len);
    let ports = (0..ports).filter(|position| !written(&format!("/ports/{position}/nodePort")));
    drawn.extend(ports.map(|position| format!("spec.ports[{position}].nodePort")));
    drawn
}

/// Remembers whether an object is in the way of a new one, for those who look at the plan as a whole.
fn note_existing(context: &Context, identity: &AnyIdentity, is_in_the_way: bool, what: &str) {
    let mut notes = context.notes();
    if is_in_the_way {
        notes.existing.insert(identity.key(), what.to_owned());
    } else {
        notes.existing.remove(&identity.key());
    }
}

/// Refuses kinds that are gone for good, and remembers those that somebody may define.
async fn note_missing_kind(
    context: &Context,
    cluster: &Cluster,
    identity: &AnyIdentity,
) -> Result<(), Diagnostics> {
    if let Ok(kinds) = cluster.discovery(std::time::Duration::MAX).await
        && let Some(objection) = removed_kinds::objection(&kinds, &identity.api_version, &identity.kind)
    {
        let detail = format!("The manifest is for {objection}");
        let path = AttributePath::root().attribute("manifest").attribute("apiVersion");
        return Err(Diagnostic::error("Kind not served any more", detail).on_attribute(path).into());
    }
    context.notes().missing_kinds.insert(identity.key(), identity.unknown_kind());
    Ok(())
}

/// Leaves open the fields that the configuration says the server may change.
fn with_open_fields(object: &Value, config: &Value) -> Value {
    let paths = config.get("computed_fields").and_then(Value::as_sequence).unwrap_or_default();
    let paths = paths.iter().filter_map(Value::as_str).map(|path| steps(path));
    paths.fold(object.clone(), |object, steps| opened(&object, &steps))
}

fn opened(value: &Value, steps: &[String]) -> Value {
    let Some((first, rest)) = steps.split_first() else { return Value::dynamic() };
    match (value.as_entries(), value.as_sequence(), first.parse::<usize>()) {
        (Some(entries), ..) => Value::object(entries.iter().map(|(name, value)| {
            (name.clone(), if *name == **first { opened(value, rest) } else { value.clone() })
        })),
        (None, Some(elements), Ok(wanted)) => {
            let elements = elements.iter().enumerate();
            Value::tuple(
                elements
                    .map(|(at, value)| if at == wanted { opened(value, rest) } else { value.clone() })
                    .collect::<Vec<_>>(),
            )
        }
        _ => value.clone(),
    }
}

/// Returns the parts of the head that differ: with them it is another object.
fn changed_head(prior: &Value, config: &Value) -> Vec<AttributePath> {
    let root = AttributePath::root().attribute("manifest");
    let metadata = root.attribute("metadata");
    let paths = [
        root.attribute("apiVersion"),
        root.attribute("kind"),
        metadata.attribute("name"),
        metadata.attribute("namespace"),
    ];
    if prior.get("manifest").is_none_or(Value::is_null) {
        // The object was imported; nothing is known of how it was written.
        return Vec::new();
    }
    let differs = |path: &AttributePath| {
        let text = |value: &Value| value.at_path(path).filter(|value| !value.is_null());
        text(prior) != text(config)
    };
    paths.into_iter().filter(differs).collect()
}

/// Returns the part of the manifest that stands for an immutable field, or the nearest around it that changes.
fn changed_path(field: &str, prior: Option<&Value>, config: &Value) -> AttributePath {
    let root = AttributePath::root().attribute("manifest");
    let steps = steps(field);
    let mut path = steps.iter().fold(root, |path, step| match step.parse::<usize>() {
        Ok(position) => path.position(position),
        Err(_) => path.attribute(step.as_str()),
    });
    let at = |value: &Value, path: &AttributePath| value.at_path(path);
    while path.steps().len() > 1
        && prior.is_some_and(|prior| at(prior, &path).is_none() || at(prior, &path) == at(config, &path))
    {
        path.0.pop();
    }
    path
}
