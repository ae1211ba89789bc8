//! Functions that make lists and tuples from lists and tuples.

use terrane_model::convert::convert;
use terrane_model::{Marks, Number, Refinement, Type, Value, unify};

use super::known_values::KnownValues;
use super::number::whole;
use super::{Arguments, Function, FunctionError, Parameter, ParameterType, Returns};

const ANY: ParameterType = ParameterType::Any;
const LIST_OF_ANY: ParameterType = ParameterType::LIST_OF_ANY;
const LIST_OF_STRING: Returns = Returns::Always(ParameterType::LIST_OF_STRING);
const STRINGS: Parameter = Parameter::new("list", ParameterType::LIST_OF_STRING);

/// The most numbers that `range` makes.
const RANGE_MAX: usize = 1024;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "chunklist",
        &[Parameter::new("list", LIST_OF_ANY).or_marked(), Parameter::number("size").or_marked()],
        Returns::Computed {
            shown: ParameterType::List(&LIST_OF_ANY),
            rule: |arguments| Ok(Type::list(arguments.value(0).ty())),
        },
        chunklist,
        "Splits a list into lists of a size; the last may be shorter.",
    ),
    Function::new(
        "coalescelist",
        &[],
        Returns::Computed { shown: ANY, rule: |_| Ok(Type::Dynamic) },
        coalescelist,
        "Returns the first list or tuple that has elements.",
    )
    .variadic(Parameter::any("vals").or_unknown().or_dynamic().or_null()),
    Function::new(
        "compact",
        &[STRINGS],
        LIST_OF_STRING,
        compact,
        "Returns a list without its empty and null texts.",
    ),
    Function::new(
        "concat",
        &[],
        Returns::Computed { shown: ANY, rule: concat_type },
        concat,
        "Joins lists and tuples end to end.",
    )
    .variadic(Parameter::any("seqs").or_marked()),
    Function::new(
        "distinct",
        &[Parameter::new("list", LIST_OF_ANY)],
        Returns::Computed { shown: LIST_OF_ANY, rule: same_type },
        distinct,
        "Returns a list without the elements that equal an earlier one.",
    ),
    Function::new(
        "flatten",
        &[Parameter::any("list").or_marked()],
        Returns::Computed { shown: ANY, rule: |_| Ok(Type::Dynamic) },
        flatten,
        "Replaces lists, sets and tuples inside a list by their elements, on all levels.",
    ),
    Function::new(
        "matchkeys",
        &[
            Parameter::new("values", LIST_OF_ANY),
            Parameter::new("keys", LIST_OF_ANY),
            Parameter::new("searchset", LIST_OF_ANY),
        ],
        Returns::Computed { shown: LIST_OF_ANY, rule: matchkeys_type },
        matchkeys,
        "Returns the values whose keys, at the same positions, are in a set of keys.",
    ),
    Function::new(
        "range",
        &[],
        Returns::Always(ParameterType::List(&ParameterType::Number)),
        range,
        "Returns the numbers from a start up to a limit in equal steps.",
    )
    .variadic(Parameter::number("params")),
    Function::new(
        "reverse",
        &[Parameter::any("list").or_marked()],
        Returns::Computed { shown: ANY, rule: reverse_type },
        reverse,
        "Returns the elements of a list or tuple in reverse order.",
    ),
    Function::new(
        "slice",
        &[
            Parameter::any("list").or_marked(),
            Parameter::number("start_index"),
            Parameter::number("end_index"),
        ],
        Returns::Computed { shown: ANY, rule: slice_type },
        slice,
        "Returns the elements from one position up to, but not including, another.",
    ),
    Function::new("sort", &[STRINGS.or_unknown()], LIST_OF_STRING, sort, "Sorts texts by code point."),
];

fn same_type(arguments: &Arguments<'_>) -> Result<Type, FunctionError> {
    Ok(arguments.value(0).ty())
}

fn element_type(list: &Value) -> Type {
    match list.unmarked() {
        Value::List(list) => list.element_type().clone(),
        Value::Set(set) => set.element_type().clone(),
        other => other.ty().element().cloned().unwrap_or(Type::Dynamic),
    }
}

fn chunklist(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let (list, size) = (arguments.value(0), arguments.value(1));
    let marks = list.marks() | size.marks();
    let (Some(elements), Some(size)) = (list.as_sequence(), size.as_number()) else {
        return Ok(Value::unknown(Type::list(list.ty())).with_marks(marks));
    };
    let size = whole(size).map_err(|message| FunctionError::new(format!("invalid size: {message}")))?;
    let size = usize::try_from(size).map_err(|_| FunctionError::new("the size argument must be positive"))?;
    let element_type = element_type(list);
    let list_type = Type::list(element_type.clone());
    let chunks: Vec<Value> = match size {
        0 if elements.is_empty() => Vec::new(),
        0 => vec![list.unmarked().clone()],
        size => elements.chunks(size).map(|chunk| Value::list(element_type.clone(), chunk)).collect(),
    };
    Ok(Value::list(list_type, chunks).with_marks(marks))
}

