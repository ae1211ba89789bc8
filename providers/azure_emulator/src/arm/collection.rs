//! Lists: of one type, and of everything in a group or subscription.

use serde_json::Value;

use super::Context;
use super::checks;
use super::filter::Filter;
use super::paging::{Page, page_of};
use super::read::implicit_resource;
use super::render::{render, render_object, render_summary};
use super::target::Target;
use crate::body::text_at;
use crate::error::{ArmError, resource_group_not_found};
use crate::http::Response;
use crate::resource_id::{Key, ProviderPart, key_of, scope_id};
use crate::services::behaviour_of;
use crate::table::{CATALOG, LocationRule, Scope, TypeIndex};
use crate::world::Resource;

/// Answers GET of a collection: all resources of one type below a parent, a group or the subscription.
pub(crate) fn of_type(
    context: &mut Context<'_>,
    kind: TypeIndex,
    part: ProviderPart<'_>,
) -> Result<Response, ArmError> {
    let resource_type = CATALOG.get(kind);
    checks::version(context, resource_type)?;
    let pairs = part.rest.len() / 2;
    let scope = if pairs > 0 { key_of(&part.id(pairs)) } else { key_of(&scope_id(part.scope)) };
    check_scope(context, part, pairs, &scope)?;
    if resource_type.computed {
        let request = context.request;
        return behaviour_of(kind).compute(&mut context.effects(), request, &scope, None);
    }
    if let Some(items) = behaviour_of(kind).list(context.view(), context.request, &scope) {
        return Ok(page_of(context, items?));
    }
    if resource_type.within.is_some() {
        return super::nested::answer(context, Target::new(parent_kind(kind)?, part, pairs), part);
    }
    let names = behaviour_of(kind).implicit_names();
    if !names.is_empty() {
        return Ok(page_of(context, with_implicit(context, kind, part, &scope, &names)));
    }
    let after = Page::start_after(context);
    let mut page = Page::new(context);
    let above = if resource_type.is_child() {
        format!("{scope}/{}", part.rest[pairs * 2].to_ascii_lowercase())
    } else {
        scope.to_string()
    };
    for (key, resource) in context.world.of_type_below(kind, &above, &after) {
        if resource.kind == kind && !page.push(key, || render(context.view(), resource)) {
            break;
        }
    }
    Ok(page.into_response(context))
}

fn parent_kind(kind: TypeIndex) -> Result<TypeIndex, ArmError> {
    let parent = CATALOG.get(kind).parent_name().and_then(|name| CATALOG.find(name));
    parent.ok_or_else(|| ArmError::gateway(404, "InvalidResourceType", "The type has no parent."))
}

fn check_scope(
    context: &Context<'_>,
    part: ProviderPart<'_>,
    pairs: usize,
    scope: &Key,
) -> Result<(), ArmError> {
    if let Some(group) = crate::resource_id::containers_of(&scope_id(part.scope)).1
        && !context.world.contains(&checks::group_key(scope))
    {
        return Err(resource_group_not_found(group));
    }
    if pairs > 0
        && !context.world.contains(scope)
        && let Some(kind) = CATALOG.find(&part.type_name(pairs))
        && CATALOG.get(kind).scope == Scope::ResourceGroup
    {
        return Err(checks::not_found(context, &Target::new(kind, part, pairs)));
    }
    Ok(())
}

/// Stored children together with those that exist without having been stored.
fn with_implicit(
    context: &Context<'_>,
    kind: TypeIndex,
    part: ProviderPart<'_>,
    parent: &Key,
    names: &[&'static str],
) -> Vec<(String, Value)> {
    let pairs = part.rest.len() / 2;
    let segment = &part.rest[pairs * 2];
    let mut items: Vec<(String, Value)> = names
        .iter()
        .filter_map(|name| {
            let key = key_of(&format!("{parent}/{segment}/{name}"));
            let target = Target {
                kind,
                key: key.clone(),
                name: (*name).to_owned(),
                parent: parent.clone(),
                group: None,
                scope: scope_id(part.scope),
            };
            let rendered = match context.world.get(&key) {
                Some(resource) => render_object(context.view(), resource),
                None => render_object(context.view(), &implicit_resource(context, &target)?),
            };
            Some((key.to_string(), Value::Object(rendered)))
        })
        .collect();
    items.sort_by(|left, right| left.0.cmp(&right.0));
    items
}

/// Answers `/resources` of a group or of the subscription: what is there, without properties.
pub(crate) fn all_resources(context: &mut Context<'_>) -> Result<Response, ArmError> {
    let segments = context.request.path.segments();
    let scope = key_of(&scope_id(&segments[..segments.len() - 1]));
    if segments.len() == 5 && !context.world.contains(&scope) {
        return Err(resource_group_not_found(&segments[3]));
    }
    let filter = context
        .request
        .query("$filter")
        .filter(|filter| !filter.is_empty())
        .map(Filter::parse)
        .transpose()?;
    let expand = context.request.query("$expand");
    let after = Page::start_after(context);
    let mut page = Page::new(context);
    let wanted = filter.as_ref().and_then(|filter| filter.required("resourcetype"));
    let mut push = |key: &Key, resource: &Resource| {
        if !is_listed(resource) || !filter.as_ref().is_none_or(|filter| passes(filter, resource)) {
            return true;
        }
        page.push(key, || render_summary(resource, expand).to_string())
    };
    match wanted.map(|name| CATALOG.find(name)) {
        Some(Some(kind)) => {
            for (key, resource) in context.world.of_type_below(kind, &scope, &after) {
                if !push(key, resource) {
                    break;
                }
            }
        }
        Some(None) => {}
        None => {
            let start = if after.is_empty() { format!("{scope}/") } else { after };
            for (key, resource) in context.world.below_after(&scope, &start) {
                if !push(key, resource) {
                    break;
                }
            }
        }
    }
    Ok(page.into_response(context))
}

fn is_listed(resource: &Resource) -> bool {
    let resource_type = CATALOG.get(resource.kind);
    resource_type.tracked
        && resource_type.location != LocationRule::None
        && resource_type.scope == Scope::ResourceGroup
}

fn passes(filter: &Filter, resource: &Resource) -> bool {
    let body = resource.body();
    let value_of = |name: &str| match name {
        "resourcetype" => Some(CATALOG.get(resource.kind).name.clone()),
        "name" => Some(resource.name().to_owned()),
        "location" => text_at(&body, &["location"]).map(crate::regions::normalize),
        "resourcegroup" => crate::resource_id::containers_of(&resource.id).1.map(str::to_owned),
        _ => None,
    };
    // `tagName eq 'a' and tagValue eq 'b'` speaks of one tag.
    if let Some(tag) = filter.required("tagname") {
        let tags = body.get("tags").and_then(Value::as_object);
        let found = tags.and_then(|tags| tags.iter().find(|(name, _)| name.to_lowercase() == tag));
        let value = filter.required("tagvalue");
        return found.is_some_and(|(_, found)| {
            value.is_none_or(|value| found.as_str().is_some_and(|found| found.to_lowercase() == value))
        });
    }
    filter.accepts(&value_of, &|_, _| true)
}
