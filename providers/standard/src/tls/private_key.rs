//! `tls_private_key`, as a resource and ephemeral.

use terrane_model::{Diagnostics, Type, Value};
use terrane_provider::async_trait;

use super::identifier::identifier;
use super::keys::{self, ALGORITHMS, Curve, PrivateKey};
use super::pem::{self, label};
use crate::blocking::off_the_executor;
use crate::object::{Attributes, Fields, with_attributes};
use crate::toolkit::{Call, Check, EphemeralResource, Property, Resource, Table, failure};

const NAME: &str = "tls_private_key";
const DESCRIPTION: &str = "A private key, with its public half.";
const RSA_BITS: i64 = 2048;
const CURVE: &str = "P224";

pub(super) struct TlsPrivateKey;

/// The arguments; an object has defaults in its plan, an ephemeral one only when it is opened.
fn arguments() -> [Property; 3] {
    [
        Property::required("algorithm", Type::String, "`RSA`, `ECDSA` or `ED25519`.")
            .check(Check::OneOf(ALGORITHMS)),
        Property::optional_computed(
            "rsa_bits",
            Type::Number,
            "Size of an RSA key, in bits; 2048 by default.",
        ),
        Property::optional_computed(
            "ecdsa_curve",
            Type::String,
            "Curve of an ECDSA key: `P224` (by default), `P256`, `P384` or `P521`.",
        )
        .check(Check::OneOf(Curve::NAMES)),
    ]
}

fn results() -> impl Iterator<Item = Property> {
    let secret = |name, description| Property::computed(name, Type::String, description).sensitive();
    let private = [
        secret("private_key_pem", "The key in PEM: PKCS #1 for RSA, SEC 1 for ECDSA, PKCS #8 for ED25519."),
        secret("private_key_pem_pkcs8", "The key in PEM as PKCS #8."),
        secret(
            "private_key_openssh",
            "The key as OpenSSH writes it; empty for P224, which SSH does not know.",
        ),
    ];
    private.into_iter().chain(public_results())
}

/// What is told about a public key, but for its identifier.
pub(super) fn public_results() -> [Property; 4] {
    let text = |name, description| Property::computed(name, Type::String, description);
    [
        text("public_key_pem", "The public key in PEM."),
        text("public_key_openssh", "The public key as a line of `authorized_keys`; empty for P224."),
        text("public_key_fingerprint_md5", "MD5 of the public key as SSH has it; empty for P224."),
        text("public_key_fingerprint_sha256", "SHA-256 of the public key as SSH has it; empty for P224."),
    ]
}

/// Tells about the public half of a key, with the identifier.
pub(super) fn public_attributes(key: &PrivateKey) -> Attributes {
    let info = key.public_key_info();
    let ssh = key.ssh_public_key();
    let told =
        |tell: fn(&keys::SshPublicKey) -> String| Value::from(ssh.as_ref().map(tell).unwrap_or_default());
    vec![
        ("id", identifier(&info).into()),
        ("public_key_pem", pem::encode(label::PUBLIC_KEY, &info).into()),
        ("public_key_openssh", told(keys::SshPublicKey::line)),
        ("public_key_fingerprint_md5", told(keys::SshPublicKey::fingerprint_md5)),
        ("public_key_fingerprint_sha256", told(keys::SshPublicKey::fingerprint_sha256)),
    ]
}

fn attributes(key: &PrivateKey) -> Result<Attributes, Diagnostics> {
    let unwritten = |error| failure("Unable to encode key to PEM", error);
    let mut attributes = public_attributes(key);
    attributes.extend([
        ("private_key_pem", key.to_pem().map_err(unwritten)?.into()),
        ("private_key_pem_pkcs8", key.to_pkcs8_pem().map_err(unwritten)?.into()),
        ("private_key_openssh", key.to_openssh_pem().unwrap_or_default().into()),
    ]);
    Ok(attributes)
}

async fn generate(arguments: &Value) -> Result<Attributes, Diagnostics> {
    let algorithm = arguments.text("algorithm").unwrap_or("").to_owned();
    let bits = arguments.integer("rsa_bits").unwrap_or(RSA_BITS);
    let curve = arguments.text("ecdsa_curve").unwrap_or(CURVE).to_owned();
    let generated = off_the_executor(move || {
        PrivateKey::generate(&algorithm, bits, &curve)
            .map_err(|error| failure("Unable to generate Key from configuration", error))
    });
    attributes(&generated.await?)
}

#[async_trait]
impl Resource for TlsPrivateKey {
    fn table(&self) -> Table {
        let [algorithm, bits, curve] = arguments().map(Property::replaces);
        let arguments = [algorithm, bits.defaults_to(RSA_BITS), curve.defaults_to(CURVE)];
        let id = Property::computed("id", Type::String, "SHA-1 of the public key.");
        Table::new(NAME, DESCRIPTION, arguments.into_iter().chain(results()).chain([id])).version(1)
    }

    async fn create(
        &self,
        planned: &Value,
        _config: &Value,
        _call: Call<'_>,
    ) -> Result<Attributes, Diagnostics> {
        generate(planned).await
    }

    /// Version 0 had neither PKCS #8 nor OpenSSH's forms, and not all of the fingerprints.
    fn upgrade(&self, _version: i64, state: Value) -> Result<Value, Diagnostics> {
        let key = keys::read(state.text("private_key_pem").unwrap_or(""))
            .map_err(|error| failure("Unable to parse key from PEM", error))?;
        let mut upgraded = attributes(&key)?;
        upgraded.retain(|(name, _)| {
            *name != "private_key_pem"
                && (*name != "private_key_openssh" || state.text(name).is_none_or(str::is_empty))
        });
        Ok(with_attributes(&state, &upgraded))
    }
}

#[async_trait]
impl EphemeralResource for TlsPrivateKey {
    fn table(&self) -> Table {
        Table::new(NAME, DESCRIPTION, arguments().into_iter().chain(results()))
    }

    async fn open(&self, config: &Value, _call: Call<'_>) -> Result<Attributes, Diagnostics> {
        let mut opened = generate(config).await?;
        opened.extend([
            ("rsa_bits", Value::from(config.integer("rsa_bits").unwrap_or(RSA_BITS))),
            ("ecdsa_curve", Value::from(config.text("ecdsa_curve").unwrap_or(CURVE))),
        ]);
        Ok(opened)
    }
}
