//! `kreuzwerker/docker`, as far as local platforms need it: looking at networks and images.

use std::sync::{Arc, Mutex, PoisonError};

use bollard::models::{ImageInspect, NetworkInspect};
use terrane_model::{AttributePath, Diagnostic, Diagnostics, Str, Type, Value};
use terrane_provider::{
    ApplyRequest, ApplyResponse, ConfigureRequest, DataRequest, DataResponse, ImportRequest, ImportResponse,
    PlanRequest, PlanResponse, Private, Progress, Provider, ProviderSchemas, ReadRequest, ReadResponse,
    UpgradeRequest, UpgradeResponse, ValidateRequest, async_trait,
};
use tokio::sync::OnceCell;

use super::connection::{ConnectionSettings, connect};
use super::engine::Engine;
use super::error::DockerError;
use super::images::with_tag;
use super::schemas::{ipam_config_type, schemas};

/// The provider with one configuration.
pub(crate) struct DockerProvider {
    schemas: Arc<ProviderSchemas>,
    settings: Mutex<ConnectionSettings>,
    engine: OnceCell<Engine>,
}

impl DockerProvider {
    /// Starts a provider that is not configured yet.
    pub(crate) fn start(settings: ConnectionSettings) -> Self {
        Self { schemas: Arc::new(schemas()), settings: Mutex::new(settings), engine: OnceCell::new() }
    }

    async fn engine(&self) -> Result<&Engine, DockerError> {
        let settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.engine.get_or_try_init(|| async { connect(&settings).await }).await
    }

    async fn read(&self, request: &DataRequest) -> Result<Value, Diagnostic> {
        let name = request.config.get("name").and_then(Value::as_str).map(Str::as_str).unwrap_or_default();
        let read_failed = |error: DockerError| error.diagnostic("Docker cannot be read");
        let engine = self.engine().await.map_err(read_failed)?;
        match request.type_name.as_str() {
            "docker_network" => {
                let network = engine.inspect_network(name).await.map_err(read_failed)?;
                network.map(|network| network_state(name, &network)).ok_or_else(|| not_found("network", name))
            }
            "docker_image" => {
                let image = engine.inspect_image(&with_tag(name)).await.map_err(read_failed)?;
                image.map(|image| image_state(name, &image)).ok_or_else(|| not_found("image", name))
            }
            other => Err(unknown_type("data source", other)),
        }
    }
}

fn not_found(what: &str, name: &str) -> Diagnostic {
    let detail = format!("Docker has no {what} named {name:?}.");
    Diagnostic::error(format!("Docker {what} not found"), detail)
        .on_attribute(AttributePath::root().attribute("name"))
}

/// Says that the provider has no such type.
fn unknown_type(what: &str, name: &str) -> Diagnostic {
    Diagnostic::error(
        format!("Invalid {what} type"),
        format!("The provider has no {what} type named {name:?}."),
    )
}

fn text(text: Option<&String>) -> Value {
    text.map_or(Value::Null(Type::String), |text| Value::from(text.as_str()))
}

fn texts<'a>(entries: impl IntoIterator<Item = (&'a String, &'a String)>) -> Value {
    Value::map(
        Type::String,
        entries.into_iter().map(|(key, value)| (key.as_str(), Value::from(value.as_str()))),
    )
}

fn network_state(name: &str, network: &NetworkInspect) -> Value {
    let configs = network.ipam.iter().flat_map(|ipam| ipam.config.iter().flatten()).map(|config| {
        Value::object([
            ("aux_address", texts(config.auxiliary_addresses.iter().flatten())),
            ("gateway", text(config.gateway.as_ref())),
            ("ip_range", text(config.ip_range.as_ref())),
            ("subnet", text(config.subnet.as_ref())),
        ])
    });
    Value::object([
        ("driver", text(network.driver.as_ref())),
        ("id", text(network.id.as_ref())),
        ("internal", Value::from(network.internal.unwrap_or(false))),
        ("ipam_config", Value::set(ipam_config_type(), configs.collect::<Vec<_>>())),
        ("name", Value::from(name)),
        ("options", texts(network.options.iter().flatten())),
        ("scope", text(network.scope.as_ref())),
    ])
}

fn image_state(name: &str, image: &ImageInspect) -> Value {
    Value::object([
        ("id", text(image.id.as_ref())),
        ("name", Value::from(name)),
        ("repo_digest", text(image.repo_digests.as_ref().and_then(|digests| digests.first()))),
    ])
}

