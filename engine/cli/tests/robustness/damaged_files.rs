//! State files, journals and plan files that are cut off or altered at random: whatever reads them says what is wrong
//! or reads them rightly, and leaves what is on disk as it is.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use terrane_plan::plan_file::read_plan_file;
use terrane_state::{
    LocalBackend, LocalOptions, OnConflict, StateBackend, StateStore, StoreOptions, peek, read_state,
    write_state,
};

use crate::directory::{Directory, Run};
use crate::random::{Random, count_from};

/// Cases for each reader of the library.
const LIBRARY_CASES: usize = 1000;
/// Cases for the program itself unless told otherwise.
const PROGRAM_CASES: usize = 25;

const CONFIGURATION: &str = r#"
variable "secret" {
  type      = string
  default   = "hush"
  sensitive = true
}
resource "terraform_data" "each" {
  for_each         = { a = 1, "b \"quoted\"" = 2, "é" = 3 }
  input            = { number = each.value, text = var.secret, list = [1, null, true] }
  triggers_replace = [each.key]
}
resource "terraform_data" "counted" {
  count = 3
  input = terraform_data.each["a"].id
}
resource "random_id" "one" {
  byte_length = 8
}
output "all" {
  value     = [terraform_data.counted[*].output, random_id.one.hex]
  sensitive = true
}
check "one" {
  assert {
    condition     = random_id.one.hex != ""
    error_message = "None."
  }
}
"#;

/// Cuts a file off, or alters some of it.
fn damage(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut damaged = bytes.to_vec();
    match random.below(6) {
        0 => damaged.truncate(random.below(bytes.len())),
        1 => {
            // As a file system does that has written the length and not the content.
            let start = random.below(bytes.len());
            let end = (start + 1 + random.below(600)).min(bytes.len());
            damaged[start..end].fill(0);
        }
        2 => {
            let start = random.below(bytes.len());
            let end = (start + 1 + random.below(300)).min(bytes.len());
            let part = bytes[start..end].to_vec();
            let at = random.below(bytes.len());
            damaged.splice(at..at, part);
        }
        _ => {
            for _ in 0..=random.below(8) {
                let at = random.below(bytes.len());
                damaged[at] ^= 1 << random.below(8);
            }
        }
    }
    damaged
}

/// Checks that a run ended well, or with an error that says something.
#[track_caller]
fn check_run(run: &Run, what: &str) {
    assert_eq!(run.signal, None, "{what}: {run:#?}");
    assert!(matches!(run.code, Some(0 | 1)), "{what}: {run:#?}");
    assert!(!run.stderr.contains("panicked"), "{what}: {run:#?}");
    let is_explained = run.stderr.contains("Error:") && run.stderr.len() > 40;
    assert!(run.code == Some(0) || is_explained, "{what}: {run:#?}");
}

/// Keeps a case that failed where it can be looked at.
fn keep(name: &str, bytes: &[u8]) -> String {
    let path = std::env::temp_dir().join(format!("terrane-damaged-{name}"));
    fs::write(&path, bytes).unwrap();
    path.display().to_string()
}

#[test]
fn damaged_states_are_read_rightly_or_refused() {
    let directory = Directory::new(CONFIGURATION);
    directory.succeed("apply -auto-approve");
    let intact = directory.read("terraform.tfstate");
    let mut random = Random::new(1);
    let mut refused = 0;
    for _ in 0..LIBRARY_CASES {
        match read_state(&damage(&intact, &mut random)) {
            Ok(state) => drop(write_state(&state).unwrap()),
            Err(error) => {
                refused += 1;
                assert!(error.to_string().len() > 10, "{error}");
            }
        }
    }
    assert!(refused > LIBRARY_CASES / 2, "only {refused} were refused");
    for case in 0..count_from("TERRANE_DAMAGED_FILES", PROGRAM_CASES) {
        let damaged = damage(&intact, &mut random);
        fs::write(directory.join("terraform.tfstate"), &damaged).unwrap();
        fs::write(directory.join("copy.tfstate"), &damaged).unwrap();
        for words in [
            "show copy.tfstate",
            "show -json copy.tfstate",
            "state list",
            "plan",
            "apply -auto-approve -target=random_id.one",
        ] {
            // An apply may succeed and write a state; nothing else may.
            let is_apply = words.starts_with("apply");
            let run = directory.run(words);
            let kept = keep("state", &damaged);
            check_run(&run, &format!("case {case}, {words}, {kept}"));
            let now = directory.read("terraform.tfstate");
            let is_kept = now == damaged || directory.read("terraform.tfstate.backup") == damaged;
            assert!(
                is_kept && (now == damaged || is_apply),
                "case {case}, {words}: the state is lost, {kept}"
            );
        }
        let _ = fs::remove_file(directory.join("terraform.tfstate.backup"));
    }
}

