//! PUT and PATCH of one resource: check, draft, commit.

use serde_json::{Value, json};

use super::Context;
use super::checks;
use super::operations::{self, Start};
use super::read::implicit_resource;
use super::render::{etag_text, render_object};
use super::target::Target;
use crate::behaviour::{Draft, Object, Prior};
use crate::body;
use crate::dialect;
use crate::error::ArmError;
use crate::guid;
use crate::http::Response;
use crate::resource_id::key_of;
use crate::services::{behaviour_of, check_policies};
use crate::table::{CATALOG, Dialect, ETag, Embed, Patch, ResourceType, Style, Verb};
use crate::validation::{Completeness, find_problem};
use crate::world::{OperationKind, Pending, Resource};

/// Answers PUT.
pub(crate) fn put(context: &mut Context<'_>, target: &Target) -> Result<Response, ArmError> {
    let sent = context.request.json_object()?;
    let written = write(context, target, sent, Mode::Replace)?;
    Ok(answer(context, target, &written))
}

/// Answers PATCH.
pub(crate) fn patch(context: &mut Context<'_>, target: &Target) -> Result<Response, ArmError> {
    let resource_type = CATALOG.get(target.kind);
    let sent = context.request.json_object()?;
    let mode = match &resource_type.patch {
        Patch::None => return Err(checks::method_not_allowed(context)),
        Patch::Merge(_) => Mode::Merge,
        Patch::Tags(_) => {
            if let Some(other) = sent.keys().find(|name| !name.eq_ignore_ascii_case("tags")) {
                return Err(ArmError::gateway(
                    400,
                    "InvalidRequestContent",
                    format!(
                        "The request content was invalid and could not be deserialized: 'Could not find member \
                         '{other}' on object of type 'TagsObject'. Path '{other}', line 1, position 1.'."
                    ),
                ));
            }
            Mode::Tags
        }
    };
    let written = write(context, target, sent, mode)?;
    Ok(answer(context, target, &written))
}

/// How the sent body relates to what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// PUT: it is the whole.
    Replace,
    /// PATCH: a JSON merge patch.
    Merge,
    /// PATCH: nothing but tags.
    Tags,
}

/// What a write did.
pub(crate) struct Written {
    pub(crate) verb: Verb,
    pub(crate) operation: Option<Box<str>>,
}

/// Checks and carries out a write.
pub(crate) fn write(
    context: &mut Context<'_>,
    target: &Target,
    mut sent: Object,
    mode: Mode,
) -> Result<Written, ArmError> {
    let resource_type = CATALOG.get(target.kind);
    let existing = match context.world.get(&target.key) {
        Some(resource) => Some(resource.clone()),
        None => implicit_resource(context, target),
    };
    if mode != Mode::Replace && existing.is_none() {
        return Err(checks::not_found(context, target));
    }
    checks::registration(context, target)?;
    checks::locks(context, &target.key)?;
    checks::preconditions(context, existing.as_ref())?;
    if existing.is_none() && !dialect::is_valid_name(resource_type, &target.name) {
        let service = CATALOG.service_of(resource_type);
        return Err(dialect::name_error(service.dialect, resource_type, &target.name));
    }
    if mode == Mode::Replace || sent.contains_key("location") {
        checks::location(target, existing.as_ref(), &mut sent, true)?;
    }
    check_body(context, resource_type, &sent, mode)?;
    checks::unique_name(context, target)?;
    checks::not_busy(context, target)?;

    let draft = make_draft(context, target, existing.as_ref(), sent, mode)?;
    check_policies(context.view(), &draft.id, &resource_type.name, &draft.body)?;
    let removed = removed_children(context, target, &draft, mode)?;
    let draft = Finished::from(draft);
    let verb = verb_of(resource_type, &existing, mode).clone();
    Ok(commit(context, target, draft, &removed, &verb))
}

fn check_body(
    context: &Context<'_>,
    resource_type: &ResourceType,
    sent: &Object,
    mode: Mode,
) -> Result<(), ArmError> {
    let completeness = if mode == Mode::Replace { Completeness::Full } else { Completeness::Partial };
    if let Some(finding) = find_problem(&CATALOG, resource_type, context.version(), sent, completeness) {
        return Err(dialect::body_error(CATALOG.service_of(resource_type).dialect, &finding));
    }
    checks::tags(resource_type, sent)
}

