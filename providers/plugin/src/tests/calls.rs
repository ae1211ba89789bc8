//! Calls about resources and data sources, in both versions of the protocol.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use terrane_model::{Diagnostics, Type, Value};
use terrane_provider::{
    ApplyRequest, DataRequest, DeferredReason, ImportRequest, ImportTarget, MoveRequest, NoProgress,
    PlanRequest, ProviderFactory, ReadRequest, UpgradeRequest, ValidateRequest,
};
use tonic::Status;

use super::fake_plugin::{FakePlugin, schemas, thing, thing_type, wire};
use crate::value_on_wire::read_value;
use crate::wire::provider as provider_wire;
use crate::wire::resource::*;
use crate::wire::schema::{GetProviderSchemaRequest, ServerCapabilities};
use crate::wire::{
    AttributePath, Deferred, Diagnostic, DynamicValue, IdentityData, PathStep, Severity, StepSelector,
};
use crate::{PluginFactory, Protocol};

fn unknown() -> Value {
    Value::unknown_not_null(Type::String)
}

fn identity(id: &str) -> Value {
    Value::object([("id", Value::from(id))])
}

/// Reads a `thing` that the client sent.
fn sent(value: Option<DynamicValue>) -> Value {
    read_value(value, &thing_type()).unwrap()
}

fn null() -> Value {
    Value::Null(thing_type())
}

fn path(selectors: impl IntoIterator<Item = StepSelector>) -> AttributePath {
    AttributePath {
        steps: selectors.into_iter().map(|selector| PathStep { selector: Some(selector) }).collect(),
    }
}

fn complaint(severity: Severity, attribute: Option<AttributePath>) -> Vec<Diagnostic> {
    let severity = severity.into();
    vec![Diagnostic { severity, summary: "Bad thing".to_owned(), detail: "It is bad.".to_owned(), attribute }]
}

fn plan_request(prior: Value, config: Value, proposed: Value) -> PlanRequest {
    PlanRequest {
        type_name: "thing".into(),
        prior_state: prior,
        proposed_new_state: proposed,
        config,
        prior_private: b"before".to_vec(),
        provider_meta: Value::object([("note", "from a module".into())]),
        prior_identity: Some(identity("7")),
    }
}

fn apply_request(planned: Value) -> ApplyRequest {
    ApplyRequest {
        type_name: "thing".into(),
        prior_state: thing("7".into(), "old"),
        planned_state: planned,
        config: thing(Value::Null(Type::String), "new"),
        planned_private: b"planned".to_vec(),
        provider_meta: Value::dynamic_null(),
        planned_identity: None,
    }
}

fn read_request(id: &str) -> ReadRequest {
    ReadRequest {
        type_name: "thing".into(),
        current_state: thing(id.into(), "old"),
        private: b"kept".to_vec(),
        provider_meta: Value::dynamic_null(),
        current_identity: Some(identity(id)),
        wanted: None,
    }
}

fn texts(diagnostics: &Diagnostics) -> Vec<String> {
    let text = |problem: &terrane_model::Diagnostic| {
        let attribute = problem.attribute.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{:?} {}: {} [{attribute}]", problem.severity, problem.summary, problem.detail)
    };
    diagnostics.iter().map(text).collect()
}

