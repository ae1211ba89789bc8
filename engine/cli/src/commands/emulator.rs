//! `emulator azure`: an emulated Azure for other programs.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use terrane_azure_emulator::{Emulator, EmulatorConfig, Throttling};
use terrane_model::{Diagnostic, SourceMap};

use super::Command;
use crate::args::{Flag, ParsedFlags, shell_words};
use crate::context::Context;
use crate::emulation::{WORLD_DIRECTORY, problem};
use crate::exit_code::ExitCode;
use crate::run::interrupts::until_interrupted;
use crate::run::plan_files::write_private;
use crate::session::block_on;

pub(super) const AZURE: Command = Command {
    name: "emulator azure",
    summary: "Serve an emulated Azure to other programs, until interrupted",
    usage: "emulator azure [options]",
    flags: &[FLAGS],
    run,
};

const FLAGS: &[Flag] = &[
    Flag::value(
        "listen",
        "127.0.0.1:n",
        "The loopback address to listen on, with or without a port. Without one, the port used last is taken, else any free one.",
    ),
    Flag::value("port", "n", "The port to listen on, where -listen names none."),
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
    Flag::value(
        "cores",
        "n",
        "How many cores of machines a subscription may have in a region. By default, as many as anybody wants.",
    ),
    Flag::value("restore", "path", "A snapshot that takes the place of the whole world first."),
    Flag::value("snapshot", "path", "A file to which the whole world is written at the end, for -restore."),
    Flag::switch("throttle", "Limit requests as Azure does."),
    Flag::switch("strict-subscription", "Refuse all subscriptions but the emulator's own."),
    Flag::switch(
        "json",
        "Say nothing but the JSON object in one line that describes the emulator: url, ca_file and env. Without this option, shell commands with the same content go to standard error.",
    ),
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
    if let Some(path) = flags.text("restore") {
        let snapshot = std::fs::read(path).map_err(|error| unusable(path, "read", &error))?;
        emulator.restore(&snapshot).map_err(|error| problem(&error))?;
    }
    context.terminal.line(&emulator.ready_line());
    if !flags.switch("json", false) {
        context.terminal.error_line(&instructions(&emulator));
    }
    block_on(async {
        until_interrupted().await;
        if let Some(path) = flags.text("snapshot") {
            let file = Path::new(path);
            write_private(file, &emulator.world_snapshot())
                .map_err(|error| unusable(path, "written", &error))?;
        }
        emulator.shutdown().await.map_err(|error| problem(&error))
    })
}

fn unusable(path: &str, what: &str, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error("Snapshot of the emulated cloud", format!("{path} cannot be {what}: {error}."))
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

/// Reads `127.0.0.1`, `127.0.0.1:8443`, `localhost:8443`, `[::1]:8443` and `:8443`. Port 0 leaves it open.
fn read_address(text: &str) -> Option<SocketAddr> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if host.is_empty() || host.ends_with(']') || !host.contains(':') => {
            (host, port.parse().ok()?)
        }
        _ => (text, 0),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let ip = match host {
        "" | "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
        other => other.parse().ok()?,
    };
    Some(SocketAddr::new(ip, port))
}

fn config(flags: &ParsedFlags) -> Result<EmulatorConfig, Diagnostic> {
    let invalid = |name: &str, wanted: &str| {
        Diagnostic::error("Failed to parse command-line flags", format!("The -{name} option takes {wanted}."))
    };
    let mut listen = match flags.text("listen") {
        Some(text) => read_address(text).ok_or_else(|| {
            invalid("listen", "an IP address, with or without a port, such as 127.0.0.1:8443")
        })?,
        None => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
    };
    if let Some(text) = flags.text("port").filter(|_| listen.port() == 0) {
        listen.set_port(text.parse().map_err(|_| invalid("port", "a number up to 65535"))?);
    }
    let operation_time = match flags.text("operation-time") {
        Some(text) => text.parse().map_err(|_| invalid("operation-time", "a number"))?,
        None => 0.0,
    };
    let cores = flags.text("cores").map(|text| text.parse().map_err(|_| invalid("cores", "a number")));
    let cores_per_region = cores.transpose()?;
    let data_dir = flags.text("data-dir").unwrap_or(WORLD_DIRECTORY);
    let path = |name: &str| flags.text(name).map(PathBuf::from);
    Ok(EmulatorConfig {
        listen,
        data_dir: (!flags.switch("ephemeral", false)).then(|| PathBuf::from(data_dir)),
        operation_time,
        faults: path("faults"),
        request_log: path("request-log"),
        aks_kubeconfig: path("aks-kubeconfig"),
        cores_per_region,
        throttling: if flags.switch("throttle", false) { Throttling::Realistic } else { Throttling::Off },
        any_subscription: !flags.switch("strict-subscription", false),
        ..EmulatorConfig::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_may_leave_the_port_open() {
        let check = |text: &str, expected: Option<&str>| {
            let expected = expected.map(|text| text.parse().expect("an address"));
            assert_eq!(read_address(text), expected, "{text}");
        };
        check("127.0.0.1", Some("127.0.0.1:0"));
        check("127.0.0.1:8443", Some("127.0.0.1:8443"));
        check("localhost:1", Some("127.0.0.1:1"));
        check(":9", Some("127.0.0.1:9"));
        check("[::1]:8443", Some("[::1]:8443"));
        check("::1", Some("[::1]:0"));
        check("127.0.0.1:port", None);
        check("example.org:1", None);
    }
}
