//! How the providers here are written: each type is a table of properties, and code only for what a table
//! cannot say.
//!
//! [`property`] and [`rule`] are the words of the tables, [`draft`] turns a table and a request into a plan,
//! [`kinds`] are the traits with the remaining code, and [`provider`] makes a
//! [`Provider`](terrane_provider::Provider) of all of it.

mod draft;
mod function;
mod kinds;
mod property;
mod provider;
mod rule;
mod table;

pub(crate) use draft::Draft;
pub(crate) use function::{Function, argument_error, parameter};
pub(crate) use kinds::{Action, Call, DataSource, EphemeralResource, Resource, failure};
pub(crate) use property::Property;
pub(crate) use provider::{Catalog, StandardProvider};
pub(crate) use rule::{Check, Rule};
pub(crate) use table::{BlockType, Table};
