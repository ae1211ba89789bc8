use std::time::Instant;

use terrane_model::Value;
use terrane_provider::{
    ApplyRequest, NoProgress, PlanRequest, Provider, ProviderFactory, ReadRequest, ValidateRequest,
};
use terrane_provider_plugin::PluginFactory;

use crate::support::{configure_request, configured, real_provider, with};

fn plan_request(type_name: &str, prior: Value, config: Value, proposed: Value) -> PlanRequest {
    PlanRequest {
        type_name: type_name.into(),
        prior_state: prior,
        proposed_new_state: proposed,
        config,
        prior_private: Vec::new(),
        provider_meta: Value::dynamic_null(),
        prior_identity: None,
    }
}

#[tokio::test]
async fn schema_in_hand() {
    for name in ["random", "local", "tls", "time", "http"] {
        let Some(options) = real_provider(name) else { continue };
        let factory = PluginFactory::new(options);
        let started = Instant::now();
        let provider = factory.start().unwrap();
        let schemas = provider.schemas().await.unwrap();
        eprintln!("{name}: {:?} {} resources", started.elapsed(), schemas.resources.len());
        let started = Instant::now();
        let problems = provider.configure(configure_request(schemas.provider.empty_value())).await;
        eprintln!("{name}: configure {:?} {problems:?}", started.elapsed());
    }
}

#[tokio::test]
async fn random_pet() {
    let Some(provider) = configured("random").await else { return };
    let schemas = provider.schemas().await.unwrap();
    let block = &schemas.resources["random_pet"].schema.block;
    let null = Value::Null(block.implied_type().clone());
    let config = with(&block.empty_value(), [("length", Value::from(3))]);
    let problems = provider
        .validate_resource_config(ValidateRequest { type_name: "random_pet".into(), config: config.clone() })
        .await;
    assert!(problems.is_empty(), "{problems:?}");
    let proposed = with(&config, [("id", Value::unknown(terrane_model::Type::String))]);
    let planned = provider
        .plan_resource_change(plan_request("random_pet", null.clone(), config.clone(), proposed))
        .await;
    assert!(planned.diagnostics.is_empty(), "{:?}", planned.diagnostics);
    eprintln!("{:?}", planned.planned_state);
    let applied = provider
        .apply_resource_change(
            ApplyRequest {
                type_name: "random_pet".into(),
                prior_state: null,
                planned_state: planned.planned_state,
                config,
                planned_private: planned.planned_private,
                provider_meta: Value::dynamic_null(),
                planned_identity: None,
            },
            &NoProgress,
        )
        .await;
    eprintln!("{:?}", applied);
}
