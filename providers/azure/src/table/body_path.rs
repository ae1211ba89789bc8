//! Places in request and response bodies.

use serde_json::{Map, Value as Json};
use terrane_model::Str;

/// A place in a body: `properties.subnets[].id`, `tags`, `$keys.primaryKey`.
///
/// A path is relative to the object of the surrounding block, unless it starts with `/` (the body itself) or
/// with `$name` (another document of the same object). `.` is the surrounding object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BodyPath {
    pub(crate) root: PathRoot,
    pub(crate) steps: Vec<BodyStep>,
}

/// Where a path starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PathRoot {
    /// At the object of the surrounding block.
    Here,
    /// At the body.
    Body,
    /// At another document.
    Document(Str),
}

/// One step into a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BodyStep {
    /// Into a property.
    Key(Str),
    /// Into every element of an array.
    Each,
    /// Into one element of an array.
    Index(usize),
}

impl BodyPath {
    /// Reads a path; nothing when it is malformed.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (root, rest) = if let Some(rest) = text.strip_prefix('/') {
            (PathRoot::Body, rest)
        } else if let Some(rest) = text.strip_prefix('$') {
            let (name, rest) = rest.split_once('.').unwrap_or((rest, ""));
            (PathRoot::Document(name.into()), rest)
        } else {
            (PathRoot::Here, text)
        };
        let mut steps = Vec::new();
        for segment in rest.split('.').filter(|segment| !segment.is_empty()) {
            let (key, brackets) = match segment.find('[') {
                Some(start) => segment.split_at(start),
                None => (segment, ""),
            };
            if !key.is_empty() {
                steps.push(BodyStep::Key(key.into()));
            }
            match brackets.strip_prefix('[').map(|inner| inner.strip_suffix(']')) {
                None => {}
                Some(Some("")) => steps.push(BodyStep::Each),
                Some(Some(index)) => steps.push(BodyStep::Index(index.parse().ok()?)),
                Some(None) => return None,
            }
        }
        Some(Self { root, steps })
    }

    /// Splits at the first [`BodyStep::Each`]: the path of the array, and the path in each element.
    pub(crate) fn split_each(&self) -> Option<(&[BodyStep], &[BodyStep])> {
        let position = self.steps.iter().position(|step| *step == BodyStep::Each)?;
        Some((&self.steps[..position], &self.steps[position + 1..]))
    }
}

impl std::fmt::Display for BodyPath {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.root {
            PathRoot::Here => {}
            PathRoot::Body => formatter.write_str("/")?,
            PathRoot::Document(name) => write!(formatter, "${name}.")?,
        }
        for (position, step) in self.steps.iter().enumerate() {
            match step {
                BodyStep::Key(key) if position > 0 => write!(formatter, ".{key}")?,
                BodyStep::Key(key) => formatter.write_str(key)?,
                BodyStep::Each => formatter.write_str("[]")?,
                BodyStep::Index(index) => write!(formatter, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Returns what is at a place; nothing where the way there does not exist or a null is. Property names are
/// compared without regard to case where the exact name is absent, since services vary in it.
pub(crate) fn look_up<'a>(body: &'a Json, steps: &[BodyStep]) -> Option<&'a Json> {
    let mut node = body;
    for step in steps {
        node = match step {
            BodyStep::Key(key) => property(node.as_object()?, key)?,
            BodyStep::Index(index) => node.as_array()?.get(*index)?,
            BodyStep::Each => return None,
        };
    }
    (!node.is_null()).then_some(node)
}

fn property<'a>(object: &'a Map<String, Json>, key: &str) -> Option<&'a Json> {
    object.get(key).or_else(|| {
        object.iter().find(|(candidate, _)| candidate.eq_ignore_ascii_case(key)).map(|(_, value)| value)
    })
}

/// Puts something at a place, making the objects and array elements on the way.
pub(crate) fn put(body: &mut Json, steps: &[BodyStep], value: Json) {
    *place(body, steps) = value;
}

/// Returns the place, making the way there. Whatever else stood in the way is replaced.
pub(crate) fn place<'a>(body: &'a mut Json, steps: &[BodyStep]) -> &'a mut Json {
    let mut node = body;
    for step in steps {
        node = match step {
            BodyStep::Key(key) => {
                if !node.is_object() {
                    *node = Json::Object(Map::new());
                }
                let object = node.as_object_mut().expect("just made one");
                let present = object.keys().find(|candidate| candidate.eq_ignore_ascii_case(key)).cloned();
                object.entry(present.unwrap_or_else(|| key.to_string())).or_insert(Json::Null)
            }
            BodyStep::Index(index) => {
                if !node.is_array() {
                    *node = Json::Array(Vec::new());
                }
                let array = node.as_array_mut().expect("just made one");
                while array.len() <= *index {
                    array.push(Json::Null);
                }
                &mut array[*index]
            }
            // Elements are made by whoever writes the array.
            BodyStep::Each => node,
        };
    }
    node
}

/// Takes away what is at a place. Objects that held only that stay, empty.
pub(crate) fn remove(body: &mut Json, steps: &[BodyStep]) {
    let Some((last, way)) = steps.split_last() else { return };
    let mut node = body;
    for step in way {
        let next = match step {
            BodyStep::Key(key) => node.as_object_mut().and_then(|object| {
                let present = object.keys().find(|candidate| candidate.eq_ignore_ascii_case(key)).cloned();
                object.get_mut(&present?)
            }),
            BodyStep::Index(index) => node.as_array_mut().and_then(|array| array.get_mut(*index)),
            BodyStep::Each => return,
        };
        match next {
            Some(next) => node = next,
            None => return,
        }
    }
    match last {
        BodyStep::Key(key) => {
            if let Some(object) = node.as_object_mut() {
                object.retain(|candidate, _| !candidate.eq_ignore_ascii_case(key));
            }
        }
        BodyStep::Index(index) => {
            if let Some(array) = node.as_array_mut().filter(|array| *index < array.len()) {
                array.remove(*index);
            }
        }
        BodyStep::Each => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn steps(text: &str) -> Vec<BodyStep> {
        BodyPath::parse(text).expect("a path").steps
    }

    #[test]
    fn paths_are_read_and_written_alike() {
        for text in ["properties.subnets[].id", "/tags", "$keys.value[0].key", "name"] {
            assert_eq!(BodyPath::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(BodyPath::parse(".").unwrap().steps, []);
        assert_eq!(BodyPath::parse("a[x]"), None);
    }

    #[test]
    fn places_are_found_whatever_the_case_of_their_names() {
        let body = json!({"properties": {"dnsSettings": {"fqdn": "f"}, "list": [{"id": 1}], "none": null}});
        assert_eq!(look_up(&body, &steps("properties.dnssettings.fqdn")), Some(&json!("f")));
        assert_eq!(look_up(&body, &steps("properties.list[0].id")), Some(&json!(1)));
        assert_eq!(look_up(&body, &steps("properties.none")), None);
        assert_eq!(look_up(&body, &steps("properties.list[4]")), None);
    }

    #[test]
    fn putting_makes_the_way_and_removing_leaves_it() {
        let mut body = json!({});
        put(&mut body, &steps("properties.a.b"), json!(1));
        put(&mut body, &steps("properties.list[1].x"), json!(2));
        assert_eq!(body, json!({"properties": {"a": {"b": 1}, "list": [null, {"x": 2}]}}));
        remove(&mut body, &steps("properties.A.b"));
        remove(&mut body, &steps("properties.absent.b"));
        assert_eq!(body["properties"]["a"], json!({}));
    }
}
