//! Certificates (RFC 5280) and requests for them (RFC 2986), made and signed.

use std::time::{SystemTime, UNIX_EPOCH};

use terrane_model::{Diagnostics, Value};

use super::der::{self, tag};
use super::keys::{PrivateKey, subject_key_id};
use super::names::AlternativeNames;
use super::pem::{self, label};
use crate::moment::{Moment, Parts};
use crate::object::Fields;
use crate::toolkit::failure;

/// The uses of the extension for key usage, in the order of its bits.
const KEY_USAGES: [&str; 9] = [
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "cert_signing",
    "crl_signing",
    "encipher_only",
    "decipher_only",
];

/// The uses of the extension for extended key usage, with their identifiers.
const EXTENDED_KEY_USAGES: [(&str, &[u64]); 14] = [
    ("any_extended", &[2, 5, 29, 37, 0]),
    ("server_auth", &[1, 3, 6, 1, 5, 5, 7, 3, 1]),
    ("client_auth", &[1, 3, 6, 1, 5, 5, 7, 3, 2]),
    ("code_signing", &[1, 3, 6, 1, 5, 5, 7, 3, 3]),
    ("email_protection", &[1, 3, 6, 1, 5, 5, 7, 3, 4]),
    ("ipsec_end_system", &[1, 3, 6, 1, 5, 5, 7, 3, 5]),
    ("ipsec_tunnel", &[1, 3, 6, 1, 5, 5, 7, 3, 6]),
    ("ipsec_user", &[1, 3, 6, 1, 5, 5, 7, 3, 7]),
    ("timestamping", &[1, 3, 6, 1, 5, 5, 7, 3, 8]),
    ("ocsp_signing", &[1, 3, 6, 1, 5, 5, 7, 3, 9]),
    ("microsoft_server_gated_crypto", &[1, 3, 6, 1, 4, 1, 311, 10, 3, 3]),
    ("netscape_server_gated_crypto", &[2, 16, 840, 1, 113_730, 4, 1]),
    ("microsoft_commercial_code_signing", &[1, 3, 6, 1, 4, 1, 311, 2, 1, 22]),
    ("microsoft_kernel_code_signing", &[1, 3, 6, 1, 4, 1, 311, 61, 1, 1]),
];

/// All names of uses, in the order of the alphabet.
pub(super) const ALLOWED_USES: &[&str] = &[
    "any_extended",
    "cert_signing",
    "client_auth",
    "code_signing",
    "content_commitment",
    "crl_signing",
    "data_encipherment",
    "decipher_only",
    "digital_signature",
    "email_protection",
    "encipher_only",
    "ipsec_end_system",
    "ipsec_tunnel",
    "ipsec_user",
    "key_agreement",
    "key_encipherment",
    "microsoft_commercial_code_signing",
    "microsoft_kernel_code_signing",
    "microsoft_server_gated_crypto",
    "netscape_server_gated_crypto",
    "ocsp_signing",
    "server_auth",
    "timestamping",
];

const SECONDS_PER_HOUR: i64 = 3600;
/// UTC time has two digits for the year, which mean these years (RFC 5280, section 4.1.2.5).
const UTC_TIME_YEARS: std::ops::Range<i64> = 1950..2050;

/// Whom a certificate is for.
pub(super) struct Subject {
    /// The distinguished name, written.
    pub(super) name: Vec<u8>,
    pub(super) alternative_names: AlternativeNames,
    /// The public key, written.
    pub(super) public_key_info: Vec<u8>,
}

/// Who signs a certificate.
pub(super) struct Issuer<'a> {
    /// The distinguished name, written.
    pub(super) name: &'a [u8],
    /// The identifier of the key that the issuer's own certificate has.
    pub(super) key_id: Option<Vec<u8>>,
    pub(super) key: &'a PrivateKey,
}

/// A new certificate.
pub(super) struct Issued {
    pub(super) serial_number: String,
    pub(super) pem: String,
    /// In RFC 3339.
    pub(super) start: String,
    /// In RFC 3339.
    pub(super) end: String,
}

