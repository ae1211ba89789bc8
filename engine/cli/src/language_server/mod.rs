//! `lsp`: what editors ask about configurations, over the Language Server Protocol on standard input and output.
//!
//! Every directory with an open file is a root module of its own. What is typed but not saved counts as if it was saved.

mod analysis;
mod block_items;
mod completion;
mod cursor;
mod documents;
mod hover;
mod navigation;
mod occurrences;
mod positions;
mod rename;
mod server;

pub use server::serve;
