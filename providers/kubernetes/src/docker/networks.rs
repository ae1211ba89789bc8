//! Networks.

use std::collections::HashMap;

use bollard::models::{Ipam, IpamConfig, NetworkCreateRequest, NetworkInspect};
use bollard::query_parameters::{InspectNetworkOptions, ListNetworksOptionsBuilder};

use super::engine::Engine;
use super::error::{DockerError, While};

/// Option of bridge networks: the largest packet.
const MTU_OPTION: &str = "com.docker.network.driver.mtu";

/// A network as far as clusters are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NetworkFacts {
    /// Its name.
    pub(crate) name: String,
    /// Its subnets, in the engine's order.
    pub(crate) subnets: Vec<String>,
}

impl NetworkFacts {
    /// Returns the IPv4 subnet.
    pub(crate) fn ipv4_cidr(&self) -> Option<&str> {
        self.subnets.iter().map(String::as_str).find(|subnet| !subnet.contains(':'))
    }

    fn from_inspected(network: &NetworkInspect) -> Self {
        let configs = network.ipam.iter().flat_map(|ipam| ipam.config.iter().flatten());
        Self {
            name: network.name.clone().unwrap_or_default(),
            subnets: configs.filter_map(|config| config.subnet.clone()).collect(),
        }
    }
}

impl Engine {
    /// Looks at a network by name or id; nothing when there is none.
    pub(crate) async fn inspect_network(&self, name: &str) -> Result<Option<NetworkInspect>, DockerError> {
        let inspected = self.docker.inspect_network(name, None::<InspectNetworkOptions>).await;
        match inspected.during(|| format!("look at the network {name}")) {
            Ok(network) => Ok(Some(network)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns what there is to know about a network; nothing when there is none.
    pub(crate) async fn network_facts(&self, name: &str) -> Result<Option<NetworkFacts>, DockerError> {
        Ok(self.inspect_network(name).await?.map(|network| NetworkFacts::from_inspected(&network)))
    }

    /// Makes sure that there is exactly one bridge network with a name, with IPv6 where the engine can.
    ///
    /// Networks have no unique names: two runs at once may both make one, and the one with fewer containers
    /// goes. `ipv6_subnet` gives the subnet of each attempt, in case that one is taken.
    pub(crate) async fn ensure_network(
        &self,
        name: &str,
        ipv6_subnet: impl Fn(u32) -> String,
    ) -> Result<NetworkFacts, DockerError> {
        if self.networks_named(name).await?.is_empty() {
            self.create_network(name, ipv6_subnet).await?;
        }
        self.remove_duplicates(name).await?;
        let facts = self.network_facts(name).await?;
        facts.ok_or_else(|| DockerError::Refused {
            action: format!("create the network {name}"),
            status: 404,
            message: "it is gone again".to_owned(),
        })
    }

    async fn networks_named(&self, name: &str) -> Result<Vec<String>, DockerError> {
        let filters = HashMap::from([("name", vec![name])]);
        let options = ListNetworksOptionsBuilder::new().filters(&filters).build();
        let listed = self.docker.list_networks(Some(options)).await.during(|| "list networks".to_owned())?;
        // The filter finds names that contain the text.
        let exact = listed.into_iter().filter(|network| network.name.as_deref() == Some(name));
        Ok(exact.filter_map(|network| network.id).collect())
    }

    async fn remove_duplicates(&self, name: &str) -> Result<(), DockerError> {
        let ids = self.networks_named(name).await?;
        if ids.len() < 2 {
            return Ok(());
        }
        let mut ranked = Vec::new();
        for id in ids {
            let network = self.inspect_network(&id).await?;
            let containers =
                network.and_then(|network| network.containers).map_or(0, |containers| containers.len());
            ranked.push((std::cmp::Reverse(containers), id));
        }
        ranked.sort();
        for (_, id) in &ranked[1..] {
            match self
                .docker
                .remove_network(id)
                .await
                .during(|| format!("remove the duplicate network {name}"))
            {
                Err(error) if error.is_not_found() => {}
                other => other?,
            }
        }
        Ok(())
    }

    async fn create_network(
        &self,
        name: &str,
        ipv6_subnet: impl Fn(u32) -> String,
    ) -> Result<(), DockerError> {
        const ATTEMPTS: u32 = 5;
        let mtu = self.default_mtu().await;
        let mut attempt = 0;
        let mut with_ipv6 = true;
        loop {
            let subnet = with_ipv6.then(|| ipv6_subnet(attempt));
            let request = network_request(name, mtu.as_deref(), subnet);
            let created =
                self.docker.create_network(request).await.during(|| format!("create the network {name}"));
            let Err(error) = created else { return Ok(()) };
            let message = error.message();
            if message.contains("already exists") {
                return Ok(());
            } else if with_ipv6 && is_without_ipv6(&message) {
                with_ipv6 = false;
            } else if is_overlap(&message) && attempt + 1 < ATTEMPTS {
                // The overlap may be with the same network, made by somebody else meanwhile.
                if !self.networks_named(name).await?.is_empty() {
                    return Ok(());
                }
                attempt += 1;
            } else {
                return Err(error);
            }
        }
    }

    /// Returns the largest packet of the engine's default network: that of a VPN, for example.
    async fn default_mtu(&self) -> Option<String> {
        let network = self.inspect_network("bridge").await.ok()??;
        network.options?.remove(MTU_OPTION)
    }
}

fn network_request(name: &str, mtu: Option<&str>, ipv6_subnet: Option<String>) -> NetworkCreateRequest {
    let mut options =
        HashMap::from([("com.docker.network.bridge.enable_ip_masquerade".to_owned(), "true".to_owned())]);
    if let Some(mtu) = mtu {
        options.insert(MTU_OPTION.to_owned(), mtu.to_owned());
    }
    let enable_ipv6 = ipv6_subnet.is_some();
    let ipam = ipv6_subnet.map(|subnet| Ipam {
        config: Some(vec![IpamConfig { subnet: Some(subnet), ..IpamConfig::default() }]),
        ..Ipam::default()
    });
    NetworkCreateRequest {
        name: name.to_owned(),
        driver: Some("bridge".to_owned()),
        enable_ipv6: Some(enable_ipv6),
        ipam,
        options: Some(options),
        ..NetworkCreateRequest::default()
    }
}

fn is_without_ipv6(message: &str) -> bool {
    message.contains("Cannot read IPv6 setup for bridge")
        || message
            .contains("Failed to Setup IP tables: Unable to enable NAT rule:  (iptables failed: ip6tables")
}

fn is_overlap(message: &str) -> bool {
    message.contains("Pool overlaps with other one on this address space")
        || message.contains("networks have overlapping")
}
