//! Override files: they change declarations argument by argument instead of adding to them.

use terrane_model::{Diagnostic, Diagnostics, ResourceMode};

use super::module::{
    IgnoreChanges, Lifecycle, Module, ModuleCall, Output, ProviderBlock, Resource, Variable,
};
use super::{action, decode, module_call, output, provider_block, resource, terraform_block, variable};
use crate::syntax::{BlockContent, ConfigBody};

/// Merges what an override file says into a module.
pub(super) fn apply(body: &ConfigBody, module: &mut Module, diagnostics: &mut Diagnostics) {
    let (content, problems) = body.content(&decode::file_schema());
    diagnostics.extend(problems);
    for block in &content.blocks {
        match block.block_type.name.as_str() {
            "terraform" => override_settings(block, module, diagnostics),
            "provider" => override_provider(block, module, diagnostics),
            "variable" => override_variable(block, module, diagnostics),
            "locals" => override_locals(block, module, diagnostics),
            "output" => override_output(block, module, diagnostics),
            "module" => override_call(block, module, diagnostics),
            "resource" | "data" | "ephemeral" => override_resource(block, module, diagnostics),
            "action" => override_action(block, module, diagnostics),
            other => {
                let (summary, detail) = match other {
                    "moved" => (
                        "Cannot override 'moved' blocks",
                        "Records of moved objects can appear only in normal files, not in override files.",
                    ),
                    "import" => (
                        "Cannot override 'import' blocks",
                        "Import blocks can appear only in normal files, not in override files.",
                    ),
                    "removed" => (
                        "Cannot override 'removed' blocks",
                        "Removed blocks can appear only in normal files, not in override files.",
                    ),
                    _ => (
                        "Cannot override this block",
                        "Blocks of this type can appear only in normal files, not in override files.",
                    ),
                };
                diagnostics.push(Diagnostic::error(summary, detail).at(block.header));
            }
        }
    }
}

fn missing_base(kind: &str, name: &str, block: &BlockContent) -> Diagnostic {
    let detail = format!(
        "There is no {kind} named {name:?}. An override file can only override a {kind} that was already declared in a \
         primary configuration file."
    );
    let noun = match kind {
        "local value" => "local value definition",
        "output" => "output definition",
        kind => {
            return Diagnostic::error(format!("Missing base {kind} declaration to override"), detail)
                .at(block.header);
        }
    };
    Diagnostic::error(format!("Missing base {noun} to override"), detail).at(block.header)
}

fn override_settings(block: &BlockContent, module: &mut Module, diagnostics: &mut Diagnostics) {
    let mut settings = super::module::Settings::default();
    terraform_block::decode(block, &mut settings, diagnostics);
    let base = &mut module.settings;
    if !settings.required_versions.is_empty() {
        base.required_versions = settings.required_versions;
    }
    for required in settings.required_providers {
        base.required_providers.retain(|other| other.local_name != required.local_name);
        base.required_providers.push(required);
    }
    base.backend = settings.backend.or(base.backend.take());
    for meta in settings.provider_meta {
        base.provider_meta.retain(|(name, ..)| *name != meta.0);
        base.provider_meta.push(meta);
    }
}

fn override_provider(block: &BlockContent, module: &mut Module, diagnostics: &mut Diagnostics) {
    let Some(new) = provider_block::decode(block, diagnostics) else { return };
    let same = |other: &&mut ProviderBlock| other.local_name == new.local_name && other.alias == new.alias;
    match module.provider_blocks.iter_mut().find(same) {
        Some(base) => {
            base.for_each = new.for_each.or(base.for_each.take());
            base.body = base.body.clone().overridden_by(new.body);
        }
        // A configuration for a provider that has none so far needs no base.
        None if new.alias.is_none() => module.provider_blocks.push(new),
        None => diagnostics.push(missing_base("provider configuration", &new.local_name, block)),
    }
}

fn override_variable(block: &BlockContent, module: &mut Module, diagnostics: &mut Diagnostics) {
    let Some(name) = block.labels.first().map(|label| label.name.clone()) else { return };
    let Some((position, _)) = module.variable(&name) else {
        diagnostics.push(missing_base("variable", &name, block));
        return;
    };
    let Some(new) = variable::decode(block, diagnostics) else { return };
    let (content, _) = block.body.content(&variable::schema());
    let base: &mut Variable = &mut module.variables[position];
    let given = |argument: &str| content.attributes.get(argument).is_some();
    if given("description") {
        base.description = new.description;
    }
    if given("type") {
        base.constraint = new.constraint;
        base.has_type = true;
    }
    if given("default") {
        base.default = new.default;
    }
    // A default must suit the type that counts in the end, wherever each of them stands.
    if let Some(default) = &base.default {
        match base.constraint.apply(default) {
            Ok(default) => base.default = Some(default),
            Err(error) => {
                let detail = format!(
                    "The overridden default value is not compatible with the variable's type constraint: {error}."
                );
                diagnostics
                    .push(Diagnostic::error("Invalid default value for variable", detail).at(block.header));
            }
        }
    }
    base.sensitive = if given("sensitive") { new.sensitive } else { base.sensitive };
    base.ephemeral = if given("ephemeral") { new.ephemeral } else { base.ephemeral };
    base.nullable = if given("nullable") { new.nullable } else { base.nullable };
    base.deprecated = new.deprecated.or(base.deprecated.take());
    if !new.validations.is_empty() {
        base.validations = new.validations;
    }
}

