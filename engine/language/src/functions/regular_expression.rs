//! Functions that search text with regular expressions.

use std::cell::RefCell;
use std::rc::Rc;

use regex::{Captures, Regex, RegexBuilder};
use terrane_model::{Str, Type, Value};

use super::re2_syntax::{PatternError, translate};
use super::{Arguments, Function, FunctionError, Parameter, ParameterType, Returns};

const SEARCH: &[Parameter] = &[Parameter::string("pattern"), Parameter::string("string")];

/// Memory that one compiled pattern may take, in bytes.
const COMPILED_SIZE_MAX: usize = 10 << 20;

/// Nesting that the compiler accepts: the translation adds a few levels to those of the pattern.
const NEST_LIMIT: u32 = 1000;

/// How many compiled patterns are kept.
const CACHE_SIZE: usize = 16;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "regex",
        SEARCH,
        Returns::Computed { shown: ParameterType::Any, rule: match_type },
        regex,
        "Returns the first match of a pattern, or of its groups.",
    ),
    Function::new(
        "regexall",
        SEARCH,
        Returns::Computed {
            shown: ParameterType::LIST_OF_ANY,
            rule: |arguments| Ok(Type::list(match_type(arguments)?)),
        },
        regexall,
        "Returns all matches of a pattern, or of its groups.",
    ),
    Function::new(
        "replace",
        &[Parameter::string("str"), Parameter::string("substr"), Parameter::string("replace")],
        Returns::Always(ParameterType::String),
        replace,
        "Replaces a text, or a pattern between slashes, wherever it occurs.",
    ),
];

/// A pattern ready for use.
struct Compiled {
    regex: Regex,
    group_names: Vec<Option<String>>,
}

thread_local! {
    /// Patterns used last, latest first: a pattern in a `for` expression is compiled once, not per element.
    static CACHE: RefCell<Vec<(String, Rc<Compiled>)>> = const { RefCell::new(Vec::new()) };
}

fn compile(pattern: &str) -> Result<Rc<Compiled>, PatternError> {
    CACHE.with_borrow_mut(|cache| {
        if let Some(position) = cache.iter().position(|(cached, _)| cached == pattern) {
            cache[..=position].rotate_right(1);
            return Ok(cache[0].1.clone());
        }
        let compiled = Rc::new(compile_anew(pattern)?);
        cache.truncate(CACHE_SIZE - 1);
        cache.insert(0, (pattern.to_owned(), compiled.clone()));
        Ok(compiled)
    })
}

fn compile_anew(pattern: &str) -> Result<Compiled, PatternError> {
    let translated = translate(pattern)?;
    let mut builder = RegexBuilder::new(&translated.pattern);
    builder.size_limit(COMPILED_SIZE_MAX).nest_limit(NEST_LIMIT);
    // What was translated is valid; it can only be too large.
    let regex = builder.build().map_err(|_| PatternError::new("expression too large", pattern))?;
    Ok(Compiled { regex, group_names: translated.group_names })
}

fn compile_argument(pattern: &str) -> Result<Rc<Compiled>, FunctionError> {
    let compiled = compile(pattern).map_err(|error| {
        FunctionError::argument(0, format!("invalid regexp pattern: {} in {}", error.problem, error.excerpt))
    })?;
    let names = &compiled.group_names;
    if names.iter().any(Option::is_some) && names.iter().any(Option::is_none) {
        let message = "invalid regexp pattern: cannot mix both named and unnamed capture groups";
        return Err(FunctionError::argument(0, message));
    }
    Ok(compiled)
}

impl Compiled {
    fn result_type(&self) -> Type {
        let named: Option<Vec<&str>> = self.group_names.iter().map(Option::as_deref).collect();
        match named {
            Some(names) if names.is_empty() => Type::String,
            Some(names) => Type::object(names.into_iter().map(|name| (name, Type::String))),
            None => Type::tuple(self.group_names.iter().map(|_| Type::String)),
        }
    }

    fn result(&self, captures: &Captures<'_>) -> Value {
        let group = |index: usize| match captures.get(index) {
            Some(group) => Value::string(group.as_str()),
            None => Value::Null(Type::String),
        };
        if self.group_names.is_empty() {
            return group(0);
        }
        let named: Option<Vec<&String>> = self.group_names.iter().map(Option::as_ref).collect();
        match named {
            Some(names) => Value::object(
                names
                    .into_iter()
                    .enumerate()
                    .map(|(index, name)| (Str::from(name.as_str()), group(index + 1))),
            ),
            None => Value::tuple((1..=self.group_names.len()).map(group).collect::<Vec<_>>()),
        }
    }
}

fn match_type(arguments: &Arguments<'_>) -> Result<Type, FunctionError> {
    match arguments.value(0).as_str() {
        Some(pattern) => Ok(compile_argument(pattern)?.result_type()),
        None => Ok(Type::Dynamic),
    }
}

