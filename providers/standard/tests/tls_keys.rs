//! `hashicorp/tls`: keys.

use std::fs;

use insta::assert_snapshot;
use serde_json::json;
use terrane_model::Value;
use terrane_provider::Effects;

use crate::support::command::opinion;
use crate::support::engine::{Action, Instance, open, read_data};
use crate::support::{Folder, render, start};

/// Keys of every kind.
const KINDS: [&str; 6] = [
    r#"{"algorithm": "RSA"}"#,
    r#"{"algorithm": "ECDSA"}"#,
    r#"{"algorithm": "ECDSA", "ecdsa_curve": "P256"}"#,
    r#"{"algorithm": "ECDSA", "ecdsa_curve": "P384"}"#,
    r#"{"algorithm": "ECDSA", "ecdsa_curve": "P521"}"#,
    r#"{"algorithm": "ED25519"}"#,
];

/// A key that has been published, so that nobody uses it (RFC 8410, section 10.3).
const PUBLISHED: &str = "-----BEGIN PRIVATE KEY-----\n\
                         MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
                         -----END PRIVATE KEY-----\n";

async fn key(json: &str) -> Instance {
    let mut key = Instance::new(start("tls"), "tls_private_key").await;
    assert_eq!(key.converge(json).await, Action::Create);
    key
}

async fn public_key(argument: &str, key: &str) -> Result<Value, String> {
    let config = json!({argument: key}).to_string();
    let read = read_data(start("tls").as_ref(), "tls_public_key", &config).await;
    read.map_err(|diagnostics| render::diagnostics(&diagnostics))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("(nothing)")
}

#[tokio::test]
async fn keys_have_the_forms_of_their_algorithms() {
    let mut forms = String::new();
    for kind in KINDS {
        let key = key(kind).await;
        forms += &format!("{kind}\n");
        for name in ["private_key_pem", "private_key_pem_pkcs8", "private_key_openssh", "public_key_pem"] {
            forms += &format!("  {name}: {}\n", first_line(&key.text(name)));
        }
        let line = key.text("public_key_openssh");
        let (md5, sha256) =
            (key.text("public_key_fingerprint_md5"), key.text("public_key_fingerprint_sha256"));
        let kind = line.split(' ').next().unwrap_or("");
        forms += &format!("  ssh: {kind:?}, fingerprints of {} and {} characters\n", md5.len(), sha256.len());
    }
    assert_snapshot!(forms);
    let key = key(KINDS[0]).await;
    assert_eq!(key.provider.effects("tls_private_key"), Effects::None);
    let schemas = key.provider.schemas().await.unwrap();
    let sensitive = schemas.resources["tls_private_key"].schema.block.sensitive_paths(&key.state);
    let sensitive: Vec<_> = sensitive.iter().map(|(path, _)| path.to_string()).collect();
    assert_eq!(sensitive, [".private_key_openssh", ".private_key_pem", ".private_key_pem_pkcs8"]);
}

#[tokio::test]
async fn all_forms_of_a_key_have_the_same_public_half() {
    let names = [
        "id",
        "algorithm",
        "public_key_pem",
        "public_key_openssh",
        "public_key_fingerprint_md5",
        "public_key_fingerprint_sha256",
    ];
    for kind in KINDS {
        let key = key(kind).await;
        let mut forms = vec![
            ("private_key_pem", key.text("private_key_pem")),
            ("private_key_pem", key.text("private_key_pem_pkcs8")),
            ("private_key_openssh", key.text("private_key_pem")),
        ];
        if !key.text("private_key_openssh").is_empty() {
            forms.push(("private_key_openssh", key.text("private_key_openssh")));
        }
        for (argument, form) in forms {
            let public = public_key(argument, &form).await.unwrap();
            for name in names {
                assert_eq!(public.attribute(name), key.get(name), "{kind} {argument} {name}");
            }
        }
        let config = json!({"private_key_pem": key.text("private_key_pem")}).to_string();
        let opened = open(key.provider.as_ref(), "tls_public_key", &config);
        assert_eq!(opened.await.unwrap().attribute("id"), key.get("id"), "{kind}");
    }
}

