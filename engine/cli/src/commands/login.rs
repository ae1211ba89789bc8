//! `login` and `logout`: tokens for hosts, in the user's file for them.

use terrane_model::{Diagnostic, Diagnostics};

use super::Command;
use super::state_edit::ended;
use crate::args::ParsedFlags;
use crate::cli_config::{config_folder, store_token};
use crate::context::Context;
use crate::run::ask;
use crate::terminal::Style;

const HOST_DEFAULT: &str = "app.terraform.io";

pub(super) const LOGIN: Command = Command {
    name: "login",
    summary: "Obtain and save credentials for a remote host",
    usage: "login [hostname]",
    flags: &[],
    run: |context, flags| ended(context, login(context, flags)),
};

pub(super) const LOGOUT: Command = Command {
    name: "logout",
    summary: "Remove locally-stored credentials for a remote host",
    usage: "logout [hostname]",
    flags: &[],
    run: |context, flags| ended(context, logout(context, flags)),
};

fn host(flags: &ParsedFlags) -> Result<String, Diagnostics> {
    let host = match flags.arguments.as_slice() {
        [] => HOST_DEFAULT,
        [host] => host,
        _ => {
            let detail = "Expected at most one argument: the host to log in to or out of.";
            return Err(Diagnostic::error("Invalid command arguments", detail).into());
        }
    };
    let is_host =
        !host.is_empty() && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | ':'));
    if is_host {
        return Ok(host.to_lowercase());
    }
    let detail = format!("The given hostname {host:?} is not valid.");
    Err(Diagnostic::error("Invalid hostname", detail).into())
}

fn save(context: &Context, host: &str, token: Option<&str>) -> Result<std::path::PathBuf, Diagnostics> {
    let folder = config_folder(&context.environment)
        .ok_or_else(|| Diagnostic::error("No home folder", "There is no folder to keep credentials in."))?;
    store_token(&folder, host, token)
        .map_err(|error| Diagnostic::error("Failed to save credentials", format!("{error}.")).into())
}

/// Asks for a token that the user has made in the host's web pages.
fn login(context: &Context, flags: &ParsedFlags) -> Result<(), Diagnostics> {
    let host = host(flags)?;
    let question = format!("Token for {host}:");
    let description = format!(
        "Make an API token in the settings of your account at https://{host}/ and paste it\nhere. It will be stored in plain \
         text, in a file that only you can read."
    );
    let token = ask::ask(context, &question, &description).map(|token| token.trim().to_owned());
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        let detail = "No token was given; nothing was stored.";
        return Err(Diagnostic::error("Login cancelled", detail).into());
    };
    let path = save(context, &host, Some(&token))?;
    let done = context.terminal.style(Style::BoldGreen, "Success!");
    context.terminal.line(&format!("{done} The token for {host} is stored in {}.", path.display()));
    Ok(())
}

fn logout(context: &Context, flags: &ParsedFlags) -> Result<(), Diagnostics> {
    let host = host(flags)?;
    let path = save(context, &host, None)?;
    let done = context.terminal.style(Style::BoldGreen, "Success!");
    context.terminal.line(&format!("{done} {} has no token for {host} any more.", path.display()));
    Ok(())
}
