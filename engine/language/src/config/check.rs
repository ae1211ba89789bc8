//! `check` blocks.

use terrane_model::{Diagnostic, Diagnostics};

use super::decode::{check_name, check_rule};
use super::module::{Check, Module};
use super::resource;
use crate::syntax::BlockContent;

pub(super) fn decode(block: &BlockContent, module: &mut Module, diagnostics: &mut Diagnostics) {
    let name = check_name(block, 0, "Invalid check block name", diagnostics);
    let schema = body_schema!([], ["data" ["type", "name"], "assert"]);
    let (content, problems) = block.body.content(&schema);
    diagnostics.extend(problems);
    let is_named = name.is_some();
    let name = name.unwrap_or_default();
    let mut check = Check { name, data_resource: None, assertions: Vec::new(), span: block.header };
    for nested in &content.blocks {
        if nested.block_type.name == "assert" {
            let errors_before = diagnostics.len();
            let rule = check_rule(nested, diagnostics);
            check.assertions.extend(rule.filter(|_| diagnostics.len() == errors_before));
            continue;
        }
        if check.data_resource.is_some() {
            let detail = "This check block already has a data resource.".to_string();
            diagnostics.push(Diagnostic::error("Multiple data resource blocks", detail).at(nested.header));
            continue;
        }
        if let Some(mut data) = resource::decode(nested, diagnostics) {
            let repetition = [("count", &data.repetition.count), ("for_each", &data.repetition.for_each)];
            for (name, expression) in repetition {
                if let Some(expression) = expression {
                    let detail =
                        format!("The {name:?} meta-argument is not supported within nested data blocks.");
                    let error = Diagnostic::error(format!("Invalid {name:?} attribute"), detail);
                    diagnostics.push(error.at(expression.span));
                }
            }
            data.check = Some(check.name.clone());
            check.data_resource = Some(data.address.clone());
            module.resources.push(data);
        }
    }
    if check.assertions.is_empty() {
        let detail = "Check blocks must have at least one assert block.";
        diagnostics.push(Diagnostic::error("Zero assert blocks", detail).at(block.header));
    }
    if is_named {
        module.checks.push(check);
    }
}