fn coalescelist(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    if arguments.values.is_empty() {
        return Err(FunctionError::new("at least one argument is required"));
    }
    // Arguments behind one that is not known are not looked at: the result is open anyway.
    for value in arguments.values.iter().take_while(|value| value.is_known()) {
        let is_list = match value {
            Value::List(_) | Value::Tuple(_) => true,
            Value::Null(ty) => matches!(ty, Type::List(_) | Type::Tuple(_)),
            _ => false,
        };
        if !is_list {
            return Err(FunctionError::new("coalescelist arguments must be lists or tuples"));
        }
    }
    for value in arguments.values {
        if !value.is_known() {
            return Ok(Value::dynamic());
        }
        if value.element_count().is_some_and(|count| count > 0) {
            return Ok(value.clone());
        }
    }
    Err(FunctionError::new("no non-null arguments"))
}

fn compact(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    if !arguments.value(0).is_wholly_known() {
        return Ok(Value::unknown(Type::list(Type::String)));
    }
    let has_text = |element: &&Value| element.as_str().is_some_and(|text| !text.is_empty());
    let elements: Vec<Value> = arguments.elements(0).iter().filter(has_text).cloned().collect();
    Ok(Value::list(Type::String, elements))
}

/// Returns the list type of the result where all arguments are lists that go together.
fn common_list_type(lists: &[Value]) -> Option<Type> {
    let mut types: Vec<Type> = Vec::new();
    for list in lists {
        let ty = match list.unmarked() {
            Value::List(list) => Type::list(list.element_type().clone()),
            Value::Unknown(unknown) if matches!(unknown.ty, Type::List(_)) => unknown.ty.clone(),
            _ => return None,
        };
        if types.last() != Some(&ty) {
            types.push(ty);
        }
    }
    unify(&types)
}

fn check_sequences(values: &[Value]) -> Result<(), FunctionError> {
    if values.is_empty() {
        return Err(FunctionError::new("at least one argument is required"));
    }
    let is_sequence = |value: &Value| match value.unmarked() {
        Value::List(_) | Value::Tuple(_) => true,
        Value::Unknown(unknown) => matches!(unknown.ty, Type::List(_) | Type::Tuple(_)),
        _ => false,
    };
    for (index, value) in values.iter().enumerate() {
        if !is_sequence(value) {
            let kind = value.ty().friendly_name();
            let message = format!("all arguments must be lists or tuples; got {kind}");
            return Err(FunctionError::argument(index, message));
        }
        if matches!(value.as_unknown(), Some(unknown) if matches!(unknown.ty, Type::List(_))) {
            break;
        }
    }
    Ok(())
}

fn concat_type(arguments: &Arguments<'_>) -> Result<Type, FunctionError> {
    if let Some(ty) = common_list_type(arguments.values) {
        return Ok(ty);
    }
    check_sequences(arguments.values)?;
    let mut elements = Vec::new();
    for value in arguments.values {
        match (value.ty(), value.element_count()) {
            (Type::Tuple(types), _) => elements.extend(types.iter().cloned()),
            (Type::List(element), Some(count)) => {
                elements.extend(std::iter::repeat_n((*element).clone(), count));
            }
            _ => return Ok(Type::Dynamic),
        }
    }
    Ok(Type::tuple(elements))
}

fn concat(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let marks: Marks = arguments.values.iter().map(Value::marks).collect();
    let mut elements = Vec::new();
    if let Some(ty) = common_list_type(arguments.values) {
        for (index, list) in arguments.values.iter().enumerate() {
            let list = convert(list.unmarked(), &ty)
                .map_err(|error| FunctionError::argument(index, error.message))?;
            elements.extend_from_slice(list.as_sequence().unwrap_or_default());
        }
        let element_type = ty.element().cloned().unwrap_or(Type::Dynamic);
        return Ok(Value::list(element_type, elements).with_marks(marks));
    }
    check_sequences(arguments.values)?;
    for value in arguments.values {
        elements.extend_from_slice(value.as_sequence().unwrap_or_default());
    }
    Ok(Value::tuple(elements).with_marks(marks))
}

fn distinct(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let list = arguments.value(0);
    if !list.is_wholly_known() {
        return Ok(Value::unknown(list.ty()));
    }
    let mut seen = KnownValues::default();
    let unique = arguments.elements(0).iter().filter(|element| seen.insert(element));
    let unique: Vec<Value> = unique.cloned().collect();
    Ok(Value::list(element_type(list), unique))
}

