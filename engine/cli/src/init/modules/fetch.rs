//! Getting one package into a folder, however it is to be got.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use reqwest::Url;
use ring::digest;

use super::archive::{FormOfName, form_of_name, unpack_archive};
use super::git;
use super::package_address::{Getter, PackageAddress, join_folders, take_parameter};
use crate::init::http_client::{HttpClient, HttpError, join_url, parse_url};
use crate::session::block_on;

/// How many servers may send on to another.
const DETOURS_MAX: usize = 10;

/// Why a package cannot be got.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// There is no way to get such a source.
    #[error(
        "{source_text:?} cannot be used: modules are got from git repositories, HTTP servers and folders, not by {getter:?}"
    )]
    Unsupported {
        /// What was asked for.
        getter: String,
        /// The whole source.
        source_text: String,
    },
    /// It did not work out.
    #[error("error downloading '{url}': {reason}")]
    Download {
        /// What was got.
        url: String,
        /// Why not.
        reason: String,
    },
    /// A request failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// Something cannot be stored.
    #[error("{}: {source}", path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The package has no such folder.
    #[error("the package has no folder {folder:?}{hint}")]
    NoFolder {
        /// The folder.
        folder: String,
        /// More about it.
        hint: &'static str,
    },
}

/// Gets packages, each once: further calls get a copy.
pub struct Fetcher {
    environment: BTreeMap<String, String>,
    client: Option<HttpClient>,
    fetched: BTreeMap<String, (PathBuf, String)>,
}

impl Fetcher {
    /// Makes a fetcher with the settings of an environment.
    pub fn new(environment: &BTreeMap<String, String>) -> Self {
        Self { environment: environment.clone(), client: None, fetched: BTreeMap::new() }
    }

    /// Returns the client for requests.
    ///
    /// # Errors
    /// When there is none.
    pub fn client(&mut self) -> Result<&HttpClient, HttpError> {
        let client = match self.client.take() {
            Some(client) => client,
            None => HttpClient::new(&self.environment)?,
        };
        Ok(self.client.insert(client))
    }

    /// Gets a package into a folder, in place of what is there. Returns the folder of the module in it, seen from
    /// the package's folder.
    ///
    /// # Errors
    /// When it cannot be got, or has no such folder.
    pub fn fetch(&mut self, address: &PackageAddress, target: &Path) -> Result<String, FetchError> {
        let file_error = |source| FetchError::File { path: target.to_owned(), source };
        if target.symlink_metadata().is_ok() {
            remove(target).map_err(file_error)?;
        }
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).map_err(file_error)?;
        }
        let detour = match self.fetched.get(&address.package()).cloned() {
            Some((folder, detour)) => {
                copy_folder(&folder, target).map_err(file_error)?;
                detour
            }
            None => {
                let detour = self.fetch_new(address, target, 0)?;
                self.fetched.insert(address.package(), (target.to_owned(), detour.clone()));
                detour
            }
        };
        find_folder(target, &join_folders(&detour, &address.folder))
    }

    /// Gets a package that was not got before. Returns the folder that a server meant when it sent on to another.
    fn fetch_new(
        &mut self,
        address: &PackageAddress,
        target: &Path,
        detours: usize,
    ) -> Result<String, FetchError> {
        match address.getter {
            Getter::Git => git::clone(&address.url, target).map(|()| String::new()),
            Getter::File => fetch_file(&address.url, target).map(|()| String::new()),
            Getter::Http => self.fetch_http(&address.url, target, detours),
        }
    }

    fn fetch_http(&mut self, text: &str, target: &Path, detours: usize) -> Result<String, FetchError> {
        let (archive, without) = take_parameter(text, "archive");
        let (checksum, without) = take_parameter(&without, "checksum");
        let url = parse_url(&without)?;
        let form = match archive.as_deref() {
            Some("false") => FormOfName::None,
            Some(name) => form_of_name(name),
            None => form_of_name(url.path()),
        };
        match form {
            FormOfName::Known(form) => {
                let fail = |reason: String| FetchError::Download { url: without.clone(), reason };
                let file = tempfile::NamedTempFile::new().map_err(|error| fail(error.to_string()))?;
                block_on(self.client()?.download(&url, None, file.path()))?;
                check_sum(file.path(), checksum.as_deref()).map_err(fail)?;
                unpack_archive(file.path(), form, target).map_err(fail)?;
                Ok(String::new())
            }
            FormOfName::Unsupported => Err(FetchError::Download {
                url: without,
                reason: "only zip, tar and tar.gz archives can be unpacked".to_owned(),
            }),
            FormOfName::None => self.follow(&url, target, detours),
        }
    }

    /// Asks a server that has no archive itself where the module is.
    fn follow(&mut self, url: &Url, target: &Path, detours: usize) -> Result<String, FetchError> {
        let fail = |reason: &str| FetchError::Download { url: url.to_string(), reason: reason.to_owned() };
        if detours >= DETOURS_MAX {
            return Err(fail("servers send on from one to another without end"));
        }
        let mut asking = url.clone();
        asking.query_pairs_mut().append_pair("terraform-get", "1");
        let answer = block_on(self.client()?.get_existing(&asking, None))?;
        let header = answer.headers.get("X-Terraform-Get").and_then(|value| value.to_str().ok());
        let meta = || source_in_page(&String::from_utf8_lossy(&answer.body));
        let source = header.map(str::to_owned).or_else(meta);
        let source =
            source.ok_or_else(|| fail("the server has no module there: no source URL was returned"))?;
        let address = resolve_source(&answer.url, &source)?;
        let inner = self.fetch_new(&address, target, detours + 1)?;
        Ok(join_folders(&inner, &address.folder))
    }
}

