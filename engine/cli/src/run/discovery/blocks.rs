//! One written block: its items, and references in place of what other blocks say.

use std::collections::BTreeMap;
use std::fmt::Write;

use terrane_language::functions::expression_text;
use terrane_model::{ResourceAddress, Str, Value};

/// What other blocks say here, or other arguments say better.
const OMITTED: &[(&str, &str)] = &[
    ("azurerm_virtual_network", "subnet"),
    ("azurerm_network_security_group", "security_rule"),
    ("azurerm_route_table", "route"),
    ("azurerm_role_assignment", "role_definition_id"),
];

/// A block with the object that it was written for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) address: ResourceAddress,
    pub(super) id: Str,
    pub(super) name: Str,
    pub(super) items: Vec<Item>,
}

/// An argument or a nested block of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// The argument's name, or the block's type.
    pub(super) key: String,
    /// The expression; nothing for a block.
    pub(super) value: Option<String>,
    /// All of it, as lines.
    pub(super) text: String,
}

/// Writes a text as an expression.
pub(super) fn quoted(text: &str) -> String {
    expression_text(&Value::string(text))
}

impl Written {
    /// Takes a laid out block apart. What says nothing is left out.
    pub(super) fn read(address: ResourceAddress, id: Str, name: Str, text: &str) -> Self {
        let lines: Vec<&str> = text.lines().collect();
        let inner = lines.get(1..lines.len().saturating_sub(1)).unwrap_or_default();
        let mut items: Vec<Item> = Vec::new();
        let mut nesting = Nesting::default();
        for line in inner {
            let is_continued = line.starts_with("   ") || line.trim_start().starts_with(['}', ']', ')']);
            // Objects have all of their attributes; blocks may leave out what is null.
            let is_nothing = line.trim_end().ends_with("= null") && !nesting.is_in_object();
            nesting.follow(line);
            if line.trim().is_empty() || is_nothing {
                continue;
            }
            match items.last_mut().filter(|_| is_continued) {
                Some(item) => {
                    item.text.push('\n');
                    item.text.push_str(line);
                }
                None => items.push(Item::begin(line)),
            }
        }
        for item in &mut items {
            item.close();
        }
        let is_omitted = |item: &Item| {
            OMITTED.iter().any(|(kind, key)| address.resource_type == *kind && item.key == *key)
        };
        items.retain(|item| !item.says_nothing() && !is_omitted(item));
        Self { address, id, name, items }
    }

    /// Returns the object's own name, where its block says one.
    pub(super) fn own_name(&self) -> Option<&str> {
        self.items.iter().find(|item| item.key == "name").and_then(|item| item.value.as_deref())
    }

    /// Returns the block with its `import` block.
    pub(super) fn text(&self) -> String {
        let ResourceAddress { resource_type, name, .. } = &self.address;
        let mut text = format!(
            "import {{\n  to = {}\n  id = {}\n}}\n\nresource \"{resource_type}\" \"{name}\" {{\n",
            self.address,
            quoted(&self.id)
        );
        for item in &self.items {
            let _ = writeln!(text, "{}", item.text);
        }
        text.push_str("}\n");
        text
    }
}

/// What a line is in: blocks, or the objects and lists of an expression.
#[derive(Default)]
struct Nesting(Vec<bool>);

impl Nesting {
    fn is_in_object(&self) -> bool {
        self.0.last().copied().unwrap_or_default()
    }

    /// Goes on behind a line of laid out source: brackets are opened at its end and closed at its start.
    fn follow(&mut self, line: &str) {
        let line = line.trim();
        let closing = line.chars().take_while(|character| matches!(character, '}' | ']' | ')')).count();
        self.0.truncate(self.0.len().saturating_sub(closing));
        let opening = line.chars().rev().take_while(|character| matches!(character, '{' | '[' | '(')).count();
        let is_expression = self.is_in_object() || line.contains(" = ");
        self.0.extend(std::iter::repeat_n(is_expression, opening));
    }
}

impl Item {
    fn begin(line: &str) -> Self {
        let line = line.trim_end();
        let key = line.trim_start().split([' ', '=', '{']).next().unwrap_or_default().to_owned();
        Self { key, value: None, text: line.to_owned() }
    }

    /// Finds the expression once all lines are there.
    fn close(&mut self) {
        let rest = self.text.trim_start().strip_prefix(self.key.as_str()).unwrap_or_default();
        self.value = rest.trim_start().strip_prefix('=').map(|value| value.trim().to_owned());
    }

    fn says_nothing(&self) -> bool {
        matches!(self.value.as_deref(), Some("null" | "[]" | "{}" | "\"\""))
            || (self.value.is_none() && self.key == "timeouts")
    }

    fn replace(&mut self, value: &str) {
        self.text = format!("  {} = {value}", self.key);
        self.value = Some(value.to_owned());
    }
}

/// Puts references in place of ids and names of objects that have blocks here.
pub(super) fn with_references(mut blocks: Vec<Written>) -> Vec<Written> {
    // An association has the id of one of its ends; the end itself has the shorter type.
    let mut by_length: Vec<&Written> = blocks.iter().collect();
    by_length.sort_by_key(|block| std::cmp::Reverse(block.address.resource_type.len()));
    let ids: BTreeMap<String, String> = by_length
        .into_iter()
        .map(|block| (quoted(&block.id).to_lowercase(), block.address.to_string()))
        .collect();
    let names: BTreeMap<(String, String), String> = blocks
        .iter()
        .filter_map(|block| {
            let kind = block.address.resource_type.to_string();
            Some(((kind, block.own_name()?.to_lowercase()), block.address.to_string()))
        })
        .collect();
    for block in &mut blocks {
        let own = block.address.to_string();
        for item in &mut block.items {
            item.text = refer(&item.text, &ids, &own);
            item.close();
            // `virtual_network_name` names an azurerm_virtual_network.
            let kind = item.key.strip_suffix("_name").map(|kind| format!("azurerm_{kind}"));
            if let (Some(kind), Some(value)) = (kind, item.value.clone())
                && let Some(other) = names.get(&(kind, value.to_lowercase())).filter(|other| **other != own)
            {
                item.replace(&format!("{other}.name"));
            }
        }
    }
    blocks
}

/// Replaces quoted ids in a text; an object's own one stays.
fn refer(text: &str, ids: &BTreeMap<String, String>, own: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('"') {
        let Some(length) = rest[start + 1..].find('"') else { break };
        let end = start + length + 2;
        let literal = &rest[start..end];
        out.push_str(&rest[..start]);
        match ids.get(&literal.to_lowercase()).filter(|address| *address != own) {
            Some(address) => {
                let _ = write!(out, "{address}.id");
            }
            None => out.push_str(literal),
        }
        rest = &rest[end..];
    }
    out + rest
}
