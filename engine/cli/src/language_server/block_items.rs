//! What may be written in which block, with what is known about it.

use std::sync::Arc;

use terrane_language::config::Module;
use terrane_language::config::module::implied_provider;
use terrane_model::{Attribute, Block, Nesting, ResourceMode};

use super::analysis::Analysis;

/// An argument or nested block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// The name.
    pub(super) name: String,
    /// Whether it is a block, with how many labels.
    pub(super) block: Option<usize>,
    /// Its type, and whether it must be there.
    pub(super) detail: String,
    /// For people; Markdown.
    pub(super) documentation: String,
}

fn argument(name: &str, detail: &str, documentation: &str) -> Item {
    let (name, detail, documentation) = (name.to_owned(), detail.to_owned(), documentation.to_owned());
    Item { name, block: None, detail, documentation }
}

fn block(name: &str, labels: usize, documentation: &str) -> Item {
    let (name, documentation) = (name.to_owned(), documentation.to_owned());
    Item { name, block: Some(labels), detail: "block".to_owned(), documentation }
}

/// Returns what may be written inside of these blocks.
pub(super) fn items(blocks: &[Vec<String>], analysis: &mut Analysis) -> Vec<Item> {
    let Some((outermost, inner)) = blocks.split_first() else { return top_level() };
    let words: Vec<&str> = outermost.iter().map(String::as_str).collect();
    match (words.as_slice(), inner) {
        (["resource" | "data" | "ephemeral", resource_type, ..], inner) => {
            let mode = mode_of(words[0]);
            in_resource(mode, resource_type, inner, analysis)
        }
        (["action", ..], []) => action_items(),
        (["action", action_type, ..], [config, inner @ ..])
            if config.first().is_some_and(|word| word == "config") =>
        {
            let schema = action_schema(action_type, analysis);
            schema.map(|schema| in_schema(&schema, inner)).unwrap_or_default()
        }
        (["provider", name, ..], inner) => {
            let mut found =
                provider_schema(name, analysis).map(|schema| in_schema(&schema, inner)).unwrap_or_default();
            if inner.is_empty() {
                found.push(argument(
                    "alias",
                    "string",
                    "A name for a configuration besides the default one.",
                ));
                found.push(argument("for_each", "map or set", "One configuration per element."));
            }
            found
        }
        (["variable", ..], []) => variable_items(),
        (["variable", ..], [_]) => rule_items(),
        (["output", ..], []) => output_items(),
        (["output", ..], [_]) => rule_items(),
        (["module", name, ..], []) => in_module_call(name, analysis),
        (["terraform"], []) => terraform_items(),
        (["check", ..], []) => vec![
            block("assert", 0, "A condition that is watched."),
            block("data", 2, "A data resource for the conditions alone."),
        ],
        (["check", ..], [inner]) if inner.first().is_some_and(|word| word == "assert") => rule_items(),
        (["moved"], []) => vec![
            argument("from", "address, required", "The address that was."),
            argument("to", "address, required", "The address that is."),
        ],
        (["removed"], []) => vec![
            argument("from", "address, required", "What is managed no more."),
            block("lifecycle", 0, "Whether the object is destroyed."),
        ],
        (["import"], []) => vec![
            argument("to", "address, required", "Which resource instance takes the object."),
            argument("id", "string", "The provider's text for the object."),
            argument("identity", "object", "The object's identity."),
            argument("for_each", "map or set", "One import per element."),
            argument("provider", "provider", "The provider configuration."),
        ],
        _ => Vec::new(),
    }
}

fn mode_of(word: &str) -> ResourceMode {
    match word {
        "data" => ResourceMode::Data,
        "ephemeral" => ResourceMode::Ephemeral,
        _ => ResourceMode::Managed,
    }
}

fn top_level() -> Vec<Item> {
    vec![
        block("resource", 2, "An object that is managed."),
        block("data", 2, "An object that is only read."),
        block("ephemeral", 2, "An object that is never stored."),
        block("action", 2, "Something that a provider does when it is asked, or when an object changes."),
        block("module", 1, "Another directory's declarations, called with values for its variables."),
        block("variable", 1, "A value that comes from outside."),
        block("output", 1, "A value that is handed out."),
        block("locals", 0, "Names for expressions."),
        block("provider", 1, "How a provider is configured."),
        block("terraform", 0, "Settings: versions, providers, where the state is."),
        block("moved", 0, "An address that has changed."),
        block("removed", 0, "Something that is managed no more."),
        block("import", 0, "An existing object that is taken over."),
        block("check", 1, "Conditions that are watched."),
    ]
}

