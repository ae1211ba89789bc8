//! `tls_cert_request`: a request for a certificate.

use terrane_model::{Diagnostics, Type, Value};
use terrane_provider::async_trait;

use super::certificate::{self, Subject};
use super::certificate_properties::{key_properties, signing_key};
use super::identifier::identifier;
use super::keys::{self, PrivateKey};
use super::names::{AlternativeNames, alternative_name_properties, subject, subject_block};
use super::pem::{self, label};
use crate::blocking::off_the_executor;
use crate::object::Attributes;
use crate::toolkit::{Call, Property, Resource, Rule, Table, failure};

/// The arguments for the key of the subject.
pub(super) const KEY: [&str; 3] = ["private_key_pem", "private_key_pem_wo", "private_key_pem_wo_version"];

/// Says how the arguments for the key go together.
pub(super) fn with_key_rules(table: Table) -> Table {
    table
        .rule(Rule::ExactlyOneOf(&["private_key_pem", "private_key_pem_wo"]))
        .rule(Rule::Together(&["private_key_pem_wo", "private_key_pem_wo_version"]))
}

pub(super) struct CertRequest;

#[async_trait]
impl Resource for CertRequest {
    fn table(&self) -> Table {
        let computed = |name, description| Property::computed(name, Type::String, description).keeps();
        let results = [
            computed("key_algorithm", "The key's algorithm: `RSA`, `ECDSA` or `ED25519`."),
            computed("cert_request_pem", "The request in PEM."),
            computed("id", "SHA-1 of the request."),
        ];
        let properties = key_properties(KEY, "The subject's private key").into_iter();
        let properties = properties.chain(alternative_name_properties()).chain(results);
        let table = Table::new("tls_cert_request", "A request for a certificate.", properties);
        with_key_rules(table.block(subject_block()))
    }

    async fn create(
        &self,
        planned: &Value,
        config: &Value,
        _call: Call<'_>,
    ) -> Result<Attributes, Diagnostics> {
        let (key, subject) = key_and_subject(planned, config)?;
        off_the_executor(move || {
            let request = certificate::request(&subject, &key)
                .map_err(|error| failure("Error creating certificate request", error))?;
            Ok(vec![
                ("key_algorithm", key.algorithm().into()),
                ("cert_request_pem", pem::encode(label::CERTIFICATE_REQUEST, &request).into()),
                ("id", identifier(&request).into()),
            ])
        })
        .await
    }
}

/// Returns the key of whoever asks for a certificate, and what is said of them.
pub(super) fn key_and_subject(planned: &Value, config: &Value) -> Result<(PrivateKey, Subject), Diagnostics> {
    let key = keys::read(signing_key(planned, config, KEY))
        .map_err(|error| failure("Failed to parse private key PEM", error))?;
    let subject = Subject {
        name: subject(planned),
        alternative_names: AlternativeNames::from_arguments(planned)?,
        public_key_info: key.public_key_info(),
    };
    Ok((key, subject))
}
