//! Values for the root module's variables: from the environment, from files, from the command line.

use std::sync::Arc;

use terrane_language::config::Module;
use terrane_language::config::module::Variable;
use terrane_language::evaluate::{GivenValue, GivenValues, ValueOrigin, evaluate};
use terrane_language::syntax::{ConfigBody, decode_source, parse_expression, parse_file, parse_json_file};
use terrane_model::{Diagnostic, Diagnostics, FileId, SourceMap, Str, Type, Value};

use crate::args::ParsedFlags;
use crate::context::Context;
use crate::run::ask::ask;

/// Values, messages about them, and the files that the messages point into.
pub struct CollectedValues {
    /// The values.
    pub given: GivenValues,
    /// Messages.
    pub diagnostics: Diagnostics,
    /// The configuration's files with the files of values behind them.
    pub sources: Arc<SourceMap>,
}

/// Collects the values of a run, in the order in which later ones count more. With `may_ask`, the user is asked for
/// those that are missing.
pub fn collect(
    context: &Context,
    flags: &ParsedFlags,
    module: &Module,
    sources: &SourceMap,
    may_ask: bool,
) -> CollectedValues {
    let mut collector = Collector {
        module,
        given: GivenValues::new(),
        diagnostics: Diagnostics::new(),
        sources: sources.clone(),
        undeclared_in_files: 0,
    };
    for path in automatic_files() {
        collector.file(&path);
    }
    for (name, value) in flags.in_order(&["var", "var-file"]) {
        if name == "var-file" { collector.file(value) } else { collector.assignment(value) }
    }
    // The environment counts least, and is not even read where something else has given the value.
    for variable in &module.variables {
        let text = context.environment.get(&format!("TF_VAR_{}", variable.name));
        if let Some(text) = text.filter(|_| !collector.given.contains_key(&variable.name)) {
            let file_name = format!("<value for var.{}>", variable.name);
            collector.text(variable, text, ValueOrigin::Environment, &file_name);
        }
    }
    collector.note_many_undeclared();
    if may_ask && !collector.diagnostics.has_errors() {
        collector.ask_missing(context);
    }
    CollectedValues {
        given: collector.given,
        diagnostics: collector.diagnostics,
        sources: Arc::new(collector.sources),
    }
}

/// Files that count without being named.
fn automatic_files() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(".")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".auto.tfvars") || name.ends_with(".auto.tfvars.json"))
        .collect();
    names.sort();
    let fixed = ["terraform.tfvars", "terraform.tfvars.json"];
    let present = fixed.into_iter().filter(|name| std::path::Path::new(name).exists()).map(str::to_owned);
    present.chain(names).collect()
}

struct Collector<'a> {
    module: &'a Module,
    given: GivenValues,
    diagnostics: Diagnostics,
    sources: SourceMap,
    undeclared_in_files: usize,
}

/// How many undeclared values of files are named one by one.
const UNDECLARED_SHOWN_MAX: usize = 2;

