//! `version`: which version this is.

use std::collections::BTreeMap;

use serde_json::json;
use terrane_provider_plugin::install::Platform;

use super::Command;
use crate::args::{Flag, ParsedFlags};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::init::dependency_lock_file::DependencyLocks;
use crate::project::TERRAFORM_VERSION;

pub(super) const COMMAND: Command = Command {
    name: "version",
    summary: "Show the current Terrane version",
    usage: "version [options]",
    flags: &[&[Flag::switch("json", "Output the version information as a JSON object.")]],
    run,
};

fn run(context: &Context, flags: &ParsedFlags) -> ExitCode {
    let platform = Platform::current().to_string();
    // Whoever asks for the version need not have a lock file that is right.
    let locks = DependencyLocks::read().unwrap_or_default();
    if flags.switch("json", false) {
        let selections: BTreeMap<String, String> =
            locks.providers().map(|(source, lock)| (source.to_string(), lock.version.to_string())).collect();
        let report = json!({
            "terraform_version": TERRAFORM_VERSION,
            "platform": platform,
            "provider_selections": selections,
            "terraform_outdated": false,
            "terrane_version": env!("CARGO_PKG_VERSION"),
        });
        context.terminal.line(&serde_json::to_string_pretty(&report).unwrap_or_default());
    } else {
        context.terminal.line(&format!(
            "Terrane v{} (compatible with Terraform v{TERRAFORM_VERSION})\non {platform}",
            env!("CARGO_PKG_VERSION")
        ));
        for (source, lock) in locks.providers() {
            context.terminal.line(&format!("+ provider {source} v{}", lock.version));
        }
    }
    ExitCode::Success
}
