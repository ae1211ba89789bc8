//! Promises about values that are not known yet: what follows from them, and functions that make them.

use terrane_model::{Refinement, Type, Value};

/// The longest list that is written out when only its length is known.
const WRITTEN_OUT_MAX: usize = 1024;

/// Makes an unknown value with promises, or the known value where the promises leave no other.
pub(super) fn refined(ty: Type, refinement: Refinement) -> Value {
    if !refinement.not_null {
        return Value::refined_unknown(ty, refinement);
    }
    if let (Type::Number, Some((least, true)), Some((most, true))) =
        (&ty, &refinement.number_min, &refinement.number_max)
        && least == most
    {
        return Value::Number(least.clone());
    }
    let length = refinement.length_max.filter(|length| *length == refinement.length_min);
    let unknown_elements = |element: &Type, count: usize| vec![Value::unknown(element.clone()); count];
    match (&ty, length) {
        (Type::Map(element), Some(0)) => Value::map::<&str>((**element).clone(), []),
        (Type::Set(element), Some(length @ (0 | 1))) => {
            Value::set((**element).clone(), unknown_elements(element, length))
        }
        (Type::List(element), Some(length)) if length <= WRITTEN_OUT_MAX => {
            Value::list((**element).clone(), unknown_elements(element, length))
        }
        _ => Value::refined_unknown(ty, refinement),
    }
}
