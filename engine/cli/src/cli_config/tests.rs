use std::path::Path;

use super::*;
use crate::cli_config::decode::Found;

fn environment() -> BTreeMap<String, String> {
    BTreeMap::from([("HOME".to_owned(), "/home/me".to_owned())])
}

fn read(text: &str) -> (CliConfig, Vec<String>) {
    let Found { config, diagnostics } = decode_file("rc", text, &environment(), &mut SourceMap::new());
    let problems = diagnostics.iter().map(|problem| format!("{}: {}", problem.summary, problem.detail));
    (config, problems.collect())
}

fn places(config: &CliConfig, source: &str) -> Vec<PackageLocationKind> {
    let source = ProviderSource::parse(source).unwrap();
    let methods = config.installation.iter().flatten().filter(|method| method.is_for(&source));
    methods.map(|method| method.location.clone()).collect()
}

const NATIVE: &str = r#"
plugin_cache_dir = "$HOME/cache/${HOME}"
disable_checkpoint = true
plugin_cache_may_break_dependency_lock_file = true
provider_installation {
  dev_overrides {
    "acme/rocket"              = "~/rocket"
    "example.com/acme/booster" = "/opt/booster"
  }
  filesystem_mirror {
    path    = "/mirror"
    include = ["example.com/*/*", "hashicorp/random"]
  }
  network_mirror {
    url     = "https://mirror.test/providers"
    exclude = ["*/*/*"]
  }
  direct {
    exclude = ["hashicorp/*"]
  }
}
credentials "app.test" {
  token = "secret"
}
credentials_helper "vault" {
  args = ["--fast"]
}
host "registry.test" {
  services = {
    "providers.v1" = "http://127.0.0.1:1/"
  }
}
"#;

const JSON_FORM: &str = r#"{
  "plugin_cache_dir": "$HOME/cache/${HOME}",
  "plugin_cache_may_break_dependency_lock_file": true,
  "provider_installation": [{
    "dev_overrides": {"acme/rocket": "~/rocket", "example.com/acme/booster": "/opt/booster"},
    "filesystem_mirror": {"path": "/mirror", "include": ["example.com/*/*", "hashicorp/random"]},
    "network_mirror": {"url": "https://mirror.test/providers", "exclude": ["*/*/*"]},
    "direct": {"exclude": ["hashicorp/*"]}
  }],
  "credentials": {"app.test": {"token": "secret"}},
  "credentials_helper": {"vault": {"args": ["--fast"]}},
  "host": {"registry.test": {"services": {"providers.v1": "http://127.0.0.1:1/"}}}
}"#;

#[test]
fn both_syntaxes_say_the_same() {
    let (native, problems) = read(NATIVE);
    assert_eq!(problems, Vec::<String>::new());
    let (json, problems) = read(JSON_FORM);
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(native, json);
    assert_eq!(native.plugin_cache_folder.as_deref(), Some(Path::new("/home/me/cache//home/me")));
    assert!(native.cache_may_break_lock_file);
    let rocket = ProviderSource::parse("acme/rocket").unwrap();
    assert_eq!(native.dev_overrides[&rocket], Path::new("/home/me/rocket"));
    assert_eq!(native.credentials.token("app.test").as_deref(), Some("secret"));
    assert_eq!(native.host_services["registry.test"]["providers.v1"], "http://127.0.0.1:1/");
}

#[test]
fn methods_are_for_what_they_include_and_not_exclude() {
    let (config, _) = read(NATIVE);
    let mirror = PackageLocationKind::FilesystemMirror("/mirror".into());
    assert_eq!(places(&config, "example.com/a/b"), [mirror.clone(), PackageLocationKind::Direct]);
    assert_eq!(places(&config, "hashicorp/random"), [mirror]);
    assert_eq!(places(&config, "hashicorp/null"), []);
    assert_eq!(places(&config, "acme/rocket"), [PackageLocationKind::Direct]);
}

#[test]
fn mistakes_are_named_and_the_rest_counts() {
    let text = r#"
provider_installation {
  filesystem_mirror {
    include = ["a"]
  }
  network_mirror {
    url = "http://mirror.test/"
  }
  carrier_pigeon {
  }
  direct {
    include = ["*/random"]
  }
  dev_overrides = { "rocket" = "/x" }
}
provider_installation {
  direct {}
}
plugin_cache_dir = 1
"#;
    let (config, problems) = read(text);
    insta::assert_snapshot!(problems.join("\n"), @r#"
    Invalid CLI configuration: A string is required.
    Invalid provider_installation block: Blocks of type "carrier_pigeon" are not expected here.
    Invalid provider installation dev_overrides: The entry "rocket" of dev_overrides is no provider source address of the form "namespace/name".
    Missing required argument: The argument "path" is required, but no definition was found.
    Invalid URL for provider installation source: Cannot use "http://mirror.test/" as a provider network mirror: the address must start with "https://" and name a host.
    Invalid provider installation pattern: The pattern cannot be used: invalid provider matching pattern "*/random": a wildcard may only be followed by further wildcards.
    Too many provider_installation blocks: No more than one provider_installation block may be specified in the CLI configuration.
    "#);
    assert_eq!(config.installation.map(|methods| methods.len()), Some(1));
}

#[test]
fn the_file_that_is_named_has_to_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rc");
    let mut environment = environment();
    environment.insert("HOME".to_owned(), folder.path().display().to_string());
    environment.insert("TF_CLI_CONFIG_FILE".to_owned(), path.display().to_string());
    let (_, problems, _) = load(&environment);
    assert_eq!(problems.iter().next().unwrap().summary, "Unable to open CLI configuration file");
    std::fs::write(&path, "plugin_cache_dir = \"/a\"\n").unwrap();
    assert_eq!(load(&environment).0.plugin_cache_folder.as_deref(), Some(Path::new("/a")));
    environment.insert("TF_PLUGIN_CACHE_DIR".to_owned(), "/b".to_owned());
    assert_eq!(load(&environment).0.plugin_cache_folder.as_deref(), Some(Path::new("/b")));
}

#[test]
fn without_a_named_file_the_home_folder_counts() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(".terraformrc", "plugin_cache_dir = \"/a\"\n");
    write(
        ".terraform.d/more.tfrc",
        "plugin_cache_dir = \"/b\"\ncredentials \"a.test\" {\n  token = \"1\"\n}\n",
    );
    write(".terraform.d/credentials.tfrc.json", r#"{"credentials":{"b.test":{"token":"2"}}}"#);
    let environment = BTreeMap::from([("HOME".to_owned(), folder.path().display().to_string())]);
    let (config, problems, _) = load(&environment);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(config.plugin_cache_folder.as_deref(), Some(Path::new("/a")));
    assert_eq!(config.credentials.token("a.test").as_deref(), Some("1"));
    assert_eq!(config.credentials.token("b.test").as_deref(), Some("2"));
}
