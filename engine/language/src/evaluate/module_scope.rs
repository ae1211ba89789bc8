//! What the expressions of one module instance see.

use std::collections::BTreeMap;

use terrane_model::{Diagnostic, InstanceKey, ResourceAddress, ResourceMode, Span, Str, Type, Value};

use super::evaluation::{CallInstances, Evaluation, ModuleInstanceId};
use super::repetition::RepetitionValues;
use super::scope::{Callable, Resolved, Scope};
use crate::config::Module;
use crate::config::action::CALLER;
use crate::config::reference::{Reference, Subject, parse_reference};
use crate::functions::{self, Environment};
use crate::syntax::suggest::suggestion;
use crate::syntax::tree::{Identifier, StepKind, Traversal};

/// The scope of a module instance, or of one block instance within it.
pub struct ModuleScope<'e> {
    evaluation: &'e Evaluation,
    instance: ModuleInstanceId,
    repetition: RepetitionValues,
    self_value: Option<Value>,
    caller_value: Option<Value>,
}

/// Says that a test refers to a run that does not exist or comes later.
pub fn unknown_run(name: &str) -> Diagnostic {
    let detail = format!(
        "The run block {name:?} does not exist within this test file. You can only reference run blocks that are in the same \
         test file and will execute before the current run block."
    );
    Diagnostic::error("Reference to unknown run block", detail)
}

impl<'e> ModuleScope<'e> {
    pub(super) fn new(
        evaluation: &'e Evaluation,
        instance: ModuleInstanceId,
        repetition: RepetitionValues,
    ) -> Self {
        Self { evaluation, instance, repetition, self_value: None, caller_value: None }
    }

    /// Lets `self` mean an object.
    #[must_use]
    pub fn with_self(self, value: Value) -> Self {
        Self { self_value: Some(value), ..self }
    }

    /// Lets `caller` mean the object that triggers an action. Without this it is a word like any other.
    #[must_use]
    pub fn with_caller(self, value: Value) -> Self {
        Self { caller_value: Some(value), ..self }
    }

