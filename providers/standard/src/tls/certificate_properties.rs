//! What the resources with certificates have in common: arguments, results, and which key signs.

use terrane_model::{Type, Value};

use super::certificate::{ALLOWED_USES, Issued};
use super::renewal::is_ready_at_once;
use crate::object::{Attributes, Fields};
use crate::toolkit::{Check, Property};

/// The arguments for a private key that is kept in the state, one that is not, and a number that changes with the
/// latter.
pub(super) fn key_properties(
    [plain, write_only, version]: [&'static str; 3],
    whose: &'static str,
) -> [Property; 3] {
    let key =
        |name, how| Property::optional(name, Type::String, &format!("{whose} in PEM{how}.")).sensitive();
    [
        key(plain, "").replaces_if(|change| is_pem(change.prior)),
        key(write_only, ", which is not kept in the state").write_only(),
        Property::optional(
            version,
            Type::Number,
            "A number that changes when the key that is not kept does.",
        )
        .replaces(),
    ]
}

/// The key to sign with: the one that is not kept is only in the configuration.
pub(super) fn signing_key<'v>(
    planned: &'v Value,
    config: &'v Value,
    [plain, write_only, _]: [&str; 3],
) -> &'v str {
    config.text(write_only).or_else(|| planned.text(plain)).unwrap_or("")
}

/// Tells whether a value is a text of one PEM block. Old versions of the provider kept checksums in their place, whose
/// change asks for nothing.
pub(super) fn is_pem(value: &Value) -> bool {
    let text = value.as_str().map_or("", |text| text.as_str());
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.starts_with("-----BEGIN ") && text.ends_with("-----") && text.contains("\n-----END ")
}

/// The arguments and results of certificates.
pub(super) fn certificate_properties() -> [Property; 11] {
    let computed = |name, description| Property::computed(name, Type::String, description).keeps();
    let flag = |name, description| {
        Property::optional_computed(name, Type::Bool, description).defaults_to(false).replaces()
    };
    [
        Property::required("validity_period_hours", Type::Number, "How long it is good, in hours.")
            .replaces()
            .check(Check::AtLeast(0)),
        Property::required("allowed_uses", Type::list(Type::String), "What its key may be used for.")
            .replaces()
            .check(Check::EachOneOf(ALLOWED_USES)),
        Property::optional_computed(
            "early_renewal_hours",
            Type::Number,
            "How long before its end it is made anew, in hours; 0 by default.",
        )
        .defaults_to(0_i64)
        .check(Check::AtLeast(0)),
        flag("is_ca_certificate", "Whether other certificates may be signed with its key."),
        Property::optional_computed(
            "max_path_length",
            Type::Number,
            "How many authorities may stand between it and a certificate; any number when not written, or -1.",
        )
        .keeps()
        .replaces()
        .check(Check::AtLeast(-1)),
        flag("set_subject_key_id", "Whether it has an identifier of its key."),
        computed("cert_pem", "The certificate in PEM."),
        Property::computed("ready_for_renewal", Type::Bool, "Whether it has ended or is to be made anew.")
            .defaults_to(false),
        computed("validity_start_time", "Since when it is good, in RFC 3339."),
        computed("validity_end_time", "Until when it is good, in RFC 3339."),
        computed("id", "Its serial number."),
    ]
}

/// Tells about a new certificate.
pub(super) fn certificate_attributes(planned: &Value, issued: Issued) -> Attributes {
    let number = |name| planned.get(name).cloned().unwrap_or(Value::Null(Type::Number));
    let ready = is_ready_at_once(&number("validity_period_hours"), &number("early_renewal_hours"));
    vec![
        ("cert_pem", issued.pem.into()),
        ("id", issued.serial_number.into()),
        ("ready_for_renewal", ready.into()),
        ("validity_start_time", issued.start.into()),
        ("validity_end_time", issued.end.into()),
    ]
}
