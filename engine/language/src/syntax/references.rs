//! Which names an expression refers to, without evaluating it.

use terrane_model::{Span, Str};

use super::tree::{Expression, ExpressionKind, For, Identifier, ObjectItem, Step, StepKind, Traversal};

/// A reference inside an expression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reference<'a> {
    /// What is referred to.
    pub traversal: &'a Traversal,
    /// Where the reference stands.
    pub span: Span,
    /// The attribute that is taken of whatever a key behind the reference leads to, where the key is not constant:
    /// `c` of `a.b[each.key].c` and of `a.b[*].c`.
    pub part: Option<&'a Str>,
}

impl Expression {
    /// Returns every reference in the expression, in the order in which they are written.
    ///
    /// Names that a `for` around them binds are no references. Of JSON strings, the templates count unless
    /// they have errors.
    pub fn variables(&self) -> Variables<'_> {
        Variables { pending: vec![Visit::Expression(self)], bound: Vec::new() }
    }
}

/// The references of an expression; see [`Expression::variables`].
///
/// Walks without recursion.
#[derive(Debug)]
pub struct Variables<'a> {
    /// What is still to be visited, the next at the end.
    pending: Vec<Visit<'a>>,
    /// Names bound by the `for` expressions around the next visit.
    bound: Vec<&'a Str>,
}

#[derive(Debug)]
enum Visit<'a> {
    Expression(&'a Expression),
    /// A reference of which an attribute is taken behind a key.
    Part(&'a Expression, &'a Str),
    Bind(&'a Identifier),
    /// Forgets the names bound last.
    Unbind(usize),
}

impl<'a> Iterator for Variables<'a> {
    type Item = Reference<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(visit) = self.pending.pop() {
            match visit {
                Visit::Bind(name) => self.bound.push(&name.name),
                Visit::Unbind(count) => self.bound.truncate(self.bound.len().saturating_sub(count)),
                Visit::Part(expression, part) => {
                    if let Some(reference) = self.visit(expression) {
                        return Some(Reference { part: Some(part), ..reference });
                    }
                }
                Visit::Expression(expression) => {
                    if let Some(reference) = self.visit(expression) {
                        return Some(reference);
                    }
                }
            }
        }
        None
    }
}

impl<'a> Variables<'a> {
    /// Plans the visits of the parts of an expression; returns what it refers to itself.
    fn visit(&mut self, expression: &'a Expression) -> Option<Reference<'a>> {
        match &expression.kind {
            ExpressionKind::Traversal(traversal) => {
                let is_bound = self.bound.contains(&&traversal.root.name);
                return (!is_bound).then_some(Reference { traversal, span: expression.span, part: None });
            }
            ExpressionKind::Null
            | ExpressionKind::Bool(_)
            | ExpressionKind::Number(_)
            | ExpressionKind::String(_)
            | ExpressionKind::SplatItem
            | ExpressionKind::Invalid => {}
            ExpressionKind::Template(parts) | ExpressionKind::Tuple(parts) => self.plan(parts),
            ExpressionKind::RelativeTraversal { source, steps } => match (&source.kind, steps.first()) {
                (ExpressionKind::Index { collection, key, .. }, Some(step)) => {
                    self.pending.push(Visit::Expression(key));
                    self.pending.push(part_of(collection, step));
                }
                _ => self.plan([source.as_ref()]),
            },
            ExpressionKind::Splat { source, each, .. } => match &each.kind {
                ExpressionKind::RelativeTraversal { source: item, steps }
                    if matches!(item.kind, ExpressionKind::SplatItem) && !steps.is_empty() =>
                {
                    self.pending.push(part_of(source, &steps[0]));
                }
                _ => self.plan([source.as_ref(), each]),
            },
            ExpressionKind::TemplateWrap(inner)
            | ExpressionKind::TemplateJoin(inner)
            | ExpressionKind::Parentheses(inner)
            | ExpressionKind::Unary { operand: inner, .. } => self.plan([inner.as_ref()]),
            ExpressionKind::Index { collection, key, .. } => self.plan([collection.as_ref(), key]),
            ExpressionKind::Binary { left, right, .. } => self.plan([left.as_ref(), right]),
            ExpressionKind::Conditional { condition, when_true, when_false } => {
                self.plan([condition.as_ref(), when_true, when_false]);
            }
            ExpressionKind::Call(call) => {
                // The second argument of this function is a type: its words are no names.
                let is_convert = matches!(call.name.name.as_str(), "convert" | "core::convert");
                let count = if is_convert { 1 } else { call.arguments.len() };
                self.plan(call.arguments.iter().take(count));
            }
            ExpressionKind::Object(items) => self.plan_object(items),
            ExpressionKind::For(inner) => self.plan_for(inner),
            ExpressionKind::JsonString(string) => {
                if !string.template_errors.has_errors() {
                    self.plan([&string.template]);
                }
            }
        }
        None
    }

    fn plan(&mut self, parts: impl IntoIterator<Item = &'a Expression, IntoIter: DoubleEndedIterator>) {
        self.pending.extend(parts.into_iter().rev().map(Visit::Expression));
    }

    fn plan_object(&mut self, items: &'a [ObjectItem]) {
        for item in items.iter().rev() {
            self.pending.push(Visit::Expression(&item.value));
            if !item.has_literal_name() {
                self.pending.push(Visit::Expression(&item.key));
            }
        }
    }

    fn plan_for(&mut self, inner: &'a For) {
        let names = inner.key_name.iter().chain([&inner.value_name]);
        self.pending.push(Visit::Unbind(names.clone().count()));
        let parts = inner.key.iter().chain([&inner.value]).chain(&inner.condition);
        self.plan(parts);
        self.pending.extend(names.map(Visit::Bind));
        // The collection is evaluated outside of the names' scope.
        self.pending.push(Visit::Expression(&inner.collection));
    }
}

/// Plans the visit of what a key stands behind, and of which `step` is taken.
fn part_of<'a>(collection: &'a Expression, step: &'a Step) -> Visit<'a> {
    match (&collection.kind, &step.kind) {
        (ExpressionKind::Traversal(_), StepKind::Attribute(part)) => Visit::Part(collection, part),
        _ => Visit::Expression(collection),
    }
}

impl ObjectItem {
    /// Tells whether the key is a bare name, which means its own text.
    pub fn has_literal_name(&self) -> bool {
        matches!(&self.key.kind, ExpressionKind::Traversal(traversal) if traversal.steps.is_empty())
    }
}
