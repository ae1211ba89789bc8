//! Tables: what the provider knows about each resource type, as text that people can read and change.
//!
//! A table (`tables/*.table`) says what a type is in Azure, which arguments it has, where each of them is in
//! request and response bodies, and how it behaves; `tables/README.md` explains the words. Everything that
//! holds for many types is done once, by the modules that read these structures; code for a single type
//! exists only where its service is irregular (`resources/`).

pub(crate) mod argument;
pub(crate) mod body_path;
pub(crate) mod catalog;
pub(crate) mod check;
pub(crate) mod conversion;
pub(crate) mod id_template;
mod lines;
mod parse;
mod parse_argument;
pub(crate) mod resource_table;
#[cfg(test)]
mod schema_tests;

pub(crate) use argument::{
    Argument, BlockShape, Mapping, Presence, Primitive, Relation, Sameness, Shape, Shown,
};
pub(crate) use body_path::{BodyPath, BodyStep, PathRoot};
pub(crate) use catalog::Catalog;
pub(crate) use check::Check;
pub(crate) use conversion::{Conversion, TimeUnit};
pub(crate) use id_template::IdTemplate;
pub(crate) use parse::parse_duration;
pub(crate) use resource_table::{
    ActionTimes, CreateVerb, DocumentAddress, DocumentTable, Listing, LockKey, PartTable, ResourceTable,
    UpdateVerb,
};

/// Which of azurerm's major versions the configuration was written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Generation {
    /// 4.x.
    V4,
    /// 5.x.
    V5,
}
