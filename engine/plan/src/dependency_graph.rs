//! Which declaration waits for which: one graph between declarations, for every module call of a
//! configuration. Instances are not in it; `count` and `for_each` multiply instances, not edges.
//!
//! Besides declarations, each module call has two nodes that stand for many: one for all of its outputs, and
//! one for everything in it. With them the number of edges stays proportional to what is written.

use terrane_language::config::{Declaration, Subject, parse_reference};
use terrane_language::modules::{ModuleId, ModuleTree, ProviderBinding, ProviderConfigs};
use terrane_language::syntax::tree::Traversal;
use terrane_model::{Diagnostic, Diagnostics, ResourceAddress, Span};

use crate::import_blocks::ImportBlocks;

/// Identifies a node of one [`DependencyGraph`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    /// Returns the position in lists that have one entry per node.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a node stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeKind {
    /// A declaration.
    Declaration(Declaration),
    /// All outputs of the module.
    Outputs,
    /// Everything in the module, and in the modules that it calls.
    Everything,
}

/// A node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// The module call that it belongs to.
    pub module: ModuleId,
    /// What it stands for.
    pub kind: NodeKind,
}

/// The graph.
#[derive(Debug)]
pub struct DependencyGraph {
    nodes: Vec<Node>,
    /// Where each module's nodes start.
    bases: Vec<ModuleBases>,
    /// For each node, the nodes that it waits for: a range of `edges`.
    ranges: Vec<(u32, u32)>,
    edges: Vec<NodeId>,
}

/// Positions of the first node of each kind of a module.
#[derive(Debug, Clone, Default)]
struct ModuleBases {
    variables: u32,
    locals: u32,
    calls: u32,
    providers: u32,
    resources: u32,
    actions: u32,
    outputs: u32,
    checks: u32,
    /// The validations by variable; only variables that have conditions have one.
    validations: Vec<(u32, NodeId)>,
    all_outputs: u32,
    everything: u32,
}

impl DependencyGraph {
    /// Builds the graph. References that lead nowhere are left out; validation reports them.
    pub fn build(tree: &ModuleTree, providers: &mut ProviderConfigs, imports: &ImportBlocks) -> Self {
        let mut graph = Self { nodes: Vec::new(), bases: Vec::new(), ranges: Vec::new(), edges: Vec::new() };
        for (id, _) in tree.nodes() {
            graph.add_module(tree, id);
        }
        let mut targets: Vec<NodeId> = Vec::new();
        for position in 0..graph.nodes.len() {
            let node = graph.nodes[position];
            targets.clear();
            graph.collect_targets(tree, providers, imports, node, &mut targets);
            targets.sort_unstable();
            targets.dedup();
            let own = NodeId(position as u32);
            targets.retain(|target| {
                *target != own || !matches!(node.kind, NodeKind::Everything | NodeKind::Outputs)
            });
            let start = graph.edges.len() as u32;
            graph.edges.extend_from_slice(&targets);
            graph.ranges.push((start, graph.edges.len() as u32));
        }
        graph
    }

