//! Finding the one type that values of several types can all become.

use rustc_hash::FxHashSet;

use crate::convert::can_convert;
use crate::type_system::sort_unique;
use crate::{Str, Type};

/// Returns the type that all given types convert to, or nothing when there is none.
///
/// Of primitives, strings win; objects with the same attributes unify attribute by attribute, others become
/// a map; tuples of one length unify element by element, others become a list. The rules are those of
/// `cty`'s unsafe unification, which decides conditionals and the element types of collections.
pub fn unify(types: &[Type]) -> Option<Type> {
    let mut seen = FxHashSet::default();
    let types: Vec<&Type> = types.iter().filter(|ty| seen.insert(*ty)).collect();
    unify_unique(&types)
}

fn unify_all(types: Vec<&Type>) -> Option<Type> {
    let mut seen = FxHashSet::default();
    let unique: Vec<&Type> = types.into_iter().filter(|ty| seen.insert(*ty)).collect();
    unify_unique(&unique)
}

#[derive(Default)]
struct Kinds {
    lists: usize,
    sets: usize,
    maps: usize,
    tuples: usize,
    objects: usize,
    dynamics: usize,
    others: usize,
}

impl Kinds {
    fn count(types: &[&Type]) -> Self {
        let mut kinds = Self::default();
        for ty in types {
            match ty {
                Type::List(_) => kinds.lists += 1,
                Type::Set(_) => kinds.sets += 1,
                Type::Map(_) => kinds.maps += 1,
                Type::Tuple(_) => kinds.tuples += 1,
                Type::Object(_) => kinds.objects += 1,
                Type::Dynamic => kinds.dynamics += 1,
                Type::Bool | Type::Number | Type::String => kinds.others += 1,
            }
        }
        kinds
    }
}

fn unify_unique(types: &[&Type]) -> Option<Type> {
    if let [only] = types {
        return Some((*only).clone());
    }
    let kinds = Kinds::count(types);
    let all = types.len() - kinds.dynamics;
    // What unknown types will turn out to be decides which rule applies, so the result stays open.
    let open = kinds.dynamics > 0;
    if kinds.maps > 0 && kinds.maps == all {
        return if open { Some(Type::Dynamic) } else { unify_collections(types, Type::map) };
    }
    if kinds.lists > 0 && kinds.lists == all {
        return if open { Some(Type::Dynamic) } else { unify_collections(types, Type::list) };
    }
    if kinds.sets > 0 && kinds.sets == all {
        return if open { Some(Type::Dynamic) } else { unify_collections(types, Type::set) };
    }
    if kinds.objects > 0 && kinds.objects == all {
        return if open { Some(Type::Dynamic) } else { unify_objects(types) };
    }
    if kinds.tuples > 0 && kinds.tuples == all {
        return if open { Some(Type::Dynamic) } else { unify_tuples(types) };
    }
    if kinds.objects > 0 && kinds.tuples > 0 {
        return None;
    }
    if kinds.maps > 0
        && kinds.maps + kinds.objects == all
        && let Some(map) = unify_as_collections(types, Type::map)
    {
        return Some(map);
    }
    if kinds.lists > 0
        && kinds.lists + kinds.tuples == all
        && let Some(list) = unify_as_collections(types, Type::list)
    {
        return Some(list);
    }
    first_that_all_convert_to(types)
}

fn unify_collections(types: &[&Type], make: fn(Type) -> Type) -> Option<Type> {
    unify_all(types.iter().filter_map(|ty| ty.element()).collect()).map(make)
}

/// Reads the tuples together as one list, or the objects as one map, and unifies that with the others.
/// What structures without parts become is up to the others alone.
fn unify_as_collections(types: &[&Type], make: fn(Type) -> Type) -> Option<Type> {
    let (collections, structures): (Vec<&Type>, Vec<&Type>) = types.iter().partition(|ty| ty.is_collection());
    let parts = structures.iter().flat_map(|ty| match ty {
        Type::Tuple(elements) => elements.iter().collect(),
        Type::Object(object) => object.attributes().iter().map(|(_, ty)| ty).collect(),
        _ => Vec::new(),
    });
    let parts: Vec<&Type> = parts.collect();
    let from_parts = if parts.is_empty() { None } else { Some(make(unify_all(parts)?)) };
    let all: Vec<&Type> = collections.into_iter().chain(&from_parts).collect();
    unify_collections(&all, make).filter(|unified| suits_all(unified, types))
}

/// Tells whether all types convert; only where a part is left open do those that were unified part by
/// part not have to.
fn suits_all(unified: &Type, types: &[&Type]) -> bool {
    !unified.has_dynamic() || types.iter().all(|ty| can_convert(ty, unified))
}

fn unify_objects(types: &[&Type]) -> Option<Type> {
    let objects: Vec<_> = types
        .iter()
        .filter_map(|ty| match ty {
            Type::Object(object) => Some(object),
            _ => None,
        })
        .collect();
    let (first, rest) = objects.split_first()?;
    let names =
        |attributes: &[(Str, Type)]| attributes.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let first_names = names(first.attributes());
    if rest.iter().any(|object| names(object.attributes()) != first_names) {
        let parts = objects.iter().flat_map(|object| object.attributes()).map(|(_, ty)| ty);
        return unify_all(parts.collect()).map(Type::map).filter(|map| suits_all(map, types));
    }
    let attributes = first_names.into_iter().enumerate().map(|(index, name)| {
        let across = objects.iter().map(|object| &object.attributes()[index].1);
        unify_all(across.collect()).map(|ty| (name, ty))
    });
    Some(Type::object(sort_unique(attributes.collect::<Option<Vec<_>>>()?)))
}

