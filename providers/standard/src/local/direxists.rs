//! The function `direxists`.

use std::{fs, io};

use terrane_model::{Str, Type, Value};
use terrane_provider::ProviderFunctionError;

use crate::toolkit::{Function, argument_error, parameter};

pub(super) fn function() -> Function {
    let path = parameter("path", Type::String, "Path of the directory.");
    Function::of_one("direxists", path, Type::Bool, "Tells whether a directory exists", call)
}

fn call(arguments: &[Value]) -> Result<Value, ProviderFunctionError> {
    let path = arguments.first().and_then(Value::as_str).map_or("", Str::as_str);
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Ok(true.into()),
        Ok(_) => Err(argument_error(format!("{path:?} was found, but is not a directory"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false.into()),
        Err(error) => Err(argument_error(format!("cannot look for the directory {path:?}: {error}"))),
    }
}
