//! A server for tests that answers what it was told to, in order, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    dropped: bool,
}

/// Answers with a status and a body.
pub(crate) fn answer(status: u16, body: serde_json::Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    Answer { status, headers: Vec::new(), body, dropped: false }
}

/// Closes the connection instead of answering.
pub(crate) fn drop_connection() -> Answer {
    Answer { dropped: true, ..answer(200, serde_json::Value::Null) }
}

impl Answer {
    /// Answers with a text that need not be JSON.
    pub(crate) fn from_text(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), body: body.to_owned(), dropped: false }
    }

    /// Adds a header; `{base}` in its value stands for the server's address.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// The server. Stops with the test's runtime.
pub(crate) struct ScriptedServer {
    /// Its address, `http://127.0.0.1:port`.
    pub(crate) base: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl ScriptedServer {
    /// Starts a server with a script.
    pub(crate) async fn start(script: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback is there");
        let base = format!("http://{}", listener.local_addr().expect("bound"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(Mutex::new(script.into_iter().collect::<VecDeque<_>>()));
        let server = Self { base: base.clone(), seen: Arc::clone(&seen) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&seen), base.clone()));
            }
        });
        server
    }

    /// Returns what was asked so far, as `METHOD target`.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("no panic").clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    script: Arc<Mutex<VecDeque<Answer>>>,
    seen: Arc<Mutex<Vec<String>>>,
    base: String,
) -> Option<()> {
    loop {
        let request = read_request(&mut stream).await?;
        let mut words = request.split(' ');
        let line = format!("{} {}", words.next()?, words.next()?);
        seen.lock().expect("no panic").push(line);
        let next = script.lock().expect("no panic").pop_front();
        let next =
            next.unwrap_or_else(|| answer(418, serde_json::json!({"error": {"code": "ScriptIsOver"}})));
        if next.dropped {
            return None;
        }
        let mut text = format!("HTTP/1.1 {} X\r\ncontent-length: {}\r\n", next.status, next.body.len());
        for (name, value) in &next.headers {
            text.push_str(&format!("{name}: {}\r\n", value.replace("{base}", &base)));
        }
        text.push_str("\r\n");
        text.push_str(&next.body);
        stream.write_all(text.as_bytes()).await.ok()?;
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_ascii_lowercase();
            let length = length.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
    }
}
