//! Ports of this machine: choosing free ones, and finding out who holds one.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};

use super::config::{API_SERVER_PORT, ClusterConfig, IpFamily, NodeConfig, PortMapping, Role};

/// What a configuration writes for "one that is free".
const ANY_FREE: i64 = 0;

/// What a configuration writes for "whatever Docker chooses, anew at every start".
const DOCKER_CHOOSES: i64 = -1;

/// A port of this machine that will lead into a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Publication {
    pub(crate) container_port: i64,
    /// `tcp`, `udp` or `sctp`.
    pub(crate) protocol: String,
    pub(crate) address: String,
    /// Nothing: Docker chooses.
    pub(crate) host_port: Option<u16>,
}

/// Ports held while a container is described, so that no two get the same one.
#[derive(Default)]
pub(crate) struct HeldPorts {
    listeners: Vec<TcpListener>,
    sockets: Vec<UdpSocket>,
}

impl HeldPorts {
    /// Decides all ports of a mapping. A free port is chosen here rather than by Docker, so that it stays the
    /// same when the container is started anew.
    ///
    /// # Errors
    /// When the address is not this machine's, or has no free port.
    pub(crate) fn publish(&mut self, mapping: &PortMapping, family: IpFamily) -> io::Result<Publication> {
        let address = match mapping.listen_address.as_str() {
            "" => family.any_address(),
            written => written,
        };
        let host_port = match mapping.host_port {
            DOCKER_CHOOSES => None,
            ANY_FREE => Some(self.choose(address, mapping.protocol == "UDP")?),
            fixed => Some(u16::try_from(fixed).map_err(io::Error::other)?),
        };
        Ok(Publication {
            container_port: mapping.container_port,
            protocol: mapping.protocol.to_lowercase(),
            address: address.to_owned(),
            host_port,
        })
    }

    fn choose(&mut self, address: &str, is_udp: bool) -> io::Result<u16> {
        let address: IpAddr = address.parse().map_err(io::Error::other)?;
        let any = SocketAddr::new(address, 0);
        if is_udp {
            let socket = UdpSocket::bind(any)?;
            let port = socket.local_addr()?.port();
            self.sockets.push(socket);
            return Ok(port);
        }
        let listener = TcpListener::bind(any)?;
        let port = listener.local_addr()?.port();
        self.listeners.push(listener);
        Ok(port)
    }
}

/// Returns the mappings of a node: those of its configuration, and for a control plane the API server's. Behind
/// a load balancer that one is only for looking in, and any free port will do.
pub(crate) fn node_mappings(cluster: &ClusterConfig, node: &NodeConfig) -> Vec<PortMapping> {
    let mut mappings = node.extra_port_mappings.clone();
    if node.role == Role::ControlPlane {
        let mut mapping = api_server_mapping(cluster);
        if cluster.has_load_balancer() {
            mapping.listen_address = cluster.networking.ip_family.loopback().to_owned();
            mapping.host_port = ANY_FREE;
        }
        mappings.push(mapping);
    }
    mappings
}

/// Returns the mapping at which the API server is reached from this machine.
pub(crate) fn api_server_mapping(cluster: &ClusterConfig) -> PortMapping {
    PortMapping {
        container_port: i64::from(API_SERVER_PORT),
        host_port: cluster.networking.api_server_port,
        listen_address: cluster.networking.api_server_address.clone(),
        protocol: "TCP".to_owned(),
    }
}

/// Tells whether a fixed port of a mapping is free on this machine. Protocols that cannot be tried count as
/// free.
pub(crate) fn is_free(mapping: &PortMapping, family: IpFamily) -> bool {
    let address = match mapping.listen_address.as_str() {
        "" => family.any_address(),
        written => written,
    };
    let (Ok(address), Ok(port)) = (address.parse::<IpAddr>(), u16::try_from(mapping.host_port)) else {
        return true;
    };
    let tried = match mapping.protocol.as_str() {
        "TCP" => TcpListener::bind((address, port)).map(|_| ()),
        "UDP" => UdpSocket::bind((address, port)).map(|_| ()),
        _ => Ok(()),
    };
    !tried.is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
}

/// Tells whether two mappings want the same port of the machine.
pub(crate) fn collide(one: &PortMapping, other: &PortMapping) -> bool {
    let is_wildcard = |address: &str| matches!(address, "" | "0.0.0.0" | "::");
    let (a, b) = (one.listen_address.as_str(), other.listen_address.as_str());
    one.host_port > 0
        && one.host_port == other.host_port
        && one.protocol == other.protocol
        && (a == b || is_wildcard(a) || is_wildcard(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(host_port: i64, address: &str) -> PortMapping {
        PortMapping {
            container_port: 80,
            host_port,
            listen_address: address.to_owned(),
            protocol: "TCP".to_owned(),
        }
    }

    #[test]
    fn free_ports_are_all_different_and_stay_held() {
        let mut held = HeldPorts::default();
        let mut publish = |port| held.publish(&mapping(port, "127.0.0.1"), IpFamily::Ipv4).unwrap();
        let (one, two) = (publish(0), publish(0));
        assert_ne!(one.host_port, two.host_port);
        assert_eq!(publish(-1).host_port, None);
        assert_eq!(publish(8080).host_port, Some(8080));
        let taken = mapping(i64::from(one.host_port.unwrap()), "127.0.0.1");
        assert!(!is_free(&taken, IpFamily::Ipv4));
        drop(held);
        assert!(is_free(&taken, IpFamily::Ipv4));
    }

    #[test]
    fn wildcards_collide_with_every_address() {
        assert!(collide(&mapping(80, ""), &mapping(80, "127.0.0.1")));
        assert!(collide(&mapping(80, "::"), &mapping(80, "0.0.0.0")));
        assert!(!collide(&mapping(80, "127.0.0.1"), &mapping(80, "127.0.0.2")));
        assert!(!collide(&mapping(0, ""), &mapping(0, "")));
        assert!(!collide(&mapping(80, ""), &mapping(81, "")));
    }
}
