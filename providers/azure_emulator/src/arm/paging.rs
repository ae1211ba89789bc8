//! Lists in pages: `value`, `nextLink`, `$top` and `$skiptoken`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Context;
use crate::http::Response;
use crate::resource_id::percent_encode;

/// A page being filled.
pub(crate) struct Page {
    items: Vec<String>,
    size: usize,
    last_key: String,
    has_more: bool,
}

impl Page {
    /// Starts a page; `$top` makes it shorter than usual.
    pub(crate) fn new(context: &Context<'_>) -> Page {
        let top = context.request.query("$top").and_then(|top| top.parse().ok()).filter(|top| *top > 0);
        let size = top.unwrap_or(usize::MAX).min(context.settings.page_size);
        Page { items: Vec::new(), size, last_key: String::new(), has_more: false }
    }

    /// Returns the key that the page before ended with; empty for the first page.
    pub(crate) fn start_after(context: &Context<'_>) -> String {
        let token = context.request.query("$skiptoken").or_else(|| context.request.query("$skipToken"));
        let bytes = token.and_then(|token| URL_SAFE_NO_PAD.decode(token).ok());
        bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// Adds an item, given as JSON text. Returns `false` if the page was full: then nothing more is wanted.
    pub(crate) fn push(&mut self, key: &str, item: impl FnOnce() -> String) -> bool {
        if self.items.len() >= self.size {
            self.has_more = true;
            return false;
        }
        self.items.push(item());
        key.clone_into(&mut self.last_key);
        true
    }

    /// Returns the answer, with a link to the next page if there is one.
    pub(crate) fn into_response(self, context: &Context<'_>) -> Response {
        let mut text = String::from("{\"value\":[");
        text.push_str(&self.items.join(","));
        text.push(']');
        if self.has_more {
            let mut link = format!("{}{}?", context.settings.base_url, context.request.raw_path);
            for (name, value) in context.request.query_pairs() {
                if !name.eq_ignore_ascii_case("$skiptoken") {
                    link.push_str(&format!("{}={}&", percent_encode(name), percent_encode(value)));
                }
            }
            link.push_str(&format!("%24skiptoken={}", URL_SAFE_NO_PAD.encode(&self.last_key)));
            text.push_str(",\"nextLink\":");
            text.push_str(&serde_json::Value::String(link).to_string());
        }
        text.push('}');
        Response::json_text(200, text)
    }
}

/// Makes a page of items that are all at hand, in the order of their keys.
pub(crate) fn page_of(
    context: &Context<'_>,
    items: impl IntoIterator<Item = (String, serde_json::Value)>,
) -> Response {
    let after = Page::start_after(context);
    let mut page = Page::new(context);
    for (key, item) in items {
        if key.as_str() > after.as_str() && !page.push(&key, || item.to_string()) {
            break;
        }
    }
    page.into_response(context)
}
