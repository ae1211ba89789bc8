//! States go back and forth between these providers and those that they stand for, where those have been built.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use terrane_model::encode_json;
use terrane_provider::Provider;

use crate::support::engine::{Action, Instance, read_data};
use crate::support::real::real_provider;
use crate::support::{Folder, start};

/// Makes an object with each provider, and lets the other one plan for it: nothing is to be done.
async fn agree(providers: &[Arc<dyn Provider>; 2], type_name: &str, config: &Json) -> [Instance; 2] {
    let config = config.to_string();
    let mut made = Vec::new();
    for (maker, other) in [(0, 1), (1, 0)] {
        let mut object = Instance::new(providers[maker].clone(), type_name).await;
        object.converge(&config).await;
        let schemas = providers[other].schemas().await.unwrap();
        let version = schemas.resources[type_name].schema.version;
        let mut received = Instance::new(providers[other].clone(), type_name).await;
        let mut stored = String::new();
        encode_json::write_simple_json(&mut stored, &object.state).unwrap();
        assert!(!received.upgrade(version, &stored).await.has_errors(), "{type_name}");
        assert_eq!(received.state, object.state, "{type_name}");
        assert!(!received.refresh().await.has_errors(), "{type_name}");
        assert_eq!(received.state, object.state, "{type_name}");
        assert_eq!(received.plan(&config).await.action, Action::None, "{type_name} {config}");
        made.push(object);
    }
    made.try_into().unwrap_or_else(|_| unreachable!("each provider has made one"))
}

async fn both(name: &str) -> Option<[Arc<dyn Provider>; 2]> {
    Some([start(name), real_provider(name).await?])
}

#[tokio::test]
async fn random_time_and_local_states_are_shared() {
    let folder = Folder::new();
    for (name, type_name, config) in [
        ("random", "random_integer", json!({"min": 1, "max": 100_000})),
        ("random", "random_string", json!({"length": 12, "override_special": "-"})),
        ("random", "random_password", json!({"length": 20, "keepers": {"a": "b"}})),
        ("random", "random_id", json!({"byte_length": 8, "prefix": "p-"})),
        ("random", "random_pet", json!({"length": 3})),
        ("random", "random_uuid", json!({})),
        ("random", "random_shuffle", json!({"input": ["a", "b", "c"], "seed": "x"})),
        ("random", "random_bytes", json!({"length": 4})),
        ("time", "time_static", json!({"triggers": {"a": "b"}})),
        ("time", "time_offset", json!({"offset_days": 3})),
        ("time", "time_rotating", json!({"rotation_years": 1})),
        ("local", "local_file", json!({"filename": folder.path().join("a"), "content": "x"})),
        ("local", "local_sensitive_file", json!({"filename": folder.path().join("b"), "content": "x"})),
    ] {
        let Some(providers) = both(name).await else { return };
        agree(&providers, type_name, &config).await;
    }
}

#[tokio::test]
async fn keys_and_certificates_are_shared() {
    let Some(providers) = both("tls").await else { return };
    for (algorithm, curve) in [
        ("RSA", "P224"),
        ("ECDSA", "P224"),
        ("ECDSA", "P256"),
        ("ECDSA", "P384"),
        ("ECDSA", "P521"),
        ("ED25519", "P224"),
    ] {
        let config = json!({"algorithm": algorithm, "ecdsa_curve": curve});
        for key in agree(&providers, "tls_private_key", &config).await {
            let pem = key.text("private_key_pem");
            told_alike(&providers, "tls_public_key", &json!({"private_key_pem": pem})).await;
            told_alike(&providers, "tls_public_key", &json!({"private_key_openssh": pem})).await;
            let openssh = key.text("private_key_openssh");
            if !openssh.is_empty() {
                told_alike(&providers, "tls_public_key", &json!({"private_key_openssh": openssh})).await;
            }
            certificates(&providers, &pem).await;
        }
    }
}

/// Makes an authority and a certificate of it.
async fn certificates(providers: &[Arc<dyn Provider>; 2], key: &str) {
    let subject = json!([{
        "common_name": "a, b", "organization": " Örg#", "street_address": ["b", "a"], "country": "DE",
        "province": "P", "locality": "L", "postal_code": "1", "organizational_unit": "U", "serial_number": "S",
    }]);
    let authority = json!({
        "private_key_pem": key, "is_ca_certificate": true, "validity_period_hours": 24, "subject": subject,
        "allowed_uses": ["cert_signing", "server_auth"], "max_path_length": 2, "set_authority_key_id": true,
    });
    let request = json!({
        "private_key_pem": key, "subject": subject, "dns_names": ["a.example"], "ip_addresses": ["10.0.0.1", "::1"],
        "uris": ["spiffe://example/a"],
    });
    let requests = agree(providers, "tls_cert_request", &request).await;
    let authorities = agree(providers, "tls_self_signed_cert", &authority).await;
    let [ours, real] = [0, 1].map(|maker| without_chance(&authorities[maker].text("cert_pem")));
    assert_eq!(ours, real);
    for authority in authorities {
        told_alike(providers, "tls_certificate", &json!({"content": authority.text("cert_pem")})).await;
        for request in &requests {
            let certificate = json!({
                "cert_request_pem": request.text("cert_request_pem"), "ca_private_key_pem": key,
                "ca_cert_pem": authority.text("cert_pem"), "validity_period_hours": 1, "allowed_uses": ["client_auth"],
                "set_subject_key_id": true,
            });
            let made = agree(providers, "tls_locally_signed_cert", &certificate).await;
            for certificate in &made {
                let content = json!({"content": certificate.text("cert_pem")});
                told_alike(providers, "tls_certificate", &content).await;
            }
            let [ours, real] = made.map(|certificate| without_chance(&certificate.text("cert_pem")));
            assert_eq!(ours, real);
        }
    }
}

/// Reads a data source with both providers, which have to say the same.
async fn told_alike(providers: &[Arc<dyn Provider>; 2], type_name: &str, config: &Json) {
    let config = config.to_string();
    let [ours, real] = providers;
    let told = read_data(ours.as_ref(), type_name, &config).await.unwrap();
    assert_eq!(told, read_data(real.as_ref(), type_name, &config).await.unwrap(), "{type_name}");
}

/// Returns what there is in a certificate beside its serial number, its times and its signature.
fn without_chance(pem: &str) -> Vec<Vec<u8>> {
    let (_, pem) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).expect("it is PEM");
    let certificate = pem.parse_x509().expect("it is a certificate");
    let names = [certificate.issuer().as_raw(), certificate.subject().as_raw(), certificate.public_key().raw];
    let mut parts = names.map(<[u8]>::to_vec).to_vec();
    for extension in certificate.extensions() {
        let critical = u8::from(extension.critical);
        parts.push([extension.oid.as_bytes(), &[critical], extension.value].concat());
    }
    parts
}
