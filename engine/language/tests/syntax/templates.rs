use terrane_language::syntax::{parse_expression, parse_template};
use terrane_model::FileId;

use crate::show;

/// Checks what a valid bare template is read as.
fn check(text: &str, expected: &str) {
    let (expression, errors) = parse_template(text, FileId(0));
    assert!(errors.is_empty(), "{text}: {errors:?}");
    assert_eq!(show::expression(&expression), expected, "{text:?}");
}

/// Checks what a valid expression is read as.
fn check_expression(text: &str, expected: &str) {
    let (expression, errors) = parse_expression(text, FileId(0));
    assert!(errors.is_empty(), "{text}: {errors:?}");
    assert_eq!(show::expression(&expression), expected, "{text:?}");
}

#[test]
fn parts_are_joined_unless_there_is_only_an_interpolation() {
    for (text, expected) in [
        ("", "\"\""),
        ("plain \"text\"\n", "\"plain \\\"text\\\"\\n\""),
        ("${a}", "(wrap a)"),
        ("x${a}", "(template \"x\" a)"),
        ("${a}${b}", "(template a b)"),
        (" ${~ a ~} ", "(template a)"),
        ("${\"in ${a}\"}", "(wrap (template \"in \" a))"),
        ("${{a = 1}}", "(wrap (object a 1))"),
        ("$${a} %%{b} \\n", "\"${a} %{b} \\\\n\""),
        ("a$", "\"a$\""),
    ] {
        check(text, expected);
    }
}

#[test]
fn directives_become_conditionals_and_for_expressions() {
    for (text, expected) in [
        ("%{if a}b%{endif}", "(template (? a \"b\" \"\"))"),
        ("%{ if a }b%{ else }${c}%{ endif }", "(template (? a \"b\" (template c)))"),
        ("%{if a}%{if b}c%{endif}%{endif}", "(template (? a (template (? b \"c\" \"\")) \"\"))"),
        ("%{for x in y}${x},%{endfor}", "(template (join (for x in y : (template x \",\"))))"),
        ("%{for k, v in m}%{endfor}", "(template (join (for k, v in m : \"\")))"),
        ("%{\nif\na\n}b%{endif}", "(template (? a \"b\" \"\"))"),
    ] {
        check(text, expected);
    }
}

#[test]
fn strip_marks_take_blanks_up_to_the_end_of_the_next_line() {
    for (text, expected) in [
        ("a \n ${~ b ~} \n c", "(template \"a \\n\" b \" c\")"),
        ("a ${~b}", "(template \"a\" b)"),
        ("%{if a ~}\n  b\n%{~ endif ~}\n  c", "(template (? a \"  b\" \"\") \"  c\")"),
        ("\"x  \"${~ a}", "(template \"\\\"x  \\\"\" a)"),
    ] {
        check(text, expected);
    }
}

#[test]
fn heredocs_keep_their_text_and_their_line_ends() {
    for (text, expected) in [
        ("<<E\na\n  b\nE\n", "\"a\\n  b\\n\""),
        ("<<E\nE\n", "\"\""),
        ("<<E\n\\n \"q\" $x\n  E  \n", "\"\\\\n \\\"q\\\" $x\\n\""),
        ("<<E\r\na\r\nE\r\n", "\"a\\r\\n\""),
        ("<<EOT-1\nEOT\nEOT-1\n", "\"EOT\\n\""),
        ("<<E\nE x\nE\n", "\"E x\\n\""),
        ("<<E\n${a}\nE\n", "(template a \"\\n\")"),
        ("<<E\n${a}E\nE\n", "(template a \"E\\n\")"),
        ("[<<A\na\nA\n, <<B\nb\nB\n]", "(tuple \"a\\n\" \"b\\n\")"),
        ("<<E\n${<<F\nin\nF\n}\nE\n", "(template \"in\\n\" \"\\n\")"),
    ] {
        check_expression(text, expected);
    }
}

#[test]
fn flush_heredocs_lose_the_indentation_of_the_least_indented_line() {
    for (text, expected) in [
        ("<<-E\n    a\n      b\n    E\n", "\"a\\n  b\\n\""),
        // A tab is one character like any other.
        ("<<-E\n\t\ta\n  b\n  E\n", "\"a\\nb\\n\""),
        ("<<-E\n\ta\n   b\nE\n", "\"a\\n  b\\n\""),
        // Blank lines do not count; lines that start with a sequence do.
        ("<<-E\n    a\n\n  \n    b\nE\n", "\"a\\n\\n  \\nb\\n\""),
        ("<<-E\n    a\n${b}\nE\n", "(template \"    a\\n\" b \"\\n\")"),
        ("<<-E\n    a\n    ${b}\n      c\nE\n", "(template \"a\\n\" b \"\\n  c\\n\")"),
        // What is behind a sequence is not at the start of a line.
        ("<<-E\n  ${a}    b\n  c\nE\n", "(template a \"    b\\nc\\n\")"),
        ("<<-E\n  %{if a}\n    b\n  %{endif}\nE\n", "(template (? a \"\\n  b\\n\" \"\") \"\\n\")"),
    ] {
        check_expression(text, expected);
    }
}
