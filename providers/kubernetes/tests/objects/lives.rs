//! Every table's type through its life on a real API server: create, read, empty plan, update, import, destroy.

use crate::cases::{Case, cases};
use crate::support::cluster::TestCluster;
use crate::support::engine::{Action, Instance};

#[tokio::test]
async fn every_type_has_a_life() {
    let Some(cluster) = TestCluster::new() else { return };
    for case in cases(&cluster.namespace) {
        live(&cluster, case).await;
    }
}

async fn live(cluster: &TestCluster, case: Case) {
    let provider = cluster.provider("kubernetes").await;
    let name = case.type_name;
    println!("{name}");
    let mut instance = Instance::new(&provider, name).await;
    assert_eq!(instance.converge(&case.first).await, Action::Create, "{name}");
    assert_eq!(instance.converge(&case.second).await, Action::Update, "{name}");
    let id = instance.at("id").as_str().expect("there is an id").to_string();
    let mut imported = Instance::new(&provider, name).await;
    imported.import(&id).await.expect("it can be imported");
    assert_eq!(imported.at("id"), instance.at("id"), "{name}");
    let last = instance.state.clone();
    instance.destroy().await;
    instance.refresh_is_gone(last).await;
}
