//! `random_shuffle`: a list in another order.

use terrane_model::{Diagnostics, Type, Value};
use terrane_provider::async_trait;

use super::entropy::{checked_length, random_below};
use super::keepers::keepers;
use super::seeded::SeededRandom;
use crate::object::{Attributes, Fields};
use crate::toolkit::{Call, Property, Resource, Table};

pub(super) struct RandomShuffle;

#[async_trait]
impl Resource for RandomShuffle {
    fn table(&self) -> Table {
        let list = || Type::list(Type::String);
        Table::new(
            "random_shuffle",
            "The elements of a list in a random order.",
            [
                keepers(),
                Property::optional("seed", Type::String, "With the same seed and input, the order is the same.")
                    .replaces(),
                Property::required("input", list(), "The elements.").replaces(),
                Property::optional(
                    "result_count",
                    Type::Number,
                    "How many elements to return; as many as there are when not written. Elements repeat only when \
                     all have been used.",
                )
                .replaces(),
                Property::computed("result", list(), "The elements in their new order.").keeps(),
                Property::computed("id", Type::String, "Always `-`.").keeps(),
            ],
        )
    }

    async fn create(
        &self,
        planned: &Value,
        _config: &Value,
        _call: Call<'_>,
    ) -> Result<Attributes, Diagnostics> {
        let elements = planned.get("input").and_then(Value::as_sequence).unwrap_or_default();
        let count = match planned.integer("result_count") {
            Some(count) if !elements.is_empty() => checked_length(count.max(0))?,
            _ => elements.len(),
        };
        let mut draw = order_source(planned.text("seed").unwrap_or(""));
        let mut result = Vec::with_capacity(count);
        while result.len() < count {
            let order = draw(elements.len())?;
            let missing = count - result.len();
            result.extend(order.into_iter().take(missing).map(|position| elements[position].clone()));
        }
        Ok(vec![("result", Value::list(Type::String, result)), ("id", "-".into())])
    }
}

/// Returns what draws one order after the other.
fn order_source(seed: &str) -> impl FnMut(usize) -> Result<Vec<usize>, Diagnostics> {
    let mut seeded = (!seed.is_empty()).then(|| SeededRandom::from_text(seed));
    move |count| match &mut seeded {
        Some(seeded) => Ok(seeded.permutation(count)),
        None => random_order(count),
    }
}

/// Draws an order of the numbers from 0 up to a count, every order with the same probability.
pub(super) fn random_order(count: usize) -> Result<Vec<usize>, Diagnostics> {
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        let other = random_below(last as u64 + 1)?;
        order.swap(last, usize::try_from(other).unwrap_or(0));
    }
    Ok(order)
}
