//! Releases: each becomes a resource.

use std::collections::{BTreeMap, BTreeSet};

use terrane_model::{Diagnostic, Diagnostics, Value};

use super::expression::{Scope, Used, translate};
use super::templates::Templates;
use super::{Files, elements, file_text, text_of};
use crate::convert::blocks::{BlockText, identifier};

/// Arguments of releases that are called alike, theirs first; those of `helmDefaults` are the same.
const SAME: [(&str, &str); 12] = [
    ("atomic", "atomic"),
    ("cleanupOnFail", "cleanup_on_fail"),
    ("createNamespace", "create_namespace"),
    ("devel", "devel"),
    ("disableOpenAPIValidation", "disable_openapi_validation"),
    ("force", "force_update"),
    ("historyMax", "max_history"),
    ("skipDeps", ""),
    ("timeout", "timeout"),
    ("verify", "verify"),
    ("wait", "wait"),
    ("waitForJobs", "wait_for_jobs"),
];

/// What is read elsewhere, or only tells people something.
const KNOWN: [&str; 13] = [
    "name",
    "namespace",
    "chart",
    "version",
    "values",
    "set",
    "needs",
    "condition",
    "installed",
    "labels",
    "disableValidation",
    "inherit",
    "hooks",
];

/// What all releases of a file share.
pub(super) struct Surroundings<'s> {
    pub(super) templates: &'s Templates,
    pub(super) files: &'s Files<'s>,
    pub(super) defaults: Value,
    /// Addresses of repositories by their names.
    pub(super) repositories: BTreeMap<String, String>,
    pub(super) names: Names,
}

/// The resources' names, by namespace and name of the release.
pub(super) struct Names(BTreeMap<(String, String), String>);

impl Names {
    /// Names the resources of releases; the namespace tells those apart that are called alike.
    pub(super) fn of(releases: &[Value]) -> Self {
        let place = |release: &Value| {
            Some((text_of(release, "namespace").unwrap_or_default(), text_of(release, "name")?))
        };
        let places: Vec<(String, String)> = releases.iter().filter_map(place).collect();
        let mut taken = BTreeSet::new();
        let mut names = BTreeMap::new();
        for (namespace, name) in places.iter().cloned() {
            let is_shared = places.iter().filter(|(_, other)| *other == name).take(2).count() > 1;
            let wanted = if is_shared { format!("{namespace}-{name}") } else { name.clone() };
            let wanted = identifier(&without_placeholders(&wanted));
            let mut unique = wanted.clone();
            for number in 2.. {
                if taken.insert(unique.clone()) {
                    break;
                }
                unique = format!("{wanted}_{number}");
            }
            names.insert((namespace, name), unique);
        }
        Self(names)
    }

    /// Returns the resource of a release that another needs: `[[CONTEXT/]NAMESPACE/]NAME`.
    fn needed(&self, need: &str, namespace: &str) -> Option<&str> {
        let parts: Vec<&str> = need.split('/').collect();
        let name = (*parts.last()?).to_owned();
        let namespace = parts.len().checked_sub(2).map_or(namespace, |position| parts[position]);
        let found = self.0.get(&(namespace.to_owned(), name.clone()));
        // Releases without a namespace are meant wherever they are.
        found.or_else(|| self.0.get(&(String::new(), name))).map(String::as_str)
    }
}

/// Makes the names of placeholders readable: what they stand for is not known when names are given.
fn without_placeholders(text: &str) -> String {
    text.replace("__action_", "release_").replace("__", "")
}

/// Writes a release as a resource.
pub(super) fn resource(
    release: &Value,
    name: &str,
    surroundings: &Surroundings<'_>,
    used: &mut Used,
    warnings: &mut Diagnostics,
) -> BlockText {
    let templates = surroundings.templates;
    let namespace = text_of(release, "namespace").unwrap_or_default();
    let key = (namespace.clone(), name.to_owned());
    let resource = surroundings.names.0.get(&key).cloned().unwrap_or_else(|| identifier(name));
    let mut scope = Scope::default();
    let name_text = templates.text(name, &scope, used, warnings);
    let namespace_text = templates.text(&namespace, &scope, used, warnings);
    scope.release = Some((name_text.clone(), namespace_text.clone()));
    let mut block = BlockText::new("resource", &["helm_release", &resource]);
    count(&mut block, release, surroundings, &scope, used, warnings);
    block.set_expression("name", name_text);
    if !namespace.is_empty() {
        block.set_expression("namespace", namespace_text);
    }
    chart(&mut block, release, surroundings, &scope, used, warnings);
    for (theirs, ours) in SAME.into_iter().filter(|(_, ours)| !ours.is_empty()) {
        let written = release.get(theirs).or_else(|| surroundings.defaults.get(theirs));
        match written.filter(|value| !value.is_null()) {
            Some(value) => {
                block.set_expression(ours, templates.expression(value, &scope, used, warnings));
            }
            // There, nobody waits unless told so; here, everybody does.
            None if ours == "wait" => block.set(ours, &false.into()),
            None => {}
        }
    }
    values(&mut block, release, surroundings, &scope, used, warnings);
    sets(&mut block, name, release, templates, &scope, used, warnings);
    needs(&mut block, name, &namespace, release, surroundings, warnings);
    leftovers(name, release, warnings);
    block
}

