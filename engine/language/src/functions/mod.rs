//! The functions of the language: one table, and the one way of calling what stands in it.
//!
//! A function sees only what its parameters allow. [`call`] converts arguments to the parameters' types,
//! refuses nulls, answers with an unknown where an argument is unknown, and carries marks from arguments
//! to result, so that an entry of the table has only its own rule to say. What lies outside of the language
//! (files, time, randomness, templates) comes from the [`Environment`] that the evaluator hands in.

mod call;
mod environment;
mod signature;
mod table;

// The functions, by what they work on.
mod assumption;
mod base64;
mod character_encoding;
mod choice;
mod conversion;
mod crypto;
mod csv;
mod date_time;
mod fileset;
mod filesystem;
mod format;
mod hash;
mod ip_network;
mod json;
mod letter_case;
mod lookup;
mod mapping;
mod number;
mod path;
mod regular_expression;
mod sensitivity;
mod sequence;
mod set;
mod template;
mod text;
pub mod tfvars;
mod url;
mod yaml;

// What they are made of.
mod base64_code;
mod character_sets;
mod duration;
mod float64;
mod format_number;
mod format_verb;
mod glob;
mod graphemes;
mod gzip;
mod hcl_text;
mod huffman;
mod ip_block;
mod json_decode;
mod known_prefix;
mod known_values;
mod private_key;
mod quote;
mod re2_class;
mod re2_syntax;
mod timestamp;
mod yaml_cursor;
mod yaml_decode;
mod yaml_encode;
mod yaml_parse;
mod yaml_scalar;
mod yaml_scan;
mod yaml_scan_scalar;
mod yaml_scan_tag;

pub use call::{Arguments, FunctionError, call};
pub use environment::{Environment, FileError, FileKind, FolderEntry};
pub use hcl_text::expression_text;
pub use json_decode::decode as decode_json;
pub use quote::quote;
pub use signature::{Function, Parameter, ParameterType, Returns, Rule};
pub use table::{all, find};
pub use yaml_decode::decode as decode_yaml;
