//! `remote-exec`: scripts on another machine.

use std::path::PathBuf;
use std::sync::Arc;

use terrane_model::{Block, Diagnostic, Diagnostics, Type, Value};
use terrane_provider::{ProvisionOutput, ProvisionRequest, Provisioner, async_trait};

use crate::connection::{Connection, connection_schema};
use crate::lines::Lines;
use crate::reading::{block, optional, text, texts};
use crate::remote_files::{quote, upload};
use crate::session::{Session, Stream};

/// Runs scripts on other machines.
pub(crate) struct RemoteExec {
    agent: Option<PathBuf>,
}

impl RemoteExec {
    pub(crate) fn new(agent: Option<PathBuf>) -> Self {
        Self { agent }
    }
}

/// The first line of a script that consists of single commands.
const SHEBANG: &str = "#!/bin/sh\n";

#[async_trait]
impl Provisioner for RemoteExec {
    fn schema(&self) -> Arc<Block> {
        Arc::new(block([
            ("inline", optional(Type::list(Type::String)).describe("Commands, run one after the other.")),
            ("script", optional(Type::String).describe("A script file here.")),
            ("scripts", optional(Type::list(Type::String)).describe("Several script files here.")),
        ]))
    }

    fn connection_schema(&self) -> Arc<Block> {
        connection_schema()
    }

    async fn validate(&self, config: Value) -> Diagnostics {
        let set = ["inline", "script", "scripts"];
        let set = set.iter().filter(|name| config.get(name).is_some_and(|value| !value.is_null())).count();
        let detail = match set {
            1 => return Diagnostics::new(),
            0 => "One of \"inline\", \"script\", or \"scripts\" must be set",
            _ => "Only one of \"inline\", \"script\", or \"scripts\" must be set",
        };
        Diagnostic::error("Invalid remote-exec provisioner configuration", detail).into()
    }

    async fn provision(&self, request: ProvisionRequest, output: &dyn ProvisionOutput) -> Diagnostics {
        let problems = self.validate(request.config.clone()).await;
        if problems.has_errors() {
            return problems;
        }
        match self.run(&request, output).await {
            Ok(()) => Diagnostics::new(),
            Err(why) => Diagnostic::error("remote-exec provisioner error", why).into(),
        }
    }
}

impl RemoteExec {
    async fn run(&self, request: &ProvisionRequest, output: &dyn ProvisionOutput) -> Result<(), String> {
        let scripts = scripts(&request.config)?;
        let connection = Connection::read(&request.connection, self.agent.as_ref())?;
        let session = Session::open(&connection, output).await?;
        let mut result = Ok(());
        for script in scripts {
            result = run_script(&session, &connection, &script, output).await;
            if result.is_err() {
                break;
            }
        }
        session.close().await;
        result
    }
}

/// Returns the texts of all scripts.
fn scripts(config: &Value) -> Result<Vec<Vec<u8>>, String> {
    if let Some(commands) = texts(config, "inline") {
        return Ok(vec![format!("{SHEBANG}{}\n", commands.join("\n")).into_bytes()]);
    }
    let paths = texts(config, "scripts").or_else(|| text(config, "script").map(|path| vec![path]));
    let read = |path: String| {
        std::fs::read(&path).map_err(|error| format!("Failed to open script {path:?}: {error}"))
    };
    paths.unwrap_or_default().into_iter().map(read).collect()
}

async fn run_script(
    session: &Session,
    connection: &Connection,
    script: &[u8],
    output: &dyn ProvisionOutput,
) -> Result<(), String> {
    let path = connection.script_path.replace("%RAND%", &random_number());
    upload(session, script, &path, 0o777)
        .await
        .map_err(|error| format!("Failed to upload script: {error}"))?;
    let quoted = quote(&path);
    // Each stream has lines of its own: a piece of one may come in the middle of the other's line.
    let (mut lines, mut errors) = (Lines::new(output), Lines::new(output));
    let mut receive = |stream, piece: &[u8]| match stream {
        Stream::Output => lines.push(piece),
        Stream::Errors => errors.push(piece),
    };
    let end = session.run(&quoted, None, &mut receive).await;
    lines.finish();
    errors.finish();
    // A script that stays behind is a nuisance, but no failure.
    let _ = session.run(&format!("rm -f {quoted}"), None, &mut |_, _| {}).await;
    match end {
        Ok(None) => Ok(()),
        Ok(Some(end)) => Err(format!("error executing {path:?}: {end}")),
        Err(error) => Err(format!("error executing {path:?}: {error}")),
    }
}

/// Makes a number for a file name that nothing else has.
fn random_number() -> String {
    let mut bytes = [0; 4];
    if getrandom::fill(&mut bytes).is_err() {
        bytes = std::process::id().to_le_bytes();
    }
    u32::from_le_bytes(bytes).to_string()
}
