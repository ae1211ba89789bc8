//! Changing an object.

use serde_json::Value as Json;
use terrane_model::{Diagnostic, Value};

use crate::client::{ArmRequest, Method};
use crate::lifecycle::create::{finish_write, parent_body, rewrite_element, write_document};
use crate::lifecycle::fetch::{document_path, part_of, read_document};
use crate::lifecycle::{Change, Failure, Work};
use crate::mapping::same::is_zero;
use crate::mapping::{Documents, WriteMode, strip_read_only, write_changes, write_object};
use crate::table::body_path::{look_up, place, put};
use crate::table::{BodyPath, DocumentTable, PartTable, PathRoot, UpdateVerb};

/// Changes an object as its table says, and returns its body.
///
/// # Errors
/// When an exchange fails, or the object is gone.
pub(crate) async fn update_object(work: &Work<'_>, change: &Change<'_>) -> Result<Documents, Failure> {
    let keys = change.address.lock_keys(&work.table.locks, change.planned);
    let _guards = work.client().locks.hold(keys).await;
    work.call.check_stopped("starting")?;
    let prior = change.prior.unwrap_or(change.planned);
    if let Some(part) = &work.table.part {
        return update_part(work, change, part).await;
    }
    let path = &change.address.path;
    let mut documents = base_of(work, path).await?;
    work.behaviour.shape_base(change, work, &mut documents);
    let before = documents.body.clone();
    add_bases(work, change, prior, &mut documents).await?;
    write_update(work, change, prior, &mut documents);
    work.behaviour.before_write(work, change, &mut documents).await?;
    let body = send_body(work, path, before, &mut documents).await?;
    let mut fresh = Documents::of(path.clone(), body);
    update_documents(work, change, &documents, &mut fresh).await?;
    finish_write(work, change, fresh).await
}

/// Reads the documents that are about to change: what we do not know of them stays.
async fn add_bases(
    work: &Work<'_>,
    change: &Change<'_>,
    prior: &Value,
    documents: &mut Documents,
) -> Result<(), Failure> {
    let mut trial = Documents::empty(documents.path.clone());
    write_changes(&work.table.arguments, prior, change.planned, WriteMode::Replace, &mut trial);
    for name in trial.touched() {
        let Some(table) = work.table.document(name).filter(|table| table.write == Some(Method::Put)) else {
            continue;
        };
        if let Some(mut base) = read_document(work, documents, table).await? {
            strip_read_only(&mut base, &table.read_only);
            documents.named.insert(name.clone(), base);
        }
    }
    Ok(())
}

fn write_update(work: &Work<'_>, change: &Change<'_>, prior: &Value, documents: &mut Documents) {
    let arguments = &work.table.arguments;
    match work.table.update {
        UpdateVerb::Put => {
            documents.body = Json::Object(serde_json::Map::new());
            for (fixed, value) in &work.table.fixed {
                put(&mut documents.body, &fixed.steps, value.clone());
            }
            write_object(arguments, change.planned, documents);
        }
        UpdateVerb::Patch => {
            write_changes(arguments, prior, change.planned, WriteMode::Patch, documents);
            complete_whole(work, change, documents);
        }
        UpdateVerb::Merge | UpdateVerb::Nothing => {
            write_changes(arguments, prior, change.planned, WriteMode::Replace, documents);
        }
    }
}

/// Some objects in a body are read as a whole by the service: what is left out of them is reset.
fn complete_whole(work: &Work<'_>, change: &Change<'_>, documents: &mut Documents) {
    let touched = |path: &&BodyPath| look_up(&documents.body, &path.steps).is_some_and(Json::is_object);
    let touched: Vec<&BodyPath> = work.table.whole.iter().filter(touched).collect();
    if touched.is_empty() {
        return;
    }
    let mut all = Documents::empty(documents.path.clone());
    write_object(&work.table.arguments, change.planned, &mut all);
    for path in touched {
        if let Some(whole) = look_up(&all.body, &path.steps) {
            put(&mut documents.body, &path.steps, whole.clone());
        }
    }
}

/// Returns what changes are made to: the present body, or nothing where only changes are sent.
async fn base_of(work: &Work<'_>, path: &str) -> Result<Documents, Failure> {
    if work.table.update == UpdateVerb::Patch {
        return Ok(Documents::empty(path));
    }
    let Some(body) = work.get(path, &work.table.api_version).await? else {
        let detail = format!(
            "{path} does not exist any more. Run the command again: the plan will then show that it has to be \
             created."
        );
        return Err(Diagnostic::error("Object is gone", detail).into());
    };
    Ok(Documents::of(path, body))
}

