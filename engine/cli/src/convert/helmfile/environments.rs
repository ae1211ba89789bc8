//! Environments: the values that templates are given, by the name that is chosen when a run begins.

use terrane_model::{Diagnostic, Diagnostics, Value};

use super::expression::{Scope, Used};
use super::templates::Templates;
use super::{Files, elements};
use crate::convert::blocks::{BlockText, identifier};

/// Writes the environments of a file as local values, with `local.values` for the chosen one; nothing where there are
/// none and nobody asks for them.
pub(super) fn locals(
    helmfile: &Value,
    templates: &Templates,
    files: &Files<'_>,
    used: &mut Used,
    warnings: &mut Diagnostics,
) -> Option<BlockText> {
    let shared = elements(helmfile, "values");
    let environments = helmfile.get("environments").and_then(Value::as_entries).unwrap_or_default();
    if environments.is_empty() && shared.is_empty() {
        return None;
    }
    let mut written = String::from("{\n");
    let mut is_merged = false;
    let is_default_missing = environments.iter().all(|(name, _)| name != "default");
    let default = is_default_missing.then(|| ("default".into(), Value::empty_object()));
    for (name, environment) in default.iter().chain(environments) {
        let sources: Vec<String> = shared
            .iter()
            .chain(elements(environment, "values"))
            .filter_map(|source| values(source, templates, files, used, warnings))
            .collect();
        let all = match sources.as_slice() {
            [] => "{}".to_owned(),
            [only] => only.clone(),
            several => {
                is_merged = true;
                format!("merge({})", several.join(", "))
            }
        };
        written.push_str(&format!("{} = {all}\n", key(name)));
        for key in ["secrets", "kubeContext", "missingFileHandler"] {
            if environment.get(key).is_some_and(|value| !value.is_null()) {
                let detail = format!("{key} of the environment {name} has no counterpart and is left out.");
                warnings.push(Diagnostic::warning("Not converted", detail));
            }
        }
    }
    written.push('}');
    if is_merged {
        let detail = "Values of environments come from several places. Here they are merged key by key at the top; helmfile \
                      merges what is inside, too.";
        warnings.push(Diagnostic::warning("Values merged at the top alone", detail));
    }
    used.environment_name = true;
    let mut locals = BlockText::new("locals", &[]);
    locals.set_expression("environments", written);
    locals.set_expression("values", "local.environments[var.environment]".to_owned());
    Some(locals)
}

fn key(name: &str) -> String {
    let plain = identifier(name);
    if plain == name { plain } else { format!("\"{}\"", super::templates::escaped(name)) }
}

/// Writes where values come from: a file, or the values themselves.
fn values(
    source: &Value,
    templates: &Templates,
    files: &Files<'_>,
    used: &mut Used,
    warnings: &mut Diagnostics,
) -> Option<String> {
    match source.as_str() {
        Some(path) => super::file_text(path, templates, files, &Scope::default(), used, warnings)
            .map(|text| format!("yamldecode({text})")),
        None => Some(templates.expression(source, &Scope::default(), used, warnings)),
    }
}

/// Writes the variables that the rest of the file uses.
pub(super) fn variables(used: &Used) -> Vec<BlockText> {
    let mut blocks = Vec::new();
    let mut variable = |name: &str, description: String, default: Option<&str>| {
        let mut block = BlockText::new("variable", &[name]);
        block.set_expression("type", "string".to_owned());
        block.set("description", &description.as_str().into());
        if let Some(default) = default {
            block.set("default", &default.into());
        }
        blocks.push(block);
    };
    if used.environment_name {
        variable("environment", "Name of the environment.".to_owned(), Some("default"));
    }
    for (name, (theirs, is_required)) in &used.environment {
        let description = format!("What the environment variable {theirs} was; TF_VAR_{name} sets it.");
        variable(name, description, (!is_required).then_some(""));
    }
    blocks
}
