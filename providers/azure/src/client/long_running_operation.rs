//! How to tell that an operation is under way, where to look, and what the answer says. Pure.
//!
//! Follows Microsoft's "Track asynchronous Azure operations" and what services really send: see the tests.

use serde_json::Value as Json;

use crate::client::error::Refusal;
use crate::client::request::{ArmResponse, Method, ResponseHeaders, path_of};

/// Where an accepted request's progress can be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tracking {
    /// It is done.
    Done,
    /// At this URL, as a document with a `status`.
    Operation(String),
    /// At this URL, which answers 202 until it is done.
    Location(String),
    /// In the resource itself, by its provisioning state.
    Resource,
    /// In the resource itself, which will be gone.
    Absence,
}

/// What a look at an operation shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OperationState {
    /// Under way; the word is the service's own, such as `Creating`.
    Running(String),
    /// Well done.
    Succeeded,
    /// Failed or cancelled, as the service's error.
    Failed(Box<Refusal>),
}

/// Tells how to follow a request that was answered with success.
pub(crate) fn tracking(method: Method, path: &str, response: &ArmResponse) -> Tracking {
    if matches!(method, Method::Get | Method::Head) || response.status == 204 {
        return Tracking::Done;
    }
    // Redis sends the resource's own URL as its Location: following it would say "done" at once.
    let elsewhere = |url: &&String| !path_of(url).eq_ignore_ascii_case(path);
    if let Some(url) = response.headers.async_operation.as_ref().filter(elsewhere) {
        return Tracking::Operation(url.clone());
    }
    if let Some(url) = response.headers.location.as_ref().filter(elsewhere) {
        return Tracking::Location(url.clone());
    }
    match method {
        Method::Delete if response.status == 202 => Tracking::Absence,
        Method::Delete => Tracking::Done,
        Method::Post if response.status != 202 => Tracking::Done,
        _ if response.status == 202 => Tracking::Resource,
        _ => match resource_state(method, path, &response.body) {
            OperationState::Succeeded => Tracking::Done,
            _ => Tracking::Resource,
        },
    }
}

/// Reads the state of a resource off its body; a body without a state is done.
pub(crate) fn resource_state(method: Method, path: &str, body: &Json) -> OperationState {
    let state = body.pointer("/properties/provisioningState").and_then(Json::as_str);
    word_state(state, method, path, body)
}

/// Reads the answer of an operation's own URL.
pub(crate) fn operation_state(method: Method, path: &str, response: &ArmResponse) -> OperationState {
    if response.status == 202 && response.body.get("status").is_none() {
        return OperationState::Running("Accepted".to_owned());
    }
    let body = &response.body;
    let word = body.get("status").and_then(Json::as_str);
    let word = word.or_else(|| body.pointer("/properties/provisioningState").and_then(Json::as_str));
    word_state(word, method, path, body)
}

/// Reads the answer of a `Location` URL.
pub(crate) fn location_state(method: Method, path: &str, response: &ArmResponse) -> OperationState {
    if response.status == 202 {
        let word = response.body.get("status").and_then(Json::as_str).unwrap_or("Accepted");
        return OperationState::Running(word.to_owned());
    }
    operation_state(method, path, response)
}

fn word_state(word: Option<&str>, method: Method, path: &str, body: &Json) -> OperationState {
    let Some(word) = word else { return OperationState::Succeeded };
    match word.to_ascii_lowercase().as_str() {
        "succeeded" => OperationState::Succeeded,
        "failed" | "canceled" | "cancelled" => {
            let error =
                body.get("error").or_else(|| body.pointer("/properties/error")).unwrap_or(&Json::Null);
            let mut refusal = Refusal::from_answer(method, path, 0, error, ResponseHeaders::default());
            if refusal.code == "Error" {
                word.clone_into(&mut refusal.code);
            }
            OperationState::Failed(Box::new(refusal))
        }
        _ => OperationState::Running(word.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Cache/redis/r";

    fn response(status: u16, body: Json, operation: Option<&str>, location: Option<&str>) -> ArmResponse {
        let headers = ResponseHeaders {
            async_operation: operation.map(str::to_owned),
            location: location.map(str::to_owned),
            ..ResponseHeaders::default()
        };
        ArmResponse { status, body, headers }
    }

    fn with_state(state: &str) -> Json {
        serde_json::json!({"properties": {"provisioningState": state}})
    }

    #[test]
    fn the_operation_header_comes_before_the_location_and_the_resource() {
        let both = response(201, with_state("Updating"), Some("https://h/op"), Some("https://h/loc"));
        assert_eq!(tracking(Method::Put, PATH, &both), Tracking::Operation("https://h/op".to_owned()));
        let accepted = response(202, Json::Null, None, Some("https://h/loc"));
        assert_eq!(tracking(Method::Put, PATH, &accepted), Tracking::Location("https://h/loc".to_owned()));
    }

    #[test]
    fn a_location_that_is_the_resource_itself_is_no_operation() {
        let own = format!("https://h{}?api-version=1", PATH.to_ascii_uppercase());
        let creating = response(201, with_state("Creating"), None, Some(&own));
        assert_eq!(tracking(Method::Put, PATH, &creating), Tracking::Resource);
        let done = response(201, with_state("Succeeded"), None, Some(&own));
        assert_eq!(tracking(Method::Put, PATH, &done), Tracking::Done);
    }

    #[test]
    fn synchronous_answers_are_done_at_once() {
        assert_eq!(tracking(Method::Put, PATH, &response(200, Json::Null, None, None)), Tracking::Done);
        assert_eq!(tracking(Method::Delete, PATH, &response(200, Json::Null, None, None)), Tracking::Done);
        assert_eq!(tracking(Method::Delete, PATH, &response(204, Json::Null, None, None)), Tracking::Done);
        assert_eq!(tracking(Method::Delete, PATH, &response(202, Json::Null, None, None)), Tracking::Absence);
        let keys = response(200, serde_json::json!({"keys": []}), None, None);
        assert_eq!(tracking(Method::Post, PATH, &keys), Tracking::Done);
    }

    #[test]
    fn words_that_end_an_operation_are_known_in_every_case() {
        for (word, done) in [("SUCCEEDED", true), ("InProgress", false), ("Dropping", false)] {
            let state = operation_state(
                Method::Put,
                PATH,
                &response(200, serde_json::json!({"status": word}), None, None),
            );
            assert_eq!(state == OperationState::Succeeded, done, "{word}");
        }
        let body = serde_json::json!({"status": "Failed", "error": {"code": "Boom", "message": "m"}});
        let OperationState::Failed(refusal) =
            operation_state(Method::Put, PATH, &response(200, body, None, None))
        else {
            panic!("failed");
        };
        assert_eq!((refusal.code.as_str(), refusal.message.as_str()), ("Boom", "m"));
        let cancelled = operation_state(
            Method::Put,
            PATH,
            &response(200, serde_json::json!({"status": "Canceled"}), None, None),
        );
        assert!(matches!(cancelled, OperationState::Failed(refusal) if refusal.code == "Canceled"));
    }

    #[test]
    fn a_location_is_done_when_it_stops_answering_202() {
        let running = location_state(Method::Put, PATH, &response(202, Json::Null, None, None));
        assert_eq!(running, OperationState::Running("Accepted".to_owned()));
        assert_eq!(
            location_state(Method::Put, PATH, &response(200, with_state("Succeeded"), None, None)),
            OperationState::Succeeded
        );
        assert_eq!(
            location_state(Method::Put, PATH, &response(204, Json::Null, None, None)),
            OperationState::Succeeded
        );
    }
}
