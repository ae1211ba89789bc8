//! Deleting an object.

use serde_json::Value as Json;
use terrane_model::Value;

use crate::client::ArmRequest;
use crate::lifecycle::fetch::is_named;
use crate::lifecycle::{Address, Failure, Work};
use crate::mapping::strip_read_only;
use crate::table::body_path::{look_up, place, remove};
use crate::table::{BodyPath, PartTable};

/// Deletes an object as its table says. An object that is gone already is well deleted.
///
/// # Errors
/// When an exchange fails.
pub(crate) async fn delete_object(work: &Work<'_>, address: &Address, state: &Value) -> Result<(), Failure> {
    let keys = address.lock_keys(&work.table.locks, state);
    let _guards = work.client().locks.hold(keys).await;
    work.call.check_stopped("starting")?;
    if let Some(part) = &work.table.part {
        return delete_part(work, address, part).await;
    }
    work.behaviour.before_delete(work, address, state).await?;
    if work.table.is_deleted {
        work.call.report("deleting");
        let request = ArmRequest::delete(address.path.clone(), &work.table.api_version);
        match work.client().run(&request, &work.call).await {
            Ok(_) => {}
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
    }
    work.connection.forget_created(&address.path);
    work.connection.leaving.note(&address.path);
    work.behaviour.after_delete(work, address, state).await
}

/// Takes a part out of the body of another object.
async fn delete_part(work: &Work<'_>, address: &Address, part: &PartTable) -> Result<(), Failure> {
    let Some(mut body) = work.get(&address.path, &work.table.api_version).await? else { return Ok(()) };
    let is_changed = match part {
        PartTable::Element { array } => {
            let name = address.parts.get("name").cloned().unwrap_or_default();
            take_out(&mut body, array, |element| is_named(element, &name))
        }
        PartTable::Link { place: linked, argument } => match linked.split_each() {
            Some((array, inside)) => {
                let id = address.parts.get(argument).cloned().unwrap_or_default();
                let array = BodyPath { root: linked.root.clone(), steps: array.to_vec() };
                take_out(&mut body, &array, |element| {
                    look_up(element, inside)
                        .and_then(Json::as_str)
                        .is_some_and(|other| other.eq_ignore_ascii_case(&id))
                })
            }
            None => take_link(&mut body, linked),
        },
    };
    if !is_changed {
        return Ok(());
    }
    strip_read_only(&mut body, &work.table.read_only);
    work.call.report("deleting");
    work.run(&ArmRequest::put(address.path.clone(), &work.table.api_version, body)).await?;
    Ok(())
}

fn take_out(body: &mut Json, array: &BodyPath, is_it: impl Fn(&Json) -> bool) -> bool {
    if look_up(body, &array.steps).is_none() {
        return false;
    }
    let Some(elements) = place(body, &array.steps).as_array_mut() else { return false };
    let before = elements.len();
    elements.retain(|element| !is_it(element));
    elements.len() != before
}

/// Removes the object that holds a link's id: `properties.routeTable` for `properties.routeTable.id`.
fn take_link(body: &mut Json, linked: &BodyPath) -> bool {
    let is_there = look_up(body, &linked.steps).is_some();
    let holder = linked.steps.split_last().map(|(_, holder)| holder).filter(|holder| !holder.is_empty());
    remove(body, holder.unwrap_or(&linked.steps));
    is_there
}
