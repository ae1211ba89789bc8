//! Calling a function.

use terrane_model::convert::convert;
use terrane_model::{Marks, Number, Refinement, Str, Type, Value};

use super::{Environment, Function, Parameter, ParameterType, Returns, Rule};

/// The arguments of one call.
pub struct Arguments<'a> {
    /// As the parameters promise.
    pub values: &'a [Value],
    /// What lies outside of the language.
    pub environment: &'a dyn Environment,
}

impl Arguments<'_> {
    /// Returns an argument; the number of arguments was checked before.
    pub fn value(&self, index: usize) -> &Value {
        &self.values[index]
    }

    /// Returns the text of a string argument.
    pub fn text(&self, index: usize) -> &str {
        self.values.get(index).and_then(Value::as_str).map_or("", Str::as_str)
    }

    /// Returns a number argument.
    pub fn number(&self, index: usize) -> &Number {
        const ZERO: &Number = &Number::ZERO;
        self.values.get(index).and_then(Value::as_number).unwrap_or(ZERO)
    }

    /// Returns the elements of a list, set or tuple argument.
    pub fn elements(&self, index: usize) -> &[Value] {
        self.values.get(index).and_then(Value::as_sequence).unwrap_or_default()
    }
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

/// Calls a function.
///
/// # Errors
/// When there are too few or too many arguments, an argument does not suit its parameter, or the rule
/// refuses.
pub fn call(
    function: &Function,
    arguments: Vec<Value>,
    environment: &dyn Environment,
) -> Result<Value, FunctionError> {
    let Rule::Values(rule) = function.rule else {
        return Err(FunctionError::new("this function works on expressions, not on values"));
    };
    check_count(function, arguments.len())?;
    let mut values = arguments;
    for (index, value) in values.iter_mut().enumerate() {
        let parameter = parameter_of(function, index);
        if let Some(converted) = convert_argument(value, parameter, index)? {
            *value = converted;
        }
    }
    let checked = check_arguments(function, &mut values)?;
    if checked.has_open_type {
        let own_marks = values.iter().map(Value::marks).collect::<Marks>();
        return Ok(Value::dynamic().with_marks(checked.marks | own_marks));
    }
    let arguments = Arguments { values: &values, environment };
    let result = if checked.has_unknown {
        Value::unknown(result_type(function, &arguments)?)
    } else {
        rule(&arguments)?
    };
    let result = if function.result_may_be_null { result } else { promise_not_null(result) };
    Ok(result.with_marks(checked.marks))
}

fn check_count(function: &Function, given: usize) -> Result<(), FunctionError> {
    let required = function.parameters.len();
    if given < required || given > required && function.variadic.is_none() {
        let at_least = if function.variadic.is_some() { "at least " } else { "" };
        return Err(FunctionError::new(format!(
            "wrong number of arguments ({at_least}{required} required; {given} given)"
        )));
    }
    Ok(())
}

fn parameter_of(function: &Function, index: usize) -> &Parameter {
    function.parameter(index).expect("the number of arguments was checked")
}

/// Returns the argument in the parameter's type, or nothing where it is as wanted already.
fn convert_argument(
    value: &Value,
    parameter: &Parameter,
    index: usize,
) -> Result<Option<Value>, FunctionError> {
    match (parameter.ty, value) {
        (ParameterType::Any, _)
        | (ParameterType::String, Value::String(_))
        | (ParameterType::Number, Value::Number(_))
        | (ParameterType::Bool, Value::Bool(_)) => Ok(None),
        (wanted, value) => match convert(value, &wanted.to_type()) {
            Ok(converted) => Ok(Some(converted)),
            Err(error) => Err(FunctionError::argument(index, error.message)),
        },
    }
}

/// What was found out about the arguments on the way.
struct Checked {
    marks: Marks,
    has_unknown: bool,
    has_open_type: bool,
}

fn check_arguments(function: &Function, values: &mut [Value]) -> Result<Checked, FunctionError> {
    let mut checked = Checked { marks: Marks::NONE, has_unknown: false, has_open_type: false };
    for (index, value) in values.iter_mut().enumerate() {
        let parameter = parameter_of(function, index);
        if !parameter.allow_marked && value.contains_marks() {
            let (unmarked, marks) = std::mem::replace(value, Value::Bool(false)).unmark_deep();
            *value = unmarked;
            checked.marks |= marks;
        }
        // Behind an argument that leaves everything open, Terraform looks at no other one.
        if !checked.has_open_type && value.is_null() && !parameter.allow_null {
            return Err(FunctionError::argument(index, "argument must not be null"));
        }
        checked.has_open_type |= !parameter.allow_dynamic && has_open_type(value);
        checked.has_unknown |= !parameter.allow_unknown && !value.is_known();
    }
    Ok(checked)
}

fn has_open_type(value: &Value) -> bool {
    match value.unmarked() {
        Value::Null(ty) => *ty == Type::Dynamic,
        Value::Unknown(unknown) => unknown.ty == Type::Dynamic,
        _ => false,
    }
}

fn result_type(function: &Function, arguments: &Arguments<'_>) -> Result<Type, FunctionError> {
    match &function.returns {
        Returns::Always(ty) => Ok(ty.to_type()),
        Returns::Computed { rule, .. } => rule(arguments),
    }
}

fn promise_not_null(value: Value) -> Value {
    match value {
        Value::Unknown(unknown) if !unknown.refinement.not_null => {
            let refinement = Refinement { not_null: true, ..unknown.refinement.clone() };
            Value::refined_unknown(unknown.ty.clone(), refinement)
        }
        Value::Marked(marked) => promise_not_null(marked.value().clone()).with_marks(marked.marks()),
        value => value,
    }
}
