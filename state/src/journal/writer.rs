//! The thread that puts frames on disk: one flush for all that wait for one.
//!
//! Records are written as they come. An intent waits until it is on disk. Whatever else was written goes to
//! disk with the next intent, or soon after when none comes, and in any case before the journal is closed.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use super::frame::write_frame;

/// How long records without a waiting intent may stay unflushed while nothing else comes.
const IDLE_FLUSH: Duration = Duration::from_millis(50);

/// Commands that may wait for the disk; more than that and the sender waits.
const QUEUE_MAX: usize = 4096;

/// Bytes after which a group is written although more records wait.
const GROUP_BYTES_MAX: usize = 1 << 20;

/// The journal cannot be written.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot write the journal {}: {source}", path.display())]
pub struct JournalError {
    /// The journal's file.
    pub path: PathBuf,
    /// Why.
    pub source: Arc<io::Error>,
}

impl JournalError {
    pub(crate) fn new(path: &Path, source: io::Error) -> Self {
        Self { path: path.to_owned(), source: Arc::new(source) }
    }
}

/// What is called once a record is on disk, or cannot get there.
pub(crate) type WhenDurable = Box<dyn FnOnce(Result<(), JournalError>) + Send>;

enum Command {
    Append(Vec<u8>),
    Flush(WhenDurable),
}

/// Where frames go; a file, except in tests of full disks.
pub(crate) trait Sink: Send + 'static {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    fn flush_to_disk(&mut self) -> io::Result<()>;
    /// Takes back what was appended behind this offset.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

impl Sink for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn flush_to_disk(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)?;
        self.seek(SeekFrom::Start(length)).map(drop)
    }
}

/// The handle of the thread. Dropping it puts everything on disk that was given to it.
pub(crate) struct JournalWriter {
    sender: Option<SyncSender<Command>>,
    thread: Option<JoinHandle<()>>,
    path: PathBuf,
    failure: Arc<OnceLock<JournalError>>,
}

impl JournalWriter {
    /// Starts the thread. The sink has `length` bytes and `frames` frames already.
    pub(crate) fn start(path: &Path, sink: impl Sink, length: u64, frames: u64) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(QUEUE_MAX);
        let failure = Arc::new(OnceLock::new());
        let mut writer = Writer {
            sink,
            path: path.to_owned(),
            length,
            frames,
            is_unflushed: false,
            failure: failure.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("state journal".to_owned())
            .spawn(move || writer.run(&receiver))?;
        Ok(Self { sender: Some(sender), thread: Some(thread), path: path.to_owned(), failure })
    }

    /// Hands over a frame's payload.
    ///
    /// # Errors
    /// When an earlier one could not be written; nothing is written any more then.
    pub(crate) fn append(&self, payload: Vec<u8>) -> Result<(), JournalError> {
        self.check()?;
        self.send(Command::Append(payload))
    }

    /// Calls back, on the writer's thread, when all frames handed over so far are on disk.
    pub(crate) fn flush(&self, when_durable: WhenDurable) {
        if let Err(Command::Flush(when_durable)) = self.try_send(Command::Flush(when_durable)) {
            when_durable(Err(self.stopped()));
        }
    }

    /// Returns why nothing can be written any more, if so.
    pub(crate) fn check(&self) -> Result<(), JournalError> {
        self.failure.get().map_or(Ok(()), |failure| Err(failure.clone()))
    }

    /// Puts everything on disk and ends the thread.
    ///
    /// # Errors
    /// When something could not be written.
    pub(crate) fn close(mut self) -> Result<(), JournalError> {
        self.join();
        self.check()
    }

    fn send(&self, command: Command) -> Result<(), JournalError> {
        self.try_send(command).map_err(|_| self.stopped())
    }

    fn try_send(&self, command: Command) -> Result<(), Command> {
        match &self.sender {
            Some(sender) => sender.send(command).map_err(|error| error.0),
            None => Err(command),
        }
    }

    fn stopped(&self) -> JournalError {
        let stopped = || JournalError::new(&self.path, io::Error::other("its writer has stopped"));
        self.failure.get().cloned().unwrap_or_else(stopped)
    }

    fn join(&mut self) {
        drop(self.sender.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            let _ = self.failure.set(self.stopped());
        }
    }
}

impl Drop for JournalWriter {
    fn drop(&mut self) {
        self.join();
    }
}

/// The inside of the thread.
struct Writer<S> {
    sink: S,
    path: PathBuf,
    length: u64,
    frames: u64,
    is_unflushed: bool,
    failure: Arc<OnceLock<JournalError>>,
}

