use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::{Number, Refinement, Str, VALUE_HEIGHT_MAX};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn number(text: &str) -> Value {
    Value::Number(Number::parse(text).unwrap())
}

/// The bytes are those that go-cty writes, and the value reads back from them.
#[track_caller]
fn check(value: &Value, ty: &Type, expected: &str) {
    let written = msgpack_from_value(value, ty).unwrap();
    assert_eq!(hex(&written), expected, "{value:?}");
    assert_eq!(value_from_msgpack(&written, ty).as_ref(), Ok(value), "{value:?}");
}

#[test]
fn numbers_take_the_shortest_exact_form() {
    for (text, expected) in [
        ("0", "00"),
        ("127", "7f"),
        ("128", "cc80"),
        ("255", "ccff"),
        ("256", "cd0100"),
        ("65536", "ce00010000"),
        ("4294967295", "ceffffffff"),
        ("4294967296", "cf0000000100000000"),
        ("9223372036854775807", "cf7fffffffffffffff"),
        ("9223372036854775808", "b339323233333732303336383534373735383038"),
        ("-1", "ff"),
        ("-32", "e0"),
        ("-33", "d0df"),
        ("-128", "d080"),
        ("-129", "d1ff7f"),
        ("-32769", "d2ffff7fff"),
        ("-2147483649", "d3ffffffff7fffffff"),
        ("-9223372036854775808", "d38000000000000000"),
        ("-9223372036854775809", "b42d39323233333732303336383534373735383039"),
        ("0.5", "cb3fe0000000000000"),
        ("0.1", "a3302e31"),
        ("1e-30", "d920302e303030303030303030303030303030303030303030303030303030303031"),
    ] {
        check(&number(text), &Type::Number, expected);
    }
    check(&Value::Number(Number::INFINITY), &Type::Number, "cb7ff0000000000000");
    check(&Value::Number(Number::INFINITY.negate()), &Type::Number, "cbfff0000000000000");
    check(&Value::Number(Number::from_f64(0.1).unwrap()), &Type::Number, "cb3fb999999999999a");
    assert_eq!(hex(&msgpack_from_value(&number("-0"), &Type::Number).unwrap()), "00");
    let third = Number::parse("1").unwrap().divide(&Number::parse("3").unwrap()).unwrap();
    check(&Value::Number(third), &Type::Number, &format!("d99d302e{}35", "33".repeat(154)));
}

#[test]
fn numbers_of_every_width_are_read() {
    for (hex, expected) in [
        ("cfffffffffffffffff", "18446744073709551615"),
        ("ca3f000000", "0.5"),
        ("d0ff", "-1"),
        ("c4023432", "42"),
        ("d3ffffffffffffffff", "-1"),
    ] {
        assert_eq!(value_from_msgpack(&bytes(hex), &Type::Number), Ok(number(expected)), "{hex}");
    }
}

#[test]
fn collections_and_structures() {
    let list =
        Value::list(Type::String, ["b".into(), Value::Null(Type::String), Value::unknown(Type::String)]);
    check(&list, &Type::list(Type::String), "93a162c0d40000");
    check(&Value::set(Type::String, ["b".into(), "a".into()]), &Type::set(Type::String), "92a161a162");
    let map = Value::map(Type::Bool, [("b", true.into()), ("a", false.into())]);
    check(&map, &Type::map(Type::Bool), "82a161c2a162c3");
    check(&Value::empty_object(), &Type::object::<Str>([]), "80");
    let tuple = Value::tuple(["x".into(), Value::from(1)]);
    check(&tuple, &Type::tuple([Type::String, Type::Dynamic]), "92a17892c408226e756d6265722201");
    let object =
        Value::object([("n", Value::Null(Type::Number)), ("id", Value::unknown_not_null(Type::String))]);
    check(&object, &object.ty(), "82a26964c7030c8101c2a16ec0");
    let sixteen = Value::list(Type::Bool, vec![Value::from(true); 16]);
    check(&sixteen, &Type::list(Type::Bool), &format!("dc0010{}", "c3".repeat(16)));
    for (length, head) in [(31, "bf"), (32, "d920"), (256, "da0100"), (70_000, "db00011170")] {
        let text = Value::from("a".repeat(length));
        check(&text, &Type::String, &format!("{head}{}", "61".repeat(length)));
    }
}

