//! The resource of any type, and the one that changes resources of others.

use serde_json::{Map, Value as Json, json};
use terrane_model::{AttributePath, Diagnostic, Diagnostics, Type, Value};
use terrane_provider::{ActionKind, PlanRequest, PlanResponse};

use crate::attributes::{Attributes, at, text_at};
use crate::client::{ArmError, ArmRequest, Call};
use crate::connection::Connection;
use crate::generic::ids::{ApiType, RESOURCE_GROUP};
use crate::generic::json_value::{from_json, to_json, without_nulls};
use crate::generic::request::{habits, lock_keys, read, run, with_extras};
use crate::generic::{known_types, query};
use crate::lifecycle::Failure;
use crate::mapping::same::normal_location;
use crate::mapping::strip_read_only;

/// What a provider block says for all resources.
#[derive(Debug, Clone, Default)]
pub(crate) struct Defaults {
    pub(crate) location: Option<String>,
    pub(crate) tags: Option<Value>,
    pub(crate) name: Option<String>,
    /// Whether resources without `response_export_values` export nothing.
    pub(crate) exports_nothing: bool,
    pub(crate) subscription_id: Option<String>,
}

/// Which of the two resource types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Owns its object.
    Whole,
    /// Changes an object that somebody else owns.
    Update,
}

const COMPUTED_FLAGS: &[(&str, bool)] = &[
    ("ignore_casing", false),
    ("ignore_missing_property", true),
    ("ignore_null_property", false),
    ("schema_validation_enabled", true),
];

/// Plans an object.
pub(crate) fn plan(kind: Kind, request: &PlanRequest, ty: &Type, defaults: &Defaults) -> PlanResponse {
    let (config, prior) = (&request.config, &request.prior_state);
    let mut diagnostics = Diagnostics::new();
    let mut planned = Attributes::of(config);
    for (name, default) in COMPUTED_FLAGS {
        if config.attribute(name).is_null() {
            planned.set(name, *default);
        }
    }
    for name in ["sensitive_body", "ignore_body_changes"] {
        planned.set(name, Value::dynamic_null());
    }
    plan_retry(&mut planned);
    plan_address(kind, config, prior, defaults, &mut planned);
    if kind == Kind::Whole {
        plan_envelope(config, prior, defaults, &mut planned);
        if planned.get("schema_validation_enabled").as_bool() == Some(true)
            && let Some(ty) = text_at(config, "type").and_then(|text| ApiType::parse(&text))
        {
            diagnostics.extend(known_types::check_body(&ty, &to_json(&config.attribute("body"))));
        }
    }
    // The same body, written with other types of values, is the same.
    let body = config.attribute("body");
    if !prior.is_null() && body.is_wholly_known() && to_json(&body) == to_json(&prior.attribute("body")) {
        planned.set("body", prior.attribute("body"));
    }
    planned.set("id", known_or_unknown(prior, "id"));
    planned.set("output", Value::Null(Type::Dynamic));
    let mut planned_state = planned.clone().into_object(ty);
    let is_changed = prior.is_null() || differs_but_for_output(prior, &planned_state);
    let output = if is_changed { Value::unknown(Type::Dynamic) } else { prior.attribute("output") };
    planned.set("output", output);
    planned_state = planned.into_object(ty);
    let requires_replace =
        if prior.is_null() { Vec::new() } else { replacements(kind, prior, &planned_state) };
    PlanResponse {
        planned_state,
        requires_replace,
        planned_private: request.prior_private.clone(),
        planned_identity: None,
        legacy_type_system: true,
        deferred: None,
        diagnostics,
    }
}

fn known_or_unknown(prior: &Value, name: &str) -> Value {
    if prior.is_null() { Value::unknown(Type::String) } else { prior.attribute(name) }
}

fn differs_but_for_output(prior: &Value, planned: &Value) -> bool {
    let entries = planned.as_entries().unwrap_or_default().iter();
    entries.filter(|(name, _)| name != "output").any(|(name, value)| {
        let before = prior.attribute(name);
        before != *value && !(before.is_null() && value.is_null())
    })
}

/// Fills in what the block of retries leaves out.
pub(crate) fn plan_retry(planned: &mut Attributes) {
    let retry = planned.get("retry");
    if retry.is_null() || !retry.is_known() {
        return;
    }
    let mut filled = Attributes::of(&retry);
    for (name, default) in [("interval_seconds", 10), ("max_interval_seconds", 180)] {
        filled.set_if_absent(name, default);
    }
    for name in ["multiplier", "randomization_factor"] {
        filled.set_if_absent(name, 0);
    }
    planned.set("retry", filled.into_object(&retry.ty()));
}

