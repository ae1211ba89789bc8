//! Azure Resource Graph, as far as simple queries go: a table, `where`, `project`, `project-away`, `extend`,
//! `distinct`, `order by`, `top`, `take`, `count` and `summarize count() by`, without joins.

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
    let mut steps = split_outside(query, '|').into_iter().map(str::trim);
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
        "project" => Ok(rows.iter().map(|row| selected(row, rest)).collect()),
        "project-away" => {
            let gone: Vec<&str> = rest.split(',').map(str::trim).collect();
            let objects = rows.iter_mut().filter_map(Value::as_object_mut);
            objects
                .for_each(|row| row.retain(|name, _| !gone.iter().any(|it| it.eq_ignore_ascii_case(name))));
            Ok(rows)
        }
        "extend" => {
            for row in &mut rows {
                let more = selected(row, rest);
                if let (Some(row), Value::Object(more)) = (row.as_object_mut(), more) {
                    row.extend(more);
                }
            }
            Ok(rows)
        }
        "distinct" => {
            let mut seen = std::collections::BTreeSet::new();
            let rows = rows.iter().map(|row| selected(row, rest));
            Ok(rows.filter(|row| seen.insert(row.to_string())).collect())
        }
        "top" => {
            let (count, by) = rest.split_once(" by ").unwrap_or((rest, ""));
            let rows = apply(&format!("order by {by}"), rows)?;
            apply(&format!("take {count}"), rows)
        }
        "take" | "limit" => {
            let count = rest.trim().parse().map_err(|_| bad_query(format!("'{rest}' is not a number.")))?;
            rows.truncate(count);
            Ok(rows)
        }
        "count" => Ok(vec![json!({"Count": rows.len()})]),
        "order" | "sort" => {
            let by = rest.trim().strip_prefix("by ").unwrap_or(rest);
            // The sort is stable: the first column comes last.
            for column in split_outside(by, ',').into_iter().rev() {
                let column = column.trim();
                let (path, direction) = column.split_once(char::is_whitespace).unwrap_or((column, "desc"));
                let is_descending = direction.trim().to_ascii_lowercase().starts_with("desc");
                rows.sort_by(|left, right| {
                    let order = compare(&value_at(left, path), &value_at(right, path));
                    if is_descending { order.reverse() } else { order }
                });
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
    let mut counts: std::collections::BTreeMap<String, (Value, u64)> = std::collections::BTreeMap::new();
    for row in rows {
        let group = selected(row, path);
        counts.entry(group.to_string()).or_insert((group, 0)).1 += 1;
    }
    let counted = counts.into_values().map(|(mut group, count)| {
        group[name] = json!(count);
        group
    });
    Ok(counted.collect())
}

/// Evaluates columns: `name`, `properties.a.b` and `name = expression`.
fn selected(row: &Value, columns: &str) -> Value {
    let columns = split_outside(columns, ',').into_iter().map(|column| match column.split_once('=') {
        Some((name, expression)) => (name.trim(), expression.trim()),
        None => (column.trim(), column.trim()),
    });
    columns.map(|(name, expression)| (name.to_owned(), value_at(row, expression))).collect()
}

/// Numbers come before texts, in their order; case does not matter.
fn compare(left: &Value, right: &Value) -> std::cmp::Ordering {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left.total_cmp(&right),
        _ => left.to_string().to_lowercase().cmp(&right.to_string().to_lowercase()),
    }
}

/// `a =~ 'x'`, `a == 'x'`, `a != 'x'`, `a !~ 'x'`, `a contains 'x'`, `a !startswith 'x'`, `a in~ ('x', 'y')`, `a > 1`,
/// `isnotempty(a)`.
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
        let number = |order: fn(f64, f64) -> bool| {
            let wanted = self.values.first().and_then(|value| value.parse().ok());
            found.parse().ok().zip(wanted).is_some_and(|(found, wanted)| order(found, wanted))
        };
        let any = |test: &dyn Fn(&str) -> bool| self.values.iter().any(|value| test(value));
        match self.operator.as_str() {
            "==" | "in" => any(&|value| found == value),
            "!=" | "!in" => !any(&|value| found == value),
            "=~" | "in~" => any(&|value| lower == value.to_lowercase()),
            "!~" | "!in~" => !any(&|value| lower == value.to_lowercase()),
            "contains" | "has" => any(&|value| lower.contains(&value.to_lowercase())),
            "startswith" => any(&|value| lower.starts_with(&value.to_lowercase())),
            "endswith" => any(&|value| lower.ends_with(&value.to_lowercase())),
            "!contains" | "!has" => !any(&|value| lower.contains(&value.to_lowercase())),
            "!startswith" => !any(&|value| lower.starts_with(&value.to_lowercase())),
            "!endswith" => !any(&|value| lower.ends_with(&value.to_lowercase())),
            ">" => number(|found, wanted| found > wanted),
            ">=" => number(|found, wanted| found >= wanted),
            "<" => number(|found, wanted| found < wanted),
            "<=" => number(|found, wanted| found <= wanted),
            IS_TRUE => lower == "true",
            _ => false,
        }
    }
}

