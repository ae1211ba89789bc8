//! Objects of a schema to one tree of differences: the schema says what is a block and what an attribute.

use std::borrow::Cow;

use terrane_model::{
    Attribute, AttributeKind, Block, NestedAttributes, NestedBlock, Nesting, Str, Type, Value,
};

use super::action::DiffAction;
use super::align::Step;
use super::compare::{
    Body, Diff, ElementStyle, EntryStyle, by_position, compare_typed, match_elements, parts_action,
    sensitive_diff,
};
use super::node::Node;
use super::paths::Paths;

/// The difference of a block's contents.
#[derive(Debug)]
pub struct BlockDiff<'v> {
    /// Attributes by name; those that are null on both sides are left out.
    pub(super) attributes: Vec<(Cow<'v, str>, Diff<'v>)>,
    /// Nested blocks by type.
    pub(super) blocks: Vec<(Cow<'v, str>, BlocksDiff<'v>)>,
}

/// The difference of all nested blocks of one type.
#[derive(Debug)]
pub struct BlocksDiff<'v> {
    /// Each block with its label, where it has one.
    pub(super) blocks: Vec<(Option<Cow<'v, str>>, Diff<'v>)>,
    /// Whether the blocks as a whole are never shown, before and after.
    pub(super) sensitive: (bool, bool),
    /// Whether it is not known yet how many blocks there will be.
    pub(super) unknown: bool,
    /// Whether the whole object is replaced because of these blocks as a whole.
    pub(super) forces_replacement: bool,
}

/// What of an object is of interest.
#[derive(Debug, Clone)]
pub struct Interest<'p> {
    /// Parts whose change forces a replacement.
    pub replace: Paths<'p>,
    /// Parts whose change is shown.
    pub relevant: Paths<'p>,
}

impl Interest<'_> {
    fn name(&self, name: &str) -> Self {
        let Self { replace, relevant } = self;
        Interest { replace: replace.name(name), relevant: relevant.name(name).spreading() }
    }

    fn position(&self, position: usize) -> Self {
        Interest { replace: self.replace.position(position), relevant: Paths::All }
    }

    fn inside_set(&self) -> Self {
        Interest { replace: Paths::NONE, relevant: Paths::All }
    }
}

/// One side of a comparison: a value, and whether it is never shown. Null is no value.
#[derive(Clone, Copy)]
struct Side<'v> {
    value: Option<&'v Value>,
    sensitive: bool,
}

impl<'v> Side<'v> {
    const NOTHING: Self = Self { value: None, sensitive: false };

    fn of(value: Option<&'v Value>) -> Self {
        let marks = value.map(Value::marks).unwrap_or_default();
        Self {
            value: value.map(Value::unmarked).filter(|value| !value.is_null()),
            sensitive: marks.is_sensitive() || marks.is_ephemeral(),
        }
    }

    fn shown(self) -> Self {
        Self { sensitive: false, ..self }
    }

    fn attribute(self, name: &str) -> Self {
        Self::of(self.value.and_then(|value| value.get(name)))
    }

    fn elements(self) -> &'v [Value] {
        self.value.and_then(Value::as_sequence).unwrap_or_default()
    }

    fn entries(self) -> &'v [(Str, Value)] {
        self.value.and_then(Value::as_entries).unwrap_or_default()
    }

    fn is_unknown(self) -> bool {
        self.value.is_some_and(|value| !value.is_known())
    }
}

/// Compares two objects of a schema. Null is absence.
pub fn compare_block<'v>(
    before: &'v Value,
    after: &'v Value,
    block: &'v Block,
    interest: &Interest<'_>,
) -> Diff<'v> {
    let empty = if can_tell_empty_from_null(block) { Empty::IsText } else { Empty::IsNull };
    block_diff(Side::of(Some(before)), Side::of(Some(after)), block, interest, empty)
}

/// What an empty text means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Empty {
    /// What it says.
    IsText,
    /// That the attribute is not set: providers made with the old SDK cannot tell the one from the other.
    IsNull,
}

