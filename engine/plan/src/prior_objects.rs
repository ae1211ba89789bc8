//! The objects of a state as values: decoded by their provider's schema, brought to its present version.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use terrane_model::encode_json::{value_from_json, write_json};
use terrane_model::{
    AttributePath, ConfigResource, Diagnostic, Diagnostics, Marks, ResourceInstanceAddress, ResourceMode,
    Schema, Str, Type, Value,
};
use terrane_provider::UpgradeRequest;
use terrane_state::{DeposedKey, ObjectIdentity, ObjectState, ObjectStatus, StateSnapshot};

use crate::provider_pool::ProviderPool;

/// An object that exists, as far as the state knows.
#[derive(Debug, Clone, PartialEq)]
pub struct PriorObject {
    /// Its value, of the schema's type, without marks.
    pub value: Value,
    /// Parts that the configuration made sensitive.
    pub sensitive: Vec<AttributePath>,
    /// The provider's own data.
    pub private: Vec<u8>,
    /// Whether it is to be replaced because something went wrong with it.
    pub tainted: bool,
    /// What must outlive it.
    pub dependencies: Arc<[ConfigResource]>,
    /// How it was to be replaced when it was last applied.
    pub create_before_destroy: bool,
    /// Schema version of the value.
    pub schema_version: i64,
    /// Its identity.
    pub identity: Option<Value>,
}

impl PriorObject {
    /// Returns the value with the marks of the schema and of the configuration that made it.
    pub fn marked(&self, schema: &Schema) -> Value {
        let from_config = self.sensitive.iter().map(|path| (path.clone(), Marks::SENSITIVE));
        let mut marks = schema.block.sensitive_paths(&self.value);
        marks.extend(from_config);
        self.value.with_marks_at(&marks)
    }

    /// Writes the object as states store it.
    ///
    /// # Errors
    /// When a part of the value is unknown.
    pub fn to_state(&self, schema: &Schema) -> Result<ObjectState, terrane_model::encode_json::JsonError> {
        let mut attributes = String::new();
        write_json(&mut attributes, &self.value, schema.block.implied_type())?;
        Ok(ObjectState {
            status: if self.tainted { ObjectStatus::Tainted } else { ObjectStatus::Ready },
            schema_version: schema.version,
            attributes: Str::from(attributes),
            sensitive_attributes: self.all_sensitive(schema),
            private: self.private.clone(),
            dependencies: Arc::clone(&self.dependencies),
            create_before_destroy: self.create_before_destroy,
            identity: self.identity_state(),
            ..ObjectState::default()
        })
    }

    /// States list what the schema calls sensitive too, so that they can be read without it.
    fn all_sensitive(&self, schema: &Schema) -> Vec<AttributePath> {
        let mut paths = self.sensitive.clone();
        for (path, _) in schema.block.sensitive_paths(&self.value) {
            let is_set = self.value.at_path(&path).is_some_and(|part| !part.is_null());
            if is_set && !paths.contains(&path) {
                paths.push(path);
            }
        }
        paths.sort_by_key(ToString::to_string);
        paths
    }

    fn identity_state(&self) -> Option<ObjectIdentity> {
        let identity = self.identity.as_ref()?;
        let mut attributes = String::new();
        write_json(&mut attributes, identity, &identity.ty()).ok()?;
        Some(ObjectIdentity { schema_version: 0, attributes: attributes.into() })
    }
}

/// The objects of a state by address, and for deposed ones by key.
pub type PriorObjects = FxHashMap<(ResourceInstanceAddress, Option<DeposedKey>), PriorObject>;

