//! `time_sleep`: waiting before what depends on it is created, or after it has been destroyed.

use std::time::Duration;

use terrane_model::{Diagnostics, Type, Value};
use terrane_provider::async_trait;

use super::duration::parse_nanoseconds;
use super::import_id;
use super::parts;
use crate::moment::Moment;
use crate::object::{Attributes, Fields};
use crate::toolkit::{Call, Check, Property, Resource, Rule, Table, failure};

pub(super) struct TimeSleep;

#[async_trait]
impl Resource for TimeSleep {
    fn table(&self) -> Table {
        let duration = |name, description| {
            Property::optional(name, Type::String, description).check(Check::Text(
                is_duration,
                "a number immediately followed by ms (milliseconds), s (seconds), m (minutes), or h (hours), such as \
                 \"30s\"",
            ))
        };
        Table::new(
            "time_sleep",
            "Waits when it is created, destroyed, or both.",
            [
                duration("create_duration", "How long to wait at create, such as `30s`."),
                duration("destroy_duration", "How long to wait at destroy, such as `5m`."),
                parts::triggers(),
                Property::computed("id", Type::String, "The time of creation.").keeps(),
            ],
        )
        .rule(Rule::AtLeastOneOf(&["create_duration", "destroy_duration"]))
    }

    async fn create(
        &self,
        planned: &Value,
        _config: &Value,
        call: Call<'_>,
    ) -> Result<Attributes, Diagnostics> {
        wait("Create time sleep error", planned.text("create_duration"), call).await?;
        Ok(vec![("id", Moment::now().to_string().into())])
    }

    async fn delete(&self, prior: &Value, call: Call<'_>) -> Result<(), Diagnostics> {
        wait("Delete time sleep error", prior.text("destroy_duration"), call).await
    }

    /// Takes `CREATEDURATION,DESTROYDURATION`.
    async fn import(&self, id: &str) -> Result<Attributes, Diagnostics> {
        const FORM: &str = "CREATEDURATION,DESTROYDURATION where at least one value is non-empty";
        let parts: Vec<&str> = id.split(',').collect();
        let [create, destroy] = parts[..] else { return Err(import_id::unexpected(id, FORM)) };
        if create.is_empty() && destroy.is_empty() {
            return Err(import_id::unexpected(id, FORM));
        }
        let mut attributes: Attributes = vec![("id", Moment::now().to_string().into())];
        for (name, text) in [("create_duration", create), ("destroy_duration", destroy)] {
            if !text.is_empty() {
                nanoseconds("Import time sleep error", text)?;
                attributes.push((name, text.into()));
            }
        }
        Ok(attributes)
    }
}

fn nanoseconds(summary: &str, text: &str) -> Result<i64, Diagnostics> {
    parse_nanoseconds(text)
        .ok_or_else(|| failure(summary, format!("The duration {text:?} cannot be parsed.")))
}

/// Waits, and less when the provider is to stop.
async fn wait(summary: &str, duration: Option<&str>, mut call: Call<'_>) -> Result<(), Diagnostics> {
    let Some(text) = duration.filter(|text| !text.is_empty()) else { return Ok(()) };
    let duration = Duration::from_nanos(nanoseconds(summary, text)?.max(0).unsigned_abs());
    tokio::select! {
        () = tokio::time::sleep(duration) => Ok(()),
        _ = call.stop.wait_for(|stopped| *stopped) => {
            Err(failure(summary, format!("The wait of {text} was interrupted.")))
        }
    }
}

/// Digits, perhaps with a fraction, and a unit.
fn is_duration(text: &str) -> bool {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_number =
        number.split_once('.').map_or(digits(number), |(whole, rest)| digits(whole) && digits(rest));
    is_number && matches!(&text[number.len()..], "ms" | "s" | "m" | "h")
}
