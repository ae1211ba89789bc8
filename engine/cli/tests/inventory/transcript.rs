//! Transcripts: what they consist of, and how they are played.

use std::fmt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use regex::Regex;

/// A text of files, commands and what they answer.
#[derive(Debug)]
pub(crate) struct Transcript {
    /// What stands before the first part.
    head: String,
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    /// A file's name and content.
    File(String, String),
    /// A shell command and what it writes.
    Command(String, String),
}

impl Transcript {
    /// Reads a transcript.
    pub(crate) fn read(text: &str) -> Self {
        let mut transcript = Self { head: String::new(), parts: Vec::new() };
        for line in text.split_inclusive('\n') {
            if let Some(name) = line.strip_prefix("--- ") {
                transcript.parts.push(Part::File(name.trim_end().to_owned(), String::new()));
            } else if let Some(command) = line.strip_prefix("$ ") {
                transcript.parts.push(Part::Command(command.trim_end().to_owned(), String::new()));
            } else {
                match transcript.parts.last_mut() {
                    None => transcript.head.push_str(line),
                    Some(Part::File(_, content) | Part::Command(_, content)) => content.push_str(line),
                }
            }
        }
        transcript
    }

    /// Writes the files and gives the commands in an empty directory; returns the transcript of that.
    pub(crate) fn play(&self, program: &Path) -> Self {
        let root = tempfile::tempdir().unwrap();
        let (directory, programs) = (root.path().join("work"), root.path().join("bin"));
        std::fs::create_dir(&directory).unwrap();
        std::fs::create_dir(&programs).unwrap();
        symlink(program, programs.join("terrane")).unwrap();
        let parts = self.parts.iter().map(|part| match part {
            Part::File(name, content) => {
                let path = directory.join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, content).unwrap();
                Part::File(name.clone(), content.clone())
            }
            Part::Command(words, _) => Part::Command(words.clone(), answer(words, &directory, &programs)),
        });
        Self { head: self.head.clone(), parts: parts.collect() }
    }
}

/// Gives a command to a shell and returns what it writes, cleaned of what differs from run to run.
fn answer(words: &str, directory: &Path, programs: &Path) -> String {
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{{ {words}\n}} 2>&1")).current_dir(directory).stdin(Stdio::null());
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("TF_") || name.starts_with("TERRANE_"))
    {
        shell.env_remove(name);
    }
    shell
        .env("PATH", path)
        .env("HOME", directory.parent().unwrap())
        .env("NO_COLOR", "1")
        .env("TF_INPUT", "0")
        .env("CHECKPOINT_DISABLE", "1");
    let output = shell.output().unwrap();
    let mut text = cleaned(&String::from_utf8_lossy(&output.stdout), directory);
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    if let Some(code) = output.status.code().filter(|code| *code != 0) {
        text.push_str(&format!("[{code}]\n"));
    }
    text
}

/// Replaces what differs from run to run, and lines that could be taken for parts.
fn cleaned(text: &str, directory: &Path) -> String {
    let patterns = [
        (r"\x1b\[[0-9;]*m", ""),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uuid>"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", "<time>"),
        (r"after \d+s", "after 0s"),
        (r"deposed object [0-9a-f]{8}", "deposed object <key>"),
        (r"(?m)^(---|\$) ", " $1 "),
        (r"(?m)[ \t]+$", ""),
    ];
    let mut text = text.replace(&*directory.to_string_lossy(), "<directory>");
    for (pattern, replacement) in patterns {
        text = Regex::new(pattern).unwrap().replace_all(&text, replacement).into_owned();
    }
    text
}

impl fmt::Display for Transcript {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.head)?;
        for part in &self.parts {
            match part {
                Part::File(name, content) => write!(formatter, "--- {name}\n{content}")?,
                Part::Command(words, answer) => write!(formatter, "$ {words}\n{answer}")?,
            }
        }
        Ok(())
    }
}