fn verb_of<'t>(resource_type: &'t ResourceType, existing: &Option<Resource>, mode: Mode) -> &'t Verb {
    match (mode, &resource_type.patch) {
        (Mode::Replace, _) | (_, Patch::None) => {
            if existing.is_some() {
                &resource_type.update
            } else {
                &resource_type.create
            }
        }
        (_, Patch::Tags(verb) | Patch::Merge(verb)) => verb,
    }
}

fn make_draft<'c>(
    context: &'c Context<'_>,
    target: &Target,
    existing: Option<&Resource>,
    sent: Object,
    mode: Mode,
) -> Result<Draft<'c>, ArmError> {
    let resource_type = CATALOG.get(target.kind);
    let prior = existing.map(|resource| Prior { body: resource.body(), hidden: resource.hidden() });
    let mut whole = sent.clone();
    if mode != Mode::Replace {
        let mut merged = Value::Object(prior.as_ref().map(|prior| prior.body.clone()).unwrap_or_default());
        body::merge_patch(&mut merged, &Value::Object(whole));
        whole = merged.as_object().cloned().unwrap_or_default();
        if mode == Mode::Tags && sent.get("tags").is_some() {
            // Tags are replaced as a whole here, not merged.
            whole.insert("tags".into(), sent["tags"].clone());
        }
    }
    let mut draft = Draft {
        view: context.view(),
        resource_type,
        id: target.answered_id(context),
        key: target.key.clone(),
        version: context.version().to_owned(),
        sent,
        hidden: prior.as_ref().map(|prior| prior.hidden.clone()).unwrap_or_default(),
        prior,
        parent: context.world.get(&target.parent).map(Resource::body),
        with_parent: false,
        body: whole,
        children: Vec::new(),
        duration: None,
        state: None,
    };
    if mode == Mode::Replace {
        draft.children = take_children(&mut draft)?;
    } else {
        drop_embedded(&mut draft);
    }
    complete(&mut draft);
    for child in &mut draft.children {
        complete(child);
    }
    let behaviour = behaviour_of(target.kind);
    behaviour.prepare(&mut draft)?;
    let mut children = std::mem::take(&mut draft.children);
    for child in &mut children {
        child.parent = Some(draft.body.clone());
        let kind = CATALOG.find(&child.resource_type.name).expect("it is in the catalog");
        behaviour_of(kind).prepare(child)?;
    }
    draft.children = children;
    fill_nested(&mut draft, existing)?;
    Ok(draft)
}

/// Everything that the shape alone says.
fn complete(draft: &mut Draft<'_>) {
    let shape = draft.resource_type.body;
    body::clean(&CATALOG, shape, &mut draft.body);
    for name in ["id", "name", "type", "systemData", "etag", "eTag"] {
        draft.body.remove(name);
    }
    if CATALOG.service_of(draft.resource_type).dialect == Dialect::ContainerService {
        // To a service written in Go an empty string is an absent one.
        body::drop_empty_texts(&mut draft.body);
    }
    if CATALOG.shape(shape).property("properties").is_some() {
        draft.properties();
    }
    if let Some(prior) = &draft.prior {
        body::carry_read_only(&CATALOG, shape, &prior.body, &mut draft.body);
    }
    body::fill_defaults(&CATALOG, shape, &mut draft.body);
    if draft.resource_type.has_state {
        draft.set("provisioningState", "Succeeded");
    }
}

/// Takes the children out of a body that lists them, each as a draft of its own.
fn take_children<'c>(draft: &mut Draft<'c>) -> Result<Vec<Draft<'c>>, ArmError> {
    let mut children: Vec<Draft<'c>> = Vec::new();
    let embeds = &draft.resource_type.embeds;
    for embed in embeds {
        let Some(properties) = draft.body.get_mut("properties").and_then(Value::as_object_mut) else {
            continue;
        };
        let listed = properties.remove(&embed.property);
        if !embed.writable {
            continue;
        }
        let Some(Value::Array(elements)) = listed else { continue };
        for element in elements {
            let child = child_draft(draft, embed, element)?;
            if children.iter().any(|other| other.key == child.key) {
                return Err(duplicate_name(&draft.id, child.name()));
            }
            children.push(child);
        }
    }
    Ok(children)
}

