//! Locks and checksums in a DynamoDB table with the key `LockID`.
//!
//! Source of the protocol: Amazon DynamoDB API Reference, version 2012-08-10.

use reqwest::StatusCode;
use serde_json::{Value as Json, json};
use terrane_state::BackendError;

use super::service::Service;
use crate::error::remote;
use crate::network::body;

/// The table.
pub(super) struct LockTable {
    pub(super) name: String,
}

/// How an item was not made.
pub(super) enum PutError {
    /// There is one.
    Present,
    /// Something else.
    Other(BackendError),
}

impl LockTable {
    /// Returns a field of an item.
    pub(super) async fn get(
        &self,
        service: &Service,
        id: &str,
        field: &str,
    ) -> Result<Option<String>, BackendError> {
        let request = json!({
            "TableName": self.name,
            "Key": { "LockID": { "S": id } },
            "ProjectionExpression": format!("LockID, {field}"),
            "ConsistentRead": true,
        });
        let answer = self.call(service, "GetItem", &request).await.map_err(|(_, error)| error)?;
        let field = answer.pointer(&format!("/Item/{field}/S")).and_then(Json::as_str);
        Ok(field.map(str::to_owned))
    }

    /// Makes or replaces an item.
    pub(super) async fn put(
        &self,
        service: &Service,
        id: &str,
        field: &str,
        text: &str,
    ) -> Result<(), BackendError> {
        let item = json!({ "LockID": { "S": id }, field: { "S": text } });
        let request = json!({ "TableName": self.name, "Item": item });
        self.call(service, "PutItem", &request).await.map(drop).map_err(|(_, error)| error)
    }

    /// Makes an item where there is none.
    pub(super) async fn create(
        &self,
        service: &Service,
        id: &str,
        field: &str,
        text: &str,
    ) -> Result<(), PutError> {
        let request = json!({
            "TableName": self.name,
            "Item": { "LockID": { "S": id }, field: { "S": text } },
            "ConditionExpression": "attribute_not_exists(LockID)",
        });
        match self.call(service, "PutItem", &request).await {
            Ok(_) => Ok(()),
            Err((code, _)) if code == "ConditionalCheckFailedException" => Err(PutError::Present),
            Err((_, error)) => Err(PutError::Other(error)),
        }
    }

    /// Deletes an item, if it is there.
    pub(super) async fn delete(&self, service: &Service, id: &str) -> Result<(), BackendError> {
        let request = json!({ "TableName": self.name, "Key": { "LockID": { "S": id } } });
        self.call(service, "DeleteItem", &request).await.map(drop).map_err(|(_, error)| error)
    }

    /// Returns the answer, or the code of the error and the error.
    async fn call(
        &self,
        service: &Service,
        action: &str,
        request: &Json,
    ) -> Result<Json, (String, BackendError)> {
        let other = |error| (String::new(), error);
        let content = request.to_string().into_bytes();
        let request = service
            .http
            .post(format!("{}/", service.tables))
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("DynamoDB_20120810.{action}"));
        let response = service.send("dynamodb", request, content).await.map_err(other)?;
        let status = response.status();
        let answer: Json = serde_json::from_slice(&body(response).await.map_err(other)?).unwrap_or_default();
        if status == StatusCode::OK {
            return Ok(answer);
        }
        let text = |names: [&str; 2]| {
            let found = names.iter().find_map(|name| answer.get(*name)?.as_str());
            found.unwrap_or_default().to_owned()
        };
        // The code stands behind the name of the API's version.
        let code = text(["__type", "code"]).rsplit('#').next().unwrap_or_default().to_owned();
        let message = text(["message", "Message"]);
        let reason = format!(
            "the DynamoDB table {:?} answered {} {code} {message} to {action}",
            self.name,
            status.as_u16()
        );
        Err((code, remote(reason)))
    }
}
