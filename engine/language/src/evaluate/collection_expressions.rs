//! Object constructors, `for` expressions and splats.

use std::collections::BTreeMap;

use terrane_model::convert::convert;
use terrane_model::{Diagnostic, Marks, Str, Type, Value};

use super::describe::Causes;
use super::evaluator::Evaluator;
use crate::syntax::tree::{Expression, ExpressionKind, For, ObjectItem};

pub(super) fn object(evaluator: &mut Evaluator<'_>, items: &[ObjectItem]) -> Value {
    let mut attributes: Vec<(Str, Value)> = Vec::with_capacity(items.len());
    let mut marks = Marks::NONE;
    let mut known = true;
    for item in items {
        let key = key_of(evaluator, &item.key);
        let value = evaluator.evaluate(&item.value);
        match key {
            Some((Value::String(name), key_marks)) => {
                marks |= key_marks;
                attributes.push((name, value));
            }
            Some((_, key_marks)) => {
                marks |= key_marks;
                known = false;
            }
            None => known = false,
        }
    }
    // The keys decide the type; while one is not known, neither is the type.
    let object = if known { Value::object(attributes) } else { Value::dynamic() };
    object.with_marks(marks)
}

/// Returns an object's key as a string, or unknown; nothing after an error.
fn key_of(evaluator: &mut Evaluator<'_>, key: &Expression) -> Option<(Value, Marks)> {
    if let ExpressionKind::Traversal(traversal) = &key.kind
        && traversal.steps.is_empty()
    {
        return Some((Value::String(traversal.root.name.clone()), Marks::NONE));
    }
    if let ExpressionKind::Traversal(_) = &key.kind {
        let detail = "If this expression is intended to be a reference, wrap it in parentheses. If it's instead \
                      intended as a literal name containing periods, wrap it in quotes to create a string literal.";
        evaluator.report(Diagnostic::error("Ambiguous attribute key", detail).at(key.span), key);
        return None;
    }
    let (value, marks) = evaluator.evaluate(key).unmark();
    if value.is_null() {
        evaluator.report(
            Diagnostic::error("Null value as key", "Can't use a null value as a key.").at(key.span),
            key,
        );
        return None;
    }
    match convert(&value, &Type::String) {
        Ok(value) => Some((value, marks)),
        Err(error) => {
            let detail = format!("Can't use this value as a key: {error}.");
            evaluator.report(Diagnostic::error("Incorrect key type", detail).at(key.span), key);
            None
        }
    }
}

/// One pass over the elements of a `for`.
struct Iteration<'f> {
    for_expression: &'f For,
    whole: &'f Expression,
    marks: Marks,
    known: bool,
}

pub(super) fn for_expression(
    evaluator: &mut Evaluator<'_>,
    for_expression: &For,
    whole: &Expression,
) -> Value {
    let collection_expression = &for_expression.collection;
    let (collection, marks) = evaluator.evaluate(collection_expression).unmark();
    let at_collection = |diagnostic: Diagnostic| diagnostic.at(collection_expression.span).within(whole.span);
    if collection.is_null() {
        let detail = "A null value cannot be used as the collection in a 'for' expression.";
        let diagnostic = Diagnostic::error("Iteration over null value", detail);
        evaluator.report(at_collection(diagnostic), collection_expression);
        return Value::dynamic();
    }
    if collection.as_unknown().is_some_and(|unknown| unknown.ty == Type::Dynamic) {
        return Value::dynamic().with_marks(marks);
    }
    if !collection.can_iterate() {
        let detail = format!(
            "A value of type {} cannot be used as the collection in a 'for' expression.",
            collection.ty().friendly_name()
        );
        let diagnostic = Diagnostic::error("Iteration over non-iterable value", detail);
        evaluator.report(at_collection(diagnostic), collection_expression);
        return Value::dynamic();
    }
    let Some(elements) = collection.key_values() else {
        check_with_unknown_elements(evaluator, for_expression, &collection);
        return Value::dynamic().with_marks(marks);
    };
    let mut iteration = Iteration { for_expression, whole, marks, known: true };
    let result = if for_expression.key.is_some() {
        iteration.object(evaluator, elements)
    } else {
        iteration.tuple(evaluator, elements)
    };
    if iteration.known {
        result.with_marks(iteration.marks)
    } else {
        Value::dynamic().with_marks(iteration.marks)
    }
}

