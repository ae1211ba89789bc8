//! A state in secrets: compressed, and in parts where one secret is too small.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use kube::api::{DeleteParams, ListParams, PostParams};
use terrane_model::with_causes;
use terrane_state::BackendError;

use super::names::{Names, STATE_KEY, index_of};
use crate::error::remote;

/// How much a secret holds.
const PART_SIZE_BYTES: usize = 1 << 20;
/// What a state may grow to when it is unpacked; more is no state.
const STATE_SIZE_MAX_BYTES: u64 = 4 << 30;

/// Returns a state's content; empty when there is none.
pub(super) async fn read(api: &Api<Secret>, names: &Names) -> Result<Vec<u8>, BackendError> {
    let mut packed = Vec::new();
    for secret in parts(api, names).await? {
        let Some(part) = secret.data.as_ref().and_then(|data| data.get(STATE_KEY)) else {
            return Ok(Vec::new());
        };
        packed.extend_from_slice(&part.0);
    }
    if packed.is_empty() {
        return Ok(Vec::new());
    }
    unpack(&packed)
}

/// Replaces a state's content.
pub(super) async fn write(api: &Api<Secret>, names: &Names, content: &[u8]) -> Result<(), BackendError> {
    let present = parts(api, names).await?;
    let packed = pack(content)?;
    let count = packed.chunks(PART_SIZE_BYTES).len();
    for (index, part) in packed.chunks(PART_SIZE_BYTES).enumerate() {
        let data = BTreeMap::from([(STATE_KEY.to_owned(), ByteString(part.to_vec()))]);
        let name = names.secret(index);
        match api.get_opt(&name).await.map_err(failed)? {
            Some(mut secret) => {
                secret.data = Some(data);
                api.replace(&name, &PostParams::default(), &secret).await.map_err(failed)?;
            }
            None => {
                let metadata = ObjectMeta {
                    name: Some(name),
                    labels: Some(names.labels.clone()),
                    annotations: Some(BTreeMap::from([("encoding".to_owned(), "gzip".to_owned())])),
                    ..ObjectMeta::default()
                };
                let secret = Secret { metadata, data: Some(data), ..Secret::default() };
                api.create(&PostParams::default(), &secret).await.map_err(failed)?;
            }
        }
    }
    for index in count..present.len() {
        delete_one(api, &names.secret(index)).await?;
    }
    Ok(())
}

/// Deletes a state.
pub(super) async fn delete(api: &Api<Secret>, names: &Names) -> Result<(), BackendError> {
    for index in 0..parts(api, names).await?.len() {
        delete_one(api, &names.secret(index)).await?;
    }
    Ok(())
}

async fn delete_one(api: &Api<Secret>, name: &str) -> Result<(), BackendError> {
    match api.delete(name, &DeleteParams::background()).await {
        Ok(_) => Ok(()),
        Err(error) if is_absent(&error) => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

/// Returns the secrets of a state in their order. By name, the tenth part would come before the second.
async fn parts(api: &Api<Secret>, names: &Names) -> Result<Vec<Secret>, BackendError> {
    let found = api.list(&ListParams::default().labels(&names.selector())).await.map_err(failed)?;
    let mut parts: Vec<(usize, Secret)> = found
        .items
        .into_iter()
        .map(|secret| (secret.metadata.name.as_deref().map_or(0, index_of), secret))
        .collect();
    parts.sort_by_key(|(index, _)| *index);
    if let Some(gap) = parts.iter().enumerate().find(|(place, (index, _))| place != index) {
        return Err(remote(format!("part {} of the state is missing", gap.0)));
    }
    Ok(parts.into_iter().map(|(_, secret)| secret).collect())
}

fn pack(content: &[u8]) -> Result<Vec<u8>, BackendError> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    let packed = packer.write_all(content).and_then(|()| packer.finish());
    packed.map_err(|error| remote(format!("the state cannot be compressed: {error}")))
}

fn unpack(packed: &[u8]) -> Result<Vec<u8>, BackendError> {
    let mut content = Vec::new();
    let read = GzDecoder::new(packed).take(STATE_SIZE_MAX_BYTES).read_to_end(&mut content);
    read.map_err(|error| remote(format!("the state in the secret cannot be unpacked: {error}")))?;
    Ok(content)
}

/// Tells whether there is no such object.
pub(super) fn is_absent(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 404)
}

/// Tells whether somebody else was faster.
pub(super) fn is_conflict(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 409)
}

pub(super) fn failed(error: kube::Error) -> BackendError {
    match &error {
        kube::Error::Api(status) => {
            remote(format!("the cluster answered {}: {}", status.code, status.message))
        }
        other => remote(with_causes(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_can_be_unpacked() {
        let content = "state ".repeat(1000).into_bytes();
        let packed = pack(&content).unwrap();
        assert!(packed.len() < content.len());
        assert_eq!(unpack(&packed).unwrap(), content);
        assert!(unpack(b"no gzip").is_err());
    }
}
