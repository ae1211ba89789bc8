//! The loop: one message after the other. Directories are checked when nothing is waiting to be answered.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::{
    CompletionOptions, CompletionParams, CompletionResponse, DiagnosticSeverity, DidChangeTextDocumentParams,
    DidCloseTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams,
    DocumentFormattingParams, GotoDefinitionParams, Hover, HoverContents, HoverParams,
    HoverProviderCapability, Location, MarkupContent, MarkupKind, OneOf, Position, PublishDiagnosticsParams,
    ServerCapabilities, TextDocumentPositionParams, TextDocumentSyncCapability, TextDocumentSyncKind,
    TextEdit, Uri,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use terrane_language::syntax::{format_source, parse_file};
use terrane_model::{Diagnostics, FileId, Severity, SourceMap};

use super::analysis::Analysis;
use super::completion::complete;
use super::cursor::cursor;
use super::documents::{Documents, path_of, uri_of};
use super::hover::describe;
use super::navigation::{called_file, declaration};
use super::positions::{offset, range};
use crate::context::Context;

/// Answers an editor until it says goodbye.
///
/// # Errors
/// When the two do not understand each other.
pub fn serve(context: &Context) -> Result<(), String> {
    let (connection, threads) = Connection::stdio();
    let (id, params) = connection.initialize_start().map_err(|error| error.to_string())?;
    let about = json!({
        "capabilities": capabilities(),
        "serverInfo": {"name": "terrane", "version": env!("CARGO_PKG_VERSION")},
    });
    connection.initialize_finish(id, about).map_err(|error| error.to_string())?;
    let mut server = Server {
        context,
        connection,
        documents: Documents::default(),
        analyses: HashMap::new(),
        workspace: opened(&params),
        outdated: BTreeSet::new(),
        shown: BTreeMap::new(),
    };
    server.run()?;
    drop(server);
    threads.join().map_err(|error| error.to_string())
}

/// Returns the directories that an editor opens.
fn opened(params: &Json) -> Vec<PathBuf> {
    let folders = params["workspaceFolders"].as_array().into_iter().flatten().map(|folder| &folder["uri"]);
    let uris = folders.chain([&params["rootUri"]]).filter_map(Json::as_str);
    uris.filter_map(|uri| path_of(&uri.parse().ok()?)).collect()
}

fn capabilities() -> ServerCapabilities {
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Kind(TextDocumentSyncKind::FULL)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(vec![".".to_owned(), "\"".to_owned()]),
            ..CompletionOptions::default()
        }),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        rename_provider: Some(OneOf::Left(true)),
        document_formatting_provider: Some(OneOf::Left(true)),
        ..ServerCapabilities::default()
    }
}

pub(super) struct Server<'c> {
    pub(super) context: &'c Context,
    connection: Connection,
    pub(super) documents: Documents,
    pub(super) analyses: HashMap<PathBuf, Analysis>,
    /// The directories that the editor has opened as a whole.
    pub(super) workspace: Vec<PathBuf>,
    /// Directories whose messages have to be renewed.
    outdated: BTreeSet<PathBuf>,
    /// Files that messages are shown for, by the directory that they come from.
    shown: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
}

/// Why a request cannot be answered, for people.
pub(super) type Refusal = String;

