//! Choosing backends, and states on servers.

use std::sync::Mutex;

use crate::support::{Answer, Project, Request, Server};

const RESOURCE: &str = "resource \"terraform_data\" \"x\" {\n  input = 1\n}\n";

fn local(path: &str) -> String {
    format!("terraform {{\n  backend \"local\" {{\n    path = \"{path}\"\n  }}\n}}\n{RESOURCE}")
}

#[test]
fn a_backend_has_to_be_chosen_first() {
    let project = Project::new(&local("a.tfstate"), "");
    let refused = project.run("plan").failed();
    assert!(refused.contains("Initial configuration of the requested backend \"local\""), "{refused}");
    let output = project.run("init").succeeded();
    insta::assert_snapshot!(output.lines().take(5).collect::<Vec<_>>().join("\n"), @r#"
    Initializing the backend...

    Successfully configured the backend "local"! Terrane will automatically
    use this backend unless the backend configuration changes.
    Initializing provider plugins...
    "#);
    insta::assert_snapshot!(project.read("work/.terraform/terraform.tfstate"), @r#"
    {
      "backend": {
        "config": {
          "path": "a.tfstate",
          "workspace_dir": null
        },
        "hash": 2985648108,
        "type": "local"
      },
      "terraform_version": "1.11.4",
      "version": 3
    }
    "#);
    project.run("apply -auto-approve").succeeded();
    assert!(project.read("work/a.tfstate").contains("terraform_data"));
    assert!(!project.path("work/terraform.tfstate").exists());
    // Running it again changes nothing.
    project.run("init").succeeded();
    assert_eq!(project.run("state list").succeeded(), "terraform_data.x\n");
}

#[test]
fn a_change_of_the_backend_takes_the_state_along() {
    let project = Project::new(&local("a.tfstate"), "");
    project.run("init").succeeded();
    project.run("apply -auto-approve").succeeded();
    project.write("work/main.tf", &local("b.tfstate"));
    let refused = project.run("plan").failed();
    assert!(refused.contains("Backend configuration block has changed"), "{refused}");
    let refused = project.run("init").failed();
    assert!(refused.contains("Backend configuration changed"), "{refused}");
    let refused = project.run("init -migrate-state").failed();
    assert!(refused.contains("Can't ask approval for state migration"), "{refused}");
    project.run("init -migrate-state -force-copy").succeeded();
    assert_eq!(project.read("work/a.tfstate"), project.read("work/b.tfstate"));
    assert_eq!(project.run("state list").succeeded(), "terraform_data.x\n");
    project.write("work/main.tf", &local("c.tfstate"));
    project.run("init -reconfigure").succeeded();
    let refused = project.run("state list").failed();
    assert!(refused.contains("No state file was found!"), "{refused}");
    // Without a block, states are where they are without one.
    project.write("work/main.tf", RESOURCE);
    let refused = project.run("state list").failed();
    assert!(refused.contains("Unsetting the previously set backend \"local\""), "{refused}");
    project.run("init -migrate-state").succeeded();
    assert!(!project.path("work/.terraform/terraform.tfstate").exists());
}

#[test]
fn parts_of_the_configuration_may_come_from_the_command_line() {
    let project = Project::new(&format!("terraform {{\n  backend \"local\" {{}}\n}}\n{RESOURCE}"), "");
    project.write("work/part.tfbackend", "path = \"a.tfstate\"\n");
    project.run("init -backend-config=part.tfbackend").succeeded();
    project.run("apply -auto-approve").succeeded();
    assert!(project.read("work/a.tfstate").contains("terraform_data"));
    project.run("init -reconfigure -backend-config=path=b.tfstate").succeeded();
    assert!(project.read("work/.terraform/terraform.tfstate").contains("b.tfstate"));
    let refused = project.run("init -backend-config=nope=1").failed();
    assert!(refused.contains("The backend configuration argument \"nope\""), "{refused}");
    project.write("work/part.tfbackend", "path = \"a\"\nnope = 1\n");
    let refused = project.run("init -reconfigure -backend-config=part.tfbackend").failed();
    assert!(refused.contains("on part.tfbackend line 2"), "{refused}");
}

#[test]
fn backends_that_are_not_there_are_named() {
    let project = Project::new("terraform {\n  backend \"consul\" {}\n}\n", "");
    let refused = project.run("init").failed();
    insta::assert_snapshot!(refused, @r#"Error: Unsupported backend type on main.tf line 2, in terraform: 2: backend "consul" {} States cannot be kept in the backend "consul" yet: Terrane has the backends "local", "azurerm", "gcs", "http", "kubernetes", "pg" and "s3". To work on a copy of the state in a local file, fetch it with "terraform state pull" and use the backend "local"."#);
    project.write("work/main.tf", "terraform {\n  backend \"nope\" {}\n}\n");
    let refused = project.run("init").failed();
    assert!(refused.contains("There is no backend type named \"nope\"."), "{refused}");
    project.run("init -backend=false").succeeded();
}

/// Keeps one state and its lock, as servers for Terraform's `http` backend do.
fn state_server() -> Server {
    let kept: Mutex<(Vec<u8>, Option<Vec<u8>>)> = Mutex::default();
    Server::start(move |_, request: &Request| {
        let mut kept = kept.lock().expect("no other thread has panicked");
        match (request.method.as_str(), kept.1.clone()) {
            ("GET", _) if kept.0.is_empty() => Answer::status(404),
            ("GET", _) => Answer::ok(kept.0.clone()),
            ("POST", Some(_)) if request.path.contains("?ID=") => {
                kept.0 = request.body.clone();
                Answer::ok("")
            }
            ("LOCK", None) => {
                kept.1 = Some(request.body.clone());
                Answer::ok("")
            }
            ("LOCK", Some(holder)) => Answer { status: 423, headers: Vec::new(), body: holder },
            ("UNLOCK", Some(_)) => {
                kept.1 = None;
                Answer::ok("")
            }
            _ => Answer::status(400),
        }
    })
}

#[test]
fn states_can_be_on_a_server() {
    let server = state_server();
    let project = Project::new(
        &format!(
            "terraform {{\n  backend \"http\" {{\n    address        = \"{0}/state\"\n    lock_address   = \"{0}/lock\"\n    \
             unlock_address = \"{0}/lock\"\n  }}\n}}\n{RESOURCE}",
            server.address
        ),
        "",
    );
    project.run("init").succeeded();
    project.run("apply -auto-approve").succeeded();
    assert!(!project.path("work/terraform.tfstate").exists());
    assert_eq!(project.run("state list").succeeded(), "terraform_data.x\n");
    assert!(project.run("plan").succeeded().contains("No changes."));
    let refused = project.run("workspace new other").failed();
    assert!(refused.contains("workspaces are not supported"), "{refused}");
    project.run("destroy -auto-approve").succeeded();
    assert_eq!(project.run("state list").succeeded(), "");
}

#[test]
fn a_lock_on_a_server_is_respected() {
    let held = r#"{"ID":"7","Operation":"OperationTypeApply","Who":"someone@elsewhere","Version":"1.11.4","Created":"2026-01-02T03:04:05Z","Info":"","Path":""}"#;
    let server = Server::start(move |_, request| match request.method.as_str() {
        "LOCK" => Answer { status: 423, headers: Vec::new(), body: held.into() },
        "UNLOCK" => Answer::ok(""),
        _ => Answer::status(404),
    });
    let project = Project::new(
        &format!(
            "terraform {{\n  backend \"http\" {{\n    address = \"{0}/s\"\n  }}\n}}\n{RESOURCE}",
            server.address
        ),
        "",
    );
    let lock =
        format!("-backend-config=lock_address={0}/l -backend-config=unlock_address={0}/l", server.address);
    project.run(&format!("init {lock}")).succeeded();
    let refused = project.run("plan").failed();
    assert!(refused.contains("already locked: ID=7") && refused.contains("someone@elsewhere"), "{refused}");
    project.run("force-unlock -force 7").succeeded();
    assert!(server.requests().contains(&"UNLOCK /l".to_owned()));
}

#[test]
fn other_configurations_read_states_on_a_server() {
    let state = r#"{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"a","outputs":{"n":{"value":7,"type":"number"}},"resources":[]}"#;
    let server = Server::start(move |_, request| match request.path.as_str() {
        "/state" => Answer::ok(state),
        _ => Answer::status(404),
    });
    let configuration = |backend: &str| {
        format!(
            "data \"terraform_remote_state\" \"r\" {{\n  backend = \"{backend}\"\n  config = {{\n    address = \"{}/state\"\n  }}\n}}\n\
             output \"n\" {{\n  value = data.terraform_remote_state.r.outputs.n\n}}\n",
            server.address
        )
    };
    let project = Project::new(&configuration("http"), "");
    assert!(project.run("apply -auto-approve").succeeded().contains("n = 7"));
    project.write("work/main.tf", &configuration("consul"));
    let refused = project.run("validate").failed();
    assert!(refused.contains("Invalid backend configuration"), "{refused}");
}

#[test]
fn const_variables_choose_the_place_of_the_state() {
    let configuration = format!(
        "variable \"stage\" {{\n  type    = string\n  const   = true\n  default = \"dev\"\n}}\nlocals {{\n  name = \"${{var.stage}}.tfstate\"\n}}\n\
         terraform {{\n  backend \"local\" {{\n    path = local.name\n  }}\n}}\n{RESOURCE}"
    );
    let project = Project::new(&configuration, "");
    project.run("init").succeeded();
    project.run("apply -auto-approve").succeeded();
    assert!(project.read("work/dev.tfstate").contains("terraform_data"));
    let refused = project.run("plan -var stage=prod").failed();
    assert!(refused.contains("Backend configuration block has changed"), "{refused}");
    project.write("work/main.tf", &configuration.replace("  const   = true\n", ""));
    let refused = project.run("init").failed();
    assert!(refused.contains("Variables not allowed"), "{refused}");
}
