//! `taint` and `untaint`: marking an object for replacement, or taking the mark away.

use std::sync::Arc;

use terrane_model::{Diagnostic, Diagnostics, ResourceInstanceAddress, ResourceMode, SourceMap};
use terrane_state::{ObjectState, ObjectStatus};

use super::Command;
use super::flag_groups::STATE_FLAGS;
use super::state_edit::{edit_state, ended};
use crate::args::{Flag, ParsedFlags};
use crate::context::Context;

const OWN_FLAGS: &[Flag] = &[
    Flag::switch(
        "allow-missing",
        "If specified, the command will succeed (exit code 0) even if the resource is missing.",
    ),
    Flag::switch("ignore-remote-version", ""),
];

pub(super) const TAINT: Command = Command {
    name: "taint",
    summary: "Mark a resource instance as not fully functional",
    usage: "taint [options] <address>",
    flags: &[OWN_FLAGS, STATE_FLAGS],
    run: |context, flags| ended(context, mark(context, flags, ObjectStatus::Tainted)),
};

pub(super) const UNTAINT: Command = Command {
    name: "untaint",
    summary: "Remove the 'tainted' state from a resource instance",
    usage: "untaint [options] <address>",
    flags: &[OWN_FLAGS, STATE_FLAGS],
    run: |context, flags| ended(context, mark(context, flags, ObjectStatus::Ready)),
};

fn mark(context: &Context, flags: &ParsedFlags, status: ObjectStatus) -> Result<(), Diagnostics> {
    let [text] = flags.arguments.as_slice() else {
        let detail = "The command expects exactly one argument: the address of a resource instance.";
        return Err(Diagnostic::error("Invalid command arguments", detail).into());
    };
    let address = ResourceInstanceAddress::parse(text).map_err(|error| {
        Diagnostics::from(Diagnostic::error(format!("Invalid address {text:?}"), error.to_string()))
    })?;
    if address.resource.mode != ResourceMode::Managed {
        let detail = format!("Resource instance {address} cannot be tainted: only managed resources can.");
        return Err(Diagnostic::error("Invalid resource mode", detail).into());
    }
    let is_tainting = status == ObjectStatus::Tainted;
    let found = edit_state(context, flags, false, |state| {
        let Some(resource) = state.resources.get(&address.resource()) else { return Ok(false) };
        let provider_config = resource.config_of(address.key.as_ref());
        let Some(object) = state.object(&address) else { return Ok(false) };
        if !is_tainting && object.status != ObjectStatus::Tainted {
            let detail = format!(
                "Resource instance {address} is not currently tainted, and so it cannot be untainted."
            );
            return Err(Diagnostic::error("Resource instance is not tainted", detail).into());
        }
        let marked = ObjectState { status, ..object.as_ref().clone() };
        state.set_object(&address, None, &provider_config, Some(Arc::new(marked)));
        Ok(true)
    })?;
    if !found {
        return missing(context, flags, &address);
    }
    let text = if is_tainting { "marked as tainted" } else { "successfully untainted" };
    context.terminal.line(&format!("Resource instance {address} has been {text}."));
    Ok(())
}

fn missing(
    context: &Context,
    flags: &ParsedFlags,
    address: &ResourceInstanceAddress,
) -> Result<(), Diagnostics> {
    if flags.switch("allow-missing", false) {
        let detail = format!(
            "Resource instance {address} was not found, but this is not an error because -allow-missing was set."
        );
        context.show(&Diagnostic::warning("No such resource instance", detail).into(), &SourceMap::new());
        return Ok(());
    }
    let detail = format!(
        "There is no resource instance in the state with the address {address}. If the resource configuration has just been \
         added, you must run \"terrane apply\" once to create the corresponding instance(s) before they can be tainted."
    );
    Err(Diagnostic::error("No such resource instance", detail).into())
}
