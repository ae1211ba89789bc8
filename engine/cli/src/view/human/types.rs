//! Types as `type(…)` at the console shows them.

use terrane_model::Type;

/// Lays a type out in the syntax of the language, over several lines where it has parts.
pub fn format_type(ty: &Type) -> String {
    format_indented(ty, 0)
}

fn format_indented(ty: &Type, indent: usize) -> String {
    let blanks = " ".repeat(indent + 4);
    let end = " ".repeat(indent);
    match ty {
        Type::Dynamic => "dynamic".to_owned(),
        Type::Bool | Type::Number | Type::String => ty.friendly_name(),
        Type::List(element) => format_collection("list", element, indent),
        Type::Set(element) => format_collection("set", element, indent),
        Type::Map(element) => format_collection("map", element, indent),
        Type::Tuple(elements) if elements.is_empty() => "tuple([])".to_owned(),
        Type::Tuple(elements) => {
            let parts: Vec<String> = elements
                .iter()
                .map(|element| format!("{blanks}{},\n", format_indented(element, indent + 4)))
                .collect();
            format!("tuple([\n{}{end}])", parts.concat())
        }
        Type::Object(object) if object.attributes().is_empty() => "object({})".to_owned(),
        Type::Object(object) => {
            let parts: Vec<String> = object
                .attributes()
                .iter()
                .map(|(name, ty)| format!("{blanks}{name}: {},\n", format_indented(ty, indent + 4)))
                .collect();
            format!("object({{\n{}{end}}})", parts.concat())
        }
    }
}

/// A structure inside a collection gets lines of its own.
fn format_collection(kind: &str, element: &Type, indent: usize) -> String {
    if !matches!(element, Type::Object(_) | Type::Tuple(_)) {
        return format!("{kind}({})", format_indented(element, indent));
    }
    let inner = format_indented(element, indent + 4);
    format!("{kind}(\n{}{inner},\n{})", " ".repeat(indent + 4), " ".repeat(indent))
}
