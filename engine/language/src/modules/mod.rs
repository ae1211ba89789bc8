//! The tree of modules: every call of every module, each directory read once.

mod handed_in_providers;
pub mod loader;
pub mod module_tree;
pub mod provider_bindings;
pub mod source_address;

pub use loader::{Configuration, ModuleResolver, ResolvedModule, SourceReader, load, load_beside, load_with};
pub use module_tree::{ModuleId, ModuleNode, ModuleTree};
pub use provider_bindings::{ProviderBinding, ProviderConfigId, ProviderConfigs};
pub use source_address::SourceAddress;
