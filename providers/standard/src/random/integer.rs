//! `random_integer`: a number from a range.

use terrane_model::{Diagnostics, Type, Value};
use terrane_provider::async_trait;

use super::entropy::random_below;
use super::keepers::keepers;
use super::seeded::SeededRandom;
use crate::object::{Attributes, Fields};
use crate::toolkit::{Call, Property, Resource, Table, failure};

pub(super) struct RandomInteger;

#[async_trait]
impl Resource for RandomInteger {
    fn table(&self) -> Table {
        Table::new(
            "random_integer",
            "A random number from a range.",
            [
                keepers(),
                Property::required("min", Type::Number, "The smallest number that may result.").replaces(),
                Property::required("max", Type::Number, "The largest number that may result.").replaces(),
                Property::optional(
                    "seed",
                    Type::String,
                    "With the same seed and range, the result is the same.",
                )
                .replaces(),
                Property::computed("result", Type::Number, "The number.").keeps(),
                Property::computed("id", Type::String, "The number as a text.").keeps(),
            ],
        )
    }

    async fn create(
        &self,
        planned: &Value,
        _config: &Value,
        _call: Call<'_>,
    ) -> Result<Attributes, Diagnostics> {
        let (min, max) = (planned.integer("min").unwrap_or(0), planned.integer("max").unwrap_or(0));
        let result = draw(min, max, planned.text("seed").unwrap_or(""))?;
        Ok(vec![("result", Value::number(result)), ("id", result.to_string().into())])
    }

    /// Takes `RESULT,MIN,MAX` or `RESULT,MIN,MAX,SEED`.
    async fn import(&self, id: &str) -> Result<Attributes, Diagnostics> {
        const SUMMARY: &str = "Import Random Integer Error";
        let parts: Vec<&str> = id.split(',').collect();
        let ([result, min, max] | [result, min, max, _]) = parts[..] else {
            let detail =
                "Invalid import usage: expecting {result},{min},{max} or {result},{min},{max},{seed}";
            return Err(failure(SUMMARY, detail));
        };
        let number = |what: &str, text: &str| {
            let parsed =
                text.parse::<i64>().map_err(|error| format!("The {what} {text:?} is no integer: {error}."));
            parsed.map(Value::number).map_err(|detail| failure(SUMMARY, detail))
        };
        let mut attributes = vec![
            ("result", number("result", result)?),
            ("min", number("minimum", min)?),
            ("max", number("maximum", max)?),
            ("id", result.into()),
        ];
        attributes.extend(parts.get(3).map(|seed| ("seed", Value::from(*seed))));
        Ok(attributes)
    }
}

fn draw(min: i64, max: i64, seed: &str) -> Result<i64, Diagnostics> {
    const SUMMARY: &str = "Create Random Integer Error";
    if max < min {
        let detail = "The minimum (min) value needs to be smaller than or equal to maximum (max) value.";
        return Err(failure(SUMMARY, detail));
    }
    let count = max.checked_sub(min).and_then(|span| span.checked_add(1)).ok_or_else(|| {
        failure(SUMMARY, format!("The range from {min} to {max} holds more numbers than 63 bits can count."))
    })?;
    let offset = if seed.is_empty() {
        i64::try_from(random_below(count.unsigned_abs())?).unwrap_or(0)
    } else {
        SeededRandom::from_text(seed).below(count)
    };
    Ok(min + offset)
}
