//! `random_bytes`: secret random bytes, as a resource and ephemeral.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use terrane_model::{Diagnostics, Type, Value};
use terrane_provider::async_trait;

use super::entropy::random_bytes;
use crate::encodings::hex;
use crate::object::{Attributes, Fields};
use crate::toolkit::{Call, Check, EphemeralResource, Property, Resource, Table, failure};

pub(super) struct RandomBytes;

fn properties() -> [Property; 3] {
    let computed =
        |name, description| Property::computed(name, Type::String, description).sensitive().keeps();
    [
        Property::required("length", Type::Number, "How many random bytes; at least 1.")
            .replaces()
            .check(Check::AtLeast(1)),
        computed("base64", "The bytes in base64."),
        computed("hex", "The bytes in hexadecimal."),
    ]
}

fn draw(config: &Value) -> Result<Attributes, Diagnostics> {
    let bytes = random_bytes(config.integer("length").unwrap_or(0))?;
    Ok(vec![("base64", BASE64_STANDARD.encode(&bytes).into()), ("hex", hex(&bytes).into())])
}

#[async_trait]
impl Resource for RandomBytes {
    fn table(&self) -> Table {
        let keepers = Property::optional(
            "keepers",
            Type::map(Type::String),
            "Any values. When one of them changes, new bytes are drawn.",
        );
        let properties = properties().into_iter().chain([keepers.replaces()]);
        Table::new("random_bytes", "Random bytes for secrets and keys.", properties)
    }

    async fn create(
        &self,
        planned: &Value,
        _config: &Value,
        _call: Call<'_>,
    ) -> Result<Attributes, Diagnostics> {
        draw(planned)
    }

    /// Takes the bytes in base64.
    async fn import(&self, id: &str) -> Result<Attributes, Diagnostics> {
        let bytes = BASE64_STANDARD
            .decode(id)
            .map_err(|error| failure("Import Random bytes Error", format!("The id is no base64: {error}")))?;
        let length = Value::number(bytes.len());
        Ok(vec![("base64", id.into()), ("hex", hex(&bytes).into()), ("length", length)])
    }
}

#[async_trait]
impl EphemeralResource for RandomBytes {
    fn table(&self) -> Table {
        Table::new("random_bytes", "Random bytes that no plan and no state keeps.", properties())
    }

    async fn open(&self, config: &Value, _call: Call<'_>) -> Result<Attributes, Diagnostics> {
        draw(config)
    }
}
