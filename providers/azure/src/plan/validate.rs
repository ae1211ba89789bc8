//! Checks of a configuration by its table: values, and arguments that do not go together.

use terrane_model::{AttributePath, Diagnostic, Diagnostics, Str, Value};

use crate::plan::value_check::complaint;
use crate::table::{Argument, BlockShape, Check, Relation};

/// Checks a configuration; parts may be unknown and are taken to be right.
pub(crate) fn validate_config(arguments: &[Argument], config: &Value) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let scope = Scope { arguments, top: config, diagnostics: &mut diagnostics };
    scope.check_all(arguments, config, &AttributePath::root());
    diagnostics
}

struct Scope<'a> {
    arguments: &'a [Argument],
    top: &'a Value,
    diagnostics: &'a mut Diagnostics,
}

impl Scope<'_> {
    fn check_all(mut self, arguments: &[Argument], value: &Value, base: &AttributePath) {
        self.check_level(arguments, value, base);
    }

    fn check_level(&mut self, arguments: &[Argument], value: &Value, base: &AttributePath) {
        for argument in arguments {
            let part = value.attribute(&argument.name);
            let path = base.attribute(argument.name.clone());
            if !part.is_null() && part.element_count() != Some(0) {
                self.check_deprecation(argument, &path);
            }
            self.check_relations(argument, &part, value, &path);
            match argument.block() {
                Some(block) => self.check_blocks(argument, block, &part, &path),
                None => self.check_values(argument, &part, &path),
            }
        }
    }

    fn check_deprecation(&mut self, argument: &Argument, path: &AttributePath) {
        if let Some(reason) = argument.deprecated.as_ref().filter(|reason| !reason.is_empty()) {
            let warning = Diagnostic::warning("Argument is deprecated", reason.as_str());
            self.diagnostics.push(warning.on_attribute(path.clone()));
        }
    }

    fn check_blocks(&mut self, argument: &Argument, block: &BlockShape, value: &Value, path: &AttributePath) {
        for (position, element) in value.as_sequence().into_iter().flatten().enumerate() {
            if !element.is_known() {
                continue;
            }
            let path = if block.is_set { path.clone() } else { path.position(position) };
            self.check_level(&block.arguments, element, &path);
        }
        // The engine counts required blocks; an optional block that is left out is no block too few.
        if argument.as_attribute || value.element_count().is_some_and(|count| count > 0) {
            self.check_count(argument, value, path);
        }
    }

    fn check_count(&mut self, argument: &Argument, value: &Value, path: &AttributePath) {
        let Some(count) = value.element_count().filter(|_| argument.is_configurable()) else { return };
        let problem = if count < argument.min_items {
            format!("must have at least {} elements, but has {count}", argument.min_items)
        } else if argument.max_items > 0 && count > argument.max_items {
            format!("must have at most {} elements, but has {count}", argument.max_items)
        } else {
            return;
        };
        self.complain(argument, &problem, path.clone());
    }

    fn check_values(&mut self, argument: &Argument, value: &Value, path: &AttributePath) {
        if value.is_null() || !value.is_known() {
            return;
        }
        self.check_count(argument, value, path);
        let elements = value.as_sequence();
        for check in &argument.checks {
            match elements {
                Some(elements) => {
                    for (position, element) in elements.iter().enumerate() {
                        let path = match value.unmarked() {
                            Value::List(_) => path.position(position),
                            _ => path.clone(),
                        };
                        self.check_value(argument, check, element, path);
                    }
                }
                None => self.check_value(argument, check, value, path.clone()),
            }
        }
    }

    fn check_value(&mut self, argument: &Argument, check: &Check, value: &Value, path: AttributePath) {
        if !value.is_null()
            && let Some(problem) = complaint(check, value)
        {
            self.complain(argument, &problem, path);
        }
    }

    fn complain(&mut self, argument: &Argument, problem: &str, path: AttributePath) {
        let subject = if path.steps().len() > 1 { path.to_string() } else { argument.name.to_string() };
        let subject = subject.trim_start_matches('.');
        let detail = if argument.sensitive {
            format!("The value of {subject} does not have the right form.")
        } else {
            let stop = if problem.ends_with('?') { "" } else { "." };
            format!("{subject} {problem}{stop}")
        };
        self.diagnostics.push(Diagnostic::error("Invalid value", detail).on_attribute(path));
    }

    fn check_relations(&mut self, argument: &Argument, value: &Value, around: &Value, path: &AttributePath) {
        for relation in &argument.relations {
            let others = |names: &[Str]| -> Vec<(Str, Presence)> {
                names.iter().map(|name| (name.clone(), self.presence_of(name, around))).collect()
            };
            let own = presence(value);
            let problem = match relation {
                Relation::ConflictsWith(names) if own == Presence::Set => others(names)
                    .into_iter()
                    .find(|(_, presence)| *presence == Presence::Set)
                    .map(|(other, _)| format!("{} cannot be set together with {other}.", argument.name)),
                Relation::RequiredWith(names) if own == Presence::Set => others(names)
                    .into_iter()
                    .find(|(_, presence)| *presence == Presence::Absent)
                    .map(|(other, _)| format!("{} needs {other} to be set as well.", argument.name)),
                Relation::ExactlyOneOf(names) => one_of_group(argument, own, &others(names), true),
                Relation::AtLeastOneOf(names) => one_of_group(argument, own, &others(names), false),
                _ => None,
            };
            if let Some(problem) = problem {
                let diagnostic = Diagnostic::error("Invalid combination of arguments", problem);
                self.diagnostics.push(diagnostic.on_attribute(path.clone()));
            }
        }
    }

    /// Looks an argument up by name beside the one at hand, or by a dotted path from the top through single
    /// blocks.
    fn presence_of(&self, name: &str, around: &Value) -> Presence {
        if !name.contains('.') && around.get(name).is_some() {
            return presence(&around.attribute(name));
        }
        let mut value = self.top.clone();
        for (depth, step) in name.split('.').enumerate() {
            if depth == 0 && !self.arguments.iter().any(|argument| argument.name == step) {
                return Presence::Absent;
            }
            if let Some(elements) = value.as_sequence() {
                let Some(first) = elements.first().cloned() else { return Presence::Absent };
                value = first;
            }
            value = value.attribute(step);
            if !value.is_known() {
                return Presence::Unknown;
            }
        }
        presence(&value)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Absent,
    Set,
    Unknown,
}

fn presence(value: &Value) -> Presence {
    if !value.is_known() {
        Presence::Unknown
    } else if value.is_null() || value.element_count() == Some(0) {
        Presence::Absent
    } else {
        Presence::Set
    }
}

/// Complains once per group: the member whose name comes first speaks.
fn one_of_group(
    argument: &Argument,
    own: Presence,
    others: &[(Str, Presence)],
    exactly: bool,
) -> Option<String> {
    let others: Vec<&(Str, Presence)> = others.iter().filter(|(name, _)| *name != argument.name).collect();
    if others.iter().any(|(name, _)| *name < argument.name) {
        return None;
    }
    let mut names: Vec<&str> = others.iter().map(|(name, _)| name.as_str()).collect();
    names.insert(0, &argument.name);
    let list = names.join(", ");
    let all = || others.iter().map(|(_, presence)| *presence).chain([own]);
    let set = all().filter(|presence| *presence == Presence::Set).count();
    if set == 0 && all().all(|presence| presence == Presence::Absent) {
        let quantity = if exactly { "Exactly" } else { "At least" };
        return Some(format!("{quantity} one of {list} must be set, but none is."));
    }
    (exactly && set > 1).then(|| format!("Exactly one of {list} must be set, but {set} are."))
}
