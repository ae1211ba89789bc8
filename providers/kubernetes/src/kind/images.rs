//! Images of nodes: there already, loaded from an archive, or pulled.

use std::path::Path;
use std::time::Duration;

use futures_util::future::try_join_all;
use terrane_provider::{Progress, ProgressUpdate};

use super::error::ClusterError;
use crate::docker::{DockerError, Engine, archive_image_names};

/// How often a pull that failed on its way is tried again, and how much longer the pause is each time.
const RETRIES: u32 = 4;
const PAUSE_STEP: Duration = Duration::from_secs(1);

/// Makes sure that the engine has images.
///
/// # Errors
/// When an image is neither there nor in the archive and cannot be pulled.
pub(crate) async fn ensure_images(
    engine: &Engine,
    images: &[&str],
    archive: Option<&Path>,
    progress: &dyn Progress,
) -> Result<(), ClusterError> {
    let missing = missing_images(engine, images).await?;
    if missing.is_empty() {
        return Ok(());
    }
    let missing = match archive {
        Some(archive) => {
            report(progress, format!("loading images from {}", archive.display()));
            engine.load_archive(archive).await?;
            still_missing(engine, &missing, archive).await?
        }
        None => missing,
    };
    try_join_all(missing.into_iter().map(|image| pull(engine, image, progress))).await?;
    Ok(())
}

async fn missing_images<'a>(engine: &Engine, images: &[&'a str]) -> Result<Vec<&'a str>, ClusterError> {
    let found = try_join_all(images.iter().map(|image| engine.inspect_image(image))).await?;
    Ok(images.iter().zip(found).filter(|(_, found)| found.is_none()).map(|(image, _)| *image).collect())
}

/// An archive that does not hold the node image is a mistake; the load balancer's image may come from elsewhere.
async fn still_missing<'a>(
    engine: &Engine,
    wanted: &[&'a str],
    archive: &Path,
) -> Result<Vec<&'a str>, ClusterError> {
    let missing = missing_images(engine, wanted).await?;
    if missing.len() == wanted.len() {
        let path = archive.to_owned();
        let names = tokio::task::spawn_blocking(move || archive_image_names(&path)).await;
        let names = names.ok().and_then(Result::ok).unwrap_or_default();
        let held = if names.is_empty() { "images without a name".to_owned() } else { names.join(", ") };
        return Err(ClusterError::Invalid(format!(
            "the archive {} does not hold the image {}; it holds {held}",
            archive.display(),
            missing.join(", ")
        )));
    }
    Ok(missing)
}

async fn pull(engine: &Engine, image: &str, progress: &dyn Progress) -> Result<(), ClusterError> {
    let mut retry = 0;
    loop {
        report(progress, format!("pulling {image}"));
        let pulled =
            engine.pull(image, |status| report(progress, format!("pulling {image}: {status}"))).await;
        match pulled {
            Ok(()) => return Ok(()),
            Err(error) if retry < RETRIES && is_transient(&error) => {
                retry += 1;
                tokio::time::sleep(PAUSE_STEP * retry).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Refusals stay refusals; everything else may have been the network.
fn is_transient(error: &DockerError) -> bool {
    let message = error.message();
    let refusals = [
        "not found",
        "denied",
        "unauthorized",
        "invalid reference",
        "manifest unknown",
        "no matching manifest",
    ];
    !refusals.iter().any(|refusal| message.contains(refusal))
}

fn report(progress: &dyn Progress, phase: String) {
    progress.report(ProgressUpdate { phase, expected: None });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_final() {
        let error = |message: &str| DockerError::Refused {
            action: "pull".to_owned(),
            status: 500,
            message: message.to_owned(),
        };
        assert!(!is_transient(&error("manifest for node:v0 not found: manifest unknown")));
        assert!(!is_transient(&error("pull access denied for node")));
        assert!(is_transient(&error("Get https://registry.test/v2/: net/http: TLS handshake timeout")));
    }
}