/// Reads a source that a server names; it may be relative to the server's address.
pub(super) fn resolve_source(base: &Url, source: &str) -> Result<PackageAddress, FetchError> {
    let is_relative = ["/", "./", "../"].iter().any(|start| source.starts_with(start));
    let source = if is_relative { join_url(base, source)?.to_string() } else { source.to_owned() };
    let address = PackageAddress::parse(&source)?;
    // A server must not be able to name files of this machine.
    if address.getter == Getter::File {
        return Err(FetchError::Unsupported { getter: "file".to_owned(), source_text: source });
    }
    Ok(address)
}

/// Finds `<meta name="terraform-get" content="…">`.
fn source_in_page(page: &str) -> Option<String> {
    let attribute = |tag: &str, name: &str| {
        let (_, behind) = tag.split_once(&format!("{name}="))?;
        let quote = behind.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        behind[1..].split_once(quote).map(|(value, _)| value.replace("&amp;", "&"))
    };
    let tags = page.split("<meta").skip(1).filter_map(|rest| rest.split_once('>').map(|(tag, _)| tag));
    let mut tags = tags.filter(|tag| attribute(tag, "name").as_deref() == Some("terraform-get"));
    tags.find_map(|tag| attribute(tag, "content"))
}

fn fetch_file(url: &str, target: &Path) -> Result<(), FetchError> {
    let path = PathBuf::from(url.strip_prefix("file://").unwrap_or(url));
    let fail = |reason: String| FetchError::Download { url: url.to_owned(), reason };
    if path.is_dir() {
        return copy_folder(&path, target).map_err(|error| fail(error.to_string()));
    }
    match form_of_name(url) {
        FormOfName::Known(form) if path.is_file() => unpack_archive(&path, form, target).map_err(fail),
        _ => Err(fail("there is no such folder or archive".to_owned())),
    }
}

/// Checks a file against `KIND:HEX`.
fn check_sum(path: &Path, checksum: Option<&str>) -> Result<(), String> {
    let Some(checksum) = checksum else { return Ok(()) };
    let (kind, wanted) = checksum.split_once(':').unwrap_or(("", checksum));
    let algorithm = match (kind, wanted.len()) {
        ("sha256", _) | ("", 64) => &digest::SHA256,
        ("sha512", _) | ("", 128) => &digest::SHA512,
        ("sha1", _) | ("", 40) => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        _ => return Err(format!("the checksum {checksum:?} is of a kind that is not known")),
    };
    let content = std::fs::read(path).map_err(|error| error.to_string())?;
    let found = digest::digest(algorithm, &content);
    let found: String = found.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    if found.eq_ignore_ascii_case(wanted) {
        Ok(())
    } else {
        Err(format!("the checksum is {found} and not {wanted}"))
    }
}