#[tokio::test]
async fn a_plan_goes_there_and_back() {
    for protocol in Protocol::ALL {
        let plugin = FakePlugin::new(protocol).on(|request: PlanResourceRequest| {
            assert_eq!(request.type_name, "thing");
            assert!(sent(request.prior_state).is_null());
            assert_eq!(sent(request.config), thing(Value::Null(Type::String), "new"));
            assert_eq!(sent(request.proposed_new_state), thing(unknown(), "new"));
            assert_eq!(request.prior_private, b"before");
            let capabilities = request.client_capabilities.unwrap();
            assert!(capabilities.write_only_attributes_allowed && !capabilities.deferral_allowed);
            let note = read_value(request.provider_meta, &Type::object([("note", Type::String)])).unwrap();
            assert_eq!(note.attribute("note"), "from a module".into());
            let known = request.prior_identity.and_then(|identity| identity.data);
            assert_eq!(read_value(known, &identity("").ty()).unwrap(), identity("7"));
            Ok(PlanResourceResponse {
                planned_state: wire(&thing(unknown(), "planned")),
                requires_replace: vec![
                    path([StepSelector::AttributeName("name".to_owned())]),
                    path([
                        StepSelector::AttributeName("list".to_owned()),
                        StepSelector::ElementKeyInt(2),
                        StepSelector::ElementKeyString("key".to_owned()),
                    ]),
                    path([StepSelector::AttributeName("set".to_owned()), StepSelector::ElementKeyInt(-1)]),
                ],
                planned_private: b"planned".to_vec(),
                diagnostics: complaint(Severity::Warning, None),
                legacy_type_system: true,
                deferred: Some(Deferred { reason: 2 }),
                planned_identity: Some(IdentityData { data: wire(&identity("8")) }),
            })
        });
        let config = thing(Value::Null(Type::String), "new");
        let plugin = plugin.serve();
        let request = plan_request(null(), config, thing(unknown(), "new"));
        let planned = plugin.provider().plan_resource_change(request).await;
        assert_eq!(texts(&planned.diagnostics), ["Warning Bad thing: It is bad. []"]);
        assert_eq!(planned.planned_state, thing(unknown(), "planned"));
        let paths: Vec<String> = planned.requires_replace.iter().map(ToString::to_string).collect();
        assert_eq!(paths, [".name", ".list[2][\"key\"]", ".set"]);
        assert_eq!(planned.planned_private, b"planned");
        assert!(planned.legacy_type_system);
        assert_eq!(planned.deferred, Some(DeferredReason::ProviderConfigUnknown));
        assert_eq!(planned.planned_identity, Some(identity("8")));
    }
}

#[tokio::test]
async fn only_providers_that_want_to_plan_a_destroy() {
    let answer = |_: PlanResourceRequest| Err(Status::internal("should not be asked"));
    let indifferent = FakePlugin::new(Protocol::V6).on(answer).serve();
    let request = plan_request(thing("7".into(), "old"), null(), null());
    let planned = indifferent.provider().plan_resource_change(request.clone()).await;
    assert!(planned.diagnostics.is_empty() && planned.planned_state.is_null());
    assert_eq!(planned.planned_private, b"before");
    let interested = FakePlugin::new(Protocol::V6).on(answer).on(|_: GetProviderSchemaRequest| {
        let capabilities = ServerCapabilities { plan_destroy: true, ..ServerCapabilities::default() };
        let mut schemas = schemas(Protocol::V6);
        schemas.server_capabilities = Some(capabilities);
        Ok(schemas)
    });
    let planned = interested.serve().provider().plan_resource_change(request).await;
    assert!(planned.diagnostics.has_errors());
}

#[tokio::test]
async fn an_apply_goes_there_and_back() {
    for protocol in Protocol::ALL {
        let plugin = FakePlugin::new(protocol).on(|request: ApplyResourceRequest| {
            assert_eq!(sent(request.prior_state), thing("7".into(), "old"));
            assert_eq!(sent(request.planned_state), thing(unknown(), "new"));
            assert_eq!(request.planned_private, b"planned");
            Ok(ApplyResourceResponse {
                new_state: wire(&thing("8".into(), "new")),
                private: b"after".to_vec(),
                legacy_type_system: true,
                new_identity: Some(IdentityData { data: wire(&identity("8")) }),
                ..ApplyResourceResponse::default()
            })
        });
        let plugin = plugin.serve();
        let request = apply_request(thing(unknown(), "new"));
        let applied = plugin.provider().apply_resource_change(request, &NoProgress).await;
        assert!(applied.diagnostics.is_empty() && applied.legacy_type_system);
        assert_eq!(applied.new_state, thing("8".into(), "new"));
        assert_eq!(applied.private, b"after");
        assert_eq!(applied.new_identity, Some(identity("8")));
    }
}

