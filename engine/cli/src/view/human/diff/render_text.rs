//! Texts to text: quoted, as heredocs line by line, or as `jsonencode(…)` where they hold JSON.

use std::fmt::Write;

use super::action::DiffAction;
use super::align::{Step, align};
use super::compare::{Body, Diff, compare_json};
use super::json_text;
use super::node::Node;
use super::render::{Options, blanks, write_diff};
use crate::view::human::value::quote;

/// A text, looked at closely.
enum Text<'v> {
    Null,
    Line(&'v str),
    Lines(Vec<&'v str>),
    Json(Node<'v>),
}

impl<'v> Text<'v> {
    fn of(text: Option<&'v str>) -> Self {
        let Some(text) = text else { return Self::Null };
        if let Some(json) = json_text::read(text) {
            return Self::Json(json);
        }
        if text.contains('\n') { Self::Lines(text.trim().split('\n').collect()) } else { Self::Line(text) }
    }

    fn json(&self) -> Option<&Node<'v>> {
        match self {
            Self::Json(node) => Some(node),
            _ => None,
        }
    }

    fn is_lines(&self) -> bool {
        matches!(self, Self::Lines(_))
    }

    /// Returns the text as it is shown on one line.
    fn quoted(&self) -> String {
        match self {
            Self::Line(line) => quote(line),
            _ => "null".to_owned(),
        }
    }

    fn lines(&self) -> Vec<&'v str> {
        match self {
            Self::Lines(lines) => lines.clone(),
            Self::Line(line) => vec![line],
            _ => Vec::new(),
        }
    }
}

/// Appends the difference of two texts, of which `diff` tells the rest.
pub(super) fn write_text(
    out: &mut String,
    before: Option<&str>,
    after: Option<&str>,
    diff: &Diff<'_>,
    indent: usize,
    options: &Options,
) {
    let (left, right) = match diff.action {
        DiffAction::Create => (Text::Null, Text::of(after)),
        DiffAction::Delete => (Text::of(before), Text::Null),
        DiffAction::NoOp | DiffAction::Update => (Text::of(before), Text::of(after)),
    };
    let replacement = options.replacement(diff.forces_replacement);
    let null = options.null(diff.action);
    let is_update = diff.action == DiffAction::Update;
    match (&left, &right) {
        (Text::Json(_), Text::Json(_)) => write_json(out, Some(&left), Some(&right), diff, indent, options),
        (Text::Json(_), _) if !is_update => write_json(out, Some(&left), None, diff, indent, options),
        (_, Text::Json(_)) if !is_update => write_json(out, None, Some(&right), diff, indent, options),
        (Text::Json(_), _) | (_, Text::Json(_)) => {
            let one_sided = |action, before: Option<&str>, after: Option<&str>| Diff {
                action,
                forces_replacement: false,
                body: Body::Text {
                    before: before.map(|text| text.to_owned().into()),
                    after: after.map(|text| text.to_owned().into()),
                },
            };
            let kinds = Body::Kinds {
                before: Box::new(one_sided(DiffAction::Delete, before, None)),
                after: Box::new(one_sided(DiffAction::Create, None, after)),
            };
            write_diff(out, &Diff { body: kinds, ..*diff }, indent, options);
        }
        _ if left.is_lines() || right.is_lines() => write_lines(out, &left, &right, diff, indent, options),
        _ => {
            let _ = match diff.action {
                DiffAction::Create | DiffAction::NoOp => write!(out, "{}{replacement}", right.quoted()),
                DiffAction::Delete => write!(out, "{}{null}{replacement}", left.quoted()),
                DiffAction::Update => {
                    write!(out, "{} {} {}{replacement}", left.quoted(), options.arrow(), right.quoted())
                }
            };
        }
    }
}

fn write_lines(
    out: &mut String,
    before: &Text<'_>,
    after: &Text<'_>,
    diff: &Diff<'_>,
    indent: usize,
    options: &Options,
) {
    let (left, right) = (before.lines(), after.lines());
    let _ = writeln!(out, "<<-EOT{}", options.replacement(diff.forces_replacement));
    let inner = blanks(indent + 1);
    let mut line = |action, text: &str| {
        let _ = writeln!(out, "{inner}{}{text}", options.action(action));
    };
    match diff.action {
        DiffAction::Create | DiffAction::NoOp => right.iter().for_each(|text| line(DiffAction::NoOp, text)),
        DiffAction::Delete => left.iter().for_each(|text| line(DiffAction::NoOp, text)),
        DiffAction::Update => {
            for step in align(&left, &right, |_, _| false) {
                match step {
                    Step::Both(index, _) => line(DiffAction::NoOp, left[index]),
                    Step::Before(index) => line(DiffAction::Delete, left[index]),
                    Step::After(index) => line(DiffAction::Create, right[index]),
                }
            }
        }
    }
    let none = options.action(DiffAction::NoOp);
    let _ = write!(out, "{}{none}EOT{}", blanks(indent), options.null(diff.action));
}

fn write_json(
    out: &mut String,
    before: Option<&Text<'_>>,
    after: Option<&Text<'_>>,
    diff: &Diff<'_>,
    indent: usize,
    options: &Options,
) {
    let json = compare_json(before.and_then(Text::json), after.and_then(Text::json));
    let only_spacing = json.action == DiffAction::NoOp && diff.action == DiffAction::Update;
    let inner = Options {
        show_nulls: false,
        show_unchanged: options.show_unchanged || only_spacing,
        forces_replacement: false,
        ..*options
    };
    let (spacing, replacement) = match (only_spacing, diff.forces_replacement) {
        (true, true) => (" # whitespace changes force replacement", String::new()),
        (true, false) => (" # whitespace changes", String::new()),
        (false, forces_replacement) => ("", options.replacement(forces_replacement)),
    };
    // What comes or goes as a whole says so once, outside.
    let action = if diff.action == DiffAction::Update { json.action } else { DiffAction::NoOp };
    let null = options.null(diff.action);
    let mut text = String::new();
    write_diff(&mut text, &json, indent + 1, &inner);
    let _ = if text.contains('\n') {
        let (outer, inner) = (blanks(indent), blanks(indent + 1));
        let (action, none) = (options.action(action), options.action(DiffAction::NoOp));
        write!(out, "jsonencode({spacing}\n{inner}{action}{text}{replacement}\n{outer}{none}){null}")
    } else {
        write!(out, "jsonencode({text}){spacing}{replacement}{null}")
    };
}
