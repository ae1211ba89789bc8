//! Microsoft.KeyVault: vaults with soft delete, access policies, and secrets on both planes.

pub(super) mod access_policies;
pub(super) mod data_plane;
pub(super) mod deleted;
pub(super) mod secret;
pub(super) mod vault;
