//! `provider_installation`: where providers come from.

use std::path::PathBuf;

use terrane_language::syntax::{AttributeSchema, BlockContent, BlockSchema, BodySchema};
use terrane_model::{Diagnostic, ProviderSource, Span};

use super::decode::{Reader, is_url_of};
use super::patterns::SourcePattern;

/// One place for packages, and which providers it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallationMethod {
    /// The place.
    pub location: PackageLocationKind,
    include: Vec<SourcePattern>,
    exclude: Vec<SourcePattern>,
}

/// A place for packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackageLocationKind {
    /// Each provider's own registry.
    Direct,
    /// A folder.
    FilesystemMirror(PathBuf),
    /// A server that speaks the network mirror protocol; the base address ends with a slash.
    NetworkMirror(String),
}

impl InstallationMethod {
    /// Makes a method for all providers but some.
    pub fn all_but(
        location: PackageLocationKind,
        excluded: impl IntoIterator<Item = ProviderSource>,
    ) -> Self {
        let exclude =
            excluded.into_iter().filter_map(|source| SourcePattern::parse(&source.to_string()).ok());
        Self { location, include: Vec::new(), exclude: exclude.collect() }
    }

    /// Tells whether the method is for a provider. What is excluded is so even where it is included too.
    pub fn is_for(&self, source: &ProviderSource) -> bool {
        let any = |patterns: &[SourcePattern]| patterns.iter().any(|pattern| pattern.admits(source));
        !any(&self.exclude) && (self.include.is_empty() || any(&self.include))
    }
}

const BLOCKS: &[BlockSchema<'static>] = &[
    BlockSchema { block_type: "direct", labels: &[] },
    BlockSchema { block_type: "filesystem_mirror", labels: &[] },
    BlockSchema { block_type: "network_mirror", labels: &[] },
];

const SCHEMA: BodySchema<'static> =
    BodySchema { attributes: &[AttributeSchema::optional("dev_overrides")], blocks: BLOCKS };

/// Reads a `provider_installation` block.
pub(super) fn decode(block: &BlockContent, reader: &mut Reader<'_>) {
    let (content, problems) = block.body.content(&SCHEMA);
    reader.found.diagnostics.extend(problems.into_iter().map(|problem| {
        let summary = "Invalid provider_installation block";
        Diagnostic { summary: summary.to_owned(), ..problem }
    }));
    if let Some(attribute) = content.attributes.get("dev_overrides") {
        for (name, folder, span) in reader.texts_by_name(&attribute.expression) {
            match ProviderSource::parse(&name).filter(|_| name.contains('/')) {
                Some(source) => {
                    reader.found.config.dev_overrides.insert(source, reader.expand_home(&folder));
                }
                None => {
                    let detail = format!(
                        "The entry {name:?} of dev_overrides is no provider source address of the form \"namespace/name\"."
                    );
                    reader.report("Invalid provider installation dev_overrides", detail, span);
                }
            }
        }
    }
    let methods: Vec<_> = content.blocks.iter().filter_map(|method| decode_method(method, reader)).collect();
    if reader.found.config.installation.is_some() {
        reader.found.diagnostics.push(duplicate().at(block.header));
        return;
    }
    reader.found.config.installation = Some(methods);
}

/// Says that there is more than one block.
pub(super) fn duplicate() -> Diagnostic {
    let detail = "No more than one provider_installation block may be specified in the CLI configuration.";
    Diagnostic::error("Too many provider_installation blocks", detail)
}

fn decode_method(block: &BlockContent, reader: &mut Reader<'_>) -> Option<InstallationMethod> {
    let kind = block.block_type.name.as_str();
    let place = match kind {
        "filesystem_mirror" => Some("path"),
        "network_mirror" => Some("url"),
        _ => None,
    };
    let mut attributes = vec![AttributeSchema::optional("include"), AttributeSchema::optional("exclude")];
    attributes.extend(place.map(AttributeSchema::required));
    let (content, problems) = block.body.content(&BodySchema { attributes: &attributes, blocks: &[] });
    let failed = problems.has_errors();
    reader.found.diagnostics.extend(problems);
    if failed {
        return None;
    }
    let include = patterns(content.attributes.get("include"), reader);
    let exclude = patterns(content.attributes.get("exclude"), reader);
    let location = match place {
        None => PackageLocationKind::Direct,
        Some(name) => {
            let expression = &content.attributes.get(name)?.expression;
            let text = reader.text(expression)?;
            match kind {
                "filesystem_mirror" => PackageLocationKind::FilesystemMirror(reader.expand_home(&text)),
                _ => PackageLocationKind::NetworkMirror(mirror_url(&text, expression.span, reader)?),
            }
        }
    };
    Some(InstallationMethod { location, include, exclude })
}

fn mirror_url(text: &str, span: Span, reader: &mut Reader<'_>) -> Option<String> {
    if !is_url_of(text, "https") {
        let detail = format!(
            "Cannot use {text:?} as a provider network mirror: the address must start with \"https://\" and name a host."
        );
        reader.report("Invalid URL for provider installation source", detail, span);
        return None;
    }
    Some(if text.ends_with('/') { text.to_owned() } else { format!("{text}/") })
}

fn patterns(
    attribute: Option<&terrane_language::syntax::tree::Attribute>,
    reader: &mut Reader<'_>,
) -> Vec<SourcePattern> {
    let Some(attribute) = attribute else { return Vec::new() };
    let mut patterns = Vec::new();
    for text in reader.texts(&attribute.expression) {
        match SourcePattern::parse(&text) {
            Ok(pattern) => patterns.push(pattern),
            Err(error) => {
                let summary = "Invalid provider installation pattern";
                reader.report(summary, format!("The pattern cannot be used: {error}."), attribute.span);
            }
        }
    }
    patterns
}
