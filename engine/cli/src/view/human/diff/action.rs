//! What happens to one part of an object.

/// What happens to one part of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffAction {
    /// It stays as it is.
    NoOp,
    /// It comes.
    Create,
    /// It goes.
    Delete,
    /// It becomes something else.
    Update,
}

impl DiffAction {
    /// Returns the action that presence alone tells: what is on both sides stays until a part of it changes.
    pub(super) fn of_presence(is_before: bool, is_after: bool) -> Self {
        match (is_before, is_after) {
            (false, true) => Self::Create,
            (true, false) => Self::Delete,
            _ => Self::NoOp,
        }
    }

    /// Returns the action of a whole of which one more part is known.
    #[must_use]
    pub(super) fn with_part(self, part: Self) -> Self {
        if part == Self::NoOp || part == self { self } else { Self::Update }
    }
}
