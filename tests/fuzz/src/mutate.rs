//! Alterations of an input: of its bytes, and of the words and brackets that it is made of.

use crate::random::Random;

/// Bytes beyond which an input is not made longer.
const LENGTH_MAX: usize = 48 * 1024;

/// What means something somewhere: brackets, operators, keywords, odd numbers and characters.
const DICTIONARY: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "\\",
    "\n",
    "\r\n",
    "\t",
    " ",
    "=",
    "==",
    "=>",
    "!",
    "?",
    ":",
    ",",
    ".",
    "...",
    "*",
    "[*]",
    ".*",
    "${",
    "%{",
    "$${",
    "%%{",
    "~}",
    "%{ if true }",
    "%{ else }",
    "%{ endif }",
    "%{ for x in y }",
    "%{ endfor }",
    "<<EOT\n",
    "<<-EOT\n",
    "EOT\n",
    "#",
    "//",
    "/*",
    "*/",
    "null",
    "true",
    "false",
    "for",
    "in",
    "if",
    "0",
    "1",
    "-1",
    "1e400",
    "1e-400",
    "0.1",
    "9223372036854775808",
    "18446744073709551616",
    "1e999999999",
    "NaN",
    "\u{feff}",
    "\u{0}",
    "é",
    "e\u{301}",
    "👨‍👩‍👧",
    "\u{200d}",
    "\\u0000",
    "\\ud800",
    "\\U0010FFFF",
    "&a",
    "*a",
    "<<: *a",
    "!!binary",
    "!!int",
    "---",
    "...",
    "- ",
    "|-\n",
    ">+\n",
    "? ",
    "%YAML 1.2\n",
    "each.key",
    "each.value",
    "count.index",
    "self",
    "local.a",
    "var.a",
    "path.module",
    "terraform.workspace",
    "module.a",
    "data.a.b",
    "a::b",
    "provider::a::b()",
];

/// Alters an input some times; `others` are inputs to take parts from.
pub(crate) fn mutate(input: &[u8], others: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=random.below(4) {
        mutate_once(&mut bytes, others, random);
        bytes.truncate(LENGTH_MAX);
    }
    bytes
}

fn mutate_once(bytes: &mut Vec<u8>, others: &[Vec<u8>], random: &mut Random) {
    match random.below(12) {
        0 => flip(bytes, random),
        1 => {
            let length = random.below(bytes.len() + 1);
            bytes.truncate(length);
        }
        2 => drop(remove_range(bytes, random)),
        3 => {
            let part = range_of(bytes, random).to_vec();
            insert(bytes, &part, random);
        }
        4..=6 => insert(bytes, random.pick_text(DICTIONARY).as_bytes(), random),
        7 => {
            drop(remove_word(bytes, random));
            insert(bytes, random.pick_text(DICTIONARY).as_bytes(), random);
        }
        8 => repeat(bytes, random),
        9 => swap_words(bytes, random),
        10 => {
            let byte = [random.number() as u8];
            insert(bytes, &byte, random);
        }
        _ => {
            if others.is_empty() {
                return;
            }
            let other = random.pick(others).as_slice();
            let part = range_of(other, random).to_vec();
            insert(bytes, &part, random);
        }
    }
}

fn flip(bytes: &mut [u8], random: &mut Random) {
    if !bytes.is_empty() {
        let position = random.below(bytes.len());
        bytes[position] ^= 1 << random.below(8);
    }
}

fn range_of<'a>(bytes: &'a [u8], random: &mut Random) -> &'a [u8] {
    let start = random.below(bytes.len() + 1);
    let length_max = if random.one_in(4) { bytes.len() } else { 40 };
    let end = (start + random.below(length_max) + 1).min(bytes.len());
    &bytes[start..end]
}

fn remove_range(bytes: &mut Vec<u8>, random: &mut Random) -> Vec<u8> {
    let start = random.below(bytes.len() + 1);
    let end = (start + random.below(30) + 1).min(bytes.len());
    bytes.drain(start..end).collect()
}

fn insert(bytes: &mut Vec<u8>, part: &[u8], random: &mut Random) {
    let position = if random.one_in(3) { random.below(bytes.len() + 1) } else { word(bytes, random).0 };
    bytes.splice(position..position, part.iter().copied());
}

/// Puts something there many times: what is nested or counted gets deep and long.
fn repeat(bytes: &mut Vec<u8>, random: &mut Random) {
    let part = if random.one_in(2) {
        random.pick_text(DICTIONARY).as_bytes().to_vec()
    } else {
        range_of(bytes, random).to_vec()
    };
    let times = [3, 20, 300, 3000][random.below(4)].min(LENGTH_MAX / part.len().max(1));
    insert(bytes, &part.repeat(times), random);
}

/// Finds a run of bytes of one kind: a name, a number, spaces, or a single other byte.
fn word(bytes: &[u8], random: &mut Random) -> (usize, usize) {
    let kind = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | 0x80.. => 1,
        b' ' | b'\t' => 2,
        _ => 0,
    };
    if bytes.is_empty() {
        return (0, 0);
    }
    let position = random.below(bytes.len());
    let own = kind(bytes[position]);
    if own == 0 {
        return (position, position + 1);
    }
    let start = bytes[..position].iter().rposition(|byte| kind(*byte) != own).map_or(0, |before| before + 1);
    let end = bytes[position..]
        .iter()
        .position(|byte| kind(*byte) != own)
        .map_or(bytes.len(), |end| position + end);
    (start, end)
}

fn remove_word(bytes: &mut Vec<u8>, random: &mut Random) -> Vec<u8> {
    let (start, end) = word(bytes, random);
    bytes.drain(start..end).collect()
}

fn swap_words(bytes: &mut Vec<u8>, random: &mut Random) {
    let removed = remove_word(bytes, random);
    insert(bytes, &removed, random);
}
