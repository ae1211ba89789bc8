//! Reading addresses from text: from the command line, from state files.

use std::fmt::Display;

use crate::address::{ModuleStep, ResourceMode};
use crate::{
    InstanceKey, ModuleInstance, ModulePath, ProviderConfigAddress, ProviderSource, ResourceAddress,
    ResourceInstanceAddress, Str, Target,
};

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct AddressError {
    /// A full sentence.
    pub message: String,
}

pub(crate) fn error<T>(message: impl Display) -> Result<T, AddressError> {
    Err(AddressError { message: message.to_string() })
}

/// Splits an address into the module instance that it begins with and the parts behind that.
pub(crate) fn split_module(
    text: &str,
) -> Result<(ModuleInstance, impl Iterator<Item = ModuleStep>), AddressError> {
    let mut parts = split(text)?.into_iter().peekable();
    let mut steps = Vec::new();
    while parts.peek().is_some_and(|part| part.name == "module" && part.key.is_none()) {
        parts.next();
        let Some(call) = parts.next() else {
            return error("Prefix \"module.\" must be followed by a module name.");
        };
        steps.push(ModuleStep { name: call.name, key: call.key });
    }
    Ok((ModuleInstance::new(steps), parts))
}

impl ResourceInstanceAddress {
    /// Reads the address of a resource instance.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        match Target::parse(text)? {
            Target::Resource(address) => Ok(address),
            Target::Module(_) => {
                error("A resource address is required here, but the given address refers to a whole module.")
            }
        }
    }
}

impl ModuleInstance {
    /// Reads the address of a module instance.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.is_empty() {
            return Ok(Self::root());
        }
        match Target::parse(text)? {
            Target::Module(module) => Ok(module),
            Target::Resource(_) => {
                error("A module address is required here, but the given address refers to a resource.")
            }
        }
    }
}

impl Target {
    /// Reads the address of a module instance, a resource, or a resource instance.
    ///
    /// # Errors
    /// When the text is none of these.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let (module, mut parts) = split_module(text)?;
        let Some(first) = parts.next() else {
            return if module.is_root() { error("The address is empty.") } else { Ok(Self::Module(module)) };
        };
        let (mode, type_part) = match first.name.as_str() {
            "data" => (ResourceMode::Data, parts.next()),
            "resource" => (ResourceMode::Managed, parts.next()),
            "ephemeral" => (ResourceMode::Ephemeral, parts.next()),
            _ => (ResourceMode::Managed, Some(first)),
        };
        let (Some(type_part), Some(name_part)) = (type_part, parts.next()) else {
            return error("Resource specification must include a resource type and name.");
        };
        if type_part.key.is_some() {
            return error("A resource name is required.");
        }
        if let Some(extra) = parts.next() {
            return error(format!("Unexpected \".{}\" after the resource address.", extra.name));
        }
        let resource = ResourceAddress { mode, resource_type: type_part.name, name: name_part.name };
        Ok(Self::Resource(ResourceInstanceAddress { module, resource, key: name_part.key }))
    }
}

impl ProviderConfigAddress {
    /// Reads the form that state files contain: `module.a.provider["host/namespace/name"].alias`.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let mut parts = split(text)?.into_iter();
        let mut calls: Vec<Str> = Vec::new();
        let provider_part = loop {
            let Some(part) = parts.next() else {
                return error("Provider address must contain \"provider\".");
            };
            match (part.name.as_str(), &part.key) {
                ("module", None) => match parts.next() {
                    Some(ModuleStep { name, key: None }) => calls.push(name),
                    _ => {
                        return error(
                            "A provider configuration belongs to a module, not to an instance of it.",
                        );
                    }
                },
                ("provider", Some(_)) => break part,
                _ => return error("Provider address must contain \"provider\" with a source in brackets."),
            }
        };
        let source = match provider_part.key {
            Some(InstanceKey::String(source)) => ProviderSource::parse(&source),
            _ => None,
        };
        let Some(provider) = source else { return error("Invalid provider source in brackets.") };
        let (alias, key) = parts.next().map_or((None, None), |part| (Some(part.name), part.key));
        Ok(Self { module: ModulePath::new(calls), provider, alias, key })
    }
}

/// Splits `a.b["c"].d[0]` into names with the key that follows each.
pub(crate) fn split(text: &str) -> Result<Vec<ModuleStep>, AddressError> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    loop {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let name = &rest[..end];
        if !is_identifier(name) {
            return error(if name.is_empty() {
                "A name is missing in the address.".to_owned()
            } else {
                format!("{name:?} is not a valid name.")
            });
        }
        rest = &rest[end..];
        let mut key = None;
        if rest.starts_with('[') {
            let (parsed, after) = parse_key(rest)?;
            key = Some(parsed);
            rest = after;
        }
        parts.push(ModuleStep { name: name.into(), key });
        match rest.strip_prefix('.') {
            Some(after) => rest = after,
            None if rest.is_empty() => return Ok(parts),
            None => return error(format!("Unexpected {rest:?} in the address.")),
        }
    }
}

