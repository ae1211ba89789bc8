//! The `provider` block: the proxy on the way to servers whose certificates are asked for.

use terrane_model::{Nesting, Type, Value};

use crate::object::Fields;
use crate::toolkit::{BlockType, Check, Property, Rule, Table};

/// The table of the block.
pub(super) fn table() -> Table {
    let text = |name, description| Property::optional(name, Type::String, description);
    let properties = [
        text("url", "The proxy's URL: `http`, `https` or `socks5`.")
            .check(Check::UrlWithScheme(&["http", "https", "socks5"])),
        text("username", "The name to give to the proxy."),
        text("password", "The password to give to the proxy.").sensitive(),
        Property::optional(
            "from_env",
            Type::Bool,
            "Whether the proxy is the environment's (HTTPS_PROXY, NO_PROXY); true by default.",
        ),
    ];
    let proxy = BlockType::new("proxy", Nesting::List, properties)
        .max_items(1)
        .rule(Rule::AtMostOneOf(&["url", "from_env"]))
        .rule(Rule::Requires("username", "url"))
        .rule(Rule::Requires("password", "username"));
    Table::new("tls", "Where the proxy is.", []).block(proxy)
}

/// Which proxy is to be used.
pub(super) enum ProxyChoice<'v> {
    /// Those that the environment names.
    Environment,
    /// None.
    None,
    /// This one, with name and password.
    Written { url: &'v str, username: Option<&'v str>, password: &'v str },
}

/// Reads the block, which may be absent.
pub(super) fn proxy_choice(provider_config: &Value) -> ProxyChoice<'_> {
    let blocks = provider_config.get("proxy").and_then(Value::as_sequence).unwrap_or_default();
    let Some(block) = blocks.first() else { return ProxyChoice::Environment };
    match block.text("url") {
        Some(url) => ProxyChoice::Written {
            url,
            username: block.text("username"),
            password: block.text("password").unwrap_or(""),
        },
        None if block.boolean("from_env") == Some(false) => ProxyChoice::None,
        None => ProxyChoice::Environment,
    }
}
