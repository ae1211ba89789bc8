//! `action` blocks, and the `action_trigger` blocks of resources that invoke them.

use terrane_model::{ActionAddress, Diagnostic, Diagnostics, Span};

use super::decode::{attribute_expression, check_name, constant_key, provider_reference};
use super::module::{Expr, ProviderReference, Repetition};
use super::module_call::decode_repetition;
use super::reference::{Subject, parse_reference};
use crate::syntax::tree::{Expression, ExpressionKind, StepKind, Traversal};
use crate::syntax::{BlockContent, BodyContent, ConfigBody};

/// An `action` block.
#[derive(Debug, Clone)]
pub struct Action {
    /// Type and name.
    pub address: ActionAddress,
    /// How the block is repeated.
    pub repetition: Repetition,
    /// The provider configuration, when it is not the default one of the type's provider.
    pub provider: Option<ProviderReference>,
    /// The arguments that the provider defines: the content of the `config` block, empty without one.
    pub body: ConfigBody,
    /// Whether there is a `config` block.
    pub has_config: bool,
    /// The block's header.
    pub span: Span,
    /// The label that names the type.
    pub type_span: Span,
}

/// An `action_trigger` block.
#[derive(Debug, Clone)]
pub struct ActionTrigger {
    /// What the actions come before or after.
    pub events: Vec<TriggerEvent>,
    /// Whether they are invoked at all.
    pub condition: Option<Expr>,
    /// What is invoked, in order.
    pub actions: Vec<TriggeredAction>,
    /// What becomes of the run when one of them fails.
    pub on_failure: OnFailure,
    /// The block's header.
    pub span: Span,
}

/// One element of the list of a trigger's actions.
#[derive(Debug, Clone)]
pub struct TriggeredAction {
    /// The action.
    pub address: ActionAddress,
    /// Which of its instances: an expression that may use the keys of the resource.
    pub key: Option<Expr>,
    /// The element.
    pub span: Span,
}

/// What actions may come before or after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum TriggerEvent {
    BeforeCreate,
    AfterCreate,
    BeforeUpdate,
    AfterUpdate,
    BeforeDestroy,
    AfterDestroy,
}

impl TriggerEvent {
    /// Every event: its word in configurations, and its name in JSON.
    const NAMES: [(Self, &'static str, &'static str); 6] = [
        (Self::BeforeCreate, "before_create", "BeforeCreate"),
        (Self::AfterCreate, "after_create", "AfterCreate"),
        (Self::BeforeUpdate, "before_update", "BeforeUpdate"),
        (Self::AfterUpdate, "after_update", "AfterUpdate"),
        (Self::BeforeDestroy, "before_destroy", "BeforeDestroy"),
        (Self::AfterDestroy, "after_destroy", "AfterDestroy"),
    ];

    /// Reads the word of a configuration.
    pub fn parse(word: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|(_, own, _)| *own == word).map(|(event, ..)| event)
    }

    /// Reads the name of plans.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|(.., own)| *own == name).map(|(event, ..)| event)
    }

    /// Returns the name in plans and in JSON.
    pub fn name(self) -> &'static str {
        Self::NAMES.into_iter().find(|(event, ..)| *event == self).map_or("", |(.., name)| name)
    }

    /// Tells whether the object is changed after the actions.
    pub fn is_before(self) -> bool {
        matches!(self, Self::BeforeCreate | Self::BeforeUpdate | Self::BeforeDestroy)
    }

    /// Tells whether the object goes.
    pub fn is_destroy(self) -> bool {
        matches!(self, Self::BeforeDestroy | Self::AfterDestroy)
    }
}

/// What becomes of a run when a triggered action fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnFailure {
    /// What depends on the object is not done.
    #[default]
    Halt,
    /// As well, and a new object is made anew next time.
    Taint,
    /// The failure is a warning.
    Continue,
}

impl OnFailure {
    const NAMES: [(Self, &'static str, &'static str); 3] = [
        (Self::Halt, "halt", "ActionOnFailureHalt"),
        (Self::Taint, "taint", "ActionOnFailureTaint"),
        (Self::Continue, "continue", "ActionOnFailureContinue"),
    ];

    /// Reads the word of a configuration.
    pub fn parse(word: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|(_, own, _)| *own == word).map(|(value, ..)| value)
    }

    /// Reads the name of plans.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|(.., own)| *own == name).map(|(value, ..)| value)
    }

    /// Returns the name in plans and in JSON.
    pub fn name(self) -> &'static str {
        Self::NAMES.into_iter().find(|(value, ..)| *value == self).map_or("", |(.., name)| name)
    }
}

