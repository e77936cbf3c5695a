//! What is counted between the tiers: noted with every action, from a ticket's events.

use chrono::{DateTime, SubsecRound, Utc};
use tierdesk_domain::actor::Actor;
use tierdesk_domain::authorize::{Action, Who, authorize};
use tierdesk_domain::clock::{Book, History, stays};
use tierdesk_domain::flow::{Fact, Step, Story, Subject, facts};
use tierdesk_domain::id::TicketId;
use tierdesk_domain::timeline::EventKind;
use tierdesk_store::clock::{ClockEvent, events_of};
use tierdesk_store::flow;
use tierdesk_store::ticket::lately;

use crate::clock::{Told, read, tell};
use crate::error::Result;
use crate::{Desk, Work};

/// Tickets that are read at once.
const PAGE: i64 = 500;

/// A ticket's story between the tiers, from its events.
pub(crate) fn story(history: &History, events: &[ClockEvent]) -> Story {
    let steps = events.iter().filter_map(|event| {
        let data = &event.data;
        let to = || Some((read(&data["to_team"])?, read(&data["to_tier"])?));
        let step = match event.kind {
            EventKind::Escalated => Step::HandedOver(to()?),
            EventKind::HandedBack => Step::HandedBack(to()?),
            EventKind::HandoverBounced => Step::Bounced(to()?),
            EventKind::HandoverAccepted | EventKind::HandoverRated => {
                Step::Rated(read(&data["quality"])?)
            }
            EventKind::Resolved => Step::Resolved(read(&data["by"])?),
            EventKind::Reopened => Step::Reopened,
            _ => return None,
        };
        let subject = Subject {
            priority: event.priority,
            category: event.category,
            organisation: event.organisation,
        };
        Some((event.at, subject, step))
    });
    Story {
        queue: (history.opened.team, history.opened.tier),
        steps: steps.collect(),
    }
}

/// Everything that counts of a ticket.
pub(crate) fn all(told: &Told, book: &Book) -> Vec<Fact> {
    let (first, last) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    facts(&told.story, &stays(&told.history, book, first, last))
}

/// Notes what this action makes count.
pub(crate) fn note(work: &mut Work<'_>, ticket: TicketId, told: &Told, book: &Book) {
    // Events are kept to the microsecond.
    let now = work.now.trunc_subsecs(6);
    if told.story.steps.last().is_none_or(|(at, ..)| *at != now) {
        return;
    }
    let over = stays(&told.history, book, now, now);
    let fresh = facts(&told.story, &over);
    work.note(ticket, fresh.into_iter().filter(|fact| fact.at == now));
}

impl Desk {
    /// Writes what counts of all tickets and is not there: of the time before it was noted. Who acts meanwhile notes the
    /// same.
    pub(crate) async fn note_past(&self) -> Result<()> {
        let scope = authorize(&Who::Machine(Actor::system()), Action::ListTickets)?;
        let mut before = None;
        loop {
            let mut conn = self.acquire().await?;
            let rulebook = self.rulebook(&mut conn).await?;
            let ever = DateTime::UNIX_EPOCH;
            let page = lately(&mut conn, &scope, ever, before, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            before = Some(last.id);
            let ids: Vec<_> = page.iter().map(|it| it.id).collect();
            let events = events_of(&mut conn, &ids).await?;
            let mut past = Vec::new();
            for ticket in &page {
                let events = events.get(&ticket.id).map_or(&[][..], Vec::as_slice);
                let told = tell(ticket, events);
                if !told.story.steps.is_empty() {
                    let facts = all(&told, &rulebook.book);
                    past.extend(facts.into_iter().map(|fact| (fact, ticket.id)));
                }
            }
            flow::note(&mut conn, &past).await?;
        }
    }
}
