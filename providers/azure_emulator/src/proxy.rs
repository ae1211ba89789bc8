//! A small HTTP proxy on the server's own port, so that data planes keep their real names.
//!
//! Key vaults live at `https://NAME.vault.azure.net`, registries at `https://NAME.azurecr.io`. No name server knows
//! the emulated ones. Clients that are told to use the emulator as their proxy (`HTTPS_PROXY`) ask it to connect to
//! such hosts, and it connects them to itself. Connections to all other hosts are passed on.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::TcpStream;

/// Longer request heads are refused.
const HEAD_SIZE_MAX_BYTES: usize = 8 << 10;

/// Suffixes of the hosts that the emulator stands for.
const OWN_SUFFIXES: &[&str] = &[
    ".vault.azure.net",
    ".azurecr.io",
    ".blob.core.windows.net",
    ".queue.core.windows.net",
    ".table.core.windows.net",
    ".file.core.windows.net",
    ".dfs.core.windows.net",
    ".web.core.windows.net",
];

/// Hosts of Azure itself that an emulated client must never reach by accident.
const OWN_HOSTS: &[&str] = &["management.azure.com", "login.microsoftonline.com", "graph.microsoft.com"];

/// What a connection turned out to be.
pub(crate) enum Arrival {
    /// A TLS client for the emulator itself, or one that the proxy connected to it.
    Tls(TcpStream),
    /// Served already, or of no use.
    Done,
}

/// Looks at the first byte of a connection: TLS goes to the server, everything else must be a proxy request.
pub(crate) async fn receive(mut stream: TcpStream) -> io::Result<Arrival> {
    let mut first = [0; 1];
    if stream.peek(&mut first).await? == 0 {
        return Ok(Arrival::Done);
    }
    // A TLS handshake record starts with 22.
    if first[0] == 22 {
        return Ok(Arrival::Tls(stream));
    }
    let head = read_head(&mut stream).await?;
    let Some(authority) = connect_target(&head) else {
        refuse(&mut stream, "400 Bad Request", "this port speaks HTTPS, and CONNECT as a proxy").await?;
        return Ok(Arrival::Done);
    };
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host).to_ascii_lowercase();
    if is_own(&host) {
        stream.write_all(b"HTTP/1.1 200 Connection Established\r\n\r\n").await?;
        return Ok(Arrival::Tls(stream));
    }
    match TcpStream::connect(authority).await {
        Ok(mut upstream) => {
            stream.write_all(b"HTTP/1.1 200 Connection Established\r\n\r\n").await?;
            copy_bidirectional(&mut stream, &mut upstream).await?;
        }
        Err(error) => refuse(&mut stream, "502 Bad Gateway", &format!("{authority}: {error}")).await?,
    }
    Ok(Arrival::Done)
}

/// Returns whether the emulator stands for a host.
fn is_own(host: &str) -> bool {
    OWN_HOSTS.contains(&host) || OWN_SUFFIXES.iter().any(|suffix| host.ends_with(suffix))
}

async fn read_head(stream: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    // Byte by byte, so that nothing of what follows the head is taken; heads are short.
    while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD_SIZE_MAX_BYTES {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn connect_target(head: &str) -> Option<&str> {
    let mut words = head.lines().next()?.split(' ');
    let (method, authority) = (words.next()?, words.next()?);
    (method == "CONNECT" && authority.contains(':')).then_some(authority)
}

async fn refuse(stream: &mut TcpStream, status: &str, text: &str) -> io::Result<()> {
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    );
    stream.write_all(answer.as_bytes()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_hosts_are_recognized() {
        assert!(is_own("a.vault.azure.net") && is_own("a.azurecr.io") && is_own("management.azure.com"));
        assert!(!is_own("example.com") && !is_own("azurecr.io.example.com"));
        assert_eq!(
            connect_target("CONNECT a.azurecr.io:443 HTTP/1.1\r\nHost: x\r\n"),
            Some("a.azurecr.io:443")
        );
        assert_eq!(connect_target("GET / HTTP/1.1\r\n"), None);
    }
}
