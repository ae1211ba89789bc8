//! Calling this program for one unit.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use terrane_model::encode_json::{type_from_json, value_from_json};
use terrane_model::{Str, Type, Value};
use tokio::process::Command;

use super::inputs::Inputs;
use crate::emulation::EMULATION_VARIABLE;

/// How to call this program for a unit.
#[derive(Debug, Clone)]
pub(super) struct Child {
    /// The root module's directory.
    pub(super) directory: PathBuf,
    /// The directory, of this user alone, for plans and values of this run.
    pub(super) scratch: PathBuf,
    /// The unit's name.
    pub(super) name: Str,
    /// Arguments of this run with values for its variables.
    pub(super) given: Vec<String>,
    /// The emulator that it uses in place of Azure, as [`EMULATION_VARIABLE`] says it.
    pub(super) emulation: Option<String>,
}

/// What a call came to.
#[derive(Debug, Clone)]
pub(super) struct Ran {
    /// The exit status.
    pub(super) status: i32,
    /// Standard output.
    pub(super) stdout: String,
    /// Standard error.
    pub(super) stderr: String,
}

/// A plan of a unit.
#[derive(Debug, Clone)]
pub(super) struct UnitPlan {
    /// Whether it would change anything.
    pub(super) changes: bool,
    /// The outputs that the unit would have; those that are not known yet are unknown.
    pub(super) outputs: Value,
    /// What was said about it.
    pub(super) shown: Ran,
}

impl Child {
    /// Prepares the root module: modules, providers, backend.
    pub(super) async fn init(&self, workspace: Option<&str>) -> Result<(), Ran> {
        self.successful(&["init", "-input=false"], workspace).await.map(drop)
    }

    /// Makes a plan and keeps it for [`Child::apply`].
    pub(super) async fn plan(&self, inputs: &Inputs, destroy: bool) -> Result<UnitPlan, Ran> {
        let values = self.scratch.join(format!("{}.tfvars.json", self.name));
        write_private(&values, inputs.variables.as_bytes()).map_err(|error| failed(&error))?;
        let workspace = inputs.workspace.as_deref();
        let plan = self.plan_path();
        let (out, values) = (format!("-out={}", plan.display()), format!("-var-file={}", values.display()));
        let mut arguments = vec!["plan", "-input=false", "-detailed-exitcode", &out];
        let files: Vec<String> = inputs.var_files.iter().map(|file| format!("-var-file={file}")).collect();
        arguments.extend(files.iter().map(String::as_str));
        arguments.push(&values);
        arguments.extend(self.given.iter().map(String::as_str));
        if destroy {
            arguments.push("-destroy");
        }
        let shown = self.call(&arguments, workspace).await.map_err(|error| failed(&error))?;
        if shown.status != 0 && shown.status != 2 {
            return Err(shown);
        }
        let plan_text = plan.display().to_string();
        let json = self.successful(&["show", "-json", &plan_text], workspace).await?.stdout;
        let outputs = planned_outputs(&json).ok_or_else(|| unreadable("plan"))?;
        Ok(UnitPlan { changes: shown.status == 2, outputs, shown })
    }

    /// Applies the plan that was made last.
    pub(super) async fn apply(&self, workspace: Option<&str>) -> Result<Ran, Ran> {
        let plan = self.plan_path().display().to_string();
        self.successful(&["apply", "-input=false", &plan], workspace).await
    }

    /// Returns the outputs that the state has.
    pub(super) async fn outputs(&self, workspace: Option<&str>) -> Result<Value, Ran> {
        let json = self.successful(&["output", "-json"], workspace).await?.stdout;
        let outputs: serde_json::Value = serde_json::from_str(&json).map_err(|_| unreadable("outputs"))?;
        read_outputs(&outputs).ok_or_else(|| unreadable("outputs"))
    }

    /// Tells whether the state has no objects.
    pub(super) async fn is_empty(&self, workspace: Option<&str>) -> bool {
        let listed = self.call(&["state", "list"], workspace).await;
        listed.is_ok_and(|ran| ran.stdout.trim().is_empty())
    }

    fn plan_path(&self) -> PathBuf {
        self.scratch.join(format!("{}.plan", self.name))
    }

    async fn successful(&self, arguments: &[&str], workspace: Option<&str>) -> Result<Ran, Ran> {
        match self.call(arguments, workspace).await {
            Ok(ran) if ran.status == 0 => Ok(ran),
            Ok(ran) => Err(ran),
            Err(error) => Err(failed(&error)),
        }
    }

    async fn call(&self, arguments: &[&str], workspace: Option<&str>) -> io::Result<Ran> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments).current_dir(&self.directory).stdin(Stdio::null());
        // Hints at what to do with a plan are of no use for one that is gone when the run ends.
        command.env("TF_IN_AUTOMATION", "1");
        if let Some(emulation) = &self.emulation {
            command.env(EMULATION_VARIABLE, emulation);
        }
        if let Some(workspace) = workspace {
            command.env("TF_WORKSPACE", workspace);
        }
        let output = command.output().await?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let status = output.status.code().unwrap_or(1);
        Ok(Ran { status, stdout: text(output.stdout), stderr: text(output.stderr) })
    }
}

fn failed(error: &io::Error) -> Ran {
    Ran { status: 1, stdout: String::new(), stderr: format!("The unit could not be worked on: {error}.\n") }
}

fn unreadable(what: &str) -> Ran {
    failed(&io::Error::other(format!("its {what} cannot be read")))
}

/// Writes a file that may hold secrets.
fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600).open(path)?.write_all(content)
}

fn planned_outputs(json: &str) -> Option<Value> {
    let plan: serde_json::Value = serde_json::from_str(json).ok()?;
    match &plan["planned_values"]["outputs"] {
        serde_json::Value::Null => Some(Value::empty_object()),
        outputs => read_outputs(outputs),
    }
}

/// Reads outputs as `output -json` and plans have them. One without a value is unknown.
fn read_outputs(outputs: &serde_json::Value) -> Option<Value> {
    let read = |output: &serde_json::Value| -> Option<Value> {
        let Some(value) = output.get("value") else { return Some(Value::dynamic()) };
        let ty = output.get("type").map_or(Some(Type::Dynamic), |ty| type_from_json(&ty.to_string()).ok())?;
        value_of(&value.to_string(), &ty)
    };
    let entries =
        outputs.as_object()?.iter().map(|(name, output)| Some((Str::from(name.as_str()), read(output)?)));
    Some(Value::object(entries.collect::<Option<Vec<_>>>()?))
}

fn value_of(json: &str, ty: &Type) -> Option<Value> {
    match ty {
        Type::Dynamic => terrane_language::functions::decode_json(json).ok(),
        ty => value_from_json(json, ty).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_keep_their_types() {
        let json = serde_json::json!({
            "set": { "sensitive": false, "type": ["set", "string"], "value": ["b", "a"] },
            "later": { "sensitive": true },
            "nothing": { "sensitive": false, "type": "string", "value": null },
        });
        let outputs = read_outputs(&json).unwrap_or_else(Value::dynamic);
        assert_eq!(outputs.get("set").map(Value::ty), Some(Type::set(Type::String)));
        assert_eq!(outputs.get("later"), Some(&Value::dynamic()));
        assert_eq!(outputs.get("nothing"), Some(&Value::Null(Type::String)));
    }
}
