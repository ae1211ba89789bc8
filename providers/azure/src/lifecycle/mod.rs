//! An object's life: create, read, update, delete, as the tables say. The only part of the provider that
//! decides which requests are sent.

mod address;
pub(crate) mod create;
pub(crate) mod delete;
mod draft;
pub(crate) mod falling;
pub(crate) mod fetch;
pub(crate) mod interest;
pub(crate) mod listing;
pub(crate) mod recent;
pub(crate) mod refresh;
mod state;
pub(crate) mod update;
mod work;

pub(crate) use address::Address;
pub(crate) use draft::{Draft, attribute_path};
pub(crate) use state::{finish_state, group_of, unfinished_state};
pub(crate) use work::{Change, Failure, Work};
