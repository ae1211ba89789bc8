//! `lifecycle` and `provisioner` blocks.

use std::sync::Arc;

use terrane_model::{Diagnostic, Diagnostics, ResourceMode, Str};

use super::constant::constant_bool;
use super::decode::{attribute_bool, attribute_expression, check_rule, quoted_word, reference_maybe_quoted};
use super::module::{Expr, IgnoreChanges, Lifecycle, Provisioner, Repetition};
use super::reference::{Subject, parse_reference};
use crate::syntax::tree::{Attribute, Expression, StepKind, Traversal};
use crate::syntax::{BlockContent, BodyContent, BodySchema, ConfigBody};

fn schema() -> BodySchema<'static> {
    body_schema!(
        [
            "create_before_destroy",
            "prevent_destroy",
            "ignore_changes",
            "replace_triggered_by",
            "destroy",
            "enabled",
        ],
        ["precondition", "postcondition", "action_trigger"]
    )
}

pub(super) fn decode(
    block: &BlockContent,
    mode: ResourceMode,
    repetition: &mut Repetition,
    diagnostics: &mut Diagnostics,
) -> Lifecycle {
    let (content, problems) = block.body.content(&schema());
    diagnostics.extend(problems);
    let mut lifecycle = Lifecycle::default();
    for nested in &content.blocks {
        if nested.block_type.name == "action_trigger" {
            lifecycle.action_triggers.push(super::action::decode_trigger(nested, diagnostics));
            continue;
        }
        let rule = check_rule(nested, diagnostics);
        match nested.block_type.name.as_str() {
            "precondition" => lifecycle.preconditions.extend(rule),
            _ => lifecycle.postconditions.extend(rule),
        }
    }
    repetition.enabled = attribute_expression(&content, "enabled");
    if mode != ResourceMode::Managed {
        refuse_for_data(&content, diagnostics);
        return lifecycle;
    }
    lifecycle.create_before_destroy = attribute_bool(&content, "create_before_destroy", diagnostics);
    lifecycle.prevent_destroy = attribute_expression(&content, "prevent_destroy");
    if let Some(expression) = lifecycle.prevent_destroy.as_ref().filter(|e| e.variables().next().is_none()) {
        // What is written out can be checked at once.
        constant_bool(expression, diagnostics);
    }
    lifecycle.destroy = attribute_bool(&content, "destroy", diagnostics);
    if let Some(attribute) = content.attributes.get("ignore_changes") {
        lifecycle.ignore_changes = ignore_changes(attribute, diagnostics);
    }
    if let Some(attribute) = content.attributes.get("replace_triggered_by") {
        lifecycle.replace_triggered_by = replace_triggered_by(attribute, diagnostics);
    }
    lifecycle
}

fn refuse_for_data(content: &BodyContent, diagnostics: &mut Diagnostics) {
    for name in
        ["create_before_destroy", "prevent_destroy", "ignore_changes", "replace_triggered_by", "destroy"]
    {
        if let Some(attribute) = content.attributes.get(name) {
            let detail = format!(
                "The lifecycle argument {name:?} is defined only for managed resources (\"resource\" blocks), and is not valid for data resources."
            );
            diagnostics.push(
                Diagnostic::error("Invalid data resource lifecycle argument", detail).at(attribute.name.span),
            );
        }
    }
    for nested in content.blocks.iter().filter(|nested| nested.block_type.name == "action_trigger") {
        let detail = "The lifecycle block \"action_trigger\" is defined only for managed resources (\"resource\" blocks), and \
                      is not valid for data resources.";
        let error = Diagnostic::error("Invalid data resource lifecycle block", detail);
        diagnostics.push(error.at(nested.header));
    }
}

fn ignore_changes(attribute: &Attribute, diagnostics: &mut Diagnostics) -> IgnoreChanges {
    if attribute.expression.as_keyword() == Some("all") {
        return IgnoreChanges::All;
    }
    let Some(elements) = attribute.expression.as_list() else {
        let detail = "A static list expression is required.";
        diagnostics.push(Diagnostic::error("Invalid expression", detail).at(attribute.expression.span));
        return IgnoreChanges::None;
    };
    // `["*"]` is how old configurations spell `all`.
    if let [only] = elements
        && only.as_literal_string() == Some("*")
    {
        let detail = "The [\"*\"] form of ignore_changes wildcard is was deprecated and is now invalid. Use \
                      \"ignore_changes = all\" to ignore changes to all attributes.";
        diagnostics.push(Diagnostic::error("Invalid ignore_changes wildcard", detail).at(only.span));
        return IgnoreChanges::None;
    }
    let traversals: Vec<Traversal> =
        elements.iter().filter_map(|element| reference_maybe_quoted(element, diagnostics)).collect();
    IgnoreChanges::Attributes(traversals)
}

fn replace_triggered_by(attribute: &Attribute, diagnostics: &mut Diagnostics) -> Vec<Expr> {
    let Some(elements) = attribute.expression.as_list() else {
        let detail = "A static list expression is required.";
        diagnostics.push(Diagnostic::error("Invalid expression", detail).at(attribute.expression.span));
        return Vec::new();
    };
    elements.iter().for_each(|element| check_trigger(element, diagnostics));
    elements.iter().map(|element| Arc::new(element.clone())).collect()
}

