//! Schemas kept on disk between runs, so that a plugin need not start only to tell them.
//!
//! They are kept under the hash of the program, as the messages that the plugin sent. Hashing a program of 200 MB
//! takes a while, so the hash itself is kept too, with the size, times and number of the file that it was taken
//! of. Whatever cannot be read counts as absent: the plugin is asked again.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use prost::Message;
use prost::bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::install::{hex, sha256_of_file};
use crate::method::Protocol;
use crate::wire::schema::{GetIdentitySchemasResponse, GetProviderSchemaResponse};

/// What a kept file begins with; the digit changes with the form.
const MAGIC: &[u8; 8] = b"schemas1";

/// Schemas as a plugin sent them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CachedSchemas {
    pub(crate) protocol: Protocol,
    pub(crate) schemas: GetProviderSchemaResponse,
    pub(crate) identities: GetIdentitySchemasResponse,
}

/// The form of a kept file behind magic and checksum.
#[derive(Clone, PartialEq, Message)]
struct Kept {
    #[prost(uint32, tag = "1")]
    protocol: u32,
    #[prost(message, optional, tag = "2")]
    schemas: Option<GetProviderSchemaResponse>,
    #[prost(message, optional, tag = "3")]
    identities: Option<GetIdentitySchemasResponse>,
}

/// A folder with schemas.
#[derive(Debug, Clone)]
pub struct SchemaCache {
    folder: PathBuf,
    variant: String,
}

impl SchemaCache {
    /// Keeps schemas in a folder, which is made when it is needed.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), variant: String::new() }
    }

    /// Keeps schemas apart by a text: what beside the program decides its schemas, such as the content of a
    /// variable that switches features on.
    #[must_use]
    pub fn variant(self, variant: impl Into<String>) -> Self {
        Self { variant: variant.into(), ..self }
    }

    /// Returns what was kept of a program.
    pub(crate) fn load(&self, program: &Path) -> Option<CachedSchemas> {
        let bytes = std::fs::read(self.schemas_path(program)?).ok()?;
        let (magic, rest) = bytes.split_first_chunk::<8>()?;
        let (checksum, body) = rest.split_first_chunk::<32>()?;
        if magic != MAGIC || Sha256::digest(body).as_slice() != checksum {
            return None;
        }
        let kept = Kept::decode(Bytes::copy_from_slice(body)).ok()?;
        let protocol = Protocol::from_number(kept.protocol.into())?;
        Some(CachedSchemas { protocol, schemas: kept.schemas?, identities: kept.identities? })
    }

    /// Keeps what a program sent. That it cannot be kept is no harm: it will be asked for again.
    pub(crate) fn store(&self, program: &Path, schemas: &CachedSchemas) {
        let Some(path) = self.schemas_path(program) else { return };
        let kept = Kept {
            protocol: schemas.protocol.number().into(),
            schemas: Some(schemas.schemas.clone()),
            identities: Some(schemas.identities.clone()),
        };
        let body = kept.encode_to_vec();
        let checksum = Sha256::digest(&body);
        let _ = self.write(&path, &[MAGIC, &checksum, &body]);
    }

    fn schemas_path(&self, program: &Path) -> Option<PathBuf> {
        let mut key = Sha256::new();
        key.update(self.program_hash(program)?);
        key.update(&self.variant);
        Some(self.folder.join(format!("{}.schemas", hex(&key.finalize()))))
    }

    /// Returns the hash of a program, from its stamp where the file has not changed since.
    fn program_hash(&self, program: &Path) -> Option<String> {
        let program = program.canonicalize().ok()?;
        let stamp = stamp(&program)?;
        let name = hex(&Sha256::digest(program.as_os_str().as_encoded_bytes()));
        let path = self.folder.join(format!("{name}.stamp"));
        let kept = std::fs::read_to_string(&path).ok();
        if let Some((hash, kept_stamp)) = kept.as_deref().and_then(|kept| kept.split_once(' '))
            && kept_stamp == stamp
        {
            return Some(hash.to_owned());
        }
        let hash = hex(&sha256_of_file(&program).ok()?);
        let _ = self.write(&path, &[hash.as_bytes(), b" ", stamp.as_bytes()]);
        Some(hash)
    }

    /// Writes a file in one step, so that others see it whole or not at all.
    fn write(&self, path: &Path, parts: &[&[u8]]) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        for part in parts {
            file.write_all(part)?;
        }
        file.persist(path)?;
        Ok(())
    }
}

/// Returns what changes whenever a file changes.
fn stamp(path: &Path) -> Option<String> {
    let found = std::fs::metadata(path).ok()?;
    let modified = found.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    let mut stamp = format!("{} {}", found.len(), modified.as_nanos());
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let _ = write!(stamp, " {} {} {}.{}", found.dev(), found.ino(), found.ctime(), found.ctime_nsec());
    }
    Some(stamp)
}
