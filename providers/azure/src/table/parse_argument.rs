//! Lines of arguments: `name text required replaces in(A, B) <> properties.name via id`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;
use terrane_model::{Number, Str, Value};

use crate::table::argument::{
    Argument, BlockShape, Direction, Mapping, Presence, Primitive, Relation, Sameness, Shape, Shown,
};
use crate::table::body_path::BodyPath;
use crate::table::check::{Check, LazyPattern};
use crate::table::conversion::{Conversion, TimeUnit};
use crate::table::lines::{Line, TableError, split_call, unquote};

/// Groups of arguments that tables use by name.
pub(crate) type Fragments = BTreeMap<Str, Vec<Line>>;

/// Reads the arguments of a block or resource.
pub(crate) fn read_arguments(lines: &[Line], fragments: &Fragments) -> Result<Vec<Argument>, TableError> {
    let mut arguments: Vec<Argument> = Vec::new();
    for line in lines {
        if line.words.first().is_some_and(|word| word == "use") {
            let name = line.word(1, "the fragment's name")?;
            let fragment = fragments.get(name).ok_or_else(|| line.error(format!("no fragment {name}")))?;
            arguments.extend(read_arguments(fragment, fragments)?);
            continue;
        }
        let argument = read_argument(line, fragments)?;
        if arguments.iter().any(|other| other.name == argument.name) {
            return Err(line.error(format!("{} stands here twice", argument.name)));
        }
        arguments.push(argument);
    }
    Ok(arguments)
}

fn read_argument(line: &Line, fragments: &Fragments) -> Result<Argument, TableError> {
    let name = line.word(0, "the argument's name")?.clone();
    let kind = line.word(1, "the argument's type")?;
    let shape = read_shape(line, kind, fragments)?;
    let max_items = usize::from(kind == "block");
    let mut argument = Argument {
        name,
        shape,
        presence: Presence::Optional,
        replaces: false,
        sensitive: false,
        write_only: false,
        as_attribute: false,
        default: None,
        min_items: 0,
        max_items,
        deprecated: None,
        sameness: Sameness::Exact,
        checks: Vec::new(),
        relations: Vec::new(),
        mapping: None,
    };
    let arrow = line.words.iter().position(|word| matches!(word.as_str(), "<>" | ">" | "<"));
    let flags = &line.words[2..arrow.unwrap_or(line.words.len())];
    read_flags(line, flags, &mut argument)?;
    if let Some(arrow) = arrow {
        argument.mapping = Some(read_mapping(line, &line.words[arrow..])?);
        settle_sameness(&mut argument);
    }
    if let Some(default) = &argument.default
        && default.ty() != argument.ty()
    {
        return Err(line.error("the default is not of the argument's type"));
    }
    Ok(argument)
}

/// Some conversions lose differences that then are none.
fn settle_sameness(argument: &mut Argument) {
    let conversion = argument.mapping.as_ref().map(|mapping| &mapping.conversion);
    let implied = match conversion {
        Some(Conversion::Location) => Sameness::Location,
        Some(Conversion::Id) => Sameness::IgnoreCase,
        Some(Conversion::Timestamp) => Sameness::Timestamp,
        Some(Conversion::Json) => Sameness::JsonDocument,
        _ => return,
    };
    if argument.sameness == Sameness::Exact {
        argument.sameness = implied;
    }
}

fn read_shape(line: &Line, kind: &str, fragments: &Fragments) -> Result<Shape, TableError> {
    let shape = match kind {
        "bool" => Shape::Bool,
        "int" => Shape::Int,
        "float" => Shape::Float,
        "text" => Shape::Text,
        "map" => Shape::Map,
        "[text]" => Shape::List(Primitive::Text),
        "[int]" => Shape::List(Primitive::Int),
        "{text}" => Shape::Set(Primitive::Text),
        "{int}" => Shape::Set(Primitive::Int),
        "block" | "blocks" | "blockset" => {
            let arguments = read_arguments(&line.children, fragments)?;
            Shape::Blocks(Arc::new(BlockShape {
                is_set: kind == "blockset",
                arguments,
                shown: read_shown(line)?,
            }))
        }
        _ => return Err(line.error(format!("no type {kind}"))),
    };
    Ok(shape)
}

fn read_shown(line: &Line) -> Result<Shown, TableError> {
    for word in &line.words {
        let ("shown", arguments) = split_call(word) else { continue };
        return match arguments.as_slice() {
            [how] if how == "present" => Ok(Shown::Present),
            [how] if how == "known" => Ok(Shown::Known),
            [how] if how == "set" => Ok(Shown::Set),
            [how, name] if how == "has" => Ok(Shown::Has(name.clone())),
            [how, path, value] if how == "equals" => {
                Ok(Shown::Equals(read_path(line, path)?, read_json(line, value)?))
            }
            _ => Err(line.error("shown takes present, known, set, has or equals")),
        };
    }
    // A computed block shows what Azure has; one that only users write shows what is out of the ordinary.
    let is_computed = line.words.iter().any(|word| word == "computed");
    Ok(if is_computed { Shown::Present } else { Shown::Set })
}

