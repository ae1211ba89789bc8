//! Paths of interest, followed down while a value is walked.

use terrane_model::{AttributePath, PathStep};

/// The paths that lead from some part of a value to parts of interest.
#[derive(Debug, Clone)]
pub enum Paths<'p> {
    /// Every part is of interest.
    All,
    /// What is left of each path from here.
    Some(Vec<&'p [PathStep]>),
}

impl<'p> Paths<'p> {
    /// Begins at the root of a value.
    pub fn of(paths: impl IntoIterator<Item = &'p AttributePath>) -> Self {
        Self::Some(paths.into_iter().map(AttributePath::steps).collect())
    }

    /// No part is of interest.
    pub const NONE: Self = Self::Some(Vec::new());

    /// Follows one step.
    #[must_use]
    pub(super) fn child(&self, step: impl Fn(&PathStep) -> bool) -> Self {
        match self {
            Self::All => Self::All,
            Self::Some(paths) => {
                let left = paths.iter().filter_map(|path| path.split_first());
                Self::Some(left.filter(|(first, _)| step(first)).map(|(_, rest)| rest).collect())
            }
        }
    }

    /// Follows the step into an attribute of an object or an element of a map.
    #[must_use]
    pub(super) fn name(&self, name: &str) -> Self {
        use terrane_model::IndexKey;
        self.child(|step| match step {
            PathStep::Attribute(attribute) => attribute == name,
            PathStep::Index(IndexKey::Key(key)) => key == name,
            PathStep::Index(_) => false,
        })
    }

    /// Follows the step into a list.
    #[must_use]
    pub(super) fn position(&self, position: usize) -> Self {
        use terrane_model::IndexKey;
        self.child(|step| matches!(step, PathStep::Index(IndexKey::Position(index)) if *index == position))
    }

    /// Tells whether exactly this part is of interest.
    pub(super) fn is_here(&self) -> bool {
        match self {
            Self::All => true,
            Self::Some(paths) => paths.iter().any(|path| path.is_empty()),
        }
    }

    /// Tells whether this part or something inside it is of interest.
    pub fn is_here_or_below(&self) -> bool {
        match self {
            Self::All => true,
            Self::Some(paths) => !paths.is_empty(),
        }
    }

    /// Makes every part inside a part of interest one of interest too.
    #[must_use]
    pub fn spreading(self) -> Self {
        if self.is_here() { Self::All } else { self }
    }
}
