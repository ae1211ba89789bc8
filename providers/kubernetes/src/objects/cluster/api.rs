//! Requests to the API server, with objects as JSON.

use std::time::Duration;

use http::{Method, Request, StatusCode, header};
use kube::client::Body;
use serde_json::{Map, Value as Json};

use super::connection::{Cluster, client_error};
use super::error::{ApiError, Refusal};

/// After how long something is asked again that had no answer.
const SECOND_TRY: Duration = Duration::from_millis(250);

/// An object of the cluster.
pub(crate) type Object = Map<String, Json>;

/// All objects of a kind, in one namespace or in all.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Target {
    pub(crate) api_version: String,
    /// The name in paths of the API.
    pub(crate) plural: String,
    pub(crate) namespace: Option<String>,
}

impl Target {
    /// Names a kind, and a namespace where it has one.
    pub(crate) fn new(api_version: &str, plural: &str, namespace: Option<&str>) -> Self {
        let namespace = namespace.map(ToOwned::to_owned);
        Self { api_version: api_version.to_owned(), plural: plural.to_owned(), namespace }
    }

    fn path(&self) -> String {
        let base = if self.api_version.contains('/') { "/apis" } else { "/api" };
        match &self.namespace {
            Some(namespace) => {
                format!("{base}/{}/namespaces/{}/{}", self.api_version, escape(namespace), self.plural)
            }
            None => format!("{base}/{}/{}", self.api_version, self.plural),
        }
    }
}

/// How an object is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Write<'a> {
    /// In whose name.
    pub(crate) manager: &'a str,
    /// Whether fields that others hold are taken over.
    pub(crate) force: bool,
    /// Whether it is only tried.
    pub(crate) dry_run: bool,
}

/// What a server-side apply has done, or would do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Applied {
    pub(crate) object: Object,
    /// Whether the object was not there before.
    pub(crate) created: bool,
}

/// What is asked about the objects of a kind.
pub(crate) struct Api<'a> {
    cluster: &'a Cluster,
    target: Target,
}

impl Cluster {
    /// Returns what can be asked about the objects of a kind.
    pub(crate) fn api(&self, target: Target) -> Api<'_> {
        Api { cluster: self, target }
    }

    /// Asks for a path as it is.
    ///
    /// # Errors
    /// When there is no answer, or the answer is no.
    pub(crate) async fn get_path(&self, path: &str, accept: &str) -> Result<Json, ApiError> {
        let request = Request::get(path).header(header::ACCEPT, accept);
        let (_, body) = self.send(request, Vec::new()).await?;
        parse(self, &body)
    }

    async fn send(
        &self,
        request: http::request::Builder,
        body: Vec<u8>,
    ) -> Result<(StatusCode, Vec<u8>), ApiError> {
        let request = request
            .header(header::USER_AGENT, concat!("terrane/", env!("CARGO_PKG_VERSION")))
            .body(body)
            .map_err(|error| ApiError::Unusable(error.to_string()))?;
        let (parts, body) = request.into_parts();
        let again = (parts.method == Method::GET).then(|| parts.clone());
        let first = self.send_once(Request::from_parts(parts, Body::from(body))).await;
        match (first, again) {
            // Of several servers behind one address, one may have gone; the next connection is likely to find another.
            (Err(ApiError::Unreachable { .. }), Some(parts)) => {
                tokio::time::sleep(SECOND_TRY).await;
                self.send_once(Request::from_parts(parts, Body::empty())).await
            }
            (first, _) => first,
        }
    }

    async fn send_once(&self, request: Request<Body>) -> Result<(StatusCode, Vec<u8>), ApiError> {
        let response = self.client.send(request).await.map_err(|error| client_error(&self.server, &error))?;
        let status = response.status();
        let body =
            response.into_body().collect_bytes().await.map_err(|error| client_error(&self.server, &error))?;
        if status.is_client_error() || status.is_server_error() {
            return Err(ApiError::Refused(Box::new(Refusal::read(status.as_u16(), &body))));
        }
        Ok((status, body.to_vec()))
    }
}

