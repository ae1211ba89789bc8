//! What stands beside the Resource Manager: signing in, cloud metadata, Microsoft Graph, and bits of data planes.

pub(crate) mod graph;
pub(crate) mod metadata;
pub(crate) mod registry;
pub(crate) mod sign_in;
pub(crate) mod token;
