//! A module: all that the files of one directory declare.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use terrane_model::{
    ActionAddress, Diagnostic, Diagnostics, ResourceAddress, ResourceMode, SourceMap, Span, Str, Type, Value,
};

use super::action::{Action, ActionTrigger};
use super::import_address::ImportAddress;
use super::type_expression::TypeConstraint;
use super::version_constraint::VersionConstraints;
use crate::syntax::ConfigBody;
use crate::syntax::tree::{Expression, Traversal};

/// A shared expression.
pub type Expr = Arc<Expression>;

/// A module's declarations. The order within a list is that of the files' names and the lines in them.
#[derive(Debug, Clone, Default)]
pub struct Module {
    /// The directory, as it is shown to users.
    pub directory: Str,
    /// `terraform` blocks.
    pub settings: Settings,
    /// `provider` blocks.
    pub provider_blocks: Vec<ProviderBlock>,
    /// `variable` blocks.
    pub variables: Vec<Variable>,
    /// Arguments of `locals` blocks.
    pub locals: Vec<Local>,
    /// `output` blocks.
    pub outputs: Vec<Output>,
    /// `module` blocks.
    pub module_calls: Vec<ModuleCall>,
    /// `resource`, `data` and `ephemeral` blocks.
    pub resources: Vec<Resource>,
    /// `action` blocks.
    pub actions: Vec<Action>,
    /// `check` blocks.
    pub checks: Vec<Check>,
    /// `moved` blocks.
    pub moved: Vec<Moved>,
    /// `removed` blocks.
    pub removed: Vec<Removed>,
    /// `import` blocks.
    pub imports: Vec<Import>,
    /// Where names are declared.
    pub(super) names: Names,
}

/// Positions of declarations by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    pub(super) variables: FxHashMap<Str, usize>,
    pub(super) locals: FxHashMap<Str, usize>,
    pub(super) outputs: FxHashMap<Str, usize>,
    pub(super) module_calls: FxHashMap<Str, usize>,
    pub(super) resources: FxHashMap<ResourceAddress, usize>,
    pub(super) actions: FxHashMap<ActionAddress, usize>,
    pub(super) checks: FxHashMap<Str, usize>,
}

/// What `terraform` blocks say.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// `required_version`, with the place of each.
    pub required_versions: Vec<(VersionConstraints, Span)>,
    /// `required_providers` by local name.
    pub required_providers: Vec<RequiredProvider>,
    /// The `required_providers` block.
    pub required_providers_span: Option<Span>,
    /// The `backend` or `cloud` block.
    pub backend: Option<Backend>,
    /// `provider_meta` blocks by provider local name.
    pub provider_meta: Vec<(Str, ConfigBody, Span)>,
}

/// An entry of `required_providers`.
#[derive(Debug, Clone)]
pub struct RequiredProvider {
    /// The name that the module uses for the provider.
    pub local_name: Str,
    /// Where it comes from.
    pub source: terrane_model::ProviderSource,
    /// Which versions will do, as written.
    pub version: VersionConstraints,
    /// Aliases that callers must hand in.
    pub configuration_aliases: Vec<ProviderReference>,
    /// The entry.
    pub span: Span,
}

/// A `backend` or `cloud` block.
#[derive(Debug, Clone)]
pub struct Backend {
    /// The type, such as `local`; `cloud` for a `cloud` block.
    pub backend_type: Str,
    /// Its arguments.
    pub body: ConfigBody,
    /// The block's header.
    pub span: Span,
}

/// A `provider` block.
#[derive(Debug, Clone)]
pub struct ProviderBlock {
    /// The local name of the provider.
    pub local_name: Str,
    /// The alias; nothing for the default configuration.
    pub alias: Option<Str>,
    /// What the block is repeated over.
    pub for_each: Option<Expr>,
    /// Old-style version constraint.
    pub version: VersionConstraints,
    /// The arguments that the provider defines.
    pub body: ConfigBody,
    /// The block's header.
    pub span: Span,
}

/// A mention of a provider configuration, such as `azurerm.east` or `azurerm.by_region["east"]`.
#[derive(Debug, Clone)]
pub struct ProviderReference {
    /// The local name of the provider.
    pub local_name: Str,
    /// The alias; nothing for the default configuration.
    pub alias: Option<Str>,
    /// Which instance of a repeated block.
    pub key: Option<Expr>,
    /// Where it is mentioned.
    pub span: Span,
}

