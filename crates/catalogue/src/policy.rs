//! The policy of a host's owner. It is read from the host's own file, reported to the
//! server, and evaluated by this code on both sides: the server greys out what the host
//! would refuse, the host refuses it.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Class, Entry, Params};

/// What a host's owner allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Classes that may run. R0 and R1 after installation.
    pub allowed_classes: BTreeSet<Class>,
    /// Entries that never run here.
    pub denied_entries: BTreeSet<String>,
    /// Probes may only go to these networks; empty means everywhere.
    pub allowed_targets: Vec<Cidr>,
    /// Probes never go to these networks, whatever is allowed.
    pub denied_targets: Vec<Cidr>,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            allowed_classes: [Class::R0, Class::R1].into(),
            denied_entries: BTreeSet::new(),
            allowed_targets: Vec::new(),
            denied_targets: Vec::new(),
        }
    }
}

/// Why the host's owner refuses a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyRefusal {
    /// The class is not allowed.
    #[error("this host's own policy does not allow class {0}")]
    Class(Class),
    /// The entry is denied by name.
    #[error("this host's own policy does not allow this diagnostic")]
    Entry,
    /// The target's address is outside of what is allowed.
    #[error("this host's own policy does not allow probes to {0}")]
    Target(IpAddr),
}

impl Policy {
    /// Whether the entry may run here at all.
    pub fn check_entry(&self, entry: &Entry) -> Result<(), PolicyRefusal> {
        if self.denied_entries.contains(entry.id) {
            return Err(PolicyRefusal::Entry);
        }
        if !self.allowed_classes.contains(&entry.class) {
            return Err(PolicyRefusal::Class(entry.class));
        }
        Ok(())
    }

    /// Whether addresses written literally in the parameters may be probed. Names are
    /// checked after resolution, with [`Policy::check_target`].
    pub fn check_params(&self, params: &Params) -> Result<(), PolicyRefusal> {
        params.addresses().try_for_each(|ip| self.check_target(ip))
    }

    /// Whether this address may be probed.
    pub fn check_target(&self, ip: IpAddr) -> Result<(), PolicyRefusal> {
        let ip = ip.to_canonical();
        let denied = self.denied_targets.iter().any(|net| net.contains(ip));
        let allowed = self.allowed_targets.is_empty()
            || self.allowed_targets.iter().any(|net| net.contains(ip));
        if denied || !allowed {
            Err(PolicyRefusal::Target(ip))
        } else {
            Ok(())
        }
    }

    /// Whether any target rule exists.
    pub fn restricts_targets(&self) -> bool {
        !self.allowed_targets.is_empty() || !self.denied_targets.is_empty()
    }
}

/// A network such as `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    network: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// Whether the address lies in this network.
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.network, ip) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => {
                let mask = u32::MAX
                    .checked_shl(32 - u32::from(self.prefix))
                    .unwrap_or(0);
                net.to_bits() & mask == ip.to_bits() & mask
            }
            (IpAddr::V6(net), IpAddr::V6(ip)) => {
                let mask = u128::MAX
                    .checked_shl(128 - u32::from(self.prefix))
                    .unwrap_or(0);
                net.to_bits() & mask == ip.to_bits() & mask
            }
            _ => false,
        }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

/// The text is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a network: write an address and a prefix such as 10.0.0.0/8")]
pub struct BadCidr;

impl FromStr for Cidr {
    type Err = BadCidr;

    fn from_str(text: &str) -> Result<Self, BadCidr> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let network: IpAddr = address.parse().map_err(|_| BadCidr)?;
        let widest = if network.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(digits) => digits.parse().map_err(|_| BadCidr)?,
            None => widest,
        };
        if prefix > widest {
            return Err(BadCidr);
        }
        Ok(Cidr { network, prefix })
    }
}

impl Serialize for Cidr {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cidr {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn after_installation_only_reading_is_allowed() {
        let policy = Policy::default();
        assert!(
            policy
                .check_entry(crate::find("host.info").unwrap())
                .is_ok()
        );
        assert!(!policy.allowed_classes.contains(&Class::C2));
        assert!(!policy.allowed_classes.contains(&Class::C3));
    }

    #[test]
    fn a_denied_network_wins_over_an_allowed_one() {
        let policy = Policy {
            allowed_targets: vec!["10.0.0.0/8".parse().unwrap()],
            denied_targets: vec!["10.1.0.0/16".parse().unwrap()],
            ..Policy::default()
        };
        assert!(policy.check_target(ip("10.2.0.1")).is_ok());
        assert!(policy.check_target(ip("10.1.0.1")).is_err());
        assert!(policy.check_target(ip("192.0.2.1")).is_err());
        assert!(policy.check_target(ip("::ffff:10.1.0.1")).is_err());
        assert!(policy.check_target(ip("::1")).is_err());
    }

    #[test]
    fn prefixes_are_exact() {
        let all: Cidr = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains(ip("255.255.255.255")));
        let one: Cidr = "192.0.2.7".parse().unwrap();
        assert!(one.contains(ip("192.0.2.7")) && !one.contains(ip("192.0.2.6")));
        let v6: Cidr = "2001:db8::/32".parse().unwrap();
        assert!(v6.contains(ip("2001:db8:ffff::1")) && !v6.contains(ip("2001:db9::1")));
        for bad in [
            "",
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "10.0.0.0/-1",
            "a/8",
        ] {
            assert!(bad.parse::<Cidr>().is_err(), "{bad}");
        }
    }
}