fn plan_address(kind: Kind, config: &Value, prior: &Value, defaults: &Defaults, planned: &mut Attributes) {
    let ty = text_at(config, "type").and_then(|text| ApiType::parse(&text));
    let resource_id = config.attribute("resource_id");
    if kind == Kind::Update && !resource_id.is_null() {
        let split = resource_id.as_str().and_then(|id| ty.as_ref()?.split_id(id));
        let (parent, name) = split.unzip();
        let or_unknown =
            |text: Option<String>| text.map_or_else(|| Value::unknown(Type::String), Value::from);
        planned.set("parent_id", or_unknown(parent));
        planned.set("name", or_unknown(name));
        return;
    }
    if config.attribute("name").is_null() {
        let before = known_or_unknown(prior, "name");
        planned.set("name", defaults.name.as_ref().map_or(before, |name| Value::from(name.as_str())));
    }
    if config.attribute("parent_id").is_null() {
        let is_group = ty.as_ref().is_some_and(|ty| ty.name.eq_ignore_ascii_case(RESOURCE_GROUP));
        let subscription = defaults.subscription_id.as_ref().filter(|_| is_group);
        let before = known_or_unknown(prior, "parent_id");
        planned
            .set("parent_id", subscription.map_or(before, |id| Value::from(format!("/subscriptions/{id}"))));
    }
    if kind == Kind::Update {
        let made = ty.and_then(|ty| ty.id_in(planned.text("parent_id")?, planned.text("name")?).ok());
        planned.set("resource_id", made.map_or_else(|| known_or_unknown(prior, "resource_id"), Value::from));
    }
}

/// Plans what stands beside the properties of every object: location, tags, identity.
fn plan_envelope(config: &Value, prior: &Value, defaults: &Defaults, planned: &mut Attributes) {
    let ty = text_at(config, "type").and_then(|text| ApiType::parse(&text));
    let body = config.attribute("body");
    let before = prior.attribute("location");
    let wanted = match config.attribute("location") {
        location if !location.is_null() => location,
        _ => match (text_at(&body, "location"), &defaults.location) {
            (Some(location), _) => Value::from(location.as_str()),
            (None, Some(location)) if ty.as_ref().and_then(known_types::has_location) != Some(false) => {
                Value::from(location.as_str())
            }
            _ if ty.as_ref().and_then(known_types::has_location) == Some(false) => Value::Null(Type::String),
            _ => known_or_unknown(prior, "location"),
        },
    };
    let is_same = match (before.as_str(), wanted.as_str()) {
        (Some(before), Some(wanted)) => normal_location(before) == normal_location(wanted),
        _ => false,
    };
    let normal = wanted.as_str().map(|location| Value::from(normal_location(location)));
    planned.set("location", if is_same { before } else { normal.unwrap_or(wanted) });
    if config.attribute("tags").is_null() {
        let is_taggable = ty.as_ref().and_then(known_types::has_tags) != Some(false);
        let default = defaults.tags.clone().filter(|_| is_taggable);
        let before =
            if prior.is_null() { Value::unknown(Type::map(Type::String)) } else { prior.attribute("tags") };
        planned.set("tags", default.unwrap_or(before));
    }
    plan_identity(config, prior, planned);
    if body.is_null() {
        planned.set("body", if prior.is_null() { Value::empty_object() } else { prior.attribute("body") });
    }
}

fn plan_identity(config: &Value, prior: &Value, planned: &mut Attributes) {
    let blocks = config.attribute("identity");
    let Some([block]) = blocks.as_sequence() else { return };
    let mut identity = Attributes::of(block);
    let is_same = text_at(prior, "identity.0.type") == text_at(block, "type");
    for name in ["principal_id", "tenant_id"] {
        let before = at(prior, &format!("identity.0.{name}"));
        let keeps = is_same && before.is_known() && !before.is_null();
        identity.set(name, if keeps { before } else { Value::unknown(Type::String) });
    }
    let ty = block.ty();
    planned.set("identity", Value::list(ty.clone(), [identity.into_object(&ty)]));
}

