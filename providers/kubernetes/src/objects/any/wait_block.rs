//! What `wait` blocks ask for: fields, conditions, rollouts.

use regex::Regex;
use serde_json::Value as Json;
use terrane_model::{AttributePath, Diagnostic, Diagnostics, Value};

use crate::objects::cluster::Object;
use crate::objects::wait::{Stage, rollout};

/// What is waited for.
pub(super) enum Wanted {
    Nothing,
    Rollout,
    /// Type and status of conditions.
    Conditions(Vec<(String, String)>),
    /// Paths and what their texts have to match.
    Fields(Vec<(String, Regex)>),
    /// One after the other.
    All(Vec<Wanted>),
}

impl Wanted {
    /// Reads the `wait` block, or the older `wait_for` argument.
    ///
    /// # Errors
    /// When a pattern is none.
    pub(super) fn read(config: &Value) -> Result<Self, Diagnostics> {
        let block = config.get("wait").and_then(Value::as_sequence).and_then(<[Value]>::first);
        if let Some(block) = block {
            if block.get("rollout").and_then(Value::as_bool) == Some(true) {
                return Ok(Self::Rollout);
            }
            let conditions = block.get("condition").and_then(Value::as_sequence).unwrap_or_default();
            if !conditions.is_empty() {
                let text = |value: &Value, name: &str| {
                    value.get(name).and_then(Value::as_str).map(ToString::to_string)
                };
                let all = conditions.iter().filter_map(|condition| {
                    Some((
                        text(condition, "type")?,
                        text(condition, "status").unwrap_or_else(|| "True".to_owned()),
                    ))
                });
                return Ok(Self::Conditions(all.collect()));
            }
        }
        let older = config.get("wait_for").and_then(|wait_for| wait_for.get("fields"));
        let fields = block.and_then(|block| block.get("fields")).filter(|fields| !fields.is_null()).or(older);
        let entries = fields.and_then(Value::as_entries).unwrap_or_default();
        if entries.is_empty() {
            return Ok(Self::Nothing);
        }
        let fields = entries.iter().map(|(path, pattern)| {
            let pattern = pattern.as_str().map_or("*", |pattern| pattern.as_str());
            // A star alone means that there is any value.
            let regex = Regex::new(if pattern == "*" { "(?s).*" } else { pattern }).map_err(|error| {
                let argument = AttributePath::root().attribute("wait");
                let detail = format!("{pattern:?}: {error}");
                Diagnostics::from(Diagnostic::error("Invalid pattern", detail).on_attribute(argument))
            })?;
            Ok((path.to_string(), regex))
        });
        Ok(Self::Fields(fields.collect::<Result<_, Diagnostics>>()?))
    }

    /// Reads the `wait_for` block of `kubectl_manifest`, whose fields have a value or match a pattern.
    ///
    /// # Errors
    /// When a pattern is none.
    pub(super) fn of_yaml(config: &Value) -> Result<Self, Diagnostics> {
        let block = config.get("wait_for").and_then(Value::as_sequence).and_then(<[Value]>::first);
        let Some(block) = block else { return Ok(Self::Nothing) };
        let blocks = |name: &str| block.get(name).and_then(Value::as_sequence).unwrap_or_default();
        let text = |value: &Value, name: &str| {
            value.get(name).and_then(Value::as_str).map(ToString::to_string).unwrap_or_default()
        };
        let conditions = blocks("condition").iter();
        let conditions = conditions.map(|condition| (text(condition, "type"), text(condition, "status")));
        let mut fields = Vec::new();
        for field in blocks("field") {
            let value = text(field, "value");
            let pattern = match text(field, "value_type").as_str() {
                "regex" => value,
                _ => format!("^{}$", regex::escape(&value)),
            };
            let regex = Regex::new(&pattern).map_err(|error| {
                let argument = AttributePath::root().attribute("wait_for");
                let detail = format!("{pattern:?}: {error}");
                Diagnostics::from(Diagnostic::error("Invalid pattern", detail).on_attribute(argument))
            })?;
            fields.push((text(field, "key"), regex));
        }
        Ok(Self::All(vec![Self::Conditions(conditions.collect()), Self::Fields(fields)]))
    }

