//! Helmfiles without templates: repositories, releases, what they need and their values.

use std::collections::BTreeMap;

use terrane_language::functions::decode_yaml;
use terrane_model::{Diagnostic, Diagnostics, Value};

use super::blocks::{BlockText, file, identifier};

/// Arguments of releases that are called alike, theirs first; those of `helmDefaults` are the same.
const SAME: [(&str, &str); 10] = [
    ("atomic", "atomic"),
    ("cleanupOnFail", "cleanup_on_fail"),
    ("createNamespace", "create_namespace"),
    ("devel", "devel"),
    ("force", "force_update"),
    ("historyMax", "max_history"),
    ("timeout", "timeout"),
    ("verify", "verify"),
    ("wait", "wait"),
    ("waitForJobs", "wait_for_jobs"),
];

/// What is read elsewhere, or only tells people something.
const KNOWN: [&str; 12] = [
    "name",
    "namespace",
    "chart",
    "version",
    "values",
    "set",
    "secrets",
    "needs",
    "condition",
    "installed",
    "labels",
    "disableValidation",
];

/// Makes releases of a helmfile.
///
/// # Errors
/// When the text is no helmfile, or has templates.
pub fn convert(text: &str) -> Result<(String, Diagnostics), Diagnostics> {
    let invalid = |detail: String| Diagnostics::from(Diagnostic::error("Not a helmfile", detail));
    if text.lines().any(|line| line.contains("{{")) {
        let detail =
            "The helmfile has templates. Render it first (\"helmfile build\"), and convert the result.";
        return Err(invalid(detail.to_owned()));
    }
    let read = decode_yaml(text).map_err(invalid)?;
    let releases = read.get("releases").and_then(Value::as_sequence);
    let releases = releases.ok_or_else(|| invalid("The file names no releases.".to_owned()))?;
    let repositories: BTreeMap<String, String> = elements(&read, "repositories")
        .iter()
        .filter_map(|repository| Some((text_of(repository, "name")?, address(repository)?)))
        .collect();
    let names: BTreeMap<String, String> = releases.iter().filter_map(release_names).collect();
    let defaults = read.get("helmDefaults").cloned().unwrap_or_else(Value::empty_object);
    let mut warnings = Diagnostics::new();
    let mut blocks = Vec::new();
    for release in releases {
        let name = text_of(release, "name").ok_or_else(|| invalid("A release has no name.".to_owned()))?;
        blocks.push(resource(release, &name, &defaults, &repositories, &names, &mut warnings));
    }
    Ok((file(&blocks), warnings))
}

fn resource(
    release: &Value,
    name: &str,
    defaults: &Value,
    repositories: &BTreeMap<String, String>,
    names: &BTreeMap<String, String>,
    warnings: &mut Diagnostics,
) -> BlockText {
    let mut block = BlockText::new("resource", &["helm_release", &identifier(name)]);
    block.set("name", &name.into());
    if let Some(namespace) = text_of(release, "namespace") {
        block.set("namespace", &namespace.as_str().into());
    }
    let chart = text_of(release, "chart").unwrap_or_default();
    match chart.split_once('/').and_then(|(repository, chart)| Some((repositories.get(repository)?, chart))) {
        Some((repository, chart)) => {
            block.set("repository", &repository.as_str().into());
            block.set("chart", &chart.into());
        }
        None => block.set("chart", &chart.as_str().into()),
    }
    if let Some(version) = text_of(release, "version") {
        block.set("version", &version.as_str().into());
    }
    if release.get("installed").and_then(Value::as_bool) == Some(false) {
        block.set("count", &0_i64.into());
    }
    for (theirs, ours) in SAME {
        let written = release.get(theirs).or_else(|| defaults.get(theirs)).filter(|value| !value.is_null());
        match written {
            Some(value) => block.set(ours, value),
            // There, nobody waits unless told so; here, everybody does.
            None if ours == "wait" => block.set(ours, &false.into()),
            None => {}
        }
    }
    values(&mut block, release);
    sets(&mut block, name, release, warnings);
    let needs: Vec<String> =
        elements(release, "needs").iter().filter_map(|need| needed(need, names)).collect();
    if !needs.is_empty() {
        block.set_expression("depends_on", format!("[{}]", needs.join(", ")));
    }
    let unknown = release.as_entries().unwrap_or_default().iter().map(|(key, _)| key.as_str());
    for key in unknown.filter(|key| !KNOWN.contains(key) && !SAME.iter().any(|(theirs, _)| theirs == key)) {
        warnings.push(left_out(name, key));
    }
    for key in ["condition", "secrets"].into_iter().filter(|key| release.get(key).is_some()) {
        warnings.push(left_out(name, key));
    }
    block
}

