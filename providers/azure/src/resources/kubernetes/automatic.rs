//! Clusters whose nodes Azure looks after.

use async_trait::async_trait;
use serde_json::json;
use terrane_model::{AttributePath, Diagnostic, Diagnostics, Value};

use crate::attributes::{at, text_at};
use crate::lifecycle::{Change, Draft, Failure, Work};
use crate::mapping::Documents;
use crate::mapping::same::is_zero;
use crate::resources::Behaviour;
use crate::resources::kubernetes::credentials::complete_credentials;
use crate::resources::kubernetes::wire::{from_wire, to_wire};

const SUBNET: &str = "api_server_access.0.subnet_id";

/// Clusters.
pub(crate) struct AutomaticCluster;

#[async_trait]
impl Behaviour for AutomaticCluster {
    /// Nodes in networks of one's own need an identity of one's own, and the other way round.
    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        let mut complain = |name: &str, detail: &str| {
            let diagnostic = Diagnostic::error("Invalid combination of arguments", detail);
            diagnostics.push(diagnostic.on_attribute(AttributePath::root().attribute(name)));
        };
        let Some(kind) = text_at(&at(config, "identity.0"), "type") else { return };
        let hosted = config.attribute("hosted_system");
        let is_hosted = hosted.element_count().is_some_and(|count| count > 0);
        let has_subnet = !is_zero(&at(config, SUBNET));
        match (is_hosted, kind.as_str()) {
            (true, "SystemAssigned") => {
                complain("identity", "With hosted_system the identity is UserAssigned.");
            }
            (false, "UserAssigned") => {
                complain("identity", "Without hosted_system the identity is SystemAssigned.");
            }
            _ => {}
        }
        match (is_hosted, has_subnet) {
            (true, false) => {
                complain("api_server_access", "With hosted_system the API server needs a subnet_id.");
            }
            (false, true) => {
                complain("api_server_access", "Only with hosted_system the API server has a subnet_id.");
            }
            _ => {}
        }
        let zone = text_at(&at(config, "private_cluster.0"), "private_dns_zone_id");
        let has_zone = zone.is_some_and(|zone| zone != "System" && zone != "None");
        if has_zone && kind != "UserAssigned" {
            complain("private_cluster", "A private_dns_zone_id of one's own needs a UserAssigned identity.");
        }
        let is_private = config.attribute("private_cluster").element_count().is_some_and(|count| count > 0);
        if is_private && !is_zero(&at(config, "api_server_access.0.authorized_ip_ranges")) {
            complain("api_server_access", "A private_cluster has no authorized_ip_ranges.");
        }
    }

    fn plan(&self, draft: &mut Draft<'_>) {
        draft.replace_if_changed("identity.0.type");
        if !is_zero(&draft.before(SUBNET)) && is_zero(&draft.after(SUBNET)) {
            draft.replace_for(SUBNET);
        }
    }

    fn shape_base(&self, _change: &Change<'_>, work: &Work<'_>, documents: &mut Documents) {
        from_wire(&mut documents.body, &work.connection.subscription_id);
    }

    async fn before_write(
        &self,
        _work: &Work<'_>,
        change: &Change<'_>,
        documents: &mut Documents,
    ) -> Result<(), Failure> {
        let is_private = change.planned.attribute("private_cluster").element_count() > Some(0);
        documents.set("properties.apiServerAccessProfile.enablePrivateCluster", json!(is_private));
        to_wire(&mut documents.body);
        Ok(())
    }

    async fn complete_documents(
        &self,
        work: &Work<'_>,
        documents: &mut Documents,
        _known: Option<&Value>,
    ) -> Result<(), Failure> {
        from_wire(&mut documents.body, &work.connection.subscription_id);
        complete_credentials(work, documents).await
    }
}
