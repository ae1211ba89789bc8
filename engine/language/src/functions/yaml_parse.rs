//! The structure of a YAML text: documents, and in them nodes, read one after the other.
//!
//! A node is read up to where its content starts; who wants what a sequence or mapping contains asks for one
//! entry after the other. The grammar, its oddities included, is that of libyaml.

use super::yaml_cursor::Mark;
use super::yaml_scalar::Style;
use super::yaml_scan::{Scanner, TokenKind};

/// The handles that every document has.
const DEFAULT_TAGS: [(&str, &str); 2] = [("!", "!"), ("!!", "tag:yaml.org,2002:")];

/// A node, or its start.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) mark: Mark,
    /// The name behind `&`.
    pub(super) anchor: Option<String>,
    /// In full; empty where there is none.
    pub(super) tag: String,
    pub(super) content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    Alias(String),
    Scalar(String, Style),
    Sequence(Entries),
    Mapping(Entries),
}

/// Where in a sequence or mapping the parser is.
#[derive(Debug)]
pub(super) struct Entries {
    form: Form,
    is_first: bool,
    /// Whether the key of a flow mapping that was read may have a value.
    has_value: bool,
}

impl Entries {
    fn new(form: Form) -> Self {
        Self { form, is_first: true, has_value: true }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Block,
    /// A sequence whose dashes are not further to the right than the key of the mapping that it is in.
    Indentless,
    Flow,
    /// A mapping of one key that is an entry of a flow sequence.
    FlowPair,
}

/// What may be a node at some place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Context {
    Flow,
    Block,
    /// As a key or a value of a mapping.
    BlockOrIndentless,
}

pub(super) struct Parser<'a> {
    scanner: Scanner<'a>,
    /// What the handles of tags stand for in this document.
    tags: Vec<(String, String)>,
    /// Whether this document starts with `---`.
    is_explicit: bool,
    /// Whether no document was read yet.
    is_first: bool,
}

fn empty(mark: Mark) -> Node {
    let content = Content::Scalar(String::new(), Style::Plain);
    Node { mark, anchor: None, tag: String::new(), content }
}

impl<'a> Parser<'a> {
    /// Starts to read a text.
    ///
    /// # Errors
    /// If the text has characters that YAML does not allow.
    pub(super) fn new(text: &'a str) -> Result<Self, String> {
        Ok(Self { scanner: Scanner::new(text)?, tags: Vec::new(), is_explicit: false, is_first: true })
    }

    fn next_is(&mut self, is_wanted: fn(&TokenKind) -> bool) -> Result<bool, String> {
        Ok(is_wanted(&self.scanner.peek()?.kind))
    }

    /// Steps over a token if it is wanted, and tells where it was.
    fn take_if(&mut self, is_wanted: fn(&TokenKind) -> bool) -> Result<Option<Mark>, String> {
        if self.next_is(is_wanted)? { Ok(Some(self.scanner.next()?.start)) } else { Ok(None) }
    }

    /// Where the next token is.
    pub(super) fn mark(&mut self) -> Result<Mark, String> {
        Ok(self.scanner.peek()?.start)
    }

    fn error<T>(&mut self, message: &str) -> Result<T, String> {
        Err(self.mark()?.describe(message))
    }

    /// Reads up to the node of the next document. Gives where the document starts, if there is one.
    pub(super) fn start_document(&mut self) -> Result<Option<Mark>, String> {
        let is_first = std::mem::take(&mut self.is_first);
        if !is_first {
            while self.take_if(|kind| matches!(kind, TokenKind::DocumentEnd))?.is_some() {}
        }
        if self.next_is(|kind| matches!(kind, TokenKind::StreamEnd))? {
            return Ok(None);
        }
        let start = self.mark()?;
        self.is_explicit = !is_first
            || self.next_is(|kind| is_directive(kind) || matches!(kind, TokenKind::DocumentStart))?;
        self.directives()?;
        if self.is_explicit && self.take_if(|kind| matches!(kind, TokenKind::DocumentStart))?.is_none() {
            return self.error("did not find expected <document start>");
        }
        Ok(Some(start))
    }

    fn directives(&mut self) -> Result<(), String> {
        self.tags.clear();
        let mut has_version = false;
        while self.next_is(is_directive)? {
            let token = self.scanner.next()?;
            match token.kind {
                TokenKind::TagDirective { handle, prefix } => {
                    if self.tags.iter().any(|(known, _)| *known == handle) {
                        return Err(token.start.describe("found duplicate %TAG directive"));
                    }
                    self.tags.push((handle, prefix));
                }
                _ if has_version => return Err(token.start.describe("found duplicate %YAML directive")),
                TokenKind::VersionDirective { major: 1, minor: 1 } => has_version = true,
                _ => return Err(token.start.describe("found incompatible YAML document")),
            }
        }
        for (handle, prefix) in DEFAULT_TAGS {
            if self.tags.iter().all(|(known, _)| known != handle) {
                self.tags.push((handle.to_owned(), prefix.to_owned()));
            }
        }
        Ok(())
    }

