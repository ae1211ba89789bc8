//! The environment variables by which clients find the emulator.

use std::collections::BTreeMap;
use std::path::Path;

use crate::certificate::CertificateFiles;
use crate::settings::Settings;

/// Returns the variables for an emulator whose files are in `directory`.
pub(crate) fn of(
    settings: &Settings,
    files: &CertificateFiles,
    directory: &Path,
) -> BTreeMap<String, String> {
    let mut env = BTreeMap::new();
    add_identity(settings, &mut env);
    add_endpoints(settings, &mut env);
    let mut set = |name: &str, value: &str| env.insert(name.to_owned(), value.to_owned());
    // The az CLI: its clouds, its files, and no question to Microsoft whether the authority is known.
    set("AZURE_CONFIG_DIR", &directory.join("azure-cli").display().to_string());
    set("AZURE_CORE_INSTANCE_DISCOVERY", "false");
    set("AZURE_CORE_COLLECT_TELEMETRY", "false");
    for variable in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"] {
        set(variable, &files.bundle.display().to_string());
    }
    set("NODE_EXTRA_CA_CERTS", &files.ca.display().to_string());
    // Data planes keep their real names; as a proxy the emulator connects those names to itself.
    for (variable, value) in [
        ("HTTPS_PROXY", format!("http://localhost:{}", settings.port)),
        ("NO_PROXY", "localhost,127.0.0.1,::1".to_owned()),
    ] {
        set(variable, &value);
        set(&variable.to_ascii_lowercase(), &value);
    }
    if settings.is_instant() {
        set("GO_AZURE_SDK_SKIP_POLLING_DELAY", "true");
    }
    env
}

fn add_identity(settings: &Settings, env: &mut BTreeMap<String, String>) {
    let identity = &settings.identity;
    for prefix in ["ARM", "AZURE"] {
        for (name, value) in [
            ("TENANT_ID", &identity.tenant_id),
            ("SUBSCRIPTION_ID", &identity.subscription_id),
            ("CLIENT_ID", &identity.client_id),
            ("CLIENT_SECRET", &identity.client_secret),
        ] {
            env.insert(format!("{prefix}_{name}"), value.clone());
        }
    }
    // The secret is the way in; nothing is asked of the machine that the client runs on.
    for method in ["CLI", "MSI", "OIDC", "AKS_WORKLOAD_IDENTITY"] {
        env.insert(format!("ARM_USE_{method}"), "false".to_owned());
    }
}

fn add_endpoints(settings: &Settings, env: &mut BTreeMap<String, String>) {
    let base = &settings.base_url;
    let host = format!("localhost:{}", settings.port);
    for (name, value) in [
        ("ARM_METADATA_HOSTNAME", &host),
        ("ARM_METADATA_HOST", &host),
        ("ARM_RESOURCE_PROVIDER_REGISTRATIONS", &"none".to_owned()),
        ("ARM_RESOURCE_MANAGER_ENDPOINT", base),
        ("ARM_RESOURCE_MANAGER_AUDIENCE", base),
        ("ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST", base),
        ("ARM_DISABLE_INSTANCE_DISCOVERY", &"true".to_owned()),
        ("AZURE_AUTHORITY_HOST", base),
        ("ARM_CLOUD_METADATA_URL", &format!("{base}/metadata/endpoints?api-version=2019-05-01")),
    ] {
        env.insert(name.to_owned(), value.clone());
    }
}
