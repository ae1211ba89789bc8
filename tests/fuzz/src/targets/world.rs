//! A world for expressions: some names with values of every kind, files in memory, a fixed time.

use std::collections::BTreeMap;
use std::sync::Arc;

use terrane_language::evaluate::{
    Callable, NoProviderFunctions, Resolved, Scope, Surroundings, render_template,
};
use terrane_language::functions::{Environment, FileError, FileKind, FolderEntry, FunctionError};
use terrane_language::syntax::tree::{Identifier, Traversal};
use terrane_model::{Diagnostic, Marks, Type, Value};

/// The names that expressions may use.
pub(crate) const NAMES: &[&str] = &["a", "b", "n", "s", "l", "m", "o", "t", "e", "u", "d", "z", "p", "x"];

/// Returns the value of a name.
fn value_of(name: &str) -> Option<Value> {
    let numbers = || [1, 2, 3].map(|n: i64| Value::number(n)).to_vec();
    Some(match name {
        "a" => Value::string("hello ${world} %{if}"),
        "b" => Value::Bool(true),
        "n" => Value::number(42_i64),
        "s" => Value::set(Type::String, ["x", "y", "é"].map(Value::string)),
        "l" => Value::list(Type::Number, numbers()),
        "m" => Value::map(Type::String, [("k", Value::string("v")), ("key", Value::string("1"))]),
        "o" => Value::object([("name", Value::string("n")), ("list", Value::list(Type::Number, numbers()))]),
        "t" => Value::tuple(vec![Value::string("one"), Value::number(2_i64), Value::dynamic_null()]),
        "e" => Value::object([("secret", Value::string("hush").sensitive()), ("open", Value::Bool(false))]),
        "u" => Value::unknown(Type::String),
        "d" => Value::dynamic(),
        "z" => Value::Null(Type::list(Type::String)),
        "p" => Value::string("short lived").with_marks(Marks::EPHEMERAL),
        "x" => Value::unknown(Type::map(Type::list(Type::Number))),
        _ => return None,
    })
}

/// The scope that knows these names, and all functions.
pub(crate) struct World;

impl Scope for World {
    fn resolve(&self, traversal: &Traversal) -> Resolved {
        match value_of(&traversal.root.name) {
            Some(value) => Resolved::new(value, 0),
            None => {
                let diagnostic = Diagnostic::error("Unknown name", "There is no such name.");
                Resolved::error(diagnostic.at(traversal.root.span))
            }
        }
    }

    fn function(&self, name: &Identifier) -> Option<Callable<'_>> {
        let bare = name.name.strip_prefix("core::").unwrap_or(&name.name);
        // Its work grows with the power of its cost argument, which is its purpose.
        if bare == "bcrypt" {
            return None;
        }
        terrane_language::functions::find(bare).map(Callable::BuiltIn)
    }

    fn environment(&self) -> &dyn Environment {
        self
    }
}

/// The files that there are.
fn file(path: &str) -> Option<&'static [u8]> {
    match path.trim_start_matches("./") {
        "a.txt" => Some(b"text\n"),
        "a.tftpl" => Some(b"%{ for x in l }${x}, %{ endfor }${a}"),
        "a.json" => Some(br#"{"a": [1, null, {"b": true}]}"#),
        "bytes" => Some(&[0xff, 0xfe, 0x00]),
        "folder/b.yaml" => Some(b"a: [1, 2]\n"),
        _ => None,
    }
}

impl Environment for World {
    fn read_file(&self, path: &str) -> Result<Vec<u8>, FileError> {
        file(path).map(<[u8]>::to_vec).ok_or(FileError::NotFound)
    }

    fn file_kind(&self, path: &str) -> Result<Option<FileKind>, FileError> {
        Ok(match path.trim_start_matches("./") {
            "" | "." | "folder" => Some(FileKind::Folder),
            other => file(other).map(|_| FileKind::File),
        })
    }

    fn read_folder(&self, path: &str) -> Result<Vec<FolderEntry>, FileError> {
        let entry = |name: &str, kind| FolderEntry { name: name.to_owned(), kind, is_link: false };
        match path.trim_end_matches('/').trim_start_matches("./") {
            "" | "." => Ok(vec![entry("a.txt", FileKind::File), entry("folder", FileKind::Folder)]),
            "folder" => Ok(vec![entry("b.yaml", FileKind::File)]),
            _ => Err(FileError::NotFound),
        }
    }

    fn working_directory(&self) -> String {
        "/somewhere".to_owned()
    }

    fn home_directory(&self) -> Option<String> {
        Some("/home/user".to_owned())
    }

    fn plan_timestamp(&self) -> Option<String> {
        Some("2025-01-02T03:04:05Z".to_owned())
    }

    fn timestamp(&self) -> Option<String> {
        None
    }

    fn random_bytes(&self) -> Option<[u8; 16]> {
        None
    }

    fn render_template(&self, name: &str, template: &str, variables: &Value) -> Result<Value, FunctionError> {
        render_template(name, template, variables, self)
    }
}

/// Returns all names with their values, as the variables of a template.
pub(crate) fn variables() -> Value {
    let values: BTreeMap<&str, Value> =
        NAMES.iter().filter_map(|name| Some((*name, value_of(name)?))).collect();
    Value::object(values)
}

/// Returns the surroundings in which configurations are validated or planned.
pub(crate) fn surroundings(validating: bool) -> Surroundings {
    Surroundings {
        workspace: "default".into(),
        working_directory: "/somewhere".into(),
        applying: false,
        validating,
        environment: Arc::new(World),
        provider_functions: Arc::new(NoProviderFunctions),
        runs: None,
    }
}