    fn add_module(&mut self, tree: &ModuleTree, id: ModuleId) {
        let module = tree.module(id);
        let mut bases = ModuleBases::default();
        let add = |kind: NodeKind, nodes: &mut Vec<Node>| {
            nodes.push(Node { module: id, kind });
            nodes.len() as u32 - 1
        };
        let nodes = &mut self.nodes;
        let next = |nodes: &Vec<Node>| nodes.len() as u32;
        bases.variables = next(nodes);
        (0..module.variables.len()).for_each(|p| {
            add(NodeKind::Declaration(Declaration::Variable(p)), nodes);
        });
        bases.locals = next(nodes);
        (0..module.locals.len()).for_each(|p| {
            add(NodeKind::Declaration(Declaration::Local(p)), nodes);
        });
        bases.calls = next(nodes);
        (0..module.module_calls.len()).for_each(|p| {
            add(NodeKind::Declaration(Declaration::Call(p)), nodes);
        });
        bases.providers = next(nodes);
        (0..module.provider_blocks.len()).for_each(|p| {
            add(NodeKind::Declaration(Declaration::Provider(p)), nodes);
        });
        bases.resources = next(nodes);
        (0..module.resources.len()).for_each(|p| {
            add(NodeKind::Declaration(Declaration::Resource(p)), nodes);
        });
        bases.actions = next(nodes);
        (0..module.actions.len()).for_each(|p| {
            add(NodeKind::Declaration(Declaration::Action(p)), nodes);
        });
        bases.outputs = next(nodes);
        (0..module.outputs.len()).for_each(|p| {
            add(NodeKind::Declaration(Declaration::Output(p)), nodes);
        });
        bases.checks = next(nodes);
        (0..module.checks.len()).for_each(|p| {
            add(NodeKind::Declaration(Declaration::Check(p)), nodes);
        });
        for (position, variable) in module.variables.iter().enumerate() {
            if !variable.validations.is_empty() {
                let node = add(NodeKind::Declaration(Declaration::VariableValidation(position)), nodes);
                bases.validations.push((position as u32, NodeId(node)));
            }
        }
        bases.all_outputs = add(NodeKind::Outputs, nodes);
        bases.everything = add(NodeKind::Everything, nodes);
        self.bases.push(bases);
    }

