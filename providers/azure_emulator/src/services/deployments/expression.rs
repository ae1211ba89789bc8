//! The expressions of templates, as far as names and references need them: `parameters`, `variables`, `concat`,
//! `format`, `resourceId`, `resourceGroup()`, `subscription()`, `tenant()`, `uniqueString`, `toLower`, `toUpper`, and
//! `reference` to what exists.

use serde_json::{Map, Value, json};

use crate::arm::render::render_object;
use crate::behaviour::View;
use crate::body::text_at;
use crate::guid;
use crate::resource_id::{containers_of, key_of, name_of};

/// Expressions may be nested this deep, directly or through variables.
const DEPTH_MAX: usize = 32;

/// What expressions may refer to.
pub(super) struct Scope<'a> {
    view: View<'a>,
    scope_id: String,
    parameters: Map<String, Value>,
    variables: Map<String, Value>,
}

impl<'a> Scope<'a> {
    /// Takes parameters and variables from a template and a request.
    pub(super) fn new(
        view: View<'a>,
        scope_id: &str,
        template: &Map<String, Value>,
        given: &Map<String, Value>,
    ) -> Result<Scope<'a>, String> {
        let object = |name: &str| template.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
        let mut scope = Scope {
            view,
            scope_id: scope_id.to_owned(),
            parameters: Map::new(),
            variables: object("variables"),
        };
        let declared = object("parameters");
        if let Some(unknown) = given.keys().find(|name| !declared.contains_key(*name)) {
            return Err(format!("the parameter '{unknown}' is not declared in the template"));
        }
        for (name, declaration) in &declared {
            let value = match (given.get(name), declaration.get("defaultValue")) {
                (Some(given), _) => given.get("value").cloned().unwrap_or_default(),
                (None, Some(default)) => scope.evaluate(default)?,
                (None, None) => {
                    return Err(format!("the value for the template parameter '{name}' is not provided"));
                }
            };
            scope.parameters.insert(name.clone(), value);
        }
        Ok(scope)
    }

    /// Evaluates every expression in a value.
    pub(super) fn evaluate(&self, value: &Value) -> Result<Value, String> {
        self.value(value, 0)
    }

    fn value(&self, value: &Value, depth: usize) -> Result<Value, String> {
        if depth > DEPTH_MAX {
            return Err("expressions are nested too deep".into());
        }
        match value {
            Value::String(text) if text.starts_with("[[") => Ok(json!(&text[1..])),
            Value::String(text) if text.starts_with('[') && text.ends_with(']') => {
                let tokens = tokenize(&text[1..text.len() - 1])?;
                let mut parser = Parser { scope: self, tokens: &tokens, depth };
                let value = parser.term()?;
                if parser.tokens.is_empty() { Ok(value) } else { Err(format!("'{text}' is not understood")) }
            }
            Value::Array(elements) => elements.iter().map(|element| self.value(element, depth + 1)).collect(),
            Value::Object(object) => {
                let entries =
                    object.iter().map(|(name, value)| Ok((name.clone(), self.value(value, depth + 1)?)));
                entries.collect::<Result<Map<String, Value>, String>>().map(Value::Object)
            }
            _ => Ok(value.clone()),
        }
    }

    fn call(&self, name: &str, arguments: &[Value], depth: usize) -> Result<Value, String> {
        let text = |idx: usize| arguments.get(idx).map(to_text).unwrap_or_default();
        let strings = || arguments.iter().map(to_text).collect::<Vec<_>>();
        match name.to_ascii_lowercase().as_str() {
            "parameters" => {
                find(&self.parameters, &text(0)).cloned().ok_or_else(|| format!("no parameter '{}'", text(0)))
            }
            "variables" => match find(&self.variables, &text(0)) {
                Some(value) => self.value(value, depth + 1),
                None => Err(format!("no variable '{}'", text(0))),
            },
            "concat" => Ok(json!(strings().concat())),
            "format" => {
                let mut result = text(0);
                for (idx, argument) in strings().iter().enumerate().skip(1) {
                    result = result.replace(&format!("{{{}}}", idx - 1), argument);
                }
                Ok(json!(result))
            }
            "tolower" => Ok(json!(text(0).to_lowercase())),
            "toupper" => Ok(json!(text(0).to_uppercase())),
            "uniquestring" => {
                let names = strings();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                Ok(json!(guid::derived(&names).replace('-', "")[..13]))
            }
            "reference" => self.reference(&text(0), text(2).eq_ignore_ascii_case("full")),
            "resourceid" => self.resource_id(&strings()),
            "subscriptionresourceid" => self.identified(&self.subscription(), &strings()),
            "resourcegroup" => Ok(self.resource_group()),
            "subscription" => Ok(json!({
                "id": self.subscription(),
                "subscriptionId": name_of(&self.subscription()),
                "tenantId": self.view.settings.identity.tenant_id,
            })),
            "tenant" => Ok(json!({"tenantId": self.view.settings.identity.tenant_id})),
            _ => Err(format!("the template function '{name}' is not supported by the emulator")),
        }
    }

    fn subscription(&self) -> String {
        let own = &self.view.settings.identity.subscription_id;
        format!("/subscriptions/{}", containers_of(&self.scope_id).0.unwrap_or(own))
    }

    fn resource_group(&self) -> Value {
        let group = self.view.find(&self.scope_id);
        let location = group.and_then(|group| text_at(&group.body(), &["location"]).map(str::to_owned));
        json!({"id": self.scope_id, "name": name_of(&self.scope_id), "location": location})
    }

    /// `resourceId([subscription,] [group,] type, name…)`.
    fn resource_id(&self, arguments: &[String]) -> Result<Value, String> {
        let at =
            arguments.iter().position(|argument| argument.contains('/')).ok_or("resourceId needs a type")?;
        let own_group = containers_of(&self.scope_id).1.unwrap_or_default();
        let group = if at > 0 { arguments[at - 1].as_str() } else { own_group };
        self.identified(&format!("{}/resourceGroups/{group}", self.subscription()), &arguments[at..])
    }

    /// The properties of a resource, or with `full` all of it. Found by its id, the end of it, or its name.
    fn reference(&self, target: &str, full: bool) -> Result<Value, String> {
        let found = self.view.find(target).or_else(|| {
            let end = format!("/{}", target.to_lowercase());
            let mut below = self.view.world.below(&key_of(&self.scope_id));
            below.find(|(key, _)| key.ends_with(&end)).map(|(_, resource)| resource)
        });
        let found = found.ok_or_else(|| format!("the resource '{target}' is not there to refer to"))?;
        let mut body = render_object(self.view, found);
        if full {
            return Ok(Value::Object(body));
        }
        Ok(body.remove("properties").unwrap_or_else(|| json!({})))
    }

    fn identified(&self, scope: &str, arguments: &[String]) -> Result<Value, String> {
        let (type_name, names) = arguments.split_first().ok_or("a resource id needs a type")?;
        let id = super::resource_id(scope, type_name, &names.join("/"));
        id.map(Value::String).ok_or_else(|| format!("the names do not fit the type '{type_name}'"))
    }
}

