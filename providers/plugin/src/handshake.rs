//! What a plugin needs to know to start, and the line by which it says that it serves.
//!
//! The line has the form `1|VERSION|NETWORK|ADDRESS|grpc|CERTIFICATE`: the version of this very line, the
//! version of the protocol, where the plugin listens, how it is spoken to, and the server's certificate in
//! base64 without padding. Later parts may follow and are of no interest here. The form is go-plugin's.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::method::Protocol;
use crate::transport::Address;

/// By this variable a plugin knows that it was started by a program that speaks its protocol.
pub(crate) const COOKIE: (&str, &str) =
    ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");

/// Tells a plugin the versions of the protocol that it may choose from.
pub(crate) const VERSIONS_VARIABLE: &str = "PLUGIN_PROTOCOL_VERSIONS";

/// Tells a plugin the certificate that its client will show, in PEM. It answers with its own.
pub(crate) const CERTIFICATE_VARIABLE: &str = "PLUGIN_CLIENT_CERT";

/// Ports to choose from, where plugins listen on TCP.
pub(crate) const PORT_VARIABLES: [(&str, &str); 2] =
    [("PLUGIN_MIN_PORT", "10000"), ("PLUGIN_MAX_PORT", "25000")];

/// Version of the line.
const LINE_VERSION: &str = "1";

/// A certificate is longer than this; some old plugins write other things in its place.
const CERTIFICATE_CHARS_MIN: usize = 50;

/// What a plugin said about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handshake {
    /// The version of the protocol that it chose.
    pub(crate) protocol: Protocol,
    /// Where it listens.
    pub(crate) address: Address,
    /// Its certificate in DER; plugins from before 2019 have none and speak in plain text.
    pub(crate) certificate: Option<Vec<u8>>,
}

/// What is wrong with the line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HandshakeError {
    /// Not such a line at all.
    #[error("the first line that it printed is not the handshake of a provider plugin: {line:?}")]
    Unrecognized {
        /// The line, cut to a length for messages.
        line: String,
    },
    /// A handshake of another kind.
    #[error("it uses version {version:?} of the handshake, and only version {LINE_VERSION} is understood")]
    LineVersion {
        /// As the plugin wrote it.
        version: String,
    },
    /// None of the versions that were offered.
    #[error(
        "it speaks version {version:?} of the plugin protocol, and only versions 5 and 6 are understood; an older or \
         newer version of the provider may fit"
    )]
    ProtocolVersion {
        /// As the plugin wrote it.
        version: String,
    },
    /// Neither a socket nor a port on this machine.
    #[error("the address {address:?} where it listens cannot be used")]
    Address {
        /// Network and address as the plugin wrote them.
        address: String,
    },
    /// Go's own RPC instead of gRPC.
    #[error("it speaks {kind:?}, and only gRPC is understood")]
    NotGrpc {
        /// As the plugin wrote it.
        kind: String,
    },
    /// No base64.
    #[error("its certificate cannot be read")]
    Certificate,
}

/// Reads the line.
///
/// # Errors
/// Says which part of it is of no use.
pub(crate) fn read_handshake(line: &str) -> Result<Handshake, HandshakeError> {
    let parts: Vec<&str> = line.trim().split('|').collect();
    let [line_version, protocol, network, address, rest @ ..] = parts.as_slice() else {
        return Err(HandshakeError::Unrecognized { line: line.trim().chars().take(200).collect() });
    };
    if *line_version != LINE_VERSION {
        return Err(HandshakeError::LineVersion { version: (*line_version).to_owned() });
    }
    let version = protocol.parse().ok().and_then(Protocol::from_number);
    let version =
        version.ok_or_else(|| HandshakeError::ProtocolVersion { version: (*protocol).to_owned() })?;
    let parsed = Address::parse(network, address).filter(Address::is_local);
    let address =
        parsed.ok_or_else(|| HandshakeError::Address { address: format!("{network}|{address}") })?;
    let kind = rest.first().copied().unwrap_or("netrpc");
    if kind != "grpc" {
        return Err(HandshakeError::NotGrpc { kind: kind.to_owned() });
    }
    let certificate = rest.get(1).filter(|text| text.len() > CERTIFICATE_CHARS_MIN);
    let certificate = certificate.map(|text| STANDARD_NO_PAD.decode(text.trim_end_matches('=')));
    let certificate = certificate.transpose().map_err(|_| HandshakeError::Certificate)?;
    Ok(Handshake { protocol: version, address, certificate })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handshakes_are_read() {
        let certificate = "TUlJQ1hUQ0NBYjZnQXdJQkFnSVJBTEpibGFoYmxhaGJsYWhibGFoYmxhaA";
        let line = format!("1|6|unix|/tmp/plugin1|grpc|{certificate}|true\n");
        let handshake = read_handshake(&line).unwrap();
        assert_eq!(handshake.protocol, Protocol::V6);
        assert_eq!(handshake.address, Address::Unix("/tmp/plugin1".into()));
        assert_eq!(
            handshake.certificate.as_deref(),
            Some(&b"MIICXTCCAb6gAwIBAgIRALJblahblahblahblahblah"[..])
        );
        let old = read_handshake("1|5|tcp|127.0.0.1:10000|grpc|").unwrap();
        assert_eq!(old.address, Address::Tcp("127.0.0.1:10000".parse().unwrap()));
        assert_eq!(old.certificate, None);
    }

    #[test]
    fn each_useless_part_is_named() {
        let long = "x".repeat(51);
        let all = [
            "",
            "Hello, I am a program.",
            "2|6|unix|/tmp/p|grpc|",
            "1|4|unix|/tmp/p|grpc|",
            "1|seven|unix|/tmp/p|grpc|",
            "1|6|carrier-pigeon|/tmp/p|grpc|",
            "1|6|tcp|203.0.113.1:80|grpc|",
            "1|6|unix|/tmp/p",
            "1|6|unix|/tmp/p|netrpc|",
            &format!("1|6|unix|/tmp/p|grpc|{long}*"),
        ];
        let problems = all.map(|line| read_handshake(line).unwrap_err().to_string());
        insta::assert_snapshot!(problems.join("\n"), @r#"
        the first line that it printed is not the handshake of a provider plugin: ""
        the first line that it printed is not the handshake of a provider plugin: "Hello, I am a program."
        it uses version "2" of the handshake, and only version 1 is understood
        it speaks version "4" of the plugin protocol, and only versions 5 and 6 are understood; an older or newer version of the provider may fit
        it speaks version "seven" of the plugin protocol, and only versions 5 and 6 are understood; an older or newer version of the provider may fit
        the address "carrier-pigeon|/tmp/p" where it listens cannot be used
        the address "tcp|203.0.113.1:80" where it listens cannot be used
        it speaks "netrpc", and only gRPC is understood
        it speaks "netrpc", and only gRPC is understood
        its certificate cannot be read
        "#);
    }
}
