//! `hashicorp/archive`.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use serde_json::{Value as Json, json};
use terrane_model::Value;
use terrane_provider::Effects;

use crate::support::command::opinion;
use crate::support::engine::{Action, Instance, read_data};
use crate::support::{Folder, render, start};

async fn read(config: &Json) -> Result<Value, String> {
    let read = read_data(start("archive").as_ref(), "archive_file", &config.to_string()).await;
    read.map_err(|diagnostics| render::diagnostics(&diagnostics))
}

/// Fills a folder with files, one of which is a program.
fn files(folder: &Path) {
    for (path, content) in [
        ("a.txt", "a"),
        ("b.sh", "#!/bin/sh\n"),
        ("node_modules/x/index.js", "x"),
        ("src/b.txt", "b"),
        ("src/deep/c.log", "c"),
        ("src/ü.txt", "ü"),
    ] {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        set_mode(&path, if content.starts_with("#!") { 0o755 } else { 0o644 });
    }
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn set_mode(_path: &Path, _mode: u32) {}

/// Lists what a zip archive has: permissions, date, size and name.
fn zip_entries(path: &Path) -> String {
    let mut archive = zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    let mut text = String::new();
    for position in 0..archive.len() {
        let entry = archive.by_index(position).unwrap();
        let (mode, date) = (entry.unix_mode().unwrap_or(0), entry.last_modified().unwrap());
        text += &format!("{mode:o} {date} {} {}\n", entry.size(), entry.name().unwrap());
    }
    text
}

/// Lists what a tar archive has: permissions, date, size and name.
fn tar_entries(path: &Path) -> String {
    let compressed = flate2::read::GzDecoder::new(fs::File::open(path).unwrap());
    let mut archive = tar::Archive::new(compressed);
    let mut text = String::new();
    for entry in archive.entries().unwrap() {
        let entry = entry.unwrap();
        let header = entry.header();
        let (mode, time, size) = (header.mode().unwrap(), header.mtime().unwrap(), header.size().unwrap());
        text += &format!("{mode:o} {time} {size} {}\n", entry.path().unwrap().display());
    }
    text
}

#[tokio::test]
async fn folders_become_archives() {
    let folder = Folder::new();
    files(folder.path());
    let source = folder.path().join("src");
    let out = Folder::new();
    let zip = out.path().join("new/out.zip");
    let config = json!({
        "type": "zip", "source_dir": folder.path(), "output_path": zip,
        "excludes": ["node_modules/**", "**/*.log"], "output_file_mode": "0640",
    });
    let state = read(&config).await.unwrap();
    assert_snapshot!(zip_entries(&zip), @"
    100640 2049-01-01 00:00:00 1 a.txt
    100640 2049-01-01 00:00:00 10 b.sh
    100640 2049-01-01 00:00:00 1 src/b.txt
    100640 2049-01-01 00:00:00 2 src/ü.txt
    ");
    assert_eq!(
        state.attribute("output_size"),
        Value::from(i64::try_from(fs::metadata(&zip).unwrap().len()).unwrap())
    );
    assert_eq!(state.attribute("id"), state.attribute("output_sha"));
    opinion("unzip", &["-tqq", zip.to_str().unwrap()], "");
    let tar = out.path().join("out.tar.gz");
    let config = json!({"type": "tar.gz", "source_dir": folder.path(), "output_path": tar});
    read(&config).await.unwrap();
    assert_snapshot!(tar_entries(&tar), @"
    644 0 1 a.txt
    755 0 10 b.sh
    644 0 1 node_modules/x/index.js
    644 0 1 src/b.txt
    644 0 1 src/deep/c.log
    644 0 2 src/ü.txt
    ");
    opinion("tar", &["-tzf", tar.to_str().unwrap()], "");
    let only = json!({"type": "zip", "source_dir": source, "output_path": zip, "excludes": ["**"]});
    assert_snapshot!(read(&only).await.unwrap_err(), @"error: Archive creation error: error creating archive: error archiving directory: archive has not been created as it would be empty");
}

#[tokio::test]
async fn files_and_contents_become_archives() {
    let folder = Folder::new();
    files(folder.path());
    let out = folder.path().join("out");
    let mut listed = String::new();
    for more in [
        json!({"source_file": folder.path().join("b.sh")}),
        json!({"source_content": "hello", "source_content_filename": "dir/hello.txt"}),
        json!({"source": [{"filename": "z", "content": "last"}, {"filename": "a/b", "content": "first"}]}),
    ] {
        for (kind, list) in [("zip", zip_entries as fn(&Path) -> String), ("tar.gz", tar_entries)] {
            for mode in [json!(null), json!("0600")] {
                let mut config = json!({"type": kind, "output_path": out, "output_file_mode": mode});
                config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                read(&config).await.unwrap();
                listed += &format!("{kind} {mode}\n{}", list(&out));
            }
        }
    }
    assert_snapshot!(listed, @r#"
    zip null
    100755 2049-01-01 00:00:00 10 b.sh
    zip "0600"
    100600 2049-01-01 00:00:00 10 b.sh
    tar.gz null
    755 0 10 b.sh
    tar.gz "0600"
    600 0 10 b.sh
    zip null
    100644 1980-01-01 00:00:00 5 dir/hello.txt
    zip "0600"
    100644 1980-01-01 00:00:00 5 dir/hello.txt
    tar.gz null
    644 0 5 dir/hello.txt
    tar.gz "0600"
    600 0 5 dir/hello.txt
    zip null
    100644 1980-01-01 00:00:00 5 a/b
    100644 1980-01-01 00:00:00 4 z
    zip "0600"
    100644 1980-01-01 00:00:00 5 a/b
    100644 1980-01-01 00:00:00 4 z
    tar.gz null
    644 0 5 a/b
    644 0 4 z
    tar.gz "0600"
    600 0 5 a/b
    600 0 4 z
    "#);
}

#[tokio::test]
async fn the_same_contents_give_the_same_bytes() {
    for kind in ["zip", "tar.gz"] {
        let mut seen = Vec::new();
        for _ in 0..2 {
            let folder = Folder::new();
            files(folder.path());
            let config =
                json!({"type": kind, "source_dir": folder.path(), "output_path": folder.path().join("out")});
            for _ in 0..2 {
                // The archive of the first time is no part of the second.
                seen.push(read(&config).await.unwrap().attribute("output_sha512"));
            }
        }
        assert!(seen.iter().all(|checksum| *checksum == seen[0]), "{kind}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_followed() {
    use std::os::unix::fs::symlink;

    let (folder, elsewhere) = (Folder::new(), Folder::new());
    files(elsewhere.path());
    fs::write(folder.path().join("own"), "own").unwrap();
    symlink(elsewhere.path().join("b.sh"), folder.path().join("linked.sh")).unwrap();
    symlink(elsewhere.path().join("src"), folder.path().join("linked")).unwrap();
    let zip = elsewhere.path().join("out.zip");
    let config = |skipped: bool| json!({"type": "zip", "source_dir": folder.path(), "output_path": zip, "exclude_symlink_directories": skipped});
    read(&config(false)).await.unwrap();
    assert_snapshot!(zip_entries(&zip), @"
    100644 2049-01-01 00:00:00 1 linked/b.txt
    100644 2049-01-01 00:00:00 1 linked/deep/c.log
    100644 2049-01-01 00:00:00 2 linked/ü.txt
    100755 2049-01-01 00:00:00 10 linked.sh
    100644 2049-01-01 00:00:00 3 own
    ");
    read(&config(true)).await.unwrap();
    assert_snapshot!(zip_entries(&zip), @"
    100755 2049-01-01 00:00:00 10 linked.sh
    100644 2049-01-01 00:00:00 3 own
    ");
    symlink(folder.path(), folder.path().join("round")).unwrap();
    let error = read(&config(false)).await.unwrap_err().replace(folder.path().to_str().unwrap(), "FOLDER");
    assert_snapshot!(error, @"error: Archive creation error: error creating archive: error archiving directory: FOLDER/round is a link to a folder that it is in");
}

#[tokio::test]
async fn the_resource_follows_its_files() {
    let (folder, out) = (Folder::new(), Folder::new());
    files(folder.path());
    let path = out.path().join("out.zip");
    let mut archive = Instance::new(start("archive"), "archive_file").await;
    assert_eq!(archive.provider.effects("archive_file"), Effects::Remote);
    let mut config = json!({"type": "zip", "source_dir": folder.path(), "output_path": path});
    assert_eq!(archive.converge(&config.to_string()).await, Action::Create);
    let before = archive.text("output_sha256");
    fs::write(folder.path().join("a.txt"), "other").unwrap();
    assert!(archive.refresh().await.is_empty());
    assert_ne!(archive.text("output_sha256"), before);
    assert_eq!(archive.plan(&config.to_string()).await.action, Action::None);
    config["exclude_symlink_directories"] = true.into();
    assert_eq!(archive.converge(&config.to_string()).await, Action::Update);
    config["excludes"] = json!(["src"]);
    assert_eq!(archive.converge(&config.to_string()).await, Action::Replace(vec![".excludes".to_owned()]));
    archive.destroy().await;
    assert!(path.exists(), "the archive outlives its object");
}

#[tokio::test]
async fn mistakes_in_archives() {
    let folder = Folder::new();
    let out = folder.path().join("out");
    let mut messages = String::new();
    for more in [
        json!({}),
        json!({"source_file": "a", "source_dir": "b"}),
        json!({"source_file": "a", "excludes": ["b"]}),
        json!({"source_content": "a", "source": [{"filename": "b", "content": "c"}]}),
        json!({"type": "rar", "source_file": "a"}),
        json!({"source_file": "/nowhere/file"}),
        json!({"source_file": folder.path()}),
        json!({"source_dir": "/nowhere"}),
        json!({"source_dir": folder.path()}),
        json!({"source_dir": folder.path(), "excludes": ["[a"]}),
        json!({"source_content": "", "source_content_filename": "a", "output_file_mode": "rw"}),
        json!({"type": "tar.gz", "source_content": "", "source_content_filename": "../a"}),
    ] {
        let mut config = json!({"type": "zip", "output_path": out});
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let told = read(&config).await.unwrap_err();
        let shown = |text: &str| text.replace(folder.path().to_str().unwrap(), "FOLDER");
        messages += &format!("{}\n{}", shown(&more.to_string()), shown(&told));
    }
    assert_snapshot!(messages, @r#"
    {}
    error: Missing Attribute Configuration: At least one of these attributes must be configured: "source", "source_content_filename", "source_file", "source_dir"
    {"source_dir":"b","source_file":"a"}
    error at .source_dir: Invalid Attribute Combination: Attribute "source_dir" cannot be specified when "source_file" is specified
    {"excludes":["b"],"source_file":"a"}
    error at .excludes: Invalid Attribute Combination: Attribute "excludes" cannot be specified when "source_file" is specified
    {"source":[{"content":"c","filename":"b"}],"source_content":"a"}
    error at .source_content: Invalid Attribute Combination: Attribute "source_content" cannot be specified when "source" is specified
    {"source_file":"a","type":"rar"}
    error: Archive creation error: error creating archive: archive type not supported: rar
    {"source_file":"/nowhere/file"}
    error: Archive creation error: error creating archive: error archiving file: could not archive missing file: /nowhere/file
    {"source_file":"FOLDER"}
    error: Archive creation error: error creating archive: error archiving file: FOLDER is a directory; name it in source_dir
    {"source_dir":"/nowhere"}
    error: Archive creation error: error creating archive: error archiving directory: could not archive missing directory: /nowhere
    {"source_dir":"FOLDER"}
    error: Archive creation error: error creating archive: error archiving directory: archive has not been created as it would be empty
    {"excludes":["[a"],"source_dir":"FOLDER"}
    error: Archive creation error: error creating archive: error archiving directory: error checking excludes matches: "[a" is no pattern for paths
    {"output_file_mode":"rw","source_content":"","source_content_filename":"a"}
    error: Archive creation error: error creating archive: error parsing output_file_mode value: rw
    {"source_content":"","source_content_filename":"../a","type":"tar.gz"}
    error: Archive creation error: error creating archive: paths in archives must not have `..` when setting path for
    "#);
}
