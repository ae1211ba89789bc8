//! Objects that are found under a new address: `moved` blocks, and the moves that adding or removing `count`
//! implies.
//!
//! Each object follows the statements one after the other until none fits any more, the most specific first. That
//! needs no order between statements and no look at pairs of them.

use rustc_hash::{FxHashMap, FxHashSet};
use terrane_language::config::{Subject, parse_reference};
use terrane_language::modules::{ModuleId, ModuleTree};
use terrane_language::syntax::tree::{StepKind, Traversal};
use terrane_model::{
    Diagnostic, Diagnostics, InstanceKey, ModuleInstance, ModuleStep, ResourceAddress,
    ResourceInstanceAddress, Span, Str,
};
use terrane_state::{InstanceState, ResourceState, StateSnapshot};

use crate::plan::PlanOptions;

/// What moved.
#[derive(Debug, Default)]
pub struct Moves {
    /// Old addresses by new ones.
    previous: FxHashMap<ResourceInstanceAddress, ResourceInstanceAddress>,
    /// Objects that could not move because something else has their new address.
    blocked: FxHashMap<ResourceInstanceAddress, ResourceInstanceAddress>,
}

impl Moves {
    /// Returns the address that an object had before the run.
    pub fn previous(&self, address: &ResourceInstanceAddress) -> ResourceInstanceAddress {
        self.previous.get(address).unwrap_or(address).clone()
    }

    /// Returns the objects whose resource type is another one since they moved: new and old addresses, in order.
    pub(crate) fn between_types(&self) -> Vec<(ResourceInstanceAddress, ResourceInstanceAddress)> {
        let changed = self
            .previous
            .iter()
            .filter(|(to, from)| to.resource.resource_type != from.resource.resource_type)
            .map(|(to, from)| (to.clone(), from.clone()));
        let mut changed: Vec<_> = changed.collect();
        changed.sort();
        changed
    }

    /// Tells whether an object wanted to move but could not.
    pub fn is_blocked_source(&self, address: &ResourceInstanceAddress) -> bool {
        self.blocked.contains_key(address)
    }
}

/// One side of a `moved` block, relative to its module.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// Calls on the way.
    pub modules: Vec<ModuleStep>,
    /// The resource; nothing when a whole module moves.
    pub resource: Option<(ResourceAddress, Option<InstanceKey>)>,
}

impl Endpoint {
    /// Reads an address.
    pub fn parse(traversal: &Traversal) -> Option<Self> {
        let mut names: Vec<(Str, Option<InstanceKey>)> = vec![(traversal.root.name.clone(), None)];
        for step in &traversal.steps {
            match &step.kind {
                StepKind::Attribute(name) => names.push((name.clone(), None)),
                StepKind::StringKey(key) => names.last_mut()?.1 = Some(InstanceKey::String(key.clone())),
                StepKind::NumberKey(number) => {
                    names.last_mut()?.1 = Some(InstanceKey::Int(number.parse().ok()?));
                }
            }
        }
        let mut rest = names.into_iter().peekable();
        let mut modules = Vec::new();
        while rest.next_if(|(name, key)| name == "module" && key.is_none()).is_some() {
            let (name, key) = rest.next()?;
            modules.push(ModuleStep { name, key });
        }
        if rest.peek().is_none() {
            return (!modules.is_empty()).then_some(Self { modules, resource: None });
        }
        let remaining: Vec<(Str, Option<InstanceKey>)> = rest.collect();
        let key = remaining.last()?.1.clone();
        let as_traversal = relative_traversal(traversal, &remaining);
        let reference = parse_reference(&as_traversal).ok()?;
        let Subject::Resource { mode, resource_type, name } = reference.subject else { return None };
        if reference.subject_steps != remaining.len() - 1 {
            return None;
        }
        Some(Self { modules, resource: Some((ResourceAddress { mode, resource_type, name }, key)) })
    }

