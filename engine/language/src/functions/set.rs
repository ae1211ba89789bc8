//! Functions that combine sets.

use terrane_model::convert::convert;
use terrane_model::{Marks, Refinement, Type, Value, unify};

use super::known_values::KnownValues;
use super::{Arguments, Function, FunctionError, Parameter, ParameterType, Returns};

const SET_OF_ANY: ParameterType = ParameterType::SET_OF_ANY;
const SETS: Returns = Returns::Computed { shown: SET_OF_ANY, rule: common_set_type };
const FIRST: Parameter = Parameter::new("first_set", SET_OF_ANY);
const OTHERS: Parameter = Parameter::new("other_sets", SET_OF_ANY);

/// Beyond these bounds a promise about the size of a product is of no use.
const PRODUCT_FACTOR_MAX: usize = 1024;
const PRODUCT_PROMISED_MAX: usize = 2048;

/// The most tuples that are made; keeps a few long lists from filling the memory.
const PRODUCT_MAX: usize = 10_000_000;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "setintersection",
        &[FIRST],
        SETS,
        intersection,
        "Returns the elements that all sets have in common.",
    )
    .variadic(OTHERS),
    Function::new(
        "setproduct",
        &[],
        Returns::Computed { shown: ParameterType::Any, rule: product_type },
        product,
        "Returns all combinations of one element of each set or list.",
    )
    .variadic(Parameter::any("sets").or_marked().or_unknown()),
    Function::new(
        "setsubtract",
        &[Parameter::new("a", SET_OF_ANY), Parameter::new("b", SET_OF_ANY)],
        SETS,
        subtract,
        "Returns the elements of the first set that the second does not have.",
    ),
    Function::new("setunion", &[FIRST], SETS, union, "Returns the elements of all sets together.")
        .variadic(OTHERS),
];

fn common_set_type(arguments: &Arguments<'_>) -> Result<Type, FunctionError> {
    let mut types: Vec<Type> = Vec::new();
    for value in arguments.values {
        let element = value.ty().element().cloned().unwrap_or(Type::Dynamic);
        // An empty set of anything goes together with every other set.
        if element == Type::Dynamic && value.element_count() == Some(0) {
            continue;
        }
        if !types.contains(&element) {
            types.push(element);
        }
    }
    if types.is_empty() {
        return Ok(Type::set(Type::Dynamic));
    }
    let incompatible = || FunctionError::new("given sets must all have compatible element types");
    unify(&types).map(Type::set).ok_or_else(incompatible)
}

/// Returns all sets in their common type, and its element type.
fn in_common_type(arguments: &Arguments<'_>) -> Result<(Vec<Value>, Type), FunctionError> {
    let ty = common_set_type(arguments)?;
    let converted =
        arguments.values.iter().enumerate().map(|(index, set)| {
            convert(set, &ty).map_err(|error| FunctionError::argument(index, error.message))
        });
    let element = ty.element().cloned().unwrap_or(Type::Dynamic);
    Ok((converted.collect::<Result<_, _>>()?, element))
}

fn union(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let (sets, element_type) = in_common_type(arguments)?;
    let elements = sets.iter().filter_map(Value::as_sequence).flatten().cloned();
    Ok(Value::set(element_type, elements))
}

fn intersection(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let (sets, element_type) = in_common_type(arguments)?;
    if !sets.iter().all(Value::is_wholly_known) {
        return Ok(Value::unknown(Type::set(element_type)));
    }
    let mut sets = sets.iter().filter_map(Value::as_sequence);
    let mut common: Vec<&Value> = sets.next().unwrap_or_default().iter().collect();
    for set in sets {
        let set: KnownValues<'_> = set.iter().collect();
        common.retain(|element| set.contains(element));
    }
    Ok(Value::set(element_type, common.into_iter().cloned()))
}

fn subtract(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let (sets, element_type) = in_common_type(arguments)?;
    if !sets.iter().all(Value::is_wholly_known) {
        return Ok(Value::unknown(Type::set(element_type)));
    }
    let elements = |index: usize| sets.get(index).and_then(Value::as_sequence).unwrap_or_default();
    let removed: KnownValues<'_> = elements(1).iter().collect();
    let rest = elements(0).iter().filter(|element| !removed.contains(element));
    Ok(Value::set(element_type, rest.cloned()))
}

/// One factor of a product.
struct Factor {
    element_type: Type,
    is_ordered: bool,
    /// Nothing while the number of elements is open.
    elements: Option<Vec<Value>>,
    length_max: Option<usize>,
}

