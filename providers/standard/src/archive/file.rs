//! `archive_file`, as a data source, and as a resource that makes the archive anew whenever it is read.

use std::fs;
use std::path::Path;

use terrane_model::{Diagnostics, Nesting, Type, Value};
use terrane_provider::{Effects, async_trait};

use super::contents::entries;
use super::write::{Form, write};
use crate::blocking::off_the_executor;
use crate::checksums::Checksums;
use crate::object::{Attributes, Fields, with_attributes};
use crate::toolkit::{BlockType, Call, DataSource, Property, Resource, Rule, Table, failure};

pub(super) struct ArchiveFile;

fn arguments() -> [Property; 9] {
    let text = |name, description| Property::optional(name, Type::String, description);
    [
        Property::required("type", Type::String, "The archive's form: `zip` or `tar.gz`."),
        Property::required("output_path", Type::String, "Path of the archive. Missing directories are made."),
        text("source_file", "Path of a file to put into the archive."),
        text("source_dir", "Path of a folder whose files to put into the archive."),
        text("source_content", "A content to put into the archive."),
        text("source_content_filename", "The name of that content in the archive."),
        text("output_file_mode", "The permissions of all files in the archive, such as `0644`."),
        Property::optional(
            "excludes",
            Type::set(Type::String),
            "Patterns of paths in the folder that are left out; `**` stands for any number of names.",
        ),
        Property::optional(
            "exclude_symlink_directories",
            Type::Bool,
            "Whether links to folders are left out; false by default.",
        ),
    ]
}

fn table(arguments: impl IntoIterator<Item = Property>, source: BlockType) -> Table {
    let checksum = |name, description| Property::computed(name, Type::String, description);
    let results = [
        Property::computed("output_size", Type::Number, "Size of the archive, in bytes."),
        checksum("output_md5", "MD5 of the archive."),
        checksum("output_sha", "SHA-1 of the archive."),
        checksum("output_sha256", "SHA-256 of the archive."),
        checksum("output_base64sha256", "SHA-256 of the archive, in base64."),
        checksum("output_sha512", "SHA-512 of the archive."),
        checksum("output_base64sha512", "SHA-512 of the archive, in base64."),
        checksum("id", "SHA-1 of the archive."),
    ];
    Table::new("archive_file", "An archive of files.", arguments.into_iter().chain(results))
        .block(source)
        .rule(Rule::AtLeastOneOf(&["source", "source_content_filename", "source_file", "source_dir"]))
        .rule(Rule::AtMostOneOf(&["source", "source_file", "source_dir", "source_content"]))
        .rule(Rule::AtMostOneOf(&["source", "source_file", "source_dir", "source_content_filename"]))
        .rule(Rule::AtMostOneOf(&["source_file", "excludes"]))
        .rule(Rule::AtMostOneOf(&["source_content", "excludes"]))
        .rule(Rule::AtMostOneOf(&["source_content_filename", "excludes"]))
}

fn source_block() -> BlockType {
    let properties = [
        Property::required("content", Type::String, "A content to put into the archive."),
        Property::required("filename", Type::String, "The name of the content in the archive."),
    ];
    BlockType::new("source", Nesting::Set, properties)
}

/// Makes the archive and tells about it.
async fn make(arguments: &Value) -> Result<Attributes, Diagnostics> {
    let arguments = arguments.clone();
    off_the_executor(move || {
        let not_made =
            |error: String| failure("Archive creation error", format!("error creating archive: {error}"));
        let kind = arguments.text("type").unwrap_or("");
        let form =
            Form::named(kind).ok_or_else(|| not_made(format!("archive type not supported: {kind}")))?;
        let mode = arguments.text("output_file_mode").filter(|mode| !mode.is_empty());
        let mode = mode.map(file_mode).transpose().map_err(not_made)?;
        let path = Path::new(arguments.text("output_path").unwrap_or(""));
        let entries = entries(&arguments).map_err(not_made)?;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|error| {
                failure("Output path error", format!("error creating output path: {error}"))
            })?;
        }
        write(path, form, &entries, mode).map_err(|error| not_made(error.to_string()))?;
        let archive = fs::read(path)
            .map_err(|error| failure("Archive output error", format!("error reading output: {error}")))?;
        Ok(attributes(&archive))
    })
    .await
}

fn attributes(archive: &[u8]) -> Attributes {
    let checksums = Checksums::of(archive);
    vec![
        ("output_size", i64::try_from(archive.len()).unwrap_or(i64::MAX).into()),
        ("output_md5", checksums.md5.into()),
        ("output_sha", checksums.sha1.clone().into()),
        ("output_sha256", checksums.sha256.into()),
        ("output_base64sha256", checksums.sha256_base64.into()),
        ("output_sha512", checksums.sha512.into()),
        ("output_base64sha512", checksums.sha512_base64.into()),
        ("id", checksums.sha1.into()),
    ]
}

/// Reads a number as Go writes it: `0644` and `0o644` in octal, `0x1a4`, `0b110`, and `420`.
fn file_mode(text: &str) -> Result<u32, String> {
    let lower = text.to_ascii_lowercase();
    let (digits, radix) = match lower.as_bytes() {
        [b'0', b'x', ..] => (&lower[2..], 16),
        [b'0', b'b', ..] => (&lower[2..], 2),
        [b'0', b'o', ..] => (&lower[2..], 8),
        [b'0', _, ..] => (&lower[1..], 8),
        _ => (lower.as_str(), 10),
    };
    u32::from_str_radix(digits, radix)
        .ok()
        .filter(|_| !digits.starts_with('+'))
        .ok_or_else(|| format!("error parsing output_file_mode value: {text}"))
}

#[async_trait]
impl DataSource for ArchiveFile {
    fn table(&self) -> Table {
        table(arguments(), source_block())
    }

    async fn read(
        &self,
        config: &Value,
        _call: Call<'_>,
        _warnings: &mut Diagnostics,
    ) -> Result<Attributes, Diagnostics> {
        make(config).await
    }
}

#[async_trait]
impl Resource for ArchiveFile {
    /// Only links to folders can be taken in or left out without a new object.
    fn table(&self) -> Table {
        let replaced = |property: Property| match property.name() {
            "exclude_symlink_directories" => property,
            _ => property.replaces(),
        };
        table(arguments().map(replaced), source_block().replaces())
    }

    async fn create(
        &self,
        planned: &Value,
        _config: &Value,
        _call: Call<'_>,
    ) -> Result<Attributes, Diagnostics> {
        make(planned).await
    }

    async fn update(
        &self,
        _prior: &Value,
        planned: &Value,
        _config: &Value,
    ) -> Result<Attributes, Diagnostics> {
        make(planned).await
    }

    async fn read(&self, state: Value) -> Result<Option<Value>, Diagnostics> {
        let attributes = make(&state).await?;
        Ok(Some(with_attributes(&state, &attributes)))
    }

    fn effects(&self) -> Effects {
        Effects::Remote
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read_as_go_reads_numbers() {
        for (text, expected) in
            [("0644", 0o644), ("0o755", 0o755), ("0X1a4", 0o644), ("420", 0o644), ("0b11", 3), ("0", 0)]
        {
            assert_eq!(file_mode(text), Ok(expected), "{text}");
        }
        for text in ["", "rw-r--r--", "0888", "+1", "0+1", "4294967296"] {
            assert!(file_mode(text).is_err(), "{text}");
        }
    }
}