    /// Returns the names of the calls on the way.
    pub fn module_names(&self) -> impl Iterator<Item = Str> + '_ {
        self.modules.iter().map(|step| step.name.clone())
    }

    fn has_key(&self) -> bool {
        match &self.resource {
            Some((_, key)) => key.is_some(),
            None => self.modules.last().is_some_and(|step| step.key.is_some()),
        }
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let modules = ModuleInstance::new(self.modules.iter().cloned());
        match &self.resource {
            None => write!(formatter, "{modules}"),
            Some((resource, key)) => {
                let address =
                    ResourceInstanceAddress { module: modules, resource: resource.clone(), key: key.clone() };
                write!(formatter, "{address}")
            }
        }
    }
}

/// Builds the traversal of the part behind the modules, so that the rules for references apply to it.
fn relative_traversal(whole: &Traversal, names: &[(Str, Option<InstanceKey>)]) -> Traversal {
    use terrane_language::syntax::tree::{Identifier, Step};
    let span = whole.root.span;
    Traversal {
        root: Identifier { name: names[0].0.clone(), span },
        steps: names[1..]
            .iter()
            .map(|(name, _)| Step { kind: StepKind::Attribute(name.clone()), span })
            .collect(),
    }
}

/// A `moved` block.
struct Statement {
    module: ModuleId,
    /// Names of the calls that lead to the module.
    base: Vec<Str>,
    from: Endpoint,
    to: Endpoint,
    span: Span,
}

impl Statement {
    /// Both sides name a resource or a module as a whole, so instance keys stay.
    fn keeps_keys(&self) -> bool {
        !self.from.has_key() && !self.to.has_key()
    }

    fn describe(&self, endpoint: &Endpoint) -> String {
        let base: Vec<String> = self.base.iter().map(|name| format!("module.{name}.")).collect();
        format!("{}{endpoint}", base.concat())
    }

    /// Returns the address that an object gets, when the statement is about it.
    fn apply(&self, address: &ResourceInstanceAddress) -> Option<ResourceInstanceAddress> {
        let steps = address.module.steps();
        let (base, inside) = steps.split_at_checked(self.base.len())?;
        if !base.iter().zip(&self.base).all(|(step, name)| step.name == *name) {
            return None;
        }
        let (matched, rest) = inside.split_at_checked(self.from.modules.len())?;
        let last = self.from.modules.len().saturating_sub(1);
        let whole_call = self.from.resource.is_none() && self.keeps_keys();
        let fits = matched.iter().zip(&self.from.modules).enumerate().all(|(position, (step, wanted))| {
            step.name == wanted.name && (step.key == wanted.key || whole_call && position == last)
        });
        if !fits {
            return None;
        }
        match (&self.from.resource, &self.to.resource) {
            (None, None) => {
                let mut new: Vec<ModuleStep> = self.to.modules.clone();
                if self.keeps_keys()
                    && let (Some(new_last), Some(old_last)) = (new.last_mut(), matched.last())
                {
                    new_last.key = old_last.key.clone();
                }
                let module = ModuleInstance::new(base.iter().cloned().chain(new).chain(rest.iter().cloned()));
                Some(ResourceInstanceAddress { module, ..address.clone() })
            }
            (Some((resource, key)), Some((new_resource, new_key))) => {
                let key_fits = self.keeps_keys() || *key == address.key;
                if !rest.is_empty() || address.resource != *resource || !key_fits {
                    return None;
                }
                let module = ModuleInstance::new(base.iter().cloned().chain(self.to.modules.iter().cloned()));
                let key = if self.keeps_keys() { address.key.clone() } else { new_key.clone() };
                Some(ResourceInstanceAddress { module, resource: new_resource.clone(), key })
            }
            _ => None,
        }
    }
}

/// Statements by what they move.
struct Statements {
    all: Vec<Statement>,
    by_resource: FxHashMap<(Vec<Str>, ResourceAddress), Vec<usize>>,
    by_module: FxHashMap<Vec<Str>, Vec<usize>>,
}

impl Statements {
    fn collect(tree: &ModuleTree) -> Self {
        let mut statements =
            Self { all: Vec::new(), by_resource: FxHashMap::default(), by_module: FxHashMap::default() };
        for (module, node) in tree.nodes() {
            for moved in &node.module.moved {
                let endpoints = Endpoint::parse(&moved.from).zip(Endpoint::parse(&moved.to));
                let Some((from, to)) = endpoints else { continue };
                let base = node.path.calls().to_vec();
                let index = statements.all.len();
                let path: Vec<Str> = base.iter().cloned().chain(from.module_names()).collect();
                match &from.resource {
                    Some((resource, _)) => {
                        statements.by_resource.entry((path, resource.clone())).or_default().push(index);
                    }
                    None => statements.by_module.entry(path).or_default().push(index),
                }
                statements.all.push(Statement { module, base, from, to, span: moved.span });
            }
        }
        statements
    }

