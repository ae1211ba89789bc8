//! How each service words its refusal of a malformed body or name.

use serde_json::Value;

use crate::error::ArmError;
use crate::table::{Dialect, NameRule, ResourceType};
use crate::validation::{Finding, Problem};

/// Words a finding as the service would.
pub(crate) fn body_error(dialect: Dialect, finding: &Finding) -> ArmError {
    let path = &finding.path;
    match dialect {
        Dialect::Generic => ArmError::gateway(400, "InvalidRequestContent", deserialization_text(finding)),
        Dialect::Network => network_error(finding),
        Dialect::ContainerService => container_service_error(finding),
        Dialect::Cache => ArmError::bad_request("InvalidRequestBody", parameter_text(finding)).at(path),
        Dialect::PostgreSql => match finding.problem {
            Problem::Missing => ArmError::bad_request(
                "MissingRequiredParameter",
                format!("Required parameter '{}' is missing.", last_segment(path)),
            ),
            Problem::UnknownProperty => {
                ArmError::gateway(400, "InvalidRequestContent", deserialization_text(finding))
            }
            _ => ArmError::bad_request(
                "InvalidParameterValue",
                format!(
                    "Invalid value given for parameter {}. Specify a valid parameter value.",
                    last_segment(path)
                ),
            ),
        },
        Dialect::Storage => match &finding.problem {
            Problem::Missing | Problem::UnknownProperty | Problem::WrongType { .. } => {
                ArmError::gateway(400, "InvalidRequestContent", deserialization_text(finding))
            }
            _ => ArmError::bad_request(
                "InvalidValuesForRequestParameters",
                format!("Values for request parameters are invalid: {path}."),
            ),
        },
        Dialect::KeyVault => match &finding.problem {
            Problem::UnknownProperty | Problem::WrongType { .. } => {
                ArmError::gateway(400, "InvalidRequestContent", deserialization_text(finding))
            }
            _ => ArmError::bad_request("BadRequest", parameter_text(finding)),
        },
    }
}

fn network_error(finding: &Finding) -> ArmError {
    if finding.path.ends_with("priority")
        && let Problem::OutOfRange { .. } = finding.problem
    {
        return ArmError::bad_request(
            "SecurityRuleInvalidPriority",
            "Security rule has invalid Priority. Value should be between 100 and 4096.",
        )
        .at(&finding.path);
    }
    let cause = ArmError::bad_request("InvalidJson", json_text(finding)).at(&finding.path);
    ArmError::bad_request("InvalidRequestFormat", "Cannot parse the request.").with_detail(cause)
}

fn container_service_error(finding: &Finding) -> ArmError {
    let path = &finding.path;
    match &finding.problem {
        Problem::UnknownProperty => ArmError::bad_request(
            "UnmarshalError",
            format!("UnmarshalEntity encountered error: json: unknown field \"{}\".", last_segment(path)),
        ),
        Problem::WrongType { expected, value } => ArmError::bad_request(
            "UnmarshalError",
            format!(
                "UnmarshalEntity encountered error: json: cannot unmarshal {} into Go struct field {path} of type \
                 {expected}.",
                type_name(value)
            ),
        ),
        Problem::Missing => ArmError::bad_request(
            "InvalidParameter",
            format!("Required parameter {} is missing (null).", path.trim_start_matches("properties.")),
        )
        .at(path),
        _ => ArmError::bad_request(
            "InvalidParameter",
            format!("The value of parameter {path} is invalid. Error details: {}", reason(finding)),
        )
        .at(path),
    }
}

/// The Resource Manager's own text for bodies that it cannot read.
fn deserialization_text(finding: &Finding) -> String {
    format!("The request content was invalid and could not be deserialized: '{}'.", json_text(finding))
}

fn json_text(finding: &Finding) -> String {
    let path = &finding.path;
    match &finding.problem {
        Problem::UnknownProperty => format!(
            "Could not find member '{}' on object of type 'ResourceDefinition'. Path '{path}', line 1, position 1.",
            last_segment(path)
        ),
        Problem::Missing => format!(
            "Required property '{}' not found in JSON. Path '{}', line 1, position 1.",
            last_segment(path),
            path.rsplit_once('.').map_or("", |(parent, _)| parent)
        ),
        Problem::WrongType { expected, value } => format!(
            "Error converting value {} to type '{expected}'. Path '{path}', line 1, position 1.",
            shortened(value)
        ),
        Problem::NotAllowed { value, allowed } => format!(
            "Error converting value \"{value}\" to one of {}. Path '{path}', line 1, position 1.",
            allowed.join(", ")
        ),
        _ => format!("The value of '{path}' is invalid: {}", reason(finding)),
    }
}

fn parameter_text(finding: &Finding) -> String {
    let path = &finding.path;
    match &finding.problem {
        Problem::UnknownProperty => {
            format!("The property '{path}' is not known to this version of the service.")
        }
        Problem::Missing => format!("The parameter '{path}' is missing."),
        _ => format!("The value of the parameter '{path}' is invalid. {}", reason(finding)),
    }
}

