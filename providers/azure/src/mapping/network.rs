//! IP addresses and ranges.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address range in CIDR notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Network {
    first: u128,
    prefix: u8,
    is_v6: bool,
}

impl Network {
    /// Reads `10.0.0.0/16`; bits behind the prefix are dropped. Nothing for other texts.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let prefix: u8 = prefix.parse().ok()?;
        let (bits, is_v6) = match address.parse().ok()? {
            IpAddr::V4(address) => (u128::from(u32::from(address)), false),
            IpAddr::V6(address) => (u128::from(address), true),
        };
        let width = if is_v6 { 128 } else { 32 };
        if prefix > width {
            return None;
        }
        Some(Self { first: bits & !host_mask(width - prefix), prefix, is_v6 })
    }

    /// Tells whether the range is one of IPv6.
    pub(crate) fn is_v6(&self) -> bool {
        self.is_v6
    }

    /// Returns the length of the prefix in bits.
    pub(crate) fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Returns the first and the last address as numbers.
    pub(crate) fn bounds(&self) -> (u128, u128) {
        (self.first, self.last())
    }

    fn last(&self) -> u128 {
        let width = if self.is_v6 { 128 } else { 32 };
        self.first | host_mask(width - self.prefix)
    }

    /// Tells whether every address of the other range is in this one.
    pub(crate) fn contains(&self, other: &Self) -> bool {
        self.is_v6 == other.is_v6 && self.first <= other.first && other.last() <= self.last()
    }

    /// Tells whether any address is in both ranges.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.is_v6 == other.is_v6 && self.first <= other.last() && other.first <= self.last()
    }

    /// Tells whether an address is in the range.
    pub(crate) fn contains_address(&self, address: &str) -> bool {
        let width = if self.is_v6 { 128 } else { 32 };
        Self::parse(&format!("{address}/{width}")).is_some_and(|single| self.contains(&single))
    }

    /// Returns one address of the range, counted from the first.
    pub(crate) fn host(&self, number: u32) -> Self {
        let prefix = if self.is_v6 { 128 } else { 32 };
        Self { first: self.first + u128::from(number), prefix, ..*self }
    }

    fn first_address(&self) -> IpAddr {
        if self.is_v6 {
            IpAddr::V6(Ipv6Addr::from(self.first))
        } else {
            // The upper bits of an IPv4 address are never set.
            IpAddr::V4(Ipv4Addr::from(u32::try_from(self.first).unwrap_or_default()))
        }
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.first_address(), self.prefix)
    }
}

fn host_mask(bits: u8) -> u128 {
    if bits >= 128 { u128::MAX } else { (1 << bits) - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        Network::parse(text).expect("a network")
    }

    #[test]
    fn ranges_contain_and_overlap_each_other() {
        let outer = network("10.0.0.0/16");
        assert!(outer.contains(&network("10.0.4.0/24")));
        assert!(!outer.contains(&network("10.1.0.0/24")));
        assert!(network("10.0.4.0/24").overlaps(&outer));
        assert!(!network("10.0.4.0/24").overlaps(&network("10.0.5.0/24")));
        assert!(network("fd00::/48").contains(&network("fd00::/64")));
        assert!(!network("::/0").contains(&outer));
        assert!(outer.contains_address("10.0.255.255") && !outer.contains_address("10.1.0.0"));
    }

    #[test]
    fn networks_are_written_with_their_first_address() {
        assert_eq!(network("10.0.7.9/24").to_string(), "10.0.7.0/24");
        for wrong in ["10.0.0.0", "10.0.0.0/33", "x/8", "10.0.0/8"] {
            assert_eq!(Network::parse(wrong), None, "{wrong}");
        }
    }
}
