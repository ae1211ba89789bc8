//! What something is.

use terrane_language::functions::{Function, find as find_function};
use terrane_model::{ResourceMode, Span};

use super::analysis::Analysis;
use super::block_items::{called_module, items, of_attribute, resource_schema};
use super::cursor::{Cursor, Place, names_of};

/// Describes what the word is that a cursor stands behind; Markdown.
pub(super) fn describe(cursor: &Cursor, analysis: &mut Analysis) -> Option<String> {
    match &cursor.place {
        Place::Text => None,
        Place::Name => {
            let item = items(&cursor.blocks, analysis).into_iter().find(|item| item.name == cursor.prefix)?;
            Some(page(&item.name, &item.detail, &item.documentation))
        }
        Place::Label(words) if cursor.blocks.is_empty() => {
            let mode = match words.as_slice() {
                [word] if word == "resource" => ResourceMode::Managed,
                [word] if word == "data" => ResourceMode::Data,
                [word] if word == "ephemeral" => ResourceMode::Ephemeral,
                _ => return None,
            };
            let schema = resource_schema(mode, &cursor.prefix, analysis)?;
            Some(page(&cursor.prefix, &words[0], &schema.description))
        }
        Place::Label(_) => None,
        Place::Expression(_) => in_expression(&names_of(&cursor.prefix), analysis),
    }
}

fn in_expression(names: &[String], analysis: &mut Analysis) -> Option<String> {
    let words: Vec<&str> = names.iter().map(String::as_str).collect();
    let module = analysis.module().cloned();
    match words.as_slice() {
        ["var", name] => {
            let module = module?;
            let (_, variable) = module.variable(name)?;
            let mut detail = variable.ty().friendly_name();
            if variable.sensitive {
                detail.push_str(", sensitive");
            }
            let default = match &variable.default {
                Some(_) if variable.sensitive => String::new(),
                Some(default) => {
                    format!(
                        "\n\nDefault:\n```hcl\n{}\n```",
                        crate::view::human::value::format_value(default, 0)
                    )
                }
                None => String::new(),
            };
            let description = variable.description.as_deref().unwrap_or_default();
            Some(page(&format!("var.{name}"), &detail, &format!("{description}{default}")))
        }
        ["local", name] => {
            let module = module?;
            let (_, local) = module.local(name)?;
            Some(format!("```hcl\n{}\n```", source(analysis, local.span)))
        }
        ["module", name] => {
            let module = module?;
            let (_, call) = module.module_call(name)?;
            Some(page(&format!("module.{name}"), source(analysis, call.source.span), ""))
        }
        ["module", name, output] => {
            let child = called_module(name, analysis)?.clone();
            let (_, output) = child.output(output)?;
            let description = output.description.as_deref().unwrap_or_default();
            let value = source(analysis, output.value.span);
            Some(page(
                &format!("module.{name}.{}", output.name),
                "output",
                &format!("{description}\n```hcl\n{value}\n```"),
            ))
        }
        ["data", resource_type, _, attribute] => {
            of_object(ResourceMode::Data, resource_type, attribute, analysis)
        }
        ["ephemeral", resource_type, _, attribute] => {
            of_object(ResourceMode::Ephemeral, resource_type, attribute, analysis)
        }
        [name] => {
            let function = find_function(name)?;
            Some(page(&signature(function), "", function.description))
        }
        [resource_type, _, attribute] => of_object(ResourceMode::Managed, resource_type, attribute, analysis),
        [resource_type, name] => {
            let schema = resource_schema(ResourceMode::Managed, resource_type, analysis)?;
            Some(page(&format!("{resource_type}.{name}"), "resource", &schema.description))
        }
        _ => None,
    }
}

fn of_object(mode: ResourceMode, resource_type: &str, name: &str, analysis: &mut Analysis) -> Option<String> {
    let schema = resource_schema(mode, resource_type, analysis)?;
    let item = of_attribute(name, schema.attribute(name)?);
    Some(page(&item.name, &item.detail, &item.documentation))
}

fn source(analysis: &Analysis, span: Span) -> &str {
    analysis.sources.text(span)
}

fn page(title: &str, detail: &str, text: &str) -> String {
    let detail = if detail.is_empty() { String::new() } else { format!(" — {detail}") };
    format!("**{title}**{detail}\n\n{text}").trim_end().to_owned()
}

/// Writes a function's signature.
pub(super) fn signature(function: &Function) -> String {
    let fixed = function
        .parameters
        .iter()
        .map(|parameter| format!("{}: {}", parameter.name, parameter.ty.to_type().friendly_name()));
    let variadic = function
        .variadic
        .iter()
        .map(|parameter| format!("{}: {}...", parameter.name, parameter.ty.to_type().friendly_name()));
    let parameters: Vec<String> = fixed.chain(variadic).collect();
    let returns = function.shown_return_type().to_type().friendly_name();
    format!("{}({}) {returns}", function.name, parameters.join(", "))
}