/// Writes and signs a certificate that the subject's own key signs.
///
/// # Errors
/// As [`issue`].
pub(super) fn issue_self_signed(
    subject: &Subject,
    key: &PrivateKey,
    arguments: &Value,
) -> Result<Issued, Diagnostics> {
    let key_id = has_key_id(arguments).then(|| subject_key_id(&subject.public_key_info)).flatten();
    let issuer = Issuer { name: &subject.name, key_id, key };
    issue(subject, &issuer, arguments)
}

/// Writes and signs a certificate.
///
/// # Errors
/// For arguments that make no certificate, and when the key cannot sign.
pub(super) fn issue(
    subject: &Subject,
    issuer: &Issuer<'_>,
    arguments: &Value,
) -> Result<Issued, Diagnostics> {
    let (start, fraction) = now();
    let hours = arguments.integer("validity_period_hours").unwrap_or(0);
    let end = hours.checked_mul(SECONDS_PER_HOUR).and_then(|seconds| start.plus_seconds(seconds));
    let end = end.ok_or_else(|| {
        failure(
            "Failed to create certificate",
            format!("In {hours} hours the year has more than four digits."),
        )
    })?;
    let extensions = extensions(subject, issuer, arguments)?;
    let serial_number: u128 = rand::random();
    let sign = |signature_algorithm: &[u8]| {
        der::sequence([
            // Version 3, which counts from 0.
            der::value(tag::explicit(0), &der::integer(&[2])),
            der::integer(&serial_number.to_be_bytes()),
            signature_algorithm.to_vec(),
            issuer.name.to_vec(),
            der::sequence([time(start), time(end)]),
            subject.name.clone(),
            subject.public_key_info.clone(),
            der::value(tag::explicit(3), &der::sequence(&extensions)),
        ])
    };
    let certificate =
        signed(issuer.key, sign).map_err(|error| failure("Failed to create certificate", error))?;
    Ok(Issued {
        serial_number: serial_number.to_string(),
        pem: pem::encode(label::CERTIFICATE, &certificate),
        start: with_fraction(start, &fraction),
        end: with_fraction(end, &fraction),
    })
}

/// Writes and signs a request, and returns its bytes.
///
/// # Errors
/// When the key cannot sign.
pub(super) fn request(subject: &Subject, key: &PrivateKey) -> Result<Vec<u8>, String> {
    const EXTENSION_REQUEST: &[u64] = &[1, 2, 840, 113_549, 1, 9, 14];
    let attributes = if subject.alternative_names.is_empty() {
        Vec::new()
    } else {
        let extensions = der::sequence([alternative_names_extension(subject)]);
        der::sequence([der::object_identifier(EXTENSION_REQUEST), der::value(tag::SET, &extensions)])
    };
    signed(key, |_| {
        der::sequence([
            der::integer(&[0]),
            subject.name.clone(),
            subject.public_key_info.clone(),
            der::value(tag::explicit(0), &attributes),
        ])
    })
}

/// Writes something that may name its signature's algorithm, and the signature behind it.
fn signed(key: &PrivateKey, write: impl Fn(&[u8]) -> Vec<u8>) -> Result<Vec<u8>, String> {
    // The algorithm goes with the key, whatever is signed.
    let algorithm = key.sign(&[])?.algorithm;
    let content = write(&algorithm);
    let signature = key.sign(&content)?;
    Ok(der::sequence([content, signature.algorithm, der::bit_string(&signature.bytes)]))
}

fn has_key_id(arguments: &Value) -> bool {
    let is = |name| arguments.boolean(name) == Some(true);
    is("is_ca_certificate") || is("set_subject_key_id")
}

