//! When a certificate is to be made anew: some hours before its end, or when it has ended.

use terrane_model::{Diagnostic, Diagnostics, Type, Value};

use crate::moment::Moment;
use crate::object::{Fields, with_attributes};
use crate::toolkit::Draft;

const READY: &str = "ready_for_renewal";

/// Plans a new certificate in place of one that is ready for renewal.
pub(super) fn modify_plan(draft: &mut Draft<'_>) {
    let period = draft.get("validity_period_hours").clone();
    if draft.is_create() && !period.is_known() {
        draft.set(READY, Value::unknown(Type::Bool));
        return;
    }
    let early = draft.get("early_renewal_hours").clone();
    if is_ready_at_once(&period, &early) {
        draft.set(READY, true);
    }
    let end = draft.get("validity_end_time").clone();
    let Some(end) = end.as_str().map(|end| end.as_str()) else { return };
    match has_come(end, &early) {
        Ok(false) => {}
        Ok(true) => {
            draft.set(READY, Value::unknown(Type::Bool));
            draft.require_replace(READY);
        }
        Err(problem) => draft.report(problem),
    }
}

/// Tells whether a certificate has to be renewed as soon as it is made.
pub(super) fn is_ready_at_once(period_hours: &Value, early_hours: &Value) -> bool {
    let (period, early) = (hours(period_hours), hours(early_hours));
    period == Some(0) || period.zip(early).is_some_and(|(period, early)| early >= period)
}

/// Says in a state that the time has come.
pub(super) fn read(state: Value) -> Result<Option<Value>, Diagnostics> {
    let Some(end) = state.text("validity_end_time") else { return Ok(Some(state)) };
    let ready = has_come(end, &state.attribute("early_renewal_hours"))?;
    Ok(Some(if ready { with_attributes(&state, &[(READY, true.into())]) } else { state }))
}

fn hours(value: &Value) -> Option<i64> {
    value.as_number()?.to_i64()
}

fn has_come(end: &str, early_hours: &Value) -> Result<bool, Diagnostic> {
    let moment = Moment::parse(end).ok_or_else(|| {
        let detail = format!("validity_end_time is {end:?}, which is no timestamp in RFC 3339.");
        Diagnostic::error("Invalid certificate in the state", detail)
    })?;
    let early_seconds = hours(early_hours).unwrap_or(0).saturating_mul(3600);
    Ok(moment.unix().saturating_sub(early_seconds) <= Moment::now().unix())
}
