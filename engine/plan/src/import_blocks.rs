//! `import` blocks: which existing object a resource instance takes over.
//!
//! Which block belongs to which resource is known before any value is. Keys, ids and identities are evaluated once,
//! when their resource is planned.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use terrane_language::config::import_address::ImportKey;
use terrane_language::config::module::{Expr, Import, Repetition, duplicate_import};
use terrane_language::evaluate::{Evaluator, ModuleScope, RepetitionValues, expand};
use terrane_language::modules::{ModuleId, ModuleTree};
use terrane_model::convert::convert;
use terrane_model::{
    Diagnostic, Diagnostics, InstanceKey, ModuleInstance, ModuleStep, ResourceInstanceAddress, Span, Str,
    Type, Value,
};
use terrane_provider::{IdentitySchema, ImportTarget};

use crate::dependency_graph::NodeId;
use crate::plan::PlanMode;
use crate::planner::Planner;

/// An `import` block of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportBlock {
    /// The module that has the block.
    pub module: ModuleId,
    /// Its position among the module's.
    pub position: usize,
}

/// All `import` blocks of a configuration, by the resource that they give objects to.
#[derive(Debug, Default)]
pub struct ImportBlocks {
    by_resource: FxHashMap<(ModuleId, usize), Vec<ImportBlock>>,
    undeclared: Vec<ImportBlock>,
}

impl ImportBlocks {
    /// Finds the blocks of a configuration.
    pub fn find(tree: &ModuleTree) -> Self {
        let mut blocks = Self::default();
        for (module, node) in tree.nodes() {
            for (position, import) in node.module.imports.iter().enumerate() {
                let block = ImportBlock { module, position };
                match target(tree, module, import) {
                    Some(resource) => blocks.by_resource.entry(resource).or_default().push(block),
                    None => blocks.undeclared.push(block),
                }
            }
        }
        blocks
    }

    /// Returns the blocks that give objects to a resource.
    pub fn of(&self, module: ModuleId, resource: usize) -> &[ImportBlock] {
        self.by_resource.get(&(module, resource)).map_or(&[], Vec::as_slice)
    }

    /// Returns the blocks whose resource is not declared.
    pub fn undeclared(&self) -> &[ImportBlock] {
        &self.undeclared
    }
}

impl ImportBlock {
    /// Returns the block itself.
    pub fn get(self, tree: &ModuleTree) -> &Import {
        &tree.module(self.module).imports[self.position]
    }

    /// Calls `visit` with every expression of the block that is evaluated in its module.
    pub(crate) fn visit_expressions(self, tree: &ModuleTree, visit: &mut dyn FnMut(&Expr)) {
        let import = self.get(tree);
        let parts = import.id.iter().chain(&import.identity).chain(&import.if_exists).chain(&import.for_each);
        parts.for_each(&mut *visit);
        import.address.key_expressions().for_each(visit);
    }
}

fn target(tree: &ModuleTree, module: ModuleId, import: &Import) -> Option<(ModuleId, usize)> {
    let mut module = module;
    for (call, _) in &import.address.modules {
        let (position, _) = tree.module(module).module_call(call)?;
        module = tree.node(module).children[position]?;
    }
    let (position, _) = tree.module(module).resource(&import.address.resource)?;
    Some((module, position))
}

/// An object that a resource instance is to take over.
pub(crate) struct WantedImport {
    /// Which; nothing for the one that would be in the way of making it.
    pub(crate) target: Option<ImportTarget>,
    /// Whether there may be none.
    pub(crate) if_exists: bool,
    /// Whether the user asked for it on the command line.
    pub(crate) by_command: bool,
}

impl WantedImport {
    /// Makes a wish of the command line.
    pub(crate) fn by_command(target: ImportTarget) -> Self {
        Self { target: Some(target), if_exists: false, by_command: true }
    }
}

