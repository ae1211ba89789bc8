//! `console`: expressions typed in, their values shown.

use std::collections::BTreeSet;
use std::io::{BufRead, IsTerminal};
use std::sync::Arc;

use terrane_language::evaluate::{Evaluation, Evaluator, ModuleInstanceId, RepetitionValues};
use terrane_language::modules::ModuleId;
use terrane_language::syntax::parse_expression;
use terrane_language::syntax::tree::{Expression, ExpressionKind};
use terrane_model::{Diagnostic, Diagnostics, ResourceMode, SourceMap, Value};
use terrane_plan::evaluate_state::evaluate_with_state;
use terrane_plan::provider_functions::LoadedFunctions;
use terrane_plan::validate::check_reference;
use terrane_plan::{PreparedConfiguration, ProviderPool};

use super::Command;
use super::console_editor::{Evaluator as Answerer, converse};
use super::flag_groups::{EMULATE_FLAGS, STATE_FLAGS, VARIABLE_FLAGS};
use crate::args::{Flag, ParsedFlags};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::project::{Phase, load_project, surroundings};
use crate::registry::registry;
use crate::run::options::SHOW_SENSITIVE;
use crate::session::{Session, block_on};
use crate::terminal::Terminal;
use crate::variables;
use crate::view::human::diagnostic::render;
use crate::view::human::reveal::revealed;
use crate::view::human::types::format_type;
use crate::view::human::value::format_value;

pub(super) const COMMAND: Command = Command {
    name: "console",
    summary: "Try Terraform expressions at an interactive command prompt",
    usage: "console [options]",
    flags: &[
        &[Flag::switch(
            "plan",
            "Create a new plan first, as if running \"terrane plan\", and evaluate against its result.",
        )],
        &[SHOW_SENSITIVE],
        STATE_FLAGS,
        VARIABLE_FLAGS,
        EMULATE_FLAGS,
    ],
    run,
};

fn run(context: &Context, flags: &ParsedFlags) -> ExitCode {
    match prepare(context, flags) {
        Ok((console, diagnostics)) => {
            context.show(&diagnostics, &console.sources);
            if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
                return match converse(context, &console) {
                    Ok(()) => ExitCode::Success,
                    Err(error) => {
                        context.terminal.error_line(&format!("The terminal cannot be used: {error}."));
                        ExitCode::Error
                    }
                };
            }
            evaluate_lines(context, &console)
        }
        Err((diagnostics, sources)) => {
            context.show(&diagnostics, &sources);
            ExitCode::Error
        }
    }
}

/// What expressions are evaluated against.
struct Console {
    evaluation: Evaluation,
    configuration: PreparedConfiguration,
    providers: ProviderPool,
    sources: Arc<SourceMap>,
    shows_sensitive: bool,
}

type Failure = (Diagnostics, Arc<SourceMap>);

fn prepare(context: &Context, flags: &ParsedFlags) -> Result<(Console, Diagnostics), Failure> {
    let (project, mut diagnostics) = load_project(context)?;
    let mut values = variables::collect(context, flags, project.tree.root(), &project.sources, false);
    let sources = Arc::clone(&values.sources);
    let fail = |diagnostics: Diagnostics| (diagnostics, Arc::clone(&sources));
    diagnostics.extend(values.diagnostics);
    let configuration =
        PreparedConfiguration::prepare(Arc::clone(&project.tree), Arc::clone(&sources)).map_err(&fail)?;
    let session = Session::find(context, flags).map_err(&fail)?;
    let state = session.read().map_err(&fail)?;
    variables::fill_with_unknowns(project.tree.root(), &mut values.given);
    let mut providers = ProviderPool::new(Arc::new(registry(context, &configuration.tree)));
    let evaluation = block_on(async {
        for source in configuration.provider_sources() {
            diagnostics.extend(providers.load(&source).await);
        }
        let functions = Arc::new(LoadedFunctions::of(&providers));
        let phase = Phase { applying: true, provider_functions: Some(functions), ..Phase::default() };
        let surroundings = surroundings(context, &session.workspace, &phase);
        evaluate_with_state(&configuration, &providers, &state, &values.given, surroundings).await
    });
    let (evaluation, problems) = evaluation;
    diagnostics.extend(problems);
    if diagnostics.has_errors() {
        return Err((diagnostics, sources));
    }
    let shows_sensitive = flags.switch("show-sensitive", false);
    Ok((Console { evaluation, configuration, providers, sources, shows_sensitive }, diagnostics))
}

