//! `hashicorp/http`.

use insta::assert_snapshot;
use serde_json::json;
use terrane_provider::DataRequest;

use crate::support::engine::read_data;
use crate::support::web_server::{WebServer, answer};
use crate::support::{render, start, written};

async fn read(server: &WebServer, more: serde_json::Value) -> String {
    let mut config = json!({"url": server.url()});
    let more = more.as_object().expect("more arguments are an object");
    config.as_object_mut().expect("arguments are an object").extend(more.clone());
    let url = server.url();
    match read_data(start("http").as_ref(), "http", &config.to_string()).await {
        Ok(state) => render::object(&state).replace(&url, "URL"),
        Err(diagnostics) => render::diagnostics(&diagnostics).replace(&url, "URL"),
    }
}

#[tokio::test]
async fn answers_are_read() {
    let headers = ["content-type: text/plain", "x-a: 1", "X-A: 2", "etag: \"x\""];
    let server = WebServer::start(vec![answer("200 OK", &headers, "ü\n".as_bytes())]);
    let state = read(&server, json!({"request_headers": {"Accept": "text/*", "X-Own": "ö"}})).await;
    assert_snapshot!(state, @r#"
    body = "ü\n"
    id = "URL"
    request_headers = {Accept = "text/*", X-Own = "ö"}
    response_body = "ü\n"
    response_body_base64 = "w7wK"
    response_headers = {Connection = "close", Content-Length = "3", Content-Type = "text/plain", Etag = "\"x\"", X-A = "1, 2"}
    status_code = 200
    url = "URL"
    "#);
    assert_snapshot!(server.requests().join("\n"), @"
    GET /path HTTP/1.1
    accept: text/*
    x-own: ö
    user-agent: terrane
    accept-encoding: gzip
    host: ADDRESS
    ");
}

#[tokio::test]
async fn bodies_are_posted_and_other_answers_are_no_errors() {
    let server = WebServer::start(vec![answer("404 Not Found", &[], b"no")]);
    let state = read(&server, json!({"method": "POST", "request_body": "find me"})).await;
    assert_snapshot!(state, @r#"
    body = "no"
    id = "URL"
    method = "POST"
    request_body = "find me"
    response_body = "no"
    response_body_base64 = "bm8="
    response_headers = {Connection = "close", Content-Length = "2"}
    status_code = 404
    url = "URL"
    "#);
    assert_snapshot!(server.requests().join("\n"), @"
    POST /path HTTP/1.1
    accept: */*
    user-agent: terrane
    accept-encoding: gzip
    host: ADDRESS
    content-length: 7

    find me
    ");
}

#[tokio::test]
async fn redirects_are_followed() {
    let target = WebServer::start(vec![answer("200 OK", &[], b"there")]);
    let location = format!("location: {}", target.url());
    let server = WebServer::start(vec![answer("302 Found", &[&location], b"")]);
    assert!(read(&server, json!({})).await.contains("response_body = \"there\""));
}

#[tokio::test]
async fn failing_servers_are_asked_again() {
    let busy = answer("429 Too Many Requests", &["retry-after: 0"], b"");
    let broken = answer("500 Internal Server Error", &[], b"");
    let retry = json!({"retry": {"attempts": 3, "min_delay_ms": 1, "max_delay_ms": 2}});
    let server =
        WebServer::start(vec![busy.clone(), broken.clone(), Vec::new(), answer("200 OK", &[], b"at last")]);
    assert!(read(&server, retry).await.contains("response_body = \"at last\""));
    assert_eq!(server.requests().len(), 4);

    let server = WebServer::start(vec![broken.clone(), broken.clone()]);
    assert_snapshot!(read(&server, json!({"retry": {"attempts": 1, "min_delay_ms": 1}})).await, @"error: Error making request: GET URL giving up after 2 attempt(s): the server answered 500 Internal Server Error");
    let server = WebServer::start(vec![broken]);
    assert_snapshot!(read(&server, json!({})).await, @"error: Error making request: GET URL giving up after 1 attempt(s): the server answered 500 Internal Server Error");
    let server = WebServer::start(vec![answer("501 Not Implemented", &[], b"")]);
    assert!(read(&server, json!({})).await.contains("status_code = 501"));
}

#[tokio::test]
async fn answers_that_are_no_text_come_with_a_warning() {
    let server = WebServer::start(vec![answer("200 OK", &[], &[0x68, 0xff])]);
    let provider = start("http");
    let schemas = provider.schemas().await.unwrap();
    let config =
        written::config(&schemas.data_sources["http"].block, &json!({"url": server.url()}).to_string());
    let request =
        DataRequest { type_name: "http".into(), config, provider_meta: terrane_model::Value::dynamic_null() };
    let response = provider.read_data_source(request).await;
    assert_snapshot!(render::diagnostics(&response.diagnostics), @"warning: Response body is not recognized as UTF-8: Bytes that are no text are lost in response_body; response_body_base64 has them all.");
    assert_eq!(response.state.attribute("response_body_base64"), "aP8=".into());
}

#[tokio::test]
async fn slow_servers_time_out() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let config = json!({"url": url, "request_timeout_ms": 50}).to_string();
    let error = read_data(start("http").as_ref(), "http", &config).await.unwrap_err();
    assert_snapshot!(render::diagnostics(&error).replace(&url, "URL"), @"error: Error making request: GET URL giving up after 1 attempt(s): request exceeded the specified timeout: 50ms");
}

#[tokio::test]
async fn stopping_ends_requests() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = json!({"url": format!("http://{}/", listener.local_addr().unwrap())}).to_string();
    let provider = start("http");
    let (read, ()) = tokio::join!(read_data(provider.as_ref(), "http", &config), provider.stop());
    assert_snapshot!(render::diagnostics(&read.unwrap_err()), @"error: Error making request: The request was interrupted.");
}

