//! Runs that go through, are interrupted, or meet damage.

use proptest::prelude::*;

use super::*;
use crate::fold::Fold;
use crate::journal::Operation;
use crate::recover::{Extent, RecoverError, recover};
use crate::testing::{Folder, address, create, histories, object, options, provider, rich_object, succeeded};
use crate::version4::read_state;

fn open(current: &[u8], folder: &Folder) -> (StateStore, Recovery) {
    StateStore::open(current, options(folder.join("s.journal"))).unwrap()
}

/// Publishes as a backend does that keeps the state in a file.
fn publish(store: &mut StateStore) -> Option<Vec<u8>> {
    let pending = store.prepare().unwrap()?;
    let text = pending.text().as_bytes().to_vec();
    store.finish(pending).unwrap();
    Some(text)
}

fn notices(recovery: &Recovery) -> Vec<&str> {
    recovery.notices.iter().map(|notice| notice.summary.as_str()).collect()
}

#[test]
fn a_run_leaves_the_state_and_no_journal() {
    let folder = Folder::new();
    let (mut store, recovery) = open(b"", &folder);
    assert!(recovery.unfinished.is_empty() && recovery.notices.is_empty());
    assert!(folder.names().is_empty(), "reading makes no file");
    let ticket = store.begin_and_wait(create("t.a")).unwrap();
    assert_eq!(folder.names(), ["s.journal"]);
    store.end(ticket, succeeded("1")).unwrap();
    store.change(address("t.b"), None, provider(), Some(rich_object("2"))).unwrap();
    let text = publish(&mut store).unwrap();
    assert!(folder.names().is_empty());
    let (mut again, _) = open(&text, &folder);
    assert_eq!(again.snapshot(), store.snapshot());
    assert_eq!((again.snapshot().serial, again.snapshot().resources.len()), (1, 2));
    assert_eq!(publish(&mut again), None, "nothing has changed");
    again.change(address("t.b"), None, provider(), Some(rich_object("2"))).unwrap();
    assert_eq!(publish(&mut again), None, "still nothing has changed");
    assert!(folder.names().is_empty());
}

#[test]
fn journals_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let (mut store, _) = open(b"", &folder);
    let mode = || std::fs::metadata(folder.join("s.journal")).unwrap().permissions().mode() & 0o777;
    let ticket = store.begin_and_wait(create("t.a")).unwrap();
    assert_eq!(mode(), 0o600);
    store.end(ticket, succeeded("1")).unwrap();
    let _pending = store.prepare().unwrap().unwrap();
    assert_eq!(mode(), 0o600);
}

#[test]
fn an_interrupted_run_is_taken_over() {
    let folder = Folder::new();
    let (mut store, _) = open(b"", &folder);
    let lineage = store.snapshot().lineage.clone();
    let ticket = store.begin_and_wait(create("t.a")).unwrap();
    store.end(ticket, succeeded("1")).unwrap();
    let open_ticket = store.begin_and_wait(create("t.b")).unwrap();
    drop(store);

    let (mut store, recovery) = open(b"", &folder);
    assert_eq!(notices(&recovery), ["Interrupted run recovered"]);
    assert_eq!(recovery.unfinished, [(open_ticket, create("t.b"))]);
    assert_eq!((recovery.replayed, &store.snapshot().lineage), (3, &lineage));
    assert_eq!(store.snapshot().object(&address("t.a")), Some(&object("1")));
    // What is not resolved yet survives being published.
    let text = publish(&mut store).unwrap();
    assert_eq!(folder.names(), ["s.journal"]);
    drop(store);
    let (mut store, recovery) = open(&text, &folder);
    assert_eq!(recovery.unfinished, [(open_ticket, create("t.b"))]);
    assert!(!store.has_unpublished());
    let next = store.begin_and_wait(create("t.c")).unwrap();
    assert!(next > open_ticket);
    store.end(next, Outcome::Failed(Change::Keep)).unwrap();
    store.end(open_ticket, succeeded("2")).unwrap();
    let text = publish(&mut store).unwrap();
    assert!(folder.names().is_empty());
    let state = read_state(&text).unwrap();
    assert_eq!((state.serial, state.resources.len(), state.lineage), (2, 2, lineage));
}

