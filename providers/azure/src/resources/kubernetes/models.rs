//! Request bodies through the types of azure_mgmt_containerservice.
//!
//! The crate's models check the shape of what they know; what they do not know yet (they end with
//! 2023-01-02-preview) stays beside it, and a current api-version is sent. What has changed its shape since then
//! goes around them.

use azure_mgmt_containerservice::package_preview_2023_01::models::{AgentPool, ManagedCluster};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use terrane_model::Diagnostic;

use crate::lifecycle::Failure;

/// What the model wants more of than the service does today: parent and property.
const OUTGROWN: &[(&str, &str)] = &[("/properties/workloadAutoScalerProfile", "verticalPodAutoscaler")];

/// Puts the body of a cluster through its model.
///
/// # Errors
/// When the body does not have the model's shape.
pub(crate) fn cluster_body(mut body: Json) -> Result<Json, Failure> {
    let mut aside = Vec::new();
    for (parent, name) in OUTGROWN {
        let parent_object = body.pointer_mut(parent).and_then(Json::as_object_mut);
        if let Some(value) = parent_object.and_then(|object| object.remove(*name)) {
            aside.push((*parent, *name, value));
        }
    }
    let mut body = through::<ManagedCluster>(body, "cluster")?;
    for (parent, name, value) in aside {
        if let Some(object) = body.pointer_mut(parent).and_then(Json::as_object_mut) {
            object.insert(name.to_owned(), value);
        }
    }
    Ok(body)
}

/// Puts the body of a pool through its model.
///
/// # Errors
/// When the body does not have the model's shape.
pub(crate) fn pool_body(body: Json) -> Result<Json, Failure> {
    through::<AgentPool>(body, "node pool")
}

fn through<M: DeserializeOwned + Serialize>(body: Json, what: &str) -> Result<Json, Failure> {
    let misshapen = |error: serde_json::Error| {
        let detail = format!("The {what} cannot be described to Azure: {error}. Please report this.");
        Failure::from(Diagnostic::error("Invalid request body", detail))
    };
    let model: M = serde_json::from_value(body.clone()).map_err(misshapen)?;
    let known = serde_json::to_value(model).map_err(misshapen)?;
    Ok(beside(body, known))
}

/// Puts what a model says over what was there before it.
fn beside(whole: Json, known: Json) -> Json {
    match (whole, known) {
        (Json::Object(mut whole), Json::Object(known)) => {
            for (name, value) in known {
                let before = whole.remove(&name).unwrap_or_default();
                whole.insert(name, beside(before, value));
            }
            Json::Object(whole)
        }
        (Json::Array(whole), Json::Array(known)) if whole.len() == known.len() => {
            whole.into_iter().zip(known).map(|(whole, known)| beside(whole, known)).collect()
        }
        (_, known) => known,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_models_do_not_know_stays() {
        let body = json!({
            "location": "westeurope",
            "sku": {"name": "Base", "tier": "Free"},
            "properties": {
                "dnsPrefix": "p",
                "supportPlan": "KubernetesOfficial",
                "agentPoolProfiles": [{"name": "a", "count": 1, "gpuProfile": {"driver": "None"}}],
                "securityProfile": {"customCATrustCertificates": ["x"]},
                "workloadAutoScalerProfile": {"keda": {"enabled": true}, "verticalPodAutoscaler": {"enabled": true}},
            },
        });
        assert_eq!(cluster_body(body.clone()).unwrap(), body);
    }

    #[test]
    fn what_has_the_wrong_shape_is_refused() {
        assert!(cluster_body(json!({"location": "l", "properties": {"agentPoolProfiles": "none"}})).is_err());
        assert!(pool_body(json!({"properties": {"count": "many"}})).is_err());
    }
}
