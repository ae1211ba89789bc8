//! Public DNS zones. Their records are in `private_dns`.

use serde_json::{Value, json};

use super::private_dns::{list_all_records, put_record};
use crate::behaviour::{Action, Behaviour, Draft, Effects, Object, Outcome, View};
use crate::body::object_at;
use crate::error::ArmError;
use crate::guid;
use crate::resource_id::{Key, name_of};
use crate::world::{OperationKind, Resource};

const ZONES: &str = "Microsoft.Network/dnsZones";

pub(super) struct Zone;

impl Behaviour for Zone {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let servers = name_servers(&draft.id);
        draft.set("nameServers", servers);
        draft.set("maxNumberOfRecordSets", 10_000);
        draft.set("maxNumberOfRecordsPerRecordSet", Value::Null);
        Ok(())
    }

    fn settled(&self, effects: &mut Effects<'_>, key: &Key, kind: OperationKind) {
        let Some(zone) = effects.world.get(key).map(|zone| zone.id.to_string()) else { return };
        if kind != OperationKind::Create {
            return;
        }
        let servers = name_servers(&zone);
        let fqdn = format!("{}.", name_of(&zone));
        let soa = json!({"properties": {
            "fqdn": fqdn,
            "TTL": 3600,
            "provisioningState": "Succeeded",
            "targetResource": {},
            "SOARecord": {
                "email": "azuredns-hostmaster.microsoft.com",
                "expireTime": 2_419_200,
                "host": servers[0],
                "minimumTTL": 300,
                "refreshTime": 3600,
                "retryTime": 300,
                "serialNumber": 1,
            },
        }});
        let names: Vec<Value> = servers.iter().map(|server| json!({"nsdname": server})).collect();
        let ns = json!({"properties": {
            "fqdn": fqdn,
            "TTL": 172_800,
            "provisioningState": "Succeeded",
            "targetResource": {},
            "NSRecords": names,
        }});
        put_record(effects, ZONES, &zone, "SOA", "@", soa);
        put_record(effects, ZONES, &zone, "NS", "@", ns);
    }

    fn renders(&self) -> bool {
        true
    }

    fn render(&self, view: View<'_>, resource: &Resource, body: &mut Object) {
        let records = view.world.below(&resource.key()).count();
        object_at(body, "properties").insert("numberOfRecordSets".into(), json!(records));
    }

    fn act(&self, action: &mut Action<'_, '_>) -> Option<Result<Outcome, ArmError>> {
        list_all_records(action)
    }
}

/// Four servers, as Azure assigns them: which ones depends on the zone.
fn name_servers(zone: &str) -> Vec<String> {
    let digits = guid::derived(&["name servers", zone]);
    let number = u8::from_str_radix(&digits[..2], 16).unwrap_or(1) % 40 + 1;
    [(1, "com"), (2, "net"), (3, "org"), (4, "info")]
        .iter()
        .map(|(server, domain)| format!("ns{server}-{number:02}.azure-dns.{domain}."))
        .collect()
}
