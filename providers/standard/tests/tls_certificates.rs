//! `hashicorp/tls`: certificates and requests for them.

use std::fs;

use insta::assert_snapshot;
use serde_json::{Value as Json, json};
use terrane_model::Value;
use terrane_provider::{PlanRequest, Private};
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer, Pem, X509Certificate};

use crate::support::command::opinion;
use crate::support::engine::{Action, Instance, open, read_data};
use crate::support::{Folder, render, start};

/// Keys of every kind that can sign.
const KINDS: [&str; 6] = [
    r#"{"algorithm": "RSA"}"#,
    r#"{"algorithm": "ECDSA", "ecdsa_curve": "P224"}"#,
    r#"{"algorithm": "ECDSA", "ecdsa_curve": "P256"}"#,
    r#"{"algorithm": "ECDSA", "ecdsa_curve": "P384"}"#,
    r#"{"algorithm": "ECDSA", "ecdsa_curve": "P521"}"#,
    r#"{"algorithm": "ED25519"}"#,
];

async fn key(json: &str) -> String {
    let opened = open(start("tls").as_ref(), "tls_private_key", json).await.unwrap();
    opened.attribute("private_key_pem").as_str().unwrap().to_string()
}

async fn instance(type_name: &str) -> Instance {
    Instance::new(start("tls"), type_name).await
}

async fn made(type_name: &str, json: &Json) -> Instance {
    let mut instance = instance(type_name).await;
    assert_eq!(instance.converge(&json.to_string()).await, Action::Create);
    instance
}

fn authority(key: &str) -> Json {
    json!({
        "private_key_pem": key, "is_ca_certificate": true, "validity_period_hours": 24,
        "allowed_uses": ["cert_signing", "crl_signing"], "subject": [{"common_name": "Authority", "organization": "Örg"}],
    })
}

fn full_request(key: &str) -> Json {
    json!({
        "private_key_pem": key,
        "dns_names": ["a.example", "*.b.example"], "ip_addresses": ["10.0.0.1", "fd00::1", "::ffff:10.0.0.2"],
        "uris": ["spiffe://example/a"],
        "subject": [{
            "common_name": "a.example", "organization": "Example, Inc.", "organizational_unit": "Ünit",
            "street_address": ["2 Second Street", "1 First Street"], "locality": "City", "province": "Province",
            "country": "DE", "postal_code": "12345", "serial_number": "S1", "email_address": "a@example",
        }],
    })
}

async fn request_error(type_name: &str, json: &Json) -> String {
    let mut instance = instance(type_name).await;
    let planned = instance.plan(&json.to_string()).await;
    let diagnostics = instance.try_apply(planned).await;
    assert!(instance.state.is_null());
    render::diagnostics(&diagnostics)
}

/// Writes a certificate's subject, issuer and extensions.
fn shown(pem: &str) -> String {
    let (_, pem) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).expect("it is PEM");
    shown_certificate(&pem)
}

fn shown_certificate(pem: &Pem) -> String {
    let (rest, certificate) = X509Certificate::from_der(&pem.contents).expect("it is a certificate");
    assert!(rest.is_empty());
    let mut text = format!("subject: {}\nissuer: {}\n", certificate.subject(), certificate.issuer());
    for extension in certificate.extensions() {
        let content = match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(_) => "subject key".to_owned(),
            ParsedExtension::AuthorityKeyIdentifier(_) => "authority key".to_owned(),
            ParsedExtension::BasicConstraints(constraints) => format!("{constraints:?}"),
            ParsedExtension::KeyUsage(usage) => format!("{usage:?}"),
            ParsedExtension::ExtendedKeyUsage(usage) => {
                let usage = format!("{usage:?}");
                usage.replace(", other: []", "")
            }
            ParsedExtension::SubjectAlternativeName(names) => format!("{:?}", names.general_names),
            other => panic!("not expected: {other:?}"),
        };
        let critical = if extension.critical { "critical " } else { "" };
        text += &format!("{critical}{content}\n");
    }
    text
}

