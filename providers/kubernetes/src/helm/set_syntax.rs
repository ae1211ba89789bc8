//! Helm's one-line notation for values: `a.b[0].c=1,d={x,y}`.
//!
//! A backslash takes the meaning from the character behind it. A value that looks like a number, a truth value or
//! nothing is one, unless it is to be text; `null` removes a key.

use std::iter::Peekable;
use std::str::Chars;

use serde_json::{Map, Value as Json};

/// The farthest place in a list that can be set: a slip of the pen is not to fill the memory.
const POSITIONS_MAX: usize = 65_536;
/// How deep names may be nested.
const DEPTH_MAX: usize = 30;

/// How the values behind equals signs are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typing {
    /// By what they look like.
    Auto,
    /// As text.
    Text,
}

/// Sets what a text says inside a map of values.
///
/// # Errors
/// When the text does not follow the notation, or goes into what is no map or list.
pub(crate) fn set(values: &mut Map<String, Json>, text: &str, typing: Typing) -> Result<(), String> {
    let mut reader = Reader { rest: text.chars().peekable(), typing };
    while reader.rest.peek().is_some() {
        reader.assignment(values, 0)?;
    }
    Ok(())
}

struct Reader<'t> {
    rest: Peekable<Chars<'t>>,
    typing: Typing,
}

impl Reader<'_> {
    /// Reads a name and what is assigned to it, inside a map.
    fn assignment(&mut self, map: &mut Map<String, Json>, depth: usize) -> Result<(), String> {
        if depth > DEPTH_MAX {
            return Err(format!("names may be nested {DEPTH_MAX} deep"));
        }
        let (name, stop) = self.until(&['=', ',', '.', '[']);
        match stop {
            None if name.is_empty() => Ok(()),
            None => Err(format!("the name {name:?} has no value")),
            Some(',') if name.is_empty() => Ok(()),
            Some(',') => Err(format!("the name {name:?} has no value")),
            Some(_) if name.is_empty() => Err("a name is missing".to_owned()),
            Some('[') => {
                let position = self.position()?;
                let entry = map.entry(name.clone()).or_insert(Json::Null);
                let list = as_list(entry, &name)?;
                self.element(list, position, depth)
            }
            Some('.') => {
                let entry = map.entry(name.clone()).or_insert(Json::Null);
                if entry.is_null() {
                    *entry = Json::Object(Map::new());
                }
                let Json::Object(inner) = entry else {
                    return Err(format!("{name:?} has a value and cannot have values inside"));
                };
                self.assignment(inner, depth + 1)
            }
            Some(_) => {
                let value = self.value()?;
                map.insert(name, value);
                Ok(())
            }
        }
    }

    /// Reads the place in a list behind an opening bracket.
    fn position(&mut self) -> Result<usize, String> {
        let (digits, stop) = self.until(&[']']);
        let position = digits.trim().parse::<usize>();
        match (stop, position) {
            (Some(_), Ok(position)) if position <= POSITIONS_MAX => Ok(position),
            _ => Err(format!("{digits:?} is no place in a list")),
        }
    }

    /// Reads what is assigned to an element of a list.
    fn element(&mut self, list: &mut Vec<Json>, position: usize, depth: usize) -> Result<(), String> {
        if list.len() <= position {
            list.resize(position + 1, Json::Null);
        }
        let element = &mut list[position];
        match self.rest.next() {
            Some('=') => {
                *element = self.value()?;
                Ok(())
            }
            Some('.') => {
                if !element.is_object() {
                    *element = Json::Object(Map::new());
                }
                match element {
                    Json::Object(inner) => self.assignment(inner, depth + 1),
                    _ => Ok(()),
                }
            }
            Some('[') => {
                let inner_position = self.position()?;
                let inner = as_list(element, "an element")?;
                self.element(inner, inner_position, depth + 1)
            }
            None | Some(',') => Err(format!("element {position} has no value")),
            Some(other) => Err(format!("{other:?} cannot follow the place in a list")),
        }
    }

    /// Reads a value up to the comma behind it.
    fn value(&mut self) -> Result<Json, String> {
        if self.rest.peek() == Some(&'{') {
            self.rest.next();
            return self.list();
        }
        let (text, _) = self.until(&[',']);
        Ok(self.typed(text))
    }

    /// Reads the elements of a list in braces.
    fn list(&mut self) -> Result<Json, String> {
        let mut elements = Vec::new();
        loop {
            let (text, stop) = self.until(&[',', '}']);
            match stop {
                None => return Err("a list must end with \"}\"".to_owned()),
                Some('}') if text.is_empty() && elements.is_empty() => break,
                Some('}') => {
                    elements.push(self.typed(text));
                    break;
                }
                Some(_) => elements.push(self.typed(text)),
            }
        }
        // A comma may separate the list from what is assigned next.
        if self.rest.peek() == Some(&',') {
            self.rest.next();
        }
        Ok(Json::Array(elements))
    }

    /// Reads up to one of some characters, which is taken, too.
    fn until(&mut self, stops: &[char]) -> (String, Option<char>) {
        let mut text = String::new();
        while let Some(character) = self.rest.next() {
            if stops.contains(&character) {
                return (text, Some(character));
            }
            match character {
                '\\' => text.extend(self.rest.next()),
                other => text.push(other),
            }
        }
        (text, None)
    }

    fn typed(&self, text: String) -> Json {
        if self.typing == Typing::Text {
            return Json::String(text);
        }
        if text.eq_ignore_ascii_case("true") {
            return Json::Bool(true);
        }
        if text.eq_ignore_ascii_case("false") {
            return Json::Bool(false);
        }
        if text.eq_ignore_ascii_case("null") {
            return Json::Null;
        }
        // Numbers that start with zero are codes, not quantities; only whole ones are read at all.
        let is_code = text.starts_with('0') && text != "0";
        match text.parse::<i64>() {
            Ok(number) if !is_code => Json::from(number),
            _ => Json::String(text),
        }
    }
}

