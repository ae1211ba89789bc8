//! Packages on disk.

use std::fs;
use std::io::Write;
use std::path::Path;

use terrane_model::ProviderSource;
use terrane_provider_plugin::install::{
    PackageLocation, Platform, find_in_mirror, hash_archive, hash_package, matches_any_hash, package_folder,
    program_in, sources_in_mirror, unpack,
};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

fn source() -> ProviderSource {
    ProviderSource::parse("example.com/acme/rocket").expect("it is a source")
}

fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().expect("it is in a folder")).expect("there is room for a folder");
    fs::write(path, content).expect("there is room for a file");
}

fn write_archive(path: &Path, files: &[(&str, &str)]) {
    fs::create_dir_all(path.parent().expect("it is in a folder")).expect("there is room for a folder");
    let mut archive = ZipWriter::new(fs::File::create(path).expect("there is room for a file"));
    for (name, content) in files {
        let options = SimpleFileOptions::default().unix_permissions(0o755);
        archive.start_file(*name, options).expect("the name is free");
        archive.write_all(content.as_bytes()).expect("there is room");
    }
    archive.finish().expect("there is room");
}

const FILES: [(&str, &str); 3] =
    [("terraform-provider-rocket_v1.2.0", "#!/bin/sh\n"), ("LICENSE", "MIT\n"), ("doc/a.md", "# A\n")];

#[test]
fn mirrors_have_packed_and_unpacked_packages() {
    let mirror = tempfile::tempdir().expect("there is room for a folder");
    let linux = Platform::parse("linux_amd64").expect("it is a platform");
    let root = mirror.path();
    write(&package_folder(root, &source(), "1.2.0", &linux).join("terraform-provider-rocket_v1.2.0"), "");
    let folder = root.join("example.com/acme/rocket");
    write(&folder.join("1.2.0/README"), "");
    write(&folder.join("latest/linux_amd64/terraform-provider-rocket"), "");
    for name in [
        "terraform-provider-rocket_1.10.0_linux_amd64.zip",
        "Terraform-Provider-Rocket_1.2.0-Beta.1_Darwin_arm64.zip",
        "terraform-provider-rocket_one_linux_amd64.zip",
        "terraform-provider-rocketry_1.0.0_linux_amd64.zip",
        "terraform-provider-rocket_1.0.0.zip",
    ] {
        write(&folder.join(name), "");
    }
    let found = find_in_mirror(root, &source()).expect("it can be read");
    let shown: Vec<String> = found
        .iter()
        .map(|package| {
            let kind = match package.location {
                PackageLocation::Folder(_) => "folder",
                PackageLocation::Archive(_) => "archive",
            };
            format!("{} {} {kind}", package.version, package.platform)
        })
        .collect();
    assert_eq!(
        shown,
        ["1.10.0 linux_amd64 archive", "1.2.0 linux_amd64 folder", "1.2.0-beta.1 darwin_arm64 archive"]
    );
    let sources: Vec<_> = sources_in_mirror(root).expect("it can be read").into_iter().collect();
    assert_eq!(sources, [source()]);
    assert!(find_in_mirror(&root.join("nowhere"), &source()).expect("it is empty").is_empty());
}

#[test]
fn programs_are_found_by_their_name() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    for name in ["terraform-provider-rocketry", "terraform-provider-rocket-science", "README.md"] {
        write(&folder.path().join(name), "");
    }
    fs::create_dir(folder.path().join("terraform-provider-rocket_docs")).expect("there is room for a folder");
    let missing = program_in(folder.path(), &source()).expect_err("there is none").to_string();
    assert!(missing.ends_with(r#": there is no file whose name starts with "terraform-provider-rocket""#));
    for name in ["terraform-provider-rocket_v2", "terraform-provider-rocket.exe"] {
        write(&folder.path().join(name), "");
        let program = program_in(folder.path(), &source()).expect("there is one");
        assert!(program.ends_with(name));
    }
}

#[test]
fn packed_and_unpacked_packages_have_the_same_hash() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let archive = folder.path().join("package.zip");
    write_archive(&archive, &FILES);
    let target = folder.path().join("a/b/package");
    unpack(&archive, &target).expect("it can be unpacked");
    // Unpacking again replaces what is there.
    write(&target.join("stray"), "");
    unpack(&archive, &target).expect("it can be unpacked");
    let unpacked = PackageLocation::Folder(target.clone());
    let packed = PackageLocation::Archive(archive.clone());
    let hash = hash_package(&unpacked).expect("it can be read");
    // As `dirhash.Hash1` of Go has it for these files.
    assert_eq!(hash, "h1:+27JzSbIZ8N/q+mYmMlMhRNlqaEJPs26HwtROG2Cqiw=");
    assert_eq!(hash_package(&packed).expect("it can be read"), hash);
    let zip_hash = hash_archive(&archive).expect("it can be read");
    assert!(zip_hash.starts_with("zh:") && zip_hash.len() == 67);
    let matches = |package: &PackageLocation, hashes: &[&str]| {
        matches_any_hash(package, hashes.iter().copied()).expect("it can be read")
    };
    assert!(matches(&unpacked, &["h1:other", &hash]) && matches(&packed, &[&zip_hash]));
    assert!(!matches(&unpacked, &[&zip_hash, "h9:new"]) && !matches(&packed, &["h1:other"]));
    let program = program_in(&target, &source()).expect("there is one");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(program).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
    }
    let left: Vec<_> = fs::read_dir(folder.path().join("a/b")).expect("it is there").collect();
    assert_eq!(left.len(), 1);
}

#[test]
fn bad_archives_leave_everything_as_it_was() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let archive = folder.path().join("package.zip");
    let target = folder.path().join("package");
    write(&target.join("old"), "");
    let mut problems = Vec::new();
    write_archive(&archive, &[("../outside", "x")]);
    problems.push(unpack(&archive, &target).expect_err("it leads outside").to_string());
    write_archive(&archive, &FILES);
    let bytes = fs::read(&archive).expect("it is there");
    fs::write(&archive, &bytes[..bytes.len() / 2]).expect("there is room");
    problems.push(unpack(&archive, &target).expect_err("it is cut off").to_string());
    problems.push(
        hash_package(&PackageLocation::Archive(archive.clone())).expect_err("it is cut off").to_string(),
    );
    fs::remove_file(&archive).expect("it is there");
    problems.push(unpack(&archive, &target).expect_err("it is gone").to_string());
    let shown = problems.join("\n").replace(&folder.path().display().to_string(), "FOLDER");
    insta::assert_snapshot!(shown, @r#"
    FOLDER/package.zip: the entry "../outside" does not belong in a provider package
    FOLDER/package.zip: invalid Zip archive: Could not find EOCD
    FOLDER/package.zip: invalid Zip archive: Could not find EOCD
    FOLDER/package.zip: No such file or directory (os error 2)
    "#);
    assert!(target.join("old").exists() && !folder.path().join("outside").exists());
}
