//! Values for this crate's tests.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;
use terrane_model::{AttributePath, ProviderConfigAddress, ResourceInstanceAddress, Value};

use crate::fold::Fold;
use crate::journal::{Change, Intent, Operation, Outcome, Record, Ticket};
use crate::snapshot::{
    CheckObject, CheckResult, CheckStatus, CheckableKind, ObjectState, ObjectStatus, OutputState,
};
use crate::store::{OnConflict, StoreOptions};

/// A folder that is removed at the end of a test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("terrane-state-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Returns the names of the files, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs a future that never has to wait, as those of the local backends.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

/// Starts this test program again for one test only, with a variable by which the test knows its part.
pub(crate) fn start_again(test: &str, part: &str) -> std::process::Child {
    std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(PART, part)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap()
}

/// Returns the part that [`start_again`] gave to this process.
pub(crate) fn part() -> Option<String> {
    std::env::var(PART).ok()
}

const PART: &str = "TERRANE_STATE_TEST_PART";

pub(crate) fn options(journal_path: PathBuf) -> StoreOptions {
    StoreOptions { journal_path, terraform_version: "1.11.4".into(), on_conflict: OnConflict::Refuse }
}

pub(crate) fn address(text: &str) -> ResourceInstanceAddress {
    ResourceInstanceAddress::parse(text).unwrap()
}

pub(crate) fn provider() -> ProviderConfigAddress {
    ProviderConfigAddress::parse("provider[\"terraform.io/builtin/terraform\"]").unwrap()
}

pub(crate) fn object(id: &str) -> Arc<ObjectState> {
    Arc::new(ObjectState { attributes: format!("{{\"id\":\"{id}\"}}").into(), ..ObjectState::default() })
}

/// An object with something in every field.
pub(crate) fn rich_object(id: &str) -> Arc<ObjectState> {
    Arc::new(ObjectState {
        status: ObjectStatus::Tainted,
        schema_version: 3,
        attributes: format!("{{\"id\":\"{id}\\u003c\",\"n\":1.50e+3,\"l\":[{{}},null]}}").into(),
        sensitive_attributes: vec![
            AttributePath::root().attribute("a").position(2).key("k"),
            AttributePath::root().attribute("b"),
        ],
        private: vec![0, 255, 7],
        dependencies: Arc::new([
            address("module.m.t.a").resource().config(),
            address("data.t.b").resource().config(),
        ]),
        create_before_destroy: true,
        identity: Some(crate::ObjectIdentity { schema_version: 1, attributes: "{\"id\":1}".into() }),
        unknown_fields: vec![("newer".into(), "[1]".into())],
        ..ObjectState::default()
    })
}

pub(crate) fn create(text: &str) -> Intent {
    Intent {
        operation: Operation::Create,
        address: address(text),
        deposed: None,
        provider_config: provider(),
        import_id: Some(format!("id of {text}").into()),
        planned: Some(object("planned")),
    }
}

pub(crate) fn succeeded(id: &str) -> Outcome {
    Outcome::Succeeded(Change::Set(object(id)))
}

/// Sequences of records that a run may write, with small sets of addresses and keys.
pub(crate) fn histories(records_max: usize) -> impl Strategy<Value = Vec<Record>> {
    prop::collection::vec((0..12_u8, 0..5_usize, 0..3_usize, any::<u8>()), 0..records_max).prop_map(
        |choices| {
            let mut fold = Fold::default();
            let mut records = Vec::new();
            for choice in choices {
                let record = candidate(&fold, choice);
                let before = fold.clone();
                match fold.apply(record.clone()) {
                    Ok(()) => records.push(record),
                    Err(_) => assert_eq!(fold, before, "a refused record changes nothing"),
                }
            }
            records
        },
    )
}

fn candidate(fold: &Fold, (kind, place, key, content): (u8, usize, usize, u8)) -> Record {
    let places = ["t.a", "t.b[0]", r#"module.m["x"].t.a["k\"$${"]"#, "data.t.c", "t.b[10]"];
    let at = address(places[place]);
    let keys = ["00000001", "0000000a", "ffffffff"];
    let deposed = (content % 3 == 0).then(|| keys[key].into());
    let filled =
        if content % 2 == 0 { object(&content.to_string()) } else { rich_object(&content.to_string()) };
    let intent = |operation| Intent {
        operation,
        address: at.clone(),
        deposed: deposed.clone(),
        provider_config: provider(),
        import_id: (content % 5 == 0).then(|| "id".into()),
        planned: (operation != Operation::Delete).then(|| filled.clone()),
    };
    let begun = |operation| Record::Begun { ticket: fold.next_ticket(), intent: intent(operation) };
    let change = match content % 3 {
        0 => Change::Keep,
        1 => Change::Set(filled.clone()),
        _ => Change::Remove,
    };
    match kind {
        0 | 1 => begun(Operation::Create),
        2 => begun(Operation::Update),
        3 => begun(Operation::Delete),
        4..=6 => {
            let unfinished: Vec<Ticket> = fold.unfinished().keys().copied().collect();
            let ticket = unfinished.get(key % unfinished.len().max(1)).copied().unwrap_or(Ticket(999));
            let outcome = if content < 128 { Outcome::Succeeded(change) } else { Outcome::Failed(change) };
            Record::Ended { ticket, outcome }
        }
        7 => {
            let object = (content % 4 != 0).then(|| filled.clone());
            Record::Changed { address: at.clone(), deposed, provider_config: provider(), object }
        }
        8 => Record::Deposed { address: at.clone(), key: keys[key].into() },
        9 => Record::Undeposed { address: at.clone(), key: keys[key].into() },
        10 => Record::Moved { from: at.clone(), to: address(places[(place + 1 + key) % places.len()]) },
        _ if content % 2 == 0 => Record::Outputs(
            [("o".into(), OutputState { value: Value::from(i64::from(content)), sensitive: content > 100 })]
                .into(),
        ),
        _ => Record::CheckResults(Some(vec![CheckResult {
            kind: CheckableKind::Check,
            config_address: "check.a".into(),
            status: CheckStatus::Fail,
            objects: vec![CheckObject {
                address: "check.a".into(),
                status: CheckStatus::Fail,
                failure_messages: vec![content.to_string().into()],
            }],
        }])),
    }
}