#[tokio::test]
async fn an_apply_that_fails_keeps_what_is_known() {
    // The provider says what there is in spite of the error.
    let partial = FakePlugin::new(Protocol::V6).on(|_: ApplyResourceRequest| {
        Ok(ApplyResourceResponse {
            new_state: wire(&thing("8".into(), "half")),
            diagnostics: complaint(
                Severity::Error,
                Some(path([StepSelector::AttributeName("name".to_owned())])),
            ),
            ..ApplyResourceResponse::default()
        })
    });
    let request = apply_request(thing(unknown(), "new"));
    let applied = partial.serve().provider().apply_resource_change(request.clone(), &NoProgress).await;
    assert_eq!(texts(&applied.diagnostics), ["Error Bad thing: It is bad. [.name]"]);
    assert_eq!(applied.new_state, thing("8".into(), "half"));
    // Nothing can be read of its answer.
    let garbled = FakePlugin::new(Protocol::V6).on(|_: ApplyResourceRequest| {
        let new_state = Some(DynamicValue { msgpack: vec![0x93].into(), ..DynamicValue::default() });
        Ok(ApplyResourceResponse { new_state, ..ApplyResourceResponse::default() })
    });
    let applied = garbled.serve().provider().apply_resource_change(request.clone(), &NoProgress).await;
    insta::assert_snapshot!(texts(&applied.diagnostics).join("\n"), @r"
    Error Provider produced invalid object: Provider example.com/test/fake answered ApplyResourceChange with a value that does not fit its own schema: invalid or incomplete MessagePack.

    This is a bug in the provider, which should be reported in the provider's own issue tracker. []
    ");
    assert_eq!(applied.new_state, thing("7".into(), "old"));
    // There is no answer at all.
    let silent = FakePlugin::new(Protocol::V6).serve();
    let applied = silent.provider().apply_resource_change(request, &NoProgress).await;
    insta::assert_snapshot!(texts(&applied.diagnostics).join("\n"), @"Error Unsupported plugin method: Provider example.com/test/fake does not support the ApplyResourceChange call; a newer version of it may. []");
    assert_eq!(applied.new_state, thing("7".into(), "old"));
    assert_eq!(applied.private, b"planned");
}

#[tokio::test]
async fn reading_one_object() {
    for protocol in Protocol::ALL {
        let plugin = FakePlugin::new(protocol).on(|request: ReadResourceRequest| {
            assert_eq!(request.private, b"kept");
            let current = sent(request.current_state);
            Ok(match current.attribute("id").as_str().map(|id| id.as_str()) {
                Some("gone") => ReadResourceResponse::default(),
                Some("later") => ReadResourceResponse {
                    deferred: Some(Deferred { reason: 1 }),
                    ..ReadResourceResponse::default()
                },
                _ => ReadResourceResponse {
                    // As old providers answer: in JSON.
                    new_state: Some(DynamicValue {
                        json: r#"{"id": "7", "name": "new"}"#.into(),
                        ..DynamicValue::default()
                    }),
                    private: b"fresh".to_vec(),
                    new_identity: request.current_identity,
                    ..ReadResourceResponse::default()
                },
            })
        });
        let plugin = plugin.serve();
        let provider = plugin.provider();
        let read = provider.read_resource(read_request("7")).await;
        assert!(read.diagnostics.is_empty(), "{:?}", read.diagnostics);
        assert_eq!(read.new_state, thing("7".into(), "new"));
        assert_eq!((read.private, read.new_identity), (b"fresh".to_vec(), Some(identity("7"))));
        assert!(provider.read_resource(read_request("gone")).await.new_state.is_null());
        let later = provider.read_resource(read_request("later")).await;
        assert_eq!((later.new_state, later.private), (thing("later".into(), "old"), b"kept".to_vec()));
    }
}

#[tokio::test]
async fn reading_many_objects_keeps_order_and_measure() {
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counters = (Arc::clone(&running), Arc::clone(&most));
    let plugin = FakePlugin::new(Protocol::V6).on_async(move |request: ReadResourceRequest| {
        let (running, most) = counters.clone();
        async move {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            running.fetch_sub(1, Ordering::SeqCst);
            let new_state = request.current_state;
            Ok(ReadResourceResponse { new_state, ..ReadResourceResponse::default() })
        }
    });
    let plugin = plugin.serve();
    let mut options = plugin.options();
    options.read_concurrency = 4;
    let provider = PluginFactory::new(options).start().unwrap();
    let ids: Vec<String> = (0..50).map(|id| id.to_string()).collect();
    let responses = provider.read_many(ids.iter().map(|id| read_request(id)).collect()).await;
    let read: Vec<String> =
        responses.iter().map(|read| read.new_state.attribute("id").as_str().unwrap().to_string()).collect();
    assert_eq!(read, ids);
    assert!((2..=4).contains(&most.load(Ordering::SeqCst)), "{most:?}");
}

#[tokio::test]
async fn data_sources_are_read() {
    for protocol in Protocol::ALL {
        let plugin = FakePlugin::new(protocol)
            .on(|request: ReadDataRequest| {
                let config = sent(request.config);
                let deferred = (config.attribute("name") == "later".into()).then_some(Deferred { reason: 3 });
                let state = wire(&thing("found".into(), "x"));
                Ok(ReadDataResponse { state, deferred, ..ReadDataResponse::default() })
            })
            .on(|_: ValidateDataRequest| {
                Ok(ValidateResponse { diagnostics: complaint(Severity::Invalid, None) })
            });
        let plugin = plugin.serve();
        let provider = plugin.provider();
        let request = |name: &str| DataRequest {
            type_name: "thing".into(),
            config: thing(Value::Null(Type::String), name),
            provider_meta: Value::dynamic_null(),
        };
        let read = provider.read_data_source(request("x")).await;
        assert_eq!(read.state, thing("found".into(), "x"));
        let later = provider.read_data_source(request("later")).await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(texts(&later.diagnostics).join("\n"), @"Error Provider deferred the action: The provider cannot read this data source now: something that it needs does not exist yet. Apply what it depends on first, for instance with -target. []");
        }
        let request = ValidateRequest { type_name: "thing".into(), config: thing(unknown(), "x") };
        let problems = provider.validate_data_config(request).await;
        assert_eq!(texts(&problems), ["Error Bad thing: It is bad. []"]);
    }
}