/// A trigger is a resource, one of its instances or a part of it; keys may be those of the resource itself.
fn check_trigger(element: &Expression, diagnostics: &mut Diagnostics) {
    let traversals: Vec<Traversal> = match element.as_traversal() {
        Some(traversal) => vec![traversal.into_owned()],
        None => element.variables().map(|reference| reference.traversal.clone()).collect(),
    };
    if traversals.is_empty() {
        let detail = "Missing resource reference in replace_triggered_by expression.";
        let error = Diagnostic::error("Invalid replace_triggered_by expression", detail);
        diagnostics.push(error.at(element.span));
    }
    for traversal in traversals {
        match parse_reference(&traversal) {
            Ok(reference) => match reference.subject {
                Subject::Resource { mode: ResourceMode::Managed, .. }
                | Subject::CountIndex
                | Subject::EachKey => {}
                _ => {
                    let detail =
                        "Only resources, count.index, and each.key may be used in replace_triggered_by.";
                    let summary = "Invalid reference in replace_triggered_by expression";
                    diagnostics.push(Diagnostic::error(summary, detail).at(traversal.span()));
                }
            },
            Err(problem) => diagnostics.push(problem),
        }
    }
}

pub(super) fn decode_provisioner(block: &BlockContent, diagnostics: &mut Diagnostics) -> Option<Provisioner> {
    let provisioner_type: Str = block.labels.first()?.name.clone();
    let schema = body_schema!(["when", "on_failure"], ["_", "connection", "lifecycle"]);
    let (content, body, problems) = block.body.partial_content(&schema);
    diagnostics.extend(problems);
    if ["chef", "habitat", "puppet", "salt-masterless"].contains(&provisioner_type.as_str()) {
        let detail = format!(
            "The {provisioner_type:?} provisioner was deprecated in Terraform 0.13.4 has been removed from Terraform."
        );
        let summary = format!("The {provisioner_type:?} provisioner has been removed");
        diagnostics.push(Diagnostic::error(summary, detail).at(block.header));
        return None;
    }
    let on_destroy =
        keyword(&content, "when", ["create", "destroy"], "Invalid \"when\" keyword", diagnostics);
    let continues =
        keyword(&content, "on_failure", ["fail", "continue"], "Invalid \"on_failure\" keyword", diagnostics);
    let mut connection = None;
    for nested in &content.blocks {
        match nested.block_type.name.as_str() {
            "connection" if connection.is_some() => {
                let detail = "This provisioner already has a connection block.";
                diagnostics.push(Diagnostic::error("Duplicate connection block", detail).at(nested.header));
            }
            "connection" => connection = Some(nested.body.clone()),
            "lifecycle" => {
                let detail =
                    "The block type name \"lifecycle\" is reserved for use by Terraform in a future version.";
                let error = Diagnostic::error("Reserved block type name in provisioner block", detail);
                diagnostics.push(error.at(nested.header));
            }
            _ => {}
        }
    }
    if on_destroy {
        check_own_references(&body, diagnostics);
        connection.iter().for_each(|connection| check_own_references(connection, diagnostics));
    }
    Some(Provisioner {
        provisioner_type,
        on_destroy,
        continue_on_failure: continues,
        connection,
        body: super::provider_block::with_escaped(body, &content.blocks),
        span: block.header,
    })
}

/// Checks that a body refers to nothing but the object that it belongs to: when that goes, the rest may be gone.
pub(super) fn check_own_references(body: &ConfigBody, diagnostics: &mut Diagnostics) {
    let (attributes, _) = body.just_attributes();
    for attribute in attributes.iter() {
        for reference in attribute.expression.variables() {
            if is_own(reference.traversal) {
                continue;
            }
            let detail = "Destroy-time provisioners and their connection configurations may only reference attributes of the \
                          related resource, via 'self', 'count.index', or 'each.key'.\n\nReferences to other resources \
                          during the destroy phase can cause dependency cycles and interact poorly with \
                          create_before_destroy.";
            let error = Diagnostic::error("Invalid reference from destroy provisioner", detail);
            diagnostics.push(error.at(attribute.expression.span));
        }
    }
}

fn is_own(traversal: &Traversal) -> bool {
    let only_step = match traversal.steps.as_slice() {
        [only] => match &only.kind {
            StepKind::Attribute(name) => Some(name.as_str()),
            StepKind::StringKey(_) | StepKind::NumberKey(_) => None,
        },
        _ => None,
    };
    match traversal.root.name.as_str() {
        "self" | "path" | "terraform" => true,
        "count" => only_step == Some("index"),
        "each" => only_step == Some("key"),
        _ => false,
    }
}

/// Reads one of two bare words; tells whether it is the second.
fn keyword(
    content: &BodyContent,
    name: &str,
    words: [&str; 2],
    summary: &str,
    diagnostics: &mut Diagnostics,
) -> bool {
    let Some(attribute) = content.attributes.get(name) else { return false };
    let bare = attribute.expression.as_keyword();
    let word = bare.or(attribute.expression.as_literal_string());
    if bare.is_none() && word.is_some() {
        diagnostics.push(quoted_word("keyword").at(attribute.expression.span));
    }
    match word {
        Some(word) if word == words[0] => false,
        Some(word) if word == words[1] => true,
        _ => {
            let detail = format!(
                "The {name:?} argument requires one of the following keywords: {} or {}.",
                words[0], words[1]
            );
            diagnostics.push(Diagnostic::error(summary, detail).at(attribute.expression.span));
            false
        }
    }
}

/// Reads `lifecycle { destroy = … }` of a `removed` block.
pub(super) fn decode_removed_lifecycle(block: &BlockContent, diagnostics: &mut Diagnostics) -> bool {
    let (content, problems) = block.body.content(&body_schema!(["destroy": required], []));
    diagnostics.extend(problems);
    content
        .attributes
        .get("destroy")
        .and_then(|attribute| constant_bool(&attribute.expression, diagnostics))
        .unwrap_or(true)
}
