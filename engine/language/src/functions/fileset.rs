//! `fileset`: the files below a folder whose paths match a pattern.

use terrane_model::{Type, Value};

use super::glob::{BadPattern, NamePattern, has_pattern, split_unescaped};
use super::path::{join, relative};
use super::quote::{quote, redact};
use super::{
    Arguments, Environment, FileKind, FolderEntry, Function, FunctionError, Parameter, ParameterType, Returns,
};

/// How many links to folders are followed on one way; bounds what links in a circle lead to.
const LINKS_MAX: usize = 8;

pub(super) const FUNCTIONS: &[Function] = &[Function::new(
    "fileset",
    &[
        Parameter::string("path").or_marked().or_unknown(),
        Parameter::string("pattern").or_marked().or_unknown(),
    ],
    Returns::Always(ParameterType::Set(&ParameterType::String)),
    fileset,
    "Returns the paths of the files below a folder that match a pattern.",
)];

fn fileset(arguments: &Arguments<'_>) -> Result<Value, FunctionError> {
    let (path, pattern) = (arguments.value(0), arguments.value(1));
    let marks = path.marks() | pattern.marks();
    if !path.is_known() || !pattern.is_known() {
        return Ok(Value::unknown(Type::set(Type::String)).with_marks(marks));
    }
    let folder = join(".", arguments.text(0));
    let folder = if arguments.text(0).starts_with('/') { join(arguments.text(0), "") } else { folder };
    let whole = join(&folder, arguments.text(1));
    let (start, names) = match whole.strip_prefix('/') {
        Some(rest) => ("/", rest),
        None => (".", whole.as_str()),
    };
    let names: Vec<&str> = split_unescaped(names, '/').into_iter().filter(|name| !name.is_empty()).collect();
    let mut search = Search { environment: arguments.environment, found: Vec::new() };
    search.walk(start, &names, 0).map_err(|BadPattern| {
        let shown = redact(quote(&whole), &Value::from("").with_marks(marks));
        FunctionError::new(format!("failed to glob pattern {shown}: syntax error in pattern"))
    })?;
    let paths = search.found.into_iter().map(|file| match relative(&folder, &file) {
        Some(path) => Ok(Value::string(path)),
        None => Err(FunctionError::new("failed to trim path of match")),
    });
    Ok(Value::set(Type::String, paths.collect::<Result<Vec<_>, _>>()?).with_marks(marks))
}

struct Search<'a> {
    environment: &'a dyn Environment,
    found: Vec<String>,
}

impl Search<'_> {
    /// Looks below a folder for what the names of a pattern match.
    fn walk(&mut self, folder: &str, names: &[&str], links: usize) -> Result<(), BadPattern> {
        let plain = names.iter().take_while(|name| !has_pattern(name)).count();
        let folder = names[..plain].iter().fold(folder.to_owned(), |path, name| join(&path, name));
        let Some((first, rest)) = names[plain..].split_first() else {
            if matches!(self.environment.file_kind(&folder), Ok(Some(FileKind::File))) {
                self.found.push(folder);
            }
            return Ok(());
        };
        // What cannot be read has no files, as for Terraform.
        let Ok(entries) = self.environment.read_folder(&folder) else { return Ok(()) };
        if *first != "**" {
            return self.match_names(&folder, &entries, first, rest, links);
        }
        for entry in &entries {
            let path = join(&folder, &entry.name);
            let links = links + usize::from(entry.is_link);
            if entry.kind == FileKind::Folder && links <= LINKS_MAX {
                self.walk(&path, &names[plain..], links)?;
            } else if entry.kind == FileKind::File && rest.is_empty() {
                self.found.push(path);
            }
        }
        match rest.split_first() {
            Some((next, rest)) => self.match_names(&folder, &entries, next, rest, links),
            None => Ok(()),
        }
    }

    fn match_names(
        &mut self,
        folder: &str,
        entries: &[FolderEntry],
        pattern: &str,
        rest: &[&str],
        links: usize,
    ) -> Result<(), BadPattern> {
        let pattern = NamePattern::new(pattern);
        for entry in entries {
            if !pattern.matches(&entry.name)? {
                continue;
            }
            let path = join(folder, &entry.name);
            if !rest.is_empty() {
                let links = links + usize::from(entry.is_link);
                if links <= LINKS_MAX {
                    self.walk(&path, rest, links)?;
                }
            } else if entry.kind == FileKind::File {
                self.found.push(path);
            }
        }
        Ok(())
    }
}
