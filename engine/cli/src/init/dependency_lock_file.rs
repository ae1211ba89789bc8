//! `.terraform.lock.hcl`: which versions of providers were chosen, and the checksums of their packages.
//!
//! The file is shared with Terraform, also through version control: it is written as Terraform writes it, to the
//! byte, and only when what it says has changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use terrane_language::config::ConstantScope;
use terrane_language::config::version_constraint::{Version, VersionConstraints};
use terrane_language::evaluate::evaluate;
use terrane_language::syntax::tree::Attribute;
use terrane_language::syntax::{
    AttributeSchema, BlockContent, BlockSchema, BodySchema, ConfigBody, parse_file,
};
use terrane_model::{Diagnostic, Diagnostics, ProviderSource, SourceMap, Span, Value};

use super::whole_file::write_whole;

/// The name of the file, in the working directory.
pub const LOCK_FILE: &str = ".terraform.lock.hcl";

/// What a lock file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DependencyLocks {
    providers: BTreeMap<ProviderSource, ProviderLock>,
}

/// The choice for one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderLock {
    /// The chosen version.
    pub version: Version,
    /// The conditions that it was chosen by.
    pub constraints: VersionConstraints,
    /// Checksums of its packages, for any platform: `h1:…` of contents, `zh:…` of archives.
    pub hashes: BTreeSet<String>,
}

/// What is wrong with a lock file.
pub type LockFileProblems = (Diagnostics, SourceMap);

impl DependencyLocks {
    /// Reads the lock file of the working directory; one that is not there says nothing.
    ///
    /// # Errors
    /// With everything that is wrong with it.
    pub fn read() -> Result<Self, Box<LockFileProblems>> {
        Self::read_from(Path::new(LOCK_FILE))
    }

    /// Reads a lock file.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_from(path: &Path) -> Result<Self, Box<LockFileProblems>> {
        let mut sources = SourceMap::new();
        let text = match std::fs::read(path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => {
                let detail = format!("The file {} could not be read: {error}.", path.display());
                let problem = Diagnostic::error("Failed to read dependency lock file", detail);
                return Err(Box::new((problem.into(), sources)));
            }
        };
        let (locks, diagnostics) = Self::parse(&path.display().to_string(), &text, &mut sources);
        if diagnostics.has_errors() { Err(Box::new((diagnostics, sources))) } else { Ok(locks) }
    }

    fn parse(path: &str, text: &str, sources: &mut SourceMap) -> (Self, Diagnostics) {
        let file = sources.add(path, text);
        let (body, mut diagnostics) = parse_file(file, text);
        let schema = BodySchema {
            attributes: &[],
            blocks: &[BlockSchema { block_type: "provider", labels: &["source_address"] }],
        };
        let (content, problems) = ConfigBody::from_native(body).content(&schema);
        diagnostics.extend(problems);
        let mut locks = Self::default();
        for block in &content.blocks {
            let Some((source, lock)) = read_provider(block, &mut diagnostics) else { continue };
            if locks.providers.insert(source.clone(), lock).is_some() {
                let detail = format!("This lockfile already declared a lock for provider {source}.");
                diagnostics.push(Diagnostic::error("Duplicate provider lock", detail).at(block.header));
            }
        }
        (locks, diagnostics)
    }

    /// Writes the lock file of the working directory, unless it says the same already.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self) -> Result<(), Diagnostic> {
        let path = Path::new(LOCK_FILE);
        write_whole(path, self.text().as_bytes()).map_err(|error| {
            let detail = format!("Error while creating {LOCK_FILE}: {error}.");
            Diagnostic::error("Failed to update dependency lock file", detail)
        })
    }

    /// Returns the choice for a provider.
    pub fn provider(&self, source: &ProviderSource) -> Option<&ProviderLock> {
        self.providers.get(source)
    }

    /// Returns all choices.
    pub fn providers(&self) -> impl Iterator<Item = (&ProviderSource, &ProviderLock)> {
        self.providers.iter()
    }

    /// Tells whether nothing was chosen.
    pub fn is_empty(&self) -> bool {
        self.providers.is_empty()
    }

    /// Sets the choice for a provider.
    pub fn insert(&mut self, source: ProviderSource, lock: ProviderLock) {
        self.providers.insert(source, lock);
    }

    /// Drops all choices but some.
    pub fn retain(&mut self, keep: impl Fn(&ProviderSource) -> bool) {
        self.providers.retain(|source, _| keep(source));
    }

    /// Returns the text of the file.
    pub fn text(&self) -> String {
        let mut text = "# This file is maintained automatically by \"terraform init\".\n\
                        # Manual edits may be lost in future updates.\n"
            .to_owned();
        for (source, lock) in &self.providers {
            let _ = write!(text, "\nprovider \"{source}\" {{\n");
            if lock.constraints.is_empty() {
                let _ = writeln!(text, "  version = \"{}\"", lock.version);
            } else {
                let constraints = lock.constraints.canonical();
                let _ =
                    writeln!(text, "  version     = \"{}\"\n  constraints = \"{constraints}\"", lock.version);
            }
            if !lock.hashes.is_empty() {
                text.push_str("  hashes = [\n");
                for hash in &lock.hashes {
                    let _ = writeln!(text, "    \"{hash}\",");
                }
                text.push_str("  ]\n");
            }
            text.push_str("}\n");
        }
        text
    }
}

