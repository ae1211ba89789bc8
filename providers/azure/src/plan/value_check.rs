//! Checks of single values, with what to say when one fails.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use terrane_model::{Str, Value};

use crate::mapping::{Network, moment, parse_iso_duration};
use crate::table::Check;

/// Says what is wrong with a known value that is not null; nothing when it is right. The sentence goes on
/// after the argument's name.
pub(crate) fn complaint(check: &Check, value: &Value) -> Option<String> {
    let complaint = match (check, value.as_str(), value.as_number()) {
        (Check::In(words), Some(text), _) if !words.contains(text) => one_of(words, text),
        (Check::InAnyCase(words), Some(text), _)
            if !words.iter().any(|word| word.eq_ignore_ascii_case(text)) =>
        {
            one_of(words, text)
        }
        (Check::OneOfNumbers(numbers), _, Some(number))
            if !numbers.iter().any(|other| number.to_i64() == Some(*other)) =>
        {
            let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
            format!("must be one of {}, but is {number}", numbers.join(", "))
        }
        (Check::Range(low, high), _, Some(number)) if !(*low..=*high).contains(&number.to_f64()) => {
            if high.is_infinite() {
                format!("must be at least {low}, but is {number}")
            } else {
                format!("must be from {low} to {high}, but is {number}")
            }
        }
        (Check::MultipleOf(of), _, Some(number)) if number.to_i64().is_none_or(|number| number % of != 0) => {
            format!("must be a multiple of {of}, but is {number}")
        }
        (Check::Length(low, high), Some(text), _) if !(*low..=*high).contains(&text.chars().count()) => {
            let count = text.chars().count();
            format!("must have from {low} to {high} characters, but has {count}")
        }
        (Check::Pattern(pattern, hint), Some(text), _) if !pattern.matches(text) => {
            format!("must be {hint}, but is {text:?}")
        }
        (Check::NotPattern(pattern, hint), Some(text), _) if pattern.matches(text) => {
            format!("must be {hint}, but is {text:?}")
        }
        (check, Some(text), _) => format_complaint(check, text)?,
        _ => return None,
    };
    Some(complaint)
}

fn format_complaint(check: &Check, text: &str) -> Option<String> {
    let (is_right, form) = match check {
        Check::Filled => (!text.trim().is_empty(), "a text that is not empty"),
        Check::Uuid => (uuid::Uuid::try_parse(text).is_ok(), "a UUID"),
        Check::Cidr4 => (
            Network::parse(text).is_some_and(|network| !network.is_v6()),
            "an IPv4 range in CIDR notation, such as 10.0.0.0/16",
        ),
        Check::Cidr => (Network::parse(text).is_some(), "an IP range in CIDR notation, such as 10.0.0.0/16"),
        Check::Ip4 => (text.parse::<std::net::Ipv4Addr>().is_ok(), "an IPv4 address"),
        Check::Ip => (text.parse::<std::net::IpAddr>().is_ok(), "an IP address"),
        Check::IpOrCidr => (
            text.parse::<std::net::IpAddr>().is_ok() || Network::parse(text).is_some(),
            "an IP address or a range in CIDR notation",
        ),
        Check::Url => (is_url(text, &["http", "https"]), "an http or https URL"),
        Check::HttpsUrl => (is_url(text, &["https"]), "an https URL"),
        Check::Timestamp => (moment(text).is_some(), "a moment in RFC 3339, such as 2026-10-01T00:00:00Z"),
        Check::Duration => (is_iso_duration(text), "an ISO 8601 duration, such as PT5M or P30D"),
        Check::Base64 => (STANDARD.decode(text).is_ok(), "Base64"),
        Check::JsonDocument => (serde_json::from_str::<serde_json::Value>(text).is_ok(), "a JSON document"),
        Check::PortRange => (is_port_range(text), "a port, a range such as 8000-8999, or *"),
        Check::Id(types) => return id_complaint(types, text),
        _ => return None,
    };
    (!is_right).then(|| format!("must be {form}, but is {text:?}"))
}

fn one_of(words: &[Str], text: &str) -> String {
    let list: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    let near = words.iter().find(|word| word.eq_ignore_ascii_case(text) || is_near(word, text));
    let hint = near.map(|word| format!(". Did you mean {word:?}?")).unwrap_or_default();
    format!("must be one of {}, but is {text:?}{hint}", list.join(", "))
}

/// Tells whether two words differ by little: one letter, or two next to each other swapped.
fn is_near(a: &str, b: &str) -> bool {
    let (a, b) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
    let start = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let (a_rest, b_rest) = (&a.as_bytes()[start..], &b.as_bytes()[start..]);
    let end = a_rest.iter().rev().zip(b_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a_left, b_left) = (a_rest.len() - end, b_rest.len() - end);
    (a_left <= 1 && b_left <= 1)
        || (a_left == 2 && b_left == 2 && a_rest[0] == b_rest[1] && a_rest[1] == b_rest[0])
}

