//! Secrets in a cluster: the API server alone.

use std::collections::BTreeMap;

use crate::project::{Place, Project};
use crate::turns;

fn place(suffix: &str) -> Option<Place> {
    let Ok(kubeconfig) = std::env::var("TERRANE_TEST_KUBECONFIG") else {
        println!("skipped: TERRANE_TEST_KUBECONFIG names no cluster to test with");
        return None;
    };
    let arguments = vec![
        ("secret_suffix", format!("\"{suffix}-{}\"", std::process::id() % 1000 * 2).replace('-', "x")),
        ("config_path", format!("\"{kubeconfig}\"")),
        ("labels", "{ team = \"states\" }".to_owned()),
    ];
    Some(Place { kind: "kubernetes", arguments, environment: BTreeMap::new(), locks_stay: true })
}

#[test]
fn states_are_secrets() {
    let Some(place) = place("turns") else { return };
    turns::check(&place);
    turns::check_refusal(&place, "config_path", "\"/nowhere\"", "cluster is named", "/etc");
}

#[test]
fn large_states_are_in_parts() {
    let Some(place) = place("large") else { return };
    let project = Project::new(&place);
    // Text that does not get smaller: three megabytes of it are at least two secrets.
    let mut random = 1_u64;
    let mut noise = String::new();
    while noise.len() < 3 << 20 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        noise.push_str(&format!("{:x}", random >> 16));
    }
    let configuration = |text: &str| format!("{}output \"n\" {{\n  value = {text}\n}}\n", place.block());
    project.write("noise", &noise);
    project.write("main.tf", &configuration("file(\"noise\")"));
    project.terrane("init").succeeded();
    project.terrane("apply -auto-approve").succeeded();
    for program in crate::project::Program::all() {
        assert_eq!(project.run(program, "output -raw n").succeeded(), noise, "{program:?}");
    }
    // What is not needed any more goes.
    project.write("main.tf", &configuration("1"));
    project.terrane("apply -auto-approve").succeeded();
    assert_eq!(project.terrane("output n").succeeded().trim(), "1");
    project.terrane("apply -auto-approve -destroy").succeeded();
}