#[async_trait]
impl Provider for DockerProvider {
    async fn schemas(&self) -> Result<Arc<ProviderSchemas>, Diagnostics> {
        Ok(self.schemas.clone())
    }

    async fn validate_provider_config(&self, config: Value) -> Diagnostics {
        let written = |name: &str| config.get(name).is_some_and(|value| !value.is_null());
        let unsupported = ["ca_material", "cert_material", "key_material", "ssh_opts"];
        unsupported
            .into_iter()
            .filter(|name| written(name))
            .map(|name| {
                let detail = format!(
                    "The argument {name:?} has no effect here; use cert_path, or an address without SSH."
                );
                Diagnostic::error("Unsupported argument", detail)
                    .on_attribute(AttributePath::root().attribute(name))
            })
            .collect()
    }

    async fn validate_resource_config(&self, request: ValidateRequest) -> Diagnostics {
        unknown_type("resource", &request.type_name).into()
    }

    async fn validate_data_config(&self, request: ValidateRequest) -> Diagnostics {
        if self.schemas.data_sources.contains_key(&request.type_name) {
            return Diagnostics::new();
        }
        unknown_type("data source", &request.type_name).into()
    }

    async fn configure(&self, request: ConfigureRequest) -> Diagnostics {
        let written = |name: &str| request.config.get(name).and_then(Value::as_str).map(ToString::to_string);
        let mut settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        settings.host = written("host").or(settings.host.take());
        settings.context = written("context").or(settings.context.take());
        settings.certificates = written("cert_path").map(Into::into).or(settings.certificates.take());
        Diagnostics::new()
    }

    async fn upgrade_resource_state(&self, request: UpgradeRequest) -> UpgradeResponse {
        UpgradeResponse {
            state: Value::dynamic_null(),
            diagnostics: unknown_type("resource", &request.type_name).into(),
        }
    }

    async fn read_resource(&self, request: ReadRequest) -> ReadResponse {
        ReadResponse {
            diagnostics: unknown_type("resource", &request.type_name).into(),
            new_state: request.current_state,
            private: request.private,
            new_identity: None,
        }
    }

    async fn plan_resource_change(&self, request: PlanRequest) -> PlanResponse {
        PlanResponse {
            diagnostics: unknown_type("resource", &request.type_name).into(),
            planned_state: request.proposed_new_state,
            requires_replace: Vec::new(),
            planned_private: Private::new(),
            planned_identity: None,
            legacy_type_system: false,
            deferred: None,
        }
    }

    async fn apply_resource_change(&self, request: ApplyRequest, _progress: &dyn Progress) -> ApplyResponse {
        ApplyResponse {
            diagnostics: unknown_type("resource", &request.type_name).into(),
            new_state: request.prior_state,
            private: Private::new(),
            new_identity: None,
            legacy_type_system: false,
        }
    }

    async fn import_resource_state(&self, request: ImportRequest) -> ImportResponse {
        ImportResponse {
            imported: Vec::new(),
            diagnostics: unknown_type("resource", &request.type_name).into(),
        }
    }

    async fn read_data_source(&self, request: DataRequest) -> DataResponse {
        match self.read(&request).await {
            Ok(state) => DataResponse { state, diagnostics: Diagnostics::new() },
            Err(diagnostic) => DataResponse { state: request.config, diagnostics: diagnostic.into() },
        }
    }
}

#[cfg(test)]
mod tests {
    use bollard::models::{Ipam, IpamConfig};

    use super::*;

    #[test]
    fn states_are_of_the_schemas_types() {
        let config = |subnet: &str| IpamConfig { subnet: Some(subnet.to_owned()), ..IpamConfig::default() };
        let network = NetworkInspect {
            ipam: Some(Ipam {
                config: Some(vec![config("172.18.0.0/16"), config("fc00::/64")]),
                ..Ipam::default()
            }),
            ..NetworkInspect::default()
        };
        let schemas = schemas();
        let state = network_state("kind", &network);
        assert_eq!(state.ty(), *schemas.data_sources["docker_network"].block.implied_type());
        assert_eq!(state.attribute("ipam_config").element_count(), Some(2));
        let state = image_state("node", &ImageInspect::default());
        assert_eq!(state.ty(), *schemas.data_sources["docker_image"].block.implied_type());
    }
}