fn unify_tuples(types: &[&Type]) -> Option<Type> {
    let tuples: Vec<&[Type]> = types
        .iter()
        .filter_map(|ty| match ty {
            Type::Tuple(elements) => Some(&**elements),
            _ => None,
        })
        .collect();
    let length = tuples.first()?.len();
    if tuples.iter().any(|tuple| tuple.len() != length) {
        let parts = tuples.iter().flat_map(|tuple| tuple.iter());
        return unify_all(parts.collect()).map(Type::list).filter(|list| suits_all(list, types));
    }
    let elements = (0..length).map(|index| unify_all(tuples.iter().map(|tuple| &tuple[index]).collect()));
    elements.collect::<Option<Vec<_>>>().map(Type::tuple)
}

fn first_that_all_convert_to(types: &[&Type]) -> Option<Type> {
    let mut by_preference = types.to_vec();
    by_preference.sort_by_key(|ty| preference(ty));
    let suits = |candidate: &&&Type| types.iter().all(|ty| can_convert_safely(ty, candidate));
    by_preference.iter().find(suits).map(|ty| (**ty).clone())
}

/// Conversion as unification uses it: never from text to number or bool.
fn can_convert_safely(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (Type::String, Type::Number | Type::Bool) => false,
        (Type::Tuple(_) | Type::List(_), Type::Object(_)) => false,
        _ => can_convert(from, to),
    }
}

/// Earlier is better: strings before other primitives, lists before sets before tuples, maps before
/// objects, what is not known at the very end; of two collections the one with the better elements.
fn preference(ty: &Type) -> (u8, u8) {
    let kind = |ty: &Type| match ty {
        Type::String | Type::List(_) | Type::Map(_) => 0,
        Type::Set(_) => 1,
        Type::Bool | Type::Number | Type::Tuple(_) | Type::Object(_) => 2,
        Type::Dynamic => 3,
    };
    (kind(ty), ty.element().map_or(0, kind))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn unification_follows_terraform() {
        let object = |name: &str, ty| Type::object([(name, ty)]);
        let cases = [
            (vec![Type::Number, Type::String], Some(Type::String)),
            (vec![Type::Number, Type::Bool], None),
            (vec![Type::Bool, Type::String, Type::Number], Some(Type::String)),
            (vec![object("a", Type::Number), object("b", Type::Number)], Some(Type::map(Type::Number))),
            (vec![object("a", Type::Number), Type::object::<&str>([])], Some(Type::map(Type::Number))),
            (vec![object("a", Type::Number), object("a", Type::String)], Some(object("a", Type::String))),
            (vec![object("a", Type::Number), object("a", Type::Bool)], None),
            (vec![object("a", Type::Number), Type::tuple([])], None),
            (vec![Type::tuple([Type::Number]), Type::tuple([])], Some(Type::list(Type::Number))),
            (vec![Type::list(Type::Number), Type::tuple([Type::String])], Some(Type::list(Type::String))),
            (vec![Type::map(Type::Number), object("a", Type::String)], Some(Type::map(Type::String))),
            (vec![Type::list(Type::String), Type::set(Type::String)], Some(Type::list(Type::String))),
            (vec![Type::Dynamic, Type::String], Some(Type::String)),
            (vec![Type::list(Type::String), Type::Dynamic], Some(Type::Dynamic)),
            (vec![Type::String, Type::list(Type::String)], None),
            (
                vec![Type::tuple([]), Type::list(Type::list(Type::String))],
                Some(Type::list(Type::list(Type::String))),
            ),
            (
                vec![Type::tuple([]), Type::list(Type::Number), Type::list(Type::String)],
                Some(Type::list(Type::String)),
            ),
            (
                vec![Type::set(Type::Number), Type::tuple([]), Type::set(Type::String)],
                Some(Type::set(Type::String)),
            ),
            (vec![Type::tuple([Type::Dynamic]), Type::tuple([Type::String, Type::tuple([])])], None),
        ];
        for (types, expected) in cases {
            assert_eq!(unify(&types), expected, "{types:?}");
        }
    }

    fn types() -> impl Strategy<Value = Type> {
        let leaf = prop_oneof![Just(Type::Bool), Just(Type::Number), Just(Type::String)];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                inner.clone().prop_map(Type::list),
                inner.clone().prop_map(Type::set),
                inner.clone().prop_map(Type::map),
                prop::collection::vec(inner.clone(), 0..3).prop_map(Type::tuple),
                prop::collection::btree_map("[a-c]", inner, 0..3).prop_map(Type::object),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_type_converts_to_what_it_was_unified_to(list in prop::collection::vec(types(), 1..4)) {
            if let Some(unified) = unify(&list) {
                for ty in &list {
                    prop_assert!(can_convert(ty, &unified), "{:?} to {:?}", ty, unified);
                }
            }
        }

        #[test]
        fn unification_of_one_type_is_that_type(ty in types()) {
            prop_assert_eq!(unify(&[ty.clone(), ty.clone()]), Some(ty));
        }
    }
}
