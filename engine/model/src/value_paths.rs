//! Values seen through paths: taking marks off and putting them back, reading and replacing parts.

use crate::{AttributePath, IndexKey, Marks, PathStep, Str, Value};

impl Value {
    /// Splits all marks off, each with the path of the part that it was on, in depth-first order.
    #[must_use]
    pub fn split_marks(&self) -> (Self, Vec<(AttributePath, Marks)>) {
        if !self.contains_marks() {
            return (self.clone(), Vec::new());
        }
        let mut marks = Vec::new();
        let value = transform_at(self, &AttributePath::root(), &mut |path, value| {
            if !value.marks().is_empty() {
                marks.push((path.clone(), value.marks()));
            }
            value.unmark().0
        });
        marks.sort_by_key(|(path, _)| path.0.len());
        (value, marks)
    }

    /// Puts marks on the parts at these paths; paths that lead nowhere mark the deepest part on the way.
    #[must_use]
    pub fn with_marks_at(&self, marks: &[(AttributePath, Marks)]) -> Self {
        marks.iter().fold(self.clone(), |value, (path, marks)| mark_at(&value, path.steps(), *marks))
    }

    /// Returns the part at a path with the marks of all that surrounds it; nothing when the path leads
    /// nowhere. Parts of unknown values are unknown.
    pub fn at_path(&self, path: &AttributePath) -> Option<Self> {
        let mut value = self.clone();
        for step in path.steps() {
            value = value.step(step)?;
        }
        Some(value)
    }

    /// Returns the part that one step leads to, with the value's own marks.
    pub fn step(&self, step: &PathStep) -> Option<Self> {
        if !self.is_known() {
            return Some(match step {
                PathStep::Attribute(name) => self.attribute(name),
                PathStep::Index(_) => {
                    let element = self.ty().element().cloned();
                    Self::unknown(element.unwrap_or(crate::Type::Dynamic)).with_marks(self.marks())
                }
            });
        }
        let part = match (step, self.unmarked()) {
            (PathStep::Attribute(name), _) | (PathStep::Index(IndexKey::Key(name)), _) => self.get(name),
            (PathStep::Index(IndexKey::Position(_)), Self::Set(_)) => None,
            (PathStep::Index(IndexKey::Position(position)), _) => self.as_sequence()?.get(*position),
            (PathStep::Index(IndexKey::Element(element)), Self::Set(set)) if set.contains(element) => {
                Some(element)
            }
            (PathStep::Index(IndexKey::Element(_)), _) => None,
        };
        Some(part?.clone().with_marks(self.marks()))
    }

    /// Rebuilds the value with the part at every path replaced, children before parents.
    #[must_use]
    pub fn transform(&self, replace: &mut impl FnMut(&AttributePath, Self) -> Self) -> Self {
        transform_at(self, &AttributePath::root(), replace)
    }
}

fn transform_at(
    value: &Value,
    path: &AttributePath,
    replace: &mut impl FnMut(&AttributePath, Value) -> Value,
) -> Value {
    let rebuilt = transform_parts(value.unmarked(), path, replace).with_marks(value.marks());
    replace(path, rebuilt)
}

fn transform_parts(
    value: &Value,
    path: &AttributePath,
    replace: &mut impl FnMut(&AttributePath, Value) -> Value,
) -> Value {
    let by_position = |elements: &[Value], replace: &mut _| -> Vec<Value> {
        let elements = elements.iter().enumerate();
        elements.map(|(position, element)| transform_at(element, &path.position(position), replace)).collect()
    };
    match value {
        Value::List(list) => Value::list(list.element_type().clone(), by_position(list.elements(), replace)),
        Value::Tuple(tuple) => Value::tuple(by_position(tuple.elements(), replace)),
        Value::Set(set) => {
            let elements = set.elements().iter().map(|element| {
                let step = PathStep::Index(IndexKey::Element(element.clone()));
                transform_at(element, &path.step(step), replace)
            });
            Value::set(set.element_type().clone(), elements.collect::<Vec<_>>())
        }
        Value::Map(map) => {
            let entries = map.entries().iter();
            let entries = entries
                .map(|(key, entry)| (key.clone(), transform_at(entry, &path.key(key.clone()), replace)));
            Value::map(map.element_type().clone(), entries.collect::<Vec<_>>())
        }
        Value::Object(object) => {
            let attributes = object.attributes().iter().map(|(name, attribute)| {
                (name.clone(), transform_at(attribute, &path.attribute(name.clone()), replace))
            });
            Value::object(attributes.collect::<Vec<_>>())
        }
        leaf => leaf.clone(),
    }
}

