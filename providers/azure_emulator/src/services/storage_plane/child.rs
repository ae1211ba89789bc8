//! Containers, shares, queues and tables.

use hyper::Method;
use serde_json::{Value, json};

use super::{Plane, Service, not_emulated, with_metadata, xml};
use crate::body::{object_at, text_at};
use crate::error::ArmError;
use crate::http::Response;
use crate::resource_id::name_of;
use crate::world::Resource;

impl Plane<'_> {
    /// Answers a request to `/{child}`.
    pub(super) fn child(&mut self, name: &str, component: &str) -> Result<Response, ArmError> {
        let method = self.request.method.clone();
        match (component, &method) {
            ("", &Method::PUT) => self.create_child(name),
            ("", &Method::DELETE) => self.delete_child(name),
            ("" | "metadata", &Method::GET | &Method::HEAD) => self.read_child(name),
            ("metadata", &Method::PUT) => {
                self.replace_metadata(name)?;
                Ok(Response::empty(if self.service == Service::Queue { 204 } else { 200 }))
            }
            ("properties", &Method::PUT) if self.service == Service::File => {
                let properties = self.share_properties();
                self.change_child(name, properties)?;
                Ok(Response::empty(200))
            }
            ("acl", &Method::GET | &Method::HEAD) => self.read_policies(name),
            ("acl", &Method::PUT) => self.write_policies(name),
            ("list", &Method::GET) if self.service == Service::Blob => self.list_blobs(name),
            _ => Err(not_emulated()),
        }
    }

    /// Answers a request to `/Tables` or `/Tables('{name}')`.
    pub(super) fn table(&mut self, segment: &str) -> Result<Response, ArmError> {
        let name = segment.strip_prefix("Tables('").and_then(|name| name.strip_suffix("')"));
        match (name, &self.request.method) {
            (None, &Method::GET) => {
                let names = self.children().into_iter().map(|child| json!({"TableName": child.name()}));
                Ok(Response::json(200, &json!({"value": names.collect::<Vec<_>>()})))
            }
            (None, &Method::POST) => {
                let body = self.request.json_object()?;
                let name = text_at(&body, &["TableName"]).unwrap_or_default().to_owned();
                self.create_child(&name)?;
                let silent = self.request.header("prefer") == Some("return-no-content");
                Ok(if silent {
                    Response::empty(204)
                } else {
                    Response::json(201, &json!({"TableName": name}))
                })
            }
            (Some(name), &Method::GET) => {
                let child = self.world.get(&self.child_key(name)).ok_or_else(|| self.child_not_found())?;
                Ok(Response::json(200, &json!({"TableName": child.name()})))
            }
            (Some(name), &Method::DELETE) => {
                let name = name.to_owned();
                self.delete_child(&name)
            }
            _ => Err(not_emulated()),
        }
    }

    fn create_child(&mut self, name: &str) -> Result<Response, ArmError> {
        let key = self.child_key(name);
        if self.world.contains(&key) {
            return Err(self.already_exists());
        }
        let mut properties = match self.service {
            Service::Blob => self.container_properties(),
            Service::File => self.share_properties(),
            Service::Queue | Service::Table => json!({}),
        };
        if self.service != Service::Table {
            properties["metadata"] = Value::Object(self.sent_metadata());
        }
        let path = self.child_path(name);
        self.manage(Method::PUT, &path, Some(&json!({"properties": properties})))?;
        let made = self.world.get(&key).map(|child| (etag(child), child.changed.http_date()));
        let (etag, date) = made.unwrap_or_default();
        Ok(Response::empty(201).with_header("etag", etag).with_header("last-modified", date))
    }

    fn already_exists(&self) -> ArmError {
        let word = self.service.child_word();
        let message = format!("The specified {} already exists.", word.to_lowercase());
        ArmError::conflict(format!("{word}AlreadyExists"), message)
    }

    fn delete_child(&mut self, name: &str) -> Result<Response, ArmError> {
        let key = self.child_key(name);
        if !self.world.contains(&key) {
            return Err(self.child_not_found());
        }
        let path = self.child_path(name);
        self.manage(Method::DELETE, &path, None)?;
        let has_body_later = matches!(self.service, Service::Blob | Service::File);
        Ok(Response::empty(if has_body_later { 202 } else { 204 }))
    }

    fn change_child(&mut self, name: &str, properties: Value) -> Result<(), ArmError> {
        if !self.world.contains(&self.child_key(name)) {
            return Err(self.child_not_found());
        }
        let path = self.child_path(name);
        self.manage(Method::PATCH, &path, Some(&json!({"properties": properties})))?;
        Ok(())
    }

    /// Unlike a change through the Resource Manager, this drops what is not sent.
    fn replace_metadata(&mut self, name: &str) -> Result<(), ArmError> {
        let key = self.child_key(name);
        if !self.world.contains(&key) {
            return Err(self.child_not_found());
        }
        let metadata = Value::Object(self.sent_metadata());
        self.effects().edit(&key, |body| {
            object_at(body, "properties").insert("metadata".into(), metadata);
        });
        Ok(())
    }

    fn read_child(&self, name: &str) -> Result<Response, ArmError> {
        let child = self.world.get(&self.child_key(name)).ok_or_else(|| self.child_not_found())?;
        let body = child.body();
        let text = |name: &str| text_at(&body, &["properties", name]).unwrap_or_default().to_owned();
        let mut response = Response::empty(200)
            .with_header("etag", etag(child))
            .with_header("last-modified", child.changed.http_date());
        match self.service {
            Service::Blob => {
                if let Some(access) = public_access(&text("publicAccess")) {
                    response = response.with_header("x-ms-blob-public-access", access);
                }
                for (name, value) in CONTAINER_HEADERS {
                    response = response.with_header(name, *value);
                }
            }
            Service::File => {
                let quota = crate::body::at(&body, &["properties", "shareQuota"]).and_then(Value::as_u64);
                let tier = Some(text("accessTier")).filter(|tier| !tier.is_empty());
                let protocols = Some(text("enabledProtocols")).filter(|protocols| !protocols.is_empty());
                response = response
                    .with_header("x-ms-share-quota", quota.unwrap_or(SHARE_QUOTA_GIB).to_string())
                    .with_header("x-ms-access-tier", tier.unwrap_or_else(|| "TransactionOptimized".into()))
                    .with_header("x-ms-enabled-protocols", protocols.unwrap_or_else(|| "SMB".into()));
            }
            Service::Queue => response = response.with_header("x-ms-approximate-messages-count", "0"),
            Service::Table => {}
        }
        let metadata = crate::body::at(&body, &["properties", "metadata"]).and_then(Value::as_object);
        Ok(with_metadata(response, metadata))
    }

    fn container_properties(&self) -> Value {
        let access = match self.request.header("x-ms-blob-public-access") {
            Some("container") => "Container",
            Some("blob") => "Blob",
            _ => "None",
        };
        json!({"publicAccess": access})
    }

    fn share_properties(&self) -> Value {
        let quota = self.request.header("x-ms-share-quota").and_then(|quota| quota.parse().ok());
        let mut properties = json!({"shareQuota": quota.unwrap_or(SHARE_QUOTA_GIB)});
        for (header, name) in
            [("x-ms-enabled-protocols", "enabledProtocols"), ("x-ms-access-tier", "accessTier")]
        {
            if let Some(value) = self.request.header(header) {
                properties[name] = json!(value);
            }
        }
        properties
    }

    /// Stored access policies are kept as they were sent.
    fn read_policies(&self, name: &str) -> Result<Response, ArmError> {
        let child = self.world.get(&self.child_key(name)).ok_or_else(|| self.child_not_found())?;
        let hidden = child.hidden();
        let empty = || xml::start() + "<SignedIdentifiers />";
        let policies = hidden.get("policies").and_then(Value::as_str).map_or_else(empty, str::to_owned);
        let response = xml::response(200, policies).with_header("etag", etag(child));
        let access =
            public_access(text_at(&child.body(), &["properties", "publicAccess"]).unwrap_or_default());
        Ok(match access {
            Some(access) => response.with_header("x-ms-blob-public-access", access),
            None => response,
        })
    }

    fn write_policies(&mut self, name: &str) -> Result<Response, ArmError> {
        if self.service == Service::Blob {
            let properties = self.container_properties();
            self.change_child(name, properties)?;
        }
        let key = self.child_key(name);
        if !self.world.contains(&key) {
            return Err(self.child_not_found());
        }
        let sent = String::from_utf8_lossy(&self.request.body).into_owned();
        if !sent.trim().is_empty() {
            if xml::children(&sent).is_none() {
                return Err(ArmError::bad_request("InvalidXmlDocument", "XML specified is not valid."));
            }
            self.hide(&key, "policies", json!(sent));
        }
        Ok(Response::empty(if matches!(self.service, Service::Queue | Service::Table) { 204 } else { 200 }))
    }

    fn children(&self) -> Vec<&Resource> {
        let parent = format!("{}/{}/default", self.key, self.service.segment().to_lowercase());
        let mut children: Vec<&Resource> =
            self.world.children(&parent, self.service.children()).into_iter().map(|(_, it)| it).collect();
        children.sort_by(|left, right| left.name().cmp(right.name()));
        children
    }

    /// Answers a list of all children.
    pub(super) fn list_children(&self) -> Response {
        let prefix = self.request.query("prefix").unwrap_or_default();
        let word = self.service.child_word();
        let mut body = xml::start();
        body.push_str(&format!(
            "<EnumerationResults ServiceEndpoint=\"https://{}/\"><{word}s>",
            self.request.host
        ));
        for child in self.children().into_iter().filter(|child| child.name().starts_with(prefix)) {
            body.push_str(&format!("<{word}>"));
            xml::element(&mut body, "Name", name_of(&child.id));
            body.push_str("<Properties>");
            xml::element(&mut body, "Last-Modified", &child.changed.http_date());
            xml::element(&mut body, "Etag", &etag(child));
            if self.service == Service::File {
                let body_of = child.body();
                let quota = crate::body::at(&body_of, &["properties", "shareQuota"]).and_then(Value::as_u64);
                xml::element(&mut body, "Quota", &quota.unwrap_or(SHARE_QUOTA_GIB).to_string());
            }
            if self.service == Service::Blob {
                xml::element(&mut body, "LeaseStatus", "unlocked");
                xml::element(&mut body, "LeaseState", "available");
            }
            body.push_str("</Properties>");
            body.push_str(&format!("</{word}>"));
        }
        body.push_str(&format!("</{word}s><NextMarker /></EnumerationResults>"));
        xml::response(200, body)
    }
}

/// What a share may hold if the client does not say.
const SHARE_QUOTA_GIB: u64 = 5120;

const CONTAINER_HEADERS: &[(&str, &str)] = &[
    ("x-ms-lease-status", "unlocked"),
    ("x-ms-lease-state", "available"),
    ("x-ms-has-immutability-policy", "false"),
    ("x-ms-has-legal-hold", "false"),
    ("x-ms-default-encryption-scope", "$account-encryption-key"),
    ("x-ms-deny-encryption-scope-override", "false"),
];

fn public_access(access: &str) -> Option<&'static str> {
    match access {
        "Container" => Some("container"),
        "Blob" => Some("blob"),
        _ => None,
    }
}

/// The entity tag of a resource as storage writes it.
pub(super) fn etag(resource: &Resource) -> String {
    format!("\"0x{}\"", resource.etag().replace('-', "").to_uppercase().get(..15).unwrap_or_default())
}
