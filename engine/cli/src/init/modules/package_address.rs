//! What a module source means: which package to get in which way, and which folder of it.
//!
//! The short forms are those of Terraform: `github.com/a/b`, `bitbucket.org/a/b`, `git@host:path`, absolute paths.

use super::fetch::FetchError;

/// A package and a folder in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackageAddress {
    /// How to get it.
    pub getter: Getter,
    /// The address, without the folder.
    pub url: String,
    /// The folder; empty for all of the package. `*` may stand for a name.
    pub folder: String,
}

/// How a package is got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Getter {
    Git,
    Http,
    File,
}

impl PackageAddress {
    /// Reads a module source that is neither local nor in a registry.
    ///
    /// # Errors
    /// When there is no way to get such a source.
    pub fn parse(source: &str) -> Result<Self, FetchError> {
        let (forced, rest) = match source.split_once("::") {
            Some((getter, rest)) if getter.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                (Some(getter), rest)
            }
            _ => (None, source),
        };
        let (url, folder) = split_folder(rest);
        let (detected, url, detected_folder) = expand_short_form(&url);
        let folder = join_folders(&detected_folder, &folder);
        let scheme = url.split_once("://").map(|(scheme, _)| scheme).unwrap_or_default();
        let getter = match forced.or(detected).unwrap_or(scheme) {
            "git" | "ssh" => Getter::Git,
            "http" | "https" => Getter::Http,
            "file" => Getter::File,
            other => {
                return Err(FetchError::Unsupported {
                    getter: other.to_owned(),
                    source_text: source.to_owned(),
                });
            }
        };
        // Nothing but the network can be asked for archives: `http::file://…` would be a way around it.
        let fits = match getter {
            Getter::Http => matches!(scheme, "http" | "https"),
            Getter::File => scheme == "file",
            Getter::Git => true,
        };
        if !fits {
            return Err(FetchError::Unsupported {
                getter: scheme.to_owned(),
                source_text: source.to_owned(),
            });
        }
        Ok(Self { getter, url, folder })
    }

    /// Returns the package by itself, as Terraform writes it.
    pub fn package(&self) -> String {
        match self.getter {
            Getter::Git => format!("git::{}", self.url),
            Getter::Http | Getter::File => self.url.clone(),
        }
    }
}

impl std::fmt::Display for PackageAddress {
    /// Writes the address as Terraform keeps it in `modules.json`.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let package = self.package();
        match (self.folder.is_empty(), package.split_once('?')) {
            (true, _) => formatter.write_str(&package),
            (false, Some((path, query))) => write!(formatter, "{path}//{}?{query}", self.folder),
            (false, None) => write!(formatter, "{package}//{}", self.folder),
        }
    }
}

/// Cuts `//folder` out of an address; the query stays with the package.
pub fn split_folder(address: &str) -> (String, String) {
    let (path, query) = address.split_once('?').map_or((address, None), |(path, query)| (path, Some(query)));
    let start = path.find("://").map_or(0, |position| position + 3);
    let (package, folder) = match path[start..].find("//") {
        Some(position) => (&path[..start + position], path[start + position + 2..].trim_matches('/')),
        None => (path, ""),
    };
    let package = query.map_or_else(|| package.to_owned(), |query| format!("{package}?{query}"));
    (package, folder.to_owned())
}

/// Puts one folder below another; either may be empty.
pub fn join_folders(outer: &str, inner: &str) -> String {
    [outer, inner].into_iter().filter(|folder| !folder.is_empty()).collect::<Vec<_>>().join("/")
}

