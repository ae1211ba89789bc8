//! The terrane command: arguments, commands, rendering, and the wiring of everything else.
#![expect(unreachable_pub, reason = "in a program, `pub` marks what a module offers to the others")]

mod args;
mod backend;
mod cli_config;
mod commands;
mod context;
mod convert;
mod emulation;
mod exit_code;
mod file_system;
mod init;
mod language_server;
mod project;
mod registry;
mod report;
mod run;
mod session;
mod stack;
mod terminal;
mod testing;
mod variables;
mod view;

/// Stack of the thread that does the work: expressions nest, and evaluation follows them down.
pub(crate) const STACK_BYTES: usize = 512 * 1024 * 1024;

fn main() {
    // Clients that choose no TLS library themselves get the only one there is; it is set at most once.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let worker = std::thread::Builder::new().name("terrane".to_owned()).stack_size(STACK_BYTES).spawn(|| {
        let arguments: Vec<String> =
            std::env::args_os().skip(1).map(|a| a.to_string_lossy().into_owned()).collect();
        commands::run(&arguments).number()
    });
    // A panic is a fault of ours and was reported by the panic hook; the exit status is the usual one for it.
    let code = worker.map_or(1, |worker| worker.join().unwrap_or(101));
    std::process::exit(code);
}
