//! What the server says to a plan before anything is done.

use terrane_model::{AttributePath, Diagnostic, Diagnostics, Value};
use terrane_provider::PlanRequest;

use super::TypedObject;
use crate::objects::context::Context;
use crate::objects::dry_run::{Open, Verdict, takeover_warning, try_out};
use crate::objects::failure::{Doing, explain};
use crate::objects::ownership::MANAGER;
use crate::objects::table::locate;

/// What is known about a plan once the server was asked.
#[derive(Default)]
pub(super) struct Checked {
    pub(super) replaces: Vec<AttributePath>,
    pub(super) warnings: Diagnostics,
}

impl TypedObject {
    pub(super) async fn check_with_server(
        &self,
        context: &Context,
        request: &PlanRequest,
        planned: &Value,
    ) -> Result<Checked, Diagnostics> {
        let mut checked = Checked::default();
        let is_create = request.prior_state.is_null();
        if !request.config.is_wholly_known() || is_create && self.ty.exists_already {
            return Ok(checked);
        }
        let Some(cluster) = context.cluster_if_known().await? else { return Ok(checked) };
        let mut object = self.object(&request.config);
        let identity =
            if is_create { self.identity(planned) } else { self.stored_identity(&request.prior_state) };
        let target = match &identity {
            Some(identity) => {
                super::apply::name_object(&mut object, identity);
                self.target(identity)
            }
            None => self.nameless_target(planned),
        };
        let what =
            identity.as_ref().map_or_else(|| self.ty.kind.to_owned(), |identity| self.describe(identity));
        let name = identity.as_ref().map(|identity| identity.name.as_str());
        match try_out(&cluster, &target, name, &object, MANAGER, true).await {
            Verdict::Accepted { applied, held } => {
                if is_create && !applied.created {
                    self.note_existing(context, planned, &what);
                } else if !is_create && !held.is_empty() {
                    checked.warnings.push(takeover_warning(&what, &held));
                }
            }
            Verdict::Conflict(_) => {}
            // What is in the way of a new object is the old one, which the plan may remove.
            Verdict::Immutable { .. } if is_create => self.note_existing(context, planned, &what),
            Verdict::Immutable { fields } => {
                let paths =
                    fields.iter().map(|field| self.changed_argument(field, &request.prior_state, planned));
                checked.replaces.extend(paths);
            }
            Verdict::Refused(error) => {
                return Err(explain(&error, Doing::Planning, &what, Some(&self.shape)).into());
            }
            Verdict::Open(open) => checked.warnings.extend(open_question(context, &open)),
        }
        Ok(checked)
    }

    fn note_existing(&self, context: &Context, planned: &Value, what: &str) {
        use crate::objects::resource::Resource;
        if let Some(key) = self.key(planned) {
            context.notes().existing.insert(key, what.to_owned());
        }
    }

    /// Returns the argument that stands for an immutable field, if its value changes, and otherwise the nearest
    /// around it that does: the server blames more than was touched.
    fn changed_argument(&self, field: &str, prior: &Value, planned: &Value) -> AttributePath {
        let mut path = locate::within(&locate::argument_path(&self.shape, field), planned);
        while !path.is_root() && prior.at_path(&path) == planned.at_path(&path) {
            path.0.pop();
        }
        if !path.is_root() {
            return path;
        }
        let names = self.shape.arguments.iter().map(|argument| &argument.name);
        let changed = names.filter(|name| prior.get(name) != planned.get(name));
        changed.map(|name| AttributePath::root().attribute(name.clone())).next().unwrap_or(path)
    }
}

/// Says what the plan could not find out, once, where it matters.
pub(crate) fn open_question(context: &Context, open: &Open) -> Option<Diagnostic> {
    match open {
        Open::NoNamespace | Open::NoKind => None,
        Open::NotPermitted => context.warn_once(
            "Plan not checked by the server",
            "The credentials may not write to the cluster, so the server could not be asked whether it would accept the \
             objects of this plan. They are checked when the plan is applied."
                .to_owned(),
        ),
        Open::Webhook(message) => context.warn_once(
            "Plan not checked by a webhook",
            format!("{message}. Objects that it has to see are checked when the plan is applied."),
        ),
        Open::Unreachable(message) => context.warn_once(
            "Plan not checked by the server",
            format!("{message}. The plan was made without asking the server; objects are checked when it is applied."),
        ),
    }
}
