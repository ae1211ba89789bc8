//! `tls_certificate`: the certificates that a server shows, or one that is given.

use std::sync::Arc;

use terrane_model::{AttributePath, Diagnostic, Diagnostics, Type, Value};
use terrane_provider::async_trait;

use super::describe::Description;
use super::fetch::fetch;
use super::identifier::identifier;
use super::pem::{self, label};
use crate::Environment;
use crate::object::{Attributes, Fields};
use crate::toolkit::{Call, Check, DataSource, Property, Rule, Table, failure};

pub(super) struct CertificateData {
    pub(super) environment: Arc<Environment>,
}

#[async_trait]
impl DataSource for CertificateData {
    fn table(&self) -> Table {
        let properties = [
            Property::optional("url", Type::String, "The server, as `https://HOST` or `tls://HOST:PORT`.")
                .check(Check::UrlWithScheme(&["https", "tls"])),
            Property::optional("content", Type::String, "A certificate in PEM."),
            Property::optional(
                "verify_chain",
                Type::Bool,
                "Whether the server has to show a chain to a known authority; true by default.",
            ),
            Property::computed(
                "certificates",
                Type::list(Description::object_type()),
                "The chain, from the authority to the server.",
            ),
            Property::computed("id", Type::String, "SHA-1 of what is told about the certificates."),
        ];
        Table::new("tls_certificate", "The certificates that a server shows.", properties)
            .rule(Rule::ExactlyOneOf(&["content", "url"]))
            .rule(Rule::AtMostOneOf(&["content", "verify_chain"]))
    }

    async fn read(
        &self,
        config: &Value,
        mut call: Call<'_>,
        _warnings: &mut Diagnostics,
    ) -> Result<Attributes, Diagnostics> {
        let chain = match config.text("content") {
            Some(pem) => vec![content(pem)?],
            None => {
                let verify = config.boolean("verify_chain") != Some(false);
                let url = config.text("url").unwrap_or("");
                let fetched = fetch(url, verify, call.provider_config, &self.environment);
                tokio::select! {
                    fetched = fetched => fetched?,
                    _ = call.stop.wait_for(|stopped| *stopped) => {
                        return Err(failure("Failed to fetch certificates", "The request was interrupted."));
                    }
                }
            }
        };
        // A server shows its own certificate first.
        let described: Result<Vec<Description>, String> =
            chain.iter().rev().map(|der| Description::read(der)).collect();
        let described = described.map_err(|error| failure("Unable to parse certificate", error))?;
        let printed: Vec<String> = described.iter().map(Description::printed).collect();
        let objects: Vec<Value> = described.iter().map(Description::object).collect();
        Ok(vec![
            ("certificates", Value::list(Description::object_type(), objects)),
            ("id", identifier(format!("[{}]", printed.join(" ")).as_bytes()).into()),
        ])
    }
}

fn content(text: &str) -> Result<Vec<u8>, Diagnostics> {
    let Some(block) = pem::decode(text) else {
        let problem =
            Diagnostic::error("Failed to decode PEM", "The content has no PEM block with a certificate.");
        return Err(problem.on_attribute(AttributePath::root().attribute("content")).into());
    };
    if block.label != label::CERTIFICATE {
        let detail = format!("The PEM block is of type {:?}, not {:?}.", block.label, label::CERTIFICATE);
        return Err(failure("Unexpected PEM preamble", detail));
    }
    Ok(block.content)
}
