//! Bodies against bodies: what was written, laid over what is there, and what is there seen as it was written.

use serde_json::{Map, Value as Json};

/// How bodies are compared and merged.
#[derive(Debug, Clone, Default)]
pub(crate) struct Habits {
    /// Texts that differ in case only are the same.
    pub(crate) ignores_case: bool,
    /// What the service does not answer is taken to be as it was written.
    pub(crate) ignores_missing: bool,
    /// Lists (paths with dots) in which other elements than ours may be.
    pub(crate) shared_lists: Vec<String>,
    /// By the path of a list, the property by which its elements are known.
    pub(crate) list_keys: Vec<(String, String)>,
}

/// Elements of lists are known by one of these, where nobody has said more.
const USUAL_KEYS: &[&str] = &["name", "id"];

impl Habits {
    /// Returns how what was written looks now: the same shape, with what the service says.
    pub(crate) fn follow(&self, written: &Json, present: &Json) -> Json {
        self.follow_at("", written, present)
    }

    fn follow_at(&self, path: &str, written: &Json, present: &Json) -> Json {
        match (written, present) {
            (Json::Object(written), Json::Object(present)) => {
                let mut seen = Map::new();
                for (name, value) in written {
                    let inner = join(path, name);
                    match present.get(name) {
                        Some(now) => drop(seen.insert(name.clone(), self.follow_at(&inner, value, now))),
                        None if self.ignores_missing || value.is_null() => {
                            drop(seen.insert(name.clone(), value.clone()));
                        }
                        None => {}
                    }
                }
                Json::Object(seen)
            }
            (Json::Array(written), Json::Array(present)) => self.follow_list(path, written, present),
            (Json::String(written), Json::String(present))
                if self.ignores_case && written.eq_ignore_ascii_case(present) =>
            {
                Json::String(written.clone())
            }
            // Whole numbers come back as floats from some services.
            (Json::Number(a), Json::Number(b)) if a.as_f64() == b.as_f64() => written.clone(),
            (_, present) => present.clone(),
        }
    }

    fn follow_list(&self, path: &str, written: &[Json], present: &[Json]) -> Json {
        let is_shared = self.shared_lists.iter().any(|list| list == path);
        let Some(key) = self.key_of(path, written) else {
            if written.len() == present.len() {
                return written.iter().zip(present).map(|(a, b)| self.follow_at(path, a, b)).collect();
            }
            if is_shared && written.iter().all(|element| present.contains(element)) {
                return written.to_vec().into();
            }
            return present.to_vec().into();
        };
        let named = |element: &Json| element.get(&key).and_then(Json::as_str).map(str::to_ascii_lowercase);
        let mut seen = Vec::new();
        for element in written {
            let wanted = named(element);
            if let Some(now) = present.iter().find(|other| named(other) == wanted) {
                seen.push(self.follow_at(path, element, now));
            }
        }
        if !is_shared {
            let is_new = |other: &&Json| !written.iter().any(|element| named(element) == named(other));
            seen.extend(present.iter().filter(is_new).cloned());
        }
        seen.into()
    }

    fn key_of(&self, path: &str, elements: &[Json]) -> Option<String> {
        let told = self.list_keys.iter().find(|(list, _)| list == path).map(|(_, key)| key.clone());
        told.or_else(|| {
            let has_all = |key: &&&str| {
                !elements.is_empty()
                    && elements.iter().all(|element| element.get(**key).is_some_and(Json::is_string))
            };
            USUAL_KEYS.iter().find(has_all).map(|key| (*key).to_owned())
        })
    }

    /// Lays a body over another: objects are merged, and lists whose elements have keys are, too.
    pub(crate) fn lay_over(&self, base: Json, over: &Json) -> Json {
        self.lay_over_at("", base, over)
    }

    fn lay_over_at(&self, path: &str, base: Json, over: &Json) -> Json {
        match (base, over) {
            (Json::Object(mut base), Json::Object(over)) => {
                for (name, value) in over {
                    let below = base.remove(name).unwrap_or_default();
                    base.insert(name.clone(), self.lay_over_at(&join(path, name), below, value));
                }
                Json::Object(base)
            }
            (Json::Array(base), Json::Array(over)) if self.shared_lists.iter().any(|list| list == path) => {
                let key = self.key_of(path, over);
                let named = |element: &Json| key.as_ref().and_then(|key| element.get(key)).cloned();
                let mut merged = base;
                for element in over {
                    let is_same = |other: &Json| named(element).is_some() && named(other) == named(element);
                    match merged.iter().position(is_same) {
                        Some(position) => {
                            let below = merged[position].take();
                            merged[position] = self.lay_over_at(path, below, element);
                        }
                        None if merged.contains(element) => {}
                        None => merged.push(element.clone()),
                    }
                }
                merged.into()
            }
            (_, over) => over.clone(),
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_written_is_seen_with_todays_values() {
        let habits = Habits { ignores_missing: true, ..Habits::default() };
        let written =
            json!({"properties": {"a": "x", "secret": "s", "rules": [{"name": "n", "port": 1}]}, "n": 1});
        let present = json!({
            "id": "/x", "n": 1.0,
            "properties": {"a": "y", "b": 1, "rules": [{"name": "n", "port": 2, "etag": "e"}]},
        });
        assert_eq!(
            habits.follow(&written, &present),
            json!({"properties": {"a": "y", "secret": "s", "rules": [{"name": "n", "port": 2}]}, "n": 1})
        );
        let strict = Habits::default();
        assert_eq!(strict.follow(&json!({"a": 1, "b": 2}), &json!({"a": 1})), json!({"a": 1}));
    }

    #[test]
    fn lists_may_be_shared_with_others() {
        let written = json!({"l": [{"name": "ours", "v": 1}]});
        let present = json!({"l": [{"name": "theirs"}, {"name": "ours", "v": 1}]});
        assert_ne!(Habits::default().follow(&written, &present), written);
        let habits = Habits { shared_lists: vec!["l".to_owned()], ..Habits::default() };
        assert_eq!(habits.follow(&written, &present), written);
        let merged = habits.lay_over(present, &json!({"l": [{"name": "ours", "v": 2}]}));
        assert_eq!(merged, json!({"l": [{"name": "theirs"}, {"name": "ours", "v": 2}]}));
    }

    #[test]
    fn case_may_mean_nothing() {
        let habits = Habits { ignores_case: true, ..Habits::default() };
        assert_eq!(habits.follow(&json!({"a": "West"}), &json!({"a": "WEST"})), json!({"a": "West"}));
    }
}
