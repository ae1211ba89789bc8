//! `hashicorp/local`: files.

use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use serde_json::json;
use terrane_provider::Effects;

use crate::support::engine::{Action, Instance, read_data};
use crate::support::{Folder, render, start};

async fn instance(type_name: &str) -> Instance {
    Instance::new(start("local"), type_name).await
}

/// What is shown, with the folder's path left out.
fn shown(text: &str, folder: &Path) -> String {
    text.replace(&*folder.to_string_lossy(), "FOLDER")
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).expect("the file is there").permissions())
        & 0o777
}

#[tokio::test]
async fn files_are_written_and_looked_after() {
    let folder = Folder::new();
    let path = folder.path().join("sub/dir/file");
    let mut file = instance("local_file").await;
    let hello = json!({"filename": path, "content": "hello", "file_permission": "0640", "directory_permission": "750"})
        .to_string();
    let planned = file.plan(&hello).await;
    assert_snapshot!(shown(&render::object(&planned.state), folder.path()), @r#"
    content = "hello"
    content_base64sha256 = (unknown string)
    content_base64sha512 = (unknown string)
    content_md5 = (unknown string)
    content_sha1 = (unknown string)
    content_sha256 = (unknown string)
    content_sha512 = (unknown string)
    directory_permission = "750"
    file_permission = "0640"
    filename = "FOLDER/sub/dir/file"
    id = (unknown string)
    "#);
    file.converge(&hello).await;
    assert_snapshot!(shown(&file.show(), folder.path()), @r#"
    content = "hello"
    content_base64sha256 = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
    content_base64sha512 = "m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw=="
    content_md5 = "5d41402abc4b2a76b9719d911017c592"
    content_sha1 = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"
    content_sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    content_sha512 = "9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043"
    directory_permission = "750"
    file_permission = "0640"
    filename = "FOLDER/sub/dir/file"
    id = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"
    "#);
    #[cfg(unix)]
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o640, 0o750));
    assert_eq!(file.provider.effects("local_file"), Effects::Remote);

    let other = json!({"filename": path, "content": "other"}).to_string();
    let replaced = [".file_permission", ".directory_permission", ".content"].map(String::from).to_vec();
    assert_eq!(file.converge(&other).await, Action::Replace(replaced));
    assert_eq!(fs::read_to_string(&path).unwrap(), "other");

    fs::write(&path, "changed by someone").unwrap();
    assert!(file.refresh().await.is_empty());
    assert!(file.state.is_null(), "a changed file is not ours");
    file.converge(&other).await;
    fs::remove_file(&path).unwrap();
    assert!(file.refresh().await.is_empty());
    assert!(file.state.is_null(), "a removed file is gone");
    file.converge(&other).await;
    file.destroy().await;
    assert!(!path.exists());
}

#[tokio::test]
async fn contents_come_from_anywhere() {
    let folder = Folder::new();
    let source = folder.path().join("source");
    fs::write(&source, [0xff, 0]).unwrap();
    for (number, (name, content, written)) in [
        ("content", "ü", "ü".as_bytes()),
        ("sensitive_content", "secret", b"secret"),
        ("content_base64", "/wA=", &[0xff, 0]),
        ("source", source.to_str().unwrap(), &[0xff, 0]),
    ]
    .into_iter()
    .enumerate()
    {
        let path = folder.path().join(number.to_string());
        let mut file = instance("local_file").await;
        file.converge(&json!({"filename": path, name: content}).to_string()).await;
        assert_eq!(fs::read(path).unwrap(), written, "{name}");
    }
}

#[tokio::test]
async fn sensitive_files_are_for_their_owner() {
    let folder = Folder::new();
    let path = folder.path().join("new/file");
    let mut file = instance("local_sensitive_file").await;
    let json = json!({"filename": path, "content": "x"}).to_string();
    let planned = file.plan(&json).await;
    assert_snapshot!(shown(&render::object(&planned.state), folder.path()), @r#"
    content = "x"
    content_base64sha256 = (unknown string)
    content_base64sha512 = (unknown string)
    content_md5 = (unknown string)
    content_sha1 = (unknown string)
    content_sha256 = (unknown string)
    content_sha512 = (unknown string)
    directory_permission = "0700"
    file_permission = "0700"
    filename = "FOLDER/new/file"
    id = (unknown string)
    "#);
    file.converge(&json).await;
    #[cfg(unix)]
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o700, 0o700));
    let schemas = file.provider.schemas().await.unwrap();
    let sensitive = schemas.resources["local_sensitive_file"].schema.block.sensitive_paths(&file.state);
    let sensitive: Vec<_> = sensitive.iter().map(|(path, _)| path.to_string()).collect();
    assert_eq!(sensitive, [".content", ".content_base64"]);
}

