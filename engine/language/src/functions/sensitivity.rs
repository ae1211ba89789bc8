//! Functions that set, remove and ask for marks.

use terrane_model::{Marks, Type, Value};

use super::{Arguments, Function, FunctionError, Parameter, ParameterType, Returns};

const VALUE: &[Parameter] = &[Parameter::any("value").or_null().or_marked().or_dynamic().or_unknown()];
const SAME: Returns = Returns::Computed {
    shown: ParameterType::Any,
    rule: |arguments: &Arguments<'_>| Ok(arguments.value(0).ty()),
};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "ephemeralasnull",
        VALUE,
        SAME,
        |arguments| Ok(without_ephemeral(arguments.value(0))),
        "Replaces what is ephemeral in a value by null.",
    )
    .result_may_be_null(),
    Function::new(
        "issensitive",
        VALUE,
        Returns::Always(ParameterType::Bool),
        issensitive,
        "Tells whether a value is marked as sensitive.",
    ),
    Function::new(
        "nonsensitive",
        VALUE,
        SAME,
        |arguments| {
            let (value, marks) = arguments.value(0).clone().unmark();
            Ok(value.with_marks(marks.without(Marks::SENSITIVE)))
        },
        "Returns a value without the mark that makes it sensitive.",
    )
    .result_may_be_null(),
    Function::new(
        "sensitive",
        VALUE,
        SAME,
        |arguments| Ok(arguments.value(0).clone().sensitive()),
        "Marks a value as sensitive.",
    )
    .result_may_be_null(),
];

fn issensitive(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let value = arguments.value(0);
    if value.marks().is_sensitive() {
        return Ok(true.into());
    }
    // What is not known yet may become sensitive.
    Ok(if value.is_known() { false.into() } else { Value::unknown(Type::Bool) })
}

fn without_ephemeral(value: &Value) -> Value {
    if !value.deep_marks().is_ephemeral() {
        return value.clone();
    }
    let marks = value.marks();
    let plain = value.unmarked();
    let kept = if marks.is_ephemeral() { Value::Null(plain.ty()) } else { parts_without_ephemeral(plain) };
    kept.with_marks(marks.without(Marks::EPHEMERAL))
}

fn parts_without_ephemeral(value: &Value) -> Value {
    let elements = |elements: &[Value]| elements.iter().map(without_ephemeral).collect::<Vec<_>>();
    match value {
        Value::List(list) => Value::list(list.element_type().clone(), elements(list.elements())),
        Value::Tuple(tuple) => Value::tuple(elements(tuple.elements())),
        Value::Map(map) => {
            let entries = map.entries().iter().map(|(key, entry)| (key.clone(), without_ephemeral(entry)));
            Value::map(map.element_type().clone(), entries)
        }
        Value::Object(object) => Value::object(
            object.attributes().iter().map(|(name, value)| (name.clone(), without_ephemeral(value))),
        ),
        other => other.clone(),
    }
}
