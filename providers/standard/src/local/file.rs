//! `local_file` and `local_sensitive_file`.
//!
//! A file is written once: every change of an argument replaces it, and a file that is gone or has another
//! content is written anew.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use terrane_model::{Diagnostics, Type, Value};
use terrane_provider::{Effects, async_trait};

use crate::blocking::off_the_executor;
use crate::checksums::{Checksums, sha1_hex};
use crate::object::{Attributes, Fields};
use crate::toolkit::{Call, Check, Property, Resource, Rule, Table, failure};

/// One of the two types.
pub(super) struct LocalFile {
    name: &'static str,
    /// What errors call the type.
    what: &'static str,
    description: &'static str,
    permission: &'static str,
    sensitive: bool,
}

impl LocalFile {
    pub(super) const PLAIN: Self = Self {
        name: "local_file",
        what: "local file",
        description: "A file with a given content.",
        permission: "0777",
        sensitive: false,
    };
    pub(super) const SENSITIVE: Self = Self {
        name: "local_sensitive_file",
        what: "local sensitive file",
        description: "A file with a given content that is not shown.",
        permission: "0700",
        sensitive: true,
    };

    fn content_properties(&self) -> Vec<Property> {
        let content = |name, description| {
            let property = Property::optional(name, Type::String, description).replaces();
            if self.sensitive { property.sensitive() } else { property }
        };
        let mut properties = vec![
            content("content", "The content as text."),
            content("content_base64", "The content in base64."),
            Property::optional("source", Type::String, "Path of a file with the content.").replaces(),
        ];
        if !self.sensitive {
            let old =
                Property::optional("sensitive_content", Type::String, "The content as text, not shown.");
            properties.push(
                old.replaces().sensitive().deprecated("Use the `local_sensitive_file` resource instead"),
            );
        }
        properties
    }

    fn error(&self, verb: &str, detail: impl Into<String>) -> Diagnostics {
        failure(&format!("{verb} {} error", self.what), detail)
    }
}

/// The attributes with checksums, which resources and data sources share.
pub(super) fn checksum_properties() -> [Property; 7] {
    let checksum = |name, description| Property::computed(name, Type::String, description);
    [
        checksum("content_md5", "MD5 of the content."),
        checksum("content_sha1", "SHA-1 of the content."),
        checksum("content_sha256", "SHA-256 of the content."),
        checksum("content_base64sha256", "SHA-256 of the content, in base64."),
        checksum("content_sha512", "SHA-512 of the content."),
        checksum("content_base64sha512", "SHA-512 of the content, in base64."),
        checksum("id", "SHA-1 of the content."),
    ]
}

pub(super) fn checksum_attributes(content: &[u8]) -> Attributes {
    let checksums = Checksums::of(content);
    vec![
        ("content_md5", checksums.md5.into()),
        ("content_sha1", checksums.sha1.clone().into()),
        ("content_sha256", checksums.sha256.into()),
        ("content_base64sha256", checksums.sha256_base64.into()),
        ("content_sha512", checksums.sha512.into()),
        ("content_base64sha512", checksums.sha512_base64.into()),
        ("id", checksums.sha1.into()),
    ]
}

#[async_trait]
impl Resource for LocalFile {
    fn table(&self) -> Table {
        let permission = |name, description| {
            Property::optional_computed(name, Type::String, description)
                .defaults_to(self.permission)
                .replaces()
                .check(Check::Text(is_permission, "a file permission of 3 or 4 octal digits up to 0777"))
        };
        let mut properties = vec![
            Property::required("filename", Type::String, "Path of the file. Missing directories are made.")
                .replaces(),
            permission("file_permission", "Permissions of the file, as octal digits, before the umask."),
            permission("directory_permission", "Permissions of directories that are made for the file."),
        ];
        properties.extend(self.content_properties());
        properties.extend(checksum_properties());
        let contents: &[&str] = if self.sensitive {
            &["content", "content_base64", "source"]
        } else {
            &["content", "sensitive_content", "content_base64", "source"]
        };
        Table::new(self.name, self.description, properties).rule(Rule::ExactlyOneOf(contents))
    }

    async fn create(
        &self,
        planned: &Value,
        _config: &Value,
        _call: Call<'_>,
    ) -> Result<Attributes, Diagnostics> {
        let filename = planned.text("filename").unwrap_or("").to_owned();
        let content = content_of(planned);
        let [file_mode, directory_mode] =
            ["file_permission", "directory_permission"].map(|name| mode(planned.text(name).unwrap_or("")));
        let written = off_the_executor(move || {
            let content = content.and_then(Content::read);
            let content =
                content.map_err(|error| format!("The content of {filename:?} cannot be had: {error}"));
            Ok(content.and_then(|content| {
                let written = write(&filename, &content, file_mode, directory_mode);
                written.map_err(|error| format!("The file {filename:?} cannot be written: {error}"))
            }))
        });
        written.await?.map_err(|detail| self.error("Create", detail))
    }

    async fn delete(&self, prior: &Value, _call: Call<'_>) -> Result<(), Diagnostics> {
        // A file that cannot be removed is left behind, as it is nobody's any more.
        let _ = fs::remove_file(prior.text("filename").unwrap_or(""));
        Ok(())
    }

    async fn read(&self, state: Value) -> Result<Option<Value>, Diagnostics> {
        let filename = state.text("filename").unwrap_or("").to_owned();
        let path = filename.clone();
        match off_the_executor(move || Ok(fs::read(path))).await? {
            Ok(content) => Ok((Some(sha1_hex(&content).as_str()) == state.text("id")).then_some(state)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.error("Read", format!("The file {filename:?} cannot be read: {error}"))),
        }
    }

    fn effects(&self) -> Effects {
        Effects::Remote
    }
}

/// Where a file's content comes from.
enum Content {
    Here(Vec<u8>),
    File(String),
}

impl Content {
    fn read(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Here(content) => Ok(content),
            Self::File(path) => fs::read(path),
        }
    }
}

fn content_of(planned: &Value) -> io::Result<Content> {
    if let Some(text) = planned.text("content_base64") {
        return BASE64_STANDARD.decode(text).map(Content::Here).map_err(io::Error::other);
    }
    if let Some(path) = planned.text("source") {
        return Ok(Content::File(path.to_owned()));
    }
    let text = planned.text("sensitive_content").or(planned.text("content"));
    Ok(Content::Here(text.unwrap_or("").as_bytes().to_vec()))
}

fn write(path: &str, content: &[u8], file_mode: u32, directory_mode: u32) -> io::Result<Attributes> {
    if let Some(directory) = Path::new(path).parent().filter(|directory| !directory.as_os_str().is_empty()) {
        make_directories(directory, directory_mode)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, file_mode);
    #[cfg(not(unix))]
    let _ = file_mode;
    options.open(path)?.write_all(content)?;
    Ok(checksum_attributes(content))
}

fn make_directories(directory: &Path, mode: u32) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, mode);
    #[cfg(not(unix))]
    let _ = mode;
    builder.recursive(true).create(directory)
}

fn is_permission(text: &str) -> bool {
    matches!(text.len(), 3 | 4) && text.bytes().all(|byte| byte.is_ascii_digit()) && {
        u32::from_str_radix(text, 8).is_ok_and(|mode| mode <= 0o777)
    }
}

fn mode(text: &str) -> u32 {
    u32::from_str_radix(text, 8).unwrap_or(0)
}
