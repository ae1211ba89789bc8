//! Flags as Terraform reads them: `-name`, `-name=value`, `-name value`, with one dash or two; the first
//! argument that is no flag ends them.
//!
//! This is a small parser of our own because long options with a single dash, which all scripts for Terraform
//! use, are not to be had from the usual libraries.

/// A flag that a command knows.
#[derive(Debug, Clone, Copy)]
pub struct Flag {
    /// The name without dash.
    pub name: &'static str,
    /// What may follow it.
    pub kind: FlagKind,
    /// One line for the help, or nothing to leave the flag out of it.
    pub help: &'static str,
}

/// What may follow a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagKind {
    /// Nothing, or `=true`, `=false`.
    Bool,
    /// A value, shown by this name in the help.
    Value(&'static str),
}

impl Flag {
    /// A flag that is on or off.
    pub const fn switch(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: FlagKind::Bool, help }
    }

    /// A flag with a value.
    pub const fn value(name: &'static str, value: &'static str, help: &'static str) -> Self {
        Self { name, kind: FlagKind::Value(value), help }
    }
}

/// The flags that were given, and what follows them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParsedFlags {
    given: Vec<(&'static str, String)>,
    /// Arguments behind the flags.
    pub arguments: Vec<String>,
}

/// Why a command line cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlagError {
    /// There is no such flag.
    #[error("flag provided but not defined: -{0}")]
    Unknown(String),
    /// The flag needs a value.
    #[error("flag needs an argument: -{0}")]
    MissingValue(String),
    /// The value of a switch is neither true nor false.
    #[error("invalid boolean value {value:?} for -{name}")]
    InvalidBool {
        /// The flag.
        name: String,
        /// What was given.
        value: String,
    },
    /// The value is not a number.
    #[error("invalid value {value:?} for flag -{name}: a whole number is required")]
    InvalidNumber {
        /// The flag.
        name: String,
        /// What was given.
        value: String,
    },
    /// Something that looks like a flag but is none.
    #[error("bad flag syntax: {0}")]
    BadSyntax(String),
}

/// Reads flags up to the first argument that is none.
///
/// # Errors
/// When a flag is unknown or lacks its value.
pub fn parse(known: &[&[Flag]], arguments: &[String]) -> Result<ParsedFlags, FlagError> {
    let mut parsed = ParsedFlags::default();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let Some(body) = argument.strip_prefix('-').filter(|body| !body.is_empty()) else {
            parsed.arguments.push(argument.clone());
            break;
        };
        let body = body.strip_prefix('-').unwrap_or(body);
        if body.is_empty() {
            break;
        }
        let (name, value) = body.split_once('=').map_or((body, None), |(name, value)| (name, Some(value)));
        if name.is_empty() || name.starts_with('-') {
            return Err(FlagError::BadSyntax(argument.clone()));
        }
        let flag = known
            .iter()
            .flat_map(|flags| flags.iter())
            .find(|flag| flag.name == name)
            .ok_or_else(|| FlagError::Unknown(name.to_owned()))?;
        let value = match (flag.kind, value) {
            (FlagKind::Bool, None) => "true".to_owned(),
            (FlagKind::Bool, Some(value)) => read_bool(name, value)?.to_string(),
            (FlagKind::Value(_), Some(value)) => value.to_owned(),
            (FlagKind::Value(_), None) => {
                rest.next().cloned().ok_or_else(|| FlagError::MissingValue(name.to_owned()))?
            }
        };
        parsed.given.push((flag.name, value));
    }
    parsed.arguments.extend(rest.cloned());
    Ok(parsed)
}

fn read_bool(name: &str, value: &str) -> Result<bool, FlagError> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(FlagError::InvalidBool { name: name.to_owned(), value: value.to_owned() }),
    }
}

impl ParsedFlags {
    /// Tells whether a switch is on; the last one given counts.
    pub fn switch(&self, name: &str, default: bool) -> bool {
        self.text(name).map_or(default, |value| value == "true")
    }

    /// Returns the value of a flag; the last one given counts.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.given.iter().rev().find(|(given, _)| *given == name).map(|(_, value)| value.as_str())
    }

    /// Returns all values of a flag in the order in which they were given.
    pub fn all(&self, name: &str) -> Vec<String> {
        self.given.iter().filter(|(given, _)| *given == name).map(|(_, value)| value.clone()).collect()
    }

    /// Returns all flags of these names in the order in which they were given.
    pub fn in_order<'f>(&'f self, names: &'f [&str]) -> impl Iterator<Item = (&'static str, &'f str)> + 'f {
        let wanted = self.given.iter().filter(move |(given, _)| names.contains(given));
        wanted.map(|(name, value)| (*name, value.as_str()))
    }

    /// Returns the value of a flag as a number.
    ///
    /// # Errors
    /// When it is none.
    pub fn number(&self, name: &str) -> Result<Option<i64>, FlagError> {
        let Some(value) = self.text(name) else { return Ok(None) };
        let invalid = || FlagError::InvalidNumber { name: name.to_owned(), value: value.to_owned() };
        value.parse().map(Some).map_err(|_| invalid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAGS: &[Flag] =
        &[Flag::switch("json", ""), Flag::value("var", "x", ""), Flag::value("out", "FILE", "")];

    fn parse_words(words: &str) -> Result<ParsedFlags, FlagError> {
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        parse(&[FLAGS], &words)
    }

    #[test]
    fn flags_end_at_the_first_argument() {
        let parsed = parse_words("-json --var a=1 -var=b=-2 -out plan x -json").unwrap();
        assert!(parsed.switch("json", false));
        assert_eq!(parsed.all("var"), ["a=1", "b=-2"]);
        assert_eq!(parsed.text("out"), Some("plan"));
        assert_eq!(parsed.arguments, ["x", "-json"]);
        assert!(!parse_words("-json -json=false").unwrap().switch("json", true));
        assert_eq!(parse_words("-- -json").unwrap().arguments, ["-json"]);
        assert_eq!(parse_words("- a").unwrap().arguments, ["-", "a"]);
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(parse_words("-nope").unwrap_err().to_string(), "flag provided but not defined: -nope");
        assert_eq!(parse_words("-var").unwrap_err().to_string(), "flag needs an argument: -var");
        assert!(matches!(parse_words("-json=maybe"), Err(FlagError::InvalidBool { .. })));
        assert!(matches!(parse_words("---json"), Err(FlagError::BadSyntax(_))));
        assert!(matches!(parse_words("-out x").unwrap().number("out"), Err(FlagError::InvalidNumber { .. })));
    }
}
