//! What is told about a certificate: the texts that Go's `crypto/x509` and `crypto/x509/pkix` have for its parts.

use sha1::{Digest, Sha1};
use terrane_model::{Str, Type, Value};
use x509_parser::der_parser::oid::Oid;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::x509::{AlgorithmIdentifier, AttributeTypeAndValue, X509Name};

use super::names::directory_string;
use super::pem::{self, label};
use crate::encodings::hex;
use crate::moment::Moment;

/// The parts of a certificate, in the order in which the chain's identifier has them.
pub(super) struct Description {
    texts_before: [(&'static str, String); 3],
    is_ca: bool,
    max_path_length: i64,
    version: i64,
    texts_after: [(&'static str, String); 6],
}

impl Description {
    /// Reads a certificate.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn read(der: &[u8]) -> Result<Self, String> {
        let certificate = match X509Certificate::from_der(der) {
            Ok(([], certificate)) => certificate,
            Ok(_) => return Err("There is something behind the certificate.".to_owned()),
            Err(error) => return Err(format!("The content is no certificate: {error}.")),
        };
        let constraints = certificate.basic_constraints().ok().flatten().map(|constraints| constraints.value);
        // Without constraints the length is 0, and with constraints that name none it is -1.
        let length =
            constraints.map_or(0, |constraints| constraints.path_len_constraint.map_or(-1, i64::from));
        let body = &certificate.tbs_certificate;
        let validity = certificate.validity();
        let time = |unix| Moment::from_unix(unix).to_string();
        Ok(Self {
            texts_before: [
                ("signature_algorithm", signature_algorithm(&certificate.signature_algorithm).to_owned()),
                ("public_key_algorithm", key_algorithm(&body.subject_pki.algorithm).to_owned()),
                ("serial_number", body.serial.to_string()),
            ],
            is_ca: constraints.is_some_and(|constraints| constraints.ca),
            max_path_length: length,
            version: i64::from(certificate.version().0) + 1,
            texts_after: [
                ("issuer", distinguished_name(&body.issuer)),
                ("subject", distinguished_name(&body.subject)),
                ("not_before", time(validity.not_before.timestamp())),
                ("not_after", time(validity.not_after.timestamp())),
                ("sha1_fingerprint", hex(&Sha1::digest(der))),
                ("cert_pem", pem::encode(label::CERTIFICATE, der)),
            ],
        })
    }

    /// The type of the objects.
    pub(super) fn object_type() -> Type {
        let texts = ["signature_algorithm", "public_key_algorithm", "serial_number", "issuer", "subject"];
        let more = ["not_before", "not_after", "sha1_fingerprint", "cert_pem"];
        let texts = texts.into_iter().chain(more).map(|name| (Str::from(name), Type::String));
        let numbers = ["max_path_length", "version"].map(|name| (Str::from(name), Type::Number));
        Type::object(texts.chain(numbers).chain([(Str::from("is_ca"), Type::Bool)]))
    }

    /// The description as an object.
    pub(super) fn object(&self) -> Value {
        let texts = self.texts_before.iter().chain(&self.texts_after);
        let texts = texts.map(|(name, text)| (*name, Value::from(text.as_str())));
        Value::object(texts.chain([
            ("is_ca", Value::from(self.is_ca)),
            ("max_path_length", Value::from(self.max_path_length)),
            ("version", Value::from(self.version)),
        ]))
    }

    /// The description as hashicorp/tls prints it before it computes a chain's identifier.
    pub(super) fn printed(&self) -> String {
        let quoted = |texts: &[(&str, String)]| {
            texts.iter().map(|(_, text)| quoted(text)).collect::<Vec<_>>().join(" ")
        };
        let (before, after) = (quoted(&self.texts_before), quoted(&self.texts_after));
        format!("{{{before} {} {} {} {after}}}", self.is_ca, self.max_path_length, self.version)
    }
}

/// Quotes a text as Go's `%q` does.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\x07' => quoted.push_str("\\a"),
            '\x08' => quoted.push_str("\\b"),
            '\x0b' => quoted.push_str("\\v"),
            '\x0c' => quoted.push_str("\\f"),
            '\0'..='\x1f' | '\x7f' => quoted.push_str(&format!("\\x{:02x}", u32::from(character))),
            _ if character.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

fn signature_algorithm(algorithm: &AlgorithmIdentifier<'_>) -> &'static str {
    match algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.4" => "MD5-RSA",
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => "SHA1-RSA",
        "1.2.840.113549.1.1.11" => "SHA256-RSA",
        "1.2.840.113549.1.1.12" => "SHA384-RSA",
        "1.2.840.113549.1.1.13" => "SHA512-RSA",
        "1.2.840.113549.1.1.10" => pss_algorithm(algorithm),
        "1.2.840.10040.4.3" => "DSA-SHA1",
        "2.16.840.1.101.3.4.3.2" => "DSA-SHA256",
        "1.2.840.10045.4.1" => "ECDSA-SHA1",
        "1.2.840.10045.4.3.2" => "ECDSA-SHA256",
        "1.2.840.10045.4.3.3" => "ECDSA-SHA384",
        "1.2.840.10045.4.3.4" => "ECDSA-SHA512",
        "1.3.101.112" => "Ed25519",
        _ => UNKNOWN,
    }
}

/// What Go prints for algorithms that it does not know.
const UNKNOWN: &str = "0";

/// RSASSA-PSS names its checksum in its parameters.
fn pss_algorithm(algorithm: &AlgorithmIdentifier<'_>) -> &'static str {
    let parameters = algorithm.parameters.as_ref().map_or(&[][..], |parameters| parameters.data);
    let names = |last_arc: u8| {
        let checksum = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, last_arc];
        parameters.windows(checksum.len()).any(|window| window == checksum)
    };
    match [1, 2, 3].map(names) {
        [true, ..] => "SHA256-RSAPSS",
        [_, true, _] => "SHA384-RSAPSS",
        [_, _, true] => "SHA512-RSAPSS",
        _ => UNKNOWN,
    }
}

fn key_algorithm(algorithm: &AlgorithmIdentifier<'_>) -> &'static str {
    match algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.1" => "RSA",
        "1.2.840.10040.4.1" => "DSA",
        "1.2.840.10045.2.1" => "ECDSA",
        "1.3.101.112" => "Ed25519",
        _ => UNKNOWN,
    }
}

/// The attributes with names, in the order in which Go writes them; all others follow them.
const NAMED: [(&str, &str); 9] = [
    ("2.5.4.5", "SERIALNUMBER"),
    ("2.5.4.3", "CN"),
    ("2.5.4.17", "POSTALCODE"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.8", "ST"),
    ("2.5.4.7", "L"),
    ("2.5.4.11", "OU"),
    ("2.5.4.10", "O"),
    ("2.5.4.6", "C"),
];

/// Writes a name after RFC 2253, with the order that Go gives to its attributes.
fn distinguished_name(name: &X509Name<'_>) -> String {
    let attributes: Vec<_> = name.iter_attributes().map(|attribute| (attribute, text(attribute))).collect();
    let mut parts: Vec<String> =
        NAMED.iter().filter_map(|(id, key)| named_part(&attributes, id, key)).collect();
    let is_named = |id: &Oid<'_>| NAMED.iter().any(|(named, _)| *named == id.to_id_string());
    let others = attributes.iter().rev().filter(|(attribute, _)| !is_named(attribute.attr_type()));
    parts.extend(others.map(|(attribute, text)| {
        let der = match text {
            Some(text) => directory_string(text),
            None => super::der::value(0, attribute.attr_value().data),
        };
        format!("{}=#{}", attribute.attr_type().to_id_string(), hex(&der))
    }));
    parts.join(",")
}

/// Writes all values of an attribute. Of names and serial numbers there is only the last.
fn named_part(
    attributes: &[(&AttributeTypeAndValue<'_>, Option<String>)],
    id: &str,
    key: &str,
) -> Option<String> {
    let of_this =
        |(attribute, _): &&(&AttributeTypeAndValue<'_>, _)| attribute.attr_type().to_id_string() == id;
    let mut values: Vec<&str> =
        attributes.iter().filter(of_this).filter_map(|(_, text)| text.as_deref()).collect();
    if matches!(key, "CN" | "SERIALNUMBER") {
        values = values.pop().filter(|value| !value.is_empty()).into_iter().collect();
    }
    let written: Vec<String> = values.iter().map(|value| format!("{key}={}", escaped(value))).collect();
    (!written.is_empty()).then(|| written.join("+"))
}

/// Reads a value that is a text.
fn text(attribute: &AttributeTypeAndValue<'_>) -> Option<String> {
    const BMP_STRING: u32 = 30;
    const TEXTS: [u32; 5] = [12, 18, 19, 20, 22];
    let value = attribute.attr_value();
    let bytes = value.data;
    match value.tag().0 {
        BMP_STRING => {
            let units: Vec<u16> =
                bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            Some(String::from_utf16_lossy(&units))
        }
        tag if TEXTS.contains(&tag) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    }
}

fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut escaped = String::with_capacity(value.len());
    for (position, character) in value.chars().enumerate() {
        let special = match character {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => true,
            ' ' => position == 0 || position == last,
            '#' => position == 0,
            _ => false,
        };
        if special {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
