//! Go's template pipelines as expressions: `.Values.image.tag | default "1.0"` is
//! `try(coalesce(local.values.image.tag), "1.0")`.

use std::collections::BTreeMap;

use terrane_language::functions::expression_text;
use terrane_model::Value;

use super::functions;
use crate::convert::blocks::identifier;

/// What the names of a template mean where it stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    /// The present element of what is gone through; nothing at the top.
    pub(super) dot: Option<String>,
    /// Variables of the template, with their `$`.
    pub(super) variables: BTreeMap<String, String>,
    /// Name and namespace of the release, as expressions.
    pub(super) release: Option<(String, String)>,
    /// Whether results are printed into a text rather than taken as values.
    pub(super) is_text: bool,
}

/// What templates have asked for beside what stands in the file.
#[derive(Debug, Default)]
pub(super) struct Used {
    /// Environment variables by the names of the variables that stand for them, and whether they have to be set.
    pub(super) environment: BTreeMap<String, (String, bool)>,
    pub(super) values: bool,
    pub(super) environment_name: bool,
}

/// An expression, and whether it is known to be true or false.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expression {
    pub(super) text: String,
    pub(super) is_bool: bool,
}

impl Expression {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_bool: false }
    }

    pub(super) fn bool(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_bool: true }
    }

    /// Returns the expression as a condition: what is empty counts as false, as in templates.
    pub(super) fn condition(&self) -> String {
        if self.is_bool {
            return self.text.clone();
        }
        let text = &self.text;
        format!("try(coalesce(tobool({text}), false), length({text}) > 0, {text} != 0, false)")
    }
}

/// Writes a pipeline as an expression.
///
/// # Errors
/// What of it has no counterpart.
pub(super) fn translate(pipeline: &str, scope: &Scope, used: &mut Used) -> Result<Expression, String> {
    let tokens = tokens(pipeline)?;
    let mut parser = Parser { tokens: &tokens, at: 0, scope, used };
    let expression = parser.pipeline()?;
    match parser.peek() {
        None => Ok(expression),
        Some(token) => Err(format!("{token:?} is not expected there")),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Text(String),
    Number(String),
    /// A name, a path with a leading dot, or a variable with its path.
    Word(String),
    Sign(char),
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '"' => {
                let end = closing_quote(rest).ok_or("a text does not end")?;
                let read: Result<String, _> = serde_json::from_str(&rest[..=end]);
                tokens
                    .push(Token::Text(read.map_err(|_| "a text has escapes that are not known".to_owned())?));
                end + 1
            }
            '`' => {
                let end = rest[1..].find('`').ok_or("a text does not end")? + 1;
                tokens.push(Token::Text(rest[1..end].to_owned()));
                end + 1
            }
            '(' | ')' | '|' => {
                tokens.push(Token::Sign(first));
                1
            }
            _ => {
                let end =
                    rest.find(|c: char| c.is_whitespace() || "()|\"`".contains(c)).unwrap_or(rest.len());
                let word = &rest[..end];
                let is_number = word.parse::<f64>().is_ok() && !word.starts_with('.');
                tokens.push(if is_number {
                    Token::Number(word.to_owned())
                } else {
                    Token::Word(word.to_owned())
                });
                end
            }
        };
        rest = rest[taken..].trim_start();
    }
    Ok(tokens)
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().skip(1).find_map(|(at, character)| {
        let closes = character == '"' && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
        closes.then_some(at)
    })
}

/// An operand, and the text of it where it is written out.
pub(super) struct Operand {
    pub(super) expression: Expression,
    pub(super) literal: Option<String>,
}