fn is_url(text: &str, schemes: &[&str]) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| schemes.contains(&url.scheme()) && url.has_host())
}

fn is_iso_duration(text: &str) -> bool {
    // Months and years are durations too, though of no fixed length.
    parse_iso_duration(text).is_some()
        || text.strip_prefix('P').is_some_and(|rest| {
            let digits = rest.trim_end_matches(['Y', 'M']);
            !digits.is_empty()
                && digits.len() < rest.len()
                && digits.bytes().all(|byte| byte.is_ascii_digit())
        })
}

fn is_port_range(text: &str) -> bool {
    let port = |text: &str| text.trim().parse::<u16>().ok();
    text == "*"
        || match text.split_once('-') {
            Some((low, high)) => matches!((port(low), port(high)), (Some(low), Some(high)) if low <= high),
            None => port(text).is_some(),
        }
}

/// A resource id is pairs of kinds and names; where types are given, the last kinds have to be theirs.
fn id_complaint(types: &[Str], text: &str) -> Option<String> {
    let segments: Vec<&str> = text.strip_prefix('/').unwrap_or_default().split('/').collect();
    let is_id = segments.len() >= 2
        && segments.len().is_multiple_of(2)
        && segments.iter().all(|segment| !segment.is_empty());
    if !is_id {
        return Some(format!("must be the id of a resource, but is {text:?}"));
    }
    let kind = kind_of(&segments);
    let fits = types.is_empty() || types.iter().any(|wanted| kind.eq_ignore_ascii_case(wanted));
    (!fits).then(|| format!("must be the id of a {}, but {text:?} is that of a {kind}", types.join(" or ")))
}

fn kind_of(segments: &[&str]) -> String {
    match segments.iter().rposition(|segment| segment.eq_ignore_ascii_case("providers")) {
        Some(providers) => {
            let mut kind =
                segments.get(providers + 1).map(|namespace| (*namespace).to_owned()).unwrap_or_default();
            for segment in segments.iter().skip(providers + 2).step_by(2) {
                kind.push('/');
                kind.push_str(segment);
            }
            kind
        }
        None if segments.len() == 2 => "subscription".to_owned(),
        None => "Microsoft.Resources/resourceGroups".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(check: &Check, text: &str) -> Option<String> {
        complaint(check, &Value::from(text))
    }

    #[test]
    fn right_values_pass_and_wrong_ones_do_not() {
        for (check, right, wrong) in [
            (Check::Uuid, "12345678-1234-9876-4563-123456789012", "1234"),
            (Check::Cidr4, "10.0.0.0/8", "fd00::/8"),
            (Check::Cidr, "fd00::/8", "10.0.0.0"),
            (Check::IpOrCidr, "10.0.0.1", "10.0.0"),
            (Check::Timestamp, "2026-10-01T00:00:00Z", "tomorrow"),
            (Check::Duration, "P1Y", "1 year"),
            (Check::PortRange, "80-90", "90-80"),
            (Check::HttpsUrl, "https://x", "http://x"),
            (Check::Filled, "x", "  "),
            (Check::Base64, "aGk=", "hi!"),
            (
                Check::Id(vec!["Microsoft.Network/virtualNetworks/subnets".into()]),
                "/subscriptions/s/resourceGroups/g/providers/microsoft.network/virtualNetworks/v/subnets/s",
                "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v",
            ),
        ] {
            assert_eq!(says(&check, right), None);
            assert!(says(&check, wrong).is_some(), "{check:?} {wrong}");
        }
    }

    #[test]
    fn words_that_are_nearly_right_are_suggested() {
        let check = Check::In(vec!["Standard".into(), "Premium".into()]);
        insta::assert_snapshot!(says(&check, "standrad").unwrap(), @r#"must be one of "Standard", "Premium", but is "standrad". Did you mean "Standard"?"#);
        insta::assert_snapshot!(says(&check, "Basic").unwrap(), @r#"must be one of "Standard", "Premium", but is "Basic""#);
    }

    #[test]
    fn numbers_are_checked_by_range_and_step() {
        let range = complaint(&Check::Range(1.0, 5.0), &Value::from(7)).unwrap();
        assert_eq!(range, "must be from 1 to 5, but is 7");
        assert_eq!(complaint(&Check::MultipleOf(1024), &Value::from(2048)), None);
        assert!(complaint(&Check::MultipleOf(1024), &Value::from(1000)).is_some());
    }
}
