//! Who did something: in every event, audit row and decision (decision 6).

use uuid::Uuid;

use crate::id::{HostId, PersonId};
use crate::names::named;

named! {
    /// The kinds of doers.
    ActorKind, "kind of actor" {
        /// A signed-in person.
        Human = "human",
        /// The triage bot.
        Bot = "bot",
        /// An escalation or automation rule.
        Rule = "rule",
        /// A mail that was let in.
        Mail = "mail",
        /// A program with an API token.
        ApiToken = "api_token",
        /// An enrolled host.
        HostAgent = "host_agent",
        /// A monitoring system.
        AlertSource = "alert_source",
        /// An import.
        Import = "import",
        /// Tierdesk itself: timers, clean-ups, set-up.
        System = "system",
    }
}

/// A doer, and for whom it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// What kind of doer.
    pub kind: ActorKind,
    /// Which one: the person, rule, token or host; none where there is only one.
    pub id: Option<Uuid>,
    /// The person it was done for, where that is somebody else.
    pub on_behalf_of: Option<PersonId>,
}

impl Actor {
    /// A person.
    pub fn human(person: PersonId) -> Self {
        Self {
            kind: ActorKind::Human,
            id: Some(person.0),
            on_behalf_of: None,
        }
    }

    /// The triage bot.
    pub fn bot() -> Self {
        Self {
            kind: ActorKind::Bot,
            id: None,
            on_behalf_of: None,
        }
    }

    /// A rule, by its document.
    pub fn rule(rule: Uuid) -> Self {
        Self {
            kind: ActorKind::Rule,
            id: Some(rule),
            on_behalf_of: None,
        }
    }

    /// An enrolled host.
    pub fn host(host: HostId) -> Self {
        Self {
            kind: ActorKind::HostAgent,
            id: Some(host.0),
            on_behalf_of: None,
        }
    }

    /// Tierdesk itself.
    pub fn system() -> Self {
        Self {
            kind: ActorKind::System,
            id: None,
            on_behalf_of: None,
        }
    }

    /// The person behind it, if a person did it.
    pub fn person(&self) -> Option<PersonId> {
        (self.kind == ActorKind::Human)
            .then_some(self.id)
            .flatten()
            .map(PersonId)
    }
}
