//! A repository of charts behind a password, on loopback.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;

/// What the repository asks for, in base64: `user:secret`.
const CREDENTIALS: &str = "Basic dXNlcjpzZWNyZXQ=";

/// A repository that serves until the test ends.
pub(crate) struct Repository {
    folder: TempDir,
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Repository {
    /// Packs a chart and serves it.
    pub(crate) fn of_chart(chart: &str) -> Self {
        Self::serving(chart, &[])
    }

    /// Packs a chart, signs it with a key of a keyring, and serves it.
    pub(crate) fn signed(chart: &str, key: &str, keyring: &str) -> Self {
        Self::serving(chart, &["--sign", "--key", key, "--keyring", keyring])
    }

    fn serving(chart: &str, signature: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it has an address"));
        let repository = Self { folder, url, requests: Arc::default() };
        repository.pack_with(chart, signature);
        let (root, requests) = (repository.folder.path().to_owned(), Arc::clone(&repository.requests));
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let path = answer(connection, &root);
                requests.lock().unwrap_or_else(PoisonError::into_inner).extend(path);
            }
        });
        repository
    }

    /// Adds what a chart's folder holds now.
    pub(crate) fn pack(&self, chart: &str) {
        self.pack_with(chart, &[]);
    }

    fn pack_with(&self, chart: &str, signature: &[&str]) {
        let folder = self.folder.path().to_string_lossy().into_owned();
        let package = [&["package", chart, "-d", &folder], signature].concat();
        for args in [package, vec!["repo", "index", &folder, "--url", &self.url]] {
            let output =
                Command::new(std::env::var_os("TERRANE_HELM").expect("there is helm")).args(&args).output();
            assert!(output.expect("helm runs").status.success(), "{args:?}");
        }
    }

    /// Returns what was asked for since the last call.
    pub(crate) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Answers one request; returns the path that was asked for.
fn answer(mut connection: TcpStream, root: &Path) -> Option<String> {
    let mut lines = BufReader::new(&mut connection).lines();
    let path = lines.next()?.ok()?.split(' ').nth(1)?.to_owned();
    let mut is_permitted = false;
    for line in lines.map_while(Result::ok).take_while(|line| !line.is_empty()) {
        is_permitted |= line.eq_ignore_ascii_case(&format!("authorization: {CREDENTIALS}"));
    }
    let mut body = Vec::new();
    let file = std::fs::File::open(root.join(path.trim_start_matches('/')));
    let status = match file {
        _ if !is_permitted => "401 Unauthorized",
        Ok(mut file) => {
            file.read_to_end(&mut body).ok()?;
            "200 OK"
        }
        Err(_) => "404 Not Found",
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    connection.write_all(head.as_bytes()).ok()?;
    connection.write_all(&body).ok()?;
    Some(path)
}
