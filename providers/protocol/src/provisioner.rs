//! What is run on or about an object after it was made, or before it goes.

use std::sync::Arc;

use async_trait::async_trait;
use terrane_model::{Block, Diagnostics, Value};

/// One type of `provisioner` block.
#[async_trait]
pub trait Provisioner: Send + Sync {
    /// Returns what may be written in the block.
    fn schema(&self) -> Arc<Block>;

    /// Returns what may be written in a `connection` block.
    fn connection_schema(&self) -> Arc<Block>;

    /// Checks a block; parts of the configuration may be unknown.
    async fn validate(&self, config: Value) -> Diagnostics;

    /// Does what a block says. When the call is dropped, what is under way ends.
    async fn provision(&self, request: ProvisionRequest, output: &dyn ProvisionOutput) -> Diagnostics;
}

/// What a `provisioner` block says.
#[derive(Debug, Clone)]
pub struct ProvisionRequest {
    /// The block's arguments, wholly known, without marks.
    pub config: Value,
    /// How to reach the object; null when nothing is said about that.
    pub connection: Value,
}

/// Gets what a provisioner writes. Implementations must be quick and must not block.
pub trait ProvisionOutput: Send + Sync {
    /// A line was written; the line end is not part of it.
    fn line(&self, text: &str);
}
