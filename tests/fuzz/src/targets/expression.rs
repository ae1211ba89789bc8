//! The evaluator: expressions over values of every kind, as a console has them.

use terrane_language::evaluate::Evaluator;
use terrane_language::syntax::parse_expression;
use terrane_model::encode_msgpack::{msgpack_from_value, value_from_msgpack};
use terrane_model::{SourceMap, Type, Value};

use super::world::World;
use super::{Target, outcome};
use crate::{corpus, grammar};

pub(super) const TARGET: Target =
    Target { name: "expression", seeds, generate: Some(grammar::expression), run };

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = corpus::own_seeds("expression");
    seeds.extend(corpus::recorded_expressions());
    seeds
}

fn run(input: &[u8]) -> Result<String, String> {
    let text = String::from_utf8_lossy(input);
    let mut sources = SourceMap::new();
    let file = sources.add("input", &*text);
    let (expression, mut diagnostics) = parse_expression(&text, file);
    let mut evaluator = Evaluator::new(&World);
    let value = evaluator.evaluate(&expression);
    diagnostics.extend(evaluator.diagnostics);
    // References are looked at before anything is evaluated.
    let references = expression.variables().count().min(2);
    survives_storage(&value)?;
    let messages = outcome::of_diagnostics(&diagnostics, &sources)?;
    Ok(format!("{messages}/{references}/{}", outcome::of_value(&value)))
}

/// What was evaluated is what a saved plan gives back. Some numbers change when they are stored, as Terraform's do (those
/// that were computed with 64-bit floats and are beyond 64-bit integers); what was stored once stays.
fn survives_storage(value: &Value) -> Result<(), String> {
    let (plain, _) = value.split_marks();
    // A value in which something has no form in MessagePack is refused, not changed.
    let Ok(once) = stored(&plain)? else { return Ok(()) };
    if once.ty() != plain.ty() {
        return Err(format!("written as MessagePack and read, {plain:?} is {once:?}"));
    }
    match stored(&once)? {
        Ok(twice) if twice == once => Ok(()),
        Ok(twice) => Err(format!("written as MessagePack and read, {once:?} is {twice:?}")),
        Err(error) => Err(format!("what was stored once cannot be stored again: {error}: {once:?}")),
    }
}

fn stored(value: &Value) -> Result<Result<Value, String>, String> {
    let bytes = match msgpack_from_value(value, &Type::Dynamic) {
        Ok(bytes) => bytes,
        Err(error) => return Ok(Err(error.to_string())),
    };
    match value_from_msgpack(&bytes, &Type::Dynamic) {
        Ok(value) => Ok(Ok(value)),
        Err(error) => Err(format!("what was written as MessagePack cannot be read: {error}: {value:?}")),
    }
}
