//! Stack files: which root modules belong together, and what they hand to each other.

use std::collections::BTreeMap;

use terrane_model::{Diagnostic, Diagnostics, Span, Str};

use super::decode::{attribute_expression, attribute_string, check_name, traversal_list};
use super::module::Expr;
use crate::syntax::tree::{StepKind, Traversal};
use crate::syntax::{BlockContent, ConfigBody};

/// A stack file.
#[derive(Debug, Clone, Default)]
pub struct StackFile {
    /// Local values, each behind those that it refers to.
    pub locals: Vec<(Str, Expr)>,
    /// The root modules, each behind those that it waits for.
    pub units: Vec<Unit>,
}

/// A `unit` block: a root module with a state of its own.
#[derive(Debug, Clone)]
pub struct Unit {
    /// The name.
    pub name: Str,
    /// The root module's directory, relative to the file.
    pub source: Str,
    /// The workspace that keeps its state; otherwise the one that is selected there.
    pub workspace: Option<Expr>,
    /// Files with values for its variables, relative to its directory.
    pub var_files: Option<Expr>,
    /// Values for its variables: an object.
    pub variables: Option<Expr>,
    /// What must be applied before, besides what `variables` refers to.
    pub depends_on: Vec<Traversal>,
    /// Which units it waits for, by their positions.
    pub waits_for: Vec<usize>,
    /// The block's header.
    pub span: Span,
}

impl StackFile {
    /// Reads a stack file.
    pub fn decode(body: &ConfigBody) -> (Self, Diagnostics) {
        let (content, mut diagnostics) = body.content(&body_schema!([], ["locals", "unit"["name"]]));
        let (mut locals, mut units): (Vec<(Str, Expr)>, Vec<Unit>) = (Vec::new(), Vec::new());
        for block in &content.blocks {
            if block.block_type.name == "unit" {
                let Some(unit) = decode_unit(block, &mut diagnostics) else { continue };
                if units.iter().any(|other| other.name == unit.name) {
                    let detail =
                        format!("There is another unit with the name {:?} in this file.", unit.name.as_str());
                    diagnostics.push(Diagnostic::error("Duplicate unit", detail).at(unit.span));
                    continue;
                }
                units.push(unit);
                continue;
            }
            let (attributes, problems) = block.body.just_attributes();
            diagnostics.extend(problems);
            for attribute in attributes.iter() {
                let name = attribute.name.name.clone();
                if locals.iter().any(|(other, _)| *other == name) {
                    let detail = format!("There is another local value with the name {:?}.", name.as_str());
                    let problem = Diagnostic::error("Duplicate local value definition", detail);
                    diagnostics.push(problem.at(attribute.name.span));
                    continue;
                }
                locals.push((name, attribute.expression.clone()));
            }
        }
        let file = in_order(locals, units, &mut diagnostics);
        (file, diagnostics)
    }
}

fn decode_unit(block: &BlockContent, diagnostics: &mut Diagnostics) -> Option<Unit> {
    let name = check_name(block, 0, "Invalid unit name", diagnostics)?;
    let schema = body_schema!(
        ["source": required, "workspace", "var_files", "variables", "depends_on"],
        []
    );
    let (content, problems) = block.body.content(&schema);
    diagnostics.extend(problems);
    let depends_on = content.attributes.get("depends_on").map(|list| traversal_list(list, diagnostics));
    Some(Unit {
        name,
        source: attribute_string(&content, "source", diagnostics)?,
        workspace: attribute_expression(&content, "workspace"),
        var_files: attribute_expression(&content, "var_files"),
        variables: attribute_expression(&content, "variables"),
        depends_on: depends_on.unwrap_or_default(),
        waits_for: Vec::new(),
        span: block.header,
    })
}

/// Returns the name behind `unit.` or `local.`.
pub fn named_by<'t>(traversal: &'t Traversal, root: &str) -> Option<&'t Str> {
    if traversal.root.name != root {
        return None;
    }
    match &traversal.steps.first()?.kind {
        StepKind::Attribute(name) | StepKind::StringKey(name) => Some(name),
        StepKind::NumberKey(_) => None,
    }
}

