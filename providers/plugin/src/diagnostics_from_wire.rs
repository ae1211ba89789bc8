//! Messages and paths of a provider, brought into the engine's form.

use terrane_model::{AttributePath, Diagnostic, Diagnostics, IndexKey, PathStep};
use terrane_provider::DeferredReason;

use crate::wire;

/// Reads messages. One without a severity counts as an error: it is safer to stop.
pub(crate) fn read_diagnostics(wire: Vec<wire::Diagnostic>) -> Diagnostics {
    wire.into_iter().map(read_diagnostic).collect()
}

fn read_diagnostic(wire: wire::Diagnostic) -> Diagnostic {
    let is_warning = wire.severity() == wire::Severity::Warning;
    let diagnostic = if is_warning {
        Diagnostic::warning(wire.summary, wire.detail)
    } else {
        Diagnostic::error(wire.summary, wire.detail)
    };
    match wire.attribute {
        Some(path) if !path.steps.is_empty() => diagnostic.on_attribute(read_path(path)),
        _ => diagnostic,
    }
}

/// Reads a path. It ends before a step that leads nowhere: into the element of a set, for which the protocol
/// has no word, or to a position below zero.
pub(crate) fn read_path(wire: wire::AttributePath) -> AttributePath {
    let steps = wire.steps.into_iter().map_while(|step| {
        Some(match step.selector? {
            wire::StepSelector::AttributeName(name) => PathStep::Attribute(name.into()),
            wire::StepSelector::ElementKeyString(key) => PathStep::Index(IndexKey::Key(key.into())),
            wire::StepSelector::ElementKeyInt(position) => {
                PathStep::Index(IndexKey::Position(usize::try_from(position).ok()?))
            }
        })
    });
    AttributePath(steps.collect())
}

/// Reads why something has to wait. A reason of a later version counts as something that does not exist yet.
pub(crate) fn read_deferred(wire: wire::Deferred) -> DeferredReason {
    match wire.reason() {
        wire::DeferredReason::ResourceConfigUnknown => DeferredReason::ResourceConfigUnknown,
        wire::DeferredReason::ProviderConfigUnknown => DeferredReason::ProviderConfigUnknown,
        wire::DeferredReason::AbsentPrerequisite | wire::DeferredReason::Unknown => {
            DeferredReason::AbsentPrerequisite
        }
    }
}

/// Returns what the engine says where a provider put something off that cannot be put off.
pub(crate) fn put_off(reason: DeferredReason, what: &str) -> Diagnostic {
    let because = match reason {
        DeferredReason::ResourceConfigUnknown => "its configuration is not known yet",
        DeferredReason::ProviderConfigUnknown => "the provider's configuration is not known yet",
        DeferredReason::AbsentPrerequisite => "something that it needs does not exist yet",
    };
    let detail = format!(
        "The provider cannot {what} now: {because}. Apply what it depends on first, for instance with -target."
    );
    Diagnostic::error("Provider deferred the action", detail)
}
