//! `listCluster…Credential`: who may have which kubeconfig.

use serde_json::{Value, json};

use super::kubeconfig::{self, User};
use crate::behaviour::{Action, Object, Outcome};
use crate::error::ArmError;
use crate::http::Response;
use crate::resource_id::containers_of;
use crate::world::Resource;

/// Answers with the kubeconfig of a user.
pub(super) fn list_credentials(action: &mut Action<'_, '_>, user: User) -> Result<Outcome, ArmError> {
    let cluster = action.resource()?.clone();
    let body = cluster.body();
    if user == User::Admin
        && body.get("properties").and_then(|it| it.get("disableLocalAccounts")) == Some(&json!(true))
    {
        return Err(ArmError::bad_request(
            "BadRequest",
            "Getting static credential is not allowed because this cluster is set to disable local accounts.",
        ));
    }
    if let Some(path) = &action.effects.settings.aks_kubeconfig {
        let given = std::fs::read(path).map_err(|error| {
            ArmError::new(500, "InternalServerError", format!("{}: {error}", path.display()))
        })?;
        return Ok(Outcome::Done(Response::json(200, &kubeconfig::credentials(user, &given))));
    }
    let certificates = certificates_of(action, &cluster)?;
    let group = containers_of(&cluster.id).1.unwrap_or_default();
    let text = kubeconfig::write_kubeconfig(group, cluster.name(), &body, &certificates, user);
    Ok(Outcome::Done(Response::json(200, &kubeconfig::credentials(user, text.as_bytes()))))
}

/// The cluster's certificates, made when they are first asked for.
fn certificates_of(action: &mut Action<'_, '_>, cluster: &Resource) -> Result<Object, ArmError> {
    let mut hidden = cluster.hidden();
    if let Some(Value::Object(certificates)) = hidden.get("certificates") {
        return Ok(certificates.clone());
    }
    let made = kubeconfig::make_certificates()?;
    hidden.insert("certificates".into(), Value::Object(made.clone()));
    let key = action.key.clone();
    action.effects.world.update(&key, |cluster| cluster.set_hidden(hidden));
    Ok(made)
}

/// Forgets the certificates, so that the next kubeconfig has new ones.
pub(super) fn rotate_certificates(action: &mut Action<'_, '_>) -> Result<(), ArmError> {
    let key = action.key.clone();
    action.effects.world.update(&key, |cluster| {
        let mut hidden = cluster.hidden();
        hidden.remove("certificates");
        cluster.set_hidden(hidden);
    });
    Ok(())
}