#[test]
fn an_interrupted_publication_is_repeated() {
    let folder = Folder::new();
    let (mut store, _) = open(b"", &folder);
    for number in 0..40 {
        store.change(address(&format!("t.a[{number}]")), None, provider(), Some(object("old"))).unwrap();
    }
    let old = publish(&mut store).unwrap();
    store.change(address("t.a[3]"), None, provider(), Some(rich_object("new"))).unwrap();
    store.change(address("t.b"), None, provider(), Some(object("new"))).unwrap();
    let pending = store.prepare().unwrap().unwrap();
    let new = pending.text().as_bytes().to_vec();
    drop(store);
    // The backend was interrupted anywhere while it wrote.
    for written in (0..=new.len()).step_by(512).chain([new.len()]) {
        let mut current = old.clone();
        current.resize(old.len().max(written), 0);
        current[..written].copy_from_slice(&new[..written]);
        if written == new.len() {
            current.truncate(written);
        }
        let journal = std::fs::read(folder.join("s.journal")).unwrap();
        let (mut store, recovery) = open(&current, &folder);
        let published = publish(&mut store);
        if current == new {
            assert_eq!((published, notices(&recovery)), (None, vec![]));
        } else {
            assert_eq!(published.as_deref(), Some(&new[..]), "{written}");
            assert_eq!(notices(&recovery), ["Interrupted run recovered"]);
        }
        drop(store);
        std::fs::write(folder.join("s.journal"), journal).unwrap();
    }
}

#[test]
fn recovery_can_be_interrupted_too() {
    let folder = Folder::new();
    let (mut store, _) = open(b"", &folder);
    store.change(address("t.a"), None, provider(), Some(object("1"))).unwrap();
    let first = publish(&mut store).unwrap();
    store.change(address("t.b"), None, provider(), Some(object("2"))).unwrap();
    drop(store);
    for _ in 0..3 {
        let (store, _) = open(&first, &folder);
        assert!(store.has_unpublished());
    }
    let (mut store, _) = open(&first, &folder);
    store.change(address("t.c"), None, provider(), Some(object("3"))).unwrap();
    drop(store);
    let (mut store, _) = open(&first, &folder);
    let state = read_state(&publish(&mut store).unwrap()).unwrap();
    assert_eq!((state.serial, state.resources.len()), (2, 3));
}

#[test]
fn checkpoints_go_on_with_the_run() {
    let folder = Folder::new();
    let (mut store, _) = open(b"", &folder);
    let ticket = store.begin_and_wait(create("t.a")).unwrap();
    store.change(address("t.b"), None, provider(), Some(object("1"))).unwrap();
    let pending = store.prepare().unwrap().unwrap();
    let first = pending.text().as_bytes().to_vec();
    // The run goes on while the backend writes.
    store.end(ticket, succeeded("2")).unwrap();
    store.finish(pending).unwrap();
    assert_eq!(store.snapshot().serial, 1);
    assert!(store.has_unpublished());
    drop(store);
    let (mut store, recovery) = open(&first, &folder);
    assert_eq!((recovery.unfinished.len(), store.snapshot().resources.len()), (0, 2));
    assert_eq!(read_state(&publish(&mut store).unwrap()).unwrap().serial, 2);
}

