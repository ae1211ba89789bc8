//! What a provider may answer: each check is a function from values to violations, and every provider, built in
//! or not, is held to it.
//!
//! The rules are those of Terraform's `AssertPlanValid` and `AssertObjectCompatible`.

use terrane_model::{Attribute, AttributeKind, AttributePath, Block, Nesting, Str, Value};

/// A promise that was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where.
    pub path: AttributePath,
    /// What is wrong there, as a fragment; never a value that may be sensitive.
    pub message: String,
}

fn violation(path: &AttributePath, message: impl Into<String>) -> Violation {
    Violation { path: path.clone(), message: message.into() }
}

/// Checks a planned state against what it was planned from: what the configuration sets must be planned as it
/// is, and only computed attributes may be anything else. All values without marks.
pub fn check_plan(schema: &Block, prior: &Value, config: &Value, planned: &Value) -> Vec<Violation> {
    let mut violations = Vec::new();
    if planned.is_null() != config.is_null() {
        let message = if planned.is_null() {
            "planned for absence but config wants existence"
        } else {
            "planned for existence but config wants absence"
        };
        violations.push(violation(&AttributePath::root(), message));
        return violations;
    }
    if !planned.is_null() {
        check_block(schema, prior, config, planned, &AttributePath::root(), &mut violations);
    }
    violations
}

fn check_block(
    schema: &Block,
    prior: &Value,
    config: &Value,
    planned: &Value,
    path: &AttributePath,
    violations: &mut Vec<Violation>,
) {
    if !planned.is_known() || !config.is_known() {
        return;
    }
    for (name, attribute) in schema.attributes() {
        let (prior, config, planned) =
            (prior.attribute(name), config.attribute(name), planned.attribute(name));
        check_attribute(attribute, &prior, &config, &planned, &path.attribute(name.clone()), violations);
    }
    for (name, nested) in schema.block_types() {
        let path = path.attribute(name.clone());
        let (prior, config, planned) =
            (prior.attribute(name), config.attribute(name), planned.attribute(name));
        check_gathered(
            nested.nesting,
            &prior,
            &config,
            &planned,
            &path,
            violations,
            &mut |p, c, n, path, violations| {
                check_block(&nested.block, p, c, n, path, violations);
            },
        );
    }
}

fn check_attribute(
    attribute: &Attribute,
    prior: &Value,
    config: &Value,
    planned: &Value,
    path: &AttributePath,
    violations: &mut Vec<Violation>,
) {
    if planned.raw_equals(config) {
        return;
    }
    if attribute.write_only {
        if !planned.is_null() {
            violations.push(violation(path, "planned value for a write-only attribute must be null"));
        }
        return;
    }
    // Keeping what was is always allowed where the configuration means the same in the provider's eyes.
    if planned.raw_equals(prior) && !prior.is_null() && !config.is_null() {
        return;
    }
    if attribute.computed && config.is_null() {
        return;
    }
    if let AttributeKind::Nested(nested) = &attribute.kind
        && !planned.is_null()
        && !config.is_null()
    {
        check_gathered(
            nested.nesting,
            prior,
            config,
            planned,
            path,
            violations,
            &mut |p, c, n, path, violations| {
                check_block(&nested.block, p, c, n, path, violations);
            },
        );
        return;
    }
    if !config.is_known() {
        return;
    }
    let message = if attribute.computed || attribute.is_configurable() && !config.is_null() {
        "planned value does not match the config value"
    } else if attribute.is_configurable() {
        "planned value for a non-computed attribute that is not set in the configuration"
    } else {
        "planned value for an attribute that is neither configurable nor computed"
    };
    violations.push(violation(path, message));
}

type CheckPart<'a> = dyn FnMut(&Value, &Value, &Value, &AttributePath, &mut Vec<Violation>) + 'a;

