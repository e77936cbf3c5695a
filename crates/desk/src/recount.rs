//! The recount: every projection is computed again from the events and compared with what is kept (decision 13).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use tierdesk_domain::clock::clocks;
use tierdesk_store::tally::{self, Cell};
use tierdesk_store::ticket::Ticket;
use tierdesk_store::{PgConnection, timer};

use crate::Desk;
use crate::clock::{next, next_deadline, projection, told};
use crate::error::Result;

impl Desk {
    /// Compares everything that is kept about tickets with a computation from scratch: the clocks, what a ticket says of
    /// them, its deadline, its properties, and every count. Returns what differs, in words.
    ///
    /// It reads every ticket whatever anybody's scope, so it is for tests and operators, never for a page. Deadlines that
    /// have passed must have been acted on.
    pub async fn recount(&self, now: DateTime<Utc>) -> Result<Vec<String>> {
        let mut pooled = self.acquire().await?;
        let conn: &mut PgConnection = &mut pooled;
        let mut wrong = Vec::new();
        for id in tierdesk_store::clock::all_tickets(conn).await? {
            if let Some(ticket) = tierdesk_store::ticket::lock(conn, id).await? {
                self.recount_ticket(conn, &ticket, now, &mut wrong).await?;
            }
        }
        let mut counted = tally::recount_events(conn).await?;
        counted.extend(tally::recount_backlog(conn).await?);
        counted.extend(tally::recount_queues(conn).await?);
        compare_counts(tally::kept(conn).await?, counted, &mut wrong);
        Ok(wrong)
    }

    async fn recount_ticket(
        &self,
        conn: &mut PgConnection,
        ticket: &Ticket,
        now: DateTime<Utc>,
        wrong: &mut Vec<String>,
    ) -> Result<()> {
        let mut compare = |what: &str, kept: String, counted: String| {
            if kept != counted {
                wrong.push(format!(
                    "{}: {what}: kept {kept}, counted {counted}",
                    ticket.number
                ));
            }
        };
        let rulebook = self.rulebook(conn).await?;
        let told = told(conn, ticket).await?;
        let clocks = clocks(&told.history, &rulebook.book, now);

        let kept = tierdesk_store::clock::projections(conn, ticket.id).await?;
        let mut counted: Vec<_> = clocks
            .iter()
            .map(|clock| {
                // When the timeline was told is no computation but a fact.
                let same = kept
                    .iter()
                    .find(|it| (it.metric, it.ordinal) == (clock.metric, clock.ordinal));
                projection(clock, same.and_then(|it| it.warned_at))
            })
            .collect();
        counted.sort_by_key(|it| (it.metric.as_str(), it.ordinal));
        compare("clocks", format!("{kept:?}"), format!("{counted:?}"));

        let due = next(&clocks);
        compare(
            "next clock",
            format!(
                "{:?}",
                (
                    ticket.next_clock_at,
                    ticket.next_risk_at,
                    ticket.next_clock.as_deref(),
                    ticket.next_clock_risk_at,
                    ticket.next_clock_seconds,
                    ticket.sla_policy
                )
            ),
            format!(
                "{:?}",
                (
                    due.due_at,
                    due.risk_at,
                    due.clock,
                    due.clock_risk_at,
                    due.clock_seconds,
                    due.policy
                )
            ),
        );

        let deadline = next_deadline(conn, ticket, &told, &clocks, &rulebook, now).await?;
        let set = timer::fires_at(conn, "clock", ticket.id.0).await?;
        compare("deadline", format!("{set:?}"), format!("{deadline:?}"));

        let facts = told.history.now();
        compare(
            "properties",
            format!(
                "{:?}",
                (
                    ticket.status,
                    ticket.priority,
                    ticket.kind,
                    ticket.category,
                    ticket.team,
                    ticket.tier,
                    ticket.assignee.is_some()
                )
            ),
            format!(
                "{:?}",
                (
                    facts.status,
                    facts.priority,
                    facts.kind,
                    facts.category,
                    facts.team,
                    facts.tier,
                    facts.assigned
                )
            ),
        );
        Ok(())
    }
}

fn compare_counts(kept: Vec<(Cell, i64)>, counted: Vec<(Cell, i64)>, wrong: &mut Vec<String>) {
    let mut all: BTreeMap<Cell, (i64, i64)> = BTreeMap::new();
    for (cell, n) in kept {
        all.entry(cell).or_default().0 += n;
    }
    for (cell, n) in counted {
        all.entry(cell).or_default().1 += n;
    }
    for (cell, (kept, counted)) in all {
        if kept != counted {
            wrong.push(format!("{cell:?}: kept {kept}, counted {counted}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tierdesk_domain::id::TeamId;
    use tierdesk_domain::tally::Measure;
    use tierdesk_domain::ticket::Priority;
    use tierdesk_domain::tier::Tier;
    use uuid::Uuid;

    #[test]
    fn a_count_that_is_missing_or_too_many_is_named() {
        let cell = |measure| Cell {
            measure,
            day: tierdesk_domain::tally::NO_DAY,
            team: TeamId(Uuid::from_u128(7)),
            tier: Tier::L1,
            priority: Priority::P2,
        };
        let (open, queue) = (cell(Measure::Open), cell(Measure::Queue));
        let differ = |kept: Vec<_>, counted: Vec<_>| {
            let mut wrong = Vec::new();
            compare_counts(kept, counted, &mut wrong);
            wrong.len()
        };
        assert_eq!(differ(vec![(open, 2)], vec![(open, 2)]), 0);
        assert_eq!(differ(vec![(open, 2)], vec![(open, 1), (open, 1)]), 0);
        assert_eq!(differ(vec![(open, 2)], vec![(open, 3)]), 1);
        assert_eq!(differ(vec![(open, 2)], vec![(queue, 2)]), 2);
    }
}
