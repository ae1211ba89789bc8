//! A real provider that somebody else started.

use std::process::Stdio;

use terrane_provider_plugin::{PluginFactory, PluginOptions, parse_reattach};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::support::engine::Instance;
use crate::support::{configure, real_provider};

#[tokio::test]
async fn a_provider_under_a_debugger_is_used() {
    let Some(options) = real_provider("random") else { return };
    let mut child = Command::new(&options.path)
        .arg("-debug")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("the provider runs");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let printed = loop {
        let line = lines.next_line().await.expect("it can be read").expect("it prints its address");
        if let Some((_, quoted)) = line.split_once("TF_REATTACH_PROVIDERS='") {
            break quoted.trim_end_matches('\'').to_owned();
        }
    };
    let running = parse_reattach(&printed).expect("it prints what is understood");
    let (source, reattach) = running.into_iter().next().expect("there is one provider");
    assert_eq!(source.name, "random");
    for _ in 0..2 {
        let factory = PluginFactory::attached(PluginOptions::new(source.to_string(), ""), reattach.clone());
        let random = configure(factory).await;
        let mut pet = Instance::new(&random, "random_pet").await;
        assert!(!pet.apply("{}").await.is_null());
    }
}
