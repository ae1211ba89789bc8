//! Helmfiles: environments, repositories, releases, what they need and their values, with templates as expressions.

mod environments;
mod expression;
mod functions;
mod release;
mod templates;
mod values_file;

use std::collections::BTreeMap;

use terrane_language::functions::decode_yaml;
use terrane_model::{Diagnostic, Diagnostics, Value};

use self::expression::{Scope, Used};
use self::release::{Names, Surroundings};
use self::templates::Templates;
use super::Files;
use super::blocks::file;

/// What a file may say at its top that is read here.
const KNOWN: [&str; 8] = [
    "environments",
    "helmDefaults",
    "hooks",
    "releases",
    "repositories",
    "templates",
    "values",
    "lockFilePath",
];

/// Makes releases of a helmfile.
///
/// # Errors
/// When the text is no helmfile, or has templates that decide what it says.
pub fn convert(text: &str, files: &Files<'_>) -> Result<(String, Diagnostics), Diagnostics> {
    let invalid = |detail: String| Diagnostics::from(Diagnostic::error("Not a helmfile", detail));
    let mut templates = Templates::default();
    let plain = templates.take_out(text).map_err(invalid)?;
    let helmfile = read(&plain).map_err(invalid)?;
    let releases: Vec<Value> =
        elements(&helmfile, "releases").iter().map(|release| inherited(release, &helmfile)).collect();
    if helmfile.get("releases").is_none() {
        return Err(invalid("The file names no releases.".to_owned()));
    }
    let repositories: BTreeMap<String, String> = elements(&helmfile, "repositories")
        .iter()
        .filter_map(|repository| Some((text_of(repository, "name")?, address(repository)?)))
        .collect();
    let (mut used, mut warnings) = (Used::default(), Diagnostics::new());
    let locals = environments::locals(&helmfile, &templates, files, &mut used, &mut warnings);
    let defaults = helmfile.get("helmDefaults").cloned().unwrap_or_else(Value::empty_object);
    let names = Names::of(&releases);
    let surroundings = Surroundings { templates: &templates, files, defaults, repositories, names };
    let mut resources = Vec::new();
    for release in &releases {
        let name = text_of(release, "name").ok_or_else(|| invalid("A release has no name.".to_owned()))?;
        resources.push(release::resource(release, &name, &surroundings, &mut used, &mut warnings));
    }
    release::hooks("the file", &helmfile, &mut warnings);
    for (name, _) in helmfile.as_entries().unwrap_or_default() {
        if !KNOWN.contains(&name.as_str()) {
            let detail = format!("{name} has no counterpart and is left out.");
            warnings.push(Diagnostic::warning("Not converted", detail));
        }
    }
    if used.values && locals.is_none() {
        let detail = "Templates use values, and the file has no environments with any: set local.values.";
        warnings.push(Diagnostic::warning("Values not known", detail));
    }
    let mut blocks = environments::variables(&used);
    blocks.extend(locals);
    blocks.extend(resources);
    Ok((file(&blocks), warnings))
}

/// Reads the documents of a file as one: each may say a part.
fn read(text: &str) -> Result<Value, String> {
    let mut documents = vec![String::new()];
    for line in text.lines() {
        match documents.last_mut() {
            Some(document) if line.trim_end() != "---" => document.extend([line, "\n"]),
            _ => documents.push(String::new()),
        }
    }
    let mut all: Vec<(terrane_model::Str, Value)> = Vec::new();
    for document in documents.iter().filter(|document| !document.trim().is_empty()) {
        let value = decode_yaml(document)?;
        for (name, value) in value.as_entries().unwrap_or_default() {
            all.retain(|(known, _)| known != name);
            all.push((name.clone(), value.clone()));
        }
    }
    Ok(Value::object(all))
}

/// Adds to a release what the templates say that it inherits.
fn inherited(release: &Value, helmfile: &Value) -> Value {
    let mut all: Vec<(terrane_model::Str, Value)> = release.as_entries().unwrap_or_default().to_vec();
    for inherit in elements(release, "inherit") {
        let template =
            text_of(inherit, "template").and_then(|name| helmfile.get("templates")?.get(&name).cloned());
        for (name, value) in template.iter().flat_map(|template| template.as_entries().unwrap_or_default()) {
            if all.iter().all(|(known, _)| known != name) {
                all.push((name.clone(), value.clone()));
            }
        }
    }
    Value::object(all)
}

