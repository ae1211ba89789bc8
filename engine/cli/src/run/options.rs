//! The flags that say what to plan.

use terrane_model::{
    ActionInstanceAddress, Diagnostic, Diagnostics, ResourceInstanceAddress, ResourceMode, Target,
};
use terrane_plan::{PlanMode, PlanOptions};

use crate::args::{Flag, ParsedFlags};

/// Flags of everything that plans.
pub const PLANNING_FLAGS: &[Flag] = &[
    Flag::switch(
        "destroy",
        "Select the \"destroy\" planning mode, which creates a plan to destroy all objects currently managed by this configuration instead of the usual behavior.",
    ),
    Flag::switch(
        "refresh-only",
        "Select the \"refresh only\" planning mode, which checks whether remote objects still match the outcome of the most recent apply but does not propose any actions to undo any changes made outside of the configuration.",
    ),
    Flag::switch(
        "refresh",
        "Skip checking for external changes to remote objects while creating the plan (-refresh=false).",
    ),
    Flag::value(
        "replace",
        "resource",
        "Force replacement of a particular resource instance using its resource address. Use this option multiple times to replace more than one object.",
    ),
    Flag::value(
        "target",
        "resource",
        "Limit the planning operation to only the given module, resource, or resource instance and all of its dependencies. You can use this option multiple times.",
    ),
    Flag::value("target-file", "file", "Read targets from a file, one address per line."),
    Flag::value(
        "exclude",
        "resource",
        "Leave the given module, resource, or resource instance out of the plan, and everything that depends on it. You can use this option multiple times.",
    ),
    Flag::value(
        "invoke",
        "action",
        "Invoke the given action, or the given instance of it, and do nothing else: objects are only refreshed.",
    ),
    Flag::switch(
        "stages",
        "Where a count or for_each is not known before something else is applied, plan and apply that first, then plan again and go on.",
    ),
    Flag::value("exclude-file", "file", "Read what to leave out from a file, one address per line."),
];

/// Output for programs beside that for people.
pub const JSON_INTO: Flag = Flag::value(
    "json-into",
    "file",
    "Write the output that -json gives to the given file, and the usual one to the terminal.",
);

/// Output that holds nothing back.
pub const SHOW_SENSITIVE: Flag =
    Flag::switch("show-sensitive", "If specified, sensitive values are displayed.");

/// Flags of everything that runs.
pub const RUN_FLAGS: &[Flag] = &[
    JSON_INTO,
    SHOW_SENSITIVE,
    Flag::switch("concise", "Leave out the lines that say which objects are looked at."),
    Flag::value("parallelism", "n", "Limit the number of concurrent operations. Defaults to 10."),
    Flag::switch("input", "Ask for input for variables if not directly set. (-input=false)"),
    Flag::switch(
        "compact-warnings",
        "If there are any warnings but no errors, show them in a more compact form that includes only the summary messages.",
    ),
    Flag::switch("json", "Produce output in a machine-readable JSON format."),
];

/// How many operations run at once unless said otherwise.
const PARALLELISM_DEFAULT: i64 = 10;

/// Reads the planning options from flags.
///
/// # Errors
/// When they contradict each other, or one of them is no address.
pub fn plan_options(flags: &ParsedFlags, mode: Option<PlanMode>) -> Result<PlanOptions, Diagnostics> {
    let mut problems = Diagnostics::new();
    let destroy = flags.switch("destroy", false) || mode == Some(PlanMode::Destroy);
    let refresh_only = flags.switch("refresh-only", false) || mode == Some(PlanMode::RefreshOnly);
    let skip_refresh = !flags.switch("refresh", true);
    if destroy && refresh_only {
        let detail = "The -destroy and -refresh-only options are mutually-exclusive.";
        problems.push(Diagnostic::error("Incompatible plan mode options", detail));
    }
    if refresh_only && skip_refresh {
        let detail = "It doesn't make sense to use -refresh-only at the same time as -refresh=false, because there would then be \
                      nothing to do.";
        problems.push(Diagnostic::error("Incompatible refresh options", detail));
    }
    let targets = targets(flags, "target", "target-file", &mut problems);
    let excludes = targets_of(flags, &mut problems);
    if !targets.is_empty() && !excludes.is_empty() {
        let detail = "The -target and -exclude options cannot be used together: use one of them.";
        problems.push(Diagnostic::error("Invalid combination of arguments", detail));
    }
    let force_replace = replacements(flags, &mut problems);
    let invoke = invoked_action(flags, &mut problems);
    if invoke.is_some() && (destroy || !force_replace.is_empty() || !excludes.is_empty()) {
        let detail = "The -invoke option cannot be used together with -destroy, -replace or -exclude: it changes no objects.";
        problems.push(Diagnostic::error("Incompatible plan mode options", detail));
    }
    let parallelism = match flags.number("parallelism") {
        Ok(number) => number.unwrap_or(PARALLELISM_DEFAULT),
        Err(error) => {
            problems.push(Diagnostic::error("Failed to parse command-line flags", error.to_string()));
            PARALLELISM_DEFAULT
        }
    };
    if parallelism < 1 {
        let detail = format!("The parallelism must be a positive value. Not {parallelism}.");
        problems.push(Diagnostic::error("Invalid parallelism value", detail));
    }
    if problems.has_errors() {
        return Err(problems);
    }
    let mode = match (destroy, refresh_only) {
        (true, _) => PlanMode::Destroy,
        (_, true) => PlanMode::RefreshOnly,
        _ if invoke.is_some() => PlanMode::RefreshOnly,
        _ => PlanMode::Normal,
    };
    Ok(PlanOptions {
        invoke,
        mode,
        skip_refresh,
        targets,
        excludes,
        force_replace,
        parallelism: usize::try_from(parallelism).unwrap_or(1),
        ..PlanOptions::default()
    })
}

