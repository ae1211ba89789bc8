//! Blobs in the emulated Azure: the account's key is looked up by the Resource Manager, or tokens open it.

use terrane_azure_emulator::{Emulator, EmulatorConfig};

use crate::project::{Place, Project};
use crate::turns;

const ACCOUNT: &str = "provider \"azurerm\" {\n  features {}\n}\n\
    resource \"azurerm_resource_group\" \"g\" {\n  name     = \"rg-states\"\n  location = \"westeurope\"\n}\n\
    resource \"azurerm_storage_account\" \"a\" {\n  name                     = \"statesoftests\"\n  \
    resource_group_name      = azurerm_resource_group.g.name\n  location                 = \"westeurope\"\n  \
    account_tier             = \"Standard\"\n  account_replication_type = \"LRS\"\n}\n\
    resource \"azurerm_storage_container\" \"c\" {\n  name               = \"states\"\n  \
    storage_account_id = azurerm_storage_account.a.id\n}\n";

#[test]
fn keys_are_looked_up_and_tokens_are_taken() {
    let emulator = Emulator::start_in_background(EmulatorConfig::default()).unwrap();
    let text = |text: &str| format!("\"{text}\"");
    let mut place = Place {
        kind: "azurerm",
        arguments: vec![
            ("storage_account_name", text("statesoftests")),
            ("container_name", text("states")),
            ("key", text("prod.tfstate")),
        ],
        environment: emulator.env().into_iter().collect(),
        locks_stay: true,
    };
    let platform = Project::new(&place);
    platform.write("main.tf", ACCOUNT);
    platform.terrane("apply -auto-approve").succeeded();
    let expected = "one of access_key, sas_token, use_azuread_auth and resource_group_name";
    turns::check_refusal(&place, "key", "\"prod.tfstate\"", &expected[4..], "none");
    place.arguments.push(("resource_group_name", text("rg-states")));
    turns::check(&place);
    place.arguments.push(("use_azuread_auth", "true".to_owned()));
    let project = Project::new(&place);
    project.write("main.tf", &format!("{}output \"n\" {{\n  value = 1\n}}\n", place.block()));
    project.terrane("init").succeeded();
    project.terrane("apply -auto-approve").succeeded();
    assert_eq!(project.terrane("output n").succeeded().trim(), "1");
}