/// Tells whether a schema has parts that the old SDK cannot make.
fn can_tell_empty_from_null(block: &Block) -> bool {
    let is_new_type = |ty: &Type| matches!(ty, Type::Object(_) | Type::Tuple(_)) || ty.has_dynamic();
    let is_new_attribute = |attribute: &Attribute| match &attribute.kind {
        AttributeKind::Nested(_) => true,
        AttributeKind::Plain(ty) => is_new_type(ty),
    };
    let is_new_block = |nested: &NestedBlock| {
        matches!(nested.nesting, Nesting::Map | Nesting::Group) || can_tell_empty_from_null(&nested.block)
    };
    block.attributes().iter().any(|(_, attribute)| is_new_attribute(attribute))
        || block.block_types().iter().any(|(_, nested)| is_new_block(nested))
}

fn block_diff<'v>(
    before: Side<'v>,
    after: Side<'v>,
    block: &'v Block,
    interest: &Interest<'_>,
    empty: Empty,
) -> Diff<'v> {
    if before.sensitive || after.sensitive {
        let inner = block_diff(before.shown(), after.shown(), block, interest, empty);
        return sensitive_diff(&inner, before.sensitive, after.sensitive, &interest.replace);
    }
    let presence = DiffAction::of_presence(before.value.is_some(), after.value.is_some());
    let mut action = presence;
    let mut attributes = Vec::new();
    for (name, attribute) in block.attributes() {
        let interest = interest.name(name);
        let left = before.attribute(name);
        let right = relevant_side(left, after.attribute(name), &interest);
        let diff = if attribute.write_only {
            write_only_diff(attribute, presence)
        } else if left.value.is_none() && right.value.is_none() {
            continue;
        } else if empty == Empty::IsNull {
            attribute_diff(not_empty(left), not_empty(right), attribute, &interest)
        } else {
            attribute_diff(left, right, attribute, &interest)
        };
        action = action.with_part(diff.action);
        attributes.push((Cow::Borrowed(name.as_str()), diff));
    }
    let mut blocks = Vec::new();
    for (name, nested) in block.block_types() {
        let interest = interest.name(name);
        let left = before.attribute(name);
        let right = relevant_side(left, after.attribute(name), &interest);
        let unknown =
            right.is_unknown() && matches!(nested.nesting, Nesting::List | Nesting::Set | Nesting::Map);
        let right = if unknown { Side { value: None, ..right } } else { right };
        let diffs = BlocksDiff { unknown, ..nested_blocks(left, right, nested, &interest) };
        let presence = DiffAction::of_presence(left.value.is_some(), right.value.is_some());
        let blocks_action = match nested.nesting {
            Nesting::Single | Nesting::Group => DiffAction::NoOp,
            _ => presence,
        };
        action = action.with_part(parts_action(blocks_action, diffs.blocks.iter().map(|(_, diff)| diff)));
        if left.value.is_some() || right.value.is_some() || unknown {
            blocks.push((Cow::Borrowed(name.as_str()), diffs));
        }
    }
    let body = Body::Block(BlockDiff { attributes, blocks });
    Diff { action, forces_replacement: interest.replace.is_here(), body }
}

/// What is not of interest looks as if it had not changed.
fn relevant_side<'v>(before: Side<'v>, after: Side<'v>, interest: &Interest<'_>) -> Side<'v> {
    if interest.relevant.is_here_or_below() { after } else { before }
}

fn not_empty(side: Side<'_>) -> Side<'_> {
    let is_empty = matches!(side.value, Some(Value::String(text)) if text.is_empty());
    if is_empty { Side { value: None, ..side } } else { side }
}

/// What is stored nowhere comes and goes with its object.
fn write_only_diff<'v>(attribute: &Attribute, presence: DiffAction) -> Diff<'v> {
    let body = Body::WriteOnly { sensitive: attribute.sensitive };
    Diff { action: presence, forces_replacement: false, body }
}

fn attribute_diff<'v>(
    before: Side<'v>,
    after: Side<'v>,
    attribute: &'v Attribute,
    interest: &Interest<'_>,
) -> Diff<'v> {
    match &attribute.kind {
        _ if attribute.write_only => {
            let action = DiffAction::of_presence(before.value.is_some(), after.value.is_some());
            Diff {
                action,
                forces_replacement: false,
                body: Body::WriteOnly { sensitive: attribute.sensitive },
            }
        }
        AttributeKind::Nested(nested) => nested_diff(before, after, nested, interest),
        AttributeKind::Plain(ty) => plain_diff(before, after, ty, attribute.sensitive, interest),
    }
}