fn regex(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let compiled = compile_argument(arguments.text(0))?;
    let no_match = || FunctionError::new("pattern did not match any part of the given string");
    let captures = compiled.regex.captures(arguments.text(1)).ok_or_else(no_match)?;
    Ok(compiled.result(&captures))
}

fn regexall(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let compiled = compile_argument(arguments.text(0))?;
    let matches = compiled.regex.captures_iter(arguments.text(1));
    let results: Vec<Value> = matches.map(|captures| compiled.result(&captures)).collect();
    Ok(Value::list(compiled.result_type(), results))
}

fn replace(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let (text, searched, replacement) = (arguments.text(0), arguments.text(1), arguments.text(2));
    let pattern = searched.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
    let Some(pattern) = pattern else { return Ok(Value::string(text.replace(searched, replacement))) };
    let compiled = compile(pattern).map_err(|error| {
        FunctionError::new(format!("error parsing regexp: {}: `{}`", error.problem, error.excerpt))
    })?;
    let template = ReplacementPart::parse(replacement);
    let mut result = String::with_capacity(text.len());
    let mut end_of_last = 0;
    for captures in compiled.regex.captures_iter(text) {
        let Some(whole) = captures.get(0) else { continue };
        result.push_str(&text[end_of_last..whole.start()]);
        for part in &template {
            part.append(&mut result, &captures, &compiled.group_names);
        }
        end_of_last = whole.end();
    }
    result.push_str(&text[end_of_last..]);
    Ok(Value::string(result))
}

/// A piece of a replacement: text, or what a group matched.
#[derive(Debug, PartialEq, Eq)]
enum ReplacementPart<'a> {
    Text(&'a str),
    Number(usize),
    Name(&'a str),
}

impl<'a> ReplacementPart<'a> {
    /// Reads `$1`, `${1}`, `$name`, `${name}` and `$$`; a name is as long as it can be.
    fn parse(replacement: &'a str) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut rest = replacement;
        while let Some(dollar) = rest.find('$') {
            parts.push(Self::Text(&rest[..dollar]));
            let after = &rest[dollar + 1..];
            if let Some(after_both) = after.strip_prefix('$') {
                parts.push(Self::Text("$"));
                rest = after_both;
                continue;
            }
            match Self::group(after) {
                Some((part, length)) => {
                    parts.push(part);
                    rest = &after[length..];
                }
                None => {
                    parts.push(Self::Text("$"));
                    rest = after;
                }
            }
        }
        parts.push(Self::Text(rest));
        parts
    }

    fn group(text: &'a str) -> Option<(Self, usize)> {
        let (name_start, is_braced) = if text.starts_with('{') { (1, true) } else { (0, false) };
        let inside = &text[name_start..];
        let is_part = |char: char| char.is_alphabetic() || char.is_numeric() || char == '_';
        let length = inside.find(|char| !is_part(char)).unwrap_or(inside.len());
        let name = &inside[..length];
        if name.is_empty() || is_braced && !inside[length..].starts_with('}') {
            return None;
        }
        let is_number =
            name.bytes().all(|byte| byte.is_ascii_digit()) && (name.len() == 1 || !name.starts_with('0'));
        let part = match name.parse() {
            Ok(number) if is_number && number < 100_000_000 => Self::Number(number),
            _ => Self::Name(name),
        };
        Some((part, name_start + length + usize::from(is_braced)))
    }

    fn append(&self, result: &mut String, captures: &Captures<'_>, names: &[Option<String>]) {
        match self {
            Self::Text(text) => result.push_str(text),
            Self::Number(number) => result.push_str(captures.get(*number).map_or("", |group| group.as_str())),
            Self::Name(name) => {
                let is_named = |(index, group): (usize, &Option<String>)| {
                    (group.as_deref() == Some(name)).then(|| captures.get(index + 1)).flatten()
                };
                if let Some(group) = names.iter().enumerate().find_map(is_named) {
                    result.push_str(group.as_str());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacements_name_groups_as_in_go() {
        use ReplacementPart::{Name, Number, Text};
        for (text, expected) in [
            ("$1", vec![Text(""), Number(1), Text("")]),
            ("${1}x", vec![Text(""), Number(1), Text("x")]),
            ("$1x", vec![Text(""), Name("1x"), Text("")]),
            ("$01", vec![Text(""), Name("01"), Text("")]),
            ("a$$b", vec![Text("a"), Text("$"), Text("b")]),
            ("${x", vec![Text(""), Text("$"), Text("{x")]),
            ("$", vec![Text(""), Text("$"), Text("")]),
        ] {
            assert_eq!(ReplacementPart::parse(text), expected, "{text}");
        }
    }
}
