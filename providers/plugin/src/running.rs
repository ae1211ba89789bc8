//! A plugin that runs and whose schemas are known.

use std::sync::Arc;

use terrane_model::encode_msgpack::MsgpackError;
use terrane_model::{Block, Diagnostic, Diagnostics, Schema, Type, Value};
use terrane_provider::{ProviderSchemas, ResourceSchema};
use tonic::Code;

use crate::connection::Connection;
use crate::diagnostics_from_wire::read_diagnostics;
use crate::options::PluginOptions;
use crate::reattach::Reattach;
use crate::schema_cache::CachedSchemas;
use crate::schema_from_wire::{SchemaError, read_schemas};
use crate::start_error::StartError;
use crate::value_on_wire::{invalid_answer, read_value, write_value};
use crate::wire;
use crate::wire::schema::{GetIdentitySchemasRequest, GetIdentitySchemasResponse, GetProviderSchemaRequest};

/// Schemas as they came from a plugin, and read.
pub(crate) struct LoadedSchemas {
    pub(crate) wire: CachedSchemas,
    pub(crate) schemas: Arc<ProviderSchemas>,
    /// Whether a process that was never asked for its schemas answers other calls.
    pub(crate) are_optional: bool,
}

impl LoadedSchemas {
    /// Reads schemas.
    ///
    /// # Errors
    /// When they make no sense.
    pub(crate) fn read(wire: CachedSchemas) -> Result<Self, SchemaError> {
        let schemas = Arc::new(read_schemas(wire.protocol, &wire.schemas, &wire.identities)?);
        let capabilities = wire.schemas.server_capabilities.unwrap_or_default();
        Ok(Self { wire, schemas, are_optional: capabilities.get_provider_schema_optional })
    }

    /// Tells whether both are the same schemas. Not so their messages: plugins may send things in any order.
    fn says_the_same(&self, other: &Self) -> bool {
        let (a, b) = (&*self.schemas, &*other.schemas);
        a.provider == b.provider
            && a.provider_meta == b.provider_meta
            && a.resources == b.resources
            && a.data_sources == b.data_sources
            && a.ephemeral_resources == b.ephemeral_resources
            && a.functions == b.functions
            && a.actions == b.actions
            && a.capabilities == b.capabilities
    }
}

/// A plugin that can be called and knows the types of what it is sent.
pub(crate) struct Running {
    pub(crate) connection: Connection,
    pub(crate) loaded: Arc<LoadedSchemas>,
    allow_deferral: bool,
}

impl Running {
    /// Starts a plugin, or connects to one that runs, and gets its schemas unless they are known and need not
    /// be asked for.
    ///
    /// # Errors
    /// Messages that say why the plugin cannot be used.
    pub(crate) async fn start(
        options: &PluginOptions,
        reattach: Option<&Reattach>,
        known: Option<Arc<LoadedSchemas>>,
    ) -> Result<Self, Diagnostics> {
        let connection = match reattach {
            Some(reattach) => Connection::attach(options, reattach).await?,
            None => Connection::start(options).await?,
        };
        let loaded = match known {
            Some(known) if known.are_optional => known,
            known => {
                let fetched = fetch_schemas(&connection).await?;
                let loaded = LoadedSchemas::read(fetched).map_err(|error| connection.unusable(error))?;
                let is_news = known.as_ref().is_none_or(|known| !known.says_the_same(&loaded));
                if is_news {
                    store_schemas(options, reattach, &loaded.wire);
                }
                match known {
                    Some(_) if is_news => return Err(connection.unusable(StartError::StaleSchema)),
                    Some(known) => known,
                    None => Arc::new(loaded),
                }
            }
        };
        Ok(Self { connection, loaded, allow_deferral: options.allow_deferral })
    }
}

/// Keeps schemas for other runs, in the background.
fn store_schemas(options: &PluginOptions, reattach: Option<&Reattach>, fetched: &CachedSchemas) {
    let (Some(cache), None) = (options.schema_cache.clone(), reattach) else { return };
    let (path, fetched) = (options.path.clone(), fetched.clone());
    tokio::task::spawn_blocking(move || cache.store(&path, &fetched));
}

/// Asks a plugin for its schemas.
async fn fetch_schemas(connection: &Connection) -> Result<CachedSchemas, Diagnostics> {
    let schemas = connection.call(GetProviderSchemaRequest {}).await?;
    let problems = read_diagnostics(schemas.diagnostics.clone());
    if problems.has_errors() {
        return Err(problems);
    }
    let identities = match connection.client.call(GetIdentitySchemasRequest {}).await {
        Ok(identities) => identities,
        // Identities are younger than both versions of the protocol.
        Err(status) if status.code() == Code::Unimplemented => GetIdentitySchemasResponse::default(),
        Err(status) => return Err(connection.explain::<GetIdentitySchemasRequest>(&status).await.into()),
    };
    let problems = read_diagnostics(identities.diagnostics.clone());
    if problems.has_errors() {
        return Err(problems);
    }
    Ok(CachedSchemas { protocol: connection.client.protocol, schemas, identities })
}