#[test]
fn damaged_plans_are_refused() {
    let directory = Directory::new(CONFIGURATION);
    directory.succeed("apply -auto-approve -target=random_id.one");
    directory.succeed("plan -out=intact.plan");
    let intact = directory.read("intact.plan");
    let state = directory.read("terraform.tfstate");
    let mut random = Random::new(2);
    for _ in 0..LIBRARY_CASES {
        let damaged = damage(&intact, &mut random);
        if damaged == intact {
            continue;
        }
        let error = read_plan_file(&damaged).unwrap_err().to_diagnostic("damaged.plan");
        assert!(error.detail.contains("plan"), "{}", error.detail);
    }
    for case in 0..count_from("TERRANE_DAMAGED_FILES", PROGRAM_CASES) {
        let damaged = damage(&intact, &mut random);
        if damaged == intact {
            continue;
        }
        fs::write(directory.join("damaged.plan"), &damaged).unwrap();
        for words in ["show damaged.plan", "show -json damaged.plan", "apply damaged.plan"] {
            let run = directory.run(words);
            check_run(&run, &format!("case {case}, {words}, {}", keep("plan", &damaged)));
            assert_eq!(run.code, Some(1), "case {case}, {words}: {run:#?}");
        }
        assert!(directory.read("terraform.tfstate") == state, "case {case}: the state was changed");
    }
    directory.succeed("apply intact.plan");
}

/// Kills an apply in its midst, so that a journal stays behind, and returns the journal's name with its content.
fn interrupted(directory: &Directory) -> (String, Vec<u8>) {
    let mut child = directory.start("apply -auto-approve");
    let start = Instant::now();
    let journal = loop {
        assert!(start.elapsed() < Duration::from_secs(60), "there is no journal");
        std::thread::sleep(Duration::from_millis(20));
        if let Some(name) = journal_name(directory.path())
            && directory.read(&name).windows(6).filter(|bytes| bytes == b"\"begun").count() >= 3
        {
            break name;
        }
    };
    child.kill().unwrap();
    child.wait().unwrap();
    let content = directory.read(&journal);
    (journal, content)
}

fn journal_name(directory: &Path) -> Option<String> {
    let names =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.into_iter().find(|name| name.ends_with(".journal"))
}

#[test]
fn damaged_journals_are_taken_over_or_refused_and_never_lost() {
    let sleepers = r#"
resource "time_sleep" "each" {
  create_duration = "120s"
}
resource "local_file" "each" {
  count    = 3
  filename = "file${count.index}.txt"
  content  = "text"
}
"#;
    let directory = Directory::new(&format!("{CONFIGURATION}{sleepers}"));
    let (name, intact) = interrupted(&directory);
    let state = directory.read("terraform.tfstate");
    let mut random = Random::new(3);
    for _ in 0..LIBRARY_CASES {
        let damaged = damage(&intact, &mut random);
        drop(peek(&state, Some(&damaged)));
        open_in_library(&state, &damaged);
    }
    for case in 0..count_from("TERRANE_DAMAGED_FILES", PROGRAM_CASES) {
        let damaged = damage(&intact, &mut random);
        clear(directory.path(), &name);
        fs::write(directory.join("terraform.tfstate"), &state).unwrap();
        fs::write(directory.join(&name), &damaged).unwrap();
        for words in ["state list", "show", "plan -refresh=false"] {
            let run = directory.run(words);
            check_run(&run, &format!("case {case}, {words}, {}", keep("journal", &damaged)));
        }
        assert!(
            is_accounted_for(directory.path(), &damaged, &intact),
            "case {case}: {}",
            keep("journal", &damaged)
        );
    }
}

/// Opens a state with a journal as a run does.
fn open_in_library(state: &[u8], journal: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let backend = LocalBackend::new(LocalOptions {
        path: folder.path().join("terraform.tfstate"),
        ..LocalOptions::default()
    });
    let journal_path = backend.journal_path("default", folder.path());
    fs::File::create(&journal_path).unwrap().write_all(journal).unwrap();
    let options = StoreOptions {
        journal_path: journal_path.clone(),
        terraform_version: "1.11.4".into(),
        on_conflict: OnConflict::Refuse,
    };
    match StateStore::open(state, options) {
        Ok((store, _)) => drop(store),
        Err(error) => {
            assert!(error.to_string().len() > 10, "{error}");
            assert!(
                fs::read(&journal_path).unwrap() == journal,
                "a journal that was refused is changed: {error}"
            );
        }
    }
}

/// Tells whether everything that a damaged journal held is still there: in it, set aside beside it, or, when it was only
/// cut off, in the journal that goes on from it.
fn is_accounted_for(directory: &Path, damaged: &[u8], intact: &[u8]) -> bool {
    let mut contents =
        fs::read_dir(directory).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap_or_default());
    intact.starts_with(damaged) || contents.any(|content| content == damaged)
}

/// Removes what earlier cases have left.
fn clear(directory: &Path, journal: &str) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.contains(journal) || name.contains("tfstate") {
            fs::remove_file(&path).unwrap();
        }
    }
}
