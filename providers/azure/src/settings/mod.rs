//! The provider block and the environment, as one set of settings.

mod features;
mod provider_settings;

pub(crate) use features::Features;
pub(crate) use provider_settings::{ProviderSettings, Registration};