/// What the provider offers, and values of its types.
impl Running {
    /// Returns all schemas.
    pub(crate) fn schemas(&self) -> &ProviderSchemas {
        &self.loaded.schemas
    }

    /// Returns the schema of a managed resource type.
    ///
    /// # Errors
    /// A message when there is no such type.
    pub(crate) fn resource(&self, type_name: &str) -> Result<&ResourceSchema, Diagnostics> {
        let schema = self.schemas().resources.get(type_name);
        schema.ok_or_else(|| self.unknown_type("resource type", type_name))
    }

    /// Returns the schema of a data source.
    ///
    /// # Errors
    /// A message when there is no such data source.
    pub(crate) fn data_source(&self, type_name: &str) -> Result<&Schema, Diagnostics> {
        let schema = self.schemas().data_sources.get(type_name);
        schema.ok_or_else(|| self.unknown_type("data source", type_name))
    }

    /// Returns the schema of an ephemeral resource type.
    ///
    /// # Errors
    /// A message when there is no such type.
    pub(crate) fn ephemeral_resource(&self, type_name: &str) -> Result<&Schema, Diagnostics> {
        let schema = self.schemas().ephemeral_resources.get(type_name);
        schema.ok_or_else(|| self.unknown_type("ephemeral resource type", type_name))
    }

    /// Returns the schema of an action type.
    ///
    /// # Errors
    /// A message when there is no such type.
    pub(crate) fn action(&self, type_name: &str) -> Result<&Schema, Diagnostics> {
        let schema = self.schemas().actions.get(type_name);
        schema.ok_or_else(|| self.unknown_type("action type", type_name))
    }

    fn unknown_type(&self, kind: &str, type_name: &str) -> Diagnostics {
        let detail = format!("Provider {} has no {kind} named {type_name:?}.", self.connection.provider);
        Diagnostic::error(format!("Unknown {kind}"), detail).into()
    }

    /// Writes a configuration or an object for the provider.
    ///
    /// # Errors
    /// A message when the value does not fit the schema.
    pub(crate) fn encode(&self, value: &Value, ty: &Type) -> Result<Option<wire::DynamicValue>, Diagnostics> {
        self.encoded(write_value(value, ty)).map(Some)
    }

    /// Turns an error of writing a value into a message.
    ///
    /// # Errors
    /// The message, when there was an error.
    pub(crate) fn encoded<T>(&self, written: Result<T, MsgpackError>) -> Result<T, Diagnostics> {
        written.map_err(|error| {
            let provider = &self.connection.provider;
            let detail = format!("A value does not fit the schema of provider {provider}: {error}.");
            Diagnostic::error("Invalid value for provider", detail).into()
        })
    }

    /// Writes what a module says to the provider, where the provider listens to it.
    ///
    /// # Errors
    /// As [`Running::encode`].
    pub(crate) fn encode_meta(&self, meta: &Value) -> Result<Option<wire::DynamicValue>, Diagnostics> {
        match &self.schemas().provider_meta {
            Some(block) => self.encode(meta, block.implied_type()),
            None => Ok(None),
        }
    }

    /// Reads an object from an answer to the call `R`.
    ///
    /// # Errors
    /// A message when the value does not fit the schema.
    pub(crate) fn decode<R: wire::Request>(
        &self,
        value: Option<wire::DynamicValue>,
        ty: &Type,
    ) -> Result<Value, Diagnostics> {
        read_value(value, ty).map_err(|problem| self.invalid_answer::<R>(&problem))
    }

    /// Returns the message about an answer that does not fit the schema.
    pub(crate) fn invalid_answer<R: wire::Request>(&self, problem: &str) -> Diagnostics {
        invalid_answer(&self.connection.provider, R::METHOD.name(self.connection.client.protocol), problem)
            .into()
    }

    /// Remembers what has to be masked in logs.
    pub(crate) fn keep_secret(&self, block: &Block, value: &Value) {
        self.connection.output.secrets.add_from(block, value);
    }

    /// Returns what the provider is told about the engine.
    pub(crate) fn capabilities(&self) -> Option<wire::ClientCapabilities> {
        Some(wire::ClientCapabilities {
            deferral_allowed: self.allow_deferral,
            write_only_attributes_allowed: true,
        })
    }
}
