//! Destroying with few calls, and nothing that belongs to others.

use std::fs;

use serde_json::Value as Json;
use terrane_azure_emulator::{Emulator, EmulatorConfig};

use crate::directory::{Directory, Run};

const PLATFORM: &str = r#"
provider "azurerm" {
  features {}
}
resource "azurerm_resource_group" "rg" {
  name     = "rg"
  location = "westeurope"
}
resource "azurerm_virtual_network" "net" {
  name                = "net"
  resource_group_name = azurerm_resource_group.rg.name
  location            = azurerm_resource_group.rg.location
  address_space       = ["10.0.0.0/16"]
}
resource "azurerm_subnet" "sub" {
  count                = 3
  name                 = "sub-${count.index}"
  resource_group_name  = azurerm_resource_group.rg.name
  virtual_network_name = azurerm_virtual_network.net.name
  address_prefixes     = ["10.0.${count.index}.0/24"]
}
resource "azurerm_network_security_group" "nsg" {
  name                = "nsg"
  resource_group_name = azurerm_resource_group.rg.name
  location            = azurerm_resource_group.rg.location
}
resource "azurerm_subnet_network_security_group_association" "sub" {
  count                     = 3
  subnet_id                 = azurerm_subnet.sub[count.index].id
  network_security_group_id = azurerm_network_security_group.nsg.id
}
"#;

const OTHER: &str = r#"
provider "azurerm" {
  features {}
}
resource "azurerm_public_ip" "other" {
  name                = "other"
  resource_group_name = "rg"
  location            = "westeurope"
  allocation_method   = "Static"
}
"#;

struct Stage {
    cloud: Emulator,
    log: std::path::PathBuf,
    platform: Directory,
}

impl Stage {
    fn new() -> Self {
        let platform = Directory::new(PLATFORM);
        let log = platform.join("requests.jsonl");
        let config = EmulatorConfig {
            request_log: Some(log.clone()),
            any_subscription: true,
            ..EmulatorConfig::default()
        };
        let cloud = Emulator::start_in_background(config).unwrap();
        let stage = Self { cloud, log, platform };
        stage.succeed(&stage.platform, "apply -auto-approve");
        stage
    }

    fn run(&self, directory: &Directory, words: &str) -> Run {
        directory.command(words).envs(self.cloud.env()).output().unwrap().into()
    }

    #[track_caller]
    fn succeed(&self, directory: &Directory, words: &str) -> String {
        let run = self.run(directory, words);
        assert_eq!(run.code, Some(0), "{words}: {run:#?}");
        run.stdout
    }

    /// The last segments of what was deleted so far.
    fn deleted(&self) -> Vec<String> {
        let log = fs::read_to_string(&self.log).unwrap();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
        let deletions = lines.filter(|line| line["method"] == "DELETE");
        let names = deletions.filter_map(|line| {
            let path = line["url"].as_str()?.split('?').next()?.to_owned();
            Some(path.rsplit('/').next()?.to_owned())
        });
        names.collect()
    }
}

#[test]
fn what_goes_with_its_group_is_not_deleted_one_by_one() {
    let stage = Stage::new();
    let text = stage.succeed(&stage.platform, "destroy -auto-approve");
    assert!(text.contains("Destroy complete! Resources: 9 destroyed."), "{text}");
    assert_eq!(stage.deleted(), ["rg"]);
    assert_eq!(stage.cloud.resource_ids(), Vec::<String>::new());
    let state: Json = serde_json::from_slice(&stage.platform.read("terraform.tfstate")).unwrap();
    assert_eq!(state["resources"], Json::Array(Vec::new()));
}

#[test]
fn saved_plans_know_what_goes_with_what() {
    let stage = Stage::new();
    stage.succeed(&stage.platform, "plan -destroy -out=saved.plan");
    stage.succeed(&stage.platform, "apply saved.plan");
    assert_eq!(stage.deleted(), ["rg"]);
}

#[test]
fn groups_with_objects_of_others_stay() {
    let stage = Stage::new();
    let other = Directory::new(OTHER);
    stage.succeed(&other, "apply -auto-approve");
    let run = stage.run(&stage.platform, "destroy -auto-approve");
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("Resource group is not empty"), "{}", run.stderr);
    let deleted = stage.deleted();
    assert!(
        deleted.iter().any(|name| name == "net") && !deleted.iter().any(|name| name == "rg"),
        "{deleted:?}"
    );
    stage.succeed(&other, "destroy -auto-approve");
    stage.succeed(&stage.platform, "destroy -auto-approve");
    assert_eq!(stage.cloud.resource_ids(), Vec::<String>::new());
}

#[test]
fn what_stays_is_not_taken_along() {
    let stage = Stage::new();
    // Subnets that go while their network stays go one by one; what refers to them goes first.
    let fewer = PLATFORM.replace("count                = 3", "count                = 1");
    let fewer = fewer.replace("count                     = 3", "count                     = 1");
    fs::write(stage.platform.join("main.tf"), fewer).unwrap();
    stage.succeed(&stage.platform, "apply -auto-approve");
    let mut deleted = stage.deleted();
    deleted.sort();
    assert_eq!(deleted, ["sub-1", "sub-2"]);
    stage.succeed(&stage.platform, "plan -detailed-exitcode");
}
