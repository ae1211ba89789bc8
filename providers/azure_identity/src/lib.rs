//! The way to Azure: which cloud, as whom.
//!
//! What is written in a block and what stands in the environment become settings, settings become a
//! credential, and a credential gives tokens. The provider's block and the backend's have the same arguments
//! for all of this, with the same variables. Nothing here knows what is asked of Azure afterwards.

mod authenticate;
mod certificate;
mod cloud;
mod error;
mod managed_identity;
mod settings;
mod sources;

pub use authenticate::{IdentitySettings, SignIn, TokenSource};
pub use cloud::{Cloud, CloudSuffixes, MetadataError};
pub use error::IdentityError;
pub use settings::{CloudChoice, innermost_cause, read_cloud, read_identity};
pub use sources::SettingSources;
