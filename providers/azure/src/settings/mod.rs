//! The provider block and the environment, as one set of settings.

mod features;
mod provider_settings;
mod sources;

pub(crate) use features::Features;
pub(crate) use provider_settings::{CloudChoice, ProviderSettings, Registration};
pub(crate) use sources::SettingSources;
