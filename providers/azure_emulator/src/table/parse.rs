//! Reads the notation of the tables; `tables/README.md` describes it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde_json::Value;

use super::shape::{Kind, Pattern, Property, Range, Shape, ShapeId, VersionRange, VersionSet};
use super::{
    Catalog, Dialect, ETag, Embed, LocationRule, NameRule, Patch, ResourceType, Scope, Service, Style,
    TypeIndex, Unique, Verb,
};

type Result<T> = std::result::Result<T, String>;

/// Parses all tables, each given as its name and text.
pub(super) fn parse_tables(tables: &[(&str, &str)]) -> Result<Catalog> {
    let mut parser = Parser::default();
    // `Reference` is known everywhere: an object that points to another resource.
    parser.shapes.push(Some(Draft {
        properties: vec![property("id", Kind::String { length: Range::default(), pattern: None })],
        ..Draft::default()
    }));
    for (name, text) in tables {
        let lines = read_lines(text).map_err(|message| format!("{name}: {message}"))?;
        parser.table(&lines).map_err(|message| format!("{name}: {message}"))?;
    }
    parser.finish()
}

/// A line without its indentation; lines inside an open parenthesis are joined.
#[derive(Debug)]
struct Line {
    number: usize,
    indent: usize,
    text: String,
}

fn read_lines(text: &str) -> Result<Vec<Line>> {
    let mut lines: Vec<Line> = Vec::new();
    let mut open = false;
    for (idx, raw) in text.lines().enumerate() {
        let trimmed = raw.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        if open {
            let last = lines.last_mut().ok_or("continuation without a line")?;
            last.text.push_str(trimmed);
        } else {
            let indent = raw.len() - raw.trim_start().len();
            lines.push(Line { number: idx + 1, indent, text: trimmed.to_owned() });
        }
        open = lines.last().is_some_and(|line| has_open_parenthesis(&line.text));
    }
    if open { Err("a parenthesis is not closed".into()) } else { Ok(lines) }
}

fn has_open_parenthesis(text: &str) -> bool {
    let mut in_pattern = false;
    let mut depth = 0_i32;
    for character in text.chars() {
        match character {
            '`' => in_pattern = !in_pattern,
            '(' if !in_pattern => depth += 1,
            ')' if !in_pattern => depth -= 1,
            _ => {}
        }
    }
    depth > 0
}

/// Returns how many of `lines` belong to a block that is indented deeper than `indent`.
fn block_length(lines: &[Line], indent: usize) -> usize {
    lines.iter().take_while(|line| line.indent > indent).count()
}

#[derive(Default)]
struct Draft {
    properties: Vec<Property>,
    other: Option<Kind>,
    includes: Vec<ShapeId>,
}

#[derive(Default)]
struct Parser {
    services: Vec<Service>,
    types: Vec<ResourceType>,
    shapes: Vec<Option<Draft>>,
    shape_names: HashMap<(usize, String), ShapeId>,
    /// The service of the lines being read.
    service: usize,
}

impl Parser {
    fn table(&mut self, lines: &[Line]) -> Result<()> {
        let mut rest = lines;
        while let Some((head, after)) = rest.split_first() {
            let length = block_length(after, head.indent);
            let (block, next) = after.split_at(length);
            self.item(&head.text, block).map_err(|message| format!("line {}: {message}", head.number))?;
            rest = next;
        }
        Ok(())
    }

    fn item(&mut self, head: &str, block: &[Line]) -> Result<()> {
        let (word, rest) = head.split_once(' ').ok_or_else(|| format!("unexpected `{head}`"))?;
        match word {
            "service" => self.service(rest, block),
            "shape" => {
                let id = self.shape_id(rest);
                let draft = self.object(block)?;
                self.shapes[id.0] = Some(draft);
                Ok(())
            }
            "type" => expand_alternatives(rest).iter().try_for_each(|name| self.resource_type(name, block)),
            _ => Err(format!("unexpected `{word}`")),
        }
    }

