//! Where Amazon's services are, and signed requests to them.

use std::collections::HashMap;

use jiff::Timestamp;
use reqwest::{Client, RequestBuilder, Response};
use terrane_network::NetworkSettings;
use terrane_state::BackendError;
use tokio::sync::OnceCell;

use super::credentials::Credentials;
use super::roles::Sts;
use super::signature::sign;
use crate::error::remote;
use crate::network::send;
use crate::settings::{ConfigError, Settings, as_text};

/// An account of Amazon's, or of a service that speaks as Amazon's do.
pub(super) struct Service {
    pub(super) http: Client,
    pub(super) region: String,
    /// Of S3: its address, without a bucket.
    pub(super) objects: String,
    /// Of DynamoDB.
    pub(super) tables: String,
    credentials: Credentials,
    sts: Sts,
    allowed_accounts: Vec<String>,
    forbidden_accounts: Vec<String>,
    checked: OnceCell<()>,
}

impl Service {
    /// Reads the settings.
    ///
    /// # Errors
    /// When they do not suffice.
    pub(super) fn read(settings: &Settings<'_>) -> Result<Self, ConfigError> {
        if settings.flag("insecure")? {
            let reason = "certificates are always checked; name the authority with custom_ca_bundle";
            return Err(ConfigError::invalid("insecure", reason));
        }
        let http = client(settings)?;
        let written = settings.text("region");
        let region = written.or_else(|| {
            let sts = Sts { http: http.clone(), endpoint: String::new(), region: String::new() };
            Credentials::read(settings, &http, sts).ok()?.region().map(str::to_owned)
        });
        let region = region.ok_or(ConfigError::Missing { argument: "region" })?;
        let sts_region = settings.text("sts_region").unwrap_or_else(|| region.clone());
        let sts_endpoint = endpoint(settings, "sts", "sts_endpoint", || usual(settings, "sts", &sts_region))?;
        let sts = Sts { http: http.clone(), endpoint: sts_endpoint, region: sts_region };
        Ok(Self {
            objects: endpoint(settings, "s3", "endpoint", || usual(settings, "s3", &region))?,
            tables: endpoint(settings, "dynamodb", "dynamodb_endpoint", || {
                usual(settings, "dynamodb", &region)
            })?,
            credentials: Credentials::read(settings, &http, sts.clone())?,
            http,
            region,
            sts,
            allowed_accounts: settings.texts("allowed_account_ids"),
            forbidden_accounts: settings.texts("forbidden_account_ids"),
            checked: OnceCell::new(),
        })
    }

    /// Signs and sends a request. The first one of all sees to it that the account is a right one.
    ///
    /// # Errors
    /// When there are no keys, or no answer.
    pub(super) async fn send(
        &self,
        service: &str,
        request: RequestBuilder,
        content: Vec<u8>,
    ) -> Result<Response, BackendError> {
        let keys = self.credentials.keys().await?;
        if !self.allowed_accounts.is_empty() || !self.forbidden_accounts.is_empty() {
            self.checked.get_or_try_init(|| self.check_account()).await?;
        }
        let mut signed = request.build().map_err(|error| remote(error.without_url().to_string()))?;
        sign(&mut signed, &content, &keys, (&self.region, service), Timestamp::now())
            .map_err(|_| remote("a key holds characters that no header may"))?;
        *signed.body_mut() = Some(content.into());
        send(RequestBuilder::from_parts(self.http.clone(), signed)).await
    }

    async fn check_account(&self) -> Result<(), BackendError> {
        let account = self.sts.account(&self.credentials.keys().await?).await?;
        let is_listed = |list: &[String]| list.contains(&account);
        if is_listed(&self.forbidden_accounts)
            || !self.allowed_accounts.is_empty() && !is_listed(&self.allowed_accounts)
        {
            return Err(remote(format!("the account {account} is not one of those that are allowed")));
        }
        Ok(())
    }
}

