//! The arguments of the block, with the variables that stand in for them.

use crate::kind::{Argument, ArgumentType};

pub(super) const ARGUMENTS: &[Argument] = &[
    // What is kept where, and how.
    Argument::text("bucket").required(),
    Argument::text("key").required(),
    Argument::text("region").or(&["AWS_REGION", "AWS_DEFAULT_REGION"]),
    Argument::text("workspace_key_prefix").by_default("env:"),
    Argument::flag("encrypt"),
    Argument::text("kms_key_id"),
    Argument::secret("sse_customer_key").or(&["AWS_SSE_CUSTOMER_KEY"]),
    Argument::text("acl"),
    Argument::flag("skip_s3_checksum"),
    // Locks.
    Argument::flag("use_lockfile"),
    Argument::text("dynamodb_table"),
    // Where the services are.
    Argument::of("endpoints", ArgumentType::Object(ENDPOINTS)),
    Argument::text("endpoint").or(&["AWS_ENDPOINT_URL_S3", "AWS_S3_ENDPOINT", "AWS_ENDPOINT_URL"]),
    Argument::text("dynamodb_endpoint").or(&[
        "AWS_ENDPOINT_URL_DYNAMODB",
        "AWS_DYNAMODB_ENDPOINT",
        "AWS_ENDPOINT_URL",
    ]),
    Argument::text("sts_endpoint").or(&["AWS_ENDPOINT_URL_STS", "AWS_STS_ENDPOINT", "AWS_ENDPOINT_URL"]),
    Argument::text("iam_endpoint"),
    Argument::text("sts_region"),
    Argument::flag("use_path_style"),
    Argument::flag("force_path_style"),
    Argument::flag("use_fips_endpoint").or(&["AWS_USE_FIPS_ENDPOINT"]),
    Argument::flag("use_dualstack_endpoint").or(&["AWS_USE_DUALSTACK_ENDPOINT"]),
    // Who signs.
    Argument::text("access_key"),
    Argument::secret("secret_key"),
    Argument::secret("token"),
    Argument::text("profile"),
    Argument::of("shared_config_files", ArgumentType::TextSet),
    Argument::of("shared_credentials_files", ArgumentType::TextSet),
    Argument::text("shared_credentials_file"),
    Argument::of("assume_role", ArgumentType::Object(ASSUME_ROLE)),
    Argument::of("assume_role_with_web_identity", ArgumentType::Object(WEB_IDENTITY)),
    Argument::text("ec2_metadata_service_endpoint")
        .or(&["AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_METADATA_URL"]),
    Argument::text("ec2_metadata_service_endpoint_mode").or(&["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"]),
    Argument::flag("skip_metadata_api_check").or(&["AWS_EC2_METADATA_DISABLED"]),
    Argument::of("allowed_account_ids", ArgumentType::TextSet),
    Argument::of("forbidden_account_ids", ArgumentType::TextSet),
    // The network.
    Argument::text("http_proxy"),
    Argument::text("https_proxy"),
    Argument::text("no_proxy"),
    Argument::text("custom_ca_bundle").or(&["AWS_CA_BUNDLE"]),
    Argument::flag("insecure"),
    // Nothing acts on these: regions and credentials are not checked before they are used.
    Argument::number("max_retries"),
    Argument::text("retry_mode"),
    Argument::flag("skip_credentials_validation"),
    Argument::flag("skip_region_validation"),
    Argument::flag("skip_requesting_account_id"),
];

const ENDPOINTS: &[Argument] = &[
    Argument::text("dynamodb"),
    Argument::text("iam"),
    Argument::text("s3"),
    Argument::text("sso"),
    Argument::text("sts"),
];

const ASSUME_ROLE: &[Argument] = &[
    Argument::text("role_arn"),
    Argument::text("duration"),
    Argument::text("external_id"),
    Argument::text("policy"),
    Argument::of("policy_arns", ArgumentType::TextSet),
    Argument::text("session_name"),
    Argument::text("source_identity"),
    Argument::of("tags", ArgumentType::TextMap),
    Argument::of("transitive_tag_keys", ArgumentType::TextSet),
];

const WEB_IDENTITY: &[Argument] = &[
    Argument::text("role_arn"),
    Argument::text("duration"),
    Argument::text("policy"),
    Argument::of("policy_arns", ArgumentType::TextSet),
    Argument::text("session_name"),
    Argument::secret("web_identity_token"),
    Argument::text("web_identity_token_file"),
];
