//! The values of a release: what is configured in several places, merged as Helm merges it.

use serde_json::{Map, Value as Json};
use terrane_model::{AttributePath, Diagnostic, Value};

use super::set_syntax::{self, Typing};
use crate::yaml;

/// What stands in place of values that are not shown.
const CLOAK: &str = "(sensitive value)";

/// Returns the values that a configuration stands for, without those that are only ever written.
///
/// # Errors
/// When a part is no YAML or does not follow the notation; the part is named.
pub(crate) fn merged(config: &Value) -> Result<Map<String, Json>, Diagnostic> {
    let mut values = Map::new();
    let root = AttributePath::root();
    for (position, text) in elements(config, "values").iter().enumerate() {
        let Some(text) = text.as_str().filter(|text| !text.trim().is_empty()) else { continue };
        let path = root.attribute("values").position(position);
        let read = yaml::read(text).map_err(|error| {
            // The lines below the first quote the values, which may be secret.
            let error = error.lines().next().unwrap_or_default().to_owned();
            Diagnostic::error("Invalid values", format!("The values are no YAML: {error}."))
                .on_attribute(path.clone())
        })?;
        match read {
            Json::Object(map) => merge(&mut values, map),
            Json::Null => {}
            _ => {
                let detail = "The values of a release have to be a map at the top.";
                return Err(Diagnostic::error("Invalid values", detail).on_attribute(path));
            }
        }
    }
    set_each(&mut values, config, "set")?;
    set_lists(&mut values, config)?;
    set_each(&mut values, config, "set_sensitive")?;
    Ok(values)
}

/// Sets the values that are only ever written.
///
/// # Errors
/// When one does not follow the notation.
pub(crate) fn set_write_only(values: &mut Map<String, Json>, config: &Value) -> Result<(), Diagnostic> {
    set_each(values, config, "set_wo")
}

/// Tells whether a release has the values that a configuration stands for. Those that are only ever written may
/// differ every time, and count by their revision alone.
///
/// # Errors
/// As for [`set_write_only`].
pub(crate) fn are_in_force(
    desired: &Map<String, Json>,
    released: &Map<String, Json>,
    config: &Value,
) -> Result<bool, Diagnostic> {
    let (mut desired, mut released) = (desired.clone(), released.clone());
    set_write_only(&mut desired, config)?;
    set_write_only(&mut released, config)?;
    Ok(same(&Json::Object(desired), &Json::Object(released)))
}

/// Helm keeps neither the kind of a number nor keys that are null at the top.
fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Number(a), Json::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (a, b) => a == b,
    }
}

/// Writes the values of a release as its metadata shows them.
pub(crate) fn shown(released: &Map<String, Json>, before: &Value) -> String {
    if number(before, "set_wo_revision").is_some_and(|revision| revision > 0) {
        // Which of them were only to be written, nobody can tell later.
        return "{}".to_owned();
    }
    let mut values = released.clone();
    for set in elements(before, "set_sensitive") {
        if let Some(name) = set.get("name").and_then(Value::as_str) {
            cloak(&mut values, name);
        }
    }
    Json::Object(values).to_string()
}

/// Returns the texts that may not be shown in what is made of the values.
pub(crate) fn secrets(config: &Value) -> Vec<String> {
    let sets = elements(config, "set_sensitive").iter().chain(elements(config, "set_wo"));
    let texts = sets.filter_map(|set| set.get("value").and_then(Value::as_str));
    // Short ones would take innocent text with them.
    texts.filter(|text| text.len() >= 3).map(ToString::to_string).collect()
}

/// Replaces a value by its cloak, where there is a map to hold it. Dots separate the names.
fn cloak(values: &mut Map<String, Json>, path: &str) {
    let (parents, last) = path.rsplit_once('.').map_or((None, path), |(parents, last)| (Some(parents), last));
    let mut map = values;
    for name in parents.into_iter().flat_map(|parents| parents.split('.')) {
        match map.get_mut(name) {
            Some(Json::Object(inner)) => map = inner,
            _ => return,
        }
    }
    map.insert(last.to_owned(), CLOAK.into());
}

/// Merges maps into maps; everything else replaces what was there.
pub(crate) fn merge(into: &mut Map<String, Json>, from: Map<String, Json>) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Json::Object(inner)), Json::Object(value)) => merge(inner, value),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}