/// A `variable` block.
#[derive(Debug, Clone)]
pub struct Variable {
    /// The name.
    pub name: Str,
    /// What it is for.
    pub description: Option<Str>,
    /// What values may be given, with defaults for parts of them.
    pub constraint: TypeConstraint,
    /// Whether a type is declared: without one, values from the command line are text.
    pub has_type: bool,
    /// The value when none is given.
    pub default: Option<Value>,
    /// Whether the value is never shown.
    pub sensitive: bool,
    /// Whether null may be given; otherwise null means the default.
    pub nullable: bool,
    /// Whether the value is never stored.
    pub ephemeral: bool,
    /// Why it should not be used any more.
    pub deprecated: Option<Str>,
    /// Whether the value is needed before anything else is evaluated.
    pub is_const: bool,
    /// Conditions on the value.
    pub validations: Vec<CheckRule>,
    /// The block's header.
    pub span: Span,
}

/// A condition and what to say when it does not hold.
#[derive(Debug, Clone)]
pub struct CheckRule {
    /// Must be true.
    pub condition: Expr,
    /// A sentence for the user.
    pub error_message: Expr,
    /// The block's header.
    pub span: Span,
}

/// One argument of a `locals` block.
#[derive(Debug, Clone)]
pub struct Local {
    /// The name.
    pub name: Str,
    /// What it stands for.
    pub expression: Expr,
    /// The whole argument.
    pub span: Span,
}

/// An `output` block.
#[derive(Debug, Clone)]
pub struct Output {
    /// The name.
    pub name: Str,
    /// What it stands for.
    pub value: Expr,
    /// What it is for.
    pub description: Option<Str>,
    /// The type that the value is converted to.
    pub constraint: Option<TypeConstraint>,
    /// Whether the value is never shown.
    pub sensitive: bool,
    /// Whether the value is never stored.
    pub ephemeral: bool,
    /// Why it should not be used any more.
    pub deprecated: Option<Str>,
    /// What must be done before the value counts.
    pub depends_on: Vec<Traversal>,
    /// Conditions that must hold before the value is evaluated.
    pub preconditions: Vec<CheckRule>,
    /// The block's header.
    pub span: Span,
}

/// How a block is repeated.
#[derive(Debug, Clone, Default)]
pub struct Repetition {
    /// `count`.
    pub count: Option<Expr>,
    /// `for_each`.
    pub for_each: Option<Expr>,
    /// `lifecycle { enabled = … }`: zero or one instance without a key.
    pub enabled: Option<Expr>,
}

impl Repetition {
    /// Tells whether instances have keys.
    pub fn is_keyed(&self) -> bool {
        self.count.is_some() || self.for_each.is_some()
    }
}

/// A `module` block.
#[derive(Debug, Clone)]
pub struct ModuleCall {
    /// The name.
    pub name: Str,
    /// Where the module's files are, an expression of known parts.
    pub source: Expr,
    /// Which versions will do, for modules from registries.
    pub version: Option<Expr>,
    /// How the call is repeated.
    pub repetition: Repetition,
    /// What must be done before anything in the module.
    pub depends_on: Vec<Traversal>,
    /// Provider configurations handed in: the name inside, the configuration outside.
    pub providers: Vec<(ProviderReference, ProviderReference)>,
    /// The module's variables.
    pub body: ConfigBody,
    /// The block's header.
    pub span: Span,
}

/// A `resource`, `data` or `ephemeral` block.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Mode, type and name.
    pub address: ResourceAddress,
    /// How the block is repeated.
    pub repetition: Repetition,
    /// The provider configuration, when it is not the default one of the type's provider.
    pub provider: Option<ProviderReference>,
    /// What must be done before this.
    pub depends_on: Vec<Traversal>,
    /// How its instances come and go.
    pub lifecycle: Lifecycle,
    /// How to reach it, for provisioners.
    pub connection: Option<ConfigBody>,
    /// What to run after creation or before destruction.
    pub provisioners: Vec<Provisioner>,
    /// The arguments that the provider defines.
    pub body: ConfigBody,
    /// The block's header.
    pub span: Span,
    /// The label that names the type.
    pub type_span: Span,
    /// The `check` block that the data resource is nested in.
    pub check: Option<Str>,
}

/// A `lifecycle` block.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle {
    /// Whether a replacement is created before the old object is destroyed.
    pub create_before_destroy: Option<bool>,
    /// Refuses plans that would destroy the object.
    pub prevent_destroy: Option<Expr>,
    /// Whether the object is destroyed at all when its instance goes; otherwise it is only forgotten.
    pub destroy: Option<bool>,
    /// Which changes of the configuration do not count.
    pub ignore_changes: IgnoreChanges,
    /// Changes of what makes a replacement necessary.
    pub replace_triggered_by: Vec<Expr>,
    /// Actions to invoke around changes of the object.
    pub action_triggers: Vec<ActionTrigger>,
    /// Conditions before the object is planned.
    pub preconditions: Vec<CheckRule>,
    /// Conditions on the object as it came out.
    pub postconditions: Vec<CheckRule>,
}

