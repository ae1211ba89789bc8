//! Functions on numbers.

use terrane_model::Value;

use super::{Arguments, Function, FunctionError, Parameter, ParameterType, Returns, Rule};

const NUMBER: Parameter = Parameter::new("num", ParameterType::Number);

pub(super) const FUNCTIONS: &[Function] = &[Function {
    name: "abs",
    description: "Returns the number without its sign.",
    parameters: &[NUMBER],
    variadic: None,
    returns: Returns::Always(ParameterType::Number),
    rule: Rule::Values(abs),
}];

fn abs(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let number = arguments.value(0).as_number();
    Ok(number.map_or_else(Value::dynamic_null, |number| Value::Number(number.abs())))
}
