//! Every request body against Microsoft's schemas, where a copy of those is at hand (`../shared`, beside the
//! repository) and a Python to run their validator.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

/// Returns what is wrong with the bodies of a request log; nothing when it cannot be checked.
#[expect(clippy::print_stdout, reason = "whoever runs the tests should know what they did not check")]
pub(crate) fn findings(request_log: &Path) -> Option<Vec<String>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/azure-types");
    let validator = folder.join("tools/validate.py");
    if !validator.exists() {
        println!("../shared/azure-types is absent: request bodies are not checked");
        return None;
    }
    let known = known_types(&folder)?;
    let log = std::fs::read_to_string(request_log).expect("the emulator has written it");
    let writes: Vec<Json> = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Json>(line).ok())
        .filter(|line| matches!(line["method"].as_str(), Some("PUT" | "PATCH")))
        // Vaults have an interface of their own beside Azure Resource Manager.
        .filter(|line| line["url"].as_str().is_some_and(|url| url.starts_with("/subscriptions/")))
        .filter(|line| line["url"].as_str().is_some_and(|url| known.contains(&type_of(url))))
        .collect();
    let lines: String = writes.iter().map(|line| format!("{line}\n")).collect();
    let file = request_log.with_extension("writes");
    std::fs::write(&file, lines).expect("a temporary folder");
    let output = Command::new("python3").arg(&validator).arg("--json").arg("--lines").arg(&file).output();
    let output = match output {
        Ok(output) => output,
        Err(error) => {
            println!("python3 cannot be run: request bodies are not checked: {error}");
            return None;
        }
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!errors.contains("Traceback"), "{errors}");
    // The emulator's log hides what looks like a secret, and a hidden word is no known word.
    // `bypass` is a combination of words by Microsoft's own description of it.
    let is_combination = |line: &str| line.contains("networkAcls.bypass") && line.contains("open-enum");
    // The newest version of Container Service that is in use has no schema there.
    let is_newer = |line: &str| line.contains("2026-04-01 is not extracted for Microsoft.ContainerService");
    let is_finding = |line: &&str| {
        line.contains("\"level\"") && !line.contains("REDACTED") && !is_combination(line) && !is_newer(line)
    };
    Some(text.lines().filter(is_finding).map(str::to_owned).collect())
}

fn known_types(folder: &Path) -> Option<Vec<String>> {
    let index: Json = serde_json::from_str(&std::fs::read_to_string(folder.join("index.json")).ok()?).ok()?;
    let types = index["types"].as_array()?.iter();
    Some(types.filter_map(|entry| Some(entry["type"].as_str()?.to_ascii_lowercase())).collect())
}

/// Reads the type off the URL of a request.
fn type_of(url: &str) -> String {
    let path = url.split('?').next().unwrap_or_default().to_ascii_lowercase();
    match path.rsplit_once("/providers/") {
        Some((_, rest)) => {
            let segments: Vec<&str> = rest.split('/').collect();
            let kinds: Vec<&str> = segments.iter().skip(1).step_by(2).copied().collect();
            format!("{}/{}", segments[0], kinds.join("/"))
        }
        None => "microsoft.resources/resourcegroups".to_owned(),
    }
}
