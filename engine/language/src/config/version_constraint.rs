//! Versions and constraints on them: `>= 1.2, != 1.4.0, < 2.0`, `~> 5.1`.

use std::cmp::Ordering;

/// A version: numbers, and the identifiers of a pre-release.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version {
    /// At least one; missing ones count as 0.
    numbers: Vec<u64>,
    /// What follows a dash; empty for a release.
    pre_release: String,
    /// What follows a plus; without meaning for order.
    build: String,
}

impl Version {
    /// Reads a version such as `1.2.3-beta1+build`; a leading `v` is allowed.
    pub fn parse(text: &str) -> Option<Self> {
        let (numbers, pre_release, build) = split_version(text)?;
        Some(Self { numbers, pre_release, build })
    }

    /// Tells whether this is a pre-release.
    pub fn is_pre_release(&self) -> bool {
        !self.pre_release.is_empty()
    }

    /// Returns the first number.
    pub fn major(&self) -> u64 {
        self.number(0)
    }

    fn number(&self, index: usize) -> u64 {
        self.numbers.get(index).copied().unwrap_or(0)
    }
}

fn split_version(text: &str) -> Option<(Vec<u64>, String, String)> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let (text, build) = text.split_once('+').map_or((text, ""), |(text, build)| (text, build));
    let (numbers, pre_release) = text.split_once('-').map_or((text, ""), |(text, pre)| (text, pre));
    let numbers: Vec<u64> = numbers.split('.').map(|number| number.parse().ok()).collect::<Option<_>>()?;
    let allowed =
        |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '~'));
    if !allowed(pre_release) || !allowed(build) || numbers.len() > 8 {
        return None;
    }
    Some((numbers, pre_release.to_owned(), build.to_owned()))
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let length = self.numbers.len().max(other.numbers.len());
        let by_number = (0..length).map(|index| self.number(index).cmp(&other.number(index)));
        by_number.fold(Ordering::Equal, Ordering::then).then_with(|| {
            match (self.is_pre_release(), other.is_pre_release()) {
                (false, false) => Ordering::Equal,
                (false, true) => Ordering::Greater,
                (true, false) => Ordering::Less,
                (true, true) => compare_pre_releases(&self.pre_release, &other.pre_release),
            }
        })
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By dot-separated identifiers: numbers by size and before words; the shorter first.
fn compare_pre_releases(a: &str, b: &str) -> Ordering {
    let key = |part: &str| match part.parse::<u64>() {
        Ok(number) => (0, number, String::new()),
        Err(_) => (1, 0, part.to_owned()),
    };
    a.split('.').map(key).cmp(b.split('.').map(key))
}

impl std::fmt::Display for Version {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let length = self.numbers.len().max(3);
        for index in 0..length {
            write!(formatter, "{}{}", if index == 0 { "" } else { "." }, self.number(index))?;
        }
        if self.is_pre_release() {
            write!(formatter, "-{}", self.pre_release)?;
        }
        if !self.build.is_empty() {
            write!(formatter, "+{}", self.build)?;
        }
        Ok(())
    }
}

/// Conditions that must all hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VersionConstraints(Vec<Condition>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    operator: Operator,
    version: Version,
    /// How many numbers were written: what `~>` leaves open depends on it.
    numbers_written: usize,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Pessimistic,
}

impl Operator {
    /// Where conditions on the same version stand in their canonical order.
    fn rank(self) -> u8 {
        match self {
            Self::Greater => 0,
            Self::GreaterOrEqual => 1,
            Self::Equal => 2,
            Self::Pessimistic => 3,
            Self::LessOrEqual => 4,
            Self::Less => 5,
            Self::NotEqual => 6,
        }
    }

    /// Returns the sign with the blank behind it; equality has none.
    fn canonical(self) -> &'static str {
        match self {
            Self::Greater => "> ",
            Self::GreaterOrEqual => ">= ",
            Self::Equal => "",
            Self::Pessimistic => "~> ",
            Self::LessOrEqual => "<= ",
            Self::Less => "< ",
            Self::NotEqual => "!= ",
        }
    }
}

const OPERATORS: [(&str, Operator); 7] = [
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterOrEqual),
    ("<=", Operator::LessOrEqual),
    ("~>", Operator::Pessimistic),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("=", Operator::Equal),
];

impl VersionConstraints {
    /// Reads conditions separated by commas; an empty text has none.
    pub fn parse(text: &str) -> Option<Self> {
        if text.trim().is_empty() {
            return Some(Self::default());
        }
        text.split(',').map(|condition| Condition::parse(condition.trim())).collect::<Option<_>>().map(Self)
    }

    /// Tells whether a version fulfils all conditions. A pre-release does only where a condition names it.
    pub fn admits(&self, version: &Version) -> bool {
        self.0.iter().all(|condition| condition.admits(version))
    }

    /// Tells whether there is no condition.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the conditions as lock files and messages write them: versions with all their numbers, in the order
    /// of the versions, each condition once.
    pub fn canonical(&self) -> String {
        let mut conditions: Vec<&Condition> = self.0.iter().collect();
        conditions.sort_by(|a, b| {
            let by_version = a.version.cmp(&b.version).then(a.operator.rank().cmp(&b.operator.rank()));
            by_version.then(b.numbers_that_count().cmp(&a.numbers_that_count()))
        });
        let mut texts: Vec<String> = conditions.into_iter().map(Condition::canonical).collect();
        texts.dedup();
        texts.join(", ")
    }

    /// Returns the version where the conditions are nothing but one that names it.
    pub fn exact(&self) -> Option<&Version> {
        match self.0.as_slice() {
            [Condition { operator: Operator::Equal, version, .. }] => Some(version),
            _ => None,
        }
    }

