//! Files into containers and out of them, as tar archives: one call for any number of files.

use std::io::{self, Read};
use std::path::Path;

use bollard::query_parameters::{DownloadFromContainerOptionsBuilder, UploadToContainerOptionsBuilder};
use futures_util::StreamExt;

use super::engine::Engine;
use super::error::{DockerError, While};

/// A file for a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArchiveEntry {
    /// Absolute path in the container. Missing folders are made.
    pub(crate) path: String,
    /// Permissions.
    pub(crate) mode: u32,
    /// What is in it.
    pub(crate) content: Vec<u8>,
}

impl ArchiveEntry {
    /// A file that everybody may read.
    pub(crate) fn public(path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), mode: 0o644, content: content.into() }
    }

    /// A file that only root may read.
    pub(crate) fn private(path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), mode: 0o600, content: content.into() }
    }
}

impl Engine {
    /// Writes files into a container, which need not run.
    pub(crate) async fn upload(&self, container: &str, files: &[ArchiveEntry]) -> Result<(), DockerError> {
        let action = || format!("write files into {container}");
        let archive = pack(files).during(action)?;
        let options = UploadToContainerOptionsBuilder::new().path("/").build();
        let body = bollard::body_full(archive.into());
        self.docker.upload_to_container(container, Some(options), body).await.during(action)
    }

    /// Reads a file, or everything in a folder, out of a container, which need not run. Paths of the result
    /// start with the last part of `path`.
    pub(crate) async fn download(
        &self,
        container: &str,
        path: &str,
    ) -> Result<Vec<ArchiveEntry>, DockerError> {
        let action = || format!("read {path} of {container}");
        let options = DownloadFromContainerOptionsBuilder::new().path(path).build();
        let mut stream = self.docker.download_from_container(container, Some(options));
        let mut archive = Vec::new();
        while let Some(chunk) = stream.next().await {
            archive.extend_from_slice(&chunk.during(action)?);
        }
        unpack(&archive).during(action)
    }

    /// Reads a file out of a container; nothing when there is none.
    pub(crate) async fn read_file(
        &self,
        container: &str,
        path: &str,
    ) -> Result<Option<Vec<u8>>, DockerError> {
        match self.download(container, path).await {
            Ok(files) => Ok(files.into_iter().next().map(|file| file.content)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Packs files in an archive whose root is the root of a file system.
pub(crate) fn pack(files: &[ArchiveEntry]) -> io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut made: Vec<&Path> = Vec::new();
    for file in files {
        let path = Path::new(file.path.trim_start_matches('/'));
        for folder in missing_folders(path, &made) {
            let mut header = header(0o755, 0);
            header.set_entry_type(tar::EntryType::Directory);
            builder.append_data(&mut header, folder, io::empty())?;
            made.push(folder);
        }
        let mut header = header(file.mode, file.content.len() as u64);
        builder.append_data(&mut header, path, file.content.as_slice())?;
    }
    builder.into_inner()
}

/// Returns the folders of a path from the outermost to the innermost, without those that have been made. The
/// outermost one exists in every container and keeps its permissions.
fn missing_folders<'a>(path: &'a Path, made: &[&Path]) -> Vec<&'a Path> {
    let mut folders: Vec<&Path> = path
        .ancestors()
        .skip(1)
        .filter(|folder| folder.components().count() > 1 && !made.contains(folder))
        .collect();
    folders.reverse();
    folders
}

fn header(mode: u32, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_mode(mode);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

fn unpack(archive: &[u8]) -> io::Result<Vec<ArchiveEntry>> {
    let mut files = Vec::new();
    for entry in tar::Archive::new(archive).entries()? {
        let mut entry = entry?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path()?.to_string_lossy().into_owned();
        let mode = entry.header().mode()?;
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        files.push(ArchiveEntry { path, mode, content });
    }
    Ok(files)
}

/// Returns the first file of an archive with a name, for archives on this machine.
pub(crate) fn unpack_first(archive: impl Read, name: &str) -> io::Result<Option<Vec<u8>>> {
    for entry in tar::Archive::new(archive).entries()? {
        let mut entry = entry?;
        if entry.path()?.to_str() == Some(name) {
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            return Ok(Some(content));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_can_be_unpacked() {
        let files = [
            ArchiveEntry::public("/kind/kubeadm.conf", "a"),
            ArchiveEntry::private("/etc/kubernetes/pki/ca.key", "b"),
            ArchiveEntry::private("/etc/kubernetes/pki/etcd/ca.key", "c"),
        ];
        let archive = pack(&files).unwrap();
        let names: Vec<String> = tar::Archive::new(archive.as_slice())
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .collect();
        assert_eq!(
            names,
            [
                "kind/kubeadm.conf",
                "etc/kubernetes",
                "etc/kubernetes/pki",
                "etc/kubernetes/pki/ca.key",
                "etc/kubernetes/pki/etcd",
                "etc/kubernetes/pki/etcd/ca.key"
            ]
        );
        let unpacked = unpack(&archive).unwrap();
        assert_eq!(unpacked.len(), 3);
        assert_eq!((unpacked[1].mode, unpacked[1].content.as_slice()), (0o600, b"b".as_slice()));
        assert_eq!(unpack_first(archive.as_slice(), "kind/kubeadm.conf").unwrap(), Some(b"a".to_vec()));
    }
}
