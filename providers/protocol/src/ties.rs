//! What objects have to do with each other that no reference says, across providers.
//!
//! A provider names what its objects bring and need in words of its own, such as `namespace web`. Providers that use the
//! same words agree on them; words mean something at one place only, that is, within one cluster or service.

use terrane_model::Str;

/// What an object has to do with others at the same place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ties {
    /// Names of what is there once the object is made, and gone with it.
    pub brings: Vec<Str>,
    /// Names of what has to be there before the object is made, and until it is gone.
    pub needs: Vec<Str>,
    /// Names of what takes the object along completely when it is destroyed, the best first.
    pub inside: Vec<Str>,
    /// What is left of the object when the place is destroyed.
    pub reach: Reach,
}

/// What is left of an object when the place where it is, say a cluster, is destroyed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reach {
    /// Nobody knows.
    #[default]
    Unknown,
    /// Nothing: the object is nowhere else.
    Inside,
    /// Perhaps something that was made elsewhere on its behalf, such as a load balancer, and is only removed when
    /// the object is destroyed by itself.
    Outside,
}

/// What becomes of the objects at a place when the object that is the place is destroyed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holds {
    /// It is no place for objects of other providers.
    #[default]
    Nothing,
    /// They are gone; what was made elsewhere on their behalf may stay.
    Inside,
    /// They are gone with all that was ever made on their behalf: there is nowhere else.
    Everything,
}

impl Holds {
    /// Tells whether an object needs no deletion of its own when its place is destroyed.
    pub fn takes_along(self, reach: Reach) -> bool {
        match (self, reach) {
            (Self::Nothing, _) | (_, Reach::Unknown) | (Self::Inside, Reach::Outside) => false,
            (Self::Everything, _) | (Self::Inside, Reach::Inside) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leaves_nothing_behind_goes_with_its_place() {
        let answers = [Holds::Nothing, Holds::Inside, Holds::Everything].map(|holds| {
            [Reach::Unknown, Reach::Inside, Reach::Outside].map(|reach| holds.takes_along(reach))
        });
        assert_eq!(answers, [[false, false, false], [false, true, false], [false, true, true]]);
    }
}
