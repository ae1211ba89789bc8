//! Type constraints as variables declare them: `map(object({ size = optional(number, 3) }))`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use terrane_model::convert::convert;
use terrane_model::{Diagnostic, Diagnostics, ObjectType, Str, Type, Value};

use crate::evaluate::{Scope, evaluate};
use crate::syntax::tree::{Call, Expression, ExpressionKind};

/// A type constraint with the values that stand in for attributes that are left out.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeConstraint {
    /// The constraint.
    pub ty: Type,
    /// Values for left-out attributes; nothing when no attribute has one.
    pub defaults: Option<Arc<TypeDefaults>>,
}

impl TypeConstraint {
    /// The constraint that allows anything.
    pub fn any() -> Self {
        Self { ty: Type::Dynamic, defaults: None }
    }

    /// Fills in defaults and converts.
    ///
    /// # Errors
    /// When the value does not suit the type.
    pub fn apply(&self, value: &Value) -> Result<Value, terrane_model::ConversionError> {
        match &self.defaults {
            Some(defaults) if !value.is_null() => convert(&defaults.apply(value), &self.ty),
            _ => convert(value, &self.ty),
        }
    }
}

/// Values for left-out attributes of an object, and of the objects inside it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TypeDefaults {
    /// By attribute.
    pub values: BTreeMap<Str, Value>,
    /// Inside attributes; for collections inside their elements, under the empty name.
    pub children: BTreeMap<Str, Arc<TypeDefaults>>,
}

impl TypeDefaults {
    fn is_empty(&self) -> bool {
        self.values.is_empty() && self.children.is_empty()
    }

    /// Fills in what is left out. Values that do not have the right shape stay as they are: converting them
    /// gives the better error.
    pub fn apply(&self, value: &Value) -> Value {
        let (value, marks) = value.clone().unmark();
        if value.is_null() || !value.is_known() {
            return value.with_marks(marks);
        }
        let elements_default = self.children.get("");
        let filled = match &value {
            Value::List(_) | Value::Tuple(_) | Value::Set(_) if elements_default.is_some() => {
                self.apply_to_elements(&value)
            }
            Value::Map(_) | Value::Object(_) if elements_default.is_some() => {
                let entries = value.as_entries().unwrap_or_default().iter();
                Value::object(entries.map(|(key, entry)| (key.clone(), self.element(entry))))
            }
            Value::Map(_) | Value::Object(_) => self.apply_to_attributes(&value),
            Value::Tuple(tuple) => {
                // Children of a tuple go by position.
                let elements = tuple.elements().iter().enumerate().map(|(position, element)| {
                    self.children
                        .get(position.to_string().as_str())
                        .map_or_else(|| element.clone(), |c| c.apply(element))
                });
                Value::tuple(elements.collect::<Vec<_>>())
            }
            _ => value,
        };
        filled.with_marks(marks)
    }

    fn element(&self, element: &Value) -> Value {
        self.children.get("").map_or_else(|| element.clone(), |child| child.apply(element))
    }

    /// Elements may get different types by their defaults, so they are gathered in a tuple; a set stays
    /// one, since its elements must not be counted twice.
    fn apply_to_elements(&self, value: &Value) -> Value {
        let elements: Vec<Value> =
            value.as_sequence().unwrap_or_default().iter().map(|e| self.element(e)).collect();
        Value::tuple(elements)
    }

    fn apply_to_attributes(&self, value: &Value) -> Value {
        let mut attributes: BTreeMap<Str, Value> =
            value.as_entries().unwrap_or_default().iter().cloned().collect();
        for (name, default) in &self.values {
            if attributes.get(name).is_none_or(Value::is_null) {
                attributes.insert(name.clone(), default.clone());
            }
        }
        for (name, child) in &self.children {
            if let Some(attribute) = attributes.get_mut(name) {
                *attribute = child.apply(attribute);
            }
        }
        Value::object(attributes)
    }
}

