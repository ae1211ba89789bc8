//! `time_static`: a point in time.

use terrane_model::{Diagnostics, Type, Value};
use terrane_provider::async_trait;

use super::import_id;
use super::parts;
use crate::moment::Moment;
use crate::object::Attributes;
use crate::toolkit::{Call, Draft, Property, Resource, Table};

pub(super) struct TimeStatic;

#[async_trait]
impl Resource for TimeStatic {
    fn table(&self) -> Table {
        let mut properties = parts::properties();
        properties.extend([
            parts::triggers(),
            Property::optional_computed(
                "rfc3339",
                Type::String,
                "The timestamp in RFC 3339; the time of creation when not written.",
            )
            .replaces(),
            Property::computed("id", Type::String, "The timestamp.").keeps(),
        ]);
        Table::new("time_static", "A point in time that stays what it was at first.", properties)
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        parts::validate_timestamp(config, "rfc3339").into_iter().collect()
    }

    /// What is written is known before it is created.
    fn modify_plan(&self, draft: &mut Draft<'_>) {
        let written = draft.get("rfc3339").clone();
        let Some(moment) = written.as_str().and_then(|text| Moment::parse(text)) else { return };
        if draft.is_create() {
            for (name, value) in parts::attributes(moment) {
                draft.set(name, value);
            }
            draft.set("id", written);
        }
    }

    async fn create(
        &self,
        planned: &Value,
        _config: &Value,
        _call: Call<'_>,
    ) -> Result<Attributes, Diagnostics> {
        Ok(attributes(parts::timestamp(planned, "rfc3339")?.unwrap_or_else(Moment::now)))
    }

    /// Takes the timestamp.
    async fn import(&self, id: &str) -> Result<Attributes, Diagnostics> {
        Ok(attributes(import_id::moment("Import time static error", id)?))
    }
}

fn attributes(moment: Moment) -> Attributes {
    let mut attributes = parts::attributes(moment);
    attributes.extend([("rfc3339", moment.to_string().into()), ("id", moment.to_string().into())]);
    attributes
}
