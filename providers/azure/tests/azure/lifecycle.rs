//! One life for every type: create, read, import, change, drift, replace, delete. What is still there in the end,
//! the stage deletes and looks whether it is gone.

use serde_json::{Value as Json, json};
use terrane_model::{Type, Value};

use crate::support::{Object, Stage, replaced};

/// What a type's life consists of.
pub(crate) struct Life {
    /// The type.
    pub(crate) type_name: &'static str,
    /// A configuration.
    pub(crate) config: Json,
    /// Changes that are made in place; null takes an argument away.
    pub(crate) changes: Json,
    /// Arguments that cannot be imported, since Azure does not tell them.
    pub(crate) untold: &'static [&'static str],
    /// Whether another name needs another object.
    pub(crate) is_replaced_for_name: bool,
}

impl Life {
    /// Makes the life of a type whose arguments Azure tells all of.
    pub(crate) fn new(type_name: &'static str, config: Json, changes: Json) -> Self {
        Self { type_name, config, changes, untold: &[], is_replaced_for_name: true }
    }

    /// Leads the life and returns the object, still there.
    pub(crate) async fn lead(&self, stage: &Stage) -> Object {
        let object = stage.create(self.type_name, &self.config).await;
        self.expect_no_change(stage, &object, &self.config, "after create").await;
        let object = self.expect_as_read(stage, object, "after create").await;
        self.expect_replacement(stage, &object).await;
        self.expect_import(stage, &object, &self.config).await;
        let object = self.change(stage, object).await;
        self.refuse_second(stage).await;
        object
    }

    /// Leads the life to its end, and to the beginning of another one, as when an object is replaced.
    pub(crate) async fn lead_to_end(&self, stage: &Stage) {
        let object = self.lead(stage).await;
        stage.delete(&object).await;
        assert!(stage.read(&object).await.is_none(), "{}: not gone", self.type_name);
        stage.delete(&object).await;
        let anew = stage.create(self.type_name, &self.config).await;
        assert!(stage.read(&anew).await.is_some(), "{}: not made again", self.type_name);
        stage.delete(&anew).await;
    }

    async fn expect_no_change(&self, stage: &Stage, object: &Object, config: &Json, when: &str) {
        let plan = stage.plan(self.type_name, &object.state, config).await;
        assert_same(&plan.planned_state, &object.state, &format!("{} {when}: planned", self.type_name));
        assert!(plan.requires_replace.is_empty(), "{} {when}: {:?}", self.type_name, plan.requires_replace);
    }

    async fn expect_as_read(&self, stage: &Stage, object: Object, when: &str) -> Object {
        let read = stage.read(&object).await.unwrap_or_else(|| panic!("{} {when}: gone", self.type_name));
        assert_same(&read.state, &object.state, &format!("{} {when}: read", self.type_name));
        read
    }

    /// Another name asks for a new object; which other arguments do, `plan` is tested for with every table.
    async fn expect_replacement(&self, stage: &Stage, object: &Object) {
        let renamed = replaced(&self.config, &json!({"name": "another-name"}));
        if self.config.get("name").is_none() || !self.is_replaced_for_name {
            return;
        }
        let plan = stage.plan(self.type_name, &object.state, &renamed).await;
        let paths: Vec<String> = plan.requires_replace.iter().map(ToString::to_string).collect();
        assert!(paths.contains(&".name".to_owned()), "{}: {paths:?}", self.type_name);
    }

    /// What is imported needs no change to fit the configuration that made it.
    async fn expect_import(&self, stage: &Stage, object: &Object, config: &Json) {
        let shouted = object.id().replace("resourceGroups", "RESOURCEGROUPS");
        let imported = stage.import(self.type_name, &shouted).await;
        let imported = imported.unwrap_or_else(|| panic!("{}: nothing to import", self.type_name));
        assert_eq!(imported.id(), object.id(), "{}: id after import", self.type_name);
        let plan = stage.plan(self.type_name, &imported.state, config).await;
        let untold = self.untold.iter().copied();
        let changed: Vec<String> = changed_attributes(&imported.state, &plan.planned_state)
            .into_iter()
            .filter(|name| !untold.clone().any(|untold| untold == name))
            .collect();
        assert!(
            changed.is_empty(),
            "{}: changed after import: {changed:?}\n{:?}\n{:?}",
            self.type_name,
            imported.state,
            plan.planned_state
        );
    }

