//! A server that keeps what it is sent and knows nothing of Azure: the least that a stand-in for Azure Resource Manager
//! can be, over plain HTTP, with peculiarities that such servers have.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How a server differs from Azure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peculiarities {
    /// What it is called in messages of tests.
    pub(crate) name: &'static str,
    /// What it says about itself: nothing, an object, or a list of one.
    pub(crate) metadata: Metadata,
    /// The status of creates; 202 and 204 come without a body.
    pub(crate) created: u16,
    /// The status of deletions.
    pub(crate) deleted: u16,
    /// Whether bodies have ids, names and types.
    pub(crate) has_ids: bool,
    /// Whether all ids are in lower case.
    pub(crate) lowers_ids: bool,
    /// Whether there are lists; otherwise they are 405.
    pub(crate) has_lists: bool,
    /// Whether it knows PATCH; otherwise that is 405.
    pub(crate) has_patch: bool,
    /// Whether lists are plain arrays.
    pub(crate) has_bare_lists: bool,
    /// Whether refusals are plain text.
    pub(crate) has_plain_errors: bool,
    /// Whether bodies say that the resource was provisioned, as words of any case.
    pub(crate) state: Option<&'static str>,
}

/// What a server says about itself.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Metadata {
    None,
    Object,
    List,
}

/// The usual server: what it leaves out, the tables of tests say.
pub(crate) const PLAIN: Peculiarities = Peculiarities {
    name: "plain",
    metadata: Metadata::Object,
    created: 200,
    deleted: 200,
    has_ids: true,
    lowers_ids: false,
    has_lists: true,
    has_patch: true,
    has_bare_lists: false,
    has_plain_errors: false,
    state: None,
};

struct Cloud {
    base: String,
    how: Peculiarities,
    /// Bodies by their paths in lower case, each with the path as it was written.
    kept: Mutex<BTreeMap<String, (String, Json)>>,
}

/// Starts a server; returns its address. It ends with the test's runtime.
pub(crate) async fn start(how: Peculiarities) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback is there");
    let base = format!("http://{}", listener.local_addr().expect("bound"));
    let cloud = Arc::new(Cloud { base: base.clone(), how, kept: Mutex::default() });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&cloud)));
        }
    });
    base
}

async fn serve(mut stream: TcpStream, cloud: Arc<Cloud>) -> Option<()> {
    loop {
        let (head, body) = read_request(&mut stream).await?;
        let mut words = head.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        let path = target.split('?').next()?;
        let (status, body) = cloud.answer(method, path, &body);
        let text = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(text.as_bytes()).await.ok()?;
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_ascii_lowercase();
            let length = length.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some((head.to_owned(), body.to_owned()));
            }
        }
    }
}

impl Cloud {
    fn answer(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        if path.starts_with("/metadata/") {
            return self.describe();
        }
        if path.ends_with("/token") {
            return (200, json!({"access_token": "opaque", "expires_in": "3600"}).to_string());
        }
        let key = path.to_ascii_lowercase();
        let mut kept = self.kept.lock().expect("no panic");
        match method {
            "PATCH" if !self.how.has_patch => (405, String::new()),
            "PUT" | "PATCH" => {
                let sent = serde_json::from_str(body).unwrap_or_default();
                let is_new = !kept.contains_key(&key);
                let before = kept.remove(&key).map(|(_, body)| body).unwrap_or_default();
                let now = if method == "PATCH" { merged(before, sent) } else { sent };
                let now = self.complete(path, now);
                kept.insert(key, (path.to_owned(), now.clone()));
                let status = if is_new { self.how.created } else { 200 };
                (status, if matches!(status, 202 | 204) { String::new() } else { now.to_string() })
            }
            "GET" => match kept.get(&key) {
                Some((_, body)) => (200, body.to_string()),
                None => self.list(&kept, &key).unwrap_or_else(|| self.refuse(404, "ResourceNotFound")),
            },
            "DELETE" => {
                let below = format!("{key}/");
                let count = kept.len();
                kept.retain(|other, _| *other != key && !other.starts_with(&below));
                if kept.len() == count {
                    return self.refuse(404, "ResourceNotFound");
                }
                (self.how.deleted, if self.how.deleted == 200 { "OK".to_owned() } else { String::new() })
            }
            _ => self.refuse(404, "NotFound"),
        }
    }

    fn refuse(&self, status: u16, code: &str) -> (u16, String) {
        let body = json!({"error": {"code": code, "message": "There is none."}});
        (status, if self.how.has_plain_errors { "404 page not found".to_owned() } else { body.to_string() })
    }

    fn describe(&self) -> (u16, String) {
        let authentication = json!({"loginEndpoint": format!("{}/", self.base), "audiences": [self.base]});
        let document = json!({"resourceManager": self.base, "authentication": authentication});
        match self.how.metadata {
            Metadata::None => self.refuse(404, "NotFound"),
            Metadata::Object => (200, document.to_string()),
            Metadata::List => (200, json!([document]).to_string()),
        }
    }

    fn complete(&self, path: &str, mut body: Json) -> Json {
        if self.how.has_ids {
            body["id"] = if self.how.lowers_ids { path.to_ascii_lowercase() } else { path.to_owned() }.into();
            body["name"] = path.rsplit('/').next().unwrap_or_default().into();
        }
        if let Some(state) = self.how.state {
            body["properties"]["provisioningState"] = state.into();
        }
        body
    }

    /// Paths that end in the name of a type are lists, of what is right below them.
    fn list(&self, kept: &BTreeMap<String, (String, Json)>, key: &str) -> Option<(u16, String)> {
        let (_, after) = key.rsplit_once("/providers/").unwrap_or(("", key));
        if after.split('/').count() % 2 != 0 {
            return None;
        }
        if !self.how.has_lists {
            return Some((405, "method not allowed".to_owned()));
        }
        let below = format!("{key}/");
        let items: Vec<&Json> = kept
            .range(below.clone()..)
            .take_while(|(other, _)| other.starts_with(&below))
            .filter(|(other, _)| !other[below.len()..].contains('/'))
            .map(|(_, (_, body))| body)
            .collect();
        let list = if self.how.has_bare_lists { json!(items) } else { json!({ "value": items }) };
        Some((200, list.to_string()))
    }
}

fn merged(base: Json, over: Json) -> Json {
    match (base, over) {
        (Json::Object(mut base), Json::Object(over)) => {
            for (name, value) in over {
                let below = base.remove(&name).unwrap_or_default();
                base.insert(name, merged(below, value));
            }
            Json::Object(base)
        }
        (_, over) => over,
    }
}
