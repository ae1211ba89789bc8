//! Two values to one tree of differences.

use std::borrow::Cow;

use rustc_hash::FxHashSet;
use terrane_model::{Type, Value};

use super::action::DiffAction;
use super::align::{Step, align};
use super::block::BlockDiff;
use super::node::{Alignment, Entry, Kind, Node, Nulls};
use super::paths::Paths;

/// What happens to one part of an object.
#[derive(Debug)]
pub struct Diff<'v> {
    /// In one word.
    pub action: DiffAction,
    /// Whether the whole object is replaced because of this part.
    pub(super) forces_replacement: bool,
    /// In detail.
    pub(super) body: Body<'v>,
}

/// The difference in detail.
#[derive(Debug)]
pub enum Body<'v> {
    /// Of truth values, numbers and nulls, as they are written.
    Plain { before: Cow<'v, str>, after: Cow<'v, str> },
    /// Of texts; nothing stands for null.
    Text { before: Option<Cow<'v, str>>, after: Option<Cow<'v, str>> },
    /// The value after is not known yet.
    Unknown { before: Option<Box<Diff<'v>>> },
    /// The value is never shown.
    Sensitive(Sensitive),
    /// The value is stored nowhere.
    WriteOnly { sensitive: bool },
    /// Of lists and sets.
    Elements { elements: Vec<Diff<'v>>, style: ElementStyle },
    /// Of maps and objects.
    Entries { entries: Vec<(Cow<'v, str>, Diff<'v>)>, style: EntryStyle },
    /// One value becomes one of another kind.
    Kinds { before: Box<Diff<'v>>, after: Box<Diff<'v>> },
    /// Of blocks of a schema.
    Block(BlockDiff<'v>),
}

/// What may be said of a value that is never shown.
#[derive(Debug, Clone, Copy)]
pub struct Sensitive {
    /// Whether it was sensitive before.
    pub(super) before: bool,
    /// Whether it will be.
    pub(super) after: bool,
    /// Whether the value itself stays.
    pub(super) unchanged: bool,
    /// Whether it is a nested block.
    pub(super) block: bool,
}

/// How lists and sets are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElementStyle {
    /// With one unchanged element around changed ones, so that they can be found.
    List,
    /// Only what changes.
    Set,
    /// As lists, of objects with schemas of their own.
    NestedList,
    /// As sets, of objects with schemas of their own.
    NestedSet,
}

/// How maps and objects are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryStyle {
    Map,
    Object,
    /// A map of objects with schemas of their own.
    NestedMap,
    /// An object with a schema of its own.
    NestedObject,
}

/// Compares two values without a declared type, such as outputs. Nothing stands for absence.
pub fn compare_values<'v>(before: Option<&'v Value>, after: Option<&'v Value>) -> Diff<'v> {
    compare_typed(before, after, &Type::Dynamic, &Paths::NONE)
}

/// Compares an output before and after. Nothing stands for absence.
pub fn compare_output<'v>(before: Option<&'v Value>, after: Option<&'v Value>, sensitive: bool) -> Diff<'v> {
    let diff = compare_values(before, after);
    if sensitive { sensitive_diff(&diff, true, true, &Paths::NONE) } else { diff }
}

/// Takes a value of its own type as it is.
pub fn unchanged(value: &Value, sensitive: bool) -> Diff<'_> {
    let present = Some(value).filter(|value| !value.is_null());
    let diff = compare_typed(present, present, &value.ty(), &Paths::NONE);
    if sensitive { sensitive_diff(&diff, true, true, &Paths::NONE) } else { diff }
}

/// Compares two values of a declared type. Nothing stands for absence.
pub(super) fn compare_typed<'v>(
    before: Option<&'v Value>,
    after: Option<&'v Value>,
    declared: &Type,
    replace: &Paths<'_>,
) -> Diff<'v> {
    let before = before.map(|value| Node::of_value(value, declared));
    let after = after.map(|value| Node::of_value(value, declared));
    Comparison { show_marks: true }.nodes(before.as_ref(), after.as_ref(), replace)
}

