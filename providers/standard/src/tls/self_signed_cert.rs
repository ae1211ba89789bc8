//! `tls_self_signed_cert`: a certificate that its own key signs.

use terrane_model::{Diagnostics, Type, Value};
use terrane_provider::async_trait;

use super::cert_request::{KEY, key_and_subject, with_key_rules};
use super::certificate::issue_self_signed;
use super::certificate_properties::{certificate_attributes, certificate_properties, key_properties};
use super::names::{alternative_name_properties, subject_block};
use super::renewal;
use crate::blocking::off_the_executor;
use crate::object::Attributes;
use crate::toolkit::{Call, Draft, Property, Resource, Table};

pub(super) struct SelfSignedCert;

#[async_trait]
impl Resource for SelfSignedCert {
    fn table(&self) -> Table {
        let own = [
            Property::optional_computed(
                "set_authority_key_id",
                Type::Bool,
                "Whether it has an identifier of its authority's key, which is its own.",
            )
            .defaults_to(false)
            .replaces(),
            Property::computed(
                "key_algorithm",
                Type::String,
                "The key's algorithm: `RSA`, `ECDSA` or `ED25519`.",
            )
            .keeps(),
        ];
        let properties = key_properties(KEY, "The private key of the certificate").into_iter();
        let properties =
            properties.chain(alternative_name_properties()).chain(certificate_properties()).chain(own);
        let table = Table::new("tls_self_signed_cert", "A certificate that its own key signs.", properties);
        with_key_rules(table.block(subject_block()))
    }

    fn modify_plan(&self, draft: &mut Draft<'_>) {
        renewal::modify_plan(draft);
    }

    async fn create(
        &self,
        planned: &Value,
        config: &Value,
        _call: Call<'_>,
    ) -> Result<Attributes, Diagnostics> {
        let (key, subject) = key_and_subject(planned, config)?;
        let planned = planned.clone();
        off_the_executor(move || {
            let issued = issue_self_signed(&subject, &key, &planned)?;
            let mut attributes = certificate_attributes(&planned, issued);
            attributes.push(("key_algorithm", key.algorithm().into()));
            Ok(attributes)
        })
        .await
    }

    async fn read(&self, state: Value) -> Result<Option<Value>, Diagnostics> {
        renewal::read(state)
    }
}
