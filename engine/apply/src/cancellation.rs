//! Ending a run early.

use std::sync::Arc;

use tokio::sync::watch;

/// Asks a run to end; shared between the run and whoever listens to the user.
#[derive(Debug, Clone)]
pub struct Cancellation {
    requested: Arc<watch::Sender<bool>>,
}

impl Default for Cancellation {
    fn default() -> Self {
        Self { requested: Arc::new(watch::Sender::new(false)) }
    }
}

impl Cancellation {
    /// Makes a request that was not made yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the run to start nothing new.
    pub fn request(&self) {
        self.requested.send_replace(true);
    }

    /// Tells whether the run is to start nothing new.
    pub fn is_requested(&self) -> bool {
        *self.requested.borrow()
    }

    /// Waits until the run is asked to end; forever when nobody ever asks.
    pub async fn requested(&self) {
        let mut receiver = self.requested.subscribe();
        // The sender lives as long as this does, so that waiting cannot fail.
        let _ = receiver.wait_for(|requested| *requested).await;
    }
}
