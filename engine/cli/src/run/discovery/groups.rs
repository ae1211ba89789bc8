//! Blocks that differ only in some arguments become one block with `for_each`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use terrane_model::Str;

use super::blocks::{Written, quoted};

/// From this many blocks on, one for all of them is easier to read.
const GROUP_MIN: usize = 3;

/// One block, or one for many objects.
pub(super) enum Entry {
    Single(Written),
    Group(Group),
}

/// Objects that differ only in arguments.
pub(super) struct Group {
    /// The name of the block.
    name: String,
    /// Keys of the instances with their blocks.
    members: BTreeMap<String, Written>,
    /// Arguments in which they differ.
    differing: BTreeSet<String>,
}

/// Puts blocks together that may be one. References to what is put together get its new address.
pub(super) fn entries(blocks: Vec<Written>) -> Vec<Entry> {
    let mut by_shape: BTreeMap<(Str, Vec<String>), Vec<Written>> = BTreeMap::new();
    for block in blocks {
        let shape = (block.address.resource_type.clone(), shape(&block));
        by_shape.entry(shape).or_default().push(block);
    }
    let mut groups_of: BTreeMap<Str, usize> = BTreeMap::new();
    let mut renamed: BTreeMap<String, String> = BTreeMap::new();
    let mut entries = Vec::new();
    for ((kind, _), blocks) in by_shape {
        let refers_to_own_kind =
            blocks.iter().flat_map(|block| &block.items).any(|item| item.text.contains(&format!("{kind}.")));
        if blocks.len() < GROUP_MIN || refers_to_own_kind {
            entries.extend(blocks.into_iter().map(Entry::Single));
            continue;
        }
        let number = groups_of.entry(kind.clone()).or_default();
        *number += 1;
        let name = if *number == 1 { "all".to_owned() } else { format!("all_{number}") };
        let group = Group::of(name, blocks);
        for (key, block) in &group.members {
            let address = format!("{kind}.{}[{}]", group.name, quoted(key));
            renamed.insert(block.address.to_string(), address);
        }
        entries.push(Entry::Group(group));
    }
    for entry in &mut entries {
        let blocks: Vec<&mut Written> = match entry {
            Entry::Single(block) => vec![block],
            Entry::Group(group) => group.members.values_mut().collect(),
        };
        for item in blocks.into_iter().flat_map(|block| &mut block.items) {
            item.text = rename(&item.text, &renamed);
            item.value = item.value.as_deref().map(|value| rename(value, &renamed));
        }
    }
    entries
}

/// What has to be the same: the arguments' names, and nested blocks as a whole.
fn shape(block: &Written) -> Vec<String> {
    let part = |item: &super::blocks::Item| match item.value {
        Some(_) => item.key.clone(),
        None => item.text.clone(),
    };
    block.items.iter().map(part).collect()
}

/// Replaces addresses that are followed by `.id` or `.name`.
fn rename(text: &str, renamed: &BTreeMap<String, String>) -> String {
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == '-';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("azurerm_") {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let kind_end = from.find(|character| !is_word(character)).unwrap_or(from.len());
        let name_end = from.get(kind_end + 1..).and_then(|tail| tail.find(|character| !is_word(character)));
        let end = name_end.map_or(from.len(), |end| kind_end + 1 + end);
        let address = &from[..end];
        out.push_str(renamed.get(address).map_or(address, String::as_str));
        rest = &from[end..];
    }
    out + rest
}

impl Group {
    fn of(name: String, blocks: Vec<Written>) -> Self {
        let mut values: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for item in blocks.iter().flat_map(|block| &block.items) {
            values.entry(item.key.clone()).or_default().insert(item.text.clone());
        }
        let differing = values.into_iter().filter(|(_, texts)| texts.len() > 1).map(|(key, _)| key).collect();
        // Objects of one name in different places are told apart by the names of their blocks.
        let names: BTreeSet<&Str> = blocks.iter().map(|block| &block.name).collect();
        let by_name = names.len() == blocks.len();
        let key =
            |block: &Written| if by_name { block.name.to_string() } else { block.address.name.to_string() };
        let members = blocks.into_iter().map(|block| (key(&block), block)).collect();
        Self { name, members, differing }
    }

    /// Tells whether an argument is the key of every instance.
    fn is_key(&self, argument: &str) -> bool {
        self.members.iter().all(|(key, block)| {
            let item = block.items.iter().find(|item| item.key == argument);
            item.and_then(|item| item.value.as_deref()) == Some(quoted(key).as_str())
        })
    }

    /// Returns the block with its `import` block.
    pub(super) fn text(&self) -> String {
        let Some(first) = self.members.values().next() else { return String::new() };
        let kind = &first.address.resource_type;
        let mut text = "import {\n  for_each = {\n".to_owned();
        for (key, block) in &self.members {
            let _ = writeln!(text, "    {} = {}", quoted(key), quoted(&block.id));
        }
        let _ = write!(
            text,
            "  }}\n  to = {kind}.{0}[each.key]\n  id = each.value\n}}\n\nresource \"{kind}\" \"{0}\" {{\n  for_each = {{\n",
            self.name
        );
        let own: Vec<&String> = self.differing.iter().filter(|key| !self.is_key(key)).collect();
        for (key, block) in &self.members {
            let _ = writeln!(text, "    {} = {{", quoted(key));
            for item in block.items.iter().filter(|item| own.contains(&&item.key)) {
                let _ = writeln!(text, "      {} = {}", item.key, item.value.as_deref().unwrap_or("null"));
            }
            text.push_str("    }\n");
        }
        text.push_str("  }\n\n");
        for item in &first.items {
            match (self.differing.contains(&item.key), own.contains(&&item.key)) {
                (false, _) => drop(writeln!(text, "{}", item.text)),
                (true, true) => drop(writeln!(text, "  {0} = each.value.{0}", item.key)),
                (true, false) => drop(writeln!(text, "  {} = each.key", item.key)),
            }
        }
        text.push_str("}\n");
        text
    }
}