    fn service(&mut self, head: &str, block: &[Line]) -> Result<()> {
        let Some((name, namespace)) = head.split_once(" of ") else {
            // A later table goes on with a service that is already declared.
            let known = self.services.iter().position(|service| service.name == head);
            self.service = known.ok_or_else(|| format!("unknown service `{head}`"))?;
            return Ok(());
        };
        let mut service = Service {
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            accepts: Vec::new(),
            retired: Vec::new(),
            status_path: "locations/{location}/operationStatuses".into(),
            result_path: "locations/{location}/operationResults".into(),
            status_version: None,
            displays_location: false,
            retry_after: None,
            dialect: Dialect::Generic,
        };
        for line in block {
            let (word, rest) = line.text.split_once(' ').unwrap_or((&line.text, ""));
            match word {
                "accepts" => service.accepts.extend(rest.split_whitespace().map(str::to_owned)),
                "retired" => service.retired.extend(rest.split_whitespace().map(str::to_owned)),
                "status" => service.status_path = rest.to_owned(),
                "result" => service.result_path = rest.to_owned(),
                "status-version" => service.status_version = Some(rest.to_owned()),
                "displays-location" => service.displays_location = true,
                "retry-after" => service.retry_after = Some(parse_duration(rest)?),
                "errors" => service.dialect = parse_dialect(rest)?,
                _ => return Err(format!("line {}: unexpected `{word}`", line.number)),
            }
        }
        self.services.push(service);
        self.service = self.services.len() - 1;
        Ok(())
    }

    fn resource_type(&mut self, name: &str, block: &[Line]) -> Result<()> {
        let mut resource_type = new_type(name, self.service);
        let mut rest = block;
        while let Some((head, after)) = rest.split_first() {
            let length = block_length(after, head.indent);
            let (body, next) = after.split_at(length);
            if head.text == "body" {
                let draft = self.object(body)?;
                resource_type.body = self.add_shape(draft);
            } else {
                clause(&mut resource_type, &head.text)
                    .map_err(|message| format!("line {}: {message}", head.number))?;
            }
            rest = next;
        }
        let has_location = self.shapes[resource_type.body.0].as_ref().is_some_and(|draft| {
            draft.properties.iter().any(|property| property.name == "location" && property.required)
        });
        if has_location && resource_type.location == LocationRule::None {
            resource_type.location = LocationRule::Region;
        }
        self.types.push(resource_type);
        Ok(())
    }

    fn object(&mut self, block: &[Line]) -> Result<Draft> {
        let mut draft = Draft::default();
        let mut rest = block;
        while let Some((head, after)) = rest.split_first() {
            let length = block_length(after, head.indent);
            let (inner, next) = after.split_at(length);
            self.property_line(&mut draft, &head.text, inner)
                .map_err(|message| format!("line {}: {message}", head.number))?;
            rest = next;
        }
        Ok(draft)
    }

