//! Function calls.

use terrane_model::{Diagnostic, Diagnostics, Marks, Str, Type, Value};

use super::describe::Causes;
use super::evaluator::Evaluator;
use super::scope::Callable;
use crate::config::type_expression::parse_type;
use crate::functions::{self, Function, FunctionError, Rule};
use crate::syntax::suggest::suggestion;
use crate::syntax::tree::{Call, Expression, ExpressionKind};

pub(super) fn call(evaluator: &mut Evaluator<'_>, call: &Call, whole: &Expression) -> Value {
    let scope = evaluator.scope;
    let Some(callable) = scope.function(&call.name) else {
        report_unknown_function(evaluator, call, whole);
        return Value::dynamic();
    };
    if let Callable::BuiltIn(Function { rule: Rule::Expressions, name, .. }) = callable {
        return special_form(evaluator, name, call, whole);
    }
    if let Callable::BuiltIn(Function { name: "templatestring", .. }) = callable
        && let Some(error) = check_template_reference(call)
    {
        evaluator.report(error, whole);
        return Value::dynamic();
    }
    let Some((arguments, expanded_marks)) = arguments(evaluator, call, whole) else {
        return Value::dynamic();
    };
    let (names, variadic) = match &callable {
        Callable::BuiltIn(function) => {
            let names =
                function.parameters.iter().chain(&function.variadic).map(|p| Str::from(p.name)).collect();
            (names, function.variadic.is_some())
        }
        Callable::Provider(function) => function.parameter_names(),
    };
    if !check_count(evaluator, call, whole, &names, variadic, arguments.len()) {
        return Value::dynamic();
    }
    let result = match &callable {
        Callable::BuiltIn(function) => functions::call(function, arguments, scope.environment()),
        Callable::Provider(function) => function.call(arguments),
    };
    match result {
        Ok(value) => value.with_marks(expanded_marks),
        Err(error) => {
            report_failure(evaluator, call, whole, &names, &error);
            Value::dynamic()
        }
    }
}

/// Evaluates the arguments, with the last one expanded where `...` follows it; nothing after an error or
/// while the number of arguments is not known.
fn arguments(evaluator: &mut Evaluator<'_>, call: &Call, whole: &Expression) -> Option<(Vec<Value>, Marks)> {
    let errors_before = evaluator.diagnostics.len();
    let mut values: Vec<Value> = call.arguments.iter().map(|argument| evaluator.evaluate(argument)).collect();
    if evaluator.diagnostics.len() > errors_before && evaluator.diagnostics.has_errors() {
        return None;
    }
    if !call.expand_final {
        return Some((values, Marks::NONE));
    }
    let last_expression = call.arguments.last()?;
    let (last, marks) = values.pop()?.unmark();
    let invalid = |evaluator: &mut Evaluator<'_>, detail: &str| {
        let diagnostic = Diagnostic::error("Invalid expanding argument value", detail);
        evaluator.report(diagnostic.at(last_expression.span).within(whole.span), last_expression);
    };
    if last.is_null() {
        invalid(evaluator, "The expanding argument (indicated by ...) must not be null.");
        return None;
    }
    if let Some(unknown) = last.as_unknown()
        && (unknown.ty == Type::Dynamic
            || matches!(unknown.ty, Type::List(_) | Type::Set(_) | Type::Tuple(_)))
    {
        return None;
    }
    match last.as_sequence() {
        Some(elements) => {
            values.extend(elements.iter().cloned());
            Some((values, marks))
        }
        None => {
            invalid(
                evaluator,
                "The expanding argument (indicated by ...) must be of a tuple, list, or set type.",
            );
            None
        }
    }
}

