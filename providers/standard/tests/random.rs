//! `hashicorp/random`: numbers, bytes, identifiers, names, orders.

use insta::assert_snapshot;
use terrane_model::Value;
use terrane_provider::Effects;

use crate::support::engine::{Action, Instance, open};
use crate::support::{render, start};

async fn instance(type_name: &str) -> Instance {
    Instance::new(start("random"), type_name).await
}

fn replaced(name: &str) -> Action {
    Action::Replace(vec![format!(".{name}")])
}

/// Creates an object, and returns it with the value of one attribute put as `DRAWN`.
async fn created(type_name: &str, json: &str, drawn: &str) -> String {
    let mut instance = instance(type_name).await;
    assert_eq!(instance.converge(json).await, Action::Create);
    assert_eq!(instance.provider.effects(type_name), Effects::None);
    let drawn = render::part(&instance.get(drawn));
    instance.show().replace(drawn.trim_matches('"'), "DRAWN")
}

async fn imported(type_name: &str, id: &str) -> String {
    let mut instance = instance(type_name).await;
    let diagnostics = instance.import(id).await;
    if diagnostics.has_errors() { render::diagnostics(&diagnostics) } else { instance.show() }
}

async fn apply_error(type_name: &str, json: &str) -> String {
    let mut instance = instance(type_name).await;
    let planned = instance.plan(json).await;
    let diagnostics = instance.try_apply(planned).await;
    assert!(instance.state.is_null());
    render::diagnostics(&diagnostics)
}

