//! `import` blocks: which existing object a resource instance takes over.

use terrane_model::ResourceInstanceAddress;
use terrane_provider::ImportTarget;

use crate::dependency_graph::NodeId;
use crate::planner::Planner;

impl Planner {
    /// Returns the object that an `import` block gives to a resource instance.
    pub(crate) fn import_target(
        &mut self,
        _id: NodeId,
        _address: &ResourceInstanceAddress,
    ) -> Option<ImportTarget> {
        None
    }
}
