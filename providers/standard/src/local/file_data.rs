//! The data sources `local_file` and `local_sensitive_file`.

use std::fs;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use terrane_model::{Diagnostics, Type, Value};
use terrane_provider::async_trait;

use super::file::{checksum_attributes, checksum_properties};
use crate::blocking::off_the_executor;
use crate::object::{Attributes, Fields};
use crate::toolkit::{Call, DataSource, Property, Table, failure};

/// One of the two data sources.
pub(super) struct LocalFileData {
    name: &'static str,
    what: &'static str,
    description: &'static str,
    sensitive: bool,
}

impl LocalFileData {
    pub(super) const PLAIN: Self =
        Self { name: "local_file", what: "local file", description: "Reads a file.", sensitive: false };
    pub(super) const SENSITIVE: Self = Self {
        name: "local_sensitive_file",
        what: "local sensitive file",
        description: "Reads a file whose content is not shown.",
        sensitive: true,
    };
}

#[async_trait]
impl DataSource for LocalFileData {
    fn table(&self) -> Table {
        let content = |name, description| {
            let property = Property::computed(name, Type::String, description);
            if self.sensitive { property.sensitive() } else { property }
        };
        let properties = [
            Property::required("filename", Type::String, "Path of the file."),
            content("content", "The content as text."),
            content("content_base64", "The content in base64."),
        ];
        Table::new(self.name, self.description, properties.into_iter().chain(checksum_properties()))
    }

    async fn read(
        &self,
        config: &Value,
        _call: Call<'_>,
        _warnings: &mut Diagnostics,
    ) -> Result<Attributes, Diagnostics> {
        let filename = config.text("filename").unwrap_or("").to_owned();
        let summary = format!("Read {} data source error", self.what);
        off_the_executor(move || {
            let content = fs::read(&filename).map_err(|error| {
                failure(&summary, format!("The file {filename:?} cannot be read: {error}"))
            })?;
            let mut attributes = checksum_attributes(&content);
            attributes.push(("content", String::from_utf8_lossy(&content).into_owned().into()));
            attributes.push(("content_base64", BASE64_STANDARD.encode(&content).into()));
            Ok(attributes)
        })
        .await
    }
}
