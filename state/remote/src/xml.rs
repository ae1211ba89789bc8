//! As much of XML as the answers of storage services need: the texts of elements by name.

use percent_encoding::percent_decode_str;

/// Returns the texts of all elements of a name, in order. Elements inside of them are left as they are.
pub(crate) fn texts(document: &str, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = document;
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    while let Some(start) = rest.find(&open) {
        rest = &rest[start + open.len()..];
        // A longer name, such as `<NameSpace>`.
        if !rest.starts_with(['>', ' ', '/']) {
            continue;
        }
        let Some(end_of_tag) = rest.find('>') else { break };
        let tag = &rest[..end_of_tag];
        rest = &rest[end_of_tag + 1..];
        if tag.ends_with('/') {
            found.push(String::new());
            continue;
        }
        let Some(end) = rest.find(&close) else { break };
        let text = unescape(&rest[..end]);
        // Names that XML cannot hold come in percent signs from Azure.
        let is_encoded = tag.contains("Encoded=\"true\"");
        found.push(if is_encoded {
            percent_decode_str(&text).decode_utf8_lossy().into_owned()
        } else {
            text
        });
        rest = &rest[end + close.len()..];
    }
    found
}

/// Returns the first element's text, if it is not empty.
pub(crate) fn text(document: &str, name: &str) -> Option<String> {
    texts(document, name).into_iter().next().filter(|text| !text.is_empty())
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        plain.push_str(&rest[..start]);
        rest = &rest[start..];
        let Some(end) = rest.find(';') else { break };
        let known = match &rest[1..end] {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            number => number_of(number).and_then(char::from_u32),
        };
        match known {
            Some(character) => plain.push(character),
            None => plain.push_str(&rest[..=end]),
        }
        rest = &rest[end + 1..];
    }
    plain.push_str(rest);
    plain
}

fn number_of(entity: &str) -> Option<u32> {
    let digits = entity.strip_prefix('#')?;
    match digits.strip_prefix(['x', 'X']) {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok(),
        None => digits.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_and_read() {
        let document = "<?xml version=\"1.0\"?><List><Blob><Name>a&amp;b&#x41;&#66;&nope;</Name><Names>no</Names></Blob>\
                        <Name Encoded=\"true\">c%2Fd</Name><Name/><Name>e&</Name></List>";
        assert_eq!(texts(document, "Name"), ["a&bAB&nope;", "c/d", "", "e&"]);
        assert_eq!(text(document, "NextMarker"), None);
        assert_eq!(texts("<Name>cut", "Name"), Vec::<String>::new());
    }
}
