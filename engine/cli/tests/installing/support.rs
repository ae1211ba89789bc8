//! Working directories, and servers on the loopback interface.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

/// A working directory with a home folder of its own beside it.
pub(crate) struct Project {
    directory: TempDir,
    environment: BTreeMap<String, String>,
}

/// What a run of the program came to.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    #[track_caller]
    pub(crate) fn succeeded(self) -> String {
        assert_eq!(self.code, 0, "{}\n{}", self.stdout, self.stderr);
        self.stdout
    }

    /// Returns the messages, with line ends as blanks: where long lines are broken does not matter here.
    #[track_caller]
    pub(crate) fn failed(self) -> String {
        assert_eq!(self.code, 1, "{}\n{}", self.stdout, self.stderr);
        self.stderr.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ")
    }
}

impl Project {
    /// Makes a directory with one configuration file and one for the command line.
    pub(crate) fn new(configuration: &str, settings: &str) -> Self {
        let project = Self {
            directory: tempfile::tempdir().expect("there is room for a folder"),
            environment: BTreeMap::new(),
        };
        project.write("work/main.tf", configuration);
        project.write("home/.terraformrc", settings);
        project
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("it is in a folder"))
            .expect("there is room for a folder");
        std::fs::write(path, text).expect("there is room for a file");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Runs the program with words that are separated by blanks.
    pub(crate) fn run(&self, words: &str) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_terrane"));
        command.args(words.split_whitespace()).current_dir(self.path("work"));
        for (name, _) in std::env::vars() {
            let is_setting = ["TF_", "TERRANE_", "XDG_", "SSL_"].iter().any(|start| name.starts_with(start));
            if is_setting || name.to_lowercase().ends_with("_proxy") {
                command.env_remove(name);
            }
        }
        command.env("TF_INPUT", "0").env("NO_COLOR", "1").env("HOME", self.path("home"));
        command.env("XDG_DATA_DIRS", self.path("data")).envs(&self.environment);
        let Output { status, stdout, stderr } = command.output().expect("the program was built");
        let shown = |bytes: Vec<u8>| {
            String::from_utf8_lossy(&bytes).replace(&self.directory.path().display().to_string(), "TEMP")
        };
        Run { code: status.code().unwrap_or(-1), stdout: shown(stdout), stderr: shown(stderr) }
    }
}

/// A request to a server.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

/// What a server answers.
#[derive(Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }
}

/// A server that lives as long as the test's process.
pub(crate) struct Server {
    pub(crate) address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts a server on a free port; the function gets the server's own address too.
    pub(crate) fn start(answer: impl Fn(&str, &Request) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = format!("http://{}", listener.local_addr().expect("it listens"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (own_address, log) = (address.clone(), Arc::clone(&requests));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(request) = read_request(&stream) else { continue };
                log.lock()
                    .expect("no other thread has panicked")
                    .push(format!("{} {}", request.method, request.path));
                write_answer(&stream, &answer(&own_address, &request));
            }
        });
        Self { address, requests }
    }

    /// Returns what was asked so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no other thread has panicked").clone()
    }
}

fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        match header.trim().split_once(':') {
            None => break,
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().ok()?;
            }
            Some(_) => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, body })
}

fn write_answer(mut stream: &TcpStream, answer: &Answer) {
    let mut head = format!("HTTP/1.1 {} Answer\r\nConnection: close\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", answer.body.len()));
    // A client that has gone needs no answer.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&answer.body));
}

/// Decodes base64, of which the tests' archives consist.
pub(crate) fn bytes(base64: &str) -> Vec<u8> {
    let digits = base64.bytes().filter(|byte| *byte != b'=').map(|byte| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    });
    let digits: Vec<u32> = digits.map(u32::from).collect();
    let group = |group: &[u32]| {
        let number = group.iter().fold(0, |number, digit| number << 6 | digit) << (6 * (4 - group.len()));
        number.to_be_bytes()[1..group.len()].to_vec()
    };
    digits.chunks(4).flat_map(group).collect()
}
