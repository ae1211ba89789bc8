//! Whole tables: a head that says what the type is, and its arguments.

use std::sync::OnceLock;
use std::time::Duration;

use terrane_model::Str;

use crate::client::Method;
use crate::table::Generation;
use crate::table::argument::Argument;
use crate::table::id_template::IdTemplate;
use crate::table::lines::{Line, TableError, read_lines, split_call, unquote};
use crate::table::parse_argument::{Fragments, read_arguments, read_json, read_path};
use crate::table::resource_table::{
    ActionTimes, CreateVerb, DocumentAddress, DocumentTable, Listing, LockKey, PartTable, ResourceTable,
    UpdateVerb,
};

/// Reads groups of arguments: each line names one, the lines below it are the arguments.
pub(crate) fn read_fragments(text: &str, generation: Generation) -> Result<Fragments, TableError> {
    let lines = read_lines(text, generation)?;
    lines.into_iter().map(|line| Ok((line.word(1, "the fragment's name")?.clone(), line.children))).collect()
}

/// Reads the arguments of a block that is no resource: the provider's.
pub(crate) fn read_block(text: &str, generation: Generation) -> Result<Vec<Argument>, TableError> {
    read_arguments(&read_lines(text, generation)?, &Fragments::new())
}

/// Reads all tables of a file; a file holds none for a generation that lacks the type.
pub(crate) fn read_tables(
    text: &str,
    generation: Generation,
    fragments: &Fragments,
) -> Result<Vec<(TableKind, ResourceTable)>, TableError> {
    let mut tables = Vec::new();
    for line in read_lines(text, generation)? {
        let kind = match line.word(0, "resource or data")?.as_str() {
            "resource" => TableKind::Resource,
            "data" => TableKind::Data,
            other => return Err(line.error(format!("{other} is neither resource nor data"))),
        };
        tables.push((kind, read_table(&line, fragments)?));
    }
    Ok(tables)
}

/// What a table describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TableKind {
    Resource,
    Data,
}

fn read_table(head: &Line, fragments: &Fragments) -> Result<ResourceTable, TableError> {
    let mut table = ResourceTable {
        type_name: head.word(1, "the type's name")?.clone(),
        arm_type: Str::new(),
        api_version: Str::new(),
        id: IdTemplate::default(),
        path: IdTemplate::default(),
        other_ids: Vec::new(),
        schema_version: 0,
        arguments: Vec::new(),
        state_type: OnceLock::new(),
        timeouts: ActionTimes::default(),
        usual: ActionTimes::default(),
        create: CreateVerb::Put,
        update: UpdateVerb::Merge,
        is_deleted: true,
        looks_before_create: true,
        locks: Vec::new(),
        listing: Listing::None,
        summary: None,
        fixed: Vec::new(),
        read_only: Vec::new(),
        whole: Vec::new(),
        documents: Vec::new(),
        part: None,
    };
    for line in &head.children {
        read_directive(line, &mut table, fragments)?;
    }
    if table.path == IdTemplate::default() {
        table.path = table.id.clone();
    }
    if table.arguments.is_empty() {
        return Err(head.error("the table has no arguments"));
    }
    Ok(table)
}

