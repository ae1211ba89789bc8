//! Making providers out of a plugin, with as few processes as its configurations allow.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use terrane_model::Diagnostics;
use terrane_provider::{Provider, ProviderFactory};
use tokio::sync::OnceCell;

use crate::options::PluginOptions;
use crate::plugin_provider::PluginProvider;
use crate::reattach::Reattach;
use crate::running::{LoadedSchemas, Running};

/// Makes providers out of one plugin.
///
/// No process is started before it is needed. All providers that are not configured share one process, and the
/// first that is configured keeps it: validating and upgrading state work there as well. Every other
/// configuration gets a process of its own. A process ends with the last provider that uses it.
pub struct PluginFactory {
    plugin: Arc<Plugin>,
}

/// A plugin and what is known about it, whether it runs or not.
pub(crate) struct Plugin {
    pub(crate) options: PluginOptions,
    reattach: Option<Reattach>,
    schemas: OnceLock<Arc<LoadedSchemas>>,
    shared: Mutex<Weak<Slot>>,
}

/// The place of one process.
pub(crate) struct Slot {
    /// A start that failed is not tried again: every call would wait as long for the same answer.
    running: OnceCell<Result<Arc<Running>, Diagnostics>>,
    is_taken: AtomicBool,
}

impl PluginFactory {
    /// Makes providers by running a program.
    pub fn new(options: PluginOptions) -> Self {
        Self::with(options, None)
    }

    /// Makes providers by connecting to a plugin that runs already; of the options, those about the program
    /// count for nothing.
    pub fn attached(options: PluginOptions, reattach: Reattach) -> Self {
        Self::with(options, Some(reattach))
    }

    fn with(options: PluginOptions, reattach: Option<Reattach>) -> Self {
        let plugin = Plugin { options, reattach, schemas: OnceLock::new(), shared: Mutex::default() };
        Self { plugin: Arc::new(plugin) }
    }
}

impl ProviderFactory for PluginFactory {
    /// Makes a provider; errors come up when it is first used.
    fn start(&self) -> Result<Arc<dyn Provider>, Diagnostics> {
        Ok(Arc::new(PluginProvider::new(Arc::clone(&self.plugin))))
    }
}

impl Plugin {
    /// Returns the slot that unconfigured providers share.
    pub(crate) fn shared_slot(&self) -> Arc<Slot> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = shared.upgrade() {
            return slot;
        }
        let slot = Arc::new(Slot::new());
        *shared = Arc::downgrade(&slot);
        slot
    }

    /// Returns a slot for one more configuration: the given one if nobody was configured there before.
    pub(crate) fn slot_to_configure(&self, current: &Arc<Slot>) -> Arc<Slot> {
        // A plugin that somebody else started is the only one there is.
        let is_only = self.reattach.is_some();
        if !current.is_taken.swap(true, Ordering::AcqRel) || is_only {
            return Arc::clone(current);
        }
        let slot = Slot::new();
        slot.is_taken.store(true, Ordering::Release);
        Arc::new(slot)
    }

    /// Returns the schemas without starting anything, if they are known.
    pub(crate) async fn known_schemas(&self) -> Option<Arc<LoadedSchemas>> {
        if let Some(known) = self.schemas.get() {
            return Some(Arc::clone(known));
        }
        let cache = self.options.schema_cache.clone().filter(|_| self.reattach.is_none())?;
        let path = self.options.path.clone();
        // Hashing a program and reading schemas of many megabytes would hold up everything else.
        let load = move || LoadedSchemas::read(cache.load(&path)?).ok();
        let loaded = tokio::task::spawn_blocking(load).await.ok()??;
        Some(Arc::clone(self.schemas.get_or_init(|| Arc::new(loaded))))
    }

    /// Returns the plugin that runs in a slot, and starts it if none does.
    ///
    /// # Errors
    /// Messages that say why it cannot be used.
    pub(crate) async fn running(&self, slot: &Slot) -> Result<Arc<Running>, Diagnostics> {
        let start = async {
            let known = self.known_schemas().await;
            let running = Running::start(&self.options, self.reattach.as_ref(), known).await?;
            self.schemas.get_or_init(|| Arc::clone(&running.loaded));
            Ok(Arc::new(running))
        };
        slot.running.get_or_init(|| start).await.clone()
    }
}

impl Slot {
    fn new() -> Self {
        Self { running: OnceCell::new(), is_taken: AtomicBool::new(false) }
    }

    /// Returns the plugin that runs here, if it does.
    pub(crate) fn current(&self) -> Option<&Arc<Running>> {
        self.running.get()?.as_ref().ok()
    }
}
