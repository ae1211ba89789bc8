//! A plugin made up for a test.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures_util::stream;
use prost::Message;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use terrane_model::encode_json::write_type_json;
use terrane_model::{Type, Value};
use terrane_provider::{Provider, ProviderFactory};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixListener;
use tokio_rustls::TlsAcceptor;
use tonic::Status;
use tonic::transport::Server;
use tonic::transport::server::Connected;

use super::raw_service::{Handler, RawService};
use crate::method::Protocol;
use crate::value_on_wire::write_value;
use crate::wire::schema::{
    ActionSchema, Block, GetIdentitySchemasRequest, GetIdentitySchemasResponse, GetProviderSchemaRequest,
    GetProviderSchemaResponse, IdentityAttribute, IdentitySchema, Schema,
};
use crate::wire::{DynamicValue, Request};
use crate::{PluginFactory, PluginOptions, Reattach, tfplugin5, tfplugin6};

/// Says what a made-up plugin answers.
pub(super) struct FakePlugin {
    protocol: Protocol,
    handlers: BTreeMap<String, Handler>,
    calls: Arc<Mutex<Vec<String>>>,
}

/// A made-up plugin that serves; it ends with this value.
pub(super) struct ServedPlugin {
    pub(super) folder: tempfile::TempDir,
    protocol: Protocol,
    certificate: String,
    calls: Arc<Mutex<Vec<String>>>,
}

impl FakePlugin {
    /// Makes a plugin whose one resource type, `thing`, has a `name` and an `id`.
    pub(super) fn new(protocol: Protocol) -> Self {
        let plugin = Self { protocol, handlers: BTreeMap::new(), calls: Arc::default() };
        plugin.on(move |_: GetProviderSchemaRequest| Ok(schemas(protocol))).on(
            |_: GetIdentitySchemasRequest| {
                let attribute = IdentityAttribute {
                    name: "id".into(),
                    ty: "\"string\"".into(),
                    required_for_import: true,
                    ..IdentityAttribute::default()
                };
                let identity = IdentitySchema { version: 1, attributes: vec![attribute] };
                Ok(GetIdentitySchemasResponse {
                    schemas: [("thing".to_owned(), identity)].into(),
                    ..GetIdentitySchemasResponse::default()
                })
            },
        )
    }

    /// Answers a call.
    pub(super) fn on<R: Request + Default>(
        self,
        answer: impl Fn(R) -> Result<R::Response, Status> + Send + Sync + 'static,
    ) -> Self {
        self.on_async(move |request| std::future::ready(answer(request)))
    }

    /// Answers a call after a while.
    pub(super) fn on_async<R: Request + Default, F>(
        self,
        answer: impl Fn(R) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<R::Response, Status>> + Send + 'static,
    {
        self.on_stream(move |request| {
            let answer = answer(request);
            async move { Ok(vec![answer.await?]) }
        })
    }

    /// Answers a call with a stream.
    pub(super) fn on_stream<R: Request + Default, F>(
        mut self,
        answer: impl Fn(R) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Vec<R::Response>, Status>> + Send + 'static,
    {
        let calls = Arc::clone(&self.calls);
        let name = R::METHOD.name(self.protocol);
        let handler: Handler = Arc::new(move |bytes| {
            calls.lock().unwrap().push(name.to_owned());
            let request = R::decode(bytes).map_err(|error| Status::internal(error.to_string()));
            let answer = request.map(&answer);
            Box::pin(async move {
                let messages = answer?.await?;
                Ok(messages.iter().map(|message| message.encode_to_vec().into()).collect())
            })
        });
        self.handlers.insert(R::METHOD.path(self.protocol).to_string(), handler);
        self
    }

    /// Serves in plain text.
    pub(super) fn serve(self) -> ServedPlugin {
        self.serve_with(None, String::new())
    }

    /// Serves with a certificate, and announces it, or another.
    pub(super) fn serve_tls(self, announced: Announced) -> ServedPlugin {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let other = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let crypto = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(crypto)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key.into())
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let announced = match announced {
            Announced::Own => cert.der(),
            Announced::Other => other.cert.der(),
        };
        use base64::Engine;
        let announced = base64::engine::general_purpose::STANDARD_NO_PAD.encode(announced);
        self.serve_with(Some(TlsAcceptor::from(Arc::new(config))), announced)
    }

    fn serve_with(self, tls: Option<TlsAcceptor>, certificate: String) -> ServedPlugin {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("socket")).unwrap();
        let incoming = stream::unfold((listener, tls), |(listener, tls)| async move {
            loop {
                let (stream, _) = listener.accept().await.ok()?;
                let stream: Box<dyn Stream> = match &tls {
                    None => Box::new(stream),
                    // A client that breaks off is no reason to stop.
                    Some(tls) => match tls.accept(stream).await {
                        Ok(stream) => Box::new(stream),
                        Err(_) => continue,
                    },
                };
                return Some((Ok::<_, std::io::Error>(Incoming(stream)), (listener, tls)));
            }
        });
        let service = RawService { handlers: Arc::new(self.handlers) };
        tokio::spawn(Server::builder().serve_with_incoming(service, Box::pin(incoming)));
        ServedPlugin { folder, protocol: self.protocol, certificate, calls: self.calls }
    }
}

