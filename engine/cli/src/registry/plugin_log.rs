//! What plugins log, where `TF_LOG` or `TF_LOG_PROVIDER` asks for it.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use terrane_provider_plugin::{LogLevel, LogRecord, PluginLog};

use crate::context::Context;
use crate::terminal::Terminal;

/// Writes records to standard error, or to the file that `TF_LOG_PATH` names.
struct WrittenLog {
    least: LogLevel,
    terminal: Arc<Terminal>,
    file: Option<Mutex<File>>,
}

/// Returns the log that the environment asks for.
pub(super) fn plugin_log(context: &Context) -> Option<Arc<dyn PluginLog>> {
    let wanted = context.variable("TF_LOG_PROVIDER").or(context.variable("TF_LOG"))?;
    let least = read_level(wanted)?;
    let file = context.variable("TF_LOG_PATH");
    // A file that cannot be written is no reason to lose what is logged.
    let file = file.and_then(|path| OpenOptions::new().append(true).create(true).open(path).ok());
    let terminal = Arc::clone(&context.terminal);
    Some(Arc::new(WrittenLog { least, terminal, file: file.map(Mutex::new) }))
}

/// Reads the name of a level; one that is not known means everything, as with Terraform.
fn read_level(name: &str) -> Option<LogLevel> {
    match name.to_uppercase().as_str() {
        "OFF" => None,
        "ERROR" => Some(LogLevel::Error),
        "WARN" => Some(LogLevel::Warn),
        "INFO" => Some(LogLevel::Info),
        "DEBUG" => Some(LogLevel::Debug),
        _ => Some(LogLevel::Trace),
    }
}

impl PluginLog for WrittenLog {
    fn log(&self, record: &LogRecord<'_>) {
        if record.level < self.least {
            return;
        }
        let line = line_of(record, &format!("{:.3}", jiff::Timestamp::now()));
        match &self.file {
            Some(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                // There is nobody to tell when the disk is full.
                let _ = writeln!(file, "{line}");
            }
            None => self.terminal.error_line(&line),
        }
    }
}

fn line_of(record: &LogRecord<'_>, time: &str) -> String {
    let level = match record.level {
        LogLevel::Trace => "[TRACE]",
        LogLevel::Debug => "[DEBUG]",
        LogLevel::Info => "[INFO] ",
        LogLevel::Warn => "[WARN] ",
        LogLevel::Error => "[ERROR]",
    };
    let module = if record.module.is_empty() { "provider" } else { record.module.as_str() };
    let mut line = format!("{time} {level} {module} {}: {}", record.provider, record.message);
    for (name, content) in &record.fields {
        line.push_str(&format!(" {name}={content}"));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_lines() {
        let record = LogRecord {
            provider: "hashicorp/random",
            level: LogLevel::Warn,
            is_plain: false,
            module: "sdk.proto".to_owned(),
            message: "It is slow".to_owned(),
            fields: vec![("tf_rpc", "ReadResource".to_owned())],
        };
        assert_eq!(
            line_of(&record, "2026-01-02T03:04:05.678Z"),
            "2026-01-02T03:04:05.678Z [WARN]  sdk.proto hashicorp/random: It is slow tf_rpc=ReadResource"
        );
        assert_eq!(read_level("off"), None);
        assert_eq!(read_level("warn"), Some(LogLevel::Warn));
        assert_eq!(read_level("1"), Some(LogLevel::Trace));
    }
}
