//! Processes that offer a service for as long as a test wants it.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(120);

/// A process that ends with this value.
pub(crate) struct Service {
    child: Child,
}

impl Service {
    /// Starts a process and waits until it says something; returns the line.
    #[track_caller]
    pub(crate) fn start_until(mut command: Command, says: &str) -> (Self, String) {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let service = Self { child };
        let mut line = String::new();
        while output.read_line(&mut line).unwrap() > 0 && !line.contains(says) {
            line.clear();
        }
        assert!(line.contains(says), "{command:?} has ended");
        // What follows is read, so that a full pipe holds nothing up.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        (service, line)
    }

    /// Starts a process and waits until it listens.
    #[track_caller]
    pub(crate) fn start_at(mut command: Command, port: u16) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut service = Self { child };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(service.child.try_wait().unwrap().is_none(), "{command:?} has ended");
            assert!(start.elapsed() < PATIENCE, "{command:?} does not listen");
            std::thread::sleep(Duration::from_millis(100));
        }
        service
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns a port that is free right now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
