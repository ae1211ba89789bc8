//! Looking at a whole plan before any of it is done: what no single resource can know.

mod address_ranges;
mod names;
mod offers;
mod policies;
mod private_servers;
mod same_object;
mod subnet_sizes;

pub(crate) use address_ranges::check_address_ranges;
pub(crate) use names::check_names;
pub(crate) use offers::check_offers;
pub(crate) use policies::check_policies;
pub(crate) use private_servers::check_private_servers;
pub(crate) use same_object::check_same_objects;
pub(crate) use subnet_sizes::check_subnet_sizes;

use terrane_model::{Diagnostic, Value};
use terrane_provider::PlannedResource;

/// Tells whether a resource is there after the plan, and differs from what it is.
fn is_changed(resource: &PlannedResource) -> bool {
    !resource.planned_state.is_null() && resource.prior_state != resource.planned_state
}

/// Makes a message about a resource.
fn complaint(summary: &str, resource: &PlannedResource, detail: &str) -> Diagnostic {
    Diagnostic::error(summary, detail).about(&resource.address)
}

/// Returns a known text that is not empty.
fn text(value: &Value, name: &str) -> Option<String> {
    crate::attributes::text_at(value, name).map(|text| text.to_string())
}
