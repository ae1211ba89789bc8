//! The configuration of a run: the module under test with the providers, mocks and overrides of the test.

use std::sync::Arc;

use terrane_language::config::module::{ProviderBlock, ProviderReference};
use terrane_language::config::test_file::{MockProvider as MockBlock, Override, OverrideKind, Run, TestFile};
use terrane_language::config::version_constraint::VersionConstraints;
use terrane_language::evaluate::{Scope, evaluate};
use terrane_language::modules::{ModuleNode, ModuleTree};
use terrane_language::syntax::{ConfigBody, parse_file};
use terrane_model::{
    Diagnostic, Diagnostics, ModulePath, ResourceInstanceAddress, ResourceMode, SourceMap, Span, Str, Target,
    Value,
};
use terrane_plan::{ProviderPool, Substitutes};

use super::mock_provider::{MockData, MockProvider, MockTypes};

/// Returns the modules of a run: the root module with the providers of the test, and pretended modules.
pub(super) fn modules_of_run(
    tree: &ModuleTree,
    file: &TestFile,
    run: &Run,
    overrides: &[EvaluatedOverride],
) -> ModuleTree {
    let root = Arc::new(tree.root().with_provider_blocks(provider_blocks(tree, file, run)));
    let replace = |node: &ModuleNode| {
        if node.path.is_root() {
            return Some(Arc::clone(&root));
        }
        let pretended = overrides.iter().rev().find(|candidate| match &candidate.subject {
            OverrideSubject::Module(path) => *path == node.path,
            OverrideSubject::Object(_) => false,
        })?;
        let outputs = pretended.values.as_entries().unwrap_or_default();
        Some(Arc::new(node.module.pretended(outputs, pretended.span)))
    };
    tree.with_modules(&replace)
}

/// Replaces provider blocks of the root module by those of the test, and adds the test's.
fn provider_blocks(tree: &ModuleTree, file: &TestFile, run: &Run) -> Vec<ProviderBlock> {
    let mut blocks = tree.root().provider_blocks.clone();
    for (inner, outer) in handed_in(file, run) {
        let given =
            file.providers.iter().find(|block| is_named(&block.local_name, block.alias.as_ref(), &outer));
        let mock = file.mocks.iter().find(|mock| is_named(&mock.local_name, mock.alias.as_ref(), &outer));
        let body = match (given, mock) {
            (Some(block), _) => block.body.clone(),
            (None, Some(mock)) => ConfigBody::from_native(parse_file(mock.span.file, "").0),
            (None, None) => continue,
        };
        let span = given.map_or_else(|| mock.map_or(inner.span, |mock| mock.span), |block| block.span);
        blocks.retain(|block| !is_named(&block.local_name, block.alias.as_ref(), &inner));
        blocks.push(ProviderBlock {
            local_name: inner.local_name.clone(),
            alias: inner.alias.clone(),
            for_each: None,
            version: VersionConstraints::default(),
            body,
            span,
        });
    }
    blocks
}

/// Returns which configuration of the test stands for which of the module: those that the run hands in, or all.
fn handed_in(file: &TestFile, run: &Run) -> Vec<(ProviderReference, ProviderReference)> {
    if !run.providers.is_empty() {
        return run.providers.clone();
    }
    let names = file.providers.iter().map(|block| (&block.local_name, &block.alias, block.span));
    let mocks = file.mocks.iter().map(|mock| (&mock.local_name, &mock.alias, mock.span));
    let all = names.chain(mocks).map(|(local_name, alias, span)| {
        let reference =
            ProviderReference { local_name: local_name.clone(), alias: alias.clone(), key: None, span };
        (reference.clone(), reference)
    });
    all.collect()
}

fn is_named(local_name: &Str, alias: Option<&Str>, reference: &ProviderReference) -> bool {
    *local_name == reference.local_name && alias == reference.alias.as_ref()
}

/// An override with its values.
pub(super) struct EvaluatedOverride {
    subject: OverrideSubject,
    kind: OverrideKind,
    values: Value,
    during_plan: bool,
    span: Span,
}

enum OverrideSubject {
    Module(ModulePath),
    Object(ResourceInstanceAddress),
}

/// Evaluates the overrides of a run; of several about the same object, the last one counts.
pub(super) fn evaluate_overrides(
    file: &TestFile,
    run: &Run,
    scope: &dyn Scope,
    sources: &SourceMap,
    diagnostics: &mut Diagnostics,
) -> Vec<EvaluatedOverride> {
    let of_mocks = file.mocks.iter().flat_map(|mock| &mock.overrides);
    let all = of_mocks.chain(&file.overrides).chain(&run.overrides);
    all.filter_map(|declared| evaluate_override(declared, scope, sources, diagnostics)).collect()
}

