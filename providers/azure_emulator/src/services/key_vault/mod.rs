//! Microsoft.KeyVault: vaults with soft delete, access policies, secrets on both planes, and keys.

pub(super) mod access_policies;
pub(super) mod data_plane;
pub(super) mod deleted;
mod keys;
pub(super) mod secret;
pub(super) mod vault;
