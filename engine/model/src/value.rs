//! Values of the language, with unknowns and marks inside them.
//!
//! A value is immutable and cheap to clone. It has no `Display`, and its `Debug` hides what is marked
//! sensitive: only the views of the command line turn values into text.

use std::sync::{Arc, OnceLock};

use unicode_normalization::{UnicodeNormalization, is_nfc_quick};

use crate::type_system::{ObjectType, sort_unique};
use crate::unknown::{Refinement, Unknown};
use crate::{Marks, Number, Str, Type, set_order};

/// The longest list that is written out when nothing but its length is known.
const WRITTEN_OUT_MAX: usize = 1024;

/// A value of any type.
#[derive(Clone)]
pub enum Value {
    /// No value, of a type.
    Null(Type),
    /// Not known yet.
    Unknown(Arc<Unknown>),
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text in NFC.
    String(Str),
    /// Elements of one type, in order.
    List(Arc<ListValue>),
    /// Unique elements of one type.
    Set(Arc<SetValue>),
    /// Elements of one type by key.
    Map(Arc<MapValue>),
    /// Elements of a type each, in order.
    Tuple(Arc<TupleValue>),
    /// Attributes of a type each, by name.
    Object(Arc<ObjectValue>),
    /// A value with marks; marks are never empty, and the inner value is not marked itself.
    Marked(Arc<MarkedValue>),
}

/// The highest value that can be stored or handed to a provider; see [`Value::height`].
///
/// Whatever walks through values may use the call stack for each level.
pub const VALUE_HEIGHT_MAX: usize = 500;

/// What lies anywhere inside a value, noted when it is made so that asking costs nothing.
#[derive(Clone, Copy, Default)]
struct Contents {
    marks: Marks,
    has_unknown: bool,
    height: u32,
}

impl Contents {
    fn of<'a>(parts: impl IntoIterator<Item = &'a Value>) -> Self {
        parts.into_iter().fold(Self::default(), |all, part| {
            let part = part.contents();
            Self {
                marks: all.marks | part.marks,
                has_unknown: all.has_unknown || part.has_unknown,
                height: all.height.max(part.height.saturating_add(1)),
            }
        })
    }
}

/// The inside of [`Value::List`].
#[derive(Clone)]
pub struct ListValue {
    element_type: Type,
    elements: Vec<Value>,
    contents: Contents,
}

/// The inside of [`Value::Set`]: unique elements in the order of iteration.
#[derive(Clone)]
pub struct SetValue {
    element_type: Type,
    elements: Vec<Value>,
    contents: Contents,
}

/// The inside of [`Value::Map`].
#[derive(Clone)]
pub struct MapValue {
    element_type: Type,
    entries: Vec<(Str, Value)>,
    contents: Contents,
}

/// The inside of [`Value::Tuple`].
#[derive(Clone)]
pub struct TupleValue {
    elements: Vec<Value>,
    ty: OnceLock<Type>,
    contents: Contents,
}

/// The inside of [`Value::Object`].
#[derive(Clone)]
pub struct ObjectValue {
    attributes: Vec<(Str, Value)>,
    ty: OnceLock<Type>,
    contents: Contents,
}

/// The inside of [`Value::Marked`].
#[derive(Clone)]
pub struct MarkedValue {
    marks: Marks,
    value: Value,
}

fn find<'a>(entries: &'a [(Str, Value)], key: &str) -> Option<&'a Value> {
    let index = entries.binary_search_by(|(candidate, _)| candidate.as_str().cmp(key)).ok()?;
    Some(&entries[index].1)
}

impl ListValue {
    /// Returns the elements.
    pub fn elements(&self) -> &[Value] {
        &self.elements
    }

    /// Returns the type of every element.
    pub fn element_type(&self) -> &Type {
        &self.element_type
    }
}

impl SetValue {
    /// Returns the elements in the order of iteration.
    pub fn elements(&self) -> &[Value] {
        &self.elements
    }

    /// Returns the type of every element.
    pub fn element_type(&self) -> &Type {
        &self.element_type
    }

    /// Tells whether an equal element is there.
    pub fn contains(&self, element: &Value) -> bool {
        set_order::find(&self.elements, element).is_some()
    }
}

impl MapValue {
    /// Returns keys and elements in the order of keys.
    pub fn entries(&self) -> &[(Str, Value)] {
        &self.entries
    }

