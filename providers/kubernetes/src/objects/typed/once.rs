//! What is asked of the cluster once, and kept: tokens of service accounts, signed certificates.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value as Json, json};
use terrane_model::{Attribute, AttributePath, Block, Diagnostic, Diagnostics, Schema, Type, Value};
use terrane_provider::{
    ApplyRequest, PlanRequest, Private, Progress, ProgressUpdate, ReadRequest, ReadResponse, async_trait,
};

use super::timeouts_block;
use crate::objects::cluster::api::Write;
use crate::objects::cluster::retry::retry;
use crate::objects::cluster::{ApiError, Cluster, Object, Target};
use crate::objects::context::Context;
use crate::objects::duration;
use crate::objects::failure::{Doing, explain};
use crate::objects::ownership::MANAGER;
use crate::objects::resource::{self, Outcome, Planned, Resource};
use crate::objects::table::decode::{self, Lens};
use crate::objects::table::field::Field;
use crate::objects::table::shape::{Shape, Shapes};
use crate::objects::table::{encode, plan, validate};
use crate::objects::types::once::{CERTIFICATE_FIELDS, TOKEN_FIELDS};
use crate::objects::wait::{rollout, text_at};

/// How long the cluster may take to sign a certificate where the configuration does not say otherwise.
const SIGNING_PATIENCE: Duration = Duration::from_secs(1200);
const PAUSE: Duration = Duration::from_millis(500);

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A token of a service account.
    Token,
    /// A signature under a certificate.
    Certificate,
}

/// A resource type that stands for an answer of the cluster.
pub(crate) struct Once {
    asked: Asked,
    shape: Arc<Shape>,
    schema: Schema,
}

impl Once {
    /// Makes the resource type.
    pub(crate) fn new(asked: Asked, shapes: &mut Shapes) -> Self {
        let fields: &'static [Field] = match asked {
            Asked::Token => TOKEN_FIELDS,
            Asked::Certificate => CERTIFICATE_FIELDS,
        };
        let shape = shapes.shape(fields);
        let mut attributes = shape.block.attributes().to_vec();
        attributes.push(("id".into(), Attribute::optional_computed(Type::String)));
        let mut blocks = shape.block.block_types().to_vec();
        if asked == Asked::Certificate {
            blocks.push(("timeouts".into(), timeouts_block(&[("create", 0)])));
        }
        Self { asked, shape, schema: resource::schema(0, Block::new(attributes, blocks)) }
    }

    async fn ask(
        &self,
        context: &Context,
        request: &ApplyRequest,
        progress: &dyn Progress,
    ) -> Result<Value, Diagnostics> {
        let cluster = context.cluster().await?;
        let object = encode::object(&self.shape, &request.config);
        let (what, answer) = match self.asked {
            Asked::Token => ("The token", ask_token(&cluster, object, progress).await),
            Asked::Certificate => {
                let limit = request.config.get("timeouts").and_then(|timeouts| timeouts.get("create"));
                let limit = limit.and_then(Value::as_str).and_then(|text| duration::parse(text));
                let approves = request.config.get("auto_approve").and_then(Value::as_bool).unwrap_or(true);
                let limit = limit.unwrap_or(SIGNING_PATIENCE);
                (
                    "The certificate",
                    ask_certificate(&cluster, context, object, approves, limit, progress).await,
                )
            }
        };
        let object = answer
            .map_err(|error| Diagnostics::from(explain(&error, Doing::Creating, what, Some(&self.shape))))?;
        Ok(self.state(&object, &request.planned_state))
    }

    fn state(&self, object: &Object, planned: &Value) -> Value {
        let read = decode::outside(&self.shape, object, Lens::wide());
        let id = match (text_at(object, &["metadata", "namespace"]), text_at(object, &["metadata", "name"])) {
            ("", name) => name.to_owned(),
            (namespace, name) => format!("{namespace}/{name}"),
        };
        let attributes = planned.as_entries().unwrap_or_default().iter().map(|(name, value)| {
            let read = read.iter().find(|(candidate, _)| candidate == name).map(|(_, value)| value.clone());
            let value = match name.as_str() {
                "id" => id.as_str().into(),
                "token" => text_at(object, &["status", "token"]).into(),
                "certificate" => {
                    let bytes =
                        BASE64.decode(text_at(object, &["status", "certificate"])).unwrap_or_default();
                    String::from_utf8_lossy(&bytes).into_owned().into()
                }
                _ if value.is_wholly_known() => value.clone(),
                _ => read.unwrap_or_else(|| Value::Null(value.ty())),
            };
            (name.clone(), value)
        });
        Value::object(attributes.collect::<Vec<_>>())
    }
}

async fn ask_token(
    cluster: &Cluster,
    mut object: Object,
    progress: &dyn Progress,
) -> Result<Object, ApiError> {
    let name = text_at(&object, &["metadata", "name"]).to_owned();
    let namespace = match text_at(&object, &["metadata", "namespace"]) {
        "" => "default".to_owned(),
        namespace => namespace.to_owned(),
    };
    object.insert("apiVersion".to_owned(), "authentication.k8s.io/v1".into());
    object.insert("kind".to_owned(), "TokenRequest".into());
    let api = cluster.api(Target::new("v1", "serviceaccounts", Some(&namespace)));
    retry(progress, || api.create_under(&name, "token", &object)).await
}

