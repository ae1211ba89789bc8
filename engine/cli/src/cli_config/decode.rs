//! One file of the CLI configuration to settings.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value as Json;
use terrane_language::config::ConstantScope;
use terrane_language::evaluate::evaluate;
use terrane_language::syntax::lexer::lex;
use terrane_language::syntax::token::TokenKind;
use terrane_language::syntax::tree::{Expression, ExpressionKind};
use terrane_language::syntax::{
    AttributeSchema, BlockContent, BlockSchema, BodySchema, ConfigBody, parse_file, parse_json_file,
};
use terrane_model::encode_json::write_simple_json;
use terrane_model::{Diagnostic, Diagnostics, SourceMap, Span, Value};

use super::{CliConfig, CredentialsHelper, installation};

/// What a file says.
#[derive(Default)]
pub(super) struct Found {
    pub(super) config: CliConfig,
    pub(super) diagnostics: Diagnostics,
}

/// Reads settings out of expressions.
pub(super) struct Reader<'a> {
    pub(super) found: Found,
    environment: &'a BTreeMap<String, String>,
    text: &'a str,
}

const SCHEMA: BodySchema<'static> = BodySchema {
    attributes: &[
        AttributeSchema::optional("plugin_cache_dir"),
        AttributeSchema::optional("plugin_cache_may_break_dependency_lock_file"),
    ],
    blocks: &[
        BlockSchema { block_type: "provider_installation", labels: &[] },
        BlockSchema { block_type: "credentials", labels: &["host"] },
        BlockSchema { block_type: "credentials_helper", labels: &["name"] },
        BlockSchema { block_type: "host", labels: &["host"] },
    ],
};

/// Reads a file, in native or JSON syntax.
pub(super) fn decode_file(
    path: &str,
    text: &str,
    environment: &BTreeMap<String, String>,
    sources: &mut SourceMap,
) -> Found {
    let text = with_objects_assigned(text);
    let file = sources.add(path, text.as_str());
    let (body, problems) = if text.trim_start().starts_with('{') {
        parse_json_file(file, &text)
    } else {
        let (body, problems) = parse_file(file, &text);
        (ConfigBody::from_native(body), problems)
    };
    let found = Found { diagnostics: problems, ..Found::default() };
    let mut reader = Reader { found, environment, text: &text };
    let (content, _, problems) = body.partial_content(&SCHEMA);
    reader.found.diagnostics.extend(problems);
    if let Some(attribute) = content.attributes.get("plugin_cache_dir") {
        let folder = reader.text(&attribute.expression);
        reader.found.config.plugin_cache_folder = folder.map(|folder| reader.expand_home(&folder));
    }
    if let Some(attribute) = content.attributes.get("plugin_cache_may_break_dependency_lock_file") {
        let flag = reader.value(&attribute.expression).and_then(|value| value.as_bool());
        reader.found.config.cache_may_break_lock_file = flag.unwrap_or(false);
    }
    for block in &content.blocks {
        match block.block_type.name.as_str() {
            "provider_installation" => installation::decode(block, &mut reader),
            "credentials" => decode_credentials(block, &mut reader),
            "credentials_helper" => decode_helper(block, &mut reader),
            _ => decode_host(block, &mut reader),
        }
    }
    reader.found
}

/// Puts the equals sign where the older syntax may do without: `dev_overrides { "a/b" = "…" }`.
fn with_objects_assigned(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    let tokens = lex(text);
    for pair in tokens.windows(2) {
        let name = pair[0].text(text);
        if matches!(name, "dev_overrides" | "services") && pair[1].kind == TokenKind::OpenBrace {
            let brace = pair[1].start as usize;
            // A blank in front of the brace gives its place, so that all places stay what they are.
            let gap = if text[..brace].ends_with(' ') { brace - 1 } else { brace };
            out.push_str(&text[copied..gap]);
            out.push('=');
            copied = brace;
        }
    }
    out.push_str(&text[copied..]);
    out
}

fn decode_credentials(block: &BlockContent, reader: &mut Reader<'_>) {
    let schema = BodySchema { attributes: &[AttributeSchema::optional("token")], blocks: &[] };
    let (content, _, problems) = block.body.partial_content(&schema);
    reader.found.diagnostics.extend(problems);
    let token = content.attributes.get("token").and_then(|token| reader.text(&token.expression));
    if let Some(token) = token {
        reader.found.config.credentials.insert(&block.labels[0].name, token);
    }
}

