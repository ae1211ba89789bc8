//! The one way of every request to Azure: token, throttle, send, retry, follow the operation.

use std::error::Error as _;
use std::time::Duration;

use reqwest::header;
use serde_json::Value as Json;
use terrane_azure_identity::{Cloud, TokenSource};
use tokio::time::Instant;

use crate::client::error::{ArmError, Refusal};
use crate::client::long_running_operation::{
    OperationState, Tracking, location_state, operation_state, resource_state, tracking,
};
use crate::client::registration::Registrations;
use crate::client::request::{ArmRequest, ArmResponse, Method, ResponseHeaders};
use crate::client::retry::{Failures, Pace, ThrottledBy, judge};
use crate::client::throttle::{Scope, Throttle};
use crate::client::{Call, KeyedLocks};

/// Right after an operation was accepted, its URL may not be known everywhere yet.
const OPERATION_UNKNOWN_MAX: Duration = Duration::from_secs(60);
/// Longer lists than this are a loop in the service.
const PAGES_MAX: usize = 10_000;

/// Talks to one cloud as one identity. Shared by all calls.
#[derive(Debug)]
pub(crate) struct ArmClient {
    http: reqwest::Client,
    cloud: Cloud,
    tokens: TokenSource,
    settings: ClientSettings,
    throttle: Throttle,
    registrations: Registrations,
    /// Serializes writes that Azure would refuse side by side; keys are resource ids.
    pub(crate) locks: KeyedLocks,
}

/// How a client presents itself and how patient it is.
#[derive(Debug, Clone)]
pub(crate) struct ClientSettings {
    /// Sent as `User-Agent`.
    pub(crate) user_agent: String,
    /// Sent as `X-Ms-Correlation-Request-Id`; Azure logs it with everything that a request causes.
    pub(crate) correlation_id: Option<String>,
    /// Whether a missing resource provider is registered on the way.
    pub(crate) registers_providers: bool,
    /// How patient the client is.
    pub(crate) pace: Pace,
}

/// What became of a request whose operation was followed to its end.
#[derive(Debug, Clone)]
pub(crate) struct Finished {
    /// The resource as it is now, or what an action answered; null where there is nothing.
    pub(crate) body: Json,
    /// Whether the service said that the resource is new.
    pub(crate) created: bool,
}

impl ArmClient {
    /// Makes a client.
    pub(crate) fn new(
        http: reqwest::Client,
        cloud: Cloud,
        tokens: TokenSource,
        settings: ClientSettings,
    ) -> Self {
        Self {
            http,
            cloud,
            tokens,
            settings,
            throttle: Throttle::default(),
            registrations: Registrations::default(),
            locks: KeyedLocks::default(),
        }
    }

    /// Returns the cloud.
    pub(crate) fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    pub(crate) fn pace(&self) -> &Pace {
        &self.settings.pace
    }

    /// Returns the claims of the token for Azure Resource Manager: who we are.
    ///
    /// # Errors
    /// When there is no token.
    pub(crate) async fn claims(&self) -> Result<Json, ArmError> {
        Ok(self.tokens.claims(&self.cloud.management_scope()).await?)
    }

