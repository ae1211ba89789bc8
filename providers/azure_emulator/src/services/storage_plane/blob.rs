//! Block blobs: written whole or in blocks, read whole or in ranges.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::Method;
use serde_json::{Value, json};

use super::child::etag;
use super::lease::{Lease, check_writer};
use super::{Plane, not_emulated, with_metadata, xml};
use crate::behaviour::Object;
use crate::body::text_at;
use crate::error::ArmError;
use crate::http::Response;
use crate::resource_id::Key;
use crate::world::Resource;

const TYPE: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";

/// Headers of a blob that its writer chooses, as they are sent and as they are answered.
const CONTENT_HEADERS: &[(&str, &str)] = &[
    ("x-ms-blob-content-type", "content-type"),
    ("x-ms-blob-content-encoding", "content-encoding"),
    ("x-ms-blob-content-language", "content-language"),
    ("x-ms-blob-content-disposition", "content-disposition"),
    ("x-ms-blob-cache-control", "cache-control"),
    ("x-ms-blob-content-md5", "content-md5"),
];

impl Plane<'_> {
    /// Answers a request to `/{container}/{blob}`.
    pub(super) fn blob(
        &mut self,
        container: &str,
        name: &str,
        component: &str,
    ) -> Result<Response, ArmError> {
        let parent = self.child_key(container);
        if !self.world.contains(&parent) {
            return Err(self.child_not_found());
        }
        // Names are compared with their casing, keys without: the digits stand for the name.
        let digits: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
        let key: Key = format!("{parent}/blobs/{digits}").into();
        let exists = self.world.contains(&key);
        let method = self.request.method.clone();
        match (component, &method) {
            ("", &Method::PUT) => self.put_blob(&key, name),
            ("block", &Method::PUT) => self.put_block(&key, name),
            ("blocklist", &Method::PUT) => self.put_block_list(&key, name),
            _ if !exists || self.is_uncommitted(&key) => Err(blob_not_found()),
            ("", &Method::GET | &Method::HEAD) => self.get_blob(&key),
            ("", &Method::DELETE) => self.delete_blob(&key),
            ("metadata", &Method::GET | &Method::HEAD) => {
                self.get_blob(&key).map(|response| Response { content: None, ..response })
            }
            ("metadata", &Method::PUT) => {
                self.check_change(&key)?;
                let metadata = self.sent_metadata();
                self.effects().edit(&key, |body| drop(body.insert("metadata".into(), metadata.into())));
                Ok(self.written(&key, 200))
            }
            ("properties", &Method::PUT) => {
                self.check_change(&key)?;
                let headers = self.content_headers();
                self.effects().edit(&key, |body| drop(body.insert("headers".into(), headers.into())));
                Ok(self.written(&key, 200))
            }
            ("lease", _) => self.lease(&key),
            _ => Err(not_emulated()),
        }
    }

    fn hidden_of(&self, key: &str) -> Object {
        self.world.get(key).map(Resource::hidden).unwrap_or_default()
    }

    /// Blocks alone make no blob.
    fn is_uncommitted(&self, key: &str) -> bool {
        !self.hidden_of(key).contains_key("content")
    }

    /// Checks the lease and the conditions of a request that changes or replaces a blob.
    fn check_change(&self, key: &str) -> Result<(), ArmError> {
        let blob = self.world.get(key).filter(|_| !self.is_uncommitted(key));
        if let Some(blob) = blob {
            check_writer(&blob.hidden(), self.request, self.now)?;
        }
        let current = blob.map(etag);
        let unmet = || {
            ArmError::new(
                412,
                "ConditionNotMet",
                "The condition specified using HTTP conditional header(s) is not met.",
            )
        };
        if let Some(wanted) = self.request.header("if-match")
            && current.as_deref().is_none_or(|current| wanted != "*" && wanted != current)
        {
            return Err(unmet());
        }
        match (self.request.header("if-none-match"), current) {
            (Some("*"), Some(_)) => {
                Err(ArmError::conflict("BlobAlreadyExists", "The specified blob already exists."))
            }
            (Some(unwanted), Some(current)) if unwanted == current => Err(unmet()),
            _ => Ok(()),
        }
    }

    fn content_headers(&self) -> Object {
        let sent = CONTENT_HEADERS
            .iter()
            .filter_map(|(sent, answered)| Some(((*answered).to_owned(), json!(self.request.header(sent)?))));
        let mut headers: Object = sent.collect();
        if !headers.contains_key("content-type") {
            let sent = self.request.header("content-type").filter(|_| self.request.query("comp").is_none());
            headers.insert("content-type".into(), json!(sent.unwrap_or("application/octet-stream")));
        }
        headers
    }

    fn store(&mut self, key: &Key, name: &str, content: &[u8]) {
        let body = json!({
            "name": name,
            "headers": self.content_headers(),
            "metadata": self.sent_metadata(),
            "size": content.len(),
        });
        let mut hidden = self.hidden_of(key);
        hidden.remove("blocks");
        hidden.insert("content".into(), json!(STANDARD.encode(content)));
        self.effects().put(TYPE, key, body.as_object().cloned().unwrap_or_default(), hidden);
    }

    fn put_blob(&mut self, key: &Key, name: &str) -> Result<Response, ArmError> {
        match self.request.header("x-ms-blob-type") {
            Some("BlockBlob") if self.request.header("x-ms-copy-source").is_none() => {}
            None if self.request.header("x-ms-copy-source").is_none() => {
                return Err(ArmError::bad_request(
                    "MissingRequiredHeader",
                    "An HTTP header that's mandatory for this request is not specified: x-ms-blob-type.",
                ));
            }
            _ => return Err(not_emulated()),
        }
        self.check_change(key)?;
        let content = self.request.body.clone();
        self.store(key, name, &content);
        Ok(self.written(key, 201))
    }

    /// Keeps a block until a list of blocks names it.
    fn put_block(&mut self, key: &Key, name: &str) -> Result<Response, ArmError> {
        let id = self.request.query("blockid").unwrap_or_default().to_owned();
        if id.is_empty() {
            return Err(ArmError::bad_request("InvalidQueryParameterValue", "blockid is not specified."));
        }
        if !self.is_uncommitted(key) {
            check_writer(&self.hidden_of(key), self.request, self.now)?;
        }
        if !self.world.contains(key) {
            let body = json!({"name": name}).as_object().cloned().unwrap_or_default();
            self.effects().put(TYPE, key, body, Object::new());
        }
        let content = STANDARD.encode(&self.request.body);
        let mut blocks =
            self.hidden_of(key).get("blocks").and_then(Value::as_object).cloned().unwrap_or_default();
        blocks.insert(id, json!(content));
        self.hide(key, "blocks", Value::Object(blocks));
        Ok(Response::empty(201))
    }

    fn put_block_list(&mut self, key: &Key, name: &str) -> Result<Response, ArmError> {
        self.check_change(key)?;
        let sent = String::from_utf8_lossy(&self.request.body).into_owned();
        let hidden = self.hidden_of(key);
        let blocks = hidden.get("blocks").and_then(Value::as_object);
        let mut content = Vec::new();
        for element in sent.split("</").filter_map(|text| text.rsplit_once('>')) {
            let is_block =
                ["<Latest", "<Uncommitted", "<Committed"].iter().any(|tag| element.0.ends_with(tag));
            if !is_block {
                continue;
            }
            let block = blocks.and_then(|blocks| blocks.get(element.1.trim())).and_then(Value::as_str);
            let block = block.and_then(|block| STANDARD.decode(block).ok());
            let invalid =
                || ArmError::bad_request("InvalidBlockList", "The specified block list is invalid.");
            content.extend(block.ok_or_else(invalid)?);
        }
        self.store(key, name, &content);
        Ok(self.written(key, 201))
    }

    /// The answer to a change.
    fn written(&self, key: &str, status: u16) -> Response {
        let blob = self.world.get(key);
        Response::empty(status)
            .with_header("etag", blob.map(etag).unwrap_or_default())
            .with_header("last-modified", blob.map(|blob| blob.changed.http_date()).unwrap_or_default())
            .with_header("x-ms-request-server-encrypted", "true")
    }

    fn get_blob(&self, key: &str) -> Result<Response, ArmError> {
        let blob = self.world.get(key).ok_or_else(blob_not_found)?;
        let (body, hidden) = (blob.body(), blob.hidden());
        let current = etag(blob);
        if self.request.header("if-none-match") == Some(&current) {
            return Ok(Response::empty(304).with_header("etag", current));
        }
        let content = text_at(&hidden, &["content"]).and_then(|content| STANDARD.decode(content).ok());
        let content = Bytes::from(content.unwrap_or_default());
        let lease = Lease::of(&hidden, self.now);
        let mut response = Response { status: 200, ..Response::default() }
            .with_header("etag", current)
            .with_header("last-modified", blob.changed.http_date())
            .with_header("x-ms-creation-time", blob.created.http_date())
            .with_header("x-ms-blob-type", "BlockBlob")
            .with_header("x-ms-lease-status", if lease.is_some() { "locked" } else { "unlocked" })
            .with_header("x-ms-lease-state", if lease.is_some() { "leased" } else { "available" })
            .with_header("x-ms-access-tier", "Hot")
            .with_header("x-ms-server-encrypted", "true")
            .with_header("accept-ranges", "bytes");
        if let Some(lease) = &lease {
            let length = if lease.ends.is_some() { "fixed" } else { "infinite" };
            response = response.with_header("x-ms-lease-duration", length);
        }
        for (_, name) in CONTENT_HEADERS {
            if let Some(value) = text_at(&body, &["headers", name]) {
                response = response.with_header(name, value);
            }
        }
        let range = self.request.header("x-ms-range").or_else(|| self.request.header("range"));
        let response = match range.filter(|_| self.request.method == Method::GET) {
            Some(range) => with_range(response, &content, range)?,
            None => Response { content: Some(content), ..response },
        };
        Ok(with_metadata(response, body.get("metadata").and_then(Value::as_object)))
    }

    fn delete_blob(&mut self, key: &str) -> Result<Response, ArmError> {
        self.check_change(key)?;
        self.effects().remove_tree(key);
        Ok(Response::empty(202).with_header("x-ms-delete-type-permanent", "true"))
    }

    /// Answers a list of a container's blobs; with a delimiter, names that go on after it are put together.
    pub(super) fn list_blobs(&mut self, container: &str) -> Result<Response, ArmError> {
        let parent = self.child_key(container);
        if !self.world.contains(&parent) {
            return Err(self.child_not_found());
        }
        let prefix = self.request.query("prefix").unwrap_or_default();
        let delimiter = self.request.query("delimiter").filter(|delimiter| !delimiter.is_empty());
        let with_metadata = self.request.query("include").is_some_and(|include| include.contains("metadata"));
        let mut body = xml::start();
        body.push_str(&format!(
            "<EnumerationResults ServiceEndpoint=\"https://{}/\" ContainerName=\"{}\"><Blobs>",
            self.request.host,
            xml::escape(container)
        ));
        let mut last_group = None;
        // In key order, which is the order of the names' bytes.
        for (_, blob) in self.world.below(&format!("{parent}/blobs")) {
            let described = blob.body();
            let name = text_at(&described, &["name"]).unwrap_or_default();
            let Some(rest) = name.strip_prefix(prefix) else { continue };
            if !described.contains_key("size") {
                continue;
            }
            let group = delimiter.and_then(|delimiter| Some(rest.find(delimiter)? + delimiter.len()));
            if let Some(end) = group {
                let group = format!("{prefix}{}", &rest[..end]);
                if last_group.as_ref() != Some(&group) {
                    body.push_str("<BlobPrefix>");
                    xml::element(&mut body, "Name", &group);
                    body.push_str("</BlobPrefix>");
                    last_group = Some(group);
                }
                continue;
            }
            self.list_blob(&mut body, blob, &described, with_metadata);
        }
        body.push_str("</Blobs><NextMarker /></EnumerationResults>");
        Ok(xml::response(200, body))
    }

    fn list_blob(&self, out: &mut String, blob: &Resource, body: &Object, with_metadata: bool) {
        let is_leased = Lease::of(&blob.hidden(), self.now).is_some();
        out.push_str("<Blob>");
        xml::element(out, "Name", text_at(body, &["name"]).unwrap_or_default());
        out.push_str("<Properties>");
        xml::element(out, "Creation-Time", &blob.created.http_date());
        xml::element(out, "Last-Modified", &blob.changed.http_date());
        xml::element(out, "Etag", &etag(blob));
        let size = body.get("size").and_then(Value::as_u64).unwrap_or(0);
        xml::element(out, "Content-Length", &size.to_string());
        xml::element(out, "Content-Type", text_at(body, &["headers", "content-type"]).unwrap_or_default());
        xml::element(out, "BlobType", "BlockBlob");
        xml::element(out, "AccessTier", "Hot");
        xml::element(out, "LeaseStatus", if is_leased { "locked" } else { "unlocked" });
        xml::element(out, "LeaseState", if is_leased { "leased" } else { "available" });
        out.push_str("</Properties>");
        if with_metadata {
            out.push_str("<Metadata>");
            for (name, value) in body.get("metadata").and_then(Value::as_object).into_iter().flatten() {
                xml::element(out, name, value.as_str().unwrap_or_default());
            }
            out.push_str("</Metadata>");
        }
        out.push_str("</Blob>");
    }
}

fn with_range(response: Response, content: &Bytes, range: &str) -> Result<Response, ArmError> {
    let bounds = range.strip_prefix("bytes=").and_then(|range| range.split_once('-'));
    let start = bounds.and_then(|(start, _)| start.parse::<usize>().ok());
    let Some((start, (_, end))) = start.zip(bounds) else {
        // What cannot be read is no range.
        return Ok(Response { content: Some(content.clone()), ..response });
    };
    let end = end.parse::<usize>().map_or(content.len(), |end| end.saturating_add(1).min(content.len()));
    if start >= end {
        return Err(ArmError::new(
            416,
            "InvalidRange",
            "The range specified is invalid for the current size of the resource.",
        ));
    }
    let described = format!("bytes {start}-{}/{}", end - 1, content.len());
    let response = response.with_header("content-range", described);
    Ok(Response { status: 206, content: Some(content.slice(start..end)), ..response })
}

fn blob_not_found() -> ArmError {
    ArmError::new(404, "BlobNotFound", "The specified blob does not exist.")
}
