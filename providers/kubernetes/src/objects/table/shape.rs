//! Tables made ready for use: names in the object, types and schemas of every part, worked out once.

use std::collections::HashMap;
use std::sync::Arc;

use terrane_model::{Attribute, AttributeKind, Block, NestedBlock, Nesting, Str, Type, Value};

use super::field::{Blocks, Field, Kind, Place, Presence};

/// The arguments of a resource type or of a block, in the order of their names.
pub(crate) struct Shape {
    pub(crate) arguments: Vec<Argument>,
    pub(crate) block: Arc<Block>,
}

/// One argument with all that is known about it.
pub(crate) struct Argument {
    pub(crate) field: Field,
    pub(crate) name: Str,
    /// The name of the field in the object.
    pub(crate) json: Str,
    pub(crate) ty: Type,
    /// The type of one element of a list, set or map.
    pub(crate) element: Type,
    /// The inside of a block.
    pub(crate) inner: Option<Arc<Shape>>,
}

/// Makes shapes; each table once, however often it is used.
#[derive(Default)]
pub(crate) struct Shapes {
    made: HashMap<(*const Field, usize), Arc<Shape>>,
}

impl Shapes {
    /// Returns the shape of a table.
    pub(crate) fn shape(&mut self, fields: &'static [Field]) -> Arc<Shape> {
        let key = (fields.as_ptr(), fields.len());
        if let Some(shape) = self.made.get(&key) {
            return Arc::clone(shape);
        }
        let mut arguments: Vec<Argument> = fields.iter().map(|field| self.argument(field)).collect();
        arguments.sort_by(|a, b| a.name.cmp(&b.name));
        let (blocks, attributes): (Vec<_>, Vec<_>) =
            arguments.iter().partition(|argument| argument.is_nested_block());
        let block = Block::new(
            attributes.into_iter().map(|argument| (argument.name.clone(), argument.attribute())),
            blocks.into_iter().filter_map(|argument| Some((argument.name.clone(), argument.nested_block()?))),
        );
        let shape = Arc::new(Shape { arguments, block: Arc::new(block) });
        self.made.insert(key, Arc::clone(&shape));
        shape
    }

    fn argument(&mut self, field: &Field) -> Argument {
        let inner = match field.kind {
            Kind::Blocks(blocks) => Some(self.shape(blocks.fields)),
            _ => None,
        };
        let element = match (&field.kind, &inner) {
            (_, Some(inner)) => inner.block.implied_type().clone(),
            (Kind::Whole | Kind::Wholes | Kind::WholeSet, _) => Type::Number,
            (Kind::Flag, _) => Type::Bool,
            _ => Type::String,
        };
        let ty = match field.kind {
            Kind::Text(_) | Kind::Whole | Kind::Flag => element.clone(),
            Kind::Texts | Kind::Wholes => Type::list(element.clone()),
            Kind::TextSet | Kind::WholeSet => Type::set(element.clone()),
            Kind::TextMap(_) => Type::map(element.clone()),
            Kind::Blocks(Blocks { is_set: true, .. }) => Type::set(element.clone()),
            Kind::Blocks(_) => Type::list(element.clone()),
        };
        let json = match field.place {
            Place::Named(name) => name.into(),
            _ => camel_case(field.name),
        };
        Argument { field: *field, name: field.name.into(), json, ty, element, inner }
    }
}

impl Argument {
    /// Tells whether the argument is written as nested blocks; what only the cluster writes never is.
    pub(crate) fn is_nested_block(&self) -> bool {
        self.inner.is_some() && self.field.presence != Presence::Computed
    }

    /// Returns the argument's blocks and their inside.
    pub(crate) fn blocks(&self) -> Option<(Blocks, &Arc<Shape>)> {
        match (self.field.kind, &self.inner) {
            (Kind::Blocks(blocks), Some(inner)) => Some((blocks, inner)),
            _ => None,
        }
    }

    /// Returns the argument's value when the object does not say anything: the zero of its type.
    pub(crate) fn zero(&self) -> Value {
        match self.field.kind {
            Kind::Text(_) => Value::from(""),
            Kind::Whole => Value::from(0),
            Kind::Flag => Value::Bool(false),
            Kind::Texts | Kind::Wholes => Value::list(self.element.clone(), []),
            Kind::TextSet | Kind::WholeSet => Value::set(self.element.clone(), []),
            Kind::TextMap(_) => Value::map::<Str>(self.element.clone(), []),
            Kind::Blocks(_) => self.gather(Vec::new()),
        }
    }

    /// Gathers blocks to the argument's value.
    pub(crate) fn gather(&self, elements: Vec<Value>) -> Value {
        if matches!(self.ty, Type::Set(_)) {
            Value::set(self.element.clone(), elements)
        } else {
            Value::list(self.element.clone(), elements)
        }
    }

    /// Returns the null of the argument's type.
    pub(crate) fn null(&self) -> Value {
        Value::Null(self.ty.clone())
    }

    fn attribute(&self) -> Attribute {
        let field = &self.field;
        Attribute {
            kind: AttributeKind::Plain(self.ty.clone()),
            required: field.presence == Presence::Required,
            optional: matches!(field.presence, Presence::Optional | Presence::OptionalComputed),
            computed: field.is_computed(),
            sensitive: field.sensitive,
            write_only: field.write_only,
            deprecated: field.deprecated.then(|| "This argument is deprecated.".into()),
            description: Str::new(),
        }
    }

    fn nested_block(&self) -> Option<NestedBlock> {
        let (blocks, inner) = self.blocks()?;
        let nesting = if blocks.is_set { Nesting::Set } else { Nesting::List };
        let block = Arc::clone(&inner.block);
        Some(NestedBlock { nesting, block, min_items: blocks.at_least, max_items: blocks.at_most })
    }
}

/// Tells whether a value means nothing: null, or the zero of its type.
pub(crate) fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null(_) => true,
        Value::Unknown(_) => false,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.is_zero(),
        Value::String(text) => text.is_empty(),
        Value::Marked(marked) => is_zero(marked.value()),
        value => value.element_count() == Some(0),
    }
}

/// Turns `image_pull_policy` into `imagePullPolicy`.
fn camel_case(name: &str) -> Str {
    let mut parts = name.split('_');
    let mut camel = Str::from(parts.next().unwrap_or_default());
    for part in parts {
        let mut letters = part.chars();
        if let Some(first) = letters.next() {
            camel.push(first.to_ascii_uppercase());
        }
        camel.push_str(letters.as_str());
    }
    camel
}
