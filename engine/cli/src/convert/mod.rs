//! Configuration made of other tools' files. Each conversion is text in, text out, with warnings about what has no
//! place in a configuration.

mod blocks;
pub mod helmfile;
pub mod kind_config;

/// Reads files that a text names, by their paths relative to it.
pub type Files<'f> = dyn Fn(&str) -> Result<String, String> + 'f;
