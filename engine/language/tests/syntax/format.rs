//! The formatter. Every expected text is what `terraform fmt` 1.11 makes of the same input, except where
//! a test says otherwise.

use terrane_language::syntax::format_source;
use terrane_model::FileId;

fn format(text: &str) -> String {
    format_source(FileId(0), text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
}

fn check(text: &str, expected: &str) {
    assert_eq!(format(text), expected, "{text}");
    assert_eq!(format(expected), expected, "formatted twice: {text}");
}

#[test]
fn blanks_between_tokens() {
    for (text, expected) in [
        ("a=1\n", "a = 1\n"),
        ("a=-1\n", "a = -1\n"),
        ("a = b -1\n", "a = b - 1\n"),
        ("a = 2- -c\n", "a = 2 - -c\n"),
        ("a = ! b&&!c\n", "a = !b && !c\n"),
        ("a = ( b )\n", "a = (b)\n"),
        ("a = f ( b,c ... )\n", "a = f(b, c...)\n"),
        ("a = n :: f( )\n", "a = n::f()\n"),
        ("a = b . c [ 0 ] . d\n", "a = b.c[0].d\n"),
        ("a = [ 1,2 ,]\n", "a = [1, 2, ]\n"),
        ("a = {b=1,c:2}\n", "a = { b = 1, c : 2 }\n"),
        ("a = { }\n", "a = {}\n"),
        ("a = [for x in[y]:x if x>1]\n", "a = [for x in [y] : x if x > 1]\n"),
        ("a = {for k,v in m:k=>v...}\n", "a = { for k, v in m : k => v... }\n"),
        ("a = b?c:d\n", "a = b ? c : d\n"),
        ("a = \"${ b }x${c}\"\n", "a = \"${b}x${c}\"\n"),
        ("a = \"${ {b=c}[d] } \"\n", "a = \"${ { b = c }[d]} \"\n"),
        ("a = \"%{ if b }c%{ endif }\"\n", "a = \"%{if b}c%{endif}\"\n"),
        ("a = b.*.c[*].d\n", "a = b.*.c[*].d\n"),
        ("a /* b */ = /* c */ 1 /* d */\n", "a /* b */ = /* c */ 1 /* d */\n"),
    ] {
        check(text, expected);
    }
}

#[test]
fn lines_are_indented_by_what_is_open_above_them() {
    check(
        "a {\nb {\nc = [\n1,\n[\n2\n]\n]\n}\n}\n",
        "a {\n  b {\n    c = [\n      1,\n      [\n        2\n      ]\n    ]\n  }\n}\n",
    );
    check("a = f({\nb = 1\n})\n", "a = f({\n  b = 1\n})\n");
    check("a = f(\n{\nb = 1\n}\n)\n", "a = f(\n  {\n    b = 1\n  }\n)\n");
    check("   # comment\n\n\n\ta = 1\n", "# comment\n\n\na = 1\n");
    check("a {\n\n  }\n", "a {\n\n}\n");
    check("a { b=1 }\na {}\n", "a { b = 1 }\na {}\n");
}

#[test]
fn equals_signs_and_comments_of_neighbours_are_aligned() {
    check("a = 1\nbcd = 2\n", "a   = 1\nbcd = 2\n");
    check("a = 1\n\nbcd = 2\n", "a = 1\n\nbcd = 2\n");
    check("a = 1\n# c\nbcd = 2\n", "a = 1\n# c\nbcd = 2\n");
    check("a = 1\nbcd = [\n]\ne = 2\nfgh = 3\n", "a = 1\nbcd = [\n]\ne   = 2\nfgh = 3\n");
    check("a = 1 # x\nb = 22 // y\nc = 333\n", "a = 1  # x\nb = 22 // y\nc = 333\n");
    check("a { # x\n  bc = 1 # y\n}\n", "a {      # x\n  bc = 1 # y\n}\n");
    check("é = 1\nbb = \"日本\" # x\nc = 1 # y\n", "é  = 1\nbb = \"日本\" # x\nc  = 1    # y\n");
}

#[test]
fn heredocs_are_left_alone() {
    check("a=<<EOT\n   x  ${ b }\nEOT\nbcd=1\n", "a   = <<EOT\n   x  ${b}\nEOT\nbcd = 1\n");
    check("a {\nb = f(<<-EOT\n x\n EOT\n,1)\n}\n", "a {\n  b = f(<<-EOT\n x\n EOT\n  , 1)\n}\n");
}

#[test]
fn line_ends_and_the_end_of_the_file_stay() {
    check("a=1\r\nbb = 2 # c\r\n", "a  = 1\r\nbb = 2 # c\r\n");
    check("", "");
    check("a=1", "a = 1");
    check("\n\n", "\n\n");
    assert_eq!(format("\u{feff}a=1\n"), "a = 1\n");
}

#[test]
fn outdated_ways_of_writing_are_replaced() {
    for (text, expected) in [
        ("a = \"${b}\"\n", "a = b\n"),
        ("a = \"${ f(\"${b}\") }\"\n", "a = f(\"${b}\")\n"),
        ("a = \"${~ b ~}\"\n", "a = b\n"),
        ("a = \"${\n  b\n}\"\n", "a = b\n"),
        ("a = \"${\n  b ?\n  c : d\n}\"\n", "a = (b ?\nc : d)\n"),
        ("a = \"${b}${c}\"\n", "a = \"${b}${c}\"\n"),
        ("a = \"${b} \"\n", "a = \"${b} \"\n"),
        ("a = [\"${b}\"]\n", "a = [\"${b}\"]\n"),
        ("variable \"v\" {\n  type = \"string\"\n}\n", "variable \"v\" {\n  type = string\n}\n"),
        ("variable \"v\" {\n  type = \"list\"\n}\n", "variable \"v\" {\n  type = list(string)\n}\n"),
        ("variable \"v\" {\n  type = map\n}\n", "variable \"v\" {\n  type = map(any)\n}\n"),
        ("variable \"v\" {\n  type = set\n}\n", "variable \"v\" {\n  type = set(any)\n}\n"),
        ("variable \"v\" {\n  type = \"set\"\n}\n", "variable \"v\" {\n  type = \"set\"\n}\n"),
        ("variable \"v\" {\n  type = \"${list}\"\n}\n", "variable \"v\" {\n  type = \"${list}\"\n}\n"),
        ("other \"v\" {\n  type = list\n}\n", "other \"v\" {\n  type = list\n}\n"),
        ("type = \"string\"\n", "type = \"string\"\n"),
        ("resource a b {\n}\n", "resource \"a\" \"b\" {\n}\n"),
        ("a /* b */ \"c\" /* d */ e /* f */ {\n}\n", "a \"c\" \"e\" /* f */ {\n}\n"),
        ("a \"\\u00e9\\u200d\\t\" {\n}\n", "a \"é\\u200d\\t\" {\n}\n"),
    ] {
        check(text, expected);
    }
    // Only the outermost interpolation is taken away at once.
    assert_eq!(format("a = \"${\"${b}\"}\"\n"), "a = \"${b}\"\n");
}

#[test]
fn nothing_is_lost_or_broken_that_terraform_loses_or_breaks() {
    // Terraform makes `a {` and `a = b[]` of these.
    check("a \"b$c\" {\n}\n", "a \"b$c\" {\n}\n");
    check("a = b[true]\n", "a = b[true]\n");
    // Terraform leaves out the parentheses of these.
    check("a = \"${b # c\n+ 1}\"\n", "a = (b # c\n+ 1)\n");
    check("a = \"${(b) +\n(c)}\"\n", "a = ((b) +\n(c))\n");
    check("a = \"${f(b, # c\nd)}\"\n", "a = f(b, # c\nd)\n");
}

#[test]
fn broken_files_are_not_formatted() {
    for text in ["a = 'x'\n", "a {\n", "a = 1 b = 2\n"] {
        assert!(format_source(FileId(0), text).is_err(), "{text}");
    }
}