    /// Returns the type of every element.
    pub fn element_type(&self) -> &Type {
        &self.element_type
    }

    /// Returns the element under a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        find(&self.entries, key)
    }
}

impl TupleValue {
    /// Returns the elements.
    pub fn elements(&self) -> &[Value] {
        &self.elements
    }

    fn ty(&self) -> &Type {
        self.ty.get_or_init(|| Type::tuple(self.elements.iter().map(Value::ty)))
    }
}

impl ObjectValue {
    /// Returns names and values in the order of names.
    pub fn attributes(&self) -> &[(Str, Value)] {
        &self.attributes
    }

    /// Returns the value of an attribute.
    pub fn get(&self, name: &str) -> Option<&Value> {
        find(&self.attributes, name)
    }

    fn ty(&self) -> &Type {
        self.ty.get_or_init(|| {
            let attributes = self.attributes.iter().map(|(name, value)| (name.clone(), value.ty()));
            Type::Object(Arc::new(ObjectType::new(attributes)))
        })
    }
}

impl MarkedValue {
    /// Returns the marks, never empty.
    pub fn marks(&self) -> Marks {
        self.marks
    }

    /// Returns the value without the marks.
    pub fn value(&self) -> &Value {
        &self.value
    }
}

/// Making values.
impl Value {
    /// Makes a string; the text is normalised to NFC.
    pub fn string(text: impl Into<Str>) -> Self {
        let text: Str = text.into();
        if text.is_ascii() || is_nfc_quick(text.chars()) == unicode_normalization::IsNormalized::Yes {
            return Self::String(text);
        }
        Self::String(text.nfc().collect::<String>().into())
    }

    /// Makes a number.
    pub fn number(number: impl Into<Number>) -> Self {
        Self::Number(number.into())
    }

    /// Makes an unknown value about which nothing but the type is known.
    pub fn unknown(ty: Type) -> Self {
        Self::refined_unknown(ty, Refinement::default())
    }

    /// Makes an unknown value that will not be null.
    pub fn unknown_not_null(ty: Type) -> Self {
        Self::refined_unknown(ty, Refinement::not_null())
    }

    /// Makes an unknown value with promises; the type must be known for any promise to be kept.
    pub fn refined_unknown(ty: Type, refinement: Refinement) -> Self {
        let refinement = if ty == Type::Dynamic { Refinement::default() } else { refinement };
        Self::Unknown(Arc::new(Unknown { ty, refinement }))
    }

    /// Makes an unknown value with promises, or the known value where the promises leave no other.
    pub fn refined(ty: Type, refinement: Refinement) -> Self {
        if !refinement.not_null {
            return Self::refined_unknown(ty, refinement);
        }
        if let (Type::Number, Some((least, true)), Some((most, true))) =
            (&ty, &refinement.number_min, &refinement.number_max)
            && least == most
        {
            return Self::Number(least.clone());
        }
        let length = refinement.length_max.filter(|length| *length == refinement.length_min);
        let unknown_elements = |element: &Type, count: usize| vec![Self::unknown(element.clone()); count];
        match (&ty, length) {
            (Type::Map(element), Some(0)) => Self::map::<&str>((**element).clone(), []),
            (Type::Set(element), Some(length @ (0 | 1))) => {
                Self::set((**element).clone(), unknown_elements(element, length))
            }
            (Type::List(element), Some(length)) if length <= WRITTEN_OUT_MAX => {
                Self::list((**element).clone(), unknown_elements(element, length))
            }
            _ => Self::refined_unknown(ty, refinement),
        }
    }

    /// Makes a value about which nothing is known, not even its type.
    pub fn dynamic() -> Self {
        Self::unknown(Type::Dynamic)
    }

    /// Makes a null whose type is not known.
    pub fn dynamic_null() -> Self {
        Self::Null(Type::Dynamic)
    }

    /// Makes a list; the elements must be of the element type.
    pub fn list(element_type: Type, elements: impl Into<Vec<Self>>) -> Self {
        let elements = elements.into();
        let contents = Contents::of(&elements);
        Self::List(Arc::new(ListValue { element_type, elements, contents }))
    }

    /// Makes a list of strings.
    pub fn list_of_strings<S: Into<Str>>(elements: impl IntoIterator<Item = S>) -> Self {
        Self::list(Type::String, elements.into_iter().map(Self::string).collect::<Vec<_>>())
    }