/// Writes the extensions, in the order in which Go's library has them.
fn extensions(
    subject: &Subject,
    issuer: &Issuer<'_>,
    arguments: &Value,
) -> Result<Vec<Vec<u8>>, Diagnostics> {
    let uses = arguments.texts("allowed_uses");
    let mut extensions = Vec::new();
    let mut bits = KEY_USAGES.iter().enumerate().filter(|(_, name)| uses.contains(name)).peekable();
    if bits.peek().is_some() {
        extensions.push(extension(15, true, &der::named_bits(bits.map(|(bit, _)| bit))));
    }
    let identified = |name: &&str| EXTENDED_KEY_USAGES.iter().find(|(known, _)| known == name);
    let extended: Vec<_> =
        uses.iter().filter_map(identified).map(|(_, arcs)| der::object_identifier(arcs)).collect();
    if !extended.is_empty() {
        extensions.push(extension(37, false, &der::sequence(extended)));
    }
    extensions.push(extension(19, true, &basic_constraints(subject, arguments)?));
    if let Some(id) = has_key_id(arguments).then(|| subject_key_id(&subject.public_key_info)).flatten() {
        extensions.push(extension(14, false, &der::value(tag::OCTET_STRING, &id)));
    }
    if let Some(id) = authority_key_id(subject, issuer, arguments)? {
        let id = der::sequence([der::value(tag::implicit(0), &id)]);
        extensions.push(extension(35, false, &id));
    }
    if !subject.alternative_names.is_empty() {
        extensions.push(alternative_names_extension(subject));
    }
    Ok(extensions)
}

/// Writes one of the extensions of RFC 5280, section 4.2.1.
fn extension(last_arc: u64, critical: bool, content: &[u8]) -> Vec<u8> {
    let critical = if critical { der::value(tag::BOOLEAN, &[0xff]) } else { Vec::new() };
    let content = der::value(tag::OCTET_STRING, content);
    der::sequence([der::object_identifier(&[2, 5, 29, last_arc]), critical, content])
}

/// Names beside the subject are critical when there is no subject.
fn alternative_names_extension(subject: &Subject) -> Vec<u8> {
    extension(17, has_no_name(subject), &subject.alternative_names.written())
}

fn has_no_name(subject: &Subject) -> bool {
    subject.name == der::sequence::<&[u8]>([])
}

fn basic_constraints(subject: &Subject, arguments: &Value) -> Result<Vec<u8>, Diagnostics> {
    let length = arguments.integer("max_path_length").and_then(|length| u64::try_from(length).ok());
    if arguments.boolean("is_ca_certificate") != Some(true) {
        if length.is_some_and(|length| length > 0) {
            let detail =
                "Only certificates of authorities can have a max_path_length: set is_ca_certificate to true.";
            return Err(failure("Failed to create certificate", detail));
        }
        return Ok(der::sequence::<&[u8]>([]));
    }
    if has_no_name(subject) {
        let detail = "The certificate of an authority needs at least one attribute in its subject.";
        return Err(failure("Invalid Certificate Subject", detail));
    }
    let length = length.map(|length| der::integer(&length.to_be_bytes())).unwrap_or_default();
    Ok(der::sequence([der::value(tag::BOOLEAN, &[0xff]), length]))
}

/// Certificates that others sign have the identifier whenever the issuer has one.
fn authority_key_id(
    subject: &Subject,
    issuer: &Issuer<'_>,
    arguments: &Value,
) -> Result<Option<Vec<u8>>, Diagnostics> {
    if arguments.boolean("set_authority_key_id") == Some(true) && issuer.key_id.is_none() {
        let detail =
            "There is no identifier of the authority's key: set set_subject_key_id or is_ca_certificate too.";
        return Err(failure("Invalid Certificate Authority", detail));
    }
    let wanted = arguments.boolean("set_authority_key_id") == Some(true) || issuer.name != subject.name;
    Ok(issuer.key_id.clone().filter(|_| wanted))
}

fn time(moment: Moment) -> Vec<u8> {
    let Parts { year, month, day, hour, minute, second } = moment.parts();
    let rest = format!("{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
    if UTC_TIME_YEARS.contains(&year) {
        der::value(tag::UTC_TIME, format!("{:02}{rest}", year % 100).as_bytes())
    } else {
        der::value(tag::GENERALIZED_TIME, format!("{year:04}{rest}").as_bytes())
    }
}

/// The present, with the digits of its fraction of a second.
fn now() -> (Moment, String) {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX);
    (Moment::from_unix(seconds), format!("{:09}", since_epoch.subsec_nanos()))
}

/// Writes RFC 3339 as Go does, without zeros at the end of the fraction.
fn with_fraction(moment: Moment, fraction: &str) -> String {
    let fraction = fraction.trim_end_matches('0');
    let text = moment.to_string();
    match text.strip_suffix('Z') {
        Some(text) if !fraction.is_empty() => format!("{text}.{fraction}Z"),
        _ => text,
    }
}
