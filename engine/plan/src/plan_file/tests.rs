//! Plan files read back as they were written, and nothing else is read as one.

use std::sync::Arc;

use proptest::prelude::*;
use terrane_language::config::action::{OnFailure, TriggerEvent};
use terrane_language::evaluate::{GivenValue, ValueOrigin};
use terrane_model::{
    ActionInstanceAddress, AttributePath, ProviderConfigAddress, ResourceInstanceAddress, Type, Value,
};
use terrane_state::{ObjectState, StateSnapshot};

use super::*;
use crate::action_invocation::{ActionInvocation, InvocationCause, TriggerCause};
use crate::added_order::AddedOrder;
use crate::change::{Action, ActionReason, Change, OutputChange, ResourceChange};
use crate::plan::PlanMode;

fn sample() -> PlanFile {
    let address = ResourceInstanceAddress::parse("module.m[\"k\"].example_thing.a[0]").unwrap();
    let provider =
        ProviderConfigAddress::parse("provider[\"registry.terraform.io/hashicorp/example\"].x").unwrap();
    let after = Value::object([
        ("id", Value::unknown(Type::String)),
        ("secret", Value::from("hidden").sensitive()),
        ("list", Value::list(Type::Number, [1.into(), 2.into()])),
    ]);
    let mut prior_state = StateSnapshot::default();
    let object = ObjectState { attributes: "{\"id\":\"1\"}".into(), ..ObjectState::default() };
    prior_state.set_object(&address, None, &provider, Some(Arc::new(object)));
    let change = ResourceChange {
        previous_address: ResourceInstanceAddress::parse("example_thing.b").unwrap(),
        address: address.clone(),
        deposed: None,
        provider_config: provider,
        change: Change { action: Action::DeleteThenCreate, before: Value::dynamic_null(), after },
        reason: Some(ActionReason::ReplaceBecauseCannotUpdate),
        required_replace: vec![AttributePath::root().attribute("list").position(1)],
        private: vec![0, 255],
        schema_version: 3,
        create_before_destroy: true,
        importing: None,
        generated_config: None,
        identity: None,
    };
    let output = OutputChange {
        name: "o".into(),
        change: Change { action: Action::Create, before: Value::dynamic_null(), after: "x".into() },
        sensitive: true,
    };
    let invocation = ActionInvocation {
        address: ActionInstanceAddress::parse("module.m[\"k\"].action.example_do.a[\"x\"]").unwrap(),
        provider_config: change.provider_config.clone(),
        cause: InvocationCause::Trigger(TriggerCause {
            resource: address.clone(),
            event: TriggerEvent::AfterCreate,
            block: 1,
            position: 2,
            on_failure: OnFailure::Taint,
        }),
        config: Value::object([("token", Value::from("hidden").sensitive())]),
    };
    let requested = ActionInvocation {
        cause: InvocationCause::Command { caller: Some(address.clone()) },
        ..invocation.clone()
    };
    let plan = Plan {
        action_invocations: vec![requested, invocation],
        invoke: Some(ActionInstanceAddress::parse("action.example_do.a").unwrap()),
        mode: PlanMode::Normal,
        resource_changes: vec![change],
        resource_drift: Vec::new(),
        output_changes: [("o".into(), output)].into(),
        variables: [("v".into(), Value::from(true))].into(),
        ephemeral_variables: vec!["e".into()],
        targets: vec![terrane_model::Target::parse("module.m").unwrap()],
        excludes: Vec::new(),
        force_replace: vec![address],
        previous_state: StateSnapshot::default(),
        prior_state,
        checks: Vec::new(),
        relevant_attributes: Vec::new(),
        falling: [(0, 0)].into(),
        added_order: AddedOrder { applied_after: vec![(0, 0)], destroyed_after: vec![(0, 0)] },
        timestamp: "2026-01-02T03:04:05Z".to_owned(),
        errored: false,
    };
    PlanFile {
        plan,
        given: [("v".into(), GivenValue { value: true.into(), origin: ValueOrigin::Plan })].into(),
        files: [("main.tf".to_owned(), "variable \"v\" {}\n".to_owned())].into(),
        modules: [("m".to_owned(), ("cache/m".to_owned(), Some("1.0.0".into())))].into(),
        workspace: "default".to_owned(),
    }
}

#[test]
fn a_plan_reads_back_as_it_was_written() {
    let file = sample();
    let bytes = write_plan_file(&file).unwrap();
    let read = read_plan_file(&bytes).unwrap();
    assert_eq!(format!("{read:?}"), format!("{file:?}"));
    assert_eq!(read.plan, file.plan);
}

#[test]
fn other_files_are_told_apart() {
    for (bytes, words) in [
        (&b""[..], "not a plan file"),
        (b"PK\x03\x04", "not a plan file"),
        (b"TERRANE-PLAN 2\nxyz", "with format 2"),
        (b"TERRANE-PL", "ends too early"),
        (b"TERRANE-PLAN 1\nshort", "ends too early"),
    ] {
        let error = read_plan_file(bytes).unwrap_err().to_diagnostic("p");
        assert!(error.detail.contains(words), "{bytes:?}: {}", error.detail);
    }
}

proptest! {
    #[test]
    fn damage_is_noticed(position in any::<proptest::sample::Index>(), bit in 0..8u8) {
        let mut bytes = write_plan_file(&sample()).unwrap();
        let position = position.index(bytes.len());
        bytes[position] ^= 1 << bit;
        prop_assert!(read_plan_file(&bytes).is_err());
        prop_assert!(read_plan_file(&bytes[..position]).is_err());
    }
}
