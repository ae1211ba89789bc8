//! What objects of a cluster have to do with each other that no reference says: namespaces and what is in them, kinds
//! and the objects of them; and what of an object is outside of the cluster.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use terrane_model::Str;
use terrane_provider::{Reach, Ties};

use super::any::AnyIdentity;
use super::cluster::Object;

/// The groups of the API that every cluster serves by itself; the others are served for a definition.
const OWN_GROUPS: [&str; 20] = [
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "scheduling.k8s.io",
];

/// Names a namespace.
pub(crate) fn namespace(name: &str) -> Str {
    format!("namespace {name}").into()
}

/// Names a kind that is served for a definition.
pub(crate) fn kind(group: &str, kind: &str) -> Str {
    format!("kind {kind}.{group}").into()
}

/// Returns the group of an `apiVersion`.
pub(crate) fn group(api_version: &str) -> &str {
    api_version.rsplit_once('/').map_or("", |(group, _)| group)
}

/// Tells whether every cluster serves a group.
pub(crate) fn is_own(group: &str) -> bool {
    OWN_GROUPS.contains(&group)
        || matches!(group, "storage.k8s.io" | "resource.k8s.io" | "internal.apiserver.k8s.io")
}

/// What is of interest in an object.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts<'a> {
    pub(crate) group: &'a str,
    pub(crate) kind: &'a str,
    /// Nothing for objects outside of namespaces.
    pub(crate) namespace: Option<&'a str>,
    /// Empty where it is not known.
    pub(crate) name: &'a str,
    /// The `type` of a service.
    pub(crate) service_type: Option<&'a str>,
    /// Whether a stateful set's claims go with it.
    pub(crate) drops_claims: bool,
    /// Whether somebody has to do something before the object may go.
    pub(crate) has_finalizers: bool,
}

impl Facts<'_> {
    /// Returns what an object has to do with others.
    pub(crate) fn ties(&self) -> Ties {
        let mut ties = Ties { reach: self.reach(), ..Ties::default() };
        if let Some(name) = self.namespace {
            ties.needs.push(namespace(name));
            // Who has to do something about an object may be gone before the namespace is.
            if is_own(self.group) && !self.has_finalizers {
                ties.inside.push(namespace(name));
            }
        }
        if !is_own(self.group) {
            ties.needs.push(kind(self.group, self.kind));
        }
        if (self.group, self.kind) == ("", "Namespace") && !self.name.is_empty() {
            ties.brings.push(namespace(self.name));
        }
        ties
    }

    /// Tells what is left of the object when its cluster is destroyed. Load balancers, disks and whatever operators make of
    /// objects may be elsewhere; a namespace and a definition may have such objects of other people.
    fn reach(&self) -> Reach {
        let is_outside = match (self.group, self.kind) {
            ("", "Service") => self.service_type == Some("LoadBalancer"),
            ("", "Namespace" | "PersistentVolume" | "PersistentVolumeClaim")
            | ("networking.k8s.io" | "extensions", "Ingress")
            | ("apiextensions.k8s.io", _) => true,
            ("apps", "StatefulSet") => self.drops_claims,
            (group, _) => !is_own(group),
        };
        if is_outside || self.has_finalizers { Reach::Outside } else { Reach::Inside }
    }
}

/// Returns what an object that is known as it is written has to do with others.
pub(crate) fn of_object(identity: &AnyIdentity, object: Option<&Object>) -> Ties {
    let json = object.map(|object| Json::Object(object.clone())).unwrap_or_default();
    let text = |path: &str| json.pointer(path).and_then(Json::as_str);
    let finalizers = json.pointer("/metadata/finalizers").and_then(Json::as_array);
    let facts = Facts {
        group: group(&identity.api_version),
        kind: &identity.kind,
        namespace: identity.namespace.as_deref(),
        name: &identity.name,
        service_type: text("/spec/type"),
        drops_claims: text("/spec/persistentVolumeClaimRetentionPolicy/whenDeleted") == Some("Delete"),
        has_finalizers: finalizers.is_some_and(|finalizers| !finalizers.is_empty()),
    };
    let mut ties = facts.ties();
    ties.brings.extend(object.and_then(defined_kind));
    ties
}

/// Names the kind that an object defines, if it is such a definition.
pub(crate) fn defined_kind(object: &Object) -> Option<Str> {
    let is_definition = object.get("kind").and_then(Json::as_str) == Some("CustomResourceDefinition");
    let spec = object.get("spec").filter(|_| is_definition)?;
    Some(kind(spec.get("group")?.as_str()?, spec.pointer("/names/kind")?.as_str()?))
}

