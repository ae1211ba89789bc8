//! What users are told about the recovery of an interrupted run.

use std::path::Path;

use terrane_model::{Diagnostic, Diagnostics};

use crate::recover::{Extent, RecoverError, Recovered};

/// Objects that a message lists at most.
const LISTED_MAX: usize = 20;

/// Tells what was taken over. `aside` is the name under which a damaged journal was kept.
pub(crate) fn recovered(recovered: &Recovered, path: &Path, aside: Option<&Path>) -> Diagnostics {
    let mut notices = Diagnostics::new();
    if recovered.records > 0 || !recovered.is_base_published {
        notices.push(Diagnostic::warning(
            "Interrupted run recovered",
            format!(
                "An earlier run ended before it could write the state. What it recorded in its journal, {}, \
                 has been taken over: {}.",
                path.display(),
                count(recovered.records, "change")
            ),
        ));
    }
    if let (Extent::UpToDamage { at, cause, later }, Some(aside)) = (&recovered.extent, aside) {
        notices.push(Diagnostic::warning(
            "Damaged journal",
            format!(
                "The journal of an interrupted run is damaged at byte {at}: {cause}. Everything before that \
                 has been taken over ({}); what comes after it has not. The damaged journal was kept as \
                 {}.{}",
                count(recovered.records, "record"),
                aside.display(),
                mentioned("Behind the damage, it", later)
            ),
        ));
    }
    notices
}

/// Tells that a journal does not belong to the state and was put aside.
pub(crate) fn set_aside(cause: &RecoverError, aside: &Path) -> Diagnostics {
    let objects = match cause {
        RecoverError::StateChanged { objects, .. } => mentioned("It", objects),
        _ => String::new(),
    };
    let mut notices = Diagnostics::new();
    notices.push(Diagnostic::warning(
        "Journal put aside",
        format!(
            "The records of an interrupted run were not taken over, because {cause}. Its journal was kept as \
             {}.{objects}",
            aside.display()
        ),
    ));
    notices
}

/// Says why the records of an interrupted run keep a state from being opened, and what to do.
pub(crate) fn refused(cause: &RecoverError, path: &Path) -> Diagnostic {
    let advice = match cause {
        RecoverError::StateFile(_) => {
            " Repair the state or restore it from its backup; the journal is used as soon as the state can be \
             read."
                .to_owned()
        }
        RecoverError::StateChanged { objects, .. } => format!(
            " Restore the state that the interrupted run began with, and its records will be used. To go on \
             with the state as it is, give the journal another name.{}",
            mentioned("It", objects)
        ),
        RecoverError::NotUnderstood(_) => {
            " Use the version that wrote it, or give it another name to go on without it.".to_owned()
        }
    };
    Diagnostic::error(
        "Interrupted run not recovered",
        format!(
            "An earlier run ended before it could write the state. Its journal, {}, cannot be used: \
             {cause}.{advice}",
            path.display()
        ),
    )
}

/// Says what to look after, in a sentence of its own.
fn mentioned(journal: &str, objects: &[String]) -> String {
    if objects.is_empty() {
        return String::new();
    }
    let mut text = format!(
        " {journal} tells of the following; see whether these objects exist, and import or delete them:"
    );
    for object in objects.iter().take(LISTED_MAX) {
        text += &format!("\n  - {object}");
    }
    if objects.len() > LISTED_MAX {
        text += &format!("\n  - and {} more", objects.len() - LISTED_MAX);
    }
    text
}

fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
