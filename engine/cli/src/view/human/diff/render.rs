//! A tree of differences to text, laid out as Terraform lays it out.

use std::fmt::Write;

use terrane_language::syntax::identifiers::is_valid_identifier;

use super::action::DiffAction;
use super::compare::{Body, Diff, ElementStyle, EntryStyle, Sensitive};
use super::render_block::write_block;
use super::render_text::write_text;
use crate::terminal::Style;
use crate::view::human::paint::Paint;
use crate::view::human::value::quote;

/// How differences are laid out.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Colours.
    pub paint: Paint,
    /// Whether lines begin with what happens to them.
    pub show_actions: bool,
    /// Whether what stays as it is is shown too.
    pub show_unchanged: bool,
    /// Whether what goes ends with `-> null`.
    pub(super) show_nulls: bool,
    /// Whether everything forces a replacement, since what is around it does.
    pub(super) forces_replacement: bool,
}

impl Options {
    /// For differences.
    pub fn of_changes(paint: Paint) -> Self {
        Self { paint, show_actions: true, show_unchanged: false, show_nulls: true, forces_replacement: false }
    }

    /// For values as they are.
    pub fn of_values(paint: Paint) -> Self {
        Self { show_actions: false, show_unchanged: true, ..Self::of_changes(paint) }
    }

    /// Returns the four columns before what something happens to.
    pub fn action(&self, action: DiffAction) -> String {
        if !self.show_actions {
            return String::new();
        }
        let paint = self.paint;
        match action {
            DiffAction::NoOp => "    ".to_owned(),
            DiffAction::Create => format!("  {} ", paint.style(Style::Green, "+")),
            DiffAction::Delete => format!("  {} ", paint.style(Style::Red, "-")),
            DiffAction::Update => format!("  {} ", paint.style(Style::Yellow, "~")),
        }
    }

    pub(super) fn null(&self, action: DiffAction) -> String {
        if self.show_nulls && action == DiffAction::Delete {
            format!(" {}", self.paint.style(Style::Dim, "-> null"))
        } else {
            String::new()
        }
    }

    pub(super) fn replacement(&self, forces_replacement: bool) -> String {
        if forces_replacement || self.forces_replacement {
            format!(" {}", self.paint.style(Style::Red, "# forces replacement"))
        } else {
            String::new()
        }
    }

    pub(super) fn arrow(&self) -> String {
        self.paint.style(Style::Yellow, "->")
    }

    pub(super) fn hidden(&self, count: usize, what: &str) -> String {
        let plural = if count == 1 { "" } else { "s" };
        self.paint.style(Style::Dim, &format!("# ({count} unchanged {what}{plural} hidden)"))
    }
}

/// Returns the blanks before a line.
pub(super) fn blanks(indent: usize) -> String {
    " ".repeat(indent * 4)
}

/// Appends a difference; lines after the first are indented.
pub fn write_diff(out: &mut String, diff: &Diff<'_>, indent: usize, options: &Options) {
    let null = options.null(diff.action);
    let replacement = options.replacement(diff.forces_replacement);
    match &diff.body {
        Body::Plain { before, after } => {
            let arrow = options.arrow();
            let _ = match diff.action {
                DiffAction::Create | DiffAction::NoOp => write!(out, "{after}{replacement}"),
                DiffAction::Delete => write!(out, "{before}{null}{replacement}"),
                DiffAction::Update => write!(out, "{before} {arrow} {after}{replacement}"),
            };
        }
        Body::Text { before, after } => {
            write_text(out, before.as_deref(), after.as_deref(), diff, indent, options);
        }
        Body::Unknown { before: None } => {
            let _ = write!(out, "(known after apply){replacement}");
        }
        Body::Unknown { before: Some(before) } => {
            write_diff(out, before, indent, &Options { show_nulls: false, ..*options });
            let _ = write!(out, " {} (known after apply){replacement}", options.arrow());
        }
        Body::Sensitive(sensitive) if sensitive.block => write_sensitive_block(out, diff, indent, options),
        Body::Sensitive(_) => {
            let _ = write!(out, "(sensitive value){null}{replacement}");
        }
        Body::WriteOnly { sensitive } => {
            let what = if *sensitive { "sensitive, write-only attribute" } else { "write-only attribute" };
            let _ = write!(out, "({what}){null}{replacement}");
        }
        Body::Elements { elements, style } => write_elements(out, diff, elements, *style, indent, options),
        Body::Entries { entries, style } => write_entries(out, diff, entries, *style, indent, options),
        Body::Kinds { before, after } => {
            write_diff(out, before, indent, &Options { show_nulls: false, ..*options });
            let _ = write!(out, " {} ", options.arrow());
            write_diff(out, after, indent, options);
            out.push_str(&replacement);
        }
        Body::Block(block) => write_block(out, diff, block, indent, options),
    }
}

fn write_sensitive_block(out: &mut String, diff: &Diff<'_>, indent: usize, options: &Options) {
    let inner = blanks(indent) + &options.action(DiffAction::NoOp);
    let _ = write!(
        out,
        "{{{}\n{inner}  # At least one attribute in this block is (or was) sensitive,\n{inner}  # so its contents will not be \
         displayed.\n{}{}}}",
        options.replacement(diff.forces_replacement),
        blanks(indent),
        options.action(DiffAction::NoOp)
    );
}