fn find<'m>(object: &'m Map<String, Value>, name: &str) -> Option<&'m Value> {
    object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn to_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(i64),
    Symbol(char),
}

fn tokenize(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\'' => {
                let mut value = String::new();
                loop {
                    match characters.next() {
                        Some('\'') if characters.next_if_eq(&'\'').is_some() => value.push('\''),
                        Some('\'') => break,
                        Some(other) => value.push(other),
                        None => return Err("a string is not closed".into()),
                    }
                }
                tokens.push(Token::Text(value));
            }
            '(' | ')' | ',' | '.' | '[' | ']' => tokens.push(Token::Symbol(character)),
            _ if character.is_whitespace() => {}
            _ if character.is_ascii_alphanumeric() || character == '_' => {
                let mut word = String::from(character);
                while let Some(next) = characters.next_if(|it| it.is_ascii_alphanumeric() || *it == '_') {
                    word.push(next);
                }
                tokens.push(word.parse().map_or(Token::Word(word), Token::Number));
            }
            _ => return Err(format!("unexpected '{character}'")),
        }
    }
    Ok(tokens)
}

struct Parser<'s, 't> {
    scope: &'s Scope<'s>,
    tokens: &'t [Token],
    depth: usize,
}

impl Parser<'_, '_> {
    fn next(&mut self) -> Result<Token, String> {
        let (first, rest) = self.tokens.split_first().ok_or("an expression ends too early")?;
        self.tokens = rest;
        Ok(first.clone())
    }

    fn accept(&mut self, symbol: char) -> bool {
        let is_next = self.tokens.first() == Some(&Token::Symbol(symbol));
        if is_next {
            self.tokens = &self.tokens[1..];
        }
        is_next
    }

    fn term(&mut self) -> Result<Value, String> {
        if self.depth > DEPTH_MAX {
            return Err("expressions are nested too deep".into());
        }
        let mut value = match self.next()? {
            Token::Text(text) => json!(text),
            Token::Number(number) => json!(number),
            Token::Word(name) if self.accept('(') => {
                self.depth += 1;
                let mut arguments = Vec::new();
                while !self.accept(')') {
                    arguments.push(self.term()?);
                    self.accept(',');
                }
                self.depth -= 1;
                self.scope.call(&name, &arguments, self.depth)?
            }
            other => return Err(format!("unexpected {other:?}")),
        };
        loop {
            let key = if self.accept('.') {
                let Token::Word(name) = self.next()? else { return Err("a name must follow a dot".into()) };
                json!(name)
            } else if self.accept('[') {
                let key = self.term()?;
                if !self.accept(']') {
                    return Err("an index is not closed".into());
                }
                key
            } else {
                return Ok(value);
            };
            value = match (&value, &key) {
                (Value::Object(object), Value::String(name)) => find(object, name).cloned(),
                (Value::Array(elements), key) => {
                    key.as_u64().and_then(|idx| elements.get(usize::try_from(idx).ok()?).cloned())
                }
                _ => None,
            }
            .ok_or_else(|| format!("there is no '{}'", to_text(&key)))?;
        }
    }
}
