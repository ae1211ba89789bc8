//! Creating an object.

use serde_json::Value as Json;
use terrane_model::Diagnostic;

use crate::client::ArmRequest;
use crate::lifecycle::fetch::{document_path, is_named, linked_ids, part_of, read_document};
use crate::lifecycle::{Change, Failure, Work};
use crate::mapping::{Documents, WriteMode, strip_read_only, write_changes, write_object};
use crate::resources::Freshness;
use crate::table::body_path::{look_up, place, put};
use crate::table::{BodyPath, CreateVerb, DocumentTable, PartTable};

/// Creates an object as its table says, with its documents, and returns its body.
///
/// # Errors
/// When it exists already, or an exchange fails.
pub(crate) async fn create_object(work: &Work<'_>, change: &Change<'_>) -> Result<Documents, Failure> {
    let keys = change.address.lock_keys(&work.table.locks, change.planned);
    let _guards = work.client().locks.hold(keys).await;
    work.call.check_stopped("starting")?;
    if let Some(part) = &work.table.part {
        return create_part(work, change, part).await;
    }
    let was_absent = refuse_existing(work, change).await?;
    let mut documents = Documents::empty(change.address.path.clone());
    for (path, value) in &work.table.fixed {
        put(&mut documents.body, &path.steps, value.clone());
    }
    write_object(&work.table.arguments, change.planned, &mut documents);
    work.behaviour.before_write(work, change, &mut documents).await?;
    work.call.report("creating");
    let path = &change.address.path;
    let version = &work.table.api_version;
    let finished = match work.table.create {
        CreateVerb::Put => work.run_creating(&ArmRequest::put(path, version, documents.body.take())).await?,
        CreateVerb::Patch => {
            work.run_creating(&ArmRequest::patch(path, version, documents.body.take())).await?
        }
        CreateVerb::Nothing => {
            let body = work.get(path, version).await?.unwrap_or_default();
            crate::client::arm_client::Finished { body, created: false }
        }
    };
    if finished.created || was_absent {
        work.connection.note_created(path);
    }
    let mut fresh = Documents::of(path.clone(), body_or_get(work, path, finished.body).await?);
    write_documents(work, &documents, &mut fresh).await?;
    finish_write(work, change, fresh).await
}

/// Does what follows a write, and reads the object again if that has changed it.
///
/// # Errors
/// When an exchange fails.
pub(crate) async fn finish_write(
    work: &Work<'_>,
    change: &Change<'_>,
    fresh: Documents,
) -> Result<Documents, Failure> {
    match work.behaviour.after_write(work, change).await? {
        Freshness::Same => Ok(fresh),
        Freshness::Stale => Ok(work.behaviour.fetch(work, change.address).await?.unwrap_or(fresh)),
    }
}

/// Some services answer a write with nothing, or with less than a read.
async fn body_or_get(work: &Work<'_>, path: &str, body: Json) -> Result<Json, Failure> {
    if body.is_object() {
        return Ok(body);
    }
    Ok(work.get(path, &work.table.api_version).await?.unwrap_or_default())
}

/// Looks whether there is such an object already, unless this run has made what it would be in. Returns
/// whether there surely was none.
async fn refuse_existing(work: &Work<'_>, change: &Change<'_>) -> Result<bool, Failure> {
    let path = &change.address.path;
    if !work.table.looks_before_create || work.connection.settings.features.overwrites_existing {
        return Ok(false);
    }
    if work.connection.is_surely_new(path) {
        return Ok(true);
    }
    match work.behaviour.fetch(work, change.address).await? {
        Some(_) => Err(already_exists(work, &change.address.id).into()),
        None => Ok(true),
    }
}

/// Says that an object cannot be created because it is there.
pub(crate) fn already_exists(work: &Work<'_>, id: &str) -> Diagnostic {
    let type_name = &work.table.type_name;
    Diagnostic::error(
        "Resource already exists",
        format!(
            "Azure has an object with the id {id} already, and the state does not know it. To manage it from now \
             on, import it: add an import block with to = {type_name}.NAME and this id, or run the import command \
             with both. To make a new one, choose another name."
        ),
    )
}

/// Writes the documents that arguments are mapped to.
///
/// # Errors
/// When an exchange fails.
pub(crate) async fn write_documents(
    work: &Work<'_>,
    wanted: &Documents,
    fresh: &mut Documents,
) -> Result<(), Failure> {
    for name in wanted.touched() {
        let (Some(table), Some(content)) = (work.table.document(name), wanted.named.get(name)) else {
            continue;
        };
        let mut content = content.clone();
        if table.is_born_with_object {
            let mut base = read_document(work, fresh, table).await?.unwrap_or_default();
            strip_read_only(&mut base, &table.read_only);
            content = laid_over(base, content);
        }
        let written = write_document(work, fresh, table, content).await?;
        if let Some(written) = written {
            fresh.named.insert(name.clone(), written);
        }
    }
    Ok(())
}

/// Puts the properties of one object over those of another; arrays are taken whole.
pub(crate) fn laid_over(base: Json, over: Json) -> Json {
    match (base, over) {
        (Json::Object(mut base), Json::Object(over)) => {
            for (name, value) in over {
                let below = base.remove(&name).unwrap_or_default();
                base.insert(name, laid_over(below, value));
            }
            Json::Object(base)
        }
        (_, over) => over,
    }
}

