//! Provider packages and the lock file.

use crate::packages::{CHECKSUMS, KEY, PACKAGE, SIGNATURE};
use crate::support::{Answer, Project, Request, Server, bytes};

const ROCKET: &str = r#"
terraform {
  required_providers {
    rocket = {
      source  = "example.com/acme/rocket"
      version = "~> 1.0"
    }
    random = { source = "hashicorp/random" }
  }
}
resource "terraform_data" "x" {}
"#;

fn with_mirror() -> Project {
    let project = Project::new(ROCKET, "");
    let mirror = project.path("mirror").display().to_string();
    let settings =
        format!("provider_installation {{\n  filesystem_mirror {{\n    path = \"{mirror}\"\n  }}\n}}\n");
    project.write("home/.terraformrc", &settings);
    let platform = terrane_platform();
    for version in ["0.9.0", "1.0.0", "1.2.0", "1.3.0-beta1"] {
        let folder = format!("mirror/example.com/acme/rocket/{version}/{platform}");
        project.write(&format!("{folder}/terraform-provider-rocket_v{version}"), version);
    }
    project
}

/// Returns the name that packages have for this machine.
fn terrane_platform() -> String {
    let os = if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS };
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{os}_{architecture}")
}

#[test]
fn the_newest_version_that_fits_is_installed_and_locked() {
    let project = with_mirror();
    let first = project.run("init").succeeded().replace(&terrane_platform(), "PLATFORM");
    insta::assert_snapshot!(first, @r#"
    Initializing the backend...
    Initializing provider plugins...
    - Finding example.com/acme/rocket versions matching "~> 1.0"...
    - hashicorp/random is built in to Terrane
    - terraform.io/builtin/terraform is built in to Terraform
    - Installing example.com/acme/rocket v1.2.0...
    - Installed example.com/acme/rocket v1.2.0 (unauthenticated)
    Terrane has created a lock file .terraform.lock.hcl to record the provider
    selections it made above. Include this file in your version control repository
    so that Terrane can guarantee to make the same selections by default when
    you run "terrane init" in the future.


    Warning: Incomplete lock file information for providers

    Due to your customized provider installation methods, Terrane was forced to
    calculate lock file checksums locally for the following providers:
      - example.com/acme/rocket

    The current .terraform.lock.hcl file only includes checksums for PLATFORM,
    so Terrane running on another platform will fail to install these providers.

    To calculate additional checksums for another platform, run:
      terrane providers lock -platform=PLATFORM
    (where PLATFORM is the platform to generate)

    Terrane has been successfully initialized!

    You may now begin working with Terrane. Try running "terrane plan" to see
    any changes that are required for your infrastructure. All Terrane commands
    should now work.

    If you ever set or change modules or backend configuration for Terrane,
    rerun this command to reinitialize your working directory. If you forget, other
    commands will detect it and remind you to do so if necessary.
    "#);
    let lock = project.read("work/.terraform.lock.hcl");
    insta::assert_snapshot!(lock, @r#"
    # This file is maintained automatically by "terraform init".
    # Manual edits may be lost in future updates.

    provider "example.com/acme/rocket" {
      version     = "1.2.0"
      constraints = "~> 1.0"
      hashes = [
        "h1:pWCd42gpzZ1Sm9NqoAU2EYr0xhZDCqbRSuD/4UiuIjQ=",
      ]
    }
    "#);
    let second = project.run("init").succeeded();
    assert!(
        second
            .contains("- Reusing previous version of example.com/acme/rocket from the dependency lock file")
    );
    assert!(second.contains("- Using previously-installed example.com/acme/rocket v1.2.0"), "{second}");
    assert_eq!(project.read("work/.terraform.lock.hcl"), lock);
    insta::assert_snapshot!(project.run("version").succeeded().lines().last().unwrap_or_default(), @"+ provider example.com/acme/rocket v1.2.0");
}

#[test]
fn the_lock_file_decides_until_an_upgrade() {
    let project = with_mirror();
    let lock = "provider \"example.com/acme/rocket\" {\n  version = \"1.0.0\"\n}\n";
    project.write("work/.terraform.lock.hcl", lock);
    assert!(project.run("init").succeeded().contains("Installed example.com/acme/rocket v1.0.0"));
    assert!(project.run("init -upgrade").succeeded().contains("Installed example.com/acme/rocket v1.2.0"));
    project.write("work/main.tf", &ROCKET.replace("~> 1.0", "< 1.0"));
    let refused = project.run("init").failed();
    assert!(refused.contains("does not match configured version constraint < 1.0.0"), "{refused}");
    let refused = project.run("plan").failed();
    assert!(refused.contains("doesn't match the updated version constraints"), "{refused}");
}

#[test]
fn packages_must_be_those_of_the_lock_file() {
    let project = with_mirror();
    project.run("init").succeeded();
    let program = format!(
        "mirror/example.com/acme/rocket/1.2.0/{}/terraform-provider-rocket_v1.2.0",
        terrane_platform()
    );
    project.write(&program, "something else");
    let refused = project.run("validate").failed();
    assert!(refused.contains("does not match any of the checksums recorded"), "{refused}");
    let refused = project.run("init").failed();
    assert!(refused.contains("doesn't match any of the checksums previously recorded"), "{refused}");
    std::fs::remove_dir_all(project.path("work/.terraform")).unwrap();
    let refused = project.run("validate").failed();
    assert!(refused.contains("Required plugins are not installed"), "{refused}");
}

#[test]
fn lock_files_can_be_for_reading_only() {
    let project = with_mirror();
    let refused = project.run("init -lockfile=readonly").failed();
    assert!(refused.contains("Provider dependency changes detected"), "{refused}");
    assert_eq!(project.read("work/.terraform.lock.hcl"), "");
    project.run("init").succeeded();
    project.run("init -lockfile=readonly").succeeded();
    let refused = project.run("init -lockfile=readonly -upgrade").failed();
    assert!(refused.contains("conflicts with -lockfile=readonly"), "{refused}");
}

#[test]
fn what_is_nowhere_is_said_with_the_places() {
    let project = with_mirror();
    project.write("work/main.tf", &ROCKET.replace("acme/rocket", "acme/booster"));
    insta::assert_snapshot!(project.run("init").failed(), @"Error: Failed to query available provider packages Could not retrieve the list of available versions for provider example.com/acme/booster: provider example.com/acme/booster was not found in any of the search locations - TEMP/mirror");
    project.write("work/main.tf", &ROCKET.replace("~> 1.0", "> 7"));
    insta::assert_snapshot!(project.run("init").failed(), @"Error: Failed to query available provider packages Could not retrieve the list of available versions for provider example.com/acme/rocket: no available releases match the given constraints > 7.0.0 To see which modules are currently depending on example.com/acme/rocket and what versions are specified, run the following command: terrane providers");
}

#[test]
fn a_cache_is_shared_by_working_directories() {
    let mut project = with_mirror();
    project.set("TF_PLUGIN_CACHE_DIR", &project.path("cache").display().to_string());
    project.run("init").succeeded();
    std::fs::remove_dir_all(project.path("work/.terraform")).unwrap();
    let second = project.run("init").succeeded();
    assert!(
        second.contains("- Using example.com/acme/rocket v1.2.0 from the shared cache directory"),
        "{second}"
    );
}

#[test]
fn programs_under_development_need_no_installation() {
    let project = with_mirror();
    let folder = project.path("built").display().to_string();
    let settings = format!(
        "provider_installation {{\n  dev_overrides {{\n    \"example.com/acme/rocket\" = \"{folder}\"\n  }}\n  direct {{}}\n}}\n"
    );
    project.write("home/.terraformrc", &settings);
    let output = project.run("init").succeeded();
    assert!(output.contains("Provider development overrides are in effect"), "{output}");
    assert_eq!(project.read("work/.terraform.lock.hcl"), "");
    let refused = project.run("validate").failed();
    assert!(refused.contains("Failed to find the provider under development"), "{refused}");
}

fn registry(address: &str, request: &Request) -> Answer {
    let versions = r#"{"versions": [{"version": "1.2.0", "protocols": ["5.0"]}, {"version": "1.9.0", "protocols": ["4.0"]}],
        "warnings": ["This provider is old."]}"#;
    match request.path.as_str() {
        "/v1/acme/rocket/versions" => Answer::ok(versions),
        "/package.zip" => Answer::ok(bytes(PACKAGE)),
        "/SHA256SUMS" => Answer::ok(CHECKSUMS),
        "/SHA256SUMS.sig" => Answer::ok(bytes(SIGNATURE)),
        path if path.starts_with("/v1/acme/rocket/1.2.0/download/") => {
            let shasum = &CHECKSUMS[..64];
            let key = KEY.replace('\n', "\\n");
            Answer::ok(format!(
                r#"{{"protocols": ["5.0"], "os": "linux", "arch": "amd64", "shasum": "{shasum}",
                    "filename": "terraform-provider-rocket_1.2.0_linux_amd64.zip", "download_url": "{address}/package.zip",
                    "shasums_url": "/SHA256SUMS", "shasums_signature_url": "{address}/SHA256SUMS.sig",
                    "signing_keys": {{"gpg_public_keys": [{{"key_id": "B40FF818721B018E", "ascii_armor": "{key}"}}]}}}}"#
            ))
        }
        _ => Answer::status(404),
    }
}