/// Returns the getter that a short form implies, the whole address, and the folder in it.
fn expand_short_form(url: &str) -> (Option<&'static str>, String, String) {
    let (path, query) = url.split_once('?').map_or((url, ""), |(path, query)| (path, query));
    let with_query = |url: String| if query.is_empty() { url } else { format!("{url}?{query}") };
    // Of GitLab's addresses, Terraform has no short form.
    for host in ["github.com", "bitbucket.org"] {
        let Some(rest) = path.strip_prefix(host).and_then(|rest| rest.strip_prefix('/')) else { continue };
        let mut parts = rest.trim_matches('/').splitn(3, '/');
        if let (Some(owner), Some(repository)) = (parts.next(), parts.next()) {
            let repository = repository.strip_suffix(".git").unwrap_or(repository);
            let folder = parts.next().unwrap_or_default().to_owned();
            return (Some("git"), with_query(format!("https://{host}/{owner}/{repository}.git")), folder);
        }
    }
    let is_scp = !path.contains("://") && !path.starts_with('/');
    if let Some((user_and_host, rest)) = path.split_once(':').filter(|(user, _)| is_scp && user.contains('@'))
    {
        let rest = rest.trim_start_matches('/');
        return (Some("git"), with_query(format!("ssh://{user_and_host}/{rest}")), String::new());
    }
    if path.starts_with('/') {
        return (Some("file"), with_query(format!("file://{path}")), String::new());
    }
    (None, url.to_owned(), String::new())
}

/// Returns a parameter of an address's query, and the address without it.
pub fn take_parameter(url: &str, name: &str) -> (Option<String>, String) {
    let Some((path, query)) = url.split_once('?') else { return (None, url.to_owned()) };
    let mut value = None;
    let mut others = Vec::new();
    for parameter in query.split('&') {
        match parameter.split_once('=') {
            Some((key, text)) if key == name => value = Some(decode_percent(text)),
            _ => others.push(parameter),
        }
    }
    let rest = if others.is_empty() { path.to_owned() } else { format!("{path}?{}", others.join("&")) };
    (value, rest)
}

fn decode_percent(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let digits = (*first == b'%').then(|| std::str::from_utf8(behind.get(..2)?).ok()).flatten();
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(if *first == b'+' { b' ' } else { *first });
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_written_as_terraform_keeps_them() {
        for (source, kept) in [
            ("github.com/acme/network", "git::https://github.com/acme/network.git"),
            (
                "github.com/acme/network//sub/dir?ref=v1",
                "git::https://github.com/acme/network.git//sub/dir?ref=v1",
            ),
            ("github.com/acme/network.git?ref=v1", "git::https://github.com/acme/network.git?ref=v1"),
            ("bitbucket.org/acme/network", "git::https://bitbucket.org/acme/network.git"),
            ("git@example.com:acme/network.git//sub", "git::ssh://git@example.com/acme/network.git//sub"),
            (
                "git::https://example.com/n.git//a?ref=main&depth=1",
                "git::https://example.com/n.git//a?ref=main&depth=1",
            ),
            ("git::ssh://git@example.com/n.git", "git::ssh://git@example.com/n.git"),
            ("https://example.com/n.zip//sub", "https://example.com/n.zip//sub"),
            ("https://example.com/n?archive=zip", "https://example.com/n?archive=zip"),
            ("/srv/modules/n//a", "file:///srv/modules/n//a"),
        ] {
            assert_eq!(PackageAddress::parse(source).unwrap().to_string(), kept);
        }
        for bad in
            ["s3::https://s3.amazonaws.com/b/k.zip", "hg::http://example.com/n", "a/b", "http::file:///etc"]
        {
            assert!(PackageAddress::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn parameters_are_taken_out_of_addresses() {
        let url = "https://example.com/n?ref=a%2Fb&depth=1";
        assert_eq!(
            take_parameter(url, "ref"),
            (Some("a/b".to_owned()), "https://example.com/n?depth=1".to_owned())
        );
        assert_eq!(take_parameter("https://example.com/n?ref=x", "ref").1, "https://example.com/n");
        assert_eq!(take_parameter("https://example.com/n", "ref").0, None);
        assert_eq!(decode_percent("a%zz%2"), "a%zz%2");
    }
}
