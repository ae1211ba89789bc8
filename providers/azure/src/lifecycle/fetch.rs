//! Reading one object with all its documents.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use terrane_model::{Str, Value};

use crate::attributes::at;
use crate::client::{ArmError, ArmRequest, Method};
use crate::lifecycle::{Address, Failure, Work, interest};
use crate::mapping::Documents;
use crate::mapping::same::is_zero;
use crate::table::body_path::look_up;
use crate::table::{BodyPath, DocumentAddress, DocumentTable, PartTable, ResourceTable};

/// Reads an object with its documents; nothing when it does not exist.
///
/// # Errors
/// When an exchange fails.
pub(crate) async fn fetch_all(
    work: &Work<'_>,
    address: &Address,
    known: Option<&Value>,
    thoroughness: Thoroughness<'_>,
) -> Result<Option<Documents>, Failure> {
    let Some(mut documents) = work.behaviour.fetch(work, address).await? else { return Ok(None) };
    complete(work, &mut documents, known, thoroughness).await?;
    Ok(Some(documents))
}

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thoroughness<'a> {
    /// Everything.
    All,
    /// What takes calls of its own only where these attributes need it, and what is rare only where it was there
    /// before; for refreshing many objects.
    Wanted(&'a BTreeSet<Str>),
}

/// Reads the documents beside a body.
///
/// # Errors
/// When an exchange fails.
pub(crate) async fn complete(
    work: &Work<'_>,
    documents: &mut Documents,
    known: Option<&Value>,
    thoroughness: Thoroughness<'_>,
) -> Result<(), Failure> {
    for table in &work.table.documents {
        if documents.named.contains_key(&table.name) || !exists(table, documents) {
            continue;
        }
        if let Thoroughness::Wanted(wanted) = thoroughness
            && can_wait(work.table, table, known, wanted)
        {
            documents.unread.insert(table.name.clone());
            continue;
        }
        if let Some(document) = read_document(work, documents, table).await? {
            documents.named.insert(table.name.clone(), document);
        }
    }
    work.behaviour.complete_documents(work, documents, known).await
}

/// Tells whether what is known of a document is good enough for a refresh of many objects.
fn can_wait(
    object: &ResourceTable,
    table: &DocumentTable,
    known: Option<&Value>,
    wanted: &BTreeSet<Str>,
) -> bool {
    let Some(known) = known else { return false };
    let is_known = match table.settled.as_deref() {
        Some(path) if !path.is_empty() => !is_zero(&at(known, path)),
        _ => interest::is_known(object, table, known),
    };
    (table.is_rare && !is_known)
        || (table.settled.is_some() && is_known)
        || !interest::needs(object, table, wanted)
}

fn exists(table: &DocumentTable, documents: &Documents) -> bool {
    table.condition.as_ref().is_none_or(|(path, wanted)| documents.at_path(path) == Some(wanted))
}

/// Returns the path of a document; nothing where the body does not say.
pub(crate) fn document_path(documents: &Documents, table: &DocumentTable) -> Option<String> {
    match &table.address {
        DocumentAddress::Below(rest) => Some(format!("{}{rest}", documents.path)),
        DocumentAddress::InBody(path) => Some(look_up(&documents.body, &path.steps)?.as_str()?.to_owned()),
    }
}

/// Reads one document; nothing when it does not exist or may not be seen.
///
/// # Errors
/// When the exchange fails otherwise.
pub(crate) async fn read_document(
    work: &Work<'_>,
    documents: &Documents,
    table: &DocumentTable,
) -> Result<Option<Json>, Failure> {
    let Some(path) = document_path(documents, table) else { return Ok(None) };
    let request = ArmRequest::new(table.read, path, &table.api_version);
    match work.read(&request).await {
        Ok(body) => Ok(Some(body)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) if table.is_secret && is_forbidden(&error) => {
            // Who may read an object may not always read its keys; azurerm leaves them empty then, too.
            tracing::warn!(document = %table.name, %error, "not allowed to read keys");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn is_forbidden(error: &ArmError) -> bool {
    error.refusal().is_some_and(|refusal| refusal.status == 403)
}

/// Reads an object's body, or finds it in the body that it is a part of.
///
/// # Errors
/// When the exchange fails.
pub(crate) async fn fetch_object(work: &Work<'_>, address: &Address) -> Result<Option<Documents>, Failure> {
    let request = ArmRequest::new(Method::Get, address.path.clone(), &work.table.api_version);
    let body = match work.read(&request).await {
        Ok(body) => body,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    Ok(work.behaviour.find_part(work, address, body))
}

/// Finds the object in a body: all of it, or the part that the table says.
pub(crate) fn part_of(work: &Work<'_>, address: &Address, body: Json) -> Option<Documents> {
    match &work.table.part {
        None => Some(Documents::of(address.path.clone(), body)),
        Some(PartTable::Element { array }) => {
            let name = address.parts.get("name")?;
            let element =
                look_up(&body, &array.steps)?.as_array()?.iter().find(|element| is_named(element, name))?;
            Some(Documents::of(address.path.clone(), element.clone()))
        }
        Some(PartTable::Link { place, argument }) => {
            let wanted = address.parts.get(argument);
            let linked = linked_ids(&body, place);
            let is_linked = match wanted {
                Some(wanted) => linked.iter().any(|id| id.eq_ignore_ascii_case(wanted)),
                None => !linked.is_empty(),
            };
            is_linked.then(|| Documents::of(address.path.clone(), body))
        }
    }
}

/// Tells whether an element of an array has this name.
pub(crate) fn is_named(element: &Json, name: &str) -> bool {
    element.get("name").and_then(Json::as_str).is_some_and(|other| other.eq_ignore_ascii_case(name))
}

/// Returns the ids at a place that may be in an array.
pub(crate) fn linked_ids(body: &Json, place: &BodyPath) -> Vec<String> {
    let found: Vec<&Json> = match place.split_each() {
        Some((array, inside)) => {
            let array = look_up(body, array).and_then(Json::as_array).into_iter().flatten();
            array.filter_map(|element| look_up(element, inside)).collect()
        }
        None => look_up(body, &place.steps).into_iter().collect(),
    };
    found.into_iter().filter_map(Json::as_str).map(str::to_owned).collect()
}
