//! The data planes of storage accounts, at `https://{account}.{service}.core.windows.net`: service properties,
//! containers with block blobs and leases, shares, queues and tables.
//!
//! What the Resource Manager knows too is asked of it, so that both planes speak of one world. Files in shares,
//! messages in queues and entities in tables are not emulated.

mod authorize;
mod blob;
mod child;
mod lease;
mod service_properties;
mod xml;

use bytes::Bytes;
use hyper::{HeaderMap, Method};
use serde_json::{Value, json};

use crate::arm;
use crate::behaviour::{Effects, Object};
use crate::clock::Timestamp;
use crate::error::ArmError;
use crate::http::{Request, Response};
use crate::resource_id::Key;
use crate::settings::Settings;
use crate::table::CATALOG;
use crate::world::World;

/// The API version in which the Resource Manager is asked.
const MANAGEMENT_VERSION: &str = "2025-08-01";

/// The version of the data planes' protocol.
const PROTOCOL_VERSION: &str = "2025-05-05";

/// One of the services that an account has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    Blob,
    File,
    Queue,
    Table,
}

impl Service {
    fn parse(label: &str) -> Option<Service> {
        match label {
            // Data Lake clients use the same accounts; what they share with blobs works.
            "blob" | "dfs" => Some(Service::Blob),
            "file" => Some(Service::File),
            "queue" => Some(Service::Queue),
            "table" => Some(Service::Table),
            _ => None,
        }
    }

    /// The service's child of the account in the Resource Manager.
    fn segment(self) -> &'static str {
        match self {
            Service::Blob => "blobServices",
            Service::File => "fileServices",
            Service::Queue => "queueServices",
            Service::Table => "tableServices",
        }
    }

    /// What the service's children are called there.
    fn children(self) -> &'static str {
        match self {
            Service::Blob => "containers",
            Service::File => "shares",
            Service::Queue => "queues",
            Service::Table => "tables",
        }
    }

    /// What error codes call a child.
    fn child_word(self) -> &'static str {
        match self {
            Service::Blob => "Container",
            Service::File => "Share",
            Service::Queue => "Queue",
            Service::Table => "Table",
        }
    }
}

/// A request to one service of one account.
struct Plane<'a> {
    world: &'a mut World,
    settings: &'a Settings,
    now: Timestamp,
    request: &'a Request,
    service: Service,
    /// The account's name, in lower case.
    account: String,
    /// The account's key in the world.
    key: Key,
}

/// Answers a request to `{account}.{service}.core.windows.net`.
pub(crate) fn answer(world: &mut World, settings: &Settings, now: Timestamp, request: &Request) -> Response {
    let labels: Vec<&str> = request.host.split('.').collect();
    let service = labels.get(1).and_then(|label| Service::parse(label));
    let account = labels.first().copied().unwrap_or_default().trim_end_matches("-secondary");
    let kind = CATALOG.find("Microsoft.Storage/storageAccounts");
    let key = kind.and_then(|kind| world.indexes().owner_of_name(kind, account)).cloned();
    let (Some(service), Some(key)) = (service, key) else {
        let error = ArmError::new(404, "ResourceNotFound", "The specified resource does not exist.");
        return refuse(request, service, &error);
    };
    let mut plane = Plane { world, settings, now, request, service, account: account.to_owned(), key };
    let response = match plane.authorize() {
        Ok(()) => plane.route().unwrap_or_else(|error| refuse(request, Some(service), &error)),
        Err(error) => plane.challenge(&error),
    };
    response.with_header("x-ms-version", PROTOCOL_VERSION)
}

/// Answers an error: as JSON where tables are asked for it, as XML everywhere else.
fn refuse(request: &Request, service: Option<Service>, error: &ArmError) -> Response {
    let wants_json = request.header("accept").is_some_and(|accept| accept.contains("json"));
    let response = if service == Some(Service::Table) && wants_json {
        let message = json!({"lang": "en-US", "value": error.message});
        Response::json(error.status, &json!({"odata.error": {"code": error.code, "message": message}}))
    } else {
        let mut body = xml::start();
        body.push_str("<Error>");
        xml::element(&mut body, "Code", &error.code);
        xml::element(&mut body, "Message", &error.message);
        body.push_str("</Error>");
        xml::response(error.status, body)
    };
    response.with_header("x-ms-error-code", error.code.clone())
}

