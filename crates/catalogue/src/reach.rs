//! How far a run may reach, whatever its host's owner allows: a person may ask for any address, a machine that reads other
//! people's words may not ask for those that mean whichever machine asks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// Which addresses a run may go to. It is signed with the job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// All that the owner allows.
    #[default]
    Anywhere,
    /// None that is [`out_of_reach`].
    Others,
}

impl Reach {
    /// Whether this is what a job without a word about it may do.
    pub fn is_anywhere(&self) -> bool {
        *self == Self::Anywhere
    }

    /// Whether a run may go to this address. Names are held to it after they were looked up, by the very addresses that
    /// are then used.
    pub fn allows(self, ip: IpAddr) -> bool {
        self == Self::Anywhere || out_of_reach(ip).is_none()
    }
}

/// Why nobody else can be reached at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutOfReach {
    /// It is whichever machine asks.
    Itself,
    /// It is many machines or none.
    Nobody,
    /// It is valid on one cable only, or among the addresses at which clouds keep their machines' secrets.
    LinkLocal,
}

/// Whether an address leads to the asking machine itself, to nobody in particular, or to its own cable or cloud only.
pub fn out_of_reach(ip: IpAddr) -> Option<OutOfReach> {
    match ip {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => v6(address),
    }
}

fn v4(address: Ipv4Addr) -> Option<OutOfReach> {
    // Metadata of Alibaba and of Oracle clouds; that of the others is link-local.
    let metadata = [[100, 100, 100, 200], [192, 0, 0, 192]];
    if address.is_loopback() {
        Some(OutOfReach::Itself)
    } else if address.octets()[0] == 0 || address.is_multicast() || address.octets()[0] >= 240 {
        Some(OutOfReach::Nobody)
    } else if address.is_link_local() || metadata.contains(&address.octets()) {
        Some(OutOfReach::LinkLocal)
    } else {
        None
    }
}

fn v6(address: Ipv6Addr) -> Option<OutOfReach> {
    if let Some(inner) = embedded(address) {
        return v4(inner);
    }
    // Metadata of Amazon's cloud.
    let metadata = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254);
    if address.is_loopback() {
        Some(OutOfReach::Itself)
    } else if address.is_unspecified() || address.is_multicast() {
        Some(OutOfReach::Nobody)
    } else if address.segments()[0] & 0xffc0 == 0xfe80 || address == metadata {
        Some(OutOfReach::LinkLocal)
    } else {
        None
    }
}

/// The IPv4 address that an IPv6 address stands for: mapped, of a translator (RFC 6052), or of a 6to4 network.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return Some(mapped);
    }
    let two = |high: u16, low: u16| Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => Some(two(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_addresses() {
        use OutOfReach::{Itself, LinkLocal, Nobody};
        let table = [
            ("127.0.0.1", Some(Itself)),
            ("127.99.1.2", Some(Itself)),
            ("::1", Some(Itself)),
            ("::ffff:127.0.0.1", Some(Itself)),
            ("64:ff9b::7f00:1", Some(Itself)),
            ("2002:7f00:1::5", Some(Itself)),
            ("0.0.0.0", Some(Nobody)),
            ("::", Some(Nobody)),
            ("224.0.0.1", Some(Nobody)),
            ("255.255.255.255", Some(Nobody)),
            ("ff02::1", Some(Nobody)),
            ("169.254.169.254", Some(LinkLocal)),
            ("::ffff:169.254.169.254", Some(LinkLocal)),
            ("fd00:ec2::254", Some(LinkLocal)),
            ("100.100.100.200", Some(LinkLocal)),
            ("192.0.0.192", Some(LinkLocal)),
            ("fe80::1", Some(LinkLocal)),
            ("10.0.0.5", None),
            ("192.0.2.1", None),
            ("64:ff9b::c000:201", None),
            ("2001:db8::1", None),
            ("fd00::1", None),
        ];
        for (text, expected) in table {
            let ip = text.parse().unwrap();
            assert_eq!(out_of_reach(ip), expected, "{text}");
            assert_eq!(Reach::Others.allows(ip), expected.is_none(), "{text}");
            assert!(Reach::Anywhere.allows(ip), "{text}");
        }
    }
}