fn check_gathered(
    nesting: Nesting,
    prior: &Value,
    config: &Value,
    planned: &Value,
    path: &AttributePath,
    violations: &mut Vec<Violation>,
    check: &mut CheckPart<'_>,
) {
    if !config.is_known() || !planned.is_known() {
        return;
    }
    let nothing = Value::dynamic_null();
    match nesting {
        Nesting::Single | Nesting::Group => {
            if config.is_null() != planned.is_null() && nesting == Nesting::Single {
                violations.push(violation(
                    path,
                    "block is planned although it is not configured, or the other way round",
                ));
            } else if !planned.is_null() {
                check(prior, config, planned, path, violations);
            }
        }
        Nesting::List => {
            let (configs, planneds) =
                (config.as_sequence().unwrap_or_default(), planned.as_sequence().unwrap_or_default());
            if configs.len() != planneds.len() {
                let message = format!(
                    "block count in plan ({}) disagrees with count in config ({})",
                    planneds.len(),
                    configs.len()
                );
                violations.push(violation(path, message));
                return;
            }
            let priors = prior.as_sequence().unwrap_or_default();
            for (position, (config, planned)) in configs.iter().zip(planneds).enumerate() {
                let prior = priors.get(position).unwrap_or(&nothing);
                check(prior, config, planned, &path.position(position), violations);
            }
        }
        Nesting::Map => {
            let (configs, planneds) =
                (config.as_entries().unwrap_or_default(), planned.as_entries().unwrap_or_default());
            for (key, planned) in planneds {
                match config.get(key) {
                    Some(config) => {
                        let prior = prior.get(key).unwrap_or(&nothing);
                        check(prior, config, planned, &path.key(key.clone()), violations);
                    }
                    None => violations.push(violation(
                        path,
                        format!("block key {key:?} from plan is not present in config"),
                    )),
                }
            }
            for (key, _) in configs.iter().filter(|(key, _)| planned.get(key).is_none()) {
                violations
                    .push(violation(path, format!("block key {key:?} from config is not present in plan")));
            }
        }
        // Elements of sets cannot be matched up safely; their number must be right.
        Nesting::Set => {
            let counts = (config.element_count().unwrap_or(0), planned.element_count().unwrap_or(0));
            if counts.0 != counts.1 && config.is_wholly_known() && planned.is_wholly_known() {
                let message = format!("block set length changed from {} to {}", counts.0, counts.1);
                violations.push(violation(path, message));
            }
        }
    }
}

/// Checks an object after apply against the plan: everything that was planned as known must be as planned.
pub fn check_applied(planned: &Value, actual: &Value) -> Vec<Violation> {
    let mut violations = Vec::new();
    compare(planned, actual, &AttributePath::root(), &mut violations);
    violations
}

fn compare(planned: &Value, actual: &Value, path: &AttributePath, violations: &mut Vec<Violation>) {
    if let Some(unknown) = planned.as_unknown() {
        if unknown.refinement.not_null && actual.is_null() {
            violations.push(violation(path, "was planned not to be null, but now is"));
        }
        return;
    }
    match (planned, actual) {
        (_, Value::Unknown(_)) => violations.push(violation(path, "is still unknown after apply")),
        (Value::Null(_), Value::Null(_)) => {}
        (Value::Null(_), _) => violations.push(violation(path, "was absent, but now present")),
        (_, Value::Null(_)) => violations.push(violation(path, "was present, but now absent")),
        (Value::Object(planned), Value::Object(actual)) => {
            compare_entries(planned.attributes(), actual.attributes(), path, violations, |path, name| {
                path.attribute(name.clone())
            });
        }
        (Value::Map(planned), Value::Map(actual)) => {
            compare_entries(planned.entries(), actual.entries(), path, violations, |path, key| {
                path.key(key.clone())
            });
        }
        (Value::List(_) | Value::Tuple(_), Value::List(_) | Value::Tuple(_)) => {
            let planned = planned.as_sequence().unwrap_or_default();
            let actual = actual.as_sequence().unwrap_or_default();
            if planned.len() != actual.len() {
                let message =
                    format!("number of elements changed from {} to {}", planned.len(), actual.len());
                violations.push(violation(path, message));
                return;
            }
            for (position, (planned, actual)) in planned.iter().zip(actual).enumerate() {
                compare(planned, actual, &path.position(position), violations);
            }
        }
        (Value::Set(planned_set), Value::Set(actual_set)) => {
            if !planned.is_wholly_known() {
                if planned_set.elements().len() < actual_set.elements().len() {
                    violations.push(violation(path, "set has more elements than were planned"));
                }
            } else if !planned.raw_equals(actual) {
                violations.push(violation(path, "elements of the set are not those that were planned"));
            }
        }
        (planned, actual) if planned.raw_equals(actual) => {}
        _ => violations.push(violation(path, "was planned as one value, but now is another")),
    }
}

fn compare_entries(
    planned: &[(Str, Value)],
    actual: &[(Str, Value)],
    path: &AttributePath,
    violations: &mut Vec<Violation>,
    step: impl Fn(&AttributePath, &Str) -> AttributePath,
) {
    let lookup =
        |entries: &[(Str, Value)], key: &Str| entries.binary_search_by(|(other, _)| other.cmp(key)).ok();
    for (key, planned) in planned {
        match lookup(actual, key) {
            Some(index) => compare(planned, &actual[index].1, &step(path, key), violations),
            None => violations.push(violation(path, format!("element {key:?} has vanished"))),
        }
    }
    for (key, _) in actual.iter().filter(|(key, _)| lookup(planned, key).is_none()) {
        violations.push(violation(path, format!("new element {key:?} has appeared")));
    }
}
