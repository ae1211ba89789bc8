//! Everything that Azure says about one object: its body and the documents beside it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};
use terrane_model::Str;

use crate::table::body_path::{look_up, place, put, remove};
use crate::table::{BodyPath, BodyStep, PathRoot, ResourceTable};

/// The body of an object with its documents.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Documents {
    /// The object itself.
    pub(crate) body: Json,
    /// The others by name; absent ones do not exist or were not read.
    pub(crate) named: BTreeMap<Str, Json>,
    /// Path of the object, for references among its own parts.
    pub(crate) path: String,
    /// Documents that were left out: what is known of them stays.
    pub(crate) unread: BTreeSet<Str>,
    /// Whether the body is a line from the list of everything in a group: what such lines never say stays as it is
    /// known.
    pub(crate) is_summary: bool,
    touched: BTreeSet<Str>,
}

/// A place that other paths start from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cursor {
    document: Option<Str>,
    steps: Vec<BodyStep>,
}

impl Documents {
    /// Takes a body as Azure sent it.
    pub(crate) fn of(path: impl Into<String>, body: Json) -> Self {
        Self { body, path: path.into(), ..Self::default() }
    }

    /// Takes an object's line in the list of everything in its group.
    pub(crate) fn summary(table: &ResourceTable, path: impl Into<String>, line: Json) -> Self {
        let unread = table.documents.iter().map(|document| document.name.clone()).collect();
        Self { unread, is_summary: true, ..Self::of(path, line) }
    }

    /// Starts with an empty body.
    pub(crate) fn empty(path: impl Into<String>) -> Self {
        Self::of(path, Json::Object(Map::new()))
    }

    /// Returns what is at a path that starts at a place.
    pub(crate) fn get(&self, from: &Cursor, path: &BodyPath) -> Option<&Json> {
        let target = from.to(path);
        look_up(self.root(target.document.as_ref())?, &target.steps)
    }

    /// Returns what is at a path from the top.
    pub(crate) fn at(&self, path: &str) -> Option<&Json> {
        self.at_path(&BodyPath::parse(path)?)
    }

    /// Returns what is at a path from the top.
    pub(crate) fn at_path(&self, path: &BodyPath) -> Option<&Json> {
        self.get(&Cursor::default(), path)
    }

    /// Returns the text at a path from the top.
    pub(crate) fn text_at(&self, path: &str) -> Option<&str> {
        self.at(path)?.as_str()
    }

    /// Puts something at a path from the top.
    pub(crate) fn set(&mut self, path: &str, value: Json) {
        if let Some(path) = BodyPath::parse(path) {
            self.put(&Cursor::default().to(&path), value);
        }
    }

    /// Takes away what is at a path from the top.
    pub(crate) fn unset(&mut self, path: &str) {
        if let Some(path) = BodyPath::parse(path) {
            self.remove(&Cursor::default().to(&path));
        }
    }

    /// Returns the documents (not the body) that were written to.
    pub(crate) fn touched(&self) -> &BTreeSet<Str> {
        &self.touched
    }

    pub(crate) fn put(&mut self, target: &Cursor, value: Json) {
        put(self.root_for_writing(target), &target.steps, value);
    }

    pub(crate) fn remove(&mut self, target: &Cursor) {
        remove(self.root_for_writing(target), &target.steps);
    }

    /// Returns what is at a place, made if need be.
    pub(crate) fn place(&mut self, target: &Cursor) -> &mut Json {
        place(self.root_for_writing(target), &target.steps)
    }

    fn root(&self, document: Option<&Str>) -> Option<&Json> {
        document.map_or(Some(&self.body), |name| self.named.get(name))
    }

    fn root_for_writing(&mut self, target: &Cursor) -> &mut Json {
        match &target.document {
            None => &mut self.body,
            Some(name) => {
                self.touched.insert(name.clone());
                self.named.entry(name.clone()).or_insert_with(|| Json::Object(Map::new()))
            }
        }
    }
}

impl Cursor {
    /// Tells whether the place is in another document than the body.
    pub(crate) fn is_beside_body(&self) -> bool {
        self.document.is_some()
    }

    /// Returns the place that a path leads to from here.
    pub(crate) fn to(&self, path: &BodyPath) -> Self {
        match &path.root {
            PathRoot::Here => self.below(&path.steps),
            PathRoot::Body => Self { document: None, steps: path.steps.clone() },
            PathRoot::Document(name) => Self { document: Some(name.clone()), steps: path.steps.clone() },
        }
    }

    /// Returns the place further down.
    pub(crate) fn below(&self, steps: &[BodyStep]) -> Self {
        Self { document: self.document.clone(), steps: self.steps.iter().chain(steps).cloned().collect() }
    }

    /// Returns the place of an element.
    pub(crate) fn element(&self, index: usize, inside: &[BodyStep]) -> Self {
        let mut cursor = self.below(&[BodyStep::Index(index)]);
        cursor.steps.extend_from_slice(inside);
        cursor
    }
}
