//! `local-exec`: a command on the machine that runs the engine.

use std::process::Stdio;
use std::sync::Arc;

use terrane_model::{Attribute, Block, Diagnostic, Diagnostics, Type, Value};
use terrane_provider::{ProvisionOutput, ProvisionRequest, Provisioner, async_trait};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::process::Command;

use crate::connection::connection_schema;
use crate::lines::Lines;
use crate::reading::{block, entries, flag, optional, text, text_of_some_length, texts};

/// Runs commands on this machine.
pub(crate) struct LocalExec;

#[async_trait]
impl Provisioner for LocalExec {
    fn schema(&self) -> Arc<Block> {
        Arc::new(block([
            ("command", Attribute::required(Type::String).describe("What the interpreter gets.")),
            (
                "environment",
                optional(Type::map(Type::String)).describe("Variables to add to the environment."),
            ),
            (
                "interpreter",
                optional(Type::list(Type::String))
                    .describe("The program, and what it gets before the command."),
            ),
            ("quiet", optional(Type::Bool).describe("Whether the command itself is not shown.")),
            ("working_dir", optional(Type::String).describe("Where the command runs.")),
        ]))
    }

    fn connection_schema(&self) -> Arc<Block> {
        connection_schema()
    }

    async fn validate(&self, config: Value) -> Diagnostics {
        match config.get("command").and_then(Value::as_str) {
            Some(command) if command.is_empty() => {
                let detail = "The local-exec provisioner command must be a non-empty string.";
                Diagnostic::error("Invalid local-exec provisioner command", detail).into()
            }
            _ => Diagnostics::new(),
        }
    }

    async fn provision(&self, request: ProvisionRequest, output: &dyn ProvisionOutput) -> Diagnostics {
        let config = &request.config;
        let problems = self.validate(config.clone()).await;
        if problems.has_errors() {
            return problems;
        }
        let script = text(config, "command").unwrap_or_default();
        let words = match texts(config, "interpreter").filter(|words| !words.is_empty()) {
            Some(interpreter) => interpreter,
            None => vec!["/bin/sh".to_owned(), "-c".to_owned()],
        };
        let words: Vec<String> = words.into_iter().chain([script.clone()]).collect();
        output.line(&if flag(config, "quiet") == Some(true) {
            "local-exec: Executing: Suppressed by quiet=true".to_owned()
        } else {
            let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
            format!("Executing: [{}]", quoted.join(" "))
        });
        let mut lines = Lines::new(output);
        let directory = text_of_some_length(config, "working_dir");
        let result = run(&words, directory.as_deref(), &entries(config, "environment"), &mut lines).await;
        match result {
            Ok(()) => Diagnostics::new(),
            Err(why) => {
                let detail = format!("Error running command '{script}': {why}. Output: {}", lines.tail());
                Diagnostic::error("local-exec provisioner error", detail).into()
            }
        }
    }
}

/// Runs a program until it and all that it has started have closed its output.
async fn run(
    words: &[String],
    directory: Option<&str>,
    environment: &[(String, String)],
    lines: &mut Lines<'_>,
) -> Result<(), String> {
    let Some((program, arguments)) = words.split_first() else { return Err("no command".to_owned()) };
    if let Some(directory) = directory
        && let Err(error) = std::fs::read_dir(directory)
    {
        return Err(format!("chdir {directory}: {}", reason(&error)));
    }
    // One pipe for both, so that the order of what is written stays.
    let (reader, writer) = std::io::pipe().map_err(|error| error.to_string())?;
    let second_writer = writer.try_clone().map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.args(arguments).envs(environment.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(writer).stderr(second_writer).kill_on_drop(true);
    if let Some(directory) = directory {
        command.current_dir(directory);
    }
    let child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound if !program.contains('/') => {
            format!("exec: {program:?}: executable file not found in $PATH")
        }
        _ => format!("fork/exec {program}: {}", reason(&error)),
    });
    // The command holds the ends of the pipe that are written to.
    drop(command);
    let mut child = child?;
    let mut reader = pipe::Receiver::from_owned_fd(reader.into()).map_err(|error| error.to_string())?;
    let mut buffer = vec![0; 16 * 1024];
    loop {
        match reader.read(&mut buffer).await {
            Ok(0) => break,
            Ok(length) => lines.push(&buffer[..length]),
            Err(error) => return Err(error.to_string()),
        }
    }
    lines.finish();
    let status = child.wait().await.map_err(|error| error.to_string())?;
    match (status.success(), status.code()) {
        (true, _) => Ok(()),
        (false, Some(code)) => Err(format!("exit status {code}")),
        (false, None) => Err(status.to_string()),
    }
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Kept(Mutex<Vec<String>>);

    impl ProvisionOutput for Kept {
        fn line(&self, text: &str) {
            self.0.lock().unwrap().push(text.to_owned());
        }
    }

    fn check(attributes: &[(&str, Value)]) -> String {
        let attributes = attributes.iter().map(|(name, value)| (*name, value.clone()));
        let request =
            ProvisionRequest { config: Value::object(attributes), connection: Value::dynamic_null() };
        let kept = Kept::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let problems = runtime.block_on(LocalExec.provision(request, &kept));
        let mut text = kept.0.into_inner().unwrap();
        text.extend(problems.into_iter().map(|problem| format!("{}: {}", problem.summary, problem.detail)));
        text.join("\n")
    }

    #[test]
    fn commands_run_and_their_output_comes_in_order() {
        let environment = Value::map(Type::String, [("X", Value::from("y"))]);
        assert_eq!(
            check(&[("command", "echo $X; echo e >&2; printf end".into()), ("environment", environment)]),
            "Executing: [\"/bin/sh\" \"-c\" \"echo $X; echo e >&2; printf end\"]\ny\ne\nend"
        );
        assert_eq!(
            check(&[("command", "pwd".into()), ("working_dir", "/".into()), ("quiet", true.into())]),
            "local-exec: Executing: Suppressed by quiet=true\n/"
        );
        let interpreter = Value::list_of_strings(["printf", "<%s>"]);
        assert_eq!(
            check(&[("command", "a b".into()), ("interpreter", interpreter)]),
            "Executing: [\"printf\" \"<%s>\" \"a b\"]\n<a b>"
        );
    }

    #[test]
    fn failures_say_what_happened() {
        for (attributes, expected) in [
            (
                vec![("command", Value::from("echo out; exit 3"))],
                "Error running command 'echo out; exit 3': exit status 3. Output: out\n",
            ),
            (
                vec![("command", "x".into()), ("interpreter", Value::list_of_strings(["/no/such"]))],
                "Error running command 'x': fork/exec /no/such: no such file or directory. Output: ",
            ),
            (
                vec![("command", "x".into()), ("working_dir", "/no/such".into())],
                "Error running command 'x': chdir /no/such: no such file or directory. Output: ",
            ),
            (vec![("command", "".into())], "The local-exec provisioner command must be a non-empty string."),
        ] {
            let text = check(&attributes);
            assert!(text.ends_with(expected), "{text}");
        }
    }
}
