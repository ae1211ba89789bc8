//! What is sensitive, shown all the same because the user has asked for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use terrane_model::{
    Attribute, AttributeKind, Block, NestedAttributes, NestedBlock, ProviderSource, ResourceMode, Schema,
    Str, Value,
};
use terrane_plan::{Plan, ProviderPool};
use terrane_state::StateSnapshot;

/// Returns a value in which nothing is sensitive.
pub fn revealed(value: &Value) -> Value {
    value.clone().unmark_deep().0
}

/// Returns a plan in which nothing is sensitive.
pub fn revealed_plan(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    for change in plan.resource_changes.iter_mut().chain(&mut plan.resource_drift) {
        change.change.before = revealed(&change.change.before);
        change.change.after = revealed(&change.change.after);
    }
    for output in plan.output_changes.values_mut() {
        output.sensitive = false;
        output.change.before = revealed(&output.change.before);
        output.change.after = revealed(&output.change.after);
    }
    for invocation in &mut plan.action_invocations {
        invocation.config = revealed(&invocation.config);
    }
    plan
}

/// Returns a state in which no output is sensitive.
pub fn revealed_outputs(state: &StateSnapshot) -> StateSnapshot {
    let mut state = state.clone();
    state.outputs.values_mut().for_each(|output| output.sensitive = false);
    state
}

/// Schemas by which nothing is sensitive.
#[derive(Default)]
pub struct RevealedSchemas(BTreeMap<(ProviderSource, Option<ResourceMode>, Str), Schema>);

impl RevealedSchemas {
    /// Makes those of everything that a plan names.
    pub fn of_plan(plan: &Plan, providers: &ProviderPool) -> Self {
        let mut schemas = Self::default();
        for change in plan.resource_changes.iter().chain(&plan.resource_drift) {
            let (source, resource) = (&change.provider_config.provider, &change.address.resource);
            let schema = providers.block_schema(source, resource.mode, &resource.resource_type);
            schemas.add(source, Some(resource.mode), &resource.resource_type, schema);
        }
        for invocation in &plan.action_invocations {
            let (source, name) =
                (&invocation.provider_config.provider, &invocation.address.action.action_type);
            let schema = providers.schemas(source).and_then(|schemas| schemas.actions.get(name));
            schemas.add(source, None, name, schema);
        }
        schemas
    }

    fn add(
        &mut self,
        source: &ProviderSource,
        mode: Option<ResourceMode>,
        name: &Str,
        schema: Option<&Schema>,
    ) {
        let key = (source.clone(), mode, name.clone());
        if let (Some(schema), false) = (schema, self.0.contains_key(&key)) {
            self.0.insert(key, revealed_schema(schema));
        }
    }

    /// Returns the schema of a resource type, or of an action type where there is no mode.
    pub fn get(&self, source: &ProviderSource, mode: Option<ResourceMode>, name: &Str) -> Option<&Schema> {
        self.0.get(&(source.clone(), mode, name.clone()))
    }
}

/// Returns a schema by which nothing is sensitive.
pub fn revealed_schema(schema: &Schema) -> Schema {
    Schema { version: schema.version, block: Arc::new(revealed_block(&schema.block)) }
}

fn revealed_block(block: &Block) -> Block {
    let attributes = block.attributes().iter().map(|(name, attribute)| {
        let kind = match &attribute.kind {
            AttributeKind::Nested(nested) => AttributeKind::Nested(NestedAttributes {
                block: Arc::new(revealed_block(&nested.block)),
                ..nested.clone()
            }),
            AttributeKind::Plain(ty) => AttributeKind::Plain(ty.clone()),
        };
        (name.clone(), Attribute { sensitive: false, kind, ..attribute.clone() })
    });
    let blocks = block.block_types().iter().map(|(name, nested)| {
        let block = Arc::new(revealed_block(&nested.block));
        (name.clone(), NestedBlock { block, ..nested.clone() })
    });
    let mut revealed = Block::new(attributes, blocks);
    revealed.description = block.description.clone();
    revealed.deprecated = block.deprecated;
    revealed
}

#[cfg(test)]
mod tests {
    use terrane_model::Type;

    use super::*;

    #[test]
    fn schemas_lose_what_is_sensitive_at_every_depth() {
        let inner = Block::new([("token".into(), Attribute::optional(Type::String).sensitive())], []);
        let nested = NestedBlock {
            nesting: terrane_model::Nesting::List,
            block: Arc::new(inner),
            min_items: 0,
            max_items: 1,
        };
        let secret = ("secret".into(), Attribute::required(Type::String).sensitive());
        let block = Block::new([secret], [("login".into(), nested)]);
        assert!(block.contains_sensitive());
        let schema = revealed_schema(&Schema { version: 3, block: Arc::new(block) });
        assert!(!schema.block.contains_sensitive());
        assert_eq!(schema.version, 3);
        assert!(schema.block.attribute("secret").unwrap().required);
    }
}
