//! The declarations of a module as a list, and what each of them refers to.

use terrane_model::Str;

use super::module::{CheckRule, Expr, Module, Repetition};
use crate::syntax::references::Reference;
use crate::syntax::tree::Traversal;

/// Names a declaration of a [`Module`] by its position in the list of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Declaration {
    /// A variable's value.
    Variable(usize),
    /// A variable's conditions.
    VariableValidation(usize),
    /// A local value.
    Local(usize),
    /// An output.
    Output(usize),
    /// A resource of any mode.
    Resource(usize),
    /// An action.
    Action(usize),
    /// The instances of a module call.
    Call(usize),
    /// A provider configuration.
    Provider(usize),
    /// A check.
    Check(usize),
}

impl Module {
    /// Returns all declarations.
    pub fn declarations(&self) -> impl Iterator<Item = Declaration> + '_ {
        let conditional =
            self.variables.iter().enumerate().filter(|(_, variable)| !variable.validations.is_empty());
        (0..self.variables.len())
            .map(Declaration::Variable)
            .chain(conditional.map(|(position, _)| Declaration::VariableValidation(position)))
            .chain((0..self.locals.len()).map(Declaration::Local))
            .chain((0..self.module_calls.len()).map(Declaration::Call))
            .chain((0..self.provider_blocks.len()).map(Declaration::Provider))
            .chain((0..self.resources.len()).map(Declaration::Resource))
            .chain((0..self.actions.len()).map(Declaration::Action))
            .chain((0..self.outputs.len()).map(Declaration::Output))
            .chain((0..self.checks.len()).map(Declaration::Check))
    }

    /// Calls `visit` with every reference that a declaration's value depends on, in the module's own terms.
    /// Arguments of module calls are not among them: they belong to the called module's variables.
    pub fn visit_references(&self, declaration: Declaration, visit: &mut dyn FnMut(Reference<'_>)) {
        match declaration {
            Declaration::Variable(_) => {}
            Declaration::VariableValidation(position) => {
                visit_rules(&self.variables[position].validations, visit);
            }
            Declaration::Local(position) => visit_expression(&self.locals[position].expression, visit),
            Declaration::Output(position) => {
                let output = &self.outputs[position];
                visit_expression(&output.value, visit);
                visit_rules(&output.preconditions, visit);
                visit_traversals(&output.depends_on, visit);
            }
            Declaration::Resource(position) => self.visit_resource(position, visit),
            Declaration::Action(position) => {
                let action = &self.actions[position];
                visit_repetition(&action.repetition, visit);
                action.body.visit_references(visit);
                if let Some(key) = action.provider.as_ref().and_then(|provider| provider.key.as_ref()) {
                    visit_expression(key, visit);
                }
            }
            Declaration::Call(position) => {
                let call = &self.module_calls[position];
                visit_repetition(&call.repetition, visit);
                visit_traversals(&call.depends_on, visit);
            }
            Declaration::Provider(position) => {
                let block = &self.provider_blocks[position];
                block.for_each.iter().for_each(|for_each| visit_expression(for_each, visit));
                block.body.visit_references(visit);
            }
            Declaration::Check(position) => visit_rules(&self.checks[position].assertions, visit),
        }
    }

    fn visit_resource(&self, position: usize, visit: &mut dyn FnMut(Reference<'_>)) {
        let resource = &self.resources[position];
        visit_repetition(&resource.repetition, visit);
        resource.body.visit_references(visit);
        visit_traversals(&resource.depends_on, visit);
        let lifecycle = &resource.lifecycle;
        lifecycle.prevent_destroy.iter().for_each(|expression| visit_expression(expression, visit));
        lifecycle.replace_triggered_by.iter().for_each(|expression| visit_expression(expression, visit));
        visit_rules(&lifecycle.preconditions, visit);
        visit_rules(&lifecycle.postconditions, visit);
        for trigger in &lifecycle.action_triggers {
            trigger.condition.iter().for_each(|condition| visit_expression(condition, visit));
        }
        // What runs before destruction may use nothing but the object itself.
        for provisioner in resource.provisioners.iter().filter(|provisioner| !provisioner.on_destroy) {
            provisioner.body.visit_references(visit);
            provisioner.connection.iter().for_each(|connection| connection.visit_references(visit));
        }
        if resource.provisioners.iter().any(|provisioner| !provisioner.on_destroy) {
            resource.connection.iter().for_each(|connection| connection.visit_references(visit));
        }
        if let Some(key) = resource.provider.as_ref().and_then(|provider| provider.key.as_ref()) {
            visit_expression(key, visit);
        }
    }

    /// Returns the expression that a module call gives to a variable of the called module.
    pub fn call_argument(&self, call: usize, variable: &Str) -> Option<Expr> {
        let (attributes, _) = self.module_calls[call].body.just_attributes();
        attributes.get(variable).map(|attribute| std::sync::Arc::clone(&attribute.expression))
    }
}

fn visit_expression(expression: &Expr, visit: &mut dyn FnMut(Reference<'_>)) {
    expression.variables().for_each(visit);
}

fn visit_rules(rules: &[CheckRule], visit: &mut dyn FnMut(Reference<'_>)) {
    for rule in rules {
        visit_expression(&rule.condition, visit);
        visit_expression(&rule.error_message, visit);
    }
}

fn visit_traversals(traversals: &[Traversal], visit: &mut dyn FnMut(Reference<'_>)) {
    for traversal in traversals {
        visit(Reference { traversal, span: traversal.span(), part: None });
    }
}

fn visit_repetition(repetition: &Repetition, visit: &mut dyn FnMut(Reference<'_>)) {
    for expression in [&repetition.count, &repetition.for_each, &repetition.enabled].into_iter().flatten() {
        visit_expression(expression, visit);
    }
}