#[test]
fn a_state_that_another_program_changed_is_not_touched() {
    let folder = Folder::new();
    let (mut store, _) = open(b"", &folder);
    store.change(address("t.a"), None, provider(), Some(object("1"))).unwrap();
    let text = publish(&mut store).unwrap();
    store.begin_and_wait(create("t.b")).unwrap();
    drop(store);
    let foreign = String::from_utf8(text).unwrap().replace("\"serial\": 1", "\"serial\": 7");
    let journal = folder.join("s.journal");
    let error = StateStore::open(foreign.as_bytes(), options(journal.clone())).err().unwrap();
    let OpenError::Recover {
        source: RecoverError::StateChanged { journal_serial, state_serial, objects },
        ..
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!((*journal_serial, *state_serial), (1, 7));
    assert_eq!(objects, &["create t.b (id id of t.b)"]);
    assert_eq!(folder.names(), ["s.journal"], "nothing was changed");

    let set_aside = StoreOptions { on_conflict: OnConflict::SetAside, ..options(journal) };
    let (store, recovery) = StateStore::open(foreign.as_bytes(), set_aside).unwrap();
    assert_eq!(notices(&recovery), ["Journal put aside"]);
    assert_eq!((store.snapshot().serial, folder.names()), (7, vec!["s.journal.conflict-1".to_owned()]));
}

#[test]
fn damage_costs_only_what_comes_after_it() {
    let folder = Folder::new();
    let (mut store, _) = open(b"", &folder);
    for name in ["t.a", "t.b", "t.c"] {
        let ticket = store.begin_and_wait(create(name)).unwrap();
        store.end(ticket, succeeded(name)).unwrap();
    }
    drop(store);
    let mut bytes = std::fs::read(folder.join("s.journal")).unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let damaged = bytes.windows(10).position(|window| window == b"id of t.b\"").unwrap();
    assert!(text.contains("id of t.b"));
    bytes[damaged] ^= 1;
    std::fs::write(folder.join("s.journal"), &bytes).unwrap();
    let (store, recovery) = open(b"", &folder);
    assert_eq!(recovery.replayed, 2);
    assert_eq!(store.snapshot().object(&address("t.a")), Some(&object("t.a")));
    assert_eq!(store.snapshot().resources.len(), 1);
    assert_eq!(std::fs::read(folder.join("s.journal.damaged-1")).unwrap(), bytes);
    let details: Vec<String> = recovery.notices.iter().map(|notice| notice.detail.clone()).collect();
    let details = details.join("\n").replace(folder.path().to_str().unwrap(), "FOLDER");
    let position = details.split("byte ").nth(1).unwrap().split(':').next().unwrap().to_owned();
    insta::assert_snapshot!(details.replace(&position, "POSITION"));
}

#[test]
fn two_runs_do_not_write_one_journal() {
    let folder = Folder::new();
    let (mut store, _) = open(b"", &folder);
    let (mut other, _) = open(b"", &folder);
    store.begin_and_wait(create("t.a")).unwrap();
    let error = StateStore::open(b"", options(folder.join("s.journal"))).err().unwrap();
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    assert!(matches!(other.begin_and_wait(create("t.b")), Err(StoreError::Journal(_))));
    assert_eq!(other.unfinished().count(), 0);
}

#[test]
fn a_journal_that_cannot_be_written_stops_effects_and_loses_nothing() {
    let folder = Folder::new();
    let journal = folder.join("sub/s.journal");
    let (mut store, _) = StateStore::open(b"", options(journal.clone())).unwrap();
    // What should be a folder is a file.
    std::fs::write(folder.join("sub"), "").unwrap();
    assert!(matches!(store.begin_and_wait(create("t.a")), Err(StoreError::Journal(_))));
    assert!(matches!(
        store.change(address("t.b"), None, provider(), Some(object("1"))),
        Err(StoreError::Journal(_))
    ));
    assert_eq!((store.unfinished().count(), store.snapshot().resources.len()), (0, 1));
    assert!(store.prepare().is_err());
    assert!(store.text().unwrap().contains("\"serial\": 1,"));
    std::fs::remove_file(folder.join("sub")).unwrap();
    assert_eq!(read_state(&publish(&mut store).unwrap()).unwrap().resources.len(), 1);
    // With room again, the run can go on.
    let ticket = store.begin_and_wait(create("t.a")).unwrap();
    store.end(ticket, succeeded("2")).unwrap();
    drop(store);
    assert!(journal.exists());
}

#[test]
fn replaced_content_is_safe_before_further_records() {
    let folder = Folder::new();
    let (mut store, _) = open(b"", &folder);
    store.change(address("t.a"), None, provider(), Some(object("1"))).unwrap();
    let text = publish(&mut store).unwrap();
    let mut content = store.snapshot().clone();
    assert!(content.move_instance(&address("t.a"), &address("t.z")));
    store.replace_content(content).unwrap();
    store.change(address("t.b"), None, provider(), Some(object("2"))).unwrap();
    drop(store);
    let (mut store, _) = open(&text, &folder);
    let state = read_state(&publish(&mut store).unwrap()).unwrap();
    let names: Vec<String> = state.resources.keys().map(ToString::to_string).collect();
    assert_eq!((names, state.serial), (vec!["t.b".to_owned(), "t.z".to_owned()], 2));
    store.adopt_history("other".into(), 50);
    let state = read_state(&publish(&mut store).unwrap()).unwrap();
    assert_eq!((state.lineage.as_str(), state.serial), ("other", 51));
}

#[test]
fn impossible_changes_are_refused() {
    let folder = Folder::new();
    let (mut store, _) = open(b"", &folder);
    let ticket = store.begin_and_wait(create("t.a")).unwrap();
    let refused = |result: Result<Ticket, StoreError>| result.unwrap_err().to_string();
    let other = |operation| Intent { operation, ..create("t.b") };
    let mut messages = vec![
        refused(store.begin_and_wait(create("t.a"))),
        refused(store.begin_and_wait(other(Operation::Update))),
        refused(store.begin_and_wait(other(Operation::Delete))),
        store.change(address("t.a"), None, provider(), None).unwrap_err().to_string(),
        store.move_instance(address("t.a"), address("t.c")).unwrap_err().to_string(),
        store.depose(address("t.b"), "00000001".into()).unwrap_err().to_string(),
        store.undepose(address("t.b"), "00000001".into()).unwrap_err().to_string(),
        store.move_instance(address("t.b"), address("t.c")).unwrap_err().to_string(),
    ];
    store.end(ticket, succeeded("1")).unwrap();
    messages.push(store.end(ticket, succeeded("1")).unwrap_err().to_string());
    messages.push(refused(store.begin_and_wait(create("t.a"))));
    insta::assert_snapshot!(messages.join("\n"));
    drop(store);
    // None of them is in the journal.
    assert_eq!(open(b"", &folder).1.replayed, 2);
}

#[test]
fn readers_see_a_run_that_goes_on() {
    let folder = Folder::new();
    let (mut store, _) = open(b"", &folder);
    let ticket = store.begin_and_wait(create("t.a")).unwrap();
    store.end(ticket, succeeded("1")).unwrap();
    store.begin_and_wait(create("t.b")).unwrap();
    let journal = std::fs::read(folder.join("s.journal")).unwrap();
    assert_eq!(peek(b"", Some(&journal)).unwrap().resources.len(), 1);
    assert!(peek(b"", None).unwrap().is_empty());
    assert!(peek(b"", Some(b"garbage")).unwrap().is_empty());
}

/// Writes a history as a journal upon an empty state.
fn journal_of(history: &[Record]) -> Vec<u8> {
    let folder = Folder::new();
    let (mut store, _) = open(b"", &folder);
    for record in history {
        store.record(record.clone()).unwrap();
    }
    drop(store);
    if history.is_empty() { Vec::new() } else { std::fs::read(folder.join("s.journal")).unwrap() }
}

/// Returns the fold after every number of records, lineage aside.
fn folds(history: &[Record]) -> Vec<Fold> {
    let mut folds = vec![Fold::default()];
    for record in history {
        let mut fold = folds[folds.len() - 1].clone();
        fold.apply(record.clone()).unwrap();
        folds.push(fold);
    }
    folds
}

fn without_lineage(mut fold: Fold) -> Fold {
    fold.snapshot_mut().lineage = Str::new();
    fold
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_journal_cut_anywhere_gives_a_prefix_of_the_run(history in histories(16)) {
        let journal = journal_of(&history);
        let expected = folds(&history);
        let mut last = 0;
        for length in 0..=journal.len() {
            let recovered = recover(b"", &journal[..length]).unwrap();
            prop_assert!(recovered.records >= last);
            last = recovered.records;
            let is_whole = matches!(recovered.extent, Extent::Whole { .. });
            prop_assert!(is_whole);
            prop_assert_eq!(&without_lineage(recovered.fold), &expected[recovered.records]);
        }
        prop_assert_eq!(last, history.len());
    }

    #[test]
    fn a_run_and_its_recovery_lead_to_the_same_state(history in histories(60), at in any::<prop::sample::Index>()) {
        let folder = Folder::new();
        let (mut store, _) = open(b"", &folder);
        let expected = folds(&history);
        let interrupted = at.index(history.len() + 1);
        for record in &history[..interrupted] {
            store.record(record.clone()).unwrap();
        }
        drop(store);
        let (mut store, _) = open(b"", &folder);
        for record in &history[interrupted..] {
            store.record(record.clone()).unwrap();
        }
        let last = &expected[history.len()];
        prop_assert!(store.snapshot().same_content(last.snapshot()));
        prop_assert_eq!(store.fold.unfinished(), last.unfinished());
        if let Some(text) = publish(&mut store) {
            prop_assert!(read_state(&text).unwrap().same_content(last.snapshot()));
        }
        prop_assert_eq!(folder.names().is_empty(), last.unfinished().is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn damaged_journals_give_a_prefix_or_an_error(
        history in prop::sample::select(sample_histories()),
        position in any::<prop::sample::Index>(),
        bit in 0..8_u8,
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let (history, journal) = history;
        let mut bytes = journal;
        let position = position.index(bytes.len());
        bytes[position] ^= 1 << bit;
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len() + 1));
        }
        let recovered = recover(b"", &bytes).unwrap();
        prop_assert_eq!(&without_lineage(recovered.fold), &folds(&history)[recovered.records]);
        if position < bytes.len() {
            prop_assert!(recovered.records < history.len() || history.is_empty());
            let is_noticed = matches!(recovered.extent, Extent::UpToDamage { .. });
            prop_assert!(is_noticed || cut.is_some());
        }
    }
}

fn sample_histories() -> Vec<(Vec<Record>, Vec<u8>)> {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let samples = (0..20).map(|_| histories(40).new_tree(&mut runner).unwrap().current());
    samples.filter(|history| !history.is_empty()).map(|h| (h.clone(), journal_of(&h))).collect()
}
