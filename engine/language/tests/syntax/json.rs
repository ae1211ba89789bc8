use terrane_language::syntax::{AttributeSchema, BlockSchema, BodySchema, parse_json_file};
use terrane_model::{Diagnostics, FileId, SourceMap};

use crate::show;

const SCHEMA: BodySchema<'static> = BodySchema {
    attributes: &[AttributeSchema::required("name"), AttributeSchema::optional("size")],
    blocks: &[
        BlockSchema { block_type: "part", labels: &[] },
        BlockSchema { block_type: "resource", labels: &["type", "name"] },
    ],
};

/// Shows what a file holds by the schema, and what is wrong with it.
fn report(text: &str) -> String {
    let mut sources = SourceMap::new();
    let file = sources.add("main.tf.json", text);
    let (body, mut errors) = parse_json_file(file, text);
    let (content, found) = body.content(&SCHEMA);
    errors.extend(found);
    let mut out = format!("{text}\n");
    for attribute in &content.attributes {
        out.push_str(&format!("  {} = {}\n", attribute.name.name, show::expression(&attribute.expression)));
    }
    for block in &content.blocks {
        let labels: Vec<_> = block.labels.iter().map(|label| label.name.as_str()).collect();
        let (attributes, found) = block.body.just_attributes();
        errors.extend(found);
        let names: Vec<_> = attributes.iter().map(|attribute| attribute.name.name.as_str()).collect();
        out.push_str(&format!("  {} {labels:?} {names:?}\n", block.block_type.name));
    }
    out + &show::diagnostics(&sources, &errors) + "\n"
}

#[test]
fn contents() {
    let texts = [
        r#"{"name": "x", "size": 1.50}"#,
        r#"{"//": "comment", "name": null}"#,
        r#"{"name": ["${a.b}", {"k${c}": true}], "size": "%{if d}e%{endif}"}"#,
        r#"{"name": 1, "part": {"a": 1}}"#,
        r#"{"name": 1, "part": [{"a": 1}, {"b": 2}]}"#,
        r#"{"name": 1, "part": null}"#,
        r#"{"name": 1, "resource": {"t": {"n": {"a": 1}, "o": {}}, "u": {"p": [{}, {"b": 1}]}}}"#,
        r#"{"name": 1, "resource": [{"t": [{"n": {"a": 1}}, {"o": {}}]}]}"#,
        r#"[{"name": 1}, {"size": 2}]"#,
        "\u{feff}{\"name\": 1}",
    ];
    let shown = texts.map(report).concat();
    insta::assert_snapshot!(shown);
}

#[test]
fn errors() {
    let texts = [
        "",
        "5",
        "{",
        r#"{"name": 1,}"#,
        r#"{"name": [1,]}"#,
        r#"{"name" = 1}"#,
        r#"{"name"}"#,
        r#"{"name": 1 "size": 2}"#,
        r#"{"name": [1 2]}"#,
        r#"{"name": [1}"#,
        r#"{"name": {"a": 1]}"#,
        r#"{name: 1}"#,
        r#"{"name": tru}"#,
        r#"{"name": NaN}"#,
        r#"{"name": 01}"#,
        r#"{"name": "a\x"}"#,
        "{\"name\": \"a\n\"}",
        r#"{"name": 1} 2"#,
        r#"{"name": 1, "name": 2}"#,
        r#"{"nam": 1, "sise": 2, "other": 3}"#,
        r#"{"name": 1, "part": 5}"#,
        r#"{"name": 1, "part": ["x"]}"#,
        r#"{"name": 1, "resource": {"t": 5}}"#,
        r#"{"name": 1, "resource": {}}"#,
        r#"{"name": 1, "resource": [5]}"#,
        "{\n  \"name\": ;\n}",
    ];
    let shown = texts.map(report).concat();
    insta::assert_snapshot!(shown);
}

#[test]
fn errors_in_templates_stay_with_the_strings() {
    let (body, errors) = parse_json_file(FileId(0), r#"{"a": "${", "b": {"x": 1, "x": 2}}"#);
    assert_eq!(errors, Diagnostics::new());
    let (attributes, errors) = body.just_attributes();
    assert_eq!(errors, Diagnostics::new());
    let summary = |name: &str| {
        let text = format!("{:?}", attributes.get(name).unwrap().expression);
        let start = text.find("summary: ").unwrap() + "summary: ".len();
        text[start..].split(',').next().unwrap().to_owned()
    };
    assert_eq!(summary("a"), "\"Missing expression\"");
    assert_eq!(summary("b"), "\"Duplicate object attribute\"");
}

#[test]
fn many_properties_are_no_problem() {
    let properties: Vec<_> = (0..100_000).map(|index| format!("\"k{index}\": {index}")).collect();
    let (body, errors) = parse_json_file(FileId(0), &format!("{{{}}}", properties.join(",")));
    assert!(errors.is_empty());
    let (attributes, errors) = body.just_attributes();
    assert!(errors.is_empty());
    assert_eq!(attributes.len(), 100_000);
    assert_eq!(show::expression(&attributes.get("k99999").unwrap().expression), "99999");
}