/// What `help` at the console says.
const HELP: &str = "Type in an expression of the Terraform language and press enter to see its value. Everything that the \
                    configuration\nof this directory can refer to may be used, with the values that the state has.\n\nTo \
                    leave, type \"exit\" and press enter, or press Control-C or Control-D.";

fn evaluate_lines(context: &Context, console: &Console) -> ExitCode {
    let mut last = None;
    let mut pending = String::new();
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        if pending.is_empty() && line.trim() == "exit" {
            break;
        }
        if !pending.is_empty() {
            pending.push('\n');
        }
        pending.push_str(&line);
        if is_open(&pending) {
            continue;
        }
        let text = std::mem::take(&mut pending);
        if text.trim().is_empty() {
            continue;
        }
        if text.trim() == "help" {
            last = Some(HELP.to_owned());
            continue;
        }
        match evaluate_text(&text, console) {
            Ok(result) => last = Some(result),
            Err((diagnostics, sources)) => {
                context.show(&diagnostics, &sources);
                return ExitCode::Error;
            }
        }
    }
    if !pending.trim().is_empty()
        && let Err((diagnostics, sources)) = evaluate_text(&pending, console)
    {
        context.show(&diagnostics, &sources);
        return ExitCode::Error;
    }
    if let Some(last) = last {
        context.terminal.line(&last);
    }
    ExitCode::Success
}

impl Answerer for Console {
    fn answer(&self, line: &str) -> Result<String, String> {
        if line.trim() == "help" {
            return Ok(HELP.to_owned());
        }
        evaluate_text(line, self).map_err(|(diagnostics, sources)| {
            let plain = Terminal::plain();
            diagnostics.iter().map(|diagnostic| render(diagnostic, &sources, &plain)).collect()
        })
    }

    fn names_after(&self, before: &str) -> Vec<String> {
        let module = self.configuration.tree.root();
        let names: BTreeSet<String> = match before {
            "" => {
                let words =
                    ["var", "local", "module", "data", "path", "terraform", "true", "false", "null", "type("];
                let types =
                    module.resources.iter().filter(|resource| resource.address.mode == ResourceMode::Managed);
                let types = types.map(|resource| resource.address.resource_type.to_string());
                let functions =
                    terrane_language::functions::all().map(|function| format!("{}(", function.name));
                words.into_iter().map(str::to_owned).chain(types).chain(functions).collect()
            }
            "var" => module.variables.iter().map(|variable| variable.name.to_string()).collect(),
            "local" => module.locals.iter().map(|local| local.name.to_string()).collect(),
            "module" => module.module_calls.iter().map(|call| call.name.to_string()).collect(),
            "path" => ["cwd", "module", "root"].map(str::to_owned).into(),
            "terraform" => ["workspace".to_owned()].into(),
            "data" => self.resource_words(ResourceMode::Data, None),
            _ => match before.strip_prefix("data.") {
                Some(resource_type) if !resource_type.contains('.') => {
                    self.resource_words(ResourceMode::Data, Some(resource_type))
                }
                None if !before.contains('.') => self.resource_words(ResourceMode::Managed, Some(before)),
                _ => self.attributes_of(before),
            },
        };
        names.into_iter().collect()
    }

    fn is_open(&self, text: &str) -> bool {
        is_open(text)
    }
}

impl Console {
    /// Returns the names of resources of a type, or the types themselves.
    fn resource_words(&self, mode: ResourceMode, resource_type: Option<&str>) -> BTreeSet<String> {
        let resources = self.configuration.tree.root().resources.iter().map(|resource| &resource.address);
        let of_mode = resources.filter(|address| address.mode == mode);
        match resource_type {
            None => of_mode.map(|address| address.resource_type.to_string()).collect(),
            Some(wanted) => of_mode
                .filter(|address| address.resource_type == wanted)
                .map(|address| address.name.to_string())
                .collect(),
        }
    }

