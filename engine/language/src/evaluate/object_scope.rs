//! What expressions see that may look at one object and nothing else: those of provisioners that run before the
//! object is destroyed, when what is around it may be gone.

use terrane_model::{Diagnostic, InstanceKey, Str, Type, Value};

use super::evaluation::Surroundings;
use super::scope::{Callable, Resolved, Scope};
use crate::config::reference::{Subject, parse_reference};
use crate::functions::{self, Environment};
use crate::syntax::tree::{Identifier, Traversal};

/// The scope of an object that goes.
pub struct ObjectScope<'s> {
    /// What does not change in a run.
    pub surroundings: &'s Surroundings,
    /// The object, with marks.
    pub object: Value,
    /// The key of its instance.
    pub key: Option<InstanceKey>,
    /// The directory of its module.
    pub module_directory: Str,
    /// The directory of the root module.
    pub root_directory: Str,
}

impl Scope for ObjectScope<'_> {
    fn resolve(&self, traversal: &Traversal) -> Resolved {
        let reference = match parse_reference(traversal) {
            Ok(reference) => reference,
            Err(problem) => return Resolved::error(problem),
        };
        let steps = reference.subject_steps;
        let value = match (&reference.subject, &self.key) {
            (Subject::SelfObject, _) => self.object.clone(),
            (Subject::CountIndex, Some(InstanceKey::Int(index))) => Value::number(*index),
            (Subject::EachKey, Some(InstanceKey::String(key))) => Value::String(key.clone()),
            (Subject::EachValue, _) => Value::unknown(Type::Dynamic),
            (Subject::Path(name), _) => Value::String(match name.as_str() {
                "cwd" => self.surroundings.working_directory.clone(),
                "root" => self.root_directory.clone(),
                _ => self.module_directory.clone(),
            }),
            (Subject::Terraform(name), _) if name == "workspace" => {
                Value::String(self.surroundings.workspace.clone())
            }
            _ => {
                let detail = "Provisioners that run before an object is destroyed may only refer to the object itself, via \
                              'self', 'count.index', or 'each.key'.";
                let problem = Diagnostic::error("Invalid reference from destroy provisioner", detail);
                return Resolved::error(problem.at(reference.span));
            }
        };
        Resolved::new(value, steps)
    }

    fn function(&self, name: &Identifier) -> Option<Callable<'_>> {
        let name = name.name.as_str();
        functions::find(name.strip_prefix("core::").unwrap_or(name)).map(Callable::BuiltIn)
    }

    fn environment(&self) -> &dyn Environment {
        &*self.surroundings.environment
    }
}