impl Collector<'_> {
    fn assignment(&mut self, text: &str) {
        let Some((name, value)) = text.split_once('=') else {
            let detail = format!(
                "The given -var option {text:?} is not correctly specified. Must be a variable name and value separated by an \
                 equals sign, like -var=\"key=value\"."
            );
            self.diagnostics.push(Diagnostic::error("Invalid -var option", detail));
            return;
        };
        if name.ends_with(char::is_whitespace) {
            let detail = format!(
                "Variable name {name:?} is invalid due to trailing space. Did you mean -var=\"{}={}\"?",
                name.trim_end(),
                value.trim_start()
            );
            self.diagnostics.push(Diagnostic::error("Invalid variable name", detail));
            return;
        }
        match self.module.variable(name) {
            Some((_, variable)) => {
                let variable = variable.clone();
                self.text(&variable, value, ValueOrigin::CommandLine, &format!("<value for var.{name}>"));
            }
            None => {
                let detail = format!(
                    "A variable named {name:?} was assigned on the command line, but the root module does not declare a \
                     variable of that name. To use this value, add a \"variable\" block to the configuration."
                );
                self.diagnostics.push(Diagnostic::error("Value for undeclared variable", detail));
            }
        }
    }

    /// Takes a value that was given as text: as it is for a primitive type, as an expression for any other.
    fn text(&mut self, variable: &Variable, text: &str, origin: ValueOrigin, file_name: &str) {
        let is_literal = !variable.has_type || variable.ty().is_primitive();
        let value = if is_literal {
            Value::string(text)
        } else {
            let file = self.sources.add(file_name, text);
            let (expression, problems) = parse_expression(text, file);
            let failed = problems.has_errors();
            self.diagnostics.extend(problems);
            if failed {
                return;
            }
            let (value, problems) = evaluate(&expression, &terrane_language::config::ConstantScope);
            let failed = problems.has_errors();
            self.diagnostics.extend(problems);
            if failed {
                return;
            }
            value
        };
        self.given.insert(variable.name.clone(), GivenValue { value, origin });
    }

    fn ask_missing(&mut self, context: &Context) {
        let missing =
            self.module.variables.iter().filter(|v| v.is_required() && !self.given.contains_key(&v.name));
        let mut missing: Vec<Variable> = missing.cloned().collect();
        missing.sort_by(|a, b| a.name.cmp(&b.name));
        for variable in missing {
            let description = variable.description.as_ref().map_or("", Str::as_str);
            let Some(answer) = ask(context, &format!("var.{}", variable.name), description) else { return };
            let file_name = format!("<value for var.{}>", variable.name);
            self.text(&variable, &answer, ValueOrigin::Question, &file_name);
        }
    }

    fn file(&mut self, path: &str) {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let detail = if error.kind() == std::io::ErrorKind::NotFound {
                    format!("Given variables file {path} does not exist.")
                } else {
                    format!("Error while reading {path}: {error}.")
                };
                self.diagnostics.push(Diagnostic::error("Failed to read variables file", detail));
                return;
            }
        };
        let (id, body, problems) = self.parse(path, &bytes);
        let failed = problems.has_errors();
        self.diagnostics.extend(problems);
        if failed {
            return;
        }
        let _ = id;
        let (attributes, problems) = body.just_attributes();
        for problem in problems {
            // A block in such a file is most often a variable's declaration.
            self.diagnostics.push(problem);
        }
        for attribute in attributes.iter() {
            let (value, problems) = evaluate(&attribute.expression, &terrane_language::config::ConstantScope);
            let failed = problems.has_errors();
            self.diagnostics.extend(problems);
            if failed {
                continue;
            }
            let name = attribute.name.name.clone();
            if self.module.variable(&name).is_none() {
                self.note_undeclared(&name, path);
                continue;
            }
            let origin = ValueOrigin::File(attribute.expression.span);
            self.given.insert(name, GivenValue { value, origin });
        }
    }

    fn parse(&mut self, path: &str, bytes: &[u8]) -> (FileId, ConfigBody, Diagnostics) {
        let text = match decode_source(bytes.to_vec()) {
            Ok(text) => text,
            Err(error) => {
                let id = self.sources.add(path, error.text.as_str());
                return (id, empty_body(id), error.diagnostic(id).into());
            }
        };
        let id = self.sources.add(path, text.as_str());
        let text = text.as_str();
        if path.ends_with(".json") {
            let (body, problems) = parse_json_file(id, text);
            return (id, body, problems);
        }
        let (body, problems) = parse_file(id, text);
        (id, ConfigBody::from_native(body), problems)
    }

    fn note_undeclared(&mut self, name: &Str, path: &str) {
        self.undeclared_in_files += 1;
        if self.undeclared_in_files > UNDECLARED_SHOWN_MAX {
            return;
        }
        let detail = format!(
            "The root module does not declare a variable named {:?} but a value was found in file {path:?}. If you meant to use \
             this value, add a \"variable\" block to the configuration.\n\nTo silence these warnings, use TF_VAR_... \
             environment variables to provide certain \"global\" settings to all configurations in your organization. To \
             reduce the verbosity of these warnings, use the -compact-warnings option.",
            name.as_str()
        );
        self.diagnostics.push(Diagnostic::warning("Value for undeclared variable", detail));
    }

    fn note_many_undeclared(&mut self) {
        if self.undeclared_in_files <= UNDECLARED_SHOWN_MAX {
            return;
        }
        let others = self.undeclared_in_files - UNDECLARED_SHOWN_MAX;
        let detail = format!(
            "In addition to the other similar warnings shown, {others} other variable(s) defined without being declared."
        );
        self.diagnostics.push(Diagnostic::warning("Values for undeclared variables", detail));
    }
}

fn empty_body(id: FileId) -> ConfigBody {
    let (body, _) = parse_file(id, "");
    ConfigBody::from_native(body)
}

/// Says which variables have neither a value nor a default.
pub fn missing_values(module: &Module, given: &GivenValues) -> Diagnostics {
    let missing = module.variables.iter().filter(|v| v.is_required() && !given.contains_key(&v.name));
    missing
        .map(|variable| {
            let detail = format!(
                "The root module input variable {:?} is not set, and has no default value. Use a -var or -var-file command \
                 line argument to provide a value for this variable.",
                variable.name.as_str()
            );
            Diagnostic::error("No value for required variable", detail).at(variable.span)
        })
        .collect()
}

/// Puts unknown values in the place of missing ones, as commands do that only look.
pub fn fill_with_unknowns(module: &Module, given: &mut GivenValues) {
    for variable in module.variables.iter().filter(|variable| variable.is_required()) {
        given.entry(variable.name.clone()).or_insert_with(|| GivenValue {
            value: Value::unknown(wanted(variable)),
            origin: ValueOrigin::CommandLine,
        });
    }
}

fn wanted(variable: &Variable) -> Type {
    variable.ty().without_optional()
}
