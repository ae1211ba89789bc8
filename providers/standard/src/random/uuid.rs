//! `random_uuid`, `random_uuid4` and `random_uuid7`.

use std::time::{SystemTime, UNIX_EPOCH};

use terrane_model::{Diagnostics, Type, Value};
use terrane_provider::async_trait;
use uuid::{Builder, Uuid};

use super::entropy::random_bytes;
use super::keepers::keepers;
use crate::object::Attributes;
use crate::toolkit::{Call, Property, Resource, Table, failure};

/// One of the three types.
pub(super) struct RandomUuid {
    name: &'static str,
    description: &'static str,
    draw: fn([u8; 16]) -> Uuid,
    /// Whether an import takes the usual form only.
    strict_import: bool,
}

impl RandomUuid {
    pub(super) const ANY: Self = Self {
        name: "random_uuid",
        description: "A random UUID.",
        draw: |bytes| Builder::from_random_bytes(bytes).into_uuid(),
        strict_import: true,
    };
    pub(super) const V4: Self = Self {
        name: "random_uuid4",
        description: "A random UUID of version 4.",
        strict_import: false,
        ..Self::ANY
    };
    pub(super) const V7: Self = Self {
        name: "random_uuid7",
        description: "A UUID of version 7: in the order of time, and random below the millisecond.",
        draw: time_ordered,
        strict_import: false,
    };
}

fn time_ordered(bytes: [u8; 16]) -> Uuid {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX);
    let [random @ .., _, _, _, _, _, _] = bytes;
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

#[async_trait]
impl Resource for RandomUuid {
    fn table(&self) -> Table {
        let computed = |name| Property::computed(name, Type::String, "The UUID.").keeps();
        Table::new(self.name, self.description, [keepers(), computed("result"), computed("id")])
    }

    async fn create(
        &self,
        _planned: &Value,
        _config: &Value,
        _call: Call<'_>,
    ) -> Result<Attributes, Diagnostics> {
        let bytes = random_bytes(16)?.try_into().unwrap_or_default();
        Ok(attributes((self.draw)(bytes)))
    }

    async fn import(&self, id: &str) -> Result<Attributes, Diagnostics> {
        let error = |detail: String| failure("Import Random UUID Error", detail);
        let uuid = Uuid::try_parse(id).map_err(|cause| error(format!("The id is no UUID: {cause}.")))?;
        if self.strict_import && id.len() != uuid::fmt::Hyphenated::LENGTH {
            return Err(error("The id is no UUID: 36 characters are expected.".to_owned()));
        }
        Ok(attributes(uuid))
    }
}

fn attributes(uuid: Uuid) -> Attributes {
    let uuid = Value::from(uuid.hyphenated().to_string());
    vec![("id", uuid.clone()), ("result", uuid)]
}
