//! JSON syntax: reading a file, and its parts as arguments and blocks.

use terrane_language::evaluate::Evaluator;
use terrane_language::syntax::{AttributeSchema, BlockSchema, BodySchema, parse_json_file};
use terrane_model::SourceMap;

use super::world::World;
use super::{Target, outcome};
use crate::{corpus, grammar};

pub(super) const TARGET: Target = Target { name: "json-syntax", seeds, generate: Some(grammar::json), run };

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = corpus::own_seeds("json-syntax");
    seeds.extend(corpus::recorded_files("", &[".tf.json"]));
    seeds
}

fn run(input: &[u8]) -> Result<String, String> {
    let text = String::from_utf8_lossy(input);
    let mut sources = SourceMap::new();
    let file = sources.add("main.tf.json", &*text);
    let (body, mut diagnostics) = parse_json_file(file, &text);
    let schema = BodySchema {
        attributes: &[AttributeSchema::optional("a")],
        blocks: &[BlockSchema { block_type: "resource", labels: &["type", "name"] }],
    };
    let (content, rest, more) = body.partial_content(&schema);
    diagnostics.extend(more);
    let (attributes, more) = rest.just_attributes();
    diagnostics.extend(more);
    let mut evaluator = Evaluator::new(&World);
    for attribute in content.attributes.iter().chain(&attributes) {
        evaluator.evaluate(&attribute.expression);
    }
    let blocks = content.blocks.len().min(2);
    diagnostics.extend(evaluator.diagnostics);
    Ok(format!("{}/{blocks}", outcome::of_diagnostics(&diagnostics, &sources)?))
}
