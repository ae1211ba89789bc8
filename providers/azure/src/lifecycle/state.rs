//! From what Azure says to what is stored.

use terrane_model::Value;

use crate::attributes::Attributes;
use crate::lifecycle::{Address, Work, interest};
use crate::mapping::{Documents, read_object};
use crate::schema::state_type;
use crate::table::ResourceTable;

/// Makes the state of an object. `known` is its plan or its state before.
pub(crate) fn finish_state(
    work: &Work<'_>,
    address: &Address,
    documents: &Documents,
    known: Option<&Value>,
) -> Value {
    let mut attributes: Attributes =
        read_object(&work.table.arguments, documents, known).into_iter().collect();
    if let (true, Some(known)) = (documents.is_summary, known) {
        let hidden = work.table.arguments.iter().filter(|argument| !interest::is_in_summary(argument));
        hidden.for_each(|argument| attributes.set(&argument.name, known.attribute(&argument.name)));
    }
    fill_from_id(work.table, address, known, &mut attributes);
    attributes.set("id", address.id.as_str());
    work.behaviour.read_attributes(documents, known, &mut attributes);
    if let Some(timeouts) = known.and_then(|known| known.get("timeouts")) {
        attributes.set("timeouts", timeouts.clone());
    }
    attributes.into_known(state_type(work.table))
}

/// Makes what is known of an object whose making was not finished, so that it is not lost.
pub(crate) fn unfinished_state(table: &ResourceTable, address: &Address, planned: &Value) -> Value {
    let mut attributes = Attributes::of(planned);
    attributes.set("id", address.id.as_str());
    attributes.into_known(state_type(table))
}

const GROUP: &str = "resource_group_name";

/// Returns the resource group in a path.
pub(crate) fn group_of(path: &str) -> Option<&str> {
    let mut segments = path.split('/');
    segments.find(|segment| segment.eq_ignore_ascii_case("resourceGroups"))?;
    segments.next()
}

/// Arguments that are parts of the id are read off it: names and ids of parents.
fn fill_from_id(
    table: &ResourceTable,
    address: &Address,
    known: Option<&Value>,
    attributes: &mut Attributes,
) {
    for (name, part) in &address.parts {
        let Some(argument) = table.argument(name) else { continue };
        if argument.read().is_some() && attributes.text(name).is_some() {
            continue;
        }
        let kept = known.map(|known| known.attribute(name)).filter(|known| spells(known, part));
        attributes.set(name, kept.unwrap_or_else(|| Value::from(part.as_str())));
    }
    // Some types want the group of what they are a part of, although their id says it.
    let asks_group = table.argument(GROUP).is_some_and(|argument| argument.read().is_none());
    if asks_group && attributes.text(GROUP).is_none() {
        let group = group_of(&address.path);
        attributes.set(GROUP, group.map_or_else(Value::dynamic_null, Value::from));
    }
}

fn spells(known: &Value, part: &str) -> bool {
    known.as_str().is_some_and(|known| known.eq_ignore_ascii_case(part))
}
