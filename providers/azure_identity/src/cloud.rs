//! The Azure clouds: which hosts stand for what.
//!
//! Sources: the metadata document that Azure Resource Manager serves at `/metadata/endpoints`
//! (api-version 2022-09-01), and Microsoft's list of endpoints for the national clouds.

use serde_json::Value as Json;

/// Hosts and name suffixes of one cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cloud {
    /// Its name, such as `AzureCloud`.
    pub name: String,
    /// Base URL of Azure Resource Manager, without a trailing slash; also the token's audience.
    pub resource_manager: String,
    /// Base URL of the token service, without a trailing slash.
    pub login_endpoint: String,
    /// Base URL of Microsoft Graph, without a trailing slash.
    pub graph: String,
    /// Name suffixes of services that have a host per object.
    pub suffixes: CloudSuffixes,
}

/// What follows an object's name in its host name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudSuffixes {
    /// Key vaults: `vault.azure.net`.
    pub key_vault: String,
    /// Storage accounts: `core.windows.net`.
    pub storage: String,
}

/// Why a metadata document cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// A field that everything else needs is missing.
    #[error("the document has no {0}")]
    Missing(&'static str),
    /// The cloud's users sign in elsewhere.
    #[error("identity provider {0:?} is not supported, only AAD is")]
    IdentityProvider(String),
}

impl Cloud {
    /// Azure's public cloud.
    pub fn public() -> Self {
        Self::known(
            "AzureCloud",
            "https://management.azure.com",
            "https://login.microsoftonline.com",
            "https://graph.microsoft.com",
            ["vault.azure.net", "core.windows.net"],
        )
    }

    /// Returns the cloud with one of the names that azurerm's `environment` takes.
    pub fn named(environment: &str) -> Option<Self> {
        match environment.to_ascii_lowercase().as_str() {
            "public" | "global" | "azurecloud" => Some(Self::public()),
            "usgovernment" | "usgovernmentl4" | "azureusgovernment" => Some(Self::us_government()),
            "dod" | "usgovernmentl5" => Some(Self {
                name: "AzureUSGovernmentL5".to_owned(),
                graph: "https://dod-graph.microsoft.us".to_owned(),
                ..Self::us_government()
            }),
            "china" | "azurechinacloud" => Some(Self::known(
                "AzureChinaCloud",
                "https://management.chinacloudapi.cn",
                "https://login.chinacloudapi.cn",
                "https://microsoftgraph.chinacloudapi.cn",
                ["vault.azure.cn", "core.chinacloudapi.cn"],
            )),
            _ => None,
        }
    }

    fn us_government() -> Self {
        Self::known(
            "AzureUSGovernment",
            "https://management.usgovcloudapi.net",
            "https://login.microsoftonline.us",
            "https://graph.microsoft.us",
            ["vault.usgovcloudapi.net", "core.usgovcloudapi.net"],
        )
    }

    fn known(name: &str, manager: &str, login: &str, graph: &str, suffixes: [&str; 2]) -> Self {
        let [key_vault, storage] = suffixes.map(str::to_owned);
        Self {
            name: name.to_owned(),
            resource_manager: manager.to_owned(),
            login_endpoint: login.to_owned(),
            graph: graph.to_owned(),
            suffixes: CloudSuffixes { key_vault, storage },
        }
    }

    /// Returns a cloud that is all at one address, but for hosts that carry names of objects.
    pub(crate) fn at(base: &str) -> Self {
        let (manager, public) = (base.to_owned(), Self::public());
        Self { resource_manager: manager.clone(), login_endpoint: manager.clone(), graph: manager, ..public }
    }

    /// Reads a metadata document. Versions before 2019-05-01 have one object, those up to 2020-09-01 a list of clouds,
    /// the cloud itself first.
    ///
    /// # Errors
    /// When a needed field is missing, or the cloud is one whose users do not sign in with Entra ID.
    pub fn from_metadata(document: &Json) -> Result<Self, MetadataError> {
        let document = document.get(0).unwrap_or(document);
        let text = |pointer: &str, name: &'static str| {
            let field = document.pointer(pointer).and_then(Json::as_str).filter(|text| !text.is_empty());
            field.map(|text| text.trim_end_matches('/').to_owned()).ok_or(MetadataError::Missing(name))
        };
        let identity_provider = document.pointer("/authentication/identityProvider").and_then(Json::as_str);
        if let Some(other) = identity_provider.filter(|name| !name.eq_ignore_ascii_case("AAD")) {
            return Err(MetadataError::IdentityProvider(other.to_owned()));
        }
        let public = Self::public();
        Ok(Self {
            name: text("/name", "name").unwrap_or(public.name),
            resource_manager: text("/resourceManager", "resourceManager")?,
            login_endpoint: text("/authentication/loginEndpoint", "authentication.loginEndpoint")?,
            graph: text("/microsoftGraphResourceId", "microsoftGraphResourceId").unwrap_or(public.graph),
            suffixes: CloudSuffixes {
                key_vault: text("/suffixes/keyVaultDns", "").unwrap_or(public.suffixes.key_vault),
                storage: text("/suffixes/storage", "").unwrap_or(public.suffixes.storage),
            },
        })
    }

    /// Returns the scope of tokens for Azure Resource Manager.
    pub fn management_scope(&self) -> String {
        format!("{}/.default", self.resource_manager)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_names_the_hosts() {
        let document = serde_json::json!({
            "name": "AzureCloud",
            "resourceManager": "https://localhost:9443/",
            "microsoftGraphResourceId": "https://graph.microsoft.com",
            "authentication": {"loginEndpoint": "https://localhost:9443", "identityProvider": "AAD"},
            "suffixes": {"keyVaultDns": "vault.localhost", "storage": "core.localhost"},
        });
        let cloud = Cloud::from_metadata(&document).unwrap();
        assert_eq!(cloud.management_scope(), "https://localhost:9443/.default");
        assert_eq!(cloud.suffixes.key_vault, "vault.localhost");
    }

    #[test]
    fn metadata_may_be_a_list_of_clouds() {
        let authentication = serde_json::json!({"loginEndpoint": "https://login.localhost"});
        let document = serde_json::json!([
            {"resourceManager": "https://arm.localhost", "authentication": authentication},
            {"resourceManager": "https://other.localhost", "authentication": authentication},
        ]);
        assert_eq!(Cloud::from_metadata(&document).unwrap().resource_manager, "https://arm.localhost");
    }

    #[test]
    fn metadata_without_endpoints_or_with_foreign_users_is_refused() {
        let missing = Cloud::from_metadata(&serde_json::json!({"name": "x"}));
        assert_eq!(missing, Err(MetadataError::Missing("resourceManager")));
        let foreign = serde_json::json!({"authentication": {"identityProvider": "ADFS"}});
        assert_eq!(Cloud::from_metadata(&foreign), Err(MetadataError::IdentityProvider("ADFS".to_owned())));
    }

    #[test]
    fn every_spelling_of_an_environment_is_known() {
        for name in ["public", "USGovernment", "usgovernmentl5", "dod", "china"] {
            assert!(Cloud::named(name).is_some(), "{name}");
        }
        assert_eq!(Cloud::named("mars"), None);
    }
}
