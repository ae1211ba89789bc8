//! Text to tree, for native and JSON syntax, and the formatter.

pub mod identifiers;
mod invalid_tokens;
pub mod lexer;
mod lexer_template;
pub mod token;
pub mod tree;

mod build_template;
pub mod parse;
mod parse_body;
mod parse_collection;
mod parse_expression;
mod parse_steps;
mod parse_template;
mod parse_term;
mod parse_traversal;
mod parser;
mod string_literal;
mod strip_heredoc;
pub mod suggest;

pub use parse::{parse_expression, parse_file, parse_template, parse_traversal};
pub use parser::{NESTING_MAX, TREE_HEIGHT_MAX, TextOrigin};