fn host_settings(server: &Server) -> String {
    format!(
        "host \"example.com\" {{\n  services = {{\n    \"providers.v1\" = \"{}/v1/\"\n  }}\n}}\n",
        server.address
    )
}

#[test]
fn registries_packages_have_signed_checksums() {
    let server = Server::start(registry);
    let project = Project::new(ROCKET, &host_settings(&server));
    let output = project.run("init").succeeded();
    assert!(output.contains("- example.com/acme/rocket: This provider is old."), "{output}");
    assert!(
        output.contains("Installed example.com/acme/rocket v1.2.0 (self-signed, key ID B40FF818721B018E)")
    );
    assert!(!output.contains("Incomplete lock file information"), "{output}");
    insta::assert_snapshot!(project.read("work/.terraform.lock.hcl"), @r#"
    # This file is maintained automatically by "terraform init".
    # Manual edits may be lost in future updates.

    provider "example.com/acme/rocket" {
      version     = "1.2.0"
      constraints = "~> 1.0"
      hashes = [
        "h1:o2g5hXQbeEff+WStbqFZ1JFYugtXj5Ao1+g2b0tZ4rw=",
        "zh:0000000000000000000000000000000000000000000000000000000000000007",
        "zh:02e16c8a4190cff146be9fc0111c8ee076c1af745c24a586ab381f69e58540e1",
      ]
    }
    "#);
}

#[test]
fn registries_with_wrong_signatures_are_refused() {
    let server = Server::start(|address, request| match request.path.as_str() {
        "/SHA256SUMS" => Answer::ok(CHECKSUMS.replace("07  ", "08  ")),
        _ => registry(address, request),
    });
    let project = Project::new(ROCKET, &host_settings(&server));
    let refused = project.run("init").failed();
    assert!(refused.contains("authentication signature from unknown issuer"), "{refused}");
    let server = Server::start(|address, request| match request.path.as_str() {
        "/package.zip" => Answer::ok("no archive"),
        _ => registry(address, request),
    });
    let project = Project::new(ROCKET, &host_settings(&server));
    let refused = project.run("init").failed();
    assert!(refused.contains("does not have the checksum that its place states"), "{refused}");
}

#[test]
fn mirrors_are_made_and_used() {
    let server = Server::start(registry);
    let project = Project::new(&ROCKET.replace("random", "rocket2"), &host_settings(&server));
    project.write("work/main.tf", &ROCKET.replace("    random = { source = \"hashicorp/random\" }\n", ""));
    let output =
        project.run("providers mirror -platform=linux_amd64 -platform=linux_arm64 mirror").succeeded();
    insta::assert_snapshot!(output, @"
    - Mirroring example.com/acme/rocket...
      - Selected v1.2.0 to meet constraints ~> 1.0
      - Downloading package for linux_amd64...
      - Package authenticated: self-signed, key ID B40FF818721B018E
      - Downloading package for linux_arm64...
      - Package authenticated: self-signed, key ID B40FF818721B018E
    ");
    insta::assert_snapshot!(project.read("work/mirror/example.com/acme/rocket/1.2.0.json"), @r#"
    {
      "archives": {
        "linux_amd64": {
          "hashes": [
            "h1:o2g5hXQbeEff+WStbqFZ1JFYugtXj5Ao1+g2b0tZ4rw=",
            "zh:02e16c8a4190cff146be9fc0111c8ee076c1af745c24a586ab381f69e58540e1"
          ],
          "url": "terraform-provider-rocket_1.2.0_linux_amd64.zip"
        },
        "linux_arm64": {
          "hashes": [
            "h1:o2g5hXQbeEff+WStbqFZ1JFYugtXj5Ao1+g2b0tZ4rw=",
            "zh:02e16c8a4190cff146be9fc0111c8ee076c1af745c24a586ab381f69e58540e1"
          ],
          "url": "terraform-provider-rocket_1.2.0_linux_arm64.zip"
        }
      }
    }
    "#);
    let folder = project.path("work/mirror/example.com/acme/rocket");
    let mirror = Server::start(move |_, request| {
        let name = request.path.strip_prefix("/example.com/acme/rocket/").unwrap_or_default();
        std::fs::read(folder.join(name)).map_or_else(|_| Answer::status(404), Answer::ok)
    });
    let output = project
        .run(&format!("providers lock -platform=linux_arm64 -net-mirror={}", mirror.address))
        .succeeded();
    insta::assert_snapshot!(output, @"
    - Fetching example.com/acme/rocket 1.2.0 for linux_arm64...
    - Retrieved example.com/acme/rocket 1.2.0 for linux_arm64 (verified checksum)
    - Obtained example.com/acme/rocket checksums for linux_arm64; This was a new provider and the checksums for this platform are now tracked in the lock file

    Success! Terrane has updated the lock file.

    Review the changes in .terraform.lock.hcl and then commit to your
    version control system to retain the new checksums.
    ");
    let again = project.run("providers lock -platform=linux_amd64 -fs-mirror=mirror").succeeded();
    assert!(again.contains("All checksums for this platform were already tracked"), "{again}");
    assert!(again.contains("found no need for changes"), "{again}");
}
