use terrane_language::syntax::parse_expression;
use terrane_model::FileId;

use crate::show;

/// Checks what a valid text is read as.
fn check(text: &str, expected: &str) {
    let (expression, errors) = parse_expression(text, FileId(0));
    assert!(errors.is_empty(), "{text}: {errors:?}");
    assert_eq!(show::expression(&expression), expected, "{text}");
}

#[test]
fn literals_keep_what_was_written() {
    for (text, expected) in [
        ("1", "1"),
        ("1.50", "1.50"),
        ("1e400", "1e400"),
        ("1.5E-3", "1.5E-3"),
        ("0012", "0012"),
        ("true", "true"),
        ("null", "null"),
        (r#""""#, r#""""#),
        (r#""a\n\r\t\"\\""#, r#""a\n\r\t\"\\""#),
        (r#""\u00e9\U0001F600""#, r#""é😀""#),
        ("\"e\u{301}\"", "\"é\""),
        (r#""$${a} %%{b} $x %y $$z""#, r#""${a} %{b} $x %y $$z""#),
        (r#""$$${a}""#, r#""$${a}""#),
    ] {
        check(text, expected);
    }
}

#[test]
fn operators_bind_as_in_terraform() {
    for (text, expected) in [
        ("a || b && c == d > e + f * -g", "(|| a (&& b (== c (> d (+ e (* f (- g)))))))"),
        ("a * b + c > d == e && f || g", "(|| (&& (== (> (+ (* a b) c) d) e) f) g)"),
        ("a - b - c", "(- (- a b) c)"),
        ("a / b % c * d", "(* (% (/ a b) c) d)"),
        ("a < b <= c >= d > e", "(> (>= (<= (< a b) c) d) e)"),
        ("a == b != c", "(!= (== a b) c)"),
        ("-a.b", "(- a.b)"),
        ("!!-a", "(! (! (- a)))"),
        ("-1 + 2", "(+ (- 1) 2)"),
        ("a ? b : c ? d : e", "(? a b (? c d e))"),
        ("a ? b ? c : d : e", "(? a (? b c d) e)"),
        ("a || b ? c : d", "(? (|| a b) c d)"),
        ("(a + b) * c", "(* (parentheses (+ a b)) c)"),
    ] {
        check(text, expected);
    }
}

#[test]
fn steps_are_constant_where_their_keys_are() {
    for (text, expected) in [
        ("a.b.c", "a.b.c"),
        ("a[0].b[\"c\"]", "a[0].b[\"c\"]"),
        ("a.0.b", "a[0].b"),
        ("a[b].c", "(index a b).c"),
        ("a[-1]", "(index a (- 1))"),
        ("a[true]", "(index a true)"),
        ("a[\"x${b}\"]", "(index a (template \"x\" b))"),
        ("f(x).a[0]", "(call f x).a[0]"),
        ("(a).b", "(parentheses a).b"),
        ("[1][0]", "(tuple 1)[0]"),
        ("a[*]", "(splat a @)"),
        ("a[*].b[0].c", "(splat a @.b[0].c)"),
        ("a[*].b[c]", "(splat a (index @.b c))"),
        ("a[*].b[*].c", "(splat a (splat @.b @.c))"),
        ("a.*.b.0.c", "(splat a @.b[0].c)"),
        // The old splat does not take an index along.
        ("a.*.b[0]", "(splat a @.b)[0]"),
        ("a.*", "(splat a @)"),
        ("a . b [ 0 ]", "a.b[0]"),
    ] {
        check(text, expected);
    }
}

#[test]
fn calls_may_have_namespaces_and_expand_the_last_argument() {
    for (text, expected) in [
        ("f()", "(call f)"),
        ("f(1, a)", "(call f 1 a)"),
        ("f(a...)", "(call f... a)"),
        ("f(a,)", "(call f a)"),
        ("provider::time::parse(a)", "(call provider::time::parse a)"),
        ("core :: max(1)", "(call core::max 1)"),
        ("f(\n1,\n\n2\n)", "(call f 1 2)"),
    ] {
        check(text, expected);
    }
}

#[test]
fn collections_allow_line_ends_where_terraform_does() {
    for (text, expected) in [
        ("[]", "(tuple)"),
        ("[1, a,]", "(tuple 1 a)"),
        ("[\n1\n,\n2 # c\n]", "(tuple 1 2)"),
        ("{}", "(object)"),
        ("{a = 1, b : 2}", "(object a 1 b 2)"),
        ("{\n  a = 1\n\n  b = 2, # c\n  \"c d\" = 3\n}", "(object a 1 b 2 \"c d\" 3)"),
        ("{(a) = 1, a.b = 2, \"${c}\" = 3, 4 = 5}", "(object (parentheses a) 1 a.b 2 (wrap c) 3 4 5)"),
        ("{true = 1, null = 2, (true) = 3}", "(object true 1 null 2 (parentheses true) 3)"),
        ("{a = (\n1 +\n2)}", "(object a (parentheses (+ 1 2)))"),
    ] {
        check(text, expected);
    }
}

#[test]
fn for_expressions_ignore_line_ends() {
    for (text, expected) in [
        ("[for x in y : x]", "(for x in y : x)"),
        ("[for k, v in m : v if k != 1]", "(for k, v in m : v if (!= k 1))"),
        ("{for k, v in m : k => v...}", "(for k, v in m : k => v...)"),
        ("{\nfor\nk\n,\nv\nin\nm\n:\nk\n=>\nv\nif\ntrue\n}", "(for k, v in m : k => v if true)"),
        ("[for x in [1] : [for y in x : y]]", "(for x in (tuple 1) : (for y in x : y))"),
        ("[for, 1]", "INVALID"),
    ] {
        let (expression, _) = parse_expression(text, FileId(0));
        assert_eq!(show::expression(&expression), expected, "{text}");
    }
}

#[test]
fn names_are_normalized_and_may_be_of_any_script() {
    check("größe.名前-1", "größe.名前-1");
    check("e\u{301}", "é");
}

#[test]
fn spans_cover_what_they_name() {
    let text = "a.b + f(c)[d] * \"x${e}\"";
    let (expression, _) = parse_expression(text, FileId(0));
    let mut spans = Vec::new();
    for reference in expression.variables() {
        spans.push(&text[reference.span.start as usize..reference.span.end as usize]);
    }
    assert_eq!(spans, ["a.b", "c", "d", "e"]);
    assert_eq!(expression.span.len(), text.len());
}