fn read_flags(line: &Line, flags: &[Str], argument: &mut Argument) -> Result<(), TableError> {
    let (mut required, mut optional, mut computed) = (false, false, false);
    for flag in flags {
        if let Some(value) = flag.strip_prefix("default=") {
            argument.default = Some(read_default(line, value, &argument.shape)?);
            continue;
        }
        if let Some(count) = flag.strip_prefix("min=") {
            argument.min_items = read_number(line, count)?;
            continue;
        }
        if let Some(count) = flag.strip_prefix("max=") {
            argument.max_items = read_number(line, count)?;
            continue;
        }
        match split_call(flag) {
            ("required", _) => required = true,
            ("optional", _) => optional = true,
            ("computed", _) => computed = true,
            ("replaces", _) => argument.replaces = true,
            ("sensitive", _) => argument.sensitive = true,
            ("write_only", _) => argument.write_only = true,
            ("attribute", _) => argument.as_attribute = true,
            ("shown", _) => {}
            ("deprecated", words) => {
                argument.deprecated = Some(words.first().map(|word| unquote(word)).unwrap_or_default());
            }
            ("conflicts", names) => argument.relations.push(Relation::ConflictsWith(names)),
            ("one_of", names) => argument.relations.push(Relation::ExactlyOneOf(names)),
            ("any_of", names) => argument.relations.push(Relation::AtLeastOneOf(names)),
            ("with", names) => argument.relations.push(Relation::RequiredWith(names)),
            (name, words) => match read_sameness(name) {
                Some(sameness) => argument.sameness = sameness,
                None => argument.checks.push(read_check(line, name, &words)?),
            },
        }
    }
    argument.presence = match (required, optional || argument.default.is_some(), computed) {
        (true, false, false) => Presence::Required,
        (false, true, false) => Presence::Optional,
        (false, true, true) => Presence::OptionalComputed,
        (false, false, true) => Presence::Computed,
        _ => return Err(line.error("it must be required, optional or computed")),
    };
    if argument.presence == Presence::Required && argument.block().is_some() && argument.min_items == 0 {
        argument.min_items = 1;
    }
    Ok(())
}

fn read_sameness(word: &str) -> Option<Sameness> {
    Some(match word {
        "loose" => Sameness::IgnoreCase,
        "same_location" => Sameness::Location,
        "unordered" => Sameness::Unordered,
        "same_time" => Sameness::Timestamp,
        "version_alias" => Sameness::VersionPrefix,
        "same_bytes" => Sameness::Base64,
        "same_json" => Sameness::JsonDocument,
        "same_network" => Sameness::Network,
        "same_end" => Sameness::LastSegment,
        "forgotten" => Sameness::NeverAfterCreate,
        _ => return None,
    })
}

fn read_check(line: &Line, name: &str, words: &[Str]) -> Result<Check, TableError> {
    let texts = || words.iter().map(|word| unquote(word)).collect::<Vec<_>>();
    let check = match (name, words) {
        ("in", _) => Check::In(texts()),
        ("in_any_case", _) => Check::InAnyCase(texts()),
        ("numbers", _) => {
            Check::OneOfNumbers(words.iter().map(|word| read_number(line, word)).collect::<Result<_, _>>()?)
        }
        ("range", [low, high]) => Check::Range(read_number(line, low)?, read_number(line, high)?),
        ("at_least", [low]) => Check::Range(read_number(line, low)?, f64::INFINITY),
        ("multiple_of", [of]) => Check::MultipleOf(read_number(line, of)?),
        ("length", [low, high]) => Check::Length(read_number(line, low)?, read_number(line, high)?),
        ("pattern", [pattern, hint]) => Check::Pattern(LazyPattern::new(unquote(pattern)), unquote(hint)),
        ("not_pattern", [pattern, hint]) => {
            Check::NotPattern(LazyPattern::new(unquote(pattern)), unquote(hint))
        }
        ("filled", []) => Check::Filled,
        ("uuid", []) => Check::Uuid,
        ("cidr4", []) => Check::Cidr4,
        ("cidr", []) => Check::Cidr,
        ("ip4", []) => Check::Ip4,
        ("ip", []) => Check::Ip,
        ("ip_or_cidr", []) => Check::IpOrCidr,
        ("url", []) => Check::Url,
        ("https_url", []) => Check::HttpsUrl,
        ("timestamp", []) => Check::Timestamp,
        ("duration", []) => Check::Duration,
        ("base64", []) => Check::Base64,
        ("json", []) => Check::JsonDocument,
        ("port_range", []) => Check::PortRange,
        ("id", _) => Check::Id(texts()),
        _ => return Err(line.error(format!("no flag or check {name} with {} words", words.len()))),
    };
    Ok(check)
}