impl Planner {
    /// Evaluates the `import` blocks of a resource.
    pub(crate) fn find_imports(&mut self, id: NodeId, module: ModuleId, resource: usize) -> Vec<FoundImport> {
        let configuration = Arc::clone(&self.configuration);
        let blocks = configuration.imports.of(module, resource);
        // Blocks count where changes are planned, and where configuration is to be written for what they find.
        if blocks.is_empty() || self.options.mode != PlanMode::Normal && self.options.generating.is_empty() {
            return Vec::new();
        }
        let declared = configuration.tree.module(module);
        let declared_resource = &declared.resources[resource];
        let source = declared.provider_source(declared.provider_local_name(declared_resource));
        let type_name = &declared_resource.address.resource_type;
        let identity = self.providers.resource_schema(&source, type_name).and_then(|s| s.identity.clone());
        let mut found = Vec::new();
        let mut problems = Diagnostics::new();
        for block in blocks {
            for instance in self.evaluation.instances_of(block.module).to_vec() {
                let scope = |repetition: RepetitionValues| self.evaluation.scope(instance, repetition);
                let base = self.evaluation.address_of(instance);
                let import = block.get(&configuration.tree);
                found.extend(evaluate_import(import, base, identity.as_ref(), &scope, &mut problems));
            }
        }
        for import in &found {
            let (target, if_exists) = (import.target.clone(), import.if_exists);
            let wanted = WantedImport { target, if_exists, by_command: false };
            if self.imports.insert(import.address.clone(), wanted).is_some() {
                problems.push(duplicate_import(&import.address.to_string(), None).at(import.span));
            }
        }
        self.note(id, problems);
        found
    }

    /// Reports imports into instances that there are none of.
    pub(crate) fn check_imports(&mut self, id: NodeId, found: &[FoundImport]) {
        let missing = found.iter().filter(|import| !self.declared.contains(&import.address));
        let problems: Diagnostics = missing.map(|import| missing_instance(&import.address)).collect();
        self.note(id, problems);
    }

    /// Reports objects that the command line wants to be taken over where there is one already.
    pub(crate) fn check_requested_imports(&mut self) {
        for (address, _) in &self.options.imports {
            if self.state.object(address).is_some() {
                let detail = format!(
                    "Terraform is already managing a remote object for {address}. To import to this address you must first \
                     remove the existing object from the state."
                );
                self.diagnostics.push(Diagnostic::error("Resource already managed by Terraform", detail));
            }
        }
    }

    /// Reports imports whose resource or instance is not declared.
    pub(crate) fn check_undeclared_imports(&mut self) {
        for (address, _) in &self.options.imports {
            if !self.declared.contains(address) && !self.diagnostics.has_errors() {
                self.diagnostics.push(missing_instance(address));
            }
        }
        if self.options.mode != PlanMode::Normal {
            return;
        }
        let configuration = Arc::clone(&self.configuration);
        for block in configuration.imports.undeclared() {
            let import = block.get(&configuration.tree);
            let path = &configuration.tree.node(block.module).path;
            let address = describe(import);
            let address = if path.is_root() { address } else { format!("{path}.{address}") };
            let detail = format!(
                "The configuration for the given import target {address} does not exist. If you wish to automatically generate \
                 config for this resource, use the -generate-config-out option within terrane plan. Otherwise, make sure the \
                 target resource exists within your configuration. For example:\n\n  terrane plan \
                 -generate-config-out=generated.tf"
            );
            let problem = Diagnostic::error("Configuration for import target does not exist", detail);
            self.diagnostics.push(problem.at(import.to.span));
        }
    }
}

fn missing_instance(address: &ResourceInstanceAddress) -> Diagnostic {
    let detail = format!(
        "The configuration for the given import {address} does not exist. All target instances must have an associated \
         configuration to be imported."
    );
    Diagnostic::error("Configuration for import target does not exist", detail)
}

fn describe(import: &Import) -> String {
    let mut text = String::new();
    for (call, _) in &import.address.modules {
        text.push_str(&format!("module.{call}."));
    }
    match import.address.as_static() {
        Some(address) => address.to_string(),
        None => format!("{text}{}", import.address.resource),
    }
}

/// One object of an `import` block.
pub(crate) struct FoundImport {
    pub(crate) address: ResourceInstanceAddress,
    target: Option<ImportTarget>,
    if_exists: bool,
    span: Span,
}

