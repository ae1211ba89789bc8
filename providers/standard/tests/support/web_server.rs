//! A web server that answers as it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// Answers every connection with the next of its answers, and remembers what was asked.
pub(crate) struct WebServer {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl WebServer {
    /// Starts a server that gives these answers, one a connection, and closes the connection after each.
    pub(crate) fn start(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("the port is bound").to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let asked = requests.clone();
        let thread = std::thread::spawn(move || {
            for answer in answers {
                let (stream, _) = listener.accept().expect("a client comes");
                let request = serve(stream, &answer);
                asked.lock().expect("nobody panics").push(request);
            }
        });
        Self { address, requests, thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/path", self.address)
    }

    /// Returns the requests, once every answer has been given.
    pub(crate) fn requests(mut self) -> Vec<String> {
        self.thread.take().expect("it is asked once").join().expect("the server ends well");
        let requests = self.requests.lock().expect("nobody panics").clone();
        requests.into_iter().map(|request| request.replace(&self.address, "ADDRESS")).collect()
    }
}

fn serve(stream: TcpStream, answer: &[u8]) -> String {
    let mut reader = BufReader::new(stream);
    let (mut request, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        let read = reader.read_line(&mut line).expect("the client sends lines");
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length is a number");
        }
        request += line.trim_end();
        request.push('\n');
        if read == 0 || line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("the client sends the body");
    request += &String::from_utf8_lossy(&body);
    // A client that has given up does not read the answer.
    let _ = reader.get_mut().write_all(answer);
    request
}

/// An answer with a status line, headers and a body.
pub(crate) fn answer(status: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}
