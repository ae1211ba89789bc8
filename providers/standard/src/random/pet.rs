//! `random_pet`: names that people can remember.

use terrane_model::{Diagnostics, Type, Value};
use terrane_provider::async_trait;

use super::entropy::{checked_length, random_below};
use super::keepers::keepers;
use super::pet_words::{ADJECTIVES, ADVERBS, ANIMALS};
use crate::object::{Attributes, Fields};
use crate::toolkit::{Call, Property, Resource, Table};

pub(super) struct RandomPet;

#[async_trait]
impl Resource for RandomPet {
    fn table(&self) -> Table {
        Table::new(
            "random_pet",
            "A random name of an animal and what it is like.",
            [
                keepers(),
                Property::optional_computed("length", Type::Number, "How many words; 2 when not written.")
                    .defaults_to(2)
                    .replaces(),
                Property::optional("prefix", Type::String, "A first word to put in front.").replaces(),
                Property::optional_computed(
                    "separator",
                    Type::String,
                    "Between the words; `-` when not written.",
                )
                .defaults_to("-")
                .replaces(),
                Property::computed("id", Type::String, "The name.").keeps(),
            ],
        )
    }

    async fn create(
        &self,
        planned: &Value,
        _config: &Value,
        _call: Call<'_>,
    ) -> Result<Attributes, Diagnostics> {
        let separator = planned.text("separator").unwrap_or("");
        let words = draw_words(checked_length(planned.integer("length").unwrap_or(2).max(0))?)?;
        let prefix = planned.text("prefix").filter(|prefix| !prefix.is_empty());
        let parts: Vec<&str> = prefix.into_iter().chain(words).collect();
        Ok(vec![("id", parts.join(separator).into())])
    }
}

/// Draws adverbs, an adjective and an animal. Fewer than one word are as two.
fn draw_words(count: usize) -> Result<Vec<&'static str>, Diagnostics> {
    if count == 1 {
        return Ok(vec![draw(ANIMALS)?]);
    }
    let mut words = Vec::new();
    for _ in 2..count {
        words.push(draw(ADVERBS)?);
    }
    words.extend([draw(ADJECTIVES)?, draw(ANIMALS)?]);
    Ok(words)
}

fn draw(words: &[&'static str]) -> Result<&'static str, Diagnostics> {
    let drawn = random_below(words.len() as u64)?;
    Ok(words[usize::try_from(drawn).unwrap_or(0)])
}
