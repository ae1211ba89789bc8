//! What an `import` block's `to` names: a resource instance whose keys may be expressions.

use std::sync::Arc;

use terrane_model::{
    Diagnostic, Diagnostics, InstanceKey, ModuleInstance, ModuleStep, ResourceAddress,
    ResourceInstanceAddress, ResourceMode, Span, Str,
};

use super::module::Expr;
use crate::syntax::tree::{Expression, ExpressionKind, Step, StepKind};

/// The address that an `import` block gives its object to, relative to the block's module.
#[derive(Debug, Clone)]
pub struct ImportAddress {
    /// Calls on the way, with the keys of their instances.
    pub modules: Vec<(Str, Option<ImportKey>)>,
    /// The resource.
    pub resource: ResourceAddress,
    /// Which of its instances.
    pub key: Option<ImportKey>,
}

/// An instance key.
#[derive(Debug, Clone)]
pub enum ImportKey {
    /// Written out.
    Literal(InstanceKey),
    /// To be evaluated.
    Expression(Expr),
}

impl ImportAddress {
    /// Returns the address where no part of it has to be evaluated.
    pub fn as_static(&self) -> Option<ResourceInstanceAddress> {
        let mut steps = Vec::with_capacity(self.modules.len());
        for (name, key) in &self.modules {
            steps.push(ModuleStep { name: name.clone(), key: literal(key.as_ref())? });
        }
        Some(ResourceInstanceAddress {
            module: ModuleInstance::new(steps),
            resource: self.resource.clone(),
            key: literal(self.key.as_ref())?,
        })
    }

    /// Returns the keys that have to be evaluated.
    pub fn key_expressions(&self) -> impl Iterator<Item = &Expr> {
        let keys = self.modules.iter().map(|(_, key)| key).chain([&self.key]).flatten();
        keys.filter_map(|key| match key {
            ImportKey::Literal(_) => None,
            ImportKey::Expression(expression) => Some(expression),
        })
    }

    /// Reads an address; what has no meaning as one is reported. Only in a block that is repeated may keys be
    /// anything but written out.
    pub(super) fn parse(
        expression: &Expression,
        is_repeated: bool,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let mut parts = Vec::new();
        let written = match expression.as_written() {
            Ok(written) => written,
            Err(problems) => {
                diagnostics.extend(problems);
                return None;
            }
        };
        if let Err(problem) = flatten(&written, &mut parts) {
            diagnostics.push(problem);
            return None;
        }
        let mut rest = parts.into_iter().peekable();
        let mut modules = Vec::new();
        while rest.next_if(|part| part.name == "module" && part.key.is_none()).is_some() {
            let Some(part) = rest.next() else { break };
            modules.push((part.name, part.key));
        }
        let rest: Vec<Part> = rest.collect();
        if rest.is_empty() {
            let detail = "Only managed resources can be imported.";
            diagnostics.push(Diagnostic::error("Invalid import address", detail).at(expression.span));
            let detail = "A resource instance address is required here. The module path must be followed by a resource instance \
                          specification.";
            diagnostics.push(Diagnostic::error("Invalid address", detail).at(expression.span));
            return None;
        }
        match resource(rest, expression.span) {
            Ok((resource, key)) => {
                let address = Self { modules, resource, key };
                if !is_repeated && address.key_expressions().next().is_some() {
                    diagnostics.push(not_static(expression.span));
                    return None;
                }
                Some(address)
            }
            Err(problem) => {
                diagnostics.push(problem);
                None
            }
        }
    }
}

#[expect(clippy::option_option, reason = "no key, and a key that is not written out, are different things")]
fn literal(key: Option<&ImportKey>) -> Option<Option<InstanceKey>> {
    match key {
        None => Some(None),
        Some(ImportKey::Literal(key)) => Some(Some(key.clone())),
        Some(ImportKey::Expression(_)) => None,
    }
}

/// A name with the key behind it.
struct Part {
    name: Str,
    key: Option<ImportKey>,
    span: Span,
}

fn flatten(expression: &Expression, parts: &mut Vec<Part>) -> Result<(), Diagnostic> {
    match &expression.kind {
        ExpressionKind::Traversal(traversal) => {
            parts.push(Part { name: traversal.root.name.clone(), key: None, span: traversal.root.span });
            take_steps(&traversal.steps, parts)
        }
        ExpressionKind::RelativeTraversal { source, steps } => {
            flatten(source, parts)?;
            take_steps(steps, parts)
        }
        ExpressionKind::Index { collection, key, brackets } => {
            flatten(collection, parts)?;
            set_key(parts, ImportKey::Expression(Arc::new((**key).clone())), *brackets)
        }
        _ => Err(not_static(expression.span)),
    }
}

