//! The functions of helmfile's templates, and what stands for them in expressions.

use super::expression::{Expression, Operand, Scope, Used, environment_variable};

/// Functions of one argument that have another name here.
const RENAMED: [(&str, &str); 21] = [
    ("toYaml", "yamlencode"),
    ("fromYaml", "yamldecode"),
    ("toJson", "jsonencode"),
    ("mustToJson", "jsonencode"),
    ("fromJson", "jsondecode"),
    ("b64enc", "base64encode"),
    ("b64dec", "base64decode"),
    ("upper", "upper"),
    ("lower", "lower"),
    ("title", "title"),
    ("trim", "trimspace"),
    ("toString", "tostring"),
    ("int", "tonumber"),
    ("int64", "tonumber"),
    ("atoi", "tonumber"),
    ("float64", "tonumber"),
    ("len", "length"),
    ("keys", "keys"),
    ("uniq", "distinct"),
    ("sha256sum", "sha256"),
    ("sortAlpha", "sort"),
];

/// Functions of two arguments that are operators here.
const OPERATORS: [(&str, &str); 11] = [
    ("eq", "=="),
    ("ne", "!="),
    ("lt", "<"),
    ("le", "<="),
    ("gt", ">"),
    ("ge", ">="),
    ("add", "+"),
    ("sub", "-"),
    ("mul", "*"),
    ("div", "/"),
    ("mod", "%"),
];

/// Writes a call as an expression.
///
/// # Errors
/// When the function has no counterpart, or is given something else than it takes.
pub(super) fn call(
    name: &str,
    operands: &[Operand],
    scope: &Scope,
    used: &mut Used,
) -> Result<Expression, String> {
    let arguments: Vec<&str> = operands.iter().map(|operand| operand.expression.text.as_str()).collect();
    let literal = |at: usize| operands.get(at).and_then(|operand| operand.literal.as_deref());
    let expression = match (name, arguments.as_slice()) {
        ("env" | "requiredEnv", [_]) => match literal(0) {
            Some(variable) => return Ok(environment_variable(variable, name == "requiredEnv", used)),
            None => return Err(format!("{name} with a name that is computed")),
        },
        ("readFile", [path]) => match literal(0) {
            Some(path) => format!("file(\"${{path.module}}/{}\")", super::templates::escaped(path)),
            None => format!("file({path})"),
        },
        ("default", [fallback, value]) => format!("try(coalesce({value}), {fallback})"),
        ("required", [_, value]) => (*value).to_owned(),
        ("quote", [value]) if scope.is_text => format!("jsonencode(tostring({value}))"),
        ("squote", [value]) if scope.is_text => format!("format(\"'%s'\", {value})"),
        ("quote" | "squote", [value]) => format!("tostring({value})"),
        ("trimSuffix", [end, value]) => format!("trimsuffix({value}, {end})"),
        ("trimPrefix", [start, value]) => format!("trimprefix({value}, {start})"),
        ("replace", [old, new, value]) => format!("replace({value}, {old}, {new})"),
        ("join", [separator, list]) => format!("join({separator}, {list})"),
        ("splitList", [separator, value]) => format!("split({separator}, {value})"),
        ("indent", [count, value]) => {
            format!("format(\"%s%s\", {:?}, indent({count}, {value}))", spaces(count)?)
        }
        ("nindent", [count, value]) => format!("indent({count}, format(\"\\n%s\", {value}))"),
        ("list", all) => format!("[{}]", all.join(", ")),
        ("dict", all) if all.len() % 2 == 0 => dict(all),
        ("printf", all) if !all.is_empty() => format!("format({})", all.join(", ")),
        ("coalesce", all) if !all.is_empty() => format!("coalesce({})", all.join(", ")),
        ("ternary", [yes, no, _]) => format!("({} ? {yes} : {no})", operands[2].expression.condition()),
        ("index", [value, keys @ ..]) if !keys.is_empty() => {
            keys.iter().fold((*value).to_owned(), |value, key| format!("{value}[{key}]"))
        }
        ("get" | "getOrNil", [_, rest @ ..]) => return path_in(name, literal(0), rest),
        ("hasKey", [map, key]) => return Ok(Expression::bool(format!("contains(keys({map}), {key})"))),
        ("not", [_]) => return Ok(Expression::bool(format!("!({})", operands[0].expression.condition()))),
        ("and" | "or", [_, ..]) => return Ok(all_or_any(name, operands)),
        (_, [a, b]) => match OPERATORS.iter().find(|(theirs, _)| *theirs == name) {
            Some((_, sign)) if "+-*/%".contains(sign) => format!("({a} {sign} {b})"),
            Some((_, sign)) => return Ok(Expression::bool(format!("({a} {sign} {b})"))),
            None => return Err(format!("the function {name}")),
        },
        (_, [value]) => match RENAMED.iter().find(|(theirs, _)| *theirs == name) {
            Some((_, ours)) => format!("{ours}({value})"),
            None => return Err(format!("the function {name}")),
        },
        _ => return Err(format!("the function {name}")),
    };
    Ok(Expression::new(expression))
}

fn spaces(count: &str) -> Result<String, String> {
    let count = count.parse::<usize>().ok().filter(|count| *count <= 100);
    count.map(|count| " ".repeat(count)).ok_or_else(|| "an indentation that is computed".to_owned())
}

fn dict(arguments: &[&str]) -> String {
    let entries = arguments.chunks(2).map(|pair| format!("({}) = {}", pair[0], pair[1]));
    format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
}

fn all_or_any(name: &str, operands: &[Operand]) -> Expression {
    let sign = if name == "and" { " && " } else { " || " };
    let conditions: Vec<String> =
        operands.iter().map(|operand| format!("({})", operand.expression.condition())).collect();
    Expression::bool(format!("({})", conditions.join(sign)))
}

/// `get "a.b" DEFAULT MAP`, where the default may be left out.
fn path_in(name: &str, path: Option<&str>, rest: &[&str]) -> Result<Expression, String> {
    let path = path.ok_or_else(|| format!("{name} with a path that is computed"))?;
    let text = match rest {
        [map] if name == "getOrNil" => format!("try({map}.{path}, null)"),
        [map] => format!("{map}.{path}"),
        [fallback, map] => format!("try({map}.{path}, {fallback})"),
        _ => return Err(format!("the function {name}")),
    };
    Ok(Expression::new(text))
}
