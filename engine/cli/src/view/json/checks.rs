//! Results of checks in plan and state JSON.

use terrane_model::{ResourceInstanceAddress, Target};
use terrane_state::{CheckResult, CheckStatus, CheckableKind};

use super::resources::{key_json, mode_name};
use super::writer::{ObjectWriter, array};

/// Writes the results of all checks.
pub fn checks_json(results: &[CheckResult]) -> String {
    array(results.iter().map(check_json))
}

fn check_json(result: &CheckResult) -> String {
    let mut writer = ObjectWriter::new();
    writer.raw("address", &static_address(result.kind, &result.config_address));
    writer.text("status", status_name(result.status));
    if !result.objects.is_empty() {
        let instances = result.objects.iter().map(|object| {
            let mut writer = ObjectWriter::new();
            writer.raw("address", &instance_address(result.kind, &object.address));
            writer.text("status", status_name(object.status));
            if !object.failure_messages.is_empty() {
                let problems = object.failure_messages.iter().map(|message| {
                    let mut writer = ObjectWriter::new();
                    writer.text("message", message);
                    writer.finish()
                });
                writer.raw("problems", &array(problems));
            }
            writer.finish()
        });
        writer.raw("instances", &array(instances));
    }
    writer.finish()
}

fn status_name(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Pass => "pass",
        CheckStatus::Fail => "fail",
        CheckStatus::Error => "error",
        CheckStatus::Unknown => "unknown",
    }
}

fn kind_name(kind: CheckableKind) -> &'static str {
    match kind {
        CheckableKind::Resource => "resource",
        CheckableKind::OutputValue => "output_value",
        CheckableKind::Check => "check",
        CheckableKind::InputVariable => "var",
    }
}

/// Splits `module.a.module.b.output.c` into the module and the last name.
fn split_name(address: &str) -> (&str, &str) {
    let (before, name) = address.rsplit_once('.').unwrap_or(("", address));
    let module = before.rsplit_once('.').map_or("", |(module, _)| module);
    (module, name)
}

fn static_address(kind: CheckableKind, address: &str) -> String {
    let mut writer = ObjectWriter::new();
    writer.text("kind", kind_name(kind));
    writer.text("to_display", address);
    if kind == CheckableKind::Resource {
        if let Ok(resource) = ResourceInstanceAddress::parse(address) {
            writer.text("mode", mode_name(resource.resource.mode));
            writer.text("type", &resource.resource.resource_type);
            writer.text("name", &resource.resource.name);
            if !resource.module.is_root() {
                writer.text("module", &resource.module.to_string());
            }
        }
        return writer.finish();
    }
    let (module, name) = split_name(address);
    writer.text("name", name);
    if !module.is_empty() {
        writer.text("module", module);
    }
    writer.finish()
}

fn instance_address(kind: CheckableKind, address: &str) -> String {
    let mut writer = ObjectWriter::new();
    writer.text("to_display", address);
    if kind == CheckableKind::Resource {
        if let Ok(Target::Resource(resource)) = Target::parse(address) {
            if let Some(key) = &resource.key {
                writer.raw("instance_key", &key_json(key));
            }
            if !resource.module.is_root() {
                writer.text("module", &resource.module.to_string());
            }
        }
        return writer.finish();
    }
    let (module, _) = split_name(address);
    if !module.is_empty() {
        writer.text("module", module);
    }
    writer.finish()
}