/// Puts everything behind what it refers to.
fn in_order(locals: Vec<(Str, Expr)>, units: Vec<Unit>, diagnostics: &mut Diagnostics) -> StackFile {
    let local_names: BTreeMap<&Str, usize> =
        locals.iter().enumerate().map(|(at, (name, _))| (name, at)).collect();
    let unit_names: BTreeMap<&Str, usize> =
        units.iter().enumerate().map(|(at, unit)| (&unit.name, at)).collect();
    let of_locals: Vec<Vec<usize>> =
        locals.iter().map(|(_, value)| mentioned(value, "local", &local_names)).collect();
    let local_order = order(&of_locals).unwrap_or_else(|cycle| {
        let names: Vec<&str> = cycle.iter().map(|at| locals[*at].0.as_str()).collect();
        let detail = format!("These local values refer to each other: {}.", names.join(", "));
        diagnostics.push(Diagnostic::error("Cycle of local values", detail).at(locals[cycle[0]].1.span));
        Vec::new()
    });
    // What a local value refers to is what its users refer to.
    let mut units_of_local: Vec<Vec<usize>> = vec![Vec::new(); locals.len()];
    for at in &local_order {
        let mut found = mentioned(&locals[*at].1, "unit", &unit_names);
        found.extend(of_locals[*at].iter().flat_map(|other| units_of_local[*other].clone()));
        found.sort_unstable();
        found.dedup();
        units_of_local[*at] = found;
    }
    let waits_for = |unit: &Unit| {
        let mut found = Vec::new();
        for expression in [&unit.workspace, &unit.var_files, &unit.variables].into_iter().flatten() {
            found.extend(mentioned(expression, "unit", &unit_names));
            let through = mentioned(expression, "local", &local_names);
            found.extend(through.into_iter().flat_map(|local| units_of_local[local].clone()));
        }
        let named = unit.depends_on.iter().filter_map(|traversal| named_by(traversal, "unit"));
        found.extend(named.filter_map(|name| unit_names.get(name)));
        found.sort_unstable();
        found.dedup();
        found
    };
    let dependencies: Vec<Vec<usize>> = units.iter().map(waits_for).collect();
    for unit in &units {
        for traversal in &unit.depends_on {
            if named_by(traversal, "unit").is_none_or(|name| !unit_names.contains_key(name)) {
                let detail = "A dependency is another unit of this file, such as unit.network.";
                diagnostics
                    .push(Diagnostic::error("Invalid depends_on reference", detail).at(traversal.span()));
            }
        }
    }
    let unit_order = order(&dependencies).unwrap_or_else(|cycle| {
        let names: Vec<&str> = cycle.iter().map(|at| units[*at].name.as_str()).collect();
        let detail = format!("These units wait for each other: {}.", names.join(", "));
        diagnostics.push(Diagnostic::error("Cycle of units", detail).at(units[cycle[0]].span));
        Vec::new()
    });
    let mut new_places = vec![0; units.len()];
    unit_order.iter().enumerate().for_each(|(new, old)| new_places[*old] = new);
    let sorted = unit_order.iter().map(|old| Unit {
        waits_for: dependencies[*old].iter().map(|other| new_places[*other]).collect(),
        ..units[*old].clone()
    });
    StackFile { locals: local_order.iter().map(|at| locals[*at].clone()).collect(), units: sorted.collect() }
}

fn mentioned(expression: &Expr, root: &str, known: &BTreeMap<&Str, usize>) -> Vec<usize> {
    let names = expression.variables().filter_map(|reference| named_by(reference.traversal, root).cloned());
    names.filter_map(|name| known.get(&name).copied()).collect()
}

/// Returns positions in an order in which each comes behind those that it depends on.
///
/// # Errors
/// With what is left in cycles or behind them.
fn order(dependencies: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); dependencies.len()];
    let mut waiting: Vec<usize> = dependencies.iter().map(Vec::len).collect();
    for (at, own) in dependencies.iter().enumerate() {
        own.iter().for_each(|other| dependents[*other].push(at));
    }
    let mut ready: std::collections::VecDeque<usize> =
        (0..waiting.len()).filter(|at| waiting[*at] == 0).collect();
    let mut sorted = Vec::with_capacity(waiting.len());
    while let Some(at) = ready.pop_front() {
        sorted.push(at);
        for dependent in &dependents[at] {
            waiting[*dependent] -= 1;
            if waiting[*dependent] == 0 {
                ready.push_back(*dependent);
            }
        }
    }
    let left: Vec<usize> = (0..waiting.len()).filter(|at| waiting[*at] > 0).collect();
    if left.is_empty() { Ok(sorted) } else { Err(left) }
}

#[cfg(test)]
mod tests {
    use terrane_model::SourceMap;

    use super::*;
    use crate::syntax::parse_file;

    fn read(text: &str) -> (Vec<String>, Vec<String>) {
        let file = SourceMap::new().add("terrane.stack.hcl", text);
        let (body, problems) = parse_file(file, text);
        assert!(!problems.has_errors());
        let (stack, problems) = StackFile::decode(&ConfigBody::from_native(body));
        let name = |at: &usize| stack.units[*at].name.to_string();
        let units = stack.units.iter().map(|unit| {
            let waits: Vec<String> = unit.waits_for.iter().map(name).collect();
            format!("{}<{}", unit.name, waits.join(","))
        });
        (units.collect(), problems.into_iter().map(|problem| problem.summary).collect())
    }

    #[test]
    fn units_come_behind_what_they_refer_to() {
        let (units, problems) = read(
            "locals {\n  b = local.a\n  a = unit.net.id\n}\n\
             unit \"top\" {\n  source = \"top\"\n  variables = { x = local.b }\n  depends_on = [unit.dns]\n}\n\
             unit \"net\" {\n  source = \"net\"\n}\nunit \"dns\" {\n  source = \"dns\"\n  variables = { y = unit[\"net\"].id }\n}\n",
        );
        assert_eq!(units, ["net<", "dns<net", "top<net,dns"]);
        assert!(problems.is_empty(), "{problems:?}");
    }

    #[test]
    fn cycles_doubles_and_unknown_units_are_errors() {
        let cases = [
            ("unit \"a\" {\n  source = \"a\"\n  variables = { x = unit.a.y }\n}\n", "Cycle of units"),
            ("locals {\n  a = local.b\n  b = local.a\n}\n", "Cycle of local values"),
            ("unit \"a\" {\n  source = \"a\"\n}\nunit \"a\" {\n  source = \"b\"\n}\n", "Duplicate unit"),
            ("unit \"a\" {\n  source = \"a\"\n  depends_on = [unit.b]\n}\n", "Invalid depends_on reference"),
            ("unit \"a\" {\n}\n", "Missing required argument"),
        ];
        for (text, summary) in cases {
            assert_eq!(read(text).1, [summary], "{text}");
        }
    }
}
