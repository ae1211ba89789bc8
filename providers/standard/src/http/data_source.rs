//! `data.http`: one request and its answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::HeaderMap;
use terrane_model::{Diagnostic, Diagnostics, Nesting, Type, Value, with_causes};
use terrane_provider::async_trait;

use super::request::Request;
use super::retry::{Retry, is_passing, may_pass};
use crate::Environment;
use crate::object::{Attributes, Fields};
use crate::toolkit::{BlockType, Call, Check, DataSource, Property, Rule, Table, failure};

pub(super) struct Http {
    pub(super) environment: Arc<Environment>,
}

#[async_trait]
impl DataSource for Http {
    fn table(&self) -> Table {
        let delay =
            |name, description| Property::optional(name, Type::Number, description).check(Check::AtLeast(0));
        let retry = [
            delay("attempts", "How often the request is made again; 0 when not written."),
            delay("min_delay_ms", "The first wait, in milliseconds; 1000 when not written."),
            delay("max_delay_ms", "The longest wait, in milliseconds; 30000 when not written.")
                .check(Check::AtLeastSumOf(&["min_delay_ms"])),
        ];
        Table::new("http", "Makes a request with HTTP and returns the answer.", properties())
            .block(BlockType::new("retry", Nesting::Single, retry))
            .rule(Rule::AtMostOneOf(&["insecure", "ca_cert_pem"]))
            .rule(Rule::Requires("client_cert_pem", "client_key_pem"))
            .rule(Rule::Requires("client_key_pem", "client_cert_pem"))
    }

    async fn read(
        &self,
        config: &Value,
        mut call: Call<'_>,
        warnings: &mut Diagnostics,
    ) -> Result<Attributes, Diagnostics> {
        let request = Request::new(config, &self.environment)?;
        let retry = Retry::new(&config.attribute("retry"));
        let answered = async {
            let response = send(&request, &retry).await?;
            Answer::read(response).await
        };
        let answer = tokio::select! {
            answer = answered => answer?,
            _ = call.stop.wait_for(|stopped| *stopped) => {
                return Err(failure("Error making request", "The request was interrupted."));
            }
        };
        Ok(answer.attributes(config.text("url").unwrap_or(""), warnings))
    }
}

fn properties() -> [Property; 15] {
    let text = |name, description| Property::optional(name, Type::String, description);
    let computed = |name, description| Property::computed(name, Type::String, description);
    let headers = || Type::map(Type::String);
    [
        Property::required("url", Type::String, "Where to; `http` or `https`."),
        text("method", "`GET`, `POST` or `HEAD`; `GET` when not written.")
            .check(Check::OneOf(&["GET", "POST", "HEAD"])),
        Property::optional("request_headers", headers(), "Headers to send."),
        text("request_body", "The body to send."),
        Property::optional(
            "request_timeout_ms",
            Type::Number,
            "How long an answer may take, in milliseconds.",
        )
        .check(Check::AtLeast(1)),
        text(
            "ca_cert_pem",
            "Certificates of the authorities to trust, in PEM; the system's when not written.",
        ),
        text("client_cert_pem", "A certificate to show to the server, in PEM."),
        text("client_key_pem", "The key of that certificate, in PEM."),
        Property::optional("insecure", Type::Bool, "Whether to trust every server."),
        computed("response_body", "The answer's body."),
        computed("response_body_base64", "The answer's body in base64."),
        computed("body", "The answer's body.").deprecated("Use response_body instead"),
        Property::computed("response_headers", headers(), "The answer's headers."),
        Property::computed("status_code", Type::Number, "The answer's status."),
        computed("id", "The URL."),
    ]
}

/// Sends a request until it is answered for good, or too often.
async fn send(request: &Request, retry: &Retry) -> Result<reqwest::Response, Diagnostics> {
    let mut retries = 0;
    loop {
        let sent = request.send().await;
        let (passing, reason) = match &sent {
            Ok(response) => {
                (is_passing(response.status()), format!("the server answered {}", response.status()))
            }
            Err(error) => (may_pass(error), error_text(request, error)),
        };
        if !passing && let Ok(response) = sent {
            return Ok(response);
        }
        if !passing || retries >= retry.attempts {
            let attempts = retries + 1;
            let detail =
                format!("{} {} giving up after {attempts} attempt(s): {reason}", request.method, request.url);
            return Err(failure("Error making request", detail));
        }
        tokio::time::sleep(retry.wait(retries, sent.as_ref().ok())).await;
        retries += 1;
    }
}

fn error_text(request: &Request, error: &reqwest::Error) -> String {
    match request.timeout {
        Some(timeout) if error.is_timeout() => format!("request exceeded the specified timeout: {timeout:?}"),
        _ => with_causes(error),
    }
}

/// An answer that has been read to its end.
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Answer {
    async fn read(response: reqwest::Response) -> Result<Self, Diagnostics> {
        let (status, headers) = (response.status().as_u16(), joined(response.headers()));
        match response.bytes().await {
            Ok(body) => Ok(Self { status, headers, body: body.into() }),
            Err(error) => Err(failure("Error reading response body", with_causes(&error))),
        }
    }

    fn attributes(self, url: &str, warnings: &mut Diagnostics) -> Attributes {
        let base64 = BASE64_STANDARD.encode(&self.body);
        let body = String::from_utf8(self.body).unwrap_or_else(|error| {
            warnings.push(Diagnostic::warning(
                "Response body is not recognized as UTF-8",
                "Bytes that are no text are lost in response_body; response_body_base64 has them all.",
            ));
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        });
        let body = Value::from(body);
        let headers = self.headers.into_iter().map(|(name, value)| (name, Value::from(value)));
        vec![
            ("response_body", body.clone()),
            ("body", body),
            ("response_body_base64", base64.into()),
            ("response_headers", Value::map(Type::String, headers)),
            ("status_code", Value::from(i64::from(self.status))),
            ("id", url.into()),
        ]
    }
}

/// Puts the values of equal headers together, under names such as `Content-Type`.
fn joined(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        let entry = joined.entry(canonical_name(name.as_str()));
        entry.and_modify(|values| *values += &format!(", {value}")).or_insert_with(|| value.into_owned());
    }
    joined
}

fn canonical_name(name: &str) -> String {
    let mut after_dash = true;
    let canonical = name.chars().map(|character| {
        let upper = std::mem::replace(&mut after_dash, character == '-');
        if upper { character.to_ascii_uppercase() } else { character.to_ascii_lowercase() }
    });
    canonical.collect()
}