#[tokio::test]
async fn authorities_sign_what_others_request() {
    for authority_kind in KINDS {
        let authority_key = key(authority_kind).await;
        let root = made("tls_self_signed_cert", &authority(&authority_key)).await;
        for kind in [KINDS[0], KINDS[2], KINDS[5]] {
            let request = made("tls_cert_request", &full_request(&key(kind).await)).await;
            let request_pem = request.text("cert_request_pem");
            opinion("openssl", &["req", "-verify", "-noout"], &request_pem);
            let certificate = json!({
                "cert_request_pem": request_pem, "ca_private_key_pem": authority_key,
                "ca_cert_pem": root.text("cert_pem"), "validity_period_hours": 12, "allowed_uses": ["server_auth"],
            });
            let certificate = made("tls_locally_signed_cert", &certificate).await;
            let folder = Folder::new();
            let path = folder.path().join("authority.pem");
            fs::write(&path, root.text("cert_pem")).unwrap();
            let verify = ["verify", "-x509_strict", "-CAfile", path.to_str().unwrap()];
            // OpenSSL asks for identifiers of keys where it is strict.
            let verify = [verify[0], verify[2], verify[3]];
            opinion("openssl", &verify, &certificate.text("cert_pem"));
        }
    }
}

#[tokio::test]
async fn requests_and_certificates_say_what_is_written() {
    let authority_key = key(KINDS[2]).await;
    let mut root = authority(&authority_key);
    root["max_path_length"] = 0.into();
    root["set_authority_key_id"] = true.into();
    let root = made("tls_self_signed_cert", &root).await;
    assert_snapshot!(shown(&root.text("cert_pem")), @"
    subject: O=Örg, CN=Authority
    issuer: O=Örg, CN=Authority
    critical KeyUsage { flags: 96 }
    critical BasicConstraints { ca: true, path_len_constraint: Some(0) }
    subject key
    authority key
    ");
    let request = made("tls_cert_request", &full_request(&key(KINDS[5]).await)).await;
    assert_eq!(request.text("key_algorithm"), "ED25519");
    let certificate = json!({
        "cert_request_pem": request.text("cert_request_pem"), "ca_private_key_pem": authority_key,
        "ca_cert_pem": root.text("cert_pem"), "validity_period_hours": 12, "set_subject_key_id": true,
        "allowed_uses": ["client_auth", "key_encipherment", "digital_signature", "microsoft_kernel_code_signing", "server_auth"],
    });
    let certificate = made("tls_locally_signed_cert", &certificate).await;
    assert_snapshot!(shown(&certificate.text("cert_pem")), @r#"
    subject: C=DE, ST=Province, L=City, streetAddress=1 First Street + streetAddress=2 Second Street, postalCode=12345, O=Example, Inc., OU=Ünit, CN=a.example, serialNumber=S1, Email=a@example
    issuer: O=Örg, CN=Authority
    critical KeyUsage { flags: 5 }
    ExtendedKeyUsage { any: false, server_auth: true, client_auth: true, code_signing: false, email_protection: false, time_stamping: false, ocsp_signing: false, other: [OID(1.3.6.1.4.1.311.61.1.1)] }
    critical BasicConstraints { ca: false, path_len_constraint: None }
    subject key
    authority key
    [DNSName("a.example"), DNSName("*.b.example"), IPAddress([10, 0, 0, 1]), IPAddress([253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]), IPAddress([10, 0, 0, 2]), URI("spiffe://example/a")]
    "#);
    assert_eq!(certificate.text("ca_key_algorithm"), "ECDSA");
    let content = json!({"content": certificate.text("cert_pem")}).to_string();
    let told = read_data(start("tls").as_ref(), "tls_certificate", &content).await.unwrap();
    let told = told.attribute("certificates").as_sequence().unwrap()[0].clone();
    assert_eq!(told.attribute("serial_number"), certificate.get("id"));
    let start = certificate.text("validity_start_time");
    let second = told.attribute("not_before").as_str().unwrap().trim_end_matches('Z').to_owned();
    assert!(start.starts_with(&second), "{start} {second}");
    let names = [
        "issuer",
        "subject",
        "signature_algorithm",
        "public_key_algorithm",
        "is_ca",
        "max_path_length",
        "version",
    ];
    let told: String =
        names.map(|name| format!("{name} = {}\n", render::part(&told.attribute(name)))).concat();
    assert_snapshot!(told, @r#"
    issuer = "CN=Authority,O=Örg"
    subject = "SERIALNUMBER=S1,CN=a.example,OU=Ünit,O=Example\\, Inc.,POSTALCODE=12345,STREET=1 First Street+STREET=2 Second Street,L=City,ST=Province,C=DE,1.2.840.113549.1.9.1=#0c0961406578616d706c65"
    signature_algorithm = "ECDSA-SHA256"
    public_key_algorithm = "Ed25519"
    is_ca = false
    max_path_length = -1
    version = 3
    "#);
}

#[tokio::test]
async fn certificates_without_a_subject_name_hosts_critically() {
    let certificate = json!({
        "private_key_pem": key(KINDS[2]).await, "validity_period_hours": 1, "allowed_uses": [], "dns_names": ["a"],
    });
    let certificate = made("tls_self_signed_cert", &certificate).await;
    assert_snapshot!(shown(&certificate.text("cert_pem")), @r#"
    subject: 
    issuer: 
    critical BasicConstraints { ca: false, path_len_constraint: None }
    critical [DNSName("a")]
    "#);
}

#[tokio::test]
async fn changes_make_new_certificates() {
    let old_key = key(KINDS[2]).await;
    let mut written = authority(&old_key);
    let mut certificate = made("tls_self_signed_cert", &written).await;
    let serial_number = certificate.text("id");
    written["early_renewal_hours"] = 1.into();
    assert_eq!(certificate.converge(&written.to_string()).await, Action::Update);
    assert_eq!(certificate.text("id"), serial_number);
    for (name, value) in [
        ("private_key_pem", json!(key(KINDS[5]).await)),
        ("validity_period_hours", json!(25)),
        ("dns_names", json!(["a"])),
        ("max_path_length", json!(3)),
        ("set_subject_key_id", json!(true)),
        ("subject", json!([{"common_name": "Other"}])),
    ] {
        written[name] = value;
        let replaced = Action::Replace(vec![format!(".{name}")]);
        assert_eq!(certificate.converge(&written.to_string()).await, replaced, "{name}");
    }
    assert_ne!(certificate.text("id"), serial_number);
    certificate.destroy().await;
}

#[tokio::test]
async fn keys_that_are_not_kept_sign_too() {
    let mut written = authority("");
    written["private_key_pem"] = Json::Null;
    written["private_key_pem_wo"] = key(KINDS[3]).await.into();
    written["private_key_pem_wo_version"] = 1.into();
    let mut certificate = made("tls_self_signed_cert", &written).await;
    assert!(certificate.get("private_key_pem_wo").is_null());
    assert_eq!(certificate.text("key_algorithm"), "ECDSA");
    written["private_key_pem_wo"] = key(KINDS[5]).await.into();
    assert_eq!(certificate.plan(&written.to_string()).await.action, Action::None);
    written["private_key_pem_wo_version"] = 2.into();
    let replaced = Action::Replace(vec![".private_key_pem_wo_version".to_owned()]);
    assert_eq!(certificate.converge(&written.to_string()).await, replaced);
    assert_eq!(certificate.text("key_algorithm"), "ED25519");
}

#[tokio::test]
async fn certificates_are_renewed_in_time() {
    let mut written = authority(&key(KINDS[5]).await);
    let mut certificate = made("tls_self_signed_cert", &written).await;
    assert_eq!(certificate.get("ready_for_renewal"), Value::from(false));
    // The end has come when it is in the past, or closer than the hours of early renewal.
    let mut state = certificate.show();
    assert!(state.contains("early_renewal_hours = 0"));
    written["early_renewal_hours"] = 23.into();
    certificate.converge(&written.to_string()).await;
    written["validity_period_hours"] = 1.into();
    written["early_renewal_hours"] = 1.into();
    let planned = certificate.plan(&written.to_string()).await;
    certificate.apply(planned).await;
    assert_eq!(certificate.get("ready_for_renewal"), Value::from(true));
    let planned = certificate.plan(&written.to_string()).await;
    assert_eq!(planned.action, Action::Replace(vec![".ready_for_renewal".to_owned()]));
    written["early_renewal_hours"] = 0.into();
    assert_eq!(certificate.plan(&written.to_string()).await.action, Action::Update);
    state = certificate.text("validity_end_time");
    let past = state.replacen("20", "19", 1);
    let mut json = written.clone();
    json["validity_end_time"] = past.into();
    json["id"] = "1".into();
    certificate.upgrade(0, &json.to_string()).await;
    certificate.refresh().await;
    assert_eq!(certificate.get("ready_for_renewal"), Value::from(true));
    json["validity_end_time"] = "soon".into();
    certificate.upgrade(0, &json.to_string()).await;
    assert_snapshot!(render::diagnostics(&certificate.refresh().await), @r#"error: Invalid certificate in the state: validity_end_time is "soon", which is no timestamp in RFC 3339."#);
}

#[tokio::test]
async fn mistakes_in_arguments_of_certificates() {
    let certificate = instance("tls_self_signed_cert").await;
    let mut messages = String::new();
    for json in [
        json!({"validity_period_hours": -1, "allowed_uses": ["anything"], "early_renewal_hours": -1, "max_path_length": -2}),
        json!({"private_key_pem": "a", "private_key_pem_wo": "b", "validity_period_hours": 1, "allowed_uses": []}),
        json!({"private_key_pem": "a", "validity_period_hours": 1, "allowed_uses": [], "uris": ["a", ""], "ip_addresses": [""],
               "subject": [{}, {}]}),
    ] {
        messages += &render::diagnostics(&certificate.validate(&json.to_string()).await);
    }
    assert_snapshot!(messages, @r#"
    error at .validity_period_hours: Invalid Attribute Value: Attribute validity_period_hours value must be at least 0, got: -1
    error at .allowed_uses: Invalid Attribute Value Match: Attribute allowed_uses value must be a list of: "any_extended", "cert_signing", "client_auth", "code_signing", "content_commitment", "crl_signing", "data_encipherment", "decipher_only", "digital_signature", "email_protection", "encipher_only", "ipsec_end_system", "ipsec_tunnel", "ipsec_user", "key_agreement", "key_encipherment", "microsoft_commercial_code_signing", "microsoft_kernel_code_signing", "microsoft_server_gated_crypto", "netscape_server_gated_crypto", "ocsp_signing", "server_auth", "timestamping", got: "anything"
    error at .early_renewal_hours: Invalid Attribute Value: Attribute early_renewal_hours value must be at least 0, got: -1
    error at .max_path_length: Invalid Attribute Value: Attribute max_path_length value must be at least -1, got: -2
    error: Missing Attribute Configuration: Exactly one of these attributes must be configured: "private_key_pem", "private_key_pem_wo"
    error at .private_key_pem: Invalid Attribute Combination: Only one of these attributes can be configured: "private_key_pem", "private_key_pem_wo"
    error at .private_key_pem_wo: Invalid Attribute Combination: These attributes must be configured together: "private_key_pem_wo", "private_key_pem_wo_version"
    error at .ip_addresses: Invalid Attribute Value Length: Attribute ip_addresses[0] string length must be at least 1
    error at .uris: Invalid Attribute Value Length: Attribute uris[1] string length must be at least 1
    error at .subject: Invalid Attribute Value: At most 1 blocks of type subject may be written, got: 2
    "#);
}

#[tokio::test]
async fn certificates_that_cannot_be() {
    let own_key = key(KINDS[2]).await;
    let mut messages = String::new();
    for changes in [
        json!({"private_key_pem": "none"}),
        json!({"subject": []}),
        json!({"is_ca_certificate": false, "max_path_length": 1}),
        json!({"is_ca_certificate": false, "set_authority_key_id": true}),
        json!({"validity_period_hours": 1_000_000_000_000_i64}),
        json!({"ip_addresses": ["10.0.0.256"]}),
        json!({"dns_names": ["ü.example"]}),
        json!({"uris": ["a b"]}),
    ] {
        let mut written = authority(&own_key);
        written.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        messages += &request_error("tls_self_signed_cert", &written).await;
    }
    let root = made("tls_self_signed_cert", &authority(&own_key)).await;
    let request = made("tls_cert_request", &json!({"private_key_pem": own_key})).await;
    let signed = json!({
        "cert_request_pem": request.text("cert_request_pem"), "ca_private_key_pem": own_key,
        "ca_cert_pem": root.text("cert_pem"), "validity_period_hours": 12, "allowed_uses": [],
    });
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for changes in [
        json!({"ca_private_key_pem": key(KINDS[2]).await}),
        json!({"ca_cert_pem": request.text("cert_request_pem")}),
        json!({"ca_cert_pem": broken}),
        json!({"cert_request_pem": ""}),
        json!({"cert_request_pem": broken.replace("CERTIFICATE", "CERTIFICATE REQUEST")}),
    ] {
        let mut written = signed.clone();
        written.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        messages += &request_error("tls_locally_signed_cert", &written).await;
    }
    assert_snapshot!(messages, @r#"
    error: Failed to parse private key PEM: There is no PEM block in the text.
    error: Invalid Certificate Subject: The certificate of an authority needs at least one attribute in its subject.
    error: Failed to create certificate: Only certificates of authorities can have a max_path_length: set is_ca_certificate to true.
    error: Invalid Certificate Authority: There is no identifier of the authority's key: set set_subject_key_id or is_ca_certificate too.
    error: Failed to create certificate: In 1000000000000 hours the year has more than four digits.
    error: Invalid IP address: "10.0.0.256" is neither an IPv4 nor an IPv6 address.
    error: Invalid DNS name: "ü.example" has characters that are not in ASCII; write it as Punycode.
    error: Invalid URI: "a b" has characters that URIs have only in escaped form.
    error: Failed to create certificate: The authority's private key is not the one that its certificate is for.
    error: Failed to parse CA certificate PEM: The PEM block is of type "CERTIFICATE REQUEST", not "CERTIFICATE".
    error: Failed to parse CA certificate PEM: The content is no certificate.
    error: Failed to parse certificate request PEM: There is no PEM block of type "CERTIFICATE REQUEST".
    error: Failed to parse certificate request PEM: The content is no request.
    "#);
}

#[tokio::test]
async fn whoever_is_no_authority_is_warned_about() {
    let own_key = key(KINDS[2]).await;
    let mut root = authority(&own_key);
    root["is_ca_certificate"] = false.into();
    let root = made("tls_self_signed_cert", &root).await;
    let request = made("tls_cert_request", &json!({"private_key_pem": own_key})).await;
    let signed = json!({
        "cert_request_pem": request.text("cert_request_pem"), "ca_private_key_pem": own_key,
        "ca_cert_pem": root.text("cert_pem"), "validity_period_hours": 12, "allowed_uses": [],
    });
    let certificate = instance("tls_locally_signed_cert").await;
    let request = PlanRequest {
        type_name: "tls_locally_signed_cert".into(),
        prior_state: certificate.state.clone(),
        proposed_new_state: certificate.plan(&signed.to_string()).await.state,
        config: certificate.config(&signed.to_string()),
        prior_private: Private::new(),
        provider_meta: Value::dynamic_null(),
        prior_identity: None,
    };
    let planned = certificate.provider.plan_resource_change(request).await;
    assert_snapshot!(render::diagnostics(&planned.diagnostics), @"warning: Potentially Invalid Certificate Authority: The certificate in ca_cert_pem is not that of an authority. Those who look at the new certificate may refuse it.");
}
