//! What a journal that was left behind means for the state that is there now. Reads only.

use terrane_model::Str;

use crate::fold::{Fold, FoldError};
use crate::journal::{
    Base, DecodeError, End, Fingerprint, Frame, Operation, Prologue, Record, decode, read_frames,
};
use crate::snapshot::StateSnapshot;
use crate::version4::{StateFileError, read_state};

/// Why the records of a journal cannot be taken over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecoverError {
    /// The state itself cannot be read.
    #[error(transparent)]
    StateFile(#[from] StateFileError),
    /// The state is not the one that the journal builds upon: something else has written it meanwhile.
    #[error(
        "the state has been changed by another program since the interrupted run (the run began with \
         serial {journal_serial}, the state has serial {state_serial})"
    )]
    StateChanged {
        /// Serial that the journal's records build upon.
        journal_serial: u64,
        /// Serial of the state that is there.
        state_serial: u64,
        /// The objects that the journal's records concern.
        objects: Vec<String>,
    },
    /// The journal was written by a newer version of this program.
    #[error("the journal cannot be read: {0}")]
    NotUnderstood(DecodeError),
}

/// How far a journal could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Extent {
    /// To its end. `cut_bytes` are those of a record that was never completed, and so never acknowledged.
    Whole { cut_bytes: usize },
    /// Up to damage.
    UpToDamage {
        /// Offset of the damage.
        at: usize,
        /// What is wrong there.
        cause: String,
        /// What can still be made out behind it.
        later: Vec<String>,
    },
}

/// A state with what its journal adds.
#[derive(Debug)]
pub(crate) struct Recovered {
    /// What the fold started from.
    pub(crate) base: StateSnapshot,
    /// Whether that is what the state file holds.
    pub(crate) is_base_published: bool,
    pub(crate) fold: Fold,
    /// Records that were taken over.
    pub(crate) records: usize,
    pub(crate) extent: Extent,
}

impl Recovered {
    fn new(base: StateSnapshot, is_base_published: bool, extent: Extent) -> Self {
        Self { fold: Fold::new(base.clone()), base, is_base_published, records: 0, extent }
    }
}

/// Puts the records of a journal upon a state.
///
/// `current` is the state file's content, empty when there is none.
pub(crate) fn recover(current: &[u8], journal: &[u8]) -> Result<Recovered, RecoverError> {
    let (frames, end) = read_frames(journal);
    let Some((prologue, records)) = Prologue::split(&frames).map_err(RecoverError::NotUnderstood)? else {
        // A prologue is on disk before anything is acknowledged; one that never got there promised nothing.
        let snapshot = read_current(current)?;
        return Ok(Recovered::new(snapshot, true, extent(&end, journal.len())));
    };
    let (snapshot, is_published) = base(current, &prologue, records)?;
    let mut recovered = Recovered::new(snapshot, is_published, extent(&end, journal.len()));
    for (index, frame) in records.iter().enumerate() {
        let failed = |cause: String| Extent::UpToDamage {
            at: frame.at,
            cause,
            later: records[index..].iter().filter_map(describe).collect(),
        };
        match decode(frame.payload) {
            Ok(record) => {
                if let Err(error) = recovered.fold.apply(record) {
                    recovered.extent = failed(impossible(&error));
                    break;
                }
            }
            Err(error) => {
                recovered.extent = failed(error.to_string());
                break;
            }
        }
        recovered.records += 1;
    }
    Ok(recovered)
}

fn impossible(error: &FoldError) -> String {
    format!("impossible sequence of records: {error}")
}

fn extent(end: &End<'_>, length: usize) -> Extent {
    match end {
        End::Complete => Extent::Whole { cut_bytes: 0 },
        End::Torn { at } => Extent::Whole { cut_bytes: length - at },
        End::Damaged { at, later } => Extent::UpToDamage {
            at: *at,
            cause: "a checksum is wrong".to_owned(),
            later: later.iter().filter_map(describe).collect(),
        },
    }
}

/// Reads a state file's content; an empty one is a state that does not exist yet.
pub(crate) fn read_current(current: &[u8]) -> Result<StateSnapshot, StateFileError> {
    if current.is_empty() { Ok(StateSnapshot::default()) } else { read_state(current) }
}

/// Finds the snapshot that the records build upon, and whether it is what the state file holds.
fn base(
    current: &[u8],
    prologue: &Prologue<'_>,
    records: &[Frame<'_>],
) -> Result<(StateSnapshot, bool), RecoverError> {
    let is_now = Fingerprint::of(current);
    match &prologue.base {
        Base::StateFile(fingerprint) if *fingerprint == is_now => {
            let mut snapshot = read_current(current)?;
            snapshot.lineage = prologue.lineage.clone();
            return Ok((snapshot, true));
        }
        Base::Inline { text, .. } if *text == current => return Ok((read_state(text)?, true)),
        Base::Inline { text, replaces, replaces_blocks } => {
            let was_interrupted = *replaces == is_now || replaces_blocks.were_being_replaced(current, text);
            if was_interrupted {
                return Ok((read_state(text)?, false));
            }
        }
        Base::StateFile(_) => {}
    }
    // With nothing to add, it does not matter what the journal was meant for.
    let state = read_current(current)?;
    if records.is_empty() && !matches!(prologue.base, Base::Inline { .. }) {
        return Ok((state, true));
    }
    Err(RecoverError::StateChanged {
        journal_serial: prologue.serial,
        state_serial: state.serial,
        objects: records.iter().filter_map(describe).collect(),
    })
}

/// Says in a few words what a record is about.
fn describe(frame: &Frame<'_>) -> Option<String> {
    use crate::fold::object_name;
    Some(match decode(frame.payload).ok()? {
        Record::Begun { intent, .. } => {
            let id: Option<Str> = intent.import_id;
            let verb = match intent.operation {
                Operation::Create => "create",
                Operation::Update => "update",
                Operation::Delete => "delete",
            };
            let name = object_name(&intent.address, intent.deposed.as_ref());
            id.map_or_else(|| format!("{verb} {name}"), |id| format!("{verb} {name} (id {id})"))
        }
        Record::Changed { address, deposed, .. } => {
            format!("change of {}", object_name(&address, deposed.as_ref()))
        }
        _ => return None,
    })
}
