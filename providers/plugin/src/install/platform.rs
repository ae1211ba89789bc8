//! Operating systems and processors as packages name them.

use std::fmt;

/// An operating system and a processor, by Go's names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform {
    /// Such as `linux` or `darwin`.
    pub os: String,
    /// Such as `amd64` or `arm64`.
    pub arch: String,
}

impl Platform {
    /// Returns the platform that this program was made for.
    pub fn current() -> Self {
        let os = match std::env::consts::OS {
            "macos" => "darwin",
            other => other,
        };
        let arch = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "x86" => "386",
            "aarch64" => "arm64",
            other => other,
        };
        Self { os: os.to_owned(), arch: arch.to_owned() }
    }

    /// Reads `OS_ARCH`.
    pub fn parse(text: &str) -> Option<Self> {
        let (os, arch) = text.split_once('_')?;
        let is_word =
            |word: &str| !word.is_empty() && word.chars().all(|character| character.is_ascii_alphanumeric());
        (is_word(os) && is_word(arch)).then(|| Self { os: os.to_lowercase(), arch: arch.to_lowercase() })
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}_{}", self.os, self.arch)
    }
}
