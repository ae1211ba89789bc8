//! What has to hold wherever states are kept.

use crate::project::{Place, Program, Project};

const RESOURCE: &str = "variable \"n\" {\n  type    = number\n  default = 1\n}\n\
                        resource \"terraform_data\" \"x\" {\n  input = var.n\n}\n\
                        output \"n\" {\n  value = var.n\n}\n";

/// A resource, and one after it that waits until a file is there.
const SLOW: &str = "resource \"terraform_data\" \"first\" {\n  provisioner \"local-exec\" {\n    command = \"echo ${self.id} >> made\"\n  }\n}\n\
                    resource \"terraform_data\" \"second\" {\n  depends_on = [terraform_data.first]\n  provisioner \"local-exec\" {\n    \
                    command = \"touch waiting; until [ -e go ]; do sleep 0.1; done\"\n  }\n}\n";

/// All of it, one after the other: the places of these tests are the same for all.
pub(crate) fn check(place: &Place) {
    both_programs_go_on_with_each_others_states(place);
    states_move_in_and_out(place);
    a_lock_keeps_everybody_out(place);
    a_killed_run_loses_nothing(place);
}

fn other(place: &Place, argument: &str, value: &str) -> Place {
    let mut place = place.clone();
    for (name, expression) in &mut place.arguments {
        if *name == argument {
            value.clone_into(expression);
        }
    }
    place
}

fn both_programs_go_on_with_each_others_states(place: &Place) {
    let programs = Program::all();
    let project = Project::new(place);
    project.write("main.tf", &format!("{}{RESOURCE}", place.block()));
    let chosen = project.terrane("init").succeeded();
    assert!(chosen.contains(&format!("Successfully configured the backend \"{}\"!", place.kind)), "{chosen}");
    project.terrane("apply -auto-approve").succeeded();
    assert!(!project.path("terraform.tfstate").exists());
    for number in 2..4 {
        for program in &programs {
            // Neither has to be told by `init` what the other one has chosen.
            let said = project.run(*program, &format!("plan -detailed-exitcode -var n={}", number - 1));
            assert_eq!(said.code, 0, "{program:?}: {}", said.text);
            if *program == programs[number % programs.len()] {
                project.run(*program, &format!("apply -auto-approve -var n={number}")).succeeded();
                break;
            }
            let text = project.run(*program, "state pull").succeeded();
            assert!(text.contains("\"lineage\"") && text.contains("terraform_data"), "{text}");
        }
        assert_eq!(project.terrane("output n").succeeded().trim(), number.to_string());
    }
    workspaces_are_the_same_for_both(&project, &programs);
    arguments_may_come_from_elsewhere(place, *programs.last().unwrap());
    let reader = Project::new(place);
    reader.write("main.tf", &place.data());
    let seen = reader.terrane("apply -auto-approve").succeeded();
    assert!(seen.contains("\"n\" = 3"), "{seen}");
    project.terrane("destroy -auto-approve").succeeded();
    assert_eq!(project.terrane("state list").succeeded(), "");
}

/// The block says nothing, a file of `-backend-config` all, and whoever has chosen need not be who goes on.
fn arguments_may_come_from_elsewhere(place: &Place, chooser: Program) {
    let project = Project::new(place);
    project
        .write("main.tf", &format!("{}{RESOURCE}", Place { arguments: Vec::new(), ..place.clone() }.block()));
    let arguments: String =
        place.arguments.iter().map(|(name, value)| format!("{name} = {value}\n")).collect();
    project.write("all.tfbackend", &arguments);
    project.run(chooser, "init -backend-config=all.tfbackend").succeeded();
    assert_eq!(project.terrane("output n").succeeded().trim(), "3");
    project.terrane("init -backend-config=all.tfbackend").succeeded();
    assert_eq!(project.run(chooser, "output n").succeeded().trim(), "3");
}

fn workspaces_are_the_same_for_both(project: &Project, programs: &[Program]) {
    for program in programs {
        let name = format!("{program:?}").to_lowercase();
        project.run(*program, &format!("workspace new {name}")).succeeded();
        for reader in programs {
            let listed = project.run(*reader, "workspace list").succeeded();
            assert!(listed.contains(&format!("* {name}")), "{program:?} {reader:?}: {listed}");
        }
        assert_eq!(project.terrane("state list").succeeded(), "");
    }
    let last = programs.last().unwrap();
    project.terrane("apply -auto-approve -var n=7").succeeded();
    assert_eq!(project.run(*last, "output n").succeeded().trim(), "7");
    project.run(*last, "destroy -auto-approve").succeeded();
    project.terrane("workspace select default").succeeded();
    assert_eq!(project.run(*last, "output n").succeeded().trim(), "3");
    for program in programs {
        let name = format!("{program:?}").to_lowercase();
        project.terrane(&format!("workspace delete {name}")).succeeded();
        assert!(!project.run(*last, "workspace list").succeeded().contains(&name));
    }
}

