//! Files that Terraform 1.11.4 wrote, and damaged ones.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

fn fixtures(folder: &str, suffix: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.to_str().unwrap().ends_with(suffix));
    files.sort();
    assert!(!files.is_empty());
    files
}

fn rewritten(bytes: &[u8]) -> String {
    write_state(&read_state(bytes).unwrap()).unwrap()
}

#[test]
fn what_terraform_wrote_is_written_the_same() {
    for file in fixtures("version4", ".tfstate") {
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(rewritten(text.as_bytes()), text, "{}", file.display());
    }
}

#[test]
fn white_space_and_order_do_not_matter() {
    for file in fixtures("version4", ".tfstate") {
        let text = std::fs::read_to_string(&file).unwrap();
        let compacted = crate::json_text::compact(&text).unwrap();
        assert_eq!(rewritten(compacted.as_bytes()), text, "{}", file.display());
    }
}

#[test]
fn older_versions_are_upgraded_as_terraform_does() {
    for file in fixtures("old", ".json") {
        let old = std::fs::read(&file).unwrap();
        let mut expected = std::fs::read_to_string(file.with_extension("upgraded.tfstate")).unwrap();
        let mut snapshot = read_state(&old).unwrap();
        snapshot.terraform_version = "1.11.4".into();
        let written = write_state(&snapshot).unwrap();
        // Numbers inside of private data are kept in the spelling of the file there.
        expected.truncate(expected.trim_end().len());
        assert_eq!(written.trim_end(), expected, "{}", file.display());
    }
}

/// A state with one resource, with replacements made in its text.
fn altered(replace: &str, with: &str) -> String {
    let text = r#"{
  "version": 4,
  "terraform_version": "1.11.4",
  "serial": 1,
  "lineage": "l",
  "outputs": {"o": {"value": "x", "type": "string"}},
  "resources": [
    {
      "module": "module.m[0]",
      "mode": "managed",
      "type": "terraform_data",
      "name": "a",
      "provider": "provider[\"terraform.io/builtin/terraform\"]",
      "instances": [{"index_key": 0, "schema_version": 0, "attributes": {"id": "x"}, "sensitive_attributes": []}]
    }
  ],
  "check_results": null
}"#;
    assert!(text.contains(replace), "{replace}");
    text.replace(replace, with)
}

