//! Real plugins that are killed.

use terrane_provider_plugin::PluginFactory;

use crate::support::engine::Instance;
use crate::support::{configure, real_provider, show};

#[tokio::test]
async fn a_killed_plugin_is_reported_by_every_call() {
    let Some(mut options) = real_provider("time") else { return };
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let pid_file = folder.path().join("pid");
    let script = format!("echo $$ > '{}'; exec '{}'", pid_file.display(), options.path.display());
    options.path = "/bin/sh".into();
    options.args = vec!["-c".into(), script.into()];
    let time = configure(PluginFactory::new(options)).await;
    let mut sleep = Instance::new(&time, "time_sleep").await;
    let pid = std::fs::read_to_string(pid_file).expect("the shell wrote it");
    let kill = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let killed = tokio::process::Command::new("kill").args(["-9", pid.trim()]).status().await;
        assert!(killed.is_ok_and(|status| status.success()));
    };
    let (problems, ()) = tokio::join!(sleep.try_apply(r#"{"create_duration": "60s"}"#), kill);
    insta::assert_snapshot!(show(&problems), @r"
    Error: Plugin did not respond
    Provider registry.terraform.io/hashicorp/time failed to answer the ApplyResourceChange call: its plugin process ended unexpectedly (signal: 9 (SIGKILL)). This is most likely a bug in the provider, which should be reported in its own issue tracker.
    ");
    assert!(sleep.state.is_null());
    let again = sleep.validate(r#"{"create_duration": "60s"}"#).await;
    insta::assert_snapshot!(show(&again), @r"
    Error: Plugin did not respond
    Provider registry.terraform.io/hashicorp/time failed to answer the ValidateResourceTypeConfig call: its plugin process ended unexpectedly (signal: 9 (SIGKILL)). This is most likely a bug in the provider, which should be reported in its own issue tracker.
    ");
}