    /// Makes the condition that a version is the given one.
    pub fn exactly(version: &Version) -> Self {
        let condition = Condition {
            operator: Operator::Equal,
            version: version.clone(),
            numbers_written: version.numbers.len(),
            text: version.to_string(),
        };
        Self(vec![condition])
    }

    /// Adds the conditions of another set.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().chain(&other.0).cloned().collect())
    }
}

impl Condition {
    fn parse(text: &str) -> Option<Self> {
        let found = OPERATORS.iter().find_map(|(sign, operator)| Some((*operator, text.strip_prefix(sign)?)));
        let (operator, rest) = found.unwrap_or((Operator::Equal, text));
        let version = Version::parse(rest.trim())?;
        let numbers_written = version.numbers.len();
        Some(Self { operator, version, numbers_written, text: text.to_owned() })
    }

    fn admits(&self, version: &Version) -> bool {
        let order = version.cmp(&self.version);
        let same_release = version.numbers.iter().chain([&0; 3]).take(3).eq(self
            .version
            .numbers
            .iter()
            .chain([&0; 3])
            .take(3));
        let pre_release_named = !version.is_pre_release() || self.version.is_pre_release() && same_release;
        match self.operator {
            Operator::Equal => order == Ordering::Equal,
            Operator::NotEqual => order != Ordering::Equal,
            Operator::Greater => order == Ordering::Greater && pre_release_named,
            Operator::GreaterOrEqual => order != Ordering::Less && pre_release_named,
            Operator::Less => order == Ordering::Less && pre_release_named,
            Operator::LessOrEqual => order != Ordering::Greater && pre_release_named,
            Operator::Pessimistic => {
                order != Ordering::Less && pre_release_named && self.shares_prefix(version)
            }
        }
    }

    /// What `~>` leaves open depends on how many numbers are written; one means as much as two.
    fn numbers_that_count(&self) -> usize {
        self.numbers_written.clamp(2, 3)
    }

    fn canonical(&self) -> String {
        let sign = self.operator.canonical();
        let is_short = self.numbers_that_count() == 2 && !self.version.is_pre_release();
        if self.operator == Operator::Pessimistic && is_short {
            return format!("{sign}{}.{}", self.version.number(0), self.version.number(1));
        }
        format!("{sign}{}", self.version)
    }

    /// All numbers but the last written one must be the same.
    fn shares_prefix(&self, version: &Version) -> bool {
        let fixed = self.numbers_written.saturating_sub(1).max(1);
        (0..fixed).all(|index| version.number(index) == self.version.number(index))
    }
}

impl std::fmt::Display for VersionConstraints {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, condition) in self.0.iter().enumerate() {
            write!(formatter, "{}{}", if index == 0 { "" } else { ", " }, condition.text)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_admit_what_terraform_admits() {
        for (constraint, version, admitted) in [
            ("", "1.0.0", true),
            ("1.2.3", "1.2.3", true),
            ("= 1.2", "1.2.0", true),
            (">= 1.0, < 2.0", "1.9.9", true),
            (">= 1.0, < 2.0", "2.0.0", false),
            ("~> 1.2", "1.9.0", true),
            ("~> 1.2", "2.0.0", false),
            ("~> 1.2.3", "1.2.9", true),
            ("~> 1.2.3", "1.3.0", false),
            ("~> 1", "1.9.0", true),
            ("!= 1.2.3", "1.2.3", false),
            (">= 1.0", "1.1.0-beta1", false),
            (">= 1.1.0-alpha", "1.1.0-beta1", true),
            ("1.1.0-beta1", "1.1.0-beta1", true),
        ] {
            let constraints = VersionConstraints::parse(constraint).unwrap();
            assert_eq!(
                constraints.admits(&Version::parse(version).unwrap()),
                admitted,
                "{constraint} {version}"
            );
        }
        for bad in ["a", "> ", ">= 1,", "1..2", "=> 1.0"] {
            assert!(VersionConstraints::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn canonical_constraints_are_those_of_lock_files() {
        // As Terraform 1.11 writes them.
        for (written, canonical) in [
            ("", ""),
            ("=0.14.2, 0.14.2", "0.14.2"),
            (
                "!=3.1,   ~> 3.0, >= 2.0, < 99, <= 99.1, >2.0.1-beta1, <99, >= 3.2, ~> 3.0.0, ~>3",
                ">= 2.0.0, > 2.0.1-beta1, ~> 3.0.0, ~> 3.0, != 3.1.0, >= 3.2.0, < 99.0.0, <= 99.1.0",
            ),
            (
                ">= 1.0, ~> 1.0, > 1.0, 1.0, = 1.0, != 1.0, < 1.0, <= 1.0, ~> 1.0.0,  ~> 1, >= 1, 1",
                "> 1.0.0, >= 1.0.0, 1.0.0, ~> 1.0.0, ~> 1.0, <= 1.0.0, < 1.0.0, != 1.0.0",
            ),
        ] {
            assert_eq!(VersionConstraints::parse(written).unwrap().canonical(), canonical);
        }
    }

    #[test]
    fn versions_have_an_order() {
        let mut versions: Vec<Version> = ["1.10.0", "1.2.0", "1.2.0-rc.2", "1.2.0-rc.10", "v1.2", "0.9"]
            .iter()
            .map(|text| Version::parse(text).unwrap())
            .collect();
        versions.sort();
        let sorted: Vec<String> = versions.iter().map(ToString::to_string).collect();
        assert_eq!(sorted, ["0.9.0", "1.2.0-rc.2", "1.2.0-rc.10", "1.2.0", "1.2.0", "1.10.0"]);
    }
}