    /// Makes a set; the elements must be of the element type. Equal elements become one, and marks of
    /// elements become marks of the set.
    pub fn set(element_type: Type, elements: impl IntoIterator<Item = Self>) -> Self {
        let mut marks = Marks::NONE;
        let elements = elements
            .into_iter()
            .map(|element| {
                let (element, element_marks) = element.unmark_deep();
                marks |= element_marks;
                element
            })
            .collect();
        let elements = set_order::sort_unique(elements);
        let contents = Contents::of(&elements);
        Self::Set(Arc::new(SetValue { element_type, elements, contents })).with_marks(marks)
    }

    /// Makes a map; the elements must be of the element type. Of equal keys the last counts.
    pub fn map<K: Into<Str>>(element_type: Type, entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        let entries = sort_unique(entries.into_iter().map(|(key, value)| (key.into(), value)).collect());
        let contents = Contents::of(entries.iter().map(|(_, value)| value));
        Self::Map(Arc::new(MapValue { element_type, entries, contents }))
    }

    /// Makes a tuple.
    pub fn tuple(elements: impl Into<Vec<Self>>) -> Self {
        let elements = elements.into();
        let contents = Contents::of(&elements);
        Self::Tuple(Arc::new(TupleValue { elements, ty: OnceLock::new(), contents }))
    }

    /// Makes an object; of equal names the last counts.
    pub fn object<N: Into<Str>>(attributes: impl IntoIterator<Item = (N, Self)>) -> Self {
        let attributes = attributes.into_iter().map(|(name, value)| (name.into(), value)).collect();
        let attributes = sort_unique(attributes);
        let contents = Contents::of(attributes.iter().map(|(_, value)| value));
        Self::Object(Arc::new(ObjectValue { attributes, ty: OnceLock::new(), contents }))
    }

    /// Makes an object without attributes.
    pub fn empty_object() -> Self {
        Self::object::<Str>([])
    }
}

/// Asking a value what it is. Marks are looked through.
impl Value {
    /// Returns the type.
    pub fn ty(&self) -> Type {
        match self {
            Self::Null(ty) => ty.clone(),
            Self::Unknown(unknown) => unknown.ty.clone(),
            Self::Bool(_) => Type::Bool,
            Self::Number(_) => Type::Number,
            Self::String(_) => Type::String,
            Self::List(list) => Type::list(list.element_type.clone()),
            Self::Set(set) => Type::set(set.element_type.clone()),
            Self::Map(map) => Type::map(map.element_type.clone()),
            Self::Tuple(tuple) => tuple.ty().clone(),
            Self::Object(object) => object.ty().clone(),
            Self::Marked(marked) => marked.value.ty(),
        }
    }

    /// Returns the value without its own marks; marks inside it stay.
    pub fn unmarked(&self) -> &Self {
        match self {
            Self::Marked(marked) => &marked.value,
            value => value,
        }
    }

    /// Returns the value's own marks, not those inside it.
    pub fn marks(&self) -> Marks {
        match self {
            Self::Marked(marked) => marked.marks,
            _ => Marks::NONE,
        }
    }

    /// Tells whether the value is null.
    pub fn is_null(&self) -> bool {
        matches!(self.unmarked(), Self::Null(_))
    }

    /// Tells whether the value itself is known; parts of it may not be.
    pub fn is_known(&self) -> bool {
        !matches!(self.unmarked(), Self::Unknown(_))
    }

    /// Tells whether the value is known not to become null.
    pub fn is_definitely_not_null(&self) -> bool {
        match self.unmarked() {
            Self::Null(_) => false,
            Self::Unknown(unknown) => unknown.refinement.not_null,
            _ => true,
        }
    }

    /// Returns what is not known about an unknown value.
    pub fn as_unknown(&self) -> Option<&Unknown> {
        match self.unmarked() {
            Self::Unknown(unknown) => Some(unknown),
            _ => None,
        }
    }