impl<S: Sink> Writer<S> {
    fn run(&mut self, receiver: &Receiver<Command>) {
        loop {
            let first = if self.is_unflushed {
                match receiver.recv_timeout(IDLE_FLUSH) {
                    Ok(command) => command,
                    Err(RecvTimeoutError::Timeout) => {
                        self.flush();
                        continue;
                    }
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            } else {
                match receiver.recv() {
                    Ok(command) => command,
                    Err(_) => break,
                }
            };
            self.write_group(first, receiver);
        }
        self.flush();
    }

    /// Writes one command and those that wait behind it, flushes if one of them asks for it, and answers.
    fn write_group(&mut self, first: Command, receiver: &Receiver<Command>) {
        let mut bytes = Vec::new();
        let mut frames = self.frames;
        let mut waiting: Vec<WhenDurable> = Vec::new();
        let mut next = Some(first);
        let mut commands = 0;
        while let Some(command) = next {
            match command {
                Command::Append(payload) => {
                    write_frame(&mut bytes, frames, &payload);
                    frames += 1;
                }
                Command::Flush(when_durable) => waiting.push(when_durable),
            }
            // Those who wait must not wait for a group that never ends.
            commands += 1;
            let is_full = commands == QUEUE_MAX || bytes.len() >= GROUP_BYTES_MAX;
            next = if is_full { None } else { receiver.try_recv().ok() };
        }
        self.write(&bytes, frames);
        if !waiting.is_empty() {
            self.flush();
        }
        let result = self.failure.get().map_or(Ok(()), |failure| Err(failure.clone()));
        for when_durable in waiting {
            when_durable(result.clone());
        }
    }

    /// Appends whole frames or, when the disk does not take them, none of them.
    fn write(&mut self, bytes: &[u8], frames: u64) {
        if bytes.is_empty() || self.failure.get().is_some() {
            return;
        }
        match self.sink.append(bytes) {
            Ok(()) => {
                self.length += bytes.len() as u64;
                self.frames = frames;
                self.is_unflushed = true;
            }
            Err(error) => {
                // A torn end would do no harm to recovery; without it there is nothing to explain.
                let _ = self.sink.cut(self.length);
                let _ = self.failure.set(JournalError::new(&self.path, error));
            }
        }
    }

    fn flush(&mut self) {
        if self.is_unflushed {
            self.is_unflushed = false;
            if let Err(error) = self.sink.flush_to_disk() {
                // What the disk holds now is not known; the kernel reports this once only.
                let _ = self.failure.set(JournalError::new(&self.path, error));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::channel;

    use super::*;
    use crate::journal::frame::{End, read_frames};

    /// A disk of limited size that counts flushes.
    #[derive(Clone, Default)]
    struct SmallDisk(Arc<Mutex<Content>>);

    #[derive(Default)]
    struct Content {
        bytes: Vec<u8>,
        size: usize,
        flushes: usize,
        /// What the first flush waits for.
        gate: Option<Receiver<()>>,
    }

    impl Sink for SmallDisk {
        fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
            let mut content = self.0.lock().unwrap();
            let room = content.size - content.bytes.len();
            content.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
            if bytes.len() > room { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        }

        fn flush_to_disk(&mut self) -> io::Result<()> {
            let gate = {
                let mut content = self.0.lock().unwrap();
                content.flushes += 1;
                content.gate.take()
            };
            if let Some(gate) = gate {
                let _ = gate.recv();
            }
            Ok(())
        }

        fn cut(&mut self, length: u64) -> io::Result<()> {
            self.0.lock().unwrap().bytes.truncate(usize::try_from(length).unwrap());
            Ok(())
        }
    }

    fn start(size: usize) -> (SmallDisk, JournalWriter) {
        let disk = SmallDisk::default();
        disk.0.lock().unwrap().size = size;
        let writer = JournalWriter::start(Path::new("j"), disk.clone(), 0, 0).unwrap();
        (disk, writer)
    }

    #[test]
    fn a_full_disk_keeps_what_it_has_and_says_so() {
        let (disk, writer) = start(100);
        let (sender, receiver) = channel();
        for _ in 0..10 {
            let _ = writer.append(vec![7; 20]);
            let sender = sender.clone();
            writer.flush(Box::new(move |result| sender.send(result.is_ok()).unwrap()));
        }
        assert!(writer.close().unwrap_err().to_string().contains("cannot write the journal j"));
        drop(sender);
        let answers: Vec<bool> = receiver.iter().collect();
        let content = disk.0.lock().unwrap();
        let (frames, end) = read_frames(&content.bytes);
        assert_eq!(end, End::Complete);
        // Whatever was acknowledged is there.
        assert!(frames.len() >= answers.iter().filter(|is_ok| **is_ok).count());
        assert_eq!(answers.len(), 10);
        assert!(!answers[9]);
    }

    #[test]
    fn intents_that_wait_at_a_time_share_a_flush() {
        let (disk, writer) = start(1 << 20);
        let (open_gate, gate) = channel();
        disk.0.lock().unwrap().gate = Some(gate);
        let (sender, receiver) = channel();
        let begin = || {
            let sender = sender.clone();
            writer.append(vec![7; 20]).unwrap();
            writer.flush(Box::new(move |result| sender.send(result.is_ok()).unwrap()));
        };
        begin();
        while disk.0.lock().unwrap().flushes == 0 {
            std::thread::yield_now();
        }
        for _ in 0..100 {
            begin();
        }
        assert!(receiver.try_recv().is_err(), "nothing is acknowledged before it is on disk");
        open_gate.send(()).unwrap();
        assert_eq!(receiver.iter().take(101).filter(|is_ok| *is_ok).count(), 101);
        assert_eq!(disk.0.lock().unwrap().flushes, 2);
    }

    #[test]
    fn records_without_an_intent_are_flushed_together() {
        let (disk, writer) = start(1 << 20);
        for _ in 0..1_000 {
            writer.append(vec![7; 20]).unwrap();
        }
        writer.close().unwrap();
        let content = disk.0.lock().unwrap();
        assert_eq!(read_frames(&content.bytes).0.len(), 1_000);
        // As a rule one; more when this machine is so busy that the writer was idle in between.
        assert!(content.flushes < 100, "{}", content.flushes);
    }
}
