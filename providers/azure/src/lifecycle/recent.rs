//! Answers of the refresh, for data sources that ask for the same again in the same run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value as Json;

use crate::client::{ArmRequest, Method};
use crate::lifecycle::refresh::Bodies;

/// What a piece of work does with answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    /// Asks, and remembers nothing.
    None,
    /// Asks, and remembers.
    Keep,
    /// Asks only for what nobody remembers.
    Use,
}

/// What the refresh of this run was told. It holds until something is written.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<Answers>);

#[derive(Debug, Default)]
struct Answers {
    lists: Vec<Arc<Bodies>>,
    /// By method, lower-case path and version.
    single: HashMap<(Method, String, String), Json>,
    /// Set from the first write on.
    is_over: bool,
}

impl Recent {
    /// Remembers what lists have said.
    pub(crate) fn keep_bodies(&self, bodies: &Arc<Bodies>) {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !answers.is_over {
            answers.lists.push(Arc::clone(bodies));
        }
    }

    /// Returns the ids of everything in a group, if the refresh has listed them.
    pub(crate) fn ids_in_group(&self, group: &str) -> Option<Vec<String>> {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.lists.iter().find_map(|bodies| bodies.ids_in_group(group))
    }

    /// Remembers an answer.
    pub(crate) fn keep(&self, request: &ArmRequest, body: &Json) {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = key(request).filter(|_| !answers.is_over) {
            answers.single.insert(key, body.clone());
        }
    }

    /// Returns the answer to a request, if it is remembered.
    pub(crate) fn get(&self, request: &ArmRequest) -> Option<Json> {
        let key = key(request)?;
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let listed = || {
            let mut lists = answers.lists.iter().filter(|_| request.method == Method::Get);
            lists.find_map(|bodies| bodies.of_version(&key.1, &key.2))
        };
        answers.single.get(&key).or_else(listed).cloned()
    }

    /// Forgets everything, for good: something is about to change.
    pub(crate) fn forget(&self) {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *answers = Answers { is_over: true, ..Answers::default() };
    }
}

/// Nothing for requests that are more than a path.
fn key(request: &ArmRequest) -> Option<(Method, String, String)> {
    let is_plain = request.query.is_empty() && request.body.is_none() && request.scope.is_none();
    let version = request.api_version.clone()?;
    is_plain.then(|| (request.method, request.path().to_ascii_lowercase(), version))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answers_are_remembered_until_something_changes() {
        let recent = Recent::default();
        let request = ArmRequest::get("/subscriptions/S/x", "1");
        recent.keep(&request, &json!({"a": 1}));
        assert_eq!(recent.get(&ArmRequest::get("/subscriptions/s/X", "1")), Some(json!({"a": 1})));
        assert_eq!(recent.get(&ArmRequest::get("/subscriptions/S/x", "2")), None);
        assert_eq!(recent.get(&ArmRequest::post("/subscriptions/S/x", "1")), None);
        assert_eq!(recent.get(&request.clone().with_query("$filter", "y")), None);
        recent.forget();
        assert_eq!(recent.get(&request), None);
        recent.keep(&request, &json!({}));
        assert_eq!(recent.get(&request), None);
    }
}