fn check_count(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    whole: &Expression,
    names: &[Str],
    variadic: bool,
    given: usize,
) -> bool {
    let required = names.len() - usize::from(variadic);
    let quoted = if variadic { "at least " } else { "" };
    if given < required {
        let missing = &names[given];
        let detail = format!(
            "Function {:?} expects {quoted}{required} argument(s). Missing value for {:?}.",
            call.name.name.as_str(),
            missing.as_str()
        );
        let diagnostic = Diagnostic::error("Not enough function arguments", detail);
        evaluator.report(diagnostic.at(call.close_parenthesis).within(whole.span), whole);
        return false;
    }
    if given > required && !variadic {
        let detail = format!("Function {:?} expects only {required} argument(s).", call.name.name.as_str());
        let extra = call.arguments.get(required).map_or(call.close_parenthesis, |argument| argument.span);
        let diagnostic = Diagnostic::error("Too many function arguments", detail);
        evaluator.report(diagnostic.at(extra).within(whole.span), whole);
        return false;
    }
    true
}

fn report_failure(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    whole: &Expression,
    names: &[Str],
    error: &FunctionError,
) {
    let name = call.name.name.as_str();
    let diagnostic = match error.argument {
        Some(position) => {
            let parameter = names.get(position).or(names.last()).map_or("", Str::as_str);
            let detail = format!("Invalid value for {parameter:?} parameter: {}.", error.message);
            let argument = call.arguments.get(position).or(call.arguments.last());
            let span = argument.map_or(whole.span, |argument| argument.span);
            Diagnostic::error("Invalid function argument", detail).at(span).within(whole.span)
        }
        None => {
            let detail = format!("Call to function {name:?} failed: {}.", error.message);
            Diagnostic::error("Error in function call", detail).at(call.name.span).within(whole.span)
        }
    };
    let signature = names.iter().map(Str::as_str).collect::<Vec<_>>().join(", ");
    let diagnostic = Diagnostic { function_call: Some(format!("{name}({signature})")), ..diagnostic };
    evaluator.report(diagnostic, whole);
}

fn report_unknown_function(evaluator: &mut Evaluator<'_>, call: &Call, whole: &Expression) {
    if evaluator.scope.function_names().is_empty() {
        let diagnostic = Diagnostic::error("Function calls not allowed", "Functions may not be called here.");
        evaluator.report(diagnostic.at(whole.span), whole);
        return;
    }
    let name = call.name.name.as_str();
    let bare = name.strip_prefix("core::").unwrap_or(name);
    let hint = match suggestion(bare, evaluator.scope.function_names()) {
        Some(name) => format!(" Did you mean {name:?}?"),
        None => String::new(),
    };
    let (summary, detail) = if let Some(rest) = name.strip_prefix("provider::") {
        let (provider, function) = rest.split_once("::").unwrap_or((rest, ""));
        let detail = format!(
            "There is no function named \"provider::{rest}\". Ensure that provider name {provider:?} is declared in this \
             module's required_providers block, and that this provider offers a function named {function:?}."
        );
        ("Unknown provider function", detail)
    } else if let Some((namespace, _)) = name.split_once("::") {
        let detail = format!(
            "The function namespace {namespace:?} is not valid. Provider function calls must use the \"provider::\" namespace prefix."
        );
        ("Unknown provider function", detail)
    } else {
        ("Call to unknown function", format!("There is no function named {name:?}.{hint}"))
    };
    let diagnostic = Diagnostic::error(summary, detail);
    evaluator.report(diagnostic.at(call.name.span).within(whole.span), whole);
}

fn special_form(evaluator: &mut Evaluator<'_>, name: &str, call: &Call, whole: &Expression) -> Value {
    if call.expand_final {
        let detail = format!("The arguments of {name:?} must be written out one by one.");
        evaluator.report(Diagnostic::error("Invalid expanding argument value", detail).at(whole.span), whole);
        return Value::dynamic();
    }
    match (name, call.arguments.as_slice()) {
        ("can", [argument]) => can(evaluator, argument),
        ("can", arguments) => {
            check_count(evaluator, call, whole, &["expression".into()], false, arguments.len());
            Value::dynamic()
        }
        ("convert", [value, ty]) => convert_to_type(evaluator, call, whole, value, ty),
        ("convert", arguments) => {
            check_count(evaluator, call, whole, &["value".into(), "type".into()], false, arguments.len());
            Value::dynamic()
        }
        (_, []) => {
            let error = FunctionError::new("at least one argument is required");
            report_failure(evaluator, call, whole, &["expressions".into()], &error);
            Value::dynamic()
        }
        (_, arguments) => try_all(evaluator, arguments, call, whole),
    }
}