/// Reads a type constraint. `scope` evaluates the default values of optional attributes.
pub fn parse_type(
    expression: &Expression,
    scope: &dyn Scope,
    diagnostics: &mut Diagnostics,
) -> TypeConstraint {
    let mut parser = TypeParser { scope, diagnostics };
    let (ty, defaults) = parser.parse(expression);
    TypeConstraint { ty, defaults: (!defaults.is_empty()).then(|| Arc::new(defaults)) }
}

struct TypeParser<'a> {
    scope: &'a dyn Scope,
    diagnostics: &'a mut Diagnostics,
}

const SUMMARY: &str = "Invalid type specification";

impl TypeParser<'_> {
    fn parse(&mut self, expression: &Expression) -> (Type, TypeDefaults) {
        if let Some(keyword) = expression.as_keyword() {
            return (self.keyword(keyword, expression), TypeDefaults::default());
        }
        if let Some(call) = expression.as_static_call() {
            return self.constructor(&call, expression);
        }
        if let ExpressionKind::Parentheses(inner) = &expression.kind {
            return self.parse(inner);
        }
        let detail = "A type specification is either a primitive type keyword (bool, number, string) or a complex type \
                      constructor call, like list(string).";
        self.fail(detail, expression)
    }

    fn fail(&mut self, detail: impl Into<String>, expression: &Expression) -> (Type, TypeDefaults) {
        self.diagnostics.push(Diagnostic::error(SUMMARY, detail).at(expression.span));
        (Type::Dynamic, TypeDefaults::default())
    }

    fn keyword(&mut self, keyword: &str, expression: &Expression) -> Type {
        let detail = match keyword {
            "bool" => return Type::Bool,
            "string" => return Type::String,
            "number" => return Type::Number,
            "any" => return Type::Dynamic,
            "list" | "map" | "set" => {
                format!("The {keyword} type constructor requires one argument specifying the element type.")
            }
            "object" => {
                "The object type constructor requires one argument specifying the attribute types and values \
                         as a map."
                    .to_owned()
            }
            "tuple" => {
                "The tuple type constructor requires one argument specifying the element types as a list."
                    .to_owned()
            }
            _ => format!("The keyword {keyword:?} is not a valid type specification."),
        };
        self.diagnostics.push(Diagnostic::error(SUMMARY, detail).at(expression.span));
        Type::Dynamic
    }

    fn constructor(&mut self, call: &Call, expression: &Expression) -> (Type, TypeDefaults) {
        let name = call.name.name.as_str();
        let detail = match (name, call.arguments.as_slice()) {
            ("list" | "set" | "map", [element]) => return self.collection(name, element),
            ("object", [attributes]) => return self.object(attributes),
            ("tuple", [elements]) => return self.tuple(elements),
            ("list" | "set" | "map", _) => {
                format!("The {name} type constructor requires one argument specifying the element type.")
            }
            ("object", _) => {
                "The object type constructor requires one argument specifying the attribute types and \
                              values as a map."
                    .to_owned()
            }
            ("tuple", _) => {
                "The tuple type constructor requires one argument specifying the element types as a list."
                    .to_owned()
            }
            ("bool" | "string" | "number" | "any", _) => {
                format!("Primitive type keyword {name:?} does not expect arguments.")
            }
            ("optional", _) => {
                "Keyword \"optional\" is valid only as a modifier for object type attributes.".to_owned()
            }
            _ => format!("Keyword {name:?} is not a valid type constructor."),
        };
        self.fail(detail, expression)
    }

    fn collection(&mut self, name: &str, element: &Expression) -> (Type, TypeDefaults) {
        let (element, defaults) = self.parse(element);
        let ty = match name {
            "list" => Type::list(element),
            "set" => Type::set(element),
            _ => Type::map(element),
        };
        let mut outer = TypeDefaults::default();
        if !defaults.is_empty() {
            outer.children.insert(Str::new(), Arc::new(defaults));
        }
        (ty, outer)
    }

    fn tuple(&mut self, elements: &Expression) -> (Type, TypeDefaults) {
        let Some(elements) = elements.as_list() else {
            return self.fail("Tuple type constructor requires a list of element types.", elements);
        };
        let mut defaults = TypeDefaults::default();
        let mut types = Vec::new();
        for (position, element) in elements.iter().enumerate() {
            let (ty, child) = self.parse(element);
            types.push(ty);
            if !child.is_empty() {
                defaults.children.insert(position.to_string().into(), Arc::new(child));
            }
        }
        (Type::tuple(types), defaults)
    }

    fn object(&mut self, expression: &Expression) -> (Type, TypeDefaults) {
        let Some(items) = expression.as_object() else {
            let detail = "Object type constructor requires a map whose keys are attribute names and whose values are \
                          the corresponding attribute types.";
            return self.fail(detail, expression);
        };
        let mut attributes = Vec::new();
        let mut optional = Vec::new();
        let mut defaults = TypeDefaults::default();
        let mut names = BTreeSet::new();
        for item in items {
            let Some(name) = item.key.as_keyword() else {
                let detail = "Object constructor map keys must be attribute names.";
                self.diagnostics.push(Diagnostic::error(SUMMARY, detail).at(item.key.span));
                continue;
            };
            let name = Str::from(name);
            if !names.insert(name.clone()) {
                let detail = format!("The attribute {:?} is declared more than once.", name.as_str());
                self.diagnostics.push(Diagnostic::error(SUMMARY, detail).at(item.key.span));
                continue;
            }
            let (type_expression, default_expression) = self.modifier(&item.value, &name, &mut optional);
            let Some(type_expression) = type_expression else { continue };
            let (ty, child) = self.parse(type_expression);
            if let Some(default) = default_expression
                && let Some(value) = self.default_value(default, &ty, &child)
            {
                defaults.values.insert(name.clone(), value);
            }
            if !child.is_empty() {
                defaults.children.insert(name.clone(), Arc::new(child));
            }
            attributes.push((name, ty));
        }
        (Type::Object(Arc::new(ObjectType::with_optional(attributes, optional))), defaults)
    }

    /// Takes `optional(type, default)` apart.
    fn modifier<'e>(
        &mut self,
        expression: &'e Expression,
        name: &Str,
        optional: &mut Vec<Str>,
    ) -> (Option<&'e Expression>, Option<&'e Expression>) {
        let ExpressionKind::Call(call) = &expression.kind else { return (Some(expression), None) };
        if call.name.name != "optional" {
            return (Some(expression), None);
        }
        match call.arguments.as_slice() {
            [ty] => {
                optional.push(name.clone());
                (Some(ty), None)
            }
            [ty, default] => {
                optional.push(name.clone());
                (Some(ty), Some(default))
            }
            [] => {
                let detail = "Optional attribute modifier requires the attribute type as its argument.";
                self.diagnostics.push(Diagnostic::error(SUMMARY, detail).at(expression.span));
                (None, None)
            }
            _ => {
                let detail = "Optional attribute modifier expects at most two arguments: the attribute type, and a default value.";
                self.diagnostics.push(Diagnostic::error(SUMMARY, detail).at(expression.span));
                (None, None)
            }
        }
    }

    fn default_value(&mut self, expression: &Expression, ty: &Type, inner: &TypeDefaults) -> Option<Value> {
        let (value, diagnostics) = evaluate(expression, self.scope);
        let failed = diagnostics.has_errors();
        self.diagnostics.extend(diagnostics);
        if failed {
            return None;
        }
        let value = if inner.is_empty() { value } else { inner.apply(&value) };
        match convert(&value, ty) {
            Ok(value) => Some(value),
            Err(error) => {
                let detail = format!(
                    "This default value is not compatible with the attribute's type constraint: {error}."
                );
                let diagnostic = Diagnostic::error("Invalid default value for optional attribute", detail);
                self.diagnostics.push(diagnostic.at(expression.span));
                None
            }
        }
    }
}
