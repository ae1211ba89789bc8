//! Resource groups: they are not deleted with what belongs to others.

use std::time::Duration;

use async_trait::async_trait;
use terrane_model::{Diagnostic, Value};

use crate::lifecycle::falling::list_group;
use crate::lifecycle::{Address, Failure, Work};
use crate::resources::Behaviour;

/// Azure's lists are behind its deletions by seconds.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
const LOOKS_MAX: usize = 12;
/// How many objects are named in a message.
const NAMED_MAX: usize = 10;

/// Resource groups.
pub(crate) struct ResourceGroup;

#[async_trait]
impl Behaviour for ResourceGroup {
    async fn before_delete(&self, work: &Work<'_>, address: &Address, _state: &Value) -> Result<(), Failure> {
        let connection = work.connection;
        if !connection.settings.features.keep_filled_resource_groups {
            return Ok(());
        }
        let mut before = usize::MAX;
        for _ in 0..LOOKS_MAX {
            let listed = match list_group(connection, &address.path, &work.call).await {
                // Azure can always say; a server in its place that cannot has the last word itself.
                Err(error) if error.is_unsupported() => return Ok(()),
                listed => listed?,
            };
            let others = connection.leaving.others(&listed);
            if others.is_empty() {
                return Ok(());
            }
            // As long as it gets less, something is still going.
            if others.len() >= before {
                return Err(filled(address, &others).into());
            }
            before = others.len();
            work.call.wait(LOOK_INTERVAL, "the group to be empty").await?;
        }
        Ok(())
    }
}

fn filled(address: &Address, others: &[String]) -> Diagnostic {
    let mut named: Vec<&str> = others.iter().map(String::as_str).take(NAMED_MAX).collect();
    let more = format!("and {} more", others.len().saturating_sub(NAMED_MAX));
    if others.len() > NAMED_MAX {
        named.push(&more);
    }
    let detail = format!(
        "The resource group {} holds what this configuration does not manage:\n\n  {}\n\nDeleting the group would delete \
         all of it. Remove it by other means, manage it, or let the group be deleted with everything in it by setting \
         prevent_deletion_if_contains_resources = false in the block resource_group of the provider's features.",
        address.id,
        named.join("\n  ")
    );
    Diagnostic::error("Resource group is not empty", detail)
}
