//! The plugin client against real, unmodified providers.

#![expect(missing_docs, reason = "tests")]

mod real;
mod support;
