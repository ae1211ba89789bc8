//! The network that all clusters share.

use std::collections::BTreeMap;

use sha1::{Digest, Sha1};

use super::error::ClusterError;
use crate::docker::{Engine, NetworkFacts};

/// How many addresses at the end of the network are kept for load balancers.
const LOAD_BALANCER_ADDRESSES: u32 = 10;

/// Returns the network's name: the variable is the kind command's own.
pub(crate) fn network_name(environment: &BTreeMap<String, String>) -> String {
    let chosen = environment.get("KIND_EXPERIMENTAL_DOCKER_NETWORK").filter(|name| !name.is_empty());
    chosen.map_or("kind", String::as_str).to_owned()
}

/// Makes sure that the network is there.
pub(crate) async fn ensure_cluster_network(
    engine: &Engine,
    name: &str,
) -> Result<NetworkFacts, ClusterError> {
    Ok(engine.ensure_network(name, |attempt| ipv6_subnet(name, attempt)).await?)
}

/// Derives a private IPv6 subnet from the network's name, so that all machines have the same one.
fn ipv6_subnet(name: &str, attempt: u32) -> String {
    let mut hash = Sha1::new();
    hash.update(name.as_bytes());
    hash.update(attempt.to_le_bytes());
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&hash.finalize()[..8]);
    bytes[0] = 0xfc;
    bytes[1] = 0;
    format!("{}/64", std::net::Ipv6Addr::from(bytes))
}

/// Returns the last addresses of a network that can be hosts', as `first-last`; nothing where the network is
/// too small to spare them.
pub(crate) fn load_balancer_range(cidr: &str) -> Option<String> {
    let (address, prefix) = cidr.split_once('/')?;
    let address = u32::from(address.parse::<std::net::Ipv4Addr>().ok()?);
    let prefix = prefix.parse::<u32>().ok().filter(|prefix| (1..=27).contains(prefix))?;
    let broadcast = address | (u32::MAX >> prefix);
    let host = |back: u32| std::net::Ipv4Addr::from(broadcast - back);
    Some(format!("{}-{}", host(LOAD_BALANCER_ADDRESSES), host(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subnet_is_the_one_that_the_kind_command_makes() {
        assert_eq!(ipv6_subnet("kind", 0), "fc00:f853:ccd:e793::/64");
        assert_ne!(ipv6_subnet("kind", 1), ipv6_subnet("kind", 0));
    }

    #[test]
    fn load_balancers_get_the_last_addresses() {
        let table = [
            ("172.18.0.0/16", Some("172.18.255.245-172.18.255.254")),
            ("10.0.0.0/24", Some("10.0.0.245-10.0.0.254")),
            ("10.0.0.0/27", Some("10.0.0.21-10.0.0.30")),
            ("10.0.0.0/28", None),
            ("fc00::/64", None),
            ("nonsense", None),
        ];
        for (cidr, range) in table {
            assert_eq!(load_balancer_range(cidr).as_deref(), range, "{cidr}");
        }
    }
}
