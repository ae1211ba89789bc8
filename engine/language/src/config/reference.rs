//! References: what a traversal of an expression names, by the rules of the language.

use terrane_model::{Diagnostic, ResourceMode, Span, Str};

use crate::syntax::suggest::suggestion;
use crate::syntax::tree::{Step, StepKind, Traversal};

/// What a reference names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// `var.name`.
    Variable(Str),
    /// `local.name`.
    Local(Str),
    /// `module.name`, without or with one of its outputs.
    Module {
        /// The name of the call.
        call: Str,
        /// The output, when the reference goes on to one without leaving open which instance.
        output: Option<Str>,
    },
    /// A resource, of any mode.
    Resource {
        /// What kind of block.
        mode: ResourceMode,
        /// The resource type.
        resource_type: Str,
        /// The name of the block.
        name: Str,
    },
    /// `count.index`.
    CountIndex,
    /// `each.key`.
    EachKey,
    /// `each.value`.
    EachValue,
    /// `self`.
    SelfObject,
    /// `path.module`, `path.root`, `path.cwd`.
    Path(Str),
    /// `terraform.workspace`, `terraform.applying`.
    Terraform(Str),
    /// `run.name`, in test files.
    Run(Str),
    /// `output.name`, in test files.
    Output(Str),
    /// `check.name`, in test files.
    Check(Str),
    /// `action.type.name`.
    Action(Str, Str),
}

/// A traversal that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// What is named.
    pub subject: Subject,
    /// How many steps of the traversal belong to the subject, without any instance key.
    pub subject_steps: usize,
    /// The part of the text that names the subject.
    pub span: Span,
}

/// Understands a traversal.
///
/// # Errors
/// When it names nothing that there is in the language.
pub fn parse_reference(traversal: &Traversal) -> Result<Reference, Diagnostic> {
    let root = traversal.root.name.as_str();
    match root {
        "var" => named(traversal, Subject::Variable),
        "local" => named(traversal, Subject::Local),
        "run" => named(traversal, Subject::Run),
        "output" => named(traversal, Subject::Output),
        "check" => named(traversal, Subject::Check),
        "count" => count(traversal),
        "each" => each(traversal),
        "path" => attribute(traversal, &["cwd", "module", "root"], Subject::Path),
        "terraform" | "tofu" => named(traversal, Subject::Terraform),
        "self" => Ok(Reference { subject: Subject::SelfObject, subject_steps: 0, span: traversal.root.span }),
        "module" => module(traversal),
        "data" => resource(traversal, ResourceMode::Data, 1),
        "ephemeral" => resource(traversal, ResourceMode::Ephemeral, 1),
        "resource" => resource(traversal, ResourceMode::Managed, 1),
        "action" => action(traversal),
        "template" | "lazy" | "arg" => Err(invalid(
            traversal,
            traversal.root.span,
            format!(
                "The symbol name {root:?} is reserved for use in a future Terraform version. If you are using a \
                 provider that already uses this as a resource type name, add the prefix \"resource.\" to force \
                 interpretation as a resource type name."
            ),
        )),
        _ => resource(traversal, ResourceMode::Managed, 0),
    }
}

fn invalid(traversal: &Traversal, subject: Span, detail: impl Into<String>) -> Diagnostic {
    Diagnostic::error("Invalid reference", detail).at(subject).within(traversal.span())
}

fn name_of(step: &Step) -> Option<&Str> {
    match &step.kind {
        StepKind::Attribute(name) => Some(name),
        StepKind::StringKey(_) | StepKind::NumberKey(_) => None,
    }
}

/// Takes the one attribute that most root objects need.
fn single_attribute(traversal: &Traversal) -> Result<(&Str, Span), Diagnostic> {
    let root = &traversal.root;
    let Some(step) = traversal.steps.first() else {
        let detail = format!(
            "The {:?} object cannot be accessed directly. Instead, access one of its attributes.",
            root.name.as_str()
        );
        return Err(invalid(traversal, root.span, detail));
    };
    match name_of(step) {
        Some(name) => Ok((name, root.span.to(step.span))),
        None => {
            let detail = format!("The {:?} object does not support this operation.", root.name.as_str());
            Err(invalid(traversal, step.span, detail))
        }
    }
}

fn named(traversal: &Traversal, subject: fn(Str) -> Subject) -> Result<Reference, Diagnostic> {
    let (name, span) = single_attribute(traversal)?;
    Ok(Reference { subject: subject(name.clone()), subject_steps: 1, span })
}

