//! What can be said about a configuration before any value is known.
//!
//! Every declaration of every module call is evaluated once, with unknown values of the right types in the places
//! of variables and resources, so that whatever is wrong for all values is found.

use std::sync::Arc;

use rustc_hash::FxHashSet;
use terrane_language::config::action::CALLER;
use terrane_language::config::module::{IgnoreChanges, ModuleCall, Repetition, Resource};
use terrane_language::config::{Declaration, Module, Subject, parse_reference};
use terrane_language::evaluate::module_scope::{
    undeclared_local, undeclared_resource_in, undeclared_variable,
};
use terrane_language::evaluate::{
    Evaluation, Evaluator, GivenValues, ModuleInstanceId, RepetitionValues, RuleKind, Scope, Surroundings,
    decode_block, evaluate_rule, locate,
};
use terrane_language::modules::ModuleId;
use terrane_language::syntax::suggest::suggestion;
use terrane_language::syntax::tree::{StepKind, Traversal};
use terrane_language::syntax::{AttributeSchema, BodySchema};
use terrane_model::{Block, Diagnostic, Diagnostics, Marks, ResourceAddress, ResourceMode, Span, Value};
use terrane_provider::ValidateRequest;

use crate::dependency_graph::NodeKind;
use crate::import_blocks::evaluate_id;
use crate::plan_resource::unknown_type_error;
use crate::prepared::PreparedConfiguration;
use crate::provider_pool::ProviderPool;

/// Validates a configuration. Providers must be loaded; `surroundings` must say that this is a validation.
pub async fn validate(
    configuration: &PreparedConfiguration,
    providers: &ProviderPool,
    surroundings: Surroundings,
) -> Diagnostics {
    let evaluation = Evaluation::new(Arc::clone(&configuration.tree), surroundings);
    let mut validator = Validator { configuration, providers, evaluation, diagnostics: Diagnostics::new() };
    for (id, node) in configuration.tree.nodes() {
        if let Some((caller, call)) = node.caller {
            validator.check_arguments(caller, call, id);
        }
    }
    for id in &configuration.order {
        let node = configuration.graph.node(*id);
        if let NodeKind::Declaration(declaration) = node.kind {
            validator.declaration(node.module, declaration).await;
        }
    }
    without_doubles(validator.diagnostics)
}

/// What is found by looking at references is often found again by evaluating them.
fn without_doubles(diagnostics: Diagnostics) -> Diagnostics {
    let mut seen = std::collections::HashSet::new();
    let is_new = |diagnostic: &Diagnostic| {
        seen.insert((diagnostic.summary.clone(), diagnostic.detail.clone(), diagnostic.subject))
    };
    diagnostics.into_iter().filter(is_new).collect()
}

pub(crate) struct Validator<'a> {
    pub(crate) configuration: &'a PreparedConfiguration,
    pub(crate) providers: &'a ProviderPool,
    pub(crate) evaluation: Evaluation,
    pub(crate) diagnostics: Diagnostics,
}

