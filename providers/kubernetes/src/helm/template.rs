//! `helm_template`: what a chart renders to, without a release.

use std::collections::BTreeMap;

use regex::Regex;
use terrane_model::{Diagnostic, Diagnostics, Schema, Str, Type, Value};
use terrane_provider::async_trait;

use super::chart::{self, Chart};
use super::failure::explain;
use super::program::{HelmError, Run};
use super::render::shared_arguments;
use super::{manifest, schema, values};
use crate::objects::context::Context;
use crate::objects::resource::{self, DataSource};

/// The template that brings the notes out, and where it lies.
const NOTES_TEMPLATE: &str = "templates/terrane-notes.yaml";

/// The data source.
pub(crate) struct Template {
    schema: Schema,
}

/// What came of rendering.
#[derive(Debug, Default, PartialEq)]
struct Parts {
    manifest: String,
    by_template: BTreeMap<String, String>,
    notes: String,
}

impl Template {
    /// Makes the data source.
    pub(crate) fn new() -> Self {
        Self { schema: resource::schema(0, schema::template_block()) }
    }

    fn state(
        &self,
        context: &Context,
        config: &Value,
        parts: &Parts,
        chart: &Chart,
        crds: &[String],
    ) -> Value {
        let attributes = self.schema.block.attributes().iter().map(|(name, attribute)| {
            let written = config.get(name).filter(|value| !value.is_null());
            let value = match name.as_str() {
                "crds" => Value::list_of_strings(crds.iter().map(String::as_str)),
                "id" => config.get("name").cloned().unwrap_or_else(|| Value::Null(Type::String)),
                "manifest" => parts.manifest.as_str().into(),
                "manifests" => Value::map(
                    Type::String,
                    parts
                        .by_template
                        .iter()
                        .map(|(name, text)| (Str::from(name.as_str()), text.as_str().into())),
                ),
                "notes" => parts.notes.as_str().into(),
                _ if written.is_some() => written.cloned().unwrap_or_else(|| Value::Null(attribute.ty())),
                "namespace" => context.helm.settings.namespace.as_str().into(),
                "timeout" => Value::from(300_i64),
                "description" | "keyring" => "".into(),
                "version" => chart.metadata.version.as_str().into(),
                switch if switch == "devel" || schema::TEMPLATE_SWITCHES.contains(&switch) => false.into(),
                _ => Value::Null(attribute.ty()),
            };
            (name.clone(), value)
        });
        Value::object(attributes.collect::<Vec<_>>())
    }
}

#[async_trait]
impl DataSource for Template {
    fn schema(&self) -> Schema {
        self.schema.clone()
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        let merged = if config.is_wholly_known() { values::merged(config).err() } else { None };
        merged.into_iter().collect()
    }

    async fn read(&self, context: &Context, config: &Value) -> Result<Value, Diagnostics> {
        let name = config.get("name").and_then(Value::as_str).map_or("", |name| name.as_str());
        let what = format!("The chart for {name}");
        let failed = |error: &HelmError| Diagnostics::from(explain("Chart cannot be rendered", &what, error));
        let chart = context.helm.chart(config).await.map_err(|error| failed(&error))?;
        let mut merged = values::merged(config)?;
        values::set_write_only(&mut merged, config)?;
        let with_notes =
            with_notes(&chart).map_err(|error| failed(&HelmError::Unusable(error.to_string())))?;
        let path = with_notes.as_ref().map_or(chart.path.as_path(), |folder| folder.path());
        let arguments = arguments(context, config, &path.to_string_lossy());
        let is_checked = config.get("validate").and_then(Value::as_bool) == Some(true);
        let cluster = if is_checked { Some(context.cluster().await?) } else { None };
        let input = serde_json::to_vec(&merged).unwrap_or_default();
        let run = Run { arguments, input, folder: Some(context.helm.working_folder()), ..Run::default() };
        let text = context.helm.run(cluster.as_deref(), run).await.map_err(|error| failed(&error))?;
        let parts = parts(&text, &wanted(config)?)?;
        let crds = chart.crds().map_err(|error| failed(&HelmError::Unusable(error)))?;
        Ok(self.state(context, config, &parts, &chart, &crds))
    }
}

fn arguments(context: &Context, config: &Value, path: &str) -> Vec<String> {
    let text = |name: &str| {
        config.get(name).and_then(Value::as_str).map(ToString::to_string).filter(|text| !text.is_empty())
    };
    let namespace = text("namespace").unwrap_or_else(|| context.helm.settings.namespace.clone());
    let mut arguments = vec!["template".to_owned(), text("name").unwrap_or_default(), path.to_owned()];
    arguments.extend(["--namespace".to_owned(), namespace, "--values".to_owned(), "-".to_owned()]);
    for (name, switch) in [
        ("include_crds", "--include-crds"),
        ("is_upgrade", "--is-upgrade"),
        ("validate", "--validate"),
        ("skip_tests", "--skip-tests"),
        ("disable_webhooks", "--no-hooks"),
        ("render_subchart_notes", "--render-subchart-notes"),
    ] {
        if config.get(name).and_then(Value::as_bool) == Some(true) {
            arguments.push(switch.to_owned());
        }
    }
    if let Some(version) = text("kube_version") {
        arguments.extend(["--kube-version".to_owned(), version]);
    }
    for version in config.get("api_versions").and_then(Value::as_sequence).unwrap_or_default() {
        if let Some(version) = version.as_str() {
            arguments.extend(["--api-versions".to_owned(), version.to_string()]);
        }
    }
    arguments.extend(shared_arguments(config));
    arguments
}

