//! What is kept beside a ticket's events so that lists, counts and deadlines need not read them (decision 13), computed from
//! those events alone: the recount compares it with what is kept, and whoever writes tickets in bulk writes it.

use chrono::{DateTime, Utc};
use tierdesk_domain::clock::{Clock, clocks};
use tierdesk_domain::id::DocumentId;
use tierdesk_store::clock::ClockEvent;
use tierdesk_store::ticket::Ticket;

use crate::clock::{Next, Told, next, next_deadline, rules_at, tell};
use crate::rulebook::Rulebook;

/// What follows from a ticket's events at one moment.
#[derive(Debug)]
pub struct Reckoning {
    /// Its story.
    pub told: Told,
    /// Its clocks.
    pub clocks: Vec<Clock>,
    /// What is kept of them with the ticket itself.
    pub next: Next,
    /// The rules that have not fired in this cycle, each with the time from which it holds, soonest first.
    pub rules: Vec<(DateTime<Utc>, DocumentId)>,
    /// When its clocks and rules must be looked at again by themselves.
    pub deadline: Option<DateTime<Utc>>,
}

impl Reckoning {
    /// Of a ticket to which these events happened, oldest first, and on which rules `fired` in this cycle. Of the ticket are
    /// read what no event changes (title, requester, channel, host), who has it, its status, and whether the bot holds it.
    pub fn of(
        ticket: &Ticket,
        events: &[ClockEvent],
        fired: &[DocumentId],
        rulebook: &Rulebook,
        now: DateTime<Utc>,
    ) -> Self {
        let told = tell(ticket, events);
        let clocks = clocks(&told.history, &rulebook.book, now);
        Self {
            next: next(&clocks),
            rules: rules_at(ticket, &told, &clocks, rulebook, fired, now),
            deadline: next_deadline(ticket, &told, &clocks, rulebook, fired, now),
            told,
            clocks,
        }
    }
}
