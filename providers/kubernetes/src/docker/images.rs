//! Images: whether they are there, pulling, loading and saving them.

use std::path::Path;

use bollard::models::{CreateImageInfo, ImageInspect};
use bollard::query_parameters::{CreateImageOptionsBuilder, ImportImageOptions};
use futures_util::{Stream, StreamExt};

use super::archive::unpack_first;
use super::engine::Engine;
use super::error::{DockerError, While};

/// How many bytes of an archive are read at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// Why an image cannot be had from its registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ImageAbsence {
    /// The registry answers that there is no such image, or that we may not have it.
    Refused(String),
    /// The registry cannot be asked.
    Unreachable(String),
}

impl Engine {
    /// Looks at an image; nothing when the engine does not have it.
    pub(crate) async fn inspect_image(&self, name: &str) -> Result<Option<ImageInspect>, DockerError> {
        match self.docker.inspect_image(name).await.during(|| format!("look at the image {name}")) {
            Ok(image) => Ok(Some(image)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks an image's registry whether it could be pulled.
    pub(crate) async fn check_registry(&self, name: &str) -> Option<ImageAbsence> {
        let credentials = self.credentials_for(name).await;
        let asked = self.docker.inspect_registry_image(name, credentials).await;
        match asked.during(|| format!("ask the registry for {name}")) {
            Ok(_) => None,
            Err(DockerError::Refused { status: 401 | 403 | 404, message, .. })
                if !is_network_trouble(&message) =>
            {
                Some(ImageAbsence::Refused(message))
            }
            Err(error) => Some(ImageAbsence::Unreachable(error.message())),
        }
    }

    /// Pulls an image, and tells after each message how much of it has come.
    pub(crate) async fn pull(
        &self,
        name: &str,
        mut report: impl FnMut(&PullProgress),
    ) -> Result<(), DockerError> {
        let options = CreateImageOptionsBuilder::new().from_image(&with_tag(name)).build();
        let credentials = self.credentials_for(name).await;
        let mut stream = self.docker.create_image(Some(options), None, credentials);
        let mut progress = PullProgress::default();
        while let Some(message) = stream.next().await {
            let message = message.during(|| format!("pull the image {name}"))?;
            if let Some(error) = message.error_detail.as_ref().and_then(|detail| detail.message.clone()) {
                let action = format!("pull the image {name}");
                return Err(DockerError::Refused { action, status: 500, message: error });
            }
            if progress.take(&message) {
                report(&progress);
            }
        }
        Ok(())
    }

    /// Loads the images of an archive, as `docker save` or an OCI tool has written it.
    pub(crate) async fn load_archive(&self, path: &Path) -> Result<(), DockerError> {
        let action = || format!("load the image archive {}", path.display());
        let file = tokio::fs::File::open(path).await.during(action)?;
        let chunks = read_in_chunks(file);
        let mut stream = self.docker.import_image_stream(
            ImportImageOptions { quiet: true, ..ImportImageOptions::default() },
            chunks.map(|chunk| chunk.map(Into::into)),
            None,
        );
        while let Some(message) = stream.next().await {
            let message = message.during(action)?;
            if let Some(error) = message.error_detail.and_then(|detail| detail.message) {
                return Err(DockerError::Refused { action: action(), status: 500, message: error });
            }
        }
        Ok(())
    }

    /// Writes images into an archive.
    pub(crate) async fn save_images(&self, names: &[&str]) -> Result<Vec<u8>, DockerError> {
        let mut stream = Box::pin(self.docker.export_images(names));
        let mut archive = Vec::new();
        while let Some(chunk) = stream.next().await {
            archive.extend_from_slice(&chunk.during(|| format!("save the images {}", names.join(", ")))?);
        }
        Ok(archive)
    }
}

/// How far a pull has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PullProgress {
    layers: Vec<Layer>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Layer {
    id: String,
    current_bytes: i64,
    total_bytes: i64,
    done: bool,
}

impl PullProgress {
    /// Takes a message in. Returns whether it says something new.
    fn take(&mut self, message: &CreateImageInfo) -> bool {
        let (Some(id), Some(status)) = (&message.id, message.status.as_deref()) else { return false };
        // The first message names the tag, not a layer.
        if status.starts_with("Pulling from") {
            return false;
        }
        let position = self.layers.iter().position(|layer| layer.id == *id).unwrap_or_else(|| {
            self.layers.push(Layer { id: id.clone(), current_bytes: 0, total_bytes: 0, done: false });
            self.layers.len() - 1
        });
        let layer = &mut self.layers[position];
        let before = layer.clone();
        if status == "Downloading"
            && let Some(detail) = &message.progress_detail
        {
            layer.current_bytes = detail.current.unwrap_or(layer.current_bytes);
            layer.total_bytes = detail.total.unwrap_or(layer.total_bytes);
        }
        layer.done = matches!(status, "Pull complete" | "Already exists");
        *layer != before
    }
}

impl std::fmt::Display for PullProgress {
    /// Writes how much has come: `3 of 12 layers, 120 of 340 MB`.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let done = self.layers.iter().filter(|layer| layer.done).count();
        write!(formatter, "{done} of {} layers", self.layers.len())?;
        let sum = |bytes: fn(&Layer) -> i64| self.layers.iter().map(bytes).sum::<i64>();
        let (current, total) = (sum(|layer| layer.current_bytes), sum(|layer| layer.total_bytes));
        if total > 0 {
            write!(formatter, ", {} of {} MB", current / 1_000_000, total / 1_000_000)?;
        }
        Ok(())
    }
}

/// Returns the names of the images in an archive of this machine, as its manifest has them.
pub(crate) fn archive_image_names(path: &Path) -> std::io::Result<Vec<String>> {
    let file = std::io::BufReader::new(std::fs::File::open(path)?);
    let Some(manifest) = unpack_first(file, "manifest.json")? else { return Ok(Vec::new()) };
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).map_err(std::io::Error::other)?;
    let images = manifest.as_array().into_iter().flatten();
    let tags =
        images.flat_map(|image| image.get("RepoTags").and_then(|tags| tags.as_array()).into_iter().flatten());
    Ok(tags.filter_map(|tag| tag.as_str().map(str::to_owned)).collect())
}

/// Names the tag that is meant when none is written: without one, all tags would be pulled.
pub(crate) fn with_tag(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    if last.contains(':') || name.contains('@') { name.to_owned() } else { format!("{name}:latest") }
}

/// Registries that cannot be reached are reported with the status of a refusal by some engines.
fn is_network_trouble(message: &str) -> bool {
    ["dial tcp", "no such host", "i/o timeout", "connection refused", "Client.Timeout", "TLS handshake"]
        .iter()
        .any(|sign| message.contains(sign))
}

fn read_in_chunks(file: tokio::fs::File) -> impl Stream<Item = std::io::Result<Vec<u8>>> + Send + 'static {
    use tokio::io::AsyncReadExt;
    futures_util::stream::try_unfold(file, |mut file| async move {
        let mut chunk = vec![0; CHUNK_BYTES];
        let length = file.read(&mut chunk).await?;
        chunk.truncate(length);
        Ok((length > 0).then_some((chunk, file)))
    })
}

