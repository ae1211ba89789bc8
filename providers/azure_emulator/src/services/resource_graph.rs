//! Azure Resource Graph, as far as simple queries go: a table, `where`, `project`, `extend`-less, `order by`, `take`,
//! `count` and `summarize count() by`.

use serde_json::{Value, json};

use crate::arm::Context;
use crate::arm::render::render_object;
use crate::error::ArmError;
use crate::http::Response;
use crate::resource_id::containers_of;
use crate::table::{CATALOG, LocationRule, Scope};

/// Rows per answer unless the request says otherwise; more are refused.
const ROWS_MAX: usize = 1000;

/// Answers `POST /providers/Microsoft.ResourceGraph/resources`.
pub(super) fn answer(context: &mut Context<'_>) -> Result<Response, ArmError> {
    let sent = context.request.json_object()?;
    let query = sent.get("query").and_then(Value::as_str).unwrap_or_default();
    let subscriptions = crate::body::list_at(&sent, &["subscriptions"]);
    let rows = run(context, query, subscriptions)?;
    let options = sent.get("options").and_then(Value::as_object).cloned().unwrap_or_default();
    let top = options.get("$top").and_then(Value::as_u64).and_then(|top| usize::try_from(top).ok());
    let top = top.unwrap_or(ROWS_MAX).clamp(1, ROWS_MAX);
    let token = options.get("$skipToken").and_then(Value::as_str).and_then(|token| token.parse().ok());
    let skip = token.or_else(|| options.get("$skip").and_then(Value::as_u64)).unwrap_or(0);
    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
    let total = rows.len();
    let page: Vec<Value> = rows.into_iter().skip(skip).take(top).collect();
    let mut body = json!({
        "totalRecords": total,
        "count": page.len(),
        "resultTruncated": "false",
        "facets": [],
        "data": page,
    });
    if skip + top < total {
        body["$skipToken"] = json!((skip + top).to_string());
    }
    Ok(Response::json(200, &body)
        .with_header("x-ms-user-quota-remaining", "14")
        .with_header("x-ms-user-quota-resets-after", "00:00:05"))
}

fn bad_query(text: impl Into<String>) -> ArmError {
    ArmError::bad_request("BadRequest", "Please provide below info when asking for support.")
        .with_detail(ArmError::bad_request("InvalidQuery", text))
}

fn run(context: &Context<'_>, query: &str, subscriptions: &[Value]) -> Result<Vec<Value>, ArmError> {
    let mut steps = query.split('|').map(str::trim);
    let table = steps.next().unwrap_or_default().to_ascii_lowercase();
    let groups = match table.as_str() {
        "resources" => false,
        "resourcecontainers" => true,
        _ => return Err(bad_query(format!("The table '{table}' is not known."))),
    };
    let mut rows = all_rows(context, groups);
    if !subscriptions.is_empty() {
        let is_asked = |row: &Value| {
            let own = row["subscriptionId"].as_str().unwrap_or_default();
            subscriptions.iter().filter_map(Value::as_str).any(|asked| asked.eq_ignore_ascii_case(own))
        };
        rows.retain(is_asked);
    }
    for step in steps {
        rows = apply(step, rows)?;
    }
    Ok(rows)
}

fn all_rows(context: &Context<'_>, groups: bool) -> Vec<Value> {
    let view = context.view();
    let resources = context.world.below("/subscriptions").filter(|(_, resource)| {
        let resource_type = CATALOG.get(resource.kind);
        let is_group = resource_type.name == "Microsoft.Resources/resourceGroups";
        let is_tracked = resource_type.tracked
            && resource_type.location != LocationRule::None
            && resource_type.scope == Scope::ResourceGroup;
        if groups { is_group } else { is_tracked }
    });
    resources
        .map(|(_, resource)| {
            let mut row = render_object(view, resource);
            let (subscription, group) = containers_of(&resource.id);
            let type_name = if groups {
                "microsoft.resources/subscriptions/resourcegroups".to_owned()
            } else {
                CATALOG.get(resource.kind).name.to_lowercase()
            };
            row.insert("type".into(), json!(type_name));
            row.insert("tenantId".into(), json!(context.settings.identity.tenant_id));
            row.insert("subscriptionId".into(), json!(subscription));
            row.insert("resourceGroup".into(), json!(group.map(str::to_lowercase)));
            Value::Object(row)
        })
        .collect()
}

fn apply(step: &str, mut rows: Vec<Value>) -> Result<Vec<Value>, ArmError> {
    let (word, rest) = step.split_once(char::is_whitespace).unwrap_or((step, ""));
    match word.to_ascii_lowercase().as_str() {
        "where" => {
            let conditions =
                split_words(rest, "and").iter().map(|text| parse_any(text)).collect::<Result<Vec<_>, _>>()?;
            rows.retain(|row| conditions.iter().all(|any| any.iter().any(|condition| condition.holds(row))));
            Ok(rows)
        }
        "project" => {
            let columns: Vec<(String, String)> = rest
                .split(',')
                .map(|column| match column.split_once('=') {
                    Some((name, path)) => (name.trim().to_owned(), path.trim().to_owned()),
                    None => (column.trim().to_owned(), column.trim().to_owned()),
                })
                .collect();
            Ok(rows
                .iter()
                .map(|row| columns.iter().map(|(name, path)| (name.clone(), value_at(row, path))).collect())
                .collect())
        }
        "take" | "limit" => {
            let count = rest.trim().parse().map_err(|_| bad_query(format!("'{rest}' is not a number.")))?;
            rows.truncate(count);
            Ok(rows)
        }
        "count" => Ok(vec![json!({"Count": rows.len()})]),
        "order" | "sort" => {
            let by = rest.trim().strip_prefix("by ").unwrap_or(rest).trim();
            let (path, direction) = by.split_once(char::is_whitespace).unwrap_or((by, "desc"));
            rows.sort_by_key(|row| value_at(row, path).to_string().to_lowercase());
            if direction.trim().eq_ignore_ascii_case("desc") {
                rows.reverse();
            }
            Ok(rows)
        }
        "summarize" => summarize(rest, &rows),
        _ => Err(bad_query(format!("The operator '{word}' is not supported."))),
    }
}

