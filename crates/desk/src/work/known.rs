//! What an action knows of the tickets that it works on.

use std::collections::btree_map::Entry;

use tierdesk_domain::id::{DocumentId, TicketId};
use tierdesk_store::clock::{self, ClockEvent, Projection};
use tierdesk_store::ticket::Ticket;

use super::Work;
use crate::clock::{Told, fired, tell};
use crate::error::Result;

/// What happened to a ticket and how its clocks are kept: read once, and kept up with what the action does. Nobody else adds
/// to it meanwhile, because the ticket is locked or not yet to be seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// What may matter to its clocks, oldest first.
    pub(super) events: Vec<ClockEvent>,
    /// Its clocks.
    pub(crate) clocks: Vec<Projection>,
    /// The rules that fired, and in which cycle.
    fired: Option<(i32, Vec<DocumentId>)>,
}

impl Known {
    /// What is known of a ticket that was just inserted: nothing happened to it in its first cycle.
    pub(super) fn filed() -> Self {
        Self {
            fired: Some((1, Vec::new())),
            ..Self::default()
        }
    }
}

impl Work<'_> {
    /// What is known of a ticket that this action locked or filed.
    pub(crate) async fn known(&mut self, ticket: TicketId) -> Result<&mut Known> {
        match self.known.entry(ticket) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => {
                let events = clock::events(self.ground.conn(), ticket).await?;
                let clocks = clock::projections(self.ground.conn(), ticket).await?;
                Ok(place.insert(Known {
                    events,
                    clocks,
                    ..Known::default()
                }))
            }
        }
    }

    /// Keeps clocks of a ticket as they are now; they are written when the action commits.
    pub(crate) async fn keep_clocks(
        &mut self,
        ticket: TicketId,
        clocks: Vec<Projection>,
    ) -> Result<()> {
        for clock in clocks {
            let key = (ticket, clock.metric.as_str(), clock.ordinal);
            self.outcome.clocks.insert(key, clock.clone());
            let kept = &mut self.known(ticket).await?.clocks;
            kept.retain(|it| (it.metric, it.ordinal) != (clock.metric, clock.ordinal));
            kept.push(clock);
        }
        Ok(())
    }

    /// A ticket's story, with what this action added to it.
    pub(crate) async fn told(&mut self, ticket: &Ticket) -> Result<Told> {
        Ok(tell(ticket, &self.known(ticket.id).await?.events))
    }

    /// The rules that fired on a ticket in its cycle.
    pub(crate) async fn fired(&mut self, ticket: &Ticket) -> Result<Vec<DocumentId>> {
        let rulebook = self.rulebook().await?;
        let known = self.known(ticket.id).await?;
        if let Some((cycle, rules)) = &known.fired
            && *cycle == ticket.cycle
        {
            return Ok(rules.clone());
        }
        let rules = fired(self.ground.conn(), ticket, &rulebook).await?;
        self.known(ticket.id).await?.fired = Some((ticket.cycle, rules.clone()));
        Ok(rules)
    }

    /// Keeps in mind that a rule fires on a ticket in its cycle.
    pub(crate) async fn fires(&mut self, ticket: &Ticket, rule: DocumentId) -> Result<()> {
        let mut rules = self.fired(ticket).await?;
        rules.push(rule);
        self.known(ticket.id).await?.fired = Some((ticket.cycle, rules));
        Ok(())
    }
}