fn read_provider(
    block: &BlockContent,
    diagnostics: &mut Diagnostics,
) -> Option<(ProviderSource, ProviderLock)> {
    let label = &block.labels[0];
    let source =
        ProviderSource::parse(&label.name).filter(|source| source.to_string() == label.name.as_str());
    let Some(source) = source.filter(|source| !source.is_builtin()) else {
        let detail = format!(
            "The provider source address {:?} must be fully-qualified and in its normal form, such as \
             \"registry.terraform.io/hashicorp/random\", and must not be that of a provider that is part of the program.",
            label.name.as_str()
        );
        diagnostics.push(Diagnostic::error("Invalid provider source address", detail).at(label.span));
        return None;
    };
    let schema = BodySchema {
        attributes: &[
            AttributeSchema::required("version"),
            AttributeSchema::optional("constraints"),
            AttributeSchema::optional("hashes"),
        ],
        blocks: &[],
    };
    let (content, problems) = block.body.content(&schema);
    diagnostics.extend(problems);
    let version = content.attributes.get("version")?;
    let text = text_of(version, diagnostics)?;
    let Some(version) = Version::parse(&text).filter(|version| version.to_string() == text) else {
        let detail = format!("The selected version number {text:?} for provider {source} is not valid.");
        let span = version.expression.span;
        diagnostics.push(Diagnostic::error("Invalid provider version number", detail).at(span));
        return None;
    };
    let constraints = match content.attributes.get("constraints") {
        Some(attribute) => read_constraints(&source, attribute, diagnostics)?,
        None => VersionConstraints::default(),
    };
    let hashes = match content.attributes.get("hashes") {
        Some(attribute) => read_hashes(attribute, diagnostics)?,
        None => BTreeSet::new(),
    };
    Some((source, ProviderLock { version, constraints, hashes }))
}

fn read_constraints(
    source: &ProviderSource,
    attribute: &Attribute,
    diagnostics: &mut Diagnostics,
) -> Option<VersionConstraints> {
    let constraints = VersionConstraints::parse(&text_of(attribute, diagnostics)?);
    if constraints.is_none() {
        let detail = format!("The recorded version constraints for provider {source} are not valid.");
        let span = attribute.expression.span;
        diagnostics.push(Diagnostic::error("Invalid provider version constraints", detail).at(span));
    }
    constraints
}

fn read_hashes(attribute: &Attribute, diagnostics: &mut Diagnostics) -> Option<BTreeSet<String>> {
    let span = attribute.expression.span;
    let value = constant(attribute, diagnostics)?;
    let elements = value.as_sequence().unwrap_or_default();
    let hashes: Option<BTreeSet<String>> =
        elements.iter().map(|element| element.as_str().map(ToString::to_string)).collect();
    let invalid = |detail: &str| Diagnostic::error("Invalid provider hash set", detail).at(span);
    match hashes {
        Some(hashes) if hashes.is_empty() => {
            let detail = "The \"hashes\" argument must either be omitted or contain at least one hash value.";
            diagnostics.push(invalid(detail));
            None
        }
        Some(hashes) if hashes.iter().all(|hash| hash.contains(':')) => Some(hashes),
        _ => {
            let detail = "The \"hashes\" argument must contain strings that start with the name of a hashing scheme and a \
                          colon, such as \"h1:\".";
            diagnostics.push(invalid(detail));
            None
        }
    }
}

fn text_of(attribute: &Attribute, diagnostics: &mut Diagnostics) -> Option<String> {
    let text = constant(attribute, diagnostics)?.as_str().map(ToString::to_string);
    if text.is_none() {
        let detail = format!("The argument {:?} must be a string.", attribute.name.name.as_str());
        let span: Span = attribute.expression.span;
        diagnostics.push(Diagnostic::error("Unsuitable value type", detail).at(span));
    }
    text
}