    /// Returns all nodes.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, Node)> + '_ {
        self.nodes.iter().enumerate().map(|(position, node)| (NodeId(position as u32), *node))
    }

    /// Returns a node.
    pub fn node(&self, id: NodeId) -> Node {
        self.nodes[id.index()]
    }

    /// Returns the number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Tells whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Returns what a node waits for.
    pub fn dependencies(&self, id: NodeId) -> &[NodeId] {
        let (start, end) = self.ranges[id.index()];
        &self.edges[start as usize..end as usize]
    }

    /// Finds the node of a declaration.
    pub fn declaration(&self, module: ModuleId, declaration: Declaration) -> Option<NodeId> {
        let bases = &self.bases[module.index()];
        let position = match declaration {
            Declaration::Variable(position) => bases.variables + position as u32,
            Declaration::Local(position) => bases.locals + position as u32,
            Declaration::Call(position) => bases.calls + position as u32,
            Declaration::Provider(position) => bases.providers + position as u32,
            Declaration::Resource(position) => bases.resources + position as u32,
            Declaration::Action(position) => bases.actions + position as u32,
            Declaration::Output(position) => bases.outputs + position as u32,
            Declaration::Check(position) => bases.checks + position as u32,
            Declaration::VariableValidation(position) => {
                let found =
                    bases.validations.binary_search_by_key(&(position as u32), |(variable, _)| *variable);
                return found.ok().map(|index| bases.validations[index].1);
            }
        };
        Some(NodeId(position))
    }

    /// Returns the node for everything in a module.
    pub fn everything(&self, module: ModuleId) -> NodeId {
        NodeId(self.bases[module.index()].everything)
    }

    fn collect_targets(
        &self,
        tree: &ModuleTree,
        providers: &mut ProviderConfigs,
        imports: &ImportBlocks,
        node: Node,
        targets: &mut Vec<NodeId>,
    ) {
        let module = tree.module(node.module);
        let caller = tree.node(node.module).caller;
        // Nothing in a module can be evaluated before its instances are known.
        if let Some((caller, call)) = caller {
            targets.extend(self.declaration(caller, Declaration::Call(call)));
        }
        let bases = &self.bases[node.module.index()];
        match node.kind {
            NodeKind::Outputs => targets.extend((bases.outputs..bases.checks).map(NodeId)),
            NodeKind::Everything => {
                targets.extend((bases.variables..bases.everything).map(NodeId));
                let children = tree.node(node.module).children.iter().flatten();
                targets.extend(children.map(|child| self.everything(*child)));
            }
            NodeKind::Declaration(declaration) => {
                module.visit_references(declaration, &mut |reference| {
                    self.target_of(tree, node.module, reference.traversal, targets);
                });
                match declaration {
                    Declaration::Variable(position) => {
                        self.argument_targets(tree, node.module, position, targets);
                    }
                    Declaration::VariableValidation(position) => {
                        targets.extend(self.declaration(node.module, Declaration::Variable(position)));
                        let itself = self.declaration(node.module, declaration);
                        targets.retain(|target| Some(*target) != itself);
                    }
                    Declaration::Resource(position) => {
                        let binding = providers.of_resource(tree, node.module, &module.resources[position]);
                        self.provider_target(tree, providers, binding.ok(), targets);
                        self.triggered_targets(tree, providers, node, position, targets);
                        for block in imports.of(node.module, position) {
                            block.visit_expressions(tree, &mut |expression| {
                                for reference in expression.variables() {
                                    self.target_of(tree, block.module, reference.traversal, targets);
                                }
                            });
                        }
                    }
                    Declaration::Action(position) => {
                        let binding = providers.of_action(tree, node.module, &module.actions[position]);
                        self.provider_target(tree, providers, binding.ok(), targets);
                    }
                    Declaration::Check(position) => {
                        let data = module.checks[position].data_resource.as_ref();
                        let data = data.and_then(|address| module.resource(address));
                        targets.extend(data.and_then(|(position, _)| {
                            self.declaration(node.module, Declaration::Resource(position))
                        }));
                    }
                    _ => {}
                }
            }
        }
    }

    fn argument_targets(
        &self,
        tree: &ModuleTree,
        module: ModuleId,
        variable: usize,
        targets: &mut Vec<NodeId>,
    ) {
        let Some((caller, call)) = tree.node(module).caller else { return };
        let name = &tree.module(module).variables[variable].name;
        if let Some(expression) = tree.module(caller).call_argument(call, name) {
            for reference in expression.variables() {
                self.target_of(tree, caller, reference.traversal, targets);
            }
        }
    }

    fn provider_target(
        &self,
        tree: &ModuleTree,
        providers: &ProviderConfigs,
        binding: Option<ProviderBinding>,
        targets: &mut Vec<NodeId>,
    ) {
        let Some(binding) = binding else { return };
        let config = providers.get(binding.config);
        if let Some(block) = config.block {
            targets.extend(self.declaration(config.module, Declaration::Provider(block)));
        }
        for reference in binding.key.iter().flat_map(|key| key.variables()) {
            self.target_of(tree, binding.key_module, reference.traversal, targets);
        }
    }

    /// Adds what the actions need that a resource triggers. The resource itself is none of it: an action is evaluated when
    /// its object is known.
    fn triggered_targets(
        &self,
        tree: &ModuleTree,
        providers: &mut ProviderConfigs,
        node: Node,
        resource: usize,
        targets: &mut Vec<NodeId>,
    ) {
        let module = tree.module(node.module);
        let triggers = &module.resources[resource].lifecycle.action_triggers;
        let own = self.declaration(node.module, Declaration::Resource(resource));
        let mut seen = Vec::new();
        for triggered in triggers.iter().flat_map(|trigger| &trigger.actions) {
            let Some((position, action)) = module.action(&triggered.address) else { continue };
            if seen.contains(&position) {
                continue;
            }
            seen.push(position);
            let mut needed = Vec::new();
            module.visit_references(Declaration::Action(position), &mut |reference| {
                self.target_of(tree, node.module, reference.traversal, &mut needed);
            });
            targets.extend(needed.into_iter().filter(|target| Some(*target) != own));
            let binding = providers.of_action(tree, node.module, action);
            self.provider_target(tree, providers, binding.ok(), targets);
        }
    }

    /// Adds what a reference in a module leads to.
    pub fn target_of(
        &self,
        tree: &ModuleTree,
        module: ModuleId,
        traversal: &Traversal,
        targets: &mut Vec<NodeId>,
    ) {
        let Ok(reference) = parse_reference(traversal) else { return };
        let declared = tree.module(module);
        let mut push = |declaration: Declaration| targets.extend(self.declaration(module, declaration));
        match reference.subject {
            Subject::Variable(name) => {
                if let Some((position, _)) = declared.variable(&name) {
                    push(Declaration::Variable(position));
                    // Nobody gets to work with a value before it is found to be a good one.
                    push(Declaration::VariableValidation(position));
                }
            }
            Subject::Local(name) => {
                if let Some((position, _)) = declared.local(&name) {
                    push(Declaration::Local(position));
                }
            }
            Subject::Resource { mode, resource_type, name } => {
                if let Some((position, _)) = declared.resource(&ResourceAddress { mode, resource_type, name })
                {
                    push(Declaration::Resource(position));
                }
            }
            Subject::Module { call, output } => {
                let Some((position, _)) = declared.module_call(&call) else { return };
                push(Declaration::Call(position));
                let Some(child) = tree.node(module).children[position] else { return };
                let output = output.and_then(|name| tree.module(child).output(&name));
                targets.push(match output {
                    Some((position, _)) => NodeId(self.bases[child.index()].outputs + position as u32),
                    None => NodeId(self.bases[child.index()].all_outputs),
                });
            }
            _ => {}
        }
    }

    /// Returns how messages name a node.
    pub fn describe(&self, tree: &ModuleTree, id: NodeId) -> String {
        let node = self.node(id);
        let module = tree.module(node.module);
        let path = &tree.node(node.module).path;
        let prefix = if path.is_root() { String::new() } else { format!("{path}.") };
        let NodeKind::Declaration(declaration) = node.kind else { return format!("{path} (close)") };
        match declaration {
            Declaration::Variable(position) | Declaration::VariableValidation(position) => {
                format!("{prefix}var.{} (expand)", module.variables[position].name)
            }
            Declaration::Local(position) => {
                format!("{prefix}local.{} (expand)", module.locals[position].name)
            }
            Declaration::Output(position) => {
                format!("{prefix}output.{} (expand)", module.outputs[position].name)
            }
            Declaration::Resource(position) => {
                format!("{prefix}{} (expand)", module.resources[position].address)
            }
            Declaration::Action(position) => {
                format!("{prefix}{} (expand)", module.actions[position].address)
            }
            Declaration::Call(position) => {
                format!("{prefix}module.{} (expand)", module.module_calls[position].name)
            }
            Declaration::Provider(position) => {
                let block = &module.provider_blocks[position];
                let alias = block.alias.as_ref().map(|alias| format!(".{alias}")).unwrap_or_default();
                format!("{prefix}provider[\"{}\"]{alias}", module.provider_source(&block.local_name))
            }
            Declaration::Check(position) => {
                format!("{prefix}check.{} (expand)", module.checks[position].name)
            }
        }
    }

    /// Returns the place of a node's declaration.
    pub fn span(&self, tree: &ModuleTree, id: NodeId) -> Option<Span> {
        let node = self.node(id);
        let module = tree.module(node.module);
        let NodeKind::Declaration(declaration) = node.kind else { return None };
        Some(match declaration {
            Declaration::Variable(position) | Declaration::VariableValidation(position) => {
                module.variables[position].span
            }
            Declaration::Local(position) => module.locals[position].span,
            Declaration::Output(position) => module.outputs[position].span,
            Declaration::Resource(position) => module.resources[position].span,
            Declaration::Action(position) => module.actions[position].span,
            Declaration::Call(position) => module.module_calls[position].span,
            Declaration::Provider(position) => module.provider_blocks[position].span,
            Declaration::Check(position) => module.checks[position].span,
        })
    }

    /// Returns all nodes so that each comes behind what it waits for.
    ///
    /// # Errors
    /// With one message per cycle.
    pub fn order(&self, tree: &ModuleTree) -> Result<Vec<NodeId>, Diagnostics> {
        let mut waiting: Vec<u32> =
            (0..self.len()).map(|p| self.dependencies(NodeId(p as u32)).len() as u32).collect();
        let dependents = self.dependents();
        let mut order: Vec<NodeId> = Vec::with_capacity(self.len());
        order.extend((0..self.len() as u32).map(NodeId).filter(|id| waiting[id.index()] == 0));
        let mut next = 0;
        while let Some(id) = order.get(next).copied() {
            next += 1;
            for dependent in dependents.of(id) {
                waiting[dependent.index()] -= 1;
                if waiting[dependent.index()] == 0 {
                    order.push(*dependent);
                }
            }
        }
        if order.len() == self.len() { Ok(order) } else { Err(self.cycles(tree, &waiting)) }
    }

    /// Returns the reverse of the graph.
    pub fn dependents(&self) -> Dependents {
        let mut starts = vec![0u32; self.len() + 1];
        for target in &self.edges {
            starts[target.index() + 1] += 1;
        }
        for position in 1..starts.len() {
            starts[position] += starts[position - 1];
        }
        let mut filled = starts.clone();
        let mut edges = vec![NodeId(0); self.edges.len()];
        for position in 0..self.len() {
            let own = NodeId(position as u32);
            for target in self.dependencies(own) {
                edges[filled[target.index()] as usize] = own;
                filled[target.index()] += 1;
            }
        }
        Dependents { starts, edges }
    }

    /// Follows, from every node that could not be ordered, one dependency that could not be either, until a node
    /// comes up again: that is a cycle.
    fn cycles(&self, tree: &ModuleTree, waiting: &[u32]) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        let mut seen = vec![0u32; self.len()];
        let mut round = 0;
        for start in (0..self.len() as u32).map(NodeId).filter(|id| waiting[id.index()] > 0) {
            if seen[start.index()] > 0 {
                continue;
            }
            round += 1;
            let mut path = vec![start];
            seen[start.index()] = round;
            while let Some(next) = path.last().and_then(|last| self.blocked_dependency(*last, waiting)) {
                if seen[next.index()] == round {
                    let from = path.iter().position(|id| *id == next).unwrap_or(0);
                    diagnostics.push(self.cycle_message(tree, &path[from..]));
                    break;
                }
                if seen[next.index()] > 0 {
                    break;
                }
                seen[next.index()] = round;
                path.push(next);
            }
        }
        diagnostics
    }

    fn blocked_dependency(&self, id: NodeId, waiting: &[u32]) -> Option<NodeId> {
        self.dependencies(id).iter().copied().find(|target| waiting[target.index()] > 0)
    }

    fn cycle_message(&self, tree: &ModuleTree, cycle: &[NodeId]) -> Diagnostic {
        let names: Vec<String> = cycle.iter().map(|id| self.describe(tree, *id)).collect();
        let detail = format!(
            "Each of these waits for the next, and the last one for the first:\n  {}\n\nRemove one of the references between \
             them.",
            names.join("\n  ")
        );
        let span = cycle.iter().find_map(|id| self.span(tree, *id));
        let diagnostic = Diagnostic::error(format!("Cycle: {}", names.join(", ")), detail).at_maybe(span);
        match cycle {
            [only] => self.self_reference(tree, *only).unwrap_or(diagnostic),
            _ => diagnostic,
        }
    }

    /// A resource block that refers to itself has an error of its own, at the reference.
    fn self_reference(&self, tree: &ModuleTree, id: NodeId) -> Option<Diagnostic> {
        let node = self.node(id);
        let NodeKind::Declaration(declaration @ Declaration::Resource(_)) = node.kind else { return None };
        let mut place = None;
        tree.module(node.module).visit_references(declaration, &mut |reference| {
            let mut targets = Vec::new();
            self.target_of(tree, node.module, reference.traversal, &mut targets);
            if targets.contains(&id) {
                place.get_or_insert(reference.span);
            }
        });
        let detail = "Configuration for this resource may not refer to itself.".to_owned();
        let name = self.describe(tree, id);
        let detail = detail.replace("this resource", name.trim_end_matches(" (expand)"));
        Some(Diagnostic::error("Self-referential block", detail).at_maybe(place))
    }
}

/// For each node, the nodes that wait for it.
#[derive(Debug)]
pub struct Dependents {
    starts: Vec<u32>,
    edges: Vec<NodeId>,
}

impl Dependents {
    /// Returns the nodes that wait for a node.
    pub fn of(&self, id: NodeId) -> &[NodeId] {
        &self.edges[self.starts[id.index()] as usize..self.starts[id.index() + 1] as usize]
    }
}
