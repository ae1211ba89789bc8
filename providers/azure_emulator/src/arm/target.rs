//! What a request path points to.

use super::Context;
use crate::resource_id::{Key, ProviderPart, containers_of, key_of, parent_key, scope_id};
use crate::table::{CATALOG, Scope, TypeIndex};

/// A resource that a path names; it need not exist.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) kind: TypeIndex,
    pub(crate) key: Key,
    /// The last name, as spelled in the request.
    pub(crate) name: String,
    /// The resource, group or scope right above.
    pub(crate) parent: Key,
    /// The resource group in the path, as spelled.
    pub(crate) group: Option<String>,
    /// The scope in the path, as spelled: what precedes `/providers/`.
    pub(crate) scope: String,
}

impl Target {
    /// Makes the target of the first `pairs` type-name pairs.
    pub(crate) fn new(kind: TypeIndex, part: ProviderPart<'_>, pairs: usize) -> Target {
        let scope = scope_id(part.scope);
        let key = key_of(&part.id(pairs));
        let parent = if pairs > 1 { parent_key(&key).unwrap_or("/").into() } else { key_of(&scope) };
        Target {
            kind,
            parent,
            name: part.rest.get(pairs * 2 - 1).cloned().unwrap_or_default(),
            group: containers_of(&scope).1.map(str::to_owned),
            scope,
            key,
        }
    }

    /// Makes the target of a path `subscriptions/{id}/resourceGroups/{name}`.
    pub(crate) fn of_group(kind: TypeIndex, segments: &[String]) -> Target {
        let subscription = scope_id(&segments[..2]);
        let name = segments[3].clone();
        Target {
            kind,
            key: key_of(&format!("{subscription}/resourceGroups/{name}")),
            name,
            parent: key_of(&subscription),
            group: None,
            scope: subscription,
        }
    }

    /// Returns the resource whose writes exclude each other with writes to this one.
    pub(crate) fn domain(&self) -> Key {
        if CATALOG.get(self.kind).locks_parent { self.parent.clone() } else { self.key.clone() }
    }

    /// Returns the id that the service would answer: the existing one, or one made of what is above.
    pub(crate) fn answered_id(&self, context: &Context<'_>) -> String {
        if let Some(resource) = context.world.get(&self.key) {
            return resource.id.to_string();
        }
        let resource_type = CATALOG.get(self.kind);
        if resource_type.is_child() {
            let parent = context.world.get(&self.parent).map_or(&*self.parent, |parent| &*parent.id);
            return format!("{parent}/{}/{}", resource_type.last_segment(), self.name);
        }
        if resource_type.name == "Microsoft.Resources/resourceGroups" {
            let subscription = containers_of(&self.scope).0.unwrap_or_default();
            return format!("/subscriptions/{subscription}/resourceGroups/{}", self.name);
        }
        let scope = context.world.get(&self.parent).map_or(self.scope.as_str(), |scope| &*scope.id);
        let scope = match (&resource_type.groups_spelled, resource_type.scope) {
            (Some(spelled), Scope::ResourceGroup) => scope.replacen("resourceGroups", spelled, 1),
            _ => scope.to_owned(),
        };
        format!("{scope}/providers/{}/{}", resource_type.answers, self.name)
    }
}

/// Returns the scope that an extension resource's key belongs to: what precedes its own `/providers/`.
pub(crate) fn scope_of(key: &str) -> &str {
    key.rfind("/providers/").map_or("", |at| &key[..at])
}