/// Compares JSON texts. Nothing stands for a text that is not there.
pub(super) fn compare_json<'v>(before: Option<&Node<'v>>, after: Option<&Node<'v>>) -> Diff<'v> {
    Comparison { show_marks: true }.nodes(before, after, &Paths::NONE)
}

#[derive(Clone, Copy)]
struct Comparison {
    /// Whether what is sensitive is treated as such; off where only the action is asked for.
    show_marks: bool,
}

impl Comparison {
    fn nodes<'v>(self, before: Option<&Node<'v>>, after: Option<&Node<'v>>, replace: &Paths<'_>) -> Diff<'v> {
        let is_sensitive = |node: Option<&Node<'v>>| node.is_some_and(|node| node.sensitive);
        let (before_sensitive, after_sensitive) = (is_sensitive(before), is_sensitive(after));
        if self.show_marks && (before_sensitive || after_sensitive) {
            let inner = Self { show_marks: false }.nodes(before, after, replace);
            return sensitive_diff(&inner, before_sensitive, after_sensitive, replace);
        }
        if after.is_some_and(|node| node.kind == Kind::Unknown) {
            return self.to_unknown(before, replace);
        }
        match (before, after) {
            (Some(left), Some(right)) if !same_kind(&left.kind, &right.kind) => Diff {
                action: DiffAction::Update,
                forces_replacement: replace.is_here(),
                body: Body::Kinds {
                    before: Box::new(self.nodes(before, None, &Paths::NONE)),
                    after: Box::new(self.nodes(None, after, &Paths::NONE)),
                },
            },
            _ => self.same_kinds(before, after, replace),
        }
    }

    fn to_unknown<'v>(self, before: Option<&Node<'v>>, replace: &Paths<'_>) -> Diff<'v> {
        let action = if before.is_some() { DiffAction::Update } else { DiffAction::Create };
        let before = before.map(|before| Box::new(self.nodes(Some(before), None, &Paths::NONE)));
        Diff { action, forces_replacement: replace.is_here(), body: Body::Unknown { before } }
    }

    /// Compares two nodes of one kind; one of them may be absent or null.
    fn same_kinds<'v>(
        self,
        before: Option<&Node<'v>>,
        after: Option<&Node<'v>>,
        replace: &Paths<'_>,
    ) -> Diff<'v> {
        let kinds = (before.map(|node| &node.kind), after.map(|node| &node.kind));
        let presence = DiffAction::of_presence(before.is_some(), after.is_some());
        let shape = match kinds {
            (None | Some(Kind::Null { .. }), Some(kind)) | (Some(kind), _) => kind,
            (None, None) => &Kind::Null { typed: true },
        };
        let (action, body) = match shape {
            Kind::List(_, alignment) => {
                let elements = self.aligned(elements(kinds.0), elements(kinds.1), *alignment, replace);
                (parts_action(presence, &elements), Body::Elements { elements, style: ElementStyle::List })
            }
            Kind::Set(_) => {
                let elements = self.matched(elements(kinds.0), elements(kinds.1));
                (parts_action(presence, &elements), Body::Elements { elements, style: ElementStyle::Set })
            }
            Kind::Map(_) => {
                let entries = self.entries(kinds.0, kinds.1, Nulls::Values, replace);
                let action = parts_action(presence, entries.iter().map(|(_, entry)| entry));
                (action, Body::Entries { entries, style: EntryStyle::Map })
            }
            Kind::Object(_, nulls) => {
                let entries = self.entries(kinds.0, kinds.1, *nulls, replace);
                let action = parts_action(presence, entries.iter().map(|(_, entry)| entry));
                (action, Body::Entries { entries, style: EntryStyle::Object })
            }
            _ => leaf(kinds.0, kinds.1, presence),
        };
        Diff { action, forces_replacement: replace.is_here(), body }
    }

    fn aligned<'v>(
        self,
        before: &[Node<'v>],
        after: &[Node<'v>],
        alignment: Alignment,
        replace: &Paths<'_>,
    ) -> Vec<Diff<'v>> {
        let steps = aligned(before, after, alignment);
        let compare = |step| match step {
            Step::Both(left, right) => {
                self.nodes(before.get(left), after.get(right), &replace.position(left))
            }
            Step::Before(left) => self.nodes(before.get(left), None, &replace.position(left)),
            Step::After(right) => self.nodes(None, after.get(right), &replace.position(right)),
        };
        steps.into_iter().map(compare).collect()
    }

    /// Elements of sets have no place: each is there or not.
    fn matched<'v>(self, before: &[Node<'v>], after: &[Node<'v>]) -> Vec<Diff<'v>> {
        match_elements(before, after, Node::identity)
            .into_iter()
            .map(|(before, after)| self.nodes(before, after, &Paths::NONE))
            .collect()
    }

    fn entries<'v>(
        self,
        before: Option<&Kind<'v>>,
        after: Option<&Kind<'v>>,
        nulls: Nulls,
        replace: &Paths<'_>,
    ) -> Vec<(Cow<'v, str>, Diff<'v>)> {
        let mut diffs = Vec::new();
        for (name, before, after) in joined(entries(before), entries(after)) {
            let visible = |node: Option<&'_ Node<'v>>| match nulls {
                Nulls::Absent => node.is_some_and(|node| !node.is_null()),
                Nulls::Values => node.is_some(),
            };
            let (is_before, is_after) = (visible(before), visible(after));
            if !is_before && !is_after {
                continue;
            }
            let before = before.filter(|_| is_before);
            let after = after.filter(|_| is_after);
            diffs.push((name.clone(), self.nodes(before, after, &replace.name(name))));
        }
        diffs
    }
}