fn replacements(kind: Kind, prior: &Value, planned: &Value) -> Vec<AttributePath> {
    let mut paths = Vec::new();
    let mut replace = |name: &str| paths.push(AttributePath::root().attribute(name));
    let parse = |value: &Value| text_at(value, "type").and_then(|text| ApiType::parse(&text));
    if let (Some(before), Some(after)) = (parse(prior), parse(planned))
        && !before.is_same_kind(&after)
    {
        replace("type");
    }
    let same_text = |name: &str| match (prior.attribute(name).as_str(), planned.attribute(name).as_str()) {
        (Some(before), Some(after)) => before.eq_ignore_ascii_case(after),
        _ => prior.attribute(name) == planned.attribute(name),
    };
    let fixed: &[&str] = match kind {
        Kind::Whole => &["name", "parent_id", "location"],
        Kind::Update => &["resource_id"],
    };
    for name in fixed {
        if !same_text(name) && !prior.attribute(name).is_null() {
            replace(name);
        }
    }
    let trigger = "replace_triggers_external_values";
    if prior.attribute(trigger) != planned.attribute(trigger) {
        replace(trigger);
    }
    let refs = planned.attribute("replace_triggers_refs");
    let (before, after) = (to_json(&prior.attribute("body")), to_json(&planned.attribute("body")));
    let changes = |query: &str| query::select(query, &before).ok() != query::select(query, &after).ok();
    let mut queries = refs.as_sequence().into_iter().flatten().filter_map(Value::as_str);
    if queries.any(|query| changes(query)) {
        replace("body");
    }
    paths
}

/// One object under way.
pub(crate) struct Job<'a> {
    pub(crate) kind: Kind,
    pub(crate) connection: &'a Connection,
    pub(crate) call: Call<'a>,
    pub(crate) defaults: &'a Defaults,
}

impl Job<'_> {
    /// Creates or changes an object and returns its state. `planned` is the plan, `config` has what is sent and
    /// never stored.
    ///
    /// # Errors
    /// When an exchange fails, or there is such an object already.
    pub(crate) async fn write(
        &self,
        action: ActionKind,
        prior: &Value,
        planned: &Value,
        config: &Value,
    ) -> Result<Value, (Failure, bool)> {
        let (ty, id) = address_of(planned, prior).map_err(|failure| (failure, false))?;
        let _guards = self.connection.client.locks.hold(lock_keys(planned, &id)).await;
        let written = self.write_locked(action, &ty, &id, planned, config).await;
        let body = written.map_err(|failure| {
            let may_exist = !matches!(&failure, Failure::Told(_)) && !is_clear_no(&failure);
            (failure, may_exist)
        })?;
        self.state(&ty, &id, planned, &body, false).map_err(|failure| (failure, true))
    }

    async fn write_locked(
        &self,
        action: ActionKind,
        ty: &ApiType,
        id: &str,
        planned: &Value,
        config: &Value,
    ) -> Result<Json, Failure> {
        let present = read(self.connection, id, &ty.version, planned, &self.call).await?;
        let body = match (self.kind, present) {
            (Kind::Whole, Some(_)) if action == ActionKind::Create => return Err(already_exists(id).into()),
            (Kind::Update, None) => {
                let detail = format!(
                    "{id} does not exist. This resource changes an object that something else makes."
                );
                return Err(Diagnostic::error("Object not found", detail).into());
            }
            (Kind::Update, Some(present)) => self.changed_body(ty, present, planned, config),
            (Kind::Whole, _) => whole_body(planned, config),
        };
        let (headers, queries) = match (self.kind, action) {
            (Kind::Whole, ActionKind::Create) => ("create_headers", "create_query_parameters"),
            _ => ("update_headers", "update_query_parameters"),
        };
        self.call.report(if action == ActionKind::Create { "creating" } else { "updating" });
        let request = with_extras(ArmRequest::put(id, &ty.version, body), planned, headers, queries);
        let finished = run(self.connection, &request, planned, &self.call).await?;
        if finished.body.is_object() {
            return Ok(finished.body);
        }
        Ok(read(self.connection, id, &ty.version, planned, &self.call).await?.unwrap_or_default())
    }

    /// Lays what is wanted over what is there; what belongs to others stays.
    fn changed_body(&self, ty: &ApiType, mut present: Json, planned: &Value, config: &Value) -> Json {
        let habits = habits(planned);
        let places = known_types::read_only_places(ty);
        strip_read_only(&mut present, &places);
        let wanted = with_secrets(to_json(&planned.attribute("body")), config);
        if wanted.is_null() { present } else { habits.lay_over(present, &wanted) }
    }

    /// Reads an object; nothing when it is gone.
    ///
    /// # Errors
    /// When the exchange fails.
    pub(crate) async fn read(&self, state: &Value) -> Result<Option<Value>, Failure> {
        let (ty, id) = address_of(state, state)?;
        let body = read(self.connection, &id, &ty.version, state, &self.call).await?;
        body.map(|body| self.state(&ty, &id, state, &body, true)).transpose()
    }

    /// Deletes an object; what only changed another's object leaves it as it is.
    ///
    /// # Errors
    /// When the exchange fails.
    pub(crate) async fn delete(&self, state: &Value) -> Result<(), Failure> {
        if self.kind == Kind::Update {
            return Ok(());
        }
        let (ty, id) = address_of(state, state)?;
        let _guards = self.connection.client.locks.hold(lock_keys(state, &id)).await;
        self.call.report("deleting");
        let request = ArmRequest::delete(id, &ty.version);
        let request = with_extras(request, state, "delete_headers", "delete_query_parameters");
        match run(self.connection, &request, state, &self.call).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the state of what the service said. When `follows`, the body shows what has changed.
    fn state(
        &self,
        ty: &ApiType,
        id: &str,
        known: &Value,
        body: &Json,
        follows: bool,
    ) -> Result<Value, Failure> {
        let mut state = Attributes::of(known);
        let is_bare = known.attribute("name").is_null() && known.attribute("resource_id").is_null();
        let (parent, name) = ty.split_id(id).unwrap_or_default();
        state.set("id", id);
        state.set_if_absent("type", ty.to_string());
        for (argument, value) in [("parent_id", parent), ("name", name)] {
            if state.text(argument).is_none() {
                state.set(argument, value);
            }
        }
        if self.kind == Kind::Update && state.text("resource_id").is_none() {
            state.set("resource_id", id);
        }
        if is_bare {
            for (name, default) in COMPUTED_FLAGS {
                state.set(name, *default);
            }
            state.set("body", from_json(&importable(ty, body)));
        } else if follows {
            let written = to_json(&known.attribute("body"));
            let now = habits(known).follow(&written, body);
            if now != written {
                state.set("body", from_json(&now));
            }
        }
        if self.kind == Kind::Whole {
            read_envelope(body, known, is_bare, &mut state);
        }
        state.set("output", self.output(known, body)?);
        Ok(state.into_known(&known.ty()))
    }

    fn output(&self, known: &Value, body: &Json) -> Result<Value, Failure> {
        let wanted = known.attribute("response_export_values");
        if wanted.is_null() {
            let all = !self.defaults.exports_nothing;
            return Ok(from_json(&if all { body.clone() } else { json!({}) }));
        }
        let exported = query::export(&to_json(&wanted), body);
        exported.map(|json| from_json(&json)).map_err(|error| {
            let path = AttributePath::root().attribute("response_export_values");
            Diagnostic::error("Invalid query", error.to_string()).on_attribute(path).into()
        })
    }
}

