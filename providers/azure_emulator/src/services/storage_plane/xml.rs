//! The little XML that storage services speak.

use crate::http::Response;

/// The head of a document.
pub(super) fn start() -> String {
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>".to_owned()
}

/// An answer with a document.
pub(super) fn response(status: u16, body: String) -> Response {
    Response::json_text(status, body).with_header("content-type", "application/xml")
}

/// Appends an element with text.
pub(super) fn element(out: &mut String, name: &str, text: &str) {
    out.push_str(&format!("<{name}>{}</{name}>", escape(text)));
}

/// Escapes text.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Returns the elements directly below the root of a document, each with its name and its text as it stands.
///
/// Understands what clients of storage send: no comments, no processing instructions but the first, no elements of
/// one name inside each other. `None` if the text is anything else.
pub(super) fn children(document: &str) -> Option<Vec<(&str, &str)>> {
    let document = document.trim_start_matches('\u{feff}').trim();
    let document = match document.strip_prefix("<?") {
        Some(rest) => rest.split_once("?>")?.1.trim(),
        None => document,
    };
    let (_, mut inner) = split_element(document)?;
    let mut children = Vec::new();
    loop {
        inner = inner.trim();
        if inner.is_empty() {
            return Some(children);
        }
        let (name, _) = split_element(inner)?;
        let end = element_end(inner, name)?;
        children.push((name, &inner[..end]));
        inner = &inner[end..];
    }
}

/// The name of the first element and what is inside of it.
fn split_element(text: &str) -> Option<(&str, &str)> {
    let tag_end = text.find('>')?;
    let tag = text.get(1..tag_end)?;
    let name = tag.split(|character: char| character.is_whitespace() || character == '/').next()?;
    if !text.starts_with('<') || name.is_empty() {
        return None;
    }
    if tag.ends_with('/') {
        return Some((name, ""));
    }
    let close = format!("</{name}>");
    let inner_end = text.get(tag_end + 1..)?.find(&close)? + tag_end + 1;
    Some((name, &text[tag_end + 1..inner_end]))
}

/// Where the first element ends.
fn element_end(text: &str, name: &str) -> Option<usize> {
    let tag_end = text.find('>')?;
    if text[..tag_end].ends_with('/') {
        return Some(tag_end + 1);
    }
    let close = format!("</{name}>");
    Some(text.find(&close)? + close.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_below_the_root_are_found() {
        let document = "\u{feff}<?xml version=\"1.0\"?>\n<P a=\"b\"><Cors/><Logging><Version>1.0</Version></Logging>\n</P>";
        let expected = vec![("Cors", "<Cors/>"), ("Logging", "<Logging><Version>1.0</Version></Logging>")];
        assert_eq!(children(document), Some(expected));
        assert_eq!(children("<P/>"), Some(vec![]));
        for bad in ["", "<", "text", "<P>", "<P>text</P>", "<P><Q></P>"] {
            assert_eq!(children(bad), None, "{bad}");
        }
        assert_eq!(escape("a<b>&\"c\""), "a&lt;b&gt;&amp;&quot;c&quot;");
    }
}
