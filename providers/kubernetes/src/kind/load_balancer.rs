//! The container in front of several control planes: haproxy, which asks each of them how it is.

use std::fmt::Write;

use super::config::{API_SERVER_PORT, IpFamily};

/// The image that kind v0.29 uses.
pub(crate) const LOAD_BALANCER_IMAGE: &str = "docker.io/kindest/haproxy:v20230606-42a2262b";

/// Where the configuration lies in the container.
pub(crate) const LOAD_BALANCER_CONFIG_PATH: &str = "/usr/local/etc/haproxy/haproxy.cfg";

/// Writes the configuration for control planes, given by the names of their containers.
///
/// Servers that are down are asked often: everybody waits for the first one. Who meets a server that has just gone comes to
/// the next one.
pub(crate) fn haproxy_config(control_planes: &[&str], family: IpFamily) -> String {
    let mut config = String::from(
        "global\n  log /dev/log local0\n  log /dev/log local1 notice\n  daemon\n  maxconn 100000\n\n\
         resolvers docker\n  nameserver dns 127.0.0.11:53\n\n\
         defaults\n  log global\n  mode tcp\n  option dontlognull\n  timeout connect 2s\n  retries 3\n  option redispatch 1\n  timeout client 50000\n  \
         timeout server 50000\n  default-server init-addr none\n\n\
         frontend control-plane\n",
    );
    let _ = writeln!(config, "  bind *:{API_SERVER_PORT}");
    if family.has_ipv6() {
        let _ = writeln!(config, "  bind :::{API_SERVER_PORT}");
    }
    config.push_str(
        "  default_backend kube-apiservers\n\nbackend kube-apiservers\n  option httpchk GET /healthz\n",
    );
    let prefer = if family == IpFamily::Ipv6 { "ipv6" } else { "ipv4" };
    for name in control_planes {
        let _ = writeln!(
            config,
            "  server {name} {name}:{API_SERVER_PORT} check inter 2s fastinter 250ms downinter 250ms rise 1 check-ssl verify \
             none resolvers docker resolve-prefer {prefer}"
        );
    }
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_control_plane_is_a_server() {
        insta::assert_snapshot!(haproxy_config(&["x-control-plane", "x-control-plane2"], IpFamily::Ipv4));
        let dual = haproxy_config(&["x-control-plane"], IpFamily::Dual);
        assert!(dual.contains("bind :::6443"), "{dual}");
    }
}
