//! A dry run on its way through the tickets, a page at a time: whoever shows it says how far it is, and whoever drops it
//! stops it.

use std::mem::take;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tierdesk_domain::actor::Actor;
use tierdesk_domain::authorize::{Action, Scope, Who, authorize};
use tierdesk_domain::id::TicketId;
use tierdesk_store::ticket::{Ticket, lately, lately_count};

use super::{About, Line, MAX_DAYS, MAX_LINES, Trial};
use crate::clock::{Told, tell};
use crate::error::{DeskError, Result};
use crate::{Caller, Desk};

/// Tickets that are read at once.
const PAGE: i64 = 500;

/// Something that would have happened to a ticket: what, when as things are now, and when with the change.
pub(super) type Sight = (Option<About>, Option<DateTime<Utc>>, Option<DateTime<Utc>>);

/// Looks at one ticket's story: adds to the outcome and says what would have happened.
type Look<O> = dyn Fn(&Told, &mut O) -> Vec<Sight> + Send + Sync;

/// A dry run that has begun. Nothing happens but in [`DryRun::step`].
pub struct DryRun<O> {
    desk: Desk,
    /// Who wants to know.
    who: Who,
    scope: Scope,
    since: DateTime<Utc>,
    look: Arc<Look<O>>,
    of: usize,
    /// The last ticket of the page before.
    before: Option<TicketId>,
    over: bool,
    trial: Trial<O>,
    /// Tickets on which both versions do the same: they are listed where there is room.
    alike: Vec<Line>,
    listed: usize,
}

/// How far a dry run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// So many tickets were looked at.
    pub looked: usize,
    /// So many there were when it began.
    pub of: usize,
}

impl Desk {
    /// Begins a dry run over every ticket that was open or touched in the last `days`. Administrators learn numbers and
    /// counts of all of them; content is another matter.
    pub(super) async fn dry_run<O>(
        &self,
        caller: &Caller,
        days: u32,
        now: DateTime<Utc>,
        outcome: O,
        look: impl Fn(&Told, &mut O) -> Vec<Sight> + Send + Sync + 'static,
    ) -> Result<DryRun<O>> {
        let scope = authorize(&Who::Machine(Actor::system()), Action::ListTickets)?;
        let since = begins(days, now);
        let mut conn = self.acquire().await?;
        let of = lately_count(&mut conn, &scope, since).await?;
        Ok(DryRun {
            desk: self.clone(),
            who: caller.who.clone(),
            scope,
            since,
            look: Arc::new(look),
            of: usize::try_from(of).unwrap_or(0),
            before: None,
            over: false,
            trial: Trial {
                days: days.clamp(1, MAX_DAYS),
                looked: 0,
                outcome,
                lines: Vec::new(),
                more: 0,
            },
            alike: Vec::new(),
            listed: 0,
        })
    }
}

/// When the time begins that is looked at.
pub(super) fn begins(days: u32, now: DateTime<Utc>) -> DateTime<Utc> {
    now - TimeDelta::days(days.clamp(1, MAX_DAYS).into())
}

impl<O: Default + Send + 'static> DryRun<O> {
    /// Looks at the next tickets, newest first, off the async threads, and says how far it is; none once all were looked at.
    pub async fn step(&mut self) -> Result<Option<Progress>> {
        if self.over {
            return Ok(None);
        }
        let mut conn = self.desk.acquire().await?;
        let mut page = lately(&mut conn, &self.scope, self.since, self.before, PAGE + 1).await?;
        self.over = page.len() as i64 <= PAGE;
        page.truncate(PAGE as usize);
        self.before = page.last().map(|last| last.id);
        let ids: Vec<_> = page.iter().map(|it| it.id).collect();
        let mut events = tierdesk_store::clock::events_of(&mut conn, &ids).await?;
        drop(conn);
        let look = Arc::clone(&self.look);
        let mut outcome = take(&mut self.trial.outcome);
        let looked = tokio::task::spawn_blocking(move || {
            let see = |ticket: Ticket| {
                let events = events.remove(&ticket.id).unwrap_or_default();
                let sights = look(&tell(&ticket, &events), &mut outcome);
                (ticket, sights)
            };
            let seen: Vec<_> = page.into_iter().map(see).collect();
            (seen, outcome)
        });
        let (seen, outcome) = looked
            .await
            .map_err(|error| DeskError::Broken(error.to_string()))?;
        self.trial.outcome = outcome;
        self.trial.looked += seen.len();
        for (ticket, sights) in seen {
            for sight in sights {
                self.list(&ticket, sight);
            }
        }
        Ok(Some(self.progress()))
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        Progress {
            looked: self.trial.looked,
            of: self.of.max(self.trial.looked),
        }
    }

    /// What came of what was looked at so far.
    pub fn trial(self) -> Trial<O> {
        let mut trial = self.trial;
        trial.lines.extend(self.alike);
        trial.lines.truncate(MAX_LINES);
        trial.more = self.listed - trial.lines.len();
        trial
    }

    fn list(&mut self, ticket: &Ticket, (about, before, after): Sight) {
        self.listed += 1;
        let lines = match before == after {
            true => &mut self.alike,
            false => &mut self.trial.lines,
        };
        if lines.len() < MAX_LINES {
            let may_read = authorize(&self.who, Action::ReadTicket(ticket.facts())).is_ok();
            lines.push(Line {
                number: ticket.number,
                title: may_read.then(|| ticket.title.clone()),
                about,
                before,
                after,
            });
        }
    }
}