/// Evaluates a block, once for every element that it is repeated over.
fn evaluate_import<'e>(
    import: &Import,
    base: &ModuleInstance,
    identity: Option<&IdentitySchema>,
    scope: &dyn Fn(RepetitionValues) -> ModuleScope<'e>,
    diagnostics: &mut Diagnostics,
) -> Vec<FoundImport> {
    let repetition = Repetition { for_each: import.for_each.clone(), ..Repetition::default() };
    let (expansion, problems) = expand(&repetition, &scope(RepetitionValues::None), "import");
    diagnostics.extend(problems);
    let mut found = Vec::new();
    for values in expansion.instances() {
        let scope = scope(values);
        let address = evaluate_address(import, base, &scope, diagnostics);
        let Some(if_exists) = evaluate_if_exists(import, &scope, diagnostics) else { continue };
        let target = match (&import.id, &import.identity) {
            (Some(id), _) => evaluate_id(id, &scope, false, diagnostics).map(ImportTarget::Id).map(Some),
            (None, Some(expression)) => evaluate_identity(expression, identity, &scope, diagnostics)
                .map(ImportTarget::Identity)
                .map(Some),
            (None, None) if if_exists => Some(None),
            (None, None) => {
                let detail = "An import block without \"id\" and \"identity\" takes over what is in the way of making the \
                              object, which is only possible with if_exists = true.";
                diagnostics.push(Diagnostic::error("Missing required argument", detail).at(import.span));
                None
            }
        };
        if let (Some(address), Some(target)) = (address, target) {
            found.push(FoundImport { address, target, if_exists, span: import.to.span });
        }
    }
    found
}

