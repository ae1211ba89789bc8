//! Clusters.

use async_trait::async_trait;
use terrane_model::{Diagnostics, Value};

use crate::attributes::{Attributes, text_at};
use crate::lifecycle::{Change, Draft, Failure, Work, update};
use crate::mapping::Documents;
use crate::resources::Behaviour;
use crate::resources::kubernetes::cluster_plan::ROTATED;
use crate::resources::kubernetes::credentials::complete_credentials;
use crate::resources::kubernetes::maintenance::{read_schedules, write_schedules};
use crate::resources::kubernetes::pool_body::{change_pool, choose_count, new_properties, rotate};
use crate::resources::kubernetes::pools::{differs, first_block};
use crate::resources::kubernetes::wire::{from_wire, put_first, to_wire};
use crate::resources::kubernetes::{cluster_plan, cluster_validate, models};
use crate::table::BlockShape;

const POOL: &str = "default_node_pool";

/// Clusters.
pub(crate) struct Cluster;

#[async_trait]
impl Behaviour for Cluster {
    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        cluster_validate::validate(config, diagnostics);
    }

    fn plan(&self, draft: &mut Draft<'_>) {
        cluster_plan::plan(draft);
    }

    fn shape_base(&self, change: &Change<'_>, work: &Work<'_>, documents: &mut Documents) {
        let name = change.prior.and_then(|prior| text_at(&first_block(prior, POOL), "name"));
        put_first(&mut documents.body, name.as_deref());
        from_wire(&mut documents.body, &work.connection.subscription_id);
    }

    async fn before_write(
        &self,
        _work: &Work<'_>,
        change: &Change<'_>,
        documents: &mut Documents,
    ) -> Result<(), Failure> {
        if change.prior.is_none()
            && let Some(pool) = documents.body.pointer_mut("/properties/agentPoolProfiles/0")
        {
            choose_count(pool);
        }
        to_wire(&mut documents.body);
        write_schedules(documents);
        documents.body = models::cluster_body(documents.body.take())?;
        Ok(())
    }

    async fn complete_documents(
        &self,
        work: &Work<'_>,
        documents: &mut Documents,
        known: Option<&Value>,
    ) -> Result<(), Failure> {
        let name = known.and_then(|known| text_at(&first_block(known, POOL), "name"));
        put_first(&mut documents.body, name.as_deref());
        from_wire(&mut documents.body, &work.connection.subscription_id);
        read_schedules(documents);
        complete_credentials(work, documents).await
    }

    /// The control plane is changed first, without its pools; then the default pool, in place or by taking
    /// its place.
    async fn update(&self, work: &Work<'_>, change: &Change<'_>) -> Result<Documents, Failure> {
        let prior = change.prior.unwrap_or(change.planned);
        let (before, after) = (first_block(prior, POOL), first_block(change.planned, POOL));
        let mut without_pool = Attributes::of(change.planned);
        without_pool.set(POOL, prior.attribute(POOL));
        let without_pool = without_pool.into_object(&change.planned.ty());
        let mut documents =
            update::update_object(work, &Change { planned: &without_pool, ..*change }).await?;
        let Some(block) = work.table.argument(POOL).and_then(|argument| argument.block()) else {
            return Ok(documents);
        };
        if !pool_differs(block, &before, &after) {
            return Ok(documents);
        }
        let keys = change.address.lock_keys(&work.table.locks, change.planned);
        let _guards = work.client().locks.hold(keys).await;
        let path = &change.address.path;
        let rotates = ROTATED.iter().any(|name| differs(&before.attribute(name), &after.attribute(name)));
        match text_at(&after, "temporary_name_for_rotation").filter(|_| rotates) {
            Some(temporary) => {
                let properties = new_properties(&block.arguments, &after);
                let name = |block: &Value| text_at(block, "name").unwrap_or_default();
                rotate(work, path, &name(&before), &name(&after), &temporary, &properties).await?;
            }
            None => change_pool(work, path, &block.arguments, &before, &after).await?,
        }
        documents.body = work.get(path, &work.table.api_version).await?.unwrap_or_default();
        Ok(documents)
    }
}

/// Tells whether anything changes that Azure sees.
fn pool_differs(block: &BlockShape, before: &Value, after: &Value) -> bool {
    let sent = block.arguments.iter().filter(|argument| argument.sent().is_some());
    sent.into_iter()
        .any(|argument| differs(&before.attribute(&argument.name), &after.attribute(&argument.name)))
}
