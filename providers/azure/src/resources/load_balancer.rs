//! Load balancers and what is in them.

use async_trait::async_trait;
use terrane_model::Value;

use crate::lifecycle::{Draft, Failure, Work};
use crate::mapping::Documents;
use crate::resources::Behaviour;

/// Load balancers.
pub(crate) struct LoadBalancer;

impl Behaviour for LoadBalancer {
    /// The zones of a frontend are fixed; a frontend may come and go with its zones.
    fn plan(&self, draft: &mut Draft<'_>) {
        let before = draft.before("frontend_ip_configuration");
        let after = draft.after("frontend_ip_configuration");
        let (Some(before), Some(after)) = (before.as_sequence(), after.as_sequence()) else { return };
        for (position, frontend) in after.iter().enumerate() {
            let same = before.iter().find(|other| other.attribute("name") == frontend.attribute("name"));
            let zones = |frontend: &Value| frontend.attribute("zones").as_sequence().map(<[Value]>::to_vec);
            if same.is_some_and(|same| zones(same).unwrap_or_default() != zones(frontend).unwrap_or_default())
            {
                draft.replace_for(&format!("frontend_ip_configuration.{position}.zones"));
            }
        }
    }
}

/// Load-balancing rules.
pub(crate) struct LoadBalancerRule;

#[async_trait]
impl Behaviour for LoadBalancerRule {
    /// A rule that was made with one pool tells it in a property of its own.
    async fn complete_documents(
        &self,
        _work: &Work<'_>,
        documents: &mut Documents,
        _known: Option<&Value>,
    ) -> Result<(), Failure> {
        let is_listed = documents.at("properties.backendAddressPools[0]").is_some();
        if let (false, Some(pool)) = (is_listed, documents.at("properties.backendAddressPool").cloned()) {
            documents.set("properties.backendAddressPools", vec![pool].into());
        }
        Ok(())
    }
}
