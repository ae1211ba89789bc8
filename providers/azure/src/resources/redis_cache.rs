//! Azure Cache for Redis, and the rules of its sizes.

use async_trait::async_trait;
use serde_json::Value as Json;
use terrane_model::{AttributePath, Diagnostic, Diagnostics, Value};

use crate::attributes::{Attributes, text_at};
use crate::lifecycle::{Change, Draft, Failure, Work};
use crate::mapping::Documents;
use crate::resources::Behaviour;

/// Caches.
pub(crate) struct RedisCache;

/// From the smallest to the largest.
const SKUS: [&str; 3] = ["Basic", "Standard", "Premium"];

#[async_trait]
impl Behaviour for RedisCache {
    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        let Some(sku) = text_at(config, "sku_name") else { return };
        let mut refuse = |argument: &str, detail: String| {
            let path = AttributePath::root().attribute(argument);
            diagnostics
                .push(Diagnostic::error("Invalid combination of arguments", detail).on_attribute(path));
        };
        let is_premium = sku == "Premium";
        if let Some(family) = text_at(config, "family")
            && family.eq_ignore_ascii_case("P") != is_premium
        {
            let fitting = if is_premium { "P" } else { "C" };
            refuse("family", format!("Caches of sku_name {sku} are of family {fitting}, not {family}."));
        }
        let capacity = config.attribute("capacity").as_number().and_then(terrane_model::Number::to_i64);
        if let Some(capacity) = capacity.filter(|capacity| is_premium && !(1..=5).contains(capacity)) {
            refuse("capacity", format!("Premium caches have a capacity from 1 to 5, not {capacity}."));
        }
        for argument in
            ["subnet_id", "private_static_ip_address", "shard_count", "zones", "replicas_per_primary"]
        {
            let value = config.attribute(argument);
            if !is_premium && value.is_known() && !value.is_null() && value.element_count() != Some(0) {
                refuse(argument, format!("Only Premium caches have {argument}; sku_name is {sku}."));
            }
        }
    }

    fn plan(&self, draft: &mut Draft<'_>) {
        if draft.prior.is_none() {
            draft.warn(
                "sku_name",
                "Azure Cache for Redis is being retired",
                "Since October 2026 Azure makes no new caches of this kind, and existing ones end in September 2028. \
                 Use azurerm_managed_redis for new caches; private endpoints to it take the subresource redisEnterprise \
                 and the zone privatelink.redis.azure.net.",
            );
            return;
        }
        let rank = |value: Value| SKUS.iter().position(|sku| value.as_str().is_some_and(|name| name == sku));
        if rank(draft.after("sku_name")) < rank(draft.before("sku_name"))
            && draft.after("sku_name").is_known()
        {
            draft.replace_if_changed("sku_name");
        }
    }

    /// Only caches in a network may do without authentication, and only they know the setting.
    async fn before_write(
        &self,
        _work: &Work<'_>,
        change: &Change<'_>,
        documents: &mut Documents,
    ) -> Result<(), Failure> {
        if text_at(change.planned, "subnet_id").is_none() {
            documents.unset("properties.redisConfiguration.authnotrequired");
        }
        Ok(())
    }

    async fn complete_documents(
        &self,
        _work: &Work<'_>,
        documents: &mut Documents,
        _known: Option<&Value>,
    ) -> Result<(), Failure> {
        add_connection_strings(documents);
        Ok(())
    }
}

/// Caches as data sources.
pub(crate) struct RedisCacheData;

#[async_trait]
impl Behaviour for RedisCacheData {
    async fn complete_documents(
        &self,
        _work: &Work<'_>,
        documents: &mut Documents,
        _known: Option<&Value>,
    ) -> Result<(), Failure> {
        add_connection_strings(documents);
        Ok(())
    }
}

fn add_connection_strings(documents: &mut Documents) {
    let host = documents.text_at("properties.hostName").unwrap_or_default().to_owned();
    let port = documents.at("properties.sslPort").and_then(Json::as_i64).unwrap_or(6380);
    let Some(keys) = documents.named.get_mut("keys").and_then(Json::as_object_mut) else { return };
    for kind in ["primary", "secondary"] {
        if let Some(key) = keys.get(&format!("{kind}Key")).and_then(Json::as_str) {
            let text = format!("{host}:{port},password={key},ssl=true,abortConnect=False");
            keys.insert(format!("{kind}ConnectionString"), text.into());
        }
    }
}

/// Links between caches, named after the cache that is linked.
pub(crate) struct RedisLinkedServer;

impl Behaviour for RedisLinkedServer {
    fn complete_arguments(&self, arguments: &mut Attributes) {
        if let Some(name) = arguments.text("linked_redis_cache_id").and_then(|id| id.rsplit('/').next()) {
            let name = name.to_owned();
            arguments.set("name", name);
        }
    }
}
