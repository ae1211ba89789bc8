//! The rules of policies: conditions about the fields of a resource, joined by `allOf`, `anyOf` and `not`.
//!
//! Of template expressions there are `parameters('…')`, and `concat` of them with texts. A condition that is not
//! understood does not hold.

use serde_json::Value;

use crate::behaviour::Object;

/// A resource that rules are about.
pub(super) struct Subject<'a> {
    pub(super) id: &'a str,
    pub(super) type_name: &'a str,
    pub(super) body: &'a Object,
}

/// Tells whether a rule forbids a resource.
pub(super) fn denies(
    rule: &Value,
    given: Option<&Value>,
    declared: Option<&Value>,
    subject: &Subject<'_>,
) -> bool {
    let parameters = Parameters { given, declared };
    let effect = rule.pointer("/then/effect").map(|effect| parameters.evaluate(effect)).unwrap_or_default();
    let denies = effect.as_str().is_some_and(|effect| effect.eq_ignore_ascii_case("deny"));
    denies && rule.get("if").is_some_and(|condition| holds(condition, &parameters, subject))
}

/// What an assignment gives a definition, and what that declares.
struct Parameters<'a> {
    given: Option<&'a Value>,
    declared: Option<&'a Value>,
}

impl Parameters<'_> {
    fn find(&self, name: &str) -> Value {
        let given = self.given.and_then(|given| given.get(name)?.get("value"));
        given.or_else(|| self.declared?.get(name)?.get("defaultValue")).cloned().unwrap_or_default()
    }

    fn evaluate(&self, value: &Value) -> Value {
        let expression = value.as_str().and_then(|text| text.strip_prefix('[')?.strip_suffix(']'));
        expression.map_or_else(|| value.clone(), |expression| self.call(expression.trim()))
    }

    fn call(&self, expression: &str) -> Value {
        if let Some(text) = quoted(expression) {
            return text.into();
        }
        let arguments =
            |name: &str| expression.strip_prefix(name)?.trim_start().strip_prefix('(')?.strip_suffix(')');
        if let Some(name) = arguments("parameters").and_then(|name| quoted(name.trim())) {
            return self.find(&name);
        }
        let Some(parts) = arguments("concat") else { return Value::Null };
        let texts = split_arguments(parts).into_iter().map(|part| self.call(part.trim()));
        texts.map(|text| text.as_str().unwrap_or_default().to_owned()).collect::<String>().into()
    }
}

fn quoted(text: &str) -> Option<String> {
    let inside = text.strip_prefix('\'')?.strip_suffix('\'')?;
    (!inside.contains('\'')).then(|| inside.to_owned())
}

