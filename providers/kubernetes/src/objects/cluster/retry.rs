//! Which failures are worth another try, and for how long.

use std::time::{Duration, Instant};

use terrane_provider::{Progress, ProgressUpdate};

use super::error::{ApiError, Meaning};

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long each class of failures is tried again.
fn patience(meaning: Meaning) -> Option<Duration> {
    match meaning {
        // A webhook that was just installed needs its pods to run.
        Meaning::WebhookUnreachable => Some(Duration::from_secs(300)),
        Meaning::NamespaceTerminating => Some(Duration::from_secs(120)),
        Meaning::Busy => Some(Duration::from_secs(60)),
        // The namespace, or the kind, may be in the making.
        Meaning::NoNamespace => Some(Duration::from_secs(15)),
        Meaning::Outdated => Some(Duration::from_secs(15)),
        _ => None,
    }
}

/// Does something until it succeeds, fails for good, or has failed for too long. What is done must be such that
/// doing it twice does no harm.
///
/// # Errors
/// The last failure.
pub(crate) async fn retry<T, F>(
    progress: &dyn Progress,
    mut attempt: impl FnMut() -> F,
) -> Result<T, ApiError>
where
    F: Future<Output = Result<T, ApiError>>,
{
    let start = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let error = match attempt().await {
            Ok(result) => return Ok(result),
            Err(error) => error,
        };
        let meaning = error.meaning();
        if patience(meaning).is_none_or(|patience| start.elapsed() + pause > patience) {
            return Err(error);
        }
        progress.report(ProgressUpdate { phase: phase(meaning, &error), expected: None });
        let asked_for =
            error.refusal().and_then(|refusal| refusal.retry_after_seconds).map(Duration::from_secs);
        tokio::time::sleep(asked_for.unwrap_or(pause).min(LONGEST_PAUSE)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn phase(meaning: Meaning, error: &ApiError) -> String {
    match meaning {
        Meaning::WebhookUnreachable => match webhook_name(&error.to_string()) {
            Some(name) => format!("waiting for the webhook {name} to answer"),
            None => "waiting for a webhook to answer".to_owned(),
        },
        Meaning::NamespaceTerminating => "waiting for the namespace to be gone".to_owned(),
        Meaning::NoNamespace => "waiting for the namespace".to_owned(),
        Meaning::Outdated => "trying again, somebody else was faster".to_owned(),
        _ => "waiting for the server to answer".to_owned(),
    }
}

fn webhook_name(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("webhook \"")?;
    rest.split_once('"').map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webhooks_are_named() {
        let message = "Internal error occurred: failed calling webhook \"v.metallb.io\": failed to call webhook: Post …";
        assert_eq!(webhook_name(message), Some("v.metallb.io"));
        assert_eq!(webhook_name("nothing"), None);
    }
}