#[test]
fn open_types_travel_with_the_value() {
    let dynamic = Type::Dynamic;
    check(&"x".into(), &dynamic, "92c40822737472696e6722a178");
    check(&Value::Null(Type::String), &dynamic, "92c40822737472696e6722c0");
    check(&Value::dynamic_null(), &dynamic, "c0");
    check(&Value::dynamic(), &dynamic, "d40000");
    check(&Value::unknown(Type::String), &dynamic, "92c40822737472696e6722d40000");
    let object = Value::object([("a", Value::list(Type::Number, [1.into()])), ("b", true.into())]);
    let ty = "5b226f626a656374222c7b2261223a5b226c697374222c226e756d626572225d2c2262223a22626f6f6c227d5d";
    check(&object, &dynamic, &format!("92c42d{ty}82a1619101a162c3"));
    let map = Value::map(Type::String, [("k", "v".into())]);
    let written = msgpack_from_value(&map, &Type::map(Type::Dynamic)).unwrap();
    assert_eq!(value_from_msgpack(&written, &Type::map(Type::Dynamic)), Ok(map));
}

#[test]
fn unknown_values_keep_their_promises() {
    let refined = Value::refined_unknown;
    check(&Value::unknown(Type::String), &Type::String, "d40000");
    check(&Value::unknown_not_null(Type::String), &Type::String, "c7030c8101c2");
    let prefix = Refinement { string_prefix: "ab-".into(), ..Refinement::default() };
    check(&refined(Type::String, prefix), &Type::String, "c7060c8102a361622d");
    let bounds = Refinement {
        number_min: Some((1i64.into(), true)),
        number_max: Some((Number::parse("2.5").unwrap(), false)),
        ..Refinement::not_null()
    };
    let expected = "c7130c8301c2039201c30492cb4004000000000000c2";
    check(&refined(Type::Number, bounds), &Type::Number, expected);
    let lengths = Refinement { length_min: 1, length_max: Some(300), ..Refinement::not_null() };
    let list = Type::list(Type::String);
    check(&refined(list.clone(), lengths), &list, "c7090c8301c2050106cd012c");
}

#[test]
fn long_prefixes_are_cut_between_characters() {
    for (prefix, kept) in [("ab".repeat(200), 254), ("é".repeat(200), 254), ("ab\u{301}".repeat(100), 253)] {
        let refinement = Refinement { string_prefix: prefix.as_str().into(), ..Refinement::not_null() };
        let written =
            msgpack_from_value(&Value::refined_unknown(Type::String, refinement), &Type::String).unwrap();
        let read = value_from_msgpack(&written, &Type::String).unwrap();
        let kept_prefix = read.as_unknown().unwrap().refinement.string_prefix.clone();
        assert_eq!(kept_prefix.len(), kept);
        assert!(prefix.starts_with(kept_prefix.as_str()));
    }
}

#[test]
fn later_versions_may_promise_more() {
    // A promise that is known, and one under key 9 whose content is an array with a map inside.
    let refined = bytes("c7090c8201c2099181a161c3");
    assert_eq!(value_from_msgpack(&refined, &Type::Bool), Ok(Value::unknown_not_null(Type::Bool)));
    let cut_off = bytes("c7080c8201c2099181a161");
    let error = value_from_msgpack(&cut_off, &Type::Bool).unwrap_err();
    assert_eq!(error.to_string(), "invalid refinement of an unknown bool");
    let null = bytes("c7030c8101c3");
    assert_eq!(value_from_msgpack(&null, &Type::Bool), Ok(Value::Null(Type::Bool)));
}

#[test]
fn values_of_other_types_are_converted_first() {
    assert_eq!(hex(&msgpack_from_value(&5.into(), &Type::String).unwrap()), "a135");
    let tuple = Value::tuple(["x".into(), Value::from(1)]);
    assert_eq!(hex(&msgpack_from_value(&tuple, &Type::list(Type::String)).unwrap()), "92a178a131");
    let error = msgpack_from_value(&"x".into(), &Type::list(Type::String)).unwrap_err();
    assert_eq!(error.to_string(), "list of string required");
    let marked = Value::object([("a", Value::from("x").sensitive())]);
    assert_eq!(
        hex(&msgpack_from_value(&marked, &Type::object([("a", Type::String)])).unwrap()),
        "81a161a178"
    );
}

