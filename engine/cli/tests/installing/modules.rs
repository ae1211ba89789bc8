//! Modules from repositories, archives and registries.

use std::process::Command;

use crate::packages::MODULES;
use crate::support::{Answer, Project, Server, bytes};

/// Makes a repository with two revisions, `v1` and `v2`; nothing where there is no git.
#[expect(clippy::print_stderr, reason = "a test that does nothing has to say so")]
fn repository(project: &Project) -> Option<String> {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=a", "-c", "user.email=a@example.com"]).args(arguments);
        let output =
            command.current_dir(project.path("repository")).env("HOME", project.path("home")).output();
        output.is_ok_and(|output| output.status.success())
    };
    project.write("repository/main.tf", "module \"inner\" {\n  source = \"./sub\"\n}\n");
    project.write("repository/sub/main.tf", "output \"version\" {\n  value = 1\n}\n");
    if !git(&["init", "-q"]) {
        eprintln!("skipped: there is no git");
        return None;
    }
    assert!(git(&["add", "-A"]) && git(&["commit", "-qm", "one"]) && git(&["tag", "v1"]));
    project.write("repository/sub/main.tf", "output \"version\" {\n  value = 2\n}\n");
    assert!(git(&["commit", "-qam", "two"]) && git(&["tag", "v2"]));
    Some(project.path("repository").display().to_string())
}

