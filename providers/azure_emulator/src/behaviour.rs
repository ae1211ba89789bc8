//! The seam between what is regular about resource types (tables, `arm`) and what is not (`services`).

use std::time::Duration;

use serde_json::{Map, Value};

use crate::body;
use crate::clock::Timestamp;
use crate::error::ArmError;
use crate::http::{Request, Response};
use crate::resource_id::{Key, containers_of, key_of, name_of};
use crate::settings::Settings;
use crate::table::{CATALOG, ResourceType};
use crate::world::{OperationKind, Resource, World};

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

/// What code that only looks may see.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) world: &'a World,
    pub(crate) settings: &'a Settings,
    pub(crate) now: Timestamp,
}

impl<'a> View<'a> {
    /// Returns the resource that an id names.
    pub(crate) fn find(self, id: &str) -> Option<&'a Resource> {
        self.world.get(&key_of(id))
    }

    /// Returns the resources of a type whose bodies name `key`.
    pub(crate) fn referrers_of_type(self, key: &str, type_name: &str) -> Vec<&'a Resource> {
        let kind = CATALOG.find(type_name);
        let referrers = self.world.referrers(key).filter_map(|key| self.world.get(key));
        referrers.filter(|resource| Some(resource.kind) == kind).collect()
    }
}

/// A resource about to be written: what it was, what the client wants, and what it will be.
pub(crate) struct Draft<'a> {
    pub(crate) view: View<'a>,
    pub(crate) resource_type: &'static ResourceType,
    /// The id as the service answers it.
    pub(crate) id: String,
    pub(crate) key: Key,
    pub(crate) version: String,
    /// The body as sent, secrets included.
    pub(crate) sent: Object,
    /// Body and hidden part before the write; `None` on create.
    pub(crate) prior: Option<Prior>,
    /// The parent's body; the one about to be written where the parent is written too.
    pub(crate) parent: Option<Object>,
    /// Whether the parent is written in the same request, so that siblings are checked there.
    pub(crate) with_parent: bool,
    /// What is stored.
    pub(crate) body: Object,
    /// What is stored but never answered.
    pub(crate) hidden: Object,
    /// Children written together with this resource.
    pub(crate) children: Vec<Draft<'a>>,
    /// Overrides the table's duration.
    pub(crate) duration: Option<Duration>,
    /// Overrides the table's `provisioningState` while the operation runs.
    pub(crate) state: Option<&'static str>,
}

/// A resource's content before a write.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prior {
    pub(crate) body: Object,
    pub(crate) hidden: Object,
}

impl Draft<'_> {
    /// Returns whether the resource did not exist.
    pub(crate) fn is_create(&self) -> bool {
        self.prior.is_none()
    }

    /// Returns the last segment of the id.
    pub(crate) fn name(&self) -> &str {
        name_of(&self.id)
    }

    /// Returns the name of the resource group, or nothing outside of one.
    pub(crate) fn group(&self) -> &str {
        containers_of(&self.id).1.unwrap_or_default()
    }

    /// Returns the location in internal form.
    pub(crate) fn location(&self) -> String {
        crate::regions::normalize(self.text(&["location"]).unwrap_or_default())
    }

    /// Returns `properties`, made if absent.
    pub(crate) fn properties(&mut self) -> &mut Object {
        body::object_at(&mut self.body, "properties")
    }

    /// Reads a string of the new body.
    pub(crate) fn text(&self, path: &[&str]) -> Option<&str> {
        body::text_at(&self.body, path)
    }

    /// Reads a value of the new body.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Value> {
        body::at(&self.body, path)
    }

    /// Reads a list of the new body.
    pub(crate) fn list(&self, path: &[&str]) -> &[Value] {
        body::list_at(&self.body, path)
    }

    /// Reads a value of the body before the write.
    pub(crate) fn before(&self, path: &[&str]) -> Option<&Value> {
        self.prior.as_ref().and_then(|prior| body::at(&prior.body, path))
    }

    /// Returns whether this is an update that changes the value at `path`.
    pub(crate) fn changes(&self, path: &[&str]) -> bool {
        self.prior.is_some() && self.before(path) != self.at(path)
    }

    /// Sets a property of `properties`.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.properties().insert(name.to_owned(), value.into());
    }

    /// Sets a property of `properties` unless it is there, as with values that are made once and kept.
    pub(crate) fn set_once(&mut self, name: &str, value: impl FnOnce() -> Value) {
        if !self.properties().contains_key(name) {
            let value = value();
            self.properties().insert(name.to_owned(), value);
        }
    }

    /// Fails with `InvalidResourceReference` unless `id` names a resource that exists.
    pub(crate) fn require_reference(&self, id: &str) -> Result<(), ArmError> {
        if self.view.find(id).is_some() {
            return Ok(());
        }
        Err(ArmError::bad_request(
            "InvalidResourceReference",
            format!(
                "Resource {id} referenced by resource {} was not found. Please make sure that the referenced resource \
                 exists, and that both resources are in the same region.",
                self.id
            ),
        ))
    }
}

/// What code that carries out consequences may change.
pub(crate) struct Effects<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) settings: &'a Settings,
    pub(crate) now: Timestamp,
}