    /// Returns the text of a known string.
    pub fn as_str(&self) -> Option<&Str> {
        match self.unmarked() {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns a known number.
    pub fn as_number(&self) -> Option<&Number> {
        match self.unmarked() {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    /// Returns a known truth value.
    pub fn as_bool(&self) -> Option<bool> {
        match self.unmarked() {
            Self::Bool(bool) => Some(*bool),
            _ => None,
        }
    }

    /// Returns the elements of a list, set or tuple.
    pub fn as_sequence(&self) -> Option<&[Self]> {
        match self.unmarked() {
            Self::List(list) => Some(&list.elements),
            Self::Set(set) => Some(&set.elements),
            Self::Tuple(tuple) => Some(&tuple.elements),
            _ => None,
        }
    }

    /// Returns keys and values of a map or object, in the order of keys.
    pub fn as_entries(&self) -> Option<&[(Str, Self)]> {
        match self.unmarked() {
            Self::Map(map) => Some(&map.entries),
            Self::Object(object) => Some(&object.attributes),
            _ => None,
        }
    }

    /// Returns the value under a key of a map or a name of an object, without the container's marks.
    pub fn get(&self, key: &str) -> Option<&Self> {
        find(self.as_entries()?, key)
    }

    /// Returns the value of an attribute of an object with the object's marks; null where the object is
    /// null or has no such attribute, unknown where the object is unknown.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Self {
        let attribute_type = |ty: &Type| match ty {
            Type::Object(object) => object.attribute(name).cloned().unwrap_or(Type::Dynamic),
            Type::Map(element) => (**element).clone(),
            _ => Type::Dynamic,
        };
        match self.unmarked() {
            Self::Null(ty) => Self::Null(attribute_type(ty)),
            Self::Unknown(unknown) => Self::unknown(attribute_type(&unknown.ty)),
            value => value.get(name).cloned().unwrap_or(Self::dynamic_null()),
        }
        .with_marks(self.marks())
    }

    /// Returns the number of elements of a known collection or structure.
    pub fn element_count(&self) -> Option<usize> {
        self.as_sequence().map(<[Self]>::len).or_else(|| self.as_entries().map(<[_]>::len))
    }

    /// Tells whether keys and values, or elements, can be iterated over once the value is known.
    pub fn can_iterate(&self) -> bool {
        match self.unmarked() {
            Self::Null(ty) => ty.is_collection() || matches!(ty, Type::Tuple(_) | Type::Object(_)),
            Self::Unknown(unknown) => {
                unknown.ty.is_collection() || matches!(unknown.ty, Type::Tuple(_) | Type::Object(_))
            }
            Self::Bool(_) | Self::Number(_) | Self::String(_) => false,
            _ => true,
        }
    }

    /// Returns key and value of each element, as `for` sees them: positions of sequences are numbers,
    /// and the key of a set's element is the element. Nothing for values without elements.
    pub fn key_values(&self) -> Option<Vec<(Self, Self)>> {
        let by_position = |elements: &[Self]| {
            let numbered = elements.iter().enumerate();
            numbered.map(|(position, element)| (Self::number(position), element.clone())).collect()
        };
        match self.unmarked() {
            Self::List(list) => Some(by_position(&list.elements)),
            Self::Tuple(tuple) => Some(by_position(&tuple.elements)),
            Self::Set(set) => Some(set.elements.iter().map(|e| (e.clone(), e.clone())).collect()),
            Self::Map(map) => Some(string_keys(&map.entries)),
            Self::Object(object) => Some(string_keys(&object.attributes)),
            _ => None,
        }
    }
}

fn string_keys(entries: &[(Str, Value)]) -> Vec<(Value, Value)> {
    entries.iter().map(|(key, value)| (Value::String(key.clone()), value.clone())).collect()
}

impl std::fmt::Debug for Value {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null(ty) => write!(formatter, "null({ty:?})"),
            Self::Unknown(unknown) => write!(formatter, "unknown({:?})", unknown.ty),
            Self::Bool(bool) => write!(formatter, "{bool}"),
            Self::Number(number) => write!(formatter, "{number}"),
            Self::String(text) => write!(formatter, "{text:?}"),
            Self::List(list) => write!(formatter, "list{:?}", list.elements),
            Self::Set(set) => write!(formatter, "set{:?}", set.elements),
            Self::Tuple(tuple) => write!(formatter, "{:?}", tuple.elements),
            Self::Map(map) => {
                formatter.write_str("map")?;
                formatter.debug_map().entries(map.entries.iter().map(|(key, value)| (key, value))).finish()
            }
            Self::Object(object) => formatter
                .debug_map()
                .entries(object.attributes.iter().map(|(name, value)| (name, value)))
                .finish(),
            Self::Marked(marked) if marked.marks.is_sensitive() => formatter.write_str("(sensitive)"),
            Self::Marked(marked) => write!(formatter, "marked({:?})", marked.value),
        }
    }
}

impl From<bool> for Value {
    fn from(bool: bool) -> Self {
        Self::Bool(bool)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::string(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::string(text)
    }
}

impl From<i64> for Value {
    fn from(int: i64) -> Self {
        Self::number(int)
    }
}

/// Marks on the value itself and inside it.
impl Value {
    /// Adds marks to the value itself.
    #[must_use]
    pub fn with_marks(self, marks: Marks) -> Self {
        if marks.is_empty() {
            return self;
        }
        match self {
            Self::Marked(marked) => {
                let marks = marked.marks | marks;
                Self::Marked(Arc::new(MarkedValue { marks, value: marked.value.clone() }))
            }
            value => Self::Marked(Arc::new(MarkedValue { marks, value })),
        }
    }