    /// A change is made in place, and a stale state sees it as drift.
    async fn change(&self, stage: &Stage, object: Object) -> Object {
        let config = replaced(&self.config, &self.changes);
        if config == self.config {
            return object;
        }
        let plan = stage.plan(self.type_name, &object.state, &config).await;
        assert!(plan.requires_replace.is_empty(), "{}: {:?}", self.type_name, plan.requires_replace);
        assert_ne!(plan.planned_state, object.state, "{}: no change is planned", self.type_name);
        let changed = stage.update(&object, &config).await;
        self.expect_no_change(stage, &changed, &config, "after update").await;
        let changed = self.expect_as_read(stage, changed, "after update").await;
        let drifted = stage.read(&object).await.expect("it is still there");
        let back = stage.plan(self.type_name, &drifted.state, &self.config).await;
        assert_ne!(back.planned_state, drifted.state, "{}: drift is not seen", self.type_name);
        changed
    }

    /// What exists cannot be created again.
    async fn refuse_second(&self, stage: &Stage) {
        let second = stage.try_create(self.type_name, &self.config).await;
        if let Ok(second) = second {
            panic!("{}: created twice: {:?}", self.type_name, second.state);
        }
    }
}

/// The files that lead lives.
const FILES: &[&str] = &[
    include_str!("data_services.rs"),
    include_str!("identity.rs"),
    include_str!("kubernetes.rs"),
    include_str!("load_balancers.rs"),
    include_str!("network.rs"),
    include_str!("redis_parts.rs"),
    include_str!("storage.rs"),
    include_str!("vaults_and_monitoring.rs"),
];

/// Types without a life: why, is said where they are tested.
const LIFELESS: &[&str] = &[
    // Unlike an object it is there from the beginning: network_rules_apart_from_their_account.
    "azurerm_storage_account_network_rules",
    // The same: databases_in_public.
    "azurerm_postgresql_flexible_server_configuration",
    // The same: registrations.
    "azurerm_resource_provider_registration",
];

/// Finds the types that a file leads through lives: the first arguments of `Life::new`, literally or as constants.
fn led_types(file: &str) -> Vec<&str> {
    let constant = |name: &str| {
        let declaration = format!("const {name}: &str = ");
        file.split_once(&declaration).and_then(|(_, rest)| rest.trim_start().split('"').nth(1))
    };
    let begun = file.split("Life::new(").skip(1);
    begun
        .filter_map(|rest| {
            let first = rest.trim_start().split([',', ')']).next()?;
            first.strip_prefix('"').map_or_else(|| constant(first), |text| text.strip_suffix('"'))
        })
        .collect()
}

#[tokio::test]
async fn every_type_has_a_life() {
    let led: Vec<&str> = FILES.iter().copied().flat_map(led_types).collect();
    for version in ["~> 4.0", "~> 5.0"] {
        let stage = Stage::with_version(version).await;
        let types = stage.schemas.resources.keys().map(|name| name.as_str());
        let missing: Vec<&str> =
            types.filter(|name| !led.contains(name) && !LIFELESS.contains(name)).collect();
        assert!(missing.is_empty(), "{version}: {missing:?}");
        stage.finish().await;
    }
}

/// Returns the names of attributes that differ.
pub(crate) fn changed_attributes(before: &Value, after: &Value) -> Vec<String> {
    let entries = before.as_entries().unwrap_or_default();
    entries
        .iter()
        .filter(|(name, value)| after.attribute(name) != *value)
        .map(|(name, _)| name.to_string())
        .collect()
}

#[track_caller]
fn assert_same(left: &Value, right: &Value, what: &str) {
    let changed = changed_attributes(right, left);
    let details: Vec<String> = changed
        .iter()
        .map(|name| format!("{name}: {:?} != {:?}", left.attribute(name), right.attribute(name)))
        .collect();
    assert!(changed.is_empty(), "{what}:\n{}", details.join("\n"));
}

/// Null of no particular type.
pub(crate) fn nothing() -> Value {
    Value::Null(Type::Dynamic)
}
