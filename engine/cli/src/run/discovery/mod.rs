//! Configuration for everything that exists in a scope, with `import` blocks that take it over.

mod blocks;
mod groups;

use std::collections::btree_map::Entry as Place;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use terrane_model::{Diagnostic, Diagnostics, ResourceAddress, ResourceMode, Str};
use terrane_plan::{PlanMode, PlanOptions};
use terrane_provider::Discovered;

use self::blocks::Written;
use self::groups::{Entry, entries};
use super::Failure;
use super::configuration::prepare_configuration;
use super::generated_config::{Undeclared, import_all};
use super::planning::make_plan;
use crate::args::ParsedFlags;
use crate::context::Context;
use crate::project::load_project_with;
use crate::report::Report;
use crate::session::Session;

/// The file that the search's own blocks are read as; nothing of this name is written.
const SEARCHED: &str = "terrane-discovered-objects.tf";

/// What was written.
pub struct Discovery {
    /// How many objects the file has import blocks for.
    pub count: usize,
    /// Messages about what was left out.
    pub diagnostics: Diagnostics,
}

/// Finds everything in a scope that nothing manages yet, and writes a file of blocks for it.
///
/// # Errors
/// When the file is there already or cannot be written, and when the scope cannot be searched.
pub fn discover(
    context: &Context,
    flags: &ParsedFlags,
    report: &Arc<dyn Report>,
    scope: &str,
    path: &str,
) -> Result<Discovery, Failure> {
    let nowhere = |problem: Diagnostic| (Diagnostics::from(problem), Arc::default());
    if std::path::Path::new(path).exists() {
        let detail =
            format!("{path} exists already. Choose another file with -out, or move it out of the way.");
        return Err(nowhere(Diagnostic::error("File exists", detail)));
    }
    let options = PlanOptions {
        mode: PlanMode::RefreshOnly,
        skip_refresh: true,
        discover: Some(scope.into()),
        parallelism: 10,
        ..PlanOptions::default()
    };
    let mut planned = make_plan(context, flags, options, report, "import")?;
    let managed: BTreeSet<String> = managed_ids(&planned.plan.prior_state);
    let found: Vec<Discovered> = std::mem::take(&mut planned.discovered)
        .into_iter()
        .filter(|object| !managed.contains(object.id.to_lowercase().as_str()))
        .collect();
    let mut diagnostics = std::mem::take(&mut planned.diagnostics);
    diagnostics.extend(planned.session.unlock());
    drop(planned);
    let objects = addresses(found);
    if objects.is_empty() {
        return Ok(Discovery { count: 0, diagnostics });
    }
    let text = write(context, flags, &objects)?;
    std::fs::write(path, text).map_err(|error| {
        nowhere(Diagnostic::error("File cannot be written", format!("{path} cannot be written: {error}.")))
    })?;
    Ok(Discovery { count: objects.len(), diagnostics })
}

fn managed_ids(state: &terrane_state::StateSnapshot) -> BTreeSet<String> {
    let ids = state.objects().filter_map(|(.., object)| {
        let attributes: serde_json::Value = serde_json::from_str(&object.attributes).ok()?;
        Some(attributes.get("id")?.as_str()?.to_lowercase())
    });
    ids.collect()
}

/// Reads all objects and writes their blocks.
fn write(
    context: &Context,
    flags: &ParsedFlags,
    objects: &BTreeMap<ResourceAddress, Discovered>,
) -> Result<String, Failure> {
    let mut stubs = String::new();
    for (address, object) in objects {
        let _ = write!(
            stubs,
            "import {{\n  to = {address}\n  id = {}\n}}\nresource \"{}\" \"{}\" {{}}\n",
            blocks::quoted(&object.id),
            address.resource_type,
            address.name
        );
    }
    let loaded = prepare_configuration(context, flags, load_project_with(context, SEARCHED, &stubs)?)?;
    let sources = Arc::clone(&loaded.sources);
    let fail = |problems: Diagnostics| (problems, Arc::clone(&sources));
    let session = Session::find(context, flags).map_err(fail)?;
    let undeclared: Vec<Undeclared> =
        objects.keys().map(|address| Undeclared { address: address.clone(), provider: None }).collect();
    let state = terrane_state::StateSnapshot::default();
    let texts = import_all(context, loaded, &undeclared, &state, &session.workspace).map_err(fail)?;
    let written: Vec<Written> = texts
        .into_iter()
        .filter_map(|(address, text)| {
            let object = objects.get(&address)?;
            Some(Written::read(address, object.id.clone(), object.name.clone(), &text))
        })
        .collect();
    let mut text = String::new();
    for entry in entries(blocks::with_references(written)) {
        if !text.is_empty() {
            text.push('\n');
        }
        match entry {
            Entry::Single(block) => text.push_str(&block.text()),
            Entry::Group(group) => text.push_str(&group.text()),
        }
    }
    Ok(terrane_language::syntax::lay_out_source(&text))
}

/// Gives every object a name of its own.
fn addresses(objects: Vec<Discovered>) -> BTreeMap<ResourceAddress, Discovered> {
    let mut named = BTreeMap::new();
    // Where to go on counting for a type and name that were met before.
    let mut numbers: BTreeMap<(Str, String), usize> = BTreeMap::new();
    for object in objects {
        let base = identifier(&object.name);
        let number = numbers.entry((object.type_name.clone(), base.clone())).or_insert(0);
        let mut object = Some(object);
        while let Some(nameless) = object.take() {
            *number += 1;
            let name = if *number == 1 { base.clone() } else { format!("{base}_{number}") };
            let address = ResourceAddress {
                mode: ResourceMode::Managed,
                resource_type: nameless.type_name.clone(),
                name: Str::from(name.as_str()),
            };
            match named.entry(address) {
                Place::Vacant(place) => drop(place.insert(nameless)),
                Place::Occupied(_) => object = Some(nameless),
            }
        }
    }
    named
}

/// Turns a name into one that may stand in a configuration.
fn identifier(name: &str) -> String {
    let clean = |character: char| {
        if character.is_ascii_alphanumeric() { character.to_ascii_lowercase() } else { '_' }
    };
    let text: String = name.chars().map(clean).collect();
    let text = text.trim_matches('_');
    match text.chars().next() {
        Some(first) if first.is_ascii_alphabetic() => text.to_owned(),
        Some(_) => format!("n{text}"),
        None => "object".to_owned(),
    }
}