/// Writes the text of a file: files with templates are read now, others when they are used.
fn file_text(
    path: &str,
    templates: &Templates,
    files: &Files<'_>,
    scope: &Scope,
    used: &mut Used,
    warnings: &mut Diagnostics,
) -> Option<String> {
    let is_template = path.ends_with(".gotmpl");
    if !is_template || path.contains("__action_") {
        let path = templates.text(path, scope, used, warnings);
        let inside = path.strip_prefix('"').and_then(|path| path.strip_suffix('"'));
        let path = inside.map_or_else(|| format!("${{{path}}}"), ToOwned::to_owned);
        return Some(format!("file(\"${{path.module}}/{path}\")"));
    }
    let converted = files(path).and_then(|text| values_file::heredoc(&text, scope, used));
    converted
        .map_err(|why| {
            let detail = format!("The file {path} is left out: {why}.");
            warnings.push(Diagnostic::warning("Values not converted", detail));
        })
        .ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: &str = "\
image: {{ .Values.registry }}/traefik
{{- if .Values.dashboard }}
dashboard: {{ toYaml .Values.dashboard | nindent 2 }}
{{- end }}
release: {{ .Release.Name }}
";

    fn converted(text: &str) -> Result<(String, String), Diagnostics> {
        let files = |path: &str| match path {
            "traefik/values.yaml.gotmpl" => Ok(VALUES.to_owned()),
            other => Err(format!("there is no {other}")),
        };
        let (text, warnings) = convert(text, &files)?;
        let said: Vec<String> =
            warnings.iter().map(|warning| format!("{}: {}", warning.summary, warning.detail)).collect();
        Ok((text, said.join("\n")))
    }

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
";
        let (text, warnings) = converted(text).unwrap();
        insta::assert_snapshot!(text);
        assert_eq!(warnings, "");
    }

    #[test]
    fn environments_templates_and_needs_find_their_counterparts() {
        let text = "\
environments:
  default:
    values:
    - registry: localhost:5000
      dashboard: {port: 80}
  production:
    values:
    - environments/production.yaml
    - {replicas: 3}
    secrets: [secrets.yaml]
---
repositories:
- name: stable
  url: {{ env \"CHARTS\" | default \"https://charts.example.org\" }}
templates:
  quiet: &quiet
    wait: false
    values: [{quiet: true}]
hooks:
- {events: [prepare], command: ./prepare.sh, args: [all]}
releases:
- name: redis
  namespace: one
  chart: stable/redis
  version: {{ .Values.versions.redis | quote }}
  condition: redis.enabled
- name: redis
  namespace: two
  chart: stable/redis
  inherit: [{template: quiet}]
  needs: [one/redis]
- name: traefik
  namespace: {{ .Environment.Name }}-edge
  chart: stable/traefik
  installed: {{ ne .Environment.Name \"test\" }}
  needs: [cluster/two/redis, one/redis, nobody]
  values:
  - traefik/values.yaml.gotmpl
  - missing.yaml.gotmpl
  - certificate: {{ readFile \"tls/ca.crt\" | b64enc }}
    replicas: {{ .Values.replicas | default 1 }}
    host: \"{{ .Release.Name }}.{{ requiredEnv \"DOMAIN\" }}\"
    vault: {{ exec \"vault\" (list \"read\") }}
  hooks:
  - {events: [presync, postsync], command: kubectl, args: [apply, -f, crds.yaml]}
";
        let (text, warnings) = converted(text).unwrap();
        insta::assert_snapshot!(format!("{text}\n# {}\n", warnings.replace('\n', "\n# ")));
    }

    #[test]
    fn what_is_no_helmfile_is_refused() {
        for (text, expected) in [
            ("releases:\n{{ if .Values.x }}\n- name: a\n{{ end }}\n", "Around line"),
            ("a: 1", "names no releases"),
            ("a: [", ""),
            ("releases: [{chart: a}]", "has no name"),
            ("releases: [{name: {{ .Values.x }]", "opened and not closed"),
        ] {
            let refused = converted(text).unwrap_err();
            let detail = refused.iter().map(|diagnostic| diagnostic.detail.to_string()).collect::<String>();
            assert!(refused.has_errors() && detail.contains(expected), "{text}: {detail}");
        }
    }
}
