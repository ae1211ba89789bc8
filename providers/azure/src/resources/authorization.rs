//! Role assignments and definitions: names that are ids, roles that are looked up by name.

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use terrane_model::{Diagnostic, Value};
use uuid::Uuid;

use crate::attributes::{Attributes, text_at};
use crate::client::ArmRequest;
use crate::lifecycle::{Address, Change, Draft, Failure, Work};
use crate::mapping::Documents;
use crate::resources::Behaviour;

const ROLE_API_VERSION: &str = "2022-05-01-preview";

/// Role assignments.
pub(crate) struct RoleAssignment;

#[async_trait]
impl Behaviour for RoleAssignment {
    /// The name is planned already: whoever lost the answer to a create finds the assignment by it.
    fn plan(&self, draft: &mut Draft<'_>) {
        if draft.prior.is_none() {
            self.complete_arguments(&mut draft.planned);
        }
    }

    fn complete_arguments(&self, arguments: &mut Attributes) {
        if arguments.text("name").is_none()
            && let Some(name) = assignment_name(arguments)
        {
            arguments.set("name", name);
        }
    }

    async fn before_write(
        &self,
        work: &Work<'_>,
        change: &Change<'_>,
        documents: &mut Documents,
    ) -> Result<(), Failure> {
        if text_at(change.planned, "role_definition_id").is_none()
            && let Some(name) = text_at(change.planned, "role_definition_name")
        {
            let scope = text_at(change.planned, "scope").unwrap_or_default();
            let role = role_by_name(work, &scope, &name).await?;
            documents.set("properties.roleDefinitionId", role["id"].clone());
        }
        let skips_check = change.planned.attribute("skip_service_principal_aad_check").as_bool();
        if skips_check == Some(true) && documents.at("properties.principalType").is_none() {
            documents.set("properties.principalType", "ServicePrincipal".into());
        }
        Ok(())
    }

    async fn complete_documents(
        &self,
        work: &Work<'_>,
        documents: &mut Documents,
        known: Option<&Value>,
    ) -> Result<(), Failure> {
        // Roles keep their names; a name that is known need not be asked for again.
        let role = match known.and_then(|known| text_at(known, "role_definition_name")) {
            Some(name) => Some(json!({"properties": {"roleName": name.as_str()}})),
            None => match documents.text_at("properties.roleDefinitionId") {
                Some(id) => work.get(id, ROLE_API_VERSION).await?,
                None => None,
            },
        };
        if let Some(role) = role {
            documents.named.insert("role".into(), role);
        }
        Ok(())
    }
}

/// Makes a name of everything that makes an assignment the one it is.
fn assignment_name(arguments: &Attributes) -> Option<String> {
    let role = arguments.text("role_definition_id").and_then(|id| id.rsplit('/').next());
    let role = role.or_else(|| arguments.text("role_definition_name"))?;
    let parts = [
        arguments.text("scope")?,
        arguments.text("principal_id")?,
        role,
        arguments.text("condition").unwrap_or_default(),
        arguments.text("description").unwrap_or_default(),
    ];
    let text = parts.join("|").to_ascii_lowercase();
    Some(Uuid::new_v5(&Uuid::NAMESPACE_URL, text.as_bytes()).to_string())
}

async fn role_by_name(work: &Work<'_>, scope: &str, name: &str) -> Result<Json, Failure> {
    let path = format!("{}/providers/Microsoft.Authorization/roleDefinitions", scope.trim_end_matches('/'));
    let filter = format!("roleName eq '{}'", name.replace('\'', "''"));
    let request = ArmRequest::get(path, ROLE_API_VERSION).with_query("$filter", filter);
    let roles = work.client().list(request, &work.call).await?.unwrap_or_default();
    match <[Json; 1]>::try_from(roles) {
        Ok([role]) => Ok(role),
        Err(roles) => {
            let detail = format!(
                "There are {} roles named {name:?} on {scope}; there must be one. Built-in roles are listed by az \
                 role definition list.",
                roles.len()
            );
            Err(Diagnostic::error("Role not found", detail).into())
        }
    }
}

/// Role definitions.
pub(crate) struct RoleDefinition;

#[async_trait]
impl Behaviour for RoleDefinition {
    fn complete_arguments(&self, arguments: &mut Attributes) {
        if arguments.text("role_definition_id").is_none()
            && let (Some(scope), Some(name)) = (arguments.text("scope"), arguments.text("name"))
        {
            let text = format!("{scope}|{name}").to_ascii_lowercase();
            arguments
                .set("role_definition_id", Uuid::new_v5(&Uuid::NAMESPACE_URL, text.as_bytes()).to_string());
        }
    }

    async fn before_write(
        &self,
        _work: &Work<'_>,
        change: &Change<'_>,
        documents: &mut Documents,
    ) -> Result<(), Failure> {
        if documents.at("properties.assignableScopes").is_none() {
            let scope = text_at(change.planned, "scope").unwrap_or_default();
            documents.set("properties.assignableScopes", json!([scope.as_str()]));
        }
        Ok(())
    }
}

/// Role definitions as data sources, by name or by id.
pub(crate) struct RoleDefinitionData;

#[async_trait]
impl Behaviour for RoleDefinitionData {
    async fn find(&self, work: &Work<'_>, config: &Value) -> Result<Option<Address>, Failure> {
        let scope = text_at(config, "scope").unwrap_or_default();
        if let Some(id) = text_at(config, "role_definition_id") {
            let base = scope.trim_end_matches('/');
            let path = format!("{base}/providers/Microsoft.Authorization/roleDefinitions/{id}");
            return Ok(Some(Address { path, ..Address::default() }));
        }
        let name = text_at(config, "name").unwrap_or_default();
        let role = role_by_name(work, &scope, &name).await?;
        let path = role["id"].as_str().unwrap_or_default().to_owned();
        Ok(Some(Address { path, ..Address::default() }))
    }

    fn read_attributes(&self, documents: &Documents, _known: Option<&Value>, attributes: &mut Attributes) {
        attributes.set("id", documents.text_at("id").unwrap_or_default());
    }
}