/// Evaluates the parts once with unknown elements, so that their errors are not hidden until apply.
fn check_with_unknown_elements(evaluator: &mut Evaluator<'_>, for_expression: &For, collection: &Value) {
    let ty = collection.ty();
    let (key, element) = match &ty {
        Type::List(element) => (Type::Number, (**element).clone()),
        Type::Set(element) => ((**element).clone(), (**element).clone()),
        Type::Map(element) => (Type::String, (**element).clone()),
        Type::Tuple(_) => (Type::Number, Type::Dynamic),
        _ => (Type::String, Type::Dynamic),
    };
    let names = bindings(for_expression, Value::unknown(key), Value::unknown(element));
    evaluator.with_bindings(names, |evaluator| {
        if let Some(condition) = &for_expression.condition {
            evaluator.evaluate(condition);
        }
        if let Some(key) = &for_expression.key {
            evaluator.evaluate(key);
        }
        evaluator.evaluate(&for_expression.value);
    });
}

fn bindings(for_expression: &For, key: Value, value: Value) -> Vec<(Str, Value)> {
    let key_name = for_expression.key_name.as_ref().map(|name| (name.name.clone(), key));
    key_name.into_iter().chain([(for_expression.value_name.name.clone(), value)]).collect()
}

impl Iteration<'_> {
    fn tuple(&mut self, evaluator: &mut Evaluator<'_>, elements: Vec<(Value, Value)>) -> Value {
        let mut results = Vec::with_capacity(elements.len());
        for (key, element) in elements {
            evaluator.with_bindings(bindings(self.for_expression, key, element), |evaluator| {
                if self.is_included(evaluator) {
                    results.push(evaluator.evaluate(&self.for_expression.value));
                }
            });
        }
        Value::tuple(results)
    }

    fn object(&mut self, evaluator: &mut Evaluator<'_>, elements: Vec<(Value, Value)>) -> Value {
        let mut single: BTreeMap<Str, Value> = BTreeMap::new();
        let mut groups: BTreeMap<Str, Vec<Value>> = BTreeMap::new();
        for (key, element) in elements {
            evaluator.with_bindings(bindings(self.for_expression, key, element), |evaluator| {
                if !self.is_included(evaluator) {
                    return;
                }
                let Some(key) = self.key(evaluator) else { return };
                let value = evaluator.evaluate(&self.for_expression.value);
                if self.for_expression.grouping {
                    groups.entry(key).or_default().push(value);
                } else if single.insert(key.clone(), value).is_some() {
                    self.report_duplicate(evaluator, &key);
                }
            });
        }
        if self.for_expression.grouping {
            Value::object(groups.into_iter().map(|(key, values)| (key, Value::tuple(values))))
        } else {
            Value::object(single)
        }
    }

    fn is_included(&mut self, evaluator: &mut Evaluator<'_>) -> bool {
        let Some(condition) = &self.for_expression.condition else { return true };
        let (value, marks) = evaluator.evaluate(condition).unmark();
        self.marks |= marks;
        let at = |diagnostic: Diagnostic| diagnostic.at(condition.span).within(self.whole.span);
        if value.is_null() {
            let detail = "The value of the 'if' clause must not be null.";
            self.spoil(evaluator, at(Diagnostic::error("Condition is null", detail)), condition);
            return false;
        }
        match convert(&value, &Type::Bool) {
            Ok(Value::Bool(included)) => included,
            Ok(_) => {
                self.known = false;
                false
            }
            Err(error) => {
                let detail = format!("The 'if' clause value is invalid: {error}.");
                self.spoil(evaluator, at(Diagnostic::error("Invalid 'for' condition", detail)), condition);
                false
            }
        }
    }

    fn key(&mut self, evaluator: &mut Evaluator<'_>) -> Option<Str> {
        let key = self.for_expression.key.as_ref()?;
        let (value, marks) = evaluator.evaluate(key).unmark();
        self.marks |= marks;
        let at = |diagnostic: Diagnostic| diagnostic.at(key.span).within(self.whole.span);
        if value.is_null() {
            let detail = "Key expression in 'for' expression must not produce a null value.";
            self.spoil(evaluator, at(Diagnostic::error("Invalid object key", detail)), key);
            return None;
        }
        match convert(&value, &Type::String) {
            Ok(Value::String(key)) => Some(key),
            Ok(_) => {
                self.known = false;
                None
            }
            Err(error) => {
                let detail = format!("The key expression produced an invalid result: {error}.");
                self.spoil(evaluator, at(Diagnostic::error("Invalid object key", detail)), key);
                None
            }
        }
    }

    /// Reports what makes the result unknown, unless it is already: one wrong element is told, not each of them.
    fn spoil(&mut self, evaluator: &mut Evaluator<'_>, diagnostic: Diagnostic, at: &Expression) {
        if self.known {
            evaluator.report(diagnostic, at);
        }
        self.known = false;
    }

    fn report_duplicate(&mut self, evaluator: &mut Evaluator<'_>, key: &str) {
        let Some(expression) = &self.for_expression.key else { return };
        let detail = format!(
            "Two different items produced the key {key:?} in this 'for' expression. If duplicates are expected, use \
             the ellipsis (...) after the value expression to enable grouping by key."
        );
        let diagnostic = Diagnostic::error("Duplicate object key", detail);
        evaluator.report_caused_by(
            diagnostic.at(expression.span).within(self.whole.span),
            expression,
            Causes::default(),
        );
    }
}

