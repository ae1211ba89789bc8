//! What tests of resource types share: a cloud, an engine of a few lines, and checks of what was sent.

mod contract;
pub(crate) mod plain_cloud;
mod stage;
mod values;

pub(crate) use stage::{AZAPI, Object, Stage, text};
pub(crate) use values::replaced;
