//! Writing JSON by hand where values keep more digits than a generic tree can hold.

use terrane_model::encode_json::write_json_string;

/// A JSON object being written: fields in the order in which they are added.
pub struct ObjectWriter {
    json: String,
    is_empty: bool,
}

impl ObjectWriter {
    /// Starts an object.
    pub fn new() -> Self {
        Self { json: "{".to_owned(), is_empty: true }
    }

    /// Adds a field whose value is JSON already.
    pub fn raw(&mut self, name: &str, json: &str) -> &mut Self {
        if !self.is_empty {
            self.json.push(',');
        }
        self.is_empty = false;
        write_json_string(&mut self.json, name);
        self.json.push(':');
        self.json.push_str(json);
        self
    }

    /// Adds a field with a text.
    pub fn text(&mut self, name: &str, text: &str) -> &mut Self {
        self.raw(name, &quoted(text))
    }

    /// Adds a field with a truth value.
    pub fn flag(&mut self, name: &str, flag: bool) -> &mut Self {
        self.raw(name, if flag { "true" } else { "false" })
    }

    /// Tells whether no field was added.
    pub fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// Ends the object.
    pub fn finish(mut self) -> String {
        self.json.push('}');
        self.json
    }
}

/// Writes a text as JSON.
pub fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    write_json_string(&mut json, text);
    json
}

/// Writes a list of what is JSON already.
pub fn array<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> String {
    let mut json = "[".to_owned();
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        json.push_str(item.as_ref());
    }
    json.push(']');
    json
}
