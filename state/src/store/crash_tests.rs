//! Runs that are killed without any chance to say goodbye.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::time::Duration;

use crate::backend::{StateBackend, publish};
use crate::backends::{LocalBackend, LocalOptions};
use crate::journal::Outcome;
use crate::lock::LockRequest;
use crate::store::StateStore;
use crate::testing::{Folder, address, block_on, create, options, part, start_again, succeeded};

const KILLS: u32 = 25;

fn local(folder: &Path) -> LocalBackend {
    LocalBackend::new(LocalOptions { path: folder.join("terraform.tfstate"), ..LocalOptions::default() })
}

/// Creates objects until it is killed, and says which intents have been acknowledged.
fn run_until_killed(folder: &Path) {
    let backend = local(folder);
    block_on(backend.lock("default", &LockRequest::default())).unwrap();
    let current = block_on(backend.read("default")).unwrap();
    let (mut store, recovery) =
        StateStore::open(&current, options(folder.join("terraform.tfstate.journal"))).unwrap();
    for (ticket, intent) in recovery.unfinished {
        let number = intent.address.to_string();
        store.end(ticket, succeeded(&number)).unwrap();
    }
    let mut stdout = std::io::stdout();
    for number in store.snapshot().objects().count().. {
        let name = format!("t.a[{number}]");
        let ticket = store.begin_and_wait(create(&name)).unwrap();
        writeln!(stdout, "begun {name}").unwrap();
        store.end(ticket, succeeded(&name)).unwrap();
        if number % 7 == 0 {
            let serial = block_on(publish(&mut store, &backend, "default")).unwrap().unwrap();
            writeln!(stdout, "published {serial}").unwrap();
        }
    }
}

#[test]
fn no_acknowledged_intent_is_lost_when_runs_are_killed() {
    if let Some(folder) = part() {
        run_until_killed(Path::new(&folder));
        return;
    }
    let folder = Folder::new();
    let mut acknowledged: BTreeSet<String> = BTreeSet::new();
    let mut serial = 0_u64;
    for kill in 0..KILLS {
        let test = "store::crash_tests::no_acknowledged_intent_is_lost_when_runs_are_killed";
        let mut child = start_again(test, folder.path().to_str().unwrap());
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let reader = std::thread::spawn(move || stdout.lines().map_while(Result::ok).collect::<Vec<_>>());
        std::thread::sleep(Duration::from_millis(10 + u64::from(kill * 37 % 90)));
        child.kill().unwrap();
        child.wait().unwrap();
        for line in reader.join().unwrap() {
            if let Some(name) = line.strip_prefix("begun ") {
                acknowledged.insert(name.to_owned());
            } else if let Some(published) = line.strip_prefix("published ") {
                serial = published.parse().unwrap();
            }
        }
    }
    let backend = local(folder.path());
    let current = block_on(backend.read("default")).unwrap();
    let journal = folder.join("terraform.tfstate.journal");
    let (mut store, recovery) = StateStore::open(&current, options(journal)).unwrap();
    assert!(store.snapshot().serial >= serial);
    for name in &acknowledged {
        let is_unfinished = recovery.unfinished.iter().any(|(_, intent)| intent.address == address(name));
        assert!(is_unfinished || store.snapshot().object(&address(name)).is_some(), "{name} is lost");
    }
    assert!(acknowledged.len() > 20, "only {} intents came about", acknowledged.len());
    for (ticket, _) in recovery.unfinished {
        store.end(ticket, Outcome::Failed(crate::Change::Keep)).unwrap();
    }
    block_on(publish(&mut store, &backend, "default")).unwrap();
    assert!(!folder.names().iter().any(|name| name.contains("journal")));
}