    /// Marks the value as sensitive.
    #[must_use]
    pub fn sensitive(self) -> Self {
        self.with_marks(Marks::SENSITIVE)
    }

    /// Splits the value's own marks off; marks inside it stay.
    #[must_use]
    pub fn unmark(self) -> (Self, Marks) {
        match self {
            Self::Marked(marked) => (marked.value.clone(), marked.marks),
            value => (value, Marks::NONE),
        }
    }

    /// Removes all marks, on the value and inside it, and returns all that were there.
    #[must_use]
    pub fn unmark_deep(self) -> (Self, Marks) {
        let marks = self.deep_marks();
        if marks.is_empty() { (self, marks) } else { (self.without_marks(), marks) }
    }

    /// Rebuilds only the parts that have marks inside.
    fn without_marks(&self) -> Self {
        if !self.contains_marks() {
            return self.clone();
        }
        let elements = |elements: &[Self]| elements.iter().map(Self::without_marks).collect::<Vec<_>>();
        let entries = |entries: &[(Str, Self)]| -> Vec<(Str, Self)> {
            entries.iter().map(|(key, value)| (key.clone(), value.without_marks())).collect()
        };
        match self {
            Self::List(list) => Self::list(list.element_type.clone(), elements(&list.elements)),
            Self::Set(set) => Self::set(set.element_type.clone(), elements(&set.elements)),
            Self::Map(map) => Self::map(map.element_type.clone(), entries(&map.entries)),
            Self::Tuple(tuple) => Self::tuple(elements(&tuple.elements)),
            Self::Object(object) => Self::object(entries(&object.attributes)),
            Self::Marked(marked) => marked.value.without_marks(),
            leaf => leaf.clone(),
        }
    }

    fn contents(&self) -> Contents {
        match self {
            Self::List(list) => list.contents,
            Self::Set(set) => set.contents,
            Self::Map(map) => map.contents,
            Self::Tuple(tuple) => tuple.contents,
            Self::Object(object) => object.contents,
            Self::Unknown(_) => Contents { has_unknown: true, ..Contents::default() },
            Self::Marked(marked) => {
                let inner = marked.value.contents();
                Contents { marks: inner.marks | marked.marks, ..inner }
            }
            Self::Null(_) | Self::Bool(_) | Self::Number(_) | Self::String(_) => Contents::default(),
        }
    }

    /// Tells whether there is any mark on the value or inside it; takes constant time.
    pub fn contains_marks(&self) -> bool {
        !self.deep_marks().is_empty()
    }

    /// Returns all marks on the value and inside it; takes constant time.
    pub fn deep_marks(&self) -> Marks {
        self.contents().marks
    }

    /// Returns on how many levels collections and structures lie in each other, 0 for what holds no other value;
    /// takes constant time.
    pub fn height(&self) -> usize {
        self.contents().height as usize
    }

    /// Tells whether nothing is unknown, on any level; takes constant time.
    pub fn is_wholly_known(&self) -> bool {
        !self.contents().has_unknown
    }

    /// Tells whether the predicate holds for the value or any value inside it, from outside in.
    pub fn any(&self, predicate: &mut impl FnMut(&Self) -> bool) -> bool {
        if predicate(self) {
            return true;
        }
        match self {
            Self::Marked(marked) => marked.value.any(predicate),
            value => match (value.as_sequence(), value.as_entries()) {
                (Some(elements), _) => elements.iter().any(|element| element.any(predicate)),
                (_, Some(entries)) => entries.iter().any(|(_, entry)| entry.any(predicate)),
                _ => false,
            },
        }
    }