/// Adds the part of a body that is sent and never stored.
pub(crate) fn with_secrets(body: Json, config: &Value) -> Json {
    match to_json(&config.attribute("sensitive_body")) {
        Json::Null => body,
        secrets => crate::lifecycle::create::laid_over(body, secrets),
    }
}

fn is_clear_no(failure: &Failure) -> bool {
    match failure {
        Failure::Arm(ArmError::Refused(refusal)) => {
            (400..500).contains(&refusal.status) && refusal.status != 408
        }
        Failure::Arm(ArmError::Credential(_) | ArmError::Settings(_)) => true,
        _ => false,
    }
}

/// Returns the type and id of an object: the id of the state, or made of the arguments.
///
/// # Errors
/// When the arguments do not go together.
pub(crate) fn address_of(arguments: &Value, state: &Value) -> Result<(ApiType, String), Failure> {
    let text = text_at(arguments, "type").unwrap_or_default();
    let Some(ty) = ApiType::parse(&text) else {
        return Err(wrong_type(&text).into());
    };
    if let Some(id) = text_at(state, "id").or_else(|| text_at(arguments, "resource_id")) {
        return Ok((ty, id.to_string()));
    }
    let parent = text_at(arguments, "parent_id").unwrap_or_default();
    let name = text_at(arguments, "name").unwrap_or_default();
    if parent.is_empty() || name.is_empty() {
        let detail = "Where the object is has to be said by parent_id and name.";
        return Err(Diagnostic::error("Missing argument", detail).into());
    }
    match ty.id_in(&parent, &name) {
        Ok(id) => Ok((ty, id)),
        Err(reason) => Err(Diagnostic::error("Invalid parent", reason).into()),
    }
}

/// Says that a type is none.
pub(crate) fn wrong_type(text: &str) -> Diagnostic {
    let detail = format!(
        "{text:?} is no type with a version. Types are written as in Microsoft.Network/virtualNetworks@2025-01-01."
    );
    Diagnostic::error("Invalid type", detail).on_attribute(AttributePath::root().attribute("type"))
}

