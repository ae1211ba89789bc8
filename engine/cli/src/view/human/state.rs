//! States for people.

use terrane_plan::ProviderPool;
use terrane_plan::prior_objects::PriorObjects;
use terrane_state::StateSnapshot;

use crate::terminal::Terminal;

/// Lays a state out.
pub fn render_state(state: &StateSnapshot, _: &PriorObjects, _: &ProviderPool, _: &Terminal) -> String {
    state.objects().map(|(address, ..)| format!("# {address}:")).collect::<Vec<_>>().join("\n")
}
