//! Taking over what exists: everything in a group, as configuration that reads as if somebody had written it.

use std::fs;

use terrane_azure_emulator::{Emulator, EmulatorConfig};

use crate::destruction::PLATFORM;
use crate::directory::Directory;

const PROVIDER: &str = "provider \"azurerm\" {\n  features {}\n}\n";

#[test]
fn groups_are_written_with_references_and_imported_without_change() {
    let config = EmulatorConfig { any_subscription: true, ..EmulatorConfig::default() };
    let cloud = Emulator::start_in_background(config).unwrap();
    let run = |directory: &Directory, words: &str| {
        let output = directory.command(words).envs(cloud.env()).output().unwrap();
        let run: crate::directory::Run = output.into();
        assert_eq!(run.code, Some(0), "{words}: {run:#?}");
        run.stdout
    };
    let made = Directory::new(PLATFORM);
    run(&made, "apply -auto-approve");
    let group = cloud.resource_ids().into_iter().find(|id| id.ends_with("/resourceGroups/rg")).unwrap();
    let adopted = Directory::new(PROVIDER);
    let text = run(&adopted, &format!("import -discover={group}"));
    assert!(text.contains("Wrote blocks for 9 objects to discovered.tf."), "{text}");
    let written = fs::read_to_string(adopted.join("discovered.tf")).unwrap();
    for expected in [
        "  resource_group_name = azurerm_resource_group.rg.name\n",
        "  to = azurerm_subnet.all[each.key]\n",
        "azurerm_subnet.all[\"sub-0\"].id",
        "  network_security_group_id = azurerm_network_security_group.nsg.id\n",
    ] {
        assert!(written.contains(expected), "{expected} is not in\n{written}");
    }
    let ids = written.lines().filter(|line| line.contains("\"/subscriptions/") && !line.contains("id"));
    assert!(ids.clone().all(|line| line.contains(" = \"/subscriptions/")), "{:?}", ids.collect::<Vec<_>>());
    let plan = run(&adopted, "plan");
    assert!(plan.contains("Plan: 9 to import, 0 to add, 0 to change, 0 to destroy."), "{written}\n{plan}");
    run(&adopted, "apply -auto-approve");
    fs::remove_file(adopted.join("discovered.tf")).unwrap();
    fs::write(adopted.join("main.tf"), format!("{PROVIDER}{written}")).unwrap();
    let again = run(&adopted, &format!("import -discover={group}"));
    assert!(again.contains("There is nothing in"), "{again}");
    assert!(!adopted.join("discovered.tf").exists());
}

const PLATFORMS: &[(&str, &str)] = &[
    ("superset", include_str!("../../../../providers/azure/tests/platforms/superset/main.tf")),
    ("airflow", include_str!("../../../../providers/azure/tests/platforms/airflow/main.tf")),
    ("everything", include_str!("../../../../providers/azure/tests/platforms/everything/main.tf")),
];

#[test]
fn whole_platforms_are_taken_over_without_change() {
    for (name, configuration) in PLATFORMS {
        let config = EmulatorConfig { any_subscription: true, ..EmulatorConfig::default() };
        let cloud = Emulator::start_in_background(config).unwrap();
        let run = |directory: &Directory, words: &str| {
            let output = directory.command(words).envs(cloud.env()).output().unwrap();
            let run: crate::directory::Run = output.into();
            assert_eq!(run.code, Some(0), "{name}: {words}: {run:#?}");
            run.stdout
        };
        let made = Directory::new(configuration);
        run(&made, "apply -auto-approve");
        let group = format!("/resourceGroups/rg-{name}");
        let group = cloud.resource_ids().into_iter().find(|id| id.ends_with(&group)).unwrap();
        let adopted = Directory::new(PROVIDER);
        run(&adopted, &format!("import -discover={group}"));
        let plan = run(&adopted, "plan");
        let written = fs::read_to_string(adopted.join("discovered.tf")).unwrap();
        assert!(
            plan.contains(" to import, 0 to add, 0 to change, 0 to destroy."),
            "{name}: {written}\n{plan}"
        );
    }
}