fn evaluate_override(
    declared: &Override,
    scope: &dyn Scope,
    sources: &SourceMap,
    diagnostics: &mut Diagnostics,
) -> Option<EvaluatedOverride> {
    let span = declared.target.span();
    let target = Target::parse(sources.text(span).trim_matches('"'));
    let subject = match (declared.kind, target) {
        (OverrideKind::Module, Ok(Target::Module(module))) => OverrideSubject::Module(module.path()),
        (OverrideKind::Resource, Ok(Target::Resource(address)))
            if address.resource.mode == ResourceMode::Managed =>
        {
            OverrideSubject::Object(address)
        }
        (OverrideKind::Data, Ok(Target::Resource(address)))
            if address.resource.mode == ResourceMode::Data =>
        {
            OverrideSubject::Object(address)
        }
        (kind, _) => {
            let wanted = match kind {
                OverrideKind::Module => "module calls",
                OverrideKind::Resource => "managed resources",
                OverrideKind::Data => "data resources",
            };
            let detail = format!("This block can only target {wanted}.");
            diagnostics.push(Diagnostic::error("Invalid override target", detail).at(span));
            return None;
        }
    };
    let values = object_value(declared.values.as_deref(), scope, diagnostics)?;
    let during_plan = declared.during_plan.unwrap_or(false);
    Some(EvaluatedOverride { subject, kind: declared.kind, values, during_plan, span: declared.span })
}

/// Evaluates an expression that should be an object; an absent one is empty.
fn object_value(
    expression: Option<&terrane_language::syntax::tree::Expression>,
    scope: &dyn Scope,
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    let Some(expression) = expression else { return Some(Value::empty_object()) };
    let (value, problems) = evaluate(expression, scope);
    let failed = problems.has_errors();
    diagnostics.extend(problems);
    if failed {
        return None;
    }
    if value.as_entries().is_none() {
        let detail = "The values of an override or mock must be given as an object.";
        diagnostics.push(Diagnostic::error("Invalid values", detail).at(expression.span));
        return None;
    }
    Some(value.unmark_deep().0)
}

/// Makes the providers that stand in for others in a run. The pool must have the schemas.
pub(super) fn substitutes(
    tree: &ModuleTree,
    file: &TestFile,
    run: &Run,
    overrides: &[EvaluatedOverride],
    pool: &ProviderPool,
    scope: &dyn Scope,
    diagnostics: &mut Diagnostics,
) -> Substitutes {
    let mut substitutes = Substitutes::default();
    for (inner, outer) in handed_in(file, run) {
        let Some(mock) =
            file.mocks.iter().find(|mock| is_named(&mock.local_name, mock.alias.as_ref(), &outer))
        else {
            continue;
        };
        let source = tree.root().provider_source(&inner.local_name);
        let types = mock_types(mock, scope, diagnostics);
        if let (Some(real), Some(schemas)) = (pool.bare(&source), pool.schemas(&source)) {
            let provider = MockProvider::new(Arc::clone(real), Arc::clone(schemas), types);
            substitutes.insert_configuration(source, inner.alias.clone(), Arc::new(provider));
        }
    }
    for pretended in overrides {
        let OverrideSubject::Object(address) = &pretended.subject else { continue };
        // A module that is pretended as a whole has no objects to be pretended.
        let path = address.module.path();
        let is_inside = |other: &EvaluatedOverride| match &other.subject {
            OverrideSubject::Module(module) => path.calls().starts_with(module.calls()),
            OverrideSubject::Object(_) => false,
        };
        if overrides.iter().any(is_inside) {
            continue;
        }
        add_object(&mut substitutes, tree, pretended, address, pool, diagnostics);
    }
    substitutes
}

fn add_object(
    substitutes: &mut Substitutes,
    tree: &ModuleTree,
    pretended: &EvaluatedOverride,
    address: &ResourceInstanceAddress,
    pool: &ProviderPool,
    diagnostics: &mut Diagnostics,
) {
    let declared = tree.find(&address.module.path()).and_then(|id| {
        let module = tree.module(id);
        let (_, resource) = module.resource(&address.resource)?;
        Some(module.provider_source(module.provider_local_name(resource)))
    });
    let Some(source) = declared else {
        let detail = format!("The configuration has no {address}, so that nothing is overridden.");
        diagnostics.push(Diagnostic::warning("Invalid override target", detail).at(pretended.span));
        return;
    };
    let (Some(real), Some(schemas)) = (pool.bare(&source), pool.schemas(&source)) else { return };
    let mut types = MockTypes::default();
    let data = MockData { values: pretended.values.clone(), during_plan: pretended.during_plan };
    let type_name = address.resource.resource_type.clone();
    match pretended.kind {
        OverrideKind::Data => types.data_sources.insert(type_name, data),
        _ => types.resources.insert(type_name, data),
    };
    let provider = MockProvider::new(Arc::clone(real), Arc::clone(schemas), types);
    let target = Target::Resource(address.clone());
    substitutes.insert_object(address.resource.clone(), target, Arc::new(provider));
}

fn mock_types(mock: &MockBlock, scope: &dyn Scope, diagnostics: &mut Diagnostics) -> MockTypes {
    let mut types = MockTypes { during_plan: mock.during_plan, ..MockTypes::default() };
    for declared in &mock.types {
        let Some(values) = object_value(declared.defaults.as_deref(), scope, diagnostics) else { continue };
        let during_plan = declared.during_plan.unwrap_or(mock.during_plan);
        let data = MockData { values, during_plan };
        let by_type = if declared.is_data { &mut types.data_sources } else { &mut types.resources };
        by_type.insert(declared.type_name.clone(), data);
    }
    types
}
