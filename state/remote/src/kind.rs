//! What a kind of backend is: its name, the arguments of its block, and how it is opened.

use std::sync::Arc;

use terrane_model::{Attribute, AttributeKind, Block, NestedAttributes, NestedBlock, Nesting, Str, Type};
use terrane_state::StateBackend;

use crate::settings::{ConfigError, Settings};

/// The kinds that there are.
pub const KINDS: &[RemoteKind] = &[
    crate::azurerm::KIND,
    crate::gcs::KIND,
    crate::http::KIND,
    crate::kubernetes::KIND,
    crate::pg::KIND,
    crate::s3::KIND,
];

/// A kind of backend.
pub struct RemoteKind {
    /// Its name in `backend "NAME"`.
    pub name: &'static str,
    /// What may be written in its block. Terraform's arguments, all of them: it compares blocks by a number that
    /// is made from the values of all.
    pub arguments: &'static [Argument],
    /// Opens it. Nobody is asked before the first use.
    pub open: fn(&Settings<'_>) -> Result<Arc<dyn StateBackend>, ConfigError>,
}

/// An argument of a backend's block.
#[derive(Debug, Clone, Copy)]
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub ty: ArgumentType,
    /// Variables of the environment that stand in for it; the first that is set counts.
    pub variables: &'static [&'static str],
    /// What counts where nobody says anything.
    pub default: Option<&'static str>,
    /// Whether somebody has to say something.
    pub is_required: bool,
    /// Whether it is never to be shown.
    pub is_secret: bool,
}

/// What an argument holds.
#[derive(Debug, Clone, Copy)]
pub enum ArgumentType {
    /// A text.
    Text,
    /// A truth value.
    Flag,
    /// A number.
    Number,
    /// Texts in order.
    Texts,
    /// Texts without order.
    TextSet,
    /// Texts by name.
    TextMap,
    /// One object: `NAME = { … }`.
    Object(&'static [Argument]),
    /// At most one block: `NAME { … }`.
    Block(&'static [Argument]),
}

impl Argument {
    const fn new(name: &'static str, ty: ArgumentType) -> Self {
        Self { name, ty, variables: &[], default: None, is_required: false, is_secret: false }
    }

    pub(crate) const fn text(name: &'static str) -> Self {
        Self::new(name, ArgumentType::Text)
    }

    /// A text that is never shown.
    pub(crate) const fn secret(name: &'static str) -> Self {
        Self { is_secret: true, ..Self::text(name) }
    }

    pub(crate) const fn flag(name: &'static str) -> Self {
        Self::new(name, ArgumentType::Flag)
    }

    pub(crate) const fn number(name: &'static str) -> Self {
        Self::new(name, ArgumentType::Number)
    }

    pub(crate) const fn of(name: &'static str, ty: ArgumentType) -> Self {
        Self::new(name, ty)
    }

    pub(crate) const fn or(self, variables: &'static [&'static str]) -> Self {
        Self { variables, ..self }
    }

    pub(crate) const fn by_default(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    pub(crate) const fn required(self) -> Self {
        Self { is_required: true, ..self }
    }

    fn attribute(&self) -> Attribute {
        let strings = || Arc::new(Type::String);
        let mut attribute = match self.ty {
            ArgumentType::Text => Attribute::optional(Type::String),
            ArgumentType::Flag => Attribute::optional(Type::Bool),
            ArgumentType::Number => Attribute::optional(Type::Number),
            ArgumentType::Texts => Attribute::optional(Type::List(strings())),
            ArgumentType::TextSet => Attribute::optional(Type::Set(strings())),
            ArgumentType::TextMap => Attribute::optional(Type::Map(strings())),
            ArgumentType::Object(arguments) | ArgumentType::Block(arguments) => Attribute {
                kind: AttributeKind::Nested(NestedAttributes {
                    nesting: Nesting::Single,
                    block: Arc::new(block(arguments)),
                    accepts_blocks: false,
                }),
                ..Attribute::optional(Type::Dynamic)
            },
        };
        attribute.sensitive = self.is_secret;
        attribute
    }
}

impl RemoteKind {
    /// Returns the schema of the block. Nothing in it is required: what the block lacks may come from the command
    /// line and the environment.
    #[must_use]
    pub fn schema(&self) -> Block {
        block(self.arguments)
    }
}

fn block(arguments: &[Argument]) -> Block {
    let is_block = |argument: &&Argument| matches!(argument.ty, ArgumentType::Block(_));
    let attributes = arguments.iter().filter(|argument| !is_block(argument));
    let attributes = attributes.map(|argument| (Str::from(argument.name), argument.attribute()));
    let blocks = arguments.iter().filter_map(|argument| match argument.ty {
        ArgumentType::Block(inner) => {
            let nested = NestedBlock {
                nesting: Nesting::Single,
                block: Arc::new(block(inner)),
                min_items: 0,
                max_items: 1,
            };
            Some((Str::from(argument.name), nested))
        }
        _ => None,
    });
    Block::new(attributes, blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_arguments_have_names_of_their_own() {
        for kind in KINDS {
            assert_eq!(KINDS.iter().filter(|other| other.name == kind.name).count(), 1, "{}", kind.name);
            let schema = kind.schema();
            assert_eq!(
                schema.attributes().len() + schema.block_types().len(),
                kind.arguments.len(),
                "{}: every argument is in the schema once",
                kind.name
            );
        }
    }

    #[test]
    fn secrets_are_marked() {
        for (kind, argument) in [
            ("azurerm", "access_key"),
            ("azurerm", "client_secret"),
            ("azurerm", "sas_token"),
            ("pg", "conn_str"),
            ("s3", "secret_key"),
            ("kubernetes", "token"),
            ("http", "password"),
        ] {
            let kind = KINDS.iter().find(|other| other.name == kind).unwrap();
            assert!(kind.schema().attribute(argument).unwrap().sensitive, "{argument}");
        }
    }
}
