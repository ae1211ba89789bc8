//! `hashicorp/external`: data from a program that reads and writes JSON.
//!
//! The program gets the query as an object of texts on its standard input and answers with an object of texts
//! on its standard output. Another exit code than 0 is an error, with the standard error as its message.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use terrane_model::{AttributePath, Diagnostic, Diagnostics, Type, Value};
use terrane_provider::async_trait;

use crate::Environment;
use crate::object::{Attributes, Fields};
use crate::process::{Outcome, Program, RunError, run};
use crate::toolkit::{Call, Catalog, Check, DataSource, Property, Table};

pub(crate) fn catalog(environment: Arc<Environment>) -> Catalog {
    Catalog::default().data_source(External { environment })
}

struct External {
    environment: Arc<Environment>,
}

#[async_trait]
impl DataSource for External {
    fn table(&self) -> Table {
        let texts = || Type::map(Type::String);
        Table::new(
            "external",
            "Runs a program that reads a query and answers with a result, both as JSON.",
            [
                Property::required("program", Type::list(Type::String), "The program and its arguments.")
                    .check(Check::MinItems(1)),
                Property::optional("working_dir", Type::String, "The directory it runs in."),
                Property::optional("query", texts(), "What it can read; nulls are left out."),
                Property::computed("result", texts(), "What it answered."),
                Property::computed("id", Type::String, "Always `-`."),
            ],
        )
    }

    async fn read(
        &self,
        config: &Value,
        call: Call<'_>,
        _warnings: &mut Diagnostics,
    ) -> Result<Attributes, Diagnostics> {
        let mut words = config.texts("program");
        words.retain(|word| !word.is_empty());
        let [command, arguments @ ..] = &words[..] else {
            let detail = "The program has no word that is neither null nor empty.";
            return Err(blamed("External Program Missing", detail.to_owned()));
        };
        let program = |command, arguments| Program {
            environment: Vec::new(),
            command,
            arguments,
            directory: config.text("working_dir"),
            input: Some(query_json(config)),
        };
        let mut ran = run(program(command, arguments.to_vec()), call.stop.clone()).await;
        if let (Err(RunError::NotFound(_)), Some(shell)) = (&ran, self.shell(command)) {
            // What is no file may still be a function or an alias of the user's shell.
            let line = words.join(" ");
            ran = run(program(shell, vec!["-i", "-c", "--", &line]), call.stop).await;
        }
        let outcome = ran.map_err(|error| not_run(command, &error))?;
        let result = result_of(command, &outcome)?;
        let result = result.into_iter().map(|(key, text)| (key, Value::from(text.unwrap_or_default())));
        Ok(vec![("result", Value::map(Type::String, result)), ("id", "-".into())])
    }
}

impl External {
    /// Returns the user's shell, where it can stand in for a command that is a name alone.
    fn shell(&self, command: &str) -> Option<&str> {
        const SHELLS: [&str; 7] = ["bash", "fish", "zsh", "ksh", "ash", "sh", "dash"];
        let shell = self.environment.get("SHELL")?;
        let name = Path::new(shell).file_name()?.to_str()?;
        (cfg!(unix) && !command.contains('/') && SHELLS.contains(&name)).then_some(shell.as_str())
    }
}

fn query_json(config: &Value) -> Vec<u8> {
    let entries = config.get("query").and_then(Value::as_entries).unwrap_or_default();
    let texts = entries.iter().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?.as_str())));
    let query: BTreeMap<&str, &str> = texts.collect();
    serde_json::to_vec(&query).expect("texts can always be written as JSON")
}

fn result_of(command: &str, outcome: &Outcome) -> Result<BTreeMap<String, Option<String>>, Diagnostics> {
    if outcome.exit_code != Some(0) {
        let ending =
            outcome.exit_code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
        let said = String::from_utf8_lossy(&outcome.errors);
        let said = if said.is_empty() { "It said nothing." } else { &said };
        let detail = format!("The program {command:?} ended with {ending}.\n\n{said}");
        return Err(blamed("External Program Execution Failed", detail));
    }
    let result: Result<Option<_>, _> = serde_json::from_slice(&outcome.output);
    let result = result.map_err(|error| {
        let detail = format!(
            "The output of the program {command:?} must be a JSON object with only texts as values: {error}."
        );
        blamed("Unexpected External Program Results", detail)
    });
    Ok(result?.unwrap_or_default())
}

fn not_run(command: &str, error: &RunError) -> Diagnostics {
    match error {
        RunError::NotFound(error) => blamed(
            "External Program Lookup Failed",
            format!(
                "There is no program {command:?} that can be run: {error}. A name alone is looked for in the \
                 directories of PATH. The path of a program that belongs to a module starts with \
                 \"${{path.module}}/\". The file must be executable."
            ),
        ),
        error => {
            let detail = format!("The program {command:?} cannot be run: {error}.");
            blamed("External Program Execution Failed", detail)
        }
    }
}

fn blamed(summary: &str, detail: String) -> Diagnostics {
    Diagnostic::error(summary, detail).on_attribute(AttributePath::root().attribute("program")).into()
}
