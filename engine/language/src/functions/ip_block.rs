//! Blocks of IP addresses: an address and how many of its bits all addresses of the block share.

use std::net::Ipv6Addr;

use super::ip_network::address_text;

/// A block of addresses of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    /// The first address.
    pub(super) address: u128,
    /// 32 for IPv4, 128 for IPv6.
    pub(super) bits: u8,
    /// How many bits are shared.
    pub(super) prefix: u8,
}

impl Block {
    /// Reads a block such as `10.0.0.0/8`. Numbers may have leading zeros and are decimal all the same.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let address = Self::parse_address(address)?;
        let prefix = decimal(prefix).filter(|prefix| *prefix <= u32::from(address.bits))?;
        let block = Self { prefix: u8::try_from(prefix).ok()?, ..address };
        Some(Self { address: block.address & block.mask(), ..block })
    }

    /// Reads an address, as a block of its own.
    pub(super) fn parse_address(text: &str) -> Option<Self> {
        if let Some(address) = parse_ipv4(text) {
            return Some(Self { address: address.into(), bits: 32, prefix: 32 });
        }
        let address: Ipv6Addr = text.parse().ok()?;
        Some(Self { address: address.into(), bits: 128, prefix: 128 })
    }

    /// Returns the address in which the shared bits are set.
    pub(super) fn mask(&self) -> u128 {
        let all = u128::MAX >> (128 - u32::from(self.bits));
        all & !self.host_mask()
    }

    fn host_mask(&self) -> u128 {
        let host_bits = u32::from(self.bits - self.prefix);
        u128::MAX.checked_shr(128 - host_bits).unwrap_or(0)
    }

    /// Returns the last address.
    pub(super) fn last_address(&self) -> u128 {
        self.address | self.host_mask()
    }

    /// Tells whether an address of the same family lies in the block.
    pub(super) fn contains(&self, address: u128) -> bool {
        address & self.mask() == self.address & self.mask()
    }

    /// Tells whether this is an IPv4 address in IPv6 form.
    pub(super) fn is_mapped(&self) -> bool {
        self.bits == 128 && Ipv6Addr::from(self.address).to_ipv4_mapped().is_some()
    }

    /// Returns the first block with a prefix of this length that lies wholly behind this block; nothing
    /// behind the last address.
    pub(super) fn next(&self, prefix: u8) -> Option<Self> {
        let wanted = Self { address: self.last_address(), bits: self.bits, prefix };
        let before = Self { address: wanted.address & wanted.mask(), ..wanted };
        let address = before.last_address().checked_add(1)?;
        (address >> (u32::from(self.bits) - 1) <= 1).then_some(Self { address, ..wanted })
    }

    /// Shows the address alone.
    pub(super) fn address_text(&self) -> String {
        address_text(self.address, self.bits)
    }
}

impl std::fmt::Display for Block {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // IPv4 in IPv6 form is shown as what it stands for.
        let hidden = if self.is_mapped() && self.prefix >= 96 { 96 } else { 0 };
        write!(formatter, "{}/{}", self.address_text(), self.prefix - hidden)
    }
}

fn parse_ipv4(text: &str) -> Option<u32> {
    let mut octets = text.split('.').map(|octet| decimal(octet).filter(|octet| *octet <= 255));
    let mut address = 0;
    for _ in 0..4 {
        address = address << 8 | octets.next()??;
    }
    octets.next().is_none().then_some(address)
}

fn decimal(digits: &str) -> Option<u32> {
    let is_decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_decimal { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_read_and_write() {
        for (text, expected) in [
            ("10.1.2.3/8", Some("10.0.0.0/8")),
            ("010.0.0.0/08", Some("10.0.0.0/8")),
            ("fd00::1:2/64", Some("fd00::/64")),
            ("::/0", Some("::/0")),
            ("0.0.0.0/0", Some("0.0.0.0/0")),
            ("::ffff:10.0.0.0/104", Some("10.0.0.0/8")),
            ("10.0.0.0", None),
            ("10.0.0.0/33", None),
            ("10.0.0/8", None),
            ("10.0.0.256/8", None),
            ("10.0.0.0/+8", None),
        ] {
            assert_eq!(Block::parse(text).map(|block| block.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn blocks_follow_each_other() {
        let block = |text| Block::parse(text).unwrap();
        assert_eq!(block("10.0.0.0/26").next(24), Some(block("10.0.1.0/24")));
        assert_eq!(block("10.0.0.0/24").next(26), Some(block("10.0.1.0/26")));
        assert_eq!(block("255.255.255.0/24").next(24), None);
        assert_eq!(block("ffff::/16").next(16), None);
    }
}