fn variable_items() -> Vec<Item> {
    vec![
        argument("type", "type", "What values may be given."),
        argument("default", "any", "The value when none is given."),
        argument("description", "string", "What the variable is for."),
        argument("sensitive", "bool", "Whether the value is never shown."),
        argument("nullable", "bool", "Whether null may be given; otherwise null means the default."),
        argument("ephemeral", "bool", "Whether the value is never stored."),
        argument("deprecated", "string", "Why the variable should not be used any more."),
        block("validation", 0, "A condition on the value."),
    ]
}

fn output_items() -> Vec<Item> {
    vec![
        argument("value", "any, required", "What is handed out."),
        argument("description", "string", "What the output is for."),
        argument("sensitive", "bool", "Whether the value is never shown."),
        argument("ephemeral", "bool", "Whether the value is never stored."),
        argument("depends_on", "list of references", "What must be done before the value counts."),
        block("precondition", 0, "A condition that must hold."),
    ]
}

fn rule_items() -> Vec<Item> {
    vec![
        argument("condition", "bool, required", "Must be true."),
        argument("error_message", "string, required", "What to say when it is not."),
    ]
}

fn terraform_items() -> Vec<Item> {
    vec![
        argument("required_version", "version constraint", "Which versions of the program may be used."),
        block("required_providers", 0, "Where providers come from, and which versions will do."),
        block("backend", 1, "Where the state is kept."),
        block("cloud", 0, "A workspace at a service."),
    ]
}

fn instance_items() -> Vec<Item> {
    vec![
        argument("count", "number", "How many instances there are."),
        argument("for_each", "map or set of strings", "One instance per element."),
    ]
}

fn repetition_items() -> Vec<Item> {
    let mut items = instance_items();
    items.push(argument("depends_on", "list of references", "What must be done before this."));
    items
}

fn action_items() -> Vec<Item> {
    let mut items = instance_items();
    items.extend([
        argument("provider", "provider", "The provider configuration, when it is not the default one."),
        block("config", 0, "What the action is invoked with."),
    ]);
    items
}

fn trigger_items() -> Vec<Item> {
    vec![
        argument("events", "list of events, required", "What the actions come before or after."),
        argument("actions", "list of actions, required", "What is invoked, in order."),
        argument("condition", "bool", "Whether the actions are invoked at all."),
        argument("on_failure", "halt, taint or continue", "What becomes of the run when one of them fails."),
    ]
}

fn lifecycle_items() -> Vec<Item> {
    vec![
        argument(
            "create_before_destroy",
            "bool",
            "Whether a replacement is created before the old object is destroyed.",
        ),
        argument("prevent_destroy", "bool", "Refuses plans that would destroy the object."),
        argument(
            "ignore_changes",
            "list of attributes or all",
            "Which changes of the configuration do not count.",
        ),
        argument(
            "replace_triggered_by",
            "list of references",
            "Changes of what makes a replacement necessary.",
        ),
        argument("destroy", "bool", "Whether the object is destroyed at all."),
        argument("enabled", "bool", "Whether there is an instance."),
        block("precondition", 0, "A condition before the object is planned."),
        block("postcondition", 0, "A condition on the object as it came out."),
        block("action_trigger", 0, "Actions to invoke around changes of the object."),
    ]
}

fn in_resource(
    mode: ResourceMode,
    resource_type: &str,
    inner: &[Vec<String>],
    analysis: &mut Analysis,
) -> Vec<Item> {
    let first = inner.first().and_then(|words| words.first()).map(String::as_str);
    match (first, inner.len()) {
        (Some("lifecycle"), 1) => return lifecycle_items(),
        (Some("lifecycle"), _) => {
            let is_trigger = inner[1].first().is_some_and(|word| word == "action_trigger");
            return if is_trigger { trigger_items() } else { rule_items() };
        }
        (Some("provisioner" | "connection"), _) => return Vec::new(),
        _ => {}
    }
    let schema = resource_schema(mode, resource_type, analysis);
    let mut found = schema.map(|schema| in_schema(&schema, inner)).unwrap_or_default();
    if inner.is_empty() {
        found.extend(repetition_items());
        found.push(argument(
            "provider",
            "provider",
            "The provider configuration, when it is not the default one.",
        ));
        found.push(block("lifecycle", 0, "How instances come and go."));
        if mode == ResourceMode::Managed {
            found.push(block("provisioner", 1, "What to run after creation or before destruction."));
            found.push(block("connection", 0, "How to reach the object, for provisioners."));
        }
        found.push(block("dynamic", 1, "Nested blocks made by repetition."));
    }
    found
}