fn mark_at(value: &Value, steps: &[PathStep], marks: Marks) -> Value {
    let Some((step, rest)) = steps.split_first() else { return value.clone().with_marks(marks) };
    replace_part(value, step, |part| mark_at(part, rest, marks))
        .unwrap_or_else(|| value.clone().with_marks(marks))
}

/// Rebuilds the value with one part replaced; nothing when the step leads nowhere.
fn replace_part(value: &Value, step: &PathStep, replace: impl FnOnce(&Value) -> Value) -> Option<Value> {
    let rebuilt = match (value.unmarked(), step) {
        (Value::Object(object), PathStep::Attribute(name) | PathStep::Index(IndexKey::Key(name))) => {
            Value::object(replace_entry(object.attributes(), name, replace)?)
        }
        (Value::Map(map), PathStep::Attribute(name) | PathStep::Index(IndexKey::Key(name))) => {
            Value::map(map.element_type().clone(), replace_entry(map.entries(), name, replace)?)
        }
        (Value::List(list), PathStep::Index(IndexKey::Position(position))) => {
            Value::list(list.element_type().clone(), replace_element(list.elements(), *position, replace)?)
        }
        (Value::Tuple(tuple), PathStep::Index(IndexKey::Position(position))) => {
            Value::tuple(replace_element(tuple.elements(), *position, replace)?)
        }
        // Elements of sets carry no marks and no identity but themselves: the set takes the marks.
        _ => return None,
    };
    Some(rebuilt.with_marks(value.marks()))
}

fn replace_entry(
    entries: &[(Str, Value)],
    name: &Str,
    replace: impl FnOnce(&Value) -> Value,
) -> Option<Vec<(Str, Value)>> {
    let index = entries.binary_search_by(|(candidate, _)| candidate.cmp(name)).ok()?;
    let mut entries = entries.to_vec();
    entries[index].1 = replace(&entries[index].1);
    Some(entries)
}

fn replace_element(
    elements: &[Value],
    position: usize,
    replace: impl FnOnce(&Value) -> Value,
) -> Option<Vec<Value>> {
    let mut elements = elements.to_vec();
    let element = elements.get_mut(position)?;
    *element = replace(element);
    Some(elements)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Type;

    fn sample() -> Value {
        Value::object([
            ("secret", Value::from("x").sensitive()),
            ("list", Value::list(Type::Number, [1.into(), Value::from(2).sensitive()])),
            ("map", Value::map(Type::String, [("k", Value::from("v"))]).sensitive()),
        ])
    }

    #[test]
    fn marks_split_off_and_put_back_give_the_same_value() {
        let (plain, marks) = sample().split_marks();
        assert!(!plain.contains_marks());
        let paths: Vec<String> = marks.iter().map(|(path, _)| path.to_string()).collect();
        assert_eq!(paths, [".map", ".secret", ".list[1]"]);
        assert_eq!(plain.with_marks_at(&marks), sample());
    }

    #[test]
    fn paths_lead_into_values_and_collect_marks() {
        let root = AttributePath::root();
        assert_eq!(sample().at_path(&root.attribute("list").position(0)), Some(1.into()));
        assert_eq!(sample().at_path(&root.attribute("map").key("k")), Some(Value::from("v").sensitive()));
        assert_eq!(sample().at_path(&root.attribute("list").position(7)), None);
        let unknown = Value::unknown(Type::object([("a", Type::list(Type::Bool))]));
        assert_eq!(unknown.at_path(&root.attribute("a").position(3)), Some(Value::unknown(Type::Bool)));
    }
}
