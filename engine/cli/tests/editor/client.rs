//! As much of an editor as a session needs.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// An editor with a server of its own and a directory.
pub(crate) struct Client {
    directory: TempDir,
    server: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    last_id: i64,
    version: i64,
    /// Messages about files that came while something else was waited for.
    published: Vec<Json>,
}

impl Client {
    /// Starts the server in a directory with files.
    pub(crate) fn start(files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_terrane"));
        command.arg("lsp").current_dir(directory.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TF_")) {
            command.env_remove(name);
        }
        let mut server = command.spawn().unwrap();
        let input = server.stdin.take();
        let output = BufReader::new(server.stdout.take().unwrap());
        Self { directory, server, input, output, last_id: 0, version: 0, published: Vec::new() }
    }

    /// Goes through the greeting.
    pub(crate) fn initialized(mut self) -> Self {
        let answer = self.ask("initialize", json!({"processId": null, "rootUri": null, "capabilities": {}}));
        assert_eq!(answer["serverInfo"]["name"], "terrane");
        for ability in ["hoverProvider", "definitionProvider", "renameProvider", "documentFormattingProvider"]
        {
            assert_eq!(answer["capabilities"][ability], true, "{ability}");
        }
        self.tell("initialized", json!({}));
        self
    }

    /// Says goodbye; the server ends without an error.
    pub(crate) fn end(mut self) {
        assert_eq!(self.ask("shutdown", Json::Null), Json::Null);
        self.tell("exit", Json::Null);
        drop(self.input.take());
        assert!(self.server.wait().unwrap().success());
    }

    fn uri(&self, name: &str) -> String {
        format!("file://{}/{name}", self.directory.path().display())
    }

    pub(crate) fn open(&mut self, name: &str, text: &str) {
        let document = json!({"uri": self.uri(name), "languageId": "terraform", "version": 0, "text": text});
        self.tell("textDocument/didOpen", json!({"textDocument": document}));
    }

    pub(crate) fn change(&mut self, name: &str, text: &str) {
        self.published.clear();
        self.version += 1;
        let document = json!({"uri": self.uri(name), "version": self.version});
        self.tell(
            "textDocument/didChange",
            json!({"textDocument": document, "contentChanges": [{"text": text}]}),
        );
    }

    /// Waits for the messages about a file.
    pub(crate) fn diagnostics(&mut self, name: &str) -> Json {
        let uri = self.uri(name);
        loop {
            if let Some(at) = self.published.iter().position(|params| params["uri"] == *uri) {
                return self.published.remove(at)["diagnostics"].take();
            }
            let message = self.receive();
            self.keep(message);
        }
    }

    pub(crate) fn ask_at(&mut self, method: &str, name: &str, position: Json, more: Json) -> Json {
        let params = self.params(name, position, more);
        self.ask(method, params)
    }

    pub(crate) fn refused_at(&mut self, method: &str, name: &str, position: Json, more: Json) -> String {
        let params = self.params(name, position, more);
        self.refused(method, params)
    }

    fn params(&self, name: &str, position: Json, more: Json) -> Json {
        let mut params = json!({"textDocument": {"uri": self.uri(name)}, "position": position});
        for (key, value) in more.as_object().cloned().unwrap_or_default() {
            params[key] = value;
        }
        params
    }

    pub(crate) fn format(&mut self, name: &str) -> Json {
        let options = json!({"tabSize": 2, "insertSpaces": true});
        self.ask(
            "textDocument/formatting",
            json!({"textDocument": {"uri": self.uri(name)}, "options": options}),
        )
    }

    /// Asks something that is answered.
    pub(crate) fn ask(&mut self, method: &str, params: Json) -> Json {
        let mut answer = self.request(method, params);
        assert_eq!(answer["error"], Json::Null, "{method}");
        answer["result"].take()
    }

    /// Asks something that is refused; returns why.
    pub(crate) fn refused(&mut self, method: &str, params: Json) -> String {
        let answer = self.request(method, params);
        answer["error"]["message"].as_str().unwrap_or_default().to_owned()
    }

    fn request(&mut self, method: &str, params: Json) -> Json {
        self.last_id += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params}));
        loop {
            let message = self.receive();
            if message["id"] == self.last_id {
                return message;
            }
            self.keep(message);
        }
    }

    fn tell(&mut self, method: &str, params: Json) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    fn keep(&mut self, mut message: Json) {
        if message["method"] == "textDocument/publishDiagnostics" {
            self.published.push(message["params"].take());
        }
    }

    fn send(&mut self, message: &Json) {
        let text = message.to_string();
        let input = self.input.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        input.flush().unwrap();
    }

    fn receive(&mut self) -> Json {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "the server has gone");
            match line.trim_end().split_once(": ") {
                Some(("Content-Length", number)) => length = number.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut text = vec![0; length];
        self.output.read_exact(&mut text).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// Makes the edits of an answer in a text.
    pub(crate) fn applied(&self, name: &str, text: &str, answer: &Json) -> String {
        let mut edits: Vec<(usize, usize, &str)> = answer["changes"][self.uri(name)]
            .as_array()
            .unwrap_or_else(|| panic!("no edits of {name}: {answer}"))
            .iter()
            .map(|edit| {
                let range = &edit["range"];
                (
                    offset(text, &range["start"]),
                    offset(text, &range["end"]),
                    edit["newText"].as_str().unwrap(),
                )
            })
            .collect();
        edits.sort_unstable();
        let mut text = text.to_owned();
        for (start, end, new) in edits.into_iter().rev() {
            text.replace_range(start..end, new);
        }
        text
    }
}

/// Takes the mark out of a text; returns where it stood.
pub(crate) fn marked(text: &str) -> (String, Json) {
    let offset = text.find('|').unwrap();
    let text = text.replacen('|', "", 1);
    let position = position(&text, offset);
    (text, position)
}

pub(crate) fn position(text: &str, offset: usize) -> Json {
    let before = &text[..offset];
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap_or_default().encode_utf16().count();
    json!({"line": line, "character": column})
}

fn offset(text: &str, position: &Json) -> usize {
    let line = usize::try_from(position["line"].as_u64().unwrap()).unwrap();
    let column = usize::try_from(position["character"].as_u64().unwrap()).unwrap();
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    start + column
}
