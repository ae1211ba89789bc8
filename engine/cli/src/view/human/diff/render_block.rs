//! Blocks to text.

use std::fmt::Write;

use super::action::DiffAction;
use super::block::{BlockDiff, BlocksDiff};
use super::compare::{Body, Diff, Sensitive};
use super::render::{Options, attribute_name, blanks, is_important, width, write_diff, write_warnings};
use crate::view::human::value::quote;

/// Appends the braces of a block with all that is between them.
pub(super) fn write_block(
    out: &mut String,
    diff: &Diff<'_>,
    block: &BlockDiff<'_>,
    indent: usize,
    options: &Options,
) {
    let replacement = options.replacement(diff.forces_replacement);
    if block.attributes.is_empty() && block.blocks.is_empty() {
        let _ = write!(out, "{{}}{replacement}");
        return;
    }
    let inner = Options { forces_replacement: false, ..*options };
    let (here, none) = (blanks(indent), options.action(DiffAction::NoOp));
    let _ = writeln!(out, "{{{replacement}");
    write_attributes(out, block, indent, &inner);
    let mut hidden = 0;
    for (name, blocks) in &block.blocks {
        if blocks.unknown {
            let (blanks, action) = (blanks(indent + 1), options.action(diff.action));
            let _ = write!(out, "\n{blanks}{action}{} (known after apply)\n", attribute_name(name));
        }
        hidden += write_blocks(out, name, blocks, indent, &inner);
    }
    if hidden > 0 {
        let _ = write!(out, "\n{here}    {none}{}\n", options.hidden(hidden, "block"));
    }
    let _ = write!(out, "{here}{none}}}");
}

fn write_attributes(out: &mut String, block: &BlockDiff<'_>, indent: usize, options: &Options) {
    let keys: Vec<String> = block.attributes.iter().map(|(name, _)| attribute_name(name)).collect();
    let width = width(&keys);
    let mut hidden = 0;
    for (key, (name, attribute)) in keys.iter().zip(&block.attributes) {
        let is_important = is_important(name);
        if attribute.action == DiffAction::NoOp && !options.show_unchanged && !is_important {
            hidden += 1;
            continue;
        }
        write_warnings(out, attribute, indent + 1, options);
        let _ = write!(out, "{}{}{key:width$} = ", blanks(indent + 1), options.action(attribute.action));
        let inner = Options { show_unchanged: options.show_unchanged || is_important, ..*options };
        write_diff(out, attribute, indent + 1, &inner);
        out.push('\n');
    }
    if hidden > 0 {
        let none = options.action(DiffAction::NoOp);
        let _ = writeln!(out, "{}{none}{}", blanks(indent + 1), options.hidden(hidden, "attribute"));
    }
}

/// Appends the nested blocks of one type and returns how many were left out.
fn write_blocks(
    out: &mut String,
    name: &str,
    blocks: &BlocksDiff<'_>,
    indent: usize,
    options: &Options,
) -> usize {
    let (mut hidden, mut is_begun) = (0, blocks.unknown);
    let inner = Options { forces_replacement: blocks.forces_replacement, ..*options };
    for (label, block) in &blocks.blocks {
        let masked = masked(blocks, block);
        let block = masked.as_ref().unwrap_or(block);
        if block.action == DiffAction::NoOp && !options.show_unchanged {
            hidden += 1;
            continue;
        }
        // Blocks of one type stand together.
        if !std::mem::replace(&mut is_begun, true) {
            out.push('\n');
        }
        write_warnings(out, block, indent + 1, options);
        let _ = write!(
            out,
            "{}{}{}{} ",
            blanks(indent + 1),
            options.action(block.action),
            attribute_name(name),
            label.as_ref().map_or_else(String::new, |label| format!(" {}", quote(label)))
        );
        write_diff(out, block, indent + 1, &inner);
        out.push('\n');
    }
    hidden
}

/// Blocks that are never shown as a whole hide each of them.
fn masked<'v>(blocks: &BlocksDiff<'_>, block: &Diff<'_>) -> Option<Diff<'v>> {
    let (before, after) = blocks.sensitive;
    let is_masked = match block.action {
        DiffAction::Create => after,
        DiffAction::Delete => before,
        DiffAction::NoOp | DiffAction::Update => before || after,
    };
    if !is_masked {
        return None;
    }
    let unchanged = block.action == DiffAction::NoOp;
    let action = if unchanged && before != after { DiffAction::Update } else { block.action };
    let body = Body::Sensitive(Sensitive { before, after, unchanged, block: true });
    Some(Diff { action, forces_replacement: block.forces_replacement, body })
}
