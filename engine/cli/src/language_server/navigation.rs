//! From a word to where it is declared.

use std::path::PathBuf;

use terrane_model::{ResourceAddress, ResourceMode, Span};

use super::analysis::Analysis;
use super::block_items::called_module;
use super::cursor::{Cursor, Place, names_of};

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declared {
    /// The file.
    pub(super) path: PathBuf,
    /// Its text, as the analysis has it.
    pub(super) text: std::sync::Arc<str>,
    /// First byte.
    pub(super) start: usize,
    /// Behind the last byte.
    pub(super) end: usize,
}

/// Finds where the word that a cursor stands behind is declared.
pub(super) fn declaration(cursor: &Cursor, analysis: &Analysis) -> Option<Declared> {
    let span = match &cursor.place {
        Place::Name => match cursor.blocks.as_slice() {
            // An argument of a module call is a variable of the module.
            [words] if words.len() == 2 && words[0] == "module" => {
                let child = called_module(&words[1], analysis)?;
                child.variable(&cursor.prefix)?.1.span
            }
            _ => return None,
        },
        Place::Expression(_) => of_reference(&names_of(&cursor.prefix), analysis)?,
        Place::Label(_) | Place::Text => return None,
    };
    place(analysis, span)
}

/// Finds the first file of the module that a call leads to.
pub(super) fn called_file(cursor: &Cursor, argument: Option<&str>, analysis: &Analysis) -> Option<Declared> {
    let [words] = cursor.blocks.as_slice() else { return None };
    let (Some("module"), Some(name), Some("source")) =
        (words.first().map(String::as_str), words.get(1), argument)
    else {
        return None;
    };
    let directory = called_module(name, analysis)?.directory.to_string();
    let prefix = format!("{directory}/");
    let (_, file) = analysis.sources.files().find(|(_, file)| file.path().starts_with(&prefix))?;
    let (path, text) = (analysis.path_of(file.path()), std::sync::Arc::clone(file.text()));
    Some(Declared { path, text, start: 0, end: 0 })
}

fn of_reference(names: &[String], analysis: &Analysis) -> Option<Span> {
    let words: Vec<&str> = names.iter().map(String::as_str).collect();
    let module = analysis.module()?;
    let resource = |mode: ResourceMode, resource_type: &str, name: &str| {
        let address = ResourceAddress { mode, resource_type: resource_type.into(), name: name.into() };
        module.resource(&address).map(|(_, resource)| resource.span)
    };
    match words.as_slice() {
        ["var", name, ..] => module.variable(name).map(|(_, variable)| variable.span),
        ["local", name, ..] => module.local(name).map(|(_, local)| local.span),
        ["module", name] => module.module_call(name).map(|(_, call)| call.span),
        ["module", name, output, ..] => {
            called_module(name, analysis)?.output(output).map(|(_, output)| output.span)
        }
        ["data", resource_type, name, ..] => resource(ResourceMode::Data, resource_type, name),
        ["ephemeral", resource_type, name, ..] => resource(ResourceMode::Ephemeral, resource_type, name),
        ["resource", resource_type, name, ..] | [resource_type, name, ..] => {
            resource(ResourceMode::Managed, resource_type, name)
        }
        _ => None,
    }
}

fn place(analysis: &Analysis, span: Span) -> Option<Declared> {
    let file = analysis.sources.file(span.file)?;
    Some(Declared {
        path: analysis.path_of(file.path()),
        text: std::sync::Arc::clone(file.text()),
        start: span.start as usize,
        end: span.end as usize,
    })
}
