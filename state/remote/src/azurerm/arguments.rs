//! The arguments of the block, with the variables that stand in for them.

use crate::kind::Argument;

pub(super) const ARGUMENTS: &[Argument] = &[
    // What is kept where.
    Argument::text("storage_account_name").required(),
    Argument::text("container_name").required(),
    Argument::text("key").required(),
    Argument::flag("snapshot").or(&["ARM_SNAPSHOT"]),
    // Where the storage account is.
    Argument::text("subscription_id").or(&["ARM_SUBSCRIPTION_ID"]),
    Argument::text("resource_group_name"),
    Argument::flag("lookup_blob_endpoint").or(&["ARM_USE_DNS_ZONE_ENDPOINT"]),
    Argument::text("environment").or(&["ARM_ENVIRONMENT"]).by_default("public"),
    Argument::text("metadata_host").or(&["ARM_METADATA_HOSTNAME", "ARM_METADATA_HOST"]),
    // What opens it.
    Argument::secret("access_key").or(&["ARM_ACCESS_KEY"]),
    Argument::secret("sas_token").or(&["ARM_SAS_TOKEN"]),
    Argument::flag("use_azuread_auth").or(&["ARM_USE_AZUREAD"]),
    // Who signs in. These are read with the provider's arguments of the same names.
    Argument::text("tenant_id"),
    Argument::text("client_id"),
    Argument::text("client_id_file_path"),
    Argument::secret("client_secret"),
    Argument::text("client_secret_file_path"),
    Argument::secret("client_certificate"),
    Argument::text("client_certificate_path"),
    Argument::secret("client_certificate_password"),
    Argument::flag("use_oidc"),
    Argument::secret("oidc_token"),
    Argument::text("oidc_token_file_path"),
    Argument::text("oidc_request_url"),
    Argument::secret("oidc_request_token"),
    Argument::text("ado_pipeline_service_connection_id"),
    Argument::flag("use_aks_workload_identity"),
    Argument::flag("use_msi"),
    Argument::text("msi_endpoint"),
    Argument::text("endpoint"),
    Argument::flag("use_cli"),
];
