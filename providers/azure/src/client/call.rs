//! The frame around one call of the engine: how long it may take, whom to tell, when to give up.

use std::sync::Arc;
use std::time::Duration;

use terrane_provider::{Progress, ProgressUpdate};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::client::ArmError;

/// Tells running calls that the user wants to stop. Cheap to clone; all clones share one state.
#[derive(Debug, Clone)]
pub(crate) struct StopSignal(Arc<watch::Sender<bool>>);

impl Default for StopSignal {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl StopSignal {
    /// Asks all running calls to stop, and all later ones.
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Tells whether stopping was asked for.
    pub(crate) fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when stopping is asked for.
    async fn stopped(&self) {
        let mut receiver = self.0.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = receiver.wait_for(|stopped| *stopped).await;
    }
}

/// One call of the engine.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    started: Instant,
    timeout: Duration,
    expected: Option<Duration>,
    progress: &'a dyn Progress,
    stop: &'a StopSignal,
}

impl<'a> Call<'a> {
    /// Begins a call that may take this long.
    pub(crate) fn begin(timeout: Duration, progress: &'a dyn Progress, stop: &'a StopSignal) -> Self {
        Self { started: Instant::now(), timeout, expected: None, progress, stop }
    }

    /// Sets how long the call usually takes.
    #[must_use]
    pub(crate) fn expecting(self, expected: Option<Duration>) -> Self {
        Self { expected, ..self }
    }

    /// Tells the user what is going on.
    pub(crate) fn report(&self, phase: impl Into<String>) {
        self.progress.report(ProgressUpdate { phase: phase.into(), expected: self.expected });
    }

    /// Waits, but not beyond the end of the call.
    ///
    /// # Errors
    /// When the call's time is over, or will be before the wait is, and when the user asks to stop.
    pub(crate) async fn wait(&self, delay: Duration, waiting_for: &str) -> Result<(), ArmError> {
        let end = self.started + self.timeout;
        let until = Instant::now() + delay;
        if until > end {
            let waiting_for = waiting_for.to_owned();
            return Err(ArmError::TimedOut { waiting_for, after: self.timeout });
        }
        tokio::select! {
            () = tokio::time::sleep_until(until) => Ok(()),
            () = self.stop.stopped() => Err(ArmError::Stopped(waiting_for.to_owned())),
        }
    }

    /// Refuses to begin something new when the user has asked to stop.
    ///
    /// # Errors
    /// When so.
    pub(crate) fn check_stopped(&self, about_to: &str) -> Result<(), ArmError> {
        if self.stop.is_stopped() { Err(ArmError::Stopped(about_to.to_owned())) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use terrane_provider::NoProgress;

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_with_the_time_or_with_the_call_or_on_request() {
        let stop = StopSignal::default();
        let call = Call::begin(Duration::from_secs(10), &NoProgress, &stop);
        assert!(call.wait(Duration::from_secs(5), "x").await.is_ok());
        let timed_out = call.wait(Duration::from_secs(6), "x").await;
        assert!(matches!(timed_out, Err(ArmError::TimedOut { .. })));
        stop.stop();
        let stopped = call.wait(Duration::from_secs(1), "x").await;
        assert!(matches!(stopped, Err(ArmError::Stopped(_))));
        assert!(call.check_stopped("x").is_err());
    }
}
