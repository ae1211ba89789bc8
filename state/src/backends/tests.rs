//! Locks against other processes, and what becomes of files.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use super::*;
use crate::backend::{BackendError, StateBackend, lock_within, publish};
use crate::lock::{LockError, LockInfo, LockRequest};
use crate::store::StateStore;
use crate::testing::{Folder, address, block_on, object, options, part, provider, start_again};

const STATE: &str = "{\"version\":4,\"serial\":1,\"lineage\":\"l\"}";

fn backend(folder: &Folder) -> LocalBackend {
    LocalBackend::new(LocalOptions {
        path: folder.join("terraform.tfstate"),
        workspace_folder: folder.join("terraform.tfstate.d"),
        ..LocalOptions::default()
    })
}

fn request() -> LockRequest {
    LockRequest { operation: "OperationTypeApply".into(), who: "me@here".into(), ..LockRequest::default() }
}

fn lock(backend: &LocalBackend) -> Result<LockInfo, LockError> {
    block_on(backend.lock("default", &request()))
}

fn write(backend: &LocalBackend, content: &str) {
    block_on(backend.write("default", content.as_bytes())).unwrap();
}

fn read(backend: &LocalBackend) -> String {
    String::from_utf8(block_on(backend.read("default")).unwrap()).unwrap()
}

/// Tries to get the lock that Terraform uses.
fn record_lock(path: &Path) -> Option<File> {
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let whole_file = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    fcntl(&file, FcntlArg::F_SETLK(&whole_file)).ok().map(|_| file)
}

/// Says what another process gets that wants Terraform's lock on a file.
fn other_process_gets_lock(test: &str, path: &Path) -> bool {
    let child = start_again(test, path.to_str().unwrap());
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("lock: "), "{text}");
    text.contains("lock: true")
}

#[test]
fn the_lock_excludes_other_programs() {
    if let Some(path) = part() {
        println!("lock: {}", record_lock(Path::new(&path)).is_some());
        return;
    }
    let test = "backends::tests::the_lock_excludes_other_programs";
    let folder = Folder::new();
    let backend = backend(&folder);
    write(&backend, STATE);
    let path = backend.state_path("default");
    assert!(other_process_gets_lock(test, &path));
    let info = lock(&backend).unwrap();
    assert!(!other_process_gets_lock(test, &path));
    // Reading the own state elsewhere in this process does not end the lock, and neither does writing.
    drop(File::open(&path).unwrap());
    assert!(!other_process_gets_lock(test, &path));
    write(&backend, "{}");
    assert!(!other_process_gets_lock(test, &path));
    block_on(backend.unlock("default", &info.id)).unwrap();
    assert!(other_process_gets_lock(test, &path));
}

#[test]
fn locks_of_other_programs_are_respected() {
    if let Some(path) = part() {
        let _lock = record_lock(Path::new(&path)).unwrap();
        println!("locked");
        let _ = std::io::stdin().read_line(&mut String::new());
        return;
    }
    let folder = Folder::new();
    let backend = backend(&folder);
    write(&backend, STATE);
    let path = backend.state_path("default");
    let mut child =
        start_again("backends::tests::locks_of_other_programs_are_respected", path.to_str().unwrap());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("locked")));
    let info = LockInfo { id: "theirs".into(), ..LockInfo::new(&request(), "terraform.tfstate".into()) };
    std::fs::write(folder.join(".terraform.tfstate.lock.info"), info.to_json()).unwrap();
    let LockError::Held { cause, holder } = lock(&backend).unwrap_err() else { panic!("not held") };
    assert_eq!((cause.as_str(), *holder.unwrap()), ("resource temporarily unavailable", info));
    let alive = block_on(backend.force_unlock("default", "theirs"));
    assert!(matches!(alive, Err(LockError::Alive)), "{alive:?}");
    assert_eq!(read(&backend), STATE, "readers need no lock");
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    child.wait().unwrap();
    assert!(lock(&backend).is_ok());
}

