//! Text to tree, for native and JSON syntax, and the formatter.

pub mod tree;
