//! `emulator azure`: an emulated Azure for other programs.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use terrane_azure_emulator::{Emulator, EmulatorConfig, Throttling};
use terrane_model::{Diagnostic, SourceMap};

use super::Command;
use crate::args::{Flag, ParsedFlags, shell_words};
use crate::context::Context;
use crate::emulation::{WORLD_DIRECTORY, problem};
use crate::exit_code::ExitCode;
use crate::run::interrupts::until_interrupted;
use crate::session::block_on;

pub(super) const AZURE: Command = Command {
    name: "emulator azure",
    summary: "Serve an emulated Azure to other programs, until interrupted",
    usage: "emulator azure [options]",
    flags: &[FLAGS],
    run,
};

const FLAGS: &[Flag] = &[
    Flag::value("listen", "127.0.0.1", "The loopback address to listen on."),
    Flag::value("port", "n", "The port to listen on. Defaults to the one used last, else to any free one."),
    Flag::value(
        "data-dir",
        "path",
        "Where the world is kept between runs. Defaults to .terrane/azure, which is also the world of the -emulate option.",
    ),
    Flag::switch("ephemeral", "Keep nothing."),
    Flag::value(
        "operation-time",
        "scale",
        "How long operations take, as a multiple of how long they take on Azure. Defaults to 0: none takes any time.",
    ),
    Flag::value("faults", "path", "A file with rules for what goes wrong, in JSON."),
    Flag::value("request-log", "path", "A file that gets a line of JSON for each request."),
    Flag::value("aks-kubeconfig", "path", "The kubeconfig that emulated Kubernetes clusters hand out."),
    Flag::switch("throttle", "Limit requests as Azure does."),
    Flag::switch("strict-subscription", "Refuse all subscriptions but the emulator's own."),
    Flag::switch("json", "Describe the emulator as a JSON object in one line instead of shell commands."),
];

fn run(context: &Context, flags: &ParsedFlags) -> ExitCode {
    match serve(context, flags) {
        Ok(()) => ExitCode::Success,
        Err(problem) => {
            context.show(&problem.into(), &SourceMap::new());
            ExitCode::Error
        }
    }
}

fn serve(context: &Context, flags: &ParsedFlags) -> Result<(), Diagnostic> {
    let emulator = Emulator::start_in_background(config(flags)?).map_err(|error| problem(&error))?;
    context.terminal.line(&if flags.switch("json", false) {
        emulator.ready_line()
    } else {
        instructions(&emulator)
    });
    block_on(async {
        until_interrupted().await;
        emulator.shutdown().await
    })
    .map_err(|error| problem(&error))
}

fn instructions(emulator: &Emulator) -> String {
    let mut text =
        format!("# Azure is emulated at {}. To use it from another shell, run there:\n", emulator.url());
    for (name, value) in emulator.env() {
        text.push_str(&format!("export {name}={}\n", shell_words::quote(&value)));
    }
    text.push_str("# Interrupt this command to end it.");
    text
}

fn config(flags: &ParsedFlags) -> Result<EmulatorConfig, Diagnostic> {
    let invalid = |name: &str, wanted: &str| {
        Diagnostic::error("Failed to parse command-line flags", format!("The -{name} option takes {wanted}."))
    };
    let mut listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    if let Some(text) = flags.text("listen") {
        listen.set_ip(text.parse::<IpAddr>().map_err(|_| invalid("listen", "an IP address"))?);
    }
    if let Some(text) = flags.text("port") {
        listen.set_port(text.parse().map_err(|_| invalid("port", "a number up to 65535"))?);
    }
    let operation_time = match flags.text("operation-time") {
        Some(text) => text.parse().map_err(|_| invalid("operation-time", "a number"))?,
        None => 0.0,
    };
    let data_dir = flags.text("data-dir").unwrap_or(WORLD_DIRECTORY);
    let path = |name: &str| flags.text(name).map(PathBuf::from);
    Ok(EmulatorConfig {
        listen,
        data_dir: (!flags.switch("ephemeral", false)).then(|| PathBuf::from(data_dir)),
        operation_time,
        faults: path("faults"),
        request_log: path("request-log"),
        aks_kubeconfig: path("aks-kubeconfig"),
        throttling: if flags.switch("throttle", false) { Throttling::Realistic } else { Throttling::Off },
        any_subscription: !flags.switch("strict-subscription", false),
        ..EmulatorConfig::default()
    })
}