/// Which certificate a plugin announces.
#[derive(Clone, Copy)]
pub(super) enum Announced {
    Own,
    Other,
}

impl ServedPlugin {
    /// Returns options that start a shell; it writes a line to `starts`, prints the handshake, and runs `script`.
    pub(super) fn options_with(&self, script: &str) -> PluginOptions {
        let line = format!(
            "1|{}|unix|{}|grpc|{}",
            self.protocol.number(),
            self.folder.path().join("socket").display(),
            self.certificate
        );
        shell(&format!("cd '{}'; echo >> starts; echo '{line}'; {script}", self.folder.path().display()))
    }

    /// Returns options that start a shell and let it be.
    pub(super) fn options(&self) -> PluginOptions {
        self.options_with("exec sleep 600")
    }

    /// Returns a provider on this plugin.
    pub(super) fn provider(&self) -> Arc<dyn Provider> {
        PluginFactory::new(self.options()).start().unwrap()
    }

    /// Returns where the plugin can be found without starting it.
    pub(super) fn reattach(&self) -> Reattach {
        let address = crate::Address::Unix(self.folder.path().join("socket"));
        Reattach { protocol: self.protocol, address }
    }

    /// Returns how often the shell was started.
    pub(super) fn starts(&self) -> usize {
        std::fs::read_to_string(self.folder.path().join("starts")).map_or(0, |text| text.lines().count())
    }

    /// Returns the names of all calls that were answered by what the test said, and forgets them.
    pub(super) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

/// Returns options that run a script as the plugin `example.com/test/fake`.
pub(super) fn shell(script: &str) -> PluginOptions {
    let mut options = PluginOptions::new("example.com/test/fake", "/bin/sh");
    options.args = vec!["-c".into(), script.into()];
    options
}

/// Returns an optional attribute of a schema.
pub(super) fn attribute(name: &str, ty: &Type) -> tfplugin6::WireAttribute {
    let mut json = String::new();
    write_type_json(&mut json, ty);
    tfplugin6::WireAttribute {
        name: name.to_owned(),
        ty: json.into(),
        optional: true,
        ..tfplugin6::WireAttribute::default()
    }
}

/// Encodes an attribute for a version of the protocol.
pub(super) fn encode_attribute(
    protocol: Protocol,
    attribute: tfplugin6::WireAttribute,
) -> prost::bytes::Bytes {
    let bytes = match protocol {
        Protocol::V6 => attribute.encode_to_vec(),
        Protocol::V5 => tfplugin5::WireAttribute {
            name: attribute.name,
            ty: attribute.ty,
            description: attribute.description,
            required: attribute.required,
            optional: attribute.optional,
            computed: attribute.computed,
            sensitive: attribute.sensitive,
            deprecated: attribute.deprecated,
            write_only: attribute.write_only,
            deprecation_message: attribute.deprecation_message,
        }
        .encode_to_vec(),
    };
    bytes.into()
}

/// Returns a schema with optional strings of these names.
pub(super) fn schema(protocol: Protocol, names: &[&str]) -> Schema {
    let attributes = names.iter().map(|name| encode_attribute(protocol, attribute(name, &Type::String)));
    let block = Block { attributes: attributes.collect(), ..Block::default() };
    Schema { version: 2, block: Some(block) }
}

/// Returns the schemas that a made-up plugin has.
pub(super) fn schemas(protocol: Protocol) -> GetProviderSchemaResponse {
    let thing = || [("thing".to_owned(), schema(protocol, &["id", "name"]))].into();
    let action = ActionSchema { schema: Some(schema(protocol, &["id", "name"])) };
    GetProviderSchemaResponse {
        provider: Some(schema(protocol, &["token"])),
        provider_meta: Some(schema(protocol, &["note"])),
        resources: thing(),
        data_sources: thing(),
        ephemeral_resources: thing(),
        actions: [("thing".to_owned(), action)].into(),
        ..GetProviderSchemaResponse::default()
    }
}

/// Returns a `thing`.
pub(super) fn thing(id: Value, name: &str) -> Value {
    Value::object([("id", id), ("name", Value::from(name))])
}

/// Returns the type of a `thing`.
pub(super) fn thing_type() -> Type {
    Type::object([("id", Type::String), ("name", Type::String)])
}

/// Returns a value as it stands on the wire.
pub(super) fn wire(value: &Value) -> Option<DynamicValue> {
    Some(write_value(value, &value.ty()).unwrap())
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection about which the server wants to know nothing.
struct Incoming(Box<dyn Stream>);

impl Connected for Incoming {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Incoming {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Incoming {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
