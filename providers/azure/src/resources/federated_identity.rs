//! Federated credentials, whose identity has two names in version 4.

use terrane_model::Value;

use crate::attributes::Attributes;
use crate::lifecycle::group_of;
use crate::mapping::Documents;
use crate::resources::Behaviour;

/// Federated identity credentials.
pub(crate) struct FederatedIdentityCredential;

impl Behaviour for FederatedIdentityCredential {
    fn complete_arguments(&self, arguments: &mut Attributes) {
        if arguments.text("user_assigned_identity_id").is_none()
            && let Some(parent) = arguments.text("parent_id").map(str::to_owned)
        {
            arguments.set("user_assigned_identity_id", parent);
        }
    }

    fn read_attributes(&self, _documents: &Documents, _known: Option<&Value>, attributes: &mut Attributes) {
        let Some(identity) = attributes.text("user_assigned_identity_id").map(str::to_owned) else { return };
        attributes.set("resource_group_name", group_of(&identity).unwrap_or_default());
        attributes.set("parent_id", identity);
    }
}