fn reason(finding: &Finding) -> String {
    match &finding.problem {
        Problem::NotAllowed { value, allowed } => {
            format!("'{value}' is not one of {}.", allowed.join(", "))
        }
        Problem::BadPattern { value, pattern } => format!("'{value}' does not match '{pattern}'."),
        Problem::BadLength { length } => format!("A length of {length} is not allowed."),
        Problem::OutOfRange { value } => format!("{value} is out of range."),
        Problem::WrongType { expected, value } => {
            format!("Expected {expected}, got {}.", type_name(value))
        }
        Problem::UnknownProperty => "The property is not known.".into(),
        Problem::Missing => "The property is missing.".into(),
    }
}

/// Words the refusal of a name that breaks the type's rule.
pub(crate) fn name_error(dialect: Dialect, resource_type: &ResourceType, name: &str) -> ArmError {
    let rule = describe_rule(&resource_type.name_rule);
    match (dialect, resource_type.name.as_str()) {
        (_, "Microsoft.Resources/resourceGroups") => ArmError::gateway(
            400,
            "InvalidResourceGroup",
            format!(
                "The provided resource group name '{name}' has these invalid characters or ends with a period. The \
                 name can only be a letter, digit, '-', '.', '(', ')' or '_' and has at most 90 characters."
            ),
        ),
        (_, "Microsoft.Storage/storageAccounts") => ArmError::bad_request(
            "AccountNameInvalid",
            format!(
                "{name} is not a valid storage account name. Storage account name must be between 3 and 24 characters \
                 in length and use numbers and lower-case letters only."
            ),
        ),
        (Dialect::KeyVault, _) => ArmError::bad_request(
            "VaultNameNotValid",
            format!("The vault name '{name}' is invalid. {rule} Consecutive hyphens are not allowed."),
        ),
        (Dialect::ContainerService, _) => {
            let parameter = if resource_type.is_child() { "agentPoolProfile.name" } else { "resourceName" };
            ArmError::bad_request(
                "InvalidParameter",
                format!(
                    "The value of parameter {parameter} is invalid. Error details: Name '{name}' is invalid. {rule} \
                     Please see https://aka.ms/aks-naming-rules for more details."
                ),
            )
            .at(parameter)
        }
        (Dialect::PostgreSql, _) => ArmError::bad_request(
            "InvalidParameterValue",
            format!("Invalid value given for parameter name '{name}'. {rule}"),
        ),
        _ => ArmError::bad_request("InvalidResourceName", format!("Resource name {name} is invalid. {rule}")),
    }
}

fn describe_rule(rule: &NameRule) -> String {
    if !rule.allowed.is_empty() {
        return format!("The name must be one of {}.", rule.allowed.join(", "));
    }
    let length = match (rule.length.min, rule.length.max) {
        (Some(min), Some(max)) => Some(format!("have {min} to {max} characters")),
        (None, Some(max)) => Some(format!("have at most {max} characters")),
        _ => None,
    };
    let pattern = rule.pattern.as_ref().map(|pattern| format!("match '{}'", pattern.source()));
    let demands: Vec<String> = length.into_iter().chain(pattern).collect();
    if demands.is_empty() {
        return "The name must not be empty.".to_owned();
    }
    format!("The name must {}.", demands.join(" and "))
}

/// Returns whether `name` follows the type's rule.
pub(crate) fn is_valid_name(resource_type: &ResourceType, name: &str) -> bool {
    let rule = &resource_type.name_rule;
    (rule.allowed.is_empty() || rule.allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(name)))
        && rule.length.contains_length(name.chars().count())
        && rule.pattern.as_ref().is_none_or(|pattern| pattern.is_match(name))
        && !name.is_empty()
}

fn last_segment(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn shortened(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::CATALOG;

    #[test]
    fn each_service_words_its_own_errors() {
        let finding = Finding { path: "properties.count".into(), problem: Problem::Missing };
        let codes: Vec<_> = [
            Dialect::Generic,
            Dialect::Network,
            Dialect::ContainerService,
            Dialect::Cache,
            Dialect::PostgreSql,
            Dialect::Storage,
            Dialect::KeyVault,
        ]
        .into_iter()
        .map(|dialect| body_error(dialect, &finding).code.into_owned())
        .collect();
        assert_eq!(
            codes,
            [
                "InvalidRequestContent",
                "InvalidRequestFormat",
                "InvalidParameter",
                "InvalidRequestBody",
                "MissingRequiredParameter",
                "InvalidRequestContent",
                "BadRequest",
            ]
        );
    }

    #[test]
    fn names_follow_their_rules() {
        let cases = [
            ("Microsoft.Network/virtualNetworks", "v", false),
            ("Microsoft.Network/virtualNetworks", "v-1", true),
            ("Microsoft.Network/virtualNetworks", "-v1", false),
            ("Microsoft.Cache/redisEnterprise/databases", "default", true),
            ("Microsoft.Cache/redisEnterprise/databases", "other", false),
            ("Microsoft.Resources/resourceGroups", "a.", false),
            ("Microsoft.Resources/resourceGroups", "größe", true),
            ("Microsoft.ContainerService/managedClusters/agentPools", "Bad-Name", false),
        ];
        for (type_name, name, expected) in cases {
            let resource_type = CATALOG.get(CATALOG.find(type_name).expect(type_name));
            assert_eq!(is_valid_name(resource_type, name), expected, "{type_name} {name}");
        }
    }
}