/// Writes one document; returns what the service made of it.
///
/// # Errors
/// When the exchange fails.
pub(crate) async fn write_document(
    work: &Work<'_>,
    documents: &Documents,
    table: &DocumentTable,
    mut content: Json,
) -> Result<Option<Json>, Failure> {
    let (Some(method), Some(path)) = (table.write, document_path(documents, table)) else { return Ok(None) };
    if let (Some(Json::Object(fixed)), Some(object)) = (&table.fixed, content.as_object_mut()) {
        object.extend(fixed.clone());
    }
    let request = ArmRequest::new(method, path, &table.api_version).with_body(content);
    work.call.report(format!("writing {}", table.name));
    let finished = work.run(&request).await?;
    Ok(Some(finished.body).filter(Json::is_object))
}

/// Adds a part to the body of another object.
async fn create_part(work: &Work<'_>, change: &Change<'_>, part: &PartTable) -> Result<Documents, Failure> {
    let path = &change.address.path;
    let mut body = parent_body(work, path).await?;
    match part {
        PartTable::Element { array } => {
            let name = change.address.parts.get("name").cloned().unwrap_or_default();
            let elements = look_up(&body, &array.steps).and_then(Json::as_array);
            let exists =
                elements.is_some_and(|elements| elements.iter().any(|element| is_named(element, &name)));
            if exists && !work.connection.settings.features.overwrites_existing {
                return Err(already_exists(work, &change.address.id).into());
            }
            let mut element = Documents::empty(path.clone());
            element.set("name", name.as_str().into());
            write_object(&work.table.arguments, change.planned, &mut element);
            work.behaviour.before_write(work, change, &mut element).await?;
            strip_read_only(&mut body, &work.table.read_only);
            let array = place(&mut body, &array.steps);
            if !array.is_array() {
                *array = Json::Array(Vec::new());
            }
            if let Some(elements) = array.as_array_mut() {
                elements.retain(|element| !is_named(element, &name));
                elements.push(element.body);
            }
        }
        PartTable::Link { place: linked, argument } => {
            let id = crate::attributes::text_at(change.planned, argument).unwrap_or_default();
            refuse_other_link(work, change, linked, &body, &id)?;
            strip_read_only(&mut body, &work.table.read_only);
            set_link(&mut body, linked, &id);
        }
    }
    work.call.report("creating");
    let finished = work.run_creating(&ArmRequest::put(path, &work.table.api_version, body)).await?;
    let body = body_or_get(work, path, finished.body).await?;
    let fresh = part_of(work, change.address, body).unwrap_or_else(|| Documents::empty(path.clone()));
    finish_write(work, change, fresh).await
}

/// A place for one link that holds another one already belongs to someone else.
fn refuse_other_link(
    work: &Work<'_>,
    change: &Change<'_>,
    linked: &BodyPath,
    body: &Json,
    id: &str,
) -> Result<(), Failure> {
    let present = linked_ids(body, linked);
    let same = present.iter().any(|other| other.eq_ignore_ascii_case(id));
    let taken = same || (linked.split_each().is_none() && !present.is_empty());
    if taken && !work.connection.settings.features.overwrites_existing {
        return Err(already_exists(work, &change.address.id).into());
    }
    Ok(())
}

fn set_link(body: &mut Json, linked: &BodyPath, id: &str) {
    match linked.split_each() {
        None => put(body, &linked.steps, id.into()),
        Some((array, inside)) => {
            let array = place(body, array);
            if !array.is_array() {
                *array = Json::Array(Vec::new());
            }
            let mut element = Json::Null;
            put(&mut element, inside, id.into());
            if let Some(elements) = array.as_array_mut() {
                elements.push(element);
            }
        }
    }
}

/// Reads the body that a part is in.
///
/// # Errors
/// When it does not exist, or the exchange fails.
pub(crate) async fn parent_body(work: &Work<'_>, path: &str) -> Result<Json, Failure> {
    let body = work.get(path, &work.table.api_version).await?;
    body.ok_or_else(|| {
        let detail = format!(
            "The object {path}, which this {} is a part of, does not exist. Refer to the resource that makes it, \
             so that it is created first.",
            work.table.type_name
        );
        Diagnostic::error("Parent does not exist", detail).into()
    })
}

/// Writes an element anew in the body that it is a part of.
pub(crate) fn rewrite_element(
    work: &Work<'_>,
    change: &Change<'_>,
    array: &BodyPath,
    body: &mut Json,
) -> Result<Documents, Failure> {
    let name = change.address.parts.get("name").cloned().unwrap_or_default();
    let path = change.address.path.clone();
    let present = place(body, &array.steps)
        .as_array_mut()
        .and_then(|elements| elements.iter_mut().find(|element| is_named(element, &name)).map(Json::take));
    let mut element = Documents::of(path, present.unwrap_or_default());
    element.set("name", name.as_str().into());
    if let Some(prior) = change.prior {
        write_changes(&work.table.arguments, prior, change.planned, WriteMode::Replace, &mut element);
    }
    Ok(element)
}
