//! Data sources of `gavinbunney/kubectl`: the documents of texts and files.

use std::path::{Path, PathBuf};

use regex::Regex;
use sha2::{Digest, Sha256};
use terrane_model::{Attribute, AttributePath, Block, Diagnostic, Diagnostics, Schema, Str, Type, Value};
use terrane_provider::async_trait;

use super::AnyIdentity;
use super::kubectl::{text, with_all};
use crate::objects::context::Context;
use crate::objects::resource::{self, DataSource};
use crate::yaml;

/// The documents of a text with several.
pub(super) struct FileDocuments;

#[async_trait]
impl DataSource for FileDocuments {
    fn schema(&self) -> Schema {
        let attributes = [
            ("content".into(), Attribute::required(Type::String)),
            ("documents".into(), Attribute::computed(Type::list(Type::String))),
            ("id".into(), Attribute::optional_computed(Type::String)),
            ("manifests".into(), Attribute::computed(Type::map(Type::String))),
        ];
        resource::schema(0, Block::new(attributes, []))
    }

    async fn read(&self, _context: &Context, config: &Value) -> Result<Value, Diagnostics> {
        let content = text(config, "content").unwrap_or_default();
        found(config, &content, "The content")
    }
}

/// The documents of all files that a pattern leads to.
pub(super) struct PathDocuments;

#[async_trait]
impl DataSource for PathDocuments {
    fn schema(&self) -> Schema {
        let attributes = [
            ("disable_template".into(), Attribute::optional(Type::Bool)),
            ("documents".into(), Attribute::computed(Type::list(Type::String))),
            ("id".into(), Attribute::optional_computed(Type::String)),
            ("manifests".into(), Attribute::computed(Type::map(Type::String))),
            ("pattern".into(), Attribute::required(Type::String)),
            ("sensitive_vars".into(), Attribute::optional(Type::map(Type::String)).sensitive()),
            ("vars".into(), Attribute::optional(Type::map(Type::String))),
        ];
        resource::schema(0, Block::new(attributes, []))
    }

    async fn read(&self, context: &Context, config: &Value) -> Result<Value, Diagnostics> {
        let pattern = text(config, "pattern").unwrap_or_default();
        let argument = AttributePath::root().attribute("pattern");
        let failed = |detail: String| {
            Diagnostics::from(Diagnostic::error("Invalid documents", detail).on_attribute(argument.clone()))
        };
        let paths = files(&context.options.working_folder, &pattern).map_err(&failed)?;
        let is_plain = config.get("disable_template").and_then(Value::as_bool) == Some(true);
        let mut content = String::new();
        for path in paths {
            let file = std::fs::read_to_string(&path)
                .map_err(|error| failed(format!("{}: {error}", path.display())))?;
            let file = if is_plain { Ok(file) } else { filled_in(&file, config) };
            let file = file.map_err(|error| failed(format!("{}: {error}", path.display())))?;
            content.extend(["---\n", &file, "\n"]);
        }
        found(config, &content, &format!("What {pattern:?} leads to"))
    }
}