fn plain_diff<'v>(
    before: Side<'v>,
    after: Side<'v>,
    ty: &Type,
    is_sensitive: bool,
    interest: &Interest<'_>,
) -> Diff<'v> {
    // What the schema calls sensitive is marked already; this is for values that come without marks.
    let sensitive = |side: Side<'_>| side.sensitive || (is_sensitive && side.value.is_some());
    let diff = if *ty == Type::Dynamic && !after.is_unknown() {
        // Of values of any type, Terraform does not say it.
        compare_typed(before.value, after.value, ty, &Paths::NONE)
    } else {
        compare_typed(before.value, after.value, ty, &interest.replace)
    };
    if sensitive(before) || sensitive(after) {
        return sensitive_diff(&diff, sensitive(before), sensitive(after), &interest.replace);
    }
    diff
}

/// Compares attributes that consist of objects with schemas of their own.
fn nested_diff<'v>(
    before: Side<'v>,
    after: Side<'v>,
    nested: &'v NestedAttributes,
    interest: &Interest<'_>,
) -> Diff<'v> {
    if before.sensitive || after.sensitive {
        let inner = nested_diff(before.shown(), after.shown(), nested, interest);
        return sensitive_diff(&inner, before.sensitive, after.sensitive, &interest.replace);
    }
    if after.is_unknown() {
        return nested_to_unknown(before, after, nested, interest);
    }
    let presence = DiffAction::of_presence(before.value.is_some(), after.value.is_some());
    let object = |before, after, interest: &Interest<'_>| {
        nested_object(Side::of(before), Side::of(after), &nested.block, interest)
    };
    let (action, body) = match nested.nesting {
        Nesting::Single | Nesting::Group => {
            return nested_object(before, after, &nested.block, interest);
        }
        Nesting::List | Nesting::Set => {
            let (elements, style) = if nested.nesting == Nesting::List {
                (positions(before, after, interest, object), ElementStyle::NestedList)
            } else {
                (set_elements(before, after, &nested.block, interest, object), ElementStyle::NestedSet)
            };
            (parts_action(presence, &elements), Body::Elements { elements, style })
        }
        Nesting::Map => {
            let entries = keys(before, after, interest, object);
            let action = parts_action(presence, entries.iter().map(|(_, entry)| entry));
            (action, Body::Entries { entries, style: EntryStyle::NestedMap })
        }
    };
    Diff { action, forces_replacement: interest.replace.is_here(), body }
}

fn nested_object<'v>(
    before: Side<'v>,
    after: Side<'v>,
    block: &'v Block,
    interest: &Interest<'_>,
) -> Diff<'v> {
    if before.sensitive || after.sensitive {
        let inner = nested_object(before.shown(), after.shown(), block, interest);
        return sensitive_diff(&inner, before.sensitive, after.sensitive, &interest.replace);
    }
    if after.is_unknown() {
        let before = before.value.map(|_| Box::new(object_to_unknown(before, after, block, interest)));
        return to_unknown(before, interest);
    }
    let presence = DiffAction::of_presence(before.value.is_some(), after.value.is_some());
    let mut action = presence;
    let mut entries = Vec::new();
    for (name, attribute) in block.attributes() {
        let interest = interest.name(name);
        let left = before.attribute(name);
        let right = relevant_side(left, after.attribute(name), &interest);
        let diff = if attribute.write_only {
            write_only_diff(attribute, presence)
        } else if left.value.is_none() && right.value.is_none() {
            continue;
        } else {
            attribute_diff(left, right, attribute, &interest)
        };
        action = action.with_part(diff.action);
        entries.push((Cow::Borrowed(name.as_str()), diff));
    }
    let body = Body::Entries { entries, style: EntryStyle::NestedObject };
    Diff { action, forces_replacement: interest.replace.is_here(), body }
}

fn nested_to_unknown<'v>(
    before: Side<'v>,
    after: Side<'v>,
    nested: &'v NestedAttributes,
    interest: &Interest<'_>,
) -> Diff<'v> {
    if matches!(nested.nesting, Nesting::Single | Nesting::Group) {
        return nested_object(before, after, &nested.block, interest);
    }
    let gone = before.value.map(|_| Box::new(nested_diff(before, Side::NOTHING, nested, interest)));
    to_unknown(gone, interest)
}

