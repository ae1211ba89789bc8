//! What the tables of azurerm's types know about bodies, for checking what is written by hand.

use serde_json::Value as Json;
use terrane_model::{Diagnostic, Diagnostics};

use crate::generic::ids::ApiType;
use crate::table::body_path::look_up;
use crate::table::{
    Argument, BodyPath, BodyStep, Catalog, Check, Conversion, Generation, PathRoot, Presence, ResourceTable,
    Shape,
};

/// Returns the table of a type, if there is one.
pub(crate) fn table_of(ty: &ApiType) -> Option<&'static ResourceTable> {
    let catalog = Catalog::of(Generation::V5);
    let tables = catalog.resources.values().filter(|table| table.arm_type.eq_ignore_ascii_case(&ty.name));
    tables
        .filter(|table| table.part.is_none())
        .min_by_key(|table| (table.id != table.path, table.type_name.len()))
}

/// Tells whether objects of a type are in a region; nothing when nobody knows.
pub(crate) fn has_location(ty: &ApiType) -> Option<bool> {
    table_of(ty).map(|table| table.argument("location").is_some())
}

/// Tells whether objects of a type have tags; nothing when nobody knows.
pub(crate) fn has_tags(ty: &ApiType) -> Option<bool> {
    table_of(ty).map(|table| table.argument("tags").is_some())
}

/// Returns the places in bodies of a type that only the service writes, as far as they are known.
pub(crate) fn read_only_places(ty: &ApiType) -> Vec<BodyPath> {
    let Some(table) = table_of(ty) else { return Vec::new() };
    let mut places = table.read_only.clone();
    collect_computed(&table.arguments, &[], &mut places);
    places
}

fn collect_computed(arguments: &[Argument], base: &[BodyStep], places: &mut Vec<BodyPath>) {
    for argument in arguments {
        let Some(mapping) = &argument.mapping else { continue };
        let steps = match &mapping.path.root {
            PathRoot::Here => base.iter().chain(&mapping.path.steps).cloned().collect(),
            PathRoot::Body => mapping.path.steps.clone(),
            PathRoot::Document(_) => continue,
        };
        match argument.block() {
            Some(block) if argument.is_configurable() => collect_computed(&block.arguments, &steps, places),
            _ if argument.presence == Presence::Computed && !steps.is_empty() => {
                places.push(BodyPath { root: PathRoot::Body, steps });
            }
            _ => {}
        }
    }
}

/// Complains about words in a body that the service does not know. A version newer than the table's may know
/// more, so only the table's own version is checked.
pub(crate) fn check_body(ty: &ApiType, body: &Json) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    if let Some(table) = table_of(ty).filter(|table| table.api_version == ty.version.as_str()) {
        check_arguments(&table.arguments, body, "", &mut diagnostics);
    }
    diagnostics
}

fn check_arguments(arguments: &[Argument], body: &Json, path: &str, diagnostics: &mut Diagnostics) {
    for argument in arguments {
        let Some(mapping) =
            argument.sent().filter(|mapping| !matches!(mapping.path.root, PathRoot::Document(_)))
        else {
            continue;
        };
        let inner = format!("{path}{}", mapping.path);
        match (&argument.shape, mapping.path.split_each()) {
            (Shape::Blocks(block), Some((array, inside))) => {
                let elements = look_up(body, array).and_then(Json::as_array).into_iter().flatten();
                for element in elements.filter_map(|element| look_up(element, inside)) {
                    check_arguments(&block.arguments, element, &format!("{inner}."), diagnostics);
                }
            }
            (Shape::Blocks(block), None) => {
                if let Some(object) = look_up(body, &mapping.path.steps) {
                    check_arguments(&block.arguments, object, &format!("{inner}."), diagnostics);
                }
            }
            (Shape::Text, None) if mapping.conversion == Conversion::None => {
                let text = look_up(body, &mapping.path.steps).and_then(Json::as_str);
                if let Some(text) = text {
                    check_word(argument, text, &inner, diagnostics);
                }
            }
            _ => {}
        }
    }
}

fn check_word(argument: &Argument, text: &str, path: &str, diagnostics: &mut Diagnostics) {
    for check in &argument.checks {
        let Check::In(words) = check else { continue };
        if !words.iter().any(|word| word.eq_ignore_ascii_case(text)) {
            let detail = format!(
                "{path} is {text:?}, but the service knows {} only. To send it all the same, set \
                 schema_validation_enabled = false.",
                words.join(", ")
            );
            let body = terrane_model::AttributePath::root().attribute("body");
            diagnostics.push(Diagnostic::error("Unknown word in body", detail).on_attribute(body));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn words_of_known_types_are_checked() {
        let ty = ApiType::parse("Microsoft.Cache/redis@2024-11-01").unwrap();
        let body = |sku: &str| json!({"properties": {"sku": {"name": sku, "family": "C", "capacity": 1}}});
        assert!(check_body(&ty, &body("Standard")).is_empty());
        assert!(check_body(&ty, &body("Huge")).has_errors());
        let other = ApiType::parse("Microsoft.Cache/redis@2030-01-01").unwrap();
        assert!(check_body(&other, &body("Huge")).is_empty());
        assert_eq!(has_location(&ty), Some(true));
    }
}
