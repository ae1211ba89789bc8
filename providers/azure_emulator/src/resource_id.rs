//! Resource ids and request paths: where the scope ends, which type is meant, and which names.

use std::sync::Arc;

/// The identity of a resource: its id in lower case without a trailing slash. Azure compares ids this way.
pub(crate) type Key = Arc<str>;

/// Returns the key of an id.
pub(crate) fn key_of(id: &str) -> Key {
    let mut key = String::with_capacity(id.len() + 1);
    if !id.starts_with('/') {
        key.push('/');
    }
    key.push_str(id.trim_end_matches('/'));
    key.make_ascii_lowercase();
    key.into()
}

/// Returns whether two ids name the same resource.
pub(crate) fn is_same_id(left: &str, right: &str) -> bool {
    left.trim_matches('/').eq_ignore_ascii_case(right.trim_matches('/'))
}

/// A request path, split and percent-decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestPath {
    segments: Vec<String>,
}

impl RequestPath {
    /// Splits the path of a URL. Empty segments are dropped, as ARM does.
    pub(crate) fn parse(path: &str) -> RequestPath {
        let segments = path.split('/').filter(|segment| !segment.is_empty()).map(percent_decode).collect();
        RequestPath { segments }
    }

    /// Returns the segments.
    pub(crate) fn segments(&self) -> &[String] {
        &self.segments
    }

    /// Returns the segments in lower case.
    pub(crate) fn lower(&self) -> Vec<String> {
        self.segments.iter().map(|segment| segment.to_ascii_lowercase()).collect()
    }

    /// Splits at the last `providers` segment that is followed by a namespace.
    pub(crate) fn provider_part(&self) -> Option<ProviderPart<'_>> {
        let at = self.segments.iter().rposition(|segment| segment.eq_ignore_ascii_case("providers"))?;
        let (scope, rest) = self.segments.split_at(at);
        let (namespace, rest) = rest.get(1..)?.split_first()?;
        Some(ProviderPart { scope, namespace, rest })
    }
}

/// A path of the form `scope/providers/namespace/type/name/…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProviderPart<'a> {
    /// What comes before `providers`.
    pub(crate) scope: &'a [String],
    pub(crate) namespace: &'a str,
    /// Alternating types and names; a last type without a name is a collection or an action.
    pub(crate) rest: &'a [String],
}

impl ProviderPart<'_> {
    /// Returns `namespace/type/type` of the first `pairs` types.
    pub(crate) fn type_name(&self, pairs: usize) -> String {
        let types: Vec<&str> = self.rest.iter().step_by(2).take(pairs).map(String::as_str).collect();
        format!("{}/{}", self.namespace, types.join("/"))
    }

    /// Returns the id made of the scope and the first `pairs` type-name pairs, as spelled in the request.
    pub(crate) fn id(&self, pairs: usize) -> String {
        let mut id = scope_id(self.scope);
        id.push_str("/providers/");
        id.push_str(self.namespace);
        for segment in self.rest.iter().take(pairs * 2) {
            id.push('/');
            id.push_str(segment);
        }
        id
    }
}

/// Joins scope segments into an id; empty for the tenant.
pub(crate) fn scope_id(segments: &[String]) -> String {
    segments.iter().fold(String::new(), |id, segment| id + "/" + segment)
}

/// Returns the subscription and resource group named in an id, each if it is there.
pub(crate) fn containers_of(id: &str) -> (Option<&str>, Option<&str>) {
    let mut segments = id.split('/').filter(|segment| !segment.is_empty());
    let mut next_after = |word: &str| {
        let found = segments.next()?.eq_ignore_ascii_case(word);
        found.then(|| segments.next()).flatten()
    };
    let subscription = next_after("subscriptions");
    let group = subscription.and_then(|_| next_after("resourceGroups"));
    (subscription, group)
}

/// Returns the last segment of an id.
pub(crate) fn name_of(id: &str) -> &str {
    id.trim_end_matches('/').rsplit('/').next().unwrap_or(id)
}

/// Returns the key of the resource above a child's key: the last type and name are dropped.
pub(crate) fn parent_key(key: &str) -> Option<&str> {
    let (rest, _) = key.rsplit_once('/')?;
    let (parent, _) = rest.rsplit_once('/')?;
    (!parent.is_empty()).then_some(parent)
}

/// Decodes `%xx`; malformed escapes stay as they are.
pub(crate) fn percent_decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut idx = 0;
    while idx < bytes.len() {
        let escape = (bytes[idx] == b'%').then(|| text.get(idx + 1..idx + 3)).flatten();
        match escape.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                idx += 3;
            }
            None => {
                decoded.push(bytes[idx]);
                idx += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Encodes everything that is not unreserved (RFC 3986).
pub(crate) fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_split_at_the_last_provider() {
        let path = RequestPath::parse(
            "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/r/providers/\
             Microsoft.Authorization/roleAssignments/a",
        );
        let part = path.provider_part().expect("a provider path");
        assert_eq!(part.namespace, "Microsoft.Authorization");
        assert_eq!(part.type_name(1), "Microsoft.Authorization/roleAssignments");
        assert_eq!(
            scope_id(part.scope),
            "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/r"
        );
    }

    #[test]
    fn ids_are_compared_without_casing() {
        assert_eq!(key_of("subscriptions/S/ResourceGroups/G/"), key_of("/subscriptions/s/resourcegroups/g"));
        assert_eq!(containers_of("/subscriptions/S/resourcegroups/G/providers/x"), (Some("S"), Some("G")));
        assert_eq!(containers_of("/subscriptions/S"), (Some("S"), None));
        assert_eq!(containers_of("/providers/x"), (None, None));
        assert_eq!(parent_key("/a/b/types/n/children/c"), Some("/a/b/types/n"));
    }

    #[test]
    fn escapes_are_decoded() {
        assert_eq!(percent_decode("a%20b%2Fc%zz%e"), "a b/c%zz%e");
        assert_eq!(percent_encode("West US/1"), "West%20US%2F1");
    }
}