/// What came out of flattening; marks are those of the sequences that were dissolved.
#[derive(Default)]
struct Flattened {
    elements: Vec<Value>,
    marks: Marks,
    is_open: bool,
}

impl Flattened {
    fn append(&mut self, sequence: &Value) {
        self.marks |= sequence.marks();
        for element in sequence.as_sequence().unwrap_or_default() {
            match element.unmarked() {
                Value::List(_) | Value::Set(_) | Value::Tuple(_) => self.append(element),
                Value::Unknown(unknown) if may_be_sequence(&unknown.ty) => {
                    self.is_open = true;
                    self.marks |= element.marks();
                }
                _ => self.elements.push(element.clone()),
            }
        }
        // How many elements a set will have is open while one of several is not known.
        if let Value::Set(set) = sequence.unmarked() {
            self.is_open |= set.elements().len() > 1 && !sequence.is_wholly_known();
        }
    }
}

fn may_be_sequence(ty: &Type) -> bool {
    matches!(ty, Type::Dynamic | Type::List(_) | Type::Set(_) | Type::Tuple(_))
}

fn flatten(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let list = arguments.value(0);
    if list.as_sequence().is_none() {
        return Err(FunctionError::new("can only flatten lists, sets and tuples"));
    }
    let mut flattened = Flattened::default();
    flattened.append(list);
    let result = if flattened.is_open { Value::dynamic() } else { Value::tuple(flattened.elements) };
    Ok(result.with_marks(flattened.marks))
}

fn matchkeys_type(arguments: &Arguments<'_>) -> Result<Type, FunctionError> {
    let incompatible = || FunctionError::new("keys and searchset must be of the same type");
    unify(&[arguments.value(1).ty(), arguments.value(2).ty()]).ok_or_else(incompatible)?;
    Ok(arguments.value(0).ty())
}

fn matchkeys(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let list_type = matchkeys_type(arguments)?;
    let result_element = element_type(arguments.value(0));
    let empty = Value::list(result_element.clone(), []);
    let values = arguments.elements(0);
    if values.len() != arguments.elements(1).len() {
        return Err(FunctionError::new("length of keys and values should be equal"));
    }
    let key_types = [arguments.value(1).ty(), arguments.value(2).ty()];
    let common = unify(&key_types).unwrap_or(Type::Dynamic);
    let converted = |index: usize| {
        convert(arguments.value(index), &common)
            .map_err(|error| FunctionError::argument(index, error.message))
    };
    let (keys, searched) = (converted(1)?, converted(2)?);
    let (key_elements, searched) =
        (keys.as_sequence().unwrap_or_default(), searched.as_sequence().unwrap_or_default());
    if searched.is_empty() {
        return Ok(empty);
    }
    if !arguments.value(0).is_wholly_known() || !keys.is_wholly_known() {
        return Ok(Value::unknown(list_type));
    }
    // Keys are compared with what is searched for in order, until the first that is not known.
    let known: KnownValues<'_> = searched.iter().take_while(|value| value.is_wholly_known()).collect();
    let open = searched.get(known_prefix(searched)..).unwrap_or_default();
    let mut matching = Vec::new();
    for (key, value) in key_elements.iter().zip(values) {
        if known.contains(key) {
            matching.push(value.clone());
            continue;
        }
        match open.iter().map(|searched| key.equals(searched).as_bool()).find(|equal| *equal != Some(false)) {
            Some(None) => return Ok(empty),
            Some(_) => matching.push(value.clone()),
            None => {}
        }
    }
    Ok(Value::list(result_element, matching))
}

fn known_prefix(values: &[Value]) -> usize {
    values.iter().take_while(|value| value.is_wholly_known()).count()
}

fn range(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let zero = Number::ZERO;
    let unit = |down: bool| Number::from(if down { -1i64 } else { 1 });
    let number = |index: usize| arguments.number(index).clone();
    let (start, end, step) = match arguments.values.len() {
        1 => (zero.clone(), number(0), unit(number(0) < zero)),
        2 => (number(0), number(1), unit(number(1) < number(0))),
        3 => (number(0), number(1), number(2)),
        _ => return Err(FunctionError::new("must have one, two, or three arguments")),
    };
    let down = step < zero;
    if down && end > start {
        return Err(FunctionError::argument(1, "end must be less than start when step is negative"));
    }
    if !down && end < start {
        return Err(FunctionError::argument(1, "end must be greater than start when step is positive"));
    }
    if step.is_zero() && start != end {
        return Err(FunctionError::argument(2, "step must not be zero"));
    }
    let mut numbers = Vec::new();
    let mut number = start;
    while if down { number > end } else { number < end } {
        if numbers.len() >= RANGE_MAX {
            return Err(FunctionError::new(format!(
                "more than {RANGE_MAX} values were generated; either decrease the difference between start \
                 and end or use a smaller step"
            )));
        }
        let next = Number::add(&number, &step).map_err(|error| FunctionError::new(error.to_string()))?;
        numbers.push(Value::Number(std::mem::replace(&mut number, next)));
    }
    Ok(Value::list(Type::Number, numbers))
}