#[tokio::test]
async fn mistakes_and_failures() {
    let folder = Folder::new();
    let mut file = instance("local_file").await;
    let mut messages = String::new();
    for json in [
        r#"{"filename": "x"}"#,
        r#"{"filename": "x", "content": "a", "source": "b"}"#,
        r#"{"filename": "x", "content": "a", "source": "(unknown)"}"#,
        r#"{"filename": "x", "content": "(unknown)", "file_permission": "0888"}"#,
        r#"{"filename": "x", "content": "", "directory_permission": "7777", "file_permission": "77"}"#,
    ] {
        messages += &format!("{json}\n{}", render::diagnostics(&file.validate(json).await));
    }
    assert_snapshot!(messages, @r#"
    {"filename": "x"}
    error: Missing Attribute Configuration: Exactly one of these attributes must be configured: "content", "sensitive_content", "content_base64", "source"
    {"filename": "x", "content": "a", "source": "b"}
    error at .content: Invalid Attribute Combination: Only one of these attributes can be configured: "content", "sensitive_content", "content_base64", "source"
    {"filename": "x", "content": "a", "source": "(unknown)"}
    {"filename": "x", "content": "(unknown)", "file_permission": "0888"}
    error at .file_permission: Invalid Attribute Value Match: Attribute file_permission value must be a file permission of 3 or 4 octal digits up to 0777, got: "0888"
    {"filename": "x", "content": "", "directory_permission": "7777", "file_permission": "77"}
    error at .file_permission: Invalid Attribute Value Match: Attribute file_permission value must be a file permission of 3 or 4 octal digits up to 0777, got: "77"
    error at .directory_permission: Invalid Attribute Value Match: Attribute directory_permission value must be a file permission of 3 or 4 octal digits up to 0777, got: "7777"
    "#);
    let mut messages = String::new();
    let missing: PathBuf = folder.path().join("missing");
    for json in [
        json!({"filename": folder.path(), "content": "x"}),
        json!({"filename": missing, "source": missing}),
        json!({"filename": missing, "content_base64": "?"}),
    ] {
        let planned = file.plan(&json.to_string()).await;
        messages += &render::diagnostics(&file.try_apply(planned).await);
        assert!(file.state.is_null());
    }
    let json = json!({"filename": missing, "content": "x"}).to_string();
    file.converge(&json).await;
    fs::remove_file(&missing).unwrap();
    fs::create_dir(&missing).unwrap();
    messages += &render::diagnostics(&file.refresh().await);
    messages += &render::diagnostics(&file.import("x").await);
    assert_snapshot!(shown(&messages, folder.path()), @r#"
    error: Create local file error: The file "FOLDER" cannot be written: Is a directory (os error 21)
    error: Create local file error: The content of "FOLDER/missing" cannot be had: No such file or directory (os error 2)
    error: Create local file error: The content of "FOLDER/missing" cannot be had: Invalid symbol 63, offset 0.
    error: Read local file error: The file "FOLDER/missing" cannot be read: Is a directory (os error 21)
    error: Resource Import Not Implemented: This resource does not support import. Please contact the provider developer for additional information.
    "#);
}

#[tokio::test]
async fn data_sources_read() {
    let folder = Folder::new();
    let path = folder.path().join("file");
    fs::write(&path, "hi\n").unwrap();
    let provider = start("local");
    let json = json!({"filename": path}).to_string();
    let plain = read_data(provider.as_ref(), "local_file", &json).await.unwrap();
    let sensitive = read_data(provider.as_ref(), "local_sensitive_file", &json).await.unwrap();
    assert_eq!(plain, sensitive);
    assert_snapshot!(shown(&render::object(&plain), folder.path()), @r#"
    content = "hi\n"
    content_base64 = "aGkK"
    content_base64sha256 = "mOpuTyFvL7S2n/+bOkSELDhobKaF8/VdxIxdP7EQe+Q="
    content_base64sha512 = "14q7BUJzaGX5RwRSFgnCMNrAOi82nQQ6whLWkzuRQQ4GOZ43+cXMiENqMXNzMMHI7MssL583TWL3FkMqMtUPrA=="
    content_md5 = "764efa883dda1e11db47671c4a3bbd9e"
    content_sha1 = "55ca6286e3e4f4fba5d0448333fa99fc5a404a73"
    content_sha256 = "98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4"
    content_sha512 = "d78abb0542736865f94704521609c230dac03a2f369d043ac212d6933b91410e06399e37f9c5cc88436a31737330c1c8eccb2c2f9f374d62f716432a32d50fac"
    filename = "FOLDER/file"
    id = "55ca6286e3e4f4fba5d0448333fa99fc5a404a73"
    "#);
    let json = json!({"filename": folder.path().join("none")}).to_string();
    let mut messages = String::new();
    for type_name in ["local_file", "local_sensitive_file"] {
        let error = read_data(provider.as_ref(), type_name, &json).await.unwrap_err();
        messages += &render::diagnostics(&error);
    }
    assert_snapshot!(shown(&messages, folder.path()), @r#"
    error: Read local file data source error: The file "FOLDER/none" cannot be read: No such file or directory (os error 2)
    error: Read local sensitive file data source error: The file "FOLDER/none" cannot be read: No such file or directory (os error 2)
    "#);
}

#[tokio::test]
async fn the_function_tells_directories() {
    let folder = Folder::new();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let provider = start("local");
    let mut results = String::new();
    for path in [folder.path().to_path_buf(), folder.path().join("none"), file] {
        let result = provider.call_function("direxists".into(), vec![path.to_str().unwrap().into()]).await;
        results += &match result {
            Ok(value) => render::part(&value) + "\n",
            Err(error) => format!("argument {:?}: {error}\n", error.argument),
        };
    }
    assert_snapshot!(shown(&results, folder.path()), @r#"
    true
    false
    argument Some(0): "FOLDER/file" was found, but is not a directory
    "#);
}