/// Returns a copy of a chart that renders its notes, too: Helm itself shows them only of releases. Nothing where the
/// chart has no notes.
fn with_notes(chart: &Chart) -> std::io::Result<Option<tempfile::TempDir>> {
    let files = chart::files(&chart.path).map_err(std::io::Error::other)?;
    let Some(notes) = files.get("templates/NOTES.txt") else { return Ok(None) };
    let folder = tempfile::Builder::new().prefix("terrane-chart-").tempdir()?;
    for (name, bytes) in &files {
        let path = folder.path().join(name);
        // Names in archives may try to lead elsewhere.
        let stays = std::path::Path::new(name)
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        if let Some(parent) = path.parent().filter(|_| stays) {
            std::fs::create_dir_all(parent)?;
            std::fs::write(&path, bytes)?;
        }
    }
    let notes = String::from_utf8_lossy(notes);
    let template = format!(
        "{{{{- define \"terrane.notes\" }}}}{notes}{{{{ end -}}}}\nkind: TerraneNotes\nnotes: {{{{ include \"terrane.notes\" . | toJson }}}}\n"
    );
    std::fs::write(folder.path().join(NOTES_TEMPLATE), template)?;
    Ok(Some(folder))
}

/// Returns the patterns of the templates that are wanted; none for all.
fn wanted(config: &Value) -> Result<Vec<(String, Regex)>, Diagnostics> {
    let patterns = config.get("show_only").and_then(Value::as_sequence).unwrap_or_default();
    let texts = patterns.iter().filter_map(Value::as_str).filter(|text| !text.is_empty());
    let read = texts.map(|text| {
        let regex = Regex::new(&glob(text)).map_err(|error| {
            Diagnostics::from(Diagnostic::error("Invalid pattern", format!("{:?}: {error}", text.as_str())))
        })?;
        Ok((text.to_string(), regex))
    });
    read.collect()
}

/// Turns a pattern for names of files into a regular expression.
fn glob(pattern: &str) -> String {
    let mut regex = String::from("^");
    let mut in_class = false;
    for character in pattern.chars() {
        match character {
            '*' if !in_class => regex.push_str("[^/]*"),
            '?' if !in_class => regex.push_str("[^/]"),
            '[' | ']' => {
                in_class = character == '[';
                regex.push(character);
            }
            other if in_class => regex.push(other),
            other => regex.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    regex.push('$');
    regex
}

/// Takes what Helm prints apart: notes, and what each template renders to.
fn parts(text: &str, wanted: &[(String, Regex)]) -> Result<Parts, Diagnostics> {
    let mut parts = Parts::default();
    let mut documents: Vec<(usize, String, &str)> = Vec::new();
    for (position, document) in crate::yaml::split(text).into_iter().enumerate() {
        // The first part of the source is the chart.
        let source = manifest::source(document).split_once('/').map_or("", |(_, name)| name);
        if source == NOTES_TEMPLATE {
            let notes = crate::yaml::read(document).unwrap_or_default();
            parts.notes = notes.get("notes").and_then(|notes| notes.as_str()).unwrap_or_default().to_owned();
        } else {
            documents.push((position, source.to_owned(), document.trim_end()));
        }
    }
    let missing =
        wanted.iter().find(|(_, regex)| !documents.iter().any(|(_, source, _)| regex.is_match(source)));
    if let Some((pattern, _)) = missing {
        let detail = format!("The chart has no template {pattern:?}.");
        return Err(Diagnostic::error("Template not found", detail).into());
    }
    let is_wanted =
        |source: &str| wanted.is_empty() || wanted.iter().any(|(_, regex)| regex.is_match(source));
    documents.retain(|(_, source, _)| is_wanted(source));
    for (_, source, document) in documents {
        parts.manifest.push_str(&format!("---\n{document}\n"));
        parts.by_template.entry(source).or_default().push_str(&format!("---\n{document}\n"));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "---\n# Source: c/templates/a.yaml\nkind: A\n---\n# Source: c/templates/sub/b.yaml\nkind: B\n---\n\
                        # Source: c/templates/terrane-notes.yaml\nkind: TerraneNotes\nnotes: \"Hello\\n\"\n---\n# Source: c/templates/a.yaml\nkind: C\n";

    fn only(patterns: &[&str]) -> Result<Parts, Diagnostics> {
        let patterns = patterns.iter().map(|text| ((*text).to_owned(), Regex::new(&glob(text)).unwrap()));
        parts(TEXT, &patterns.collect::<Vec<_>>())
    }

    #[test]
    fn renderings_are_taken_apart() {
        let all = only(&[]).unwrap();
        assert_eq!(all.notes, "Hello\n");
        assert_eq!(all.by_template["templates/a.yaml"].matches("---").count(), 2);
        assert_eq!(all.manifest.matches("kind:").count(), 3);
        let some = only(&["templates/*.yaml"]).unwrap();
        assert_eq!(some.by_template.len(), 1);
        assert!(only(&["templates/c.yaml"]).unwrap_err().has_errors());
    }
}
