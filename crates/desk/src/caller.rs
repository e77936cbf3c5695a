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
