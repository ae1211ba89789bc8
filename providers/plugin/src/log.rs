//! What a plugin logs, line by line.
//!
//! Plugins write their log to standard error as JSON objects, one a line; whatever else they print there comes
//! as plain text. Of the fields of an object only those are passed on that never hold configuration: bodies of
//! HTTP requests, for instance, are full of secrets.

use serde::Deserialize;
use serde_json::value::RawValue;

/// Gets what plugins log. Implementations must be quick and must not block.
pub trait PluginLog: Send + Sync {
    /// Takes one record.
    fn log(&self, record: &LogRecord<'_>);
}

/// One thing that a plugin logged. Secrets that the plugin was given are masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRecord<'l> {
    /// The provider's name.
    pub provider: &'l str,
    /// How important it is.
    pub level: LogLevel,
    /// Whether it is plain text that the plugin printed, and no record of its log.
    pub is_plain: bool,
    /// The part of the plugin that speaks; may be empty.
    pub module: String,
    /// What it says.
    pub message: String,
    /// What it is about: names and contents.
    pub fields: Vec<(&'static str, String)>,
}

/// How important a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// Fields that never hold configuration.
const FIELDS: [&str; 10] = [
    "diagnostic_severity",
    "diagnostic_summary",
    "tf_attribute_path",
    "tf_data_source_type",
    "tf_ephemeral_resource_type",
    "tf_function_name",
    "tf_req_duration_ms",
    "tf_req_id",
    "tf_resource_type",
    "tf_rpc",
];

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "@level")]
    level: Option<String>,
    #[serde(rename = "@module", default)]
    module: String,
    #[serde(rename = "@message")]
    message: String,
}

/// Reads a line of standard error. Anything but a log object is a record of its own, at level `plain`.
pub(crate) fn read_line<'p>(provider: &'p str, line: &str, plain: LogLevel) -> LogRecord<'p> {
    let plain_record = || LogRecord {
        provider,
        level: plain,
        is_plain: true,
        module: String::new(),
        message: line.to_owned(),
        fields: Vec::new(),
    };
    if !line.starts_with('{') {
        return plain_record();
    }
    let Ok(parsed) = serde_json::from_str::<Line>(line) else { return plain_record() };
    LogRecord {
        provider,
        level: parsed.level.as_deref().map_or(plain, read_level),
        is_plain: false,
        module: parsed.module,
        message: parsed.message,
        fields: read_fields(line),
    }
}

fn read_fields(line: &str) -> Vec<(&'static str, String)> {
    let Ok(all) = serde_json::from_str::<std::collections::BTreeMap<String, &RawValue>>(line) else {
        return Vec::new();
    };
    let known = FIELDS.into_iter().filter_map(|name| {
        let json = all.get(name)?.get();
        let text = serde_json::from_str::<String>(json).unwrap_or_else(|_| json.to_owned());
        Some((name, text))
    });
    known.collect()
}

fn read_level(name: &str) -> LogLevel {
    match name {
        "trace" => LogLevel::Trace,
        "debug" => LogLevel::Debug,
        "warn" => LogLevel::Warn,
        "error" => LogLevel::Error,
        _ => LogLevel::Info,
    }
}