    fn module(&self) -> &'e Module {
        self.evaluation.tree.module(self.evaluation.module_of(self.instance))
    }

    fn subject_value(&self, reference: &Reference, traversal: &Traversal) -> Resolved {
        let steps = reference.subject_steps;
        match &reference.subject {
            Subject::Variable(name) => self.variable(name, steps, reference.span),
            Subject::Local(name) => self.local(name, steps, reference.span),
            Subject::Resource { mode, resource_type, name } => {
                let address =
                    ResourceAddress { mode: *mode, resource_type: resource_type.clone(), name: name.clone() };
                self.resource(&address, steps, reference.span)
            }
            Subject::Module { call, .. } => self.module_call(call, traversal, reference),
            Subject::CountIndex => self.count_index(steps, reference.span),
            Subject::EachKey | Subject::EachValue => self.each(reference),
            Subject::SelfObject => match &self.self_value {
                Some(value) => Resolved::new(value.clone(), steps),
                None => {
                    let detail = "The \"self\" object is not available in this context. This object can be used only in \
                                  resource provisioner, connection, and postcondition blocks.";
                    Resolved::error(
                        Diagnostic::error("Invalid \"self\" reference", detail).at(reference.span),
                    )
                }
            },
            Subject::Path(name) => Resolved::new(self.path(name), steps),
            Subject::Terraform(name) => self.terraform(name, steps, reference.span),
            Subject::Run(name) if self.runs().is_some() => self.run(name, steps, reference.span),
            Subject::Output(name) if self.runs().is_some() => self.output(name, steps, reference.span),
            Subject::Run(_) | Subject::Output(_) | Subject::Check(_) => {
                let detail = format!(
                    "The {:?} object is not available in this context: it exists in test files only.",
                    traversal.root.name.as_str()
                );
                Resolved::error(
                    Diagnostic::error("Reference to unavailable object", detail).at(reference.span),
                )
            }
            Subject::Action(..) => {
                let detail = "Actions can be referred to only in action_trigger blocks.";
                Resolved::error(Diagnostic::error("Invalid reference", detail).at(reference.span))
            }
        }
    }

    fn variable(&self, name: &str, steps: usize, span: Span) -> Resolved {
        let module = self.module();
        let Some((position, _)) = module.variable(name) else {
            return Resolved::error(undeclared_variable(module, name).at(span));
        };
        let value = self.evaluation.variable(self.instance, position).cloned();
        Resolved::new(value.unwrap_or_else(Value::dynamic), steps)
    }

    fn runs(&self) -> Option<&'e BTreeMap<Str, Value>> {
        self.evaluation.surroundings.runs.as_deref()
    }

    fn run(&self, name: &str, steps: usize, span: Span) -> Resolved {
        match self.runs().and_then(|runs| runs.get(name)) {
            Some(outputs) => Resolved::new(outputs.clone(), steps),
            None => Resolved::error(unknown_run(name).at(span)),
        }
    }

    fn output(&self, name: &str, steps: usize, span: Span) -> Resolved {
        let module = self.module();
        let Some(position) = module.outputs.iter().position(|output| output.name == name) else {
            let hint = suggestion(name, module.outputs.iter().map(|output| output.name.as_str()))
                .map_or_else(String::new, |suggestion| format!(" Did you mean {suggestion:?}?"));
            let detail = format!("An output value with the name {name:?} has not been declared.{hint}");
            return Resolved::error(
                Diagnostic::error("Reference to undeclared output value", detail).at(span),
            );
        };
        let value = self.evaluation.output(self.instance, position).cloned();
        Resolved::new(value.unwrap_or_else(Value::dynamic), steps)
    }

    fn local(&self, name: &str, steps: usize, span: Span) -> Resolved {
        let module = self.module();
        let Some((position, _)) = module.local(name) else {
            return Resolved::error(undeclared_local(module, name).at(span));
        };
        let value = self.evaluation.local(self.instance, position).cloned();
        Resolved::new(value.unwrap_or_else(Value::dynamic), steps)
    }

    fn resource(&self, address: &ResourceAddress, steps: usize, span: Span) -> Resolved {
        match self.module().resource(address) {
            Some((position, _)) => {
                let value = self.evaluation.resource(self.instance, position).cloned();
                Resolved::new(value.unwrap_or_else(Value::dynamic), steps)
            }
            None => Resolved::error(undeclared_resource(self.evaluation, self.instance, address, span)),
        }
    }

    fn module_call(&self, call: &Str, traversal: &Traversal, reference: &Reference) -> Resolved {
        let module = self.module();
        let Some((position, _)) = module.module_call(call) else {
            let names = module.module_calls.iter().map(|other| other.name.as_str());
            let hint = suggestion(call, names)
                .map_or_else(String::new, |suggestion| format!(" Did you mean {suggestion:?}?"));
            let place = describe_module(self.evaluation, self.instance);
            let detail = format!("No module call named {:?} is declared in {place}.{hint}", call.as_str());
            return Resolved::error(
                Diagnostic::error("Reference to undeclared module", detail).at(reference.span),
            );
        };
        let Some(instances) = self.evaluation.call_instances(self.instance, position) else {
            return Resolved::new(Value::dynamic(), traversal.steps.len());
        };
        self.call_value(instances, traversal)
    }

    /// Answers with one output where the traversal names one, and with all of them only where it does not.
    fn call_value(&self, instances: &CallInstances, traversal: &Traversal) -> Resolved {
        match instances {
            CallInstances::Unknown => Resolved::new(Value::dynamic(), traversal.steps.len()),
            CallInstances::UnknownCount(called) => {
                let outputs = self.evaluation.tree.module(*called).outputs.iter();
                let outputs = outputs.map(|output| (output.name.clone(), Type::Dynamic));
                Resolved::new(Value::unknown(Type::list(Type::object(outputs.collect::<Vec<_>>()))), 1)
            }
            CallInstances::Single(None) => Resolved::new(Value::dynamic_null(), 1),
            CallInstances::Single(Some(instance)) => self.outputs_at(*instance, traversal, 1),
            CallInstances::Count(instances) => {
                let chosen = match traversal.steps.get(1).map(|step| &step.kind) {
                    Some(StepKind::NumberKey(number)) => {
                        number.parse::<usize>().ok().and_then(|index| instances.get(index))
                    }
                    _ => None,
                };
                match chosen {
                    Some(instance) => self.outputs_at(*instance, traversal, 2),
                    None => {
                        let all: Vec<Value> =
                            instances.iter().map(|instance| self.outputs_of(*instance)).collect();
                        Resolved::new(Value::tuple(all), 1)
                    }
                }
            }
            CallInstances::ForEach(instances) => {
                let chosen = match traversal.steps.get(1).map(|step| &step.kind) {
                    Some(StepKind::StringKey(key)) => instances
                        .binary_search_by(|(other, _)| other.cmp(key))
                        .ok()
                        .map(|index| instances[index].1),
                    _ => None,
                };
                match chosen {
                    Some(instance) => self.outputs_at(instance, traversal, 2),
                    None => {
                        let all =
                            instances.iter().map(|(key, instance)| (key.clone(), self.outputs_of(*instance)));
                        Resolved::new(Value::object(all), 1)
                    }
                }
            }
        }
    }

    fn outputs_at(&self, instance: ModuleInstanceId, traversal: &Traversal, steps: usize) -> Resolved {
        if let Some(StepKind::Attribute(name)) = traversal.steps.get(steps).map(|step| &step.kind) {
            let module = self.evaluation.tree.module(self.evaluation.module_of(instance));
            if let Some((position, _)) = module.output(name) {
                let value = self.evaluation.output(instance, position).cloned();
                return Resolved::new(value.unwrap_or_else(Value::dynamic), steps + 1);
            }
        }
        Resolved::new(self.outputs_of(instance), steps)
    }

    fn outputs_of(&self, instance: ModuleInstanceId) -> Value {
        let module = self.evaluation.tree.module(self.evaluation.module_of(instance));
        let outputs = module.outputs.iter().enumerate().map(|(position, output)| {
            let value = self.evaluation.output(instance, position).cloned();
            (output.name.clone(), value.unwrap_or_else(Value::dynamic))
        });
        Value::object(outputs)
    }

    fn count_index(&self, steps: usize, span: Span) -> Resolved {
        match &self.repetition {
            RepetitionValues::Count(index) => Resolved::new(Value::number(*index), steps),
            RepetitionValues::UnknownCount => Resolved::new(Value::unknown_not_null(Type::Number), steps),
            _ => {
                let detail = "The \"count\" object can only be used in \"module\", \"resource\", and \"data\" blocks, and \
                              only when the \"count\" argument is set.";
                Resolved::error(
                    Diagnostic::error("Reference to \"count\" in non-counted context", detail).at(span),
                )
            }
        }
    }

    fn each(&self, reference: &Reference) -> Resolved {
        let wants_key = reference.subject == Subject::EachKey;
        match &self.repetition {
            RepetitionValues::Each { key, .. } if wants_key => {
                Resolved::new(Value::String(key.clone()), reference.subject_steps)
            }
            RepetitionValues::Each { value, .. } => Resolved::new(value.clone(), reference.subject_steps),
            RepetitionValues::UnknownEach if wants_key => {
                let key = Value::unknown_not_null(Type::String);
                Resolved::new(key, reference.subject_steps)
            }
            RepetitionValues::UnknownEach => Resolved::new(Value::dynamic(), reference.subject_steps),
            _ if !wants_key => {
                let detail = "There is no each.value here: \"each\" can be used only in \"module\" or \"resource\" blocks, and only \
                              when the \"for_each\" argument is set.";
                let error = Diagnostic::error("each.value cannot be used in this context", detail);
                Resolved::error(error.at(reference.span))
            }
            _ => {
                let detail = "The \"each\" object can be used only in \"module\" or \"resource\" blocks, and only when the \
                              \"for_each\" argument is set.";
                let error = Diagnostic::error("Reference to \"each\" in context without for_each", detail);
                Resolved::error(error.at(reference.span))
            }
        }
    }

    fn path(&self, name: &str) -> Value {
        match name {
            "cwd" => Value::String(self.evaluation.surroundings.working_directory.clone()),
            "root" => Value::String(self.evaluation.tree.root().directory.clone()),
            _ => Value::String(self.module().directory.clone()),
        }
    }

    fn terraform(&self, name: &str, steps: usize, span: Span) -> Resolved {
        match name {
            "workspace" => {
                Resolved::new(Value::String(self.evaluation.surroundings.workspace.clone()), steps)
            }
            "applying" => {
                let value = Value::Bool(self.evaluation.surroundings.applying);
                Resolved::new(value.with_marks(terrane_model::Marks::EPHEMERAL), steps)
            }
            "env" => {
                let detail = "The terraform.env attribute was deprecated in v0.10 and removed in v0.12. The \"state \
                              environment\" concept was renamed to \"workspace\" in v0.12, and so the workspace name can now \
                              be accessed using the terraform.workspace attribute.";
                Resolved::error(Diagnostic::error("Invalid \"terraform\" attribute", detail).at(span))
            }
            _ => {
                let detail = format!(
                    "The \"terraform\" object does not have an attribute named {name:?}. The only supported attributes are \
                     terraform.workspace, the name of the currently-selected workspace, and terraform.applying, a boolean \
                     which is true only during apply."
                );
                Resolved::error(Diagnostic::error("Invalid \"terraform\" attribute", detail).at(span))
            }
        }
    }
}

