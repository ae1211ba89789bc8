//! What stands in front of the Resource Manager: signing in, cloud metadata, Microsoft Graph, key vaults' data plane.

pub(crate) mod graph;
pub(crate) mod metadata;
pub(crate) mod sign_in;
pub(crate) mod token;