fn is_identifier(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|character| character.is_alphanumeric() || matches!(character, '_' | '-'))
}

fn parse_key(text: &str) -> Result<(InstanceKey, &str), AddressError> {
    let inside = &text[1..];
    if let Some(quoted) = inside.strip_prefix('"') {
        let (key, after) = parse_quoted(quoted)?;
        return match after.strip_prefix(']') {
            Some(after) => Ok((InstanceKey::String(key), after)),
            None => error("A closing bracket is missing after an instance key."),
        };
    }
    let Some(end) = inside.find(']') else {
        return error("A closing bracket is missing after an instance key.");
    };
    match inside[..end].parse::<i64>() {
        Ok(position) if position >= 0 => Ok((InstanceKey::Int(position), &inside[end + 1..])),
        _ => error("An instance key must be a whole number or a quoted string."),
    }
}

fn parse_quoted(text: &str) -> Result<(Str, &str), AddressError> {
    let mut key = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((offset, character)) = characters.next() {
        match character {
            '"' => return Ok((key.into(), &text[offset + 1..])),
            '\\' => match characters.next().map(|(_, escaped)| escaped) {
                Some('n') => key.push('\n'),
                Some('r') => key.push('\r'),
                Some('t') => key.push('\t'),
                Some(escaped @ ('"' | '\\')) => key.push(escaped),
                _ => return error("Invalid escape sequence in an instance key."),
            },
            '$' | '%' if text[offset + 1..].starts_with(&format!("{character}{{")) => {
                characters.next();
                key.push(character);
            }
            other => key.push(other),
        }
    }
    error("A closing quote is missing in an instance key.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_back_as_written() {
        for text in [
            "terraform_data.a",
            "terraform_data.a[0]",
            "data.azurerm_subnet.a[\"x.y[\\\"\"]",
            "module.a.terraform_data.b",
            "module.a[\"x\"].module.b[3].data.http.c[\"$${d}\"]",
            "module.a[0]",
            "ephemeral.random_password.a",
        ] {
            assert_eq!(Target::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Target::parse("resource.terraform_data.a").unwrap().to_string(), "terraform_data.a");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "", "a", "a.", ".a", "a.b.c", "a.b[", "a.b[x]", "a.b[-1]", "module.", "data.a", "a[0].b",
            "a.b[\"x]", "1.2",
        ] {
            assert!(Target::parse(text).is_err(), "{text}");
        }
        assert!(ResourceInstanceAddress::parse("module.a").is_err());
        assert!(ModuleInstance::parse("a.b").is_err());
    }

    #[test]
    fn provider_addresses_read_back_as_written() {
        for text in [
            "provider[\"terraform.io/builtin/terraform\"]",
            "module.a.module.b.provider[\"registry.terraform.io/hashicorp/azurerm\"].east",
        ] {
            assert_eq!(ProviderConfigAddress::parse(text).unwrap().to_string(), text);
        }
        assert!(ProviderConfigAddress::parse("module.a").is_err());
        assert!(ProviderConfigAddress::parse("provider.aws").is_err());
    }

    #[test]
    fn targets_cover_what_they_name() {
        let covers = |target: &str, address: &str| {
            Target::parse(target).unwrap().covers(&ResourceInstanceAddress::parse(address).unwrap())
        };
        assert!(covers("module.a", "module.a[1].module.b.t.n"));
        assert!(!covers("module.a[0]", "module.a[1].t.n"));
        assert!(covers("t.n", "t.n[\"x\"]"));
        assert!(!covers("t.n[0]", "t.n[1]"));
        assert!(!covers("t.n", "module.a.t.n"));
    }

    #[test]
    fn order_is_that_of_state_files() {
        let mut addresses: Vec<_> = [
            "module.b.t.a",
            "t.b",
            "t.a[\"x\"]",
            "t.a[10]",
            "t.a[2]",
            "data.t.z",
            "t.a",
            "module.a.module.a.t.a",
        ]
        .into_iter()
        .map(|text| ResourceInstanceAddress::parse(text).unwrap())
        .collect();
        addresses.sort();
        let sorted: Vec<_> = addresses.iter().map(ToString::to_string).collect();
        assert_eq!(
            sorted,
            [
                "data.t.z",
                "t.a",
                "t.a[2]",
                "t.a[10]",
                "t.a[\"x\"]",
                "t.b",
                "module.b.t.a",
                "module.a.module.a.t.a",
            ]
        );
    }
}
