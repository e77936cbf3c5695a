//! Identifiers. Each thing has its own type, so that a ticket's id cannot be taken for a person's.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    /// A ticket. People see its [`TicketNumber`].
    TicketId,
    /// A person: requester, engineer, manager or administrator, often several at once.
    PersonId,
    /// A team of people with a skill.
    TeamId,
    /// An organisation inside the company that this instance serves.
    OrganisationId,
    /// A category that a requester chooses from.
    CategoryId,
    /// An enrolled machine.
    HostId,
    /// One run of one catalogue entry on one host.
    JobId,
    /// An entry of a ticket's timeline.
    EventId,
    /// The words of a message, kept apart from the event that brought them.
    ContentId,
    /// A file that belongs to a ticket.
    AttachmentId,
    /// A form that is being filled in. Files that were uploaded for it wait under this id until it is sent.
    FormId,
    /// A versioned configuration document.
    DocumentId,
    /// A skill that engineers have and categories need.
    SkillId,
}

impl FormId {
    /// The form in which a ticket's requester answers: files that wait for it belong to that ticket and to no other
    /// (AT-FILE-1), and are still there when its page is opened again.
    pub fn answer(ticket: TicketId) -> Self {
        Self(ticket.0)
    }

    /// The same for the form in which somebody at the desk replies or notes; the requester may be an engineer as well.
    pub fn composer(ticket: TicketId) -> Self {
        Self(Uuid::from_u128(!ticket.0.as_u128()))
    }
}

/// The number people know a ticket by: `#10482` on pages, `TD-10482` in mail and on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TicketNumber(pub i64);

impl std::fmt::Display for TicketNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{}", self.0)
    }
}

impl TicketNumber {
    /// Reads `10482`, `#10482` and `TD-10482` (any case), as people type and paste them.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text
            .strip_prefix('#')
            .or_else(|| {
                let (prefix, rest) = text.split_at_checked(3)?;
                prefix.eq_ignore_ascii_case("td-").then_some(rest)
            })
            .unwrap_or(text);
        let plausible =
            (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        plausible.then(|| digits.parse().ok().map(Self)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::TicketNumber;

    #[test]
    fn a_ticket_number_is_read_in_each_of_its_spellings() {
        for text in ["10482", "#10482", "TD-10482", "td-10482", " #10482 "] {
            assert_eq!(
                TicketNumber::parse(text),
                Some(TicketNumber(10482)),
                "{text}"
            );
        }
        for text in [
            "",
            "#",
            "TD-",
            "10482x",
            "-5",
            "٣",
            "TD_10482",
            "99999999999999999999",
        ] {
            assert_eq!(TicketNumber::parse(text), None, "{text}");
        }
    }
}