fn read_directive(line: &Line, table: &mut ResourceTable, fragments: &Fragments) -> Result<(), TableError> {
    match line.word(0, "a directive")?.as_str() {
        "arm" => {
            table.arm_type = line.word(1, "the type in Azure")?.clone();
            table.api_version = line.word(2, "the api-version")?.clone();
        }
        "id" => table.id = read_template(line)?,
        "path" => table.path = read_template(line)?,
        "other_id" => {
            let read = |position: usize| {
                let text = unquote(line.word(position, "the template")?);
                IdTemplate::parse(&text).ok_or_else(|| line.error(format!("{text} is no template")))
            };
            table.other_ids.push((read(1)?, read(2)?));
        }
        "schema" => {
            table.schema_version =
                line.word(1, "the version")?.parse().map_err(|_| line.error("the version is no number"))?;
        }
        "arguments" => table.arguments = read_arguments(&line.children, fragments)?,
        "timeouts" => table.timeouts = read_times(line)?,
        "usual" => table.usual = read_times(line)?,
        "create" => table.create = read_create(line)?,
        "update" => table.update = read_update(line)?,
        "keep_on_destroy" => table.is_deleted = false,
        "exists_always" => table.looks_before_create = false,
        "lock" => {
            table.locks =
                line.words[1..].iter().map(|word| read_lock(line, word)).collect::<Result<_, _>>()?;
        }
        "list" => table.listing = read_listing(line)?,
        "summary" => {
            let paths = line.words[1..].iter().map(|word| read_path(line, word));
            table.summary = Some(paths.collect::<Result<_, _>>()?);
        }
        "fixed" => {
            let path = read_path(line, line.word(1, "the path")?)?;
            table.fixed.push((path, read_json(line, line.word(2, "the value")?)?));
        }
        "read_only" => {
            for word in &line.words[1..] {
                table.read_only.push(read_path(line, word)?);
            }
        }
        "whole" => {
            for word in &line.words[1..] {
                table.whole.push(read_path(line, word)?);
            }
        }
        "document" => table.documents.push(read_document(line)?),
        "element" => {
            table.part = Some(PartTable::Element { array: read_path(line, line.word(1, "the array")?)? });
        }
        "link" => {
            let place = read_path(line, line.word(1, "the place")?)?;
            table.part = Some(PartTable::Link { place, argument: line.word(2, "the argument")?.clone() });
        }
        other => return Err(line.error(format!("no directive {other}"))),
    }
    Ok(())
}

fn read_template(line: &Line) -> Result<IdTemplate, TableError> {
    let text = line.word(1, "the template")?;
    IdTemplate::parse(text).ok_or_else(|| line.error(format!("{text} is no template")))
}

fn read_times(line: &Line) -> Result<ActionTimes, TableError> {
    let mut times = ActionTimes::default();
    for word in &line.words[1..] {
        let (action, duration) =
            word.split_once('=').ok_or_else(|| line.error("durations are action=10m"))?;
        let duration =
            parse_duration(duration).ok_or_else(|| line.error(format!("{duration} is no duration")))?;
        match action {
            "create" => times.create = Some(duration),
            "read" => times.read = Some(duration),
            "update" => times.update = Some(duration),
            "delete" => times.delete = Some(duration),
            _ => return Err(line.error(format!("no action {action}"))),
        }
    }
    Ok(times)
}

/// Reads a duration as Go writes it: `90s`, `1h30m`, `1.5h`. Negative ones are none.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let number_end = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let number: f64 = rest[..number_end].parse().ok()?;
        rest = &rest[number_end..];
        let unit_end = rest.find(|character: char| character.is_ascii_digit()).unwrap_or(rest.len());
        let seconds = match &rest[..unit_end] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            "us" | "µs" => 0.000_001,
            "ns" => 0.000_000_001,
            _ => return None,
        };
        total = total.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
        rest = &rest[unit_end..];
    }
    Some(total)
}

fn read_create(line: &Line) -> Result<CreateVerb, TableError> {
    match line.word(1, "the verb")?.as_str() {
        "put" => Ok(CreateVerb::Put),
        "patch" => Ok(CreateVerb::Patch),
        "nothing" => Ok(CreateVerb::Nothing),
        other => Err(line.error(format!("cannot create by {other}"))),
    }
}

fn read_update(line: &Line) -> Result<UpdateVerb, TableError> {
    match line.word(1, "the verb")?.as_str() {
        "merge" => Ok(UpdateVerb::Merge),
        "put" => Ok(UpdateVerb::Put),
        "patch" => Ok(UpdateVerb::Patch),
        "nothing" => Ok(UpdateVerb::Nothing),
        other => Err(line.error(format!("cannot update by {other}"))),
    }
}

fn read_lock(line: &Line, word: &str) -> Result<LockKey, TableError> {
    match split_call(word) {
        ("itself", _) => Ok(LockKey::Itself),
        ("parent", words) => {
            Ok(words.first().map_or(LockKey::Parent, |argument| LockKey::ParentOfNamed(argument.clone())))
        }
        ("named", words) if words.len() == 1 => Ok(LockKey::Named(words[0].clone())),
        _ => Err(line.error(format!("no lock {word}"))),
    }
}