#[test]
fn a_lock_leaves_nothing_behind() {
    let folder = Folder::new();
    let backend = backend(&folder);
    let info = lock(&backend).unwrap();
    assert_eq!(folder.names(), [".terraform.tfstate.lock.info", "terraform.tfstate"]);
    let text = std::fs::read(folder.join(".terraform.tfstate.lock.info")).unwrap();
    assert_eq!(serde_json::from_slice::<LockInfo>(&text).unwrap(), info);
    assert_eq!(Path::new(&info.path), backend.state_path("default"));
    assert!(matches!(lock(&backend), Err(LockError::Held { .. })), "one lock at a time");
    assert!(matches!(block_on(backend.unlock("default", "other")), Err(LockError::WrongId { .. })));
    block_on(backend.unlock("default", &info.id)).unwrap();
    assert!(folder.names().is_empty());
    assert!(matches!(block_on(backend.unlock("default", &info.id)), Err(LockError::NotLocked)));
}

#[test]
fn two_backends_of_one_process_exclude_each_other() {
    let folder = Folder::new();
    let (one, other) = (backend(&folder), backend(&folder));
    let info = lock(&one).unwrap();
    assert!(lock(&other).unwrap_err().is_held());
    block_on(one.unlock("default", &info.id)).unwrap();
    assert!(lock(&other).is_ok());
}

#[test]
fn a_lock_that_was_left_behind_can_be_broken() {
    let folder = Folder::new();
    let backend = backend(&folder);
    assert!(matches!(block_on(backend.force_unlock("default", "x")), Err(LockError::NotLocked)));
    let info = LockInfo { id: "x".into(), ..LockInfo::default() };
    std::fs::write(folder.join(".terraform.tfstate.lock.info"), info.to_json()).unwrap();
    assert!(matches!(block_on(backend.force_unlock("default", "y")), Err(LockError::WrongId { .. })));
    block_on(backend.force_unlock("default", "x")).unwrap();
    assert!(folder.names().is_empty());
    // Without being broken, it is in nobody's way.
    std::fs::write(folder.join(".terraform.tfstate.lock.info"), info.to_json()).unwrap();
    assert!(lock(&backend).is_ok());
}

#[test]
fn the_file_stays_the_same_file() {
    let folder = Folder::new();
    let path = folder.join("real.tfstate");
    std::fs::write(&path, "a much longer content than the new one").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&path, folder.join("terraform.tfstate")).unwrap();
    let before = std::fs::metadata(&path).unwrap();
    let backend = backend(&folder);
    lock(&backend).unwrap();
    write(&backend, STATE);
    assert_eq!(read(&backend), STATE);
    let after = std::fs::metadata(&path).unwrap();
    assert_eq!((before.ino(), before.mode()), (after.ino(), after.mode()));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), STATE);
    assert!(folder.join("terraform.tfstate").is_symlink());
}

#[test]
fn new_states_are_private() {
    let folder = Folder::new();
    let backend = backend(&folder);
    write(&backend, STATE);
    let mode = std::fs::metadata(backend.state_path("default")).unwrap().mode() & 0o777;
    assert_eq!(mode, 0o600);
    assert_eq!(folder.names(), ["terraform.tfstate"], "there was nothing to back up");
}

#[test]
fn the_content_before_the_run_is_backed_up() {
    let folder = Folder::new();
    let backend = backend(&folder);
    std::fs::write(backend.state_path("default"), "first").unwrap();
    write(&backend, "second");
    write(&backend, "third");
    let backup = folder.join("terraform.tfstate.backup");
    assert_eq!(std::fs::read_to_string(&backup).unwrap(), "first");
    let elsewhere = |backup| {
        LocalBackend::new(LocalOptions {
            path: folder.join("terraform.tfstate"),
            backup,
            ..LocalOptions::default()
        })
    };
    write(&elsewhere(Backup::At(folder.join("mine"))), "fourth");
    write(&elsewhere(Backup::Off), "fifth");
    assert_eq!(std::fs::read_to_string(folder.join("mine")).unwrap(), "third");
    assert_eq!(std::fs::read_to_string(&backup).unwrap(), "first");
    assert_eq!(folder.names(), ["mine", "terraform.tfstate", "terraform.tfstate.backup"]);
}

#[test]
fn states_can_be_written_elsewhere() {
    let folder = Folder::new();
    std::fs::write(folder.join("in"), "in").unwrap();
    let backend = LocalBackend::new(LocalOptions {
        path: folder.join("in"),
        output_path: Some(folder.join("out")),
        ..LocalOptions::default()
    });
    lock(&backend).unwrap();
    assert_eq!(read(&backend), "in");
    write(&backend, "new");
    assert_eq!(std::fs::read_to_string(folder.join("out")).unwrap(), "new");
    assert_eq!(std::fs::read_to_string(folder.join("in")).unwrap(), "in");
    assert_eq!(backend.journal_path("default", Path::new("x")), folder.join("out.journal"));
}

