//! Marks: what is known about a value beside the value itself, and follows it through every operation.

/// A set of marks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug, PartialOrd, Ord)]
pub struct Marks(u8);

impl Marks {
    /// No mark.
    pub const NONE: Self = Self(0);
    /// Never shown to people.
    pub const SENSITIVE: Self = Self(1);
    /// Never written to plan or state.
    pub const EPHEMERAL: Self = Self(2);

    /// Tells whether there is no mark.
    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }

    /// Tells whether all marks of `other` are here.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Tells whether the value is sensitive.
    pub fn is_sensitive(self) -> bool {
        self.contains(Self::SENSITIVE)
    }

    /// Tells whether the value is ephemeral.
    pub fn is_ephemeral(self) -> bool {
        self.contains(Self::EPHEMERAL)
    }

    /// Returns these marks without those of `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl std::ops::BitOr for Marks {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl std::ops::BitOrAssign for Marks {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl FromIterator<Marks> for Marks {
    fn from_iter<I: IntoIterator<Item = Marks>>(marks: I) -> Self {
        marks.into_iter().fold(Self::NONE, |all, marks| all | marks)
    }
}
