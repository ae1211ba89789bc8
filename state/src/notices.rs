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
                mentioned(later)
            ),
        ));
    }
    notices
}

/// Tells that a journal does not belong to the state and was put aside.
pub(crate) fn set_aside(cause: &RecoverError, aside: &Path) -> Diagnostics {
    let objects = match cause {
        RecoverError::StateChanged { objects, .. } => mentioned(objects),
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

/// Says what to look after, in a sentence of its own.
pub(crate) fn mentioned(objects: &[String]) -> String {
    if objects.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        " It tells of the following; see whether these objects exist, and import or delete them:",
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
