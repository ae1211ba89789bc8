//! The properties of a service: logging, metrics, CORS, static website.

use hyper::Method;
use serde_json::json;

use super::{Plane, Service, not_emulated, xml};
use crate::error::ArmError;
use crate::http::Response;
use crate::resource_id::key_of;

/// What a service has that nobody has changed.
const DEFAULTS: &[(&str, &str)] = &[
    (
        "Logging",
        "<Logging><Version>1.0</Version><Delete>false</Delete><Read>false</Read><Write>false</Write>\
         <RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></Logging>",
    ),
    (
        "HourMetrics",
        "<HourMetrics><Version>1.0</Version><Enabled>true</Enabled><IncludeAPIs>true</IncludeAPIs><RetentionPolicy>\
         <Enabled>true</Enabled><Days>7</Days></RetentionPolicy></HourMetrics>",
    ),
    (
        "MinuteMetrics",
        "<MinuteMetrics><Version>1.0</Version><Enabled>false</Enabled><RetentionPolicy><Enabled>false</Enabled>\
         </RetentionPolicy></MinuteMetrics>",
    ),
    ("Cors", "<Cors />"),
];

/// Blobs have more.
const BLOB_DEFAULTS: &[(&str, &str)] = &[
    ("DeleteRetentionPolicy", "<DeleteRetentionPolicy><Enabled>false</Enabled></DeleteRetentionPolicy>"),
    ("StaticWebsite", "<StaticWebsite><Enabled>false</Enabled></StaticWebsite>"),
];

impl Plane<'_> {
    /// Reads or changes the properties. Elements that are not sent stay as they are.
    pub(super) fn service_properties(&mut self) -> Result<Response, ArmError> {
        let key = key_of(&format!("{}/{}/default", self.key, self.service.segment()));
        let hidden = self.world.get(&key).map(|service| service.hidden()).unwrap_or_default();
        let more: &[(&str, &str)] = if self.service == Service::Blob { BLOB_DEFAULTS } else { &[] };
        let mut elements: Vec<(String, String)> = DEFAULTS
            .iter()
            .chain(more)
            .map(|(name, default)| {
                let changed = hidden.get(*name).and_then(serde_json::Value::as_str);
                ((*name).to_owned(), changed.unwrap_or(default).to_owned())
            })
            .collect();
        match self.request.method {
            Method::GET => {
                let mut body = xml::start();
                body.push_str("<StorageServiceProperties>");
                body.extend(elements.drain(..).map(|(_, element)| element));
                body.push_str("</StorageServiceProperties>");
                Ok(xml::response(200, body))
            }
            Method::PUT => {
                let sent = String::from_utf8_lossy(&self.request.body).into_owned();
                let invalid = || ArmError::bad_request("InvalidXmlDocument", "XML specified is not valid.");
                for (name, element) in xml::children(&sent).ok_or_else(invalid)? {
                    if !elements.iter().any(|(known, _)| known == name) && name != "DefaultServiceVersion" {
                        let message = format!("The XML element {name} is not expected here.");
                        return Err(ArmError::bad_request("UnsupportedXmlNode", message));
                    }
                    self.hide(&key, name, json!(element));
                }
                Ok(Response::empty(202))
            }
            _ => Err(not_emulated()),
        }
    }
}