impl Effects<'_> {
    /// Returns the read-only view.
    pub(crate) fn view(&self) -> View<'_> {
        View { world: self.world, settings: self.settings, now: self.now }
    }

    /// Writes a resource that the service makes by itself; replaces one that is there.
    pub(crate) fn put(&mut self, type_name: &str, id: &str, body: Object, hidden: Object) {
        let Some(kind) = CATALOG.find(type_name) else { return };
        let before = self.world.get(&key_of(id));
        let (created, revision, sequence) = match before {
            Some(before) => (before.created, before.revision + 1, before.sequence),
            None => (self.now, 1, self.world.next_sequence()),
        };
        let mut resource = Resource {
            id: id.into(),
            kind,
            body: "{}".into(),
            hidden: None,
            created,
            changed: self.now,
            revision,
            sequence,
            pending: None,
        };
        resource.set_body(body);
        resource.set_hidden(hidden);
        self.world.put(resource);
    }

    /// Changes the body of a resource, if it exists.
    pub(crate) fn edit(&mut self, key: &str, change: impl FnOnce(&mut Object)) {
        let now = self.now;
        self.world.update(key, |resource| {
            let mut body = resource.body();
            change(&mut body);
            resource.set_body(body);
            resource.revision += 1;
            resource.changed = now;
        });
    }

    /// Removes a resource with everything below it, and carries out the consequences.
    pub(crate) fn remove_tree(&mut self, key: &str) {
        let mut keys: Vec<Key> = self.world.below(key).map(|(key, _)| key.clone()).collect();
        // Children go before their parents.
        keys.reverse();
        keys.push(key.into());
        for key in keys {
            // A consequence of an earlier removal may have removed it.
            if let Some(resource) = self.world.remove(&key) {
                crate::services::behaviour_of(resource.kind).removed(self, &resource);
            }
        }
    }
}

/// A POST on a resource.
pub(crate) struct Action<'c, 'a> {
    pub(crate) effects: &'c mut Effects<'a>,
    pub(crate) request: &'c Request,
    pub(crate) key: Key,
    /// The last path segment, in lower case.
    pub(crate) name: String,
    pub(crate) input: Object,
}

impl Action<'_, '_> {
    /// Returns the resource that is acted on.
    pub(crate) fn resource(&self) -> Result<&Resource, ArmError> {
        self.effects.world.get(&self.key).ok_or_else(|| ArmError::new(404, "ResourceNotFound", "Gone."))
    }
}

/// How an action is answered.
pub(crate) enum Outcome {
    /// At once.
    Done(Response),
    /// After a while; then the result URL answers with the value, or nothing.
    Later { code: u16, duration: Duration, state: &'static str, result: Option<Value> },
}

/// What is irregular about a type. Every part has a default: nothing special.
pub(crate) trait Behaviour: Sync {
    /// Checks a write beyond the shape of its body, and fills in what the service computes.
    fn prepare(&self, _draft: &mut Draft<'_>) -> Result<(), ArmError> {
        Ok(())
    }

    /// Carries out what a finished create or update means for other resources.
    fn settled(&self, _effects: &mut Effects<'_>, _key: &Key, _kind: OperationKind) {}

    /// Checks whether a resource may be deleted. Not asked when its resource group goes.
    fn check_delete(&self, _view: View<'_>, _resource: &Resource) -> Result<(), ArmError> {
        Ok(())
    }

    /// Carries out what a removal means for other resources.
    fn removed(&self, _effects: &mut Effects<'_>, _resource: &Resource) {}

    /// Heeds what a client's own DELETE says beyond the id, as with workspaces that are to go for good.
    fn deleted_by(&self, _effects: &mut Effects<'_>, _request: &Request, _resource: &Resource) {}

    /// Whether [`Behaviour::render`] does anything; plain types are answered from the stored text.
    fn renders(&self) -> bool {
        false
    }

    /// Adds to an answer what depends on other resources.
    fn render(&self, _view: View<'_>, _resource: &Resource, _body: &mut Object) {}

    /// Changes the answer to the write that creates or updates a resource, as with keys that are shown only then.
    fn answer_write(&self, _resource: &Resource, _body: &mut Object) {}

    /// Returns the body of a resource that exists although nobody made it. `parent` is the resource above, if one is.
    fn implicit(&self, _view: View<'_>, _parent: Option<&Resource>, _name: &str) -> Option<Object> {
        None
    }

    /// Returns the names for which [`Behaviour::implicit`] has bodies.
    fn implicit_names(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// Returns the items of a list, each with its key, where it is not simply what is stored below the scope.
    fn list(
        &self,
        _view: View<'_>,
        _request: &Request,
        _scope: &Key,
    ) -> Option<Result<Vec<(String, Value)>, ArmError>> {
        None
    }

    /// Carries out a POST, or another method on something that is no type.
    fn act(&self, _action: &mut Action<'_, '_>) -> Option<Result<Outcome, ArmError>> {
        None
    }

    /// Answers any request for a type that is computed instead of stored. `name` is `None` for a list.
    fn compute(
        &self,
        _effects: &mut Effects<'_>,
        _request: &Request,
        _parent: &Key,
        _name: Option<&str>,
    ) -> Result<Response, ArmError> {
        Err(ArmError::new(405, "MethodNotAllowed", "The requested resource does not support this method."))
    }

    /// The error for a name that someone else has.
    fn name_taken(&self, name: &str, _is_own: bool) -> ArmError {
        ArmError::conflict("NameNotAvailable", format!("The name '{name}' is already in use."))
    }
}

/// The behaviour of types that have none.
pub(crate) struct Plain;

impl Behaviour for Plain {}