    /// Finds a statement about an object: about its resource first, then about the modules around it, from inside
    /// out.
    fn next(
        &self,
        address: &ResourceInstanceAddress,
        used: &FxHashSet<usize>,
    ) -> Option<(usize, ResourceInstanceAddress)> {
        let path: Vec<Str> = address.module.steps().iter().map(|step| step.name.clone()).collect();
        let own = self.by_resource.get(&(path.clone(), address.resource.clone()));
        let around = (1..=path.len()).rev().filter_map(|length| self.by_module.get(&path[..length]));
        let candidates = own.into_iter().chain(around).flatten();
        candidates
            .filter(|index| !used.contains(index))
            .find_map(|index| Some((*index, self.all[*index].apply(address)?)))
    }
}

/// Moves the objects of a state to the addresses that the configuration knows them by.
pub fn apply_moves(
    tree: &ModuleTree,
    state: StateSnapshot,
    options: &PlanOptions,
) -> (Moves, StateSnapshot, Diagnostics) {
    let statements = Statements::collect(tree);
    let mut diagnostics = validate(&statements, tree);
    if diagnostics.has_errors() {
        return (Moves::default(), state, diagnostics);
    }
    let mut moves = Moves::default();
    let taken: FxHashSet<ResourceInstanceAddress> = state.objects().map(|(address, ..)| address).collect();
    let mut wanted: Vec<(ResourceInstanceAddress, ResourceInstanceAddress)> = Vec::new();
    for address in state_instances(&state) {
        let mut current = address.clone();
        let mut used = FxHashSet::default();
        while let Some((index, next)) = statements.next(&current, &used) {
            used.insert(index);
            current = next;
        }
        let explicit = current != address;
        let implied = implied_move(tree, &current).filter(|target| !explicit && !taken.contains(target));
        let target = implied.unwrap_or(current);
        if target != address {
            wanted.push((address, target));
        }
    }
    if wanted.is_empty() {
        return (moves, state, diagnostics);
    }
    let leaving: FxHashSet<&ResourceInstanceAddress> = wanted.iter().map(|(from, _)| from).collect();
    let mut arriving: FxHashSet<&ResourceInstanceAddress> = FxHashSet::default();
    for (from, to) in &wanted {
        let is_free = !taken.contains(to) || leaving.contains(to);
        if is_free && arriving.insert(to) {
            moves.previous.insert(to.clone(), from.clone());
        } else {
            moves.blocked.insert(from.clone(), to.clone());
        }
    }
    if !moves.blocked.is_empty() {
        diagnostics.push(blocked_warning(&moves));
    }
    check_targets(&moves, options, &mut diagnostics);
    let moved = rebuild(state, &moves, tree);
    (moves, moved, diagnostics)
}

fn state_instances(state: &StateSnapshot) -> Vec<ResourceInstanceAddress> {
    let instances = state
        .resources
        .iter()
        .flat_map(|(resource, entry)| entry.instances.keys().map(|key| resource.instance(key.clone())));
    instances.collect()
}

/// Adding `count` to a resource makes its object the first instance; removing it goes the other way.
fn implied_move(tree: &ModuleTree, address: &ResourceInstanceAddress) -> Option<ResourceInstanceAddress> {
    let module = tree.find(&address.module.path())?;
    let (_, resource) = tree.module(module).resource(&address.resource)?;
    let key = match (&address.key, &resource.repetition.count, &resource.repetition.for_each) {
        (None, Some(_), _) => Some(InstanceKey::Int(0)),
        (Some(InstanceKey::Int(0)), None, None) => None,
        _ => return None,
    };
    Some(ResourceInstanceAddress { key, ..address.clone() })
}