    /// Returns how far an object is.
    pub(super) fn stage(&self, kind: &str, object: &Object) -> Stage {
        match self {
            Self::Nothing => Stage::Done,
            Self::Rollout => rollout::stage(kind, object),
            Self::All(all) => {
                let stages = all.iter().map(|wanted| wanted.stage(kind, object));
                stages.into_iter().find(|stage| *stage != Stage::Done).unwrap_or(Stage::Done)
            }
            Self::Conditions(wanted) => {
                let missing = wanted.iter().find(|(name, status)| {
                    let found =
                        rollout::condition(object, name).and_then(|condition| condition.get("status"));
                    found.and_then(Json::as_str) != Some(status)
                });
                missing.map_or(Stage::Done, |(name, status)| {
                    Stage::NotYet(format!("the condition {name} is not {status}"))
                })
            }
            Self::Fields(wanted) => {
                let missing = wanted.iter().find(|(path, pattern)| {
                    !text_at(object, path).is_some_and(|text| pattern.is_match(&text))
                });
                missing.map_or(Stage::Done, |(path, pattern)| {
                    let is = text_at(object, path)
                        .map_or("is not there".to_owned(), |text| format!("is {text:?}"));
                    Stage::NotYet(format!("{path} {is} and has to match {:?}", pattern.as_str()))
                })
            }
        }
    }
}

/// Returns what stands at a path such as `status.ingress[0].ip` or `metadata.annotations["a.b/c"]`.
fn text_at(object: &Object, path: &str) -> Option<String> {
    let mut steps = steps(path).into_iter();
    let first = object.get(&steps.next()?)?;
    let found = steps.try_fold(first, |json, step| match json {
        Json::Array(list) => list.get(step.parse::<usize>().ok()?),
        json => json.get(&step),
    })?;
    match found {
        Json::String(text) => Some(text.clone()),
        Json::Null => None,
        other => Some(other.to_string()),
    }
}

/// Takes a path apart.
pub(super) fn steps(path: &str) -> Vec<String> {
    let mut steps = vec![String::new()];
    let (mut in_brackets, mut in_quotes) = (false, false);
    for character in path.chars() {
        match character {
            '"' if in_brackets => in_quotes = !in_quotes,
            '[' if !in_quotes => {
                in_brackets = true;
                steps.push(String::new());
            }
            ']' if !in_quotes => in_brackets = false,
            '.' if !in_brackets => steps.push(String::new()),
            other => {
                if let Some(step) = steps.last_mut() {
                    step.push(other);
                }
            }
        }
    }
    steps.retain(|step| !step.is_empty());
    steps
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_lead_through_lists_and_quoted_keys() {
        let object = json!({"status": {"ingress": [{"ip": "1.2.3.4"}], "ready": 2}, "metadata": {"labels": {"a.b/c": "x"}}});
        let object = object.as_object().unwrap();
        for (path, expected) in [
            ("status.ingress[0].ip", Some("1.2.3.4")),
            ("status.ready", Some("2")),
            (r#"metadata.labels["a.b/c"]"#, Some("x")),
            ("status.ingress[1].ip", None),
        ] {
            assert_eq!(text_at(object, path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn waits_say_what_is_missing() {
        let fields = Value::object([(
            "fields",
            Value::map(terrane_model::Type::String, [("status.phase", "Run.*".into())]),
        )]);
        let wanted = Wanted::read(&Value::object([("wait", Value::tuple(vec![fields]))])).unwrap();
        let stage = |status: Json| wanted.stage("X", json!({ "status": status }).as_object().unwrap());
        assert_eq!(stage(json!({"phase": "Running"})), Stage::Done);
        let missing = "status.phase is \"Pending\" and has to match \"Run.*\"";
        assert_eq!(stage(json!({"phase": "Pending"})), Stage::NotYet(missing.to_owned()));
    }
}
