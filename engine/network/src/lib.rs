//! The way to the network for everything that makes requests: proxies and certificate authorities as the
//! environment names them, TLS by rustls with ring.

mod settings;
mod trust;

pub use settings::{NetworkError, NetworkSettings};
pub use trust::{Names, Trust, tls_config};
