//! Reading many objects at once, and a second run over what a first one made.

use serde_json::{Value as Json, json};

use crate::support::{Object, Stage, replaced};

fn plain(name: &str) -> Json {
    json!({"name": name, "resource_group_name": "rg", "location": "westeurope"})
}

/// Makes objects of types with every way of listing: by group, by parent, inside of parents, and none.
async fn furnish(stage: &Stage) -> Vec<(Object, Json)> {
    let mut made = Vec::new();
    let mut make = async |type_name: &str, config: Json| {
        let object = stage.create(type_name, &config).await;
        made.push((object.clone(), config));
        object
    };
    make("azurerm_resource_group", json!({"name": "rg", "location": "westeurope"})).await;
    let space = json!({"address_space": ["10.0.0.0/16"]});
    make("azurerm_virtual_network", replaced(&plain("vnet"), &space)).await;
    let group = make("azurerm_network_security_group", plain("nsg")).await;
    for index in 0..4 {
        let subnet = json!({
            "name": format!("s{index}"), "resource_group_name": "rg", "virtual_network_name": "vnet",
            "address_prefixes": [format!("10.0.{index}.0/24")],
        });
        let subnet = make("azurerm_subnet", subnet).await;
        let association = json!({"subnet_id": subnet.id(), "network_security_group_id": group.id()});
        make("azurerm_subnet_network_security_group_association", association).await;
        let rule = json!({
            "name": format!("r{index}"), "resource_group_name": "rg", "network_security_group_name": "nsg",
            "priority": 100 + index, "direction": "Inbound", "access": "Allow", "protocol": "Tcp",
            "source_port_range": "*", "destination_port_range": "443", "source_address_prefix": "*",
            "destination_address_prefix": "*",
        });
        make("azurerm_network_security_rule", rule).await;
        let identity = make("azurerm_user_assigned_identity", plain(&format!("identity{index}"))).await;
        let credential = json!({
            "name": "github", "user_assigned_identity_id": identity.id(), "audience": ["api://x"],
            "issuer": "https://token.actions.githubusercontent.com", "subject": format!("repo:o/r{index}"),
        });
        make("azurerm_federated_identity_credential", credential).await;
        let assignment = json!({
            "scope": group.id(), "role_definition_name": "Reader", "principal_id": identity.text("principal_id"),
        });
        make("azurerm_role_assignment", assignment).await;
    }
    made
}

#[tokio::test]
async fn a_second_run_reads_with_few_calls_and_changes_nothing() {
    let mut stage = Stage::new().await;
    let made = furnish(&stage).await;
    stage.restart().await;
    let before = stage.requests().len();
    let read = stage.read_many(&made).await;
    let requests = stage.requests().split_off(before);
    assert!(requests.len() <= 9, "{} objects: {requests:#?}", made.len());
    for ((object, config), read) in made.iter().zip(read) {
        let read = read.unwrap_or_else(|| panic!("{} is gone", object.id()));
        let plan = stage.plan(&object.type_name, &read.state, config).await;
        assert_eq!(plan.planned_state, read.state, "{}", object.id());
    }
    stage.finish().await;
}

#[tokio::test]
async fn what_is_in_no_list_any_more_is_gone() {
    let mut stage = Stage::new().await;
    let made = furnish(&stage).await;
    let (rule, _) = made
        .iter()
        .find(|(object, _)| object.type_name == "azurerm_network_security_rule")
        .expect("it was made");
    stage.delete(rule).await;
    stage.restart().await;
    let gone: Vec<String> = made
        .iter()
        .zip(stage.read_many(&made).await)
        .filter(|(_, read)| read.is_none())
        .map(|((object, _), _)| object.id())
        .collect();
    assert_eq!(gone, [rule.id()]);
    stage.finish().await;
}
