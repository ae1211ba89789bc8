//! `local_command`: what a program on this machine prints, as a data source and ephemeral.

use terrane_model::{AttributePath, Diagnostic, Diagnostics, Type, Value};
use terrane_provider::async_trait;

use crate::object::{Attributes, Fields, text_or_null};
use crate::process::{Outcome, Program, RunError, run};
use crate::toolkit::{Call, DataSource, EphemeralResource, Property, Table};

pub(super) struct LocalCommand;

fn table(description: &'static str) -> Table {
    Table::new(
        "local_command",
        description,
        [
            Property::required("command", Type::String, "Name or path of the program."),
            Property::optional("arguments", Type::list(Type::String), "Its arguments; nulls are left out."),
            Property::optional("stdin", Type::String, "What it can read from its standard input."),
            Property::optional("working_directory", Type::String, "The directory it runs in."),
            Property::optional(
                "allow_non_zero_exit_code",
                Type::Bool,
                "Whether another exit code than 0 is no error; false when not written.",
            ),
            Property::computed("exit_code", Type::Number, "Its exit code."),
            Property::computed("stdout", Type::String, "What it printed; null for nothing."),
            Property::computed(
                "stderr",
                Type::String,
                "What it printed to its standard error; null for nothing.",
            ),
        ],
    )
}

async fn execute(config: &Value, call: Call<'_>) -> Result<Attributes, Diagnostics> {
    let command = config.text("command").unwrap_or("");
    let program = Program {
        command,
        arguments: config.texts("arguments"),
        directory: config.text("working_directory"),
        environment: Vec::new(),
        input: config.text("stdin").map(|text| text.as_bytes().to_vec()),
    };
    let outcome = run(program, call.stop).await.map_err(|error| not_run(command, &error))?;
    let errors = String::from_utf8_lossy(&outcome.errors).into_owned();
    if outcome.exit_code != Some(0) && config.boolean("allow_non_zero_exit_code") != Some(true) {
        return Err(blamed(
            "Command Execution Failed",
            format!(
                "The program {command:?} ended with {}. If other exit codes than 0 are expected, set \
                 \"allow_non_zero_exit_code\" to true.\n\nIts standard error:\n{errors}",
                ending(&outcome)
            ),
        ));
    }
    let text = |text: &str| text_or_null(Some(text).filter(|text| !text.is_empty()));
    Ok(vec![
        ("exit_code", Value::number(i64::from(outcome.exit_code.unwrap_or(-1)))),
        ("stdout", text(&String::from_utf8_lossy(&outcome.output))),
        ("stderr", text(&errors)),
    ])
}

pub(super) fn not_run(command: &str, error: &RunError) -> Diagnostics {
    match error {
        RunError::NotFound(error) => blamed(
            "Command Lookup Failed",
            format!(
                "There is no program {command:?} that can be run: {error}. A name alone is looked for in the \
                 directories of PATH. The path of a program that belongs to a module starts with \
                 \"${{path.module}}/\". The file must be executable."
            ),
        ),
        error => {
            blamed("Command Execution Failed", format!("The program {command:?} cannot be run: {error}."))
        }
    }
}

pub(super) fn ending(outcome: &Outcome) -> String {
    outcome.exit_code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"))
}

pub(super) fn blamed(summary: &str, detail: String) -> Diagnostics {
    Diagnostic::error(summary, detail).on_attribute(AttributePath::root().attribute("command")).into()
}

#[async_trait]
impl DataSource for LocalCommand {
    fn table(&self) -> Table {
        table("Runs a program and returns what it prints.")
    }

    async fn read(
        &self,
        config: &Value,
        call: Call<'_>,
        _warnings: &mut Diagnostics,
    ) -> Result<Attributes, Diagnostics> {
        execute(config, call).await
    }
}

#[async_trait]
impl EphemeralResource for LocalCommand {
    fn table(&self) -> Table {
        table("Runs a program and returns what it prints, which no plan and no state keeps.")
    }

    async fn open(&self, config: &Value, call: Call<'_>) -> Result<Attributes, Diagnostics> {
        execute(config, call).await
    }
}
