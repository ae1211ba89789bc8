//! Accepting and refusing as an independent validator does, on requests that resource providers published and on
//! random mutations of them.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use terrane_azure_emulator::check_request;

/// Mutations per sample and kind.
const ROUNDS: usize = 3;

fn facts() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/azure-types");
    path.join("samples.jsonl").exists().then_some(path)
}

/// A small generator, so that failures repeat.
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % below.max(1)
    }
}

/// Pointers to all objects of a body.
fn object_pointers(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            if !object.is_empty() {
                found.push(pointer.to_owned());
            }
            for (name, value) in object {
                let name = name.replace('~', "~0").replace('/', "~1");
                object_pointers(value, &format!("{pointer}/{name}"), found);
            }
        }
        Value::Array(elements) => {
            for (idx, element) in elements.iter().enumerate() {
                object_pointers(element, &format!("{pointer}/{idx}"), found);
            }
        }
        _ => {}
    }
}

const KINDS: &[&str] = &[
    "whole", "unknown", "type", "drop", "word", "number", "casing", "null", "name", "version", "tag",
    "location",
];

/// Makes one mutation; `None` if this body has no place for it.
fn mutate(kind: &str, url: &str, body: &Value, random: &mut Random) -> Option<(String, Value)> {
    let mut url = url.to_owned();
    let mut body = body.clone();
    let mut pointers = Vec::new();
    object_pointers(&body, "", &mut pointers);
    if pointers.is_empty() {
        return None;
    }
    let pointer = pointers[random.next(pointers.len())].clone();
    let object = body.pointer_mut(&pointer)?.as_object_mut()?;
    let names: Vec<String> = object.keys().cloned().collect();
    let name = names[random.next(names.len())].clone();
    match kind {
        "whole" => {}
        "unknown" => drop(object.insert("zzUnknown".into(), json!(1))),
        "type" => {
            let value = if object[&name].is_array() { json!("no list") } else { json!([[1]]) };
            object.insert(name, value);
        }
        "drop" => drop(object.remove(&name)),
        "word" => {
            let text = names.iter().find(|name| object[*name].is_string())?.clone();
            object.insert(text, json!("zz-no-such-word"));
        }
        "number" => {
            let number = names.iter().find(|name| object[*name].is_number())?.clone();
            object.insert(number, [json!(-7), json!(99_999_999), json!(1.5)][random.next(3)].clone());
        }
        "casing" => {
            let value = object.remove(&name)?;
            let mut characters = name.chars();
            let first = characters.next()?;
            let flipped =
                if first.is_lowercase() { first.to_ascii_uppercase() } else { first.to_ascii_lowercase() };
            object.insert(format!("{flipped}{}", characters.as_str()), value);
        }
        "null" => drop(object.insert(name, Value::Null)),
        "name" => {
            let (path, query) = url.split_once('?')?;
            let (parent, _) = path.rsplit_once('/')?;
            let bad = ["-", "a", "has blank", "UPPER", "x.y", "default"][random.next(6)];
            url = format!("{parent}/{}?{query}", bad.replace(' ', "%20"));
        }
        "version" => url = format!("{}?api-version=2017-01-01", url.split('?').next()?),
        "tag" => {
            let tags =
                [json!({"a<b": "1"}), json!({"K": "1", "k": "2"}), json!({"n": 5}), json!({"ok": "yes"})];
            body.as_object_mut()?.insert("tags".into(), tags[random.next(4)].clone());
        }
        "location" => {
            let places = [json!("westeurope"), json!(""), json!(7), json!("global")];
            body.as_object_mut()?.insert("location".into(), places[random.next(4)].clone());
        }
        _ => return None,
    }
    Some((url, body))
}

/// Returns for each request whether the validator finds an error, with its first words.
fn judge(facts: &Path, requests: &[(String, Value)]) -> Vec<Option<String>> {
    let lines: String = requests
        .iter()
        .map(|(url, body)| json!({"method": "PUT", "url": url, "body": body}).to_string() + "\n")
        .collect();
    let mut python = Command::new("python3")
        .arg(facts.join("tools/validate.py"))
        .args(["--lines", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is there");
    let mut input = python.stdin.take().expect("it was piped");
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()).expect("the validator reads"));
    let output = python.wait_with_output().expect("the validator ends");
    writer.join().expect("writing worked");
    let mut verdicts = vec![None; requests.len()];
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let finding: Value = serde_json::from_str(line).expect("the validator writes JSON");
        let number = finding["n"].as_u64().and_then(|number| usize::try_from(number).ok()).expect("a number");
        if finding["level"] == "ERROR" {
            verdicts[number - 1].get_or_insert_with(|| format!("{} {}", finding["code"], finding["path"]));
        }
    }
    verdicts
}

#[test]
fn requests_are_judged_as_by_the_validator() {
    let Some(facts) = facts() else {
        println!("skipped: ../shared/azure-types is absent, so there is no validator to compare with");
        return;
    };
    let samples = std::fs::read_to_string(facts.join("samples.jsonl")).expect("the samples are readable");
    let mut random = Random(7);
    let (mut kinds, mut requests) = (Vec::new(), Vec::new());
    for line in samples.lines() {
        let sample: Value = serde_json::from_str(line).expect("samples are JSON");
        let url = sample["url"].as_str().expect("a URL");
        for kind in KINDS {
            for _ in 0..if *kind == "whole" { 1 } else { ROUNDS } {
                if let Some(request) = mutate(kind, url, &sample["body"], &mut random) {
                    kinds.push(*kind);
                    requests.push(request);
                }
            }
        }
    }
    let verdicts = judge(&facts, &requests);
    let mut tally: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut differences: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for ((kind, (url, body)), verdict) in kinds.iter().zip(&requests).zip(&verdicts) {
        let ours = check_request("PUT", url, Some(body)).err();
        let (same, all) = tally.entry(kind).or_default();
        *all += 1;
        if ours.is_some() == verdict.is_some() {
            *same += 1;
        } else {
            let words = format!("{kind}: validator {verdict:?}, emulator {ours:?}");
            let entry = differences.entry(words.chars().take(100).collect()).or_default();
            entry.0 += 1;
            entry.1 = format!("{url} {words}");
        }
    }
    let (same, all) = tally.values().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    println!("agreement on {all} requests: {:.2} %", same as f64 * 100.0 / all as f64);
    for (kind, (same, all)) in &tally {
        println!("  {kind:10} {same:5} of {all}");
    }
    for (count, example) in differences.values().take(40) {
        println!("  {count} x {example}");
    }
    assert_eq!(tally["whole"].0, tally["whole"].1, "published requests are accepted");
    assert!(same * 1000 >= all * 985, "the emulator must agree in 98.5 % of the cases");
}
