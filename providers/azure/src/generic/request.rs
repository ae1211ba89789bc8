//! Requests as a configuration describes them: headers, query parameters, and what is worth another try.

use std::time::Duration;

use regex::Regex;
use serde_json::Value as Json;
use terrane_model::Value;

use crate::attributes::{at, text_at};
use crate::client::arm_client::Finished;
use crate::client::{ArmError, ArmRequest, Call, Method};
use crate::connection::Connection;
use crate::generic::body::Habits;

const RETRY_SECONDS: i64 = 10;
const RETRY_SECONDS_MAX: i64 = 180;

/// Adds the headers and query parameters that two arguments hold.
pub(crate) fn with_extras(
    mut request: ArmRequest,
    config: &Value,
    headers: &str,
    queries: &str,
) -> ArmRequest {
    for (name, value) in config.attribute(headers).as_entries().unwrap_or_default() {
        if let Some(value) = value.as_str() {
            request = request.with_header(name, value.as_str());
        }
    }
    for (name, values) in config.attribute(queries).as_entries().unwrap_or_default() {
        for value in values.as_sequence().into_iter().flatten() {
            if let Some(value) = value.as_str() {
                request = request.with_query(name, value.as_str());
            }
        }
    }
    request
}

/// Sends a request and follows its operation; failures that the `retry` block names are tried again until the
/// time of the call is over.
///
/// # Errors
/// When the request or the operation fails in another way, or for too long.
pub(crate) async fn run(
    connection: &Connection,
    request: &ArmRequest,
    config: &Value,
    call: &Call<'_>,
) -> Result<Finished, ArmError> {
    let patterns = retry_patterns(config);
    let seconds = |name: &str, default: i64| {
        let number = at(config, &format!("retry.{name}")).as_number().and_then(terrane_model::Number::to_i64);
        Duration::from_secs(number.unwrap_or(default).max(1).unsigned_abs())
    };
    let mut delay = seconds("interval_seconds", RETRY_SECONDS);
    let longest = seconds("max_interval_seconds", RETRY_SECONDS_MAX);
    loop {
        let error = match connection.client.run(request, call).await {
            Ok(finished) => return Ok(finished),
            Err(error) => error,
        };
        let text = error.to_string();
        if !patterns.iter().any(|pattern| pattern.is_match(&text)) {
            return Err(error);
        }
        if call.wait(delay, "another try").await.is_err() {
            return Err(error);
        }
        delay = (delay * 2).min(longest);
    }
}

/// Patterns that are none were refused before.
fn retry_patterns(config: &Value) -> Vec<Regex> {
    let patterns = at(config, "retry.error_message_regex");
    let texts = patterns.as_sequence().into_iter().flatten().filter_map(|pattern| pattern.as_str().cloned());
    texts.filter_map(|pattern| Regex::new(&pattern).ok()).collect()
}

/// Reads an object; nothing when it does not exist.
///
/// # Errors
/// When the exchange fails otherwise.
pub(crate) async fn read(
    connection: &Connection,
    id: &str,
    version: &str,
    config: &Value,
    call: &Call<'_>,
) -> Result<Option<Json>, ArmError> {
    let names = if config.attribute("read_headers").is_null()
        && config.attribute("read_query_parameters").is_null()
    {
        ("headers", "query_parameters")
    } else {
        ("read_headers", "read_query_parameters")
    };
    let request = with_extras(ArmRequest::new(Method::Get, id, version), config, names.0, names.1);
    match connection.client.send(&request, call).await {
        Ok(response) => Ok(Some(response.body)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads how bodies are to be compared.
pub(crate) fn habits(value: &Value) -> Habits {
    let flag = |name: &str, default: bool| value.attribute(name).as_bool().unwrap_or(default);
    let lists = value.attribute("ignore_other_items_in_list");
    let keys = value.attribute("list_unique_id_property");
    Habits {
        ignores_case: flag("ignore_casing", false),
        ignores_missing: flag("ignore_missing_property", true),
        shared_lists: lists
            .as_sequence()
            .into_iter()
            .flatten()
            .filter_map(|path| path.as_str().map(ToString::to_string))
            .collect(),
        list_keys: keys
            .as_entries()
            .into_iter()
            .flatten()
            .filter_map(|(path, key)| Some((path.to_string(), key.as_str()?.to_string())))
            .collect(),
    }
}

/// Returns the ids of what must not be written at the same time.
pub(crate) fn lock_keys(value: &Value, own: &str) -> Vec<String> {
    let locks = value.attribute("locks");
    let named =
        locks.as_sequence().into_iter().flatten().filter_map(|id| id.as_str().map(ToString::to_string));
    named.chain([own.to_owned()]).collect()
}

/// Reads a duration of the block of timeouts, in Go's form.
pub(crate) fn timeout(value: &Value, action: &str, default: Duration) -> Duration {
    let configured = text_at(value, &format!("timeouts.{action}"));
    configured.and_then(|text| crate::table::parse_duration(&text)).unwrap_or(default)
}