fn summarize(text: &str, rows: &[Value]) -> Result<Vec<Value>, ArmError> {
    let Some((aggregate, path)) = text.split_once(" by ") else {
        return Err(bad_query("summarize needs `by`."));
    };
    let name = aggregate.split_once('=').map_or("count_", |(name, _)| name.trim());
    if !aggregate.replace(' ', "").ends_with("count()") {
        return Err(bad_query("Only count() can be summarized."));
    }
    let path = path.trim();
    let mut counts: std::collections::BTreeMap<String, (Value, u64)> = std::collections::BTreeMap::new();
    for row in rows {
        let value = value_at(row, path);
        counts.entry(value.to_string()).or_insert((value, 0)).1 += 1;
    }
    Ok(counts.into_values().map(|(value, count)| json!({path: value, name: count})).collect())
}

/// `a =~ 'x'`, `a == 'x'`, `a != 'x'`, `a !~ 'x'`, `a contains 'x'`, `a startswith 'x'`, `a in~ ('x', 'y')`.
struct Condition {
    path: String,
    operator: String,
    values: Vec<String>,
}

impl Condition {
    fn holds(&self, row: &Value) -> bool {
        let found = match value_at(row, &self.path) {
            Value::Null => String::new(),
            Value::String(text) => text,
            other => other.to_string(),
        };
        let lower = found.to_lowercase();
        let any = |test: &dyn Fn(&str) -> bool| self.values.iter().any(|value| test(value));
        match self.operator.as_str() {
            "==" | "in" => any(&|value| found == value),
            "!=" | "!in" => !any(&|value| found == value),
            "=~" | "in~" => any(&|value| lower == value.to_lowercase()),
            "!~" | "!in~" => !any(&|value| lower == value.to_lowercase()),
            "contains" | "has" => any(&|value| lower.contains(&value.to_lowercase())),
            "startswith" => any(&|value| lower.starts_with(&value.to_lowercase())),
            "endswith" => any(&|value| lower.ends_with(&value.to_lowercase())),
            _ => false,
        }
    }
}

fn parse_any(text: &str) -> Result<Vec<Condition>, ArmError> {
    split_words(text, "or").iter().map(|text| parse_condition(text)).collect()
}

fn parse_condition(text: &str) -> Result<Condition, ArmError> {
    const OPERATORS: &[&str] =
        &["!in~", "in~", "!in", "in", "=~", "!~", "==", "!=", "contains", "has", "startswith", "endswith"];
    let text = text.trim();
    let text = text.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(text);
    let mut words = text.splitn(2, char::is_whitespace);
    let (path, rest) = (words.next().unwrap_or_default(), words.next().unwrap_or_default().trim_start());
    let lower = rest.to_lowercase();
    let operator = OPERATORS.iter().find(|operator| lower.starts_with(**operator));
    let Some(operator) = operator else { return Err(bad_query(format!("'{text}' is not understood."))) };
    let values = rest[operator.len()..].trim().trim_start_matches('(').trim_end_matches(')');
    let values = values.split(',').map(|value| value.trim().trim_matches(['\'', '"']).to_owned()).collect();
    Ok(Condition { path: path.to_owned(), operator: (*operator).to_owned(), values })
}

/// Splits at a word that stands outside quotes.
fn split_words(text: &str, word: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    for token in text.split_inclusive(char::is_whitespace) {
        let is_word = quote.is_none() && token.trim().eq_ignore_ascii_case(word);
        for character in token.chars().filter(|it| matches!(it, '\'' | '"')) {
            match quote {
                None => quote = Some(character),
                Some(open) if open == character => quote = None,
                Some(_) => {}
            }
        }
        if is_word {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push_str(token);
        }
    }
    parts
}

/// Reads `properties.a.b`, `tags['x']` or a column.
fn value_at(row: &Value, path: &str) -> Value {
    let path = path.replace("['", ".").replace("[\"", ".").replace("']", "").replace("\"]", "");
    let mut current = row;
    for name in path.split('.') {
        let found = current.as_object().and_then(|object| {
            object.get(name).or_else(|| {
                object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
            })
        });
        match found {
            Some(value) => current = value,
            None => return Value::Null,
        }
    }
    current.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(steps: &[&str]) -> Vec<Value> {
        let rows = vec![
            json!({"name": "a", "type": "x/y", "tags": {"env": "prod"}, "properties": {"size": 1}}),
            json!({"name": "b", "type": "X/Y", "tags": {}, "properties": {"size": 2}}),
            json!({"name": "c and d", "type": "z", "properties": {"size": 3}}),
        ];
        steps.iter().try_fold(rows, |rows, step| apply(step, rows)).expect("the query is good")
    }

    #[test]
    fn queries_select_and_project() {
        let names =
            query(&["where type =~ 'x/y' and tags['env'] == 'prod'", "project name, s = properties.size"]);
        assert_eq!(names, [json!({"name": "a", "s": 1})]);
        assert_eq!(query(&["where name == 'c and d' or name == 'b'", "count"]), [json!({"Count": 2})]);
        assert_eq!(
            query(&["where name in~ ('A', 'b')", "order by name desc", "take 1", "project name"]),
            [json!({"name": "b"})]
        );
        assert_eq!(query(&["where type =~ 'x/y'", "summarize count() by type"]).len(), 2);
    }
}
