//! Measures real providers: `measure MIRROR [NAME...]`.
//!
//! For each: the time until its schemas are in hand, from a process and from the cache on disk. For `random`
//! also how long a thousand plans, applies and reads take.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it prints what it measured")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use terrane_model::{ProviderSource, Value};
use terrane_provider::{
    ApplyRequest, ConfigureRequest, NoProgress, PlanRequest, Provider, ProviderFactory, ReadRequest,
};
use terrane_provider_plugin::install::{PackageLocation, Platform, find_in_mirror, program_in};
use terrane_provider_plugin::{PluginFactory, PluginOptions, SchemaCache};

const ALL: [&str; 8] = ["random", "local", "tls", "time", "http", "helm", "kubernetes", "azurerm"];
const REPEATS: usize = 5;
const PETS: usize = 1000;
const CONCURRENCY: usize = 10;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mirror = arguments.next().ok_or("name the mirror")?;
    let named: Vec<String> = arguments.collect();
    let all = ALL.map(str::to_owned).to_vec();
    println!("{:<12} {:>12} {:>14} {:>14}", "provider", "process, ms", "first cache, ms", "cache, ms");
    for name in if named.is_empty() { all } else { named } {
        let source = ProviderSource::implied(&name);
        match find_options(Path::new(&mirror), &source)? {
            Some(options) => measure_schemas(&name, &options).await?,
            None => eprintln!("{name} is not in the mirror"),
        }
    }
    if let Some(options) = find_options(Path::new(&mirror), &ProviderSource::implied("random"))? {
        measure_pets(options).await?;
    }
    Ok(())
}

fn find_options(mirror: &Path, source: &ProviderSource) -> Result<Option<PluginOptions>, Box<dyn Error>> {
    let packages = find_in_mirror(mirror, source)?;
    let found = packages.into_iter().rfind(|package| package.platform == Platform::current());
    Ok(match found.map(|package| package.location) {
        Some(PackageLocation::Folder(folder)) => {
            Some(PluginOptions::new(source.to_string(), program_in(&folder, source)?))
        }
        _ => None,
    })
}

/// Returns how long it takes until the schemas are there.
async fn time_schemas(options: PluginOptions) -> Result<Duration, Box<dyn Error>> {
    let started = Instant::now();
    let provider = PluginFactory::new(options).start().map_err(|problems| format!("{problems:?}"))?;
    provider.schemas().await.map_err(|problems| format!("{problems:?}"))?;
    Ok(started.elapsed())
}

async fn measure_schemas(name: &str, options: &PluginOptions) -> Result<(), Box<dyn Error>> {
    let mut fresh = Vec::new();
    for _ in 0..REPEATS {
        fresh.push(time_schemas(options.clone()).await?);
    }
    let cache = tempfile::tempdir()?;
    let cached = PluginOptions { schema_cache: Some(SchemaCache::new(cache.path())), ..options.clone() };
    let filling = time_schemas(cached.clone()).await?;
    // It is written in the background.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut kept = Vec::new();
    for _ in 0..REPEATS {
        kept.push(time_schemas(cached.clone()).await?);
    }
    let milliseconds = |duration: Duration| duration.as_secs_f64() * 1000.0;
    let best = |all: Vec<Duration>| all.into_iter().min().map_or(0.0, milliseconds);
    println!("{name:<12} {:>12.1} {:>14.1} {:>14.1}", best(fresh), milliseconds(filling), best(kept));
    Ok(())
}

async fn measure_pets(options: PluginOptions) -> Result<(), Box<dyn Error>> {
    let provider = PluginFactory::new(options).start().map_err(|problems| format!("{problems:?}"))?;
    let schemas = provider.schemas().await.map_err(|problems| format!("{problems:?}"))?;
    let configure = ConfigureRequest {
        config: schemas.provider.empty_value(),
        terraform_version: "1.11.4".into(),
        version_constraint: "".into(),
    };
    provider.configure(configure).await;
    let block = &schemas.resources["random_pet"].schema.block;
    let (config, null) = (block.empty_value(), Value::Null(block.implied_type().clone()));

    let started = Instant::now();
    let planned: Vec<_> = futures_util::stream::iter(0..PETS)
        .map(|_| plan(&provider, &null, &config))
        .buffered(CONCURRENCY)
        .collect()
        .await;
    println!("plan of {PETS} random_pet: {:.0} ms", started.elapsed().as_secs_f64() * 1000.0);

    let started = Instant::now();
    let applied: Vec<Value> = futures_util::stream::iter(planned)
        .map(|planned| apply(&provider, &null, &config, planned))
        .buffered(CONCURRENCY)
        .collect()
        .await;
    println!("apply of {PETS} random_pet: {:.0} ms", started.elapsed().as_secs_f64() * 1000.0);

    let started = Instant::now();
    let requests = applied.into_iter().map(|state| ReadRequest {
        type_name: "random_pet".into(),
        current_state: state,
        private: Vec::new(),
        provider_meta: Value::dynamic_null(),
        current_identity: None,
        wanted: None,
    });
    let read = provider.read_many(requests.collect()).await;
    println!("read of {} random_pet: {:.0} ms", read.len(), started.elapsed().as_secs_f64() * 1000.0);
    Ok(())
}

async fn plan(provider: &Arc<dyn Provider>, null: &Value, config: &Value) -> Value {
    let request = PlanRequest {
        type_name: "random_pet".into(),
        prior_state: null.clone(),
        proposed_new_state: config.clone(),
        config: config.clone(),
        prior_private: Vec::new(),
        provider_meta: Value::dynamic_null(),
        prior_identity: None,
    };
    provider.plan_resource_change(request).await.planned_state
}

async fn apply(provider: &Arc<dyn Provider>, null: &Value, config: &Value, planned_state: Value) -> Value {
    let request = ApplyRequest {
        type_name: "random_pet".into(),
        prior_state: null.clone(),
        planned_state,
        config: config.clone(),
        planned_private: Vec::new(),
        provider_meta: Value::dynamic_null(),
        planned_identity: None,
    };
    provider.apply_resource_change(request, &NoProgress).await.new_state
}
