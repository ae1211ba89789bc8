//! Errors as Azure Resource Manager sends them: a status and the envelope `{"error": {"code", "message", …}}`.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

/// What a refused request is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ArmError {
    /// HTTP status code.
    pub(crate) status: u16,
    /// Azure's error code, for instance `ResourceNotFound`.
    pub(crate) code: Cow<'static, str>,
    /// Azure's text.
    pub(crate) message: String,
    /// The offending property, where the service names it.
    pub(crate) target: Option<String>,
    /// Inner errors; Network puts the real cause here.
    pub(crate) details: Vec<ArmError>,
    /// Seconds for a `Retry-After` header.
    pub(crate) retry_after_seconds: Option<u64>,
    /// Whether ARM itself, not a resource provider, refused (`x-ms-failure-cause: gateway`).
    pub(crate) from_gateway: bool,
}

impl ArmError {
    /// Makes an error of a resource provider.
    pub(crate) fn new(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> ArmError {
        ArmError {
            status,
            code: code.into(),
            message: message.into(),
            target: None,
            details: Vec::new(),
            retry_after_seconds: None,
            from_gateway: false,
        }
    }

    /// Makes an error of the Resource Manager in front of the resource providers.
    pub(crate) fn gateway(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> ArmError {
        ArmError { from_gateway: true, ..ArmError::new(status, code, message) }
    }

    /// Makes a `400 Bad Request`.
    pub(crate) fn bad_request(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> ArmError {
        ArmError::new(400, code, message)
    }

    /// Makes a `409 Conflict`.
    pub(crate) fn conflict(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> ArmError {
        ArmError::new(409, code, message)
    }

    /// Names the offending property.
    #[must_use]
    pub(crate) fn at(mut self, target: impl Into<String>) -> ArmError {
        self.target = Some(target.into());
        self
    }

    /// Adds an inner error.
    #[must_use]
    pub(crate) fn with_detail(mut self, detail: ArmError) -> ArmError {
        self.details.push(detail);
        self
    }

    /// Returns the body of the `error` member.
    pub(crate) fn to_json(&self) -> Value {
        let mut error = Map::new();
        error.insert("code".into(), json!(self.code));
        error.insert("message".into(), json!(self.message));
        if let Some(target) = &self.target {
            error.insert("target".into(), json!(target));
        }
        if !self.details.is_empty() {
            error.insert("details".into(), self.details.iter().map(ArmError::to_json).collect());
        }
        Value::Object(error)
    }
}

/// `404 ResourceGroupNotFound`.
pub(crate) fn resource_group_not_found(name: &str) -> ArmError {
    ArmError::gateway(404, "ResourceGroupNotFound", format!("Resource group '{name}' could not be found."))
}

/// `404 ResourceNotFound`, in the wording of the Resource Manager. `type_and_name` is
/// `Microsoft.Network/virtualNetworks/v`.
pub(crate) fn resource_not_found(type_and_name: &str, resource_group: Option<&str>) -> ArmError {
    let place = match resource_group {
        Some(group) => format!(" under resource group '{group}'"),
        None => String::new(),
    };
    ArmError::gateway(
        404,
        "ResourceNotFound",
        format!(
            "The Resource '{type_and_name}'{place} was not found. For more details please go to \
             https://aka.ms/ARMResourceNotFoundFix"
        ),
    )
}

/// `404 ParentResourceNotFound`.
pub(crate) fn parent_not_found(parent: &str) -> ArmError {
    ArmError::gateway(
        404,
        "ParentResourceNotFound",
        format!(
            "Failed to perform 'write' on resource(s) of type because the parent resource '{parent}' could not be found."
        ),
    )
}

/// `412 PreconditionFailed`, for `If-Match` and `If-None-Match`.
pub(crate) fn precondition_failed(message: impl Into<String>) -> ArmError {
    ArmError::new(412, "PreconditionFailed", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_carries_target_and_details() {
        let error = ArmError::bad_request("InvalidRequestFormat", "Cannot parse the request.")
            .at("properties.x")
            .with_detail(ArmError::bad_request("InvalidJson", "why"));
        assert_eq!(
            error.to_json(),
            json!({
                "code": "InvalidRequestFormat",
                "message": "Cannot parse the request.",
                "target": "properties.x",
                "details": [{"code": "InvalidJson", "message": "why"}],
            })
        );
    }
}