#[test]
fn repositories_are_cloned_at_a_revision() {
    let project = Project::new("", "");
    let Some(repository) = repository(&project) else { return };
    let configuration = |revision: &str| {
        format!(
            "module \"all\" {{\n  source = \"git::file://{repository}?ref={revision}\"\n}}\nmodule \"part\" {{\n  source = \
             \"git::file://{repository}//sub?ref={revision}\"\n}}\nmodule \"local\" {{\n  source = \"./local//part\"\n}}\n\
             output \"version\" {{\n  value = module.part.version\n}}\n"
        )
    };
    project.write("work/main.tf", &configuration("v1"));
    project.write("work/local/part/main.tf", "");
    let refused = project.run("validate").failed();
    assert!(refused.contains("Module not installed"), "{refused}");
    insta::assert_snapshot!(project.run("get").succeeded(), @"
    Downloading git::file://TEMP/repository?ref=v1 for all...
    - all in .terraform/modules/all
    Downloading git::file://TEMP/repository?ref=v1 for part...
    - part in .terraform/modules/part/sub
    - local in local/part
    - all.inner in .terraform/modules/all/sub
    ");
    let root = project.path("repository").display().to_string();
    insta::assert_snapshot!(project.read("work/.terraform/modules/modules.json").replace(&root, "REPOSITORY"), @r#"{"Modules":[{"Key":"","Source":"","Dir":"."},{"Key":"all","Source":"git::file://REPOSITORY?ref=v1","Dir":".terraform/modules/all"},{"Key":"all.inner","Source":"./sub","Dir":".terraform/modules/all/sub"},{"Key":"local","Source":"./local/part","Dir":"local/part"},{"Key":"part","Source":"git::file://REPOSITORY//sub?ref=v1","Dir":".terraform/modules/part/sub"}]}"#);
    assert_eq!(project.run("get").succeeded(), "");
    let applied = project.run("apply -auto-approve").succeeded();
    assert!(applied.contains("version = 1"), "{applied}");
    project.write("work/main.tf", &configuration("v2"));
    project.run("init").succeeded();
    let applied = project.run("apply -auto-approve").succeeded();
    assert!(applied.contains("version = 2"), "{applied}");
    project.write("work/main.tf", &configuration("v3"));
    let refused = project.run("init").failed();
    assert!(refused.contains("Could not download module \"all\""), "{refused}");
    assert!(refused.contains("pathspec 'v3' did not match"), "{refused}");
}

#[test]
fn modules_may_not_leave_their_package() {
    let project = Project::new("", "");
    project.write("outside/a/main.tf", "module \"b\" {\n  source = \"../../x\"\n}\n");
    let source = project.path("outside").display().to_string();
    project.write("work/main.tf", &format!("module \"a\" {{\n  source = \"{source}//a\"\n}}\n"));
    let refused = project.run("get").failed();
    assert!(refused.contains("Local module path escapes module package"), "{refused}");
}

#[test]
fn archives_and_registries_are_asked() {
    let server = Server::start(|address, request| match request.path.as_str() {
        "/modules.tgz" => Answer::ok(bytes(MODULES)),
        "/page?terraform-get=1" => {
            Answer::ok("<html><meta name=\"terraform-get\" content=\"./modules.tgz//m\"></html>")
        }
        "/v1/acme/network/azure/versions" => Answer::ok(
            r#"{"modules": [{"versions": [{"version": "1.0.0"}, {"version": "1.4.0"}, {"version": "2.0.0"}, {"version": "2.1.0-rc1"}]}]}"#,
        ),
        "/v1/acme/network/azure/1.4.0/download" | "/v1/acme/network/azure/2.0.0/download" => Answer {
            status: 204,
            headers: vec![("X-Terraform-Get", format!("{address}/modules.tgz//*"))],
            body: Vec::new(),
        },
        _ => Answer::status(404),
    });
    let settings = format!(
        "host \"example.com\" {{\n  services = {{\n    \"modules.v1\" = \"{}/v1/\"\n  }}\n}}\n",
        server.address
    );
    let configuration = |constraint: &str| {
        format!(
            "module \"archive\" {{\n  source = \"{0}/modules.tgz//m/sub\"\n}}\nmodule \"page\" {{\n  source = \"{0}/page//sub\"\n}}\n\
             module \"network\" {{\n  source  = \"example.com/acme/network/azure//sub\"\n  version = \"{constraint}\"\n}}\n\
             output \"b\" {{\n  value = [module.archive.b, module.page.b, module.network.b]\n}}\n",
            server.address
        )
    };
    let project = Project::new(&configuration("~> 1.1"), &settings);
    let output = project.run("init").succeeded().replace(&server.address, "SERVER");
    insta::assert_snapshot!(output.lines().take(9).collect::<Vec<_>>().join("\n"), @"
    Initializing the backend...
    Initializing modules...
    Downloading SERVER/modules.tgz for archive...
    - archive in .terraform/modules/archive/m/sub
    Downloading SERVER/page for page...
    - page in .terraform/modules/page/m/sub
    Downloading example.com/acme/network/azure 1.4.0 for network...
    - network in .terraform/modules/network/m/sub
    Initializing provider plugins...
    ");
    let manifest = project.read("work/.terraform/modules/modules.json").replace(&server.address, "SERVER");
    insta::assert_snapshot!(manifest, @r#"{"Modules":[{"Key":"","Source":"","Dir":"."},{"Key":"archive","Source":"SERVER/modules.tgz//m/sub","Dir":".terraform/modules/archive/m/sub"},{"Key":"network","Source":"example.com/acme/network/azure//sub","Version":"1.4.0","Dir":".terraform/modules/network/m/sub"},{"Key":"page","Source":"SERVER/page//sub","Dir":".terraform/modules/page/m/sub"}]}"#);
    let shown = project.run("modules").succeeded().replace(&server.address, "SERVER");
    insta::assert_snapshot!(shown, @r#"

    Modules declared by configuration:
    .
    ├── "archive"[SERVER/modules.tgz//m/sub]
    ├── "network"[example.com/acme/network/azure//sub] 1.4.0
    └── "page"[SERVER/page//sub]
    "#);
    project.run("apply -auto-approve").succeeded();
    // What is there and fits is not asked for again.
    let asked = server.requests().len();
    project.run("init").succeeded();
    assert_eq!(server.requests().len(), asked);
    project.write("work/main.tf", &configuration(">= 1"));
    project.run("init").succeeded();
    assert!(project.read("work/.terraform/modules/modules.json").contains("1.4.0"));
    project.run("init -upgrade").succeeded();
    assert!(project.read("work/.terraform/modules/modules.json").contains("2.0.0"));
    project.write("work/main.tf", &configuration(">= 3"));
    let refused = project.run("init").failed();
    assert!(refused.contains("Unresolvable module version constraint"), "{refused}");
    assert!(refused.contains("The newest available version is 2.0.0"), "{refused}");
}

#[test]
fn a_module_can_be_the_start_of_a_configuration() {
    let project = Project::new("", "");
    std::fs::remove_file(project.path("work/main.tf")).unwrap();
    let empty = project.run("init").succeeded();
    assert!(empty.contains("initialized in an empty directory"), "{empty}");
    project.write("module/main.tf", "output \"a\" {\n  value = 1\n}\n");
    project.run("init -from-module=../module").succeeded();
    assert!(project.read("work/main.tf").contains("output \"a\""));
    let refused = project.run("init -from-module=../module").failed();
    assert!(refused.contains("Can't populate non-empty directory"), "{refused}");
}