fn read_number<N: std::str::FromStr>(line: &Line, word: &str) -> Result<N, TableError> {
    word.parse().map_err(|_| line.error(format!("{word} is no number")))
}

fn read_default(line: &Line, word: &str, shape: &Shape) -> Result<Value, TableError> {
    match shape {
        Shape::Bool => match word {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(line.error("the default must be true or false")),
        },
        Shape::Int | Shape::Float => {
            let number = Number::parse(word);
            number.map(Value::Number).ok_or_else(|| line.error("the default must be a number"))
        }
        Shape::Text => Ok(Value::string(unquote(word))),
        _ => Err(line.error("only bools, numbers and texts have defaults")),
    }
}

fn read_mapping(line: &Line, words: &[Str]) -> Result<Mapping, TableError> {
    let direction = match words.first().map(Str::as_str) {
        Some("<>") => Direction::Both,
        Some(">") => Direction::Send,
        _ => Direction::Read,
    };
    let path = words.get(1).ok_or_else(|| line.error("the path is missing"))?;
    let mut mapping = Mapping {
        direction,
        path: read_path(line, path)?,
        conversion: Conversion::None,
        unset: Vec::new(),
        otherwise: None,
        cleared: None,
        with: None,
    };
    let mut rest = words[2..].iter();
    while let Some(word) = rest.next() {
        if word == "via" {
            let conversion = rest.next().ok_or_else(|| line.error("the conversion is missing"))?;
            mapping.conversion = read_conversion(line, conversion)?;
            continue;
        }
        match split_call(word) {
            ("unset", values) => {
                mapping.unset =
                    values.iter().map(|value| read_json(line, value)).collect::<Result<_, _>>()?;
            }
            ("otherwise", values) => mapping.otherwise = Some(read_json(line, first(line, &values)?)?),
            ("cleared", values) => mapping.cleared = Some(read_json(line, first(line, &values)?)?),
            ("beside", values) => mapping.with = Some(read_json(line, first(line, &values)?)?),
            _ => return Err(line.error(format!("no word {word} behind a path"))),
        }
    }
    Ok(mapping)
}

fn first<'a>(line: &Line, words: &'a [Str]) -> Result<&'a Str, TableError> {
    words.first().ok_or_else(|| line.error("a value is missing"))
}

fn read_conversion(line: &Line, word: &str) -> Result<Conversion, TableError> {
    let (name, words) = split_call(word);
    let pair = |words: &[Str]| match words {
        [a, b] => Ok((unquote(a), unquote(b))),
        _ => Err(line.error(format!("{name} takes two words"))),
    };
    let conversion = match name {
        "location" => Conversion::Location,
        "not" => Conversion::Not,
        "enabled" => Conversion::Words("Enabled".into(), "Disabled".into()),
        "words" => pair(&words).map(|(a, b)| Conversion::Words(a, b))?,
        "renamed" => {
            let pairs = words.iter().map(|word| {
                let (ours, theirs) = word.split_once('=').ok_or_else(|| line.error("renamed takes a=b"))?;
                Ok((unquote(ours.trim()), unquote(theirs.trim())))
            });
            Conversion::Renamed(pairs.collect::<Result<_, TableError>>()?)
        }
        "joined" => Conversion::Joined(unquote(first(line, &words)?)),
        "keys" => Conversion::Keys,
        "as_text" => Conversion::AsText,
        "days" => Conversion::Duration(TimeUnit::Days),
        "hours" => Conversion::Duration(TimeUnit::Hours),
        "minutes" => Conversion::Duration(TimeUnit::Minutes),
        "seconds" => Conversion::Duration(TimeUnit::Seconds),
        "times" => Conversion::Times(read_number(line, first(line, &words)?)?),
        "base64" => Conversion::Base64,
        "lower" => Conversion::Lower,
        "part" => Conversion::PartName(unquote(first(line, &words)?)),
        "id" => Conversion::Id,
        "timestamp" => Conversion::Timestamp,
        "single" => Conversion::Single,
        "json" => Conversion::Json,
        "edge_zone" => Conversion::EdgeZone,
        "host" => Conversion::Host,
        "unix_time" => Conversion::UnixTime,
        "wrapped" => Conversion::Wrapped(unquote(first(line, &words)?)),
        "pairs" => pair(&words).map(|(a, b)| Conversion::Pairs(a, b))?,
        _ => return Err(line.error(format!("no conversion {name}"))),
    };
    Ok(conversion)
}

pub(crate) fn read_path(line: &Line, word: &str) -> Result<BodyPath, TableError> {
    BodyPath::parse(word).ok_or_else(|| line.error(format!("{word} is no path")))
}

pub(crate) fn read_json(line: &Line, word: &str) -> Result<Json, TableError> {
    serde_json::from_str(word).map_err(|error| line.error(format!("{word} is no JSON: {error}")))
}
