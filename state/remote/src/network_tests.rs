//! Clients for tests that send nothing, and for those that do.

use std::collections::HashMap;

use terrane_azure_identity::HttpSettings;

/// Returns a client.
pub(crate) fn client() -> reqwest::Client {
    HttpSettings::from_environment(&HashMap::new()).build().expect("the machine has certificates or none")
}
