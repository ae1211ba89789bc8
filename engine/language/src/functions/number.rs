//! Functions on numbers.

use dashu_int::IBig;
use terrane_model::convert::convert;
use terrane_model::{Number, Type, Value};

use super::float64::{natural_log, power};
use super::quote::{quote, redact};
use super::{Arguments, Function, FunctionError, Parameter, ParameterType, Returns};

const NUMBER: Returns = Returns::Always(ParameterType::Number);
const NUM: Parameter = Parameter::number("num");

/// Longest text of digits that is parsed; keeps hostile input from costing quadratic time.
const DIGITS_MAX: usize = 20_000;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("abs", &[NUM.or_marked()], NUMBER, abs, "Returns the number without its sign."),
    Function::new("ceil", &[NUM], NUMBER, ceil, "Returns the smallest whole number that is not smaller."),
    Function::new("floor", &[NUM], NUMBER, floor, "Returns the largest whole number that is not larger."),
    Function::new(
        "log",
        &[NUM, Parameter::number("base")],
        NUMBER,
        log,
        "Returns the logarithm of a number in a base.",
    ),
    Function::new("max", &[], NUMBER, max, "Returns the largest of the numbers.")
        .variadic(Parameter::number("numbers")),
    Function::new("min", &[], NUMBER, min, "Returns the smallest of the numbers.")
        .variadic(Parameter::number("numbers")),
    Function::new(
        "parseint",
        &[
            Parameter::any("number").or_marked().or_unknown(),
            Parameter::number("base").or_marked().or_unknown(),
        ],
        NUMBER,
        parseint,
        "Reads text as a whole number in a base from 2 to 62.",
    ),
    Function::new(
        "pow",
        &[NUM, Parameter::number("power")],
        NUMBER,
        pow,
        "Returns a number raised to a power.",
    ),
    Function::new("signum", &[NUM], NUMBER, signum, "Returns -1, 0 or 1 for the sign of a whole number."),
    Function::new("sum", &[Parameter::any("list")], NUMBER, sum, "Adds up the numbers of a list or set."),
];

fn abs(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let marks = arguments.value(0).marks();
    Ok(Value::Number(arguments.number(0).abs()).with_marks(marks))
}

fn ceil(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    Ok(without_sign_of_zero(arguments.number(0).ceil()))
}

fn floor(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    Ok(without_sign_of_zero(arguments.number(0).floor()))
}

fn without_sign_of_zero(number: Number) -> Value {
    Value::Number(if number.is_zero() { Number::ZERO } else { number })
}

fn log(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let (number, base) = (to_float(arguments.number(0))?, to_float(arguments.number(1))?);
    from_float(natural_log(number) / natural_log(base))
}

fn pow(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let (number, exponent) = (to_float(arguments.number(0))?, to_float(arguments.number(1))?);
    from_float(power(number, exponent))
}

fn max(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    extreme(arguments, |candidate, best| candidate > best)
}

fn min(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    extreme(arguments, |candidate, best| candidate < best)
}

/// Returns the number that beats all others; of equals the first, which may be `0` or `-0`.
fn extreme(
    arguments: &Arguments<'_>,
    beats: impl Fn(&Number, &Number) -> bool,
) -> Result<Value, FunctionError> {
    let numbers = arguments.values.iter().filter_map(Value::as_number);
    let best = numbers.reduce(|best, candidate| if beats(candidate, best) { candidate } else { best });
    best.cloned().map(Value::Number).ok_or_else(|| FunctionError::new("must pass at least one number"))
}

fn signum(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let int = whole(arguments.number(0)).map_err(FunctionError::new)?;
    Ok(Value::number(int.signum()))
}

fn parseint(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let (number, base) = (arguments.value(0), arguments.value(1));
    let ty = number.ty();
    if ty != Type::String {
        let message = format!("first argument must be a string, not {}", ty.friendly_name());
        return Err(FunctionError::argument(0, message));
    }
    let marks = number.marks() | base.marks();
    let (Some(text), Some(base_number)) = (number.as_str(), base.as_number()) else {
        return Ok(Value::unknown(Type::Number).with_marks(marks));
    };
    let radix = whole(base_number).map_err(|message| FunctionError::argument(1, message))?;
    let radix = u32::try_from(radix).ok().filter(|radix| (2..=62).contains(radix)).ok_or_else(|| {
        FunctionError::argument(1, "base must be a whole number between 2 and 62 inclusive")
    })?;
    if text.len() > DIGITS_MAX {
        let message = format!("text of more than {DIGITS_MAX} digits cannot be parsed");
        return Err(FunctionError::argument(0, message));
    }
    let parsed = parse_in_radix(text, radix).ok_or_else(|| {
        let text = redact(quote(text), number);
        let radix = redact(radix.to_string(), base);
        FunctionError::argument(0, format!("cannot parse {text} as a base {radix} integer"))
    })?;
    Ok(Value::Number(Number::from_big_int(parsed)).with_marks(marks))
}

/// Reads an optional sign and at least one digit. Up to base 36 the case of letters does not matter; above,
/// small letters are the lower digits.
fn parse_in_radix(text: &str, radix: u32) -> Option<IBig> {
    let (negative, digits) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    if digits.is_empty() {
        return None;
    }
    let mut value = dashu_int::UBig::ZERO;
    for byte in digits.bytes() {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'z' => byte - b'a' + 10,
            b'A'..=b'Z' if radix <= 36 => byte - b'A' + 10,
            b'A'..=b'Z' => byte - b'A' + 36,
            _ => return None,
        };
        if u32::from(digit) >= radix {
            return None;
        }
        value = value * radix + digit;
    }
    let value = IBig::from(value);
    Some(if negative { -value } else { value })
}

fn sum(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let list = arguments.value(0);
    let blame = |message: &str| FunctionError::argument(0, message);
    match list.element_count() {
        None => return Err(blame("cannot sum noniterable")),
        Some(0) => return Err(blame("cannot sum an empty list")),
        Some(_) => {}
    }
    let Some(elements) = list.as_sequence() else {
        let kind = list.ty().friendly_name();
        return Err(blame(&format!("argument must be list, set, or tuple. Received {kind}")));
    };
    if !list.is_wholly_known() {
        return Ok(Value::unknown(Type::Number));
    }
    let mut total = None;
    for element in elements {
        let number = convert(element, &Type::Number).ok().and_then(|value| value.as_number().cloned());
        let number = number.ok_or_else(|| blame("argument must be list, set, or tuple of number values"))?;
        total = Some(match total {
            None => number,
            Some(total) => Number::add(&total, &number)
                .map_err(|_| FunctionError::new("can't compute sum of opposing infinities"))?,
        });
    }
    Ok(Value::Number(total.unwrap_or(Number::ZERO)))
}

/// Returns the number as a 64-bit integer, or what is wrong with it.
pub(super) fn whole(number: &Number) -> Result<i64, String> {
    number
        .to_i64()
        .ok_or_else(|| format!("value must be a whole number, between {} and {}", i64::MIN, i64::MAX))
}

fn to_float(number: &Number) -> Result<f64, FunctionError> {
    let float = number.to_f64();
    if float.is_infinite() && !number.is_infinite() {
        let message = format!("value must be between {:.6} and {:.6} inclusive", f64::MIN, f64::MAX);
        return Err(FunctionError::new(message));
    }
    Ok(float)
}

fn from_float(float: f64) -> Result<Value, FunctionError> {
    let number = Number::from_f64(float).ok_or_else(|| FunctionError::new("the result is not a number"))?;
    Ok(Value::Number(number))
}
