//! What plan, apply, destroy, refresh and others have in common: from the working directory to a plan, and from a
//! plan to a new state.

pub mod applying;
pub mod ask;
pub mod configuration;
pub mod discovery;
pub mod generated_config;
pub mod interrupts;
pub mod options;
pub mod plan_files;
pub mod plan_warnings;
pub mod planning;
pub mod stages;

use std::sync::Arc;

use terrane_model::{Diagnostics, SourceMap};

/// Messages that end a run, and the files that they point into.
pub type Failure = (Diagnostics, Arc<SourceMap>);
