//! `random_id`: random bytes in several notations.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use dashu_int::UBig;
use terrane_model::{Diagnostics, Type, Value};
use terrane_provider::async_trait;

use super::entropy::random_bytes;
use super::keepers::keepers;
use crate::encodings::hex;
use crate::object::{Attributes, Fields, text_or_null};
use crate::toolkit::{Call, Property, Resource, Table, failure};

pub(super) struct RandomId;

#[async_trait]
impl Resource for RandomId {
    fn table(&self) -> Table {
        let computed = |name, description| Property::computed(name, Type::String, description).keeps();
        Table::new(
            "random_id",
            "Random bytes, to make names unique. Not for secrets: the result is shown.",
            [
                keepers(),
                Property::required("byte_length", Type::Number, "How many random bytes.").replaces(),
                Property::optional("prefix", Type::String, "Text in front of the results, taken as it is.")
                    .replaces(),
                computed("b64_std", "The bytes in base64, behind the prefix."),
                computed("b64_url", "The bytes in base64 for URLs, without padding, behind the prefix."),
                computed("dec", "The bytes as a decimal number, behind the prefix."),
                computed("hex", "The bytes in hexadecimal, behind the prefix."),
                computed("id", "The bytes in base64 for URLs, without the prefix."),
            ],
        )
    }

    async fn create(
        &self,
        planned: &Value,
        _config: &Value,
        _call: Call<'_>,
    ) -> Result<Attributes, Diagnostics> {
        let bytes = random_bytes(planned.integer("byte_length").unwrap_or(0))?;
        Ok(notations(planned.text("prefix").unwrap_or(""), &bytes))
    }

    /// Takes `ID` or `PREFIX,ID`.
    async fn import(&self, id: &str) -> Result<Attributes, Diagnostics> {
        let (prefix, id) = id.rsplit_once(',').unwrap_or(("", id));
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(id).map_err(|error| {
            failure("Import Random ID Error", format!("The id is no base64 for URLs: {error}"))
        })?;
        let mut attributes = notations(prefix, &bytes);
        attributes.push(("byte_length", Value::number(bytes.len())));
        attributes.push(("prefix", text_or_null(Some(prefix).filter(|prefix| !prefix.is_empty()))));
        Ok(attributes)
    }
}

fn notations(prefix: &str, bytes: &[u8]) -> Attributes {
    let id = BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let with_prefix = |text: &str| Value::from(format!("{prefix}{text}"));
    vec![
        ("b64_std", with_prefix(&BASE64_STANDARD.encode(bytes))),
        ("b64_url", with_prefix(&id)),
        ("dec", with_prefix(&UBig::from_be_bytes(bytes).to_string())),
        ("hex", with_prefix(&hex(bytes))),
        ("id", Value::from(id)),
    ]
}