impl Api<'_> {
    /// Reads one object; nothing when it is not there.
    ///
    /// # Errors
    /// When there is no answer, or the answer is no.
    pub(crate) async fn find(&self, name: &str) -> Result<Option<Object>, ApiError> {
        match self.get(name).await {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads one object.
    ///
    /// # Errors
    /// When there is no answer, or the answer is no.
    pub(crate) async fn get(&self, name: &str) -> Result<Object, ApiError> {
        self.call(Method::GET, &self.one(name), None, Vec::new()).await
    }

    /// Reads all objects, as many as the server has.
    ///
    /// # Errors
    /// When there is no answer, or the answer is no.
    pub(crate) async fn list(&self, selectors: &[(&str, &str)]) -> Result<Vec<Object>, ApiError> {
        let list =
            self.call(Method::GET, &with_query(&self.target.path(), selectors), None, Vec::new()).await?;
        let Some(Json::Array(items)) =
            list.into_iter().find_map(|(key, items)| (key == "items").then_some(items))
        else {
            return Ok(Vec::new());
        };
        Ok(items.into_iter().filter_map(into_object).collect())
    }

    /// Makes an object whose name the server may choose.
    ///
    /// # Errors
    /// When there is no answer, or the answer is no.
    pub(crate) async fn create(&self, object: &Object, write: Write<'_>) -> Result<Object, ApiError> {
        let mut query = vec![("fieldManager", write.manager)];
        if write.dry_run {
            query.push(("dryRun", "All"));
        }
        let path = with_query(&self.target.path(), &query);
        self.call(Method::POST, &path, Some("application/json"), to_bytes(object)).await
    }

    /// Posts an object to a subresource of another.
    ///
    /// # Errors
    /// When there is no answer, or the answer is no.
    pub(crate) async fn create_under(
        &self,
        name: &str,
        subresource: &str,
        object: &Object,
    ) -> Result<Object, ApiError> {
        let path = format!("{}/{subresource}", self.one(name));
        self.call(Method::POST, &path, Some("application/json"), to_bytes(object)).await
    }

    /// Replaces a subresource of an object.
    ///
    /// # Errors
    /// When there is no answer, or the answer is no.
    pub(crate) async fn replace_under(
        &self,
        name: &str,
        subresource: &str,
        object: &Object,
    ) -> Result<Object, ApiError> {
        let path = format!("{}/{subresource}", self.one(name));
        self.call(Method::PUT, &path, Some("application/json"), to_bytes(object)).await
    }

    /// Makes or changes an object: the fields that are sent belong to the manager afterwards, and those that
    /// belonged to it alone and are not sent are gone.
    ///
    /// # Errors
    /// When there is no answer, or the answer is no.
    pub(crate) async fn apply(
        &self,
        name: &str,
        object: &Object,
        write: Write<'_>,
    ) -> Result<Applied, ApiError> {
        let force = if write.force { "true" } else { "false" };
        let mut query = vec![("fieldManager", write.manager), ("force", force)];
        if write.dry_run {
            query.push(("dryRun", "All"));
        }
        let request = Request::patch(with_query(&self.one(name), &query))
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/apply-patch+yaml");
        let (status, body) = self.cluster.send(request, to_bytes(object)).await?;
        Ok(Applied { object: parse_object(self.cluster, &body)?, created: status == StatusCode::CREATED })
    }

    /// Changes an object by a list of operations (JSON Patch, RFC 6902).
    ///
    /// # Errors
    /// When there is no answer, or the answer is no.
    pub(crate) async fn patch(
        &self,
        name: &str,
        operations: &Json,
        manager: &str,
    ) -> Result<Object, ApiError> {
        let path = with_query(&self.one(name), &[("fieldManager", manager)]);
        let body = operations.to_string().into_bytes();
        self.call(Method::PATCH, &path, Some("application/json-patch+json"), body).await
    }

    /// Deletes an object; nothing when it was not there. The answer is the object on its way out, or a status.
    ///
    /// # Errors
    /// When there is no answer, or the answer is no.
    pub(crate) async fn delete(&self, name: &str, uid: Option<&str>) -> Result<Option<Object>, ApiError> {
        let mut options = Map::new();
        options.insert("propagationPolicy".to_owned(), "Background".into());
        if let Some(uid) = uid {
            options.insert("preconditions".to_owned(), serde_json::json!({ "uid": uid }));
        }
        match self.call(Method::DELETE, &self.one(name), Some("application/json"), to_bytes(&options)).await {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads the last lines of a container's log, of its last run but one if `previous`.
    ///
    /// # Errors
    /// When there is no answer, or the answer is no.
    pub(crate) async fn log_tail(
        &self,
        pod: &str,
        container: &str,
        lines: usize,
        previous: bool,
    ) -> Result<String, ApiError> {
        let (lines, previous) = (lines.to_string(), previous.to_string());
        let query =
            [("container", container), ("tailLines", lines.as_str()), ("previous", previous.as_str())];
        let request = Request::get(with_query(&format!("{}/log", self.one(pod)), &query));
        let (_, body) = self.cluster.send(request, Vec::new()).await?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    fn one(&self, name: &str) -> String {
        format!("{}/{}", self.target.path(), escape(name))
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        content_type: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Object, ApiError> {
        let mut request =
            Request::builder().method(method).uri(path).header(header::ACCEPT, "application/json");
        if let Some(content_type) = content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        let (_, body) = self.cluster.send(request, body).await?;
        parse_object(self.cluster, &body)
    }
}

fn to_bytes(object: &Object) -> Vec<u8> {
    serde_json::to_vec(object).unwrap_or_default()
}

fn parse(cluster: &Cluster, body: &[u8]) -> Result<Json, ApiError> {
    serde_json::from_slice(body).map_err(|error| ApiError::Unreachable {
        server: cluster.server.clone(),
        message: format!("the answer is no JSON: {error}"),
    })
}

fn parse_object(cluster: &Cluster, body: &[u8]) -> Result<Object, ApiError> {
    Ok(into_object(parse(cluster, body)?).unwrap_or_default())
}

/// Returns the inside of a JSON object.
pub(crate) fn into_object(json: Json) -> Option<Object> {
    match json {
        Json::Object(object) => Some(object),
        _ => None,
    }
}

fn with_query(path: &str, parameters: &[(&str, &str)]) -> String {
    let query: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

/// Writes what may not stand in a path or query as it is by its bytes.
fn escape(text: &str) -> String {
    use std::fmt::Write;
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_follow_groups_and_namespaces() {
        assert_eq!(Target::new("v1", "nodes", None).path(), "/api/v1/nodes");
        assert_eq!(
            Target::new("apps/v1", "deployments", Some("n")).path(),
            "/apis/apps/v1/namespaces/n/deployments"
        );
        assert_eq!(with_query("/p", &[("a", "x=y,z!")]), "/p?a=x%3Dy%2Cz%21");
        assert_eq!(escape("system:a b/c"), "system:a%20b%2Fc");
    }
}
