//! Who calls an action, and from where.

use tierdesk_domain::actor::Actor;
use tierdesk_domain::authorize::{Principal, Who};
use tierdesk_domain::id::PersonId;

/// Where a call came from; for the audit log.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The client's address, as far as we can trust it.
    pub ip: String,
    /// The request's correlation id.
    pub request_id: String,
}

impl Origin {
    /// The network that a client is counted with (AT-RATE-1): the address itself, or the /64 of an IPv6 address, which one
    /// customer has.
    pub fn network(&self) -> String {
        match self.ip.parse() {
            Ok(std::net::IpAddr::V6(v6)) if v6.to_ipv4_mapped().is_none() => {
                let [a, b, c, d, ..] = v6.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
            _ => self.ip.clone(),
        }
    }
}

/// Who calls an action, and from where.
#[derive(Debug, Clone)]
pub struct Caller {
    /// A person with rights, or a part of the machinery.
    pub who: Who,
    /// From where.
    pub origin: Origin,
}

impl Caller {
    /// A signed-in person.
    pub fn person(principal: Principal, origin: Origin) -> Self {
        Self {
            who: Who::Person(principal),
            origin,
        }
    }

    /// The bot, a rule, a host, Tierdesk itself.
    pub fn machine(actor: Actor) -> Self {
        Self {
            who: Who::Machine(actor),
            origin: Origin::default(),
        }
    }

    /// As the doer of events and audit rows.
    pub fn actor(&self) -> Actor {
        self.who.actor()
    }

    /// The person, if it is one.
    pub fn principal(&self) -> Option<&Principal> {
        match &self.who {
            Who::Person(principal) => Some(principal),
            Who::Machine(_) => None,
        }
    }

    /// The person's id, if it is one.
    pub fn person_id(&self) -> Option<PersonId> {
        self.principal().map(|it| it.person)
    }
}

#[cfg(test)]
mod tests {
    use super::Origin;

    fn network(ip: &str) -> String {
        let origin = Origin {
            ip: ip.to_owned(),
            ..Origin::default()
        };
        origin.network()
    }

    #[test]
    fn an_ipv6_customer_is_one_client_however_many_addresses_they_use() {
        assert_eq!(
            network("2001:db8:1:2:3:4:5:6"),
            network("2001:db8:1:2:ffff::1")
        );
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
        assert_eq!(network("::ffff:192.0.2.7"), "::ffff:192.0.2.7");
    }
}