fn child_draft<'c>(parent: &Draft<'c>, embed: &Embed, element: Value) -> Result<Draft<'c>, ArmError> {
    let type_name = format!("{}/{}", parent.resource_type.name, embed.child);
    let kind = CATALOG.find(&type_name).expect("a test checks that embedded children are types");
    let resource_type = CATALOG.get(kind);
    let mut sent = element.as_object().cloned().unwrap_or_default();
    let name = sent.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let dialect = CATALOG.service_of(resource_type).dialect;
    if !dialect::is_valid_name(resource_type, &name) {
        return Err(dialect::name_error(dialect, resource_type, &name));
    }
    if embed.flat {
        sent.remove("name");
        sent = Object::from_iter([("properties".to_owned(), Value::Object(sent))]);
    }
    let key = key_of(&format!("{}/{}/{name}", parent.key, embed.child));
    let existing = parent.view.world.get(&key);
    let prior = existing.map(|resource| Prior { body: resource.body(), hidden: resource.hidden() });
    Ok(Draft {
        view: parent.view,
        resource_type,
        id: existing
            .map_or_else(|| format!("{}/{}/{name}", parent.id, embed.child), |child| child.id.to_string()),
        key,
        version: parent.version.clone(),
        body: sent.clone(),
        sent,
        hidden: prior.as_ref().map(|prior| prior.hidden.clone()).unwrap_or_default(),
        prior,
        parent: None,
        with_parent: true,
        children: Vec::new(),
        duration: None,
        state: None,
    })
}

fn drop_embedded(draft: &mut Draft<'_>) {
    let Some(properties) = draft.body.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for embed in &draft.resource_type.embeds {
        properties.remove(&embed.property);
    }
}

fn duplicate_name(id: &str, name: &str) -> ArmError {
    ArmError::bad_request("InvalidRequestFormat", "Cannot parse the request.").with_detail(
        ArmError::bad_request(
            "DuplicateResourceName",
            format!("Resource {id} has two child resources with the same name ({name})."),
        ),
    )
}

/// Gives the parts of a body that have ids of their own their ids, types and states.
fn fill_nested(draft: &mut Draft<'_>, existing: Option<&Resource>) -> Result<(), ArmError> {
    if draft.resource_type.nested.is_empty() {
        return Ok(());
    }
    let revision = existing.map_or(0, |resource| resource.revision) + 1;
    let (id, answers) = (draft.id.clone(), &draft.resource_type.answers);
    for list in &draft.resource_type.nested {
        let Some(Value::Array(elements)) =
            draft.body.get_mut("properties").and_then(|value| value.get_mut(list))
        else {
            continue;
        };
        let mut names: Vec<String> = Vec::new();
        for element in elements.iter_mut().filter_map(Value::as_object_mut) {
            let name = body::text_at(element, &["name"]).unwrap_or_default().to_owned();
            if names.iter().any(|other| other.eq_ignore_ascii_case(&name)) {
                return Err(duplicate_name(&id, &name));
            }
            element.insert("id".into(), json!(format!("{id}/{list}/{name}")));
            element.insert("type".into(), json!(format!("{answers}/{list}")));
            let tag = guid::derived(&["etag", &id, list, &name, &revision.to_string()]);
            element.insert("etag".into(), json!(format!("W/\"{tag}\"")));
            body::object_at(element, "properties").insert("provisioningState".into(), json!("Succeeded"));
            names.push(name);
        }
    }
    Ok(())
}

/// Returns the children that a PUT of their parent takes away, all of which may go.
fn removed_children(
    context: &Context<'_>,
    target: &Target,
    draft: &Draft<'_>,
    mode: Mode,
) -> Result<Vec<crate::resource_id::Key>, ArmError> {
    let mut removed = Vec::new();
    if mode != Mode::Replace {
        return Ok(removed);
    }
    let kept: std::collections::BTreeSet<_> = draft.children.iter().map(|child| child.key.clone()).collect();
    for embed in draft.resource_type.embeds.iter().filter(|embed| embed.writable) {
        // Peerings stay when a network is put without them.
        let is_listed = body::at(&draft.sent, &["properties", &embed.property]).is_some();
        if !is_listed && embed.property == "virtualNetworkPeerings" {
            continue;
        }
        for (key, child) in context.world.children(&target.key, &embed.child) {
            if !kept.contains(key) {
                behaviour_of(child.kind).check_delete(context.view(), child)?;
                removed.push(key.clone());
            }
        }
    }
    Ok(removed)
}

