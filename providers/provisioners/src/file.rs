//! `file`: files and folders for another machine.

use std::path::PathBuf;
use std::sync::Arc;

use terrane_model::{Attribute, Block, Diagnostic, Diagnostics, Type, Value};
use terrane_provider::{ProvisionOutput, ProvisionRequest, Provisioner, async_trait};

use crate::connection::{Connection, connection_schema};
use crate::reading::{block, optional, text};
use crate::remote_files::{upload, upload_path};
use crate::session::Session;

/// Writes files on other machines.
pub(crate) struct File {
    agent: Option<PathBuf>,
}

impl File {
    pub(crate) fn new(agent: Option<PathBuf>) -> Self {
        Self { agent }
    }
}

#[async_trait]
impl Provisioner for File {
    fn schema(&self) -> Arc<Block> {
        Arc::new(block([
            ("content", optional(Type::String).describe("What the file is to hold.")),
            ("destination", Attribute::required(Type::String).describe("Where it goes.")),
            ("source", optional(Type::String).describe("The file or folder here.")),
        ]))
    }

    fn connection_schema(&self) -> Arc<Block> {
        connection_schema()
    }

    async fn validate(&self, config: Value) -> Diagnostics {
        let is_set = |name: &str| config.get(name).is_some_and(|value| !value.is_null());
        let detail = "A file provisioner takes either \"source\" or \"content\".";
        match (is_set("source"), is_set("content")) {
            (true, true) => Diagnostic::error("Cannot set both 'source' and 'content'", detail).into(),
            (false, false) => Diagnostic::error("Must provide one of 'source' or 'content'", detail).into(),
            _ => Diagnostics::new(),
        }
    }

    async fn provision(&self, request: ProvisionRequest, output: &dyn ProvisionOutput) -> Diagnostics {
        let config = &request.config;
        let problems = self.validate(config.clone()).await;
        if problems.has_errors() {
            return problems;
        }
        let failed = |why: String| Diagnostics::from(Diagnostic::error("file provisioner error", why));
        let connection = match Connection::read(&request.connection, self.agent.as_ref()) {
            Ok(connection) => connection,
            Err(why) => return failed(why),
        };
        let session = match Session::open(&connection, output).await {
            Ok(session) => session,
            Err(why) => return failed(why),
        };
        let destination = text(config, "destination").unwrap_or_default();
        let result = match (text(config, "source"), text(config, "content")) {
            (Some(source), _) => upload_path(&session, &source, &destination).await,
            (None, content) => {
                upload(&session, content.unwrap_or_default().as_bytes(), &destination, 0o644).await
            }
        };
        session.close().await;
        match result {
            Ok(()) => Diagnostics::new(),
            Err(error) => failed(format!("Upload failed: {error}")),
        }
    }
}