    fn property_line(&mut self, draft: &mut Draft, text: &str, inner: &[Line]) -> Result<()> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        match word {
            "ro" => draft.properties.extend(rest.split_whitespace().map(read_only_property)),
            "include" => {
                let included = self.shape_id(rest);
                draft.includes.push(included);
            }
            "*" => draft.other = Some(self.kind(rest, inner)?.0),
            _ => {
                let property = self.property(word, rest, inner)?;
                draft.properties.push(property);
            }
        }
        Ok(())
    }

    fn property(&mut self, word: &str, rest: &str, inner: &[Line]) -> Result<Property> {
        let (name, required) = match word.strip_suffix('!') {
            Some(name) => (name, true),
            None => (word, false),
        };
        let (rest, versions) = match rest.rsplit_once('@') {
            Some((rest, versions)) if !versions.contains('`') => (rest.trim(), parse_versions(versions)),
            _ => (rest, VersionSet::default()),
        };
        let (rest, secret) = match rest.strip_prefix("secret ") {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let (kind, rest) = self.kind(rest, inner)?;
        let default = match rest.trim().strip_prefix('=') {
            Some(text) => Some(parse_default(text.trim())),
            None if rest.trim().is_empty() => None,
            None => return Err(format!("unexpected `{rest}` after `{name}`")),
        };
        Ok(Property { required, secret, default, versions, ..property(name, kind) })
    }

    /// Parses a kind at the start of `text`; returns it with what follows.
    fn kind<'t>(&mut self, text: &'t str, inner: &[Line]) -> Result<(Kind, &'t str)> {
        let text = text.trim_start();
        if text.is_empty() || text.starts_with('=') {
            let draft = self.object(inner)?;
            return Ok((Kind::Object(self.add_shape(draft)), text));
        }
        if let Some(rest) = text.strip_prefix('(') {
            return parse_enum(rest);
        }
        if text.starts_with('[') || text.starts_with('{') {
            return self.container(text, inner);
        }
        let end = text
            .find(|character: char| !character.is_ascii_alphanumeric() && character != '_')
            .unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        let (range, rest) = parse_range(rest);
        match word {
            "any" => Ok((Kind::Any, rest)),
            "bool" => Ok((Kind::Bool, rest)),
            "int" => Ok((Kind::Integer(range), rest)),
            "number" => Ok((Kind::Number(range), rest)),
            "tags" => {
                Ok((Kind::Map(Box::new(Kind::String { length: Range::default(), pattern: None })), rest))
            }
            "object" => Ok((Kind::Object(self.add_shape(Draft::default())), rest)),
            "string" => {
                let (pattern, rest) = parse_pattern(rest)?;
                Ok((Kind::String { length: range, pattern }, rest))
            }
            "Reference" => Ok((Kind::Object(ShapeId(0)), rest)),
            _ if word.starts_with(|character: char| character.is_ascii_uppercase()) => {
                Ok((Kind::Object(self.shape_id(word)), rest))
            }
            _ => Err(format!("unknown kind `{word}`")),
        }
    }

    fn container<'t>(&mut self, text: &'t str, inner: &[Line]) -> Result<(Kind, &'t str)> {
        let (open, close) = if text.starts_with('[') { ('[', ']') } else { ('{', '}') };
        let content = &text[1..];
        let (items, rest) = match content.strip_prefix(close) {
            Some(rest) => {
                let draft = self.object(inner)?;
                (Kind::Object(self.add_shape(draft)), rest)
            }
            None => {
                let (items, rest) = self.kind(content, &[])?;
                let rest =
                    rest.trim_start().strip_prefix(close).ok_or_else(|| format!("`{open}` is not closed"))?;
                (items, rest)
            }
        };
        if close == '}' {
            return Ok((Kind::Map(Box::new(items)), rest));
        }
        let (length, rest) = parse_range(rest);
        Ok((Kind::List { items: Box::new(items), length }, rest))
    }

    fn shape_id(&mut self, name: &str) -> ShapeId {
        let next = ShapeId(self.shapes.len());
        let id = *self.shape_names.entry((self.service, name.to_owned())).or_insert(next);
        if id == next {
            self.shapes.push(None);
        }
        id
    }

    fn add_shape(&mut self, draft: Draft) -> ShapeId {
        self.shapes.push(Some(draft));
        ShapeId(self.shapes.len() - 1)
    }

    fn finish(self) -> Result<Catalog> {
        for ((_, name), id) in &BTreeMap::from_iter(&self.shape_names) {
            if self.shapes[id.0].is_none() {
                return Err(format!("shape `{name}` is used but not declared"));
            }
        }
        let drafts: Vec<Draft> = self.shapes.into_iter().map(Option::unwrap_or_default).collect();
        let shapes: Vec<Shape> = drafts.iter().map(|draft| settle(draft, &drafts)).collect();
        let mut types = self.types;
        for resource_type in &mut types {
            resource_type.has_state = has_state(&shapes, resource_type.body);
        }
        let mut by_name = HashMap::new();
        for (idx, resource_type) in types.iter().enumerate() {
            let index = TypeIndex(u16::try_from(idx).map_err(|_| "too many types")?);
            if by_name.insert(resource_type.name.to_ascii_lowercase(), index).is_some() {
                return Err(format!("type `{}` is declared twice", resource_type.name));
            }
        }
        let namespaces = self
            .services
            .iter()
            .map(|service| (service.namespace.to_ascii_lowercase(), service.namespace.clone()))
            .collect();
        Ok(Catalog { services: self.services, types, shapes, by_name, namespaces })
    }
}

/// Copies included properties in and sorts them.
fn settle(draft: &Draft, drafts: &[Draft]) -> Shape {
    let mut properties = draft.properties.clone();
    for include in &draft.includes {
        properties.extend(drafts[include.0].properties.iter().cloned());
    }
    properties.sort_by(|left, right| left.name.cmp(&right.name));
    Shape { properties, other: draft.other.clone() }
}

