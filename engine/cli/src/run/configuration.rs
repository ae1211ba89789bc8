//! The configuration of the working directory with values for its variables.

use std::sync::Arc;

use terrane_language::evaluate::GivenValues;
use terrane_model::{Diagnostics, SourceMap};
use terrane_plan::PreparedConfiguration;

use super::Failure;
use crate::args::ParsedFlags;
use crate::context::Context;
use crate::project::{Project, load_project};
use crate::registry::development_warnings;
use crate::variables;

/// A configuration that can be planned.
pub struct LoadedConfiguration {
    /// The configuration.
    pub configuration: PreparedConfiguration,
    /// Values for the root module's variables.
    pub given: GivenValues,
    /// All files, those of values too.
    pub sources: Arc<SourceMap>,
    /// Warnings.
    pub diagnostics: Diagnostics,
}

/// Reads the configuration and the values; asks the user for missing values, where that is possible.
///
/// # Errors
/// With everything that is wrong.
pub fn load_configuration(context: &Context, flags: &ParsedFlags) -> Result<LoadedConfiguration, Failure> {
    prepare_configuration(context, flags, load_project(context)?)
}

/// Takes a configuration that was read, and the values; as [`load_configuration`].
///
/// # Errors
/// With everything that is wrong.
pub fn prepare_configuration(
    context: &Context,
    flags: &ParsedFlags,
    (project, mut diagnostics): (Project, Diagnostics),
) -> Result<LoadedConfiguration, Failure> {
    diagnostics.extend(development_warnings(context));
    let root = project.tree.root();
    let may_ask = flags.switch("input", true) && context.may_ask() && !flags.switch("json", false);
    let values = variables::collect(context, flags, root, &project.sources, may_ask);
    diagnostics.extend(values.diagnostics);
    let sources = values.sources;
    if diagnostics.has_errors() {
        return Err((diagnostics, sources));
    }
    diagnostics.extend(variables::missing_values(root, &values.given));
    if diagnostics.has_errors() {
        return Err((diagnostics, sources));
    }
    match PreparedConfiguration::prepare(Arc::clone(&project.tree), Arc::clone(&sources)) {
        Ok(configuration) => {
            Ok(LoadedConfiguration { configuration, given: values.given, sources, diagnostics })
        }
        Err(problems) => {
            diagnostics.extend(problems);
            Err((diagnostics, sources))
        }
    }
}