impl Validator<'_> {
    fn module(&self, id: ModuleId) -> Arc<Module> {
        Arc::clone(self.configuration.tree.module(id))
    }

    /// Checks that a module call sets the variables of its module and no others.
    fn check_arguments(&mut self, caller: ModuleId, call: usize, called: ModuleId) {
        let caller_module = self.module(caller);
        let module_call: &ModuleCall = &caller_module.module_calls[call];
        let called_module = self.module(called);
        let attributes: Vec<AttributeSchema<'_>> = called_module
            .variables
            .iter()
            .map(|variable| AttributeSchema { name: &variable.name, required: variable.is_required() })
            .collect();
        let (content, problems) =
            module_call.body.content(&BodySchema { attributes: &attributes, blocks: &[] });
        self.diagnostics.extend(problems);
        for variable in &called_module.variables {
            let argument = content.attributes.get(&variable.name);
            if let (Some(why), Some(argument)) = (&variable.deprecated, argument) {
                let warning = Diagnostic::warning("Deprecated variable got a value", why.to_string());
                self.diagnostics.push(warning.at(argument.span));
            }
        }
    }

    async fn declaration(&mut self, module: ModuleId, declaration: Declaration) {
        let Some(instance) = self.evaluation.instances_of(module).first().copied() else { return };
        let declared = self.module(module);
        // References that cannot be right are reported once, instead of by everything that uses the value.
        let problems = self.check_references(module, &declared, declaration);
        let failed = problems.has_errors();
        self.diagnostics.extend(problems);
        if failed {
            return;
        }
        match declaration {
            Declaration::Variable(position) => self.variable(module, instance, position),
            Declaration::VariableValidation(position) => {
                for rule in &declared.variables[position].validations {
                    let scope = self.evaluation.scope(instance, RepetitionValues::None);
                    let (_, problems) = evaluate_rule(rule, RuleKind::VariableValidation, &scope);
                    // Whether a default fulfils its own conditions is for the plan to say.
                    let problems = problems.into_iter().filter(|d| d.summary != "Invalid value for variable");
                    self.diagnostics.extend(problems);
                }
            }
            Declaration::Local(position) => {
                let problems = self.evaluation.evaluate_local(instance, position);
                self.diagnostics.extend(problems);
            }
            Declaration::Output(position) => self.output(instance, &declared, position),
            Declaration::Call(position) => {
                let problems = self.evaluation.expand_call(instance, position);
                self.diagnostics.extend(problems);
            }
            Declaration::Check(position) => {
                for rule in &declared.checks[position].assertions {
                    let scope = self.evaluation.scope(instance, RepetitionValues::None);
                    let (_, problems) = evaluate_rule(rule, RuleKind::Assertion, &scope);
                    self.diagnostics.extend(problems);
                }
            }
            Declaration::Provider(position) => self.provider(instance, &declared, position).await,
            Declaration::Resource(position) => self.resource(module, instance, &declared, position).await,
            Declaration::Action(position) => self.action(instance, &declared, position).await,
        }
    }

    fn variable(&mut self, module: ModuleId, instance: ModuleInstanceId, position: usize) {
        let variable = &self.module(module).variables[position];
        if module != ModuleId::ROOT {
            let sources = Arc::clone(&self.configuration.sources);
            let problems =
                self.evaluation.evaluate_variable(instance, position, &GivenValues::new(), &sources);
            self.diagnostics.extend(problems);
        }
        // What is valid is so for every value, whatever is given or the default.
        let mut marks = Marks::NONE;
        if variable.sensitive {
            marks |= Marks::SENSITIVE;
        }
        if variable.ephemeral {
            marks |= Marks::EPHEMERAL;
        }
        let value = Value::unknown(variable.ty().without_optional()).with_marks(marks);
        self.evaluation.set_variable(instance, position, value);
    }

    fn output(&mut self, instance: ModuleInstanceId, module: &Module, position: usize) {
        let output = &module.outputs[position];
        if output.ephemeral && self.evaluation.parent_of(instance).is_none() {
            let detail = "Ephemeral outputs are not allowed in context of a root module";
            self.diagnostics.push(Diagnostic::error("Ephemeral output not allowed", detail).at(output.span));
            return;
        }
        for rule in &output.preconditions {
            let scope = self.evaluation.scope(instance, RepetitionValues::None);
            let (_, problems) = evaluate_rule(rule, RuleKind::OutputPrecondition, &scope);
            let problems =
                problems.into_iter().filter(|d| d.summary != "Module output value precondition failed");
            self.diagnostics.extend(problems);
        }
        let problems = self.depends_on(instance, &output.depends_on);
        self.diagnostics.extend(problems);
        let problems = self.evaluation.evaluate_output(instance, position);
        self.diagnostics.extend(problems);
    }

    async fn provider(&mut self, instance: ModuleInstanceId, module: &Module, position: usize) {
        let block = &module.provider_blocks[position];
        let source = module.provider_source(&block.local_name);
        let id = self.evaluation.module_of(instance);
        let is_used =
            self.configuration.provider_configs.of_block(id, position).is_some_and(|(_, config)| config.used);
        // What nothing uses is not configured, so that it does not matter what its block says.
        if !is_used || self.providers.substitute(&source, block.alias.as_ref()).is_some() {
            return;
        }
        let Some(schema) = self.providers.provider_schema(&source) else { return };
        let repetition = Repetition { for_each: block.for_each.clone(), ..Repetition::default() };
        let scope = self.evaluation.scope(instance, RepetitionValues::unknown(&repetition));
        let mut evaluator = Evaluator::new(&scope);
        let value = decode_block(&mut evaluator, &block.body, schema);
        let problems = evaluator.diagnostics;
        let failed = problems.has_errors();
        self.diagnostics.extend(problems);
        let Some(provider) = self.providers.bare(&source).filter(|_| !failed) else { return };
        let problems = provider.validate_provider_config(value.unmark_deep().0).await;
        let placed = problems.into_iter().map(|problem| {
            let span = problem.attribute.as_ref().and_then(|path| locate(&block.body, path));
            problem.at(span.unwrap_or(block.span))
        });
        self.diagnostics.extend(placed);
    }

    async fn resource(
        &mut self,
        module_id: ModuleId,
        instance: ModuleInstanceId,
        module: &Module,
        position: usize,
    ) {
        let resource = &module.resources[position];
        let address = &resource.address;
        let source = module.provider_source(module.provider_local_name(resource));
        let Some(schema) = self.providers.block_schema(&source, address.mode, &address.resource_type) else {
            if let Some(schemas) = self.providers.schemas(&source) {
                let note = self.providers.note(&source);
                self.diagnostics.push(unknown_type(resource, &source, schemas, note));
            }
            self.evaluation.set_resource(instance, position, Value::dynamic());
            return;
        };
        let scope = self.evaluation.scope(instance, RepetitionValues::None);
        let mut problems =
            terrane_language::evaluate::repetition::check(&resource.repetition, &scope, "resource");
        let repetition = RepetitionValues::unknown(&resource.repetition);
        let scope = self.evaluation.scope(instance, repetition.clone());
        let mut evaluator = Evaluator::new(&scope);
        let config = decode_block(&mut evaluator, &resource.body, &schema.block);
        let is_decoded = !evaluator.diagnostics.has_errors();
        problems.extend(evaluator.diagnostics);
        let found = check_ignore_changes(resource, &schema.block);
        let failed = problems.has_errors() || found.has_errors();
        problems.extend(found.into_iter().filter(|problem| !failed || problem.is_error()));
        if is_decoded {
            problems.extend(read_only_attributes(resource, &schema.block, &config));
            problems.extend(ephemeral_values(resource, &schema.block, &config));
        }
        problems.extend(self.depends_on(instance, &resource.depends_on));
        problems.extend(self.imports(module_id, position));
        problems.extend(self.provisioners(instance, resource, &schema.block, &repetition).await);
        let schema_block = &schema.block;
        problems.extend(self.action_triggers(module_id, instance, resource, schema_block, &repetition));
        for (rules, kind) in [
            (&resource.lifecycle.preconditions, RuleKind::ResourcePrecondition),
            (&resource.lifecycle.postconditions, RuleKind::ResourcePostcondition),
        ] {
            for rule in rules {
                let own = Value::unknown(schema.block.implied_type().clone());
                let scope = self.evaluation.scope(instance, repetition.clone());
                let scope =
                    if kind == RuleKind::ResourcePostcondition { scope.with_self(own) } else { scope };
                let (_, found) = evaluate_rule(rule, kind, &scope);
                problems.extend(found.into_iter().filter(|d| !d.summary.ends_with("condition failed")));
            }
        }
        let failed = problems.has_errors();
        self.diagnostics.extend(problems);
        if let Some(provider) = self.providers.bare(&source).filter(|_| !failed) {
            let request =
                ValidateRequest { type_name: address.resource_type.clone(), config: config.unmark_deep().0 };
            let problems = match address.mode {
                ResourceMode::Managed => provider.validate_resource_config(request).await,
                ResourceMode::Data => provider.validate_data_config(request).await,
                ResourceMode::Ephemeral => provider.validate_ephemeral_config(request).await,
            };
            let full_address = address.to_string();
            let placed = problems.into_iter().map(|problem| {
                let span = problem.attribute.as_ref().and_then(|path| locate(&resource.body, path));
                problem.at(span.unwrap_or(resource.span)).about(&full_address)
            });
            self.diagnostics.extend(placed);
        }
        let mut value = if resource.repetition.is_keyed() {
            Value::dynamic()
        } else {
            Value::unknown(schema.block.implied_type().clone())
        };
        if address.mode == ResourceMode::Ephemeral {
            value = value.with_marks(Marks::EPHEMERAL);
        }
        self.evaluation.set_resource(instance, position, value);
    }

    /// Checks that what must be done before is something whole.
    fn depends_on(&self, instance: ModuleInstanceId, traversals: &[Traversal]) -> Diagnostics {
        let mut problems = Diagnostics::new();
        let scope = self.evaluation.scope(instance, RepetitionValues::None);
        for traversal in traversals {
            let Ok(reference) = parse_reference(traversal) else { continue };
            let mut rest = &traversal.steps[reference.subject_steps..];
            let may_be_keyed = matches!(reference.subject, Subject::Resource { .. } | Subject::Module { .. });
            if may_be_keyed && rest.first().is_some_and(|step| !matches!(step.kind, StepKind::Attribute(_))) {
                rest = &rest[1..];
            }
            if matches!(reference.subject, Subject::Module { output: Some(_), .. }) {
                rest = rest.get(1..).unwrap_or_default();
            }
            if !rest.is_empty() {
                let detail = "References in depends_on must be to a whole object (resource, etc), not to an attribute of an \
                              object.";
                let whole = traversal
                    .steps
                    .last()
                    .map_or(traversal.root.span, |last| traversal.root.span.to(last.span));
                problems.push(Diagnostic::error("Invalid depends_on reference", detail).at(whole));
                continue;
            }
            problems.extend(scope.resolve(traversal).diagnostics);
        }
        problems
    }

    /// Checks what is run on a resource's objects.
    async fn provisioners(
        &self,
        instance: ModuleInstanceId,
        resource: &Resource,
        schema: &Block,
        repetition: &RepetitionValues,
    ) -> Diagnostics {
        let mut problems = Diagnostics::new();
        for block in &resource.provisioners {
            let Some(provisioner) = self.providers.provisioner(&block.provisioner_type) else {
                problems.push(unknown_provisioner(&block.provisioner_type).at(block.span));
                continue;
            };
            let own = Value::unknown(schema.implied_type().clone());
            let scope = self.evaluation.scope(instance, repetition.clone()).with_self(own);
            let mut evaluator = Evaluator::new(&scope);
            let config = decode_block(&mut evaluator, &block.body, &provisioner.schema());
            let connection = match (&resource.connection, &block.connection) {
                (Some(base), Some(own)) => Some(base.clone().overridden_by(own.clone())),
                (base, own) => own.as_ref().or(base.as_ref()).cloned(),
            };
            if let Some(connection) = connection {
                decode_block(&mut evaluator, &connection, &provisioner.connection_schema());
            }
            let failed = evaluator.diagnostics.has_errors();
            problems.extend(evaluator.diagnostics);
            if !failed {
                let found = provisioner.validate(config.unmark_deep().0).await;
                problems.extend(found.into_iter().map(|problem| problem.at(block.span)));
            }
        }
        problems
    }

    /// Checks the ids of a resource's `import` blocks as far as they are known.
    fn imports(&self, module: ModuleId, position: usize) -> Diagnostics {
        let mut problems = Diagnostics::new();
        for block in self.configuration.imports.of(module, position) {
            let import = block.get(&self.configuration.tree);
            let instance = self.evaluation.instances_of(block.module).first().copied();
            let Some((instance, id)) = instance.zip(import.id.as_ref()) else { continue };
            let repetition = Repetition { for_each: import.for_each.clone(), ..Repetition::default() };
            let scope = self.evaluation.scope(instance, RepetitionValues::unknown(&repetition));
            evaluate_id(id, &scope, true, &mut problems);
        }
        problems
    }

    fn check_references(&self, module: ModuleId, declared: &Module, declaration: Declaration) -> Diagnostics {
        let mut problems = Diagnostics::new();
        let mut seen: FxHashSet<Span> = FxHashSet::default();
        declared.visit_references(declaration, &mut |reference| {
            // Only an action's own configuration can use it; elsewhere it is a word like any other.
            let is_caller =
                matches!(declaration, Declaration::Action(_)) && reference.traversal.root.name == CALLER;
            if !is_caller && seen.insert(reference.span) {
                problems.extend(self.check_reference(module, declared, reference.traversal));
            }
        });
        problems
    }

    fn check_reference(
        &self,
        module: ModuleId,
        declared: &Module,
        traversal: &Traversal,
    ) -> Option<Diagnostic> {
        check_reference(self.configuration, self.providers, module, declared, traversal)
    }
}