fn has_state(shapes: &[Shape], body: ShapeId) -> bool {
    match shapes[body.0].property("properties").map(|property| &property.kind) {
        Some(Kind::Object(properties)) => shapes[properties.0].property("provisioningState").is_some(),
        _ => false,
    }
}

/// `a/(b|c)` becomes `a/b` and `a/c`.
fn expand_alternatives(name: &str) -> Vec<String> {
    let Some((before, after)) = name.split_once('(') else { return vec![name.to_owned()] };
    let (alternatives, tail) = after.split_once(')').unwrap_or((after, ""));
    alternatives.split('|').map(|alternative| format!("{before}{alternative}{tail}")).collect()
}

fn new_type(name: &str, service: usize) -> ResourceType {
    let verb = |code, style| Verb { code, style, duration: Duration::ZERO, state: String::new() };
    ResourceType {
        name: name.to_owned(),
        answers: name.to_owned(),
        groups_spelled: None,
        full_names: false,
        service,
        versions: Vec::new(),
        name_rule: NameRule::default(),
        scope: Scope::ResourceGroup,
        location: LocationRule::None,
        tracked: true,
        computed: false,
        create: verb(201, Style::Sync),
        update: verb(200, Style::Sync),
        patch: Patch::None,
        delete: None,
        embeds: Vec::new(),
        nested: Vec::new(),
        within: None,
        locks_parent: false,
        etag: ETag::None,
        unique: Unique::Parent,
        tags_max: 50,
        body: ShapeId(0),
        has_state: false,
    }
}

fn clause(resource_type: &mut ResourceType, text: &str) -> Result<()> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let words = || rest.split_whitespace().map(str::to_owned);
    match word {
        "versions" => resource_type.versions = words().collect(),
        "name" => resource_type.name_rule = parse_name_rule(rest)?,
        "answers" => resource_type.answers = rest.to_owned(),
        "groups" => resource_type.groups_spelled = Some(rest.to_owned()),
        "names" if rest == "full" => resource_type.full_names = true,
        "scope" => {
            resource_type.scope = match rest {
                "subscription" => Scope::Subscription,
                "any" => Scope::Any,
                _ => return Err(format!("unknown scope `{rest}`")),
            }
        }
        "location" if rest == "global" => resource_type.location = LocationRule::Global,
        "untracked" => resource_type.tracked = false,
        "computed" => resource_type.computed = true,
        "create" => resource_type.create = parse_verb(rest)?,
        "update" => resource_type.update = parse_verb(rest)?,
        "delete" => resource_type.delete = Some(parse_verb(rest)?),
        "patch" => resource_type.patch = parse_patch(rest)?,
        "embeds" | "shows" => resource_type.embeds.push(parse_embed(rest, word == "embeds")),
        "nested" => resource_type.nested.extend(words()),
        "within" => resource_type.within = Some(rest.to_owned()),
        "locks" if rest == "parent" => resource_type.locks_parent = true,
        "etag" => resource_type.etag = parse_etag(rest)?,
        "unique" => resource_type.unique = if rest == "global" { Unique::Global } else { Unique::Region },
        "max-tags" => resource_type.tags_max = rest.parse().map_err(|_| "max-tags needs a number")?,
        _ => return Err(format!("unexpected `{text}`")),
    }
    Ok(())
}

fn parse_name_rule(text: &str) -> Result<NameRule> {
    if let Some(words) = text.strip_prefix('(') {
        let allowed = words.trim_end_matches(')').split('|').map(str::to_owned).collect();
        return Ok(NameRule { allowed, ..NameRule::default() });
    }
    let (length, rest) = parse_range(text);
    let (pattern, _) = parse_pattern(rest)?;
    Ok(NameRule { length, pattern, allowed: Vec::new() })
}

/// `201 async 4s Updating`; duration and state may be absent.
fn parse_verb(text: &str) -> Result<Verb> {
    let mut words = text.split_whitespace();
    let code = words.next().and_then(|word| word.parse().ok()).ok_or("a verb starts with a status code")?;
    let style = match words.next() {
        Some("sync") => Style::Sync,
        Some("async") => Style::Async,
        Some("location") => Style::Location,
        Some("async+location") => Style::AsyncAndLocation,
        Some("async+self") => Style::AsyncAndSelf,
        other => return Err(format!("unknown style {other:?}")),
    };
    let duration = words.next().map_or(Ok(Duration::ZERO), parse_duration)?;
    let state = words.next().unwrap_or_default().to_owned();
    Ok(Verb { code, style, duration, state })
}