/// Evaluates whether there may be no object; nothing after an error.
fn evaluate_if_exists(
    import: &Import,
    scope: &ModuleScope<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<bool> {
    let Some(expression) = &import.if_exists else { return Some(false) };
    let value = evaluate_one(expression, scope, diagnostics)?;
    match convert(value.unmarked(), &Type::Bool).ok().as_ref().and_then(Value::as_bool) {
        Some(if_exists) => Some(if_exists),
        None => {
            let detail = "The argument must be true or false, and known when planning.";
            diagnostics
                .push(Diagnostic::error("Invalid import if_exists argument", detail).at(expression.span));
            None
        }
    }
}

fn evaluate_address(
    import: &Import,
    base: &ModuleInstance,
    scope: &ModuleScope<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<ResourceInstanceAddress> {
    let mut steps: Vec<ModuleStep> = base.steps().to_vec();
    for (name, key) in &import.address.modules {
        let key = evaluate_key(key.as_ref(), scope, diagnostics)?;
        steps.push(ModuleStep { name: name.clone(), key });
    }
    Some(ResourceInstanceAddress {
        module: ModuleInstance::new(steps),
        resource: import.address.resource.clone(),
        key: evaluate_key(import.address.key.as_ref(), scope, diagnostics)?,
    })
}

#[expect(clippy::option_option, reason = "an error and the absence of a key are different things")]
fn evaluate_key(
    key: Option<&ImportKey>,
    scope: &ModuleScope<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Option<InstanceKey>> {
    let expression = match key {
        None => return Some(None),
        Some(ImportKey::Literal(key)) => return Some(Some(key.clone())),
        Some(ImportKey::Expression(expression)) => expression,
    };
    let value = evaluate_one(expression, scope, diagnostics)?;
    let why = match value.unmarked() {
        _ if !value.deep_marks().is_empty() => "it is derived from a sensitive or ephemeral value",
        Value::String(key) => return Some(Some(InstanceKey::String(key.clone()))),
        Value::Number(number) => match number.to_i64() {
            Some(position) if number.is_whole() => return Some(Some(InstanceKey::Int(position))),
            _ => "it is not a whole number",
        },
        Value::Null(_) => "it is null",
        Value::Unknown(_) => "it depends on resource attributes that cannot be determined until apply",
        _ => "it is neither a string nor a number",
    };
    let detail = format!("The key of an import target's instance cannot be used: {why}.");
    diagnostics.push(Diagnostic::error("Invalid import \"to\" expression", detail).at(expression.span));
    None
}

/// Evaluates an id. While validating, what is not known yet is no error.
pub(crate) fn evaluate_id(
    expression: &Expr,
    scope: &ModuleScope<'_>,
    may_be_unknown: bool,
    diagnostics: &mut Diagnostics,
) -> Option<Str> {
    const SUMMARY: &str = "Invalid import id argument";
    let marked = evaluate_one(expression, scope, diagnostics)?;
    let marks = marked.deep_marks();
    let (value, _) = marked.unmark_deep();
    let mut refuse = |summary: &str, detail: String| {
        diagnostics.push(Diagnostic::error(summary, detail).at(expression.span));
        None
    };
    if value.is_null() {
        return refuse(SUMMARY, "The import ID cannot be null.".to_owned());
    }
    if marks.is_ephemeral() {
        return refuse(SUMMARY, "The import ID cannot be ephemeral.".to_owned());
    }
    if marks.is_sensitive() {
        return refuse(SUMMARY, "The import ID cannot be sensitive.".to_owned());
    }
    match convert(&value, &Type::String) {
        Ok(Value::String(id)) if id.is_empty() => {
            let detail =
                "The import ID value evaluates to an empty string, please provide a non-empty value.";
            refuse(SUMMARY, detail.to_owned())
        }
        Ok(Value::String(id)) => Some(id),
        Ok(_) if may_be_unknown => None,
        Ok(_) => {
            let detail = "The import block \"id\" argument depends on resource attributes that cannot be determined until \
                          apply, so Terraform cannot plan to import this resource.";
            refuse(SUMMARY, detail.to_owned())
        }
        Err(error) => refuse("Incorrect value type", format!("Invalid expression value: {error}.")),
    }
}

fn evaluate_identity(
    expression: &Expr,
    schema: Option<&IdentitySchema>,
    scope: &ModuleScope<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    let marked = evaluate_one(expression, scope, diagnostics)?;
    let marks = marked.deep_marks();
    let (value, _) = marked.unmark_deep();
    let why = match schema {
        None => "the provider has no identity for this resource type; use \"id\" instead".to_owned(),
        Some(_) if !marks.is_empty() => "it is derived from a sensitive or ephemeral value".to_owned(),
        Some(_) if !value.is_wholly_known() => {
            "it depends on resource attributes that cannot be determined until apply".to_owned()
        }
        Some(schema) => match conform(&value, schema) {
            Ok(identity) => return Some(identity),
            Err(why) => why,
        },
    };
    let detail = format!("The given \"identity\" cannot be used for the import: {why}.");
    diagnostics.push(Diagnostic::error("Invalid import identity argument", detail).at(expression.span));
    None
}

/// Gives an identity the shape that its schema asks for.
fn conform(value: &Value, schema: &IdentitySchema) -> Result<Value, String> {
    let Some(entries) = value.as_entries() else { return Err("an object is required".to_owned()) };
    if let Some((name, _)) = entries.iter().find(|(name, _)| !schema.attributes.contains_key(name)) {
        return Err(format!("the identity has no attribute {:?}", name.as_str()));
    }
    let mut attributes = Vec::with_capacity(schema.attributes.len());
    for (name, attribute) in &schema.attributes {
        let given = value.get(name).filter(|given| !given.is_null());
        let given = match given {
            Some(given) => convert(given, &attribute.ty)
                .map_err(|error| format!("attribute {:?}: {error}", name.as_str()))?,
            None if attribute.required_for_import => {
                return Err(format!("attribute {:?} is required", name.as_str()));
            }
            None => Value::Null(attribute.ty.clone()),
        };
        attributes.push((name.clone(), given));
    }
    Ok(Value::object(attributes))
}

fn evaluate_one(expression: &Expr, scope: &ModuleScope<'_>, diagnostics: &mut Diagnostics) -> Option<Value> {
    let mut evaluator = Evaluator::new(scope);
    let value = evaluator.evaluate(expression);
    let failed = evaluator.diagnostics.has_errors();
    diagnostics.extend(evaluator.diagnostics);
    (!failed).then_some(value)
}
