//! Native syntax: the parser for files, expressions and templates, and the formatter.

use terrane_language::syntax::{format_source, lay_out_source, parse_expression, parse_file, parse_template};
use terrane_model::SourceMap;

use super::{Target, outcome};
use crate::corpus;
use crate::grammar;

pub(super) const TARGET: Target = Target { name: "native-syntax", seeds, generate: Some(grammar::file), run };

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = corpus::own_seeds("native-syntax");
    seeds.extend(corpus::recorded_files("fmt", &[".tf"]));
    seeds.extend(corpus::recorded_files("configs", &[".tf"]));
    seeds.extend(corpus::recorded_files("invalid", &[".tf"]));
    seeds.extend(corpus::recorded_expressions());
    seeds
}

fn run(input: &[u8]) -> Result<String, String> {
    let text = String::from_utf8_lossy(input);
    let mut sources = SourceMap::new();
    let file = sources.add("main.tf", &*text);
    let (_, diagnostics) = parse_file(file, &text);
    let mut summary = outcome::of_diagnostics(&diagnostics, &sources)?;
    for (_, diagnostics) in [parse_expression(&text, file), parse_template(&text, file)] {
        summary.push('/');
        summary += &outcome::of_diagnostics(&diagnostics, &sources)?;
    }
    lay_out_source(&text);
    if let Ok(once) = format_source(file, &text) {
        match format_source(file, &once) {
            // As Terraform's, one pass takes off one of several interpolations around an expression.
            Ok(twice) if twice == once || once.contains("${\"${") => summary.push_str("/formatted"),
            Ok(twice) => return Err(format!("formatted twice, it is {twice:?} and not {once:?}")),
            Err(_) => return Err(format!("what the formatter writes is not accepted: {once:?}")),
        }
    }
    Ok(summary)
}
