//! Actions.

use std::sync::Mutex;

use terrane_model::{Type, Value};
use terrane_provider::{ActionRequest, NoProgress, Progress, ProgressUpdate, ValidateRequest};
use tonic::Status;

use super::fake_plugin::{FakePlugin, thing, thing_type};
use crate::Protocol;
use crate::value_on_wire::read_value;
use crate::wire::action::*;
use crate::wire::resource::ValidateResponse;
use crate::wire::{Deferred, DeferredReason, Diagnostic, Severity};

/// Collects what is told.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Progress for Told {
    fn report(&self, update: ProgressUpdate) {
        self.0.lock().unwrap().push(update.phase);
    }
}

fn progress(message: &str) -> InvokeActionEvent {
    let progress = InvokeProgress { message: message.to_owned() };
    InvokeActionEvent { event: Some(InvokeEvent::Progress(progress)) }
}

fn completed(problem: Option<&str>) -> InvokeActionEvent {
    let diagnostics = problem.map(|problem| Diagnostic {
        severity: Severity::Error.into(),
        summary: problem.to_owned(),
        ..Diagnostic::default()
    });
    let completed = InvokeCompleted { diagnostics: diagnostics.into_iter().collect() };
    InvokeActionEvent { event: Some(InvokeEvent::Completed(completed)) }
}

fn request(name: &str) -> ActionRequest {
    ActionRequest { type_name: "thing".into(), config: thing(Value::Null(Type::String), name) }
}

#[tokio::test]
async fn actions_are_checked_planned_and_invoked() {
    for protocol in Protocol::ALL {
        let plugin = FakePlugin::new(protocol)
            .on(|_: ValidateActionRequest| Ok(ValidateResponse::default()))
            .on(|request: PlanActionRequest| {
                let config = read_value(request.config, &thing_type()).unwrap();
                let is_late = config.get("name") == Some(&Value::from("late"));
                let reason = DeferredReason::AbsentPrerequisite.into();
                let deferred = is_late.then_some(Deferred { reason });
                Ok(PlanActionResponse { deferred, ..PlanActionResponse::default() })
            })
            .on_stream(|request: InvokeActionRequest| {
                assert_eq!(request.action_type, "thing");
                let config = read_value(request.config, &thing_type()).unwrap();
                let fails = config.get("name") == Some(&Value::from("bad"));
                let end = completed(fails.then_some("it failed"));
                let younger = InvokeActionEvent { event: None };
                std::future::ready(Ok(vec![progress("one"), younger, progress("two"), end]))
            });
        let plugin = plugin.serve();
        let provider = plugin.provider();
        assert!(provider.schemas().await.unwrap().actions.contains_key("thing"));
        let ActionRequest { type_name, config } = request("x");
        assert!(provider.validate_action_config(ValidateRequest { type_name, config }).await.is_empty());
        assert!(provider.plan_action(request("x")).await.is_empty());
        let late = provider.plan_action(request("late")).await;
        assert_eq!(late.iter().next().unwrap().summary, "Provider deferred the action");
        let told = Told::default();
        assert!(provider.invoke_action(request("x"), &told).await.is_empty());
        assert_eq!(*told.0.lock().unwrap(), ["one", "two"]);
        let failed = provider.invoke_action(request("bad"), &NoProgress).await;
        assert_eq!(failed.iter().next().unwrap().summary, "it failed");
    }
}

#[tokio::test]
async fn an_action_without_an_end_is_an_error() {
    for (messages, expected) in [
        (Ok(vec![progress("one")]), "Provider returned invalid response"),
        (Err(Status::unimplemented("no")), "Unsupported plugin method"),
    ] {
        let plugin = FakePlugin::new(Protocol::V6)
            .on_stream(move |_: InvokeActionRequest| std::future::ready(messages.clone()))
            .serve();
        let failed = plugin.provider().invoke_action(request("x"), &NoProgress).await;
        assert_eq!(failed.iter().next().unwrap().summary, expected);
    }
    let plugin = FakePlugin::new(Protocol::V5).serve();
    let other = ActionRequest { type_name: "other".into(), ..request("x") };
    let unknown = plugin.provider().invoke_action(other, &NoProgress).await;
    assert_eq!(unknown.iter().next().unwrap().summary, "Unknown action type");
}
