//! Counts for the dashboards: collected while an action runs, written in one statement when it commits.

use chrono::{DateTime, Utc};
use serde_json::Value;
use tierdesk_domain::id::TeamId;
use tierdesk_domain::tally::{Measure, NO_DAY, measures};
use tierdesk_domain::ticket::Priority;
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::EventKind;
use tierdesk_store::tally::{self, Cell};
use tierdesk_store::ticket::{Place, Ticket};

use crate::error::Result;
use crate::{Desk, Work};

/// Where an event happened. A ticket that moved left its old queue: that one counts, and is in the event's data.
pub(crate) fn place(ticket: &Ticket, kind: EventKind, data: &Value) -> (TeamId, Tier) {
    let origin = || {
        let team = serde_json::from_value(data["from_team"].clone()).ok()?;
        let tier = serde_json::from_value(data["from_tier"].clone()).ok()?;
        Some((team, tier))
    };
    match kind {
        EventKind::Escalated | EventKind::HandedBack | EventKind::HandoverBounced => {
            origin().unwrap_or((ticket.team, ticket.tier))
        }
        _ => (ticket.team, ticket.tier),
    }
}

impl Work<'_> {
    /// Counts an event.
    pub(crate) fn count_event(
        &mut self,
        kind: EventKind,
        data: &Value,
        (team, tier): (TeamId, Tier),
        priority: Priority,
    ) {
        for measure in measures(kind, data) {
            let cell = Cell {
                measure,
                day: self.now.date_naive(),
                team,
                tier,
                priority,
            };
            self.count(cell, 1);
        }
    }

    /// Counts a new ticket into the backlog, and into its queue if that shows it.
    pub(crate) fn count_new(&mut self, ticket: &Ticket) {
        self.count_place(ticket.created_at, ticket.place(), 1);
    }

    /// Moves a ticket in the backlog and between queues from where it was to where it is.
    pub(crate) fn count_move(&mut self, old: Place, ticket: &Ticket) {
        let new = ticket.place();
        if old != new {
            self.count_place(ticket.created_at, old, -1);
            self.count_place(ticket.created_at, new, 1);
        }
    }

    fn count_place(&mut self, filed: DateTime<Utc>, place: Place, n: i64) {
        let counted = [
            (Measure::Backlog, place.open),
            (Measure::Open, place.open),
            (Measure::Queue, place.queued),
            (Measure::QueueFree, place.queued && place.assignee.is_none()),
            (Measure::QueueWaiting, place.queued && place.waiting),
        ];
        for (measure, counts) in counted {
            if counts {
                let cell = Cell {
                    measure,
                    day: match measure {
                        Measure::Backlog => filed.date_naive(),
                        _ => NO_DAY,
                    },
                    team: place.team,
                    tier: place.tier,
                    priority: place.priority,
                };
                self.count(cell, n);
            }
        }
    }
}

impl Desk {
    /// Folds the shards of past days, so that reading stays cheap. Sums stay the same.
    pub async fn fold_tally(&self, now: DateTime<Utc>) -> Result<()> {
        let mut conn = self.acquire().await?;
        tally::fold(&mut conn, now.date_naive()).await?;
        tierdesk_store::flow::fold(&mut conn, now.date_naive()).await?;
        Ok(())
    }
}
