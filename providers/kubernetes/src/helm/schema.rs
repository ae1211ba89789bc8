//! The shapes of blocks, as `hashicorp/helm` has them. What is an attribute in its third major version and was a
//! block in the second may be written either way.

use std::sync::Arc;

use terrane_model::{Attribute, AttributeKind, Block, NestedAttributes, Nesting, Str, Type};

type Named = (Str, Attribute);

fn text() -> Attribute {
    Attribute::optional(Type::String)
}

fn flag() -> Attribute {
    Attribute::optional(Type::Bool)
}

fn texts() -> Attribute {
    Attribute::optional(Type::list(Type::String))
}

fn all<const N: usize>(names: [&str; N], make: fn() -> Attribute) -> Vec<Named> {
    names.iter().map(|name| (Str::from(*name), make())).collect()
}

/// Objects that may be written as blocks, too.
fn objects(nesting: Nesting, attributes: impl IntoIterator<Item = (&'static str, Attribute)>) -> Attribute {
    let attributes = attributes.into_iter().map(|(name, attribute)| (Str::from(name), attribute));
    let block = Arc::new(Block::new(attributes.collect::<Vec<_>>(), []));
    let kind = AttributeKind::Nested(NestedAttributes { nesting, block, accepts_blocks: true });
    Attribute { kind, ..Attribute::optional(Type::String) }
}

/// Returns the schema of the `provider` block.
pub(super) fn provider_block() -> Block {
    let required = || Attribute::required(Type::String);
    let exec = objects(
        Nesting::Single,
        [
            ("api_version", required()),
            ("args", texts()),
            ("command", required()),
            ("env", Attribute::optional(Type::map(Type::String))),
        ],
    );
    let texts_of_cluster = [
        "client_certificate",
        "client_key",
        "cluster_ca_certificate",
        "config_context",
        "config_context_auth_info",
        "config_context_cluster",
        "config_path",
        "host",
        "password",
        "proxy_url",
        "tls_server_name",
        "token",
        "username",
    ];
    let of_cluster = texts_of_cluster.map(|name| (name, text())).into_iter();
    let of_cluster = of_cluster.chain([("config_paths", texts()), ("exec", exec), ("insecure", flag())]);
    let registries = [("password", required()), ("url", required()), ("username", required())];
    let mut attributes = all(
        ["helm_driver", "plugins_path", "registry_config_path", "repository_cache", "repository_config_path"],
        text,
    );
    attributes.extend([
        ("burst_limit".into(), Attribute::optional(Type::Number)),
        ("debug".into(), flag()),
        ("experiments".into(), objects(Nesting::Single, [("manifest", flag())])),
        ("kubernetes".into(), objects(Nesting::Single, of_cluster)),
        ("qps".into(), Attribute::optional(Type::Number)),
        ("registries".into(), objects(Nesting::List, registries)),
    ]);
    Block::new(attributes, [])
}

/// The arguments that lead to a chart, and the values for it; `nesting` gathers the values that are set singly.
fn chart_and_values(nesting: Nesting, list_name: Attribute) -> Vec<Named> {
    let required = || Attribute::required(Type::String);
    let mut attributes = all(
        [
            "keyring",
            "repository",
            "repository_ca_file",
            "repository_cert_file",
            "repository_key_file",
            "repository_username",
        ],
        text,
    );
    let set_type = Attribute::optional_computed(Type::String);
    let secret = required().sensitive();
    let list_value = Attribute::required(Type::list(Type::String));
    let postrender = [("args", texts()), ("binary_path", required())];
    attributes.extend([
        ("chart".into(), required()),
        ("devel".into(), flag()),
        ("id".into(), Attribute::computed(Type::String)),
        ("name".into(), required()),
        ("postrender".into(), objects(Nesting::Single, postrender)),
        ("repository_password".into(), text().sensitive()),
        ("set".into(), objects(nesting, [("name", required()), ("type", set_type), ("value", text())])),
        ("set_list".into(), objects(Nesting::List, [("name", list_name), ("value", list_value)])),
        (
            "set_sensitive".into(),
            objects(nesting, [("name", required()), ("type", text()), ("value", secret)]),
        ),
        ("values".into(), texts()),
        ("version".into(), Attribute::optional_computed(Type::String)),
    ]);
    attributes
}

fn timeouts<const N: usize>(names: [&'static str; N]) -> Named {
    ("timeouts".into(), objects(Nesting::Single, names.map(|name| (name, text()))))
}

/// The switches of releases that have a default, with it.
pub(super) const SWITCHES: [(&str, bool); 19] = [
    ("atomic", false),
    ("cleanup_on_fail", false),
    ("create_namespace", false),
    ("dependency_update", false),
    ("disable_crd_hooks", false),
    ("disable_openapi_validation", false),
    ("disable_webhooks", false),
    ("force_update", false),
    ("lint", false),
    ("pass_credentials", false),
    ("recreate_pods", false),
    ("render_subchart_notes", true),
    ("replace", false),
    ("reset_values", false),
    ("reuse_values", false),
    ("skip_crds", false),
    ("take_ownership", false),
    ("upgrade_install", false),
    ("verify", false),
];

/// The switches about waiting that have a default, with it.
pub(super) const WAITS: [(&str, bool); 2] = [("wait", true), ("wait_for_jobs", false)];

/// The numbers of releases that have a default, with it.
pub(super) const NUMBERS: [(&str, i64); 2] = [("max_history", 0), ("timeout", 300)];

/// Returns the schema of `helm_release`.
pub(super) fn release_block() -> Block {
    let computed = Attribute::computed;
    let write_only = |attribute: Attribute| Attribute { write_only: true, ..attribute };
    let set_wo = [
        ("name", write_only(Attribute::required(Type::String))),
        ("type", write_only(text())),
        ("value", write_only(Attribute::required(Type::String))),
    ];
    let metadata = METADATA
        .iter()
        .map(|name| (*name, computed(if is_number(name) { Type::Number } else { Type::String })));
    let metadata = objects(Nesting::Single, metadata.collect::<Vec<_>>());
    let mut attributes = chart_and_values(Nesting::List, Attribute::required(Type::String));
    let switches = SWITCHES.iter().chain(&WAITS);
    attributes.extend(switches.map(|(name, _)| (Str::from(*name), Attribute::optional_computed(Type::Bool))));
    attributes.extend(
        NUMBERS.iter().map(|(name, _)| (Str::from(*name), Attribute::optional_computed(Type::Number))),
    );
    attributes.extend([
        ("description".into(), Attribute::optional_computed(Type::String)),
        ("manifest".into(), computed(Type::String)),
        ("metadata".into(), Attribute { optional: false, computed: true, ..metadata }),
        ("namespace".into(), Attribute::optional_computed(Type::String)),
        ("resources".into(), computed(Type::map(Type::String))),
        ("set_wo".into(), write_only(objects(Nesting::List, set_wo))),
        ("set_wo_revision".into(), Attribute::optional(Type::Number)),
        ("status".into(), computed(Type::String)),
        // Of our own: Helm never changes what a chart has in its folder `crds`.
        ("upgrade_crds".into(), flag()),
        timeouts(["create", "delete", "read", "update"]),
    ]);
    Block::new(attributes, [])
}

/// What a release's metadata consists of.
pub(super) const METADATA: [&str; 10] = [
    "app_version",
    "chart",
    "first_deployed",
    "last_deployed",
    "name",
    "namespace",
    "notes",
    "revision",
    "values",
    "version",
];

/// Tells whether a part of a release's metadata is a number; the others are texts.
pub(super) fn is_number(name: &str) -> bool {
    matches!(name, "first_deployed" | "last_deployed" | "revision")
}

/// Switches of `helm_template` that are off where they are not written, beside `devel`, which releases have too.
pub(super) const TEMPLATE_SWITCHES: [&str; 17] = [
    "atomic",
    "create_namespace",
    "dependency_update",
    "disable_openapi_validation",
    "disable_webhooks",
    "include_crds",
    "is_upgrade",
    "pass_credentials",
    "render_subchart_notes",
    "replace",
    "reset_values",
    "reuse_values",
    "skip_crds",
    "skip_tests",
    "validate",
    "verify",
    "wait",
];

/// Returns the schema of the data source `helm_template`.
pub(super) fn template_block() -> Block {
    let required = || Attribute::required(Type::String);
    let both = |ty: Type| Attribute::optional_computed(ty);
    let mut attributes = chart_and_values(Nesting::Set, text());
    attributes.extend(all(TEMPLATE_SWITCHES, flag));
    attributes.extend(all(["description", "kube_version", "namespace"], text));
    attributes.extend(all(["api_versions", "show_only"], texts));
    let set_wo = [("name", required()), ("type", text()), ("value", required())];
    attributes.extend([
        ("crds".into(), both(Type::list(Type::String))),
        ("manifest".into(), both(Type::String)),
        ("manifests".into(), both(Type::map(Type::String))),
        ("notes".into(), both(Type::String)),
        ("set_wo".into(), objects(Nesting::List, set_wo)),
        ("timeout".into(), Attribute::optional(Type::Number)),
        timeouts(["read"]),
    ]);
    Block::new(attributes, [])
}