fn set_each(values: &mut Map<String, Json>, config: &Value, argument: &str) -> Result<(), Diagnostic> {
    for (position, set) in elements(config, argument).iter().enumerate() {
        let text = |name: &str| set.get(name).and_then(Value::as_str).map_or("", |text| text.as_str());
        let (name, value) = (text("name"), text("value"));
        let done = match text("type") {
            "" | "auto" => set_syntax::set(values, &format!("{name}={value}"), Typing::Auto),
            "string" => set_syntax::set(values, &format!("{name}={value}"), Typing::Text),
            "literal" => set_literal(values, name, value),
            other => Err(format!("{other:?} is no type of a value: auto, string or literal is")),
        };
        done.map_err(|error| {
            let detail = format!("The value of {name:?} cannot be set: {error}.");
            let path = AttributePath::root().attribute(argument).position(position);
            Diagnostic::error("Invalid value of a release", detail).on_attribute(path)
        })?;
    }
    Ok(())
}

/// A literal is YAML, for a name at the top that may have dots.
fn set_literal(values: &mut Map<String, Json>, name: &str, value: &str) -> Result<(), String> {
    let read = yaml::read(value)?;
    values.insert(name.to_owned(), read);
    Ok(())
}

fn set_lists(values: &mut Map<String, Json>, config: &Value) -> Result<(), Diagnostic> {
    for (position, set) in elements(config, "set_list").iter().enumerate() {
        let name = set.get("name").and_then(Value::as_str).map_or("", |text| text.as_str());
        let texts: Vec<&str> =
            elements(set, "value").iter().filter_map(|text| Some(text.as_str()?.as_str())).collect();
        set_syntax::set(values, &format!("{name}={{{}}}", texts.join(",")), Typing::Auto).map_err(
            |error| {
                let detail = format!("The list {name:?} cannot be set: {error}.");
                let path = AttributePath::root().attribute("set_list").position(position);
                Diagnostic::error("Invalid value of a release", detail).on_attribute(path)
            },
        )?;
    }
    Ok(())
}

fn elements<'v>(values: &'v Value, name: &str) -> &'v [Value] {
    values.get(name).and_then(Value::as_sequence).unwrap_or_default()
}

fn number(values: &Value, name: &str) -> Option<i64> {
    values.get(name)?.as_number()?.to_i64()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sets(name: &str, sets: &[(&str, &str, &str)]) -> (String, Value) {
        let one = |(name, value, ty): &(&str, &str, &str)| {
            Value::object([("name", (*name).into()), ("value", (*value).into()), ("type", (*ty).into())])
        };
        (name.to_owned(), Value::tuple(sets.iter().map(one).collect::<Vec<Value>>()))
    }

    #[test]
    fn later_places_win() {
        let list = Value::object([("name", "d".into()), ("value", Value::list_of_strings(["1", "x"]))]);
        let config = Value::object([
            (
                "values".to_owned(),
                Value::list_of_strings([
                    "a: {b: 1, c: 2}\nflag: yes\n",
                    "a: {c: 3}\nl: [1]\n",
                    "",
                    "l: [2]\n",
                ]),
            ),
            sets("set", &[("a.b", "7", ""), ("t", "7", "string"), ("x.y", "{z: 1}", "literal")]),
            ("set_list".to_owned(), Value::tuple(vec![list])),
            sets("set_sensitive", &[("a.p", "secret", "")]),
            sets("set_wo", &[("a.w", "other", "")]),
        ]);
        let mut values = merged(&config).unwrap();
        let expected = json!({"a": {"b": 7, "c": 3, "p": "secret"}, "flag": true, "l": [2], "t": "7",
                              "x.y": {"z": 1}, "d": [1, "x"]});
        assert_eq!(Json::Object(values.clone()), expected);
        assert!(shown(&values, &config).contains(r#""p":"(sensitive value)""#));
        assert_eq!(secrets(&config), ["secret", "other"]);
        set_write_only(&mut values, &config).unwrap();
        assert_eq!(values["a"]["w"], "other");
        let desired = merged(&config).unwrap();
        assert!(are_in_force(&desired, &values, &config).unwrap());
        values.insert("by-hand".to_owned(), 1.into());
        assert!(!are_in_force(&desired, &values, &config).unwrap());
    }

    #[test]
    fn what_cannot_be_merged_is_named() {
        for (config, expected) in [
            (Value::object([("values", Value::list_of_strings(["a: 1", "a: ["]))]), "values[1]"),
            (Value::object([("values", Value::list_of_strings(["- 1"]))]), "values[0]"),
            (Value::object([sets("set", &[("a", "1", "number")])]), "set[0]"),
        ] {
            let diagnostic = merged(&config).unwrap_err();
            assert_eq!(diagnostic.attribute.unwrap().to_string().trim_start_matches('.'), expected);
        }
    }
}
