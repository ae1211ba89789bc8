//! The one argument of autoscalers that the present API says with other words.

use serde_json::{Map, Value as Json, json};
use terrane_model::{Number, Value};

use super::Received;

const ARGUMENT: &str = "target_cpu_utilization_percentage";

fn written(config: &Value) -> Option<i64> {
    let spec = config.get("spec")?.as_sequence()?.first()?;
    spec.get(ARGUMENT)?.as_number().and_then(Number::to_i64).filter(|percentage| *percentage > 0)
}

/// Sends the percentage as a metric.
pub(super) fn send(config: &Value, object: &mut Map<String, Json>) {
    let (Some(percentage), Some(Json::Object(spec))) = (written(config), object.get_mut("spec")) else {
        return;
    };
    let metric = json!({
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": percentage}},
    });
    if let Json::Array(metrics) = spec.entry("metrics").or_insert_with(|| json!([])) {
        metrics.push(metric);
    }
}

/// Shows the percentage where it was written as such.
pub(super) fn receive(received: &mut Received<'_>) {
    let percentage = received
        .object
        .pointer_of(&["spec", "metrics"])
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .find(|metric| metric.pointer("/resource/name").and_then(Json::as_str) == Some("cpu"))
        .and_then(|metric| metric.pointer("/resource/target/averageUtilization"))
        .and_then(Json::as_i64);
    if written(received.prior).is_none() {
        return received.set_in("spec", ARGUMENT, Value::from(0));
    }
    received.set_in("spec", ARGUMENT, Value::from(percentage.unwrap_or_default()));
    received.drop_blocks("spec", "metric", |metric| {
        let resource = metric.get("resource").and_then(Value::as_sequence).and_then(<[Value]>::first);
        resource
            .and_then(|resource| resource.get("name"))
            .and_then(Value::as_str)
            .is_some_and(|name| name == "cpu")
    });
}