#[tokio::test]
async fn mistakes() {
    let provider = start("http");
    let mut messages = String::new();
    for json in [
        r#"{"url": "http://localhost", "method": "PUT", "request_timeout_ms": 0}"#,
        r#"{"url": "http://localhost", "ca_cert_pem": "x", "insecure": true, "client_cert_pem": "y"}"#,
        r#"{"url": "http://localhost", "client_key_pem": "y"}"#,
        r#"{"url": "http://localhost", "retry": {"attempts": -1, "min_delay_ms": 3, "max_delay_ms": 2}}"#,
        r#"{"url": "nowhere"}"#,
        r#"{"url": "ftp://localhost"}"#,
        r#"{"url": "http://localhost", "request_headers": {"a b": "c"}}"#,
        r#"{"url": "http://localhost", "ca_cert_pem": "x"}"#,
        r#"{"url": "http://localhost", "insecure": true, "client_cert_pem": "x", "client_key_pem": "y"}"#,
        r#"{"url": "http://127.0.0.1:1/"}"#,
    ] {
        let error = read_data(provider.as_ref(), "http", json).await.unwrap_err();
        messages += &format!("{json}\n{}", render::diagnostics(&error));
    }
    assert_snapshot!(messages, @r#"
    {"url": "http://localhost", "method": "PUT", "request_timeout_ms": 0}
    error at .method: Invalid Attribute Value Match: Attribute method value must be one of: "GET", "POST", "HEAD", got: "PUT"
    error at .request_timeout_ms: Invalid Attribute Value: Attribute request_timeout_ms value must be at least 1, got: 0
    {"url": "http://localhost", "ca_cert_pem": "x", "insecure": true, "client_cert_pem": "y"}
    error at .ca_cert_pem: Invalid Attribute Combination: Attribute "ca_cert_pem" cannot be specified when "insecure" is specified
    error at .client_cert_pem: Invalid Attribute Combination: Attribute "client_key_pem" must be specified when "client_cert_pem" is specified
    {"url": "http://localhost", "client_key_pem": "y"}
    error at .client_key_pem: Invalid Attribute Combination: Attribute "client_cert_pem" must be specified when "client_key_pem" is specified
    {"url": "http://localhost", "retry": {"attempts": -1, "min_delay_ms": 3, "max_delay_ms": 2}}
    error at .retry.attempts: Invalid Attribute Value: Attribute retry.attempts value must be at least 0, got: -1
    error at .retry.max_delay_ms: Invalid Attribute Value: Attribute retry.max_delay_ms value must be at least sum of min_delay_ms, got: 2
    {"url": "nowhere"}
    error: Error creating request: "nowhere" is no URL: relative URL without a base.
    {"url": "ftp://localhost"}
    error: Error making request: GET ftp://localhost/ giving up after 1 attempt(s): builder error for url (ftp://localhost/): URL scheme is not allowed
    {"url": "http://localhost", "request_headers": {"a b": "c"}}
    error: Error creating request: "a b" cannot be the name of a header.
    {"url": "http://localhost", "ca_cert_pem": "x"}
    error: Error configuring TLS client: ca_cert_pem holds no certificate. Only PEM encoded certificates are supported.
    {"url": "http://localhost", "insecure": true, "client_cert_pem": "x", "client_key_pem": "y"}
    error: Error creating x509 key pair: The client certificate and its key cannot be used: client_key_pem: no items found
    {"url": "http://127.0.0.1:1/"}
    error: Error making request: GET http://127.0.0.1:1/ giving up after 1 attempt(s): error sending request for url (http://127.0.0.1:1/): client error (Connect): tcp connect error: Connection refused (os error 111)
    "#);
}
