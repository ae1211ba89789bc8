//! The content of bodies in JSON syntax: the schema says which properties are arguments and which are
//! blocks, and how many levels of objects are labels.

use rustc_hash::{FxHashMap, FxHashSet};
use terrane_model::{Diagnostic, Diagnostics, Span};

use super::body_content::{
    Attributes, BlockContent, BlockSchema, BodyContent, BodySchema, ConfigBody, ERRORS_MAX, Taken,
    report_missing,
};
use super::identifiers::normalize;
use super::json::{JsonKind, JsonProperty, JsonValue};
use super::suggest::did_you_mean;
use super::tree::{Attribute, Identifier};

const WRONG_TYPE: &str = "Incorrect JSON value type";

/// The name of properties that hold comments.
const COMMENT: &str = "//";

/// Returns where something that is missing is blamed on.
pub(super) fn missing_span(value: &JsonValue) -> Span {
    match value.kind {
        JsonKind::Object(_) => value.end_span(),
        _ => value.start_span(),
    }
}

/// Returns what the schema lists and nobody has taken.
pub(super) fn partial_content(
    value: &JsonValue,
    taken: &Taken,
    schema: &BodySchema<'_>,
    diagnostics: &mut Diagnostics,
) -> BodyContent {
    let wanted_attributes: FxHashSet<&str> =
        schema.attributes.iter().map(|attribute| attribute.name).collect();
    let wanted_blocks: FxHashMap<&str, &BlockSchema<'_>> =
        schema.blocks.iter().map(|block| (block.block_type, block)).collect();
    let mut attributes = Attributes::default();
    let mut blocks = Vec::new();
    for property in properties_of(value, None, diagnostics) {
        let name = property.name.as_str();
        if is_taken(taken, name) {
            continue;
        }
        if wanted_attributes.contains(name) {
            if attributes.contains(name) {
                diagnostics.push(duplicate("Duplicate argument", property));
            } else {
                attributes.push(attribute(property));
            }
        } else if let Some(schema) = wanted_blocks.get(name) {
            let block_type = Identifier { name: property.name.clone(), span: property.name_span };
            let mut unpacking = Unpacking { block_type, labels: Vec::new(), blocks: &mut blocks };
            unpacking.unpack(&property.value, schema.labels, diagnostics);
        }
    }
    let missing = missing_span(value);
    report_missing(schema, &attributes, missing, diagnostics);
    BodyContent { attributes, blocks, missing }
}

fn attribute(property: &JsonProperty) -> Attribute {
    Attribute {
        name: Identifier { name: property.name.clone(), span: property.name_span },
        expression: property.expression(),
        span: property.name_span.to(property.value.span),
    }
}

fn duplicate(summary: &'static str, property: &JsonProperty) -> Diagnostic {
    let detail = format!("The argument \"{}\" was already set in this object.", property.name);
    Diagnostic::error(summary, detail).at(property.name_span)
}

/// The walk from a property down to the blocks that it stands for.
struct Unpacking<'a> {
    block_type: Identifier,
    labels: Vec<Identifier>,
    blocks: &'a mut Vec<BlockContent>,
}

impl Unpacking<'_> {
    fn unpack(&mut self, value: &JsonValue, labels: &[&str], diagnostics: &mut Diagnostics) {
        let Some((label, labels)) = labels.split_first() else {
            return self.unpack_bodies(value, diagnostics);
        };
        let properties = properties_of(value, Some(label), diagnostics);
        if properties.is_empty() {
            let detail = format!(
                "At least one object property is required, whose name represents the {} block's {label}.",
                self.block_type.name
            );
            diagnostics.push(Diagnostic::error("Missing block label", detail).at(value.start_span()));
        }
        for property in properties {
            self.labels.push(Identifier { name: normalize(&property.name), span: property.name_span });
            self.unpack(&property.value, labels, diagnostics);
            self.labels.pop();
        }
    }

    fn unpack_bodies(&mut self, value: &JsonValue, diagnostics: &mut Diagnostics) {
        match &value.kind {
            JsonKind::Null => {}
            JsonKind::Object(_) => self.push(value, value.start_span()),
            JsonKind::Array(elements) => {
                for element in elements.iter() {
                    self.push(element, value.start_span());
                }
            }
            _ => {
                let detail = format!(
                    "Either a JSON object or a JSON array is required, representing the contents of one or \
                     more \"{}\" blocks.",
                    self.block_type.name
                );
                diagnostics.push(Diagnostic::error(WRONG_TYPE, detail).at(value.start_span()));
            }
        }
    }

    fn push(&mut self, body: &JsonValue, header: Span) {
        self.blocks.push(BlockContent {
            block_type: self.block_type.clone(),
            labels: self.labels.clone(),
            body: ConfigBody::from_json(body.clone()),
            header,
        });
    }
}

