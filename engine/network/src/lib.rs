//! The way to the network for everything that makes requests: proxies and certificate authorities as the
//! environment names them, TLS by rustls with ring.

mod settings;
mod shown;
mod trust;

pub use settings::{NetworkError, NetworkSettings};
pub use shown::{ShownCertificates, recording_tls_config};
pub use trust::{Names, Trust, tls_config};
