//! Files and folders brought to another machine, through nothing but its shell.

use std::path::Path;

use crate::session::{Session, SessionError};

/// Why a file was not brought to where it belongs.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    /// The file cannot be read here.
    #[error("{path}: {source}")]
    Local {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The other machine could not write it.
    #[error("{path}: {message}")]
    Remote {
        /// The file.
        path: String,
        /// What it says.
        message: String,
    },
    /// The connection broke.
    #[error(transparent)]
    Session(#[from] SessionError),
}

/// Writes a file on the other machine, in place of one that is there.
///
/// # Errors
/// When the other machine cannot write it.
pub(crate) async fn upload(
    session: &Session,
    content: &[u8],
    destination: &str,
    mode: u32,
) -> Result<(), UploadError> {
    let quoted = quote(destination);
    let command = format!("cat > {quoted} && chmod {mode:04o} {quoted}");
    expect(session, &command, Some(content), destination).await
}

/// Writes a file or a whole folder. A folder whose name ends in a slash is written as the destination itself, any other
/// one into it.
///
/// # Errors
/// When something cannot be read here or written there.
pub(crate) async fn upload_path(
    session: &Session,
    source: &str,
    destination: &str,
) -> Result<(), UploadError> {
    let metadata = std::fs::metadata(source).map_err(|error| local(source, error))?;
    if !metadata.is_dir() {
        return upload_file(session, Path::new(source), destination).await;
    }
    let name = Path::new(source).file_name().and_then(|name| name.to_str());
    let root = match name.filter(|_| !source.ends_with('/')) {
        Some(name) => format!("{}/{name}", destination.trim_end_matches('/')),
        None => destination.to_owned(),
    };
    let mut pending = vec![(Path::new(source).to_path_buf(), root)];
    while let Some((folder, destination)) = pending.pop() {
        expect(session, &format!("mkdir -p {}", quote(&destination)), None, &destination).await?;
        let shown = folder.display().to_string();
        let entries = std::fs::read_dir(&folder).map_err(|error| local(&shown, error))?;
        for entry in entries {
            let entry = entry.map_err(|error| local(&shown, error))?;
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let there = format!("{}/{name}", destination.trim_end_matches('/'));
            let metadata =
                std::fs::metadata(&path).map_err(|error| local(&path.display().to_string(), error))?;
            if metadata.is_dir() {
                pending.push((path, there));
            } else {
                upload_file(session, &path, &there).await?;
            }
        }
    }
    Ok(())
}

async fn upload_file(session: &Session, path: &Path, destination: &str) -> Result<(), UploadError> {
    use std::os::unix::fs::PermissionsExt;
    let shown = path.display().to_string();
    let content = std::fs::read(path).map_err(|error| local(&shown, error))?;
    let mode = std::fs::metadata(path).map_err(|error| local(&shown, error))?.permissions().mode() & 0o777;
    upload(session, &content, destination, mode).await
}

fn local(path: &str, source: std::io::Error) -> UploadError {
    UploadError::Local { path: path.to_owned(), source }
}

async fn expect(
    session: &Session,
    command: &str,
    input: Option<&[u8]>,
    path: &str,
) -> Result<(), UploadError> {
    let mut said = Vec::new();
    match session.run(command, input, &mut |_, piece| said.extend_from_slice(piece)).await? {
        None => Ok(()),
        Some(end) => {
            let said = String::from_utf8_lossy(&said).trim().to_owned();
            let message = if said.is_empty() { end } else { said };
            Err(UploadError::Remote { path: path.to_owned(), message })
        }
    }
}

/// Quotes a word for a POSIX shell.
pub(crate) fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn words_are_quoted_for_the_shell() {
        for (word, quoted) in [("/tmp/a b", "'/tmp/a b'"), ("it's", r"'it'\''s'"), ("$(x)", "'$(x)'")] {
            assert_eq!(quote(word), quoted);
        }
    }
}