#[tokio::test]
async fn integers() {
    assert_snapshot!(created("random_integer", r#"{"min": 5000, "max": 5999}"#, "result").await, @r#"
    id = "DRAWN"
    max = 5999
    min = 5000
    result = DRAWN
    "#);
    assert_snapshot!(imported("random_integer", "15390,1,50000").await, @r#"
    id = "15390"
    max = 50000
    min = 1
    result = 15390
    "#);
    assert_snapshot!(imported("random_integer", "15390,1,50000,seed").await, @r#"
    id = "15390"
    max = 50000
    min = 1
    result = 15390
    seed = "seed"
    "#);
    assert_snapshot!(imported("random_integer", "x,1,2").await, @r#"error: Import Random Integer Error: The result "x" is no integer: invalid digit found in string."#);
    assert_snapshot!(imported("random_integer", "1").await, @"error: Import Random Integer Error: Invalid import usage: expecting {result},{min},{max} or {result},{min},{max},{seed}");
    assert_snapshot!(apply_error("random_integer", r#"{"min": 2, "max": 1}"#).await, @"error: Create Random Integer Error: The minimum (min) value needs to be smaller than or equal to maximum (max) value.");
    let range = r#"{"min": -9223372036854775808, "max": 9223372036854775807}"#;
    assert_snapshot!(apply_error("random_integer", range).await, @"error: Create Random Integer Error: The range from -9223372036854775808 to 9223372036854775807 holds more numbers than 63 bits can count.");
    let mut integer = instance("random_integer").await;
    assert_snapshot!(render::diagnostics(&integer.validate(r#"{"min": 1.5, "max": 1e30}"#).await), @"
    error at .min: Invalid Attribute Value: Attribute min must be a whole number of 64 bits, got: 1.5
    error at .max: Invalid Attribute Value: Attribute max must be a whole number of 64 bits, got: 1000000000000000000000000000000
    ");
    integer.converge(r#"{"min": 1, "max": 1}"#).await;
    assert_eq!(integer.get("result"), Value::from(1));
    assert_eq!(
        integer.converge(r#"{"min": 2, "max": 2}"#).await,
        Action::Replace(vec![".min".into(), ".max".into()])
    );
    assert_eq!(integer.converge(r#"{"min": 2, "max": 2, "keepers": {"a": "b"}}"#).await, replaced("keepers"));
    let forgetful = r#"{"min": 2, "max": 2, "keepers": {"a": "b", "c": null}}"#;
    assert_eq!(integer.converge(forgetful).await, Action::Update);
    integer.destroy().await;
}

/// What `hashicorp/random` draws with these seeds.
#[tokio::test]
async fn seeds_draw_what_they_always_drew() {
    for (min, max, seed, result) in [
        (1_i64, 1000_i64, "a", 583_i64),
        (1, 1_000_000_000_000, "a", 709_695_224_346),
        (0, 1023, "terrane", 798),
        (-50, 49, "Ünicode", -43),
    ] {
        let mut integer = instance("random_integer").await;
        integer.converge(&format!(r#"{{"min": {min}, "max": {max}, "seed": "{seed}"}}"#)).await;
        assert_eq!(integer.get("result"), Value::from(result), "seed {seed}");
    }
    let mut shuffle = instance("random_shuffle").await;
    shuffle.converge(r#"{"input": ["a", "b", "c", "d", "e"], "result_count": 8, "seed": "x"}"#).await;
    assert_snapshot!(shuffle.show(), @r#"
    id = "-"
    input = ["a", "b", "c", "d", "e"]
    result = ["b", "e", "d", "a", "c", "e", "b", "d"]
    result_count = 8
    seed = "x"
    "#);
}

#[tokio::test]
async fn shuffles() {
    assert_snapshot!(created("random_shuffle", r#"{"input": ["a", "a"]}"#, "id").await, @r#"
    id = "DRAWN"
    input = ["a", "a"]
    result = ["a", "a"]
    "#);
    assert_snapshot!(created("random_shuffle", r#"{"input": [], "result_count": 3}"#, "id").await, @r#"
    id = "DRAWN"
    input = []
    result = []
    result_count = 3
    "#);
    assert_snapshot!(created("random_shuffle", r#"{"input": ["a"], "result_count": 3}"#, "id").await, @r#"
    id = "DRAWN"
    input = ["a"]
    result = ["a", "a", "a"]
    result_count = 3
    "#);
    assert_snapshot!(created("random_shuffle", r#"{"input": ["a"], "result_count": 0}"#, "id").await, @r#"
    id = "DRAWN"
    input = ["a"]
    result = []
    result_count = 0
    "#);
    let mut shuffle = instance("random_shuffle").await;
    shuffle.converge(r#"{"input": ["a", "b", "c", "d", "e", "f"]}"#).await;
    let mut result: Vec<_> = shuffle.get("result").as_sequence().unwrap().iter().map(render::part).collect();
    result.sort();
    assert_eq!(result.concat(), r#""a""b""c""d""e""f""#);
    assert_eq!(shuffle.converge(r#"{"input": ["a"]}"#).await, replaced("input"));
    assert_snapshot!(imported("random_shuffle", "-").await, @"error: Resource Import Not Implemented: This resource does not support import. Please contact the provider developer for additional information.");
}

#[tokio::test]
async fn ids() {
    let mut id = instance("random_id").await;
    id.converge(r#"{"byte_length": 8, "prefix": "p-"}"#).await;
    assert_eq!(id.text("hex").len(), 2 + 16);
    assert_eq!(id.text("b64_url"), format!("p-{}", id.text("id")));
    assert_eq!(id.converge(r#"{"byte_length": 8}"#).await, replaced("prefix"));
    assert_snapshot!(imported("random_id", "p-9hbg,-_8").await, @r#"
    b64_std = "p-9hbg+/8="
    b64_url = "p-9hbg-_8"
    byte_length = 2
    dec = "p-9hbg64511"
    hex = "p-9hbgfbff"
    id = "-_8"
    prefix = "p-9hbg"
    "#);
    assert_snapshot!(imported("random_id", "AQI").await, @r#"
    b64_std = "AQI="
    b64_url = "AQI"
    byte_length = 2
    dec = "258"
    hex = "0102"
    id = "AQI"
    "#);
    assert_snapshot!(imported("random_id", "+").await, @"error: Import Random ID Error: The id is no base64 for URLs: Invalid symbol 43, offset 0.");
    assert_snapshot!(apply_error("random_id", r#"{"byte_length": -1}"#).await, @"error: Random Read Error: Nothing of length -1 can be generated; lengths go from 0 to 67108864.");
}

#[tokio::test]
async fn bytes() {
    let mut bytes = instance("random_bytes").await;
    let planned = bytes.plan(r#"{"length": 3}"#).await;
    assert_snapshot!(render::object(&planned.state), @"
    base64 = (unknown string)
    hex = (unknown string)
    length = 3
    ");
    bytes.converge(r#"{"length": 3}"#).await;
    assert_eq!((bytes.text("hex").len(), bytes.text("base64").len()), (6, 4));
    assert_eq!(bytes.converge(r#"{"length": 4}"#).await, replaced("length"));
    assert_snapshot!(imported("random_bytes", "/w==").await, @r#"
    base64 = "/w=="
    hex = "ff"
    length = 1
    "#);
    assert_snapshot!(imported("random_bytes", "?").await, @"error: Import Random bytes Error: The id is no base64: Invalid symbol 63, offset 0.");
    assert_snapshot!(render::diagnostics(&bytes.validate(r#"{"length": 0}"#).await), @"error at .length: Invalid Attribute Value: Attribute length value must be at least 1, got: 0");
    assert_snapshot!(apply_error("random_bytes", r#"{"length": 100000000000}"#).await, @"error: Random Read Error: Nothing of length 100000000000 can be generated; lengths go from 0 to 67108864.");
    let opened = open(start("random").as_ref(), "random_bytes", r#"{"length": 2}"#).await.unwrap();
    assert_eq!(opened.attribute("hex").as_str().unwrap().len(), 4);
}

#[tokio::test]
async fn uuids() {
    for (type_name, version) in [("random_uuid", '4'), ("random_uuid4", '4'), ("random_uuid7", '7')] {
        let mut uuid = instance(type_name).await;
        uuid.converge("{}").await;
        let id = uuid.text("id");
        assert_eq!((id.len(), id.chars().nth(14)), (36, Some(version)), "{id}");
        assert_eq!(uuid.text("result"), id);
        assert_eq!(uuid.converge(r#"{"keepers": {"a": "b"}}"#).await, replaced("keepers"));
    }
    assert_snapshot!(imported("random_uuid", "AABBCCDD-eeff-0011-2233-445566778899").await, @r#"
    id = "aabbccdd-eeff-0011-2233-445566778899"
    result = "aabbccdd-eeff-0011-2233-445566778899"
    "#);
    assert_snapshot!(imported("random_uuid", "aabbccddeeff00112233445566778899").await, @"error: Import Random UUID Error: The id is no UUID: 36 characters are expected.");
    assert_snapshot!(imported("random_uuid7", "{aabbccdd-eeff-7011-a233-445566778899}").await, @r#"
    id = "aabbccdd-eeff-7011-a233-445566778899"
    result = "aabbccdd-eeff-7011-a233-445566778899"
    "#);
    assert_snapshot!(imported("random_uuid4", "x").await, @"error: Import Random UUID Error: The id is no UUID: failed to parse a UUID.");
}

#[tokio::test]
async fn pets() {
    assert_snapshot!(created("random_pet", "{}", "id").await, @r#"
    id = "DRAWN"
    length = 2
    separator = "-"
    "#);
    for (json, words) in [(r#"{"length": 1}"#, 1), (r#"{"length": 5}"#, 5), (r#"{"length": 0}"#, 2)] {
        let mut pet = instance("random_pet").await;
        pet.converge(json).await;
        assert_eq!(pet.text("id").split('-').count(), words);
    }
    let mut pet = instance("random_pet").await;
    pet.converge(r#"{"prefix": "my", "separator": "_"}"#).await;
    assert!(pet.text("id").starts_with("my_") && pet.text("id").split('_').count() == 3);
    assert_eq!(pet.converge(r#"{"prefix": "my"}"#).await, replaced("separator"));
}
