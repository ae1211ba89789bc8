//! Clouds that go wrong: whatever fails, running the same command again gets there, and nothing is lost or made twice.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use terrane_azure_emulator::{Emulator, EmulatorConfig};

use crate::directory::{Directory, Run};
use crate::random::count_from;

/// Lives of a platform unless told otherwise.
const LIVES: usize = 2;
/// How often a command may be repeated: every time, something else may go wrong.
const ATTEMPTS_MAX: usize = 12;
/// How often each kind of fault comes.
const PROBABILITY: f64 = 0.05;
/// How many requests of a life go wrong at the very least: a tenth of what is usual.
const FAULTS_MIN: usize = 5;

const REQUEST_LOG: &str = "requests.jsonl";

const PLATFORM: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../providers/azure/tests/platforms/superset/main.tf"
));

/// A cloud in which every kind of fault meets one request in twenty.
fn troubled_cloud(directory: &Directory, seed: usize) -> Emulator {
    let kinds = [
        json!({"status": 429, "retry_after": 0}),
        json!({"status": 500}),
        json!({"status": 503}),
        json!({"status": 409, "code": "AnotherOperationInProgress", "method": "PUT"}),
        json!({"drop": "before"}),
        json!({"drop": "after"}),
        json!({"fail_operation": {"code": "InternalServerError", "message": "It did not work out."}}),
        json!({"delay_ms": 20}),
    ];
    let rules: Vec<Json> = kinds
        .into_iter()
        .map(|mut rule| {
            rule["probability"] = json!(PROBABILITY);
            // Signing in is not what this is about.
            rule["path"] = json!("^/subscriptions/");
            rule
        })
        .collect();
    let file = directory.join("faults.json");
    std::fs::write(&file, json!({"seed": seed, "rules": rules}).to_string()).unwrap();
    let config = EmulatorConfig {
        faults: Some(file),
        request_log: Some(directory.join(REQUEST_LOG)),
        any_subscription: true,
        ..EmulatorConfig::default()
    };
    Emulator::start_in_background(config).unwrap()
}

struct Troubled {
    directory: Directory,
    cloud: Emulator,
}

impl Troubled {
    fn run(&self, words: &str) -> Run {
        self.directory.command(words).envs(self.cloud.env()).output().unwrap().into()
    }

    /// Repeats a command until it succeeds.
    #[track_caller]
    fn insist(&self, words: &str, what: &str) {
        let mut last = None;
        for _ in 0..ATTEMPTS_MAX {
            let run = self.run(words);
            if run.code == Some(0) {
                return;
            }
            last = Some(run);
        }
        panic!("{what}: {words} has failed {ATTEMPTS_MAX} times: {last:#?}");
    }

    /// Counts the requests that a rule has dropped or answered.
    fn faults(&self) -> usize {
        let log = String::from_utf8(self.directory.read(REQUEST_LOG)).unwrap();
        let statuses = log.lines().map(|line| serde_json::from_str::<Json>(line).unwrap()["status"].as_u64());
        statuses.filter(|status| matches!(status, None | Some(429 | 500 | 503))).count()
    }

    /// Ids of what is in the cloud and what is in the state, as far as both can have it.
    fn ids(&self) -> (BTreeSet<String>, BTreeSet<String>) {
        let in_cloud = self.cloud.resource_ids().iter().map(|id| id.to_lowercase()).collect();
        let state: Json =
            serde_json::from_slice(&self.directory.read("terraform.tfstate")).unwrap_or_default();
        let resources = state["resources"].as_array().into_iter().flatten();
        let azure = resources.filter(|resource| {
            let is_azure = resource["type"].as_str().is_some_and(|kind| kind.starts_with("azurerm_"));
            is_azure && resource["mode"] == "managed"
        });
        let instances = azure.flat_map(|resource| resource["instances"].as_array().into_iter().flatten());
        let in_state = instances.filter_map(|instance| instance["attributes"]["id"].as_str());
        (in_cloud, in_state.map(str::to_lowercase).collect())
    }
}

#[test]
fn platforms_are_made_and_removed_whatever_goes_wrong() {
    let lives = count_from("TERRANE_FAULTS", LIVES);
    for life in 0..lives {
        let directory = Directory::new(PLATFORM);
        let cloud = troubled_cloud(&directory, life + 1);
        let troubled = Troubled { directory, cloud };
        let what = format!("life {life}");
        troubled.insist("apply -auto-approve", &what);
        // What goes wrong while reading is none of the user's business.
        let run = troubled.run("plan -detailed-exitcode");
        assert_eq!(run.code, Some(0), "{what}: the plan is not empty: {run:#?}");
        let (in_cloud, in_state) = troubled.ids();
        let lost: Vec<&String> =
            in_state.difference(&in_cloud).filter(|id| !is_part(id, &in_cloud)).collect();
        assert!(lost.is_empty(), "{what}: the cloud lacks {lost:#?}");
        let doubled: Vec<&String> = in_cloud.iter().filter(|id| !is_owned(id, &in_state)).collect();
        assert!(doubled.is_empty(), "{what}: nobody manages {doubled:#?}");
        troubled.insist("destroy -auto-approve", &what);
        let (mut left, in_state) = troubled.ids();
        left.retain(|id| !id.contains("/deletedvaults/") && !id.contains("/deletedworkspaces/"));
        assert!(left.is_empty() && in_state.is_empty(), "{what}: left behind: {left:#?} {in_state:#?}");
        // Else all of this would have shown nothing.
        let faults = troubled.faults();
        assert!(faults > FAULTS_MIN, "{what}: {faults} requests went wrong");
    }
}

/// Tells whether an id is that of a part of an object, such as a link between two.
fn is_part(id: &str, in_cloud: &BTreeSet<String>) -> bool {
    id.split(['|', ';']).all(|part| in_cloud.contains(part))
}

/// Tells whether an object is managed, or comes and goes with one that is.
fn is_owned(id: &str, in_state: &BTreeSet<String>) -> bool {
    let mut path = id;
    loop {
        if in_state.contains(path) {
            return true;
        }
        match path.rfind('/') {
            // What Azure makes for others is in groups of its own, or carries their names.
            Some(0) | None => return id.contains("/mc_") || id.contains("/networkinterfaces/"),
            Some(slash) => path = &path[..slash],
        }
    }
}
