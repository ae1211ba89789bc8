//! Functions that read text of some format: each with the input as the text, or as the pattern.

use terrane_language::functions::{FunctionError, call, find, tfvars};
use terrane_model::{Number, Type, Value};

use super::world::World;
use super::{Target, outcome};
use crate::{corpus, grammar};

pub(super) const JSON: Target = Target {
    name: "jsondecode",
    seeds: || corpus::own_seeds("jsondecode"),
    generate: Some(grammar::json),
    run: |input| round_trip("jsondecode", "jsonencode", input),
};

pub(super) const YAML: Target = Target {
    name: "yamldecode",
    seeds: || corpus::own_seeds("yamldecode"),
    generate: Some(grammar::yaml),
    run: |input| round_trip("yamldecode", "yamlencode", input),
};

pub(super) const CSV: Target = Target {
    name: "csvdecode",
    seeds: || corpus::own_seeds("csvdecode"),
    generate: None,
    run: |input| calls(input, &[("csvdecode", &[])]),
};

pub(super) const BASE64: Target = Target {
    name: "base64",
    seeds: || corpus::own_seeds("base64"),
    generate: None,
    run: |input| {
        calls(
            input,
            &[
                ("base64decode", &[]),
                ("base64gunzip", &[]),
                ("textdecodebase64", &["UTF-16LE"]),
                ("textdecodebase64", &["Shift_JIS"]),
                ("textencodebase64", &["windows-1252"]),
                ("base64gzip", &[]),
            ],
        )
    },
};

pub(super) const URL: Target = Target {
    name: "url",
    seeds: || corpus::own_seeds("url"),
    generate: None,
    run: |input| calls(input, &[("urldecode", &[]), ("urlencode", &[])]),
};

pub(super) const FORMAT: Target =
    Target { name: "format", seeds: || corpus::own_seeds("format"), generate: None, run: format_calls };

pub(super) const REGEX: Target = Target {
    name: "regex",
    seeds: || corpus::own_seeds("regex"),
    generate: None,
    run: |input| {
        const TEXT: &str =
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab é 2025-01-02 foo@example.com \u{1f600}\n";
        calls(input, &[("regex", &[TEXT]), ("regexall", &[TEXT])])?;
        let pattern = Value::string(format!("/{}/", String::from_utf8_lossy(input)));
        let replaced = invoke("replace", vec![Value::string(TEXT), pattern, Value::string("<$1 ${x}>")]);
        Ok(result(&replaced))
    },
};

pub(super) const DATE: Target = Target {
    name: "date",
    seeds: || corpus::own_seeds("date"),
    generate: None,
    run: |input| {
        const NOW: &str = "2025-01-02T03:04:05Z";
        let text = Value::string(String::from_utf8_lossy(input));
        let first = [("formatdate", NOW), ("timeadd", "1h"), ("timecmp", NOW)];
        let first =
            first.map(|(name, other)| result(&invoke(name, vec![text.clone(), Value::string(other)])));
        let second = [("formatdate", "YYYY"), ("timeadd", NOW)];
        let second =
            second.map(|(name, other)| result(&invoke(name, vec![Value::string(other), text.clone()])));
        Ok(format!("{first:?}{second:?}"))
    },
};

pub(super) const NETWORK: Target = Target {
    name: "network",
    seeds: || corpus::own_seeds("network"),
    generate: None,
    run: |input| {
        let text = Value::string(String::from_utf8_lossy(input));
        let number = |n: i64| Value::number(n);
        let results = [
            invoke("cidrhost", vec![text.clone(), number(5)]),
            invoke("cidrhost", vec![text.clone(), number(-1)]),
            invoke("cidrnetmask", vec![text.clone()]),
            invoke("cidrsubnet", vec![text.clone(), number(8), number(3)]),
            invoke("cidrsubnets", vec![text.clone(), number(4), number(8)]),
            invoke("parseint", vec![text, number(36)]),
        ];
        Ok(results.iter().map(result).collect())
    },
};