/// Which changes of the configuration do not count.
#[derive(Debug, Clone, Default)]
pub enum IgnoreChanges {
    /// All count.
    #[default]
    None,
    /// None count.
    All,
    /// Those at these places do not.
    Attributes(Vec<Traversal>),
}

/// A `provisioner` block.
#[derive(Debug, Clone)]
pub struct Provisioner {
    /// The type, such as `local-exec`.
    pub provisioner_type: Str,
    /// Whether it runs before destruction instead of after creation.
    pub on_destroy: bool,
    /// Whether the run goes on when it fails.
    pub continue_on_failure: bool,
    /// How to reach the object.
    pub connection: Option<ConfigBody>,
    /// The arguments of the type.
    pub body: ConfigBody,
    /// The block's header.
    pub span: Span,
}

/// A `check` block.
#[derive(Debug, Clone)]
pub struct Check {
    /// The name.
    pub name: Str,
    /// The nested data resource's position in [`Module::resources`].
    pub data_resource: Option<ResourceAddress>,
    /// The conditions.
    pub assertions: Vec<CheckRule>,
    /// The block's header.
    pub span: Span,
}

/// A `moved` block.
#[derive(Debug, Clone)]
pub struct Moved {
    /// The address that was.
    pub from: Traversal,
    /// The address that is.
    pub to: Traversal,
    /// The block's header.
    pub span: Span,
}

/// A `removed` block.
#[derive(Debug, Clone)]
pub struct Removed {
    /// What is managed no more.
    pub from: Traversal,
    /// Whether it is destroyed; otherwise it is only forgotten.
    pub destroy: bool,
    /// What to run before destruction.
    pub provisioners: Vec<Provisioner>,
    /// How to reach the object, for provisioners.
    pub connection: Option<ConfigBody>,
    /// The block's header.
    pub span: Span,
}

/// An `import` block.
#[derive(Debug, Clone)]
pub struct Import {
    /// Which resource instance takes the object; keys may be expressions.
    pub to: Expr,
    /// What `to` says.
    pub address: ImportAddress,
    /// The provider's text for the object.
    pub id: Option<Expr>,
    /// The object's identity.
    pub identity: Option<Expr>,
    /// Whether there may be no such object, which is made then. Without an id, the object is the one that would be
    /// in the way of making it.
    pub if_exists: Option<Expr>,
    /// What the block is repeated over.
    pub for_each: Option<Expr>,
    /// The provider configuration, when no resource block says it.
    pub provider: Option<ProviderReference>,
    /// The block's header.
    pub span: Span,
}

impl Module {
    /// Returns the module with other provider configurations.
    #[must_use]
    pub fn with_provider_blocks(&self, provider_blocks: Vec<ProviderBlock>) -> Self {
        Self { provider_blocks, ..self.clone() }
    }

    /// Returns a module that can be called like this one and has the same outputs, but is made of nothing. The
    /// outputs get their values from `values`, and are null where those say nothing.
    #[must_use]
    pub fn pretended(&self, values: &[(Str, Value)], span: Span) -> Self {
        let outputs = self.outputs.iter().map(|output| {
            let value = values.iter().find(|(name, _)| *name == output.name);
            let value = value.map_or_else(Value::dynamic_null, |(_, value)| value.clone());
            Output {
                value: Arc::new(super::literal::literal(&value, span)),
                depends_on: Vec::new(),
                preconditions: Vec::new(),
                ..output.clone()
            }
        });
        Self {
            directory: self.directory.clone(),
            settings: self.settings.clone(),
            variables: self.variables.clone(),
            outputs: outputs.collect(),
            names: Names {
                variables: self.names.variables.clone(),
                outputs: self.names.outputs.clone(),
                ..Names::default()
            },
            ..Self::default()
        }
    }

    /// Returns a variable and its position.
    pub fn variable(&self, name: &str) -> Option<(usize, &Variable)> {
        self.names.variables.get(name).map(|&position| (position, &self.variables[position]))
    }

    /// Returns a local value and its position.
    pub fn local(&self, name: &str) -> Option<(usize, &Local)> {
        self.names.locals.get(name).map(|&position| (position, &self.locals[position]))
    }

