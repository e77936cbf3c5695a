//! What every mail needs to know about the desk and about the one who reads it.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::outgoing::TicketRef;
use crate::words::Line;

/// Why this person gets this mail; the last line of each mail says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// They filed the ticket, or it was filed for them.
    Requester,
    /// Somebody added them to the ticket.
    Participant,
    /// They work in the team that has the ticket, or they have it themselves.
    Engineer,
    /// An escalation path names them.
    InCharge,
    /// Somebody who manages has the figures mailed to them.
    Figures,
    /// Something happened to their account.
    Account,
}

impl Why {
    /// The sentence at the foot of the mail.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Requester => "You get this because the ticket is yours.",
            Self::Participant => "You get this because you were added to the ticket.",
            Self::Engineer => {
                "You get this because the ticket is in one of your queues or with you."
            }
            Self::InCharge => "You get this because an escalation path asks for you.",
            Self::Figures => {
                "You get this because a saved report names you. Its owner can change that."
            }
            Self::Account => "You get this because it concerns your account.",
        }
    }
}

/// The desk that writes and the person who reads. Addresses in mail come from here and never from a request.
#[derive(Debug, Clone)]
pub struct MailContext {
    /// Where the desk is reached, without a slash at the end: `https://desk.example.org`.
    pub base_url: String,
    /// What the desk is called: `Kestrel Harbour service desk`.
    pub site_name: Line,
    /// What ticket numbers begin with: `TD`.
    pub prefix: String,
    /// The reader's name; empty when unknown.
    pub name: Line,
    /// The reader's time zone.
    pub zone: Tz,
    /// Why they get it.
    pub why: Why,
}

impl MailContext {
    /// The address of a page of the desk; `path` begins with a slash.
    #[must_use]
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.base_url.trim_end_matches('/'))
    }

    /// The address of a ticket's page.
    #[must_use]
    pub fn ticket_link(&self, ticket: &TicketRef) -> String {
        self.link(&format!("/tickets/{}", ticket.number))
    }

    /// The number as it stands in subjects: `TD-10482`.
    #[must_use]
    pub fn reference(&self, ticket: &TicketRef) -> String {
        format!("{}-{}", self.prefix, ticket.number)
    }

    /// A moment in the reader's own time, with the zone: `Tue 24 Nov 2026, 09:32 CET`.
    #[must_use]
    pub fn when(&self, at: &DateTime<Utc>) -> String {
        at.with_timezone(&self.zone)
            .format("%a %-d %b %Y, %H:%M %Z")
            .to_string()
    }

    /// The greeting: with the name where it is known.
    #[must_use]
    pub fn hello(&self) -> String {
        if self.name.is_empty() {
            "Hello,".to_owned()
        } else {
            format!("Hello {},", self.name)
        }
    }
}