/// Lines the elements of two lists up.
fn aligned(before: &[Node<'_>], after: &[Node<'_>], alignment: Alignment) -> Vec<Step> {
    let identities = |nodes: &[Node<'_>]| nodes.iter().map(Node::identity).collect::<Vec<String>>();
    let (left, right) = (identities(before), identities(after));
    // Where a list keeps its length although one of its values is gone, each element has changed in its place.
    // Otherwise elements were added, removed or moved.
    let is_replaced = left.len() == right.len() && {
        let kept: FxHashSet<&String> = right.iter().collect();
        left.iter().any(|element| !kept.contains(element))
    };
    if is_replaced || alignment == Alignment::Position {
        return by_position(left.len(), right.len());
    }
    align(&left, &right, |left, right| match alignment {
        Alignment::ContentThenPlace => true,
        Alignment::ContentThenPlaceOfObjects => before[left].is_object() && after[right].is_object(),
        Alignment::Content | Alignment::Position => false,
    })
}

/// Makes the difference of something that is never shown from the difference that it really is.
pub(super) fn sensitive_diff<'v>(
    inner: &Diff<'_>,
    before: bool,
    after: bool,
    replace: &Paths<'_>,
) -> Diff<'v> {
    let unchanged = inner.action == DiffAction::NoOp;
    let action = if unchanged && before != after { DiffAction::Update } else { inner.action };
    let block = matches!(inner.body, Body::Block(_));
    let body = Body::Sensitive(Sensitive { before, after, unchanged, block });
    Diff { action, forces_replacement: replace.is_here(), body }
}

/// Pairs elements of sets by their identities: first those of the set before with their equals, then the rest.
pub(super) fn match_elements<'n, N>(
    before: &'n [N],
    after: &'n [N],
    identity: impl Fn(&N) -> String,
) -> Vec<(Option<&'n N>, Option<&'n N>)> {
    let mut unmatched: std::collections::BTreeMap<String, Vec<usize>> = std::collections::BTreeMap::new();
    for (position, element) in after.iter().enumerate().rev() {
        unmatched.entry(identity(element)).or_default().push(position);
    }
    let mut pairs = Vec::with_capacity(before.len().max(after.len()));
    let mut is_matched = vec![false; after.len()];
    for element in before {
        let partner = unmatched.get_mut(&identity(element)).and_then(Vec::pop);
        if let Some(partner) = partner {
            is_matched[partner] = true;
        }
        pairs.push((Some(element), partner.map(|partner| &after[partner])));
    }
    let left = after.iter().zip(is_matched).filter(|(_, is_matched)| !is_matched);
    pairs.extend(left.map(|(element, _)| (None, Some(element))));
    pairs
}

