//! Resource ids: how they are made from arguments, read back, and spelled.

use std::collections::BTreeMap;

use terrane_model::Str;

/// A text with holes: `/subscriptions/{subscription_id}/resourceGroups/{resource_group_name}/…/{name}`.
///
/// A hole takes what stands between two slashes; a hole whose name ends in `_id` or is `scope` takes whole
/// paths.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct IdTemplate {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(Str),
    Hole(Str),
}

/// The hole for the subscription.
pub(crate) const SUBSCRIPTION: &str = "subscription_id";

impl IdTemplate {
    /// Reads a template; nothing when braces do not match. `$group` stands for the path of a resource group.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text =
            text.replace("$group", "/subscriptions/{subscription_id}/resourceGroups/{resource_group_name}");
        let mut parts = Vec::new();
        let mut rest = text.as_str();
        while let Some(open) = rest.find('{') {
            if open > 0 {
                parts.push(Part::Text(rest[..open].into()));
            }
            let (hole, after) = rest[open + 1..].split_once('}')?;
            parts.push(Part::Hole(hole.into()));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.into()));
        }
        (!parts.is_empty()).then_some(Self { parts })
    }

    /// Fills the holes; nothing when one cannot be filled.
    pub(crate) fn fill(&self, mut filling: impl FnMut(&str) -> Option<String>) -> Option<String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Hole(name) => text.push_str(filling(name).as_deref().filter(|text| !text.is_empty())?),
            }
        }
        Some(text)
    }

    /// Reads what fills the holes of an id; nothing when the id does not fit. Case does not matter.
    pub(crate) fn read(&self, id: &str) -> Option<BTreeMap<Str, String>> {
        let mut found = BTreeMap::new();
        read_parts(&self.parts, id, &mut found).then_some(found)
    }

    /// Returns the id of the parent: the template without its last two segments.
    pub(crate) fn parent_of(id: &str) -> Option<&str> {
        let (rest, _) = id.trim_end_matches('/').rsplit_once('/')?;
        let (parent, kind) = rest.rsplit_once('/')?;
        (!kind.is_empty() && !parent.is_empty()).then_some(parent)
    }
}

impl std::fmt::Display for IdTemplate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for part in &self.parts {
            match part {
                Part::Text(text) => formatter.write_str(text)?,
                Part::Hole(name) => write!(formatter, "{{{name}}}")?,
            }
        }
        Ok(())
    }
}

fn takes_paths(hole: &str) -> bool {
    (hole.ends_with("_id") && hole != SUBSCRIPTION && hole != "object_id" && hole != "application_id")
        || hole == "scope"
}

/// Matches the parts against the text; holes are tried longest first where they take paths.
fn read_parts(parts: &[Part], text: &str, found: &mut BTreeMap<Str, String>) -> bool {
    match parts.split_first() {
        None => text.is_empty(),
        Some((Part::Text(literal), rest)) => {
            let Some(start) = text.get(..literal.len()) else { return false };
            start.eq_ignore_ascii_case(literal) && read_parts(rest, &text[literal.len()..], found)
        }
        Some((Part::Hole(name), rest)) => {
            let limit =
                if takes_paths(name) { text.len() } else { text.find(['/', '|']).unwrap_or(text.len()) };
            let ends = (1..=limit).rev().filter(|end| text.is_char_boundary(*end));
            // Without paths a hole ends only where the next literal starts.
            for end in ends {
                if read_parts(rest, &text[end..], found) {
                    found.insert(name.clone(), text[..end].to_owned());
                    return true;
                }
            }
            false
        }
    }
}

/// Spells an id as azurerm does: the fixed words of Azure Resource Manager and the given resource type in
/// their canonical case, names as they are.
pub(crate) fn spell(id: &str, arm_type: &str) -> String {
    let mut kinds = arm_type.split('/');
    let namespace = kinds.next().unwrap_or_default();
    let kinds: Vec<&str> = kinds.collect();
    let mut segments: Vec<String> = id.split('/').map(str::to_owned).collect();
    for segment in segments.iter_mut() {
        for word in ["subscriptions", "resourceGroups", "providers"] {
            if segment.eq_ignore_ascii_case(word) {
                word.clone_into(segment);
            }
        }
    }
    let start = segments.iter().rposition(|segment| segment.eq_ignore_ascii_case(namespace));
    if let Some(start) = start {
        namespace.clone_into(&mut segments[start]);
        for (position, kind) in kinds.iter().enumerate() {
            if let Some(segment) = segments.get_mut(start + 1 + 2 * position)
                && segment.eq_ignore_ascii_case(kind)
            {
                (*kind).clone_into(segment);
            }
        }
    }
    segments.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBNET: &str =
        "$group/providers/Microsoft.Network/virtualNetworks/{virtual_network_name}/subnets/{name}";

    #[test]
    fn ids_are_made_and_read_back_whatever_their_case() {
        let template = IdTemplate::parse(SUBNET).unwrap();
        let id = template.fill(|hole| Some(format!("my-{hole}"))).unwrap();
        assert_eq!(
            id,
            "/subscriptions/my-subscription_id/resourceGroups/my-resource_group_name/providers/\
             Microsoft.Network/virtualNetworks/my-virtual_network_name/subnets/my-name"
        );
        let read = template.read(&id.replace("resourceGroups", "resourcegroups")).unwrap();
        assert_eq!(read["name"], "my-name");
        assert_eq!(read["resource_group_name"], "my-resource_group_name");
        assert_eq!(template.read("/subscriptions/s/resourceGroups/g"), None);
        assert_eq!(template.fill(|_| None), None);
    }

    #[test]
    fn holes_for_ids_take_whole_paths() {
        let database = IdTemplate::parse("{server_id}/databases/{name}").unwrap();
        let read = database.read("/subscriptions/s/x/servers/a/databases/b").unwrap();
        assert_eq!(read["server_id"], "/subscriptions/s/x/servers/a");
        let pair = IdTemplate::parse("{nat_gateway_id}|{public_ip_address_id}").unwrap();
        assert_eq!(pair.read("/a/b|/c/d").unwrap()["public_ip_address_id"], "/c/d");
    }

    #[test]
    fn ids_are_spelled_in_their_canonical_case() {
        assert_eq!(
            spell(
                "/SUBSCRIPTIONS/s/resourcegroups/G/Providers/microsoft.cache/Redis/R",
                "Microsoft.Cache/redis"
            ),
            "/subscriptions/s/resourceGroups/G/providers/Microsoft.Cache/redis/R"
        );
    }

    #[test]
    fn the_parent_is_the_id_without_its_last_two_segments() {
        assert_eq!(IdTemplate::parent_of("/a/servers/x/databases/y"), Some("/a/servers/x"));
        assert_eq!(IdTemplate::parent_of("/x"), None);
    }
}