async fn send_body(
    work: &Work<'_>,
    path: &str,
    before: Json,
    documents: &mut Documents,
) -> Result<Json, Failure> {
    let version = &work.table.api_version;
    let mut body = documents.body.clone();
    let is_unchanged = body == before || body.as_object().is_some_and(serde_json::Map::is_empty);
    if is_unchanged || work.table.update == UpdateVerb::Nothing {
        // Only documents change, or only what Azure never sees.
        return if before.as_object().is_some_and(|before| !before.is_empty()) {
            Ok(before)
        } else {
            Ok(work.get(path, version).await?.unwrap_or_default())
        };
    }
    work.call.report("updating");
    let request = if work.table.update == UpdateVerb::Patch {
        ArmRequest::patch(path, version, body)
    } else {
        strip_read_only(&mut body, &work.table.read_only);
        ArmRequest::put(path, version, body)
    };
    let finished = match work.run(&request).await {
        Err(Failure::Arm(error)) if request.method == Method::Patch && error.is_unsupported() => {
            work.run(&whole_of_patch(work, path, documents.body.clone()).await?).await?
        }
        finished => finished?,
    };
    if finished.body.is_object() {
        return Ok(finished.body);
    }
    Ok(work.get(path, version).await?.unwrap_or_default())
}

/// Servers that stand in for Azure may not know PATCH: the whole body with the changes in it says the same.
async fn whole_of_patch(work: &Work<'_>, path: &str, patch: Json) -> Result<ArmRequest, Failure> {
    let mut body = work.get(path, &work.table.api_version).await?.unwrap_or_default();
    strip_read_only(&mut body, &work.table.read_only);
    merge_patch(&mut body, patch);
    Ok(ArmRequest::put(path, &work.table.api_version, body))
}

/// Puts the changes of a patch into a body; null takes a property away (RFC 7396).
fn merge_patch(body: &mut Json, patch: Json) {
    let Json::Object(patch) = patch else {
        *body = patch;
        return;
    };
    if !body.is_object() {
        *body = Json::Object(serde_json::Map::new());
    }
    let Some(body) = body.as_object_mut() else { return };
    for (name, value) in patch {
        if value.is_null() {
            body.remove(&name);
        } else {
            merge_patch(body.entry(name).or_insert(Json::Null), value);
        }
    }
}

/// Writes the documents whose arguments change, and removes those that are not wanted any more.
async fn update_documents(
    work: &Work<'_>,
    change: &Change<'_>,
    wanted: &Documents,
    fresh: &mut Documents,
) -> Result<(), Failure> {
    for name in wanted.touched() {
        let (Some(table), Some(content)) = (work.table.document(name), wanted.named.get(name)) else {
            continue;
        };
        if table.is_removed && !is_wanted(work, table, change.planned) {
            if let Some(path) = document_path(fresh, table) {
                work.run(&ArmRequest::delete(path, &table.api_version)).await?;
            }
            continue;
        }
        if let Some(written) = write_document(work, fresh, table, content.clone()).await? {
            fresh.named.insert(name.clone(), written);
        }
    }
    Ok(())
}

fn is_wanted(work: &Work<'_>, table: &DocumentTable, planned: &Value) -> bool {
    work.table.arguments.iter().any(|argument| {
        let is_there = argument
            .sent()
            .is_some_and(|mapping| mapping.path.root == PathRoot::Document(table.name.clone()));
        is_there && !is_zero(&planned.attribute(&argument.name))
    })
}

async fn update_part(work: &Work<'_>, change: &Change<'_>, part: &PartTable) -> Result<Documents, Failure> {
    let path = &change.address.path;
    let mut body = parent_body(work, path).await?;
    if let PartTable::Element { array } = part {
        let mut element = rewrite_element(work, change, array, &mut body)?;
        work.behaviour.before_write(work, change, &mut element).await?;
        let name = change.address.parts.get("name").cloned().unwrap_or_default();
        if let Some(elements) = place(&mut body, &array.steps).as_array_mut() {
            // The element was taken out and left a null where it was.
            match elements.iter_mut().find(|element| element.is_null()) {
                Some(gap) => *gap = element.body,
                None => elements.push(element.body),
            }
            tracing::debug!(name, "element rewritten");
        }
        strip_read_only(&mut body, &work.table.read_only);
    }
    work.call.report("updating");
    let finished = work.run(&ArmRequest::put(path, &work.table.api_version, body)).await?;
    let body = match finished.body {
        body if body.is_object() => body,
        _ => parent_body(work, path).await?,
    };
    let fresh = part_of(work, change.address, body).unwrap_or_else(|| Documents::empty(path.clone()));
    finish_write(work, change, fresh).await
}