    /// Returns an output and its position.
    pub fn output(&self, name: &str) -> Option<(usize, &Output)> {
        self.names.outputs.get(name).map(|&position| (position, &self.outputs[position]))
    }

    /// Returns a module call and its position.
    pub fn module_call(&self, name: &str) -> Option<(usize, &ModuleCall)> {
        self.names.module_calls.get(name).map(|&position| (position, &self.module_calls[position]))
    }

    /// Returns a resource and its position.
    pub fn resource(&self, address: &ResourceAddress) -> Option<(usize, &Resource)> {
        self.names.resources.get(address).map(|&position| (position, &self.resources[position]))
    }

    /// Returns an action and its position.
    pub fn action(&self, address: &ActionAddress) -> Option<(usize, &Action)> {
        self.names.actions.get(address).map(|&position| (position, &self.actions[position]))
    }

    /// Returns the provider source that a local name stands for.
    pub fn provider_source(&self, local_name: &str) -> terrane_model::ProviderSource {
        let required =
            self.settings.required_providers.iter().find(|required| required.local_name == local_name);
        required.map_or_else(
            || terrane_model::ProviderSource::implied(local_name),
            |required| required.source.clone(),
        )
    }

    /// Returns the local name of the provider of a resource.
    pub fn provider_local_name<'m>(&self, resource: &'m Resource) -> &'m str {
        match &resource.provider {
            Some(reference) => &reference.local_name,
            None => implied_provider(&resource.address.resource_type),
        }
    }

    /// Returns the local name of the provider of an action.
    pub fn provider_local_name_of_action<'m>(&self, action: &'m Action) -> &'m str {
        match &action.provider {
            Some(reference) => &reference.local_name,
            None => implied_provider(&action.address.action_type),
        }
    }

    /// Returns the provider of an action.
    pub fn provider_source_of_action(&self, action: &Action) -> terrane_model::ProviderSource {
        self.provider_source(self.provider_local_name_of_action(action))
    }

    /// Enters all declarations under their names; those whose name is taken are errors.
    pub(super) fn index_names(&mut self, sources: &SourceMap, diagnostics: &mut Diagnostics) {
        let names = &mut self.names;
        for (position, variable) in self.variables.iter().enumerate() {
            if let Some(first) = names.variables.insert(variable.name.clone(), position) {
                diagnostics.push(duplicate_name(
                    "variable",
                    "A variable",
                    &variable.name,
                    variable.span,
                    &sources.describe(self.variables[first].span),
                ));
            }
        }
        for (position, local) in self.locals.iter().enumerate() {
            if let Some(first) = names.locals.insert(local.name.clone(), position) {
                diagnostics.push(duplicate_name(
                    "local value",
                    "A local value",
                    &local.name,
                    local.span,
                    &sources.describe(self.locals[first].span),
                ));
            }
        }
        for (position, output) in self.outputs.iter().enumerate() {
            if let Some(first) = names.outputs.insert(output.name.clone(), position) {
                diagnostics.push(duplicate_name(
                    "output",
                    "An output",
                    &output.name,
                    output.span,
                    &sources.describe(self.outputs[first].span),
                ));
            }
        }
        for (position, call) in self.module_calls.iter().enumerate() {
            if let Some(first) = names.module_calls.insert(call.name.clone(), position) {
                diagnostics.push(duplicate_name(
                    "module",
                    "A module call",
                    &call.name,
                    call.span,
                    &sources.describe(self.module_calls[first].span),
                ));
            }
        }
        for (position, check) in self.checks.iter().enumerate() {
            if let Some(first) = names.checks.insert(check.name.clone(), position) {
                diagnostics.push(duplicate_name(
                    "check",
                    "A check block",
                    &check.name,
                    check.span,
                    &sources.describe(self.checks[first].span),
                ));
            }
        }
        for (position, resource) in self.resources.iter().enumerate() {
            if let Some(first) = names.resources.insert(resource.address.clone(), position) {
                diagnostics.push(duplicate_resource(resource, &sources.describe(self.resources[first].span)));
            }
        }
        for (position, action) in self.actions.iter().enumerate() {
            if let Some(first) = names.actions.insert(action.address.clone(), position) {
                let place = sources.describe(self.actions[first].span);
                diagnostics.push(super::action::duplicate(action, &place));
            }
        }
        self.check_imports(sources, diagnostics);
    }

    /// Finds addresses that several `import` blocks give objects to, as far as they are written out.
    fn check_imports(&self, sources: &SourceMap, diagnostics: &mut Diagnostics) {
        let mut seen: FxHashMap<String, Span> = FxHashMap::default();
        let is_whole = |import: &&Import| import.id.is_some() || import.identity.is_some();
        for import in self.imports.iter().filter(|import| import.for_each.is_none()).filter(is_whole) {
            let Some(address) = import.address.as_static().map(|address| address.to_string()) else {
                continue;
            };
            if let Some(first) = seen.get(&address) {
                let place = sources.describe(*first);
                diagnostics.push(duplicate_import(&address, Some(&place)).at(import.to.span));
            } else {
                seen.insert(address, import.span);
            }
        }
    }
}