fn already_exists(id: &str) -> Diagnostic {
    Diagnostic::error(
        "Resource already exists",
        format!(
            "Azure has an object with the id {id} already, and the state does not know it. To manage it from now on, \
             import it; to change only parts of it, use azapi_update_resource."
        ),
    )
}

/// Makes the body of an object of the arguments.
fn whole_body(planned: &Value, config: &Value) -> Json {
    let mut body = with_secrets(to_json(&planned.attribute("body")), config);
    if !body.is_object() {
        body = Json::Object(Map::new());
    }
    if planned.attribute("ignore_null_property").as_bool() == Some(true) {
        body = without_nulls(body);
    }
    if let Some(location) = text_at(planned, "location") {
        body["location"] = normal_location(&location).into();
    }
    let tags = planned.attribute("tags");
    if tags.is_known() && !tags.is_null() {
        body["tags"] = to_json(&tags);
    }
    if let Some(kind) = text_at(planned, "identity.0.type") {
        let ids = at(planned, "identity.0.identity_ids");
        let given: Map<String, Json> = ids
            .as_sequence()
            .into_iter()
            .flatten()
            .filter_map(|id| Some((id.as_str()?.to_string(), json!({}))))
            .collect();
        body["identity"] = json!({ "type": kind.as_str() });
        if !given.is_empty() {
            body["identity"]["userAssignedIdentities"] = given.into();
        }
    }
    body
}

/// Reads location, tags and identity off a body.
fn read_envelope(body: &Json, known: &Value, is_bare: bool, state: &mut Attributes) {
    let location = body.get("location").and_then(Json::as_str);
    let before = text_at(known, "location");
    match location {
        Some(now)
            if before.as_deref().is_some_and(|before| normal_location(before) == normal_location(now)) => {}
        Some(now) => state.set("location", normal_location(now)),
        None if before.is_none() => state.set("location", Value::Null(Type::String)),
        None => {}
    }
    let tags = body.get("tags").and_then(Json::as_object).filter(|tags| !tags.is_empty());
    match tags {
        Some(tags) => {
            let entries =
                tags.iter().map(|(name, tag)| (name.as_str(), Value::from(tag.as_str().unwrap_or_default())));
            state.set("tags", Value::map(Type::String, entries.collect::<Vec<_>>()));
        }
        // No tags and an empty map of tags are the same to the service.
        None if known.attribute("tags").element_count() != Some(0) => {
            state.set("tags", Value::Null(Type::map(Type::String)));
        }
        None => {}
    }
    let blocks = known.attribute("identity");
    let Type::List(element) = blocks.ty() else { return };
    let has_block = blocks.element_count() == Some(1);
    let Some(identity) = body.get("identity").filter(|_| has_block || is_bare) else { return };
    let text = |name: &str| identity.get(name).and_then(Json::as_str).unwrap_or_default();
    if text("type").is_empty() || text("type") == "None" && !has_block {
        return;
    }
    let mut block = blocks.as_sequence().and_then(<[Value]>::first).map(Attributes::of).unwrap_or_default();
    let squeezed = |text: &str| text.replace(' ', "").to_ascii_lowercase();
    if block.text("type").is_none_or(|before| squeezed(before) != squeezed(text("type"))) {
        block.set("type", text("type"));
    }
    block.set("principal_id", text("principalId"));
    block.set("tenant_id", text("tenantId"));
    let given = identity.get("userAssignedIdentities").and_then(Json::as_object);
    let now: Vec<&str> = given.into_iter().flatten().map(|(id, _)| id.as_str()).collect();
    let ids = block.get("identity_ids");
    let before: Vec<&str> =
        ids.as_sequence().into_iter().flatten().filter_map(|id| Some(id.as_str()?.as_str())).collect();
    let is_same = before.len() == now.len()
        && before.iter().all(|id| now.iter().any(|other| other.eq_ignore_ascii_case(id)));
    if !is_same {
        block.set("identity_ids", Value::list_of_strings(now));
    }
    state.set("identity", Value::list((*element).clone(), [block.into_known(&element)]));
}

/// Returns what of an object a configuration could have written.
fn importable(ty: &ApiType, body: &Json) -> Json {
    let mut body = body.clone();
    let places = known_types::read_only_places(ty);
    strip_read_only(&mut body, &places);
    if let Some(object) = body.as_object_mut() {
        for name in ["location", "tags", "identity"] {
            object.remove(name);
        }
    }
    body
}
