//! The request log: one JSON line per request, without secrets.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::clock::Timestamp;
use crate::http::Request;

const REDACTED: &str = "REDACTED";

/// An open log file.
#[derive(Debug)]
pub(crate) struct RequestLog {
    file: Mutex<File>,
}

impl RequestLog {
    /// Opens a log for appending.
    pub(crate) fn open(path: &Path) -> io::Result<RequestLog> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(RequestLog { file: Mutex::new(options.open(path)?) })
    }

    /// Writes the line of one request. `status` is `None` if the connection was dropped. A full disk loses lines, no
    /// requests.
    pub(crate) fn write(
        &self,
        request: &Request,
        started: Timestamp,
        status: Option<u16>,
        duration: Duration,
    ) {
        let mut line = line_of(request, started, status, duration);
        line.push('\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = file.write_all(line.as_bytes());
    }
}

fn line_of(request: &Request, started: Timestamp, status: Option<u16>, duration: Duration) -> String {
    let query: Vec<String> =
        request.query_pairs().iter().map(|(name, value)| format!("{name}={}", short(value))).collect();
    let url = match query.is_empty() {
        true => request.raw_path.clone(),
        false => format!("{}?{}", request.raw_path, query.join("&")),
    };
    let mut line = json!({
        "time": started.rfc3339(),
        "method": request.method.as_str(),
        "url": url,
        "status": status,
        "duration_ms": duration.as_secs_f64() * 1000.0,
    });
    if let Some(agent) = request.header("user-agent") {
        line["user_agent"] = json!(agent);
    }
    if !request.body.is_empty() {
        line["body"] = body_of(request);
    }
    line.to_string()
}

/// Operation URLs carry kilobytes of signature.
fn short(value: &str) -> String {
    match value.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

fn body_of(request: &Request) -> Value {
    if request.header("content-type").is_some_and(|kind| kind.contains("x-www-form-urlencoded")) {
        let fields = request.form().into_iter().map(|(name, value)| {
            let value = if is_secret(&name) { REDACTED.to_owned() } else { value };
            (name, Value::String(value))
        });
        return Value::Object(fields.collect());
    }
    match serde_json::from_slice(&request.body) {
        Ok(mut body) => {
            redact(&mut body, request.raw_path.to_ascii_lowercase().contains("/secrets/"));
            body
        }
        Err(_) => json!(format!("{} bytes that are not JSON", request.body.len())),
    }
}

fn redact(value: &mut Value, values_are_secret: bool) {
    match value {
        Value::Object(object) => redact_object(object, values_are_secret),
        Value::Array(elements) => elements.iter_mut().for_each(|element| redact(element, values_are_secret)),
        _ => {}
    }
}

fn redact_object(object: &mut Map<String, Value>, values_are_secret: bool) {
    for (name, value) in object {
        let is_text = value.is_string();
        if is_text && (is_secret(name) || (values_are_secret && name == "value")) {
            *value = json!(REDACTED);
        } else {
            redact(value, values_are_secret);
        }
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["password", "secret", "assertion", "token", "connection-string", "connectionstring"]
        .iter()
        .any(|word| name.contains(word))
        && !name.ends_with("secretid")
        && !name.ends_with("secreturi")
        && name != "secrets"
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hyper::{HeaderMap, Method};

    use super::*;

    #[test]
    fn lines_hold_no_secrets() {
        let log = |content_type: &str, path: &str, body: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("content-type", content_type.parse().expect("a header"));
            let uri = path.parse().expect("a path");
            let request = Request::new(Method::PUT, &uri, headers, Bytes::from(body.to_owned()));
            line_of(&request, Timestamp(0), Some(200), Duration::from_millis(2))
        };
        let form =
            log("application/x-www-form-urlencoded", "/t/oauth2/token", "client_id=a&client_secret=hunter2");
        assert!(form.contains("\"client_id\":\"a\"") && !form.contains("hunter2"), "{form}");
        let json = log(
            "application/json",
            "/x?api-version=1",
            r#"{"properties": {"administratorLoginPassword": "hunter2", "list": [{"rdb-storage-connection-string": "hunter2"}], "keyVaultSecretId": "shown"}}"#,
        );
        assert!(json.contains("shown") && !json.contains("hunter2"), "{json}");
        let secret = log("application/json", "/v/secrets/s", r#"{"value": "hunter2"}"#);
        assert!(!secret.contains("hunter2"), "{secret}");
    }
}