/// `installed` and `condition` say whether there is a release at all.
fn count(
    block: &mut BlockText,
    release: &Value,
    surroundings: &Surroundings<'_>,
    scope: &Scope,
    used: &mut Used,
    warnings: &mut Diagnostics,
) {
    let mut conditions = Vec::new();
    match release.get("installed") {
        None | Some(Value::Null(_)) => {}
        Some(installed) => match installed.as_bool() {
            Some(true) => {}
            Some(false) => conditions.push("false".to_owned()),
            None => {
                let text = surroundings.templates.expression(installed, scope, used, warnings);
                conditions.push(format!("try(tobool({text}), false)"));
            }
        },
    }
    if let Some(path) = text_of(release, "condition") {
        match translate(&format!(".Values.{path}"), scope, used) {
            Ok(value) => conditions.push(format!("try(tobool({}), false)", value.text)),
            Err(why) => warnings.push(super::templates::without_counterpart(&path, &why)),
        }
    }
    match conditions.as_slice() {
        [] => {}
        [only] if only == "false" => block.set("count", &0_i64.into()),
        all => block.set_expression("count", format!("{} ? 1 : 0", all.join(" && "))),
    }
}

fn chart(
    block: &mut BlockText,
    release: &Value,
    surroundings: &Surroundings<'_>,
    scope: &Scope,
    used: &mut Used,
    warnings: &mut Diagnostics,
) {
    let templates = surroundings.templates;
    let chart = text_of(release, "chart").unwrap_or_default();
    let in_repository = chart
        .split_once('/')
        .and_then(|(repository, chart)| Some((surroundings.repositories.get(repository)?, chart)));
    let mut set = |name: &str, text: &str| {
        block.set_expression(name, templates.text(text, scope, used, warnings));
    };
    match in_repository {
        Some((repository, chart)) => {
            set("repository", repository);
            set("chart", chart);
        }
        None => set("chart", &chart),
    }
    if let Some(version) = text_of(release, "version") {
        set("version", &version);
    }
}

/// Values are names of files, or the values themselves.
fn values(
    block: &mut BlockText,
    release: &Value,
    surroundings: &Surroundings<'_>,
    scope: &Scope,
    used: &mut Used,
    warnings: &mut Diagnostics,
) {
    let templates = surroundings.templates;
    let written = elements(release, "values").iter().filter_map(|value| match value.as_str() {
        Some(path) => file_text(path, templates, surroundings.files, scope, used, warnings),
        None => Some(format!("yamlencode({})", templates.expression(value, scope, used, warnings))),
    });
    let written: Vec<String> = written.collect();
    if !written.is_empty() {
        block.set_expression("values", format!("[\n{},\n]", written.join(",\n")));
    }
}

fn sets(
    block: &mut BlockText,
    name: &str,
    release: &Value,
    templates: &Templates,
    scope: &Scope,
    used: &mut Used,
    warnings: &mut Diagnostics,
) {
    let mut sets = Vec::new();
    for set in elements(release, "set") {
        match (text_of(set, "name"), text_of(set, "value")) {
            (Some(path), Some(value)) => {
                let path = templates.text(&path, scope, used, warnings);
                let value = templates.text(&value, scope, used, warnings);
                sets.push(format!("{{\nname = {path}\nvalue = {value}\n}}"));
            }
            _ => warnings.push(left_out(name, "set")),
        }
    }
    if !sets.is_empty() {
        block.set_expression("set", format!("[{}]", sets.join(", ")));
    }
}

fn needs(
    block: &mut BlockText,
    name: &str,
    namespace: &str,
    release: &Value,
    surroundings: &Surroundings<'_>,
    warnings: &mut Diagnostics,
) {
    let mut found = Vec::new();
    for need in elements(release, "needs").iter().filter_map(Value::as_str) {
        match surroundings.names.needed(need, namespace) {
            Some(resource) => found.push(format!("helm_release.{resource}")),
            None => {
                let detail = format!("The release {name} needs {need}, which is no release of this file.");
                warnings.push(Diagnostic::warning("Not converted", detail));
            }
        }
    }
    if !found.is_empty() {
        block.set_expression("depends_on", format!("[{}]", found.join(", ")));
    }
}

fn leftovers(name: &str, release: &Value, warnings: &mut Diagnostics) {
    let unknown = release.as_entries().unwrap_or_default().iter().map(|(key, _)| key.as_str());
    for key in unknown.filter(|key| !KNOWN.contains(key) && !SAME.iter().any(|(theirs, _)| theirs == key)) {
        warnings.push(left_out(name, key));
    }
    hooks(&format!("the release {name}"), release, warnings);
}

/// Hooks run commands of whoever calls helmfile: each is named.
pub(super) fn hooks(whose: &str, value: &Value, warnings: &mut Diagnostics) {
    for hook in elements(value, "hooks") {
        let events: Vec<String> =
            elements(hook, "events").iter().filter_map(|event| Some(event.as_str()?.to_string())).collect();
        let command = text_of(hook, "command").unwrap_or_default();
        let arguments: Vec<String> = elements(hook, "args")
            .iter()
            .filter_map(|argument| Some(argument.as_str()?.to_string()))
            .collect();
        let command = std::iter::once(command).chain(arguments).collect::<Vec<_>>().join(" ");
        let detail = format!(
            "The hook of {whose} at {} has no counterpart and is left out: {command}. A terraform_data resource with a \
             local-exec provisioner can run it.",
            events.join(", ")
        );
        warnings.push(Diagnostic::warning("Hook not converted", detail));
    }
}

fn left_out(release: &str, name: &str) -> Diagnostic {
    let detail = format!("{name} of the release {release} has no counterpart and is left out.");
    Diagnostic::warning("Not converted", detail)
}
