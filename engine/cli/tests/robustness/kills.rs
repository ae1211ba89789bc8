//! Applies that are killed at random moments: the next one goes on, and in the end state and cloud agree.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use terrane_azure_emulator::{Emulator, EmulatorConfig};

use crate::directory::{Directory, Run};
use crate::random::{Random, count_from};

/// Kills unless told otherwise.
const KILLS: usize = 8;

/// More than sixty objects in Azure, in several layers that depend on each other, and some outside of it.
const CONFIGURATION: &str = r#"
variable "generation" {
  default = "1"
}
provider "azurerm" {
  features {}
}
resource "azurerm_resource_group" "rg" {
  count    = 4
  name     = "rg-${count.index}"
  location = "westeurope"
  tags     = { generation = var.generation }
}
resource "azurerm_virtual_network" "net" {
  count               = 4
  name                = "net-${count.index}"
  resource_group_name = azurerm_resource_group.rg[count.index].name
  location            = azurerm_resource_group.rg[count.index].location
  address_space       = ["10.${count.index}.0.0/16"]
  tags                = { generation = var.generation }
}
resource "azurerm_subnet" "sub" {
  count                = 16
  name                 = "sub-${count.index}"
  resource_group_name  = azurerm_virtual_network.net[count.index % 4].resource_group_name
  virtual_network_name = azurerm_virtual_network.net[count.index % 4].name
  address_prefixes     = [cidrsubnet("10.${count.index % 4}.0.0/16", 8, count.index)]
}
resource "azurerm_public_ip" "ip" {
  count               = 20
  name                = "ip-${count.index}"
  resource_group_name = azurerm_resource_group.rg[count.index % 4].name
  location            = azurerm_resource_group.rg[count.index % 4].location
  allocation_method   = "Static"
  sku                 = "Standard"
  tags                = { generation = var.generation }
}
resource "azurerm_network_security_group" "nsg" {
  count               = 8
  name                = "nsg-${count.index}"
  resource_group_name = azurerm_resource_group.rg[count.index % 4].name
  location            = azurerm_resource_group.rg[count.index % 4].location
  tags                = { sub = azurerm_subnet.sub[count.index].name, generation = var.generation }
}
resource "azurerm_user_assigned_identity" "id" {
  count               = 12
  name                = "id-${count.index}"
  resource_group_name = azurerm_resource_group.rg[count.index % 4].name
  location            = azurerm_resource_group.rg[count.index % 4].location
}
resource "terraform_data" "seen" {
  count = 4
  input = [azurerm_public_ip.ip[count.index].ip_address, azurerm_user_assigned_identity.id[count.index].principal_id]
}
output "addresses" {
  value = azurerm_public_ip.ip[*].ip_address
}
"#;

const APPLY: &str = "apply -auto-approve -emulate";

#[test]
fn killed_applies_are_finished_by_the_next_one() {
    let kills = count_from("TERRANE_KILLS", KILLS);
    let mut random = Random::new(20);
    let whole = Directory::new(CONFIGURATION);
    let start = Instant::now();
    whole.succeed(APPLY);
    let creation = start.elapsed();
    check_agreement(&whole, "without kills");
    let mut effective = 0;
    for kill in 0..kills {
        // From nothing; changes of nearly everything; and the end of everything.
        let (directory, words) = match kill % 4 {
            0 | 1 => (&Directory::new(CONFIGURATION), APPLY.to_owned()),
            2 => (&whole, format!("{APPLY} -var=generation={kill}")),
            _ => (&whole, format!("{APPLY} -destroy")),
        };
        let delay = creation.mul_f64(random.below(1000) as f64 / 1000.0);
        let what = format!("kill {kill}, {words}, after {delay:?}");
        effective += usize::from(kill_after(directory, &words, delay));
        let generation = if kill % 4 == 2 { format!("-var=generation={kill}") } else { String::new() };
        let run = directory.run(&format!("{APPLY} {generation}"));
        assert_eq!(run.code, Some(0), "{what}: {run:#?}");
        let run = directory.run(&format!("plan -emulate -detailed-exitcode {generation}"));
        assert_eq!(run.code, Some(0), "{what}: the plan is not empty: {run:#?}");
        check_agreement(directory, &what);
    }
    assert!(effective * 3 > kills, "only {effective} of {kills} came before the end");
}

/// Starts a run and kills it after some time. Returns whether it was still running.
fn kill_after(directory: &Directory, words: &str, delay: Duration) -> bool {
    let mut child = directory.start(words);
    // The output is read, so that a full pipe does not hold the run up.
    let output = child
        .stdout
        .take()
        .map(|mut stdout| std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink())));
    std::thread::sleep(delay);
    let was_running = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    let run: Run = child.wait_with_output().unwrap().into();
    if let Some(output) = output {
        output.join().unwrap().unwrap();
    }
    assert!(was_running || run.code == Some(0), "{words}: {run:#?}");
    was_running
}

/// Checks that the state holds exactly the objects that the cloud has, and that nothing is left of any journal.
#[track_caller]
fn check_agreement(directory: &Directory, what: &str) {
    let config = EmulatorConfig {
        data_dir: Some(directory.join(".terrane/azure")),
        any_subscription: true,
        ..EmulatorConfig::default()
    };
    let emulator = Emulator::start_in_background(config).unwrap();
    let in_cloud: BTreeSet<String> = emulator.resource_ids().iter().map(|id| id.to_lowercase()).collect();
    drop(emulator);
    let state: Json = serde_json::from_slice(&directory.read("terraform.tfstate")).unwrap();
    let resources = state["resources"].as_array().unwrap();
    let azure =
        resources.iter().filter(|resource| resource["type"].as_str().unwrap().starts_with("azurerm_"));
    let instances = azure.flat_map(|resource| resource["instances"].as_array().unwrap());
    let in_state: BTreeSet<String> = instances
        .inspect(|instance| {
            assert_eq!(instance.get("status"), None, "{what}: tainted");
            assert_eq!(instance.get("deposed"), None, "{what}: deposed");
        })
        .map(|instance| instance["attributes"]["id"].as_str().unwrap().to_lowercase())
        .collect();
    assert_eq!(in_state, in_cloud, "{what}");
    assert_eq!(in_state.len(), 64, "{what}");
    let journal = directory.read("terraform.tfstate.journal");
    assert!(journal.is_empty(), "{what}: a journal is left behind");
}
