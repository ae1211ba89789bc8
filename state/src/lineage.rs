//! Lineage and serial: which of two states may replace the other.

use terrane_model::Str;

use crate::snapshot::StateSnapshot;

/// Makes the lineage of a new history.
pub fn new_lineage() -> Str {
    uuid::Uuid::new_v4().to_string().into()
}

/// Why a state must not replace another one. The texts are those of `terraform state push`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are what the messages name")]
pub enum ReplaceError {
    /// The states have nothing to do with each other.
    #[error("cannot import state with lineage {new:?} over unrelated state with lineage {existing:?}")]
    UnrelatedLineage { new: Str, existing: Str },
    /// The present state is newer.
    #[error("cannot import state with serial {new} over newer state with serial {existing}")]
    OlderSerial { new: u64, existing: u64 },
    /// Both claim to be the same version of the state, and are not.
    #[error(
        "cannot overwrite existing state with serial {serial} with a different state that has the same serial"
    )]
    SameSerial { serial: u64 },
}

/// Tells whether a state may replace the existing one without force.
///
/// A state without lineage fits to all.
///
/// # Errors
/// When they do not belong together, or the existing one is newer.
pub fn check_replaces(new: &StateSnapshot, existing: &StateSnapshot) -> Result<(), ReplaceError> {
    let have_lineages = !new.lineage.is_empty() && !existing.lineage.is_empty();
    if have_lineages && new.lineage != existing.lineage {
        let (new, existing) = (new.lineage.clone(), existing.lineage.clone());
        return Err(ReplaceError::UnrelatedLineage { new, existing });
    }
    if new.serial < existing.serial {
        return Err(ReplaceError::OlderSerial { new: new.serial, existing: existing.serial });
    }
    if new.serial == existing.serial && !new.same_content(existing) {
        return Err(ReplaceError::SameSerial { serial: new.serial });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{address, object, provider};

    #[test]
    fn only_newer_states_of_the_same_history_replace_one() {
        let state = |lineage: &str, serial: u64, id: &str| {
            let mut state = StateSnapshot { lineage: lineage.into(), serial, ..StateSnapshot::default() };
            state.set_object(&address("t.a"), None, &provider(), Some(object(id)));
            state
        };
        let check =
            |new: &StateSnapshot| check_replaces(new, &state("l", 6, "1")).map_err(|error| error.to_string());
        assert_eq!(check(&state("l", 7, "2")), Ok(()));
        assert_eq!(check(&state("l", 6, "1")), Ok(()));
        assert_eq!(check(&state("", 6, "1")), Ok(()));
        let refused = [state("other", 7, "1"), state("l", 0, "1"), state("l", 6, "2")];
        insta::assert_snapshot!(refused.map(|new| check(&new).unwrap_err()).join("\n"));
        assert_ne!(new_lineage(), new_lineage());
    }
}
