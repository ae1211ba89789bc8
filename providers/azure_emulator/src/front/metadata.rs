//! Cloud metadata: where everything is.

use serde_json::{Value, json};

use crate::http::{Request, Response};
use crate::regions::REGIONS;
use crate::settings::Settings;

/// Answers `/metadata/endpoints`, whose shape depends on the API version.
pub(crate) fn answer(settings: &Settings, request: &Request) -> Response {
    match request.query("api-version").unwrap_or_default() {
        // The azure CLI assumes Microsoft's own authority for a cloud of the name AzureCloud.
        version if version.starts_with("2019") || version.starts_with("202") && version < "2022-09-01" => {
            Response::json(200, &json!([cloud(settings, "AzureEmulator")]))
        }
        version if version.starts_with("2018") => Response::json(200, &regions(settings)),
        version if version.starts_with("2015") => Response::json(
            200,
            &json!({
                "galleryEndpoint": format!("{}/", settings.base_url),
                "graphEndpoint": format!("{}/", settings.base_url),
                "portalEndpoint": "https://portal.azure.com/",
                "authentication": {
                    "loginEndpoint": settings.base_url,
                    "audiences": [settings.base_url, "https://management.core.windows.net/"],
                },
            }),
        ),
        _ => Response::json(200, &cloud(settings, "AzureCloud")),
    }
}

fn cloud(settings: &Settings, name: &str) -> Value {
    let base = &settings.base_url;
    json!({
        "name": name,
        "portal": "https://portal.azure.com/",
        "resourceManager": format!("{base}/"),
        "authentication": {
            "loginEndpoint": base,
            "audiences": [format!("{base}/"), "https://management.core.windows.net/", "https://management.azure.com/"],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "graph": format!("{base}/"),
        "graphAudience": format!("{base}/"),
        "microsoftGraphResourceId": format!("{base}/"),
        "gallery": "https://gallery.azure.com/",
        "batch": "https://batch.core.windows.net/",
        "media": "https://rest.media.azure.net",
        "sqlManagement": "https://management.core.windows.net:8443/",
        "vmImageAliasDoc":
            "https://raw.githubusercontent.com/Azure/azure-rest-api-specs/main/arm-compute/quickstart-templates/aliases.json",
        "activeDirectoryDataLake": "https://datalake.azure.net/",
        "azmirrorStorageAccountResourceId": "https://azmirror.core.windows.net/",
        "appInsightsResourceId": "https://api.applicationinsights.io",
        "appInsightsTelemetryChannelResourceId": "https://dc.applicationinsights.azure.com/v2/track",
        "appServiceResourceId": "https://appservice.azure.com",
        "attestationResourceId": "https://attest.azure.net",
        "logAnalyticsResourceId": "https://api.loganalytics.io",
        "ossrdbmsResourceId": "https://ossrdbms-aad.database.windows.net",
        "ossrDbmsResourceId": "https://ossrdbms-aad.database.windows.net",
        "synapseAnalyticsResourceId": "https://dev.azuresynapse.net",
        "suffixes": {
            "acrLoginServer": "azurecr.io",
            "attestationEndpoint": "attest.azure.net",
            "azureDataLakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.net",
            "azureDataLakeStoreFileSystem": "azuredatalakestore.net",
            "azureFrontDoorEndpointSuffix": "azurefd.net",
            "keyVaultDns": "vault.azure.net",
            "mariadbServerEndpoint": "mariadb.database.azure.com",
            "mhsmDns": "managedhsm.azure.net",
            "mysqlServerEndpoint": "mysql.database.azure.com",
            "postgresqlServerEndpoint": "postgres.database.azure.com",
            "sqlServerHostname": "database.windows.net",
            "storage": "core.windows.net",
            "storageSyncEndpointSuffix": "afs.azure.net",
            "synapseAnalytics": "dev.azuresynapse.net",
        },
    })
}

/// The 2018 form, from which azurerm 4.x learns the regions.
fn regions(settings: &Settings) -> Value {
    let names: Vec<&str> = REGIONS.iter().map(|(name, _)| *name).collect();
    json!({
        "galleryEndpoint": format!("{}/", settings.base_url),
        "graphEndpoint": format!("{}/", settings.base_url),
        "portalEndpoint": "https://portal.azure.com/",
        "graphAudience": format!("{}/", settings.base_url),
        "authentication": {
            "loginEndpoint": settings.base_url,
            "audiences": [settings.base_url, "https://management.core.windows.net/"],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "cloudEndpoint": {
            "public": {"endpoint": format!("localhost:{}", settings.port), "locations": names},
        },
    })
}