    /// Reads an object; nothing when it, its parent or its group does not exist.
    ///
    /// # Errors
    /// When the exchange fails otherwise.
    pub(crate) async fn get(
        &self,
        path: &str,
        api_version: &str,
        call: &Call<'_>,
    ) -> Result<Option<Json>, ArmError> {
        match self.send(&ArmRequest::get(path, api_version), call).await {
            Ok(response) => Ok(Some(response.body)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads all pages of a list; nothing when what contains it does not exist.
    ///
    /// # Errors
    /// When the exchange fails otherwise, or the answer is no list.
    pub(crate) async fn list(
        &self,
        request: ArmRequest,
        call: &Call<'_>,
    ) -> Result<Option<Vec<Json>>, ArmError> {
        let mut items = Vec::new();
        let path = request.path().to_owned();
        let mut request = request;
        for _ in 0..PAGES_MAX {
            let mut page = match self.send(&request, call).await {
                Ok(response) => response.body,
                Err(error) if error.is_not_found() => return Ok(None),
                Err(error) => return Err(error),
            };
            // Servers that stand in for Azure may leave out the object around the list.
            let values =
                if page.is_array() { Some(page.take()) } else { page.get_mut("value").map(Json::take) };
            let Some(Json::Array(values)) = values else {
                let reason = "it has no list named value".to_owned();
                return Err(ArmError::Unexpected { method: Method::Get, path, reason });
            };
            items.extend(values);
            match page.get("nextLink").and_then(Json::as_str) {
                Some(next) if !next.is_empty() => {
                    request =
                        ArmRequest { scope: request.scope, ..ArmRequest::to_given_url(Method::Get, next) };
                }
                _ => return Ok(Some(items)),
            }
        }
        let reason = format!("the list has more than {PAGES_MAX} pages");
        Err(ArmError::Unexpected { method: Method::Get, path, reason })
    }

    /// Sends a request and follows its operation to the end, from the start again where another operation
    /// was in the way.
    ///
    /// # Errors
    /// When the service refuses, the operation fails, or time is over.
    pub(crate) async fn run(&self, request: &ArmRequest, call: &Call<'_>) -> Result<Finished, ArmError> {
        let mut failures = Failures::default();
        loop {
            let response = self.send(request, call).await?;
            let created = response.status == 201;
            match self.follow(request, response, call).await {
                Ok(body) => return Ok(Finished { body, created }),
                Err(error) => {
                    let retry = judge(&error, &mut failures, &self.settings.pace, jitter());
                    // Connections were retried below already; only failed operations start over.
                    let failed = matches!(error, ArmError::OperationFailed(_));
                    let Some(retry) = retry.filter(|_| failed) else { return Err(error) };
                    tracing::info!(path = request.path(), %error, "operation failed, starting it again");
                    call.report("waiting for another operation");
                    call.wait(retry.delay, "another operation on the same resource").await?;
                }
            }
        }
    }

    async fn follow(
        &self,
        request: &ArmRequest,
        response: ArmResponse,
        call: &Call<'_>,
    ) -> Result<Json, ArmError> {
        let path = request.path();
        match tracking(request.method, path, &response) {
            Tracking::Done => Ok(response.body),
            Tracking::Operation(url) => {
                self.poll(request, &url, &response, operation_state, call).await?;
                self.final_body(request, call).await
            }
            Tracking::Location(url) => {
                let answer = self.poll(request, &url, &response, location_state, call).await?;
                match request.method {
                    Method::Post => Ok(answer),
                    _ => self.final_body(request, call).await,
                }
            }
            Tracking::Resource => self.poll_resource(request, &response, call).await,
            Tracking::Absence => self.poll_absence(request, &response, call).await,
        }
    }

    /// Looks at an operation's URL until it ends; returns the last answer's body.
    async fn poll(
        &self,
        request: &ArmRequest,
        url: &str,
        accepted: &ArmResponse,
        read_state: fn(Method, &str, &ArmResponse) -> OperationState,
        call: &Call<'_>,
    ) -> Result<Json, ArmError> {
        let (path, begun) = (request.path(), Instant::now());
        let poll = ArmRequest { scope: request.scope.clone(), ..ArmRequest::to_given_url(Method::Get, url) };
        let mut asked = accepted.headers.retry_after;
        loop {
            let delay = self.settings.pace.until_next_poll(begun.elapsed(), asked);
            call.wait(delay, "the operation in Azure").await?;
            let response = match self.send(&poll, call).await {
                Ok(response) => response,
                Err(error) if error.is_not_found() && request.method == Method::Delete => {
                    return Ok(Json::Null);
                }
                Err(error) if error.is_not_found() && begun.elapsed() < OPERATION_UNKNOWN_MAX => continue,
                Err(error) => return Err(error),
            };
            asked = response.headers.retry_after;
            match read_state(request.method, path, &response) {
                OperationState::Succeeded => return Ok(response.body),
                OperationState::Running(word) => call.report(word),
                OperationState::Failed(refusal) => return Err(ArmError::OperationFailed(refusal)),
            }
        }
    }

    /// Reads what a finished operation left behind.
    async fn final_body(&self, request: &ArmRequest, call: &Call<'_>) -> Result<Json, ArmError> {
        match request.method {
            Method::Put | Method::Patch => {
                let version = request.api_version.clone().unwrap_or_default();
                let get = ArmRequest {
                    scope: request.scope.clone(),
                    ..ArmRequest::get(request.target.clone(), &version)
                };
                Ok(self.send(&get, call).await?.body)
            }
            _ => Ok(Json::Null),
        }
    }

    async fn poll_resource(
        &self,
        request: &ArmRequest,
        accepted: &ArmResponse,
        call: &Call<'_>,
    ) -> Result<Json, ArmError> {
        let begun = Instant::now();
        let mut asked = accepted.headers.retry_after;
        let version = request.api_version.clone().unwrap_or_default();
        let get =
            ArmRequest { scope: request.scope.clone(), ..ArmRequest::get(request.target.clone(), &version) };
        loop {
            let delay = self.settings.pace.until_next_poll(begun.elapsed(), asked);
            call.wait(delay, "the resource's provisioning").await?;
            let response = match self.send(&get, call).await {
                Ok(response) => response,
                Err(error) if error.is_not_found() && begun.elapsed() < OPERATION_UNKNOWN_MAX => continue,
                Err(error) => return Err(error),
            };
            asked = response.headers.retry_after;
            match resource_state(request.method, request.path(), &response.body) {
                OperationState::Succeeded => return Ok(response.body),
                OperationState::Running(word) => call.report(word),
                OperationState::Failed(refusal) => return Err(ArmError::OperationFailed(refusal)),
            }
        }
    }

    async fn poll_absence(
        &self,
        request: &ArmRequest,
        accepted: &ArmResponse,
        call: &Call<'_>,
    ) -> Result<Json, ArmError> {
        let begun = Instant::now();
        let version = request.api_version.clone().unwrap_or_default();
        let mut asked = accepted.headers.retry_after;
        loop {
            let delay = self.settings.pace.until_next_poll(begun.elapsed(), asked);
            call.wait(delay, "the resource to be gone").await?;
            asked = None;
            match self.get(request.path(), &version, call).await? {
                None => return Ok(Json::Null),
                Some(_) => call.report("Deleting"),
            }
        }
    }

    /// Sends a request, again where that may help, and returns an answer that says success. Operations are
    /// not followed.
    ///
    /// # Errors
    /// When the service refuses or cannot be reached.
    pub(crate) async fn send(&self, request: &ArmRequest, call: &Call<'_>) -> Result<ArmResponse, ArmError> {
        let scope = Scope::of(request.method, request.path());
        let mut failures = Failures::default();
        loop {
            let wait = self.throttle.reserve(&scope, Instant::now());
            if !wait.is_zero() {
                call.wait(wait, "the subscription's request limit").await?;
            }
            let error = match self.send_once(request, &scope).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            if self.is_unregistered(&error)
                && Box::pin(self.registrations.register(self, request.path(), call)).await?
            {
                continue;
            }
            let Some(retry) = judge(&error, &mut failures, &self.settings.pace, jitter()) else {
                return Err(error);
            };
            tracing::info!(path = request.path(), %error, delay = ?retry.delay, "request failed, trying again");
            if let Some(by) = retry.throttled {
                let until = Instant::now() + retry.delay;
                self.throttle.block(&scope, by == ThrottledBy::Service, until);
            }
            call.report(waiting_phase(&error));
            // When time is over, the service's own words say more than that it is.
            if matches!(call.wait(retry.delay, "another try").await, Err(ArmError::TimedOut { .. })) {
                return Err(error);
            }
            call.check_stopped("waiting for another try")?;
        }
    }

    fn is_unregistered(&self, error: &ArmError) -> bool {
        self.settings.registers_providers && error.has_code("MissingSubscriptionRegistration")
    }

    async fn send_once(&self, request: &ArmRequest, scope: &Scope) -> Result<ArmResponse, ArmError> {
        let url = self.url_of(request)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let management = self.cloud.management_scope();
        let token = self.tokens.bearer(request.scope.as_deref().unwrap_or(&management)).await?;
        let mut builder = self
            .http
            .request(request.method.to_http(), url)
            .header(header::AUTHORIZATION, token)
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, &self.settings.user_agent);
        if let Some(id) = &self.settings.correlation_id {
            builder = builder.header("x-ms-correlation-request-id", id);
        }
        if let Some(etag) = &request.if_match {
            builder = builder.header(header::IF_MATCH, etag);
        }
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        if let Some(body) = &request.body {
            builder = builder.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
        } else if matches!(request.method, Method::Post) {
            builder = builder.header(header::CONTENT_LENGTH, "0");
        }
        let connection = |error: reqwest::Error| connection_error(&host, error);
        let response = builder.send().await.map_err(connection)?;
        let status = response.status().as_u16();
        let headers = ResponseHeaders::from_http(response.headers());
        let bytes = response.bytes().await.map_err(connection)?;
        if let Some(remaining) = headers.remaining {
            self.throttle.correct(scope, remaining, Instant::now());
        }
        tracing::debug!(
            method = request.method.as_str(),
            path = request.path(),
            status,
            request_id = headers.request_id.as_deref(),
            "answered"
        );
        read_answer(request, status, headers, &bytes)
    }

    /// Makes the URL of a request. URLs from the service are followed only to the host that we send tokens
    /// to anyway, or to a region's host below it.
    fn url_of(&self, request: &ArmRequest) -> Result<reqwest::Url, ArmError> {
        let invalid = |reason: String| ArmError::Unexpected {
            method: request.method,
            path: request.path().to_owned(),
            reason,
        };
        let base = reqwest::Url::parse(&self.cloud.resource_manager).map_err(|error| {
            ArmError::Settings(format!("The address of Azure Resource Manager is no URL: {error}"))
        })?;
        let mut url = if request.target.contains("://") {
            let given = reqwest::Url::parse(&request.target).map_err(|error| invalid(error.to_string()))?;
            if request.scope.is_some() || is_same_or_regional(&base, &given) {
                given
            } else {
                moved_to(&base, &given)
            }
        } else {
            base.join(&request.target).map_err(|error| invalid(error.to_string()))?
        };
        if request.api_version.is_some() || !request.query.is_empty() {
            let mut pairs = url.query_pairs_mut();
            if let Some(version) = &request.api_version {
                pairs.append_pair("api-version", version);
            }
            pairs.extend_pairs(&request.query);
        }
        Ok(url)
    }
}

fn is_same_or_regional(base: &reqwest::Url, url: &reqwest::Url) -> bool {
    let (Some(base_host), Some(host)) = (base.host_str(), url.host_str()) else { return false };
    let regional =
        host.strip_suffix(base_host).is_some_and(|prefix| prefix.is_empty() || prefix.ends_with('.'));
    regional && url.scheme() == base.scheme() && url.port_or_known_default() == base.port_or_known_default()
}

fn moved_to(base: &reqwest::Url, url: &reqwest::Url) -> reqwest::Url {
    let mut moved = base.clone();
    moved.set_path(url.path());
    moved.set_query(url.query());
    moved
}

fn read_answer(
    request: &ArmRequest,
    status: u16,
    headers: ResponseHeaders,
    bytes: &[u8],
) -> Result<ArmResponse, ArmError> {
    let body = if bytes.is_empty() { Ok(Json::Null) } else { serde_json::from_slice(bytes) };
    if (200..300).contains(&status) {
        // What a deletion is answered with is of no use, whatever it is.
        let body = if request.method == Method::Delete { Ok(body.unwrap_or_default()) } else { body };
        let body = body.map_err(|error| ArmError::Unexpected {
            method: request.method,
            path: request.path().to_owned(),
            reason: format!("the body is not JSON: {error}"),
        })?;
        return Ok(ArmResponse { status, body, headers });
    }
    // Proxies and load balancers answer in HTML; the beginning tells enough.
    let body = body.unwrap_or_else(|_| {
        let text: String = String::from_utf8_lossy(bytes).chars().take(300).collect();
        serde_json::json!({ "message": text })
    });
    let refusal = Refusal::from_answer(request.method, request.path(), status, &body, headers);
    Err(ArmError::Refused(Box::new(refusal)))
}

fn connection_error(host: &str, error: reqwest::Error) -> ArmError {
    let error = error.without_url();
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        reason = inner.to_string();
        source = inner.source();
    }
    ArmError::Connection { host: host.to_owned(), reason }
}

fn waiting_phase(error: &ArmError) -> String {
    match error.refusal() {
        Some(refusal) if refusal.status == 429 => "waiting: too many requests".to_owned(),
        Some(refusal) if refusal.status == 409 => "waiting for another operation".to_owned(),
        Some(refusal) => format!("trying again after {}", refusal.code),
        None => "trying again after a dropped connection".to_owned(),
    }
}

/// Returns a number from 0 to 1.
fn jitter() -> f64 {
    let (_, low) = uuid::Uuid::new_v4().as_u64_pair();
    f64::from((low & 0xffff) as u32) / f64::from(0xffff_u32)
}

#[cfg(test)]
#[path = "arm_client_tests.rs"]
mod tests;
