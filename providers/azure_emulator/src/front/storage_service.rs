//! Service properties of storage accounts, which some clients read when they read the account.

use hyper::Method;

use crate::http::{Request, Response};

/// Properties of a service that nobody has changed.
const PROPERTIES: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?><StorageServiceProperties><Logging>\
    <Version>1.0</Version><Read>false</Read><Write>false</Write><Delete>false</Delete><RetentionPolicy><Enabled>false\
    </Enabled></RetentionPolicy></Logging><HourMetrics><Version>1.0</Version><Enabled>true</Enabled><IncludeAPIs>true\
    </IncludeAPIs><RetentionPolicy><Enabled>true</Enabled><Days>7</Days></RetentionPolicy></HourMetrics><MinuteMetrics>\
    <Version>1.0</Version><Enabled>false</Enabled><RetentionPolicy><Enabled>false</Enabled></RetentionPolicy>\
    </MinuteMetrics><Cors /><StaticWebsite><Enabled>false</Enabled></StaticWebsite></StorageServiceProperties>";

/// Answers a request to `NAME.{blob,queue,…}.core.windows.net`.
pub(crate) fn answer(request: &Request) -> Response {
    let asks_properties =
        request.query("restype") == Some("service") && request.query("comp") == Some("properties");
    let (status, body) = match (&request.method, asks_properties) {
        (&Method::GET, true) => (200, PROPERTIES),
        (&Method::PUT, true) => (202, ""),
        _ => (
            404,
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>ResourceNotFound</Code><Message>The data plane of \
             storage is not emulated.</Message></Error>",
        ),
    };
    Response::json_text(status, body.to_owned()).with_header("content-type", "application/xml")
}