/// Pairs elements that stand at the same position.
pub(super) fn by_position(before: usize, after: usize) -> Vec<Step> {
    let step = |position| match (position < before, position < after) {
        (true, true) => Step::Both(position, position),
        (true, false) => Step::Before(position),
        _ => Step::After(position),
    };
    (0..before.max(after)).map(step).collect()
}

/// Returns the action of a whole from those of its parts.
pub(super) fn parts_action<'d, 'v: 'd>(
    presence: DiffAction,
    parts: impl IntoIterator<Item = &'d Diff<'v>>,
) -> DiffAction {
    parts.into_iter().fold(presence, |action, part| action.with_part(part.action))
}

fn leaf<'v>(
    before: Option<&Kind<'v>>,
    after: Option<&Kind<'v>>,
    presence: DiffAction,
) -> (DiffAction, Body<'v>) {
    let is_text = |kind: Option<&Kind<'v>>| matches!(kind, Some(Kind::Text(_)));
    let action = if presence == DiffAction::NoOp && before != after { DiffAction::Update } else { presence };
    if is_text(before) || is_text(after) {
        let text = |kind: Option<&Kind<'v>>| match kind {
            Some(Kind::Text(text)) => Some(text.clone()),
            _ => None,
        };
        return (action, Body::Text { before: text(before), after: text(after) });
    }
    let plain = |kind: Option<&Kind<'v>>| match kind {
        Some(Kind::Bool(bool)) => Cow::Borrowed(if *bool { "true" } else { "false" }),
        Some(Kind::Number(number)) => number.clone(),
        _ => Cow::Borrowed("null"),
    };
    (action, Body::Plain { before: plain(before), after: plain(after) })
}

/// Tells whether values of two kinds are compared part by part. A null of a declared type is of every kind.
fn same_kind(left: &Kind<'_>, right: &Kind<'_>) -> bool {
    let is_typed_null = |kind: &Kind<'_>| *kind == Kind::Null { typed: true };
    is_typed_null(left)
        || is_typed_null(right)
        || std::mem::discriminant(left) == std::mem::discriminant(right)
}

fn elements<'n, 'v>(kind: Option<&'n Kind<'v>>) -> &'n [Node<'v>] {
    match kind {
        Some(Kind::List(elements, _) | Kind::Set(elements)) => elements,
        _ => &[],
    }
}

fn entries<'n, 'v>(kind: Option<&'n Kind<'v>>) -> &'n [Entry<'v>] {
    match kind {
        Some(Kind::Map(entries) | Kind::Object(entries, _)) => entries,
        _ => &[],
    }
}

/// A name with what is under it on either side.
type Joined<'n, 'v> = (&'n Cow<'v, str>, Option<&'n Node<'v>>, Option<&'n Node<'v>>);

/// Goes through two sorted lists of entries by name.
fn joined<'n, 'v>(before: &'n [Entry<'v>], after: &'n [Entry<'v>]) -> Vec<Joined<'n, 'v>> {
    let mut joined = Vec::with_capacity(before.len().max(after.len()));
    let (mut left, mut right) = (before.iter().peekable(), after.iter().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return joined,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some((a, _)), Some((b, _))) => a.cmp(b),
        };
        let before = if order.is_le() { left.next() } else { None };
        let after = if order.is_ge() { right.next() } else { None };
        if let Some((name, _)) = before.or(after) {
            joined.push((name, before.map(|(_, node)| node), after.map(|(_, node)| node)));
        }
    }
}
