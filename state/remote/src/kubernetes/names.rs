//! Names and labels of the objects that a state consists of.

use std::collections::BTreeMap;

use terrane_state::BackendError;

use crate::error::remote;

/// The field of a secret that has the state, and the label of all its objects.
pub(super) const STATE_KEY: &str = "tfstate";
pub(super) const SUFFIX_LABEL: &str = "tfstateSecretSuffix";
pub(super) const WORKSPACE_LABEL: &str = "tfstateWorkspace";
/// Who has locked a state, as JSON.
pub(super) const LOCK_ANNOTATION: &str = "app.terraform.io/lock-info";

/// Longest name of an object.
const NAME_LENGTH_MAX: usize = 253;

/// Names and labels for one workspace.
pub(super) struct Names {
    base: String,
    pub(super) labels: BTreeMap<String, String>,
}

impl Names {
    /// Makes them.
    ///
    /// # Errors
    /// When the workspace's name cannot be part of one.
    pub(super) fn new(
        workspace: &str,
        suffix: &str,
        further: &BTreeMap<String, String>,
    ) -> Result<Self, BackendError> {
        let base = format!("{STATE_KEY}-{workspace}-{suffix}");
        if !is_name(&base) {
            return Err(remote(format!(
                "the secret's name {base:?} is invalid: the workspace and secret_suffix may have small letters, digits, \
                 dots and hyphens, as Kubernetes demands of names"
            )));
        }
        let own = [
            (STATE_KEY, "true"),
            (SUFFIX_LABEL, suffix),
            (WORKSPACE_LABEL, workspace),
            // By this label, too, Terraform finds its states.
            ("app.kubernetes.io/managed-by", "terraform"),
        ];
        let mut labels: BTreeMap<String, String> =
            own.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        labels.extend(further.iter().map(|(name, value)| (name.clone(), value.clone())));
        Ok(Self { base, labels })
    }

    /// Returns the name of the secret with one part of a state.
    pub(super) fn secret(&self, index: usize) -> String {
        if index == 0 { self.base.clone() } else { format!("{}-part-{index}", self.base) }
    }

    /// Returns the name of the lease.
    pub(super) fn lease(&self) -> String {
        format!("lock-{}", self.base)
    }

    /// Returns the labels as a selector.
    pub(super) fn selector(&self) -> String {
        let pairs: Vec<String> = self.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join(",")
    }
}

/// Returns which part of a state a secret has, by its name.
pub(super) fn index_of(name: &str) -> usize {
    name.rsplit('-').next().and_then(|last| last.parse().ok()).unwrap_or(0)
}

/// Tells whether a suffix would be taken for the number of a part.
pub(super) fn ends_with_number(suffix: &str) -> bool {
    suffix.rsplit_once('-').is_some_and(|(_, last)| last.parse::<i64>().is_ok())
}

/// Tells whether a text is a DNS subdomain.
fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        let inner = label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        inner && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
    };
    text.len() <= NAME_LENGTH_MAX && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_terraforms() {
        let further = BTreeMap::from([("team".to_owned(), "a".to_owned())]);
        let names = Names::new("default", "prod", &further).unwrap();
        assert_eq!(names.secret(0), "tfstate-default-prod");
        assert_eq!(names.secret(11), "tfstate-default-prod-part-11");
        assert_eq!(names.lease(), "lock-tfstate-default-prod");
        assert_eq!(
            names.selector(),
            "app.kubernetes.io/managed-by=terraform,team=a,tfstate=true,tfstateSecretSuffix=prod,tfstateWorkspace=default"
        );
        assert_eq!((index_of("tfstate-default-prod"), index_of("tfstate-default-prod-part-11")), (0, 11));
        assert!(ends_with_number("prod-1") && !ends_with_number("prod1") && !ends_with_number("1"));
        for bad in ["A", "a_b", &"x".repeat(250)] {
            assert!(Names::new(bad, "s", &further).is_err(), "{bad}");
        }
    }
}
