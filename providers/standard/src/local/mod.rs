//! `hashicorp/local`: files on the machine that the engine runs on, and commands run there.
//!
//! Relative paths start at the engine's working directory.

mod command;
mod command_action;
mod direxists;
mod file;
mod file_data;

use crate::toolkit::Catalog;

pub(crate) fn catalog() -> Catalog {
    Catalog::default()
        .resource(file::LocalFile::PLAIN)
        .resource(file::LocalFile::SENSITIVE)
        .data_source(file_data::LocalFileData::PLAIN)
        .data_source(file_data::LocalFileData::SENSITIVE)
        .data_source(command::LocalCommand)
        .ephemeral_resource(command::LocalCommand)
        .action(command_action::LocalCommandAction)
        .functions([direxists::function()])
}
