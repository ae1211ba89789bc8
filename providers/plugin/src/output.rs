//! What a plugin prints: passed on to the log, and kept for the message about its end.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

use crate::log::{LogLevel, PluginLog, read_line};
use crate::redact::Secrets;

/// How much of one line is kept; the rest of it is dropped.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// How many lines of plain text are kept.
const TAIL_LINES_MAX: usize = 30;

/// How much of each kept line is shown.
const TAIL_CHARS_MAX: usize = 400;

/// Takes lines from the pipes of one plugin.
pub(crate) struct Output {
    provider: String,
    log: Option<Arc<dyn PluginLog>>,
    tail: Mutex<Tail>,
    /// Texts that are masked.
    pub(crate) secrets: Secrets,
}

/// The last lines of plain text, or from a panic on the first.
#[derive(Default)]
struct Tail {
    lines: VecDeque<String>,
    has_panicked: bool,
}

impl Output {
    /// Makes an output that passes on to `log`.
    pub(crate) fn new(provider: String, log: Option<Arc<dyn PluginLog>>) -> Self {
        Self { provider, log, tail: Mutex::default(), secrets: Secrets::default() }
    }

    /// Takes a line; `plain` is the level of what is no log record.
    fn take(&self, line: &str, plain: LogLevel) {
        let mut record = read_line(&self.provider, line, plain);
        record.message = self.secrets.mask(&record.message).into_owned();
        for (_, content) in &mut record.fields {
            *content = self.secrets.mask(content).into_owned();
        }
        if record.is_plain && !record.message.trim().is_empty() {
            let kept = record.message.chars().take(TAIL_CHARS_MAX).collect();
            self.tail.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
        }
        if let Some(log) = &self.log {
            log.log(&record);
        }
    }

    /// Returns what the plugin last printed as plain text, for a message about its end; empty for nothing.
    pub(crate) fn last_words(&self) -> String {
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        Vec::from_iter(tail.lines.iter().map(String::as_str)).join("\n")
    }

    /// Takes all lines of a pipe until it is closed.
    pub(crate) async fn take_lines(&self, mut pipe: impl AsyncBufRead + Unpin, plain: LogLevel) {
        while let Ok(Some(line)) = next_line(&mut pipe).await {
            self.take(&line, plain);
        }
    }

    /// Takes a piece of output that may be many lines or the part of one.
    pub(crate) fn take_piece(&self, piece: &[u8]) {
        for line in String::from_utf8_lossy(piece).lines() {
            self.take(line, LogLevel::Info);
        }
    }
}

impl Tail {
    fn push(&mut self, line: String) {
        if self.has_panicked {
            if self.lines.len() < TAIL_LINES_MAX {
                self.lines.push_back(line);
            }
            return;
        }
        if ["panic:", "fatal error:"].iter().any(|start| line.starts_with(start)) {
            self.has_panicked = true;
            self.lines.clear();
        }
        if self.lines.len() == TAIL_LINES_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }
}

/// Reads a line without its end; nothing at the end of the pipe. What is too much for a line is dropped.
async fn next_line(pipe: &mut (impl AsyncBufRead + Unpin)) -> std::io::Result<Option<String>> {
    let Some((line, is_whole)) = start_of_line(pipe).await? else { return Ok(None) };
    if !is_whole {
        drop_rest_of_line(pipe).await?;
    }
    Ok(Some(line))
}

/// Reads a line, or as much of it as one may have, and tells whether it was all; nothing at the end of the pipe.
pub(crate) async fn start_of_line(
    pipe: &mut (impl AsyncBufRead + Unpin),
) -> std::io::Result<Option<(String, bool)>> {
    let mut line = Vec::new();
    if pipe.take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut line).await? == 0 {
        return Ok(None);
    }
    let is_whole = line.last() == Some(&b'\n') || line.len() < LINE_BYTES_MAX;
    Ok(Some((String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned(), is_whole)))
}

async fn drop_rest_of_line(pipe: &mut (impl AsyncBufRead + Unpin)) -> std::io::Result<()> {
    loop {
        let buffered = pipe.fill_buf().await?;
        let end = buffered.iter().position(|byte| *byte == b'\n');
        let length = end.map_or(buffered.len(), |end| end + 1);
        pipe.consume(length);
        if end.is_some() || length == 0 {
            return Ok(());
        }
    }
}
