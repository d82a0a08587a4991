//! Addresses and blocks of addresses; nothing is ever resolved, families are never mixed.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A block of addresses, as `{"cidr": "10.0.0.0/8"}` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// The network and how many of its leading bits count: 0 to 31.
    V4(u32, u32),
    /// The network and how many of its leading bits count: 0 to 127.
    V6(u128, u32),
}

impl Block {
    /// Reads `address/bits`; host bits are dropped. A block of a single address is refused, as AWS does.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let (network, bits) = text.split_once('/').ok_or("an address, a slash and a number of bits")?;
        let network = address(network).ok_or("an IPv4 or IPv6 address before the slash")?;
        let bits = Some(bits)
            .filter(|bits| (1..=3).contains(&bits.len()) && bits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|bits| bits.parse().ok());
        match (network, bits) {
            (IpAddr::V4(network), Some(bits @ 0..=31)) => {
                Ok(Block::V4(network.to_bits() & mask4(bits), bits))
            }
            (IpAddr::V6(network), Some(bits @ 0..=127)) => {
                Ok(Block::V6(network.to_bits() & mask6(bits), bits))
            }
            (IpAddr::V4(_), _) => Err("0 to 31 bits after an IPv4 address"),
            (IpAddr::V6(_), _) => Err("0 to 127 bits after an IPv6 address"),
        }
    }

    /// Whether the address lies in the block; never for one of the other family.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        match (self, address) {
            (Block::V4(network, bits), IpAddr::V4(address)) => address.to_bits() & mask4(*bits) == *network,
            (Block::V6(network, bits), IpAddr::V6(address)) => address.to_bits() & mask6(*bits) == *network,
            (Block::V4(..), IpAddr::V6(_)) | (Block::V6(..), IpAddr::V4(_)) => false,
        }
    }

    /// Its first and its last address, as numbers.
    pub(super) fn ends(&self) -> (u128, u128) {
        match *self {
            Block::V4(network, bits) => (network.into(), (network | !mask4(bits)).into()),
            Block::V6(network, bits) => (network, network | !mask6(bits)),
        }
    }

    /// Whether every address of the other block lies in this one.
    pub(super) fn holds(&self, other: &Block) -> bool {
        match (self, other) {
            (Block::V4(_, bits), Block::V4(network, narrower)) => {
                bits <= narrower && self.contains(Ipv4Addr::from_bits(*network).into())
            }
            (Block::V6(_, bits), Block::V6(network, narrower)) => {
                bits <= narrower && self.contains(Ipv6Addr::from_bits(*network).into())
            }
            (Block::V4(..), Block::V6(..)) | (Block::V6(..), Block::V4(..)) => false,
        }
    }
}

fn mask4(bits: u32) -> u32 {
    u32::MAX.checked_shl(32 - bits).unwrap_or(0)
}

fn mask6(bits: u32) -> u128 {
    u128::MAX.checked_shl(128 - bits).unwrap_or(0)
}

impl fmt::Display for Block {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Block::V4(network, bits) => write!(out, "{}/{bits}", Ipv4Addr::from_bits(*network)),
            Block::V6(network, bits) => write!(out, "{}/{bits}", Ipv6Addr::from_bits(*network)),
        }
    }
}

/// The address a text spells, if it is an IP literal: octets may have leading zeros, and an IPv4 address
/// inside IPv6 (`::ffff:a00:1`) is that IPv4 address.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    // "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255" is the longest there is.
    if text.len() > 45 || !text.bytes().all(|byte| matches!(byte, b'.' | b':') || byte.is_ascii_hexdigit()) {
        return None;
    }
    if text.contains(':') {
        return text.parse().ok().map(|address: Ipv6Addr| address.to_canonical());
    }
    let mut octets = [0; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        *octet = parts.next().filter(|part| (1..=3).contains(&part.len()))?.parse().ok()?;
    }
    parts.next().is_none().then_some(IpAddr::from(octets))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_address_is_that_address() {
        for text in ["10.0.0.1", "010.000.000.001", "::ffff:0a00:0001", "::FFFF:10.0.0.1"] {
            assert_eq!(address(text), Some(IpAddr::from([10, 0, 0, 1])), "{text}");
        }
        for text in ["::1", "0:0:0:0:0:0:0:1", "0000:0000:0000:0000:0000:0000:0000:0001"] {
            assert_eq!(address(text), Some(Ipv6Addr::LOCALHOST.into()), "{text}");
        }
    }

    #[test]
    fn what_is_not_an_ip_literal_is_no_address() {
        for text in [
            "",
            "10.0.0",
            "10.0.0.0.1",
            "10.0.0.256",
            "999.999.999.999",
            "10.0.0.1/32",
            " 10.0.0.1",
            "+1.0.0.1",
            "0010.0.0.1",
            "a.b.c.d",
            "fe80::1%eth0",
            "[::1]",
            ":",
            ":::",
            "1:2:3:4:5:6:7:8:9",
            "10..0.1",
            "é::1",
        ] {
            assert_eq!(address(text), None, "{text}");
        }
    }

    #[test]
    fn a_block_holds_its_addresses_and_no_others() {
        for (block, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
            ("10.0.0.77/31", "10.0.0.76", "10.0.0.78"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("42.0.0.0/8", "42.0.0.0", "2a00:1450:4001::1"),
            ("2001:db8::/32", "2001:db8:ffff::", "2001:db9::"),
            ("::/0", "ffff::", "10.0.0.1"),
            ("fc00::/7", "fd12::1", "fe00::1"),
            ("::1:0/127", "::1:1", "::1:2"),
        ] {
            let block = Block::parse(block).unwrap();
            assert!(block.contains(address(inside).unwrap()), "{inside} in {block}");
            assert!(!block.contains(address(outside).unwrap()), "{outside} in {block}");
        }
    }

    #[test]
    fn a_block_that_is_none_is_refused() {
        for text in [
            "",
            "/",
            "10.0.0.0",
            "10.0.0.0/",
            "10.0.0.0/32",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
            "10.0.0/8",
            "::/128",
            "::/0008",
            "example.com/8",
            "10.0.0.0/ 8",
            "::ffff:10.0.0.0/104",
        ] {
            assert!(Block::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_block_is_shown_without_its_host_bits() {
        assert_eq!(Block::parse("10.1.2.3/8").unwrap().to_string(), "10.0.0.0/8");
        assert_eq!(Block::parse("2001:db8::1/32").unwrap().to_string(), "2001:db8::/32");
    }
}
