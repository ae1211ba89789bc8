//! `hashicorp/tls`: private keys, certificates and what can be learned from them.
//!
//! Keys and certificates are made here and live in the state; nothing looks at a file. Only `tls_certificate` reaches
//! out, to servers that it asks for their certificates.

mod cert_request;
mod certificate;
mod certificate_data;
mod certificate_properties;
mod der;
mod describe;
mod fetch;
mod identifier;
mod keys;
mod locally_signed_cert;
mod names;
mod pem;
mod private_key;
mod provider;
mod public_key;
mod renewal;
mod self_signed_cert;

use std::sync::Arc;

use crate::Environment;
use crate::toolkit::Catalog;

pub(crate) fn catalog(environment: Arc<Environment>) -> Catalog {
    Catalog::default()
        .provider(provider::table())
        .resource(cert_request::CertRequest)
        .resource(locally_signed_cert::LocallySignedCert)
        .resource(private_key::TlsPrivateKey)
        .resource(self_signed_cert::SelfSignedCert)
        .data_source(certificate_data::CertificateData { environment })
        .data_source(public_key::PublicKey)
        .ephemeral_resource(private_key::TlsPrivateKey)
        .ephemeral_resource(public_key::PublicKey)
}