fn factor(value: &Value, index: usize) -> Result<Factor, FunctionError> {
    let ty = value.ty();
    let (element_type, is_ordered) = match &ty {
        Type::Set(element) => ((**element).clone(), false),
        Type::List(element) => ((**element).clone(), true),
        Type::Tuple(types) if types.is_empty() => (Type::Dynamic, true),
        Type::Tuple(types) => {
            let mixed = || FunctionError::argument(index, "all elements must be of the same type");
            (unify(types).ok_or_else(mixed)?, true)
        }
        _ => return Err(FunctionError::argument(index, "a set or a list is required")),
    };
    let length_max = match (value.as_unknown(), &ty) {
        (Some(_), Type::Tuple(types)) => Some(types.len()),
        (Some(unknown), _) => unknown.refinement.length_max,
        (None, _) => value.element_count(),
    };
    let length_is_open =
        !is_ordered && length_max.is_some_and(|length| length > 1) && !value.is_wholly_known();
    let elements = if length_is_open { None } else { value.as_sequence() };
    let elements = elements.map(|elements| elements.iter().map(|element| in_type(element, &element_type)));
    Ok(Factor { elements: elements.map(Iterator::collect), element_type, is_ordered, length_max })
}

/// Converts an element of a tuple to the type that all its elements go to.
fn in_type(element: &Value, ty: &Type) -> Value {
    convert(element, ty).unwrap_or_else(|_| element.clone())
}

fn factors(arguments: &Arguments<'_>) -> Result<Vec<Factor>, FunctionError> {
    if arguments.values.len() < 2 {
        return Err(FunctionError::new("at least two arguments are required"));
    }
    arguments.values.iter().enumerate().map(|(index, value)| factor(value.unmarked(), index)).collect()
}

fn product_type(arguments: &Arguments<'_>) -> Result<Type, FunctionError> {
    let factors = factors(arguments)?;
    Ok(type_of_product(&factors))
}

fn type_of_product(factors: &[Factor]) -> Type {
    let tuple = Type::tuple(factors.iter().map(|factor| factor.element_type.clone()));
    if factors.iter().all(|factor| factor.is_ordered) { Type::list(tuple) } else { Type::set(tuple) }
}

fn product(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let marks: Marks = arguments.values.iter().map(Value::marks).collect();
    let factors = factors(arguments)?;
    let ty = type_of_product(&factors);
    let element_type = ty.element().cloned().unwrap_or(Type::Dynamic);
    let elements: Option<Vec<&[Value]>> = factors.iter().map(|factor| factor.elements.as_deref()).collect();
    let Some(elements) = elements else {
        return Ok(Value::refined(ty, promise_about_product(&factors)).with_marks(marks));
    };
    let tuples = combinations(&elements)?;
    let product = match ty {
        Type::List(_) => Value::list(element_type, tuples),
        _ => Value::set(element_type, tuples),
    };
    Ok(product.with_marks(marks))
}

fn promise_about_product(factors: &[Factor]) -> Refinement {
    let mut most = 1usize;
    for factor in factors {
        let Some(length) = factor.length_max.filter(|length| *length <= PRODUCT_FACTOR_MAX) else {
            return Refinement::not_null();
        };
        most *= length;
        if most > PRODUCT_PROMISED_MAX {
            return Refinement::not_null();
        }
    }
    Refinement { length_min: most.min(1), length_max: Some(most), ..Refinement::not_null() }
}

fn combinations(factors: &[&[Value]]) -> Result<Vec<Value>, FunctionError> {
    let total = factors.iter().try_fold(1usize, |total, factor| total.checked_mul(factor.len()));
    let total = total.filter(|total| *total <= PRODUCT_MAX).ok_or_else(|| {
        FunctionError::new(format!("the product would have more than {PRODUCT_MAX} elements"))
    })?;
    let mut tuples = Vec::with_capacity(total);
    let mut positions = vec![0; factors.len()];
    for _ in 0..total {
        let tuple = factors.iter().zip(&positions).map(|(factor, position)| factor[*position].clone());
        tuples.push(Value::tuple(tuple.collect::<Vec<_>>()));
        for (position, factor) in positions.iter_mut().zip(factors).rev() {
            *position += 1;
            if *position < factor.len() {
                break;
            }
            *position = 0;
        }
    }
    Ok(tuples)
}
