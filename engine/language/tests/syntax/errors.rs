//! What users are told about broken files. The snapshots are reviewed like code.

use terrane_language::syntax::{parse_expression, parse_file, parse_template, parse_traversal};
use terrane_model::{Diagnostics, FileId, SourceMap};

use crate::show;

/// Shows each text with what is said about it.
fn report(texts: &[&str], parse: impl Fn(FileId, &str) -> Diagnostics) -> String {
    let mut out = String::new();
    for text in texts {
        let mut sources = SourceMap::new();
        let file = sources.add("main.tf", *text);
        let errors = parse(file, text);
        assert!(errors.has_errors(), "{text}");
        let shown = text.trim_end_matches('\n').replace('\n', "\n    ");
        out.push_str(&format!("    {shown}\n{}\n", show::diagnostics(&sources, &errors)));
    }
    out
}

fn file_errors(texts: &[&str]) -> String {
    report(texts, |file, text| parse_file(file, text).1)
}

#[test]
fn bodies() {
    let shown = file_errors(&[
        "a = 1 b = 2\n",
        "a = 1, b = 2\n",
        "a = 1\na = 2\na = 3\n",
        "a\n",
        "a + 1\n",
        "\"a\" = 1\n",
        "= 1\n",
        "block {\n  a = 1\n",
        "block {\n  a = 1\n}}\n",
        "block { a = 1\n}\n",
        "block { a = 1, b = 2 }\n",
        "block { a = 1 b = 2 }\n",
        "block { inner { } }\n",
        "block { a }\n",
        "block { a = 1",
        "block {} block {}\n",
        "block \"x\"\n{\n}\n",
        "block x = 1\n",
        "block \"a${b}\" {\n}\n",
        "block \"a\" 5 {\n}\n",
        "block \"a",
        "}\n",
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn characters() {
    let shown = file_errors(&[
        "a = 'x'\nb = 'y'\n",
        "a = `x`\n",
        "a = 1;\nb = 2;\n",
        "a = “x”\n",
        "€ = 1\n",
        "a = b & c\n",
        "a = b | c\n",
        "a = ~b\n",
        "a = b ^ c\n",
        "a = \"x\ny\"\n",
        "a = \"x\n",
        "a = <<EOT\nx\n",
        "a = <<EOT x\nEOT\n",
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn expressions() {
    let shown = file_errors(&[
        "a =\n",
        "a = 1 === 2\n",
        "a = 1 +\n",
        "a = b.\n",
        "a = b.*.c.*.d\n",
        "a = b.0.1\n",
        "a = b[1\nc = 2\n",
        "a = b[*\nc = 2\n",
        "a = (1\nb = 2\n",
        "a = [1 2]\n",
        "a = [1, 2\n",
        "a = {b 1}\n",
        "a = {b = 1 c = 2}\n",
        "a = {b\n}\n",
        "a = {b.2c = 1}\n",
        "a = {b = 1\n",
        "a = f(1 2)\n",
        "a = f(1,\n",
        "a = f(1\n",
        "a = f(b..., 1)\n",
        "a = f::(1)\n",
        "a = f::g\n",
        "a = b ? c\n",
        "a = 1.2.3\n",
        "a = 1e99999999999999999999\n",
        "a = [for 1 in y : x]\n",
        "a = [for x, in y : x]\n",
        "a = [for x of y : x]\n",
        "a = [for x in y x]\n",
        "a = [for x in y : x => 1]\n",
        "a = [for x in y : x...]\n",
        "a = {for x in y : x}\n",
        "a = {for x in y : x => 1 2}\n",
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn strings() {
    let shown = file_errors(&[
        "a = \"\\d\"\n",
        "a = \"\\u12\"\n",
        "a = \"\\U0001F60\"\n",
        "a = \"\\ud800\"\n",
        "a = \"${b\"\n",
        "a = \"${b c}\"\n",
        "a = \"${b:c}\"\n",
        "a = \"${}\"\n",
        "a = \"%{b}\"\n",
        "a = \"%{}\"\n",
        "a = \"%{iff b}c%{endif}\"\n",
        "a = \"%{if b}c\"\n",
        "a = \"%{for b in c}d\"\n",
        "a = \"%{for b c}d%{endfor}\"\n",
        "a = \"%{if b}%{else}%{else}%{endif}\"\n",
        "a = \"%{if b}%{endfor}\"\n",
        "a = \"%{for b in c}%{endif}\"\n",
        "a = \"%{endif}\"\n",
        "a = \"%{if b c}%{endif}\"\n",
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn several_errors_are_found_in_one_file() {
    let shown = file_errors(&[
        "a = ]\nb = 1\nc = )\n",
        "block {\n  a = 1 2\n  b = 3\n}\nblock {\n  = 5\n  c = 6\n}\nd = *\n",
        // Behind an open string, nothing can be trusted.
        "a = \"x\nb = 1\nc = ]\n",
        // Behind a block that is broken open, neither.
        "block \"x\"\n{\n  a = ]\n}\n",
        "block {\n  a = ]}\n  b = ]\n}\nc = ]\n",
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn lone_expressions() {
    let texts = ["", "1 2", "a =", "(", ".5", "1_000", "a.", "a[", "\"${"];
    let shown = report(&texts, |file, text| parse_expression(text, file).1);
    insta::assert_snapshot!(shown);
}

#[test]
fn lone_templates() {
    let texts = ["${", "${a", "%{if a}", "%{endif}", "a ${b c} d"];
    let shown = report(&texts, |file, text| parse_template(text, file).1);
    insta::assert_snapshot!(shown);
}

#[test]
fn lone_traversals() {
    let texts = ["", "1", "a.", "a.*", "a[*]", "a[b]", "a[0", "a b", "a[1.2.3]", "a[\"${b}\"]", "a.0"];
    let shown = report(&texts, |file, text| parse_traversal(text, file).unwrap_err());
    insta::assert_snapshot!(shown);
}
