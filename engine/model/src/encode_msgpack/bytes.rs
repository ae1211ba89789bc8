//! MessagePack itself: markers and lengths, without any meaning.

/// Appends a whole number in the fewest bytes.
pub(super) fn write_int(out: &mut Vec<u8>, int: i64) {
    if let Ok(unsigned) = u64::try_from(int) {
        return write_uint(out, unsigned);
    }
    match int {
        -32..0 => out.extend((int as i8).to_be_bytes()),
        -0x80..-32 => write_tagged(out, 0xd0, &(int as i8).to_be_bytes()),
        -0x8000..-0x80 => write_tagged(out, 0xd1, &(int as i16).to_be_bytes()),
        -0x8000_0000..-0x8000 => write_tagged(out, 0xd2, &(int as i32).to_be_bytes()),
        _ => write_tagged(out, 0xd3, &int.to_be_bytes()),
    }
}

/// Appends a whole number from zero up in the fewest bytes.
pub(super) fn write_uint(out: &mut Vec<u8>, int: u64) {
    match int {
        0..=0x7f => out.push(int as u8),
        0x80..=0xff => write_tagged(out, 0xcc, &(int as u8).to_be_bytes()),
        0x100..=0xffff => write_tagged(out, 0xcd, &(int as u16).to_be_bytes()),
        0x1_0000..=0xffff_ffff => write_tagged(out, 0xce, &(int as u32).to_be_bytes()),
        _ => write_tagged(out, 0xcf, &int.to_be_bytes()),
    }
}

/// Appends a 64-bit float.
pub(super) fn write_float(out: &mut Vec<u8>, float: f64) {
    write_tagged(out, 0xcb, &float.to_be_bytes());
}

/// Appends a truth value.
pub(super) fn write_bool(out: &mut Vec<u8>, bool: bool) {
    out.push(if bool { 0xc3 } else { 0xc2 });
}

/// Appends the absence of a value.
pub(super) fn write_nil(out: &mut Vec<u8>) {
    out.push(0xc0);
}

/// Appends a text.
pub(super) fn write_text(out: &mut Vec<u8>, text: &str) {
    write_length(out, text.len(), Some((0xa0, 31)), [Some(0xd9), Some(0xda), Some(0xdb)]);
    out.extend_from_slice(text.as_bytes());
}

/// Appends raw bytes.
pub(super) fn write_binary(out: &mut Vec<u8>, bytes: &[u8]) {
    write_length(out, bytes.len(), None, [Some(0xc4), Some(0xc5), Some(0xc6)]);
    out.extend_from_slice(bytes);
}

/// Appends the head of an array; its elements follow.
pub(super) fn write_array_head(out: &mut Vec<u8>, length: usize) {
    write_length(out, length, Some((0x90, 15)), [None, Some(0xdc), Some(0xdd)]);
}

/// Appends the head of a map; keys and values follow in turn.
pub(super) fn write_map_head(out: &mut Vec<u8>, length: usize) {
    write_length(out, length, Some((0x80, 15)), [None, Some(0xde), Some(0xdf)]);
}

/// Appends an extension.
pub(super) fn write_extension(out: &mut Vec<u8>, kind: i8, body: &[u8]) {
    match body.len() {
        1 => out.push(0xd4),
        2 => out.push(0xd5),
        4 => out.push(0xd6),
        8 => out.push(0xd7),
        16 => out.push(0xd8),
        length => write_length(out, length, None, [Some(0xc7), Some(0xc8), Some(0xc9)]),
    }
    out.extend(kind.to_be_bytes());
    out.extend_from_slice(body);
}

fn write_tagged(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    out.extend_from_slice(bytes);
}

/// Appends a length within the marker where it is small, otherwise in one, two or four bytes behind it.
fn write_length(out: &mut Vec<u8>, length: usize, short: Option<(u8, usize)>, tags: [Option<u8>; 3]) {
    let [one, two, four] = tags;
    match (short, one, two, four) {
        (Some((tag, longest)), ..) if length <= longest => out.push(tag | length as u8),
        (_, Some(tag), ..) if length <= 0xff => write_tagged(out, tag, &[length as u8]),
        (_, _, Some(tag), _) if length <= 0xffff => write_tagged(out, tag, &(length as u16).to_be_bytes()),
        (_, _, _, tag) => {
            // Lengths beyond four bytes would need more memory than a message may have.
            write_tagged(out, tag.unwrap_or_default(), &(length as u32).to_be_bytes());
        }
    }
}

