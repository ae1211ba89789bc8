//! What Helm remembers of a release: one secret or config map for each revision, with everything in it.
//!
//! The data is JSON, compressed by gzip, in base64; secrets have a second base64 around it, as all their data.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::objects::cluster::Object;

/// The most that a record may take when it is unpacked. Etcd takes 1 MiB packed.
const UNPACKED_MAX: u64 = 256 << 20;

/// One revision of a release.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) namespace: String,
    /// The revision; they count from one.
    #[serde(rename = "version")]
    pub(crate) revision: i64,
    pub(crate) info: Info,
    pub(crate) chart: Chart,
    /// The values that were given, without those of the chart.
    pub(crate) config: Option<Map<String, Json>>,
    /// The objects without hooks, as YAML.
    pub(crate) manifest: String,
    pub(crate) hooks: Option<Vec<Hook>>,
    /// `ssa` or `csa`; only Helm 4 writes it.
    pub(crate) apply_method: String,
}

/// How a revision went.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Info {
    pub(crate) first_deployed: String,
    pub(crate) last_deployed: String,
    pub(crate) description: String,
    /// A word of Helm: `deployed`, `failed`, `pending-upgrade`.
    pub(crate) status: String,
    pub(crate) notes: String,
}

/// What is of interest in an object that is made at certain moments.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Hook {
    /// Words of Helm: `pre-install`, `post-delete`.
    pub(crate) events: Vec<String>,
}

/// What is of interest in a release's chart.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Chart {
    pub(crate) metadata: ChartMetadata,
}

/// The head of a chart.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ChartMetadata {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) app_version: String,
    /// `application` or `library`; nothing means the first.
    #[serde(rename = "type")]
    pub(crate) chart_type: String,
    pub(crate) dependencies: Vec<Dependency>,
}

/// A chart that another needs.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) version: String,
}

impl Record {
    /// Reads the secret or config map that holds a revision.
    ///
    /// # Errors
    /// When what is in it is no release.
    pub(crate) fn read(object: &Object) -> Result<Self, String> {
        let data = object.get("data").and_then(|data| data.get("release")).and_then(Json::as_str);
        let data = data.ok_or("it has no release in it")?;
        let is_secret = object.get("kind").and_then(Json::as_str) != Some("ConfigMap");
        Self::unpack(data, is_secret)
    }

    fn unpack(data: &str, is_secret: bool) -> Result<Self, String> {
        let decode = |text: &[u8]| BASE64.decode(text).map_err(|error| format!("it is no base64: {error}"));
        let mut bytes = decode(data.as_bytes())?;
        if is_secret {
            bytes = decode(&bytes)?;
        }
        // Releases of the first versions are not compressed.
        if bytes.starts_with(&[0x1f, 0x8b, 0x08]) {
            let mut unpacked = Vec::new();
            let mut reader = flate2::read::GzDecoder::new(bytes.as_slice()).take(UNPACKED_MAX);
            reader.read_to_end(&mut unpacked).map_err(|error| format!("it cannot be unpacked: {error}"))?;
            bytes = unpacked;
        }
        serde_json::from_slice(&bytes).map_err(|error| format!("it is no release: {error}"))
    }

    /// Tells whether the release is there to stay.
    pub(crate) fn is_deployed(&self) -> bool {
        self.info.status == "deployed"
    }

    /// Tells whether something was under way when the revision was last written.
    pub(crate) fn is_pending(&self) -> bool {
        self.info.status.starts_with("pending-") || self.info.status == "uninstalling"
    }

    /// Tells whether the chart does something when the release is uninstalled.
    pub(crate) fn has_farewell(&self) -> bool {
        let mut events = self.hooks.iter().flatten().flat_map(|hook| &hook.events);
        events.any(|event| matches!(event.as_str(), "pre-delete" | "post-delete"))
    }

    /// Tells whether the release is gone and only remembered.
    pub(crate) fn is_uninstalled(&self) -> bool {
        self.info.status == "uninstalled"
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use serde_json::json;

    use super::*;

    fn packed(json: &Json) -> String {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(json.to_string().as_bytes()).unwrap();
        BASE64.encode(packer.finish().unwrap())
    }

    #[test]
    fn records_are_read_from_secrets_and_config_maps() {
        let release = json!({"name": "web", "namespace": "n", "version": 3, "info": {"status": "deployed"},
            "chart": {"metadata": {"name": "c", "version": "1.2.3", "appVersion": "9"}, "templates": []},
            "config": {"a": 1}, "manifest": "---\n", "hooks": [{"events": ["post-install", "pre-delete"]}]});
        let text = packed(&release);
        let secret = json!({"kind": "Secret", "data": {"release": BASE64.encode(&text)}});
        let config_map = json!({"kind": "ConfigMap", "data": {"release": text}});
        for object in [secret, config_map] {
            let record = Record::read(object.as_object().unwrap()).unwrap();
            assert_eq!((record.name.as_str(), record.revision), ("web", 3));
            assert_eq!(record.chart.metadata.app_version, "9");
            assert!(record.is_deployed() && !record.is_pending() && record.has_farewell());
        }
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for data in
            [json!({}), json!({"release": "?"}), json!({"release": BASE64.encode(BASE64.encode("x"))})]
        {
            let object = json!({"kind": "Secret", "data": data});
            assert!(Record::read(object.as_object().unwrap()).is_err());
        }
    }
}
