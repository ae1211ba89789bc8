//! What a release has to do with others: the kinds that its chart defines and uses, and its namespace.

use serde_json::Value as Json;
use terrane_model::Value;
use terrane_provider::{Reach, Ties};

use super::Kept;
use crate::objects::any::AnyIdentity;
use crate::objects::cluster::Object;
use crate::objects::ties::{namespace, of_all, without_own};

/// Returns what a release has to do with others.
pub(super) fn of_release(values: &Value, kept: &Kept) -> Ties {
    let text = |name: &str| values.get(name).and_then(Value::as_str);
    let objects = text("manifest").and_then(|json| shown_objects(json));
    let mut ties = match &objects {
        Some(objects) => of_all(objects.iter().filter_map(|object| Some((AnyIdentity::of(object)?, object)))),
        None => Ties { reach: Reach::Outside, ..Ties::default() },
    };
    // What a chart does to say goodbye may be about anything.
    if kept.has_farewell != Some(false) {
        ties.reach = Reach::Outside;
    }
    ties.brings.extend(kept.kinds.defines.iter().map(|name| name.as_str().into()));
    if objects.is_none() {
        ties.needs.extend(kept.kinds.uses.iter().map(|name| name.as_str().into()));
    }
    if let Some(name) = text("namespace").filter(|name| !name.is_empty()) {
        let is_made = values.get("create_namespace").and_then(Value::as_bool) == Some(true);
        if is_made { &mut ties.brings } else { &mut ties.needs }.push(namespace(name));
    }
    without_own(&mut ties);
    ties
}

/// Reads the objects that a state or plan shows.
fn shown_objects(json: &str) -> Option<Vec<Object>> {
    let Json::Object(shown) = serde_json::from_str(json).ok()? else { return None };
    let object = |json: Json| if let Json::Object(object) = json { Some(object) } else { None };
    shown.into_iter().map(|(_, json)| object(json)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::chart_kinds::ChartKinds;
    use super::*;

    fn release(manifest: &Json, create_namespace: bool, kept: &Kept) -> String {
        let manifest = if manifest.is_null() {
            Value::unknown(terrane_model::Type::String)
        } else {
            manifest.to_string().as_str().into()
        };
        let values = Value::object([
            ("namespace", "n".into()),
            ("create_namespace", create_namespace.into()),
            ("manifest", manifest),
        ]);
        let Ties { brings, needs, inside, reach } = of_release(&values, kept);
        assert!(inside.is_empty(), "a release may have objects outside of its namespace");
        format!("brings {brings:?} needs {needs:?} {reach:?}")
    }

    #[test]
    fn a_release_brings_what_its_chart_has() {
        let text = "kind: CustomResourceDefinition\nspec:\n  group: x.io\n  names:\n    kind: Bucket\n---\nkind: Rule\napiVersion: y.io/v1\n";
        let mut kinds = ChartKinds::default();
        kinds.add(text);
        let kept = |has_farewell| Kept { kinds: kinds.clone(), has_farewell, ..Kept::default() };
        let workload = json!({"deployment.apps/apps/v1/web": {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}});
        let balanced = json!({"service/v1/web": {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"type": "LoadBalancer"}}});
        let cases = [
            release(&Json::Null, true, &kept(None)),
            release(&workload, false, &kept(Some(false))),
            release(&workload, false, &kept(Some(true))),
            release(&balanced, false, &kept(Some(false))),
        ];
        insta::assert_snapshot!(cases.join("\n"), @r#"
        brings ["kind Bucket.x.io", "namespace n"] needs ["kind Rule.y.io"] Outside
        brings ["kind Bucket.x.io"] needs ["namespace n"] Inside
        brings ["kind Bucket.x.io"] needs ["namespace n"] Outside
        brings ["kind Bucket.x.io"] needs ["namespace n"] Outside
        "#);
    }
}
