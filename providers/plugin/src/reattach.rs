//! Plugins that somebody else started: `TF_REATTACH_PROVIDERS`.
//!
//! Providers under a debugger or in tests print a JSON object of providers by source, each with where it
//! listens. They are neither started nor ended from here, and are spoken to without TLS. Form: go-plugin's
//! `ReattachConfig` as Terraform reads it.

use std::collections::BTreeMap;

use serde::Deserialize;
use terrane_model::ProviderSource;

use crate::method::Protocol;
use crate::transport::Address;

/// A plugin that runs already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reattach {
    /// The version of the protocol that it speaks.
    pub protocol: Protocol,
    /// Where it listens.
    pub address: Address,
}

/// What is wrong with the text.
#[derive(Debug, thiserror::Error)]
pub enum ReattachError {
    /// No JSON, or not of the form.
    #[error("invalid format: {0}")]
    Invalid(#[from] serde_json::Error),
    /// Not a provider's source.
    #[error("{0:?} is not a provider source address")]
    Source(String),
    /// Neither a socket nor a port.
    #[error("invalid address {address:?} of type {network:?} for {provider:?}")]
    Address {
        /// The provider.
        provider: String,
        /// The network.
        network: String,
        /// The address.
        address: String,
    },
    /// Not one of the known versions.
    #[error(
        "{provider:?} speaks version {version} of the plugin protocol, and only versions 5 and 6 are understood"
    )]
    Protocol {
        /// The provider.
        provider: String,
        /// The version.
        version: u64,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    #[serde(default)]
    protocol_version: u64,
    addr: EntryAddress,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EntryAddress {
    network: String,
    string: String,
}

/// Reads the content of `TF_REATTACH_PROVIDERS`; an empty text names no provider.
///
/// # Errors
/// Says what cannot be read, and for which provider.
pub fn parse_reattach(text: &str) -> Result<BTreeMap<ProviderSource, Reattach>, ReattachError> {
    if text.trim().is_empty() {
        return Ok(BTreeMap::new());
    }
    let entries: BTreeMap<String, Entry> = serde_json::from_str(text)?;
    let entries = entries.into_iter().map(|(name, entry)| {
        let source = ProviderSource::parse(&name).ok_or_else(|| ReattachError::Source(name.clone()))?;
        Ok((source, read_entry(name, entry)?))
    });
    entries.collect()
}

fn read_entry(provider: String, entry: Entry) -> Result<Reattach, ReattachError> {
    let EntryAddress { network, string: address } = entry.addr;
    let Some(address) = Address::parse(&network, &address) else {
        return Err(ReattachError::Address { provider, network, address });
    };
    let protocol = match entry.protocol_version {
        // Plugins that do not tell are from a time when there was only this one.
        0 => Some(Protocol::V5),
        version => Protocol::from_number(version),
    };
    match protocol {
        Some(protocol) => Ok(Reattach { protocol, address }),
        None => Err(ReattachError::Protocol { provider, version: entry.protocol_version }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_plugins_are_found_by_their_source() {
        let text = r#"{
            "registry.terraform.io/hashicorp/random": {
                "Protocol": "grpc", "ProtocolVersion": 6, "Pid": 7, "Test": true,
                "Addr": {"Network": "unix", "String": "/tmp/plugin7"}
            },
            "example.com/a/b": {"Protocol": "grpc", "Pid": 8, "Addr": {"Network": "tcp", "String": "127.0.0.1:9"}}
        }"#;
        let found = parse_reattach(text).unwrap();
        let shown: Vec<_> = found
            .iter()
            .map(|(source, reattach)| {
                (source.to_string(), reattach.protocol.number(), reattach.address.clone())
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("example.com/a/b".to_owned(), 5, Address::Tcp("127.0.0.1:9".parse().unwrap())),
                (
                    "registry.terraform.io/hashicorp/random".to_owned(),
                    6,
                    Address::Unix("/tmp/plugin7".into())
                ),
            ]
        );
        assert!(parse_reattach(" ").unwrap().is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let entry = |name: &str, version: u64, network: &str| {
            let address = format!(r#"{{"Network": "{network}", "String": "/tmp/p"}}"#);
            format!(r#"{{"{name}": {{"ProtocolVersion": {version}, "Addr": {address}}}}}"#)
        };
        let texts = ["{", &entry("a//b", 5, "unix"), &entry("a/b", 5, "tcp"), &entry("a/b", 7, "unix")];
        let problems = texts.map(|text| parse_reattach(text).unwrap_err().to_string());
        insta::assert_snapshot!(problems.join("\n"), @r#"
        invalid format: EOF while parsing an object at line 1 column 1
        "a//b" is not a provider source address
        invalid address "/tmp/p" of type "tcp" for "a/b"
        "a/b" speaks version 7 of the plugin protocol, and only versions 5 and 6 are understood
        "#);
    }
}
