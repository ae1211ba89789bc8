//! One writer at a time per parent: locks by key, made when needed and dropped when idle.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// Locks by key. Keys are compared without regard to case, as resource ids are.
#[derive(Debug, Default)]
pub(crate) struct KeyedLocks(Mutex<HashMap<String, Arc<AsyncMutex<()>>>>);

/// Holds locks; dropping it releases them.
#[derive(Debug)]
#[must_use]
pub(crate) struct LockGuards(#[expect(dead_code, reason = "held, not read")] Vec<OwnedMutexGuard<()>>);

impl KeyedLocks {
    /// Waits until all keys are free and takes them. Keys are taken in one order by everyone, so that no two
    /// callers wait for each other.
    pub(crate) async fn hold(&self, keys: impl IntoIterator<Item = String>) -> LockGuards {
        let keys: BTreeSet<String> = keys.into_iter().map(|key| key.to_ascii_lowercase()).collect();
        let mut guards = Vec::with_capacity(keys.len());
        for key in keys {
            let lock = self.lock_of(key);
            guards.push(lock.lock_owned().await);
        }
        LockGuards(guards)
    }

    fn lock_of(&self, key: String) -> Arc<AsyncMutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A lock that only the map knows is held by nobody and awaited by nobody.
        if locks.len() > 1024 {
            locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        }
        Arc::clone(locks.entry(key).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_is_held_by_one_at_a_time_whatever_its_case() {
        let locks = KeyedLocks::default();
        let held = locks.hold(["/A/B".to_owned(), "/a/b".to_owned()]).await;
        let mut second = Box::pin(locks.hold(["/a/B".to_owned()]));
        assert!(poll_once(&mut second).await.is_none());
        drop(held);
        let _second = second.await;
    }

    async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        tokio::select! {
            biased;
            output = future => Some(output),
            () = std::future::ready(()) => None,
        }
    }
}
