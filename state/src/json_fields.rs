//! Reading JSON objects field by field, keeping what is not known.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use terrane_model::Str;

use crate::UnknownFields;
use crate::json_text::{NestedTooDeeply, compact};

/// Text of the input, borrowed unless it contains escapes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            // As in Go, null is the empty text.
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Text::default())
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

impl Text<'_> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The entries of a JSON object in the order of the text; null has none.
pub(crate) struct Entries<'a, T>(pub(crate) Vec<(Text<'a>, T)>);

impl<T> Default for Entries<'_, T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Entries<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor<'a, T>(PhantomData<(&'a (), T)>);
        impl<'de: 'a, 'a, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<'a, T> {
            type Value = Entries<'a, T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Entries::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = access.next_entry::<Text<'a>, T>()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_any(EntriesVisitor(PhantomData))
    }
}

/// A list; null is the empty one.
pub(crate) fn list<T>(list: Option<Option<Vec<T>>>) -> Vec<T> {
    list.flatten().unwrap_or_default()
}

/// Fields without a meaning, as they are found.
pub(crate) type RawFields<'a> = Vec<(Text<'a>, &'a RawValue)>;

/// Makes fields without a meaning fit for keeping.
///
/// # Errors
/// For values that are nested too deeply.
pub(crate) fn keep(fields: &RawFields<'_>) -> Result<UnknownFields, NestedTooDeeply> {
    fields
        .iter()
        .map(|(name, value)| Ok((Str::from(name.as_str()), Str::from(compact(value.get())?))))
        .collect()
}

/// Finds a field whose name differs from a known but absent one by a single character or by case: damage or
/// a slip, but no newer program's field.
///
/// # Errors
/// When there is one.
pub(crate) fn refuse_slips<E: serde::de::Error>(
    unknown: &RawFields<'_>,
    absent: &[&'static str],
) -> Result<(), E> {
    for (name, _) in unknown {
        if let Some(meant) = absent.iter().find(|known| is_slip(name.as_str(), known)) {
            let name = name.as_str();
            return Err(E::custom(format_args!("unknown field {name:?}, did you mean {meant:?}?")));
        }
    }
    Ok(())
}

fn is_slip(name: &str, known: &str) -> bool {
    let differing = name.chars().zip(known.chars()).filter(|(a, b)| a != b).count();
    name.chars().count() == known.len() && (differing <= 1 || name.eq_ignore_ascii_case(known))
}

/// Declares a structure that is read from a JSON object. Every field is optional; what is not declared is
/// collected in `unknown`.
macro_rules! json_object {
    (struct $name:ident<$lifetime:lifetime> { $($field:ident: $type:ty = $key:literal,)* }) => {
        #[derive(Default)]
        pub(crate) struct $name<$lifetime> {
            $(pub(crate) $field: Option<$type>,)*
            pub(crate) unknown: $crate::json_fields::RawFields<$lifetime>,
        }

        impl<'de: $lifetime, $lifetime> serde::Deserialize<'de> for $name<$lifetime> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct ObjectVisitor<$lifetime>(std::marker::PhantomData<&$lifetime ()>);
                impl<'de: $lifetime, $lifetime> serde::de::Visitor<'de> for ObjectVisitor<$lifetime> {
                    type Value = $name<$lifetime>;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        formatter.write_str("an object")
                    }

                    fn visit_map<A>(self, mut access: A) -> Result<Self::Value, A::Error>
                    where
                        A: serde::de::MapAccess<'de>,
                    {
                        let mut object = $name::default();
                        while let Some(key) = access.next_key::<$crate::json_fields::Text<$lifetime>>()? {
                            match key.as_str() {
                                $($key => {
                                    if object.$field.is_some() {
                                        return Err(serde::de::Error::duplicate_field($key));
                                    }
                                    object.$field = Some(access.next_value::<$type>()?);
                                })*
                                _ => object.unknown.push((key, access.next_value()?)),
                            }
                        }
                        if !object.unknown.is_empty() {
                            let mut absent = Vec::new();
                            $(if object.$field.is_none() { absent.push($key); })*
                            $crate::json_fields::refuse_slips(&object.unknown, &absent)?;
                        }
                        Ok(object)
                    }
                }
                deserializer.deserialize_any(ObjectVisitor(std::marker::PhantomData))
            }
        }
    };
}
pub(crate) use json_object;

/// Takes the text out of a message about a value of the wrong type: it may be a secret.
pub(crate) fn without_values(message: &str) -> String {
    const START: &str = "string \"";
    let shortened = message.find(START).and_then(|start| {
        let end = message.rfind("\", expected").filter(|end| *end >= start + START.len())?;
        Some(format!("{}string{}", &message[..start], &message[end + 1..]))
    });
    shortened.unwrap_or_else(|| message.to_owned())
}

/// Describes a JSON value the way Go's decoder does in its messages.
pub(crate) fn describe(json: &str) -> String {
    match json.trim_start().as_bytes().first() {
        Some(b'{') => "object".to_owned(),
        Some(b'[') => "array".to_owned(),
        Some(b'"') => "string".to_owned(),
        Some(b't' | b'f') => "bool".to_owned(),
        Some(b'n') => "null".to_owned(),
        _ => format!("number {json}"),
    }
}

/// Returns how many bytes of the text lie before and at the place that an error names.
pub(crate) fn byte_offset(text: &str, error: &serde_json::Error) -> usize {
    let before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    (before + error.column()).min(text.len())
}
