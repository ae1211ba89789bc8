//! `version`: which version this is.

use serde_json::json;

use super::Command;
use crate::args::{Flag, ParsedFlags};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::project::TERRAFORM_VERSION;

pub(super) const COMMAND: Command = Command {
    name: "version",
    summary: "Show the current Terrane version",
    usage: "version [options]",
    flags: &[&[Flag::switch("json", "Output the version information as a JSON object.")]],
    run,
};

fn run(context: &Context, flags: &ParsedFlags) -> ExitCode {
    let platform = format!("{}_{}", std::env::consts::OS, architecture());
    if flags.switch("json", false) {
        let report = json!({
            "terraform_version": TERRAFORM_VERSION,
            "platform": platform,
            "provider_selections": {},
            "terraform_outdated": false,
            "terrane_version": env!("CARGO_PKG_VERSION"),
        });
        context.terminal.line(&serde_json::to_string_pretty(&report).unwrap_or_default());
    } else {
        context.terminal.line(&format!(
            "Terrane v{} (compatible with Terraform v{TERRAFORM_VERSION})\non {platform}",
            env!("CARGO_PKG_VERSION")
        ));
    }
    ExitCode::Success
}

/// Returns the processor architecture by the name that Terraform uses.
pub(super) fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
