//! Trees and messages as text, so that tests can say what they expect.

use std::fmt::Write;

use terrane_language::syntax::tree::{
    BinaryOperator, Body, Expression, ExpressionKind, For, Step, StepKind, UnaryOperator,
};
use terrane_model::{Diagnostics, SourceMap};

/// Shows an expression as nested lists.
pub(crate) fn expression(expression: &Expression) -> String {
    let mut out = String::new();
    write_expression(&mut out, expression);
    out
}

fn write_expression(out: &mut String, shown: &Expression) {
    match &shown.kind {
        ExpressionKind::Null => out.push_str("null"),
        ExpressionKind::Bool(value) => write!(out, "{value}").unwrap(),
        ExpressionKind::Number(text) => out.push_str(text),
        ExpressionKind::String(text) => write!(out, "{text:?}").unwrap(),
        ExpressionKind::Template(parts) => write_list(out, "template", parts),
        ExpressionKind::TemplateWrap(inner) => write_list(out, "wrap", [inner.as_ref()]),
        ExpressionKind::TemplateJoin(inner) => write_list(out, "join", [inner.as_ref()]),
        ExpressionKind::Traversal(traversal) => {
            out.push_str(&traversal.root.name);
            out.push_str(&steps(&traversal.steps));
        }
        ExpressionKind::RelativeTraversal { source, steps: taken } => {
            write_expression(out, source);
            out.push_str(&steps(taken));
        }
        ExpressionKind::Index { collection, key, .. } => {
            write_list(out, "index", [collection.as_ref(), key]);
        }
        ExpressionKind::Splat { source, each, .. } => write_list(out, "splat", [source.as_ref(), each]),
        ExpressionKind::SplatItem => out.push('@'),
        ExpressionKind::Parentheses(inner) => write_list(out, "parentheses", [inner.as_ref()]),
        ExpressionKind::Call(call) => {
            let name = format!("{}{}", call.name.name, if call.expand_final { "..." } else { "" });
            write_list(out, &format!("call {name}"), &call.arguments);
        }
        ExpressionKind::Unary { operator, operand, .. } => {
            let symbol = if *operator == UnaryOperator::Not { "!" } else { "-" };
            write_list(out, symbol, [operand.as_ref()]);
        }
        ExpressionKind::Binary { operator, left, right, .. } => {
            write_list(out, symbol(*operator), [left.as_ref(), right]);
        }
        ExpressionKind::Conditional { condition, when_true, when_false } => {
            write_list(out, "?", [condition.as_ref(), when_true, when_false]);
        }
        ExpressionKind::Tuple(elements) => write_list(out, "tuple", elements),
        ExpressionKind::Object(items) => {
            let parts = items.iter().flat_map(|item| [&item.key, &item.value]);
            write_list(out, "object", parts);
        }
        ExpressionKind::For(inner) => write_for(out, inner),
        ExpressionKind::JsonString(string) => {
            write!(out, "json {:?} ", string.text).unwrap();
            write_expression(out, &string.template);
        }
        ExpressionKind::Invalid => out.push_str("INVALID"),
    }
}

fn write_list<'a>(out: &mut String, head: &str, parts: impl IntoIterator<Item = &'a Expression>) {
    write!(out, "({head}").unwrap();
    for part in parts {
        out.push(' ');
        write_expression(out, part);
    }
    out.push(')');
}

fn write_for(out: &mut String, inner: &For) {
    let key_name = inner.key_name.as_ref().map_or(String::new(), |name| format!("{}, ", name.name));
    write!(out, "(for {key_name}{} in ", inner.value_name.name).unwrap();
    write_expression(out, &inner.collection);
    out.push_str(" :");
    if let Some(key) = &inner.key {
        out.push(' ');
        write_expression(out, key);
        out.push_str(" =>");
    }
    out.push(' ');
    write_expression(out, &inner.value);
    if inner.grouping {
        out.push_str("...");
    }
    if let Some(condition) = &inner.condition {
        out.push_str(" if ");
        write_expression(out, condition);
    }
    out.push(')');
}

/// Shows steps as they would be written.
pub(crate) fn steps(steps: &[Step]) -> String {
    let show = |step: &Step| match &step.kind {
        StepKind::Attribute(name) => format!(".{name}"),
        StepKind::StringKey(key) => format!("[{key:?}]"),
        StepKind::NumberKey(key) => format!("[{key}]"),
    };
    steps.iter().map(show).collect()
}

fn symbol(operator: BinaryOperator) -> &'static str {
    match operator {
        BinaryOperator::Add => "+",
        BinaryOperator::Subtract => "-",
        BinaryOperator::Multiply => "*",
        BinaryOperator::Divide => "/",
        BinaryOperator::Modulo => "%",
        BinaryOperator::Equal => "==",
        BinaryOperator::NotEqual => "!=",
        BinaryOperator::Less => "<",
        BinaryOperator::LessOrEqual => "<=",
        BinaryOperator::Greater => ">",
        BinaryOperator::GreaterOrEqual => ">=",
        BinaryOperator::And => "&&",
        BinaryOperator::Or => "||",
    }
}

/// Shows a body, indented.
pub(crate) fn body(body: &Body) -> String {
    let mut out = String::new();
    write_body(&mut out, body, 0);
    out
}

fn write_body(out: &mut String, body: &Body, depth: usize) {
    let indent = "  ".repeat(depth);
    for attribute in &body.attributes {
        writeln!(out, "{indent}{} = {}", attribute.name.name, expression(&attribute.expression)).unwrap();
    }
    for block in &body.blocks {
        let labels: Vec<_> = block.labels.iter().map(|label| format!(" {:?}", label.name)).collect();
        writeln!(out, "{indent}{}{}:", block.block_type.name, labels.concat()).unwrap();
        write_body(out, &block.body, depth + 1);
    }
}

/// Shows messages with the lines and columns that they blame, one a line.
pub(crate) fn diagnostics(sources: &SourceMap, diagnostics: &Diagnostics) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let range = diagnostic.subject.and_then(|subject| sources.range(subject));
        match range {
            Some((_, start, end)) if start.line == end.line => {
                write!(out, "{}:{}-{}", start.line, start.column, end.column).unwrap();
            }
            Some((_, start, end)) => {
                write!(out, "{}:{}-{}:{}", start.line, start.column, end.line, end.column).unwrap();
            }
            None => out.push_str("nowhere"),
        }
        writeln!(out, " {}: {}", diagnostic.summary, diagnostic.detail).unwrap();
    }
    out
}
