//! Diagnostics on hosts: who may run what, and the states of a run.

use chrono::{DateTime, TimeDelta, Utc};
use tierdesk_catalogue::{Class, Reach};

use crate::actor::ActorKind;
use crate::authorize::{Action, Denied, TicketFacts, Who, authorize};
use crate::backoff;
use crate::names::named;

/// How long a job waits for its host unless somebody says otherwise (decision 24).
pub const WAIT: TimeDelta = TimeDelta::minutes(30);
/// The longest it may wait.
pub const LONGEST_WAIT: TimeDelta = TimeDelta::days(7);
/// How long a host may be silent about a job it holds.
pub const LEASE: TimeDelta = TimeDelta::seconds(60);
/// How long a signed envelope lives (decision 24).
pub const ENVELOPE_LIFE: TimeDelta = TimeDelta::minutes(15);
/// Read-only jobs are tried at most three times: once, and two retries.
pub const ATTEMPTS: i32 = 3;
/// How many errors of our own, met while it is signed or while its deadline is settled, end a job: two and a half minutes
/// after the first one, while whoever asked may still look.
pub const ERRORS: u32 = 6;
/// Output kept of one attempt, in bytes, whatever its host sends.
pub const OUTPUT_LIMIT: i64 = 1024 * 1024;
/// Jobs that may wait or run on one host at a time.
pub const QUEUE_LIMIT: i64 = 50;

named! {
    /// How long a person lets a job wait for its host (decision 24).
    Wait, "wait" {
        /// Half an hour, unless they say otherwise.
        HalfHour = "30m",
        /// Half a working day.
        FourHours = "4h",
        /// A day.
        Day = "1d",
        /// A week, the longest.
        Week = "7d",
    }
}

impl Wait {
    /// So long.
    pub fn time(self) -> TimeDelta {
        match self {
            Self::HalfHour => WAIT,
            Self::FourHours => TimeDelta::hours(4),
            Self::Day => TimeDelta::days(1),
            Self::Week => LONGEST_WAIT,
        }
    }
}

named! {
    /// Where a job stands. Each state before the end has a deadline.
    JobState, "state of a job" {
        /// Waits for its host until it expires.
        Queued = "queued",
        /// Its host asked for it; the envelope is being signed.
        Leased = "leased",
        /// Its host has it.
        Running = "running",
        /// It ran and was judged.
        Succeeded = "succeeded",
        /// It could not run.
        Failed = "failed",
        /// It was killed at its limit.
        TimedOut = "timed_out",
        /// Somebody stopped it.
        Cancelled = "cancelled",
        /// Its host did not want to run it.
        Refused = "refused",
        /// Its host did not come in time.
        Expired = "expired",
        /// Its host's agent was restarted meanwhile.
        Interrupted = "interrupted",
        /// Its host fell silent.
        Lost = "lost",
    }
}

impl JobState {
    /// Whether nothing more will happen.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Leased | Self::Running)
    }

    /// Where a job ends that we cannot go on with: nobody knows what became of one that its host has.
    #[must_use]
    pub fn given_up(self) -> Self {
        match self {
            Self::Running => Self::Lost,
            _ => Self::Failed,
        }
    }
}

/// Until when a job rests after this many errors of our own.
pub fn rests_until(errors: u32, now: DateTime<Utc>) -> DateTime<Utc> {
    now + backoff::pause(TimeDelta::seconds(5), errors, TimeDelta::minutes(10))
}

/// The one place that says who may have an entry of this class run for this ticket (AT-JOB-2). Asked when a job is asked
/// for, and again when it is signed. By class: R0 by the bot, R0 and R1 by engineers who work the
/// ticket; C2 and C3 need approvals, which do not exist yet, so nobody can ask for them.
///
/// # Errors
/// [`Denied::Hidden`] where the ticket must stay hidden, [`Denied::Forbidden`] otherwise.
pub fn permit(who: &Who, ticket: TicketFacts, class: Class) -> Result<(), Denied> {
    authorize(who, Action::WorkTicket(ticket))?;
    let allowed = match (class, who) {
        (Class::R0 | Class::R1, Who::Person(_)) => true,
        (Class::R0, Who::Machine(actor)) => matches!(actor.kind, ActorKind::Bot | ActorKind::Rule),
        (Class::R1 | Class::C2 | Class::C3, _) => false,
    };
    if allowed {
        Ok(())
    } else {
        Err(Denied::Forbidden)
    }
}

/// How far a run reaches by who asked for it: people may look at the machine that runs it, too; what a machine asks for
/// follows other people's words.
pub fn reach(asked_by: ActorKind) -> Reach {
    match asked_by {
        ActorKind::Human => Reach::Anywhere,
        _ => Reach::Others,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use uuid::Uuid;

    use super::*;
    use crate::actor::Actor;
    use crate::authorize::{Managed, Principal};
    use crate::id::{HostId, PersonId, TeamId};
    use crate::person::PersonKind;
    use crate::ticket::Status;
    use crate::tier::Tier;

    const TEAM: TeamId = TeamId(Uuid::from_u128(1));

    fn person(memberships: &[(TeamId, Tier)]) -> Principal {
        Principal {
            person: PersonId(Uuid::from_u128(7)),
            kind: PersonKind::Human,
            organisation: None,
            colleagues_see: false,
            administrator: false,
            manages: None,
            memberships: memberships.iter().copied().collect::<BTreeSet<_>>(),
        }
    }

    /// Rows: who. Columns: R0, R1, C2, C3.
    #[test]
    fn the_table_of_who_may_run_what() {
        let ticket = TicketFacts {
            requester: PersonId(Uuid::from_u128(9)),
            organisation: None,
            team: TEAM,
            restricted: false,
            tier: Tier::L2,
            status: Status::Open,
        };
        let elsewhere = TeamId(Uuid::from_u128(2));
        let requester = Principal {
            person: ticket.requester,
            ..person(&[])
        };
        let manager = Principal {
            manages: Some(Managed::All),
            ..person(&[])
        };
        let administrator = Principal {
            administrator: true,
            ..person(&[])
        };
        let host = Actor::host(HostId(Uuid::from_u128(3)));
        let table = [
            (
                "engineer of the queue",
                Who::Person(person(&[(TEAM, Tier::L2)])),
                "yyn n",
            ),
            (
                "L3 of the team",
                Who::Person(person(&[(TEAM, Tier::L3)])),
                "yyn n",
            ),
            (
                "L1 of the team",
                Who::Person(person(&[(TEAM, Tier::L1)])),
                "nnn n",
            ),
            (
                "engineer of another team",
                Who::Person(person(&[(elsewhere, Tier::L3)])),
                "nnn n",
            ),
            ("requester", Who::Person(requester), "nnn n"),
            ("manager", Who::Person(manager), "nnn n"),
            ("administrator", Who::Person(administrator), "nnn n"),
            ("bot", Who::Machine(Actor::bot()), "ynn n"),
            ("rule", Who::Machine(Actor::rule(Uuid::nil())), "ynn n"),
            ("system", Who::Machine(Actor::system()), "nnn n"),
            ("host", Who::Machine(host), "nnn n"),
        ];
        for (name, who, expected) in table {
            let got: Vec<bool> = Class::ALL
                .iter()
                .map(|class| permit(&who, ticket, *class).is_ok())
                .collect();
            let expected: Vec<bool> = expected
                .chars()
                .filter(|c| *c != ' ')
                .map(|c| c == 'y')
                .collect();
            assert_eq!(got, expected, "{name}");
        }
    }
}
