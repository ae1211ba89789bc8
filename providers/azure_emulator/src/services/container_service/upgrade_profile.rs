//! `upgradeProfiles/default`: the versions that a cluster can be upgraded to.

use hyper::Method;
use serde_json::{Value, json};

use super::versions::{self, Version};
use crate::behaviour::{Behaviour, Effects};
use crate::body::text_at;
use crate::error::ArmError;
use crate::http::{Request, Response};
use crate::resource_id::Key;

pub(in crate::services) struct UpgradeProfile;

impl Behaviour for UpgradeProfile {
    fn compute(
        &self,
        effects: &mut Effects<'_>,
        request: &Request,
        parent: &Key,
        _name: Option<&str>,
    ) -> Result<Response, ArmError> {
        if request.method != Method::GET {
            return Err(ArmError::new(405, "MethodNotAllowed", "Upgrade profiles can only be read."));
        }
        let Some(cluster) = effects.world.get(parent) else {
            return Err(ArmError::gateway(404, "ResourceNotFound", "The cluster was not found."));
        };
        let body = cluster.body();
        let current = text_at(&body, &["properties", "currentKubernetesVersion"]).unwrap_or_default();
        let upgrades = Version::resolve(current).map(versions::upgrades_of).unwrap_or_default();
        let pools: Vec<Value> = effects
            .world
            .children(parent, "agentPools")
            .into_iter()
            .map(|(_, pool)| {
                let body = pool.body();
                json!({
                    "name": pool.name(),
                    "kubernetesVersion": text_at(&body, &["properties", "currentOrchestratorVersion"]),
                    "osType": text_at(&body, &["properties", "osType"]),
                })
            })
            .collect();
        Ok(Response::json(
            200,
            &json!({
                "id": format!("{}/upgradeprofiles/default", cluster.id),
                "name": "default",
                "type": "Microsoft.ContainerService/managedClusters/upgradeprofiles",
                "properties": {
                    "controlPlaneProfile":
                        {"name": cluster.name(), "kubernetesVersion": current, "osType": "Linux", "upgrades": upgrades},
                    "agentPoolProfiles": pools,
                },
            }),
        ))
    }
}
