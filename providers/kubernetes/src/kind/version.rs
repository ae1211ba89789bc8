//! Kubernetes versions, as node images carry them.

/// A version, such as `v1.33.1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    text: String,
    major: u32,
    minor: u32,
}

impl Version {
    /// Reads a version.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut parts = text.trim_start_matches('v').splitn(3, '.');
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next()?.parse().ok()?;
        parts.next().filter(|patch| patch.starts_with(|c: char| c.is_ascii_digit()))?;
        Some(Self { text: text.to_owned(), major, minor })
    }

    /// Tells whether the version is this one or a later one.
    pub(crate) fn at_least(&self, major: u32, minor: u32) -> bool {
        (self.major, self.minor) >= (major, minor)
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        let version = |text: &str| Version::parse(text).unwrap();
        assert!(version("v1.33.1\n").at_least(1, 9));
        assert!(!version("v1.22.17").at_least(1, 23));
        assert_eq!(version("v1.34.0-alpha.1\n").to_string(), "v1.34.0-alpha.1");
        assert_eq!(Version::parse("latest"), None);
        assert_eq!(Version::parse("v1.33"), None);
    }
}
