//! Test files: `*.tftest.hcl` and `*.tftest.json`, and the data of mocks in `*.tfmock.hcl`.

use std::sync::Arc;

use terrane_model::{Diagnostic, Diagnostics, Span, Str};

use super::decode::{
    attribute_bool, attribute_expression, attribute_string, check_name, check_rule, static_traversal,
    traversal_list,
};
use super::module::{CheckRule, Expr, ProviderBlock, ProviderReference};
use super::provider_block;
use crate::syntax::tree::{Attribute, Traversal};
use crate::syntax::{BlockContent, ConfigBody};

/// A file of tests.
#[derive(Debug, Clone, Default)]
pub struct TestFile {
    /// Whether its runs may run at the same time where they do not depend on each other.
    pub parallel: bool,
    /// Values for variables, for all runs.
    pub variables: Vec<Attribute>,
    /// Provider configurations in place of those of the module under test.
    pub providers: Vec<ProviderBlock>,
    /// Providers that are only pretended.
    pub mocks: Vec<MockProvider>,
    /// Objects that are only pretended.
    pub overrides: Vec<Override>,
    /// What is done, in this order.
    pub runs: Vec<Run>,
}

/// A `run` block.
#[derive(Debug, Clone)]
pub struct Run {
    /// The name.
    pub name: Str,
    /// Whether there is only a plan.
    pub plans_only: bool,
    /// Values for variables.
    pub variables: Vec<Attribute>,
    /// Provider configurations handed in: the name in the module, the configuration of the file.
    pub providers: Vec<(ProviderReference, ProviderReference)>,
    /// Another module to run in place of the one under test.
    pub module: Option<RunModule>,
    /// How to plan.
    pub plan_options: RunPlanOptions,
    /// What must hold.
    pub assertions: Vec<CheckRule>,
    /// Objects whose conditions must fail.
    pub expect_failures: Vec<Traversal>,
    /// Which state the run works on; by default one per module.
    pub state_key: Option<Str>,
    /// Objects that are only pretended.
    pub overrides: Vec<Override>,
    /// Whether the run may run while others do.
    pub parallel: Option<bool>,
    /// The block's header.
    pub span: Span,
}

/// The module of a `run` block.
#[derive(Debug, Clone)]
pub struct RunModule {
    /// Where it is, as written.
    pub source: Str,
    /// Which versions will do.
    pub version: Option<Str>,
    /// The block's header.
    pub span: Span,
}

/// How a run plans.
#[derive(Debug, Clone, Default)]
pub struct RunPlanOptions {
    /// Whether to only refresh.
    pub refresh_only: bool,
    /// Whether not to refresh.
    pub skip_refresh: bool,
    /// What to replace.
    pub replace: Vec<Traversal>,
    /// What to plan.
    pub target: Vec<Traversal>,
}

/// A `mock_provider` block.
#[derive(Debug, Clone)]
pub struct MockProvider {
    /// The local name of the provider.
    pub local_name: Str,
    /// The alias.
    pub alias: Option<Str>,
    /// A directory with files of mock data.
    pub source: Option<Str>,
    /// Values by type.
    pub types: Vec<MockType>,
    /// Values of single objects.
    pub overrides: Vec<Override>,
    /// Whether values are there at plan time already.
    pub during_plan: bool,
    /// The block's header.
    pub span: Span,
}

/// A `mock_resource` or `mock_data` block.
#[derive(Debug, Clone)]
pub struct MockType {
    /// Whether it is about a data source.
    pub is_data: bool,
    /// The type.
    pub type_name: Str,
    /// Values, an object.
    pub defaults: Option<Expr>,
    /// Whether they are there at plan time already.
    pub during_plan: Option<bool>,
    /// The block's header.
    pub span: Span,
}

/// What an `override_…` block is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverrideKind {
    /// A managed resource.
    Resource,
    /// A data resource.
    Data,
    /// A module call.
    Module,
}

/// An `override_resource`, `override_data` or `override_module` block.
#[derive(Debug, Clone)]
pub struct Override {
    /// What it is about.
    pub kind: OverrideKind,
    /// The address.
    pub target: Traversal,
    /// Values of an object, or outputs of a module.
    pub values: Option<Expr>,
    /// Whether they are there at plan time already.
    pub during_plan: Option<bool>,
    /// The block's header.
    pub span: Span,
}

const OVERRIDES: [(&str, OverrideKind); 3] = [
    ("override_resource", OverrideKind::Resource),
    ("override_data", OverrideKind::Data),
    ("override_module", OverrideKind::Module),
];

