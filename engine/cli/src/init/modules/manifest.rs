//! `.terraform/modules/modules.json`: which module call's module is where.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;
use terrane_model::encode_json::write_json_string;

use crate::init::whole_file::write_whole;

/// The module calls that were installed, by the names of the calls that lead there, joined by points.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModuleManifest {
    entries: BTreeMap<String, ManifestEntry>,
}

/// Where a module call's module is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestEntry {
    /// The source in its full form.
    pub source: String,
    /// The version of modules from registries.
    pub version: Option<String>,
    /// The folder.
    pub directory: String,
}

impl ModuleManifest {
    /// Reads a manifest; one that is not there or that nobody understands is empty.
    pub fn read(modules_folder: &Path) -> Self {
        let bytes = std::fs::read(modules_folder.join("modules.json")).unwrap_or_default();
        let json: Json = serde_json::from_slice(&bytes).unwrap_or_default();
        let entries = json["Modules"].as_array().into_iter().flatten().filter_map(|entry| {
            let version = entry["Version"].as_str().filter(|version| !version.is_empty());
            let read = ManifestEntry {
                source: entry["Source"].as_str()?.to_owned(),
                version: version.map(str::to_owned),
                directory: entry["Dir"].as_str()?.to_owned(),
            };
            Some((entry["Key"].as_str()?.to_owned(), read))
        });
        Self { entries: entries.collect() }
    }

    /// Returns what is known of a module call.
    pub fn get(&self, key: &str) -> Option<&ManifestEntry> {
        self.entries.get(key)
    }

    /// Sets what is known of a module call.
    pub fn insert(&mut self, key: String, entry: ManifestEntry) {
        self.entries.insert(key, entry);
    }

    /// Writes the manifest as Terraform does.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, modules_folder: &Path) -> std::io::Result<()> {
        write_whole(&modules_folder.join("modules.json"), self.text().as_bytes())
    }

    fn text(&self) -> String {
        let root = ManifestEntry { source: String::new(), version: None, directory: ".".to_owned() };
        let mut text = "{\"Modules\":[".to_owned();
        let calls = self.entries.iter().filter(|(key, _)| !key.is_empty());
        for (index, (key, entry)) in [(&String::new(), &root)].into_iter().chain(calls).enumerate() {
            text.push_str(if index == 0 { "{\"Key\":" } else { ",{\"Key\":" });
            write_json_string(&mut text, key);
            text.push_str(",\"Source\":");
            write_json_string(&mut text, &entry.source);
            if let Some(version) = &entry.version {
                text.push_str(",\"Version\":");
                write_json_string(&mut text, version);
            }
            text.push_str(",\"Dir\":");
            write_json_string(&mut text, &entry.directory);
            text.push('}');
        }
        text.push_str("]}");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Terraform 1.11 writes it.
    const WRITTEN: &str = r#"{"Modules":[{"Key":"","Source":"","Dir":"."},{"Key":"g","Source":"git::file:///tmp/gm?ref=v1","Dir":".terraform/modules/g"},{"Key":"vpc","Source":"registry.terraform.io/acme/vpc/aws","Version":"1.2.3","Dir":".terraform/modules/vpc"}]}"#;

    #[test]
    fn what_is_read_is_written_to_the_byte() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("modules.json"), WRITTEN).unwrap();
        let manifest = ModuleManifest::read(folder.path());
        assert_eq!(manifest.get("vpc").unwrap().version.as_deref(), Some("1.2.3"));
        manifest.write(folder.path()).unwrap();
        assert_eq!(std::fs::read_to_string(folder.path().join("modules.json")).unwrap(), WRITTEN);
        assert_eq!(ModuleManifest::read(&folder.path().join("nowhere")), ModuleManifest::default());
    }
}
