//! Functions that hash text and files.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use terrane_model::Value;

use super::base64_code;
use super::filesystem::read_for_hash;
use super::{Arguments, Function, FunctionError, Parameter, ParameterType, Returns};

const STRING: Returns = Returns::Always(ParameterType::String);
const STR: &[Parameter] = &[Parameter::string("str")];
const PATH: &[Parameter] = &[Parameter::string("path")];

type Rule = fn(&Arguments<'_>) -> Result<Value, FunctionError>;

const fn of_text(name: &'static str, rule: Rule, description: &'static str) -> Function {
    Function::new(name, STR, STRING, rule, description)
}

const fn of_file(name: &'static str, rule: Rule, description: &'static str) -> Function {
    Function::new(name, PATH, STRING, rule, description)
}

pub(super) const FUNCTIONS: &[Function] = &[
    of_text("base64sha256", text::<Sha256, Base64>, "Returns the SHA-256 hash of a text as base64."),
    of_text("base64sha512", text::<Sha512, Base64>, "Returns the SHA-512 hash of a text as base64."),
    of_file("filebase64sha256", file::<Sha256, Base64>, "Returns the SHA-256 hash of a file as base64."),
    of_file("filebase64sha512", file::<Sha512, Base64>, "Returns the SHA-512 hash of a file as base64."),
    of_file("filemd5", file::<Md5, Hex>, "Returns the MD5 hash of a file in hexadecimal digits."),
    of_file("filesha1", file::<Sha1, Hex>, "Returns the SHA-1 hash of a file in hexadecimal digits."),
    of_file("filesha256", file::<Sha256, Hex>, "Returns the SHA-256 hash of a file in hexadecimal digits."),
    of_file("filesha512", file::<Sha512, Hex>, "Returns the SHA-512 hash of a file in hexadecimal digits."),
    of_text("md5", text::<Md5, Hex>, "Returns the MD5 hash of a text in hexadecimal digits."),
    of_text("sha1", text::<Sha1, Hex>, "Returns the SHA-1 hash of a text in hexadecimal digits."),
    of_text("sha256", text::<Sha256, Hex>, "Returns the SHA-256 hash of a text in hexadecimal digits."),
    of_text("sha512", text::<Sha512, Hex>, "Returns the SHA-512 hash of a text in hexadecimal digits."),
];

/// How bytes are shown.
trait Shown {
    fn show(bytes: &[u8]) -> String;
}

struct Base64;

impl Shown for Base64 {
    fn show(bytes: &[u8]) -> String {
        base64_code::encode(bytes)
    }
}

struct Hex;

impl Shown for Hex {
    fn show(bytes: &[u8]) -> String {
        let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
        bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    }
}

fn text<H: Digest, S: Shown>(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    Ok(Value::string(S::show(&H::digest(arguments.text(0)))))
}

fn file<H: Digest, S: Shown>(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let bytes = read_for_hash(arguments)?;
    Ok(Value::string(S::show(&H::digest(bytes))))
}
