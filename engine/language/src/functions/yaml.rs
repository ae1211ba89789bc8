//! `yamldecode` and `yamlencode`.

use terrane_model::{Type, Value};

use super::yaml_decode::decode;
use super::yaml_encode::encode;
use super::{Arguments, Function, FunctionError, Parameter, ParameterType, Returns};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "yamldecode",
        &[Parameter::string("src")],
        Returns::Computed { shown: ParameterType::Any, rule: |_| Ok(Type::Dynamic) },
        |arguments| decode(arguments.text(0)).map_err(FunctionError::new),
        "Reads a YAML text.",
    )
    .result_may_be_null(),
    Function::new(
        "yamlencode",
        &[Parameter::any("value").or_null().or_dynamic()],
        Returns::Always(ParameterType::String),
        yamlencode,
        "Writes a value as YAML.",
    ),
];

fn yamlencode(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let value = arguments.value(0);
    if !value.is_wholly_known() {
        return Ok(Value::unknown(Type::String));
    }
    Ok(Value::string(encode(value)))
}