#[cfg(test)]
mod tests {
    use bollard::models::ProgressDetail;

    use super::*;

    fn message(id: &str, status: &str, bytes: Option<(i64, i64)>) -> CreateImageInfo {
        CreateImageInfo {
            id: Some(id.to_owned()),
            status: Some(status.to_owned()),
            progress_detail: bytes
                .map(|(current, total)| ProgressDetail { current: Some(current), total: Some(total) }),
            ..CreateImageInfo::default()
        }
    }

    #[test]
    fn progress_counts_layers_and_bytes() {
        let mut progress = PullProgress::default();
        assert!(!progress.take(&message("v1", "Pulling from library/node", None)));
        assert!(progress.take(&message("a", "Already exists", None)));
        assert!(progress.take(&message("b", "Downloading", Some((3_000_000, 12_000_000)))));
        assert!(!progress.take(&message("b", "Downloading", Some((3_000_000, 12_000_000)))));
        assert_eq!(progress.to_string(), "1 of 2 layers, 3 of 12 MB");
        assert!(progress.take(&message("b", "Pull complete", None)));
        assert_eq!(progress.to_string(), "2 of 2 layers, 3 of 12 MB");
    }

    #[test]
    fn names_without_a_tag_mean_the_latest() {
        let table = [
            ("node", "node:latest"),
            ("localhost:5000/node", "localhost:5000/node:latest"),
            ("node:v1", "node:v1"),
            ("node@sha256:00", "node@sha256:00"),
        ];
        for (name, expected) in table {
            assert_eq!(with_tag(name), expected);
        }
    }
}