    /// Returns the names inside the value of an expression.
    fn attributes_of(&self, text: &str) -> BTreeSet<String> {
        let value = evaluate_value(text, self).map(|(value, _)| value.unmark().0);
        let Ok(value) = value else { return BTreeSet::new() };
        value.as_entries().unwrap_or_default().iter().map(|(name, _)| name.to_string()).collect()
    }
}

/// Tells whether brackets are still open, so that the expression goes on in the next line.
fn is_open(text: &str) -> bool {
    use terrane_language::syntax::lexer::lex;
    use terrane_language::syntax::token::TokenKind;
    let mut depth = 0_i64;
    for token in lex(text) {
        match token.kind {
            TokenKind::OpenBrace | TokenKind::OpenBracket | TokenKind::OpenParenthesis => depth += 1,
            TokenKind::CloseBrace | TokenKind::CloseBracket | TokenKind::CloseParenthesis => depth -= 1,
            _ => {}
        }
    }
    depth > 0
}

fn evaluate_text(text: &str, console: &Console) -> Result<String, (Diagnostics, SourceMap)> {
    let (value, wants_type) = evaluate_value(text, console)?;
    let value = if console.shows_sensitive { revealed(&value) } else { value };
    Ok(if wants_type { format_type(&value.ty()) } else { format_value(&value, 0) })
}

/// Evaluates a text; also tells whether only the type of the value is asked for.
fn evaluate_value(text: &str, console: &Console) -> Result<(Value, bool), (Diagnostics, SourceMap)> {
    let mut own = SourceMap::clone(&console.sources);
    let file = own.add("<console-input>", text);
    let (expression, problems) = parse_expression(text, file);
    if problems.has_errors() {
        return Err((problems, own));
    }
    let root = console.configuration.tree.root();
    let problems: Diagnostics = expression
        .variables()
        .filter_map(|reference| {
            let (configuration, providers) = (&console.configuration, &console.providers);
            check_reference(configuration, providers, ModuleId::ROOT, root, reference.traversal)
        })
        .collect();
    if problems.has_errors() {
        return Err((problems, own));
    }
    let scope = console.evaluation.scope(ModuleInstanceId::ROOT, RepetitionValues::None);
    let mut evaluator = Evaluator::new(&scope);
    let (argument, wants_type) = match type_argument(&expression) {
        Ok(found) => found,
        Err(problem) => return Err((problem.into(), own)),
    };
    let value: Value = evaluator.evaluate(argument);
    if evaluator.diagnostics.has_errors() {
        let explained = evaluator.diagnostics.into_iter().map(explain_type);
        return Err((explained.collect(), own));
    }
    Ok((value, wants_type))
}

/// Inside of expressions, `type` is not unknown but out of place.
fn explain_type(problem: Diagnostic) -> Diagnostic {
    if !problem.detail.starts_with("There is no function named \"type\".") {
        return problem;
    }
    let detail = "The console-only \"type\" function cannot be used as part of an expression.";
    let explained = Diagnostic::error("Invalid use of type function", detail);
    Diagnostic { subject: problem.subject, ..explained }
}

/// `type(x)` exists at the console only, as the whole of an input.
fn type_argument(expression: &Expression) -> Result<(&Expression, bool), Diagnostic> {
    let ExpressionKind::Call(call) = &expression.kind else { return Ok((expression, false)) };
    if call.name.name != "type" {
        return Ok((expression, false));
    }
    match call.arguments.as_slice() {
        [argument] => Ok((argument, true)),
        [] => {
            let detail = "Function \"type\" expects 1 argument(s). Missing value for \"value\".";
            Err(Diagnostic::error("Not enough function arguments", detail).at(expression.span))
        }
        [_, surplus, ..] => {
            let detail = "Function \"type\" expects only 1 argument(s).";
            Err(Diagnostic::error("Too many function arguments", detail).at(surplus.span))
        }
    }
}