/// Puts every object where it belongs, in one pass.
fn rebuild(state: StateSnapshot, moves: &Moves, tree: &ModuleTree) -> StateSnapshot {
    let targets: FxHashMap<&ResourceInstanceAddress, &ResourceInstanceAddress> =
        moves.previous.iter().map(|(to, from)| (from, to)).collect();
    let mut rebuilt = StateSnapshot { resources: std::collections::BTreeMap::new(), ..state.clone() };
    for (resource, entry) in state.resources {
        for (key, instance) in entry.instances {
            let address = resource.instance(key);
            let target = targets.get(&address).copied().unwrap_or(&address);
            place(&mut rebuilt, target, instance, &entry.provider_config, tree);
        }
    }
    rebuilt
}

fn place(
    state: &mut StateSnapshot,
    address: &ResourceInstanceAddress,
    instance: InstanceState,
    provider_config: &terrane_model::ProviderConfigAddress,
    _tree: &ModuleTree,
) {
    let entry = state.resources.entry(address.resource()).or_insert_with(|| ResourceState {
        provider_config: provider_config.clone(),
        instances: std::collections::BTreeMap::new(),
        unknown_fields: Vec::new(),
    });
    entry.instances.insert(address.key.clone(), instance);
}

fn blocked_warning(moves: &Moves) -> Diagnostic {
    let mut list: Vec<String> =
        moves.blocked.iter().map(|(from, to)| format!("  - {from} could not move to {to}")).collect();
    list.sort();
    let detail = format!(
        "Terraform tried to adjust resource instance addresses in the prior state based on change information recorded in \
         the configuration, but some adjustments did not succeed due to existing objects already at the intended \
         addresses:\n{}\n\nTerraform has planned to destroy these objects. If Terraform's proposed changes aren't \
         appropriate, you must first resolve the conflicts using the \"terrane state\" subcommands and then create a new \
         plan.",
        list.join("\n")
    );
    Diagnostic::warning("Unresolved resource instance address changes", detail)
}

/// A run that is limited to some objects must not move others.
fn check_targets(moves: &Moves, options: &PlanOptions, diagnostics: &mut Diagnostics) {
    if options.targets.is_empty() {
        return;
    }
    let covers =
        |address: &ResourceInstanceAddress| options.targets.iter().any(|target| target.covers(address));
    let mut outside: Vec<&ResourceInstanceAddress> =
        moves.previous.iter().flat_map(|(to, from)| [to, from]).filter(|address| !covers(address)).collect();
    outside.sort();
    if outside.is_empty() {
        return;
    }
    let list: Vec<String> =
        outside.iter().map(|address| format!("  -target={:?}", address.to_string())).collect();
    let detail = format!(
        "Resource instances in your current state have moved to new addresses in the latest configuration. Terraform must \
         include those resource instances while planning in order to ensure a correct result, but your -target=... options \
         do not fully cover all of those resource instances.\n\nTo create a valid plan, either remove your -target=... \
         options altogether or add the following additional target options:\n{}\n\nNote that adding these options may \
         include further additional resource instances in your plan, in order to respect object dependencies.",
        list.join("\n")
    );
    diagnostics.push(Diagnostic::error("Moved resource instances excluded by targeting", detail));
}

/// Checks the statements themselves.
fn validate(statements: &Statements, tree: &ModuleTree) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let mut by_from: FxHashMap<(&[Str], &Endpoint), &Statement> = FxHashMap::default();
    let mut by_to: FxHashMap<(&[Str], &Endpoint), &Statement> = FxHashMap::default();
    for statement in &statements.all {
        if statement.from == statement.to {
            let detail = format!(
                "This statement declares a move from {} to the same address, which is the same as not declaring this move at \
                 all.",
                statement.describe(&statement.from)
            );
            diagnostics.push(Diagnostic::error("Redundant move statement", detail).at(statement.span));
            continue;
        }
        let noun = if statement.from.resource.is_some() { "resource" } else { "module" };
        if let Some(other) = by_from.insert((&statement.base, &statement.from), statement)
            && other.to != statement.to
        {
            let detail = format!(
                "Another statement declared that {} moved to {}, but this statement instead declares that it moved to \
                 {}.\n\nEach {noun} can move to only one destination {noun}.",
                statement.describe(&statement.from),
                other.describe(&other.to),
                statement.describe(&statement.to)
            );
            diagnostics.push(Diagnostic::error("Ambiguous move statements", detail).at(statement.span));
        }
        if let Some(other) = by_to.insert((&statement.base, &statement.to), statement)
            && other.from != statement.from
        {
            let detail = format!(
                "Another statement declared that {} moved to {}, but this statement instead declares that {} moved \
                 there.\n\nEach {noun} can have moved from only one source {noun}.",
                other.describe(&other.from),
                statement.describe(&statement.to),
                statement.describe(&statement.from)
            );
            diagnostics.push(Diagnostic::error("Ambiguous move statements", detail).at(statement.span));
        }
        diagnostics.extend(still_exists(statement, tree));
    }
    diagnostics.extend(cycles(statements));
    diagnostics
}

