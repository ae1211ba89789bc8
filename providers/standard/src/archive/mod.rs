//! `hashicorp/archive`: archives of files on the machine that the engine runs on, and of written contents.
//!
//! The same contents give the same bytes, whenever and by whom they were changed last.

mod contents;
mod file;
mod glob;
mod write;

use crate::toolkit::Catalog;

pub(crate) fn catalog() -> Catalog {
    Catalog::default().resource(file::ArchiveFile).data_source(file::ArchiveFile)
}
