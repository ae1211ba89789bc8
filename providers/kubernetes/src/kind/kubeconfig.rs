//! Kubeconfigs: the one that kubeadm writes, turned into ours, and what merging it into other files means.
//!
//! Everything here is about values; [`super::kubeconfig_file`] reads and writes files.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value as Json, json};

use super::names::context_name;
use crate::yaml;

/// The lists whose entries have names.
const LISTS: [&str; 3] = ["clusters", "contexts", "users"];

/// Access to a cluster as administrator.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Access {
    /// The kubeconfig with one cluster, one user and one context.
    pub(crate) document: Json,
    /// The API server's URL.
    pub(crate) endpoint: String,
    /// The cluster's authority, in PEM.
    pub(crate) cluster_ca_certificate: String,
    /// Our certificate, in PEM.
    pub(crate) client_certificate: String,
    /// Our key, in PEM.
    pub(crate) client_key: String,
}

/// Hides the key.
impl std::fmt::Debug for Access {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Access").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Access {
    /// Makes the access out of what kubeadm has written into a control plane, for a server's address as it is
    /// seen from here.
    ///
    /// # Errors
    /// When the text is not a kubeconfig with one cluster and one user.
    pub(crate) fn from_admin_conf(text: &str, cluster: &str, endpoint: &str) -> Result<Self, String> {
        let mut document = yaml::read(text)?;
        let name = context_name(cluster);
        let single = |list: &str, part: &str| -> Result<Json, String> {
            match document.get(list).and_then(Json::as_array).map(Vec::as_slice) {
                Some([entry]) => Ok(entry.get(part).cloned().unwrap_or(Json::Null)),
                _ => Err(format!("it has not exactly one entry in {list}")),
            }
        };
        let mut cluster_entry = single("clusters", "cluster")?;
        let user = single("users", "user")?;
        single("contexts", "context")?;
        let decoded = |entry: &Json, field: &str| -> Result<String, String> {
            let encoded = entry.get(field).and_then(Json::as_str).ok_or(format!("it has no {field}"))?;
            let bytes = BASE64_STANDARD.decode(encoded).map_err(|_| format!("its {field} is not base64"))?;
            String::from_utf8(bytes).map_err(|_| format!("its {field} is not text"))
        };
        let access = Self {
            endpoint: endpoint.to_owned(),
            cluster_ca_certificate: decoded(&cluster_entry, "certificate-authority-data")?,
            client_certificate: decoded(&user, "client-certificate-data")?,
            client_key: decoded(&user, "client-key-data")?,
            document: Json::Null,
        };
        cluster_entry["server"] = json!(endpoint);
        let Json::Object(fields) = &mut document else { return Err("it is not a map".to_owned()) };
        fields.insert("clusters".to_owned(), json!([{"name": name, "cluster": cluster_entry}]));
        fields.insert(
            "contexts".to_owned(),
            json!([{"name": name, "context": {"cluster": name, "user": name}}]),
        );
        fields.insert("users".to_owned(), json!([{"name": name, "user": user}]));
        fields.insert("current-context".to_owned(), json!(name));
        Ok(Self { document, ..access })
    }

    /// Returns the same access at another address.
    pub(crate) fn at(mut self, endpoint: &str) -> Self {
        endpoint.clone_into(&mut self.endpoint);
        if let Some(cluster) = self.document.pointer_mut("/clusters/0/cluster") {
            cluster["server"] = json!(endpoint);
        }
        self
    }

    /// Writes the kubeconfig.
    pub(crate) fn text(&self) -> String {
        yaml::write(&self.document)
    }
}

/// Returns a kubeconfig with the entries of another one: entries of the same name are replaced, all else
/// stays, and the other one's context becomes the current one.
///
/// # Errors
/// When the existing value is not a kubeconfig.
pub(crate) fn merge(existing: Json, ours: &Json) -> Result<Json, String> {
    let mut merged = match existing {
        Json::Null => Map::new(),
        Json::Object(fields) => fields,
        _ => return Err("it is not a map".to_owned()),
    };
    for field in ["apiVersion", "kind", "preferences"] {
        if let (false, Some(value)) = (merged.contains_key(field), ours.get(field)) {
            merged.insert(field.to_owned(), value.clone());
        }
    }
    for list in LISTS {
        let target = merged.entry(list.to_owned()).or_insert(Json::Null);
        if target.is_null() {
            *target = json!([]);
        }
        let Json::Array(target) = target else { return Err(format!("its {list} are not a list")) };
        for entry in ours.get(list).and_then(Json::as_array).into_iter().flatten() {
            match target.iter_mut().find(|candidate| candidate.get("name") == entry.get("name")) {
                Some(same) => *same = entry.clone(),
                None => target.push(entry.clone()),
            }
        }
    }
    if let Some(current) = ours.get("current-context") {
        merged.insert("current-context".to_owned(), current.clone());
    }
    Ok(Json::Object(merged))
}

