//! kind's own configuration files.

use terrane_language::functions::decode_yaml;
use terrane_model::{Diagnostic, Diagnostics, Value};

use super::Files;
use super::blocks::{BlockText, file, identifier, snake_case};

/// The version of the files that are known.
const API_VERSION: &str = "kind.x-k8s.io/v1alpha4";

/// Lists of objects, which are written as blocks, by where they stand.
const BLOCKS: [&str; 2] = ["extraMounts", "extraPortMappings"];

/// What a node or a cluster may say that the resource type has no argument for.
const WITHOUT_ARGUMENT: &str = "kubeadmConfigPatchesJSON6902";

/// Makes a `kind_cluster` of a configuration file.
///
/// # Errors
/// When the text is no such file.
pub fn convert(text: &str, _files: &Files<'_>) -> Result<(String, Diagnostics), Diagnostics> {
    let invalid = |detail: String| Diagnostics::from(Diagnostic::error("Not a kind configuration", detail));
    let read = decode_yaml(text).map_err(invalid)?;
    let text_of = |name: &str| read.get(name).and_then(Value::as_str).map(ToString::to_string);
    if text_of("kind").as_deref() != Some("Cluster") || text_of("apiVersion").as_deref() != Some(API_VERSION)
    {
        return Err(invalid(format!("The file has to be of the kind Cluster of {API_VERSION}.")));
    }
    let name = text_of("name").unwrap_or_else(|| "kind".to_owned());
    let mut warnings = Diagnostics::new();
    let mut cluster = BlockText::new("resource", &["kind_cluster", &identifier(&name)]);
    cluster.set("name", &name.as_str().into());
    cluster.set("wait_for_ready", &true.into());
    let mut config = BlockText::new("kind_config", &[]);
    config.set("kind", &"Cluster".into());
    config.set("api_version", &API_VERSION.into());
    let mut nodes = Vec::new();
    for (key, value) in read.as_entries().unwrap_or_default().iter().filter(|(_, value)| !value.is_null()) {
        match key.as_str() {
            "kind" | "apiVersion" | "name" => {}
            "networking" => config.push(object("networking", value, &mut warnings)),
            "nodes" => {
                let all = value.as_sequence().unwrap_or_default();
                nodes.extend(all.iter().map(|node| object("node", node, &mut warnings)));
            }
            "runtimeConfig" => config.set("runtime_config", &runtime_config(value)),
            "featureGates" => config.set("feature_gates", &texts(value)),
            "kubeadmConfigPatches" | "containerdConfigPatches" => config.set(&snake_case(key), value),
            other => warnings.push(left_out(other)),
        }
    }
    for node in nodes {
        config.push(node);
    }
    cluster.push(config);
    let mut requirements = BlockText::new("terraform", &[]);
    let mut providers = BlockText::new("required_providers", &[]);
    providers.set("kind", &Value::object([("source", "tehcyx/kind".into())]));
    requirements.push(providers);
    Ok((file(&[requirements, cluster]), warnings))
}

fn object(name: &str, value: &Value, warnings: &mut Diagnostics) -> BlockText {
    let mut block = BlockText::new(name, &[]);
    for (key, value) in value.as_entries().unwrap_or_default().iter().filter(|(_, value)| !value.is_null()) {
        let is_blocks = BLOCKS.contains(&key.as_str());
        if is_blocks {
            for element in value.as_sequence().unwrap_or_default() {
                block.push(object(&snake_case(key), element, warnings));
            }
        } else if key == WITHOUT_ARGUMENT {
            warnings.push(left_out(key));
        } else if key == "labels" {
            block.set("labels", &texts(value));
        } else {
            block.set(&snake_case(key), value);
        }
    }
    block
}

/// Maps of texts may hold what looks like something else.
fn texts(value: &Value) -> Value {
    let entries = value.as_entries().unwrap_or_default().iter();
    Value::object(entries.map(|(key, value)| {
        let text = terrane_model::convert(value, &terrane_model::Type::String);
        (key.clone(), text.unwrap_or_else(|_| value.clone()))
    }))
}

/// Names of APIs have slashes, which the argument does without.
fn runtime_config(value: &Value) -> Value {
    let texts = texts(value);
    let entries = texts.as_entries().unwrap_or_default().iter();
    Value::object(entries.map(|(key, value)| (key.replace("/", "_"), value.clone())))
}

fn left_out(name: &str) -> Diagnostic {
    let detail = format!("{name} has no counterpart in kind_cluster and is left out.");
    Diagnostic::warning("Not converted", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_are_written_as_resources() {
        let text = "\
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
name: data-platform
featureGates: {KubeletInUserNamespace: true}
runtimeConfig: {api/alpha: \"false\"}
networking:
  podSubnet: 10.10.0.0/16
  disableDefaultCNI: false
containerdConfigPatches:
- |-
  [plugins.\"io.containerd.grpc.v1.cri\".registry]
    config_path = \"/etc/containerd/certs.d\"
nodes:
- role: control-plane
  extraPortMappings:
  - {containerPort: 80, hostPort: 8080}
- role: worker
  labels: {tier: 1}
  extraMounts:
  - {hostPath: /tmp/data, containerPath: /data, readOnly: true}
  kubeadmConfigPatchesJSON6902: []
";
        let (converted, warnings) = convert(text, &|_| Err(String::new())).unwrap();
        insta::assert_snapshot!(converted);
        assert_eq!(warnings.len(), 1);
    }

    #[test]
    fn other_files_are_refused() {
        for text in
            ["kind: Pod\napiVersion: v1\n", "a: [", "kind: Cluster\napiVersion: kind.sigs.k8s.io/v1alpha3\n"]
        {
            assert!(convert(text, &|_| Err(String::new())).unwrap_err().has_errors(), "{text}");
        }
    }
}
