//! `templatefile` and `templatestring`; the evaluator renders.

use terrane_model::convert::convert;
use terrane_model::{Type, Value};

use super::filesystem::read_text;
use super::{Arguments, Function, FunctionError, Parameter, ParameterType, Returns};

/// What errors call the template of `templatestring`.
const ARGUMENT: &str = "<templatestring argument>";

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "templatefile",
        &[
            Parameter::string("path").or_marked().or_unknown(),
            Parameter::any("vars").or_marked().or_unknown(),
        ],
        Returns::Computed { shown: ParameterType::Any, rule: |_| Ok(Type::Dynamic) },
        templatefile,
        "Renders a file as a template with the given variables.",
    )
    .result_may_be_null(),
    // That the template is a reference, and not written on the spot, is for the evaluator to see.
    Function::new(
        "templatestring",
        &[Parameter::string("template").or_marked().or_null().or_unknown(), Parameter::any("vars")],
        Returns::Always(ParameterType::String),
        templatestring,
        "Renders a text from elsewhere as a template with the given variables.",
    ),
];

fn check_variables(variables: &Value) -> Result<(), FunctionError> {
    if variables.as_entries().is_some() {
        return Ok(());
    }
    Err(FunctionError::argument(1, "invalid vars value: must be a map"))
}

fn templatefile(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let path = arguments.value(0);
    let (variables, marks) = arguments.value(1).clone().unmark_deep();
    let marks = marks | path.marks();
    if !path.is_known() || !variables.is_known() {
        return Ok(Value::dynamic().with_marks(marks));
    }
    let template = read_text(arguments)?;
    check_variables(&variables)?;
    let rendered = arguments.environment.render_template(arguments.text(0), &template, &variables)?;
    if rendered.is_null() {
        return Err(result_is_null(arguments.text(0)));
    }
    Ok(rendered.with_marks(marks))
}

fn templatestring(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let (template, variables) = (arguments.value(0), arguments.value(1));
    if !template.is_known() {
        return Ok(Value::unknown(Type::String).with_marks(template.marks()));
    }
    let text = template
        .as_str()
        .ok_or_else(|| FunctionError::argument(0, "invalid template value: a string is required"))?;
    check_variables(variables)?;
    let rendered = arguments.environment.render_template(ARGUMENT, text, variables)?;
    if rendered.is_null() {
        return Err(result_is_null(ARGUMENT));
    }
    let rendered = convert(&rendered, &Type::String)
        .map_err(|error| FunctionError::new(format!("invalid template result: {}", error.message)))?;
    Ok(rendered.with_marks(template.marks()))
}

fn result_is_null(name: &str) -> FunctionError {
    FunctionError::new(format!(
        "{name}: Template result is null; The result of the template is null, which is not a valid result for a \
         templatestring call"
    ))
}