/// Returns the schema of a resource type; the provider is loaded if need be.
pub(super) fn resource_schema(
    mode: ResourceMode,
    resource_type: &str,
    analysis: &mut Analysis,
) -> Option<Arc<Block>> {
    let local_name = implied_provider(resource_type);
    let source = match analysis.module() {
        Some(module) => module.provider_source(local_name),
        None => terrane_model::ProviderSource::implied(local_name),
    };
    analysis.load(&source);
    analysis.providers.block_schema(&source, mode, resource_type).map(|schema| Arc::clone(&schema.block))
}

fn action_schema(action_type: &str, analysis: &mut Analysis) -> Option<Arc<Block>> {
    let source = analysis.module()?.provider_source(implied_provider(action_type));
    analysis.load(&source);
    let schemas = analysis.providers.schemas(&source)?;
    schemas.actions.get(action_type).map(|schema| Arc::clone(&schema.block))
}

fn provider_schema(name: &str, analysis: &mut Analysis) -> Option<Arc<Block>> {
    let source = analysis.module()?.provider_source(name);
    analysis.load(&source);
    analysis.providers.provider_schema(&source).map(Arc::clone)
}

/// Goes down nested blocks of a schema.
fn in_schema(schema: &Arc<Block>, inner: &[Vec<String>]) -> Vec<Item> {
    let mut schema = Arc::clone(schema);
    let mut inner = inner.iter();
    while let Some(words) = inner.next() {
        let name = match words.as_slice() {
            [dynamic, name] if dynamic == "dynamic" => {
                // The content of a dynamic block is what the block itself would have.
                match inner.next().and_then(|words| words.first()).map(String::as_str) {
                    Some("content") => name,
                    _ => {
                        return vec![
                            argument("for_each", "any collection, required", "One block per element."),
                            argument(
                                "iterator",
                                "name",
                                "The name of the element, when it is not the block's.",
                            ),
                            block("content", 0, "What each block holds."),
                        ];
                    }
                }
            }
            [name, ..] => name,
            [] => return Vec::new(),
        };
        let Some(nested) = schema.block_type(name).map(|nested| Arc::clone(&nested.block)) else {
            return Vec::new();
        };
        schema = nested;
    }
    of_schema(&schema)
}

fn of_schema(schema: &Block) -> Vec<Item> {
    let configurable =
        schema.attributes().iter().filter(|(_, attribute)| attribute.required || attribute.optional);
    let arguments = configurable.map(|(name, attribute)| of_attribute(name, attribute));
    let blocks = schema.block_types().iter().map(|(name, nested)| {
        let labels = usize::from(nested.nesting == Nesting::Map);
        Item {
            name: name.to_string(),
            block: Some(labels),
            detail: if nested.min_items > 0 { "block, required".to_owned() } else { "block".to_owned() },
            documentation: nested.block.description.to_string(),
        }
    });
    arguments.chain(blocks).collect()
}

/// Describes an attribute.
pub(super) fn of_attribute(name: &str, attribute: &Attribute) -> Item {
    let mut detail = attribute.ty().friendly_name();
    for (is_so, word) in [
        (attribute.required, "required"),
        (attribute.optional, "optional"),
        (attribute.computed, "computed"),
        (attribute.sensitive, "sensitive"),
        (attribute.write_only, "write-only"),
        (attribute.deprecated.is_some(), "deprecated"),
    ] {
        if is_so {
            detail.push_str(", ");
            detail.push_str(word);
        }
    }
    let mut documentation = attribute.description.to_string();
    if let Some(reason) = attribute.deprecated.as_ref().filter(|reason| !reason.is_empty()) {
        documentation = format!("**Deprecated:** {reason}\n\n{documentation}");
    }
    Item { name: name.to_owned(), block: None, detail, documentation }
}

fn in_module_call(name: &str, analysis: &Analysis) -> Vec<Item> {
    let mut found = vec![
        argument("source", "string, required", "Where the module's files are."),
        argument("version", "version constraint", "Which versions will do, for modules from registries."),
        argument("providers", "map of providers", "Provider configurations handed in."),
    ];
    found.extend(repetition_items());
    if let Some(child) = called_module(name, analysis) {
        found.extend(child.variables.iter().map(|variable| {
            let mut detail = variable.ty().friendly_name();
            detail.push_str(if variable.is_required() { ", required" } else { ", optional" });
            argument(&variable.name, &detail, variable.description.as_deref().unwrap_or_default())
        }));
    }
    found
}

/// Returns the module that a call of the root module leads to.
pub(super) fn called_module<'a>(name: &str, analysis: &'a Analysis) -> Option<&'a Arc<Module>> {
    let (position, _) = analysis.module()?.module_call(name)?;
    let child = analysis.tree.node(terrane_language::modules::ModuleId::ROOT).children[position]?;
    Some(analysis.tree.module(child))
}
