//! `helm_release` as the second major version of Helm's provider has it: what is one object since is a list of one there.

use std::sync::Arc;

use terrane_model::{
    Attribute, AttributeKind, Block, Diagnostics, NestedAttributes, Nesting, Schema, Str, Type, Value,
};
use terrane_provider::{
    ApplyRequest, PlanRequest, Private, Progress, ReadRequest, ReadResponse, Ties, async_trait,
};

use super::release::Release;
use crate::objects::context::{Context, ObjectKey};
use crate::objects::resource::{self, Outcome, Planned, Resource};

/// The attributes that are lists of one.
const LISTS: [&str; 2] = ["metadata", "postrender"];

/// The resource type.
pub(crate) struct SecondGeneration {
    inner: Release,
    /// The types of the objects that lists are made of.
    objects: Vec<(&'static str, Type)>,
    schema: Schema,
}

impl SecondGeneration {
    /// Makes the resource type.
    pub(crate) fn new() -> Self {
        let inner = Release::new();
        let block = inner.schema().block;
        let object = |name: &'static str| Some((name, block.attribute(name)?.ty()));
        let objects: Vec<(&'static str, Type)> = LISTS.iter().filter_map(|name| object(name)).collect();
        let attributes = block.attributes().iter().map(|(name, attribute)| {
            let is_list = LISTS.contains(&name.as_str());
            (name.clone(), if is_list { as_list(attribute) } else { attribute.clone() })
        });
        let block = Block::new(attributes.collect::<Vec<_>>(), block.block_types().to_vec());
        Self { inner, objects, schema: resource::schema(1, block) }
    }

    /// Returns values as the third generation has them.
    fn inward(&self, values: &Value) -> Value {
        if values.is_null() {
            return Value::Null(self.inner.schema().block.implied_type().clone());
        }
        self.map(values, |value, object| match value.as_sequence() {
            _ if !value.is_known() => Value::unknown(object.clone()),
            Some([only, ..]) => only.clone(),
            _ => Value::Null(object.clone()),
        })
    }

    /// Returns values as this generation has them.
    fn outward(&self, values: &Value) -> Value {
        if values.is_null() {
            return Value::Null(self.schema.block.implied_type().clone());
        }
        self.map(values, |value, object| {
            if !value.is_known() {
                Value::unknown(Type::list(object.clone()))
            } else if value.is_null() {
                Value::Null(Type::list(object.clone()))
            } else {
                Value::list(object.clone(), vec![value.clone()])
            }
        })
    }

    fn map(&self, values: &Value, convert: impl Fn(&Value, &Type) -> Value) -> Value {
        let converted = values.as_entries().unwrap_or_default().iter().map(|(name, value)| {
            let object = self.objects.iter().find(|(list, _)| name == *list);
            (name.clone(), object.map_or_else(|| value.clone(), |(_, object)| convert(value, object)))
        });
        Value::object(converted.collect::<Vec<_>>())
    }
}

/// Returns an attribute of one object as one of a list.
fn as_list(attribute: &Attribute) -> Attribute {
    let kind = match &attribute.kind {
        AttributeKind::Nested(nested) => AttributeKind::Nested(NestedAttributes {
            nesting: Nesting::List,
            block: Arc::clone(&nested.block),
            accepts_blocks: nested.accepts_blocks,
        }),
        AttributeKind::Plain(ty) => AttributeKind::Plain(Type::list(ty.clone())),
    };
    Attribute { kind, ..attribute.clone() }
}

#[async_trait]
impl Resource for SecondGeneration {
    fn schema(&self) -> Schema {
        self.schema.clone()
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        self.inner.validate(&self.inward(config))
    }

    async fn plan(&self, context: &Context, request: &PlanRequest) -> Result<Planned, Diagnostics> {
        let request = PlanRequest {
            prior_state: self.inward(&request.prior_state),
            proposed_new_state: self.inward(&request.proposed_new_state),
            config: self.inward(&request.config),
            ..request.clone()
        };
        let planned = self.inner.plan(context, &request).await?;
        Ok(Planned { state: self.outward(&planned.state), ..planned })
    }

    async fn apply(&self, context: &Context, request: &ApplyRequest, progress: &dyn Progress) -> Outcome {
        let request = ApplyRequest {
            prior_state: self.inward(&request.prior_state),
            planned_state: self.inward(&request.planned_state),
            config: self.inward(&request.config),
            ..request.clone()
        };
        let outcome = self.inner.apply(context, &request, progress).await;
        Outcome { state: self.outward(&outcome.state), ..outcome }
    }

    async fn read(&self, context: &Context, requests: Vec<ReadRequest>) -> Vec<ReadResponse> {
        let inward = |request: ReadRequest| ReadRequest {
            current_state: self.inward(&request.current_state),
            ..request
        };
        let responses = self.inner.read(context, requests.into_iter().map(inward).collect()).await;
        let outward = |response: ReadResponse| ReadResponse {
            new_state: self.outward(&response.new_state),
            ..response
        };
        responses.into_iter().map(outward).collect()
    }

    async fn import(&self, context: &Context, id: &str) -> Result<(Value, Private), Diagnostics> {
        let (state, private) = self.inner.import(context, id).await?;
        Ok((self.outward(&state), private))
    }

    fn upgrade(&self, version: i64, json: &str) -> Result<Value, Diagnostics> {
        self.inner.upgrade(version, json).map(|state| self.outward(&state))
    }

    fn id_before_create(&self, planned: &Value) -> Option<Str> {
        self.inner.id_before_create(planned)
    }

    fn ties(&self, values: &Value, private: &[u8]) -> Ties {
        self.inner.ties(&self.inward(values), private)
    }

    fn key(&self, values: &Value) -> Option<ObjectKey> {
        self.inner.key(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_lists_of_one() {
        let release = SecondGeneration::new();
        let empty = release.schema.block.empty_value();
        let inward = release.inward(&empty);
        assert_eq!(inward.ty(), *release.inner.schema().block.implied_type());
        assert!(release.inward(&Value::Null(empty.ty())).is_null());
        let stored = r#"{"id": "web", "name": "web", "chart": "web", "metadata": [{"revision": 3, "name": "web"}],
                         "postrender": [], "set": []}"#;
        let read = release.upgrade(1, stored).unwrap();
        let metadata = read.attribute("metadata");
        let first = metadata.as_sequence().and_then(<[Value]>::first).unwrap();
        assert_eq!(first.attribute("revision"), Value::from(3_i64));
        assert_eq!(release.outward(&release.inward(&read)), read);
    }
}
