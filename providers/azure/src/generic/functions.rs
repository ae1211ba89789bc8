//! Functions about ids.

use std::collections::BTreeMap;

use terrane_model::{Str, Type, Value};
use terrane_provider::{FunctionParameter, FunctionSignature, ProviderFunctionError};

use crate::generic::ids::{ApiType, segment_after};

struct Function {
    name: &'static str,
    parameters: &'static [&'static str],
    summary: &'static str,
}

const FUNCTIONS: &[Function] = &[
    Function {
        name: "build_resource_id",
        parameters: &["parent_id", "resource_type", "name"],
        summary: "Makes the id of a resource of its parent's id, its type and its name.",
    },
    Function {
        name: "parse_resource_id",
        parameters: &["resource_type", "resource_id"],
        summary: "Takes the id of a resource apart.",
    },
    Function {
        name: "subscription_resource_id",
        parameters: &["subscription_id", "resource_type", "resource_names"],
        summary: "Makes the id of a resource that is in a subscription.",
    },
    Function {
        name: "resource_group_resource_id",
        parameters: &["subscription_id", "resource_group_name", "resource_type", "resource_names"],
        summary: "Makes the id of a resource that is in a resource group.",
    },
    Function {
        name: "management_group_resource_id",
        parameters: &["management_group_name", "resource_type", "resource_names"],
        summary: "Makes the id of a resource that is in a management group.",
    },
    Function {
        name: "tenant_resource_id",
        parameters: &["resource_type", "resource_names"],
        summary: "Makes the id of a resource that is in the tenant.",
    },
    Function {
        name: "extension_resource_id",
        parameters: &["base_resource_id", "resource_type", "resource_names"],
        summary: "Makes the id of a resource that belongs to any other.",
    },
];

/// Returns what can be called.
pub(crate) fn signatures() -> BTreeMap<Str, FunctionSignature> {
    let parameter = |name: &&'static str| FunctionParameter {
        name: (*name).into(),
        ty: if *name == "resource_names" { Type::list(Type::String) } else { Type::String },
        allow_null: false,
        allow_unknown: false,
        description: Str::new(),
    };
    let signature = |function: &Function| FunctionSignature {
        parameters: function.parameters.iter().map(parameter).collect(),
        variadic: None,
        returns: if function.name == "parse_resource_id" { parsed_type() } else { Type::String },
        summary: function.summary.into(),
        description: Str::new(),
        deprecation: Str::new(),
    };
    FUNCTIONS.iter().map(|function| (function.name.into(), signature(function))).collect()
}

fn parsed_type() -> Type {
    Type::object([
        ("id", Type::String),
        ("name", Type::String),
        ("parent_id", Type::String),
        ("parts", Type::map(Type::String)),
        ("provider_namespace", Type::String),
        ("resource_group_name", Type::String),
        ("subscription_id", Type::String),
        ("type", Type::String),
    ])
}

/// Calls a function.
///
/// # Errors
/// When there is no such function, or an argument is no id or type.
pub(crate) fn call(name: &str, arguments: &[Value]) -> Result<Value, ProviderFunctionError> {
    let function = FUNCTIONS.iter().find(|function| function.name == name).ok_or_else(|| {
        ProviderFunctionError { argument: None, message: format!("there is no function named {name:?}") }
    })?;
    let text = |parameter: &str| -> String {
        let position = function.parameters.iter().position(|other| *other == parameter);
        let value = position.and_then(|position| arguments.get(position)).and_then(Value::as_str);
        value.map(ToString::to_string).unwrap_or_default()
    };
    if name == "parse_resource_id" {
        return parse(&text("resource_type"), &text("resource_id"));
    }
    let ty = read_type(&text("resource_type"), function)?;
    if name == "build_resource_id" {
        let made = ty.id_in(&text("parent_id"), &text("name"));
        return made
            .map(Value::string)
            .map_err(|message| ProviderFunctionError { argument: Some(0), message });
    }
    let names = arguments.last().and_then(Value::as_sequence).unwrap_or_default();
    let names: Vec<&str> = names.iter().filter_map(|name| Some(name.as_str()?.as_str())).collect();
    let base = match name {
        "subscription_resource_id" => format!("/subscriptions/{}", text("subscription_id")),
        "resource_group_resource_id" => {
            format!(
                "/subscriptions/{}/resourceGroups/{}",
                text("subscription_id"),
                text("resource_group_name")
            )
        }
        "management_group_resource_id" => {
            format!("/providers/Microsoft.Management/managementGroups/{}", text("management_group_name"))
        }
        "extension_resource_id" => text("base_resource_id"),
        _ => String::new(),
    };
    id_of_names(&base, &ty, &names).map(Value::string)
}