#[tokio::test]
async fn openssl_and_openssh_read_the_keys() {
    for kind in KINDS {
        let key = key(kind).await;
        for form in ["private_key_pem", "private_key_pem_pkcs8"] {
            if let Some(public) = opinion("openssl", &["pkey", "-pubout"], &key.text(form)) {
                assert_eq!(public, key.text("public_key_pem"), "{kind} {form}");
            }
        }
        let openssh = key.text("private_key_openssh");
        if openssh.is_empty() {
            continue;
        }
        let folder = Folder::new();
        let path = folder.path().join("key");
        fs::write(&path, &openssh).unwrap();
        #[cfg(unix)]
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let path = path.to_str().unwrap();
        let Some(line) = opinion("ssh-keygen", &["-y", "-P", "", "-f", path], "") else { return };
        assert_eq!(line.trim(), key.text("public_key_openssh").trim(), "{kind}");
        for (hash, name, prefix) in
            [("md5", "public_key_fingerprint_md5", "MD5:"), ("sha256", "public_key_fingerprint_sha256", "")]
        {
            let printed = opinion("ssh-keygen", &["-l", "-E", hash, "-f", path], "").unwrap();
            assert!(printed.contains(&format!("{prefix}{} ", key.text(name))), "{kind} {printed}");
        }
    }
}

