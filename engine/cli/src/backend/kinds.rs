//! The backends that there are.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use terrane_model::{Attribute, Block, Diagnostic, Diagnostics, Str, Type, Value};
use terrane_state::{Backup, HttpBackend, HttpOptions, LocalBackend, LocalOptions, StateBackend};

use crate::args::ParsedFlags;

/// A kind of backend.
pub struct BackendKind {
    /// Its name in `backend "NAME"`.
    pub name: &'static str,
    /// What may be written in its block.
    pub schema: fn() -> Block,
    /// Opens it; touches no state.
    pub open: OpenBackend,
}

/// Opens a backend with the variables of the environment, a command's flags, and a value of its schema.
pub type OpenBackend =
    fn(&BTreeMap<String, String>, &ParsedFlags, &Value) -> Result<Arc<dyn StateBackend>, Diagnostics>;

const KINDS: &[BackendKind] = &[
    BackendKind { name: "local", schema: local_schema, open: open_local },
    BackendKind { name: "http", schema: http_schema, open: open_http },
];

/// Backends that Terraform has and that are not there yet.
const ABSENT: &[&str] =
    &["azurerm", "cloud", "consul", "cos", "gcs", "inmem", "kubernetes", "oci", "oss", "pg", "remote", "s3"];

/// Returns a kind by its name.
///
/// # Errors
/// When there is none.
pub fn find_kind(name: &str) -> Result<&'static BackendKind, Diagnostic> {
    if let Some(kind) = KINDS.iter().find(|kind| kind.name == name) {
        return Ok(kind);
    }
    let known: Vec<String> = KINDS.iter().map(|kind| format!("{:?}", kind.name)).collect();
    let known = known.join(" and ");
    if ABSENT.contains(&name) {
        let what = if name == "cloud" { "HCP Terraform" } else { "the backend" };
        let detail = format!(
            "States cannot be kept in {what} {name:?} yet: Terrane has the backends {known}. To work on a copy of the state in a \
             local file, fetch it with \"terraform state pull\" and use the backend \"local\"."
        );
        return Err(Diagnostic::error("Unsupported backend type", detail));
    }
    Err(Diagnostic::error("Unsupported backend type", format!("There is no backend type named {name:?}.")))
}

fn block(attributes: Vec<(&'static str, Attribute)>) -> Block {
    Block::new(attributes.into_iter().map(|(name, attribute)| (Str::from(name), attribute)), [])
}

fn local_schema() -> Block {
    let text = || Attribute::optional(Type::String);
    block(vec![("path", text()), ("workspace_dir", text())])
}

fn open_local(
    _environment: &BTreeMap<String, String>,
    flags: &ParsedFlags,
    config: &Value,
) -> Result<Arc<dyn StateBackend>, Diagnostics> {
    Ok(Arc::new(LocalBackend::new(local_options(flags, config))))
}

/// Returns where the local backend keeps states; flags of a command win over the configuration.
pub fn local_options(flags: &ParsedFlags, config: &Value) -> LocalOptions {
    let mut options = LocalOptions::default();
    if let Some(path) =
        flags.text("state").map(PathBuf::from).or_else(|| text(config, "path").map(PathBuf::from))
    {
        options.path = path;
    }
    if let Some(folder) = text(config, "workspace_dir") {
        options.workspace_folder = folder.into();
    }
    options.output_path = flags.text("state-out").map(Into::into);
    options.backup = match flags.text("backup") {
        None | Some("") => Backup::Beside,
        Some("-") => Backup::Off,
        Some(path) => Backup::At(path.into()),
    };
    options
}

fn text(config: &Value, name: &str) -> Option<String> {
    config.get(name).and_then(Value::as_str).map(ToString::to_string).filter(|text| !text.is_empty())
}

fn http_schema() -> Block {
    let text = || Attribute::optional(Type::String);
    let number = || Attribute::optional(Type::Number);
    block(vec![
        ("address", text()),
        ("update_method", text()),
        ("lock_address", text()),
        ("unlock_address", text()),
        ("lock_method", text()),
        ("unlock_method", text()),
        ("username", text()),
        ("password", text().sensitive()),
        ("skip_cert_verification", Attribute::optional(Type::Bool)),
        ("retry_max", number()),
        ("retry_wait_min", number()),
        ("retry_wait_max", number()),
        ("client_ca_certificate_pem", text()),
        ("client_certificate_pem", text()),
        ("client_private_key_pem", text().sensitive()),
    ])
}

fn open_http(
    environment: &BTreeMap<String, String>,
    _flags: &ParsedFlags,
    config: &Value,
) -> Result<Arc<dyn StateBackend>, Diagnostics> {
    let variable = |name: &str| {
        let value = environment.get(&format!("TF_HTTP_{}", name.to_uppercase()));
        value.filter(|value| !value.is_empty()).cloned()
    };
    let setting = |name: &str| text(config, name).or_else(|| variable(name));
    let number = |name: &str, default: u32| {
        let written = config.get(name).and_then(Value::as_number).map(ToString::to_string);
        written.or_else(|| variable(name)).and_then(|text| text.parse::<u32>().ok()).unwrap_or(default)
    };
    let Some(address) = setting("address") else {
        let detail = "The argument \"address\" is required, but no definition was found.";
        return Err(Diagnostic::error("Missing required argument", detail).into());
    };
    let skips_verification = config.get("skip_cert_verification").and_then(Value::as_bool).unwrap_or(false);
    let options = HttpOptions {
        address,
        update_method: setting("update_method").unwrap_or_else(|| "POST".to_owned()),
        lock_address: setting("lock_address"),
        unlock_address: setting("unlock_address"),
        lock_method: setting("lock_method").unwrap_or_else(|| "LOCK".to_owned()),
        unlock_method: setting("unlock_method").unwrap_or_else(|| "UNLOCK".to_owned()),
        username: setting("username"),
        password: setting("password"),
        skips_verification: skips_verification
            || variable("skip_cert_verification").as_deref() == Some("true"),
        retries_max: number("retry_max", 2),
        retry_wait_min: Duration::from_secs(number("retry_wait_min", 1).into()),
        retry_wait_max: Duration::from_secs(number("retry_wait_max", 30).into()),
        authorities_pem: setting("client_ca_certificate_pem"),
        client_certificate_pem: setting("client_certificate_pem"),
        client_key_pem: setting("client_private_key_pem"),
    };
    let backend = HttpBackend::new(options).map_err(|error| {
        Diagnostics::from(Diagnostic::error("Failed to configure the backend", format!("{error}.")))
    })?;
    Ok(Arc::new(backend))
}