/// Returns the files of a pattern, in the order of their names.
fn files(folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
    let whole = folder.join(pattern);
    let text = whole.to_string_lossy().into_owned();
    let text = text.strip_prefix("./").unwrap_or(&text).to_owned();
    let matcher = matcher(&text).map_err(|error| format!("{pattern:?} is no pattern: {error}"))?;
    let is_fixed =
        |part: &std::path::Component<'_>| !part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']);
    let fixed: PathBuf = Path::new(&text).components().take_while(is_fixed).collect();
    let mut found = Vec::new();
    let mut open = vec![if fixed.as_os_str().is_empty() { PathBuf::from(".") } else { fixed }];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            open.extend(entries.flatten().map(|entry| entry.path()));
        } else if path.is_file()
            && matcher.is_match(&path.strip_prefix("./").unwrap_or(&path).to_string_lossy())
        {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Returns the expression that a path of a pattern matches: `*` and `?` stay in a folder, `**` goes through all of them.
fn matcher(pattern: &str) -> Result<Regex, regex::Error> {
    let mut expression = String::from("^");
    let mut rest = pattern;
    let mut is_in_choice = false;
    while let Some(first) = rest.chars().next() {
        let mut taken = first.len_utf8();
        match first {
            '*' if rest.starts_with("**/") => {
                expression.push_str("(.*/)?");
                taken = 3;
            }
            '*' => expression.push_str("[^/]*"),
            '?' => expression.push_str("[^/]"),
            '[' => match rest.find(']') {
                Some(end) => {
                    expression.push_str(&rest[..=end].replace("[!", "[^"));
                    taken = end + 1;
                }
                // An expression, too, has to close what it opens: that is the error.
                None => expression.push('['),
            },
            '{' => {
                is_in_choice = true;
                expression.push_str("(?:");
            }
            ',' if is_in_choice => expression.push('|'),
            '}' if is_in_choice => {
                is_in_choice = false;
                expression.push(')');
            }
            other => expression.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
        rest = &rest[taken..];
    }
    Regex::new(&(expression + "$"))
}

/// Puts the values of `vars` and `sensitive_vars` into a text, in place of `${NAME}`.
fn filled_in(text: &str, config: &Value) -> Result<String, String> {
    let value = |name: &str| {
        let of = |argument: &str| config.get(argument)?.get(name)?.as_str().map(ToString::to_string);
        of("sensitive_vars").or_else(|| of("vars"))
    };
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['$', '%']) {
        let (before, sign) = rest.split_at(at);
        filled.push_str(before);
        let (first, doubled) = (&sign[..1], format!("{0}{0}{{", &sign[..1]));
        if sign.starts_with(&doubled) {
            filled.extend([first, "{"]);
            rest = &sign[3..];
        } else if let Some((name, after)) = sign.strip_prefix("${").and_then(|inside| inside.split_once('}'))
        {
            let name = name.trim();
            let is_name =
                !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
            let Some(value) = value(name).filter(|_| is_name) else {
                return Err(format!(
                    "${{{name}}} is no name in vars. For other templates, give the result of templatefile to \
                     kubectl_file_documents"
                ));
            };
            filled.push_str(&value);
            rest = after;
        } else if sign.starts_with("%{") {
            let advice =
                "directives are not read here: give the result of templatefile to kubectl_file_documents";
            return Err(advice.to_owned());
        } else {
            filled.push_str(first);
            rest = &sign[1..];
        }
    }
    Ok(filled + rest)
}

/// Returns a configuration with the documents of a text.
fn found(config: &Value, content: &str, what: &str) -> Result<Value, Diagnostics> {
    let parsed = yaml::read_all(content).map_err(|error| {
        let error = error.lines().next().unwrap_or_default().to_owned();
        Diagnostics::from(Diagnostic::error("Invalid documents", format!("{what} is no YAML: {error}.")))
    })?;
    let documents: Vec<String> = yaml::split(content)
        .into_iter()
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
        .collect();
    let manifests = parsed.iter().filter_map(|document| {
        let identity = AnyIdentity::of(document.as_object()?)?;
        Some((Str::from(link(&identity)), Value::from(yaml::write(document))))
    });
    let id: String = Sha256::digest(content.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let all = [
        ("documents", Value::list_of_strings(documents)),
        ("id", id.into()),
        ("manifests", Value::map(Type::String, manifests.collect::<Vec<_>>())),
    ];
    Ok(with_all(config, &all))
}

/// Returns the path under which documents are known: as in the API, with the kind's name in small letters.
fn link(identity: &AnyIdentity) -> String {
    let base = if identity.api_version.contains('/') { "/apis" } else { "/api" };
    let namespace =
        identity.namespace.as_ref().map(|namespace| format!("/namespaces/{namespace}")).unwrap_or_default();
    format!("{base}/{}{namespace}/{}s/{}", identity.api_version, identity.kind.to_lowercase(), identity.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filled_in_and_nothing_else() {
        let vars =
            |name: &str, value: &str| (name.to_owned(), Value::map(Type::String, [("name", value.into())]));
        let config = Value::object([vars("vars", "web")]);
        for (text, expected) in [
            ("name: ${name}", Ok("name: web")),
            ("price: 5$ ${ name }", Ok("price: 5$ web")),
            ("$${name} %%{if}", Ok("${name} %{if}")),
            ("${other}", Err("${other} is no name in vars")),
            ("${upper(name)}", Err("is no name in vars")),
            ("%{ if true }", Err("directives are not read here")),
        ] {
            match (filled_in(text, &config), expected) {
                (Ok(filled), Ok(expected)) => assert_eq!(filled, expected),
                (Err(error), Err(expected)) => assert!(error.contains(expected), "{error}"),
                (result, _) => panic!("{text}: {result:?}"),
            }
        }
    }

    #[test]
    fn patterns_lead_to_files() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("a/b")).unwrap();
        for name in ["a/two.yaml", "a/one.yaml", "a/b/three.yaml", "a/four.txt"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let found = |pattern: &str| {
            let found = files(folder.path(), pattern).unwrap().into_iter();
            let name = |path: PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
            found.map(name).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(found("a/*.yaml"), "one two");
        assert_eq!(found("a/**/*.yaml"), "three one two");
        assert_eq!(found("a/one.yaml"), "one");
        assert_eq!(found("nothing/*"), "");
        assert!(files(folder.path(), "a/[").is_err());
    }
}