/// Returns how messages name a module.
pub(super) fn describe_module(evaluation: &Evaluation, instance: ModuleInstanceId) -> String {
    let path = &evaluation.tree.node(evaluation.module_of(instance)).path;
    if path.is_root() { "the root module".to_owned() } else { path.to_string() }
}

fn undeclared_resource(
    evaluation: &Evaluation,
    instance: ModuleInstanceId,
    address: &ResourceAddress,
    span: Span,
) -> Diagnostic {
    let module = evaluation.tree.module(evaluation.module_of(instance));
    undeclared_resource_in(module, &describe_module(evaluation, instance), address, span)
}

/// Says that a module declares no such resource, with a suggestion of what may be meant.
pub fn undeclared_resource_in(
    module: &Module,
    place: &str,
    address: &ResourceAddress,
    span: Span,
) -> Diagnostic {
    let kind = match address.mode {
        ResourceMode::Managed => "managed",
        ResourceMode::Data => "data",
        ResourceMode::Ephemeral => "ephemeral",
    };
    let (resource_type, name) = (address.resource_type.as_str(), address.name.as_str());
    let other_mode = [ResourceMode::Managed, ResourceMode::Data].into_iter().find(|mode| {
        *mode != address.mode
            && module.resource(&ResourceAddress { mode: *mode, ..address.clone() }).is_some()
    });
    let hint = match other_mode {
        Some(ResourceMode::Data) => {
            format!("\n\nDid you mean the data resource data.{resource_type}.{name}?")
        }
        Some(_) => format!("\n\nDid you mean the managed resource {resource_type}.{name}?"),
        None => {
            let same_type = module
                .resources
                .iter()
                .filter(|other| {
                    other.address.mode == address.mode && other.address.resource_type == address.resource_type
                })
                .map(|other| other.address.name.as_str());
            suggestion(name, same_type)
                .map_or_else(String::new, |found| format!("\n\nDid you mean {resource_type}.{found}?"))
        }
    };
    let detail =
        format!("A {kind} resource {resource_type:?} {name:?} has not been declared in {place}.{hint}");
    Diagnostic::error("Reference to undeclared resource", detail).at(span)
}

