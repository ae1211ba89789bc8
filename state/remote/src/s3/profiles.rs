//! Profiles in `~/.aws/credentials` and `~/.aws/config`.
//!
//! Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files".

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::settings::Settings;

/// The settings of profiles by name.
#[derive(Debug, Default)]
pub(super) struct Profiles(BTreeMap<String, BTreeMap<String, String>>);

impl Profiles {
    /// Reads all files that are there. What the credentials' files say counts before what the configuration's do.
    pub(super) fn read(settings: &Settings<'_>) -> Self {
        let mut profiles = Self::default();
        let home = settings.variable(&["HOME"]).map(PathBuf::from);
        let usual = |name: &str| home.iter().map(|home| home.join(".aws").join(name)).collect::<Vec<_>>();
        let paths = |argument: &str, variable: &str, name: &str| {
            let mut named = settings.texts(argument);
            named.extend(settings.variable(&[variable]).filter(|_| named.is_empty()));
            if named.is_empty() {
                return usual(name);
            }
            let at_home = |path: String| match (path.strip_prefix("~/"), &home) {
                (Some(rest), Some(home)) => home.join(rest),
                _ => PathBuf::from(path),
            };
            named.into_iter().map(at_home).collect()
        };
        let credentials = match settings.text("shared_credentials_file") {
            Some(path) => vec![PathBuf::from(path)],
            None => paths("shared_credentials_files", "AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        };
        for path in paths("shared_config_files", "AWS_CONFIG_FILE", "config").into_iter().chain(credentials) {
            profiles.add(&std::fs::read_to_string(path).unwrap_or_default());
        }
        profiles
    }

    /// Reads one text.
    #[cfg(test)]
    pub(super) fn of(text: &str) -> Self {
        let mut profiles = Self::default();
        profiles.add(text);
        profiles
    }

    fn add(&mut self, text: &str) {
        let mut section = None;
        for line in text.lines() {
            // A sign in the middle of a word is part of the value.
            let is_comment = line.trim_start().starts_with([';', '#']);
            let end = line.find(" #").or_else(|| line.find(" ;")).unwrap_or(line.len());
            let content = if is_comment { "" } else { line[..end].trim_end() };
            if let Some(name) = content.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                let name = name.trim();
                let name = name.strip_prefix("profile ").unwrap_or(name).trim();
                section = Some(name.trim_matches('"').to_owned());
                continue;
            }
            // What is indented belongs to the setting above, and none of those is of use here.
            let is_nested = content.starts_with([' ', '\t']);
            if let (Some(section), Some((name, value)), false) =
                (&section, content.split_once('='), is_nested)
            {
                let settings = self.0.entry(section.clone()).or_default();
                settings.insert(name.trim().to_lowercase(), value.trim().to_owned());
            }
        }
    }

    /// Returns a setting of a profile, if it says something.
    pub(super) fn setting(&self, profile: &str, name: &str) -> Option<&str> {
        self.0.get(profile)?.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Tells whether there is such a profile.
    pub(super) fn has(&self, profile: &str) -> bool {
        self.0.contains_key(profile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_files_count_before_earlier_ones() {
        let mut profiles = Profiles::default();
        profiles
            .add("[default]\nregion = eu-west-1 # home\n[profile \"a b\"]\nrole_arn=arn\ns3 =\n  max = 1\n");
        profiles.add("# [default]\n[default]\naws_secret_access_key = a#b/c==\nregion=eu-north-1\n");
        assert_eq!(profiles.setting("default", "region"), Some("eu-north-1"));
        assert_eq!(profiles.setting("default", "aws_secret_access_key"), Some("a#b/c=="));
        assert_eq!(profiles.setting("a b", "role_arn"), Some("arn"));
        assert_eq!(profiles.setting("a b", "max"), None);
        assert!(!profiles.has("c"));
    }
}
