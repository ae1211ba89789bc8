//! What a provider says about itself, brought into the engine's form.

use std::collections::BTreeMap;
use std::sync::Arc;

use prost::bytes::Bytes;
use terrane_model::encode_json::type_from_json;
use terrane_model::{
    Attribute, AttributeKind, Block, NestedAttributes, NestedBlock, Nesting, Schema, Str, Type,
};
use terrane_provider::{
    Capabilities, FunctionParameter, FunctionSignature, IdentityAttribute, IdentitySchema, ProviderSchemas,
    ResourceSchema,
};

use crate::method::Protocol;
use crate::wire::schema as wire;
use crate::{tfplugin5, tfplugin6};

/// How deep blocks and attributes may lie in each other; real schemas stay below twenty.
const DEPTH_MAX: usize = 64;

/// What is wrong with a schema, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("in the schema of {place}: {problem}")]
pub(crate) struct SchemaError {
    place: String,
    problem: String,
}

impl SchemaError {
    fn new(problem: impl Into<String>) -> Self {
        Self { place: String::new(), problem: problem.into() }
    }

    fn within(mut self, place: &str) -> Self {
        let separator = if self.place.is_empty() { "" } else { "." };
        self.place = format!("{place}{separator}{}", self.place);
        self
    }
}

/// Reads everything that a provider offers.
///
/// # Errors
/// When a type cannot be read, or a nested block says not how it is nested.
pub(crate) fn read_schemas(
    protocol: Protocol,
    response: &wire::GetProviderSchemaResponse,
    identities: &wire::GetIdentitySchemasResponse,
) -> Result<ProviderSchemas, SchemaError> {
    let reader = SchemaReader { protocol };
    let Some(provider) = &response.provider else {
        return Err(SchemaError::new("it is missing").within("the provider block"));
    };
    let provider = reader.schema(provider, "the provider block")?.block;
    let provider_meta =
        response.provider_meta.as_ref().map(|schema| reader.schema(schema, "the provider_meta block"));
    let mut resources = BTreeMap::new();
    for (name, schema) in &response.resources {
        let schema = reader.schema(schema, name)?;
        let identity =
            identities.schemas.get(name).map(|identity| read_identity(identity, name)).transpose()?;
        resources.insert(Str::from(name.as_str()), ResourceSchema { schema, identity });
    }
    let actions = response.actions.iter();
    let actions = actions.filter_map(|(name, action)| Some((name, action.schema.as_ref()?)));
    let functions = response.functions.iter();
    let functions = functions.map(|(name, function)| {
        let signature = read_function(function).map_err(|error| error.within(name))?;
        Ok((name.as_str().into(), signature))
    });
    Ok(ProviderSchemas {
        provider,
        provider_meta: provider_meta.transpose()?.map(|schema| schema.block),
        resources,
        data_sources: reader.schemas(&response.data_sources)?,
        ephemeral_resources: reader.schemas(&response.ephemeral_resources)?,
        functions: functions.collect::<Result<_, _>>()?,
        actions: reader.schemas(actions)?,
        capabilities: read_capabilities(response.server_capabilities.unwrap_or_default()),
    })
}

fn read_capabilities(wire: wire::ServerCapabilities) -> Capabilities {
    Capabilities {
        plan_destroy: wire.plan_destroy,
        move_resource_state: wire.move_resource_state,
        generate_config: wire.generate_resource_config,
    }
}

struct SchemaReader {
    protocol: Protocol,
}

