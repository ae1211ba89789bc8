//! Text to tree, for native and JSON syntax, and the formatter.
//!
//! A text is cut into tokens ([`lexer`]), which are parsed into a [`tree`] of blocks, arguments and
//! expressions with the place of everything. Whoever wants to know what a body holds asks
//! [`ConfigBody`], which answers for both syntaxes. Nothing here knows which blocks or functions exist,
//! nor what an expression is worth. Every text is read to its end in time linear in its length.

// From text to tokens.
pub mod graphemes;
pub mod identifiers;
mod invalid_tokens;
pub mod lexer;
mod lexer_template;
pub mod source_encoding;
pub mod token;

// From tokens to the tree.
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
mod template_text;
pub mod tree;

// JSON syntax.
pub mod json;
mod json_expression;
mod read_json;
mod scan_json;
mod unescape_json;

// From tokens to canonical layout.
pub mod format;
mod format_layout;
mod format_rewrite;
mod format_spacing;

// Reading the tree.
pub mod body_content;
mod body_references;
mod json_body;
mod merged_body;
mod native_body;
pub mod references;
mod static_forms;
pub mod suggest;

pub use body_content::{
    AttributeSchema, Attributes, BlockContent, BlockSchema, BodyContent, BodySchema, ConfigBody,
};
pub use format::{format_source, lay_out_source};
pub use json::parse_json_file;
pub use parse::{parse_expression, parse_file, parse_template, parse_traversal};
pub use parser::{NESTING_MAX, TREE_HEIGHT_MAX, TextOrigin};
pub use source_encoding::decode_source;
