//! Values, types and addresses in their stored forms: MessagePack, JSON, and text.

use terrane_model::encode_json::{type_from_json, value_from_json, write_json};
use terrane_model::encode_msgpack::{msgpack_from_value, value_from_msgpack};
use terrane_model::{
    ModuleInstance, ProviderConfigAddress, ResourceInstanceAddress, Target as AddressTarget, Type,
};

use super::{Target, outcome};
use crate::{corpus, grammar};

pub(super) const TARGET: Target = Target { name: "stored-value", seeds, generate: Some(grammar::json), run };

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = corpus::own_seeds("stored-value");
    // A string, an object with an unknown value, nested arrays: MessagePack has no text to write them in.
    seeds.push(b"\xa5hello".to_vec());
    seeds.push(b"\x82\xa1a\xd4\x00\x00\xa1b\x93\x01\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00\xc0".to_vec());
    seeds.push(b"\x92\xc4\x08\"string\"\xa1x".to_vec());
    seeds
}

fn run(input: &[u8]) -> Result<String, String> {
    let mut outcomes = String::new();
    for ty in [Type::Dynamic, Type::map(Type::Number), Type::set(Type::list(Type::String))] {
        match value_from_msgpack(input, &ty) {
            Ok(value) => {
                outcomes += &outcome::of_value(&value);
                let bytes =
                    msgpack_from_value(&value, &ty).map_err(|error| format!("not writable: {error}"))?;
                if value_from_msgpack(&bytes, &ty).as_ref() != Ok(&value) {
                    return Err(format!("written and read, {value:?} is another value"));
                }
            }
            Err(error) => outcomes += &outcome::shape("msgpack", &error.to_string()),
        }
    }
    let text = String::from_utf8_lossy(input);
    match type_from_json(&text) {
        Ok(ty) => outcomes += &format!("{ty:?}").chars().take(40).collect::<String>(),
        Err(error) => outcomes += &outcome::shape("type", &error.to_string()),
    }
    if let Ok(value) = value_from_json(&text, &Type::Dynamic) {
        let mut json = String::new();
        if write_json(&mut json, &value, &Type::Dynamic).is_ok()
            && value_from_json(&json, &Type::Dynamic).ok().as_ref() != Some(&value)
        {
            return Err(format!("written as JSON and read, {value:?} is another value: {json}"));
        }
    }
    outcomes += &addresses(&text)?;
    Ok(outcomes)
}

fn addresses(text: &str) -> Result<String, String> {
    if let Ok(address) = ResourceInstanceAddress::parse(text)
        && ResourceInstanceAddress::parse(&address.to_string()).as_ref() != Ok(&address)
    {
        return Err(format!("{address} is read as another address"));
    }
    let parsed = [
        ModuleInstance::parse(text).is_ok(),
        ProviderConfigAddress::parse(text).is_ok(),
        AddressTarget::parse(text).is_ok(),
    ];
    Ok(format!("{parsed:?}"))
}
