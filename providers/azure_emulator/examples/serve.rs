//! Serves an emulated Azure until the process ends:
//! `cargo run --example serve -- [--listen ADDRESS] [--data-dir DIR] [--operation-time SCALE] [--faults FILE]
//! [--request-log FILE] [--aks-kubeconfig FILE] [--throttle]`. Prints one JSON line with the URL and the environment when it is ready.

use std::error::Error;

use terrane_azure_emulator::{Emulator, EmulatorConfig, Throttling};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut config = EmulatorConfig::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--throttle" {
            config.throttling = Throttling::Realistic;
            continue;
        }
        let value = arguments.next().ok_or_else(|| format!("{argument} needs a value"))?;
        match argument.as_str() {
            "--listen" => config.listen = value.parse()?,
            "--data-dir" => config.data_dir = Some(value.into()),
            "--operation-time" => config.operation_time = value.parse()?,
            "--faults" => config.faults = Some(value.into()),
            "--aks-kubeconfig" => config.aks_kubeconfig = Some(value.into()),
            "--request-log" => config.request_log = Some(value.into()),
            _ => return Err(format!("unknown argument {argument}").into()),
        }
    }
    let emulator = Emulator::start(config).await?;
    #[expect(clippy::print_stdout, reason = "it is what the program is for")]
    {
        println!("{}", emulator.ready_line());
    }
    std::future::pending::<()>().await;
    Ok(())
}
