//! Templates from files and strings.

use terrane_language::evaluate::render_template;

use super::world::{World, variables};
use super::{Target, outcome};
use crate::{corpus, grammar};

pub(super) const TARGET: Target = Target { name: "template", seeds, generate: Some(grammar::template), run };

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = corpus::own_seeds("template");
    seeds.extend(corpus::recorded_files("configs", &[".tftpl", ".tmpl"]));
    seeds.extend(corpus::recorded_files("expr", &[".tftpl", ".tmpl"]));
    seeds
}

fn run(input: &[u8]) -> Result<String, String> {
    let text = String::from_utf8_lossy(input);
    Ok(match render_template("input", &text, &variables(), &World) {
        Ok(value) => outcome::of_value(&value),
        Err(error) => outcome::shape("error", &error.message),
    })
}