    /// Reads the node of the document, up to its content.
    pub(super) fn document_node(&mut self) -> Result<Node, String> {
        let is_empty = self.is_explicit
            && self.next_is(|kind| {
                let is_end =
                    matches!(kind, TokenKind::DocumentStart | TokenKind::DocumentEnd | TokenKind::StreamEnd);
                is_end || is_directive(kind)
            })?;
        if is_empty { Ok(empty(self.mark()?)) } else { self.node(Context::Block) }
    }

    /// Reads a node up to its content.
    fn node(&mut self, context: Context) -> Result<Node, String> {
        let mark = self.mark()?;
        let mut anchor = None;
        let mut tag = None;
        while self.next_is(|kind| matches!(kind, TokenKind::Anchor(_) | TokenKind::Tag { .. }))? {
            // Either may come first, and neither twice.
            let is_repeated = match self.scanner.peek()?.kind {
                TokenKind::Anchor(_) => anchor.is_some(),
                _ => tag.is_some(),
            };
            if is_repeated {
                break;
            }
            let token = self.scanner.next()?;
            match token.kind {
                TokenKind::Anchor(name) => anchor = Some(name),
                TokenKind::Tag { handle, suffix } => tag = Some((handle, suffix, token.start)),
                _ => {}
            }
        }
        let has_properties = anchor.is_some() || tag.is_some();
        let tag = match tag {
            Some((handle, suffix, start)) => self.full_tag(&handle, suffix, start)?,
            None => String::new(),
        };
        let content = match self.content(context, has_properties)? {
            Some(content) => content,
            None if has_properties => Content::Scalar(String::new(), Style::Plain),
            None => return self.error("did not find expected node content"),
        };
        Ok(Node { mark, anchor, tag, content })
    }

    fn full_tag(&self, handle: &str, suffix: String, mark: Mark) -> Result<String, String> {
        if handle.is_empty() {
            return Ok(suffix);
        }
        match self.tags.iter().find(|(known, _)| known == handle) {
            Some((_, prefix)) => Ok(format!("{prefix}{suffix}")),
            None => Err(mark.describe("found undefined tag handle")),
        }
    }

    fn content(&mut self, context: Context, has_properties: bool) -> Result<Option<Content>, String> {
        let in_block = context != Context::Flow;
        let content = match &self.scanner.peek()?.kind {
            // The dash is the first entry's.
            TokenKind::BlockEntry if context == Context::BlockOrIndentless => {
                return Ok(Some(Content::Sequence(Entries::new(Form::Indentless))));
            }
            TokenKind::Alias(name) if !has_properties => Content::Alias(name.clone()),
            TokenKind::Scalar(text, style) => Content::Scalar(text.clone(), *style),
            TokenKind::FlowSequenceStart => Content::Sequence(Entries::new(Form::Flow)),
            TokenKind::FlowMappingStart => Content::Mapping(Entries::new(Form::Flow)),
            TokenKind::BlockSequenceStart if in_block => Content::Sequence(Entries::new(Form::Block)),
            TokenKind::BlockMappingStart if in_block => Content::Mapping(Entries::new(Form::Block)),
            _ => return Ok(None),
        };
        self.scanner.next()?;
        Ok(Some(content))
    }

    /// Reads a node, or an empty one where one of these tokens is next.
    fn node_unless(
        &mut self,
        is_end: fn(&TokenKind) -> bool,
        context: Context,
        empty_mark: Option<Mark>,
    ) -> Result<Node, String> {
        if !self.next_is(is_end)? {
            return self.node(context);
        }
        Ok(empty(match empty_mark {
            Some(mark) => mark,
            None => self.mark()?,
        }))
    }

    /// Reads the next element of a sequence up to its content. Nothing behind the last.
    pub(super) fn element(&mut self, entries: &mut Entries) -> Result<Option<Node>, String> {
        let is_first = std::mem::take(&mut entries.is_first);
        match entries.form {
            Form::Block => self.block_element(),
            Form::Indentless => self.indentless_element(),
            Form::Flow | Form::FlowPair => self.flow_element(is_first),
        }
    }

    fn block_element(&mut self) -> Result<Option<Node>, String> {
        if let Some(dash) = self.take_if(|kind| matches!(kind, TokenKind::BlockEntry))? {
            let is_end = |kind: &TokenKind| matches!(kind, TokenKind::BlockEntry | TokenKind::BlockEnd);
            return self.node_unless(is_end, Context::Block, Some(dash.next_column())).map(Some);
        }
        self.end_of_block("did not find expected '-' indicator")
    }

    fn end_of_block(&mut self, otherwise: &str) -> Result<Option<Node>, String> {
        match self.take_if(|kind| matches!(kind, TokenKind::BlockEnd))? {
            Some(_) => Ok(None),
            None => self.error(otherwise),
        }
    }

