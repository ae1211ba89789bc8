//! Paths into values: which attribute of which element.

use crate::{Number, Str, Value};

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PathStep {
    /// Into an attribute of an object.
    Attribute(Str),
    /// Into an element of a list, tuple (number), map (string) or set (the element itself).
    Index(IndexKey),
}

/// The key of an index step.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum IndexKey {
    /// Position in a list or tuple.
    Position(usize),
    /// Key of a map.
    Key(Str),
    /// The element of a set.
    Element(Value),
}

impl IndexKey {
    /// Returns the key as a value of the language.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Position(position) => Value::Number(Number::from(*position)),
            Self::Key(key) => Value::String(key.clone()),
            Self::Element(element) => element.clone(),
        }
    }
}

/// A path from the root of a value; empty for the value itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct AttributePath(pub Vec<PathStep>);

impl AttributePath {
    /// The path of the value itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// Returns this path with an attribute step behind it.
    #[must_use]
    pub fn attribute(&self, name: impl Into<Str>) -> Self {
        self.step(PathStep::Attribute(name.into()))
    }

    /// Returns this path with a step into a list or tuple behind it.
    #[must_use]
    pub fn position(&self, position: usize) -> Self {
        self.step(PathStep::Index(IndexKey::Position(position)))
    }

    /// Returns this path with a step into a map behind it.
    #[must_use]
    pub fn key(&self, key: impl Into<Str>) -> Self {
        self.step(PathStep::Index(IndexKey::Key(key.into())))
    }

    /// Returns this path with one more step.
    #[must_use]
    pub fn step(&self, step: PathStep) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// Returns the steps.
    pub fn steps(&self) -> &[PathStep] {
        &self.0
    }

    /// Tells whether this is the path of the value itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells whether `prefix` leads to this path or stops on the way to it.
    pub fn starts_with(&self, prefix: &Self) -> bool {
        self.0.starts_with(&prefix.0)
    }

    /// Returns the name of the first step when it is an attribute.
    pub fn first_attribute(&self) -> Option<&Str> {
        match self.0.first()? {
            PathStep::Attribute(name) => Some(name),
            PathStep::Index(_) => None,
        }
    }
}

impl std::fmt::Display for AttributePath {
    /// Writes the path as messages do: `.tags["env"]`, `.list[0].name`.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for step in &self.0 {
            match step {
                PathStep::Attribute(name) => write!(formatter, ".{name}")?,
                PathStep::Index(IndexKey::Position(position)) => write!(formatter, "[{position}]")?,
                PathStep::Index(IndexKey::Key(key)) => write!(formatter, "[{key:?}]")?,
                PathStep::Index(IndexKey::Element(Value::String(text))) => write!(formatter, "[{text:?}]")?,
                PathStep::Index(IndexKey::Element(_)) => formatter.write_str("[...]")?,
            }
        }
        Ok(())
    }
}
