//! `output`: the outputs of the last apply.

use terrane_model::{Diagnostic, Diagnostics, SourceMap, Type, Value};
use terrane_state::StateSnapshot;

use super::Command;
use super::flag_groups::STATE_FLAGS;
use super::state_edit::ended;
use crate::args::{Flag, ParsedFlags};
use crate::context::Context;
use crate::run::options::SHOW_SENSITIVE;
use crate::session::Session;
use crate::view::human::value::format_value;
use crate::view::json::pretty::indent;
use crate::view::json::state_v1::{type_json, value_json};
use crate::view::json::writer::ObjectWriter;

pub(super) const COMMAND: Command = Command {
    name: "output",
    summary: "Show output values from your root module",
    usage: "output [options] [NAME]",
    flags: &[
        &[
            SHOW_SENSITIVE,
            Flag::switch("json", "If specified, machine readable output will be printed in JSON format."),
            Flag::switch(
                "raw",
                "For value types that can be automatically converted to a string, will print the raw string directly, rather than a human-oriented representation of the value.",
            ),
        ],
        STATE_FLAGS,
    ],
    run: |context, flags| ended(context, run(context, flags)),
};

fn run(context: &Context, flags: &ParsedFlags) -> Result<(), Diagnostics> {
    let (json, raw) = (flags.switch("json", false), flags.switch("raw", false));
    let wrong = |summary: &str, detail: &str| Err(Diagnostic::error(summary, detail).into());
    if json && raw {
        return wrong("Invalid output format", "The -raw and -json options are mutually-exclusive.");
    }
    let name = match flags.arguments.as_slice() {
        [] if raw => {
            return wrong(
                "Output name required",
                "You must give the name of a single output value when using the -raw option.",
            );
        }
        [] => None,
        [name] => Some(name.as_str()),
        _ => {
            return wrong(
                "Unexpected argument",
                "The output command expects exactly one argument with the name of an output variable or no arguments to show all outputs.",
            );
        }
    };
    let state = Session::find(context, flags)?.read()?;
    match name {
        Some(name) => one(context, &state, name, json, raw),
        None => {
            all(context, &state, json, flags.switch("show-sensitive", false));
            Ok(())
        }
    }
}

fn one(
    context: &Context,
    state: &StateSnapshot,
    name: &str,
    json: bool,
    raw: bool,
) -> Result<(), Diagnostics> {
    if state.outputs.is_empty() && !json {
        no_outputs(context);
        return Ok(());
    }
    let Some(output) = state.outputs.get(name) else {
        let detail = "The output variable requested could not be found in the state file. If you recently added this to your \
                      configuration, be sure to run `terrane apply`, since the state won't be updated with new output variables \
                      until that command is run.";
        return Err(Diagnostic::error(format!("Output {name:?} not found"), detail).into());
    };
    if json {
        context.terminal.line(&value_json(&output.value));
    } else if raw {
        context.terminal.text(&raw_text(name, &output.value)?);
    } else {
        context.terminal.line(&format_value(&output.value, 0));
    }
    Ok(())
}

fn raw_text(name: &str, value: &Value) -> Result<String, Diagnostics> {
    let unsupported = |what: String| {
        let detail = format!(
            "The -raw option only supports strings, numbers, and boolean values, but output value {name:?} is {what}.\n\nUse \
             the -json option for machine-readable representations of output values that have complex types."
        );
        Diagnostics::from(Diagnostic::error("Unsupported value for raw output", detail))
    };
    if value.is_null() {
        let detail = format!("The value for output value {name:?} is null, so -raw mode cannot print it.");
        return Err(Diagnostic::error("Unsupported value for raw output", detail).into());
    }
    let text = terrane_model::convert::convert(value, &Type::String).ok();
    let text = text.as_ref().and_then(Value::as_str).map(|text| text.to_string());
    text.ok_or_else(|| unsupported(value.ty().friendly_name()))
}

fn all(context: &Context, state: &StateSnapshot, json: bool, shows_sensitive: bool) {
    if json {
        let mut outputs = ObjectWriter::new();
        for (name, output) in &state.outputs {
            let mut entry = ObjectWriter::new();
            entry.flag("sensitive", output.sensitive);
            entry.raw("type", &type_json(&output.value.ty()));
            entry.raw("value", &value_json(&output.value));
            outputs.raw(name, &entry.finish());
        }
        context.terminal.line(&indent(&outputs.finish()));
        return;
    }
    if state.outputs.is_empty() {
        no_outputs(context);
        return;
    }
    for (name, output) in &state.outputs {
        let is_hidden = output.sensitive && !shows_sensitive;
        let value = if is_hidden { "<sensitive>".to_owned() } else { format_value(&output.value, 0) };
        context.terminal.line(&format!("{name} = {value}"));
    }
}

fn no_outputs(context: &Context) {
    let detail = "The state file either has no outputs defined, or all the defined outputs are empty. Please define an output in \
                  your configuration with the `output` keyword and run `terrane refresh` for it to become available. If you are \
                  using interpolation, please verify the interpolated value is not empty. You can use the `terrane console` \
                  command to assist.";
    context.show(&Diagnostic::warning("No outputs found", detail).into(), &SourceMap::new());
}
