//! Work that would hold up the executor.

use terrane_model::Diagnostics;

use crate::toolkit::failure;

/// Runs what computes long or waits for the disk on a thread for such work.
///
/// # Errors
/// Those of the work, and one of its own when the work is broken off with its runtime.
pub(crate) async fn off_the_executor<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Diagnostics> + Send + 'static,
) -> Result<T, Diagnostics> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(failure("Interrupted", format!("The work did not come to its end: {error}."))),
    }
}