impl TestFile {
    /// Reads the blocks of a test file.
    pub fn decode(body: &ConfigBody) -> (Self, Diagnostics) {
        let schema = body_schema!(
            [],
            [
                "test",
                "run"["name"],
                "variables",
                "provider"["name"],
                "mock_provider"["name"],
                "override_resource",
                "override_data",
                "override_module",
            ]
        );
        let (content, mut diagnostics) = body.content(&schema);
        let mut file = Self::default();
        let mut variables_at: Option<Span> = None;
        for block in &content.blocks {
            match block.block_type.name.as_str() {
                "test" => {
                    let (content, problems) = block.body.content(&body_schema!(["parallel"], []));
                    diagnostics.extend(problems);
                    file.parallel = attribute_bool(&content, "parallel", &mut diagnostics).unwrap_or(false);
                }
                "run" => file.add_run(block, &mut diagnostics),
                "variables" if variables_at.is_some() => {
                    let detail = "This test file already has a variables block.";
                    diagnostics
                        .push(Diagnostic::error("Multiple \"variables\" blocks", detail).at(block.header));
                }
                "variables" => {
                    variables_at = Some(block.header);
                    file.variables = attributes(&block.body, &mut diagnostics);
                }
                "provider" => file.providers.extend(provider_block::decode(block, &mut diagnostics)),
                "mock_provider" => file.mocks.extend(decode_mock(block, &mut diagnostics)),
                _ => file.overrides.extend(decode_override(block, &mut diagnostics)),
            }
        }
        (file, diagnostics)
    }

    fn add_run(&mut self, block: &BlockContent, diagnostics: &mut Diagnostics) {
        let Some(run) = decode_run(block, diagnostics) else { return };
        if self.runs.iter().any(|other| other.name == run.name) {
            let detail = format!("This test file already has a run block named {:?}.", run.name.as_str());
            diagnostics.push(Diagnostic::error("Duplicate \"run\" block names", detail).at(run.span));
            return;
        }
        self.runs.push(run);
    }
}

/// Reads a file of mock data.
pub fn decode_mock_file(body: &ConfigBody) -> (Vec<MockType>, Vec<Override>, Diagnostics) {
    let schema = body_schema!(
        [],
        [
            "mock_resource"["type"],
            "mock_data"["type"],
            "override_resource",
            "override_data",
            "override_module"
        ]
    );
    let (content, mut diagnostics) = body.content(&schema);
    let (types, overrides) = decode_mock_blocks(&content.blocks, &mut diagnostics);
    (types, overrides, diagnostics)
}

fn attributes(body: &ConfigBody, diagnostics: &mut Diagnostics) -> Vec<Attribute> {
    let (attributes, problems) = body.just_attributes();
    diagnostics.extend(problems);
    attributes.into_iter().collect()
}

fn decode_run(block: &BlockContent, diagnostics: &mut Diagnostics) -> Option<Run> {
    let name = check_name(block, 0, "Invalid run block name", diagnostics)?;
    let schema = body_schema!(
        ["command", "providers", "expect_failures", "state_key", "parallel"],
        [
            "plan_options",
            "assert",
            "variables",
            "module",
            "override_resource",
            "override_data",
            "override_module"
        ]
    );
    let (content, problems) = block.body.content(&schema);
    diagnostics.extend(problems);
    let mut run = Run {
        name,
        plans_only: content.attributes.get("command").is_some_and(|command| is_plan(command, diagnostics)),
        variables: Vec::new(),
        providers: Vec::new(),
        module: None,
        plan_options: RunPlanOptions::default(),
        assertions: Vec::new(),
        expect_failures: Vec::new(),
        state_key: attribute_string(&content, "state_key", diagnostics),
        overrides: Vec::new(),
        parallel: attribute_bool(&content, "parallel", diagnostics),
        span: block.header,
    };
    if let Some(providers) = content.attributes.get("providers") {
        run.providers = super::module_call::decode_providers(&providers.expression, diagnostics);
    }
    if let Some(expected) = content.attributes.get("expect_failures") {
        run.expect_failures = traversal_list(expected, diagnostics);
    }
    for nested in &content.blocks {
        match nested.block_type.name.as_str() {
            "plan_options" => run.plan_options = decode_plan_options(nested, diagnostics),
            "assert" => run.assertions.extend(check_rule(nested, diagnostics)),
            "variables" => run.variables = attributes(&nested.body, diagnostics),
            "module" => run.module = decode_module(nested, diagnostics),
            _ => run.overrides.extend(decode_override(nested, diagnostics)),
        }
    }
    Some(run)
}

fn keyword(attribute: &Attribute, diagnostics: &mut Diagnostics) -> Option<Str> {
    static_traversal(&attribute.expression, diagnostics).map(|traversal| traversal.root.name)
}

fn is_plan(command: &Attribute, diagnostics: &mut Diagnostics) -> bool {
    match keyword(command, diagnostics).as_deref() {
        Some("plan") => true,
        Some("apply") | None => false,
        Some(other) => {
            let detail = format!(
                "The \"command\" argument requires one of the following keywords without quotes: apply or plan. There is no \
                 {other:?}."
            );
            let error = Diagnostic::error("Invalid \"command\" keyword", detail);
            diagnostics.push(error.at(command.expression.span));
            false
        }
    }
}

