//! `providers lock` and `providers mirror`.

use std::path::{Path, PathBuf};

use terrane_model::{Diagnostic, Diagnostics, ProviderSource};
use terrane_provider_plugin::install::Platform;

use super::Command;
use super::state_edit::ended;
use crate::args::{Flag, ParsedFlags};
use crate::cli_config::PackageLocationKind;
use crate::context::Context;
use crate::init::dependency_lock_file::DependencyLocks;
use crate::init::lock_packages::PackageWork;
use crate::init::package_sources::PackageSources;
use crate::init::provider_requirements::{ProviderRequirements, provider_requirements};
use crate::project::load_project;
use crate::terminal::Style;

const PLATFORM: Flag = Flag::value(
    "platform",
    "os_arch",
    "Choose a target platform. By default, this is the platform of the machine that the command runs on. Use this option more than once for several platforms.",
);

pub(super) const LOCK: Command = Command {
    name: "providers lock",
    summary: "Write out dependency locks for the configured providers",
    usage: "providers lock [options] [providers...]",
    flags: &[&[
        PLATFORM,
        Flag::value(
            "fs-mirror",
            "dir",
            "Consult the given filesystem mirror directory instead of the origin registry for each of the given providers.",
        ),
        Flag::value(
            "net-mirror",
            "url",
            "Consult the given network mirror (given as a base URL) instead of the origin registry for each of the given providers.",
        ),
        Flag::switch("enable-plugin-cache", ""),
        Flag::value("test-directory", "path", "Set the test directory, defaults to \"tests\"."),
    ]],
    run: |context, flags| ended(context, lock(context, flags)),
};

pub(super) const MIRROR: Command = Command {
    name: "providers mirror",
    summary: "Save local copies of all required provider plugins",
    usage: "providers mirror [options] <target-dir>",
    flags: &[&[
        PLATFORM,
        Flag::switch(
            "lock-file",
            "Ignore the provider lock file when fetching providers (-lock-file=false).",
        ),
    ]],
    run: |context, flags| ended(context, mirror(context, flags)),
};

fn platforms(flags: &ParsedFlags) -> Result<Vec<Platform>, Diagnostics> {
    let given = flags.all("platform");
    if given.is_empty() {
        return Ok(vec![Platform::current()]);
    }
    let parsed = given.iter().map(|text| {
        Platform::parse(text).ok_or_else(|| {
            let detail =
                format!("The string {text:?} given in the -platform option is not a valid target platform.");
            Diagnostic::error("Invalid target platform", detail).into()
        })
    });
    parsed.collect()
}

/// Returns the providers that need packages, of these those that are named.
fn requirements(context: &Context, named: &[String]) -> Result<ProviderRequirements, Diagnostics> {
    let (project, _) = load_project(context).map_err(|(problems, sources)| {
        context.show(&problems, &sources);
        Diagnostics::new()
    })?;
    let mut required = provider_requirements(&project.tree);
    required.retain(|source, _| !source.is_builtin());
    if named.is_empty() {
        return Ok(required);
    }
    let mut chosen = ProviderRequirements::new();
    for name in named {
        let source = ProviderSource::parse(name).ok_or_else(|| {
            let detail = format!("{name:?} is no provider source address.");
            Diagnostics::from(Diagnostic::error("Invalid provider argument", detail))
        })?;
        let Some(constraints) = required.remove(&source) else {
            let detail = format!("The provider {source} is not required by the current configuration.");
            return Err(Diagnostic::error("Invalid provider argument", detail).into());
        };
        chosen.insert(source, constraints);
    }
    Ok(chosen)
}

fn read_locks(context: &Context) -> Result<DependencyLocks, Diagnostics> {
    DependencyLocks::read().map_err(|problems| {
        let (diagnostics, sources) = *problems;
        context.show(&diagnostics, &sources);
        Diagnostics::new()
    })
}

fn unusable(error: impl std::fmt::Display) -> Diagnostics {
    Diagnostic::error("Failed to find provider packages", format!("{error}.")).into()
}

fn lock(context: &Context, flags: &ParsedFlags) -> Result<(), Diagnostics> {
    let place = match (flags.text("fs-mirror"), flags.text("net-mirror")) {
        (Some(_), Some(_)) => {
            let detail = "The -fs-mirror and -net-mirror command line options are mutually-exclusive.";
            return Err(Diagnostic::error("Invalid installation method options", detail).into());
        }
        (Some(folder), None) => PackageLocationKind::FilesystemMirror(PathBuf::from(folder)),
        (None, Some(url)) => PackageLocationKind::NetworkMirror(format!("{}/", url.trim_end_matches('/'))),
        // Checksums for other platforms are to be had from the registries only.
        (None, None) => PackageLocationKind::Direct,
    };
    let requirements = requirements(context, &flags.arguments)?;
    let previous = read_locks(context)?;
    let sources = PackageSources::only(place, &context.cli_config, &context.environment).map_err(unusable)?;
    let work = PackageWork { sources: &sources, platforms: platforms(flags)?, terminal: &context.terminal };
    let updated = work.lock(&requirements, &previous)?;
    let success = context.terminal.style(Style::BoldGreen, "Success!");
    if updated == previous {
        context
            .terminal
            .line(&format!("\n{success} Terrane has validated the lock file and found no need for changes."));
        return Ok(());
    }
    updated.write()?;
    context.terminal.line(&format!(
        "\n{success} Terrane has updated the lock file.\n\nReview the changes in .terraform.lock.hcl and then commit to your\n\
         version control system to retain the new checksums.\n"
    ));
    Ok(())
}

fn mirror(context: &Context, flags: &ParsedFlags) -> Result<(), Diagnostics> {
    let [folder] = flags.arguments.as_slice() else {
        let detail = "The providers mirror command requires an output directory as a command-line argument.";
        return Err(Diagnostic::error("No output directory specified", detail).into());
    };
    let requirements = requirements(context, &[])?;
    let locks =
        if flags.switch("lock-file", true) { read_locks(context)? } else { DependencyLocks::default() };
    let sources = PackageSources::configured(&context.cli_config, &context.environment).map_err(unusable)?;
    let work = PackageWork { sources: &sources, platforms: platforms(flags)?, terminal: &context.terminal };
    work.mirror(&requirements, &locks, Path::new(folder))
}