pub(super) const TFVARS: Target = Target {
    name: "tfvars",
    seeds: || {
        let mut seeds = corpus::own_seeds("tfvars");
        seeds.extend(corpus::recorded_files("configs", &[".tfvars"]));
        seeds
    },
    generate: None,
    run: |input| {
        let text = Value::string(String::from_utf8_lossy(input));
        let decoded = tfvars::decode_tfvars(&[text]);
        if let Ok(value) = &decoded {
            let again = tfvars::encode_tfvars(std::slice::from_ref(value))
                .and_then(|text| tfvars::decode_tfvars(&[text]));
            if again.as_ref() != Ok(value) {
                return Err(format!("encoded and decoded, {value:?} is {again:?}"));
            }
        }
        Ok(result(&decoded))
    },
};

fn invoke(name: &str, arguments: Vec<Value>) -> Result<Value, FunctionError> {
    match find(name) {
        Some(function) => call(function, arguments, &World),
        None => Err(FunctionError::new("there is no such function")),
    }
}

fn result(result: &Result<Value, FunctionError>) -> String {
    match result {
        Ok(value) => outcome::of_value(value),
        Err(error) => outcome::shape("error", &error.message),
    }
}

/// Calls functions with the input first, and further texts behind it.
fn calls(input: &[u8], functions: &[(&str, &[&str])]) -> Result<String, String> {
    let text = String::from_utf8_lossy(input);
    let mut outcomes = String::new();
    for (name, others) in functions {
        let mut arguments = vec![Value::string(&*text)];
        arguments.extend(others.iter().map(|other| Value::string(*other)));
        outcomes += &result(&invoke(name, arguments));
    }
    Ok(outcomes)
}

/// Decodes the input; what was decoded and encoded again is the same after another decoding and encoding. A text of
/// YAML may give nulls a type, which is lost at first.
fn round_trip(decode: &str, encode: &str, input: &[u8]) -> Result<String, String> {
    let text = Value::string(String::from_utf8_lossy(input));
    let decoded = invoke(decode, vec![text]);
    if let Ok(value) = &decoded {
        let encoded = invoke(encode, vec![value.clone()]);
        let again = encoded.clone().and_then(|text| invoke(decode, vec![text]));
        let twice = again.clone().and_then(|value| invoke(encode, vec![value]));
        // Numbers without end have no form in JSON, and none of their own in the YAML that Terraform writes.
        let has_infinity = value.any(&mut |part| part.as_number().is_some_and(Number::is_infinite));
        // As Terraform's, jsonencode joins the end of an escape such as \u003e with a combining accent behind it.
        let has_escape = value.any(&mut |part| {
            let names = part.as_entries().unwrap_or_default().iter().map(|(name, _)| name.as_str());
            names.chain(part.as_str().map(|text| text.as_str())).any(|text| text.contains(['<', '>', '&']))
        });
        let is_exempt = has_infinity || encode == "jsonencode" && has_escape;
        if encoded.is_ok() && !is_exempt && twice != encoded {
            return Err(format!("encoded and decoded, {value:?} is {again:?} by way of {encoded:?}"));
        }
    }
    Ok(result(&decoded))
}

fn format_calls(input: &[u8]) -> Result<String, String> {
    let text = Value::string(String::from_utf8_lossy(input));
    let argument_lists = [
        vec![],
        vec![Value::string("é text")],
        vec![Value::number(42_i64)],
        vec![Value::number(-7_i64), Value::Bool(true), Value::dynamic_null(), Value::list_of_strings(["a"])],
        vec![Value::unknown(Type::String), Value::string("x").sensitive(), Value::dynamic()],
    ];
    let mut outcomes = String::new();
    for arguments in argument_lists {
        let mut all = vec![text.clone()];
        all.extend(arguments);
        outcomes += &result(&invoke("format", all.clone()));
        outcomes += &result(&invoke("formatlist", all));
    }
    Ok(outcomes)
}