fn constant(attribute: &Attribute, diagnostics: &mut Diagnostics) -> Option<Value> {
    let (value, problems) = evaluate(&attribute.expression, &ConstantScope);
    problems.unless_errors(value, diagnostics)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Terraform 1.11 writes it.
    const WRITTEN: &str = r#"# This file is maintained automatically by "terraform init".
# Manual edits may be lost in future updates.

provider "example.com/acme/rocket" {
  version = "1.0.0-beta.2"
}

provider "registry.terraform.io/hashicorp/azurerm" {
  version     = "5.2.0"
  constraints = ">= 4.0.0, < 6.0.0"
  hashes = [
    "h1:zZuATSJshuI9VcJEUKoLgbb/aEHpEj6e48jzh9rnvdc=",
    "zh:0000000000000000000000000000000000000000000000000000000000000000",
  ]
}

provider "registry.terraform.io/hashicorp/time" {
  version = "0.14.2"
  hashes = [
    "h1:4M1C0aThaZm5K0J7Eiz9f2TSiQT0FuFFc0fctwGqcMw=",
  ]
}
"#;

    fn parse(text: &str) -> (DependencyLocks, String) {
        let mut sources = SourceMap::new();
        let (locks, diagnostics) = DependencyLocks::parse("lock", text, &mut sources);
        let shown = diagnostics.iter().map(|problem| {
            let place = problem.subject.map(|span| sources.describe(span)).unwrap_or_default();
            format!("{place}: {}: {}", problem.summary, problem.detail)
        });
        (locks, shown.collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn what_is_read_is_written_to_the_byte() {
        let (locks, problems) = parse(WRITTEN);
        assert_eq!(problems, "");
        assert_eq!(locks.text(), WRITTEN);
        assert_eq!(DependencyLocks::default().text().lines().count(), 2);
    }

    #[test]
    fn order_and_layout_of_the_text_do_not_matter() {
        let (mut locks, _) = parse(WRITTEN);
        locks.retain(|source| source.name == "azurerm");
        let text = r#"
            provider "registry.terraform.io/hashicorp/azurerm" {
              hashes = ["zh:0000000000000000000000000000000000000000000000000000000000000000", "h1:zZuATSJshuI9VcJEUKoLgbb/aEHpEj6e48jzh9rnvdc="]
              constraints = ">= 4.0.0, < 6.0.0"
              version = "5.2.0"
            }"#;
        assert_eq!(parse(text), (locks, String::new()));
    }

    #[test]
    fn mistakes_are_named() {
        let text = r#"
provider "hashicorp/random" {
  version = "1.0.0"
}
provider "registry.terraform.io/hashicorp/a" {
  version = "1.0"
}
provider "registry.terraform.io/hashicorp/b" {
  version     = "1.0.0"
  constraints = "=> 1"
}
provider "registry.terraform.io/hashicorp/c" {
  version = "1.0.0"
  hashes  = []
}
provider "registry.terraform.io/hashicorp/d" {
}
provider "registry.terraform.io/hashicorp/e" {
  version = 1
  hashes  = ["x"]
}
provider "registry.terraform.io/hashicorp/f" {
  version = "1.0.0"
}
provider "registry.terraform.io/hashicorp/f" {
  version = "1.0.0"
  checksums = []
}
"#;
        insta::assert_snapshot!(parse(text).1, @r#"
        lock:2,10-28: Invalid provider source address: The provider source address "hashicorp/random" must be fully-qualified and in its normal form, such as "registry.terraform.io/hashicorp/random", and must not be that of a provider that is part of the program.
        lock:6,13-18: Invalid provider version number: The selected version number "1.0" for provider registry.terraform.io/hashicorp/a is not valid.
        lock:10,17-23: Invalid provider version constraints: The recorded version constraints for provider registry.terraform.io/hashicorp/b are not valid.
        lock:14,13-15: Invalid provider hash set: The "hashes" argument must either be omitted or contain at least one hash value.
        lock:16,46-46: Missing required argument: The argument "version" is required, but no definition was found.
        lock:19,13-14: Unsuitable value type: The argument "version" must be a string.
        lock:27,3-12: Unsupported argument: An argument named "checksums" is not expected here.
        lock:25,1-45: Duplicate provider lock: This lockfile already declared a lock for provider registry.terraform.io/hashicorp/f.
        "#);
    }

    #[test]
    fn a_file_that_is_not_there_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let locks = DependencyLocks::read_from(&folder.path().join(LOCK_FILE)).map_err(|problems| problems.0);
        assert!(locks.unwrap().is_empty());
        assert!(DependencyLocks::read_from(folder.path()).is_err());
    }
}