pub(super) fn decode(block: &BlockContent, diagnostics: &mut Diagnostics) -> Option<Action> {
    let action_type = check_name(block, 0, "Invalid action type name", diagnostics);
    let name = check_name(block, 1, "Invalid action name", diagnostics);
    let schema = body_schema!(["count", "for_each", "provider"], ["config"]);
    let (content, problems) = block.body.content(&schema);
    diagnostics.extend(problems);
    // What is left of the block when all that belongs to the language is taken out: nothing, in its place.
    let (_, empty, _) = block.body.partial_content(&schema);
    let repetition = decode_repetition(&content, diagnostics);
    let provider = content
        .attributes
        .get("provider")
        .and_then(|attribute| provider_reference(&attribute.expression, diagnostics));
    let mut config = None;
    for nested in &content.blocks {
        if config.is_some() {
            let detail = "An action must contain only one nested \"config\" block.";
            diagnostics.push(Diagnostic::error("Duplicate config block", detail).at(nested.header));
            return None;
        }
        config = Some(nested.body.clone());
    }
    Some(Action {
        address: ActionAddress { action_type: action_type?, name: name? },
        repetition,
        provider,
        has_config: config.is_some(),
        body: config.unwrap_or(empty),
        span: block.header,
        type_span: block.labels.first().map_or(block.header, |label| label.span),
    })
}

/// Says that two blocks declare the same action.
pub(super) fn duplicate(action: &Action, first: &str) -> Diagnostic {
    let ActionAddress { action_type, name } = &action.address;
    let detail = format!(
        "An action named {:?} was already declared at {first}. Action names must be unique per type in each module.",
        name.as_str()
    );
    let summary = format!("Duplicate action {:?} configuration", action_type.as_str());
    Diagnostic::error(summary, detail).at(action.span)
}

pub(super) fn decode_trigger(block: &BlockContent, diagnostics: &mut Diagnostics) -> ActionTrigger {
    let schema = body_schema!(["events": required, "condition", "actions": required, "on_failure"], []);
    let (content, problems) = block.body.content(&schema);
    diagnostics.extend(problems);
    let trigger = ActionTrigger {
        events: events(&content, diagnostics),
        condition: attribute_expression(&content, "condition"),
        actions: actions(&content, diagnostics),
        on_failure: on_failure(&content, diagnostics),
        span: block.header,
    };
    let has_elements = |name: &str| {
        let attribute = content.attributes.get(name);
        attribute.is_none_or(|attribute| attribute.expression.as_list().is_some_and(|list| !list.is_empty()))
    };
    let lists = [
        ("actions", "action", has_elements("actions")),
        ("events", "event", !trigger.events.is_empty() || content.attributes.get("events").is_none()),
    ];
    for (plural, singular, _) in lists.into_iter().filter(|(.., is_filled)| !is_filled) {
        let detail = format!("At least one {singular} must be specified for an action_trigger.");
        diagnostics.push(Diagnostic::error(format!("No {plural} specified"), detail).at(block.header));
    }
    trigger
}

fn list<'c>(content: &'c BodyContent, name: &str, diagnostics: &mut Diagnostics) -> &'c [Expression] {
    let Some(attribute) = content.attributes.get(name) else { return &[] };
    attribute.expression.as_list().unwrap_or_else(|| {
        let detail = "A static list expression is required.";
        diagnostics.push(Diagnostic::error("Invalid expression", detail).at(attribute.expression.span));
        &[]
    })
}

fn events(content: &BodyContent, diagnostics: &mut Diagnostics) -> Vec<TriggerEvent> {
    let mut events = Vec::new();
    for element in list(content, "events", diagnostics) {
        let word = element.as_keyword().unwrap_or_default();
        match TriggerEvent::parse(word) {
            None => {
                let known: Vec<&str> = TriggerEvent::NAMES.iter().map(|(_, word, _)| *word).collect();
                let detail =
                    format!("The \"event\" argument supports the following values: {}.", known.join(", "));
                let summary = format!("Invalid \"event\" value {word}");
                diagnostics.push(Diagnostic::error(summary, detail).at(element.span));
            }
            Some(event) if events.contains(&event) => {
                let detail = "The event is already defined in this action_trigger block.";
                let summary = format!("Duplicate {word:?} event");
                diagnostics.push(Diagnostic::error(summary, detail).at(element.span));
            }
            Some(event) => events.push(event),
        }
    }
    events
}

