//! Where a module call finds its module.

use crate::config::version_constraint::VersionConstraints;

/// A module source, as far as its text tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceAddress {
    /// A directory beside the calling module: the text starts with `./` or `../`.
    Local(String),
    /// `[host/]namespace/name/provider[//folder]` in a module registry.
    Registry {
        /// The registry.
        host: String,
        /// `namespace/name/provider`.
        module: String,
        /// The folder within the module's package.
        folder: String,
    },
    /// Anything that has to be fetched: git, an archive, and so on.
    Remote(String),
}

/// Why a text is no module source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceAddressError {
    /// Fixed short phrase.
    pub summary: &'static str,
    /// A full sentence.
    pub detail: String,
}

impl SourceAddress {
    /// Reads a module source. Registry sources are told from others by a version being asked for, or by
    /// their form.
    ///
    /// # Errors
    /// When the text can be no source.
    pub fn parse(text: &str, version: Option<&VersionConstraints>) -> Result<Self, SourceAddressError> {
        let is_local = text.starts_with("./")
            || text.starts_with("../")
            || text.starts_with(".\\")
            || text.starts_with("..\\");
        if is_local || text == "." || text == ".." {
            if version.is_some() {
                return Err(SourceAddressError {
                    summary: "Invalid registry module source address",
                    detail: format!(
                        "Failed to parse module registry address: a module registry source address must have either \
                         three or four slash-separated components. Terraform assumed that you intended a module registry \
                         source address because you also set the argument \"version\", which applies only to registry \
                         modules; {text:?} is a local path."
                    ),
                });
            }
            return Ok(Self::Local(text.replace('\\', "/")));
        }
        if let Some(registry) = Self::parse_registry(text) {
            return Ok(registry);
        }
        if version.is_some() {
            return Err(SourceAddressError {
                summary: "Invalid registry module source address",
                detail: "Failed to parse module registry address: a module registry source address must have either three \
                         or four slash-separated components. Terraform assumed that you intended a module registry source \
                         address because you also set the argument \"version\", which applies only to registry modules."
                    .to_owned(),
            });
        }
        if text.is_empty() || !text.contains(['/', ':']) {
            return Err(SourceAddressError {
                summary: "Invalid module source address",
                detail: format!(
                    "Terraform failed to determine your intended installation method for remote module package {text:?}. \
                     If you intended this as a path relative to the current module, use \"./{text}\" instead. The \"./\" \
                     prefix indicates that the address is a relative filesystem path."
                ),
            });
        }
        Ok(Self::Remote(text.to_owned()))
    }

    fn parse_registry(text: &str) -> Option<Self> {
        if text.contains("::") || text.contains("://") {
            return None;
        }
        let (address, folder) = text.split_once("//").unwrap_or((text, ""));
        let parts: Vec<&str> = address.split('/').collect();
        let (host, module) = match parts[..] {
            [_, _, _] => ("registry.terraform.io", parts.join("/")),
            [host, _, _, _] if host.contains(['.', ':']) => (host, parts[1..].join("/")),
            _ => return None,
        };
        let valid = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        };
        let first_is_host = parts.len() == 3 && parts[0].contains('.');
        if first_is_host || !module.split('/').all(valid) {
            return None;
        }
        Some(Self::Registry { host: host.to_owned(), module, folder: folder.to_owned() })
    }
}

/// Joins a path to a directory and resolves `.` and `..` as far as the text alone allows.
pub fn join_path(directory: &str, path: &str) -> String {
    let absolute = path.starts_with('/');
    let joined = if absolute || directory.is_empty() || directory == "." {
        path.to_owned()
    } else {
        format!("{directory}/{path}")
    };
    let rooted = joined.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_told_apart_by_their_form() {
        let parse = |text: &str| SourceAddress::parse(text, None);
        assert_eq!(parse("./a"), Ok(SourceAddress::Local("./a".to_owned())));
        assert!(matches!(parse("hashicorp/consul/aws"), Ok(SourceAddress::Registry { .. })));
        assert!(matches!(parse("example.com/a/b/c//sub"), Ok(SourceAddress::Registry { .. })));
        assert!(matches!(parse("github.com/a/b"), Ok(SourceAddress::Remote(_))));
        assert!(matches!(parse("git::https://example.com/a.git"), Ok(SourceAddress::Remote(_))));
        assert!(parse("a").is_err());
        assert!(SourceAddress::parse("./a", Some(&VersionConstraints::default())).is_err());
    }

    #[test]
    fn paths_are_joined_without_detours() {
        for (directory, path, joined) in [
            (".", "./a", "a"),
            ("a/b", "../c", "a/c"),
            ("a", "../..", ".."),
            ("../x", "../y", "../y"),
            ("/a", "../../b", "/b"),
            (".", ".", "."),
            ("a", "/b", "/b"),
        ] {
            assert_eq!(join_path(directory, path), joined);
        }
    }
}
