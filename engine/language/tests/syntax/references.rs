use terrane_language::syntax::tree::Expression;
use terrane_language::syntax::{parse_expression, parse_json_file, parse_traversal};
use terrane_model::FileId;

use crate::show;

fn parse(text: &str) -> Expression {
    let (expression, errors) = parse_expression(text, FileId(0));
    assert!(errors.is_empty(), "{text}: {errors:?}");
    expression
}

fn parse_json(text: &str) -> Expression {
    let (body, errors) = parse_json_file(FileId(0), &format!("{{\"a\": {text}}}"));
    assert!(errors.is_empty(), "{text}: {errors:?}");
    (*body.just_attributes().0.get("a").unwrap().expression).clone()
}

fn references(expression: &Expression) -> Vec<String> {
    let show = |traversal: &terrane_language::syntax::tree::Traversal| {
        format!("{}{}", traversal.root.name, show::steps(&traversal.steps))
    };
    expression.variables().map(|reference| show(reference.traversal)).collect()
}

#[test]
fn every_reference_is_found_in_order() {
    for (text, expected) in [
        ("1", &[][..]),
        ("a.b + c[0]", &["a.b", "c[0]"]),
        ("a[b].c[*].d[e]", &["a", "b", "e"]),
        ("f(a, b...)", &["a", "b"]),
        ("a ? b : c", &["a", "b", "c"]),
        ("\"${a} %{if b}${c}%{else}${d}%{endif}\"", &["a", "b", "c", "d"]),
        ("{a = b, (c) = d, \"${e}\" = f, g.h = 1}", &["b", "c", "d", "e", "f", "g.h"]),
        ("[for a, b in a : a + b + c if b]", &["a", "c"]),
        ("[for x in y : [for y in x : y + x + z]]", &["y", "z"]),
        ("[for x in [for x in a : x] : x] + x", &["a", "x"]),
        ("\"%{for x in y}${x}${z}%{endfor}\"", &["y", "z"]),
        ("(-a.*.b)", &["a"]),
    ] {
        assert_eq!(references(&parse(text)), expected, "{text}");
    }
}

#[test]
fn json_strings_count_as_templates() {
    let expression = parse_json(r#"{"${a}": ["x ${b.c}", "d", "${broken"], "e": 1}"#);
    assert_eq!(references(&expression), ["a", "b.c"]);
}

#[test]
fn keywords_are_bare_names() {
    for (text, expected) in [
        ("string", Some("string")),
        ("null", Some("null")),
        ("a.b", None),
        ("(a)", None),
        ("\"a\"", None),
        ("f()", None),
    ] {
        assert_eq!(parse(text).as_keyword(), expected, "{text}");
    }
    assert_eq!(parse_json("\"string\"").as_keyword(), Some("string"));
    assert_eq!(parse_json("\" any \"").as_keyword(), Some("any"));
    assert_eq!(parse_json("\"a.b\"").as_keyword(), None);
    assert_eq!(parse_json("5").as_keyword(), None);
}

#[test]
fn traversals_calls_and_lists_can_be_taken_for_what_they_are() {
    let traversal = |expression: &Expression| {
        expression
            .as_traversal()
            .map(|traversal| format!("{}{}", traversal.root.name, show::steps(&traversal.steps)))
    };
    assert_eq!(traversal(&parse("a.b[0]")).as_deref(), Some("a.b[0]"));
    assert_eq!(traversal(&parse("a[b]")), None);
    assert_eq!(traversal(&parse_json("\"a.b[\\\"k\\\"]\"")).as_deref(), Some("a.b[\"k\"]"));
    assert_eq!(traversal(&parse_json("\"a b\"")), None);

    let call = |expression: &Expression| {
        expression.as_static_call().map(|call| format!("{} {}", call.name.name, call.arguments.len()))
    };
    assert_eq!(call(&parse("list(string)")).as_deref(), Some("list 1"));
    assert_eq!(call(&parse_json("\"object({a = string})\"")).as_deref(), Some("object 1"));
    assert_eq!(call(&parse_json("\"list(\"")), None);
    assert_eq!(call(&parse("a")), None);

    assert_eq!(parse("[a, b]").as_list().map(<[_]>::len), Some(2));
    assert_eq!(parse_json("[\"a\"]").as_list().map(<[_]>::len), Some(1));
    assert_eq!(parse("a").as_list(), None);
    assert_eq!(parse("{a = 1}").as_object().map(<[_]>::len), Some(1));
    assert_eq!(parse_json("{\"a\": 1, \"b\": 2}").as_object().map(<[_]>::len), Some(2));
}

#[test]
fn texts_of_traversals_are_parsed_strictly() {
    for text in ["a", "a.b", "a[0]", "a[\"k\"]", " a . b [ 1 ] ", "module.m[\"x\"].t.n[0]"] {
        assert!(parse_traversal(text, FileId(0)).is_ok(), "{text}");
    }
    for text in ["", "a.0", "a[b]", "a[*]", "a.*", "a + b", "a;"] {
        assert!(parse_traversal(text, FileId(0)).is_err(), "{text}");
    }
}

#[test]
fn parts_behind_keys_are_told() {
    let parts = |text: &str| -> Vec<String> {
        let expression = parse(text);
        let text = |reference: terrane_language::syntax::references::Reference<'_>| {
            let traversal = reference.traversal;
            let name = format!("{}{}", traversal.root.name, show::steps(&traversal.steps));
            format!("{name} {}", reference.part.map_or("-", |part| part.as_str()))
        };
        expression.variables().map(text).collect()
    };
    assert_eq!(parts("a.b[each.key].c.d"), ["a.b c", "each.key -"]);
    assert_eq!(parts("a.b[*].c"), ["a.b c"]);
    assert_eq!(parts("a.b[each.key]"), ["a.b -", "each.key -"]);
    assert_eq!(parts("f(a.b)[x.y].c"), ["a.b -", "x.y -"]);
    assert_eq!(parts("a.b[*]"), ["a.b -"]);
}
