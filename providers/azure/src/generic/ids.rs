//! Types with versions, and the ids of objects of such types.

use std::fmt;

/// A type with the version of its interface: `Microsoft.Network/virtualNetworks/subnets@2025-01-01`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiType {
    /// Namespace and kinds, with slashes.
    pub(crate) name: String,
    pub(crate) version: String,
}

/// Resource groups are objects of this type, although their ids do not say so.
pub(crate) const RESOURCE_GROUP: &str = "Microsoft.Resources/resourceGroups";
const SUBSCRIPTION: &str = "Microsoft.Resources/subscriptions";

impl ApiType {
    /// Reads a type; nothing when it has not the form `Namespace/kind@version`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (name, version) = text.split_once('@')?;
        let is_type = name.split('/').count() > 1 && name.split('/').all(|segment| !segment.is_empty());
        let is_version =
            version.len() >= 10 && version.starts_with(|character: char| character.is_ascii_digit());
        (is_type && is_version).then(|| Self { name: name.to_owned(), version: version.to_owned() })
    }

    /// Returns the last kind.
    fn last_kind(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }

    /// Returns the type of the object that this one is a part of; nothing for types of one kind.
    fn parent_type(&self) -> Option<&str> {
        let (parent, _) = self.name.rsplit_once('/')?;
        parent.contains('/').then_some(parent)
    }

    /// Tells whether another type is the same, whatever the version.
    pub(crate) fn is_same_kind(&self, other: &Self) -> bool {
        self.name.eq_ignore_ascii_case(&other.name)
    }

    /// Makes the id of an object.
    ///
    /// # Errors
    /// When such an object cannot be in such a parent.
    pub(crate) fn id_in(&self, parent_id: &str, name: &str) -> Result<String, String> {
        let parent = parent_id.trim_end_matches('/');
        if self.name.eq_ignore_ascii_case(RESOURCE_GROUP) {
            return Ok(format!("{parent}/resourceGroups/{name}"));
        }
        if self.name.eq_ignore_ascii_case(SUBSCRIPTION) {
            return Ok(format!("/subscriptions/{name}"));
        }
        let Some(parent_type) = self.parent_type() else {
            return Ok(format!("{parent}/providers/{}/{name}", self.name));
        };
        let found = type_of(parent);
        if found.as_deref().is_some_and(|found| found.eq_ignore_ascii_case(parent_type)) {
            return Ok(format!("{parent}/{}/{name}", self.last_kind()));
        }
        Err(format!(
            "An object of type {} is a part of one of type {parent_type}, but {parent_id} is {}.",
            self.name,
            found.map_or("no resource".to_owned(), |found| format!("of type {found}"))
        ))
    }

    /// Returns the parent's id and the name in an id of this type; nothing when it is of another one.
    pub(crate) fn split_id(&self, id: &str) -> Option<(String, String)> {
        let (rest, name) = id.trim_end_matches('/').rsplit_once('/')?;
        if !type_of(id)?.eq_ignore_ascii_case(&self.name) {
            return None;
        }
        let suffix = if self.name.eq_ignore_ascii_case(RESOURCE_GROUP) {
            "/resourceGroups".to_owned()
        } else if self.parent_type().is_some() {
            format!("/{}", self.last_kind())
        } else {
            format!("/providers/{}", self.name)
        };
        let cut = rest.len().checked_sub(suffix.len())?;
        let parent = rest.get(..cut)?;
        let parent = if parent.is_empty() { "/" } else { parent };
        rest.get(cut..)?.eq_ignore_ascii_case(&suffix).then(|| (parent.to_owned(), name.to_owned()))
    }

    /// Returns where objects of this type in a parent are listed.
    pub(crate) fn list_in(&self, parent_id: &str) -> Result<String, String> {
        let id = self.id_in(parent_id, "x")?;
        Ok(id.trim_end_matches("/x").to_owned())
    }
}

impl fmt::Display for ApiType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.name, self.version)
    }
}

/// Reads the type off an id: that of the innermost provider in it.
pub(crate) fn type_of(id: &str) -> Option<String> {
    let segments: Vec<&str> = id.trim_matches('/').split('/').collect();
    if let Some(start) = segments.iter().rposition(|segment| segment.eq_ignore_ascii_case("providers")) {
        let inside = &segments[start + 1..];
        let (namespace, rest) = inside.split_first()?;
        if rest.is_empty() || rest.len() % 2 != 0 {
            return None;
        }
        let kinds: Vec<&str> = rest.iter().step_by(2).copied().collect();
        return Some(format!("{namespace}/{}", kinds.join("/")));
    }
    match segments.as_slice() {
        [subscriptions, _] if subscriptions.eq_ignore_ascii_case("subscriptions") => {
            Some(SUBSCRIPTION.to_owned())
        }
        [_, _, groups, _] if groups.eq_ignore_ascii_case("resourceGroups") => Some(RESOURCE_GROUP.to_owned()),
        _ => None,
    }
}

/// Returns what follows a word in an id.
pub(crate) fn segment_after<'a>(id: &'a str, word: &str) -> Option<&'a str> {
    let mut segments = id.split('/');
    segments.find(|segment| segment.eq_ignore_ascii_case(word))?;
    segments.next().filter(|segment| !segment.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str = "/subscriptions/s/resourceGroups/g";

    #[test]
    fn ids_are_made_of_parents_and_taken_apart_again() {
        for (ty, parent, name, id) in [
            ("Microsoft.Resources/resourceGroups@2023-07-01", "/subscriptions/s", "g", GROUP.to_owned()),
            (
                "Microsoft.Cache/redis@2024-11-01",
                GROUP,
                "r",
                format!("{GROUP}/providers/Microsoft.Cache/redis/r"),
            ),
            (
                "Microsoft.Cache/redis/firewallRules@2024-11-01",
                "/subscriptions/s/resourceGroups/g/providers/Microsoft.Cache/redis/r",
                "f",
                format!("{GROUP}/providers/Microsoft.Cache/redis/r/firewallRules/f"),
            ),
            (
                "Microsoft.Authorization/locks@2020-05-01",
                GROUP,
                "l",
                format!("{GROUP}/providers/Microsoft.Authorization/locks/l"),
            ),
            (
                "Microsoft.Management/managementGroups@2021-04-01",
                "/",
                "m",
                "/providers/Microsoft.Management/managementGroups/m".to_owned(),
            ),
        ] {
            let ty = ApiType::parse(ty).unwrap();
            assert_eq!(ty.id_in(parent, name).unwrap(), id);
            assert_eq!(ty.split_id(&id), Some((parent.to_owned(), name.to_owned())), "{id}");
        }
    }

    #[test]
    fn what_is_no_type_or_no_parent_is_refused() {
        for wrong in [
            "Microsoft.Cache@2024-11-01",
            "Microsoft.Cache/redis",
            "Microsoft.Cache/redis@latest",
            "a//b@2024-11-01",
        ] {
            assert_eq!(ApiType::parse(wrong), None, "{wrong}");
        }
        let rule = ApiType::parse("Microsoft.Cache/redis/firewallRules@2024-11-01").unwrap();
        let error = rule.id_in(GROUP, "f").unwrap_err();
        assert!(error.contains("a part of one of type Microsoft.Cache/redis"), "{error}");
        assert_eq!(rule.split_id(GROUP), None);
    }
}
