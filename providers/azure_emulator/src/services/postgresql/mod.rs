//! Microsoft.DBforPostgreSQL: flexible servers.

pub(super) mod capabilities;
pub(super) mod children;
pub(super) mod parameters;
pub(super) mod server;
