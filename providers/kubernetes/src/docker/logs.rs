//! What containers write.

use bollard::query_parameters::LogsOptionsBuilder;
use futures_util::StreamExt;

use super::engine::Engine;
use super::error::{DockerError, While};

impl Engine {
    /// Follows a container's log from its beginning until a line fulfils the predicate. Returns whether one
    /// did before the log ended.
    pub(crate) async fn follow_log(
        &self,
        container: &str,
        mut is_wanted: impl FnMut(&str) -> bool,
    ) -> Result<bool, DockerError> {
        let options = LogsOptionsBuilder::new().follow(true).stdout(true).stderr(true).build();
        let mut log = self.docker.logs(container, Some(options));
        let mut rest = String::new();
        while let Some(chunk) = log.next().await {
            let chunk = chunk.during(|| format!("read the log of {container}"))?;
            rest.push_str(&String::from_utf8_lossy(&chunk.into_bytes()));
            while let Some(end) = rest.find('\n') {
                if is_wanted(&rest[..end]) {
                    return Ok(true);
                }
                rest.drain(..=end);
            }
        }
        Ok(is_wanted(&rest))
    }

    /// Returns the last lines of a container's log, without colours.
    pub(crate) async fn log_tail(&self, container: &str, lines: usize) -> Result<Vec<String>, DockerError> {
        let options = LogsOptionsBuilder::new().stdout(true).stderr(true).tail(&lines.to_string()).build();
        let mut log = self.docker.logs(container, Some(options));
        let mut text = String::new();
        while let Some(chunk) = log.next().await {
            let chunk = chunk.during(|| format!("read the log of {container}"))?;
            text.push_str(&String::from_utf8_lossy(&chunk.into_bytes()));
        }
        Ok(plain_lines(&text, lines))
    }
}

/// Returns the last lines that say something, without terminal escapes.
pub(crate) fn plain_lines(text: &str, count: usize) -> Vec<String> {
    let lines: Vec<String> = text
        .lines()
        .map(|line| without_escapes(line).trim_end().to_owned())
        .filter(|line| !line.is_empty())
        .collect();
    lines[lines.len().saturating_sub(count)..].to_vec()
}

/// Removes the control sequences that colour text (`ESC [ … letter`).
fn without_escapes(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => {
                characters.by_ref().find(|c| c.is_ascii_alphabetic());
            }
            '\r' => {}
            character => plain.push(character),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_lose_colours_and_emptiness() {
        let text = "one\r\n\u{1b}[0;32m  OK  \u{1b}[0m] two\n\n\nthree";
        assert_eq!(plain_lines(text, 2), ["  OK  ] two", "three"]);
        assert_eq!(plain_lines("", 2), Vec::<String>::new());
    }
}
