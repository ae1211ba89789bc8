//! `terraform` blocks.

use terrane_model::{Diagnostic, Diagnostics, ProviderSource, Str};

use super::constant::constant_string;
use super::decode::provider_reference;
use super::module::{Backend, RequiredProvider, Settings};
use super::version_constraint::VersionConstraints;
use crate::syntax::tree::{Expression, ExpressionKind};
use crate::syntax::{BlockContent, BodySchema};

pub(super) fn schema() -> BodySchema<'static> {
    body_schema!(
        ["required_version", "experiments", "language"],
        ["backend"["type"], "cloud", "required_providers", "provider_meta"["provider"], "encryption",]
    )
}

pub(super) fn decode(block: &BlockContent, settings: &mut Settings, diagnostics: &mut Diagnostics) {
    let (content, problems) = block.body.content(&schema());
    diagnostics.extend(problems);
    if let Some(attribute) = content.attributes.get("required_version")
        && let Some(constraints) = version_constraint(&attribute.expression, diagnostics)
    {
        settings.required_versions.push((constraints, attribute.expression.span));
    }
    if let Some(attribute) = content.attributes.get("experiments") {
        let detail = "Experimental features are intended only for gathering early feedback on new language designs, and so are \
                      available only in alpha releases of Terraform.";
        let error = Diagnostic::error("Module uses experimental features", detail);
        diagnostics.push(error.at(attribute.name.span));
    }
    for nested in &content.blocks {
        match nested.block_type.name.as_str() {
            "backend" => decode_backend(nested, nested.labels[0].name.clone(), settings, diagnostics),
            "cloud" => decode_backend(nested, "cloud".into(), settings, diagnostics),
            "required_providers" => {
                if settings.required_providers_span.is_some() {
                    let detail = "A module may have only one required providers configuration.";
                    let error = Diagnostic::error("Duplicate required providers configuration", detail);
                    diagnostics.push(error.at(nested.header));
                    continue;
                }
                settings.required_providers_span = Some(nested.header);
                decode_required_providers(nested, settings, diagnostics);
            }
            "provider_meta" => {
                let name = nested.labels[0].name.clone();
                settings.provider_meta.push((name, nested.body.clone(), nested.header));
            }
            // Whoever asks for this must not find out later that states are stored in the clear.
            "encryption" => {
                let detail = "States and plans cannot be encrypted: this block would have no effect. Remove it, or keep the state where \
                              it is encrypted at rest.";
                diagnostics.push(Diagnostic::error("Encryption is not supported", detail).at(nested.header));
            }
            _ => {}
        }
    }
}

fn decode_backend(
    block: &BlockContent,
    backend_type: Str,
    settings: &mut Settings,
    diagnostics: &mut Diagnostics,
) {
    let other = settings
        .backend
        .as_ref()
        .filter(|other| (other.backend_type == "cloud") != (backend_type == "cloud"));
    if let Some(other) = other {
        let span = if backend_type == "cloud" { other.span } else { block.header };
        let detail = "A module may provide either one 'cloud' block or one 'backend' block configuring a state backend, but not both.";
        let error = Diagnostic::error("Both a backend and cloud configuration are present", detail);
        diagnostics.push(error.at(span));
        return;
    }
    if settings.backend.is_some() {
        let summary = if backend_type == "cloud" {
            "Duplicate HCP Terraform configurations"
        } else {
            "Duplicate backend configuration"
        };
        let detail = "A module may have only one backend or cloud configuration.";
        diagnostics.push(Diagnostic::error(summary, detail).at(block.header));
        return;
    }
    settings.backend = Some(Backend { backend_type, body: block.body.clone(), span: block.header });
}

/// Reads a version constraint that must be written out.
pub(super) fn version_constraint(
    expression: &Expression,
    diagnostics: &mut Diagnostics,
) -> Option<VersionConstraints> {
    let text = constant_string(expression, diagnostics)?;
    parse_constraint(&text, expression, diagnostics)
}

/// Reads the text of a version constraint.
pub(super) fn parse_constraint(
    text: &str,
    expression: &Expression,
    diagnostics: &mut Diagnostics,
) -> Option<VersionConstraints> {
    let constraints = VersionConstraints::parse(text);
    if constraints.is_none() {
        let detail = "This string does not use correct version constraint syntax.";
        diagnostics.push(Diagnostic::error("Invalid version constraint", detail).at(expression.span));
    }
    constraints
}

fn decode_required_providers(block: &BlockContent, settings: &mut Settings, diagnostics: &mut Diagnostics) {
    let (attributes, problems) = block.body.just_attributes();
    diagnostics.extend(problems);
    for attribute in attributes {
        let local_name = attribute.name.name.clone();
        if local_name.chars().any(char::is_uppercase) {
            let detail = format!(
                "Provider names must be normalized. Replace {:?} with {:?} to fix this error.",
                local_name.as_str(),
                local_name.to_lowercase()
            );
            diagnostics
                .push(Diagnostic::error("Invalid provider local name", detail).at(attribute.name.span));
            continue;
        }
        let mut required = RequiredProvider {
            source: ProviderSource::implied(&local_name),
            local_name,
            version: VersionConstraints::default(),
            configuration_aliases: Vec::new(),
            span: attribute.span,
        };
        if let Some(items) = attribute.expression.as_object() {
            for item in items.iter() {
                decode_setting(&item.key, &item.value, &mut required, diagnostics);
            }
        } else if let Some(version) = version_constraint(&attribute.expression, diagnostics) {
            required.version = version;
        }
        settings.required_providers.push(required);
    }
}

fn decode_setting(
    key: &Expression,
    value: &Expression,
    required: &mut RequiredProvider,
    diagnostics: &mut Diagnostics,
) {
    match key.as_keyword().or(key.as_literal_string()) {
        Some("source") => {
            if !matches!(value.kind, ExpressionKind::Template(_)) && value.as_literal_string().is_none() {
                let detail = "Source must be specified as a string.";
                diagnostics.push(Diagnostic::error("Invalid source", detail).at(value.span));
                return;
            }
            let Some(source) = constant_string(value, diagnostics) else { return };
            match ProviderSource::parse(&source) {
                Some(parsed) => required.source = parsed,
                None => {
                    let detail = format!(
                        "The provider source address {:?} is not valid: it must be of the form \"namespace/name\" or \
                         \"hostname/namespace/name\".",
                        source.as_str()
                    );
                    diagnostics
                        .push(Diagnostic::error("Invalid provider source string", detail).at(value.span));
                }
            }
        }
        Some("version") => {
            if let Some(version) = version_constraint(value, diagnostics) {
                required.version = version;
            }
        }
        Some("configuration_aliases") => {
            for element in value.as_list().iter().flat_map(|elements| elements.iter()) {
                let reference = provider_reference(element, diagnostics);
                if reference.as_ref().is_some_and(|reference| reference.local_name != required.local_name) {
                    let detail = "Configuration aliases can only contain references to local provider configuration names in the format of \
                                  provider.alias.";
                    let error = Diagnostic::error("Invalid configuration_aliases value", detail);
                    diagnostics.push(error.at(element.span));
                    continue;
                }
                required.configuration_aliases.extend(reference);
            }
        }
        _ => {
            let detail = "required_providers objects can only contain \"version\", \"source\" and \
                          \"configuration_aliases\" attributes. To configure a provider, use a \"provider\" block.";
            diagnostics.push(Diagnostic::error("Invalid required_providers object", detail).at(key.span));
        }
    }
}
