//! Which providers an installation method is for: `*/*`, `example.com/*/*`, `hashicorp/random`.

use terrane_model::ProviderSource;

/// A pattern of provider sources. A part that is nothing fits anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcePattern {
    host: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
}

impl SourcePattern {
    /// Reads a pattern of two or three parts; without a host, it is for the default registry.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let (host, namespace, name) = match parts[..] {
            [namespace, name] => (ProviderSource::DEFAULT_HOST, namespace, name),
            [host, namespace, name] => (host, namespace, name),
            _ => {
                return Err(format!(
                    "invalid provider matching pattern {text:?}: must have either two or three slash-separated segments"
                ));
            }
        };
        if parts.iter().any(|part| part.is_empty()) {
            return Err(format!("invalid provider matching pattern {text:?}: a segment is empty"));
        }
        let (host, namespace, name) = (fixed(host), fixed(namespace), fixed(name));
        // A name says nothing without who publishes it.
        if namespace.is_none() && name.is_some() || host.is_none() && namespace.is_some() {
            return Err(format!(
                "invalid provider matching pattern {text:?}: a wildcard may only be followed by further wildcards"
            ));
        }
        Ok(Self { host, namespace, name })
    }

    /// Tells whether a provider fits.
    pub fn admits(&self, source: &ProviderSource) -> bool {
        let fits = |part: &Option<String>, actual: &str| part.as_ref().is_none_or(|part| part == actual);
        fits(&self.host, &source.host)
            && fits(&self.namespace, &source.namespace)
            && fits(&self.name, &source.name)
    }
}

fn fixed(part: &str) -> Option<String> {
    (part != "*").then(|| part.to_lowercase())
}
