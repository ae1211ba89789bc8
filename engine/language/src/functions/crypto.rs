//! Functions on keys, passwords and identifiers.

use sha1::{Digest, Sha1};
use terrane_model::{Type, Value};

use super::base64_code;
use super::number::whole;
use super::private_key::read_rsa_key;
use super::{Arguments, Function, FunctionError, Parameter, ParameterType, Returns};

const STRING: Returns = Returns::Always(ParameterType::String);

/// The cost where none is given, or one below the smallest.
const BCRYPT_COST: u32 = 10;
const BCRYPT_COST_MIN: i64 = 4;
const BCRYPT_COST_MAX: i64 = 31;

/// The largest cost that is computed: it takes about a minute, and each further step doubles that.
const BCRYPT_COST_FEASIBLE: i64 = 20;

const BCRYPT_PASSWORD_BYTES_MAX: usize = 72;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "bcrypt",
        &[Parameter::string("str")],
        STRING,
        bcrypt,
        "Hashes a password with bcrypt and a random salt.",
    )
    .variadic(Parameter::number("cost")),
    Function::new(
        "rsadecrypt",
        &[Parameter::string("ciphertext"), Parameter::string("privatekey")],
        STRING,
        rsadecrypt,
        "Decrypts base64 text with an RSA private key (PKCS #1 v1.5).",
    ),
    Function::new("uuid", &[], STRING, uuid, "Returns random bytes in the form of a UUID."),
    Function::new(
        "uuidv5",
        &[Parameter::string("namespace"), Parameter::string("name")],
        STRING,
        uuidv5,
        "Returns the UUID of a name in a namespace.",
    ),
];

fn bcrypt(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let cost = match arguments.values.get(1).and_then(Value::as_number) {
        Some(cost) => whole(cost).map_err(FunctionError::new)?,
        None => BCRYPT_COST.into(),
    };
    if arguments.values.len() > 2 {
        return Err(FunctionError::new("bcrypt() takes no more than two arguments"));
    }
    let failed = |why: String| FunctionError::new(format!("error occured generating password {why}"));
    let password = arguments.text(0).as_bytes();
    if password.len() > BCRYPT_PASSWORD_BYTES_MAX {
        return Err(failed("bcrypt: password length exceeds 72 bytes".to_owned()));
    }
    let cost = match cost {
        ..BCRYPT_COST_MIN => BCRYPT_COST.into(),
        cost if cost > BCRYPT_COST_MAX => {
            let range = format!("({BCRYPT_COST_MIN},{BCRYPT_COST_MAX})");
            return Err(failed(format!("crypto/bcrypt: cost {cost} is outside allowed range {range}")));
        }
        cost if cost > BCRYPT_COST_FEASIBLE => {
            return Err(failed(format!("a cost above {BCRYPT_COST_FEASIBLE} takes too long to compute")));
        }
        cost => cost,
    };
    let Some(salt) = arguments.environment.random_bytes() else { return Ok(Value::unknown(Type::String)) };
    let cost = u32::try_from(cost).unwrap_or(BCRYPT_COST);
    let hash = bcrypt::hash_with_salt(password, cost, salt).map_err(|error| failed(error.to_string()))?;
    Ok(Value::string(hash.format_for_version(bcrypt::Version::TwoA)))
}

fn rsadecrypt(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let ciphertext = base64_code::decode(arguments.text(0)).map_err(|_| {
        let input = super::quote(arguments.text(0));
        let message = format!("failed to decode input {input}: cipher text must be base64-encoded");
        FunctionError::argument(0, message)
    })?;
    let key = read_rsa_key(arguments.text(1)).map_err(|error| FunctionError::argument(1, error))?;
    let failed = || FunctionError::new("failed to decrypt: crypto/rsa: decryption error");
    let plain = key.decrypt(rsa::Pkcs1v15Encrypt, &ciphertext).map_err(|_| failed())?;
    let text = String::from_utf8(plain)
        .map_err(|_| FunctionError::new("the decrypted data is not valid UTF-8 text"))?;
    Ok(Value::string(text))
}

fn uuid(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let bytes = arguments.environment.random_bytes();
    Ok(bytes.map_or_else(|| Value::unknown(Type::String), |bytes| Value::string(uuid_text(bytes))))
}

fn uuid_text(bytes: [u8; 16]) -> String {
    let digits = format!("{:032x}", u128::from_be_bytes(bytes));
    let [first, second, third, fourth, fifth] =
        [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    format!("{first}-{second}-{third}-{fourth}-{fifth}")
}

/// The namespaces of RFC 9562, which differ in one digit.
const DNS: u128 = 0x6ba7b810_9dad_11d1_80b4_00c04fd430c8;

fn uuidv5(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let one_in_first_group = 1u128 << 96;
    let namespace = match arguments.text(0) {
        "dns" => DNS,
        "url" => DNS + one_in_first_group,
        "oid" => DNS + 2 * one_in_first_group,
        "x500" => DNS + 4 * one_in_first_group,
        other => parse_uuid(other).map_err(|error| {
            FunctionError::new(format!("uuidv5() doesn't support namespace {other} ({error})"))
        })?,
    };
    let mut hash = Sha1::new();
    hash.update(namespace.to_be_bytes());
    hash.update(arguments.text(1).as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x50;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Ok(Value::string(uuid_text(bytes)))
}

/// Reads a UUID in one of its written forms: plain, with `urn:uuid:`, in braces, or without hyphens.
fn parse_uuid(text: &str) -> Result<u128, String> {
    const INVALID: &str = "invalid UUID format";
    let plain = match text.len() {
        36 => text,
        45 => match text.get(..9) {
            Some(prefix) if prefix.eq_ignore_ascii_case("urn:uuid:") => &text[9..],
            prefix => {
                let prefix = super::quote(prefix.unwrap_or_default());
                return Err(format!("invalid urn prefix: {prefix}"));
            }
        },
        38 => text.get(1..37).ok_or(INVALID)?,
        32 => return parse_hex(text).ok_or_else(|| INVALID.to_owned()),
        length => return Err(format!("invalid UUID length: {length}")),
    };
    let has_hyphens =
        plain.is_ascii() && [8, 13, 18, 23].iter().all(|index| plain.as_bytes()[*index] == b'-');
    let digits: String = plain.chars().filter(|char| *char != '-').collect();
    let parsed = if has_hyphens && digits.len() == 32 { parse_hex(&digits) } else { None };
    parsed.ok_or_else(|| INVALID.to_owned())
}

fn parse_hex(digits: &str) -> Option<u128> {
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex { u128::from_str_radix(digits, 16).ok() } else { None }
}
