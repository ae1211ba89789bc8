//! `tls_locally_signed_cert`: a certificate that an authority signs whose key is at hand.

use terrane_model::{Diagnostic, Diagnostics, Type, Value};
use terrane_provider::async_trait;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::certificate::{Issuer, Subject, issue};
use super::certificate_properties::{
    certificate_attributes, certificate_properties, is_pem, key_properties, signing_key,
};
use super::names::AlternativeNames;
use super::pem::{self, label};
use super::{keys, renewal};
use crate::blocking::off_the_executor;
use crate::object::{Attributes, Fields};
use crate::toolkit::{Call, Draft, Property, Resource, Rule, Table, failure};

const KEY: [&str; 3] = ["ca_private_key_pem", "ca_private_key_pem_wo", "ca_private_key_pem_wo_version"];

pub(super) struct LocallySignedCert;

#[async_trait]
impl Resource for LocallySignedCert {
    fn table(&self) -> Table {
        let pem = |name, description| {
            Property::required(name, Type::String, description).replaces_if(|change| is_pem(change.prior))
        };
        let own = [
            pem("cert_request_pem", "The request in PEM."),
            pem("ca_cert_pem", "The authority's certificate in PEM."),
            Property::computed(
                "ca_key_algorithm",
                Type::String,
                "The authority's key's algorithm: `RSA`, `ECDSA` or `ED25519`.",
            )
            .keeps(),
        ];
        let properties = key_properties(KEY, "The authority's private key").into_iter();
        let properties = properties.chain(certificate_properties()).chain(own);
        Table::new("tls_locally_signed_cert", "A certificate that an authority at hand signs.", properties)
            .rule(Rule::ExactlyOneOf(&["ca_private_key_pem", "ca_private_key_pem_wo"]))
            .rule(Rule::Together(&["ca_private_key_pem_wo", "ca_private_key_pem_wo_version"]))
    }

    fn modify_plan(&self, draft: &mut Draft<'_>) {
        renewal::modify_plan(draft);
        let authority = draft.get("ca_cert_pem").as_str().cloned();
        if draft.is_create() && authority.is_some_and(|pem| is_no_authority(&pem)) {
            draft.report(Diagnostic::warning(
                "Potentially Invalid Certificate Authority",
                "The certificate in ca_cert_pem is not that of an authority. Those who look at the new certificate \
                 may refuse it.",
            ));
        }
    }

    async fn create(
        &self,
        planned: &Value,
        config: &Value,
        _call: Call<'_>,
    ) -> Result<Attributes, Diagnostics> {
        let subject = requested(planned.text("cert_request_pem").unwrap_or(""))?;
        let key = keys::read(signing_key(planned, config, KEY))
            .map_err(|error| failure("Failed to parse CA private key PEM", error))?;
        let authority = content(planned.text("ca_cert_pem").unwrap_or(""), label::CERTIFICATE)
            .map_err(|error| failure("Failed to parse CA certificate PEM", error))?;
        let planned = planned.clone();
        off_the_executor(move || {
            let issued = issue(&subject, &issuer(&authority, &key)?, &planned)?;
            let mut attributes = certificate_attributes(&planned, issued);
            attributes.push(("ca_key_algorithm", key.algorithm().into()));
            Ok(attributes)
        })
        .await
    }

    async fn read(&self, state: Value) -> Result<Option<Value>, Diagnostics> {
        renewal::read(state)
    }
}

/// Returns what the first block of a text holds, which has to be of a kind.
fn content(text: &str, label: &str) -> Result<Vec<u8>, String> {
    let block = pem::decode(text).ok_or_else(|| format!("There is no PEM block of type {label:?}."))?;
    if block.label == label {
        Ok(block.content)
    } else {
        Err(format!("The PEM block is of type {:?}, not {label:?}.", block.label))
    }
}

fn certificate(der: &[u8]) -> Result<X509Certificate<'_>, String> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok(_) => Err("There is something behind the certificate.".to_owned()),
        Err(error) => Err(format!("The content is no certificate: {error}.")),
    }
}

fn is_no_authority(pem: &str) -> bool {
    let content = content(pem, label::CERTIFICATE).unwrap_or_default();
    certificate(&content).is_ok_and(|certificate| !certificate.is_ca())
}

/// Reads whom a request is for. Its signature is not looked at: whoever signs has decided to.
fn requested(pem: &str) -> Result<Subject, Diagnostics> {
    const SUMMARY: &str = "Failed to parse certificate request PEM";
    let der = content(pem, label::CERTIFICATE_REQUEST).map_err(|error| failure(SUMMARY, error))?;
    let (_, request) = X509CertificationRequest::from_der(&der)
        .map_err(|error| failure(SUMMARY, format!("The content is no request: {error}.")))?;
    let names = request.requested_extensions().into_iter().flatten().find_map(|extension| match extension {
        ParsedExtension::SubjectAlternativeName(names) => Some(names.general_names.as_slice()),
        _ => None,
    });
    let info = &request.certification_request_info;
    Ok(Subject {
        name: info.subject.as_raw().to_vec(),
        alternative_names: AlternativeNames::from_request(names.unwrap_or_default())?,
        public_key_info: info.subject_pki.raw.to_vec(),
    })
}

fn issuer<'a>(der: &'a [u8], key: &'a keys::PrivateKey) -> Result<Issuer<'a>, Diagnostics> {
    let certificate =
        certificate(der).map_err(|error| failure("Failed to parse CA certificate PEM", error))?;
    if certificate.public_key().raw != key.public_key_info() {
        let detail = "The authority's private key is not the one that its certificate is for.";
        return Err(failure("Failed to create certificate", detail));
    }
    let key_id = certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
        _ => None,
    });
    Ok(Issuer { name: certificate.tbs_certificate.subject.as_raw(), key_id, key })
}