/// Checks what can be said of a reference by what is declared and by schemas.
pub fn check_reference(
    configuration: &PreparedConfiguration,
    providers: &ProviderPool,
    module: ModuleId,
    declared: &Module,
    traversal: &Traversal,
) -> Option<Diagnostic> {
    let reference = match parse_reference(traversal) {
        Ok(reference) => reference,
        Err(problem) => return Some(problem),
    };
    if let Subject::Module { call, output: Some(output) } = &reference.subject {
        return deprecated_output(configuration, module, call, output, traversal);
    }
    match &reference.subject {
        // Even where the reference is tried only, its name has to be one.
        Subject::Variable(name) if declared.variable(name).is_none() => {
            return Some(undeclared_variable(declared, name).at(reference.span));
        }
        Subject::Local(name) if declared.local(name).is_none() => {
            return Some(undeclared_local(declared, name).at(reference.span));
        }
        _ => {}
    }
    let Subject::Resource { mode, resource_type, name } = reference.subject else { return None };
    let address = ResourceAddress { mode, resource_type, name };
    let Some((_, resource)) = declared.resource(&address) else {
        let path = &configuration.tree.node(module).path;
        let place = if path.is_root() { "the root module".to_owned() } else { path.to_string() };
        return Some(undeclared_resource_in(declared, &place, &address, reference.span));
    };
    let mut rest = traversal.steps[reference.subject_steps..].iter();
    let mut next = rest.next();
    let is_key = next.is_some_and(|step| !matches!(step.kind, StepKind::Attribute(_)));
    if let Some(step) = next {
        match (is_key, resource.repetition.is_keyed()) {
            (true, false) => return Some(unexpected_key(&address, step.span, reference.span)),
            (false, true) => return Some(missing_key(&address, resource, reference.span)),
            (true, true) => next = rest.next(),
            (false, false) => {}
        }
    }
    let step = next?;
    let StepKind::Attribute(attribute) = &step.kind else { return None };
    let source = declared.provider_source(declared.provider_local_name(resource));
    let schema = providers.block_schema(&source, mode, &address.resource_type)?;
    check_attribute(&schema.block, attribute, step.span)
}