/// Returns the properties of an object, or of all objects of an array, one after the other.
fn properties_of<'a>(
    value: &'a JsonValue,
    label: Option<&str>,
    diagnostics: &mut Diagnostics,
) -> Vec<&'a JsonProperty> {
    let mut properties = Vec::new();
    let wrong = |value: &JsonValue, what: &str| {
        let purpose = match label {
            Some(label) => format!("to specify {label} labels for this block"),
            None => "to define arguments and child blocks".to_owned(),
        };
        Diagnostic::error(WRONG_TYPE, format!("{what} is required here, {purpose}.")).at(value.start_span())
    };
    match &value.kind {
        JsonKind::Null => {}
        JsonKind::Object(found) => properties.extend(found.iter()),
        JsonKind::Array(elements) => {
            for element in elements.iter() {
                match &element.kind {
                    JsonKind::Object(found) => properties.extend(found.iter()),
                    _ => diagnostics.push(wrong(element, "A JSON object")),
                }
            }
        }
        _ => diagnostics.push(wrong(value, "Either a JSON object or JSON array of objects")),
    }
    properties
}

/// Complains about everything that the schema does not list and nobody has taken.
pub(super) fn report_unexpected(
    value: &JsonValue,
    taken: &Taken,
    schema: &BodySchema<'_>,
    content: &BodyContent,
    diagnostics: &mut Diagnostics,
) {
    let attributes = schema.attributes.iter().map(|attribute| attribute.name);
    let block_types = schema.blocks.iter().map(|block| block.block_type);
    let wanted: FxHashSet<&str> = attributes.clone().chain(block_types.clone()).collect();
    // What is wrong with the value itself was reported when its content was taken.
    let properties = properties_of(value, None, &mut Diagnostics::new());
    let unexpected = properties.into_iter().filter(|property| {
        let name = property.name.as_str();
        name != COMMENT && !wanted.contains(name) && !is_taken(taken, name)
    });
    for property in unexpected.take(ERRORS_MAX) {
        let name = property.name.as_str();
        let unset = attributes.clone().filter(|name| !content.attributes.contains(name));
        let hint = did_you_mean(name, unset.chain(block_types.clone()));
        let detail = format!("No argument or block type is named \"{name}\".{hint}");
        diagnostics.push(Diagnostic::error("Extraneous JSON object property", detail).at(property.name_span));
    }
}

/// Returns all properties that nobody has taken as arguments.
pub(super) fn just_attributes(value: &JsonValue, taken: &Taken, diagnostics: &mut Diagnostics) -> Attributes {
    let mut attributes = Attributes::default();
    let JsonKind::Object(properties) = &value.kind else {
        let detail = "A JSON object is required here, setting the arguments for this block.";
        diagnostics.push(Diagnostic::error(WRONG_TYPE, detail).at(value.start_span()));
        return attributes;
    };
    for property in properties.iter() {
        let name = property.name.as_str();
        if name == COMMENT || is_taken(taken, name) {
            continue;
        }
        if attributes.contains(name) {
            diagnostics.push(duplicate("Duplicate attribute definition", property));
        } else {
            attributes.push(attribute(property));
        }
    }
    attributes
}

/// Tells whether somebody asked for a property already, as an argument or as blocks.
fn is_taken(taken: &Taken, name: &str) -> bool {
    taken.has_attribute(name) || taken.has_block_type(name)
}
