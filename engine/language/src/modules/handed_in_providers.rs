//! What module calls hand in with `providers`, compared with what the called modules ask for.

use rustc_hash::FxHashSet;
use terrane_model::{Diagnostic, Diagnostics, Span, Str};

use super::module_tree::{ModuleId, ModuleNode, ModuleTree};
use crate::config::module::{Module, ModuleCall, ProviderBlock, ProviderReference};

/// Configurations that a module asks for and does not get, by local name and alias.
pub(super) type NotHandedIn = FxHashSet<(ModuleId, Str, Option<Str>)>;

/// Compares every module call; returns what is missing, so that it is not blamed on each resource that needs it.
pub(super) fn check(tree: &ModuleTree, diagnostics: &mut Diagnostics) -> NotHandedIn {
    let mut missing = NotHandedIn::default();
    for (id, node) in tree.nodes() {
        let Some((caller, call)) = node.caller else { continue };
        let call = Call { node, outside: tree.module(caller), call: &tree.module(caller).module_calls[call] };
        call.check_requested(id, &mut missing, diagnostics);
        for (inside, outside) in &call.call.providers {
            call.check_name(inside, outside, diagnostics);
            call.check_type(inside, outside, diagnostics);
        }
        call.check_own_blocks(diagnostics);
    }
    missing
}

/// A module call, with both modules.
struct Call<'t> {
    node: &'t ModuleNode,
    outside: &'t Module,
    call: &'t ModuleCall,
}

impl Call<'_> {
    fn inside(&self) -> &Module {
        &self.node.module
    }

    /// Aliases that the module asks for must be handed in.
    fn check_requested(&self, id: ModuleId, missing: &mut NotHandedIn, diagnostics: &mut Diagnostics) {
        let handed_in: FxHashSet<_> =
            self.call.providers.iter().map(|(inside, _)| (&inside.local_name, &inside.alias)).collect();
        let own: FxHashSet<_> =
            self.inside().provider_blocks.iter().map(|block| (&block.local_name, &block.alias)).collect();
        let required = self.inside().settings.required_providers.iter();
        for (required, alias) in required
            .flat_map(|required| required.configuration_aliases.iter().map(move |alias| (required, alias)))
        {
            let name = (&alias.local_name, &alias.alias);
            if handed_in.contains(&name) || own.contains(&name) {
                continue;
            }
            missing.insert((id, alias.local_name.clone(), alias.alias.clone()));
            let detail = format!(
                "The module asks for an additional configuration of the provider {}, with the local name {:?}. Add an entry \
                 for it to the \"providers\" argument of the module call.",
                required.source.for_display(),
                name_of(alias)
            );
            diagnostics.push(
                Diagnostic::error("Missing required provider configuration", detail).at(self.call.span),
            );
        }
    }

    /// What is handed in must be known inside.
    fn check_name(
        &self,
        inside: &ProviderReference,
        outside: &ProviderReference,
        diagnostics: &mut Diagnostics,
    ) {
        let module = self.inside();
        let required = module.settings.required_providers.iter();
        let mut of_name = required.filter(|required| required.local_name == inside.local_name);
        let known = match &inside.alias {
            None => of_name.next().is_some(),
            alias => {
                of_name.any(|required| required.configuration_aliases.iter().any(|one| one.alias == *alias))
            }
        };
        let own_block = module
            .provider_blocks
            .iter()
            .find(|block| block.local_name == inside.local_name && block.alias == inside.alias);
        if own_block.is_some_and(|block| !is_empty(block)) {
            let detail = format!(
                "The module has a provider block for {:?} of its own, and so takes no configuration from its caller.",
                name_of(inside)
            );
            diagnostics
                .push(Diagnostic::error("Cannot override provider configuration", detail).at(outside.span));
        } else if !known && own_block.is_none() {
            diagnostics.push(self.undefined(inside));
        }
    }

    fn undefined(&self, inside: &ProviderReference) -> Diagnostic {
        let name = name_of(inside);
        let summary = "Reference to undefined provider";
        if inside.alias.is_some() {
            let detail = format!(
                "The called module declares no provider requirement with the local name {name:?}. If the module is yours, add \
                 the name to the \"configuration_aliases\" of the provider's entry in its required_providers block."
            );
            return Diagnostic::error(summary, detail).at(inside.span);
        }
        let source = self.inside().provider_source(&inside.local_name).for_display();
        let detail = format!(
            "{} has no explicit declaration for the local provider name {name:?}, so a configuration for {source:?} is meant. \
             If the module is yours, add a required_providers entry named {name:?}.",
            self.node.path
        );
        Diagnostic::warning(summary, detail).at(inside.span)
    }

    /// Both names must stand for the same provider.
    fn check_type(
        &self,
        inside: &ProviderReference,
        outside: &ProviderReference,
        diagnostics: &mut Diagnostics,
    ) {
        let wanted = self.inside().provider_source(&inside.local_name);
        let given = self.outside.provider_source(&outside.local_name);
        if wanted != given {
            let detail = format!(
                "The local name {:?} stands for the provider {:?} here, but {:?} in {} stands for {:?}.",
                name_of(outside),
                given.for_display(),
                name_of(inside),
                self.node.path,
                wanted.for_display()
            );
            diagnostics.push(Diagnostic::error("Provider type mismatch", detail).at(outside.span));
        }
    }

    /// Modules with configurations of their own can be called once, and not after something else: whoever removes the call would
    /// remove what the objects' destruction needs.
    fn check_own_blocks(&self, diagnostics: &mut Diagnostics) {
        let blocks = &self.inside().provider_blocks;
        let redundant = blocks.iter().filter(|block| block.alias.is_none() && is_empty(block));
        diagnostics.extend(redundant.map(|block| self.redundant(block)));
        let has_own = blocks.iter().any(|block| !is_empty(block));
        if let Some(argument) = self.repeating_argument().filter(|_| has_own) {
            let detail = format!(
                "{} has provider configurations of its own, and so cannot be called with the count, for_each or depends_on \
                 arguments. If the module is yours, let its caller hand the provider configurations in.",
                self.node.path
            );
            let summary = "Module is incompatible with count, for_each, and depends_on";
            diagnostics.push(Diagnostic::error(summary, detail).at(argument));
        }
    }

    fn repeating_argument(&self) -> Option<Span> {
        let repetition = &self.call.repetition;
        let repeated =
            repetition.count.as_ref().or(repetition.for_each.as_ref()).map(|argument| argument.span);
        repeated.or_else(|| self.call.depends_on.first().map(|reference| reference.span()))
    }

    fn redundant(&self, block: &ProviderBlock) -> Diagnostic {
        let name = &block.local_name;
        let detail = format!(
            "An empty provider block says nothing: modules get the configurations of their callers. If {} is yours, remove the \
             provider {name:?} block, and name the provider in its required_providers block.",
            self.node.path
        );
        Diagnostic::warning("Redundant empty provider block", detail).at(block.span)
    }
}

/// Tells whether a block sets nothing.
fn is_empty(block: &ProviderBlock) -> bool {
    let (attributes, problems) = block.body.just_attributes();
    attributes.is_empty() && problems.is_empty()
}

fn name_of(reference: &ProviderReference) -> String {
    match &reference.alias {
        Some(alias) => format!("{}.{alias}", reference.local_name),
        None => reference.local_name.to_string(),
    }
}
