//! Address prefixes of both IP versions.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address prefix such as `10.0.0.0/16` or `fd00::/48`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cidr {
    address: IpAddr,
    length: u8,
}

impl Cidr {
    /// Parses `address/length`; a bare address is a prefix of full length. `None` if it is neither.
    ///
    /// Host bits may be set: [`Cidr::is_canonical`] tells.
    pub(crate) fn parse(text: &str) -> Option<Cidr> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            Some(length) if length.bytes().all(|byte| byte.is_ascii_digit()) => length.parse().ok()?,
            Some(_) => return None,
            None => width,
        };
        (length <= width).then_some(Cidr { address, length })
    }

    /// Returns whether no host bit is set.
    pub(crate) fn is_canonical(self) -> bool {
        self.first() == bits(self.address)
    }

    /// Returns the prefix with its host bits cleared.
    pub(crate) fn canonical(self) -> Cidr {
        Cidr { address: self.address_at(0), length: self.length }
    }

    /// Returns whether this is an IPv4 prefix.
    pub(crate) fn is_ipv4(self) -> bool {
        self.address.is_ipv4()
    }

    /// Returns the number of leading bits that are fixed.
    pub(crate) fn length(self) -> u8 {
        self.length
    }

    /// Returns whether every address of `other` is in this prefix.
    pub(crate) fn contains(self, other: Cidr) -> bool {
        self.is_ipv4() == other.is_ipv4()
            && self.length <= other.length
            && self.first() <= other.first()
            && other.last() <= self.last()
    }

    /// Returns whether `address` is in this prefix.
    pub(crate) fn contains_address(self, address: IpAddr) -> bool {
        self.is_ipv4() == address.is_ipv4() && (self.first()..=self.last()).contains(&bits(address))
    }

    /// Returns whether the two prefixes share an address.
    pub(crate) fn overlaps(self, other: Cidr) -> bool {
        self.is_ipv4() == other.is_ipv4() && self.first() <= other.last() && other.first() <= self.last()
    }

    /// Returns the number of addresses, at most `u128::MAX`.
    pub(crate) fn size(self) -> u128 {
        (self.last() - self.first()).saturating_add(1)
    }

    /// Returns the address `offset` places after the first one, wrapping never: offsets beyond the end give the last.
    pub(crate) fn address_at(self, offset: u128) -> IpAddr {
        let value = self.first().saturating_add(offset).min(self.last());
        if self.is_ipv4() {
            let value = u32::try_from(value).expect("an IPv4 prefix ends below 2^32");
            IpAddr::V4(Ipv4Addr::from(value))
        } else {
            IpAddr::V6(Ipv6Addr::from(value))
        }
    }

    fn host_mask(self) -> u128 {
        let width: u8 = if self.is_ipv4() { 32 } else { 128 };
        match width - self.length {
            128 => u128::MAX,
            free => (1_u128 << free) - 1,
        }
    }

    fn first(self) -> u128 {
        bits(self.address) & !self.host_mask()
    }

    fn last(self) -> u128 {
        bits(self.address) | self.host_mask()
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.length)
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        Cidr::parse(text).expect(text)
    }

    #[test]
    fn prefixes_are_parsed_strictly() {
        for bad in ["", "10.0.0.0/33", "10.0.0/8", "fd00::/129", "10.0.0.0/-1", "10.0.0.0/ 8", "x/8"] {
            assert!(Cidr::parse(bad).is_none(), "{bad}");
        }
        assert_eq!(cidr("10.0.0.1").to_string(), "10.0.0.1/32");
        assert!(!cidr("10.0.0.1/16").is_canonical());
        assert_eq!(cidr("10.0.0.1/16").canonical().to_string(), "10.0.0.0/16");
    }

    #[test]
    fn prefixes_contain_and_overlap() {
        assert!(cidr("10.0.0.0/8").contains(cidr("10.1.0.0/16")));
        assert!(!cidr("10.1.0.0/16").contains(cidr("10.0.0.0/8")));
        assert!(cidr("10.1.0.0/16").overlaps(cidr("10.0.0.0/8")));
        assert!(!cidr("10.0.0.0/9").overlaps(cidr("10.128.0.0/9")));
        assert!(!cidr("0.0.0.0/0").overlaps(cidr("::/0")));
        assert!(cidr("::/0").contains(cidr("fd00::/64")));
        assert_eq!(cidr("10.0.0.0/29").size(), 8);
        assert_eq!(cidr("10.0.0.0/29").address_at(4).to_string(), "10.0.0.4");
        assert_eq!(cidr("fd00::/64").address_at(4).to_string(), "fd00::4");
    }
}