/// What stands at one place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Token<'b> {
    Nil,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    /// Text or raw bytes: writers mix them up.
    Bytes(&'b [u8]),
    /// So many values follow.
    Array(usize),
    /// So many pairs of keys and values follow.
    Map(usize),
    Extension(i8, &'b [u8]),
}

/// The bytes end too early or hold a marker that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Reads tokens one after the other.
pub(super) struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    /// Makes a reader that starts with the first byte.
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Returns what comes next.
    pub(super) fn next(&mut self) -> Result<Token<'b>, Malformed> {
        let [marker] = self.array()?;
        Ok(match marker {
            0x00..=0x7f => Token::Uint(marker.into()),
            0x80..=0x8f => self.map(usize::from(marker & 0x0f))?,
            0x90..=0x9f => self.list(usize::from(marker & 0x0f))?,
            0xa0..=0xbf => Token::Bytes(self.take(usize::from(marker & 0x1f))?),
            0xc0 => Token::Nil,
            0xc1 => return Err(Malformed),
            0xc2 | 0xc3 => Token::Bool(marker == 0xc3),
            0xc4 | 0xd9 => self.bytes(1)?,
            0xc5 | 0xda => self.bytes(2)?,
            0xc6 | 0xdb => self.bytes(4)?,
            0xc7..=0xc9 => {
                let length = self.length(1 << (marker - 0xc7))?;
                self.extension(length)?
            }
            0xca => Token::Float(f32::from_be_bytes(self.array()?).into()),
            0xcb => Token::Float(f64::from_be_bytes(self.array()?)),
            0xcc => Token::Uint(u8::from_be_bytes(self.array()?).into()),
            0xcd => Token::Uint(u16::from_be_bytes(self.array()?).into()),
            0xce => Token::Uint(u32::from_be_bytes(self.array()?).into()),
            0xcf => Token::Uint(u64::from_be_bytes(self.array()?)),
            0xd0 => Token::Int(i8::from_be_bytes(self.array()?).into()),
            0xd1 => Token::Int(i16::from_be_bytes(self.array()?).into()),
            0xd2 => Token::Int(i32::from_be_bytes(self.array()?).into()),
            0xd3 => Token::Int(i64::from_be_bytes(self.array()?)),
            0xd4..=0xd8 => self.extension(1 << (marker - 0xd4))?,
            0xdc | 0xdd => {
                let length = self.length(if marker == 0xdc { 2 } else { 4 })?;
                self.list(length)?
            }
            0xde | 0xdf => {
                let length = self.length(if marker == 0xde { 2 } else { 4 })?;
                self.map(length)?
            }
            0xe0..=0xff => Token::Int(i8::from_be_bytes([marker]).into()),
        })
    }

    fn take(&mut self, length: usize) -> Result<&'b [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }

    fn length(&mut self, width: usize) -> Result<usize, Malformed> {
        let bytes = self.take(width)?;
        Ok(bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
    }

    fn bytes(&mut self, width: usize) -> Result<Token<'b>, Malformed> {
        let length = self.length(width)?;
        self.take(length).map(Token::Bytes)
    }

    fn extension(&mut self, length: usize) -> Result<Token<'b>, Malformed> {
        let kind = i8::from_be_bytes(self.array()?);
        Ok(Token::Extension(kind, self.take(length)?))
    }

    /// Every element takes a byte at least: a longer list is a lie, and nothing is reserved for it.
    fn list(&self, length: usize) -> Result<Token<'b>, Malformed> {
        if length > self.rest.len() { Err(Malformed) } else { Ok(Token::Array(length)) }
    }

    fn map(&self, length: usize) -> Result<Token<'b>, Malformed> {
        if length > self.rest.len() / 2 { Err(Malformed) } else { Ok(Token::Map(length)) }
    }
}