impl Scope for ModuleScope<'_> {
    fn resolve(&self, traversal: &Traversal) -> Resolved {
        if let Some(value) = self.caller_value.as_ref().filter(|_| traversal.root.name == CALLER) {
            return Resolved::new(value.clone(), 0);
        }
        match parse_reference(traversal) {
            Ok(reference) => self.subject_value(&reference, traversal),
            Err(problem) => Resolved::error(problem),
        }
    }

    fn function(&self, name: &Identifier) -> Option<Callable<'_>> {
        let full_name = name.name.as_str();
        if let Some(rest) = full_name.strip_prefix("provider::") {
            let (local_name, function) = rest.split_once("::")?;
            let source = self.module().provider_source(local_name);
            let found = self.evaluation.surroundings.provider_functions.find(&source, function)?;
            return Some(Callable::Provider(found));
        }
        functions::find(full_name.strip_prefix("core::").unwrap_or(full_name)).map(Callable::BuiltIn)
    }

    fn environment(&self) -> &dyn Environment {
        &*self.evaluation.surroundings.environment
    }
}

/// Returns an instance key as a step would write it.
pub fn key_of_step(kind: &StepKind) -> Option<InstanceKey> {
    match kind {
        StepKind::StringKey(key) => Some(InstanceKey::String(key.clone())),
        StepKind::NumberKey(number) => number.parse().ok().map(InstanceKey::Int),
        StepKind::Attribute(_) => None,
    }
}

/// Says that a module has no such variable.
pub fn undeclared_variable(module: &Module, name: &str) -> Diagnostic {
    let names = module.variables.iter().map(|variable| variable.name.as_str());
    let hint = suggestion(name, names).map_or_else(
        || format!("This variable can be declared with a variable {name:?} {{}} block."),
        |suggestion| format!("Did you mean {suggestion:?}?"),
    );
    let detail = format!("An input variable with the name {name:?} has not been declared. {hint}");
    Diagnostic::error("Reference to undeclared input variable", detail)
}

/// Says that a module has no such local value.
pub fn undeclared_local(module: &Module, name: &str) -> Diagnostic {
    let hint = suggestion(name, module.locals.iter().map(|local| local.name.as_str()))
        .map_or_else(String::new, |suggestion| format!(" Did you mean {suggestion:?}?"));
    let detail = format!("A local value with the name {name:?} has not been declared.{hint}");
    Diagnostic::error("Reference to undeclared local value", detail)
}