/// Warns of a value that a module does not want to be used any more.
fn deprecated_output(
    configuration: &PreparedConfiguration,
    module: ModuleId,
    call: &str,
    output: &str,
    traversal: &Traversal,
) -> Option<Diagnostic> {
    let tree = &configuration.tree;
    let (position, _) = tree.module(module).module_call(call)?;
    let child = tree.node(module).children[position]?;
    let (_, output) = tree.module(child).output(output)?;
    let why = output.deprecated.as_ref()?;
    Some(Diagnostic::warning("Deprecated value used", why.to_string()).at(traversal.span()))
}

/// Says that there is no such type of provisioner.
pub fn unknown_provisioner(provisioner_type: &str) -> Diagnostic {
    let detail = format!(
        "This configuration requires provisioner plugin {provisioner_type:?}, which isn't available. There are \"file\", \
         \"local-exec\" and \"remote-exec\"."
    );
    Diagnostic::error("Missing required provisioner plugin", detail)
}

fn unknown_type(
    resource: &Resource,
    source: &terrane_model::ProviderSource,
    schemas: &terrane_provider::ProviderSchemas,
    note: Option<&str>,
) -> Diagnostic {
    let address = &resource.address;
    let managed: Vec<&str> = schemas.resources.keys().map(terrane_model::Str::as_str).collect();
    let data: Vec<&str> = schemas.data_sources.keys().map(terrane_model::Str::as_str).collect();
    let ephemeral: Vec<&str> = schemas.ephemeral_resources.keys().map(terrane_model::Str::as_str).collect();
    let (summary, kind, types) = match address.mode {
        ResourceMode::Managed => ("Invalid resource type", "resource type", managed),
        ResourceMode::Data => ("Invalid data source", "data source", data),
        ResourceMode::Ephemeral => ("Invalid ephemeral resource type", "ephemeral resource type", ephemeral),
    };
    unknown_type_error(summary, kind, &address.resource_type, source, &types, note).at(resource.span)
}