fn as_list<'j>(json: &'j mut Json, name: &str) -> Result<&'j mut Vec<Json>, String> {
    if json.is_null() {
        *json = Json::Array(Vec::new());
    }
    match json {
        Json::Array(list) => Ok(list),
        _ => Err(format!("{name} has a value and is no list")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str, typing: Typing) -> Result<Json, String> {
        let mut values = Map::new();
        values.insert("kept".to_owned(), json!({"a": 1}));
        set(&mut values, text, typing)?;
        values
            .remove("kept")
            .filter(|kept| *kept != json!({"a": 1}))
            .map_or_else(|| Ok(Json::Object(values.clone())), |kept| Ok(json!({"kept": kept})))
    }

    #[test]
    fn names_lead_into_maps_and_lists() {
        for (text, expected) in [
            ("a=1", json!({"a": 1})),
            ("a.b.c=x", json!({"a": {"b": {"c": "x"}}})),
            ("a=1,b=2", json!({"a": 1, "b": 2})),
            ("a={x,2,true}", json!({"a": ["x", 2, true]})),
            ("a={}", json!({"a": []})),
            ("a={x},b=1", json!({"a": ["x"], "b": 1})),
            ("a[1].b=x", json!({"a": [null, {"b": "x"}]})),
            ("a[0][1]=x", json!({"a": [[null, "x"]]})),
            ("a[0].b=1,a[0].c=2", json!({"a": [{"b": 1, "c": 2}]})),
            ("a=", json!({"a": ""})),
            ("a=x=y", json!({"a": "x=y"})),
            (r"a\.b=1", json!({"a.b": 1})),
            (r"a=x\,y", json!({"a": "x,y"})),
            (
                r#"nodeSelector."kubernetes\.io/role"=m"#,
                json!({"nodeSelector": {"\"kubernetes.io/role\"": "m"}}),
            ),
            ("kept.b=2", json!({"kept": {"a": 1, "b": 2}})),
        ] {
            assert_eq!(read(text, Typing::Auto), Ok(expected), "{text}");
        }
    }

    #[test]
    fn values_are_what_they_look_like() {
        for (text, expected) in [
            ("TRUE", json!(true)),
            ("false", json!(false)),
            ("null", json!(null)),
            ("0", json!(0)),
            ("-5", json!(-5)),
            ("007", json!("007")),
            ("1.5", json!("1.5")),
            ("1e3", json!("1e3")),
            ("99999999999999999999", json!("99999999999999999999")),
            ("yes", json!("yes")),
        ] {
            assert_eq!(read(&format!("a={text}"), Typing::Auto), Ok(json!({"a": expected})), "{text}");
            let as_text = json!({"a": text});
            assert_eq!(read(&format!("a={text}"), Typing::Text), Ok(as_text), "{text}");
        }
    }

    #[test]
    fn what_is_no_assignment_is_refused() {
        for text in [
            "a",
            "a,b=1",
            "=1",
            ".a=1",
            "a[x]=1",
            "a[0=1",
            "a[0]",
            "a={x",
            "a=1,a.b=2",
            "a=1,a[0]=2",
            "a[99999999]=1",
        ] {
            assert!(read(text, Typing::Auto).is_err(), "{text}");
        }
        let deep = format!("{}=1", ["a"; 60].join("."));
        assert!(read(&deep, Typing::Auto).is_err());
    }
}