/// Converts a value to the type that the second argument is: no expression, but a type as variables declare it.
fn convert_to_type(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    whole: &Expression,
    value: &Expression,
    ty: &Expression,
) -> Value {
    let value = evaluator.evaluate(value);
    let mut problems = Diagnostics::new();
    let constraint = parse_type(ty, evaluator.scope, &mut problems);
    let failed = problems.has_errors();
    evaluator.diagnostics.extend(problems);
    if failed {
        return Value::dynamic();
    }
    match constraint.apply(&value) {
        Ok(converted) => converted,
        Err(error) => {
            let error = FunctionError::argument(0, error.to_string());
            report_failure(evaluator, call, whole, &["value".into(), "type".into()], &error);
            Value::unknown(constraint.ty.without_optional())
        }
    }
}

/// Evaluates an expression without letting its errors out.
fn attempt(evaluator: &mut Evaluator<'_>, expression: &Expression) -> Result<Value, Vec<Diagnostic>> {
    let before = std::mem::take(&mut evaluator.diagnostics);
    let value = evaluator.evaluate(expression);
    let attempted = std::mem::replace(&mut evaluator.diagnostics, before);
    if attempted.has_errors() { Err(attempted.into_iter().collect()) } else { Ok(value) }
}

fn can(evaluator: &mut Evaluator<'_>, argument: &Expression) -> Value {
    match attempt(evaluator, argument) {
        Ok(value) if !value.is_wholly_known() => Value::unknown_not_null(Type::Bool),
        Ok(_) => Value::Bool(true),
        Err(_) => Value::Bool(false),
    }
}

fn try_all(
    evaluator: &mut Evaluator<'_>,
    arguments: &[Expression],
    call: &Call,
    whole: &Expression,
) -> Value {
    let mut failures = Vec::new();
    for argument in arguments {
        match attempt(evaluator, argument) {
            // What is not known yet may still fail, so the result stays open.
            Ok(value) if !value.is_wholly_known() => {
                return Value::dynamic().with_marks(value.deep_marks());
            }
            Ok(value) => return value,
            Err(errors) => failures.extend(errors.into_iter().filter(Diagnostic::is_error)),
        }
    }
    let mut message = "no expression succeeded:".to_owned();
    for failure in &failures {
        message.push_str(&format!("\n- {}\n  {}", failure.summary, failure.detail));
    }
    message.push_str("\n\nAt least one expression must produce a successful result");
    report_failure(evaluator, call, whole, &["expressions".into()], &FunctionError::new(message));
    Value::dynamic()
}

/// `templatestring` takes its template from a named object only, never from an expression.
fn check_template_reference(call: &Call) -> Option<Diagnostic> {
    let first = call.arguments.first()?;
    let mut inner = first;
    while let ExpressionKind::Parentheses(expression) = &inner.kind {
        inner = expression;
    }
    if matches!(
        inner.kind,
        ExpressionKind::Traversal(_)
            | ExpressionKind::Index { .. }
            | ExpressionKind::RelativeTraversal { .. }
    ) {
        return None;
    }
    let detail = "Invalid value for \"template\" parameter: invalid template expression: templatestring is only for \
                  rendering templates retrieved dynamically from elsewhere, and so does not support providing a \
                  literal template; consider using a template string expression instead.";
    Some(Diagnostic::error("Invalid function argument", detail).at(first.span))
}

impl Causes {
    /// Reads the causes off a value.
    pub(super) fn of(value: &Value) -> Self {
        let marks = value.marks();
        Self {
            unknown: !value.is_wholly_known(),
            sensitive: marks.is_sensitive(),
            ephemeral: marks.is_ephemeral(),
        }
    }
}