/// Says that several `import` blocks give objects to one resource instance.
pub fn duplicate_import(address: &str, first: Option<&str>) -> Diagnostic {
    let place = first.map_or_else(|| "elsewhere".to_owned(), |place| format!("at {place}"));
    let detail = format!(
        "An import block for the resource {address:?} was already declared {place}. A resource can have only one import block."
    );
    Diagnostic::error(format!("Duplicate import configuration for {address:?}"), detail)
}

fn duplicate_name(kind: &str, article: &str, name: &str, span: Span, first: &str) -> Diagnostic {
    let (summary, noun) = match kind {
        "local value" => ("Duplicate local value definition".to_owned(), "defined"),
        "output" => ("Duplicate output definition".to_owned(), "defined"),
        "module" => ("Duplicate module call".to_owned(), "declared"),
        "check" => (format!("Duplicate check {name:?} configuration"), "declared"),
        _ => (format!("Duplicate {kind} declaration"), "declared"),
    };
    let unique = match kind {
        "variable" => "Variable names must be unique within a module.",
        "local value" => "Local value names must be unique within a module.",
        "output" => "Output names must be unique within a module.",
        "module" => "Module call names must be unique within a module.",
        "check" => "Check blocks must be unique within each module.",
        _ => "Names must be unique within a module.",
    };
    let detail = format!("{article} named {name:?} was already {noun} at {first}. {unique}");
    Diagnostic::error(summary, detail).at(span)
}

fn duplicate_resource(resource: &Resource, first: &str) -> Diagnostic {
    let address = &resource.address;
    let kind = match address.mode {
        ResourceMode::Managed => "resource",
        ResourceMode::Data => "data resource",
        ResourceMode::Ephemeral => "ephemeral resource",
    };
    let summary = if address.mode == ResourceMode::Data {
        format!("Duplicate data {:?} configuration", address.resource_type.as_str())
    } else {
        format!("Duplicate {kind} {:?} configuration", address.resource_type.as_str())
    };
    let detail = format!(
        "A {} {kind} named {:?} was already declared at {first}. Resource names must be unique per type in \
         each module.",
        address.resource_type,
        address.name.as_str()
    );
    Diagnostic::error(summary, detail).at(resource.span)
}

/// Returns the provider that a resource type belongs to when nothing else is said.
pub fn implied_provider(resource_type: &str) -> &str {
    resource_type.split('_').next().unwrap_or(resource_type)
}

impl Resource {
    /// Tells whether changes of the resource may invoke an action.
    pub fn triggers(&self, action: &ActionAddress) -> bool {
        let mut triggered = self.lifecycle.action_triggers.iter().flat_map(|trigger| &trigger.actions);
        triggered.any(|triggered| triggered.address == *action)
    }
}

impl Variable {
    /// Returns the type that values have in the end; any type where none is declared.
    pub fn ty(&self) -> &Type {
        &self.constraint.ty
    }

    /// Tells whether a value must be given.
    pub fn is_required(&self) -> bool {
        self.default.is_none()
    }
}

/// The bodies of a module's files.
#[derive(Debug, Clone, Default)]
pub struct ModuleParts {
    /// Files that declare.
    pub files: Vec<ConfigBody>,
    /// Files that change what the others declare.
    pub overrides: Vec<ConfigBody>,
}

impl Module {
    /// Makes a module of what its files say.
    pub fn from_parts(directory: &str, parts: ModuleParts, sources: &SourceMap) -> (Self, Diagnostics) {
        let mut diagnostics = Diagnostics::new();
        let mut module = Self { directory: directory.into(), ..Self::default() };
        for body in &parts.files {
            super::decode::decode_file(body, &mut module, &mut diagnostics);
        }
        module.index_names(sources, &mut diagnostics);
        for body in &parts.overrides {
            super::override_files::apply(body, &mut module, &mut diagnostics);
        }
        (module, diagnostics)
    }
}