fn unexpected_key(address: &ResourceAddress, key: Span, reference: Span) -> Diagnostic {
    let detail = format!(
        "Because {address} does not have \"count\" or \"for_each\" set, references to it must not include an index key. Remove \
         the bracketed index to refer to the single instance of this resource."
    );
    Diagnostic::error("Unexpected resource instance key", detail).at(key).within(reference.to(key))
}

fn missing_key(address: &ResourceAddress, resource: &Resource, span: Span) -> Diagnostic {
    let (argument, example) =
        if resource.repetition.count.is_some() { ("count", "count.index") } else { ("for_each", "each.key") };
    let detail = format!(
        "Because {address} has {argument:?} set, its attributes must be accessed on specific instances.\n\nFor example, to \
         correlate with indices of a referring resource, use:\n    {address}[{example}]"
    );
    Diagnostic::error("Missing resource instance key", detail).at(span)
}

/// Checks the name of an argument or block that something refers to.
fn check_attribute(schema: &Block, name: &str, span: Span) -> Option<Diagnostic> {
    if let Some(attribute) = schema.attribute(name) {
        let detail =
            format!("The attribute {name:?} is deprecated. Refer to the provider documentation for details.");
        let warning = || Diagnostic::warning("Deprecated attribute", detail).at(span);
        return attribute.deprecated.is_some().then(warning);
    }
    if schema.block_type(name).is_some() {
        return None;
    }
    let names = schema
        .attributes()
        .iter()
        .map(|(name, _)| name)
        .chain(schema.block_types().iter().map(|(name, _)| name));
    let hint = suggestion(name, names.map(terrane_model::Str::as_str))
        .map_or_else(String::new, |suggestion| format!(" Did you mean {suggestion:?}?"));
    let detail =
        format!("This object has no argument, nested block, or exported attribute named {name:?}.{hint}");
    Some(Diagnostic::error("Unsupported attribute", detail).at(span))
}

