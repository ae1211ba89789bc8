//! Plugins that start well, and plugins that do not.

use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use terrane_model::{Diagnostics, Value};
use terrane_provider::{ProviderFactory, ValidateRequest};

use super::fake_plugin::{Announced, FakePlugin, shell, thing};
use crate::{PluginFactory, PluginOptions, Protocol};

fn show(diagnostics: &Diagnostics, hidden: &[(&Path, &str)]) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        let _ = writeln!(text, "{:?}: {}\n{}", diagnostic.severity, diagnostic.summary, diagnostic.detail);
    }
    hidden.iter().fold(text, |text, (path, name)| text.replace(&path.display().to_string(), name))
}

async fn failure(options: PluginOptions) -> Diagnostics {
    PluginFactory::new(options).start().unwrap().schemas().await.unwrap_err()
}

#[tokio::test]
async fn plugins_are_found_where_they_say() {
    for protocol in Protocol::ALL {
        for plugin in [FakePlugin::new(protocol).serve(), FakePlugin::new(protocol).serve_tls(Announced::Own)]
        {
            let schemas = plugin.provider().schemas().await.unwrap();
            assert_eq!(schemas.resources.keys().collect::<Vec<_>>(), ["thing"]);
            assert_eq!(schemas.resources["thing"].schema.version, 2);
        }
    }
}

#[tokio::test]
async fn programs_that_cannot_run() {
    let folder = tempfile::tempdir().unwrap();
    let hidden = [(folder.path(), "FOLDER")];
    let missing = failure(PluginOptions::new("example.com/test/fake", folder.path().join("missing"))).await;
    insta::assert_snapshot!(show(&missing, &hidden), @r#"
    Error: Failed to start provider plugin
    The plugin of provider example.com/test/fake cannot be used: the program FOLDER/missing cannot be run: No such file or directory (os error 2). Run "terrane init" to install it.
    "#);
    let path = folder.path().join("plugin");
    std::fs::write(&path, b"\x7fELF is all it has").unwrap();
    let forbidden = failure(PluginOptions::new("example.com/test/fake", &path)).await;
    insta::assert_snapshot!(show(&forbidden, &hidden), @r"
    Error: Failed to start provider plugin
    The plugin of provider example.com/test/fake cannot be used: the program FOLDER/plugin cannot be run: Permission denied (os error 13). Its file has to be executable.
    ");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let damaged = failure(PluginOptions::new("example.com/test/fake", &path)).await;
    insta::assert_snapshot!(show(&damaged, &hidden), @r"
    Error: Failed to start provider plugin
    The plugin of provider example.com/test/fake cannot be used: the program FOLDER/plugin cannot be run: Exec format error (os error 8). The file may be damaged or made for another operating system or processor.
    ");
}

#[tokio::test]
async fn programs_that_are_no_plugins() {
    let silent = failure(shell("exit 3")).await;
    insta::assert_snapshot!(show(&silent, &[]), @r"
    Error: Failed to start provider plugin
    The plugin of provider example.com/test/fake cannot be used: it ended before it was ready (exit status: 3). The file may be damaged or made for another operating system or processor.
    ");
    let complaining = failure(shell("echo 'no such region' >&2; exit 1")).await;
    insta::assert_snapshot!(show(&complaining, &[]), @r"
    Error: Failed to start provider plugin
    The plugin of provider example.com/test/fake cannot be used: it ended before it was ready (exit status: 1).

    The plugin printed:

      no such region
    ");
    let chatty = failure(shell("echo 'Hello! I am a program.'; exec sleep 600")).await;
    insta::assert_snapshot!(show(&chatty, &[]), @r#"
    Error: Failed to start provider plugin
    The plugin of provider example.com/test/fake cannot be used: the first line that it printed is not the handshake of a provider plugin: "Hello! I am a program.".
    "#);
    let endless = failure(shell("while :; do printf 'xxxxxxxxxxxxxxxx'; done")).await;
    assert!(show(&endless, &[]).len() < 500);
}

#[tokio::test]
async fn plugins_of_another_time() {
    let old = failure(shell("echo '1|4|unix|/nowhere|netrpc|'; exec sleep 600")).await;
    insta::assert_snapshot!(show(&old, &[]), @r#"
    Error: Failed to start provider plugin
    The plugin of provider example.com/test/fake cannot be used: it speaks version "4" of the plugin protocol, and only versions 5 and 6 are understood; an older or newer version of the provider may fit.
    "#);
}

#[tokio::test]
async fn plugins_that_keep_silent() {
    let mut options = shell("exec sleep 600");
    options.start_timeout = Duration::from_millis(100);
    insta::assert_snapshot!(show(&failure(options).await, &[]), @r"
    Error: Failed to start provider plugin
    The plugin of provider example.com/test/fake cannot be used: it did not say within 0.1 seconds that it is ready.
    ");
}

#[tokio::test]
async fn plugins_that_do_not_listen() {
    let absent = failure(shell("echo '1|6|unix|/nowhere/socket|grpc|'; exec sleep 600")).await;
    insta::assert_snapshot!(show(&absent, &[]), @r"
    Error: Failed to start provider plugin
    The plugin of provider example.com/test/fake cannot be used: the connection to it failed: No such file or directory (os error 2).
    ");
    let impostor = FakePlugin::new(Protocol::V6).serve_tls(Announced::Other);
    insta::assert_snapshot!(show(&failure(impostor.options()).await, &[]), @r"
    Error: Failed to start provider plugin
    The plugin of provider example.com/test/fake cannot be used: the connection to it failed: invalid peer certificate: ApplicationVerificationFailure.
    ");
}

#[tokio::test]
async fn a_failed_start_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let starts = folder.path().join("starts");
    let script = format!("echo >> '{}'; echo nonsense; exec sleep 600", starts.display());
    let provider = PluginFactory::new(shell(&script)).start().unwrap();
    let request = ValidateRequest { type_name: "thing".into(), config: thing(Value::from("1"), "a") };
    for _ in 0..3 {
        assert!(provider.validate_resource_config(request.clone()).await.has_errors());
    }
    assert_eq!(std::fs::read_to_string(starts).unwrap().lines().count(), 1);
}
