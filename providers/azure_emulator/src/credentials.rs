//! Who may talk to the emulator: made once, kept in the data directory.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use crate::guid;

const FILE_NAME: &str = "identity.json";

/// The tenant, the subscription and the one service principal that exists.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) tenant_id: String,
    pub(crate) subscription_id: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    /// The service principal's object id.
    pub(crate) object_id: String,
    /// Signs tokens.
    pub(crate) signing_key: Vec<u8>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Identity")
            .field("tenant_id", &self.tenant_id)
            .field("subscription_id", &self.subscription_id)
            .field("client_id", &self.client_id)
            .field("object_id", &self.object_id)
            .finish_non_exhaustive()
    }
}

impl Identity {
    /// Reads the identity kept in `directory`, or makes one.
    pub(crate) fn open(directory: &Path) -> io::Result<Identity> {
        let path = directory.join(FILE_NAME);
        match fs::read_to_string(&path) {
            Ok(text) => Identity::from_json(&text).ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidData, format!("{} is damaged", path.display()))
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let identity = Identity::generate();
                crate::files::write_private(&path, identity.to_json().as_bytes())?;
                Ok(identity)
            }
            Err(error) => Err(error),
        }
    }

    fn generate() -> Identity {
        let mut signing_key = vec![0; 32];
        guid::fill_random(&mut signing_key);
        Identity {
            tenant_id: guid::random(),
            subscription_id: guid::random(),
            client_id: guid::random(),
            client_secret: random_hex(20),
            object_id: guid::random(),
            signing_key,
        }
    }

    fn to_json(&self) -> String {
        json!({
            "tenant_id": self.tenant_id,
            "subscription_id": self.subscription_id,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "object_id": self.object_id,
            "signing_key": hex(&self.signing_key),
        })
        .to_string()
    }

    fn from_json(text: &str) -> Option<Identity> {
        let value: Value = serde_json::from_str(text).ok()?;
        let field = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        Some(Identity {
            tenant_id: field("tenant_id")?,
            subscription_id: field("subscription_id")?,
            client_id: field("client_id")?,
            client_secret: field("client_secret")?,
            object_id: field("object_id")?,
            signing_key: from_hex(&field("signing_key")?)?,
        })
    }
}

/// Returns random hexadecimal digits, two per byte.
pub(crate) fn random_hex(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    guid::fill_random(&mut random);
    hex(&random)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