fn override_locals(block: &BlockContent, module: &mut Module, diagnostics: &mut Diagnostics) {
    for new in variable::decode_locals(block, diagnostics) {
        match module.local(&new.name).map(|(position, _)| position) {
            Some(position) => module.locals[position] = new,
            None => diagnostics.push(missing_base("local value definition", &new.name, block)),
        }
    }
}

fn override_output(block: &BlockContent, module: &mut Module, diagnostics: &mut Diagnostics) {
    let Some(name) = block.labels.first().map(|label| label.name.clone()) else { return };
    let Some((position, _)) = module.output(&name) else {
        diagnostics.push(missing_base("output", &name, block));
        return;
    };
    let (content, problems) = block.body.content(&output::OVERRIDE_SCHEMA);
    diagnostics.extend(problems);
    let base: &mut Output = &mut module.outputs[position];
    if let Some(value) = decode::attribute_expression(&content, "value") {
        base.value = value;
    }
    if let Some(description) = decode::attribute_string(&content, "description", diagnostics) {
        base.description = Some(description);
    }
    if let Some(sensitive) = decode::attribute_bool(&content, "sensitive", diagnostics) {
        base.sensitive = sensitive;
    }
    if let Some(ephemeral) = decode::attribute_bool(&content, "ephemeral", diagnostics) {
        base.ephemeral = ephemeral;
    }
    if let Some(attribute) = content.attributes.get("depends_on") {
        let detail = "The \"depends_on\" argument may not be overridden.";
        diagnostics.push(Diagnostic::error("Unsupported override", detail).at(attribute.name.span));
    }
}

fn override_call(block: &BlockContent, module: &mut Module, diagnostics: &mut Diagnostics) {
    let Some(name) = block.labels.first().map(|label| label.name.clone()) else { return };
    let Some((position, _)) = module.module_call(&name) else {
        diagnostics.push(missing_base("module call", &name, block));
        return;
    };
    let new = module_call::decode_arguments(block, &module_call::OVERRIDE_SCHEMA, diagnostics);
    let base: &mut ModuleCall = &mut module.module_calls[position];
    if let Some(source) = new.source {
        base.source = source;
    }
    base.version = new.version.or(base.version.take());
    override_repetition(&mut base.repetition, new.repetition);
    base.body = base.body.clone().overridden_by(new.body);
    for (inside, outside) in new.providers {
        base.providers
            .retain(|(other, _)| other.local_name != inside.local_name || other.alias != inside.alias);
        base.providers.push((inside, outside));
    }
    if !new.depends_on.is_empty() {
        let detail = "The \"depends_on\" argument may not be overridden.";
        diagnostics.push(Diagnostic::error("Unsupported override", detail).at(block.header));
    }
}

fn override_repetition(base: &mut super::module::Repetition, new: super::module::Repetition) {
    base.count = new.count.or(base.count.take());
    base.for_each = new.for_each.or(base.for_each.take());
    base.enabled = new.enabled.or(base.enabled.take());
}

fn override_resource(block: &BlockContent, module: &mut Module, diagnostics: &mut Diagnostics) {
    let Some(new) = resource::decode(block, diagnostics) else { return };
    let Some((position, _)) = module.resource(&new.address) else {
        let address = &new.address;
        let kind = if address.mode == ResourceMode::Data { "data resource" } else { "resource" };
        let detail = format!(
            "There is no {} {kind} named {:?}. An override file can only override a {kind} block defined in a primary \
             configuration file.",
            address.resource_type,
            address.name.as_str()
        );
        diagnostics.push(Diagnostic::error(format!("Missing {kind} to override"), detail).at(block.header));
        return;
    };
    let base: &mut Resource = &mut module.resources[position];
    if !new.depends_on.is_empty() {
        let detail = "The \"depends_on\" argument may not be overridden.";
        diagnostics.push(Diagnostic::error("Unsupported override", detail).at(block.header));
    }
    override_repetition(&mut base.repetition, new.repetition);
    base.provider = new.provider.or(base.provider.take());
    base.connection = new.connection.or(base.connection.take());
    if !new.provisioners.is_empty() {
        base.provisioners = new.provisioners;
    }
    override_lifecycle(&mut base.lifecycle, new.lifecycle);
    base.body = base.body.clone().overridden_by(new.body);
}

fn override_action(block: &BlockContent, module: &mut Module, diagnostics: &mut Diagnostics) {
    let Some(new) = action::decode(block, diagnostics) else { return };
    let Some((position, _)) = module.action(&new.address) else {
        let name = new.address.to_string();
        diagnostics.push(missing_base("action", &name, block));
        return;
    };
    let base = &mut module.actions[position];
    override_repetition(&mut base.repetition, new.repetition);
    base.provider = new.provider.or(base.provider.take());
    if new.has_config {
        base.body = if base.has_config { base.body.clone().overridden_by(new.body) } else { new.body };
        base.has_config = true;
    }
}

fn override_lifecycle(base: &mut Lifecycle, new: Lifecycle) {
    base.create_before_destroy = new.create_before_destroy.or(base.create_before_destroy);
    base.prevent_destroy = new.prevent_destroy.or(base.prevent_destroy.take());
    base.destroy = new.destroy.or(base.destroy);
    if !matches!(new.ignore_changes, IgnoreChanges::None) {
        base.ignore_changes = new.ignore_changes;
    }
    if !new.replace_triggered_by.is_empty() {
        base.replace_triggered_by = new.replace_triggered_by;
    }
    if !new.action_triggers.is_empty() {
        base.action_triggers = new.action_triggers;
    }
    base.preconditions.extend(new.preconditions);
    base.postconditions.extend(new.postconditions);
}
