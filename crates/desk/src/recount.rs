//! The recount: every projection is computed again from the events and compared with what is kept (decision 13).

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use tierdesk_domain::flow::Fact;
use tierdesk_store::ticket::Ticket;
use tierdesk_store::{PgConnection, flow, timer};

use crate::Desk;
use crate::clock::{TIMER, fired, projection};
use crate::error::Result;
use crate::reckoning::Reckoning;

impl Desk {
    /// Compares everything that is kept about tickets with a computation from scratch: the clocks, what a ticket says of
    /// them, its deadline, its properties, what counts between the tiers, and every count. Returns what differs, in words.
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
        drop(pooled);
        wrong.extend(self.check_tally().await?);
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
        let events = tierdesk_store::clock::events(conn, ticket.id).await?;
        let fired = fired(conn, ticket, &rulebook).await?;
        let reckoned = Reckoning::of(ticket, &events, &fired, &rulebook, now);

        let kept = tierdesk_store::clock::projections(conn, ticket.id).await?;
        let mut counted: Vec<_> = (reckoned.clocks)
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

        let due = reckoned.next;
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

        let set = timer::fires_at(conn, TIMER, ticket.id.0).await?;
        compare(
            "deadline",
            format!("{set:?}"),
            format!("{:?}", reckoned.deadline),
        );

        let kept = flow::kept(conn, &[ticket.id]).await?;
        let kept: BTreeSet<Fact> = kept.into_iter().map(|(.., fact)| fact).collect();
        let counted: BTreeSet<Fact> = crate::flow::all(&reckoned.told, &rulebook.book)
            .into_iter()
            .collect();
        compare("between tiers", format!("{kept:?}"), format!("{counted:?}"));

        let facts = reckoned.told.history.now();
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