#[tokio::test]
async fn state_is_upgraded_imported_and_moved() {
    for protocol in Protocol::ALL {
        let plugin = FakePlugin::new(protocol)
            .on(|request: UpgradeStateRequest| {
                assert_eq!((request.version, &*request.raw_state.unwrap().json), (1, &br#"{"id":"7"}"#[..]));
                let upgraded_state = wire(&thing("7".into(), "upgraded"));
                Ok(UpgradeStateResponse { upgraded_state, ..UpgradeStateResponse::default() })
            })
            .on(|request: ImportResourceRequest| {
                let by_identity = request.identity.is_some();
                let found = ImportedResource {
                    type_name: request.type_name,
                    state: wire(&thing(if by_identity { "identified" } else { &request.id }.into(), "x")),
                    private: b"imported".to_vec(),
                    identity: request.identity,
                };
                let unknown = ImportedResource { type_name: "nothing".to_owned(), ..found.clone() };
                let imported_resources = if by_identity { vec![found] } else { vec![found, unknown] };
                Ok(ImportResourceResponse { imported_resources, ..ImportResourceResponse::default() })
            })
            .on(|request: MoveResourceRequest| {
                assert_eq!(request.source_provider_address, "example.com/other/one");
                assert_eq!((request.source_type_name.as_str(), request.source_schema_version), ("old", 3));
                let target_state = wire(&thing("7".into(), "moved"));
                let target_private = request.source_private;
                Ok(MoveResourceResponse { target_state, target_private, ..MoveResourceResponse::default() })
            });
        let plugin = plugin.serve();
        let provider = plugin.provider();
        let json = r#"{"id":"7"}"#.into();
        let request = UpgradeRequest { type_name: "thing".into(), version: 1, json };
        assert_eq!(provider.upgrade_resource_state(request).await.state, thing("7".into(), "upgraded"));
        let import = |target| ImportRequest { type_name: "thing".into(), target };
        let imported = provider.import_resource_state(import(ImportTarget::Id("9".into()))).await;
        assert_eq!(imported.imported[0].state, thing("9".into(), "x"));
        assert_eq!(imported.imported[0].private, b"imported");
        assert_eq!(
            texts(&imported.diagnostics),
            [
                "Error Unknown resource type: Provider example.com/test/fake has no resource type named \"nothing\". []"
            ]
        );
        let imported = provider.import_resource_state(import(ImportTarget::Identity(identity("1")))).await;
        assert_eq!(imported.imported[0].identity, Some(identity("1")));
        let moved = provider.move_resource_state(MoveRequest {
            source_provider: "example.com/other/one".into(),
            source_type: "old".into(),
            source_version: 3,
            source_json: "{}".into(),
            source_private: b"p".to_vec(),
            target_type: "thing".into(),
        });
        let moved = moved.await;
        assert_eq!((moved.state, moved.private), (thing("7".into(), "moved"), b"p".to_vec()));
    }
}

#[tokio::test]
async fn what_is_checked_before_it_is_sent() {
    let plugin = FakePlugin::new(Protocol::V6).serve();
    let provider = plugin.provider();
    let request = ValidateRequest { type_name: "nothing".into(), config: thing(unknown(), "x") };
    let mut problems = provider.validate_resource_config(request.clone()).await;
    problems.extend(provider.validate_data_config(request.clone()).await);
    problems.extend(provider.validate_ephemeral_config(request).await);
    let config = Value::object([("name", Value::tuple([]))]);
    let request = ValidateRequest { type_name: "thing".into(), config };
    problems.extend(provider.validate_resource_config(request).await);
    insta::assert_snapshot!(texts(&problems).join("\n"), @r#"
    Error Unknown resource type: Provider example.com/test/fake has no resource type named "nothing". []
    Error Unknown data source: Provider example.com/test/fake has no data source named "nothing". []
    Error Unknown ephemeral resource type: Provider example.com/test/fake has no ephemeral resource type named "nothing". []
    Error Invalid value for provider: A value does not fit the schema of provider example.com/test/fake: attribute "id" is required. []
    "#);
}

#[tokio::test]
async fn calls_without_an_answer_are_explained() {
    let mut all = Vec::new();
    for status in [
        Status::cancelled(""),
        Status::resource_exhausted("received message larger than max"),
        Status::unavailable("gone"),
        Status::unknown("the dog ate it"),
    ] {
        let answer = move |_: provider_wire::ValidateProviderRequest| Err(status.clone());
        let plugin = FakePlugin::new(Protocol::V5).on(answer).serve();
        let config = Value::object([("token", Value::Null(Type::String))]);
        all.extend(texts(&plugin.provider().validate_provider_config(config).await));
    }
    insta::assert_snapshot!(all.join("\n"), @r"
    Error Request cancelled: The PrepareProviderConfig request was cancelled. []
    Error Plugin message too large: Provider example.com/test/fake and the PrepareProviderConfig call: a message is larger than the 256 MiB that are allowed (received message larger than max). []
    Error Plugin did not respond: Provider example.com/test/fake failed to answer the PrepareProviderConfig call: the connection to its plugin broke off. Its logs may contain more details. []
    Error Plugin error: Provider example.com/test/fake returned an unexpected error from PrepareProviderConfig: Unknown: the dog ate it []
    ");
}