fn invoked_action(flags: &ParsedFlags, problems: &mut Diagnostics) -> Option<ActionInstanceAddress> {
    let texts = flags.all("invoke");
    if texts.len() > 1 {
        let detail = "Only one action can be invoked at a time.";
        problems.push(Diagnostic::error("Invalid arguments", detail));
    }
    let text = texts.first()?;
    let parsed = ActionInstanceAddress::parse(text);
    if let Err(error) = &parsed {
        problems.push(Diagnostic::error(format!("Invalid target {text:?}"), error.to_string()));
    }
    parsed.ok()
}

fn targets_of(flags: &ParsedFlags, problems: &mut Diagnostics) -> Vec<Target> {
    targets(flags, "exclude", "exclude-file", problems)
}

fn targets(flags: &ParsedFlags, name: &str, file_name: &str, problems: &mut Diagnostics) -> Vec<Target> {
    let mut texts = flags.all(name);
    for path in flags.all(file_name) {
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let lines =
                    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
                texts.extend(lines.map(str::to_owned));
            }
            Err(error) => {
                let detail = format!("The file {path:?} of the -{file_name} option cannot be read: {error}.");
                problems.push(Diagnostic::error("Failed to read a file of addresses", detail));
            }
        }
    }
    let mut targets = Vec::with_capacity(texts.len());
    for text in texts {
        match Target::parse(&text) {
            Ok(target) => targets.push(target),
            Err(error) => {
                let detail = error.to_string();
                problems.push(Diagnostic::error(format!("Invalid {name} {text:?}"), detail));
            }
        }
    }
    targets
}

fn replacements(flags: &ParsedFlags, problems: &mut Diagnostics) -> Vec<ResourceInstanceAddress> {
    let mut addresses = Vec::new();
    for text in flags.all("replace") {
        match ResourceInstanceAddress::parse(&text) {
            Ok(address) if address.resource.mode == ResourceMode::Managed => addresses.push(address),
            Ok(_) => {
                let detail = format!(
                    "The address {text:?} is not of a managed resource, and only those can be replaced."
                );
                problems.push(Diagnostic::error(format!("Invalid force-replace address {text:?}"), detail));
            }
            Err(error) => {
                let detail = format!("The -replace option takes the address of a resource instance. {error}");
                problems.push(Diagnostic::error(format!("Invalid force-replace address {text:?}"), detail));
            }
        }
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::flags::parse;

    fn options(words: &str) -> Result<PlanOptions, Diagnostics> {
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        plan_options(&parse(&[PLANNING_FLAGS, RUN_FLAGS], &words).unwrap(), None)
    }

    #[test]
    fn options_are_read() {
        let options =
            options("-destroy -refresh=false -target=module.a -target=a.b[0] -parallelism=3").unwrap();
        assert_eq!(options.mode, PlanMode::Destroy);
        assert!(options.skip_refresh);
        assert_eq!(options.targets.len(), 2);
        assert_eq!(options.parallelism, 3);
    }

    #[test]
    fn contradictions_are_refused() {
        for (words, summary) in [
            ("-destroy -refresh-only", "Incompatible plan mode options"),
            ("-refresh-only -refresh=false", "Incompatible refresh options"),
            ("-target=a.b -exclude=c.d", "Invalid combination of arguments"),
            ("-parallelism=0", "Invalid parallelism value"),
            ("-replace=data.a.b", "Invalid force-replace address \"data.a.b\""),
            ("-target=!", "Invalid target \"!\""),
        ] {
            let problems = options(words).unwrap_err();
            assert_eq!(problems.iter().next().unwrap().summary.as_str(), summary, "{words}");
        }
    }
}
