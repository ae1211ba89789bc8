//! Our parser against hcl-edit's on what both can read.
//!
//! hcl-edit reads less than Terraform does and gets some templates wrong, so it is asked about plain
//! expressions only.

use hcl_edit::expr::{BinaryOperator, Expression as TheirExpression, ForExpr, ObjectKey, TraversalOperator};
use hcl_edit::structure::{Body as TheirBody, Structure};
use proptest::prelude::*;
use terrane_language::syntax::{parse_expression, parse_file};
use terrane_model::FileId;

use crate::show;

/// Shows an expression of hcl-edit as ours are shown.
fn shown(expression: &TheirExpression) -> String {
    match expression {
        TheirExpression::Null(_) => "null".to_owned(),
        TheirExpression::Bool(value) => value.value().to_string(),
        TheirExpression::Number(value) => value.value().to_string(),
        TheirExpression::String(value) => format!("{:?}", value.value()),
        TheirExpression::Variable(name) => name.value().to_string(),
        TheirExpression::Array(elements) => list("tuple", elements.iter().map(shown)),
        TheirExpression::Object(items) => {
            let parts = items.iter().flat_map(|(key, value)| {
                let key = match key {
                    ObjectKey::Ident(name) => name.value().to_string(),
                    ObjectKey::Expression(key) => shown(key),
                };
                [key, shown(value.expr())]
            });
            list("object", parts)
        }
        TheirExpression::Parenthesis(inner) => list("parentheses", [shown(inner.inner())]),
        TheirExpression::UnaryOp(operation) => {
            let symbol = operation.operator.value().as_str();
            list(symbol, [shown(&operation.expr)])
        }
        TheirExpression::BinaryOp(operation) => {
            let operator: &BinaryOperator = operation.operator.value();
            list(operator.as_str(), [shown(&operation.lhs_expr), shown(&operation.rhs_expr)])
        }
        TheirExpression::Conditional(conditional) => list(
            "?",
            [shown(&conditional.cond_expr), shown(&conditional.true_expr), shown(&conditional.false_expr)],
        ),
        TheirExpression::FuncCall(call) => {
            let dots = if call.args.expand_final() { "..." } else { "" };
            list(&format!("call {}{dots}", call.name.name.value()), call.args.iter().map(shown))
        }
        TheirExpression::Traversal(traversal) => {
            let mut result = shown(&traversal.expr);
            for operator in &traversal.operators {
                match operator.value() {
                    TraversalOperator::GetAttr(name) => result.push_str(&format!(".{}", name.value())),
                    TraversalOperator::Index(key) => result.push_str(&format!("[{}]", shown(key))),
                    other => panic!("not generated: {other:?}"),
                }
            }
            result
        }
        TheirExpression::ForExpr(inner) => shown_for(inner),
        other => panic!("not generated: {other:?}"),
    }
}

fn shown_for(inner: &ForExpr) -> String {
    let introduction = &inner.intro;
    let key_name = introduction.key_var.as_ref().map_or(String::new(), |name| format!("{}, ", name.value()));
    let key = inner.key_expr.as_ref().map_or(String::new(), |key| format!(" {} =>", shown(key)));
    let grouping = if inner.grouping { "..." } else { "" };
    let condition = inner.cond.as_ref().map_or(String::new(), |cond| format!(" if {}", shown(&cond.expr)));
    format!(
        "(for {key_name}{} in {} :{key} {}{grouping}{condition})",
        introduction.value_var.value(),
        shown(&introduction.collection_expr),
        shown(&inner.value_expr)
    )
}

fn list(head: &str, parts: impl IntoIterator<Item = String>) -> String {
    let parts: String = parts.into_iter().map(|part| format!(" {part}")).collect();
    format!("({head}{parts})")
}

/// Expressions that both parsers can read.
fn expressions() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(
        &["1", "2.5", "true", "null", "\"s\"", "\"\\n\\\"\"", "a", "b.c", "d[0].e", "f[\"k\"]"][..],
    )
    .prop_map(str::to_owned);
    leaf.prop_recursive(5, 40, 4, |inner| {
        let operator = prop::sample::select(
            &["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||"][..],
        );
        prop_oneof![
            4 => (inner.clone(), operator, inner.clone()).prop_map(|(left, operator, right)| format!("{left} {operator} {right}")),
            1 => inner.clone().prop_map(|operand| format!("!{operand}")),
            1 => inner.clone().prop_map(|inner| format!("({inner})")),
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(|parts| format!("[{}]", parts.join(", "))),
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(|parts| format!("f({})", parts.join(", "))),
            1 => inner.clone().prop_map(|argument| format!("g({argument}...)")),
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(|parts| {
                let items: Vec<_> = parts.iter().enumerate().map(|(index, value)| format!("k{index} = {value}")).collect();
                format!("{{{}}}", items.join(", "))
            }),
            1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a}) ? {b} : {c}")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[for x in {a} : {b} if x]")),
            1 => (inner.clone(), inner).prop_map(|(a, b)| format!("{{for k, v in {a} : k => {b}...}}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn expressions_are_read_alike(text in expressions()) {
        let (ours, errors) = parse_expression(&text, FileId(0));
        prop_assert!(errors.is_empty(), "{text}: {errors:?}");
        let theirs = hcl_edit::parser::parse_body(&format!("x = {text}\n"));
        if let Ok(theirs) = theirs {
            let theirs = theirs.get_attribute("x").map(|attribute| shown(&attribute.value));
            prop_assert_eq!(Some(show::expression(&ours)), theirs, "{}", text);
        }
    }
}

/// Shows a body of hcl-edit as ours are shown, arguments first.
fn shown_body(body: &TheirBody, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let mut attributes = String::new();
    let mut blocks = String::new();
    for structure in body {
        match structure {
            Structure::Attribute(attribute) => {
                attributes += &format!("{indent}{} = {}\n", attribute.key.value(), shown(&attribute.value));
            }
            Structure::Block(block) => {
                let labels: String =
                    block.labels.iter().map(|label| format!(" {:?}", label.as_str())).collect();
                blocks += &format!(
                    "{indent}{}{labels}:\n{}",
                    block.ident.value(),
                    shown_body(&block.body, depth + 1)
                );
            }
        }
    }
    attributes + &blocks
}

#[test]
fn bodies_are_read_alike() {
    for text in [
        "a = 1\nb {\n  c = [1, 2]\n  d \"e\" f {\n  }\n}\n",
        "# c\na = { b = 1, c = { d = 2 } } // e\n\n/* f */ g \"h\" {}\n",
        "a { b = 1 }\nc {\n  d {\n    e = f(g.h, \"i\")\n  }\n}\n",
    ] {
        let (ours, errors) = parse_file(FileId(0), text);
        assert!(errors.is_empty(), "{text}");
        let theirs = hcl_edit::parser::parse_body(text).unwrap();
        assert_eq!(show::body(&ours), shown_body(&theirs, 0), "{text}");
    }
}
