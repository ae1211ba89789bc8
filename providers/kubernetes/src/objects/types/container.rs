//! Containers of a pod.

use super::common::REQUIRED_NAME;
use crate::objects::table::field::{
    Codec, Field, block, blocks, flag, quantity, text, text_as, text_map_as, texts, whole,
};

/// One container.
pub(super) const CONTAINER: &[Field] = &[
    texts("args"),
    texts("command"),
    blocks("env", ENVIRONMENT_VARIABLE),
    blocks("env_from", ENVIRONMENT_SOURCE),
    text("image"),
    text("image_pull_policy").or_computed(),
    block("lifecycle", LIFECYCLE),
    block("liveness_probe", PROBE),
    text("name").required(),
    blocks("port", PORT).at("ports"),
    block("readiness_probe", PROBE),
    block("resources", RESOURCES).or_computed(),
    text("restart_policy").or_computed().one_of(&["Always"]),
    block("security_context", SECURITY_CONTEXT),
    block("startup_probe", PROBE),
    flag("stdin").or_flag(false),
    flag("stdin_once").or_flag(false),
    text("termination_message_path").or_text("/dev/termination-log"),
    text("termination_message_policy").or_computed().one_of(&["File", "FallbackToLogsOnError"]),
    flag("tty").or_flag(false),
    blocks("volume_device", &[text("device_path").required(), text("name").required()]).at("volumeDevices"),
    blocks("volume_mount", VOLUME_MOUNT).at("volumeMounts"),
    text("working_dir"),
];

const ENVIRONMENT_VARIABLE: &[Field] = &[
    text("name").required(),
    text("value"),
    block(
        "value_from",
        &[
            block("config_map_key_ref", KEY_REFERENCE),
            block("field_ref", FIELD_REFERENCE),
            block(
                "resource_field_ref",
                &[text("container_name"), quantity("divisor").or_text("1"), text("resource").required()],
            ),
            block("secret_key_ref", KEY_REFERENCE),
        ],
    ),
];

const KEY_REFERENCE: &[Field] = &[text("key"), text("name"), flag("optional")];

/// A field of the pod that the container is in.
pub(super) const FIELD_REFERENCE: &[Field] = &[text("api_version").or_text("v1"), text("field_path")];

const ENVIRONMENT_SOURCE: &[Field] =
    &[block("config_map_ref", OPTIONAL_REFERENCE), text("prefix"), block("secret_ref", OPTIONAL_REFERENCE)];

const OPTIONAL_REFERENCE: &[Field] = &[text("name").required(), flag("optional")];

const LIFECYCLE: &[Field] =
    &[blocks("post_start", HANDLER).as_object(), blocks("pre_stop", HANDLER).as_object()];

const HANDLER: &[Field] =
    &[block("exec", EXEC), block("http_get", HTTP_GET), blocks("tcp_socket", TCP_SOCKET).as_object()];

const EXEC: &[Field] = &[texts("command")];

const HTTP_GET: &[Field] = &[
    text("host"),
    blocks("http_header", &[text("name"), text("value")]).at("httpHeaders"),
    text("path"),
    text_as("port", Codec::NumberOrText),
    text("scheme").or_text("HTTP").one_of(&["HTTP", "HTTPS"]),
];

const TCP_SOCKET: &[Field] = &[text_as("port", Codec::NumberOrText).required()];

const PROBE: &[Field] = &[
    block("exec", EXEC),
    whole("failure_threshold").or_whole(3),
    blocks("grpc", &[whole("port").required(), text("service")]).as_object(),
    block("http_get", HTTP_GET),
    whole("initial_delay_seconds"),
    whole("period_seconds").or_whole(10),
    whole("success_threshold").or_whole(1),
    blocks("tcp_socket", TCP_SOCKET).as_object(),
    whole("timeout_seconds").or_whole(1),
];

const PORT: &[Field] = &[
    whole("container_port").required(),
    text("host_ip").at("hostIP"),
    whole("host_port"),
    text("name"),
    text("protocol").or_text("TCP").one_of(&["TCP", "UDP"]),
];

const RESOURCES: &[Field] = &[
    text_map_as("limits", Codec::Quantity).or_computed(),
    text_map_as("requests", Codec::Quantity).or_computed(),
];

const SECURITY_CONTEXT: &[Field] = &[
    flag("allow_privilege_escalation").or_flag(true),
    block("capabilities", &[texts("add"), texts("drop")]),
    flag("privileged").or_flag(false),
    flag("read_only_root_filesystem").or_flag(false),
    text_as("run_as_group", Codec::Number),
    flag("run_as_non_root"),
    text_as("run_as_user", Codec::Number),
    block("se_linux_options", SE_LINUX_OPTIONS),
    block("seccomp_profile", SECCOMP_PROFILE),
];

/// Labels of SELinux.
pub(super) const SE_LINUX_OPTIONS: &[Field] = &[text("level"), text("role"), text("type"), text("user")];

/// Which system calls are allowed.
pub(super) const SECCOMP_PROFILE: &[Field] = &[
    text("localhost_profile").or_text(""),
    text("type").or_text("Unconfined").one_of(&["Localhost", "RuntimeDefault", "Unconfined"]),
];

const VOLUME_MOUNT: &[Field] = &[
    text("mount_path").required(),
    text("mount_propagation").or_text("None").one_of(&["None", "HostToContainer", "Bidirectional"]),
    text("name").required(),
    flag("read_only").or_flag(false),
    text("sub_path"),
    text("sub_path_expr"),
];

/// Which credentials images are pulled with.
pub(super) const IMAGE_PULL_SECRETS: &[Field] = REQUIRED_NAME;
