//! Which names a body refers to, without a schema.

use super::body_content::{ConfigBody, Source};
use super::json::{JsonKind, JsonValue};
use super::references::Reference;
use super::tree::Body;

impl ConfigBody {
    /// Calls `visit` with every reference in the body that nobody took yet, in nested blocks too. Names that a
    /// `dynamic` block around them binds are no references.
    pub fn visit_references(&self, visit: &mut dyn FnMut(Reference<'_>)) {
        match &self.source {
            Source::Native(body) => {
                let attributes = body.attributes.iter().filter(|a| !self.taken.has_attribute(&a.name.name));
                let mut bound = Vec::new();
                for attribute in attributes {
                    visit_expression(&attribute.expression, &bound, visit);
                }
                for block in &body.blocks {
                    if !self.taken.has_block_type(&block.block_type.name) {
                        visit_block(block, &mut bound, visit);
                    }
                }
            }
            Source::Json(value) => self.visit_json(value, visit),
            Source::Merged { base, overriding } => {
                base.visit_references(visit);
                overriding.visit_references(visit);
            }
        }
    }

    fn visit_json(&self, value: &JsonValue, visit: &mut dyn FnMut(Reference<'_>)) {
        match &value.kind {
            JsonKind::Object(properties) => {
                for property in properties.iter() {
                    let taken =
                        self.taken.has_attribute(&property.name) || self.taken.has_block_type(&property.name);
                    if taken || property.name == "//" {
                        continue;
                    }
                    let mut bound = Vec::new();
                    if property.name == "dynamic" {
                        collect_json_iterators(&property.value, &mut bound);
                    }
                    visit_expression(&property.expression(), &bound, visit);
                }
            }
            JsonKind::Array(elements) => elements.iter().for_each(|element| self.visit_json(element, visit)),
            _ => {}
        }
    }
}

fn visit_expression(
    expression: &super::tree::Expression,
    bound: &[String],
    visit: &mut dyn FnMut(Reference<'_>),
) {
    for reference in expression.variables() {
        let root = reference.traversal.root.name.as_str();
        if !bound.iter().any(|name| name == root) {
            visit(reference);
        }
    }
}

fn visit_body(body: &Body, bound: &mut Vec<String>, visit: &mut dyn FnMut(Reference<'_>)) {
    for attribute in &body.attributes {
        visit_expression(&attribute.expression, bound, visit);
    }
    for block in &body.blocks {
        visit_block(block, bound, visit);
    }
}

fn visit_block(block: &super::tree::Block, bound: &mut Vec<String>, visit: &mut dyn FnMut(Reference<'_>)) {
    let repeated = block.labels.first().filter(|_| block.block_type.name == "dynamic");
    let Some(repeated) = repeated else {
        visit_body(&block.body, bound, visit);
        return;
    };
    // `for_each` is outside of what the iterator's name is bound in; the name itself is no reference.
    let iterator = block.body.attributes.iter().find(|attribute| attribute.name.name == "iterator");
    let name = iterator.and_then(|attribute| attribute.expression.as_keyword()).unwrap_or(&repeated.name);
    let name = name.to_owned();
    for attribute in &block.body.attributes {
        match attribute.name.name.as_str() {
            "iterator" => {}
            "for_each" => visit_expression(&attribute.expression, bound, visit),
            _ => {
                bound.push(name.clone());
                visit_expression(&attribute.expression, bound, visit);
                bound.pop();
            }
        }
    }
    bound.push(name);
    for nested in &block.body.blocks {
        visit_block(nested, bound, visit);
    }
    bound.pop();
}

/// Names that `dynamic` blocks in JSON bind; they are few, and bound everywhere inside for simplicity.
fn collect_json_iterators(value: &JsonValue, bound: &mut Vec<String>) {
    match &value.kind {
        JsonKind::Object(properties) => {
            for property in properties.iter() {
                bound.push(property.name.to_string());
                if property.name == "iterator"
                    && let JsonKind::String(name) = &property.value.kind
                {
                    bound.push(name.to_string());
                }
                collect_json_iterators(&property.value, bound);
            }
        }
        JsonKind::Array(elements) => {
            elements.iter().for_each(|element| collect_json_iterators(element, bound));
        }
        _ => {}
    }
}
