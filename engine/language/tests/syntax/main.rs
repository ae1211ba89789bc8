//! Tests of text to tree and back, through the public interface.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod contents;
mod errors;
mod expressions;
mod format;
mod json;
mod nesting;
mod properties;
mod references;
mod second_opinion;
mod show;
mod templates;