/// Decodes all objects of a state.
pub async fn decode_state(state: &StateSnapshot, providers: &ProviderPool) -> (PriorObjects, Diagnostics) {
    let mut objects = PriorObjects::default();
    let mut diagnostics = Diagnostics::new();
    for (address, deposed, resource, object) in state.objects() {
        let source = &resource.provider_config.provider;
        let mode = address.resource.mode;
        let Some(schema) = providers.block_schema(source, mode, &address.resource.resource_type) else {
            if providers.schemas(source).is_some() {
                diagnostics.push(no_such_type(&address, source));
            }
            continue;
        };
        match decode(&address, object, schema, source, providers).await {
            Ok(decoded) => {
                objects.insert((address, deposed.cloned()), decoded);
            }
            Err(problems) => diagnostics.extend(problems),
        }
    }
    (objects, diagnostics)
}

fn no_such_type(address: &ResourceInstanceAddress, source: &terrane_model::ProviderSource) -> Diagnostic {
    let detail = format!(
        "The state contains {address}, but provider {} has no resource type {:?}. Use a version of the provider that has it, \
         or remove the object from the state with \"terrane state rm\".",
        source.for_display(),
        address.resource.resource_type.as_str()
    );
    Diagnostic::error("Unknown resource type in state", detail).about(address)
}

async fn decode(
    address: &ResourceInstanceAddress,
    object: &ObjectState,
    schema: &Schema,
    source: &terrane_model::ProviderSource,
    providers: &ProviderPool,
) -> Result<PriorObject, Diagnostics> {
    if object.schema_version > schema.version {
        let detail = format!(
            "The current state of {address} was created by a newer provider version than is currently selected. Upgrade the \
             {} provider to work with this state.",
            source.name
        );
        return Err(Diagnostic::error("Resource instance managed by newer provider version", detail)
            .about(address)
            .into());
    }
    let decoded = if object.schema_version == schema.version {
        value_from_json(&object.attributes, schema.block.implied_type()).ok()
    } else {
        None
    };
    let value = match decoded {
        Some(value) => value,
        None if address.resource.mode != ResourceMode::Managed => {
            Value::Null(schema.block.implied_type().clone())
        }
        None => upgrade(address, object, source, providers).await?,
    };
    let schema_sensitive: Vec<AttributePath> =
        schema.block.sensitive_paths(&value).into_iter().map(|(path, _)| path).collect();
    let sensitive =
        object.sensitive_attributes.iter().filter(|path| !schema_sensitive.contains(path)).cloned();
    Ok(PriorObject {
        sensitive: sensitive.collect(),
        value,
        private: object.private.clone(),
        tainted: object.status == ObjectStatus::Tainted,
        dependencies: Arc::clone(&object.dependencies),
        create_before_destroy: object.create_before_destroy,
        schema_version: schema.version,
        identity: decode_identity(address, object, source, providers),
    })
}

/// Reads an object's identity; one of another shape than the provider's present one does not count.
fn decode_identity(
    address: &ResourceInstanceAddress,
    object: &ObjectState,
    source: &terrane_model::ProviderSource,
    providers: &ProviderPool,
) -> Option<Value> {
    let stored = object.identity.as_ref().filter(|_| address.resource.mode == ResourceMode::Managed)?;
    let schema = providers.resource_schema(source, &address.resource.resource_type)?.identity.as_ref()?;
    if stored.schema_version != schema.version {
        return None;
    }
    let attributes = schema.attributes.iter().map(|(name, attribute)| (name.clone(), attribute.ty.clone()));
    value_from_json(&stored.attributes, &Type::object(attributes)).ok()
}

async fn upgrade(
    address: &ResourceInstanceAddress,
    object: &ObjectState,
    source: &terrane_model::ProviderSource,
    providers: &ProviderPool,
) -> Result<Value, Diagnostics> {
    let Some(provider) = providers.bare(source) else { return Err(Diagnostics::new()) };
    let request = UpgradeRequest {
        type_name: address.resource.resource_type.clone(),
        version: object.schema_version,
        json: object.attributes.clone(),
    };
    let response = provider.upgrade_resource_state(request).await;
    let mut diagnostics = Diagnostics::new();
    let upgraded = response.diagnostics.unless_errors(response.state, &mut diagnostics);
    upgraded.ok_or_else(|| diagnostics.into_iter().map(|diagnostic| diagnostic.about(address)).collect())
}
