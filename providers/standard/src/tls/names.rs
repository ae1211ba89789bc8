//! Whom a certificate is for: distinguished names from `subject` blocks, and the names, addresses and URIs beside
//! them.

use std::net::IpAddr;

use terrane_model::{Diagnostics, Nesting, Type, Value};
use x509_parser::extensions::GeneralName;

use super::der::{self, tag};
use crate::object::Fields;
use crate::toolkit::{BlockType, Check, Property, failure};

/// The attributes of a distinguished name that have one value: their arguments, the last arc of their identifiers, and
/// what they are called.
const COUNTRY: (&str, u64, &str) = ("country", 6, "The country (`C`).");
const BEFORE_STREET: [(&str, u64, &str); 5] = [
    COUNTRY,
    ("organization", 10, "The organization (`O`)."),
    ("organizational_unit", 11, "The unit of the organization (`OU`)."),
    ("locality", 7, "The city (`L`)."),
    ("province", 8, "The state or province (`ST`)."),
];
const STREET: u64 = 9;
const AFTER_STREET: [(&str, u64, &str); 3] = [
    ("postal_code", 17, "The postal code."),
    ("common_name", 3, "The name itself (`CN`)."),
    ("serial_number", 5, "A serial number of the subject."),
];
const EMAIL_ADDRESS: &[u64] = &[1, 2, 840, 113_549, 1, 9, 1];

/// The `subject` block.
pub(super) fn subject_block() -> BlockType {
    let text = |(name, _, description)| Property::optional(name, Type::String, description);
    let mut properties: Vec<Property> = BEFORE_STREET.into_iter().chain(AFTER_STREET).map(text).collect();
    properties.extend([
        Property::optional("street_address", Type::list(Type::String), "Lines of the street's address."),
        Property::optional("email_address", Type::String, "An e-mail address of the subject."),
    ]);
    BlockType::new("subject", Nesting::List, properties).max_items(1).replaces()
}

/// The arguments beside the subject.
pub(super) fn alternative_name_properties() -> [Property; 3] {
    let names =
        |name, description| Property::optional(name, Type::list(Type::String), description).replaces();
    [
        names("dns_names", "Names of hosts."),
        names("ip_addresses", "Addresses of hosts.").check(Check::EachMinLength(1)),
        names("uris", "URIs.").check(Check::EachMinLength(1)),
    ]
}

/// Writes the distinguished name of the `subject` block, which is empty when there is none.
pub(super) fn subject(arguments: &Value) -> Vec<u8> {
    let blocks = arguments.get("subject").and_then(Value::as_sequence).unwrap_or_default();
    let parts = blocks.first().map(name_parts).unwrap_or_default();
    der::sequence(parts)
}

fn name_parts(block: &Value) -> Vec<Vec<u8>> {
    let single = |(name, arc, _): (&str, u64, &str)| {
        let text = block.text(name)?;
        // Go leaves out these two when they are empty, and writes the others even so.
        let left_out = text.is_empty() && matches!(name, "common_name" | "serial_number");
        (!left_out).then(|| der::value(tag::SET, &attribute(&[2, 5, 4, arc], &directory_string(text))))
    };
    let mut parts: Vec<Vec<u8>> = BEFORE_STREET.into_iter().filter_map(single).collect();
    let streets = block.texts("street_address");
    if !streets.is_empty() {
        let mut lines: Vec<Vec<u8>> =
            streets.into_iter().map(|line| attribute(&[2, 5, 4, STREET], &directory_string(line))).collect();
        // The elements of a set are in the order of their bytes.
        lines.sort();
        parts.push(der::value(tag::SET, &der::joined(lines)));
    }
    parts.extend(AFTER_STREET.into_iter().filter_map(single));
    if let Some(email) = block.text("email_address") {
        let value = der::value(tag::IA5_STRING, email.as_bytes());
        parts.push(der::value(tag::SET, &attribute(EMAIL_ADDRESS, &value)));
    }
    parts
}

fn attribute(identifier: &[u64], value: &[u8]) -> Vec<u8> {
    der::sequence([der::object_identifier(identifier).as_slice(), value])
}

/// Writes a text as a printable string where its characters are in that small alphabet, else in UTF-8.
pub(super) fn directory_string(text: &str) -> Vec<u8> {
    let printable = |byte: u8| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte);
    let tag = if text.bytes().all(printable) { tag::PRINTABLE_STRING } else { tag::UTF8_STRING };
    der::value(tag, text.as_bytes())
}

/// Written names beside the subject, in the order in which certificates have them.
#[derive(Default)]
pub(super) struct AlternativeNames(Vec<Vec<u8>>);

impl AlternativeNames {
    /// Reads the arguments.
    ///
    /// # Errors
    /// For what is no address, no URI, or cannot be written in ASCII.
    pub(super) fn from_arguments(arguments: &Value) -> Result<Self, Diagnostics> {
        let mut names = Self::default();
        for name in arguments.texts("dns_names") {
            names.add_dns(name)?;
        }
        for text in arguments.texts("ip_addresses") {
            let address: IpAddr = text.parse().map_err(|_| {
                failure("Invalid IP address", format!("{text:?} is neither an IPv4 nor an IPv6 address."))
            })?;
            match address.to_canonical() {
                IpAddr::V4(address) => names.add_address(&address.octets()),
                IpAddr::V6(address) => names.add_address(&address.octets()),
            }
        }
        for text in arguments.texts("uris") {
            names.add_uri(text)?;
        }
        Ok(names)
    }

    /// Takes those names of a request that certificates may have.
    ///
    /// # Errors
    /// For names that are not in ASCII.
    pub(super) fn from_request(requested: &[GeneralName<'_>]) -> Result<Self, Diagnostics> {
        let mut names = Self::default();
        for name in requested {
            if let GeneralName::DNSName(name) = name {
                names.add_dns(name)?;
            }
        }
        for name in requested {
            if let GeneralName::IPAddress(address) = name {
                names.add_address(address);
            }
        }
        for name in requested {
            if let GeneralName::URI(uri) = name {
                names.add_uri(uri)?;
            }
        }
        Ok(names)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes the content of the extension (RFC 5280, section 4.2.1.6).
    pub(super) fn written(&self) -> Vec<u8> {
        der::sequence(&self.0)
    }

    fn add_dns(&mut self, name: &str) -> Result<(), Diagnostics> {
        if !name.is_ascii() {
            let detail = format!("{name:?} has characters that are not in ASCII; write it as Punycode.");
            return Err(failure("Invalid DNS name", detail));
        }
        self.0.push(der::value(tag::implicit(2), name.as_bytes()));
        Ok(())
    }

    fn add_address(&mut self, octets: &[u8]) {
        self.0.push(der::value(tag::implicit(7), octets));
    }

    fn add_uri(&mut self, uri: &str) -> Result<(), Diagnostics> {
        if !uri.bytes().all(|byte| byte.is_ascii_graphic()) {
            let detail = format!("{uri:?} has characters that URIs have only in escaped form.");
            return Err(failure("Invalid URI", detail));
        }
        self.0.push(der::value(tag::implicit(6), uri.as_bytes()));
        Ok(())
    }
}