impl SchemaReader {
    fn schemas<'w>(
        &self,
        schemas: impl IntoIterator<Item = (&'w String, &'w wire::Schema)>,
    ) -> Result<BTreeMap<Str, Schema>, SchemaError> {
        let schemas = schemas.into_iter();
        schemas.map(|(name, schema)| Ok((name.as_str().into(), self.schema(schema, name)?))).collect()
    }

    fn schema(&self, schema: &wire::Schema, name: &str) -> Result<Schema, SchemaError> {
        let empty = wire::Block::default();
        let block = schema.block.as_ref().unwrap_or(&empty);
        let block = self.block(block, 0).map_err(|error| error.within(name))?;
        Ok(Schema { version: schema.version, block: Arc::new(block) })
    }

    fn block(&self, wire: &wire::Block, depth: usize) -> Result<Block, SchemaError> {
        let depth = deeper(depth)?;
        let attributes = self.attributes(&wire.attributes, depth)?;
        let block_types = wire.block_types.iter().map(|nested| {
            let block = self.nested_block(nested, depth);
            Ok((nested.type_name.as_str().into(), block.map_err(|error| error.within(&nested.type_name))?))
        });
        let mut block = Block::new(attributes, block_types.collect::<Result<Vec<_>, _>>()?);
        block.description = wire.description.as_str().into();
        block.deprecated = wire.deprecated;
        Ok(block)
    }

    fn nested_block(&self, wire: &wire::NestedBlock, depth: usize) -> Result<NestedBlock, SchemaError> {
        let empty = wire::Block::default();
        Ok(NestedBlock {
            nesting: read_nesting(wire.nesting())?,
            block: Arc::new(self.block(wire.block.as_ref().unwrap_or(&empty), depth)?),
            min_items: usize::try_from(wire.min_items).unwrap_or(0),
            max_items: usize::try_from(wire.max_items).unwrap_or(0),
        })
    }

    fn attributes(&self, wire: &[Bytes], depth: usize) -> Result<Vec<(Str, Attribute)>, SchemaError> {
        let attributes = wire.iter().map(|bytes| {
            let read = match self.protocol {
                Protocol::V5 => tfplugin5::read_attribute(bytes.clone()),
                Protocol::V6 => tfplugin6::read_attribute(bytes.clone()),
            };
            let wire = read.map_err(|error| SchemaError::new(format!("invalid attribute: {error}")))?;
            let name = Str::from(wire.name.as_str());
            let attribute = self.attribute(wire, depth).map_err(|error| error.within(&name))?;
            Ok((name, attribute))
        });
        attributes.collect()
    }

    fn attribute(&self, wire: wire::Attribute, depth: usize) -> Result<Attribute, SchemaError> {
        let kind = match &wire.nested_type {
            Some(object) => {
                let depth = deeper(depth)?;
                let block = Block::new(self.attributes(&object.attributes, depth)?, []);
                let nesting = read_nesting(object.nesting())?;
                AttributeKind::Nested(NestedAttributes {
                    nesting,
                    block: Arc::new(block),
                    accepts_blocks: false,
                })
            }
            None => AttributeKind::Plain(read_type(&wire.ty)?),
        };
        let is_deprecated = wire.deprecated || !wire.deprecation_message.is_empty();
        Ok(Attribute {
            kind,
            required: wire.required,
            optional: wire.optional,
            computed: wire.computed,
            sensitive: wire.sensitive,
            write_only: wire.write_only,
            deprecated: is_deprecated.then(|| wire.deprecation_message.into()),
            description: wire.description.into(),
        })
    }
}

fn deeper(depth: usize) -> Result<usize, SchemaError> {
    if depth < DEPTH_MAX {
        Ok(depth + 1)
    } else {
        Err(SchemaError::new(format!("blocks are nested more than {DEPTH_MAX} levels deep")))
    }
}

fn read_nesting(wire: wire::Nesting) -> Result<Nesting, SchemaError> {
    match wire {
        wire::Nesting::Single => Ok(Nesting::Single),
        wire::Nesting::Group => Ok(Nesting::Group),
        wire::Nesting::List => Ok(Nesting::List),
        wire::Nesting::Set => Ok(Nesting::Set),
        wire::Nesting::Map => Ok(Nesting::Map),
        wire::Nesting::Invalid => Err(SchemaError::new("the nesting mode is missing or unknown")),
    }
}

fn read_type(json: &Bytes) -> Result<Type, SchemaError> {
    let text = str::from_utf8(json).map_err(|_| SchemaError::new("the type is not valid UTF-8"))?;
    type_from_json(text)
        .map_err(|error| SchemaError::new(format!("the type {text:?} cannot be read: {error}")))
}

fn read_identity(wire: &wire::IdentitySchema, type_name: &str) -> Result<IdentitySchema, SchemaError> {
    let attributes = wire.attributes.iter().map(|attribute| {
        let place = format!("{type_name}'s identity, attribute {}", attribute.name);
        let identity = IdentityAttribute {
            ty: read_type(&attribute.ty).map_err(|error| error.within(&place))?,
            required_for_import: attribute.required_for_import,
            description: attribute.description.as_str().into(),
        };
        Ok((attribute.name.as_str().into(), identity))
    });
    Ok(IdentitySchema { version: wire.version, attributes: attributes.collect::<Result<_, _>>()? })
}

fn read_function(wire: &wire::Function) -> Result<FunctionSignature, SchemaError> {
    let Some(returns) = &wire.returns else {
        return Err(SchemaError::new("the function says not what it returns"));
    };
    Ok(FunctionSignature {
        parameters: wire.parameters.iter().map(read_parameter).collect::<Result<_, _>>()?,
        variadic: wire.variadic_parameter.as_ref().map(read_parameter).transpose()?,
        returns: read_type(&returns.ty)?,
        summary: wire.summary.as_str().into(),
        description: wire.description.as_str().into(),
        deprecation: wire.deprecation_message.as_str().into(),
    })
}

fn read_parameter(wire: &wire::FunctionParameter) -> Result<FunctionParameter, SchemaError> {
    Ok(FunctionParameter {
        name: wire.name.as_str().into(),
        ty: read_type(&wire.ty).map_err(|error| error.within(&wire.name))?,
        allow_null: wire.allow_null_value,
        allow_unknown: wire.allow_unknown_values,
        description: wire.description.as_str().into(),
    })
}
