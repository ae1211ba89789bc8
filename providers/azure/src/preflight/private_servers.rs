//! PostgreSQL servers in a network: their subnet is theirs, and their zone is linked to their network.

use serde_json::Value as Json;
use terrane_model::{AttributePath, Diagnostic, Diagnostics, Value};
use terrane_provider::PlannedResource;

use crate::client::{ArmRequest, Call};
use crate::connection::Connection;
use crate::preflight::{complaint, is_changed, text};
use crate::table::IdTemplate;

const SERVER: &str = "azurerm_postgresql_flexible_server";
const LINK: &str = "azurerm_private_dns_zone_virtual_network_link";
const SERVICE: &str = "Microsoft.DBforPostgreSQL/flexibleServers";
const LINKS_VERSION: &str = "2024-06-01";

/// Complains about servers whose subnet is for something else, and warns of those whose name nobody in their network
/// will be able to resolve.
pub(crate) async fn check_private_servers(
    connection: &Connection,
    resources: &[PlannedResource],
    call: &Call<'_>,
) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let servers = resources.iter().filter(|it| it.type_name == SERVER && is_changed(it));
    for server in servers.filter(|it| is_set(&it.planned_state.attribute("delegated_subnet_id"))) {
        check_subnet(server, resources, &mut diagnostics);
        let zone = server.planned_state.attribute("private_dns_zone_id");
        let is_new = server.prior_state.attribute("private_dns_zone_id") != zone;
        if is_new && is_set(&zone) && !is_linked(connection, &zone, resources, call).await {
            let detail = format!(
                "The private DNS zone {} has no link to a virtual network. Until it has one to the server's network, \
                 nobody there can resolve the server's name: add an {LINK}.",
                text(&server.planned_state, "private_dns_zone_id").unwrap_or_default()
            );
            let warning =
                Diagnostic::warning("Private DNS zone is not linked", detail).about(&server.address);
            diagnostics.push(warning.on_attribute(AttributePath::root().attribute("private_dns_zone_id")));
        }
    }
    diagnostics
}

fn is_set(value: &Value) -> bool {
    !value.is_null()
}

fn check_subnet(server: &PlannedResource, resources: &[PlannedResource], diagnostics: &mut Diagnostics) {
    let Some(id) = text(&server.planned_state, "delegated_subnet_id") else { return };
    let is_it = |resource: &&PlannedResource| {
        let own = text(&resource.planned_state, "id").filter(|_| resource.type_name == "azurerm_subnet");
        own.is_some_and(|own| own.eq_ignore_ascii_case(&id))
    };
    let Some(subnet) = resources.iter().find(is_it) else { return };
    let delegations = subnet.planned_state.attribute("delegation");
    if !delegations.is_wholly_known() {
        return;
    }
    let is_for_servers = delegations.as_sequence().into_iter().flatten().any(|delegation| {
        let service = delegation.attribute("service_delegation");
        let name = service.as_sequence().and_then(<[Value]>::first).and_then(|service| text(service, "name"));
        name.is_some_and(|name| name.eq_ignore_ascii_case(SERVICE))
    });
    if !is_for_servers {
        let detail = format!(
            "The subnet {} is not delegated to {SERVICE}. A server takes only a subnet that is, and that holds nothing \
             but servers.",
            subnet.address
        );
        let path = AttributePath::root().attribute("delegated_subnet_id");
        diagnostics.push(complaint("Subnet is not delegated", server, &detail).on_attribute(path));
    }
}

/// Tells whether a zone is linked or about to be. What cannot be known counts as a link.
async fn is_linked(
    connection: &Connection,
    zone: &Value,
    resources: &[PlannedResource],
    call: &Call<'_>,
) -> bool {
    let zone = zone.as_str().map(ToString::to_string);
    let links = resources.iter().filter(|it| it.type_name == LINK && !it.planned_state.is_null());
    if links.into_iter().any(|link| may_belong(&link.planned_state, zone.as_deref())) {
        return true;
    }
    let Some(zone) = zone else { return false };
    let request = ArmRequest::get(format!("{zone}/virtualNetworkLinks"), LINKS_VERSION);
    match connection.client.list(request, call).await {
        Ok(Some(links)) => links.iter().any(|link| link.get("id").and_then(Json::as_str).is_some()),
        // A zone that is not there fails by itself, with a better message.
        Ok(None) => true,
        Err(error) => {
            tracing::info!(%error, zone, "could not ask for the links of a zone");
            true
        }
    }
}

/// Tells whether a link may be one of a zone; of a zone that is yet to be made where `zone` is nothing.
fn may_belong(link: &Value, zone: Option<&str>) -> bool {
    if let Some(id) = text(link, "private_dns_zone_id") {
        return zone.is_some_and(|zone| id.eq_ignore_ascii_case(zone));
    }
    match (text(link, "private_dns_zone_name"), zone) {
        (Some(name), Some(zone)) => {
            zone.rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case(&name))
        }
        (Some(_), None) => text(link, "id").is_none(),
        // The link's zone is not known either, or is named in its own id.
        (None, zone) => match (text(link, "id"), zone) {
            (Some(id), Some(zone)) => {
                IdTemplate::parent_of(&id).is_some_and(|parent| parent.eq_ignore_ascii_case(zone))
            }
            (Some(_), None) => false,
            (None, _) => true,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use terrane_model::Type;

    #[test]
    fn links_belong_to_their_zones() {
        let zone = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/privateDnsZones/z.example";
        let link = |name: &'static str, value: Value| Value::object([(name, value)]);
        let unknown = || Value::unknown(Type::String);
        assert!(may_belong(&link("private_dns_zone_id", zone.to_uppercase().as_str().into()), Some(zone)));
        assert!(!may_belong(&link("private_dns_zone_id", format!("{zone}2").as_str().into()), Some(zone)));
        assert!(may_belong(&link("private_dns_zone_id", unknown()), Some(zone)));
        assert!(may_belong(&link("private_dns_zone_id", unknown()), None));
        assert!(may_belong(&link("private_dns_zone_name", "Z.example".into()), Some(zone)));
        assert!(!may_belong(&link("private_dns_zone_name", "y.example".into()), Some(zone)));
        assert!(!may_belong(&link("private_dns_zone_id", zone.into()), None));
    }
}
