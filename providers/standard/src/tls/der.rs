//! The distinguished encoding rules of ASN.1 (X.690), as far as keys and certificates need them: values are written
//! from their parts, and read one after the other.

/// Tags of universal types; a constructed type has 0x20 in it.
pub(super) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const NULL: u8 = 0x05;
    pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
    pub(crate) const UTF8_STRING: u8 = 0x0c;
    pub(crate) const PRINTABLE_STRING: u8 = 0x13;
    pub(crate) const IA5_STRING: u8 = 0x16;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;
    /// The tag of an explicit, constructed `[number]`.
    pub(crate) const fn explicit(number: u8) -> u8 {
        0xa0 | number
    }
    /// The tag of an implicit, primitive `[number]`.
    pub(crate) const fn implicit(number: u8) -> u8 {
        0x80 | number
    }
}

/// Writes a value with a tag.
pub(super) fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut written = vec![tag];
    if content.len() < 0x80 {
        written.extend(u8::try_from(content.len()));
    } else {
        let length = content.len().to_be_bytes();
        let zeros = length.iter().take_while(|byte| **byte == 0).count();
        written.extend(u8::try_from(length.len() - zeros).map(|count| 0x80 | count));
        written.extend(&length[zeros..]);
    }
    written.extend(content);
    written
}

/// Writes a sequence of written values.
pub(super) fn sequence<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Vec<u8> {
    value(tag::SEQUENCE, &joined(parts))
}

/// Puts written values together.
pub(super) fn joined<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Vec<u8> {
    parts.into_iter().fold(Vec::new(), |mut all, part| {
        all.extend(part.as_ref());
        all
    })
}

/// Writes a number that is not negative, given with the big end first.
pub(super) fn integer(big_endian: &[u8]) -> Vec<u8> {
    let zeros = big_endian.iter().take_while(|byte| **byte == 0).count();
    let digits = &big_endian[zeros..];
    // A leading bit of 1 would make the number negative.
    let padding: &[u8] = if digits.first().is_none_or(|first| *first >= 0x80) { &[0] } else { &[] };
    value(tag::INTEGER, &[padding, digits].concat())
}

/// Writes a string of whole bytes as a string of bits.
pub(super) fn bit_string(bytes: &[u8]) -> Vec<u8> {
    value(tag::BIT_STRING, &[&[0], bytes].concat())
}

/// Writes a string of bits, given by the numbers of those that are 1, without zeros at its end.
pub(super) fn named_bits(ones: impl IntoIterator<Item = usize>) -> Vec<u8> {
    let mut bytes: Vec<u8> = Vec::new();
    for one in ones {
        let needed = one / 8 + 1;
        if bytes.len() < needed {
            bytes.resize(needed, 0);
        }
        bytes[one / 8] |= 0x80 >> (one % 8);
    }
    let unused = bytes.last().map_or(0, |last| last.trailing_zeros());
    let unused = u8::try_from(unused).unwrap_or(0);
    value(tag::BIT_STRING, &[&[unused], bytes.as_slice()].concat())
}

/// Writes an object identifier.
pub(super) fn object_identifier(arcs: &[u64]) -> Vec<u8> {
    value(tag::OBJECT_IDENTIFIER, &identifier_content(arcs))
}

/// The content of an object identifier: the first two arcs in one number, each number in groups of seven bits.
pub(super) fn identifier_content(arcs: &[u64]) -> Vec<u8> {
    let [first, second, rest @ ..] = arcs else { return Vec::new() };
    let numbers = std::iter::once(first * 40 + second).chain(rest.iter().copied());
    numbers.fold(Vec::new(), |mut content, number| {
        let groups = (1..10).take_while(|group| number >> (7 * group) != 0).count();
        for group in (0..=groups).rev() {
            let bits = u8::try_from(number >> (7 * group) & 0x7f).unwrap_or(0);
            content.push(if group == 0 { bits } else { bits | 0x80 });
        }
        content
    })
}

/// Reads values one after the other.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// Reads the next value: its tag and its content.
    pub(super) fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = if *first < 0x80 {
            (usize::from(*first), rest)
        } else {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            if digits.is_empty() || digits.len() > 4 {
                return None;
            }
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, content))
    }

    /// Reads the next value, which has to have this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }

    /// Reads the next value, which has to be a sequence.
    pub(super) fn sequence(&mut self) -> Option<Reader<'a>> {
        self.expect(tag::SEQUENCE).map(Reader)
    }

    /// Reads the next value if it has this tag, and leaves it otherwise.
    pub(super) fn optional(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.0.first().filter(|found| **found == tag)?;
        self.expect(tag)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_written_as_x690_says() {
        assert_eq!(integer(&[]), [2, 1, 0]);
        assert_eq!(integer(&[0, 0x7f]), [2, 1, 0x7f]);
        assert_eq!(integer(&[0x80]), [2, 2, 0, 0x80]);
        assert_eq!(named_bits([]), [3, 1, 0]);
        assert_eq!(named_bits([0, 5]), [3, 2, 2, 0x84]);
        assert_eq!(named_bits([8]), [3, 3, 7, 0, 0x80]);
        assert_eq!(object_identifier(&[1, 2, 840, 113_549]), [6, 6, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]);
        assert_eq!(value(4, &[0; 200])[..3], [4, 0x81, 200]);
        assert_eq!(value(4, &[0; 300])[..4], [4, 0x82, 1, 44]);
    }

    proptest! {
        #[test]
        fn what_is_written_can_be_read(tag in 1..0x1f_u8, content: Vec<u8>, after: Vec<u8>) {
            let written = [value(tag, &content), after.clone()].concat();
            let mut reader = Reader(&written);
            prop_assert_eq!(reader.next(), Some((tag, content.as_slice())));
            prop_assert_eq!(reader.0, after.as_slice());
        }

        #[test]
        fn anything_can_be_tried(bytes: Vec<u8>) {
            let mut reader = Reader(&bytes);
            while reader.next().is_some() {}
        }
    }
}
