//! Tokens of a managed identity from an endpoint that somebody names, which azure_identity has no way for.
//!
//! Source of the protocol: Microsoft's "How to use managed identities for Azure resources on an Azure VM to acquire an
//! access token".

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};

use crate::authenticate::{credential_error, json_answer, token_of};

const API_VERSION: &str = "2018-02-01";

/// An endpoint that hands out the machine's tokens.
#[derive(Debug)]
pub(crate) struct ManagedIdentityEndpoint {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    /// Which of several identities.
    pub(crate) client_id: Option<String>,
}

#[async_trait::async_trait]
impl TokenCredential for ManagedIdentityEndpoint {
    async fn get_token(
        &self,
        scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let mut url = reqwest::Url::parse(&self.url).map_err(|error| credential_error(error.to_string()))?;
        let scope = scopes.first().copied().unwrap_or_default();
        let resource = scope.strip_suffix("/.default").unwrap_or(scope);
        url.query_pairs_mut().append_pair("api-version", API_VERSION).append_pair("resource", resource);
        if let Some(client_id) = &self.client_id {
            url.query_pairs_mut().append_pair("client_id", client_id);
        }
        token_of(&json_answer(self.http.get(url).header("metadata", "true")).await?)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    use super::*;
    use terrane_network::NetworkSettings;

    #[tokio::test]
    async fn the_endpoint_is_asked_as_azures_own_is() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let head: Vec<String> = lines.map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
            let body = r#"{"access_token":"t","expires_in":"86400"}"#;
            let length = body.len();
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
            head
        });
        let http = NetworkSettings::default().api_client().unwrap();
        let endpoint = ManagedIdentityEndpoint { http, url, client_id: Some("c".to_owned()) };
        let token = endpoint.get_token(&["https://storage.azure.com/.default"], None).await.unwrap();
        assert_eq!(token.token.secret(), "t");
        let head = server.join().unwrap();
        let asked =
            "GET /token?api-version=2018-02-01&resource=https%3A%2F%2Fstorage.azure.com&client_id=c HTTP/1.1";
        assert_eq!(head[0], asked);
        assert!(head.contains(&"metadata: true".to_owned()), "{head:?}");
    }
}