pub(super) fn splat(evaluator: &mut Evaluator<'_>, source: &Expression, each: &Expression) -> Value {
    let (value, marks) = evaluator.evaluate(source).unmark();
    let ty = value.ty();
    if value.is_null() {
        return splat_null(evaluator, &ty, source).with_marks(marks);
    }
    let is_sequence = matches!(ty, Type::List(_) | Type::Set(_) | Type::Tuple(_));
    if ty == Type::Dynamic {
        // Evaluated once for its errors; the result may turn out to be anything.
        evaluate_each(evaluator, each, Value::dynamic());
        return Value::dynamic().with_marks(marks);
    }
    if !is_sequence {
        // Anything else counts as a sequence of one; an unknown value may still turn out to be null.
        if !value.is_known() && !value.is_definitely_not_null() {
            evaluate_each(evaluator, each, value);
            return Value::dynamic().with_marks(marks);
        }
        let result = evaluate_each(evaluator, each, value);
        return Value::tuple([result]).with_marks(marks);
    }
    if let Some(unknown) = value.as_unknown() {
        return splat_unknown(evaluator, each, &unknown.ty, &value).with_marks(marks);
    }
    let elements = value.as_sequence().unwrap_or_default();
    let results: Vec<Value> =
        elements.iter().map(|element| evaluate_each(evaluator, each, element.clone())).collect();
    let result = match ty {
        Type::Tuple(_) => Value::tuple(results),
        _ => list_or_tuple(results, || Type::Dynamic),
    };
    result.with_marks(marks)
}

fn evaluate_each(evaluator: &mut Evaluator<'_>, each: &Expression, item: Value) -> Value {
    evaluator.splat_items.push(item);
    let result = evaluator.evaluate(each);
    evaluator.splat_items.pop();
    result
}

fn splat_null(evaluator: &mut Evaluator<'_>, ty: &Type, source: &Expression) -> Value {
    if matches!(ty, Type::List(_) | Type::Set(_) | Type::Tuple(_)) {
        let detail = "Splat expressions (with the * symbol) cannot be applied to null sequences.";
        evaluator.report(Diagnostic::error("Splat of null value", detail).at(source.span), source);
        return Value::dynamic();
    }
    Value::tuple([])
}

fn splat_unknown(evaluator: &mut Evaluator<'_>, each: &Expression, ty: &Type, value: &Value) -> Value {
    match ty {
        Type::Tuple(elements) => {
            let results: Vec<Value> = elements
                .iter()
                .map(|ty| evaluate_each(evaluator, each, Value::unknown(ty.clone())))
                .collect();
            Value::unknown(Type::tuple(results.iter().map(Value::ty)))
        }
        Type::List(element) | Type::Set(element) => {
            let result = evaluate_each(evaluator, each, Value::unknown((**element).clone()));
            let mut refinement =
                value.as_unknown().map(|unknown| unknown.refinement.clone()).unwrap_or_default();
            if matches!(ty, Type::Set(_)) {
                refinement.length_min = refinement.length_min.min(1);
            }
            Value::refined_unknown(Type::list(result.ty()), refinement)
        }
        _ => Value::dynamic(),
    }
}

/// A list where all results are of one type, as they are when the source is a list; a tuple otherwise.
fn list_or_tuple(results: Vec<Value>, type_of_none: impl FnOnce() -> Type) -> Value {
    let Some(first) = results.first() else { return Value::list(type_of_none(), []) };
    let ty = first.ty();
    if results.iter().all(|result| result.ty() == ty) {
        Value::list(ty, results)
    } else {
        Value::tuple(results)
    }
}
