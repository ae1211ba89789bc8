//! Requests and answers as plain values, so that everything behind the server is a synchronous function.

use bytes::Bytes;
use hyper::{HeaderMap, Method, Uri};
use serde_json::{Map, Value};

use crate::error::ArmError;
use crate::lenient_json;
use crate::resource_id::{RequestPath, percent_decode};

/// A received request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: RequestPath,
    /// The path as it was sent, undecoded.
    pub(crate) raw_path: String,
    /// The host name in the request, without the port, in lower case.
    pub(crate) host: String,
    query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    /// Makes a request from the parts that the server received.
    pub(crate) fn new(method: Method, uri: &Uri, headers: HeaderMap, body: Bytes) -> Request {
        let authority = uri.authority().map(hyper::http::uri::Authority::as_str);
        let host =
            authority.or_else(|| headers.get("host").and_then(|host| host.to_str().ok())).unwrap_or("");
        Request {
            method,
            path: RequestPath::parse(uri.path()),
            raw_path: uri.path().to_owned(),
            host: host.rsplit_once(':').map_or(host, |(host, _)| host).to_ascii_lowercase(),
            query: parse_pairs(uri.query().unwrap_or("")),
            headers,
            body,
        }
    }

    /// Returns a query parameter; names are compared without casing.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Returns all query parameters.
    pub(crate) fn query_pairs(&self) -> &[(String, String)] {
        &self.query
    }

    /// Returns a header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns the fields of a form body.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        parse_pairs(&String::from_utf8_lossy(&self.body))
    }

    /// Returns the body as a JSON object.
    ///
    /// # Errors
    ///
    /// `InvalidRequestContent` if there is none, it is not JSON, or not an object.
    pub(crate) fn json_object(&self) -> Result<Map<String, Value>, ArmError> {
        let invalid = |reason: String| {
            ArmError::gateway(
                400,
                "InvalidRequestContent",
                format!("The request content was invalid and could not be deserialized: '{reason}'."),
            )
        };
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Err(ArmError::gateway(
                400,
                "MissingRequestBody",
                "The request body is missing or empty: a JSON object is required.",
            ));
        }
        // Some clients send a byte order mark.
        let body = self.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.body);
        let read = serde_json::from_slice(body).or_else(|error| match std::str::from_utf8(body) {
            // Templates may be written more freely than other bodies.
            Ok(text) if self.raw_path.to_ascii_lowercase().contains("/microsoft.resources/deployments/") => {
                serde_json::from_str(&lenient_json::to_strict(text)).map_err(|_| error)
            }
            _ => Err(error),
        });
        match read {
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) => Err(invalid("A JSON object is required. Path '', line 1, position 1.".into())),
            Err(error) => Err(invalid(error.to_string())),
        }
    }

    /// Returns the body as a JSON object, or an empty one if there is no body.
    pub(crate) fn optional_json_object(&self) -> Result<Map<String, Value>, ArmError> {
        if self.body.is_empty() { Ok(Map::new()) } else { self.json_object() }
    }
}

fn parse_pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decode = |text: &str| percent_decode(&text.replace('+', " "));
            (decode(name), decode(value))
        })
        .collect()
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// JSON unless a `content-type` header says otherwise.
    pub(crate) body: String,
    /// Sent instead of `body` where an answer is no text.
    pub(crate) content: Option<Bytes>,
    /// Headers whose names clients have chosen.
    pub(crate) metadata: Vec<(String, String)>,
}

impl Response {
    /// Makes an answer without a body.
    pub(crate) fn empty(status: u16) -> Response {
        Response { status, ..Response::default() }
    }

    /// Makes an answer whose body is JSON.
    pub(crate) fn json(status: u16, body: &Value) -> Response {
        Response { status, body: body.to_string(), ..Response::default() }
    }

    /// Makes an answer whose body is JSON text already.
    pub(crate) fn json_text(status: u16, body: String) -> Response {
        Response { status, body, ..Response::default() }
    }

    /// Adds a header.
    #[must_use]
    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Response {
        self.headers.push((name, value.into()));
        self
    }
}

impl From<ArmError> for Response {
    fn from(error: ArmError) -> Response {
        let mut response = Response::json(error.status, &serde_json::json!({"error": error.to_json()}));
        if error.from_gateway {
            response = response.with_header("x-ms-failure-cause", "gateway");
        }
        if let Some(seconds) = error.retry_after_seconds {
            response = response.with_header("retry-after", seconds.to_string());
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str, body: &'static str) -> Request {
        let uri = uri.parse().expect("a URI");
        Request::new(Method::PUT, &uri, HeaderMap::new(), Bytes::from_static(body.as_bytes()))
    }

    #[test]
    fn queries_are_decoded_and_found_in_any_casing() {
        let request = request("https://localhost:1/a?API-Version=1&%24filter=name%20eq+%27x%27", "");
        assert_eq!(request.query("api-version"), Some("1"));
        assert_eq!(request.query("$filter"), Some("name eq 'x'"));
        assert_eq!(request.host, "localhost");
    }

    #[test]
    fn bodies_must_be_objects() {
        assert_eq!(request("/a", "").json_object().expect_err("empty").code, "MissingRequestBody");
        for bad in ["[]", "{", "\"x\""] {
            assert_eq!(request("/a", bad).json_object().expect_err(bad).code, "InvalidRequestContent");
        }
        assert!(request("/a", "\u{feff}{\"a\": 1}").json_object().is_ok());
    }
}
