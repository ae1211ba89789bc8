//! How far objects without pods are.

use serde_json::Value as Json;
use terrane_model::Value;

use super::{Stage, at, text_at};
use crate::objects::cluster::{Cluster, Object, Target};

fn done_if(is_done: bool, missing: &str) -> Stage {
    if is_done { Stage::Done } else { Stage::NotYet(missing.to_owned()) }
}

/// Tells whether a service wants a load balancer.
pub(super) fn is_load_balancer(object: &Object) -> bool {
    text_at(object, &["spec", "type"]) == "LoadBalancer"
}

/// Somebody has to give an address.
pub(super) fn load_balancer(object: &Object) -> Stage {
    let ingress = at(object, &["status", "loadBalancer", "ingress"]).and_then(Json::as_array);
    done_if(ingress.is_some_and(|ingress| !ingress.is_empty()), "no load balancer has given an address")
}

/// Claims of some classes get their volume when the first pod uses them, which is nothing to wait for.
pub(super) async fn waits_for_consumer(cluster: &Cluster, object: &Object) -> bool {
    let class = text_at(object, &["spec", "storageClassName"]);
    if class.is_empty() {
        return false;
    }
    let class = cluster.api(Target::new("storage.k8s.io/v1", "storageclasses", None)).find(class).await;
    matches!(class, Ok(Some(class)) if text_at(&class, &["volumeBindingMode"]) == "WaitForFirstConsumer")
}

/// A claim has to have its volume.
pub(super) fn bound(object: &Object) -> Stage {
    match text_at(object, &["status", "phase"]) {
        "Bound" => Stage::Done,
        "Lost" => Stage::Hopeless("the volume of the claim is lost".to_owned()),
        _ => Stage::NotYet("no volume is bound to the claim".to_owned()),
    }
}

/// A volume has to be ready to be claimed.
pub(super) fn available(object: &Object) -> Stage {
    let phase = text_at(object, &["status", "phase"]);
    done_if(matches!(phase, "Available" | "Bound" | "Released"), "the volume is not available")
}

/// Tells whether a secret is to hold a service account's token.
pub(super) fn is_token(object: &Object) -> bool {
    text_at(object, &["type"]) == "kubernetes.io/service-account-token"
}

/// The token has to be there.
pub(super) fn token(object: &Object) -> Stage {
    done_if(at(object, &["data", "token"]).is_some(), "the token is not there")
}

/// The limits have to be in the status.
pub(super) fn quota(object: &Object) -> Stage {
    let keys = |path: &[&str]| {
        let map = at(object, path).and_then(Json::as_object);
        map.map(|map| map.keys().cloned().collect::<Vec<_>>()).unwrap_or_default()
    };
    let in_force = keys(&["status", "hard"]);
    done_if(keys(&["spec", "hard"]).iter().all(|key| in_force.contains(key)), "the quota is not in force")
}

/// The object has to be there.
pub(super) fn exists(object: &Object) -> Stage {
    done_if(!object.is_empty(), "it is not there")
}

/// Returns the phases that end the wait for a pod.
pub(super) fn target_states(values: &Value) -> Vec<String> {
    let states = values.get("target_state").and_then(Value::as_sequence).unwrap_or_default();
    let states: Vec<String> = states.iter().filter_map(|state| Some(state.as_str()?.to_string())).collect();
    if states.is_empty() { vec!["Running".to_owned()] } else { states }
}

/// A pod has to be in a phase.
pub(super) fn pod_phase(object: &Object, targets: &[String]) -> Stage {
    let phase = text_at(object, &["status", "phase"]);
    if targets.iter().any(|target| target == phase) {
        return Stage::Done;
    }
    if phase == "Failed" {
        return Stage::Hopeless("the pod has failed".to_owned());
    }
    Stage::NotYet(format!("the pod is {}", if phase.is_empty() { "new" } else { phase }))
}
