//! `time_offset`: a point in time at a distance from another.

use terrane_model::{Diagnostics, Type, Value};
use terrane_provider::async_trait;

use super::import_id;
use super::parts;
use crate::moment::Moment;
use crate::object::{Attributes, Fields};
use crate::toolkit::{Call, Draft, Property, Resource, Rule, Table};

/// In the order of import ids.
const OFFSETS: [&str; 6] =
    ["offset_years", "offset_months", "offset_days", "offset_hours", "offset_minutes", "offset_seconds"];

pub(super) struct TimeOffset;

#[async_trait]
impl Resource for TimeOffset {
    fn table(&self) -> Table {
        let offset = |name| Property::optional(name, Type::Number, "How much to add; may be negative.");
        let mut properties = parts::properties();
        properties.extend(OFFSETS.map(offset));
        properties.extend([
            parts::triggers(),
            Property::optional_computed(
                "base_rfc3339",
                Type::String,
                "The timestamp to add to, in RFC 3339; the time of creation when not written.",
            ),
            Property::computed("rfc3339", Type::String, "The resulting timestamp."),
            Property::computed("id", Type::String, "The timestamp that was added to."),
        ]);
        Table::new("time_offset", "A point in time at a distance from another.", properties)
            .rule(Rule::AtLeastOneOf(&OFFSETS))
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        parts::validate_timestamp(config, "base_rfc3339").into_iter().collect()
    }

    /// Shows what new offsets lead to.
    fn modify_plan(&self, draft: &mut Draft<'_>) {
        let unknown = |name: &str| draft.config.get(name).is_some_and(|value| !value.is_known());
        let changed = OFFSETS.iter().any(|name| draft.changes(name));
        if draft.is_create() || !changed || OFFSETS.into_iter().chain(["base_rfc3339"]).any(unknown) {
            return;
        }
        let base = draft.get("base_rfc3339");
        let base = if base.is_known() { base.clone() } else { draft.prior.attribute("base_rfc3339") };
        let Some(base) = base.as_str().and_then(|text| Moment::parse(text)) else { return };
        match moved(base, draft.config) {
            Ok(attributes) => {
                for (name, value) in attributes {
                    draft.set_unless_written(name, value);
                }
            }
            Err(diagnostics) => diagnostics.into_iter().for_each(|diagnostic| draft.report(diagnostic)),
        }
    }

    async fn create(
        &self,
        planned: &Value,
        _config: &Value,
        _call: Call<'_>,
    ) -> Result<Attributes, Diagnostics> {
        moved(parts::timestamp(planned, "base_rfc3339")?.unwrap_or_else(Moment::now), planned)
    }

    async fn update(
        &self,
        _prior: &Value,
        planned: &Value,
        _config: &Value,
    ) -> Result<Attributes, Diagnostics> {
        moved(parts::timestamp(planned, "base_rfc3339")?.unwrap_or_else(Moment::now), planned)
    }

    /// Takes `BASE,YEARS,MONTHS,DAYS,HOURS,MINUTES,SECONDS`.
    async fn import(&self, id: &str) -> Result<Attributes, Diagnostics> {
        const FORM: &str = "BASETIMESTAMP,YEARS,MONTHS,DAYS,HOURS,MINUTES,SECONDS";
        const SUMMARY: &str = "Import time offset error";
        let parts: Vec<&str> = id.split(',').collect();
        let [base, offsets @ ..] = &parts[..] else { return Err(import_id::unexpected(id, FORM)) };
        if offsets.len() != OFFSETS.len() {
            return Err(import_id::unexpected(id, FORM));
        }
        if base.is_empty() || offsets.iter().all(|offset| offset.is_empty()) {
            let form = format!("{FORM} where at least one offset value is non-empty");
            return Err(import_id::unexpected(id, &form));
        }
        let offsets = import_id::numbers(SUMMARY, &OFFSETS, offsets)?;
        let mut attributes = moved(import_id::moment(SUMMARY, base)?, &Value::object(offsets.clone()))?;
        attributes.extend(offsets);
        Ok(attributes)
    }
}

/// Adds the offsets to a base, in the order that decides which days run over.
fn moved(base: Moment, offsets: &Value) -> Result<Attributes, Diagnostics> {
    let offset = |name| offsets.integer(name).unwrap_or(0);
    let seconds = |name, factor: i64| offset(name).checked_mul(factor);
    let moved = || {
        base.plus_date(0, 0, offset("offset_days"))?
            .plus_seconds(seconds("offset_hours", 3600)?)?
            .plus_seconds(seconds("offset_minutes", 60)?)?
            .plus_date(0, offset("offset_months"), 0)?
            .plus_seconds(offset("offset_seconds"))?
            .plus_date(offset("offset_years"), 0, 0)
    };
    let moved = moved().ok_or_else(parts::out_of_range)?;
    let mut attributes = parts::attributes(moved);
    attributes.extend([
        ("base_rfc3339", base.to_string().into()),
        ("rfc3339", moved.to_string().into()),
        ("id", base.to_string().into()),
    ]);
    Ok(attributes)
}
