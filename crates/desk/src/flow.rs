//! What is counted between the tiers: noted with every action, from a ticket's events.

use std::collections::BTreeSet;

use chrono::{DateTime, SubsecRound, Utc};
use tierdesk_domain::actor::Actor;
use tierdesk_domain::authorize::{Action, Who, authorize};
use tierdesk_domain::clock::{Book, History, stays};
use tierdesk_domain::flow::{Fact, Step, Story, Subject, facts};
use tierdesk_domain::id::TicketId;
use tierdesk_domain::timeline::EventKind;
use tierdesk_store::clock::{ClockEvent, events_of};
use tierdesk_store::flow;
use tierdesk_store::tally::block;
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
    /// Makes the facts of all tickets what their events say: adds those that are missing, takes away those that are wrong.
    /// Each page sees events and facts at one instant, so what people do meanwhile is noted by themselves. False if
    /// somebody else folds or counts at the moment: then it is for another time.
    pub(crate) async fn recount_flow(&self) -> Result<bool> {
        let scope = authorize(&Who::Machine(Actor::system()), Action::ListTickets)?;
        let mut before = None;
        loop {
            let mut tx = tierdesk_store::begin_snapshot(&self.pool).await?;
            if block::lock(&mut tx).await?.is_none() {
                return Ok(false);
            }
            let rulebook = self.rulebook(&mut tx).await?;
            let ever = DateTime::UNIX_EPOCH;
            let page = lately(&mut tx, &scope, ever, before, PAGE).await?;
            let Some(last) = page.last() else {
                // What a dropped transaction holds is let go only some time later.
                tierdesk_store::commit(tx).await?;
                return Ok(true);
            };
            before = Some(last.id);
            let ids: Vec<_> = page.iter().map(|it| it.id).collect();
            let events = events_of(&mut tx, &ids).await?;
            let mut missing = BTreeSet::new();
            for ticket in &page {
                let events = events.get(&ticket.id).map_or(&[][..], Vec::as_slice);
                let facts = all(&tell(ticket, events), &rulebook.book);
                missing.extend(facts.into_iter().map(|fact| (fact, ticket.id)));
            }
            let mut wrong = Vec::new();
            for (id, ticket, fact) in flow::kept(&mut tx, &ids).await? {
                if !missing.remove(&(fact, ticket)) {
                    wrong.push(id);
                }
            }
            let missing: Vec<_> = missing.into_iter().collect();
            flow::take_away(&mut tx, &wrong).await?;
            flow::note(&mut tx, &missing).await?;
            tierdesk_store::commit(tx).await?;
        }
    }
}
