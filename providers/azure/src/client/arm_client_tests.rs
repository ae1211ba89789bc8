//! The transport against a server that behaves and misbehaves as Azure does.

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::{AccessToken, Secret, TokenCredential, TokenRequestOptions};
use azure_core::time::OffsetDateTime;
use serde_json::{Value as Json, json};
use terrane_azure_identity::{Cloud, TokenSource};
use terrane_network::NetworkSettings;
use terrane_provider::NoProgress;

use super::*;
use crate::client::StopSignal;
use crate::client::scripted_server::{Answer, ScriptedServer, answer, drop_connection};

const PATH: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v";

#[derive(Debug)]
struct FixedToken;

#[async_trait::async_trait]
impl TokenCredential for FixedToken {
    async fn get_token(
        &self,
        _scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let expires = OffsetDateTime::now_utc() + azure_core::time::Duration::hours(1);
        Ok(AccessToken::new(Secret::new("t".to_owned()), expires))
    }
}

struct Stage {
    server: ScriptedServer,
    client: ArmClient,
    stop: StopSignal,
}

async fn stage(script: impl IntoIterator<Item = Answer>) -> Stage {
    let server = ScriptedServer::start(script).await;
    let cloud = Cloud { resource_manager: server.base.clone(), ..Cloud::public() };
    let quick = Duration::from_millis(1);
    let pace = Pace { retry_base: quick, retry_max: quick * 4, poll_min: quick, poll_max: quick * 4 };
    let settings = ClientSettings {
        user_agent: "test".to_owned(),
        correlation_id: Some("c".to_owned()),
        registers_providers: true,
        pace,
    };
    let http = NetworkSettings::default().api_client().expect("no certificates are needed");
    let client = ArmClient::new(http, cloud, TokenSource::new(Arc::new(FixedToken)), settings);
    Stage { server, client, stop: StopSignal::default() }
}

impl Stage {
    async fn run(&self, request: ArmRequest) -> Result<Finished, ArmError> {
        let call = Call::begin(Duration::from_secs(20), &NoProgress, &self.stop);
        self.client.run(&request, &call).await
    }

    async fn put(&self) -> Result<Finished, ArmError> {
        self.run(ArmRequest::put(PATH, "1", json!({}))).await
    }

    fn targets(&self) -> Vec<String> {
        self.server.seen().iter().map(|line| line.replace(PATH, "V")).collect()
    }
}

fn in_state(state: &str) -> Json {
    json!({"name": "v", "properties": {"provisioningState": state}})
}

#[tokio::test]
async fn an_operation_is_followed_and_the_resource_read_at_its_end() {
    let stage = stage([
        answer(201, in_state("Updating")).header("Azure-AsyncOperation", "{base}/op?api-version=9&t=1"),
        answer(404, Json::Null),
        answer(200, json!({"status": "InProgress"})),
        answer(200, json!({"status": "Succeeded"})),
        answer(200, in_state("Succeeded")),
    ])
    .await;
    let finished = stage.put().await.unwrap();
    assert!(finished.created);
    assert_eq!(finished.body, in_state("Succeeded"));
    let op = "GET /op?api-version=9&t=1";
    assert_eq!(stage.targets(), ["PUT V?api-version=1", op, op, op, "GET V?api-version=1"]);
}

#[tokio::test]
async fn a_location_answers_202_until_it_is_done() {
    let stage = stage([
        answer(202, Json::Null).header("Location", "{base}/loc").header("Retry-After", "0"),
        answer(202, Json::Null),
        answer(200, Json::Null),
    ])
    .await;
    stage.run(ArmRequest::delete(PATH, "1")).await.unwrap();
    assert_eq!(stage.targets(), ["DELETE V?api-version=1", "GET /loc", "GET /loc"]);
}

#[tokio::test]
async fn a_resource_that_names_itself_as_its_location_is_watched_itself() {
    let own = format!("{{base}}{PATH}?api-version=1");
    let stage = stage([
        answer(201, in_state("Creating")).header("Location", &own),
        answer(200, in_state("Creating")),
        answer(200, in_state("Succeeded")),
    ])
    .await;
    assert_eq!(stage.put().await.unwrap().body, in_state("Succeeded"));
}

#[tokio::test]
async fn a_deletion_without_an_address_is_over_when_the_resource_is_gone() {
    let stage =
        stage([answer(202, Json::Null), answer(200, in_state("Deleting")), answer(404, Json::Null)]).await;
    stage.run(ArmRequest::delete(PATH, "1")).await.unwrap();
    assert_eq!(stage.server.seen().len(), 3);
}

