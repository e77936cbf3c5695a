//! A ticket: what it is, where it stands, and which steps its state allows.

use crate::names::named;

named! {
    /// What kind of ticket it is (ITIL).
    Kind, "kind of ticket" {
        /// Something is broken or slow.
        Incident = "incident",
        /// Somebody asks for something.
        Request = "request",
        /// The cause behind incidents.
        Problem = "problem",
        /// A planned change.
        Change = "change",
    }
}

named! {
    /// Where a ticket stands.
    Status, "status" {
        /// Filed, nobody has looked yet.
        New = "new",
        /// Somebody works on it, or it waits in a queue.
        Open = "open",
        /// Waits for the requester. Clocks pause.
        Pending = "pending",
        /// Waits for a third party. Clocks pause only where the policy says so.
        OnHold = "on_hold",
        /// An answer was given; it may be reopened for a while.
        Resolved = "resolved",
        /// Done for good.
        Closed = "closed",
    }
}

impl Status {
    /// Whether work is still to be done: everything before resolved.
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Resolved | Self::Closed)
    }

    /// Whether an engineer may set `next` by hand. Resolving, reopening and closing have their own actions.
    pub fn may_become(self, next: Self) -> bool {
        self.is_open() && matches!(next, Self::Open | Self::Pending | Self::OnHold) && self != next
    }
}

named! {
    /// How many people are hit.
    Impact, "impact" {
        /// One person.
        Person = "person",
        /// A team or a room.
        Group = "group",
        /// A site, a service or everybody.
        Site = "site",
    }
}

impl Impact {
    /// 1 (everybody) to 3 (one person), as the database keeps it.
    pub fn number(self) -> i16 {
        match self {
            Self::Site => 1,
            Self::Group => 2,
            Self::Person => 3,
        }
    }

    /// The impact with that number, if there is one.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.number() == number)
    }
}

named! {
    /// How badly work is held up.
    Urgency, "urgency" {
        /// Work goes on.
        Low = "low",
        /// Work is slowed.
        Medium = "medium",
        /// Work is stopped.
        High = "high",
    }
}

impl Urgency {
    /// 1 (stopped) to 3 (goes on), as the database keeps it.
    pub fn number(self) -> i16 {
        match self {
            Self::High => 1,
            Self::Medium => 2,
            Self::Low => 3,
        }
    }

    /// The urgency with that number, if there is one.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.number() == number)
    }
}

/// P1 (most pressing) to P4.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub enum Priority {
    /// Everything stands still.
    P1,
    /// Pressing.
    P2,
    /// Usual.
    P3,
    /// Can wait.
    P4,
}

impl Priority {
    /// All priorities, most pressing first.
    pub const ALL: [Self; 4] = [Self::P1, Self::P2, Self::P3, Self::P4];

    /// 1 to 4.
    pub fn number(self) -> i16 {
        match self {
            Self::P1 => 1,
            Self::P2 => 2,
            Self::P3 => 3,
            Self::P4 => 4,
        }
    }

    /// The priority with that number, if there is one.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.number() == number)
    }

    /// One step more pressing; P1 stays.
    pub fn raised(self) -> Self {
        Self::from_number(self.number() - 1).unwrap_or(self)
    }
}

impl std::fmt::Display for Priority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "P{}", self.number())
    }
}

named! {
    /// How a ticket ended.
    ResolutionCode, "resolution code" {
        /// The cause is gone.
        Fixed = "fixed",
        /// There is a way around it.
        Workaround = "workaround",
        /// A question was answered.
        Answered = "answered",
        /// Another ticket covers it.
        Duplicate = "duplicate",
        /// It could not be seen again.
        NotReproducible = "not_reproducible",
        /// It stays as it is.
        WontFix = "wont_fix",
        /// The requester took it back.
        Withdrawn = "withdrawn",
    }
}

named! {
    /// Who brought the answer.
    ResolvedBy, "kind of resolver" {
        /// An engineer.
        Human = "human",
        /// The triage bot.
        Bot = "bot",
        /// An approved runbook.
        Runbook = "runbook",
        /// The requester closed it.
        Requester = "requester",
    }
}

named! {
    /// The way a ticket came in.
    Channel, "channel" {
        /// The form in the browser.
        Web = "web",
        /// "I cannot sign in" on the sign-in page.
        SignInHelp = "sign_in_help",
        /// A mail.
        Mail = "mail",
        /// The API.
        Api = "api",
        /// An alert.
        Alert = "alert",
        /// Brought over from elsewhere.
        Import = "import",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_open_tickets_change_status_by_hand_and_never_to_an_end() {
        for &from in Status::ALL {
            for &to in Status::ALL {
                let may = from.may_become(to);
                assert!(
                    !may || (from.is_open() && to.is_open() && to != Status::New && from != to),
                    "{from} -> {to}"
                );
            }
        }
        assert!(Status::New.may_become(Status::Pending));
        assert!(!Status::Resolved.may_become(Status::Open));
    }

    #[test]
    fn words_and_numbers_read_back() {
        for &status in Status::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        for &impact in Impact::ALL {
            assert_eq!(Impact::from_number(impact.number()), Some(impact));
        }
        for &urgency in Urgency::ALL {
            assert_eq!(Urgency::from_number(urgency.number()), Some(urgency));
        }
    }
}