fn on_failure(content: &BodyContent, diagnostics: &mut Diagnostics) -> OnFailure {
    let Some(attribute) = content.attributes.get("on_failure") else { return OnFailure::default() };
    attribute.expression.as_keyword().and_then(OnFailure::parse).unwrap_or_else(|| {
        let detail =
            "The \"on_failure\" argument requires one of the following keywords: halt, taint or continue.";
        let error = Diagnostic::error("Invalid \"on_failure\" keyword", detail);
        diagnostics.push(error.at(attribute.expression.span));
        OnFailure::default()
    })
}

fn actions(content: &BodyContent, diagnostics: &mut Diagnostics) -> Vec<TriggeredAction> {
    let elements = list(content, "actions", diagnostics);
    elements.iter().filter_map(|element| triggered(element, diagnostics)).collect()
}

/// Reads a reference to an action, or to an instance of it.
fn triggered(element: &Expression, diagnostics: &mut Diagnostics) -> Option<TriggeredAction> {
    if !check_references(element, diagnostics) {
        return None;
    }
    let (traversal, key) = match &element.kind {
        ExpressionKind::Index { collection, key, .. } => {
            (collection.as_traversal(), Some(std::sync::Arc::new((**key).clone())))
        }
        _ => (element.as_traversal(), None),
    };
    let understood = traversal.and_then(|traversal| whole_action(&traversal, key));
    let Some((address, key)) = understood else {
        let detail = "An action is named by its type and name, with the key of an instance in brackets where it is repeated.";
        diagnostics.push(Diagnostic::error("Invalid action expression", detail).at(element.span));
        return None;
    };
    Some(TriggeredAction { address, key, span: element.span })
}

fn whole_action(traversal: &Traversal, key: Option<Expr>) -> Option<(ActionAddress, Option<Expr>)> {
    let reference = parse_reference(traversal).ok()?;
    let Subject::Action(action_type, name) = reference.subject else { return None };
    let key = match (&traversal.steps[reference.subject_steps..], key) {
        ([], key) => key,
        ([step], None) if !matches!(step.kind, StepKind::Attribute(_)) => {
            Some(constant_key(&step.kind, step.span))
        }
        _ => return None,
    };
    Some((ActionAddress { action_type, name }, key))
}

/// Checks that an element names one action and else nothing but the keys of the resource.
fn check_references(element: &Expression, diagnostics: &mut Diagnostics) -> bool {
    let mut count = 0;
    let mut own = Vec::new();
    let traversals: Vec<Traversal> = match element.as_traversal() {
        Some(traversal) => vec![traversal.into_owned()],
        None => element.variables().map(|reference| reference.traversal.clone()).collect(),
    };
    for traversal in &traversals {
        let problem = match parse_reference(traversal).map(|reference| reference.subject) {
            Ok(Subject::Action(..)) => {
                count += 1;
                continue;
            }
            Ok(Subject::CountIndex | Subject::EachKey | Subject::EachValue) => continue,
            Ok(Subject::Module { .. }) => Diagnostic::error(
                "Invalid reference to action outside this module",
                "Actions can only be referenced in the module they are declared in.",
            ),
            Ok(_) => Diagnostic::error(
                "Invalid action argument inside action_triggers",
                "action_triggers.actions must only refer to actions in the current module, count.index, or each.key.",
            ),
            Err(problem) => problem,
        };
        own.push(problem.at(element.span));
        break;
    }
    if own.is_empty() && count == 0 {
        let detail = "At least one action must be specified for an action_trigger.";
        own.push(Diagnostic::error("No actions specified", detail).at(element.span));
    }
    if own.is_empty() && count > 1 {
        let detail = "Multiple action references in actions expression.";
        own.push(Diagnostic::error("Invalid action expression", detail).at(element.span));
    }
    let is_good = own.is_empty();
    own.into_iter().for_each(|problem| diagnostics.push(problem));
    is_good
}

/// The name by which the `config` of an action knows the object that triggers it.
pub const CALLER: &str = "caller";

impl Action {
    /// Tells whether the action's arguments use the object that triggers it.
    pub fn uses_caller(&self) -> bool {
        let mut found = false;
        self.body.visit_references(&mut |reference| found |= reference.traversal.root.name == CALLER);
        found
    }
}