impl Plane<'_> {
    fn route(&mut self) -> Result<Response, ArmError> {
        let request = self.request;
        let segments = request.path.segments();
        let component = request.query("comp").unwrap_or_default();
        match segments {
            [] if component == "properties" => self.service_properties(),
            [] if component == "list" => Ok(self.list_children()),
            [first] if self.service == Service::Table && first.starts_with("Tables") => self.table(first),
            // An encoded slash would lead into the child.
            [child, ..] if child.contains('/') => Err(invalid_name()),
            [child] => self.child(child, component),
            [container, ..] if self.service == Service::Blob => {
                let name = segments[1..].join("/");
                self.blob(container, &name, component)
            }
            _ => Err(not_emulated()),
        }
    }

    /// Asks the Resource Manager about something below the account; returns the body of its answer.
    fn manage(&mut self, method: Method, below: &str, body: Option<&Value>) -> Result<Value, ArmError> {
        let id = self.world.get(&self.key).map(|account| account.id.to_string()).unwrap_or_default();
        let uri = format!("{id}/{below}?api-version={MANAGEMENT_VERSION}");
        // Names come from the request's own path, and were part of a URI there.
        let uri = uri.parse().map_err(|_| invalid_name())?;
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = Request::new(method, &uri, HeaderMap::new(), Bytes::from(body));
        let mut context = arm::Context {
            world: self.world,
            settings: self.settings,
            now: self.now,
            request: &request,
            operation_failure: None,
        };
        let answer = arm::answer(&mut context);
        let value: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        if answer.status < 400 {
            return Ok(value);
        }
        let text = |name: &str| value["error"][name].as_str().unwrap_or_default().to_owned();
        Err(match answer.status {
            404 => self.child_not_found(),
            _ if text("code").contains("Name") => invalid_name(),
            status => ArmError::new(status, text("code"), text("message")),
        })
    }

    /// The path of a child of the service, below the account.
    fn child_path(&self, name: &str) -> String {
        let name = crate::resource_id::percent_encode(name);
        format!("{}/default/{}/{name}", self.service.segment(), self.service.children())
    }

    /// The key of a child of the service.
    fn child_key(&self, name: &str) -> Key {
        let path =
            format!("{}/{}/default/{}/{name}", self.key, self.service.segment(), self.service.children());
        crate::resource_id::key_of(&path)
    }

    fn child_not_found(&self) -> ArmError {
        let word = self.service.child_word();
        ArmError::new(
            404,
            format!("{word}NotFound"),
            format!("The specified {} does not exist.", word.to_lowercase()),
        )
    }

    fn effects(&mut self) -> Effects<'_> {
        Effects { world: self.world, settings: self.settings, now: self.now }
    }

    /// Changes the hidden part of a resource.
    fn hide(&mut self, key: &str, name: &str, value: Value) {
        self.world.update(key, |resource| {
            let mut hidden: Object = resource.hidden();
            hidden.insert(name.to_owned(), value);
            resource.set_hidden(hidden);
        });
    }

    /// The metadata in the request's headers.
    fn sent_metadata(&self) -> Object {
        let headers = self.request.headers.iter();
        headers
            .filter_map(|(name, value)| {
                let name = name.as_str().strip_prefix("x-ms-meta-")?;
                Some((name.to_owned(), json!(value.to_str().ok()?)))
            })
            .collect()
    }
}

fn invalid_name() -> ArmError {
    ArmError::bad_request("InvalidResourceName", "The specified resource name contains invalid characters.")
}

fn not_emulated() -> ArmError {
    ArmError::new(501, "NotImplemented", "The emulator does not do this with storage accounts.")
}

/// Adds metadata to an answer.
fn with_metadata(mut response: Response, metadata: Option<&Object>) -> Response {
    for (name, value) in metadata.into_iter().flatten() {
        if let Some(value) = value.as_str() {
            response.metadata.push((format!("x-ms-meta-{name}"), value.to_owned()));
        }
    }
    response
}
