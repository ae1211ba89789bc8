//! What a plugin is and how it is to be run.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::log::PluginLog;
use crate::schema_cache::SchemaCache;

/// How to run a plugin. [`PluginOptions::new`] sets everything but name and path to what is usual.
#[derive(Clone)]
pub struct PluginOptions {
    /// What messages call the provider: its source, such as `registry.terraform.io/hashicorp/random`.
    pub name: String,
    /// The program.
    pub path: PathBuf,
    /// Its arguments; plugins usually take none.
    pub args: Vec<OsString>,
    /// Variables set beside, or in place of, those of this process's environment.
    pub env: Vec<(OsString, OsString)>,
    /// How long the program may take until it serves; one minute unless set.
    pub start_timeout: Duration,
    /// How many objects are read at the same time by one call of `read_many`; 32 unless set.
    pub read_concurrency: usize,
    /// Whether the provider may put actions off to a later run; not unless set, as Terraform.
    pub allow_deferral: bool,
    /// Where schemas are kept between runs, so that the program need not start only to tell them.
    pub schema_cache: Option<SchemaCache>,
    /// Gets what the program logs and prints.
    pub log: Option<Arc<dyn PluginLog>>,
}

impl PluginOptions {
    /// Describes a plugin that is run as Terraform runs it.
    pub fn new(name: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            path: path.into(),
            args: Vec::new(),
            env: Vec::new(),
            start_timeout: Duration::from_secs(60),
            read_concurrency: 32,
            allow_deferral: false,
            schema_cache: None,
            log: None,
        }
    }
}
