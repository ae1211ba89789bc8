//! Masking secrets in text.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

use rustc_hash::FxHashMap;
use terrane_model::{Block, Str, Value};

/// What stands in place of a secret.
const MASK: &str = "(sensitive value)";

/// How many bytes a text must have to be looked for: shorter ones stand in every other word by chance.
const BYTES_MIN: usize = 6;

/// How many secrets are looked for at most, all together and with the same start.
const SECRETS_MAX: usize = 10_000;
const SECRETS_PER_START_MAX: usize = 1_000;

type Start = [u8; BYTES_MIN];

/// Secrets by their first bytes: finding them takes time by the length of the text, not by their number.
#[derive(Default)]
pub(crate) struct Secrets {
    by_start: RwLock<FxHashMap<Start, Vec<Str>>>,
}

impl Secrets {
    /// Adds the texts at all places of a value that its schema calls sensitive or write-only.
    pub(crate) fn add_from(&self, block: &Block, value: &Value) {
        let sensitive = block.sensitive_paths(value).into_iter().map(|(path, _)| path);
        for path in sensitive.chain(block.write_only_paths(value)) {
            let Some(part) = value.at_path(&path) else { continue };
            part.any(&mut |part| {
                if let Value::String(text) = part {
                    self.add(text);
                }
                false
            });
        }
    }

    /// Adds a text, and each of its lines: logs are cut into lines.
    fn add(&self, text: &Str) {
        let mut by_start = self.by_start.write().unwrap_or_else(PoisonError::into_inner);
        let lines = text.lines().map(str::trim).filter(|line| line.len() < text.len()).map(Str::from);
        for secret in std::iter::once(text.clone()).chain(lines) {
            let Some(start) = secret.as_bytes().first_chunk::<BYTES_MIN>() else { continue };
            if by_start.len() >= SECRETS_MAX {
                return;
            }
            let known = by_start.entry(*start).or_default();
            if known.len() < SECRETS_PER_START_MAX && !known.contains(&secret) {
                known.push(secret);
                // The longest first, so that none leaves the rest of another behind.
                known.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
            }
        }
    }

    /// Masks every secret in a text.
    pub(crate) fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let by_start = self.by_start.read().unwrap_or_else(PoisonError::into_inner);
        if by_start.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut masked = String::new();
        let mut kept_to = 0;
        let mut position = 0;
        while let Some(start) = text.as_bytes()[position..].first_chunk::<BYTES_MIN>() {
            let rest = &text.as_bytes()[position..];
            let found = by_start.get(start);
            let found =
                found.and_then(|known| known.iter().find(|secret| rest.starts_with(secret.as_bytes())));
            let Some(secret) = found else {
                position += 1;
                continue;
            };
            // A secret is whole characters: where it begins and ends, the text has a boundary too.
            masked.push_str(text.get(kept_to..position).unwrap_or_default());
            masked.push_str(MASK);
            position += secret.len();
            kept_to = position;
        }
        if kept_to == 0 {
            return Cow::Borrowed(text);
        }
        masked.push_str(text.get(kept_to..).unwrap_or_default());
        Cow::Owned(masked)
    }
}

#[cfg(test)]
mod tests {
    use terrane_model::{Attribute, Type};

    use super::*;

    fn secrets(texts: &[&str]) -> Secrets {
        let block = Block::new([("key".into(), Attribute::optional(Type::String).sensitive())], []);
        let secrets = Secrets::default();
        for text in texts {
            secrets.add_from(&block, &Value::object([("key", Value::from(*text))]));
        }
        secrets
    }

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let secrets = secrets(&["hunter22", "hunter22-and-more", "schlüssel", "short"]);
        for (text, expected) in [
            ("nothing here", "nothing here"),
            ("hunter22", "(sensitive value)"),
            ("a hunter22, b", "a (sensitive value), b"),
            ("hunter22-and-more!hunter22hunter22", "(sensitive value)!(sensitive value)(sensitive value)"),
            ("ü schlüssel ü", "ü (sensitive value) ü"),
            ("short", "short"),
            ("hunter2", "hunter2"),
        ] {
            assert_eq!(secrets.mask(text), expected);
        }
    }

    #[test]
    fn lines_of_a_secret_are_secrets() {
        let secrets = secrets(&["-----BEGIN KEY-----\nabcdefgh\n-----END KEY-----\n"]);
        assert_eq!(secrets.mask("got abcdefgh"), "got (sensitive value)");
    }
}
