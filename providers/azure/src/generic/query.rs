//! Picking values out of answers: paths with dots, and the part of JMESPath that reads like them.
//!
//! Understood are names, `"quoted names"`, `[0]`, `[-1]`, `[*]`, `[]` (one level flattened) and `@`, in any
//! sequence. Filters, pipes and functions are not: an expression of the configuration can do the same with the
//! exported value.

use serde_json::{Map, Value as Json};

/// One step on the way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Name(String),
    Index(i64),
    Each,
    Flatten,
}

/// Why a query cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{query:?} cannot be read at {rest:?}. Queries are paths such as properties.subnets[*].id; for filters and \
     functions, export the value and use an expression."
)]
pub(crate) struct QueryError {
    query: String,
    rest: String,
}

/// Runs a query; nothing when the way ends.
///
/// # Errors
/// When the query cannot be read.
pub(crate) fn select(query: &str, json: &Json) -> Result<Option<Json>, QueryError> {
    Ok(walk(&parse(query)?, json))
}

/// Returns what a resource exports: everything for the path `*`, the places of other paths with what is around
/// them, and by name what queries find.
///
/// # Errors
/// When a query cannot be read.
pub(crate) fn export(wanted: &Json, answer: &Json) -> Result<Json, QueryError> {
    match wanted {
        Json::Array(paths) => {
            let paths: Vec<&str> = paths.iter().filter_map(Json::as_str).collect();
            if paths.contains(&"*") {
                return Ok(answer.clone());
            }
            let mut exported = Json::Object(Map::new());
            for path in paths {
                put_place(&mut exported, &parse(path)?, answer);
            }
            Ok(exported)
        }
        Json::Object(queries) => {
            let mut exported = Map::new();
            for (name, query) in queries {
                let found = select(query.as_str().unwrap_or_default(), answer)?;
                exported.insert(name.clone(), found.unwrap_or_default());
            }
            Ok(Json::Object(exported))
        }
        _ => Ok(Json::Object(Map::new())),
    }
}

/// Copies a place with the objects around it. From the first list on, everything is copied.
fn put_place(target: &mut Json, steps: &[Step], source: &Json) {
    match steps {
        [Step::Name(name), rest @ ..] => {
            let Some(inner) = source.get(name) else { return };
            if !target.is_object() {
                *target = Json::Object(Map::new());
            }
            if rest.is_empty() || !inner.is_object() {
                target[name] = inner.clone();
            } else {
                put_place(&mut target[name], rest, inner);
            }
        }
        _ => *target = source.clone(),
    }
}

fn walk(steps: &[Step], json: &Json) -> Option<Json> {
    match steps.split_first() {
        None => Some(json.clone()),
        Some((Step::Name(name), rest)) => walk(rest, json.get(name)?),
        Some((Step::Index(index), rest)) => {
            let elements = json.as_array()?;
            let index = if *index < 0 {
                elements.len().checked_sub(index.unsigned_abs().try_into().ok()?)?
            } else {
                usize::try_from(*index).ok()?
            };
            walk(rest, elements.get(index)?)
        }
        Some((Step::Each, rest)) => match json {
            Json::Object(entries) => Some(entries.values().filter_map(|entry| walk(rest, entry)).collect()),
            _ => Some(json.as_array()?.iter().filter_map(|element| walk(rest, element)).collect()),
        },
        Some((Step::Flatten, rest)) => {
            let flat = json.as_array()?.iter().flat_map(|element| match element {
                Json::Array(inner) => inner.clone(),
                other => vec![other.clone()],
            });
            Some(flat.filter_map(|element| walk(rest, &element)).collect())
        }
    }
}

fn parse(query: &str) -> Result<Vec<Step>, QueryError> {
    let error = |rest: &str| QueryError { query: query.to_owned(), rest: rest.to_owned() };
    let mut steps = Vec::new();
    let mut rest = query.trim();
    if let Some(behind) = rest.strip_prefix('@') {
        rest = behind;
    }
    while !rest.is_empty() {
        rest = rest.strip_prefix('.').unwrap_or(rest);
        let (step, behind) = if let Some(inside) = rest.strip_prefix('[') {
            let (index, behind) = inside.split_once(']').ok_or_else(|| error(rest))?;
            let step = match index.trim() {
                "*" => Step::Each,
                "" => Step::Flatten,
                index => Step::Index(index.parse().map_err(|_| error(rest))?),
            };
            (step, behind)
        } else if let Some(inside) = rest.strip_prefix('"') {
            let (name, behind) = inside.split_once('"').ok_or_else(|| error(rest))?;
            (Step::Name(name.to_owned()), behind)
        } else if let Some(behind) = rest.strip_prefix('*') {
            (Step::Each, behind)
        } else {
            let is_name =
                |character: char| character.is_alphanumeric() || matches!(character, '_' | '-' | '$');
            let end = rest.find(|character: char| !is_name(character)).unwrap_or(rest.len());
            if end == 0 {
                return Err(error(rest));
            }
            (Step::Name(rest[..end].to_owned()), &rest[end..])
        };
        steps.push(step);
        if !behind.is_empty() && !behind.starts_with(['.', '[']) {
            return Err(error(behind));
        }
        rest = behind;
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer() -> Json {
        json!({"id": "/x", "properties": {"a.b": 1, "subnets": [{"id": "1"}, {"id": "2"}], "nested": [[1], [2, 3]]}})
    }

    #[test]
    fn queries_find_values() {
        for (query, found) in [
            ("properties.subnets[0].id", Some(json!("1"))),
            ("properties.subnets[-1].id", Some(json!("2"))),
            ("properties.subnets[*].id", Some(json!(["1", "2"]))),
            ("properties.nested[]", Some(json!([1, 2, 3]))),
            ("properties.\"a.b\"", Some(json!(1))),
            ("properties.missing.deep", None),
            ("@", Some(answer())),
        ] {
            assert_eq!(select(query, &answer()).unwrap(), found, "{query}");
        }
        for wrong in ["properties.subnets[?id=='1']", "length(@)", "a |b", "properties["] {
            assert!(select(wrong, &answer()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn paths_export_places_and_queries_export_names() {
        let paths = json!(["id", "properties.subnets", "properties.missing"]);
        assert_eq!(
            export(&paths, &answer()).unwrap(),
            json!({"id": "/x", "properties": {"subnets": [{"id": "1"}, {"id": "2"}]}})
        );
        let queries = json!({"first": "properties.subnets[0].id"});
        assert_eq!(export(&queries, &answer()).unwrap(), json!({"first": "1"}));
        assert_eq!(export(&json!(["*"]), &answer()).unwrap(), answer());
    }
}
