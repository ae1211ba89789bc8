//! `local_command` as an action: a program on this machine that is run for what it does.

use terrane_model::{Diagnostics, Type, Value};
use terrane_provider::{Progress, ProgressUpdate, async_trait};

use super::command::{blamed, ending, not_run};
use crate::object::Fields;
use crate::process::{Program, run};
use crate::toolkit::{Action, Call, Property, Table};

pub(super) struct LocalCommandAction;

#[async_trait]
impl Action for LocalCommandAction {
    fn table(&self) -> Table {
        Table::new(
            "local_command",
            "Runs a program and shows what it prints. Any other exit code than 0 is an error.",
            [
                Property::required("command", Type::String, "Name or path of the program."),
                Property::optional(
                    "arguments",
                    Type::list(Type::String),
                    "Its arguments; nulls are left out.",
                ),
                Property::optional("stdin", Type::String, "What it can read from its standard input."),
                Property::optional("working_directory", Type::String, "The directory it runs in."),
                Property::optional(
                    "environment",
                    Type::map(Type::String),
                    "What is added to its environment, which otherwise is that of this program.",
                ),
            ],
        )
    }

    async fn invoke(
        &self,
        config: &Value,
        call: Call<'_>,
        progress: &dyn Progress,
    ) -> Result<(), Diagnostics> {
        let command = config.text("command").unwrap_or("");
        let program = Program {
            command,
            arguments: config.texts("arguments"),
            directory: config.text("working_directory"),
            environment: environment(config),
            input: config.text("stdin").map(|text| text.as_bytes().to_vec()),
        };
        let outcome = run(program, call.stop).await.map_err(|error| not_run(command, &error))?;
        if outcome.exit_code != Some(0) {
            let errors = String::from_utf8_lossy(&outcome.errors);
            let detail = format!(
                "The program {command:?} ended with {}.\n\nIts standard error:\n{errors}",
                ending(&outcome)
            );
            return Err(blamed("Command Execution Failed", detail));
        }
        let output = String::from_utf8_lossy(&outcome.output);
        progress.report(ProgressUpdate { phase: format!("\n\n{output}\n"), expected: None });
        Ok(())
    }
}

/// Returns what is added to the environment; what is null is not.
fn environment(config: &Value) -> Vec<(String, String)> {
    let entries = config.get("environment");
    let entries = entries.as_ref().and_then(|entries| entries.as_entries()).unwrap_or_default();
    let texts =
        entries.iter().filter_map(|(name, value)| Some((name.to_string(), value.as_str()?.to_string())));
    texts.collect()
}