impl Server<'_> {
    fn run(&mut self) -> Result<(), String> {
        loop {
            let message = match self.connection.receiver.try_recv() {
                Ok(message) => message,
                Err(_) => {
                    self.publish_outdated();
                    match self.connection.receiver.recv() {
                        Ok(message) => message,
                        // The editor has gone without a word.
                        Err(_) => return Ok(()),
                    }
                }
            };
            match message {
                Message::Request(request) => {
                    if self.connection.handle_shutdown(&request).map_err(|error| error.to_string())? {
                        return Ok(());
                    }
                    let response = self.answer(request);
                    self.send(Message::Response(response));
                }
                Message::Notification(notification) => self.take_note(notification),
                Message::Response(_) => {}
            }
        }
    }

    fn send(&self, message: Message) {
        // An editor that does not listen any more is noticed when it is listened to.
        let _ = self.connection.sender.send(message);
    }

    fn take_note(&mut self, notification: Notification) {
        match notification.method.as_str() {
            "textDocument/didOpen" => {
                if let Some(params) = read::<DidOpenTextDocumentParams>(notification.params) {
                    self.edit(&params.text_document.uri, params.text_document.text);
                }
            }
            "textDocument/didChange" => {
                if let Some(mut params) = read::<DidChangeTextDocumentParams>(notification.params)
                    && let Some(change) = params.content_changes.pop()
                {
                    self.edit(&params.text_document.uri, change.text);
                }
            }
            "textDocument/didSave" => {
                let params = read::<DidSaveTextDocumentParams>(notification.params);
                if let Some(path) = params.and_then(|params| path_of(&params.text_document.uri)) {
                    self.forget(&path);
                }
            }
            "textDocument/didClose" => {
                let params = read::<DidCloseTextDocumentParams>(notification.params);
                if let Some(path) = params.and_then(|params| path_of(&params.text_document.uri)) {
                    self.documents.close(&path);
                    self.forget(&path);
                }
            }
            _ => {}
        }
    }

    fn edit(&mut self, uri: &Uri, text: String) {
        if let Some(path) = path_of(uri) {
            self.forget(&path);
            self.documents.set(path, text);
        }
    }

    /// Drops what is known of a directory, and of those whose modules it may be.
    fn forget(&mut self, path: &Path) {
        let Some(directory) = path.parent() else { return };
        let affected: Vec<PathBuf> = self
            .analyses
            .iter()
            .filter(|(_, analysis)| {
                analysis
                    .sources
                    .files()
                    .any(|(_, file)| analysis.path_of(file.path()).parent() == Some(directory))
            })
            .map(|(directory, _)| directory.clone())
            .collect();
        for affected in affected.into_iter().chain([directory.to_owned()]) {
            self.analyses.remove(&affected);
            self.outdated.insert(affected);
        }
    }

    fn answer(&mut self, request: Request) -> Response {
        let Request { id, method, params } = request;
        match method.as_str() {
            "textDocument/completion" => self.reply(id, params, Self::completion),
            "textDocument/hover" => self.reply(id, params, Self::hover),
            "textDocument/definition" => self.reply(id, params, Self::definition),
            "textDocument/references" => self.reply(id, params, Self::references),
            "textDocument/rename" => self.reply(id, params, Self::rename),
            "textDocument/formatting" => self.reply(id, params, Self::formatting),
            _ => {
                let message = format!("The method {method} is not supported.");
                Response::new_err(id, ErrorCode::MethodNotFound as i32, message)
            }
        }
    }

    fn reply<P: DeserializeOwned, R: Serialize>(
        &mut self,
        id: RequestId,
        params: Json,
        find: impl FnOnce(&mut Self, P) -> Result<R, Refusal>,
    ) -> Response {
        let Some(params) = read::<P>(params) else {
            return Response::new_err(
                id,
                ErrorCode::InvalidParams as i32,
                "The parameters are not valid.".to_owned(),
            );
        };
        match find(self, params) {
            Ok(result) => Response::new_ok(id, result),
            Err(refusal) => Response::new_err(id, ErrorCode::RequestFailed as i32, refusal),
        }
    }

    pub(super) fn analysis(&mut self, path: &Path) -> Option<&mut Analysis> {
        let directory = path.parent()?.to_owned();
        let (context, documents) = (self.context, &self.documents);
        Some(
            self.analyses
                .entry(directory)
                .or_insert_with_key(|directory| Analysis::of(context, directory, documents)),
        )
    }

    /// Finds the file that a request is about, and the place in it.
    pub(super) fn place(&self, params: &TextDocumentPositionParams) -> Option<(PathBuf, String, usize)> {
        let path = path_of(&params.text_document.uri)?;
        let text = self.documents.text(&path)?.to_owned();
        let offset = offset(&text, params.position);
        Some((path, text, offset))
    }

    fn completion(&mut self, params: CompletionParams) -> Result<Option<CompletionResponse>, Refusal> {
        let Some((path, text, offset)) = self.place(&params.text_document_position) else { return Ok(None) };
        let cursor = cursor(&text, offset);
        let items = self.analysis(&path).map(|analysis| complete(&cursor, analysis)).unwrap_or_default();
        Ok(Some(CompletionResponse::Array(items)))
    }

    fn hover(&mut self, params: HoverParams) -> Result<Option<Hover>, Refusal> {
        let Some((path, text, offset)) = self.place(&params.text_document_position_params) else {
            return Ok(None);
        };
        let (start, end) = word_around(&text, offset);
        let cursor = cursor(&text, end);
        let description = self.analysis(&path).and_then(|analysis| describe(&cursor, analysis));
        Ok(description.map(|value| Hover {
            contents: HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value }),
            range: Some(range(&text, start, end)),
        }))
    }

    fn definition(&mut self, params: GotoDefinitionParams) -> Result<Option<Location>, Refusal> {
        let Some((path, text, offset)) = self.place(&params.text_document_position_params) else {
            return Ok(None);
        };
        let (_, end) = word_around(&text, offset);
        let cursor = cursor(&text, end);
        let argument = argument_of_line(&text, offset);
        let Some(analysis) = self.analysis(&path) else { return Ok(None) };
        let found = declaration(&cursor, analysis).or_else(|| called_file(&cursor, argument, analysis));
        Ok(found.and_then(|found| {
            Some(Location { uri: uri_of(&found.path)?, range: range(&found.text, found.start, found.end) })
        }))
    }

    fn formatting(&mut self, params: DocumentFormattingParams) -> Result<Option<Vec<TextEdit>>, Refusal> {
        let Some(path) = path_of(&params.text_document.uri) else { return Ok(None) };
        let Some(text) = self.documents.text(&path) else { return Ok(None) };
        match format_source(FileId(0), text) {
            Ok(formatted) if formatted == text => Ok(Some(Vec::new())),
            Ok(new_text) => Ok(Some(vec![TextEdit { range: range(text, 0, text.len()), new_text }])),
            Err(_) => Err("The file has syntax errors.".to_owned()),
        }
    }

    fn publish_outdated(&mut self) {
        for directory in std::mem::take(&mut self.outdated) {
            let probe = directory.join("main.tf");
            let mut by_file: BTreeMap<PathBuf, Vec<lsp_types::Diagnostic>> = BTreeMap::new();
            if let Some(analysis) = self.analysis(&probe) {
                collect(&mut by_file, &analysis.diagnostics, &analysis.sources, &|file| {
                    analysis.path_of(file)
                });
            }
            self.check_other_files(&directory, &mut by_file);
            let before = self.shown.remove(&directory).unwrap_or_default();
            let now: BTreeSet<PathBuf> = by_file.keys().cloned().collect();
            let open = self.documents.paths().filter(|path| path.parent() == Some(&directory));
            let all: BTreeSet<PathBuf> =
                before.union(&now).cloned().chain(open.map(Path::to_owned)).collect();
            for path in all {
                let Some(uri) = uri_of(&path) else { continue };
                let diagnostics = by_file.remove(&path).unwrap_or_default();
                let params = PublishDiagnosticsParams { uri, diagnostics, version: None };
                self.send(Message::Notification(Notification::new(
                    "textDocument/publishDiagnostics".to_owned(),
                    params,
                )));
            }
            self.shown.insert(directory, now);
        }
    }

    /// Of open files that are no part of the configuration, such as tests and values, the syntax is checked.
    fn check_other_files(
        &self,
        directory: &Path,
        by_file: &mut BTreeMap<PathBuf, Vec<lsp_types::Diagnostic>>,
    ) {
        let others = self.documents.paths().filter(|path| {
            let name = path.to_string_lossy();
            path.parent() == Some(directory) && (name.ends_with(".tfvars") || name.ends_with(".hcl"))
        });
        for path in others {
            let Some(text) = self.documents.text(path) else { continue };
            let mut sources = SourceMap::new();
            let id = sources.add(path.to_string_lossy(), text);
            let (_, problems) = parse_file(id, text);
            collect(by_file, &problems, &sources, &|file| PathBuf::from(file));
        }
    }
}