fn not_static(span: Span) -> Diagnostic {
    let detail = "A single static variable reference is required: only attribute access and indexing with constant keys. No \
                  calculations, function calls, template expressions, etc are allowed here.";
    Diagnostic::error("Invalid expression", detail).at(span)
}

fn take_steps(steps: &[Step], parts: &mut Vec<Part>) -> Result<(), Diagnostic> {
    for step in steps {
        match &step.kind {
            StepKind::Attribute(name) => parts.push(Part { name: name.clone(), key: None, span: step.span }),
            StepKind::StringKey(key) => {
                let key = ImportKey::Literal(InstanceKey::String(key.clone()));
                set_key(parts, key, step.span)?;
            }
            StepKind::NumberKey(number) => {
                let Ok(position) = number.parse() else {
                    let detail = "Resource instance key must be a whole number.";
                    return Err(Diagnostic::error("Invalid address", detail).at(step.span));
                };
                set_key(parts, ImportKey::Literal(InstanceKey::Int(position)), step.span)?;
            }
        }
    }
    Ok(())
}

fn set_key(parts: &mut [Part], key: ImportKey, span: Span) -> Result<(), Diagnostic> {
    match parts.last_mut() {
        Some(part) if part.key.is_none() => {
            part.key = Some(key);
            Ok(())
        }
        _ => {
            let detail = "A resource instance has a single key in square brackets.";
            Err(Diagnostic::error("Invalid address", detail).at(span))
        }
    }
}

fn resource(parts: Vec<Part>, span: Span) -> Result<(ResourceAddress, Option<ImportKey>), Diagnostic> {
    let invalid = |detail: &str, span: Span| Err(Diagnostic::error("Invalid address", detail).at(span));
    let mut names = parts.into_iter().peekable();
    match names.peek().map(|part| part.name.as_str()) {
        Some("data" | "ephemeral") => {
            let detail = "Only managed resources can be imported.";
            return Err(Diagnostic::error("Invalid import address", detail).at(span));
        }
        Some("resource") => drop(names.next()),
        _ => {}
    }
    let (Some(resource_type), Some(name)) = (names.next(), names.next()) else {
        return invalid("Resource specification must include a resource type and name.", span);
    };
    if resource_type.key.is_some() {
        return invalid("A resource name is required.", resource_type.span);
    }
    if let Some(extra) = names.next() {
        return invalid("Resource instance key must be given in square brackets.", extra.span);
    }
    let address =
        ResourceAddress { mode: ResourceMode::Managed, resource_type: resource_type.name, name: name.name };
    Ok((address, name.key))
}

#[cfg(test)]
mod tests {
    use terrane_model::SourceMap;

    use super::*;
    use crate::syntax::parse_expression;

    fn check(text: &str) -> String {
        check_in(text, true)
    }

    fn check_in(text: &str, is_repeated: bool) -> String {
        let mut sources = SourceMap::new();
        let file = sources.add("test", text);
        let (expression, problems) = parse_expression(text, file);
        assert!(!problems.has_errors(), "{text}");
        let mut diagnostics = Diagnostics::new();
        match ImportAddress::parse(&expression, is_repeated, &mut diagnostics) {
            Some(address) => {
                let keys = address.key_expressions().count();
                let fixed = address.as_static().map_or_else(|| "?".to_owned(), |fixed| fixed.to_string());
                format!("{fixed} {keys}")
            }
            None => diagnostics.into_iter().next().unwrap().detail,
        }
    }

    #[test]
    fn addresses_are_read_with_their_keys() {
        for (text, expected) in [
            ("a.b", "a.b 0"),
            ("resource.a.b", "a.b 0"),
            ("a.b[0]", "a.b[0] 0"),
            ("a.b[\"x y\"]", "a.b[\"x y\"] 0"),
            ("a.b[each.key]", "? 1"),
            ("a.b[\"${each.key}-x\"]", "? 1"),
            ("module.m.module.n[2].a.b", "module.m.module.n[2].a.b 0"),
            ("module.m[each.key].a.b[each.value.x]", "? 2"),
        ] {
            assert_eq!(check(text), expected, "{text}");
        }
    }

    #[test]
    fn other_expressions_are_refused() {
        for (text, expected) in [
            ("a", "Resource specification must include a resource type and name."),
            ("module.m", "Only managed resources can be imported."),
            ("data.a.b", "Only managed resources can be imported."),
            ("a.b.c", "Resource instance key must be given in square brackets."),
            ("a.b[0][1]", "A resource instance has a single key in square brackets."),
            ("a[0].b", "A resource name is required."),
        ] {
            assert_eq!(check(text), expected, "{text}");
        }
        assert!(
            check_in("a.b[each.key]", false).starts_with("A single static variable reference is required")
        );
        assert_eq!(check_in("a.b[1]", false), "a.b[1] 0");
        assert!(check("upper(\"a\")").starts_with("A single static variable reference is required"));
    }
}
