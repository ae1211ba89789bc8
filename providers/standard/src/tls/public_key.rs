//! `tls_public_key`: the public half of a private key, as a data source and ephemeral.

use terrane_model::{Diagnostics, Type, Value};
use terrane_provider::async_trait;

use super::keys;
use super::private_key::{public_attributes, public_results};
use crate::object::{Attributes, Fields};
use crate::toolkit::{Call, DataSource, EphemeralResource, Property, Rule, Table, failure};

pub(super) struct PublicKey;

fn table() -> Table {
    let key = |name, description| Property::optional(name, Type::String, description).sensitive();
    let properties = [
        key("private_key_pem", "The private key in PEM."),
        key("private_key_openssh", "The private key as OpenSSH writes it."),
        Property::computed("algorithm", Type::String, "The key's algorithm: `RSA`, `ECDSA` or `ED25519`."),
        Property::computed("id", Type::String, "SHA-1 of the public key."),
    ];
    Table::new(
        "tls_public_key",
        "The public half of a private key.",
        properties.into_iter().chain(public_results()),
    )
    .rule(Rule::ExactlyOneOf(&["private_key_pem", "private_key_openssh"]))
}

fn read(config: &Value) -> Result<Attributes, Diagnostics> {
    let key = match config.text("private_key_pem") {
        Some(pem) => keys::read(pem),
        None => keys::read_any(config.text("private_key_openssh").unwrap_or("")),
    };
    let key = key.map_err(|error| failure("Unable to parse private key", error))?;
    let mut attributes = public_attributes(&key);
    attributes.push(("algorithm", key.algorithm().into()));
    Ok(attributes)
}

#[async_trait]
impl DataSource for PublicKey {
    fn table(&self) -> Table {
        table()
    }

    async fn read(
        &self,
        config: &Value,
        _call: Call<'_>,
        _warnings: &mut Diagnostics,
    ) -> Result<Attributes, Diagnostics> {
        read(config)
    }
}

#[async_trait]
impl EphemeralResource for PublicKey {
    fn table(&self) -> Table {
        table()
    }

    async fn open(&self, config: &Value, _call: Call<'_>) -> Result<Attributes, Diagnostics> {
        read(config)
    }
}
