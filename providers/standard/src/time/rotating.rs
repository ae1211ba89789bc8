//! `time_rotating`: a point in time that is given up some time later.
//!
//! Reading an object whose rotation time has passed finds nothing, so that the next plan makes a new one.

use terrane_model::{Diagnostics, Type, Value};
use terrane_provider::async_trait;

use super::import_id;
use super::parts;
use crate::moment::Moment;
use crate::object::{Attributes, Fields};
use crate::toolkit::{Call, Check, Draft, Property, Resource, Rule, Table};

/// In the order of import ids.
const ROTATIONS: [&str; 5] =
    ["rotation_years", "rotation_months", "rotation_days", "rotation_hours", "rotation_minutes"];
const ROTATION_TIME: &str = "rotation_rfc3339";

pub(super) struct TimeRotating;

#[async_trait]
impl Resource for TimeRotating {
    fn table(&self) -> Table {
        let rotation = |name| {
            Property::optional(name, Type::Number, "When to rotate, counted from the base; at least 1.")
                .check(Check::AtLeast(1))
        };
        let mut properties = parts::properties();
        properties.extend(ROTATIONS.map(rotation));
        properties.extend([
            parts::triggers(),
            Property::optional_computed(
                "rfc3339",
                Type::String,
                "The base in RFC 3339; the time of creation when not written.",
            )
            .replaces(),
            Property::optional_computed(ROTATION_TIME, Type::String, "When to rotate, in RFC 3339.")
                .replaces_if(|change| change.prior.as_str().is_some_and(|prior| has_passed(prior))),
            Property::computed("id", Type::String, "The base."),
        ]);
        const ANY: &[&str] = &[
            "rotation_minutes",
            "rotation_hours",
            "rotation_days",
            "rotation_months",
            "rotation_years",
            ROTATION_TIME,
        ];
        Table::new("time_rotating", "A point in time that is replaced when it gets old.", properties)
            .rule(Rule::AtLeastOneOf(ANY))
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        let names = ["rfc3339", ROTATION_TIME];
        names.into_iter().filter_map(|name| parts::validate_timestamp(config, name)).collect()
    }

    /// Shows what other rotations lead to.
    fn modify_plan(&self, draft: &mut Draft<'_>) {
        let arguments = || ROTATIONS.into_iter().chain([ROTATION_TIME]);
        let unknown = |name: &str| draft.config.get(name).is_some_and(|value| !value.is_known());
        let changed = arguments().any(|name| draft.changes(name));
        if draft.is_create() || !changed || arguments().chain(["rfc3339"]).any(unknown) {
            return;
        }
        let base = draft.get("rfc3339");
        let base = if base.is_known() { base.clone() } else { draft.prior.attribute("rfc3339") };
        let Some(base) = base.as_str().and_then(|text| Moment::parse(text)) else { return };
        match rotation(base, draft.config) {
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
        rotation(parts::timestamp(planned, "rfc3339")?.unwrap_or_else(Moment::now), planned)
    }

    async fn update(
        &self,
        _prior: &Value,
        planned: &Value,
        _config: &Value,
    ) -> Result<Attributes, Diagnostics> {
        rotation(parts::timestamp(planned, "rfc3339")?.unwrap_or_else(Moment::now), planned)
    }

    async fn read(&self, state: Value) -> Result<Option<Value>, Diagnostics> {
        parts::timestamp(&state, ROTATION_TIME)?;
        let passed = state.text(ROTATION_TIME).is_some_and(has_passed);
        Ok((!passed).then_some(state))
    }

    /// Takes `BASE,ROTATION` or `BASE,YEARS,MONTHS,DAYS,HOURS,MINUTES`.
    async fn import(&self, id: &str) -> Result<Attributes, Diagnostics> {
        const FORMS: &str =
            "BASETIMESTAMP,YEARS,MONTHS,DAYS,HOURS,MINUTES or BASETIMESTAMP,ROTATIONTIMESTAMP";
        const SUMMARY: &str = "Import time rotating error";
        let parts: Vec<&str> = id.split(',').collect();
        let arguments: Attributes = match &parts[..] {
            [base, rotation] if !base.is_empty() && !rotation.is_empty() => {
                vec![(ROTATION_TIME, import_id::moment(SUMMARY, rotation)?.to_string().into())]
            }
            [base, numbers @ ..] if !base.is_empty() && numbers.len() == ROTATIONS.len() => {
                if numbers.iter().all(|number| number.is_empty()) {
                    let form = "BASETIMESTAMP,YEARS,MONTHS,DAYS,HOURS,MINUTES where at least one rotation value is \
                                non-empty";
                    return Err(import_id::unexpected(id, form));
                }
                import_id::numbers(SUMMARY, &ROTATIONS, numbers)?
            }
            _ => return Err(import_id::unexpected(id, FORMS)),
        };
        let base = import_id::moment(SUMMARY, parts[0])?;
        let mut attributes = rotation(base, &Value::object(arguments.clone()))?;
        attributes.extend(arguments);
        Ok(attributes)
    }
}

fn has_passed(timestamp: &str) -> bool {
    Moment::parse(timestamp).is_some_and(|moment| Moment::now().unix() > moment.unix())
}

/// Each argument counts from the base, and the last of them in this order decides.
fn rotation(base: Moment, arguments: &Value) -> Result<Attributes, Diagnostics> {
    let number = |name| arguments.integer(name).filter(|number| *number != 0);
    let seconds = |count: i64, factor| base.plus_seconds(count.checked_mul(factor)?);
    let candidates = [
        number("rotation_days").map(|days| base.plus_date(0, 0, days)),
        number("rotation_hours").map(|hours| seconds(hours, 3600)),
        number("rotation_minutes").map(|minutes| seconds(minutes, 60)),
        number("rotation_months").map(|months| base.plus_date(0, months, 0)),
        parts::timestamp(arguments, ROTATION_TIME)?.map(Some),
        number("rotation_years").map(|years| base.plus_date(years, 0, 0)),
    ];
    let decisive = candidates.into_iter().flatten().next_back().flatten();
    let rotation = decisive.ok_or_else(parts::out_of_range)?;
    let mut attributes = parts::attributes(rotation);
    attributes.extend([
        (ROTATION_TIME, rotation.to_string().into()),
        ("rfc3339", base.to_string().into()),
        ("id", base.to_string().into()),
    ]);
    Ok(attributes)
}
