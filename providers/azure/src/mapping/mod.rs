//! Between values of arguments and JSON bodies, as the tables say. Pure.

mod block_key;
mod convert;
mod documents;
mod network;
mod read;
pub(crate) mod same;
mod strip;
mod time;
mod write;

pub(crate) use block_key::block_key;
pub(crate) use convert::canonical_id;
pub(crate) use documents::Documents;
pub(crate) use network::Network;
pub(crate) use read::read_object;
pub(crate) use strip::strip_read_only;
pub(crate) use time::{moment, parse_iso_duration};
pub(crate) use write::{WriteMode, write_changes, write_object};