/// A draft that no longer looks at the world, so that the world may change.
struct Finished {
    id: String,
    key: crate::resource_id::Key,
    resource_type: &'static ResourceType,
    body: Object,
    hidden: Object,
    duration: Option<std::time::Duration>,
    state: Option<&'static str>,
    children: Vec<Finished>,
}

impl From<Draft<'_>> for Finished {
    fn from(draft: Draft<'_>) -> Finished {
        Finished {
            id: draft.id,
            key: draft.key,
            resource_type: draft.resource_type,
            body: draft.body,
            hidden: draft.hidden,
            duration: draft.duration,
            state: draft.state,
            children: draft.children.into_iter().map(Finished::from).collect(),
        }
    }
}

fn commit(
    context: &mut Context<'_>,
    target: &Target,
    draft: Finished,
    removed: &[crate::resource_id::Key],
    verb: &Verb,
) -> Written {
    for key in removed {
        context.effects().remove_tree(key);
    }
    let creating = !context.world.contains(&target.key);
    let kind = if creating { OperationKind::Create } else { OperationKind::Update };
    let operation = (verb.style != Style::Sync).then(|| {
        let start = Start {
            kind,
            target: target.key.clone(),
            resource_type: target.kind,
            domain: target.domain(),
            duration: draft.duration.unwrap_or(verb.duration),
            state: "",
            result: None,
        };
        operations::start(context, start)
    });
    let state = draft.state.unwrap_or(if verb.state.is_empty() { "Updating" } else { &verb.state });
    let keys = store(context, draft, operation.as_deref(), state);
    if operation.is_none() {
        for key in &keys {
            if let Some(resource) = context.world.get(key) {
                behaviour_of(resource.kind).settled(&mut context.effects(), key, kind);
            }
        }
    }
    Written { verb: verb.clone(), operation }
}

/// Stores a draft and its children; returns the keys of what was written.
fn store(
    context: &mut Context<'_>,
    draft: Finished,
    operation: Option<&str>,
    state: &str,
) -> Vec<crate::resource_id::Key> {
    let before = context.world.get(&draft.key).cloned();
    let creating = before.as_ref().is_none_or(|before| !before.is_settled());
    let (created, revision, sequence) = match &before {
        Some(before) => (before.created, before.revision + 1, before.sequence),
        None => (context.now, 1, context.world.next_sequence()),
    };
    let mut resource = Resource {
        id: draft.id.as_str().into(),
        kind: CATALOG.find(&draft.resource_type.name).expect("it is in the catalog"),
        body: "{}".into(),
        hidden: None,
        created,
        changed: context.now,
        revision,
        sequence,
        pending: operation.map(|id| Pending { operation: id.into(), state: state.into(), creating }),
    };
    resource.set_body(draft.body);
    resource.set_hidden(draft.hidden);
    let mut keys = vec![draft.key.clone()];
    context.world.put(resource);
    for child in draft.children {
        let same = context.world.get(&child.key).is_some_and(|existing| {
            existing.pending.is_none() && existing.body() == child.body && existing.hidden() == child.hidden
        });
        if !same {
            keys.extend(store(context, child, operation, state));
        }
    }
    keys
}

/// Answers a write with what was written and how to follow the operation.
pub(crate) fn answer(context: &Context<'_>, target: &Target, written: &Written) -> Response {
    let resource_type = CATALOG.get(target.kind);
    let Some(resource) = context.world.get(&target.key) else { return Response::empty(written.verb.code) };
    let dialect = CATALOG.service_of(resource_type).dialect;
    let mut response = match (written.verb.code, dialect) {
        (202, Dialect::Storage) => Response::empty(202),
        (202, Dialect::PostgreSql) => {
            let operation =
                if resource_type.is_child() { "Upsert" } else { "UpsertServerManagementOperationV2" };
            Response::json(202, &json!({"operation": operation, "startTime": context.now.rfc3339()}))
        }
        (code, _) => Response::json_text(code, render_written(context, resource)),
    };
    if resource_type.etag != ETag::None {
        response = response.with_header("etag", etag_text(resource_type, resource));
    }
    match &written.operation {
        Some(operation) => {
            operations::with_headers(context, response, operation, &written.verb, context.version())
        }
        None => response,
    }
}

fn render_written(context: &Context<'_>, resource: &Resource) -> String {
    let mut shown = render_object(context.view(), resource);
    behaviour_of(resource.kind).answer_write(resource, &mut shown);
    Value::Object(shown).to_string()
}