/// Removes a cluster's entries. Returns whether there were any.
pub(crate) fn remove(existing: &mut Json, cluster: &str) -> bool {
    let name = json!(context_name(cluster));
    let mut removed = false;
    for list in LISTS {
        if let Some(entries) = existing.get_mut(list).and_then(Json::as_array_mut) {
            let before = entries.len();
            entries.retain(|entry| entry.get("name") != Some(&name));
            removed |= entries.len() < before;
        }
    }
    if existing.get("current-context") == Some(&name) {
        existing["current-context"] = json!("");
        removed = true;
    }
    removed
}

/// Tells whether a kubeconfig says nothing at all.
pub(crate) fn is_empty(document: &Json) -> bool {
    let Json::Object(fields) = document else { return document.is_null() };
    fields.iter().all(|(field, value)| match field.as_str() {
        "apiVersion" | "kind" => true,
        _ => match value {
            Json::Null => true,
            Json::String(text) => text.is_empty(),
            Json::Array(list) => list.is_empty(),
            Json::Object(map) => map.is_empty(),
            _ => false,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admin_conf() -> String {
        let data = |text: &str| BASE64_STANDARD.encode(text);
        yaml::write(&json!({
            "apiVersion": "v1",
            "kind": "Config",
            "preferences": {},
            "clusters": [{"name": "demo", "cluster": {
                "certificate-authority-data": data("authority"), "server": "https://demo-control-plane:6443"}}],
            "users": [{"name": "kubernetes-admin", "user": {
                "client-certificate-data": data("certificate"), "client-key-data": data("key")}}],
            "contexts": [{"name": "kubernetes-admin@demo", "context": {"cluster": "demo", "user": "kubernetes-admin"}}],
            "current-context": "kubernetes-admin@demo",
        }))
    }

    #[test]
    fn kubeadms_file_becomes_ours() {
        let access = Access::from_admin_conf(&admin_conf(), "demo", "https://127.0.0.1:40123").unwrap();
        assert_eq!(access.cluster_ca_certificate, "authority");
        assert_eq!((access.client_certificate.as_str(), access.client_key.as_str()), ("certificate", "key"));
        insta::assert_snapshot!(access.text(), @r"
        apiVersion: v1
        clusters:
        - cluster:
            certificate-authority-data: YXV0aG9yaXR5
            server: https://127.0.0.1:40123
          name: kind-demo
        contexts:
        - context:
            cluster: kind-demo
            user: kind-demo
          name: kind-demo
        current-context: kind-demo
        kind: Config
        preferences: {}
        users:
        - name: kind-demo
          user:
            client-certificate-data: Y2VydGlmaWNhdGU=
            client-key-data: a2V5
        ");
        assert!(!format!("{access:?}").contains("a2V5"));
        assert!(Access::from_admin_conf("clusters: []", "demo", "x").is_err());
    }

    #[test]
    fn merging_replaces_what_has_the_same_name_and_keeps_the_rest() {
        let ours = Access::from_admin_conf(&admin_conf(), "demo", "https://new").unwrap().document;
        let existing = yaml::read(
            "apiVersion: v1\ncustom: kept\ncurrent-context: other\nclusters:\n- {name: other, cluster: {server: x}}\n- {name: \
             kind-demo, cluster: {server: https://old}}\ncontexts: null\n",
        );
        let mut merged = merge(existing.unwrap(), &ours).unwrap();
        assert_eq!(merged["custom"], "kept");
        assert_eq!(merged["current-context"], "kind-demo");
        let servers: Vec<&str> = merged["clusters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["cluster"]["server"].as_str().unwrap())
            .collect();
        assert_eq!(servers, ["x", "https://new"]);
        assert!(remove(&mut merged, "demo"));
        assert!(!remove(&mut merged, "demo"));
        assert_eq!(merged["clusters"].as_array().unwrap().len(), 1);
        assert_eq!(merged["current-context"], "");
        assert!(!is_empty(&merged));
        let mut only_ours = merge(Json::Null, &ours).unwrap();
        remove(&mut only_ours, "demo");
        assert!(is_empty(&only_ours));
        assert!(merge(json!([]), &ours).is_err());
    }
}
