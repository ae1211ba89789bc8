//! The part of OData's `$filter` that Azure's lists understand: comparisons with `eq` and `ne`, `and`, `or`, and the
//! functions `startswith`, `substringof`, `endswith`, `atScope` and `assignedTo`.

use crate::error::ArmError;

/// A parsed filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    Equals {
        name: String,
        value: String,
    },
    Differs {
        name: String,
        value: String,
    },
    StartsWith {
        name: String,
        value: String,
    },
    Contains {
        name: String,
        value: String,
    },
    /// A function without a property, such as `atScope()` or `assignedTo('id')`.
    Call {
        name: String,
        argument: Option<String>,
    },
    And(Vec<Filter>),
    Or(Vec<Filter>),
}

impl Filter {
    /// Parses a filter.
    ///
    /// # Errors
    ///
    /// `InvalidFilterInQueryString`, as the Resource Manager says it.
    pub(crate) fn parse(text: &str) -> Result<Filter, ArmError> {
        let tokens = tokenize(text);
        let mut parser = Parser { tokens: &tokens, depth: 0 };
        match parser.any_of() {
            Some(filter) if parser.tokens.is_empty() => Ok(filter),
            _ => Err(ArmError::gateway(
                400,
                "InvalidFilterInQueryString",
                format!("Invalid $filter '{text}' specified in the query string."),
            )),
        }
    }

    /// Returns whether an item passes. `value_of` gives the item's value for a name in lower case; `call` decides
    /// functions.
    pub(crate) fn accepts(
        &self,
        value_of: &dyn Fn(&str) -> Option<String>,
        call: &dyn Fn(&str, Option<&str>) -> bool,
    ) -> bool {
        let lower = |name: &str| value_of(name).map(|value| value.to_lowercase());
        match self {
            Filter::Equals { name, value } => lower(name).as_deref() == Some(value),
            Filter::Differs { name, value } => lower(name).as_deref() != Some(value),
            Filter::StartsWith { name, value } => lower(name).is_some_and(|found| found.starts_with(value)),
            Filter::Contains { name, value } => lower(name).is_some_and(|found| found.contains(value)),
            Filter::Call { name, argument } => call(name, argument.as_deref()),
            Filter::And(all) => all.iter().all(|filter| filter.accepts(value_of, call)),
            Filter::Or(any) => any.iter().any(|filter| filter.accepts(value_of, call)),
        }
    }

    /// Returns the comparisons with `eq` that must hold.
    pub(crate) fn required(&self, wanted: &str) -> Option<&str> {
        match self {
            Filter::Equals { name, value } if name == wanted => Some(value),
            Filter::And(all) => all.iter().find_map(|filter| filter.required(wanted)),
            _ => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// In lower case.
    Word(String),
    /// In lower case.
    Text(String),
    Symbol(char),
}

fn tokenize(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\'' => {
                let mut value = String::new();
                while let Some(next) = characters.next() {
                    if next != '\'' {
                        value.push(next);
                    } else if characters.peek() == Some(&'\'') {
                        characters.next();
                        value.push('\'');
                    } else {
                        break;
                    }
                }
                tokens.push(Token::Text(value.to_lowercase()));
            }
            '(' | ')' | ',' => tokens.push(Token::Symbol(character)),
            _ if character.is_whitespace() => {}
            _ => {
                let mut word = String::from(character);
                while let Some(next) =
                    characters.next_if(|next| !next.is_whitespace() && !"(),'".contains(*next))
                {
                    word.push(next);
                }
                tokens.push(Token::Word(word.to_lowercase()));
            }
        }
    }
    tokens
}

/// Parentheses may be nested this deep.
const DEPTH_MAX: usize = 32;

struct Parser<'t> {
    tokens: &'t [Token],
    depth: usize,
}

impl Parser<'_> {
    fn any_of(&mut self) -> Option<Filter> {
        let mut filters = vec![self.all_of()?];
        while self.accept_word("or") {
            filters.push(self.all_of()?);
        }
        Some(if filters.len() == 1 { filters.remove(0) } else { Filter::Or(filters) })
    }

    fn all_of(&mut self) -> Option<Filter> {
        let mut filters = vec![self.one()?];
        while self.accept_word("and") {
            filters.push(self.one()?);
        }
        Some(if filters.len() == 1 { filters.remove(0) } else { Filter::And(filters) })
    }

    fn one(&mut self) -> Option<Filter> {
        if self.accept(&Token::Symbol('(')) {
            self.depth += 1;
            let inner = if self.depth > DEPTH_MAX { None } else { self.any_of() }?;
            self.depth -= 1;
            return self.accept(&Token::Symbol(')')).then_some(inner);
        }
        let Token::Word(name) = self.next()? else { return None };
        if self.accept(&Token::Symbol('(')) {
            return self.call(name);
        }
        let Token::Word(operator) = self.next()? else { return None };
        let (Token::Text(value) | Token::Word(value)) = self.next()? else { return None };
        match operator.as_str() {
            "eq" => Some(Filter::Equals { name, value }),
            "ne" => Some(Filter::Differs { name, value }),
            _ => None,
        }
    }

    fn call(&mut self, name: String) -> Option<Filter> {
        let mut arguments = Vec::new();
        loop {
            match self.next()? {
                Token::Symbol(')') => break,
                Token::Symbol(',') => {}
                token => arguments.push(token),
            }
        }
        match (name.as_str(), &arguments[..]) {
            ("startswith", [Token::Word(property), Token::Text(value)]) => {
                Some(Filter::StartsWith { name: property.clone(), value: value.clone() })
            }
            ("substringof", [Token::Text(value), Token::Word(property)]) => {
                Some(Filter::Contains { name: property.clone(), value: value.clone() })
            }
            (_, []) => Some(Filter::Call { name, argument: None }),
            (_, [Token::Text(argument)]) => Some(Filter::Call { name, argument: Some(argument.clone()) }),
            _ => None,
        }
    }

    fn next(&mut self) -> Option<Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first.clone())
    }

    fn accept(&mut self, token: &Token) -> bool {
        let is_next = self.tokens.first() == Some(token);
        if is_next {
            self.tokens = &self.tokens[1..];
        }
        is_next
    }

    fn accept_word(&mut self, word: &str) -> bool {
        self.accept(&Token::Word(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(filter: &str) -> bool {
        let value_of = |name: &str| match name {
            "resourcetype" => Some("Microsoft.Network/virtualNetworks".to_owned()),
            "name" => Some("O'Neil".to_owned()),
            _ => None,
        };
        let call = |name: &str, argument: Option<&str>| name == "atscope" && argument.is_none();
        Filter::parse(filter).expect(filter).accepts(&value_of, &call)
    }

    #[test]
    fn filters_are_evaluated() {
        for (filter, expected) in [
            ("resourceType eq 'microsoft.network/virtualnetworks'", true),
            ("resourceType eq 'x' or name eq 'o''neil'", true),
            ("resourceType ne 'x' and startswith(name, 'O')", true),
            ("(resourceType eq 'x' or name eq 'y') and atScope()", false),
            ("substringof('nei', name)", true),
            ("atScope()", true),
            ("assignedTo('x')", false),
        ] {
            assert_eq!(accepts(filter), expected, "{filter}");
        }
    }

    #[test]
    fn other_filters_are_refused() {
        for filter in
            ["", "name", "name gt 'x'", "(name eq 'x'", "name eq 'x' and", "f('a','b','c')", &"(".repeat(99)]
        {
            assert_eq!(Filter::parse(filter).expect_err(filter).code, "InvalidFilterInQueryString");
        }
    }
}
