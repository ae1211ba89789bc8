//! What a function says of itself: name, parameters, result, rule.

use terrane_model::{Type, Value};

use super::{Arguments, FunctionError};

/// One function.
pub struct Function {
    /// The name without namespace.
    pub name: &'static str,
    /// One sentence for people who look it up.
    pub description: &'static str,
    /// What is passed, in order.
    pub parameters: &'static [Parameter],
    /// What may be passed any number of times behind the others.
    pub variadic: Option<Parameter>,
    /// What comes back.
    pub returns: Returns,
    /// Whether the result may be null.
    pub result_may_be_null: bool,
    /// How the result comes about.
    pub rule: Rule,
}

/// How the result of a function comes about.
#[derive(Clone, Copy)]
pub enum Rule {
    /// From the arguments, which are as the parameters promise.
    Values(fn(&Arguments<'_>) -> Result<Value, FunctionError>),
    /// From the argument expressions themselves, by the evaluator: `try` and `can`.
    Expressions,
}

/// What a function returns.
#[derive(Clone, Copy)]
pub enum Returns {
    /// Always the same type.
    Always(ParameterType),
    /// A type that depends on the arguments.
    Computed {
        /// The type that the function's signature shows.
        shown: ParameterType,
        /// The type for these arguments, of which one that must be known is unknown;
        /// [`Type::Dynamic`] while it is open. Refuses what no later value can mend.
        rule: fn(&Arguments<'_>) -> Result<Type, FunctionError>,
    },
}

/// A type as tables can say it.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ParameterType {
    Any,
    Bool,
    Number,
    String,
    List(&'static ParameterType),
    Set(&'static ParameterType),
    Map(&'static ParameterType),
}

impl ParameterType {
    pub(super) const LIST_OF_ANY: Self = Self::List(&Self::Any);
    pub(super) const LIST_OF_STRING: Self = Self::List(&Self::String);
    pub(super) const SET_OF_ANY: Self = Self::Set(&Self::Any);

    /// Returns the type.
    pub fn to_type(self) -> Type {
        match self {
            Self::Any => Type::Dynamic,
            Self::Bool => Type::Bool,
            Self::Number => Type::Number,
            Self::String => Type::String,
            Self::List(element) => Type::list(element.to_type()),
            Self::Set(element) => Type::set(element.to_type()),
            Self::Map(element) => Type::map(element.to_type()),
        }
    }
}

/// What may be passed.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// The name shown in signatures and errors.
    pub name: &'static str,
    /// Arguments are converted to this type.
    pub ty: ParameterType,
    /// Whether null may be passed.
    pub allow_null: bool,
    /// Whether the rule is called with unknown arguments too. Parts of an argument may be unknown always.
    pub allow_unknown: bool,
    /// Whether the rule is called with arguments whose type is not known; without it the whole result is
    /// open, whatever the function returns. Matters only for parameters of any type.
    pub allow_dynamic: bool,
    /// Whether the rule sees marks and takes care of them itself.
    pub allow_marked: bool,
}

impl Parameter {
    /// A parameter that takes known, unmarked values that are not null.
    pub const fn new(name: &'static str, ty: ParameterType) -> Self {
        let (allow_null, allow_unknown, allow_dynamic, allow_marked) = (false, false, false, false);
        Self { name, ty, allow_null, allow_unknown, allow_dynamic, allow_marked }
    }

    /// A parameter that takes text.
    pub const fn string(name: &'static str) -> Self {
        Self::new(name, ParameterType::String)
    }

    /// A parameter that takes numbers.
    pub const fn number(name: &'static str) -> Self {
        Self::new(name, ParameterType::Number)
    }

    /// A parameter that takes values of any type.
    pub const fn any(name: &'static str) -> Self {
        Self::new(name, ParameterType::Any)
    }

    /// Lets null through.
    #[must_use]
    pub const fn or_null(self) -> Self {
        Self { allow_null: true, ..self }
    }

    /// Lets unknown values through.
    #[must_use]
    pub const fn or_unknown(self) -> Self {
        Self { allow_unknown: true, ..self }
    }

    /// Lets values through whose type is not known.
    #[must_use]
    pub const fn or_dynamic(self) -> Self {
        Self { allow_dynamic: true, ..self }
    }

    /// Lets marked values through.
    #[must_use]
    pub const fn or_marked(self) -> Self {
        Self { allow_marked: true, ..self }
    }

    const fn leaves_result_open(&self) -> bool {
        matches!(self.ty, ParameterType::Any) && !self.allow_dynamic
    }
}

/// Making the entries of the table.
impl Function {
    pub(super) const fn new(
        name: &'static str,
        parameters: &'static [Parameter],
        returns: Returns,
        rule: fn(&Arguments<'_>) -> Result<Value, FunctionError>,
        description: &'static str,
    ) -> Self {
        let rule = Rule::Values(rule);
        Self { name, description, parameters, variadic: None, returns, result_may_be_null: false, rule }
    }

    pub(super) const fn on_expressions(
        name: &'static str,
        parameters: &'static [Parameter],
        returns: Returns,
        description: &'static str,
    ) -> Self {
        let rule = Rule::Expressions;
        Self { name, description, parameters, variadic: None, returns, result_may_be_null: true, rule }
    }

    pub(super) const fn variadic(self, parameter: Parameter) -> Self {
        Self { variadic: Some(parameter), ..self }
    }

    pub(super) const fn result_may_be_null(self) -> Self {
        Self { result_may_be_null: true, ..self }
    }
}

impl Function {
    /// Returns the parameter that an argument belongs to.
    pub fn parameter(&self, index: usize) -> Option<&Parameter> {
        self.parameters.get(index).or(self.variadic.as_ref())
    }

    /// Returns the type that the signature shows, as `metadata functions -json` prints it: any type where
    /// an argument can leave even the result's type open.
    pub fn shown_return_type(&self) -> ParameterType {
        let all = self.parameters.iter().chain(&self.variadic);
        match self.returns {
            Returns::Computed { shown, .. } => shown,
            Returns::Always(_) if all.into_iter().any(Parameter::leaves_result_open) => ParameterType::Any,
            Returns::Always(ty) => ty,
        }
    }
}