    fn indentless_element(&mut self) -> Result<Option<Node>, String> {
        let Some(dash) = self.take_if(|kind| matches!(kind, TokenKind::BlockEntry))? else {
            return Ok(None);
        };
        let is_end = |kind: &TokenKind| is_end_of_block_part(kind) || matches!(kind, TokenKind::BlockEntry);
        self.node_unless(is_end, Context::Block, Some(dash.next_column())).map(Some)
    }

    fn flow_element(&mut self, is_first: bool) -> Result<Option<Node>, String> {
        let is_end = |kind: &TokenKind| matches!(kind, TokenKind::FlowSequenceEnd);
        if !is_first && !self.next_is(is_end)? {
            self.flow_separator("did not find expected ',' or ']'")?;
        }
        if self.take_if(is_end)?.is_some() {
            return Ok(None);
        }
        if let Some(mark) = self.take_if(|kind| matches!(kind, TokenKind::Key))? {
            let content = Content::Mapping(Entries::new(Form::FlowPair));
            return Ok(Some(Node { mark, anchor: None, tag: String::new(), content }));
        }
        self.node(Context::Flow).map(Some)
    }

    fn flow_separator(&mut self, otherwise: &str) -> Result<(), String> {
        match self.take_if(|kind| matches!(kind, TokenKind::FlowEntry))? {
            Some(_) => Ok(()),
            None => self.error(otherwise),
        }
    }

    /// Reads the next key of a mapping up to its content. Nothing behind the last.
    pub(super) fn key(&mut self, entries: &mut Entries) -> Result<Option<Node>, String> {
        let is_first = std::mem::take(&mut entries.is_first);
        match entries.form {
            Form::Flow => self.flow_key(entries, is_first),
            Form::FlowPair if is_first => self.flow_pair_key().map(Some),
            Form::FlowPair => Ok(None),
            Form::Block | Form::Indentless => {
                if let Some(mark) = self.take_if(|kind| matches!(kind, TokenKind::Key))? {
                    let context = Context::BlockOrIndentless;
                    let empty_mark = Some(mark.next_column());
                    return self.node_unless(is_end_of_block_part, context, empty_mark).map(Some);
                }
                self.end_of_block("did not find expected key")
            }
        }
    }

    fn flow_key(&mut self, entries: &mut Entries, is_first: bool) -> Result<Option<Node>, String> {
        let is_end = |kind: &TokenKind| matches!(kind, TokenKind::FlowMappingEnd);
        if !is_first && !self.next_is(is_end)? {
            self.flow_separator("did not find expected ',' or '}'")?;
        }
        if self.take_if(is_end)?.is_some() {
            return Ok(None);
        }
        entries.has_value = self.take_if(|kind| matches!(kind, TokenKind::Key))?.is_some();
        if entries.has_value {
            let is_end = |kind: &TokenKind| matches!(kind, TokenKind::Value) || is_end_of_flow_value(kind);
            return self.node_unless(is_end, Context::Flow, None).map(Some);
        }
        self.node(Context::Flow).map(Some)
    }

    fn flow_pair_key(&mut self) -> Result<Node, String> {
        let is_end = |kind: &TokenKind| {
            matches!(kind, TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowSequenceEnd)
        };
        if !self.next_is(is_end)? {
            return self.node(Context::Flow);
        }
        // An empty key swallows what is behind it.
        Ok(empty(self.scanner.next()?.start.next_column()))
    }

    /// Reads the value of the key that was read, up to its content.
    pub(super) fn value(&mut self, entries: &mut Entries) -> Result<Node, String> {
        let is_colon = |kind: &TokenKind| matches!(kind, TokenKind::Value);
        if entries.form == Form::Flow && !entries.has_value {
            return Ok(empty(self.mark()?));
        }
        let Some(colon) = self.take_if(is_colon)? else { return Ok(empty(self.mark()?)) };
        match entries.form {
            Form::Flow => self.node_unless(is_end_of_flow_value, Context::Flow, None),
            Form::FlowPair => {
                let is_end =
                    |kind: &TokenKind| matches!(kind, TokenKind::FlowEntry | TokenKind::FlowSequenceEnd);
                self.node_unless(is_end, Context::Flow, None)
            }
            Form::Block | Form::Indentless => {
                let context = Context::BlockOrIndentless;
                self.node_unless(is_end_of_block_part, context, Some(colon.next_column()))
            }
        }
    }

    /// Steps over the end of a document, if it is marked.
    pub(super) fn end_document(&mut self) -> Result<(), String> {
        self.take_if(|kind| matches!(kind, TokenKind::DocumentEnd)).map(drop)
    }
}

fn is_directive(kind: &TokenKind) -> bool {
    matches!(kind, TokenKind::VersionDirective { .. } | TokenKind::TagDirective { .. })
}

fn is_end_of_block_part(kind: &TokenKind) -> bool {
    matches!(kind, TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd)
}

fn is_end_of_flow_value(kind: &TokenKind) -> bool {
    matches!(kind, TokenKind::FlowEntry | TokenKind::FlowMappingEnd)
}