/// Splits at commas that are in no quotes and no parentheses.
fn split_arguments(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut is_quoted) = (Vec::new(), 0, 0_i32, false);
    for (idx, character) in text.char_indices() {
        match character {
            '\'' => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted => depth -= 1,
            ',' if !is_quoted && depth == 0 => {
                parts.push(&text[start..idx]);
                start = idx + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn holds(condition: &Value, parameters: &Parameters<'_>, subject: &Subject<'_>) -> bool {
    let inner = |value: &Value| holds(value, parameters, subject);
    if let Some(all) = condition.get("allOf").and_then(Value::as_array) {
        return all.iter().all(inner);
    }
    if let Some(any) = condition.get("anyOf").and_then(Value::as_array) {
        return any.iter().any(inner);
    }
    if let Some(not) = condition.get("not") {
        return !inner(not);
    }
    let found = if let Some(field) = condition.get("field") {
        let field = parameters.evaluate(field);
        field.as_str().map(|field| field_values(field, subject))
    } else {
        condition.get("value").map(|value| vec![Some(parameters.evaluate(value))])
    };
    let (Some(found), Some(object)) = (found, condition.as_object()) else { return false };
    let operator = object.iter().find(|(name, _)| !matches!(name.as_str(), "field" | "value"));
    let Some((operator, wanted)) = operator else { return false };
    let wanted = parameters.evaluate(wanted);
    // Of several elements all have to satisfy the condition.
    found.iter().all(|found| satisfies(found.as_ref(), operator, &wanted))
}

/// Returns the values of a field: one, or those of all elements where the field goes through a list.
fn field_values(field: &str, subject: &Subject<'_>) -> Vec<Option<Value>> {
    let lower = field.to_ascii_lowercase();
    let text = |text: &str| vec![Some(Value::from(text))];
    match lower.as_str() {
        "id" => return text(subject.id),
        "type" => return text(subject.type_name),
        "name" | "fullname" => return text(crate::resource_id::name_of(subject.id)),
        "location" => {
            let location = subject.body.get("location").and_then(Value::as_str);
            return vec![location.map(|location| crate::regions::normalize(location).into())];
        }
        _ => {}
    }
    let tag = lower.strip_prefix("tags").map(|_| &field[4..]);
    if let Some(tag) = tag.filter(|tag| tag.starts_with(['.', '['])) {
        let name = tag.trim_start_matches(['.', '[']).trim_end_matches(']').trim_matches('\'');
        return vec![member(subject.body.get("tags"), name).cloned()];
    }
    let prefix = format!("{}/", subject.type_name.to_ascii_lowercase());
    let path = if lower.starts_with(&prefix) { &field[prefix.len()..] } else { field };
    if path.contains('/') {
        // An alias of another type.
        return vec![None];
    }
    let body = Value::Object(subject.body.clone());
    let steps: Vec<&str> = path.split('.').collect();
    let found = walk(&body, &steps);
    let is_there = found.iter().any(Option::is_some);
    if is_there { found } else { walk(body.get("properties").unwrap_or(&Value::Null), &steps) }
}

fn walk(value: &Value, steps: &[&str]) -> Vec<Option<Value>> {
    let Some((step, rest)) = steps.split_first() else { return vec![Some(value.clone())] };
    match step.strip_suffix("[*]") {
        Some(name) => {
            let elements = member(Some(value), name).and_then(Value::as_array);
            elements.into_iter().flatten().flat_map(|element| walk(element, rest)).collect()
        }
        None => member(Some(value), step).map_or_else(|| vec![None], |value| walk(value, rest)),
    }
}

fn member<'v>(value: Option<&'v Value>, name: &str) -> Option<&'v Value> {
    let object = value?.as_object()?;
    object.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn satisfies(found: Option<&Value>, operator: &str, wanted: &Value) -> bool {
    let is_one_of = || wanted.as_array().into_iter().flatten().any(|wanted| is_equal(found, wanted));
    let number = |order: fn(f64, f64) -> bool| {
        let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
        found.and_then(number).zip(number(wanted)).is_some_and(|(found, wanted)| order(found, wanted))
    };
    match operator.to_ascii_lowercase().as_str() {
        "equals" => is_equal(found, wanted),
        "notequals" => !is_equal(found, wanted),
        "in" => is_one_of(),
        "notin" => !is_one_of(),
        "like" => is_like(found, wanted),
        "notlike" => !is_like(found, wanted),
        "contains" => contains(found, wanted),
        "notcontains" => !contains(found, wanted),
        "containskey" => wanted.as_str().is_some_and(|name| member(found, name).is_some()),
        "notcontainskey" => wanted.as_str().is_some_and(|name| member(found, name).is_none()),
        "exists" => {
            let should = wanted.as_bool().unwrap_or_else(|| wanted.as_str() == Some("true"));
            found.is_some_and(|found| !found.is_null()) == should
        }
        "greater" => number(|found, wanted| found > wanted),
        "greaterorequals" => number(|found, wanted| found >= wanted),
        "less" => number(|found, wanted| found < wanted),
        "lessorequals" => number(|found, wanted| found <= wanted),
        _ => false,
    }
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn is_equal(found: Option<&Value>, wanted: &Value) -> bool {
    found.is_some_and(|found| as_text(found).eq_ignore_ascii_case(&as_text(wanted)))
}

/// Patterns have at most one `*`.
fn is_like(found: Option<&Value>, wanted: &Value) -> bool {
    let (Some(found), Some(wanted)) = (found.and_then(Value::as_str), wanted.as_str()) else { return false };
    let (found, wanted) = (found.to_ascii_lowercase(), wanted.to_ascii_lowercase());
    match wanted.split_once('*') {
        None => found == wanted,
        Some((start, end)) => {
            found.len() >= start.len() + end.len() && found.starts_with(start) && found.ends_with(end)
        }
    }
}

fn contains(found: Option<&Value>, wanted: &Value) -> bool {
    match found {
        Some(Value::Array(elements)) => elements.iter().any(|element| is_equal(Some(element), wanted)),
        Some(Value::String(text)) => {
            let wanted = as_text(wanted).to_ascii_lowercase();
            text.to_ascii_lowercase().contains(&wanted)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn conditions_hold_or_do_not() {
        let body = json!({
            "location": "West Europe", "tags": {"Team": "data"}, "sku": {"name": "Premium"},
            "properties": {"allowBlobPublicAccess": true, "rules": [{"port": 22}, {"port": 443}]},
        });
        let subject = Subject {
            id: "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/files",
            type_name: "Microsoft.Storage/storageAccounts",
            body: body.as_object().unwrap(),
        };
        let given = json!({"allowed": {"value": ["northeurope"]}, "tag": {"value": "team"}});
        let declared = json!({"effect": {"defaultValue": "Deny"}});
        for (condition, expected) in [
            (json!({"field": "location", "notIn": "[parameters('allowed')]"}), true),
            (json!({"field": "location", "in": ["westeurope"]}), true),
            (json!({"field": "type", "equals": "microsoft.storage/storageaccounts"}), true),
            (json!({"field": "name", "like": "f*s"}), true),
            (json!({"field": "[concat('tags[', parameters('tag'), ']')]", "exists": "false"}), false),
            (json!({"field": "tags['cost']", "exists": false}), true),
            (json!({"field": "Microsoft.Storage/storageAccounts/sku.name", "equals": "premium"}), true),
            (
                json!({"field": "Microsoft.Storage/storageAccounts/allowBlobPublicAccess", "equals": "true"}),
                true,
            ),
            (json!({"field": "Microsoft.Storage/storageAccounts/rules[*].port", "greater": 21}), true),
            (json!({"field": "Microsoft.Storage/storageAccounts/rules[*].port", "greater": 22}), false),
            (json!({"not": {"field": "kind", "exists": "true"}}), true),
            (json!({"anyOf": [{"field": "name", "contains": "x"}, {"value": "a", "equals": "A"}]}), true),
            (
                json!({"allOf": [{"field": "name", "contains": "ile"}, {"field": "name", "notLike": "f*"}]}),
                false,
            ),
            (json!({"field": "name", "resembles": "x"}), false),
            (json!({}), false),
        ] {
            let rule = json!({"if": condition, "then": {"effect": "[parameters('effect')]"}});
            assert_eq!(denies(&rule, Some(&given), Some(&declared), &subject), expected, "{rule}");
            let audit = json!({"if": condition, "then": {"effect": "audit"}});
            assert!(!denies(&audit, Some(&given), Some(&declared), &subject));
        }
    }
}
