//! Kubernetes versions: what may follow what.

/// The minor version of a text such as `1.32` or `1.32.4`.
pub(crate) fn minor(version: &str) -> Option<(u64, u64)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Says why a cluster cannot go from one version to another; nothing when it can.
pub(crate) fn refuse_upgrade(from: &str, to: &str) -> Option<String> {
    let (from_minor, to_minor) = (minor(from)?, minor(to)?);
    if to_minor < from_minor {
        return Some(format!("A cluster cannot go back from version {from} to {to}."));
    }
    (to_minor.0 == from_minor.0 && to_minor.1 > from_minor.1 + 1).then(|| {
        let next = format!("{}.{}", from_minor.0, from_minor.1 + 1);
        format!("A cluster goes up one minor version at a time: from {from} to {next} first, then on towards {to}.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_versions_are_neither_skipped_nor_taken_back() {
        assert_eq!(refuse_upgrade("1.31.2", "1.32"), None);
        assert_eq!(refuse_upgrade("1.31.2", "1.31.9"), None);
        assert!(refuse_upgrade("1.27", "1.29").unwrap().contains("1.28"));
        assert!(refuse_upgrade("1.29", "1.28.1").unwrap().contains("back"));
        assert_eq!(refuse_upgrade("1.29", "latest"), None);
    }
}