/// What moved away must not be declared any more.
fn still_exists(statement: &Statement, tree: &ModuleTree) -> Option<Diagnostic> {
    let mut module = statement.module;
    let (steps, last) = match &statement.from.resource {
        Some(_) => (statement.from.modules.as_slice(), None),
        None => {
            let (last, steps) = statement.from.modules.split_last()?;
            (steps, Some(last))
        }
    };
    for step in steps {
        let (position, _) = tree.module(module).module_call(&step.name)?;
        module = tree.node(module).children[position]?;
    }
    let (exists, noun) = match (&statement.from.resource, last) {
        (Some((resource, key)), _) => {
            let (_, declared) = tree.module(module).resource(resource)?;
            (still_declares(key.as_ref(), &declared.repetition, statement), "resource")
        }
        (None, Some(last)) => {
            let (_, call) = tree.module(module).module_call(&last.name)?;
            (still_declares(last.key.as_ref(), &call.repetition, statement), "module")
        }
        (None, None) => return None,
    };
    let detail = format!(
        "This statement declares a move from {}, but that {noun} is still declared.\n\nChange your configuration so that this \
         {noun} will be declared as {} instead.",
        statement.describe(&statement.from),
        statement.describe(&statement.to)
    );
    exists.then(|| Diagnostic::error("Moved object still exists", detail).at(statement.span))
}

fn still_declares(
    key: Option<&InstanceKey>,
    repetition: &terrane_language::config::module::Repetition,
    statement: &Statement,
) -> bool {
    match key {
        _ if statement.keeps_keys() => true,
        None => !repetition.is_keyed(),
        // Which instances there are is not known before values are; a moved instance may be gone.
        Some(_) => false,
    }
}

/// Finds statements that lead back to where they started.
fn cycles(statements: &Statements) -> Diagnostics {
    let key = |statement: &Statement, endpoint: &Endpoint| statement.describe(endpoint);
    let mut by_from: FxHashMap<String, usize> = FxHashMap::default();
    for (index, statement) in statements.all.iter().enumerate() {
        by_from.insert(key(statement, &statement.from), index);
    }
    let mut seen: FxHashSet<usize> = FxHashSet::default();
    for start in 0..statements.all.len() {
        let mut path: Vec<usize> = Vec::new();
        let mut next = Some(start);
        while let Some(index) = next {
            if let Some(from) = path.iter().position(|other| *other == index) {
                return cycle_error(statements, &path[from..]).into();
            }
            if !seen.insert(index) {
                break;
            }
            path.push(index);
            let statement = &statements.all[index];
            next = by_from.get(&key(statement, &statement.to)).copied();
        }
    }
    Diagnostics::new()
}

fn cycle_error(statements: &Statements, cycle: &[usize]) -> Diagnostic {
    let list: Vec<String> = cycle
        .iter()
        .map(|index| &statements.all[*index])
        .map(|statement| {
            format!("  - {} → {}", statement.describe(&statement.from), statement.describe(&statement.to))
        })
        .collect();
    let detail = format!(
        "The following chained move statements form a cycle, and so there is no final location to move objects to:\n{}\n\nA \
         chain of move statements must end with an address that doesn't appear in any other statements, and which typically \
         also refers to an object still declared in the configuration.",
        list.join("\n")
    );
    Diagnostic::error("Cyclic dependency in move statements", detail)
}