/// Appends the lines that are shown above a difference.
pub(super) fn write_warnings(out: &mut String, diff: &Diff<'_>, indent: usize, options: &Options) {
    let Body::Sensitive(Sensitive { before, after, unchanged, block }) = &diff.body else { return };
    if diff.action != DiffAction::Update || before == after {
        return;
    }
    let (what, blanks) = (if *block { "this block" } else { "this attribute value" }, blanks(indent));
    let warning = options.paint.style(Style::Yellow, "Warning");
    let note = if *unchanged && !*block { " The value is unchanged." } else { "" };
    let _ = if *after {
        write!(
            out,
            "{blanks}  # {warning}: {what} will be marked as sensitive and will not\n{blanks}  # display in UI output after \
             applying this change.{note}\n"
        )
    } else {
        write!(
            out,
            "{blanks}  # {warning}: {what} will no longer be marked as sensitive\n{blanks}  # after applying this \
             change.{note}\n"
        )
    };
}

fn write_elements(
    out: &mut String,
    diff: &Diff<'_>,
    elements: &[Diff<'_>],
    style: ElementStyle,
    indent: usize,
    options: &Options,
) {
    let (null, replacement) = (options.null(diff.action), options.replacement(diff.forces_replacement));
    if elements.is_empty() {
        let _ = write!(out, "[]{null}{replacement}");
        return;
    }
    let inner = Options {
        show_nulls: false,
        forces_replacement: style == ElementStyle::NestedSet && diff.forces_replacement,
        ..*options
    };
    let _ = writeln!(out, "[{replacement}");
    let shown = shown_elements(elements, style, options);
    let mut hidden = 0;
    let write_hidden = |out: &mut String, hidden: &mut usize| {
        if *hidden > 0 {
            let (blanks, none) = (blanks(indent + 1), options.action(DiffAction::NoOp));
            let _ = writeln!(out, "{blanks}{none}{}", options.hidden(*hidden, "element"));
            *hidden = 0;
        }
    };
    for (element, is_shown) in elements.iter().zip(shown) {
        if !is_shown {
            hidden += 1;
            continue;
        }
        if style == ElementStyle::List {
            write_hidden(out, &mut hidden);
        }
        write_warnings(out, element, indent + 1, options);
        let _ = write!(out, "{}{}", blanks(indent + 1), options.action(element.action));
        // What is only there to find one's way is shown as a whole.
        let is_unchanged = element.action == DiffAction::NoOp;
        let inner = Options { show_unchanged: inner.show_unchanged || is_unchanged, ..inner };
        write_diff(out, element, indent + 1, &inner);
        out.push_str(",\n");
    }
    write_hidden(out, &mut hidden);
    let _ = write!(out, "{}{}]{null}", blanks(indent), options.action(DiffAction::NoOp));
}

/// Tells which elements are shown: those that change and, in lists, their neighbours.
fn shown_elements(elements: &[Diff<'_>], style: ElementStyle, options: &Options) -> Vec<bool> {
    let changes = |index: usize| {
        elements.get(index).is_some_and(|element: &Diff<'_>| element.action != DiffAction::NoOp)
    };
    let is_shown = |index: usize| {
        let is_near = index.checked_sub(1).is_some_and(changes) || changes(index + 1);
        options.show_unchanged || changes(index) || (style == ElementStyle::List && is_near)
    };
    (0..elements.len()).map(is_shown).collect()
}

fn write_entries(
    out: &mut String,
    diff: &Diff<'_>,
    entries: &[(std::borrow::Cow<'_, str>, Diff<'_>)],
    style: EntryStyle,
    indent: usize,
    options: &Options,
) {
    let (null, replacement) = (options.null(diff.action), options.replacement(diff.forces_replacement));
    if entries.is_empty() {
        let _ = write!(out, "{{}}{null}{replacement}");
        return;
    }
    let is_map = matches!(style, EntryStyle::Map | EntryStyle::NestedMap);
    let inner = Options {
        show_nulls: match style {
            EntryStyle::Map => diff.action != DiffAction::Delete,
            EntryStyle::Object | EntryStyle::NestedMap => false,
            EntryStyle::NestedObject => true,
        },
        forces_replacement: false,
        ..*options
    };
    let keys: Vec<String> =
        entries.iter().map(|(name, _)| if is_map { quote(name) } else { attribute_name(name) }).collect();
    let width = if style == EntryStyle::NestedMap { 0 } else { width(&keys) };
    let _ = writeln!(out, "{{{replacement}");
    let mut hidden = 0;
    for (key, (name, entry)) in keys.iter().zip(entries) {
        let is_important = !is_map && is_important(name);
        if entry.action == DiffAction::NoOp && !options.show_unchanged && !is_important {
            hidden += 1;
            continue;
        }
        write_warnings(out, entry, indent + 1, options);
        let _ = write!(out, "{}{}{key:width$} = ", blanks(indent + 1), options.action(entry.action));
        let inner = Options { show_unchanged: inner.show_unchanged || is_important, ..inner };
        write_diff(out, entry, indent + 1, &inner);
        let is_object =
            matches!(entry.body, Body::Entries { style: EntryStyle::Object | EntryStyle::NestedObject, .. });
        out.push_str(if is_map && is_object { ",\n" } else { "\n" });
    }
    let (blanks, none) = (blanks(indent), options.action(DiffAction::NoOp));
    if hidden > 0 {
        let what = if is_map { "element" } else { "attribute" };
        let _ = writeln!(out, "{blanks}    {none}{}", options.hidden(hidden, what));
    }
    let _ = write!(out, "{blanks}{none}}}{null}");
}

/// Tells whether an attribute is shown although it does not change, since it tells people which object it is.
pub(super) fn is_important(name: &str) -> bool {
    matches!(name, "id" | "name" | "tags")
}

/// Returns the width of the widest key.
pub(super) fn width(keys: &[String]) -> usize {
    keys.iter().map(|key| key.chars().count()).max().unwrap_or(0)
}

/// Quotes the name of an attribute where it is no identifier.
pub fn attribute_name(name: &str) -> String {
    if is_valid_identifier(name) { name.to_owned() } else { quote(name) }
}
