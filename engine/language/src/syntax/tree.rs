//! The syntax tree: what was written, with the place of everything and the value of nothing.
//!
//! Native syntax is parsed to [`Body`] directly. JSON syntax cannot tell arguments from blocks without
//! knowing what is expected, so it is kept as JSON (see `json.rs`) until a reader asks for a content;
//! both answer the same questions through [`super::body_content`].

use std::sync::Arc;

use terrane_model::{Span, Str};

/// A name as written.
#[derive(Debug, Clone, PartialEq)]
pub struct Identifier {
    /// The name, normalised to NFC.
    pub name: Str,
    /// Where it stands.
    pub span: Span,
}

/// The arguments and blocks between two braces, or of a whole file.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    /// Arguments in the order in which they were written; names may repeat after an error.
    pub attributes: Vec<Attribute>,
    /// Blocks in the order in which they were written.
    pub blocks: Vec<Block>,
    /// From the first to the last byte, without braces.
    pub span: Span,
    /// Where a missing argument is blamed on: in front of the opening brace, or the start of the file.
    pub start: Span,
    /// The closing brace, or the end of the file.
    pub end: Span,
}

/// `name = expression`.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// The name.
    pub name: Identifier,
    /// What stands to the right of the equals sign; shared, so that whoever asks for it may keep it.
    pub expression: Arc<Expression>,
    /// From the name to the end of the expression.
    pub span: Span,
}

/// `type "label" { ... }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// The block type, such as `resource`.
    pub block_type: Identifier,
    /// The labels; a bare identifier counts like a quoted one.
    pub labels: Vec<Identifier>,
    /// What is between the braces; shared, so that whoever asks for it may keep it.
    pub body: Arc<Body>,
    /// From the type to the end of the last label: what errors about the block underline.
    pub header: Span,
    /// The opening brace.
    pub open_brace: Span,
    /// The closing brace; empty where it was missing.
    pub close_brace: Span,
}

/// An expression and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    /// What kind it is.
    pub kind: ExpressionKind,
    /// All of it, without surrounding parentheses (those are an expression of their own).
    pub span: Span,
}

/// Every form of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum ExpressionKind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it was written: decimal digits, perhaps a fraction and an exponent; in JSON syntax
    /// perhaps a minus sign in front.
    Number(Str),
    /// A quoted string or heredoc without any sequence: its text after escapes.
    String(Str),
    /// A quoted string or heredoc with sequences; the results of the parts are joined. Literal text is a
    /// part of kind [`ExpressionKind::String`]; empty texts are left out.
    Template(Vec<Expression>),
    /// A template that is nothing but one interpolation: the value of any type inside.
    TemplateWrap(Box<Expression>),
    /// The body of a `%{for}` directive: a `for` whose results are joined.
    TemplateJoin(Box<Expression>),
    /// A name and the steps taken from it, such as `var.a[0].b`; all steps are constant.
    Traversal(Traversal),
    /// Constant steps taken from the result of another expression, such as `f(x).a`.
    RelativeTraversal {
        /// Where the steps start.
        source: Box<Expression>,
        /// At least one.
        steps: Vec<Step>,
    },
    /// `collection[key]` where the key is neither a literal number nor a literal string.
    Index {
        /// What is indexed.
        collection: Box<Expression>,
        /// What stands between the brackets.
        key: Box<Expression>,
        /// The brackets and what is between them.
        brackets: Span,
    },
    /// `source[*].each` or `source.*.each`.
    Splat {
        /// What is iterated over.
        source: Box<Expression>,
        /// What is evaluated per element; [`ExpressionKind::SplatItem`] inside stands for the element.
        each: Box<Expression>,
        /// `[*]` or `.*`.
        marker: Span,
    },
    /// The element of the nearest enclosing splat.
    SplatItem,
    /// `(inner)`.
    Parentheses(Box<Expression>),
    /// `name(arguments)`.
    Call(Box<Call>),
    /// `-a` or `!a`.
    Unary {
        /// The operator.
        operator: UnaryOperator,
        /// Where it stands.
        operator_span: Span,
        /// What it works on.
        operand: Box<Expression>,
    },
    /// `left operator right`.
    Binary {
        /// The operator.
        operator: BinaryOperator,
        /// Where it stands.
        operator_span: Span,
        /// Left operand.
        left: Box<Expression>,
        /// Right operand.
        right: Box<Expression>,
    },
    /// `condition ? when_true : when_false`, also `%{if}`.
    Conditional {
        /// Decides.
        condition: Box<Expression>,
        /// Result where the condition holds.
        when_true: Box<Expression>,
        /// Result where it does not.
        when_false: Box<Expression>,
    },
    /// `[a, b]`.
    Tuple(Vec<Expression>),
    /// `{a = b}`.
    Object(Vec<ObjectItem>),
    /// `[for ...]` or `{for ...}`.
    For(Box<For>),
    /// A string of JSON syntax. What it means depends on what is asked for: a template's value, or the
    /// text itself (a traversal, a type, a keyword).
    JsonString(Box<JsonString>),
    /// Stands where an expression could not be read; an error was reported.
    Invalid,
}

