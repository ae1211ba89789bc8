//! `csvdecode`: tables as comma-separated values, with the rules and messages of Go's `encoding/csv`.

use terrane_model::{Str, Type, Value};

use super::quote::quote;
use super::{Arguments, Function, FunctionError, Parameter, ParameterType, Returns};

pub(super) const FUNCTIONS: &[Function] = &[Function::new(
    "csvdecode",
    &[Parameter::string("str")],
    Returns::Computed { shown: ParameterType::Any, rule: |_| Ok(Type::Dynamic) },
    csvdecode,
    "Reads a table as a list of objects; its first line names the attributes.",
)];

fn csvdecode(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let mut reader = Reader { rest: arguments.text(0), line: 0 };
    let header = reader.record()?.ok_or_else(|| FunctionError::new("missing header line"))?;
    let mut names: Vec<Str> = Vec::with_capacity(header.fields.len());
    let mut seen = rustc_hash::FxHashSet::default();
    for field in &header.fields {
        if !seen.insert(field) {
            return Err(FunctionError::new(format!("duplicate column name {}", quote(field))));
        }
        names.push(Value::string(field.as_str()).as_str().cloned().unwrap_or_default());
    }
    let mut rows = Vec::new();
    while let Some(record) = reader.record()? {
        if record.fields.len() != names.len() {
            return Err(parse_error(record.line, "wrong number of fields"));
        }
        let cells = names.iter().cloned().zip(record.fields.into_iter().map(Value::string));
        rows.push(Value::object(cells));
    }
    let row_type = Type::object(names.into_iter().map(|name| (name, Type::String)));
    Ok(Value::list(row_type, rows))
}

fn parse_error(line: usize, problem: &str) -> FunctionError {
    FunctionError::new(format!("CSV parse error on line {line}: {problem}"))
}

const BARE_QUOTE: &str = "bare \" in non-quoted-field";
const STRAY_QUOTE: &str = "extraneous or missing \" in quoted-field";

struct Record {
    fields: Vec<String>,
    /// The line it starts on.
    line: usize,
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Reader<'a> {
    /// Takes a line without its end, and tells whether it had one.
    fn line(&mut self) -> Option<(&'a str, bool)> {
        if self.rest.is_empty() {
            return None;
        }
        self.line += 1;
        let (line, has_end) = match self.rest.split_once('\n') {
            Some((line, rest)) => {
                self.rest = rest;
                (line, true)
            }
            None => (std::mem::take(&mut self.rest), false),
        };
        Some((line.strip_suffix('\r').unwrap_or(line), has_end))
    }

    /// Reads one record, skipping empty lines.
    fn record(&mut self) -> Result<Option<Record>, FunctionError> {
        let (mut line, mut has_end) = loop {
            match self.line() {
                None => return Ok(None),
                Some(("", true)) => {}
                Some(line) => break line,
            }
        };
        let mut record = Record { fields: Vec::new(), line: self.line };
        loop {
            let Some(quoted) = line.strip_prefix('"') else {
                let (field, rest) =
                    line.split_once(',').map_or((line, None), |(field, rest)| (field, Some(rest)));
                if field.contains('"') {
                    return Err(parse_error(self.line, BARE_QUOTE));
                }
                record.fields.push(field.to_owned());
                match rest {
                    Some(rest) => line = rest,
                    None => return Ok(Some(record)),
                }
                continue;
            };
            let (field, rest) = self.quoted_field(quoted, &mut has_end)?;
            record.fields.push(field);
            match rest.strip_prefix(',') {
                Some(rest) => line = rest,
                None if rest.is_empty() => return Ok(Some(record)),
                None => return Err(parse_error(self.line, STRAY_QUOTE)),
            }
        }
    }

    /// Reads to the closing quote, over line ends; returns what follows on the line.
    fn quoted_field(
        &mut self,
        mut line: &'a str,
        has_end: &mut bool,
    ) -> Result<(String, &'a str), FunctionError> {
        let mut field = String::new();
        loop {
            match line.split_once('"') {
                Some((part, rest)) => {
                    field.push_str(part);
                    match rest.strip_prefix('"') {
                        Some(rest) => {
                            field.push('"');
                            line = rest;
                        }
                        None => return Ok((field, rest)),
                    }
                }
                None => {
                    field.push_str(line);
                    if *has_end {
                        field.push('\n');
                    }
                    let next = self.line().ok_or_else(|| parse_error(self.line, STRAY_QUOTE))?;
                    (line, *has_end) = next;
                }
            }
        }
    }
}
