//! Clusters of the size `Automatic`: Azure chooses their network, their nodes and most of what runs on them.

use serde_json::{Value, json};

use crate::behaviour::Draft;
use crate::body::{at, object_at};

/// Returns whether a cluster looks after itself.
pub(super) fn is_automatic(draft: &Draft<'_>) -> bool {
    draft.text(&["sku", "name"]) == Some("Automatic")
}

/// Fills in what Azure chooses for such a cluster; what a client says counts before it.
pub(super) fn prepare(draft: &mut Draft<'_>) {
    if !is_automatic(draft) {
        return;
    }
    let prefix: String = draft
        .name()
        .chars()
        .map(|it| if it == '_' { '-' } else { it })
        .take(50)
        .chain("-dns".chars())
        .collect();
    let chosen = [
        (&["networkProfile", "networkPlugin"][..], json!("azure")),
        (&["networkProfile", "networkPluginMode"], json!("overlay")),
        (&["networkProfile", "networkDataplane"], json!("cilium")),
        (&["networkProfile", "networkPolicy"], json!("cilium")),
        (&["oidcIssuerProfile", "enabled"], json!(true)),
        (&["securityProfile", "workloadIdentity", "enabled"], json!(true)),
        (&["ingressProfile", "webAppRouting", "enabled"], json!(true)),
        (
            &["ingressProfile", "webAppRouting", "nginx", "defaultIngressControllerType"],
            json!("AnnotationControlled"),
        ),
        (
            &["ingressProfile", "webAppRouting", "gatewayAPIImplementations", "appRoutingIstio", "mode"],
            json!("Disabled"),
        ),
    ];
    if draft.at(&["properties", "fqdnSubdomain"]).is_none() {
        choose(draft, &["dnsPrefix"], json!(prefix));
    }
    for (path, value) in chosen {
        choose(draft, path, value);
    }
}

/// Sets a property unless the client says what it is, or it is something already.
fn choose(draft: &mut Draft<'_>, path: &[&str], value: Value) {
    let from_top: Vec<&str> = std::iter::once("properties").chain(path.iter().copied()).collect();
    if at(&draft.sent, &from_top).is_some() {
        return;
    }
    let value = draft.before(&from_top).cloned().unwrap_or(value);
    let Some((last, parents)) = path.split_last() else { return };
    let object = parents.iter().fold(draft.properties(), |object, name| object_at(object, name));
    object.insert((*last).to_owned(), value);
}
