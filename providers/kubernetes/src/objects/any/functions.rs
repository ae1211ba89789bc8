//! The provider's functions: manifests as YAML, and back.

use serde_json::Value as Json;
use terrane_model::{Str, Type, Value};
use terrane_provider::{FunctionParameter, FunctionSignature, ProviderFunctionError};

use crate::objects::json_value::{from_json, to_json};
use crate::objects::provider::FunctionBody;
use crate::yaml;

/// Returns all functions with their names and signatures.
pub(crate) fn all() -> [(&'static str, FunctionSignature, FunctionBody); 3] {
    let decode_summary = "Decodes the YAML of one object.";
    let decode_many_summary = "Decodes the YAML of any number of objects.";
    let encode_summary = "Encodes an object, or a list of objects, as YAML.";
    [
        ("manifest_decode", signature(Type::String, Type::Dynamic, decode_summary), decode),
        ("manifest_decode_multi", signature(Type::String, Type::Dynamic, decode_many_summary), decode_many),
        ("manifest_encode", signature(Type::Dynamic, Type::String, encode_summary), encode),
    ]
}

fn signature(ty: Type, returns: Type, summary: &str) -> FunctionSignature {
    let manifest = FunctionParameter {
        name: "manifest".into(),
        ty,
        allow_null: false,
        allow_unknown: false,
        description: Str::new(),
    };
    FunctionSignature {
        parameters: vec![manifest],
        variadic: None,
        returns,
        summary: summary.into(),
        description: Str::new(),
        deprecation: Str::new(),
    }
}

fn refused(message: String) -> ProviderFunctionError {
    ProviderFunctionError { argument: Some(0), message }
}

fn documents(arguments: &[Value]) -> Result<Vec<Json>, ProviderFunctionError> {
    let text = arguments.first().and_then(Value::as_str).map_or("", |text| text.as_str());
    let documents =
        yaml::read_all(text).map_err(|error| refused(format!("the manifest is no YAML: {error}")))?;
    documents.iter().try_for_each(check)?;
    Ok(documents)
}

/// An object has a head.
fn check(document: &Json) -> Result<(), ProviderFunctionError> {
    if !document.is_object() {
        return Err(refused("a manifest has to be an object".to_owned()));
    }
    let missing = ["apiVersion", "kind", "metadata"].into_iter().find(|name| document.get(name).is_none());
    missing.map_or(Ok(()), |name| Err(refused(format!("the manifest says nothing about {name}"))))
}

fn decode(arguments: &[Value]) -> Result<Value, ProviderFunctionError> {
    match documents(arguments)?.as_slice() {
        [document] => Ok(from_json(document)),
        [] => Err(refused("the manifest is empty".to_owned())),
        _ => Err(refused("there is more than one manifest; manifest_decode_multi takes several".to_owned())),
    }
}

fn decode_many(arguments: &[Value]) -> Result<Value, ProviderFunctionError> {
    Ok(Value::tuple(documents(arguments)?.iter().map(from_json).collect::<Vec<_>>()))
}

fn encode(arguments: &[Value]) -> Result<Value, ProviderFunctionError> {
    let json = arguments.first().map_or(Json::Null, to_json);
    let documents = match json {
        Json::Array(documents) => documents,
        document => vec![document],
    };
    documents.iter().try_for_each(check)?;
    let texts: Vec<String> = documents.iter().map(yaml::write).collect();
    Ok(texts.join("---\n").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n";

    #[test]
    fn manifests_are_decoded_and_encoded() {
        let many = decode_many(&[TWO.into()]).unwrap();
        assert_eq!(many.element_count(), Some(2));
        assert_eq!(encode(&[many]).unwrap(), TWO.into());
        let one = decode(&["apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n".into()]).unwrap();
        assert_eq!(one.get("kind"), Some(&"Pod".into()));
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        for (text, expected) in [
            (TWO, "manifest_decode_multi"),
            ("", "empty"),
            ("a: [", "no YAML"),
            ("- 1", "has to be an object"),
            ("kind: Pod", "says nothing about apiVersion"),
        ] {
            let error = decode(&[text.into()]).unwrap_err();
            assert!(error.message.contains(expected), "{text}: {error}");
        }
    }
}