fn states_move_in_and_out(place: &Place) {
    let project = Project::new(place);
    project.write("main.tf", RESOURCE);
    project.terrane("init").succeeded();
    project.terrane("apply -auto-approve").succeeded();
    project.terrane("workspace new more").succeeded();
    project.terrane("apply -auto-approve -var n=2").succeeded();
    project.write("main.tf", &format!("{}{RESOURCE}", place.block()));
    let refused = project.terrane("plan").failed();
    assert!(refused.contains("Backend initialization required"), "{refused}");
    project.terrane("init -migrate-state -force-copy").succeeded();
    assert_eq!(project.terrane("output n").succeeded().trim(), "2");
    for program in Program::all() {
        let listed = project.run(program, "workspace list").succeeded();
        assert!(listed.contains("* more"), "{program:?}: {listed}");
        assert_eq!(project.run(program, "plan -detailed-exitcode -var n=2").code, 0);
    }
    project.write("main.tf", RESOURCE);
    project.terrane("init -migrate-state -force-copy").succeeded();
    assert_eq!(project.terrane("output n").succeeded().trim(), "2");
    project.terrane("workspace select default").succeeded();
    assert_eq!(project.terrane("output n").succeeded().trim(), "1");
    // Nothing of it is left for the next test.
    project.write("main.tf", &format!("{}{RESOURCE}", place.block()));
    project.terrane("init -reconfigure").succeeded();
    project.terrane("destroy -auto-approve").succeeded();
    project.terrane("workspace delete -force more").succeeded();
}

fn a_lock_keeps_everybody_out(place: &Place) {
    let programs = Program::all();
    for holder in &programs {
        let (project, second) = (Project::new(place), Project::new(place));
        for project in [&project, &second] {
            project.write("main.tf", &format!("{}{SLOW}", place.block()));
            project.terrane("init").succeeded();
        }
        let mut running = project.start(*holder, "apply -auto-approve");
        project.wait_for("waiting");
        for program in &programs {
            let refused = second.run(*program, "plan").failed();
            assert!(refused.contains("Error acquiring the state lock"), "{holder:?} {program:?}: {refused}");
            assert!(!place.locks_stay || refused.contains("OperationTypeApply"), "{refused}");
        }
        let refused = second.terrane("force-unlock -force 5f0f1a4e-3c6d-4d3d-8a5e-0c8a4d7e5f11").failed();
        assert!(!refused.contains("successfully unlocked"), "{refused}");
        project.write("go", "");
        assert!(running.wait().unwrap().success(), "{holder:?}");
        second.write("go", "");
        second.terrane("plan -detailed-exitcode").succeeded();
        second.terrane("destroy -auto-approve").succeeded();
    }
}

fn a_killed_run_loses_nothing(place: &Place) {
    let project = Project::new(place);
    project.write("main.tf", &format!("{}{SLOW}", place.block()));
    project.terrane("init").succeeded();
    let mut running = project.start(Program::Terrane, "apply -auto-approve");
    project.wait_for("waiting");
    running.kill().unwrap();
    running.wait().unwrap();
    project.write("go", "");
    if place.locks_stay {
        let refused = project.terrane("plan").failed();
        let id = refused.lines().find_map(|line| line.split_once("ID:")).unwrap().1.trim();
        project.terrane(&format!("force-unlock -force {id}")).succeeded();
    }
    project.terrane("apply -auto-approve").succeeded();
    // The first one was made once only: the journal has kept it.
    let made = project.read("made");
    assert_eq!(made.lines().count(), 1, "{made}");
    let state = project.terrane("state pull").succeeded();
    assert!(state.contains(made.trim()), "{state}");
    project.terrane("destroy -auto-approve").succeeded();
}

/// A place that is not there, or not open to us, is said by `init`, and without secrets.
pub(crate) fn check_refusal(place: &Place, argument: &str, value: &str, expected: &str, secret: &str) {
    let place = other(place, argument, value);
    let project = Project::new(&place);
    project.write("main.tf", &format!("{}{RESOURCE}", place.block()));
    let refused = project.terrane("init").failed();
    let words = refused.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
    assert!(words.contains(expected), "{refused}");
    assert!(!refused.contains(secret), "{refused}");
    assert!(!project.path(".terraform/terraform.tfstate").exists(), "nothing is chosen");
}