async fn ask_certificate(
    cluster: &Cluster,
    context: &Context,
    mut object: Object,
    approves: bool,
    limit: Duration,
    progress: &dyn Progress,
) -> Result<Object, ApiError> {
    object.insert("apiVersion".to_owned(), "certificates.k8s.io/v1".into());
    object.insert("kind".to_owned(), "CertificateSigningRequest".into());
    let api = cluster.api(Target::new("certificates.k8s.io/v1", "certificatesigningrequests", None));
    let write = Write { manager: MANAGER, force: false, dry_run: false };
    let made = retry(progress, || api.create(&object, write)).await?;
    let name = text_at(&made, &["metadata", "name"]).to_owned();
    let signed = async {
        if approves {
            retry(progress, || async {
                let approved = approved(api.get(&name).await?);
                api.replace_under(&name, "approval", &approved).await
            })
            .await?;
        }
        let start = Instant::now();
        loop {
            let request = api.get(&name).await?;
            if !text_at(&request, &["status", "certificate"]).is_empty() {
                return Ok(request);
            }
            if let Some(refusal) = refusal(&request) {
                return Err(ApiError::Unusable(refusal));
            }
            if start.elapsed() > limit || context.is_stopped() {
                let text = format!("it is not signed after {}", duration::show(start.elapsed()));
                return Err(ApiError::Unusable(text));
            }
            progress.report(ProgressUpdate {
                phase: "waiting for the certificate to be signed".to_owned(),
                expected: None,
            });
            tokio::time::sleep(PAUSE).await;
        }
    };
    let signed = signed.await;
    // The request has done its work, well or badly; only the certificate is kept.
    let deleted = api.delete(&name, None).await;
    let signed = signed?;
    deleted.map(|_| signed)
}

/// Adds the approval to a request.
fn approved(mut request: Object) -> Object {
    let condition = json!({
        "type": "Approved", "status": "True", "reason": "TerraformAutoApprove",
        "message": "The configuration says that this request is to be approved.",
    });
    let status = request.entry("status").or_insert_with(|| Json::Object(Map::new()));
    if let Json::Object(status) = status {
        let conditions = status.entry("conditions").or_insert_with(|| Json::Array(Vec::new()));
        if let Json::Array(conditions) = conditions {
            conditions.push(condition);
        }
    }
    request
}

/// Returns why a request will never be signed, if somebody has said so.
fn refusal(request: &Object) -> Option<String> {
    let condition = ["Denied", "Failed"].iter().find_map(|name| rollout::condition(request, name))?;
    let text = |name: &str| condition.get(name).and_then(Json::as_str).unwrap_or_default();
    Some(format!("it is refused ({}): {}", text("reason"), text("message")))
}

#[async_trait]
impl Resource for Once {
    fn schema(&self) -> Schema {
        self.schema.clone()
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        validate::validate(&self.shape, config, &AttributePath::root(), &mut diagnostics);
        diagnostics
    }

    async fn plan(&self, _context: &Context, request: &PlanRequest) -> Result<Planned, Diagnostics> {
        let prior = Some(&request.prior_state).filter(|prior| !prior.is_null());
        let root = AttributePath::root();
        let mut replaces = Vec::new();
        let mut planned = plan::plan(&self.shape, &request.config, prior, &root, &mut replaces);
        let id = prior.and_then(|prior| prior.get("id")).cloned();
        planned.push(("id".into(), id.unwrap_or_else(|| Value::unknown(Type::String))));
        if let Some(timeouts) = request.config.get("timeouts") {
            planned.push(("timeouts".into(), timeouts.clone()));
        }
        let private = request.prior_private.clone();
        Ok(Planned { state: Value::object(planned), replaces, private, warnings: Diagnostics::new() })
    }

    async fn apply(&self, context: &Context, request: &ApplyRequest, progress: &dyn Progress) -> Outcome {
        let done = if request.prior_state.is_null() {
            self.ask(context, request, progress).await
        } else {
            // Nothing but the state is left of it.
            Ok(request.planned_state.clone())
        };
        Outcome::of(request, done)
    }

    async fn read(&self, _context: &Context, requests: Vec<ReadRequest>) -> Vec<ReadResponse> {
        let kept = requests.into_iter().map(|request| ReadResponse {
            new_state: request.current_state,
            private: request.private,
            new_identity: None,
            diagnostics: Diagnostics::new(),
        });
        kept.collect()
    }

    async fn import(&self, _context: &Context, _id: &str) -> Result<(Value, Private), Diagnostics> {
        let detail = "The cluster does not keep what it has answered, so there is nothing to import.";
        Err(Diagnostic::error("Import not supported", detail).into())
    }
}