fn attribute(
    traversal: &Traversal,
    allowed: &[&str],
    subject: fn(Str) -> Subject,
) -> Result<Reference, Diagnostic> {
    let (name, span) = single_attribute(traversal)?;
    if allowed.contains(&name.as_str()) {
        return Ok(Reference { subject: subject(name.clone()), subject_steps: 1, span });
    }
    let root = traversal.root.name.as_str();
    let hint = suggestion(name, allowed.iter().copied())
        .map_or_else(String::new, |s| format!(" Did you mean {s:?}?"));
    let detail = format!("The {root:?} object does not have an attribute named {:?}.{hint}", name.as_str());
    Err(Diagnostic::error(format!("Invalid {root:?} attribute"), detail).at(span))
}

fn count(traversal: &Traversal) -> Result<Reference, Diagnostic> {
    let (name, span) = single_attribute(traversal)?;
    if name == "index" {
        return Ok(Reference { subject: Subject::CountIndex, subject_steps: 1, span });
    }
    let detail = format!(
        "The \"count\" object does not have an attribute named {:?}. The only supported attribute is count.index, which \
         is the index of each instance of a resource block that has the \"count\" argument set.",
        name.as_str()
    );
    Err(Diagnostic::error("Invalid \"count\" attribute", detail).at(span))
}

fn each(traversal: &Traversal) -> Result<Reference, Diagnostic> {
    let (name, span) = single_attribute(traversal)?;
    let subject = match name.as_str() {
        "key" => Subject::EachKey,
        "value" => Subject::EachValue,
        _ => {
            let detail = format!(
                "The \"each\" object does not have an attribute named {:?}. The supported attributes are each.key and \
                 each.value, the current key and value pair of the \"for_each\" attribute set.",
                name.as_str()
            );
            return Err(Diagnostic::error("Invalid \"each\" attribute", detail).at(span));
        }
    };
    Ok(Reference { subject, subject_steps: 1, span })
}

fn module(traversal: &Traversal) -> Result<Reference, Diagnostic> {
    let (call, span) = single_attribute(traversal)?;
    let mut rest = traversal.steps[1..].iter();
    let mut next = rest.next();
    // An instance key may stand between the call and its output.
    if next.is_some_and(|step| name_of(step).is_none()) {
        next = rest.next();
    }
    let output = next.and_then(name_of).cloned();
    Ok(Reference { subject: Subject::Module { call: call.clone(), output }, subject_steps: 1, span })
}

fn resource(traversal: &Traversal, mode: ResourceMode, prefix_steps: usize) -> Result<Reference, Diagnostic> {
    let kind = match mode {
        ResourceMode::Data => "data source",
        ResourceMode::Managed => "resource type",
        ResourceMode::Ephemeral => "ephemeral resource type",
    };
    if prefix_steps == 1 && traversal.steps.len() < 2 {
        let prefix = traversal.root.name.as_str();
        let detail = format!(
            "The {prefix:?} object must be followed by two attribute names: the {kind} and the resource name."
        );
        return Err(invalid(traversal, traversal.span(), detail));
    }
    let type_name = if prefix_steps == 0 { Some(&traversal.root.name) } else { name_of(&traversal.steps[0]) };
    let Some(resource_type) = type_name else {
        let detail = "A resource type name is required here.";
        return Err(invalid(traversal, traversal.steps[0].span, detail));
    };
    let Some(name_step) = traversal.steps.get(prefix_steps) else {
        let detail = format!(
            "A reference to a {kind} must be followed by at least one attribute access, specifying the resource name."
        );
        return Err(invalid(traversal, traversal.span(), detail));
    };
    let Some(name) = name_of(name_step) else {
        let detail = format!(
            "A reference to a {kind} must be followed by at least one attribute access, specifying the resource name."
        );
        return Err(invalid(traversal, name_step.span, detail));
    };
    let subject = Subject::Resource { mode, resource_type: resource_type.clone(), name: name.clone() };
    Ok(Reference { subject, subject_steps: prefix_steps + 1, span: traversal.root.span.to(name_step.span) })
}

fn action(traversal: &Traversal) -> Result<Reference, Diagnostic> {
    let names = traversal.steps.first().and_then(name_of).zip(traversal.steps.get(1).and_then(name_of));
    let Some((action_type, name)) = names else {
        let detail = "The \"action\" object must be followed by two attribute names: the action type and the action name.";
        return Err(invalid(traversal, traversal.span(), detail));
    };
    let span = traversal.root.span.to(traversal.steps[1].span);
    Ok(Reference { subject: Subject::Action(action_type.clone(), name.clone()), subject_steps: 2, span })
}