/// Values are names of files, or the values themselves.
fn values(block: &mut BlockText, release: &Value) {
    let written = elements(release, "values").iter().map(|value| match value.as_str() {
        Some(path) => format!("file({})", quoted(&format!("${{path.module}}/{path}"))),
        None => format!("yamlencode({})", terrane_language::functions::expression_text(value)),
    });
    let written: Vec<String> = written.collect();
    if !written.is_empty() {
        block.set_expression("values", format!("[\n{},\n]", written.join(",\n")));
    }
}

/// A text in which `${` stays what it is.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn sets(block: &mut BlockText, name: &str, release: &Value, warnings: &mut Diagnostics) {
    let mut sets = Vec::new();
    for set in elements(release, "set") {
        match (text_of(set, "name"), set.get("value").filter(|value| !value.is_null())) {
            (Some(path), Some(value)) => {
                let text = terrane_model::convert(value, &terrane_model::Type::String);
                let value = text.unwrap_or_else(|_| value.clone());
                sets.push(Value::object([("name", path.as_str().into()), ("value", value)]));
            }
            _ => warnings.push(left_out(name, "set")),
        }
    }
    if !sets.is_empty() {
        block.set("set", &Value::tuple(sets));
    }
}

/// Returns the address of the resource that a release needs: `[[CONTEXT/]NAMESPACE/]NAME`.
fn needed(need: &Value, names: &BTreeMap<String, String>) -> Option<String> {
    let need = need.as_str()?;
    let parts: Vec<&str> = need.split('/').collect();
    let (name, namespace) = (parts.last()?, parts.len().checked_sub(2).map(|position| parts[position]));
    let found = namespace
        .and_then(|namespace| names.get(&format!("{namespace}/{name}")))
        .or_else(|| names.get(*name));
    Some(format!("helm_release.{}", found?))
}

/// Returns what a release may be called by others, and its resource's name.
fn release_names(release: &Value) -> Option<(String, String)> {
    let name = text_of(release, "name")?;
    let resource = identifier(&name);
    match text_of(release, "namespace") {
        Some(namespace) => Some((format!("{namespace}/{name}"), resource)),
        None => Some((name, resource)),
    }
}

fn address(repository: &Value) -> Option<String> {
    let url = text_of(repository, "url")?;
    let is_oci = repository.get("oci").and_then(Value::as_bool) == Some(true);
    Some(if is_oci && !url.contains("://") { format!("oci://{url}") } else { url })
}

fn elements<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_sequence).unwrap_or_default()
}

fn text_of(value: &Value, name: &str) -> Option<String> {
    let value = value.get(name).filter(|value| !value.is_null())?;
    let text = terrane_model::convert(value, &terrane_model::Type::String).ok()?;
    text.as_str().map(ToString::to_string)
}

fn left_out(release: &str, name: &str) -> Diagnostic {
    let detail = format!("{name} of the release {release} has no counterpart and is left out.");
    Diagnostic::warning("Not converted", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_written_as_resources() {
        let text = "\
repositories:
- {name: jetstack, url: https://charts.example.org}
- {name: reg, url: registry.example.org/charts, oci: true}
helmDefaults: {wait: true, timeout: 600, createNamespace: true}
releases:
- name: cert-manager
  namespace: cert-manager
  chart: jetstack/cert-manager
  version: 1.18.2
  set: [{name: crds.enabled, value: true}]
- name: traefik
  namespace: traefik
  chart: reg/traefik
  needs: [cert-manager/cert-manager]
  values:
  - traefik/values.yaml
  - {service: {type: LoadBalancer}}
- name: extra
  chart: ./charts/extra
  wait: false
  installed: false
  needs: [traefik/traefik]
  hooks: [{events: [presync]}]
";
        let (converted, warnings) = convert(text).unwrap();
        insta::assert_snapshot!(converted);
        assert_eq!(warnings.len(), 1);
    }

    #[test]
    fn templates_have_to_be_rendered_first() {
        for text in ["releases: [{name: {{ .Values.x }}}]", "a: 1", "a: ["] {
            assert!(convert(text).unwrap_err().has_errors(), "{text}");
        }
    }
}