#[test]
fn workspaces_are_folders() {
    let folder = Folder::new();
    let backend = backend(&folder);
    let names = || block_on(backend.workspaces()).unwrap();
    assert_eq!(names(), ["default"]);
    block_on(backend.create_workspace("b")).unwrap();
    block_on(backend.create_workspace("a")).unwrap();
    assert_eq!(names(), ["default", "a", "b"]);
    block_on(backend.write("a", STATE.as_bytes())).unwrap();
    assert!(folder.join("terraform.tfstate.d/a/terraform.tfstate").exists());
    assert_eq!(read(&backend), "", "another workspace's state");
    let errors = [
        block_on(backend.create_workspace("a")).unwrap_err(),
        block_on(backend.create_workspace("default")).unwrap_err(),
        block_on(backend.create_workspace("../x")).unwrap_err(),
        block_on(backend.delete_workspace("default")).unwrap_err(),
        block_on(backend.delete_workspace("c")).unwrap_err(),
        block_on(backend.delete_workspace("..")).unwrap_err(),
    ];
    insta::assert_snapshot!(errors.map(|error| error.to_string()).join("\n"));
    block_on(backend.delete_workspace("a")).unwrap();
    assert_eq!(names(), ["default", "b"]);
}

#[test]
fn a_lock_is_tried_again_until_it_is_free() {
    let backend = MemoryBackend::new();
    let holder = block_on(backend.lock("default", &request())).unwrap();
    let mut waits = 0;
    let got = block_on(lock_within(&backend, "default", &request(), Duration::from_secs(100), |_| {
        waits += 1;
        if waits == 3 {
            block_on(backend.unlock("default", &holder.id)).unwrap();
        }
        std::future::ready(())
    }));
    assert!(got.is_ok());
    assert_eq!(waits, 3);
    let no_time = |_| -> std::future::Ready<()> { panic!("there is no time to wait") };
    let none = block_on(lock_within(&backend, "default", &request(), Duration::ZERO, no_time));
    assert!(none.unwrap_err().is_held());
}

#[test]
fn a_state_that_no_backend_takes_is_kept() {
    let folder = Folder::new();
    let backend = MemoryBackend::new();
    let (mut store, _) = StateStore::open(b"", options(folder.join("j"))).unwrap();
    store.change(address("t.a"), None, provider(), Some(object("1"))).unwrap();
    backend.refuse_writes(true);
    let error = block_on(publish(&mut store, &backend, "default")).unwrap_err();
    assert_eq!(error.to_string(), "cannot write the state: the backend refuses to write");
    let errored = crate::save_errored_state(folder.path(), &store.text().unwrap()).unwrap();
    drop(store);
    let (mut store, _) = StateStore::open(b"", options(folder.join("j"))).unwrap();
    backend.refuse_writes(false);
    assert_eq!(block_on(publish(&mut store, &backend, "default")).unwrap(), Some(1));
    assert_eq!(block_on(publish(&mut store, &backend, "default")).unwrap(), None);
    assert_eq!(folder.names(), ["errored.tfstate"]);
    // A folder in its place makes it impossible; nothing half done stays.
    std::fs::create_dir_all(folder.join("sub/errored.tfstate")).unwrap();
    assert!(crate::save_errored_state(&folder.join("sub"), "x").is_err());
    assert_eq!(std::fs::read_dir(folder.join("sub")).unwrap().count(), 1);
    assert_eq!(std::fs::read(errored).unwrap(), block_on(backend.read("default")).unwrap());
}

#[test]
fn memory_keeps_workspaces_and_locks_as_files_do() {
    let backend = MemoryBackend::new();
    block_on(backend.create_workspace("b")).unwrap();
    assert!(matches!(block_on(backend.create_workspace("b")), Err(BackendError::WorkspaceExists { .. })));
    assert_eq!(block_on(backend.workspaces()).unwrap(), ["default", "b"]);
    block_on(backend.delete_workspace("b")).unwrap();
    assert!(matches!(block_on(backend.delete_workspace("b")), Err(BackendError::NoWorkspace { .. })));
    assert!(matches!(block_on(backend.delete_workspace("default")), Err(BackendError::DefaultWorkspace)));
    assert!(matches!(block_on(backend.unlock("default", "x")), Err(LockError::NotLocked)));
}
