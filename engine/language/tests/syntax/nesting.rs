//! Deep and long input: a clear error in bounded time, and no overflow of the stack of a main thread.

use terrane_language::syntax::{NESTING_MAX, parse_expression, parse_file, parse_json_file, parse_template};
use terrane_model::{Diagnostics, FileId};

/// The stack that a process gets where nobody has changed the limit.
const MAIN_THREAD_STACK_BYTES: usize = 8 << 20;

fn on_main_thread_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(MAIN_THREAD_STACK_BYTES);
    thread.spawn(test).unwrap().join().unwrap();
}

fn first_summary(diagnostics: &Diagnostics) -> Option<&str> {
    diagnostics.iter().next().map(|diagnostic| diagnostic.summary.as_str())
}

/// Text that is repeated in front of and behind a one.
const NESTINGS: [(&str, &str); 12] = [
    ("(", ")"),
    ("[", "]"),
    ("{a = ", "}"),
    ("f(", ")"),
    ("a[", "]"),
    ("\"x${", "}\""),
    ("[for x in y : ", "]"),
    ("[for x in ", ": x]"),
    ("{for x in y : 1 => ", "}"),
    ("<<E\n${", "}\nE\n"),
    ("a ? b : ", ""),
    ("a ? ", " : b"),
];

#[test]
fn expressions_nest_up_to_the_limit_and_no_deeper() {
    on_main_thread_stack(|| {
        for (before, after) in NESTINGS {
            for (depth, expected) in [(NESTING_MAX - 2, None), (10_000, Some("Nesting too deep"))] {
                let text = format!("{}1{}", before.repeat(depth), after.repeat(depth));
                let (expression, errors) = parse_expression(&text, FileId(0));
                assert_eq!(first_summary(&errors), expected, "{before} {depth}");
                // Everything that walks a tree must get along with the same stack.
                assert_eq!(expression.clone(), expression);
                assert!(expression.variables().count() <= 2 * depth);
            }
            let (_, errors) = parse_expression(&before.repeat(10_000), FileId(0));
            assert_eq!(first_summary(&errors), Some("Nesting too deep"), "{before}");
        }
    });
}

#[test]
fn chains_of_operators_are_bounded() {
    on_main_thread_stack(|| {
        for link in ["+a", "||a", "[b]", ".*[b]"] {
            for (count, expected) in [(300, None), (100_000, Some("Expression too long"))] {
                let text = format!("a{}", link.repeat(count));
                let (expression, errors) = parse_expression(&text, FileId(0));
                assert_eq!(first_summary(&errors), expected, "{link} {count}");
                assert_eq!(expression.clone(), expression);
            }
        }
        let (_, errors) = parse_expression(&format!("{}a", "!".repeat(100_000)), FileId(0));
        assert_eq!(first_summary(&errors), Some("Expression too long"));
        let (_, errors) = parse_expression(&format!("a{}", "[*]".repeat(100_000)), FileId(0));
        assert_eq!(first_summary(&errors), Some("Nesting too deep"));
    });
}

#[test]
fn long_steps_and_lists_need_no_nesting() {
    for text in [
        format!("a{}", ".b".repeat(100_000)),
        format!("a{}", "[0]".repeat(100_000)),
        format!("[{}]", "1,".repeat(100_000)),
        format!("f({})", "1,".repeat(100_000)),
        format!("\"{}\"", "${a} ".repeat(100_000)),
        format!("{{{}}}", (0..100_000).map(|key| format!("k{key} = {key}\n")).collect::<String>()),
    ] {
        let (_, errors) = parse_expression(&text, FileId(0));
        assert!(errors.is_empty(), "{}…: {errors:?}", &text[..20]);
    }
}

#[test]
fn directives_nest_up_to_the_limit_and_no_deeper() {
    on_main_thread_stack(|| {
        for (depth, expected) in [(300, None), (100_000, Some("Expression too long"))] {
            let text = format!("{}x{}", "%{if a}".repeat(depth), "%{endif}".repeat(depth));
            let (expression, errors) = parse_template(&text, FileId(0));
            assert_eq!(first_summary(&errors), expected, "{depth}");
            assert_eq!(expression.clone(), expression);
        }
        let (_, errors) = parse_template(&"%{for x in y}".repeat(100_000), FileId(0));
        assert_eq!(first_summary(&errors), Some("Unexpected end of template"));
    });
}

#[test]
fn blocks_nest_up_to_the_limit_and_no_deeper() {
    on_main_thread_stack(|| {
        for (depth, expected) in [(NESTING_MAX - 2, None), (10_000, Some("Nesting too deep"))] {
            let text = format!("{}a = 1\n{}", "b {\n".repeat(depth), "}\n".repeat(depth));
            let (body, errors) = parse_file(FileId(0), &text);
            assert_eq!(first_summary(&errors), expected, "{depth}");
            assert_eq!(body.clone(), body);
        }
    });
}

#[test]
fn json_nests_up_to_the_limit_and_no_deeper() {
    on_main_thread_stack(|| {
        for (before, after) in [("[", "]"), ("{\"a\":", "}")] {
            for (depth, expected) in [(NESTING_MAX - 2, None), (10_000, Some("Nesting too deep"))] {
                let text = format!("{{\"a\":{}1{}}}", before.repeat(depth), after.repeat(depth));
                let (body, errors) = parse_json_file(FileId(0), &text);
                assert_eq!(first_summary(&errors), expected, "{before} {depth}");
                let (attributes, _) = body.just_attributes();
                for attribute in &attributes {
                    assert_eq!(attribute.clone(), *attribute);
                }
            }
        }
    });
}