fn read_listing(line: &Line) -> Result<Listing, TableError> {
    match line.word(1, "which list")?.as_str() {
        "group" => Ok(Listing::Group),
        "scopes" => Ok(Listing::Scopes),
        "children" => Ok(Listing::Children),
        "embedded" => Ok(Listing::Embedded(read_path(line, line.word(2, "the path")?)?)),
        "profiles" => Ok(Listing::Profiles(read_path(line, line.word(2, "the path")?)?)),
        other => Err(line.error(format!("no list {other}"))),
    }
}

fn read_document(line: &Line) -> Result<DocumentTable, TableError> {
    let read = match line.word(2, "GET or POST")?.as_str() {
        "GET" => Method::Get,
        "POST" => Method::Post,
        other => return Err(line.error(format!("cannot read by {other}"))),
    };
    let address = line.word(3, "the address")?;
    let address = match split_call(address) {
        ("at", words) if words.len() == 1 => DocumentAddress::InBody(read_path(line, &words[0])?),
        _ => DocumentAddress::Below(address.clone()),
    };
    let mut document = DocumentTable {
        name: line.word(1, "the document's name")?.trim_start_matches('$').into(),
        read,
        address,
        api_version: line.word(4, "the api-version")?.clone(),
        condition: None,
        write: None,
        fixed: None,
        read_only: Vec::new(),
        is_born_with_object: false,
        is_removed: false,
        is_rare: false,
        settled: None,
        is_secret: read == Method::Post,
        gives: Vec::new(),
    };
    for word in &line.words[5..] {
        match split_call(word) {
            ("when", words) if words.len() == 2 => {
                document.condition = Some((read_path(line, &words[0])?, read_json(line, &words[1])?));
            }
            ("written", words) => document.write = Some(read_write(line, &words)?),
            ("fixed", words) => {
                document.fixed = words.first().map(|word| read_json(line, word)).transpose()?;
            }
            ("read_only", words) => {
                document.read_only =
                    words.iter().map(|word| read_path(line, word)).collect::<Result<_, _>>()?;
            }
            ("born", _) => document.is_born_with_object = true,
            ("removed", _) => document.is_removed = true,
            ("rare", _) => document.is_rare = true,
            ("gives", words) => {
                document.gives = words.iter().map(|word| word.trim_start_matches('$').into()).collect();
            }
            ("settled", words) => document.settled = Some(words.first().cloned().unwrap_or_default()),
            _ => return Err(line.error(format!("no word {word} for a document"))),
        }
    }
    Ok(document)
}

fn read_write(line: &Line, words: &[Str]) -> Result<Method, TableError> {
    match words.first().map_or("put", Str::as_str) {
        "put" => Ok(Method::Put),
        "patch" => Ok(Method::Patch),
        other => Err(line.error(format!("cannot write by {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        assert_eq!(parse_duration("1h30m"), Some(Duration::from_secs(5400)));
        assert_eq!(parse_duration("1.5h"), Some(Duration::from_secs(5400)));
        assert_eq!(parse_duration("90s"), Some(Duration::from_secs(90)));
        for wrong in ["", "5", "5 minutes", "-5m", "m"] {
            assert_eq!(parse_duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn mistakes_in_tables_are_named_with_their_line() {
        let check = |text: &str| {
            read_tables(text, Generation::V5, &Fragments::new()).map(|_| ()).unwrap_err().to_string()
        };
        assert_eq!(check("thing x\n"), "line 1: thing is neither resource nor data");
        assert_eq!(check("resource x\n  bogus\n"), "line 2: no directive bogus");
        let argument = |line: &str| check(&format!("resource x\n  arguments\n    {line}\n"));
        assert_eq!(argument("a txt required"), "line 3: no type txt");
        assert_eq!(argument("a text"), "line 3: it must be required, optional or computed");
        assert_eq!(argument("a text required fancy"), "line 3: no flag or check fancy with 0 words");
        assert_eq!(argument("a bool default=7"), "line 3: the default must be true or false");
        assert_eq!(argument("a text required <> p via magic"), "line 3: no conversion magic");
    }
}