fn check_ignore_changes(resource: &Resource, schema: &Block) -> Diagnostics {
    let IgnoreChanges::Attributes(traversals) = &resource.lifecycle.ignore_changes else {
        return Diagnostics::new();
    };
    let problem_of = |traversal: &Traversal| {
        let name = &traversal.root.name;
        let redundant = schema.attribute(name).is_some_and(|a| a.computed && !a.is_configurable());
        if redundant && traversal.steps.is_empty() {
            return Some(redundant_ignore_changes(name).at(resource.type_span));
        }
        check_attribute(schema, name, traversal.root.span)
    };
    traversals.iter().filter_map(problem_of).collect()
}

fn redundant_ignore_changes(name: &str) -> Diagnostic {
    let detail = format!(
        "Adding an attribute name to ignore_changes tells Terraform to ignore future changes to the argument in configuration \
         after the object has been created, retaining the value originally configured.\n\nThe attribute {name} is decided by \
         the provider alone and therefore there can be no configured value to compare with. Including this attribute in \
         ignore_changes has no effect. Remove the attribute from ignore_changes to quiet this warning."
    );
    Diagnostic::warning("Redundant ignore_changes element", detail)
}

/// What only the provider writes cannot be set.
fn read_only_attributes(resource: &Resource, schema: &Block, config: &Value) -> Diagnostics {
    let mut problems = Diagnostics::new();
    for (name, attribute) in schema.attributes() {
        let is_set = config.get(name).is_some_and(|value| !value.is_null());
        if attribute.computed && !attribute.is_configurable() && is_set {
            let detail = format!(
                "Can't configure a value for {:?}: its value will be decided automatically based on the result of applying \
                 this configuration.",
                name.as_str()
            );
            let path = terrane_model::AttributePath::root().attribute(name.clone());
            let span = locate(&resource.body, &path).unwrap_or(resource.span);
            problems.push(Diagnostic::error("Value for unconfigurable attribute", detail).at(span));
        }
    }
    problems
}

fn ephemeral_values(resource: &Resource, schema: &Block, config: &Value) -> Diagnostics {
    if resource.address.mode == ResourceMode::Ephemeral || !config.deep_marks().is_ephemeral() {
        return Diagnostics::new();
    }
    let (plain, marks) = config.split_marks();
    let write_only = schema.write_only_paths(&plain);
    let misused = marks.into_iter().filter(|(path, marks)| {
        marks.is_ephemeral() && !write_only.iter().any(|allowed| path.starts_with(allowed))
    });
    misused
        .map(|(path, _)| {
            let name = path.to_string();
            let detail = format!(
                "Ephemeral values are not valid for {:?}, because it is not a write-only attribute and must be persisted to \
                 state.",
                name.trim_start_matches('.')
            );
            let span = locate(&resource.body, &path).unwrap_or(resource.span);
            Diagnostic::error("Invalid use of ephemeral value", detail).at(span)
        })
        .collect()
}
