use serde_json::{Value, json};

use super::*;
use crate::table::CATALOG;

const GROUP: &str = "/subscriptions/s/resourceGroups/rg";

fn resource(type_name: &str, id: &str, sequence: u64, body: Value) -> Resource {
    Resource {
        id: id.into(),
        kind: CATALOG.find(type_name).expect(type_name),
        body: body.to_string().into(),
        hidden: None,
        created: Timestamp(1),
        changed: Timestamp(1),
        revision: 1,
        sequence,
        pending: None,
    }
}

fn sample() -> World {
    let mut world = World::default();
    let network = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/v");
    world.put(resource("Microsoft.Resources/resourceGroups", GROUP, 1, json!({"location": "westeurope"})));
    world.put(resource("Microsoft.Network/virtualNetworks", &network, 2, json!({})));
    for (sequence, name, prefix) in [(3, "z", "10.0.0.0/24"), (4, "a", "10.0.1.0/24")] {
        let body = json!({"properties": {"addressPrefix": prefix}});
        let id = format!("{network}/subnets/{name}");
        world.put(resource("Microsoft.Network/virtualNetworks/subnets", &id, sequence, body));
    }
    let interface = format!("{GROUP}/providers/Microsoft.Network/networkInterfaces/n");
    let body = json!({"properties": {"ipConfigurations": [
        {"properties": {"subnet": {"id": format!("{network}/subnets/Z")}, "privateIPAddress": "10.0.0.4"}},
    ]}});
    world.put(resource("Microsoft.Network/networkInterfaces", &interface, 5, body));
    world
}

#[test]
fn indexes_follow_the_resources() {
    let mut world = sample();
    let network = "/subscriptions/s/resourcegroups/rg/providers/microsoft.network/virtualnetworks/v";
    let subnet = format!("{network}/subnets/z");
    let names: Vec<_> = world.children(network, "subnets").iter().map(|(_, child)| child.name()).collect();
    assert_eq!(names, ["z", "a"], "children come in the order of creation");
    assert_eq!(world.below("/subscriptions/s/resourcegroups/rg").count(), 4);
    assert_eq!(world.referrers(&subnet).count(), 1);
    assert_eq!(world.indexes().subnet_prefixes(network).len(), 2);
    let address = "10.0.0.4".parse().expect("an address");
    assert!(world.indexes().owner_of_address(&subnet, address).is_some());

    let interface = "/subscriptions/s/resourcegroups/rg/providers/microsoft.network/networkinterfaces/n";
    world.remove(interface);
    world.remove(&subnet);
    assert_eq!(world.referrers(&subnet).count(), 0);
    assert!(world.indexes().owner_of_address(&subnet, address).is_none());
    assert_eq!(world.indexes().subnet_prefixes(network).len(), 1);
}

#[test]
fn a_world_is_rebuilt_from_its_records() {
    let world = sample();
    let mut bytes = Vec::new();
    write_world(&world, &mut bytes).expect("memory does not fill up");
    let (again, good_bytes) = journal::replay(&bytes).expect("the bytes were just written");
    assert_eq!(good_bytes, bytes.len() as u64);
    let records: Vec<_> = world.to_records().collect();
    assert_eq!(again.to_records().collect::<Vec<_>>(), records);
}

#[test]
fn a_cut_off_line_is_dropped_and_a_damaged_one_reported() {
    let world = sample();
    let mut bytes = Vec::new();
    write_world(&world, &mut bytes).expect("memory does not fill up");
    let whole = bytes.len();
    bytes.extend_from_slice(b"[{\"remove\":\"/subscr");
    let (again, good_bytes) = journal::replay(&bytes).expect("a cut-off line is no damage");
    assert_eq!((again.resources.len(), good_bytes), (world.resources.len(), whole as u64));
    bytes.extend_from_slice(b"\n[]\n");
    assert!(journal::replay(&bytes).is_err());
}