#[tokio::test]
async fn a_failed_operation_carries_the_services_words() {
    let stage = stage([
        answer(201, in_state("Creating")).header("Azure-AsyncOperation", "{base}/op"),
        answer(200, json!({"status": "Failed", "error": {"code": "Quota", "message": "No more."}})),
    ])
    .await;
    let error = stage.put().await.unwrap_err();
    assert!(matches!(&error, ArmError::OperationFailed(refusal) if refusal.code == "Quota"), "{error}");
}

#[tokio::test]
async fn an_operation_that_met_another_one_starts_again() {
    let conflict =
        json!({"status": "Failed", "error": {"code": "AnotherOperationInProgress", "message": "m"}});
    let stage = stage([
        answer(201, in_state("Updating")).header("Azure-AsyncOperation", "{base}/op"),
        answer(200, conflict),
        answer(200, in_state("Succeeded")),
    ])
    .await;
    stage.put().await.unwrap();
    assert_eq!(stage.targets(), ["PUT V?api-version=1", "GET /op", "PUT V?api-version=1"]);
}

#[tokio::test]
async fn what_passes_with_time_is_asked_again() {
    let throttled = answer(429, json!({"error": {"code": "TooManyRequests"}})).header("Retry-After", "0.01");
    let stage = stage([
        answer(503, Json::Null),
        drop_connection(),
        throttled,
        answer(409, json!({"error": {"code": "AnotherOperationInProgress"}})),
        answer(200, in_state("Succeeded")),
    ])
    .await;
    stage.put().await.unwrap();
    assert_eq!(stage.server.seen().len(), 5);
}

#[tokio::test]
async fn what_stays_wrong_is_reported_at_once() {
    let stage = stage([answer(400, json!({"error": {"code": "InvalidSubnet", "message": "m"}}))]).await;
    let error = stage.put().await.unwrap_err();
    assert!(error.has_code("InvalidSubnet"));
    assert_eq!(stage.server.seen().len(), 1);
}

#[tokio::test]
async fn a_service_that_stays_down_is_reported_in_the_end() {
    let stage = stage(std::iter::repeat_with(drop_connection).take(50)).await;
    let error = stage.put().await.unwrap_err();
    assert!(matches!(error, ArmError::Connection { .. }), "{error}");
    assert_eq!(stage.server.seen().len(), 10);
}

#[tokio::test]
async fn a_missing_resource_provider_is_registered_on_the_way() {
    let missing = answer(409, json!({"error": {"code": "MissingSubscriptionRegistration"}}));
    let stage = stage([
        missing,
        answer(200, json!({"registrationState": "Registering"})),
        answer(200, json!({"registrationState": "Registered"})),
        answer(200, in_state("Succeeded")),
    ])
    .await;
    stage.put().await.unwrap();
    assert_eq!(
        stage.targets()[1],
        "POST /subscriptions/s/providers/Microsoft.Network/register?api-version=2022-09-01"
    );
}

#[tokio::test]
async fn lists_are_followed_to_their_last_page_on_our_own_host_only() {
    let stage = stage([
        answer(200, json!({"value": [1, 2], "nextLink": "http://elsewhere.example/page?skip=2"})),
        answer(200, json!({"value": [3]})),
    ])
    .await;
    let call = Call::begin(Duration::from_secs(5), &NoProgress, &stage.stop);
    let items = stage.client.list(ArmRequest::get(PATH, "1"), &call).await.unwrap().unwrap();
    assert_eq!(items, [json!(1), json!(2), json!(3)]);
    assert_eq!(stage.targets(), ["GET V?api-version=1", "GET /page?skip=2"]);
}

#[tokio::test]
async fn stopping_ends_the_wait_for_an_operation() {
    let stage = stage([answer(201, Json::Null)
        .header("Azure-AsyncOperation", "{base}/op")
        .header("Retry-After", "10")])
    .await;
    let (stop, put) = (stage.stop.clone(), stage.put());
    let (result, ()) = tokio::join!(put, async move {
        tokio::time::sleep(Duration::from_millis(30)).await;
        stop.stop();
    });
    assert!(matches!(result, Err(ArmError::Stopped(_))));
}

#[tokio::test]
async fn html_from_a_proxy_is_an_error_with_its_beginning() {
    let html = Answer::from_text(502, "<html>Bad gateway</html>");
    let stage = stage(std::iter::repeat_n(html, 20)).await;
    let error = stage.put().await.unwrap_err().to_string();
    assert!(error.contains("Bad gateway"), "{error}");
}