fn client(settings: &Settings<'_>) -> Result<Client, ConfigError> {
    let mut environment: HashMap<String, String> =
        settings.environment.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    for (argument, variable) in [
        ("http_proxy", "HTTP_PROXY"),
        ("https_proxy", "HTTPS_PROXY"),
        ("no_proxy", "NO_PROXY"),
        ("custom_ca_bundle", "SSL_CERT_FILE"),
    ] {
        if let Some(value) = settings.text(argument) {
            environment.insert(variable.to_owned(), value);
        }
    }
    let client = NetworkSettings::from_environment(|name| environment.get(name)).api_client();
    client.map_err(|error| ConfigError::Other(error.to_string()))
}

/// Returns a service's address: from `endpoints`, the older argument, its variables, or the usual one.
fn endpoint(
    settings: &Settings<'_>,
    service: &str,
    older: &str,
    usual: impl FnOnce() -> Result<String, ConfigError>,
) -> Result<String, ConfigError> {
    let nested = settings.nested("endpoints").and_then(|endpoints| as_text(&endpoints.attribute(service)));
    let address = match nested.or_else(|| settings.text(older)) {
        // An address without a scheme was enough for older versions.
        Some(address) if !address.contains("://") => format!("https://{address}"),
        Some(address) => address,
        None => usual()?,
    };
    match reqwest::Url::parse(&address) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(address.trim_end_matches('/').to_owned()),
        _ => Err(ConfigError::invalid(older, format!("{address:?} is no HTTP address"))),
    }
}

fn usual(settings: &Settings<'_>, service: &str, region: &str) -> Result<String, ConfigError> {
    let fips = if settings.flag("use_fips_endpoint")? { "-fips" } else { "" };
    let is_dual = settings.flag("use_dualstack_endpoint")?;
    let is_chinese = region.starts_with("cn-");
    let suffix = match (is_dual && service != "s3", is_chinese) {
        (false, false) => "amazonaws.com",
        (false, true) => "amazonaws.com.cn",
        (true, false) => "api.aws",
        (true, true) => "api.amazonwebservices.com.cn",
    };
    let dual = if is_dual && service == "s3" { ".dualstack" } else { "" };
    Ok(format!("https://{service}{fips}{dual}.{region}.{suffix}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use terrane_model::Value;

    use super::*;
    use crate::s3::arguments::ARGUMENTS;

    #[test]
    fn services_are_where_the_settings_say() {
        let addresses = |config: Vec<(&str, Value)>, variables: &[(&str, &str)]| {
            let config = Value::object(config);
            let environment: BTreeMap<String, String> =
                variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let settings = Settings {
                arguments: ARGUMENTS,
                config: &config,
                environment: &environment,
                terraform_version: "",
            };
            Service::read(&settings).map(|service| [service.objects, service.tables, service.sts.endpoint])
        };
        let eu = || vec![("region", Value::string("eu-west-1"))];
        assert_eq!(
            addresses(eu(), &[]).unwrap(),
            [
                "https://s3.eu-west-1.amazonaws.com",
                "https://dynamodb.eu-west-1.amazonaws.com",
                "https://sts.eu-west-1.amazonaws.com"
            ]
        );
        let china = [("AWS_REGION", "cn-north-1"), ("AWS_USE_DUALSTACK_ENDPOINT", "true")];
        assert_eq!(
            addresses(Vec::new(), &china).unwrap()[0],
            "https://s3.dualstack.cn-north-1.amazonaws.com.cn"
        );
        let mut own = eu();
        own.push(("endpoints", Value::object([("s3", Value::string("http://localhost:9000/"))])));
        own.push(("dynamodb_endpoint", Value::string("tables.example")));
        assert_eq!(
            addresses(own, &[("AWS_ENDPOINT_URL_S3", "http://no"), ("AWS_ENDPOINT_URL_STS", "http://sts")])
                .unwrap(),
            ["http://localhost:9000", "https://tables.example", "http://sts"]
        );
        assert_eq!(
            addresses(Vec::new(), &[("HOME", "/nowhere")]).err(),
            Some(ConfigError::Missing { argument: "region" })
        );
    }
}
