//! What names, keys and values of labels may look like.

/// Says what is wrong with the name of an object, if anything is.
pub(crate) fn objection_to_name(name: &str) -> Option<String> {
    let is_part = |part: &str| {
        let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !part.is_empty() && part.chars().all(inside) && !part.starts_with('-') && !part.ends_with('-')
    };
    if name.is_empty() || name.len() <= 253 && name.split('.').all(is_part) {
        return None;
    }
    Some(format!(
        "{name:?} is no name for an object: it has to consist of lower-case letters, digits, \"-\" and \".\", to start \
         and end with a letter or digit, and to have at most 253 characters."
    ))
}

/// Says what is wrong with the key of a label or annotation, if anything is.
pub(crate) fn objection_to_key(key: &str) -> Option<String> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let prefix_is_right = prefix
        .is_none_or(|prefix| !prefix.is_empty() && objection_to_name(&prefix.to_ascii_lowercase()).is_none());
    if prefix_is_right && !name.is_empty() && is_label_text(name) {
        return None;
    }
    Some(format!(
        "{key:?} is no key for labels and annotations: behind an optional domain and \"/\" it has to consist of letters, \
         digits, \"-\", \"_\" and \".\", to start and end with a letter or digit, and to have at most 63 characters."
    ))
}

/// Says what is wrong with the value of a label, if anything is.
pub(crate) fn objection_to_label_value(key: &str, value: &str) -> Option<String> {
    if value.is_empty() || is_label_text(value) {
        return None;
    }
    Some(format!(
        "{value:?}, the value of {key:?}, is no value for labels: it has to consist of letters, digits, \"-\", \"_\" and \
         \".\", to start and end with a letter or digit, and to have at most 63 characters."
    ))
}

fn is_label_text(text: &str) -> bool {
    let ends_well = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.len() <= 63
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && ends_well(text.chars().next())
        && ends_well(text.chars().last())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_keys_follow_the_rules_of_the_api() {
        for name in ["a", "a-b.c", "0", "kube-root-ca.crt"] {
            assert_eq!(objection_to_name(name), None);
        }
        for name in ["A", "-a", "a-", "a..b", "a_b", &"a".repeat(254)] {
            assert!(objection_to_name(name).is_some(), "{name}");
        }
        for key in ["app", "app.kubernetes.io/name", "a_b.C"] {
            assert_eq!(objection_to_key(key), None);
        }
        for key in ["", "/a", "a/", "a/b/c", "-a", "a b", &"a".repeat(64)] {
            assert!(objection_to_key(key).is_some(), "{key}");
        }
        assert_eq!(objection_to_label_value("k", ""), None);
        assert!(objection_to_label_value("k", "a/b").is_some());
    }
}