/// A type may be given with a version, which means nothing here.
fn read_type(text: &str, function: &Function) -> Result<ApiType, ProviderFunctionError> {
    let position = function.parameters.iter().position(|name| *name == "resource_type");
    let versioned = if text.contains('@') { text.to_owned() } else { format!("{text}@2000-01-01") };
    ApiType::parse(&versioned).ok_or_else(|| ProviderFunctionError {
        argument: position,
        message: format!("{text:?} is no type such as Microsoft.Network/virtualNetworks"),
    })
}

fn id_of_names(base: &str, ty: &ApiType, names: &[&str]) -> Result<String, ProviderFunctionError> {
    let mut segments = ty.name.split('/');
    let namespace = segments.next().unwrap_or_default();
    let kinds: Vec<&str> = segments.collect();
    if kinds.len() != names.len() {
        return Err(ProviderFunctionError {
            argument: None,
            message: format!("{} has {} names, but there are {}", ty.name, kinds.len(), names.len()),
        });
    }
    let pairs: Vec<String> = kinds.iter().zip(names).map(|(kind, name)| format!("{kind}/{name}")).collect();
    Ok(format!("{}/providers/{namespace}/{}", base.trim_end_matches('/'), pairs.join("/")))
}

fn parse(ty: &str, id: &str) -> Result<Value, ProviderFunctionError> {
    let versioned = if ty.contains('@') { ty.to_owned() } else { format!("{ty}@2000-01-01") };
    let parsed = ApiType::parse(&versioned).and_then(|ty| Some((ty.clone(), ty.split_id(id)?)));
    let Some((ty, (parent_id, name))) = parsed else {
        return Err(ProviderFunctionError {
            argument: Some(1),
            message: format!("{id:?} is no id of type {ty}"),
        });
    };
    let mut description = describe(&ty, id, &parent_id, &name);
    description.push(("type", Value::string(ty.name)));
    Ok(Value::object(description))
}

/// Says all that an id says.
pub(crate) fn describe(ty: &ApiType, id: &str, parent_id: &str, name: &str) -> Vec<(&'static str, Value)> {
    let after = |word: &str| Value::from(segment_after(id, word).unwrap_or_default());
    let segments: Vec<&str> = id.trim_matches('/').split('/').collect();
    let parts = segments.chunks_exact(2).map(|pair| (pair[0], Value::from(pair[1])));
    vec![
        ("id", Value::from(id)),
        ("name", Value::from(name)),
        ("parent_id", Value::from(parent_id)),
        ("parts", Value::map(Type::String, parts.collect::<Vec<_>>())),
        ("provider_namespace", Value::from(ty.name.split('/').next().unwrap_or_default())),
        ("resource_group_name", after("resourceGroups")),
        ("subscription_id", after("subscriptions")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(function: &str, arguments: &[Value]) -> String {
        call(function, arguments).unwrap().as_str().unwrap().to_string()
    }

    #[test]
    fn ids_are_made_and_taken_apart() {
        let subnet =
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/n";
        let ty = "Microsoft.Network/virtualNetworks/subnets";
        let names = Value::list_of_strings(["v", "n"]);
        assert_eq!(text("resource_group_resource_id", &["s".into(), "g".into(), ty.into(), names]), subnet);
        let parent = subnet.trim_end_matches("/subnets/n");
        assert_eq!(text("build_resource_id", &[parent.into(), ty.into(), "n".into()]), subnet);
        let parsed = call("parse_resource_id", &[ty.into(), subnet.into()]).unwrap();
        assert_eq!(parsed.attribute("resource_group_name"), "g".into());
        assert_eq!(parsed.attribute("parts").get("subnets"), Some(&"n".into()));
        assert_eq!(parsed.ty(), parsed_type());
        assert!(call("parse_resource_id", &[ty.into(), parent.into()]).is_err());
        assert!(call("tenant_resource_id", &[ty.into(), Value::list_of_strings(["v"])]).is_err());
    }
}
