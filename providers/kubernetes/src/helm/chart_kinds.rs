//! Which kinds a chart defines and uses, as far as its files say so: templates are not rendered for this, so some of
//! it may depend on values.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::objects::ties::{group, is_own, kind};

/// Kinds by the names that ties have for them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ChartKinds {
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) defines: BTreeSet<String>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) uses: BTreeSet<String>,
}

impl ChartKinds {
    /// Tells whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.defines.is_empty() && self.uses.is_empty()
    }

    /// Adds what a file of definitions or templates has.
    pub(crate) fn add(&mut self, text: &str) {
        let mut document = Document::default();
        for line in text.lines() {
            if line.starts_with("---") {
                self.close(std::mem::take(&mut document));
            } else {
                document.read(line);
            }
        }
        self.close(document);
    }

    fn close(&mut self, document: Document<'_>) {
        if document.kind == "CustomResourceDefinition" {
            if !document.group.is_empty() && !document.defined.is_empty() {
                self.defines.insert(kind(document.group, document.defined).to_string());
            }
        } else if !document.kind.is_empty() && !is_own(group(document.api_version)) {
            self.uses.insert(kind(group(document.api_version), document.kind).to_string());
        }
    }
}

/// What is of interest in one document.
#[derive(Default)]
struct Document<'t> {
    api_version: &'t str,
    kind: &'t str,
    /// The first `group` and the `kind` among the names of a definition.
    group: &'t str,
    defined: &'t str,
    is_in_names: bool,
}

impl<'t> Document<'t> {
    /// Reads a line of YAML with an indentation of two, as definitions and templates are written.
    fn read(&mut self, line: &'t str) {
        let depth = line.len() - line.trim_start_matches(' ').len();
        let Some((name, value)) = line.trim().split_once(':') else { return };
        let value = value.trim().trim_matches(['"', '\'']);
        // What is computed is not known here.
        let is_plain = !value.is_empty() && !value.contains(['{', ' ']);
        match (depth, name) {
            (0, "apiVersion") if is_plain => self.api_version = value,
            (0, "kind") if is_plain => self.kind = value,
            (2, "group") if is_plain && self.group.is_empty() => self.group = value,
            (2, _) => self.is_in_names = name == "names",
            (4, "kind") if is_plain && self.is_in_names => self.defined = value,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_without_rendering() {
        let text = "{{- if .Values.crds }}\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: buckets.x.io\n\
                    spec:\n  group: \"x.io\"\n  names:\n    categories: [all]\n    kind: Bucket\n    plural: buckets\n  scope: Namespaced\n\
                    {{- end }}\n---\napiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nspec:\n  names:\n    kind: No\n---\n\
                    apiVersion: v1\nkind: Service\n---\napiVersion: {{ .Values.api }}\nkind: {{ .Values.kind }}\n---\nkind: Deployment\napiVersion: apps/v1\n";
        let mut kinds = ChartKinds::default();
        kinds.add(text);
        assert_eq!(kinds.defines.iter().collect::<Vec<_>>(), ["kind Bucket.x.io"]);
        assert_eq!(kinds.uses.iter().collect::<Vec<_>>(), ["kind ServiceMonitor.monitoring.coreos.com"]);
        assert!(!kinds.is_empty());
    }
}
