//! Databases and administrators of flexible servers.

use serde_json::json;

use crate::behaviour::{Behaviour, Draft, View};
use crate::error::ArmError;
use crate::world::Resource;

pub(in crate::services) struct Database;

/// Databases that the service itself needs.
const SYSTEM_DATABASES: &[&str] = &["azure_maintenance", "azure_sys", "postgres"];

impl Behaviour for Database {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        for name in ["charset", "collation"] {
            let path = ["properties", name];
            let is_sent = crate::body::at(&draft.sent, &path).is_some();
            let same = draft.before(&path).and_then(|before| before.as_str()).is_none_or(|before| {
                draft.text(&path).is_some_and(|after| after.eq_ignore_ascii_case(before))
            });
            if is_sent && !same {
                return Err(ArmError::bad_request(
                    "InvalidParameterValue",
                    format!(
                        "Invalid value given for parameter {name}. It cannot be changed for an existing database."
                    ),
                ));
            }
        }
        Ok(())
    }

    fn check_delete(&self, _view: View<'_>, resource: &Resource) -> Result<(), ArmError> {
        if !SYSTEM_DATABASES.contains(&resource.name()) {
            return Ok(());
        }
        Err(ArmError::bad_request(
            "OperationNotAllowed",
            format!("The system database '{}' cannot be deleted.", resource.name()),
        ))
    }
}

pub(in crate::services) struct Administrator;

impl Behaviour for Administrator {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let uses_directory = draft.parent.as_ref().and_then(|server| {
            crate::body::text_at(server, &["properties", "authConfig", "activeDirectoryAuth"])
        });
        if uses_directory != Some("Enabled") {
            return Err(ArmError::bad_request(
                "AadAuthOperationCannotBePerformedWhenServerIsNotAccessible",
                "Administrators can be added only to a server with Microsoft Entra authentication enabled.",
            ));
        }
        let id = draft.name().to_owned();
        draft.set("objectId", id);
        let tenant_id = draft.view.settings.identity.tenant_id.clone();
        draft.set_once("tenantId", || json!(tenant_id));
        Ok(())
    }
}
