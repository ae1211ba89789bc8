//! Clients for tests that send nothing, and for those that do.

use terrane_network::NetworkSettings;

/// Returns a client.
pub(crate) fn client() -> reqwest::Client {
    NetworkSettings::default().api_client().expect("the machine has certificates or none")
}
