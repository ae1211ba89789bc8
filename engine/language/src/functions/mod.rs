//! The functions of the language: one table, and the one way of calling what stands in it.
//!
//! A function sees only what its parameters allow. [`call`] converts arguments to the parameters' types,
//! refuses nulls, answers with an unknown where an argument is unknown, and carries marks from arguments
//! to result, so that an entry of the table has only its own rule to say.

mod number;
mod table;

use terrane_model::convert::convert;
use terrane_model::{Marks, Refinement, Str, Type, Value};

pub use table::{all, find};

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
    /// How the result comes about.
    pub rule: Rule,
}

/// How the result of a function comes about.
pub enum Rule {
    /// From the arguments, which are as the parameters promise.
    Values(fn(&Arguments<'_>) -> Result<Value, FunctionError>),
    /// From the argument expressions themselves, by the evaluator: `try` and `can`.
    Expressions,
}

/// What a function returns.
pub enum Returns {
    /// Always the same type.
    Always(ParameterType),
    /// A type that depends on the arguments, which may be unknown: [`Type::Dynamic`] while it is open.
    Computed {
        /// The type that the function's signature shows.
        shown: ParameterType,
        /// The type for these arguments.
        rule: fn(&Arguments<'_>) -> Result<Type, FunctionError>,
    },
}

/// A type as tables can say it.
#[derive(Clone, Copy)]
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
#[derive(Clone, Copy)]
pub struct Parameter {
    /// The name shown in signatures and errors.
    pub name: &'static str,
    /// Arguments are converted to this type.
    pub ty: ParameterType,
    /// Whether null may be passed.
    pub allow_null: bool,
    /// Whether the rule is called with unknown arguments too. Parts of an argument may be unknown always.
    pub allow_unknown: bool,
    /// Whether the rule sees marks and takes care of them itself.
    pub allow_marked: bool,
}

impl Parameter {
    /// A parameter that takes known, unmarked values that are not null.
    pub const fn new(name: &'static str, ty: ParameterType) -> Self {
        Self { name, ty, allow_null: false, allow_unknown: false, allow_marked: false }
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

    /// Lets marked values through.
    #[must_use]
    pub const fn or_marked(self) -> Self {
        Self { allow_marked: true, ..self }
    }
}

/// The arguments of one call.
pub struct Arguments<'a> {
    /// As the parameters promise.
    pub values: &'a [Value],
    /// What lies outside of the language.
    pub environment: &'a dyn Environment,
}

impl Arguments<'_> {
    /// Returns the text of a string argument.
    pub fn text(&self, index: usize) -> &str {
        self.values.get(index).and_then(Value::as_str).map_or("", Str::as_str)
    }

    /// Returns an argument.
    pub fn value(&self, index: usize) -> &Value {
        &self.values[index]
    }
}

/// What functions may ask of the world. The evaluator hands in one that fits the phase: while planning,
/// what changes from call to call has no answer, and the function's result is unknown.
pub trait Environment {
    /// Reads a file; relative paths start at the working directory.
    ///
    /// # Errors
    /// With a sentence fit for `…: {error}`.
    fn read_file(&self, path: &str) -> Result<Vec<u8>, FileError>;

    /// Tells what a path leads to; nothing when there is nothing.
    ///
    /// # Errors
    /// When the path cannot be looked at.
    fn file_kind(&self, path: &str) -> Result<Option<FileKind>, FileError>;

    /// Lists the regular files (following links) below a folder that match the pattern of `fileset`,
    /// relative to it, with `/` between names.
    ///
    /// # Errors
    /// When the folder cannot be read.
    fn files_below(&self, folder: &str) -> Result<Vec<String>, FileError>;

    /// Returns the working directory as an absolute path.
    fn working_directory(&self) -> String;

    /// Returns the home directory for `~`.
    fn home_directory(&self) -> Option<String>;

    /// Returns the time of the plan in RFC 3339, once it is fixed.
    fn plan_timestamp(&self) -> Option<String>;

    /// Returns the present time in RFC 3339, or nothing while planning.
    fn timestamp(&self) -> Option<String>;

    /// Returns random bytes, or nothing while planning.
    fn random_bytes(&self) -> Option<[u8; 16]>;

    /// Evaluates a template with these variables (an object or map); `name` is shown in errors.
    ///
    /// # Errors
    /// With what is wrong with the template.
    fn render_template(&self, name: &str, template: &str, variables: &Value) -> Result<Value, FunctionError>;
}

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file, also through a link.
    File,
    /// A folder.
    Folder,
    /// Anything else.
    Other,
}

/// Why a file could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// There is none.
    #[error("no such file or directory")]
    NotFound,
    /// Anything else, as the system says it.
    #[error("{0}")]
    Other(String),
}

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionError {
    /// The argument to blame, by position; the call as a whole when absent.
    pub argument: Option<usize>,
    /// What is wrong, as a fragment of a sentence without a full stop.
    pub message: String,
}

impl FunctionError {
    /// Blames the call as a whole.
    pub fn new(message: impl Into<String>) -> Self {
        Self { argument: None, message: message.into() }
    }

    /// Blames one argument.
    pub fn argument(index: usize, message: impl Into<String>) -> Self {
        Self { argument: Some(index), message: message.into() }
    }
}

impl Function {
    /// Returns the parameter that an argument belongs to.
    pub fn parameter(&self, index: usize) -> Option<&Parameter> {
        self.parameters.get(index).or(self.variadic.as_ref())
    }
}

/// Calls a function. The number of arguments was checked by the caller.
///
/// # Errors
/// When an argument does not suit its parameter, or the rule refuses.
pub fn call(
    function: &Function,
    arguments: Vec<Value>,
    environment: &dyn Environment,
) -> Result<Value, FunctionError> {
    let mut marks = Marks::NONE;
    let mut any_unknown = false;
    let mut values = Vec::with_capacity(arguments.len());
    for (index, argument) in arguments.into_iter().enumerate() {
        let Some(parameter) = function.parameter(index) else { break };
        let argument = if parameter.allow_marked {
            argument
        } else {
            let (argument, argument_marks) = argument.unmark_deep();
            marks |= argument_marks;
            argument
        };
        if argument.is_null() && !parameter.allow_null {
            return Err(FunctionError::argument(index, "argument must not be null"));
        }
        let wanted = parameter.ty.to_type();
        let value =
            convert(&argument, &wanted).map_err(|error| FunctionError::argument(index, error.to_string()))?;
        any_unknown |= !value.is_known() && !parameter.allow_unknown;
        values.push(value);
    }
    let arguments = Arguments { values: &values, environment };
    let result = match function.rule {
        Rule::Values(_) if any_unknown => unknown_result(function, &arguments)?,
        Rule::Values(rule) => rule(&arguments)?,
        Rule::Expressions => {
            return Err(FunctionError::new("this function works on expressions, not on values"));
        }
    };
    Ok(result.with_marks(marks))
}

fn unknown_result(function: &Function, arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let ty = match &function.returns {
        Returns::Always(ty) => ty.to_type(),
        Returns::Computed { rule, .. } => rule(arguments)?,
    };
    // A list of anything is not a type a value can have; such a result stays wholly open.
    let ty = if ty.has_dynamic() { Type::Dynamic } else { ty };
    Ok(Value::refined_unknown(ty, Refinement::not_null()))
}