    /// Rebuilds the value with every part of it replaced, from the leaves up; marks on a part are seen
    /// as a part around it. Element types of collections stay, so the replacement must keep types.
    #[must_use]
    pub fn map_leaves_first(&self, replace: &mut impl FnMut(Self) -> Self) -> Self {
        let entries = |entries: &[(Str, Self)], replace: &mut _| -> Vec<(Str, Self)> {
            let replaced = entries.iter().map(|(key, value)| (key.clone(), value.map_leaves_first(replace)));
            replaced.collect()
        };
        let elements = |elements: &[Self], replace: &mut _| -> Vec<Self> {
            elements.iter().map(|element| element.map_leaves_first(replace)).collect()
        };
        let rebuilt = match self {
            Self::List(list) => Self::list(list.element_type.clone(), elements(&list.elements, replace)),
            Self::Set(set) => Self::set(set.element_type.clone(), elements(&set.elements, replace)),
            Self::Map(map) => Self::map(map.element_type.clone(), entries(&map.entries, replace)),
            Self::Tuple(tuple) => Self::tuple(elements(&tuple.elements, replace)),
            Self::Object(object) => Self::object(entries(&object.attributes, replace)),
            Self::Marked(marked) => marked.value.map_leaves_first(replace).with_marks(marked.marks),
            leaf => leaf.clone(),
        };
        replace(rebuilt)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_known_stays_apart_in_a_set() {
        let unknown = Value::unknown(Type::String);
        let set = Value::set(Type::String, [unknown.clone(), "a".into(), unknown.clone(), "a".into()]);
        assert_eq!(set.as_sequence(), Some(["a".into(), unknown.clone(), unknown].as_slice()));
    }

    #[test]
    fn promises_that_leave_one_value_make_it_known() {
        let exactly =
            |length| Refinement { length_min: length, length_max: Some(length), ..Refinement::not_null() };
        let unknown = Value::unknown(Type::String);
        let list = Value::refined(Type::list(Type::String), exactly(2));
        assert_eq!(list, Value::list(Type::String, [unknown.clone(), unknown]));
        let map = Type::map(Type::Bool);
        assert_eq!(Value::refined(map.clone(), exactly(0)).element_count(), Some(0));
        assert!(!Value::refined(map.clone(), exactly(1)).is_known());
        assert!(!Value::refined(map, Refinement { not_null: false, ..exactly(0) }).is_known());
        let seven = Some((Number::from(7i64), true));
        let number = Refinement { number_min: seven.clone(), number_max: seven, ..Refinement::not_null() };
        assert_eq!(Value::refined(Type::Number, number), 7.into());
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            "[a-c]{0,2}".prop_map(Value::from),
            Just(Value::unknown(Type::String)),
            Just(Value::from("secret").sensitive()),
            Just(Value::from(1).with_marks(Marks::EPHEMERAL)),
        ];
        leaf.prop_recursive(3, 16, 3, |inner| {
            let names = prop::collection::btree_map("[a-c]", inner.clone(), 0..3);
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::tuple),
                names.prop_map(Value::object),
                inner.clone().prop_map(|value| Value::map(value.ty(), [("k", value)])),
                inner.clone().prop_map(|value| Value::list(value.ty(), [value])),
                inner.clone().prop_map(|value| Value::set(value.ty(), [value])),
                inner.prop_map(Value::sensitive),
            ]
        })
    }

    proptest! {
        #[test]
        fn contents_are_what_a_walk_finds(value in values()) {
            let mut marks = Marks::NONE;
            let mut has_unknown = false;
            value.any(&mut |part| {
                marks |= part.marks();
                has_unknown |= matches!(part, Value::Unknown(_));
                false
            });
            prop_assert_eq!(value.deep_marks(), marks);
            prop_assert_eq!(value.is_wholly_known(), !has_unknown);
        }

        #[test]
        fn unmarking_deeply_takes_every_mark_and_nothing_else(value in values()) {
            let all = value.deep_marks();
            let (unmarked, marks) = value.clone().unmark_deep();
            prop_assert_eq!(marks, all);
            prop_assert!(!unmarked.any(&mut |part| matches!(part, Value::Marked(_))));
            prop_assert_eq!(unmarked.ty(), value.ty());
            prop_assert_eq!(unmarked.is_wholly_known(), value.is_wholly_known());
        }
    }
}
