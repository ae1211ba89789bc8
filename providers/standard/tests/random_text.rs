//! `random_string` and `random_password`.

use insta::assert_snapshot;
use terrane_model::Value;

use crate::support::engine::{Action, Instance, open};
use crate::support::{render, start};

async fn instance(type_name: &str) -> Instance {
    Instance::new(start("random"), type_name).await
}

#[tokio::test]
async fn strings() {
    let mut string = instance("random_string").await;
    assert_snapshot!(render::object(&string.plan(r#"{"length": 8}"#).await.state), @"
    id = (unknown string)
    length = 8
    lower = true
    min_lower = 0
    min_numeric = 0
    min_special = 0
    min_upper = 0
    number = true
    numeric = true
    result = (unknown string)
    special = true
    upper = true
    ");
    string.converge(r#"{"length": 8}"#).await;
    assert_eq!(string.text("result").chars().count(), 8);
    assert_eq!(string.text("id"), string.text("result"));
    assert_eq!(
        string.converge(r#"{"length": 8, "special": false}"#).await,
        Action::Replace(vec![".special".into()])
    );
    let both = Action::Replace(vec![".numeric".into(), ".number".into()]);
    assert_eq!(string.converge(r#"{"length": 8, "special": false, "number": false}"#).await, both);
    assert!(string.text("result").chars().all(|c| c.is_ascii_alphabetic()));
    assert_eq!(
        string.plan(r#"{"length": 8, "special": false, "numeric": false}"#).await.action,
        Action::None
    );
    assert!(string.import("0a-Ü").await.is_empty());
    assert_snapshot!(string.show(), @r#"
    id = "0a-Ü"
    length = 5
    lower = true
    min_lower = 0
    min_numeric = 0
    min_special = 0
    min_upper = 0
    number = true
    numeric = true
    result = "0a-Ü"
    special = true
    upper = true
    "#);
}

#[tokio::test]
async fn minima_and_own_characters_are_heeded() {
    let json = r#"{"length": 9, "min_upper": 2, "min_lower": 2, "min_numeric": 2, "min_special": 3,
                   "override_special": "°§"}"#;
    for _ in 0..50 {
        let mut string = instance("random_string").await;
        string.converge(json).await;
        let text = string.text("result");
        let count = |class: fn(&char) -> bool| text.chars().filter(class).count();
        assert_eq!(count(|c| c.is_ascii_uppercase()), 2, "{text}");
        assert_eq!(count(|c| c.is_ascii_lowercase()), 2, "{text}");
        assert_eq!(count(|c| c.is_ascii_digit()), 2, "{text}");
        assert_eq!(count(|c| "°§".contains(*c)), 3, "{text}");
    }
}

#[tokio::test]
async fn mistakes_in_arguments() {
    let string = instance("random_string").await;
    let mut messages = String::new();
    for json in [
        r#"{"length": 0}"#,
        r#"{"length": 3, "min_upper": 2, "min_lower": 2}"#,
        r#"{"length": 3, "upper": false, "lower": false, "special": false, "numeric": false}"#,
        r#"{"length": 3, "upper": false, "lower": false, "special": "(unknown)", "numeric": false}"#,
        r#"{"length": 3, "min_upper": "(unknown)", "min_lower": 7}"#,
    ] {
        messages += &format!("{json}\n{}", render::diagnostics(&string.validate(json).await));
    }
    let config = string.config(r#"{"length": 3, "number": true, "numeric": false}"#);
    messages += &render::diagnostics(&string.try_plan(config).await.unwrap_err());
    assert_snapshot!(messages, @r#"
    {"length": 0}
    error at .length: Invalid Attribute Value: Attribute length value must be at least 1, got: 0
    {"length": 3, "min_upper": 2, "min_lower": 2}
    error at .length: Invalid Attribute Value: Attribute length value must be at least sum of min_upper + min_lower + min_numeric + min_special, got: 3
    {"length": 3, "upper": false, "lower": false, "special": false, "numeric": false}
    error at .numeric: Invalid Attribute Combination: At least one attribute out of special, upper, lower, numeric must be specified as true
    {"length": 3, "upper": false, "lower": false, "special": "(unknown)", "numeric": false}
    {"length": 3, "min_upper": "(unknown)", "min_lower": 7}
    error: Number and numeric are both configured with different values: Number is deprecated, use numeric instead
    "#);
}

#[tokio::test]
async fn states_of_old_versions_are_completed() {
    let mut string = instance("random_string").await;
    let old = r#"{"id": "ab", "result": "ab", "length": 2, "number": false, "special": true, "upper": null}"#;
    assert!(string.upgrade(1, old).await.is_empty());
    assert_snapshot!(string.show(), @r#"
    id = "ab"
    length = 2
    lower = true
    min_lower = 0
    min_numeric = 0
    min_special = 0
    min_upper = 0
    number = false
    numeric = false
    result = "ab"
    special = true
    upper = true
    "#);
}

#[tokio::test]
async fn passwords() {
    let mut password = instance("random_password").await;
    assert_snapshot!(render::object(&password.plan(r#"{"length": 80}"#).await.state), @"
    bcrypt_hash = (unknown string)
    id = (unknown string)
    length = 80
    lower = true
    min_lower = 0
    min_numeric = 0
    min_special = 0
    min_upper = 0
    number = true
    numeric = true
    result = (unknown string)
    special = true
    upper = true
    ");
    password.converge(r#"{"length": 80}"#).await;
    let hash = password.text("bcrypt_hash");
    assert!(hash.starts_with("$2a$10$") && bcrypt::verify(password.text("result"), &hash).unwrap());
    assert_eq!(password.get("id"), Value::from("none"));
    // The hash stays with the password.
    password.state = without(&password.state, "override_special", "");
    assert_eq!(password.converge(r#"{"length": 80}"#).await, Action::Update);
    assert_eq!(password.text("bcrypt_hash"), hash);

    assert!(password.import("secret").await.is_empty());
    let hash = password.text("bcrypt_hash");
    assert!(bcrypt::verify("secret", &hash).unwrap());
    assert_snapshot!(password.show().replace(&hash, "HASH"), @r#"
    bcrypt_hash = "HASH"
    id = "none"
    length = 6
    lower = true
    min_lower = 0
    min_numeric = 0
    min_special = 0
    min_upper = 0
    number = true
    numeric = true
    result = "secret"
    special = true
    upper = true
    "#);
}

/// Puts a text in place of an attribute.
fn without(object: &Value, name: &str, text: &str) -> Value {
    let attributes = object.as_entries().unwrap_or_default().iter().cloned();
    Value::object(attributes.chain([(name.into(), Value::from(text))]))
}

#[tokio::test]
async fn wrong_hashes_of_old_versions_are_mended() {
    let mut password = instance("random_password").await;
    let other = bcrypt::hash("other", 4).unwrap();
    let stored = format!(r#"{{"id": "none", "result": "ab", "length": 2, "bcrypt_hash": "{other}"}}"#);
    assert!(password.upgrade(2, &stored).await.is_empty());
    assert!(bcrypt::verify("ab", &password.text("bcrypt_hash")).unwrap());
    assert!(password.upgrade(1, &stored).await.is_empty());
    assert_eq!(password.text("bcrypt_hash"), other);
    assert!(password.upgrade(0, r#"{"id": "none", "result": "ab"}"#).await.is_empty());
    assert!(bcrypt::verify("ab", &password.text("bcrypt_hash")).unwrap());
    let diagnostics = password.upgrade(2, r#"{"result": "ab", "bcrypt_hash": "x"}"#).await;
    assert_snapshot!(render::diagnostics(&diagnostics), @"error: Hash Generation Error: No hash of the password can be made: Invalid hash: the hash format is malformed; expected 60 ASCII bytes.");
}

#[tokio::test]
async fn ephemeral_passwords() {
    let provider = start("random");
    let opened =
        open(provider.as_ref(), "random_password", r#"{"length": 4, "special": false}"#).await.unwrap();
    let text = |name| opened.attribute(name).as_str().unwrap().to_string();
    assert!(bcrypt::verify(text("result"), &text("bcrypt_hash")).unwrap());
    let shown =
        render::object(&opened).replace(&text("result"), "PASSWORD").replace(&text("bcrypt_hash"), "HASH");
    assert_snapshot!(shown, @r#"
    bcrypt_hash = "HASH"
    length = 4
    lower = true
    min_lower = 0
    min_numeric = 0
    min_special = 0
    min_upper = 0
    numeric = true
    result = "PASSWORD"
    special = false
    upper = true
    "#);
    let refused = open(provider.as_ref(), "random_password", r#"{"length": 0}"#).await.unwrap_err();
    assert_snapshot!(render::diagnostics(&refused), @"error at .length: Invalid Attribute Value: Attribute length value must be at least 1, got: 0");
}
