//! ECDSA keys on the curves of NIST.

use p256::ecdsa::signature::hazmat::PrehashSigner;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::Signature;
use crate::tls::der;

/// A curve of NIST.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tls) enum Curve {
    P224,
    P256,
    P384,
    P521,
}

impl Curve {
    /// The names that configurations use.
    pub(in crate::tls) const NAMES: &[&str] = &["P224", "P256", "P384", "P521"];
    const ALL: [Self; 4] = [Self::P224, Self::P256, Self::P384, Self::P521];

    /// Returns the curve with a name.
    pub(in crate::tls) fn named(name: &str) -> Option<Self> {
        let position = Self::NAMES.iter().position(|candidate| *candidate == name)?;
        Self::ALL.get(position).copied()
    }

    /// Returns the curve whose identifier has this content.
    pub(super) fn identified(content: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| der::identifier_content(curve.identifier()) == content)
    }

    /// Returns the curve with a name of SSH, which has none for P-224.
    pub(super) fn named_by_ssh(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.ssh_name().is_some_and(|known| known.as_bytes() == name))
    }

    pub(super) fn ssh_name(self) -> Option<&'static str> {
        match self {
            Self::P224 => None,
            Self::P256 => Some("nistp256"),
            Self::P384 => Some("nistp384"),
            Self::P521 => Some("nistp521"),
        }
    }

    pub(super) fn identifier(self) -> &'static [u64] {
        match self {
            Self::P224 => &[1, 3, 132, 0, 33],
            Self::P256 => &[1, 2, 840, 10045, 3, 1, 7],
            Self::P384 => &[1, 3, 132, 0, 34],
            Self::P521 => &[1, 3, 132, 0, 35],
        }
    }

    /// How many bytes a secret number has.
    fn secret_length(self) -> usize {
        match self {
            Self::P224 => 28,
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The last part of the signature algorithm's identifier, and the checksum that it signs.
    fn checksum(self, message: &[u8]) -> (u64, Vec<u8>) {
        match self {
            Self::P224 | Self::P256 => (2, Sha256::digest(message).to_vec()),
            Self::P384 => (3, Sha384::digest(message).to_vec()),
            Self::P521 => (4, Sha512::digest(message).to_vec()),
        }
    }
}

/// Evaluates an expression with the crate of a curve.
macro_rules! on_curve {
    ($curve:expr, $library:ident => $body:expr) => {
        match $curve {
            Curve::P224 => {
                use p224 as $library;
                $body
            }
            Curve::P256 => {
                use p256 as $library;
                $body
            }
            Curve::P384 => {
                use p384 as $library;
                $body
            }
            Curve::P521 => {
                use p521 as $library;
                $body
            }
        }
    };
}

/// A secret number and the point that belongs to it.
pub(in crate::tls) struct EcdsaKey {
    pub(super) curve: Curve,
    /// The big end first, as long as the curve's numbers are.
    pub(super) secret: Vec<u8>,
    /// Not compressed.
    pub(super) point: Vec<u8>,
}

impl EcdsaKey {
    /// Draws a key.
    pub(super) fn generate(curve: Curve) -> Self {
        loop {
            let mut secret = vec![0; curve.secret_length()];
            rand::fill(&mut secret[..]);
            if curve == Curve::P521 {
                secret[0] &= 1;
            }
            // Numbers beyond the curve's order are drawn again, so that none is more likely than others.
            if let Some(key) = Self::new(curve, &secret) {
                return key;
            }
        }
    }

    /// Makes the key of a secret number, unless the curve does not have it.
    pub(super) fn new(curve: Curve, secret: &[u8]) -> Option<Self> {
        let zeros = secret.iter().take_while(|byte| **byte == 0).count();
        let digits = &secret[zeros..];
        let padding = curve.secret_length().checked_sub(digits.len())?;
        let secret = [&vec![0; padding], digits].concat();
        let point = on_curve!(curve, library => {
            let key = library::ecdsa::SigningKey::from_slice(&secret).ok()?;
            key.verifying_key().to_sec1_point(false).as_bytes().to_vec()
        });
        Some(Self { curve, secret, point })
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Signature, String> {
        let (algorithm, checksum) = self.curve.checksum(message);
        let bytes = on_curve!(self.curve, library => {
            let key = library::ecdsa::SigningKey::from_slice(&self.secret).map_err(|e| e.to_string())?;
            let signature: library::ecdsa::Signature =
                key.sign_prehash(&checksum).map_err(|error| error.to_string())?;
            signature.to_der().as_bytes().to_vec()
        });
        let algorithm = der::object_identifier(&[1, 2, 840, 10045, 4, 3, algorithm]);
        Ok(Signature { algorithm: der::sequence([algorithm]), bytes })
    }
}