#[test]
fn what_is_wrong_is_said() {
    let first = "{\"index_key\": 0, \"schema_version\": 0";
    let instance = "{\"index_key\": 0, \"schema_version\": 0, \"attributes\": {\"id\": \"x\"}, \"sensitive_attributes\": []}";
    let twice = format!("{instance}, {instance}");
    let deposed = instance.replacen('{', "{\"deposed\": \"0123abcd\", ", 1);
    let deposed_twice = format!("{deposed}, {deposed}");
    let cases = [
        "hello".to_owned(),
        "\"text\"".to_owned(),
        "[]".to_owned(),
        "7".to_owned(),
        "null".to_owned(),
        "{}".to_owned(),
        altered("\"check_results\": null\n}", ""),
        altered("\n}", "\n}}"),
        altered("\"version\": 4", "\"version\": \"4\""),
        altered("\"version\": 4", "\"version\": -1"),
        altered("\"version\": 4", "\"version\": 4.5"),
        altered("\"version\": 4", "\"version\": 0"),
        altered("\"version\": 4", "\"version\": 5"),
        altered("\"1.11.4\"", "\"abc\""),
        altered("\"serial\": 1", "\"serial\": -1"),
        altered("\"serial\": 1", "\"serial\": \"1\""),
        altered("\"serial\": 1", "\"serial\": 18446744073709551616"),
        altered("\"serial\": 1", "\"serial\": 1, \"serial\": 2"),
        altered("\"lineage\": \"l\"", "\"lineage\": 3"),
        altered("\"resources\"", "\"resourcas\""),
        altered("\"instances\"", "\"Instances\""),
        altered("\"type\": \"string\"", "\"type\": \"blah\""),
        altered("\"value\": \"x\"", "\"value\": []"),
        altered("\"value\": \"x\", ", ""),
        altered("\"managed\"", "\"foo\""),
        altered("module.m[0]", "foo"),
        altered("provider[", "provide["),
        altered(instance, &twice),
        altered(instance, &deposed_twice),
        altered("\"index_key\": 0", "\"index_key\": 1.5"),
        altered("\"index_key\": 0", "\"index_key\": true"),
        altered(first, &format!("{{\"deposed\": \"zz\", {}", &first[1..])),
        altered(first, &format!("{{\"status\": \"odd\", {}", &first[1..])),
        altered("\"schema_version\": 0", "\"schema_version\": -1"),
        altered(first, &format!("{{\"private\": \"!!\", {}", &first[1..])),
        altered(first, &format!("{{\"dependencies\": [\"foo\"], {}", &first[1..])),
        altered(first, &format!("{{\"dependencies\": [\"t.a[0]\"], {}", &first[1..])),
        altered("\"sensitive_attributes\": []", "\"sensitive_attributes\": [\"a\"]"),
        altered("\"sensitive_attributes\": []", "\"sensitive_attributes\": [[{\"type\": \"foo\", \"value\": 1}]]"),
        altered("\"sensitive_attributes\": []", "\"sensitive_attributes\": [[{\"type\": \"get_attr\", \"value\": 1}]]"),
        altered("\"attributes\": {\"id\": \"x\"}", "\"attributes_flat\": {\"id\": []}"),
        "{\"version\": 3, \"serial\": -1}".to_owned(),
        "{\"version\": 3, \"modules\": [{\"path\": [\"nope\"]}]}".to_owned(),
        "{\"version\": 3, \"modules\": [{\"path\": [\"root\"], \"resources\": {\"bad\": {}}}]}".to_owned(),
        "{\"version\": 3, \"modules\": [{\"path\": [\"root\"], \"resources\": {\"a.b.c\": {}}}]}".to_owned(),
        "{\"version\": 3, \"modules\": [{\"path\": [\"root\"], \"resources\": {\"a.b\": {\"provider\": \"x y\"}}}]}".to_owned(),
        "{\"version\": 3, \"modules\": [{\"path\": [\"root\", \"1x\"]}]}".to_owned(),
        "{\"version\": 3, \"modules\": \"x\"}".to_owned(),
        "{\"version\": 2, \"modulez\": []}".to_owned(),
    ];
    let messages: Vec<String> =
        cases.iter().map(|text| read_state(text.as_bytes()).unwrap_err().to_string()).collect();
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn unknown_fields_survive() {
    let text = altered("\"lineage\": \"l\"", "\"lineage\": \"l\", \"newer\": {\"a\": [1]}")
        .replace("\"mode\"", "\"resource_note\": 1, \"mode\"")
        .replace("\"index_key\"", "\"object_note\": \"<\", \"index_key\"");
    let written = rewritten(text.as_bytes());
    assert!(written.contains("\"newer\": {\n    \"a\": [\n      1\n    ]\n  }"), "{written}");
    assert!(written.contains("\"resource_note\": 1"));
    assert!(written.contains("\"object_note\": \"\\u003c\""));
    assert_eq!(rewritten(written.as_bytes()), written);
}

#[test]
fn identities_of_newer_versions_survive() {
    let identity = "\"identity_schema_version\": 1, \"identity\": {\"id\": \"x\"}, \"sensitive_attributes\"";
    let written = rewritten(altered("\"sensitive_attributes\"", identity).as_bytes());
    assert!(written.contains("\"identity_schema_version\": 1,\n          \"identity\": {\n"), "{written}");
    // Without an identity, its version says nothing.
    let version = "\"identity_schema_version\": 0, \"sensitive_attributes\"";
    assert!(!rewritten(altered("\"sensitive_attributes\"", version).as_bytes()).contains("identity"));
}

#[test]
fn debug_output_shows_no_secrets() {
    let text = altered("\"type\": \"string\"}", "\"type\": \"string\", \"sensitive\": true}")
        .replace("\"x\"", "\"hush\"");
    assert!(!format!("{:?}", read_state(text.as_bytes()).unwrap()).contains("hush"));
}

#[test]
fn messages_show_no_secrets() {
    for (replace, with) in [
        (
            "\"value\": \"x\", \"type\": \"string\"",
            "\"value\": \"hush \\\", expected\", \"type\": [\"list\", \"string\"]",
        ),
        ("\"sensitive_attributes\": []", "\"sensitive_attributes\": \"hush\""),
        ("\"outputs\": {", "\"outputs\": \"hush\", \"other\": {"),
    ] {
        let message = read_state(altered(replace, with).as_bytes()).unwrap_err().to_string();
        assert!(!message.contains("hush") && message.contains("string"), "{message}");
    }
}

#[test]
fn deep_nesting_is_survived() {
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(read_state(nested(100_000).as_bytes()).is_err());
    let in_attributes = |depth| altered("{\"id\": \"x\"}", &nested(depth));
    assert_eq!(rewritten(in_attributes(1_000).as_bytes()).matches('[').count(), 1_005);
    assert!(read_state(in_attributes(1_001).as_bytes()).is_err());
    assert!(
        read_state(altered("\"value\": \"x\"", &format!("\"value\": {}", nested(200))).as_bytes()).is_err()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn damaged_files_never_cause_a_panic(cut in 0.0..1.0_f64, flip in 0.0..1.0_f64, bit in 0..8_u8, cuts in any::<bool>()) {
        let file = include_bytes!("../../tests/fixtures/version4/everything.tfstate");
        let mut bytes = file.to_vec();
        let at = |part: f64| (part * file.len() as f64) as usize;
        if cuts {
            bytes.truncate(at(cut));
            prop_assert!(read_state(&bytes).is_err());
        } else {
            bytes[at(flip)] ^= 1 << bit;
            // A changed letter in a value cannot be noticed; whatever is accepted can be written again.
            if let Ok(snapshot) = read_state(&bytes) {
                let text = write_state(&snapshot).unwrap();
                prop_assert_eq!(read_state(text.as_bytes()).unwrap(), snapshot);
            }
        }
    }
}
