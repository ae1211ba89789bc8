//! Output in pieces to output in lines.

use terrane_provider::ProvisionOutput;

/// Longest line that is passed on as one; what is longer is passed on in parts.
const LINE_MAX: usize = 64 * 1024;

/// How much of the output is kept for the message about a failure.
const TAIL_MAX: usize = 8 * 1024;

/// Passes on whole lines, and keeps the end of the output.
pub(crate) struct Lines<'a> {
    output: &'a dyn ProvisionOutput,
    pending: Vec<u8>,
    tail: Vec<u8>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(output: &'a dyn ProvisionOutput) -> Self {
        Self { output, pending: Vec::new(), tail: Vec::new() }
    }

    /// Takes a piece of output.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.tail.extend_from_slice(piece);
        if self.tail.len() > 2 * TAIL_MAX {
            self.tail.drain(..self.tail.len() - TAIL_MAX);
        }
        self.pending.extend_from_slice(piece);
        let mut start = 0;
        while let Some(length) = self.pending[start..].iter().position(|byte| *byte == b'\n') {
            self.pass_on(&self.pending[start..start + length]);
            start += length + 1;
        }
        self.pending.drain(..start);
        if self.pending.len() > LINE_MAX {
            self.finish();
        }
    }

    /// Passes on what has no line end.
    pub(crate) fn finish(&mut self) {
        if !self.pending.is_empty() {
            self.pass_on(&self.pending);
            self.pending.clear();
        }
    }

    /// Returns the end of all output.
    pub(crate) fn tail(&self) -> String {
        let start = self.tail.len().saturating_sub(TAIL_MAX);
        String::from_utf8_lossy(&self.tail[start..]).into_owned()
    }

    fn pass_on(&self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        self.output.line(text.trim_end_matches('\r'));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    struct Kept(Mutex<Vec<String>>);

    impl ProvisionOutput for Kept {
        fn line(&self, text: &str) {
            self.0.lock().unwrap().push(text.to_owned());
        }
    }

    #[test]
    fn pieces_become_lines() {
        let kept = Kept(Mutex::new(Vec::new()));
        let mut lines = Lines::new(&kept);
        for piece in ["a", "b\r\nc\n", "", "\nd"] {
            lines.push(piece.as_bytes());
        }
        lines.finish();
        assert_eq!(*kept.0.lock().unwrap(), ["ab", "c", "", "d"]);
        assert_eq!(lines.tail(), "ab\r\nc\n\nd");
    }

    #[test]
    fn only_the_end_is_kept() {
        let kept = Kept(Mutex::new(Vec::new()));
        let mut lines = Lines::new(&kept);
        for _ in 0..100 {
            lines.push(&[b'x'; 1000]);
        }
        assert_eq!(lines.tail().len(), TAIL_MAX);
        assert!(!kept.0.lock().unwrap().is_empty(), "a line without end is passed on in parts");
    }
}