fn parse_any(text: &str) -> Result<Vec<Condition>, ArmError> {
    split_words(text, "or").iter().map(|text| parse_condition(text)).collect()
}

fn parse_condition(text: &str) -> Result<Condition, ArmError> {
    const OPERATORS: &[&str] = &[
        "!in~",
        "in~",
        "!in",
        "in",
        "=~",
        "!~",
        "==",
        "!=",
        "contains",
        "has",
        "startswith",
        "endswith",
        "!contains",
        "!has",
        "!startswith",
        "!endswith",
        ">=",
        "<=",
        ">",
        "<",
    ];
    let text = text.trim();
    let text = text.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(text);
    let mut words = text.splitn(2, char::is_whitespace);
    let (path, rest) = (words.next().unwrap_or_default(), words.next().unwrap_or_default().trim_start());
    if rest.is_empty() && path.ends_with(')') {
        return Ok(Condition { path: path.to_owned(), operator: IS_TRUE.to_owned(), values: Vec::new() });
    }
    let lower = rest.to_lowercase();
    let operator = OPERATORS.iter().find(|operator| lower.starts_with(**operator));
    let Some(operator) = operator else { return Err(bad_query(format!("'{text}' is not understood."))) };
    let values = rest[operator.len()..].trim().trim_start_matches('(').trim_end_matches(')');
    let values = values.split(',').map(|value| value.trim().trim_matches(['\'', '"']).to_owned()).collect();
    Ok(Condition { path: path.to_owned(), operator: (*operator).to_owned(), values })
}

/// The operator of a condition that is one function's answer.
const IS_TRUE: &str = "is true";

/// Splits at a character that stands outside of quotes and parentheses.
fn split_outside(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quote) = (Vec::new(), 0, 0_i32, None);
    for (idx, character) in text.char_indices() {
        match (quote, character) {
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth -= 1,
            (None, _) if character == separator && depth == 0 => {
                parts.push(&text[start..idx]);
                start = idx + character.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
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

/// Calls one of the functions that queries are usually made with; nothing where it is another one.
fn call(row: &Value, name: &str, argument: &str) -> Option<Value> {
    let value = value_at(row, argument.trim());
    let text = || match &value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let is_empty = value.is_null() || text().is_empty();
    Some(match name {
        "tolower" => text().to_lowercase().into(),
        "toupper" => text().to_uppercase().into(),
        "tostring" => text().into(),
        "toint" | "tolong" | "todouble" => text().parse::<f64>().map_or(Value::Null, |number| json!(number)),
        "isempty" => is_empty.into(),
        "isnotempty" => (!is_empty).into(),
        "isnull" => value.is_null().into(),
        "isnotnull" => (!value.is_null()).into(),
        "array_length" => json!(value.as_array().map(Vec::len)),
        _ => return None,
    })
}

/// Reads `properties.a.b`, `tags['x']`, a column, a text in quotes, or a function of one of these.
fn value_at(row: &Value, path: &str) -> Value {
    if let Some((name, argument)) = path.strip_suffix(')').and_then(|path| path.split_once('(')) {
        return call(row, &name.trim().to_ascii_lowercase(), argument).unwrap_or_default();
    }
    if path.len() > 1 && path.starts_with(['\'', '"']) {
        return path.trim_matches(['\'', '"']).into();
    }
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

    #[test]
    fn queries_compute_and_sort() {
        let kinds = query(&[
            "extend kind = tolower(type)",
            "summarize n = count() by kind",
            "order by n desc, kind asc",
        ]);
        assert_eq!(kinds, [json!({"kind": "x/y", "n": 2}), json!({"kind": "z", "n": 1})]);
        assert_eq!(
            query(&["where properties.size >= 2 and isempty(tags.env)", "project name", "order by name asc"]),
            [json!({"name": "b"}), json!({"name": "c and d"})]
        );
        assert_eq!(query(&["top 1 by properties.size desc", "project name"]), [json!({"name": "c and d"})]);
        assert_eq!(query(&["distinct kind = toupper(type)"]).len(), 2);
        assert_eq!(
            query(&["where name !startswith 'a'", "project-away properties, tags, type"])[0],
            json!({"name": "b"})
        );
        assert_eq!(split_outside("a | where b == 'x|y' | take 1", '|').len(), 3);
    }
}