/// Returns what several objects that are made and destroyed together have to do with others.
pub(crate) fn of_all<'o>(objects: impl Iterator<Item = (AnyIdentity, &'o Object)>) -> Ties {
    let mut all = Ties { reach: Reach::Inside, ..Ties::default() };
    for (identity, object) in objects {
        let ties = of_object(&identity, Some(object));
        all.brings.extend(ties.brings);
        all.needs.extend(ties.needs);
        if ties.reach != Reach::Inside {
            all.reach = Reach::Outside;
        }
    }
    without_own(&mut all);
    all
}

/// Leaves out what is needed twice, or brought by the same.
pub(crate) fn without_own(ties: &mut Ties) {
    let brings: BTreeSet<Str> = std::mem::take(&mut ties.brings).into_iter().collect();
    let needs: BTreeSet<Str> = std::mem::take(&mut ties.needs).into_iter().collect();
    ties.needs = needs.difference(&brings).cloned().collect();
    ties.brings = brings.into_iter().collect();
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ties(object: &Json) -> String {
        let object = object.as_object().unwrap();
        let Ties { brings, needs, inside, reach } =
            of_object(&AnyIdentity::of(object).unwrap(), Some(object));
        let list = |names: &[Str]| names.join(", ");
        format!("brings [{}] needs [{}] inside [{}] {reach:?}", list(&brings), list(&needs), list(&inside))
    }

    fn object(api_version: &str, kind: &str, more: &Json) -> Json {
        let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}});
        for (path, value) in more.as_object().unwrap() {
            match path.strip_prefix("metadata.") {
                Some(name) => object["metadata"][name] = value.clone(),
                None => object[path] = value.clone(),
            }
        }
        object
    }

    #[test]
    fn ties_follow_from_what_an_object_is() {
        let placed = json!({"metadata.namespace": "n"});
        let definition = json!({"spec": {"group": "x.io", "names": {"kind": "Bucket"}}});
        let balanced = json!({"metadata.namespace": "n", "spec": {"type": "LoadBalancer"}});
        let held = json!({"metadata.namespace": "n", "metadata.finalizers": ["x.io/f"]});
        let dropping = json!({"spec": {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}});
        let cases = [
            object("v1", "ConfigMap", &placed),
            object("v1", "ConfigMap", &held),
            object("v1", "Service", &placed),
            object("v1", "Service", &balanced),
            object("v1", "Namespace", &json!({})),
            object("apps/v1", "StatefulSet", &json!({})),
            object("apps/v1", "StatefulSet", &dropping),
            object("apiextensions.k8s.io/v1", "CustomResourceDefinition", &definition),
            object("x.io/v1", "Bucket", &placed),
            object("gateway.networking.k8s.io/v1", "Gateway", &json!({})),
        ];
        let found: Vec<String> = cases.iter().map(ties).collect();
        insta::assert_snapshot!(found.join("\n"), @"
        brings [] needs [namespace n] inside [namespace n] Inside
        brings [] needs [namespace n] inside [] Outside
        brings [] needs [namespace n] inside [namespace n] Inside
        brings [] needs [namespace n] inside [namespace n] Outside
        brings [namespace a] needs [] inside [] Outside
        brings [] needs [] inside [] Inside
        brings [] needs [] inside [] Outside
        brings [kind Bucket.x.io] needs [] inside [] Outside
        brings [] needs [namespace n, kind Bucket.x.io] inside [] Outside
        brings [] needs [kind Gateway.gateway.networking.k8s.io] inside [] Outside
        ");
    }

    #[test]
    fn objects_that_come_together_need_nothing_of_each_other() {
        let definition = json!({"spec": {"group": "x.io", "names": {"kind": "Bucket"}}});
        let objects = [
            object("x.io/v1", "Bucket", &json!({"metadata.namespace": "n"})),
            object("apiextensions.k8s.io/v1", "CustomResourceDefinition", &definition),
            object("x.io/v1", "Bucket", &json!({})),
        ];
        let objects = objects.iter().map(|object| object.as_object().unwrap());
        let ties = of_all(objects.map(|object| (AnyIdentity::of(object).unwrap(), object)));
        assert_eq!(ties.needs, ["namespace n"]);
        assert_eq!(ties.brings, ["kind Bucket.x.io"]);
        assert_eq!(ties.reach, Reach::Outside);
    }
}