/// The attributes of an object that is not known yet are not known either.
fn object_to_unknown<'v>(
    before: Side<'v>,
    after: Side<'v>,
    block: &'v Block,
    interest: &Interest<'_>,
) -> Diff<'v> {
    let entries = block.attributes().iter().map(|(name, attribute)| {
        let diff = attribute_diff(before.attribute(name), after, attribute, &interest.name(name));
        (Cow::Borrowed(name.as_str()), diff)
    });
    let body = Body::Entries { entries: entries.collect(), style: EntryStyle::NestedObject };
    Diff { action: DiffAction::Update, forces_replacement: false, body }
}

fn to_unknown<'v>(before: Option<Box<Diff<'v>>>, interest: &Interest<'_>) -> Diff<'v> {
    let action = if before.is_some() { DiffAction::Update } else { DiffAction::Create };
    Diff { action, forces_replacement: interest.replace.is_here(), body: Body::Unknown { before } }
}

/// Compares all nested blocks of one type.
fn nested_blocks<'v>(
    before: Side<'v>,
    after: Side<'v>,
    nested: &'v NestedBlock,
    interest: &Interest<'_>,
) -> BlocksDiff<'v> {
    let block = |before, after, interest: &Interest<'_>| {
        block_diff(Side::of(before), Side::of(after), &nested.block, interest, Empty::IsNull)
    };
    let unlabelled = |diffs: Vec<Diff<'v>>| diffs.into_iter().map(|diff| (None, diff)).collect();
    let blocks = match nested.nesting {
        Nesting::Single | Nesting::Group => {
            vec![(None, block_diff(before, after, &nested.block, interest, Empty::IsNull))]
        }
        Nesting::List => unlabelled(positions(before, after, interest, block)),
        Nesting::Set => unlabelled(set_elements(before, after, &nested.block, interest, block)),
        Nesting::Map => {
            let blocks = keys(before, after, interest, block);
            blocks.into_iter().map(|(key, diff)| (Some(key), diff)).collect()
        }
    };
    BlocksDiff {
        blocks,
        sensitive: (before.sensitive, after.sensitive),
        unknown: false,
        forces_replacement: interest.replace.is_here(),
    }
}

fn positions<'v>(
    before: Side<'v>,
    after: Side<'v>,
    interest: &Interest<'_>,
    compare: impl Fn(Option<&'v Value>, Option<&'v Value>, &Interest<'_>) -> Diff<'v>,
) -> Vec<Diff<'v>> {
    let (left, right) = (before.elements(), after.elements());
    let steps = by_position(left.len(), right.len()).into_iter().enumerate();
    let diffs = steps.map(|(position, step)| {
        let interest = interest.position(position);
        match step {
            Step::Both(..) => compare(left.get(position), right.get(position), &interest),
            Step::Before(_) => compare(left.get(position), None, &interest),
            Step::After(_) => compare(None, right.get(position), &interest),
        }
    });
    diffs.collect()
}

fn set_elements<'v>(
    before: Side<'v>,
    after: Side<'v>,
    block: &Block,
    interest: &Interest<'_>,
    compare: impl Fn(Option<&'v Value>, Option<&'v Value>, &Interest<'_>) -> Diff<'v>,
) -> Vec<Diff<'v>> {
    let identity = |element: &Value| Node::of_value(element, block.implied_type()).identity();
    let pairs = match_elements(before.elements(), after.elements(), identity);
    pairs.into_iter().map(|(before, after)| compare(before, after, &interest.inside_set())).collect()
}

fn keys<'v>(
    before: Side<'v>,
    after: Side<'v>,
    interest: &Interest<'_>,
    compare: impl Fn(Option<&'v Value>, Option<&'v Value>, &Interest<'_>) -> Diff<'v>,
) -> Vec<(Cow<'v, str>, Diff<'v>)> {
    let mut names: Vec<&'v Str> =
        before.entries().iter().chain(after.entries()).map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    let find = |side: Side<'v>, name: &str| side.value.and_then(|value| value.get(name));
    let diffs = names.into_iter().map(|name| {
        let diff = compare(find(before, name), find(after, name), &interest.name(name));
        (Cow::Borrowed(name.as_str()), diff)
    });
    diffs.collect()
}
