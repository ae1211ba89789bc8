//! One request to Azure Resource Manager, and its answer.

use std::time::Duration;

use serde_json::Value as Json;

/// What is done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Method {
    Get,
    Head,
    Put,
    Patch,
    Post,
    Delete,
}

impl Method {
    /// Returns the method's name on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }

    pub(crate) fn to_http(self) -> reqwest::Method {
        match self {
            Self::Get => reqwest::Method::GET,
            Self::Head => reqwest::Method::HEAD,
            Self::Put => reqwest::Method::PUT,
            Self::Patch => reqwest::Method::PATCH,
            Self::Post => reqwest::Method::POST,
            Self::Delete => reqwest::Method::DELETE,
        }
    }
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct ArmRequest {
    /// What is done.
    pub(crate) method: Method,
    /// Path below the base URL, starting with a slash, or an absolute URL as the service gave it.
    pub(crate) target: String,
    /// Sent as `api-version`; nothing where the target carries one already.
    pub(crate) api_version: Option<String>,
    /// More query parameters, not yet encoded.
    pub(crate) query: Vec<(String, String)>,
    /// What is sent.
    pub(crate) body: Option<Json>,
    /// Sent as `If-Match`.
    pub(crate) if_match: Option<String>,
    /// More headers, as somebody has asked for them.
    pub(crate) headers: Vec<(String, String)>,
    /// The audience of the token; nothing for Azure Resource Manager's.
    pub(crate) scope: Option<String>,
}

impl ArmRequest {
    /// Makes a request without a body.
    pub(crate) fn new(method: Method, target: impl Into<String>, api_version: &str) -> Self {
        Self {
            method,
            target: target.into(),
            api_version: Some(api_version.to_owned()),
            query: Vec::new(),
            body: None,
            if_match: None,
            headers: Vec::new(),
            scope: None,
        }
    }

    /// Makes a request to a URL that came from the service, such as an operation's: it is not touched.
    pub(crate) fn to_given_url(method: Method, url: impl Into<String>) -> Self {
        Self { api_version: None, ..Self::new(method, url, "") }
    }

    /// Reads an object.
    pub(crate) fn get(path: impl Into<String>, api_version: &str) -> Self {
        Self::new(Method::Get, path, api_version)
    }

    /// Creates or replaces an object.
    pub(crate) fn put(path: impl Into<String>, api_version: &str, body: Json) -> Self {
        Self::new(Method::Put, path, api_version).with_body(body)
    }

    /// Changes parts of an object.
    pub(crate) fn patch(path: impl Into<String>, api_version: &str, body: Json) -> Self {
        Self::new(Method::Patch, path, api_version).with_body(body)
    }

    /// Calls an action of an object.
    pub(crate) fn post(path: impl Into<String>, api_version: &str) -> Self {
        Self::new(Method::Post, path, api_version)
    }

    /// Deletes an object.
    pub(crate) fn delete(path: impl Into<String>, api_version: &str) -> Self {
        Self::new(Method::Delete, path, api_version)
    }

    /// Sets what is sent.
    #[must_use]
    pub(crate) fn with_body(mut self, body: Json) -> Self {
        self.body = Some(body);
        self
    }

    /// Adds a query parameter.
    #[must_use]
    pub(crate) fn with_query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a header.
    #[must_use]
    pub(crate) fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Sets the audience of the token.
    #[must_use]
    pub(crate) fn with_scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Returns the path of the target without host and query.
    pub(crate) fn path(&self) -> &str {
        path_of(&self.target)
    }
}

/// Returns the path of a URL or of a path with a query.
pub(crate) fn path_of(target: &str) -> &str {
    let without_query = target.split(['?', '#']).next().unwrap_or_default();
    match without_query.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => without_query,
    }
}

/// An answer whose status says success.
#[derive(Debug, Clone)]
pub(crate) struct ArmResponse {
    /// The status, from 200 to 299.
    pub(crate) status: u16,
    /// The body; null when it was empty.
    pub(crate) body: Json,
    /// The headers that the protocol of long-running operations uses.
    pub(crate) headers: ResponseHeaders,
}

/// The headers of an answer that matter to us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ResponseHeaders {
    /// `Azure-AsyncOperation`: where the operation's status is.
    pub(crate) async_operation: Option<String>,
    /// `Location`.
    pub(crate) location: Option<String>,
    /// `Retry-After` in seconds.
    pub(crate) retry_after: Option<Duration>,
    /// `x-ms-request-id`.
    pub(crate) request_id: Option<String>,
    /// `x-ms-correlation-request-id`.
    pub(crate) correlation_id: Option<String>,
    /// How many requests of the same class the subscription has left now, as the service counts.
    pub(crate) remaining: Option<u32>,
    /// Tells who refused: `gateway` is Azure Resource Manager itself.
    pub(crate) failure_cause: Option<String>,
}

impl ResponseHeaders {
    /// Takes what matters out of an answer's headers.
    pub(crate) fn from_http(headers: &reqwest::header::HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let remaining = [
            "x-ms-ratelimit-remaining-subscription-writes",
            "x-ms-ratelimit-remaining-subscription-deletes",
            "x-ms-ratelimit-remaining-subscription-reads",
        ];
        Self {
            async_operation: text("azure-asyncoperation"),
            location: text("location"),
            retry_after: text("retry-after").and_then(|text| seconds(&text)),
            request_id: text("x-ms-request-id"),
            correlation_id: text("x-ms-correlation-request-id"),
            remaining: remaining.iter().find_map(|name| text(name)?.parse().ok()),
            failure_cause: text("x-ms-failure-cause"),
        }
    }
}

/// Reads a `Retry-After` of seconds; dates are not used by Azure.
fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.trim().parse().ok()?;
    // An hour is longer than any operation's own pace; a broken header must not stop the world.
    (0.0..=3600.0).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_target_has_neither_host_nor_query() {
        assert_eq!(path_of("https://host:1/subscriptions/s?api-version=x"), "/subscriptions/s");
        assert_eq!(path_of("/subscriptions/s?x"), "/subscriptions/s");
        assert_eq!(path_of("https://host"), "/");
    }

    #[test]
    fn waiting_times_are_read_in_seconds_and_kept_in_bounds() {
        assert_eq!(seconds("15"), Some(Duration::from_secs(15)));
        assert_eq!(seconds("-1"), None);
        assert_eq!(seconds("Wed, 21 Oct 2026 07:28:00 GMT"), None);
    }
}
