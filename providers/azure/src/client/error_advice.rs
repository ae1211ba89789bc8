//! Azure's errors in the user's words: what happened, Azure's own text, and what to do.

use std::fmt::Write;

use terrane_model::Diagnostic;

use crate::client::error::{ArmError, Refusal, humane};

impl ArmError {
    /// Makes the message for the user; `doing` is what was under way, such as `creating subnet "a"`.
    pub(crate) fn to_diagnostic(&self, doing: &str) -> Diagnostic {
        match self {
            Self::Refused(refusal) => {
                Diagnostic::error("Azure refused the request", refusal_text(doing, "was answered", refusal))
            }
            Self::OperationFailed(refusal) => {
                Diagnostic::error("Azure operation failed", refusal_text(doing, "ended in", refusal))
            }
            Self::Connection { host, reason } => Diagnostic::error(
                "Azure cannot be reached",
                format!(
                    "While {doing}: {host} gave no answer: {reason}. Check the network, HTTPS_PROXY and, for a \
                     cloud with its own certificate authority, SSL_CERT_FILE; then run the command again. \
                     Nothing that was already done is lost."
                ),
            ),
            Self::TimedOut { waiting_for, after } => Diagnostic::error(
                "Azure operation timed out",
                format!(
                    "While {doing}: {waiting_for} was not finished after {}. The operation may still end well \
                     in Azure; run the command again to go on from there, or allow more time in the \
                     resource's timeouts block.",
                    humane(*after)
                ),
            ),
            Self::Stopped(phase) => Diagnostic::error(
                "Stopped on request",
                format!(
                    "While {doing}: stopped while {phase}. Azure may still finish what it has begun; the next \
                     run will find out."
                ),
            ),
            Self::Credential(reason) => {
                Diagnostic::error("No access to Azure", format!("While {doing}: {reason}"))
            }
            Self::Unexpected { .. } => Diagnostic::error(
                "Unexpected answer from Azure",
                format!("While {doing}: {self}. Run the command again; if it stays so, please report it."),
            ),
            Self::Settings(reason) => {
                Diagnostic::error("Invalid Azure provider configuration", reason.clone())
            }
        }
    }
}

fn refusal_text(doing: &str, verb: &str, refusal: &Refusal) -> String {
    let mut text = format!("While {doing}: ");
    if refusal.status == 0 {
        let _ = write!(text, "the operation {verb} {}", refusal.code);
    } else {
        let _ = write!(
            text,
            "{} {} {verb} {} ({})",
            refusal.method.as_str(),
            refusal.path,
            refusal.status,
            refusal.code
        );
    }
    let _ =
        if refusal.message.is_empty() { write!(text, ".") } else { write!(text, ": {}", refusal.message) };
    for (code, message) in &refusal.details {
        if message.is_empty() || message == &refusal.message {
            continue;
        }
        let _ = write!(text, "\n  {code}: {message}");
    }
    if let Some(advice) = advice(refusal) {
        let _ = write!(text, "\n\n{advice}");
    }
    if let Some(request_id) = &refusal.headers.request_id {
        let _ = write!(text, "\n\nAzure's request id, for its support: {request_id}");
        if let Some(correlation_id) = &refusal.headers.correlation_id {
            let _ = write!(text, " (correlation id {correlation_id})");
        }
        text.push('.');
    }
    text
}

/// Says what to do about an error; first by Azure's code, else by the status.
fn advice(refusal: &Refusal) -> Option<String> {
    by_code(refusal).map(str::to_owned).or_else(|| by_status(refusal))
}

