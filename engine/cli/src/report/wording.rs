//! The words for what is done to objects.

use std::time::Duration;

use terrane_model::Value;
use terrane_plan::Action;
use terrane_plan::ephemeral::EphemeralAction;

/// Says what begins.
pub fn starting(action: Action) -> &'static str {
    match action {
        Action::Create => "Creating...",
        Action::Update => "Modifying...",
        Action::Delete => "Destroying...",
        Action::Read => "Reading...",
        _ => "Working...",
    }
}

/// Says what is done.
pub fn complete(action: Action) -> &'static str {
    match action {
        Action::Create => "Creation complete",
        Action::Update => "Modifications complete",
        Action::Delete => "Destruction complete",
        Action::Read => "Read complete",
        _ => "Complete",
    }
}

/// Says what begins and what is done about an ephemeral resource.
pub fn ephemeral_words(action: EphemeralAction) -> (&'static str, &'static str) {
    match action {
        EphemeralAction::Open => ("Opening...", "Opening complete"),
        EphemeralAction::Renew => ("Renewing...", "Renewal complete"),
        EphemeralAction::Close => ("Closing...", "Closing complete"),
    }
}

/// Says what did not work.
pub fn errored(action: Action) -> &'static str {
    match action {
        Action::Create => "Creation errored",
        Action::Update => "Modifications errored",
        Action::Delete => "Destruction errored",
        Action::Read => "Refresh errored",
        _ => "Errored",
    }
}

/// Says what goes on.
pub fn progressing(action: Action) -> &'static str {
    match action {
        Action::Create => "Still creating...",
        Action::Update => "Still modifying...",
        Action::Delete => "Still destroying...",
        Action::Read => "Still reading...",
        _ => "Still working...",
    }
}

/// Writes a duration as people read it: `5s`, `1m10s`, `1h2m3s`.
pub fn elapsed_text(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{seconds}s"),
        _ => format!("{hours}h{minutes}m{seconds}s"),
    }
}

/// Returns what names an object to people: its id, or else its name. Nothing that is sensitive.
pub fn id_of(value: &Value) -> Option<(&'static str, String)> {
    ["id", "name"].into_iter().find_map(|key| {
        let attribute = value.unmarked().get(key)?;
        if attribute.marks().is_sensitive() {
            return None;
        }
        let text = attribute.as_str()?;
        (!text.is_empty()).then(|| (key, text.to_string()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        for (seconds, text) in [(0, "0s"), (59, "59s"), (70, "1m10s"), (3600, "1h0m0s"), (3723, "1h2m3s")] {
            assert_eq!(elapsed_text(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn objects_are_named_by_id_or_name() {
        let object = Value::object([("id", Value::from("")), ("name", "n".into())]);
        assert_eq!(id_of(&object), Some(("name", "n".to_owned())));
        let secret = Value::object([("id", Value::from("x").sensitive())]);
        assert_eq!(id_of(&secret), None);
        assert_eq!(id_of(&Value::dynamic_null()), None);
    }
}