/// A name and constant steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Traversal {
    /// The first name.
    pub root: Identifier,
    /// What follows it.
    pub steps: Vec<Step>,
}

impl Traversal {
    /// Returns all of it, from the first name to the end of the last step.
    pub fn span(&self) -> Span {
        self.steps.last().map_or(self.root.span, |last| self.root.span.to(last.span))
    }
}

/// One constant step into a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Which way.
    pub kind: StepKind,
    /// With its dot or brackets.
    pub span: Span,
}

/// Which way a step goes.
#[derive(Debug, Clone, PartialEq)]
pub enum StepKind {
    /// `.name`.
    Attribute(Str),
    /// `["key"]`.
    StringKey(Str),
    /// `[0]`, or `.0` as old configurations write it; the number as written.
    NumberKey(Str),
}

/// A function call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The name with its namespaces, such as `provider::time::rfc3339_parse`.
    pub name: Identifier,
    /// What is passed.
    pub arguments: Vec<Expression>,
    /// Whether `...` follows the last argument.
    pub expand_final: bool,
    /// The opening parenthesis.
    pub open_parenthesis: Span,
    /// The closing parenthesis.
    pub close_parenthesis: Span,
}

/// `-` or `!`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOperator {
    /// `-`.
    Negate,
    /// `!`.
    Not,
}

/// An operator between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum BinaryOperator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
}

/// `key = value` of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectItem {
    /// What stands to the left. A bare name is a [`ExpressionKind::Traversal`] without steps and means
    /// its own text, even `true` or `null`; with parentheses around it, it is evaluated. A bare name with
    /// steps, such as `a.b`, means nothing: that is for whoever evaluates it to report.
    pub key: Expression,
    /// What stands to the right.
    pub value: Expression,
}

/// A `for` expression.
#[derive(Debug, Clone, PartialEq)]
pub struct For {
    /// The name for keys, when two names are given.
    pub key_name: Option<Identifier>,
    /// The name for values.
    pub value_name: Identifier,
    /// What is iterated over.
    pub collection: Expression,
    /// The key of each result; present makes an object.
    pub key: Option<Expression>,
    /// The value of each result.
    pub value: Expression,
    /// What stands behind `if`.
    pub condition: Option<Expression>,
    /// Whether `...` groups values by key.
    pub grouping: bool,
    /// The opening bracket and all up to the colon: what errors about the iteration underline.
    pub introduction: Span,
}

/// A string of JSON syntax.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonString {
    /// The text after JSON's escapes.
    pub text: Str,
    /// The text read as a template; its spans all cover the whole JSON string.
    pub template: Expression,
    /// What was wrong with the template: to be reported where its value is wanted.
    pub template_errors: terrane_model::Diagnostics,
    /// What was wrong with using it as a key, whether it is a template or not.
    pub key_errors: terrane_model::Diagnostics,
}