fn by_code(refusal: &Refusal) -> Option<&'static str> {
    const ADVICE: &[(&str, &str)] = &[
        (
            "MissingSubscriptionRegistration",
            "The subscription does not use this resource provider yet. Remove resource_provider_registrations \
             = \"none\" from the provider block, name the namespace in resource_providers_to_register, or \
             register it once with az provider register.",
        ),
        (
            "AuthorizationFailed",
            "The identity in use lacks a role for this. Give it one (Contributor for resources, User Access \
             Administrator for role assignments) on the resource group or subscription; new assignments need \
             up to a few minutes to take effect.",
        ),
        (
            "LinkedAuthorizationFailed",
            "The identity in use lacks a role on a resource that this one refers to.",
        ),
        (
            "RequestDisallowedByPolicy",
            "An Azure Policy of the subscription forbids this. Change the configuration to satisfy it, or ask \
             who owns the policy for an exemption.",
        ),
        ("ScopeLocked", "A management lock protects the resource or its group. Remove the lock first."),
        (
            "InvalidResourceLocation",
            "A resource of this name exists in another location. Locations cannot be changed; use another \
             name or delete the other resource first.",
        ),
        (
            "ResourceGroupNotFound",
            "The resource group does not exist. Create it in the same configuration and refer to it, so that \
             it is created first.",
        ),
        (
            "ParentResourceNotFound",
            "Refer to the parent resource instead of naming it, so that it is created first.",
        ),
        (
            "QuotaExceeded",
            "The subscription's quota for this is used up. Ask for more in the portal, or choose another size \
             or region.",
        ),
        (
            "SkuNotAvailable",
            "This size is not offered in the region, or not to the subscription. Choose another.",
        ),
        (
            "RoleAssignmentExists",
            "The same principal has this role on this scope already, through an assignment of another name. \
             Import that one, or remove it.",
        ),
        (
            "InUseSubnetCannotBeDeleted",
            "Something is still in the subnet. Delete it first; if it was just deleted, run the command again \
             in a minute.",
        ),
        (
            "VaultAlreadyExists",
            "A vault of this name exists, or was deleted and still holds the name. Recover or purge it, or \
             choose another name.",
        ),
        (
            "StorageAccountAlreadyTaken",
            "Names of storage accounts are unique in all of Azure. Choose another.",
        ),
    ];
    ADVICE.iter().find(|(code, _)| refusal.has_code(code)).map(|(_, advice)| *advice)
}

fn by_status(refusal: &Refusal) -> Option<String> {
    let text = match refusal.status {
        400 => {
            "Azure does not accept the request as it is. The message names the property; change the \
                configuration and run the command again."
        }
        401 => {
            "Azure does not accept the token. Sign in again (az login), or check tenant_id, client_id and \
                the secret or certificate."
        }
        403 => {
            "The identity in use may not do this. Check its role assignments and the firewall of the service."
        }
        404 => {
            "Something that the request refers to does not exist. Refer to resources instead of naming \
                them, so that they are created first."
        }
        409 => {
            "The request contradicts the object's present state or another operation under way. Run the \
                command again when that has finished."
        }
        412 => {
            "The object was changed by someone else in the meantime. Run the command again; the plan will \
                show what is different now."
        }
        429 => {
            "The subscription's limit of requests is used up, also after waiting. Run the command again \
                later, or with a lower -parallelism."
        }
        500..=599 => {
            "Azure failed, also when asked again. Look at Azure's status page, and run the command \
                      again later; nothing that was already done is lost."
        }
        _ => return None,
    };
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::request::{Method, ResponseHeaders};

    fn message(status: u16, code: &str) -> String {
        let body = serde_json::json!({"error": {"code": code, "message": "It is so.", "details": [
            {"code": "Inner", "message": "Because."}]}});
        let headers = ResponseHeaders {
            request_id: Some("r-1".to_owned()),
            correlation_id: Some("c-1".to_owned()),
            ..ResponseHeaders::default()
        };
        let refusal = Refusal::from_answer(Method::Put, "/subscriptions/s/x", status, &body, headers);
        ArmError::Refused(Box::new(refusal)).to_diagnostic("creating subnet \"a\"").detail
    }

    #[test]
    fn refusals_name_code_message_causes_advice_and_ids() {
        insta::assert_snapshot!(message(409, "ScopeLocked"), @r#"
        While creating subnet "a": PUT /subscriptions/s/x was answered 409 (ScopeLocked): It is so.
          Inner: Because.

        A management lock protects the resource or its group. Remove the lock first.

        Azure's request id, for its support: r-1 (correlation id c-1).
        "#);
    }

    #[test]
    fn every_status_that_azure_uses_has_advice() {
        for status in [400, 401, 403, 404, 409, 412, 429, 500, 503] {
            assert!(message(status, "Unheard").contains(". "), "{status}");
            assert!(
                by_status(&Refusal::from_answer(
                    Method::Get,
                    "/",
                    status,
                    &serde_json::Value::Null,
                    ResponseHeaders::default()
                ))
                .is_some()
            );
        }
    }
}