fn read<T: DeserializeOwned>(params: Json) -> Option<T> {
    serde_json::from_value(params).ok()
}

/// Sorts messages by the files that they are about.
fn collect(
    by_file: &mut BTreeMap<PathBuf, Vec<lsp_types::Diagnostic>>,
    diagnostics: &Diagnostics,
    sources: &SourceMap,
    path_of: &dyn Fn(&str) -> PathBuf,
) {
    for diagnostic in diagnostics {
        let subject = diagnostic.subject.and_then(|span| Some((sources.file(span.file)?, span)));
        let (path, range) = match subject {
            Some((file, span)) => {
                (path_of(file.path()), range(file.text(), span.start as usize, span.end as usize))
            }
            // What has no place of its own is shown where people look first.
            None => match sources.files().next() {
                Some((_, file)) => {
                    (path_of(file.path()), lsp_types::Range::new(Position::new(0, 0), Position::new(0, 0)))
                }
                None => continue,
            },
        };
        let severity = match diagnostic.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
        };
        let message = if diagnostic.detail.is_empty() {
            diagnostic.summary.to_string()
        } else {
            format!("{}: {}", diagnostic.summary, diagnostic.detail)
        };
        by_file.entry(path).or_default().push(lsp_types::Diagnostic {
            range,
            severity: Some(severity),
            source: Some("terrane".to_owned()),
            message,
            ..lsp_types::Diagnostic::default()
        });
    }
}

fn word_around(text: &str, offset: usize) -> (usize, usize) {
    let is_word = |character: char| character.is_alphanumeric() || character == '_' || character == '-';
    let start = text[..offset].char_indices().rev().take_while(|(_, character)| is_word(*character)).last();
    let end = text[offset..].char_indices().find(|(_, character)| !is_word(*character));
    (start.map_or(offset, |(start, _)| start), end.map_or(text.len(), |(end, _)| offset + end))
}

/// Returns the argument that the line of an offset gives a value to.
fn argument_of_line(text: &str, offset: usize) -> Option<&str> {
    let start = text[..offset].rfind('\n').map_or(0, |end| end + 1);
    let line = text[start..].lines().next()?;
    line.split_once('=').map(|(name, _)| name.trim())
}