fn decode_plan_options(block: &BlockContent, diagnostics: &mut Diagnostics) -> RunPlanOptions {
    let schema = body_schema!(["mode", "refresh", "replace", "target"], []);
    let (content, problems) = block.body.content(&schema);
    diagnostics.extend(problems);
    let mut options = RunPlanOptions::default();
    if let Some(mode) = content.attributes.get("mode") {
        match keyword(mode, diagnostics).as_deref() {
            Some("refresh-only") => options.refresh_only = true,
            Some("normal") | None => {}
            Some(other) => {
                let detail =
                    format!("The \"mode\" argument must be \"normal\" or \"refresh-only\", not {other:?}.");
                let error = Diagnostic::error("Invalid \"mode\" keyword", detail);
                diagnostics.push(error.at(mode.expression.span));
            }
        }
    }
    options.skip_refresh = attribute_bool(&content, "refresh", diagnostics) == Some(false);
    if options.refresh_only && options.skip_refresh {
        let span = content.attributes.get("refresh").map_or(block.header, |attribute| attribute.span);
        let detail =
            "The \"refresh\" option cannot be set to false when running a test in \"refresh-only\" mode.";
        diagnostics.push(Diagnostic::error("Incompatible plan options", detail).at(span));
    }
    if let Some(replace) = content.attributes.get("replace") {
        options.replace = traversal_list(replace, diagnostics);
    }
    if let Some(target) = content.attributes.get("target") {
        options.target = traversal_list(target, diagnostics);
    }
    options
}

fn decode_module(block: &BlockContent, diagnostics: &mut Diagnostics) -> Option<RunModule> {
    let (content, problems) = block.body.content(&body_schema!(["source": required, "version"], []));
    diagnostics.extend(problems);
    Some(RunModule {
        source: attribute_string(&content, "source", diagnostics)?,
        version: attribute_string(&content, "version", diagnostics),
        span: block.header,
    })
}

fn decode_mock(block: &BlockContent, diagnostics: &mut Diagnostics) -> Option<MockProvider> {
    let local_name = check_name(block, 0, "Invalid provider name", diagnostics)?;
    let schema = body_schema!(
        ["alias", "source", "override_during"],
        [
            "mock_resource"["type"],
            "mock_data"["type"],
            "override_resource",
            "override_data",
            "override_module"
        ]
    );
    let (content, problems) = block.body.content(&schema);
    diagnostics.extend(problems);
    let during = content.attributes.get("override_during");
    let (types, overrides) = decode_mock_blocks(&content.blocks, diagnostics);
    Some(MockProvider {
        local_name,
        alias: attribute_string(&content, "alias", diagnostics),
        source: attribute_string(&content, "source", diagnostics),
        types,
        overrides,
        during_plan: during.and_then(|during| is_during_plan(during, diagnostics)).unwrap_or(false),
        span: block.header,
    })
}

fn decode_mock_blocks(
    blocks: &[BlockContent],
    diagnostics: &mut Diagnostics,
) -> (Vec<MockType>, Vec<Override>) {
    let (mut types, mut overrides) = (Vec::new(), Vec::new());
    for nested in blocks {
        let is_data = match nested.block_type.name.as_str() {
            "mock_resource" => false,
            "mock_data" => true,
            _ => {
                overrides.extend(decode_override(nested, diagnostics));
                continue;
            }
        };
        let (content, problems) = nested.body.content(&body_schema!(["defaults", "override_during"], []));
        diagnostics.extend(problems);
        let Some(label) = nested.labels.first() else { continue };
        let during = content.attributes.get("override_during");
        types.push(MockType {
            is_data,
            type_name: label.name.clone(),
            defaults: attribute_expression(&content, "defaults"),
            during_plan: during.and_then(|during| is_during_plan(during, diagnostics)),
            span: nested.header,
        });
    }
    (types, overrides)
}

fn is_during_plan(attribute: &Attribute, diagnostics: &mut Diagnostics) -> Option<bool> {
    match keyword(attribute, diagnostics)?.as_str() {
        "plan" => Some(true),
        "apply" => Some(false),
        other => {
            let detail =
                format!("The \"override_during\" argument must be \"apply\" or \"plan\", not {other:?}.");
            let error = Diagnostic::error("Invalid override_during value", detail);
            diagnostics.push(error.at(attribute.expression.span));
            None
        }
    }
}

fn decode_override(block: &BlockContent, diagnostics: &mut Diagnostics) -> Option<Override> {
    let name = block.block_type.name.as_str();
    let (_, kind) = OVERRIDES.into_iter().find(|(block_type, _)| *block_type == name)?;
    let schema = match kind {
        OverrideKind::Module => body_schema!(["target": required, "outputs", "override_during"], []),
        _ => body_schema!(["target": required, "values", "override_during"], []),
    };
    let (content, problems) = block.body.content(&schema);
    diagnostics.extend(problems);
    let during = content.attributes.get("override_during");
    let values = match kind {
        OverrideKind::Module => content.attributes.get("outputs"),
        _ => content.attributes.get("values"),
    };
    Some(Override {
        kind,
        target: static_traversal(&content.attributes.get("target")?.expression, diagnostics)?,
        values: values.map(|values| Arc::clone(&values.expression)),
        during_plan: during.and_then(|during| is_during_plan(during, diagnostics)),
        span: block.header,
    })
}
