use terrane_language::syntax::{
    AttributeSchema, BlockSchema, BodyContent, BodySchema, ConfigBody, parse_file, parse_json_file,
};
use terrane_model::{FileId, SourceMap};

use crate::show;

const SCHEMA: BodySchema<'static> = BodySchema {
    attributes: &[AttributeSchema::required("name"), AttributeSchema::optional("size")],
    blocks: &[
        BlockSchema { block_type: "part", labels: &[] },
        BlockSchema { block_type: "resource", labels: &["type", "name"] },
        BlockSchema { block_type: "dynamic", labels: &["type"] },
    ],
};

fn native(text: &str) -> ConfigBody {
    let (body, errors) = parse_file(FileId(0), text);
    assert!(errors.is_empty(), "{errors:?}");
    ConfigBody::from_native(body)
}

fn names(content: &BodyContent) -> String {
    let attributes = content
        .attributes
        .iter()
        .map(|attribute| format!("{}={}", attribute.name.name, show::expression(&attribute.expression)));
    let blocks = content.blocks.iter().map(|block| {
        let labels: Vec<_> = block.labels.iter().map(|label| label.name.as_str()).collect();
        let (inside, _) = block.body.just_attributes();
        let inside: Vec<_> = inside.iter().map(|attribute| attribute.name.name.to_string()).collect();
        format!("{}{labels:?}{{{}}}", block.block_type.name, inside.join(","))
    });
    attributes.chain(blocks).collect::<Vec<_>>().join(" ")
}

#[test]
fn content_errors() {
    let report = |text: &&str| {
        let mut sources = SourceMap::new();
        let file = sources.add("main.tf", *text);
        let (body, errors) = parse_file(file, text);
        assert!(errors.is_empty());
        let (_, errors) = ConfigBody::from_native(body).content(&SCHEMA);
        format!("    {}\n{}\n", text.trim_end().replace('\n', "\n    "), show::diagnostics(&sources, &errors))
    };
    let texts = [
        "size = 1\n",
        "name = 1\nnane = 2\nsiz = 3\nother = 4\npart = 5\n",
        "name = 1\nparts {\n}\nsize {\n}\nother {\n}\n",
        "name = 1\nresource {\n}\nresource \"a\" {\n}\nresource \"a\" \"b\" \"c\" {\n}\npart \"a\" {\n}\n",
    ];
    let shown: String = texts.iter().map(report).collect();
    insta::assert_snapshot!(shown);
}

#[test]
fn what_was_taken_is_gone_from_the_rest() {
    let body = native("name = 1\nother = 2\npart = 3\npart {\n}\nmore {\n}\n");
    let (content, rest, errors) = body.partial_content(&SCHEMA);
    assert!(errors.is_empty());
    assert_eq!(names(&content), "name=1 part[]{}");
    let others = BodySchema {
        attributes: &[AttributeSchema::optional("other")],
        blocks: &[BlockSchema { block_type: "more", labels: &[] }],
    };
    // An argument with the name of a block type was not taken, and is still wrong.
    let (content, errors) = rest.content(&others);
    assert_eq!(names(&content), "other=2 more[]{}");
    assert_eq!(errors.len(), 1);
    assert_eq!(errors.iter().next().unwrap().summary, "Unsupported argument");
    let (attributes, errors) = rest.just_attributes();
    assert_eq!(
        attributes.iter().map(|attribute| attribute.name.name.as_str()).collect::<Vec<_>>(),
        ["other", "part"]
    );
    assert_eq!(errors.iter().next().unwrap().summary, "Unexpected \"more\" block");
}

#[test]
fn json_and_native_syntax_have_the_same_content() {
    let native = native("name = 1\nresource \"t\" \"n\" {\n  a = 1\n}\npart {\n  b = 2\n}\n");
    let text = r#"{"name": 1, "resource": {"t": {"n": {"a": 1}}}, "part": {"b": 2}}"#;
    let (json, _) = parse_json_file(FileId(0), text);
    assert_eq!(names(&native.content(&SCHEMA).0), names(&json.content(&SCHEMA).0));
    assert!(json.is_json() && !native.is_json());
}

#[test]
fn override_files_replace_arguments_and_blocks_of_the_same_type() {
    let base =
        native("name = 1\nsize = 2\npart {\n  a = 1\n}\npart {\n  b = 1\n}\nresource \"t\" \"n\" {\n}\n");
    let overriding = native("size = 3\npart {\n  c = 1\n}\n");
    let (content, errors) = base.clone().overridden_by(overriding).content(&SCHEMA);
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(names(&content), r#"name=1 size=3 resource["t", "n"]{} part[]{c}"#);
    // A dynamic block counts as a block of the type that it makes.
    let dynamic = native("dynamic \"part\" {\n  d = 1\n}\n");
    let (content, rest, _) = base.clone().overridden_by(dynamic).partial_content(&SCHEMA);
    assert_eq!(names(&content), r#"name=1 size=2 resource["t", "n"]{} dynamic["part"]{d}"#);
    assert!(rest.just_attributes().0.is_empty());
    // What the overriding file has too much is an error there.
    let (_, errors) = base.overridden_by(native("other = 1\n")).content(&SCHEMA);
    assert_eq!(errors.len(), 1);
}

#[test]
fn attributes_are_found_by_name_however_many_there_are() {
    for count in [0, 1, 15, 16, 17, 1000] {
        let text: String = (0..count).map(|index| format!("k{index} = {index}\n")).collect();
        let (attributes, errors) = native(&text).just_attributes();
        assert!(errors.is_empty());
        assert_eq!(attributes.len(), count);
        for index in 0..count {
            let attribute = attributes.get(&format!("k{index}")).unwrap();
            assert_eq!(show::expression(&attribute.expression), index.to_string());
        }
        assert!(attributes.get("k").is_none());
    }
}

#[test]
fn bodies_are_shown_as_written() {
    let (body, _) = parse_file(
        FileId(0),
        "a = 1\nb \"c\" d {\n  e = [2]\n  f {}\n  g { h = 3 }\n}\n\n# end\ni = \"${a}\" // last",
    );
    insta::assert_snapshot!(show::body(&body), @r#"
    a = 1
    i = (wrap a)
    b "c" "d":
      e = (tuple 2)
      f:
      g:
        h = 3
    "#);
}