fn reverse_type(arguments: &Arguments<'_>) -> Result<Type, FunctionError> {
    match arguments.value(0).ty() {
        Type::Tuple(elements) => Ok(Type::tuple(elements.iter().rev().cloned())),
        Type::List(element) | Type::Set(element) => Ok(Type::List(element)),
        other => Err(cannot_reverse(&other)),
    }
}

fn cannot_reverse(ty: &Type) -> FunctionError {
    let kind = ty.friendly_name();
    FunctionError::argument(0, format!("can only reverse list or tuple values, not {kind}"))
}

fn reverse(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let list = arguments.value(0);
    let Some(elements) = list.as_sequence() else { return Err(cannot_reverse(&list.ty())) };
    let reversed: Vec<Value> = elements.iter().rev().cloned().collect();
    let reversed = match list.unmarked() {
        Value::Tuple(_) => Value::tuple(reversed),
        _ => Value::list(element_type(list), reversed),
    };
    Ok(reversed.with_marks(list.marks()))
}

/// Returns where a slice starts and ends, where known.
fn slice_bounds(arguments: &Arguments<'_>) -> Result<(Option<usize>, Option<usize>), FunctionError> {
    let list = arguments.value(0);
    let kind = list.unmarked();
    let length = match kind {
        Value::Unknown(unknown) => match &unknown.ty {
            Type::Tuple(elements) => Some(elements.len()),
            Type::List(_) => None,
            other => return Err(cannot_slice(other)),
        },
        Value::List(list) => Some(list.elements().len()),
        Value::Tuple(tuple) => Some(tuple.elements().len()),
        other => return Err(cannot_slice(&other.ty())),
    };
    let bound = |index: usize, name: &str| {
        let blame = |message: String| FunctionError::argument(index, message);
        let Some(number) = arguments.value(index).as_number() else { return Ok(None) };
        let position = whole(number).map_err(|message| blame(format!("invalid {name}: {message}")))?;
        let position =
            usize::try_from(position).map_err(|_| blame(format!("{name} must not be less than zero")))?;
        if length.is_some_and(|length| position > length) {
            return Err(blame(format!("{name} must not be greater than the length of the list")));
        }
        Ok(Some(position))
    };
    let (start, end) = (bound(1, "start index")?, bound(2, "end index")?);
    if matches!((start, end), (Some(start), Some(end)) if start > end) {
        return Err(FunctionError::argument(1, "start index must not be greater than end index"));
    }
    Ok((start, end))
}

fn cannot_slice(ty: &Type) -> FunctionError {
    FunctionError::argument(
        0,
        match ty {
            Type::Set(_) => {
                "cannot slice a set, because its elements do not have indices; explicitly convert to a list \
                 if the ordering of the result is not important"
            }
            _ => "must be a list or tuple value",
        },
    )
}

fn slice_type(arguments: &Arguments<'_>) -> Result<Type, FunctionError> {
    let bounds = slice_bounds(arguments)?;
    match (arguments.value(0).ty(), bounds) {
        (Type::Tuple(elements), (Some(start), Some(end))) => {
            Ok(Type::tuple(elements[start..end].iter().cloned()))
        }
        (Type::Tuple(_), _) => Ok(Type::Dynamic),
        (ty, _) => Ok(ty),
    }
}

fn slice(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let list = arguments.value(0);
    let (start, end) = slice_bounds(arguments)?;
    let elements = arguments.elements(0);
    let part = elements.get(start.unwrap_or(0)..end.unwrap_or(elements.len())).unwrap_or_default();
    let part = match list.unmarked() {
        Value::Tuple(_) => Value::tuple(part),
        _ => Value::list(element_type(list), part),
    };
    Ok(part.with_marks(list.marks()))
}

fn sort(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let list = arguments.value(0);
    if !list.is_wholly_known() {
        // Where texts will end up is open while some are not known; only their number is not.
        let unknown = list.as_unknown().map(|unknown| unknown.refinement.clone());
        let length = list.element_count();
        let refinement = unknown.unwrap_or(Refinement {
            length_min: length.unwrap_or(0),
            length_max: length,
            ..Refinement::default()
        });
        let refinement = Refinement { not_null: true, ..refinement };
        return Ok(Value::refined(Type::list(Type::String), refinement));
    }
    let elements = arguments.elements(0);
    if let Some(index) = elements.iter().position(Value::is_null) {
        let message = format!("given list element {index} is null; a null string cannot be sorted");
        return Err(FunctionError::new(message));
    }
    let mut sorted = elements.to_vec();
    sorted.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    Ok(Value::list(Type::String, sorted))
}
