//! Advice on `moved` blocks.

use std::fmt::Write;

use terrane_plan::move_hints::{MoveHints, Shift};

use super::value::quote;

/// How many blocks are written out.
const BLOCKS_MAX: usize = 20;

/// Lays advice out; nothing where there is none.
pub fn render_move_hints(hints: &MoveHints) -> Option<String> {
    if hints.is_empty() {
        return None;
    }
    let mut out = String::new();
    if !hints.moves.is_empty() {
        out.push_str(
            "This plan destroys objects and creates the same ones under other addresses. If they were only renamed, add these blocks to \
             keep them:\n",
        );
        for (from, to) in hints.moves.iter().take(BLOCKS_MAX) {
            write_block(&mut out, from, to);
        }
        write_rest(&mut out, hints.moves.len());
    }
    for shift in &hints.shifts {
        write_shift(&mut out, shift);
    }
    Some(out.trim_end().to_owned())
}

fn write_shift(out: &mut String, shift: &Shift) {
    let resource = shift.resource.instance(None).to_string();
    if !out.is_empty() {
        out.push('\n');
    }
    let _ = writeln!(
        out,
        "The objects of {resource} have changed places: each would become what another one is. With for_each in place of count, and \
         these blocks, each keeps its own:"
    );
    for (number, key) in shift.keys.iter().take(BLOCKS_MAX) {
        write_block(out, &format!("{resource}[{number}]"), &format!("{resource}[{}]", quote(key)));
    }
    write_rest(out, shift.keys.len());
}

fn write_block(out: &mut String, from: &str, to: &str) {
    let _ = write!(out, "\nmoved {{\n  from = {from}\n  to   = {to}\n}}\n");
}

fn write_rest(out: &mut String, count: usize) {
    if count > BLOCKS_MAX {
        let _ = writeln!(out, "\n(and {} more)", count - BLOCKS_MAX);
    }
}