/// Finds a folder in a package; `*` stands for the one name that fits.
fn find_folder(package: &Path, folder: &str) -> Result<String, FetchError> {
    let no_folder = |hint| FetchError::NoFolder { folder: folder.to_owned(), hint };
    let mut found = String::new();
    for part in folder.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            return Err(no_folder(": it lies outside of it"));
        }
        let name = if part.contains('*') {
            let listing = std::fs::read_dir(package.join(&found)).map_err(|_| no_folder(""))?;
            let names = listing.flatten().filter(|entry| entry.path().is_dir());
            let names = names.filter_map(|entry| entry.file_name().into_string().ok());
            let mut names: Vec<String> = names.filter(|name| fits(part, name)).collect();
            match (names.pop(), names.pop()) {
                (Some(name), None) => name,
                (Some(_), Some(_)) => return Err(no_folder(": several folders fit")),
                (None, _) => return Err(no_folder("")),
            }
        } else {
            part.to_owned()
        };
        found = join_folders(&found, &name);
    }
    if package.join(&found).is_dir() { Ok(found) } else { Err(no_folder("")) }
}

/// Tells whether a name fits a pattern with at most one `*` per piece.
fn fits(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, middle)) = pieces.split_last() else { return rest.is_empty() };
    for piece in middle {
        let Some(position) = rest.find(piece) else { return false };
        rest = &rest[position + piece.len()..];
    }
    rest.ends_with(last)
}

fn remove(path: &Path) -> std::io::Result<()> {
    if path.is_symlink() || path.is_file() {
        std::fs::remove_file(path)
    } else {
        std::fs::remove_dir_all(path)
    }
}

/// Copies a folder, without what version control keeps in it; links stay links.
///
/// # Errors
/// When something cannot be read or written.
pub fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut folders = vec![(from.to_owned(), to.to_owned())];
    // Where the copy lies in the folder itself, it is not copied again.
    let own = to.canonicalize().ok();
    while let Some((from, to)) = folders.pop() {
        std::fs::create_dir_all(&to)?;
        for entry in std::fs::read_dir(&from)? {
            let entry = entry?;
            let (source, target) = (entry.path(), to.join(entry.file_name()));
            let kind = entry.file_type()?;
            if entry.file_name() == ".git" || own.is_some() && source.canonicalize().ok() == own {
                continue;
            }
            if kind.is_dir() {
                folders.push((source, target));
            } else if kind.is_symlink() {
                copy_link(&source, &target)?;
            } else {
                std::fs::copy(&source, &target)?;
            }
        }
    }
    Ok(())
}

#[cfg(unix)]
fn copy_link(source: &Path, target: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(std::fs::read_link(source)?, target)
}

#[cfg(not(unix))]
fn copy_link(source: &Path, target: &Path) -> std::io::Result<()> {
    std::fs::copy(source, target).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_name_sources() {
        let page = r#"<html><head><meta charset="utf-8"><META name="x">
            <meta name="terraform-get" content="https://example.com/n.zip?a=1&amp;b=2" /></head></html>"#;
        assert_eq!(source_in_page(page).as_deref(), Some("https://example.com/n.zip?a=1&b=2"));
        assert_eq!(source_in_page("<meta name='terraform-get' content='a::b'>").as_deref(), Some("a::b"));
        assert_eq!(source_in_page("<meta name=\"other\" content=\"x\">"), None);
    }

    #[test]
    fn servers_name_no_files_of_this_machine() {
        let base = Url::parse("https://example.com/v1/download").unwrap();
        assert_eq!(resolve_source(&base, "./n.zip").unwrap().to_string(), "https://example.com/v1/n.zip");
        assert_eq!(resolve_source(&base, "/n.zip//a").unwrap().to_string(), "https://example.com/n.zip//a");
        assert!(resolve_source(&base, "file:///etc").is_err());
    }

    #[test]
    fn stars_stand_for_the_one_name_that_fits() {
        let package = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(package.path().join("acme-network-1a2b/modules/a")).unwrap();
        std::fs::write(package.path().join("pax_global_header"), "").unwrap();
        assert_eq!(find_folder(package.path(), "*/modules").unwrap(), "acme-network-1a2b/modules");
        assert_eq!(find_folder(package.path(), "acme-*/./modules/a").unwrap(), "acme-network-1a2b/modules/a");
        std::fs::create_dir(package.path().join("other")).unwrap();
        for bad in ["*", "../x", "nope", "*/x*"] {
            assert!(find_folder(package.path(), bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn checksums_are_told_by_kind_or_length() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert!(check_sum(file.path(), Some(&format!("sha256:{empty}"))).is_ok());
        assert!(check_sum(file.path(), Some(empty)).is_ok());
        assert!(check_sum(file.path(), None).is_ok());
        assert!(check_sum(file.path(), Some("sha256:00")).is_err());
        assert!(check_sum(file.path(), Some("md5:00")).is_err());
    }
}