fn decode_helper(block: &BlockContent, reader: &mut Reader<'_>) {
    let schema = BodySchema { attributes: &[AttributeSchema::optional("args")], blocks: &[] };
    let (content, problems) = block.body.content(&schema);
    reader.found.diagnostics.extend(problems);
    let arguments = content.attributes.get("args").map(|args| reader.texts(&args.expression));
    reader.found.config.credentials.set_helper(CredentialsHelper {
        name: block.labels[0].name.to_string(),
        arguments: arguments.unwrap_or_default(),
    });
}

fn decode_host(block: &BlockContent, reader: &mut Reader<'_>) {
    let schema = BodySchema { attributes: &[AttributeSchema::required("services")], blocks: &[] };
    let (content, problems) = block.body.content(&schema);
    reader.found.diagnostics.extend(problems);
    let Some(services) = content.attributes.get("services") else { return };
    let Some(value) = reader.value(&services.expression) else { return };
    let mut text = String::new();
    let written = write_simple_json(&mut text, &value).is_ok();
    let json = if written { serde_json::from_str::<Json>(&text).ok() } else { None };
    let services = json.as_ref().and_then(Json::as_object).into_iter().flatten();
    let services = services.map(|(name, service)| (name.clone(), service.clone())).collect();
    reader.found.config.host_services.insert(block.labels[0].name.to_lowercase().to_string(), services);
}

impl Reader<'_> {
    pub(super) fn report(&mut self, summary: &str, detail: impl Into<String>, span: Span) {
        self.found.diagnostics.push(Diagnostic::error(summary, detail).at(span));
    }

    /// Returns what an expression is worth; nothing may be referred to in it.
    pub(super) fn value(&mut self, expression: &Expression) -> Option<Value> {
        let (value, problems) = evaluate(expression, &ConstantScope);
        let failed = problems.has_errors();
        self.found.diagnostics.extend(problems);
        (!failed && value.is_wholly_known()).then_some(value)
    }

    /// Returns a text. What looks like a template is taken as it is written: the older syntax has none.
    pub(super) fn text(&mut self, expression: &Expression) -> Option<String> {
        if matches!(expression.kind, ExpressionKind::Template(_) | ExpressionKind::TemplateWrap(_)) {
            let written = &self.text[expression.span.start as usize..expression.span.end as usize];
            return Some(written.trim_matches('"').to_owned());
        }
        let value = self.value(expression)?;
        let text = value.as_str().map(ToString::to_string);
        if text.is_none() {
            self.report("Invalid CLI configuration", "A string is required.", expression.span);
        }
        text
    }

    /// Returns a list of texts.
    pub(super) fn texts(&mut self, expression: &Expression) -> Vec<String> {
        let value = self.value(expression);
        let elements = value.as_ref().and_then(Value::as_sequence).unwrap_or_default();
        let texts: Option<Vec<String>> =
            elements.iter().map(|element| element.as_str().map(ToString::to_string)).collect();
        texts.unwrap_or_else(|| {
            self.report("Invalid CLI configuration", "A list of strings is required.", expression.span);
            Vec::new()
        })
    }

    /// Returns the entries of an object of texts.
    pub(super) fn texts_by_name(&mut self, expression: &Expression) -> Vec<(String, String, Span)> {
        let value = self.value(expression);
        let entries = value.as_ref().and_then(Value::as_entries).unwrap_or_default();
        let texts = entries
            .iter()
            .filter_map(|(name, text)| Some((name.to_string(), text.as_str()?.to_string(), expression.span)));
        texts.collect()
    }

    /// Replaces `$NAME` and `${NAME}` by variables, and a leading `~/` by the home folder.
    pub(super) fn expand_home(&self, path: &str) -> PathBuf {
        let expanded = expand_variables(path, self.environment);
        match (expanded.strip_prefix("~/"), self.environment.get("HOME")) {
            (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
            _ => PathBuf::from(expanded),
        }
    }
}

/// Replaces `$NAME` and `${NAME}`; what is not set becomes empty.
fn expand_variables(text: &str, environment: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        out.push_str(&rest[..dollar]);
        let behind = &rest[dollar + 1..];
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (name, after) = match behind.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some(found) => found,
            None => behind.split_at(behind.find(|c| !is_word(c)).unwrap_or(behind.len())),
        };
        if name.is_empty() {
            out.push('$');
        }
        out.push_str(environment.get(name).map_or("", String::as_str));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Tells whether a text is an address of a scheme with a host.
pub(super) fn is_url_of(text: &str, scheme: &str) -> bool {
    let rest = text.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
}
