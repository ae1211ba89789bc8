//! What an engine proposes, and what providers promise: plans follow configurations, and objects follow plans.

use terrane_model::{Block, Value};

/// The configuration with what the prior object keeps: computed attributes that are not written. No resource
/// here has computed attributes inside nested blocks.
pub(crate) fn propose_new(block: &Block, prior: &Value, config: &Value) -> Value {
    let Some(entries) = config.as_entries() else { return config.clone() };
    Value::object(entries.iter().map(|(name, written)| {
        let keeps = block.attribute(name).is_some_and(|attribute| attribute.computed) && written.is_null();
        let value = if keeps && !prior.is_null() { prior.attribute(name) } else { written.clone() };
        (name.clone(), value)
    }))
}

pub(crate) fn check_planned(block: &Block, prior: &Value, config: &Value, planned: &Value) {
    if config.is_null() {
        assert!(planned.is_null(), "what is destroyed is planned to be gone");
        return;
    }
    for (name, attribute) in block.attributes() {
        let (written, planned) = (config.attribute(name), planned.attribute(name));
        if attribute.write_only {
            assert!(planned.is_null(), "{name} is not planned");
        } else if !written.is_null() || !attribute.computed {
            let keeps_prior = !prior.is_null() && planned == prior.attribute(name);
            assert!(planned == written || keeps_prior, "{name} is planned as written: {planned:?}");
        }
    }
}

pub(crate) fn check_applied(planned: &Value, new: &Value) {
    assert!(new.is_wholly_known(), "what is applied is known: {new:?}");
    for (name, promised) in planned.as_entries().unwrap_or_default() {
        if promised.is_wholly_known() {
            assert_eq!(new.get(name), Some(promised), "{name} is as planned");
        }
    }
    assert_eq!(planned.is_null(), new.is_null());
}

pub(crate) fn check_follows_config(config: &Value, state: &Value) {
    for (name, written) in config.as_entries().unwrap_or_default() {
        if !written.is_null() {
            assert_eq!(state.get(name), Some(written), "{name} is as written");
        }
    }
}