fn parse_patch(text: &str) -> Result<Patch> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let verb = parse_verb(if rest.is_empty() { "200 sync" } else { rest })?;
    match word {
        "tags" => Ok(Patch::Tags(verb)),
        "merge" => Ok(Patch::Merge(verb)),
        _ => Err(format!("unknown patch `{word}`")),
    }
}

fn parse_embed(text: &str, writable: bool) -> Embed {
    match text.split_once(" as ") {
        Some((child, property)) => {
            Embed { child: child.into(), property: property.into(), writable, flat: true }
        }
        None => Embed { child: text.into(), property: text.into(), writable, flat: false },
    }
}

fn parse_etag(text: &str) -> Result<ETag> {
    match text {
        "etag" => Ok(ETag::Weak),
        "eTag" => Ok(ETag::BareCamel),
        "properties.eTag" => Ok(ETag::BareInProperties),
        "quoted" => Ok(ETag::Quoted),
        _ => Err(format!("unknown etag `{text}`")),
    }
}

fn parse_dialect(text: &str) -> Result<Dialect> {
    match text {
        "network" => Ok(Dialect::Network),
        "container-service" => Ok(Dialect::ContainerService),
        "cache" => Ok(Dialect::Cache),
        "postgresql" => Ok(Dialect::PostgreSql),
        "storage" => Ok(Dialect::Storage),
        "key-vault" => Ok(Dialect::KeyVault),
        _ => Err(format!("unknown errors `{text}`")),
    }
}

fn parse_duration(text: &str) -> Result<Duration> {
    let (number, unit) = text.split_at(text.len().saturating_sub(1));
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        _ => return Err(format!("unknown duration `{text}`")),
    };
    let number: u64 = number.parse().map_err(|_| format!("unknown duration `{text}`"))?;
    Ok(Duration::from_secs(number * seconds))
}

/// Parses `1..63`, `..10` or `2..` at the start of `text`, if one is there.
fn parse_range(text: &str) -> (Range, &str) {
    let trimmed = text.trim_start();
    let end = trimmed.find([' ', ']', '}']).unwrap_or(trimmed.len());
    let (word, rest) = trimmed.split_at(end);
    let Some((min, max)) = word.split_once("..") else { return (Range::default(), text) };
    match (parse_bound(min), parse_bound(max)) {
        (Some(min), Some(max)) => (Range { min, max }, rest),
        _ => (Range::default(), text),
    }
}

fn parse_bound(text: &str) -> Option<Option<i64>> {
    if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
}

fn parse_pattern(text: &str) -> Result<(Option<Pattern>, &str)> {
    let Some(rest) = text.trim_start().strip_prefix('`') else { return Ok((None, text)) };
    let (source, rest) = rest.split_once('`').ok_or("a pattern is not closed")?;
    Ok((Some(Pattern::new(source)), rest))
}

/// Parses an enumeration after its opening parenthesis. Words with blanks stand in double quotes.
fn parse_enum(text: &str) -> Result<(Kind, &str)> {
    let (content, rest) = text.split_once(')').ok_or("a list of words is not closed")?;
    let mut words: Vec<String> = content.split('|').map(|word| word.trim_matches('"').to_owned()).collect();
    let open = words.last().is_some_and(|word| word == "...");
    if open {
        words.pop();
    }
    Ok((Kind::Enum { words, open }, rest))
}

/// A default is JSON; a bare word is a string.
fn parse_default(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

fn parse_versions(text: &str) -> VersionSet {
    let ranges = text
        .trim()
        .split(',')
        .map(|word| match word.split_once("..") {
            _ if word == "preview" => VersionRange::Previews,
            Some((from, to)) => VersionRange::Between(bound(from), bound(to)),
            None => VersionRange::Between(bound(word), bound(word)),
        })
        .collect();
    VersionSet { ranges }
}

fn bound(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn property(name: &str, kind: Kind) -> Property {
    Property {
        name: name.to_owned(),
        kind,
        required: false,
        read_only: false,
        secret: false,
        default: None,
        versions: VersionSet::default(),
    }
}

fn read_only_property(name: &str) -> Property {
    Property { read_only: true, ..property(name, Kind::Any) }
}