#[test]
fn what_does_not_fit_the_type_is_refused_with_its_path() {
    let object = Type::object([("ports", Type::list(Type::Number))]);
    let list = Type::list(Type::Bool);
    let tuple = Type::tuple([Type::Bool]);
    for (hex, ty, message) in [
        ("", &Type::Bool, "invalid or incomplete MessagePack"),
        ("c1", &Type::Bool, "invalid or incomplete MessagePack"),
        ("a178", &Type::Bool, "bool is required"),
        ("c3", &Type::String, "string is required"),
        ("a1ff", &Type::String, "text is not valid UTF-8"),
        ("cb7ff8000000000000", &Type::Number, "number is required"),
        ("a178", &Type::Number, "number is required"),
        ("81a5706f7274739201c3", &object, ".ports[1]: number is required"),
        ("81a5706f727473c3", &object, ".ports: a list is required"),
        ("81a3666f6f01", &object, ".foo: unsupported attribute"),
        ("80", &object, "an object with 1 attributes is required (0 given)"),
        ("8101c0", &object, "all keys must be strings"),
        ("92c3c3", &tuple, "a tuple of length 1 is required"),
        ("ddffffffff", &list, "invalid or incomplete MessagePack"),
        ("dfffffffff", &object, "invalid or incomplete MessagePack"),
        ("c3", &Type::Dynamic, "dynamic value array must have exactly two elements"),
        ("92c3c3", &Type::Dynamic, "type of a dynamic value is missing"),
        ("92a122c3", &Type::Dynamic, "EOF while parsing a string at line 1 column 1"),
        ("d6020000000000", &Type::String, "unsupported extension type 2 with length 4"),
        ("c703 0c 8102a1".replace(' ', "").as_str(), &Type::Bool, "invalid refinement of an unknown bool"),
    ] {
        let error = value_from_msgpack(&bytes(hex), ty).unwrap_err();
        assert_eq!(error.to_string(), message, "{hex}");
    }
}

#[test]
fn nesting_is_bounded() {
    let wrapped = bytes("92a92264796e616d696322").repeat(100_000);
    let error = value_from_msgpack(&wrapped, &Type::Dynamic).unwrap_err();
    assert_eq!(error.to_string(), "values are nested more than 500 levels deep");
}

#[test]
fn the_highest_values_are_read_back() {
    let value = (0..VALUE_HEIGHT_MAX).fold(Value::from(1), |value, _| Value::tuple([value]));
    let bytes = msgpack_from_value(&value, &Type::Dynamic).unwrap();
    assert_eq!(value_from_msgpack(&bytes, &Type::Dynamic).unwrap(), value);
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // Whole numbers beyond 64 bits travel as the text of their shortest digits, which a float's are not.
        any::<f64>().prop_filter_map("is a fraction", |float| {
            Number::from_f64(float).filter(|number| !number.is_whole()).map(Value::Number)
        }),
        "-?[1-9][0-9]{0,60}(\\.[0-9]{1,60})?".prop_map(|digits| number(&digits)),
        ".{0,40}".prop_map(Value::from),
        Just(Value::unknown(Type::String)),
        Just(Value::unknown_not_null(Type::Number)),
        Just(Value::Null(Type::Bool)),
        Just(Value::dynamic()),
        Just(Value::dynamic_null()),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let names = prop::collection::btree_map("[a-d]", inner.clone(), 0..4);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::tuple),
            names.prop_map(Value::object),
            inner.clone().prop_map(|value| Value::map(value.ty(), [("k", value)])),
            inner.clone().prop_map(|value| Value::list(value.ty(), [value])),
            inner.prop_map(|value| Value::set(value.ty(), [value])),
        ]
    })
}

proptest! {
    #[test]
    fn every_value_reads_back_the_same(value in values(), open in any::<bool>()) {
        let ty = if open { Type::Dynamic } else { value.ty() };
        let written = msgpack_from_value(&value, &ty).unwrap();
        prop_assert_eq!(value_from_msgpack(&written, &ty).unwrap(), value);
    }

    #[test]
    fn arbitrary_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let object = Type::object([("a", Type::list(Type::Dynamic)), ("b", Type::Number)]);
        for ty in [Type::Dynamic, Type::String, Type::list(Type::Bool), Type::map(Type::Dynamic), object] {
            let _ = value_from_msgpack(&bytes, &ty);
        }
    }

    #[test]
    fn damaged_values_are_read_or_refused(value in values(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut written = msgpack_from_value(&value, &Type::Dynamic).unwrap();
        let index = at.index(written.len());
        written[index] = byte;
        let _ = value_from_msgpack(&written, &value.ty());
        let _ = value_from_msgpack(&written, &Type::Dynamic);
    }
}