struct Parser<'p> {
    tokens: &'p [Token],
    at: usize,
    scope: &'p Scope,
    used: &'p mut Used,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn pipeline(&mut self) -> Result<Expression, String> {
        let mut result = self.command(None)?;
        while self.peek() == Some(&Token::Sign('|')) {
            self.at += 1;
            result = self.command(Some(result))?;
        }
        Ok(result)
    }

    fn command(&mut self, piped: Option<Expression>) -> Result<Expression, String> {
        let function = match self.peek() {
            Some(Token::Word(word)) if !word.starts_with(['.', '$']) && !is_constant(word) => {
                Some(word.clone())
            }
            _ => None,
        };
        if function.is_some() {
            self.at += 1;
        }
        let mut operands = Vec::new();
        while let Some(operand) = self.operand()? {
            operands.push(operand);
        }
        operands.extend(piped.map(|expression| Operand { expression, literal: None }));
        match function {
            Some(name) => functions::call(&name, &operands, self.scope, self.used),
            None if operands.len() == 1 => {
                operands.pop().map(|operand| operand.expression).ok_or_else(String::new)
            }
            None => Err("a value is not followed by others".to_owned()),
        }
    }

    fn operand(&mut self) -> Result<Option<Operand>, String> {
        let Some(token) = self.peek().cloned() else { return Ok(None) };
        let operand = match token {
            Token::Sign('(') => {
                self.at += 1;
                let expression = self.pipeline()?;
                if self.peek() != Some(&Token::Sign(')')) {
                    return Err("a parenthesis is not closed".to_owned());
                }
                Operand { expression, literal: None }
            }
            Token::Sign(_) => return Ok(None),
            Token::Text(text) => {
                let expression = Expression::new(expression_text(&Value::string(text.as_str())));
                Operand { expression, literal: Some(text) }
            }
            Token::Number(number) => Operand { expression: Expression::new(number), literal: None },
            Token::Word(word) => Operand { expression: self.word(&word)?, literal: None },
        };
        self.at += 1;
        Ok(Some(operand))
    }

    fn word(&mut self, word: &str) -> Result<Expression, String> {
        match word {
            "true" | "false" => return Ok(Expression::bool(word)),
            "nil" => return Ok(Expression::new("null")),
            _ => {}
        }
        if word.starts_with('$') {
            let (name, path) = word.split_once('.').unwrap_or((word, ""));
            let path = if path.is_empty() { String::new() } else { format!(".{path}") };
            if name == "$" {
                return self.root(&path);
            }
            let variable = self.scope.variables.get(name);
            let variable = variable.ok_or_else(|| format!("{name} is not set before"))?;
            return Ok(Expression::new(format!("{variable}{path}")));
        }
        match (&self.scope.dot, word.starts_with('.')) {
            (Some(dot), true) => {
                Ok(Expression::new(if word == "." { dot.clone() } else { format!("{dot}{word}") }))
            }
            (None, true) => self.root(word),
            _ => functions::call(word, &[], self.scope, self.used),
        }
    }

    /// Returns what a path means at the top of a file.
    fn root(&mut self, path: &str) -> Result<Expression, String> {
        for (theirs, ours) in [
            (".Values", "local.values"),
            (".StateValues", "local.values"),
            (".Environment.Values", "local.values"),
        ] {
            if let Some(rest) =
                path.strip_prefix(theirs).filter(|rest| rest.is_empty() || rest.starts_with('.'))
            {
                self.used.values = true;
                return Ok(Expression::new(format!("{ours}{rest}")));
            }
        }
        let release = self.scope.release.as_ref();
        match (path, release) {
            (".Environment.Name", _) => {
                self.used.environment_name = true;
                Ok(Expression::new("var.environment"))
            }
            (".Release.Name", Some((name, _))) => Ok(Expression::new(name.clone())),
            (".Release.Namespace" | ".Namespace", Some((_, namespace))) => {
                Ok(Expression::new(namespace.clone()))
            }
            _ => Err(format!("{path} is nothing that a configuration knows")),
        }
    }
}

fn is_constant(word: &str) -> bool {
    matches!(word, "true" | "false" | "nil")
}

/// Returns the variable that stands for an environment variable.
pub(super) fn environment_variable(name: &str, is_required: bool, used: &mut Used) -> Expression {
    let variable = identifier(&name.to_lowercase());
    let known = used.environment.entry(variable.clone()).or_insert_with(|| (name.to_owned(), is_required));
    known.1 |= is_required;
    Expression::new(format!("var.{variable}"))
}