#[tokio::test]
async fn a_published_key_has_its_published_half() {
    let public = public_key("private_key_pem", PUBLISHED).await.unwrap();
    let shown = render::object(&public);
    let (_, public_part) = shown.split_once("public_key_fingerprint_md5").expect("the key comes first");
    assert_snapshot!(format!("public_key_fingerprint_md5{public_part}"), @r#"
    public_key_fingerprint_md5 = "a4:93:e0:e6:59:bd:5e:0e:be:ad:f9:d7:f9:bd:c2:85"
    public_key_fingerprint_sha256 = "SHA256:ebCT4wkJOqO5AIlHG03cHvn3Cr3ZZEEh8m81duHhR3Q"
    public_key_openssh = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBm/RAlphM3+hUG6wWfcO5bIUIaqMLa2ywxcOK1wMWbh\n"
    public_key_pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"
    "#);
    assert_snapshot!(render::part(&public.attribute("id")), @r#""3a04967761a552db7e9e18c6dba4bd4aae119908""#);
}

#[tokio::test]
async fn long_keys_are_made_in_time() {
    let key = key(r#"{"algorithm": "RSA", "rsa_bits": 4096}"#).await;
    assert_eq!(key.get("rsa_bits"), Value::from(4096));
    assert!(key.text("private_key_pem").len() > 3000);
}

#[tokio::test]
async fn every_argument_makes_another_key() {
    let mut key = key(KINDS[5]).await;
    let before = key.text("id");
    for (json, changed) in [
        (r#"{"algorithm": "ECDSA"}"#, ".algorithm"),
        (r#"{"algorithm": "ECDSA", "ecdsa_curve": "P384"}"#, ".ecdsa_curve"),
        (r#"{"algorithm": "ECDSA", "ecdsa_curve": "P384", "rsa_bits": 1024}"#, ".rsa_bits"),
    ] {
        assert_eq!(key.converge(json).await, Action::Replace(vec![changed.to_owned()]), "{json}");
    }
    assert_ne!(key.text("id"), before);
    key.destroy().await;
}

#[tokio::test]
async fn ephemeral_keys_have_the_same_defaults() {
    let opened = open(start("tls").as_ref(), "tls_private_key", r#"{"algorithm": "ED25519"}"#).await.unwrap();
    assert_eq!(opened.attribute("rsa_bits"), Value::from(2048));
    assert_eq!(opened.attribute("ecdsa_curve"), Value::from("P224"));
    let pem = opened.attribute("private_key_pem");
    let public = public_key("private_key_pem", pem.as_str().unwrap()).await.unwrap();
    assert_eq!(public.attribute("public_key_openssh"), opened.attribute("public_key_openssh"));
}

#[tokio::test]
async fn states_of_old_versions_are_completed() {
    let made = key(KINDS[2]).await;
    let old = json!({
        "algorithm": "ECDSA", "ecdsa_curve": "P256", "rsa_bits": 2048,
        "private_key_pem": made.text("private_key_pem"),
        "public_key_fingerprint_md5": made.text("public_key_fingerprint_md5"),
        "public_key_openssh": made.text("public_key_openssh"),
        "public_key_pem": made.text("public_key_pem"),
        "id": made.text("id"),
    });
    let mut key = Instance::new(start("tls"), "tls_private_key").await;
    let diagnostics = key.upgrade(0, &old.to_string()).await;
    assert!(diagnostics.is_empty(), "{}", render::diagnostics(&diagnostics));
    for name in ["private_key_pem_pkcs8", "public_key_fingerprint_sha256", "id"] {
        assert_eq!(key.get(name), made.get(name), "{name}");
    }
    assert_eq!(first_line(&key.text("private_key_openssh")), "-----BEGIN OPENSSH PRIVATE KEY-----");
    assert_eq!(key.plan(KINDS[2]).await.action, Action::None);
    let broken = key.upgrade(0, r#"{"private_key_pem": "none"}"#).await;
    assert_snapshot!(render::diagnostics(&broken), @"error: Unable to parse key from PEM: There is no PEM block in the text.");
}

#[tokio::test]
async fn mistakes_in_keys() {
    let key = Instance::new(start("tls"), "tls_private_key").await;
    let mut messages = String::new();
    for json in [r#"{"algorithm": "DSA"}"#, r#"{"algorithm": "ECDSA", "ecdsa_curve": "P192"}"#] {
        messages += &render::diagnostics(&key.validate(json).await);
    }
    for bits in [512, 1_000_000] {
        let mut key = Instance::new(start("tls"), "tls_private_key").await;
        let planned = key.plan(&json!({"algorithm": "RSA", "rsa_bits": bits}).to_string()).await;
        messages += &render::diagnostics(&key.try_apply(planned).await);
        assert!(key.state.is_null());
    }
    let import = Instance::new(start("tls"), "tls_private_key").await.import("x").await;
    messages += &render::diagnostics(&import);
    assert_snapshot!(messages, @r#"
    error at .algorithm: Invalid Attribute Value Match: Attribute algorithm value must be one of: "RSA", "ECDSA", "ED25519", got: "DSA"
    error at .ecdsa_curve: Invalid Attribute Value Match: Attribute ecdsa_curve value must be one of: "P224", "P256", "P384", "P521", got: "P192"
    error: Unable to generate Key from configuration: RSA keys of 512 bits are insecure; at least 1024 are needed.
    error: Unable to generate Key from configuration: RSA keys of 1000000 bits take too long; 16384 are the most.
    error: Resource Import Not Implemented: This resource does not support import. Please contact the provider developer for additional information.
    "#);
}

#[tokio::test]
async fn texts_that_are_no_keys() {
    let encrypted =
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    let openssh = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
    let mut messages = String::new();
    for (argument, text) in [
        ("private_key_pem", ""),
        ("private_key_pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ("private_key_pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        ("private_key_pem", encrypted),
        ("private_key_pem", openssh),
        ("private_key_openssh", openssh),
        ("private_key_openssh", "none"),
    ] {
        messages += &public_key(argument, text).await.unwrap_err();
    }
    let config = r#"{"private_key_pem": "a", "private_key_openssh": "b"}"#;
    let both = read_data(start("tls").as_ref(), "tls_public_key", config).await.unwrap_err();
    messages += &render::diagnostics(&both);
    assert_snapshot!(messages, @r#"
    error: Unable to parse private key: There is no PEM block in the text.
    error: Unable to parse private key: PEM blocks of type "CERTIFICATE" are no private keys that can be read.
    error: Unable to parse private key: The content of the PEM block of type "PRIVATE KEY" is no private key.
    error: Unable to parse private key: The private key is protected with a passphrase.
    error: Unable to parse private key: PEM blocks of type "OPENSSH PRIVATE KEY" are no private keys that can be read.
    error: Unable to parse private key: The content of the PEM block is no OpenSSH private key.
    error: Unable to parse private key: There is no PEM block in the text.
    error at .private_key_pem: Invalid Attribute Combination: Only one of these attributes can be configured: "private_key_pem", "private_key_openssh"
    "#);
}
