//! Dry runs: a changed rule, policy or calendar tried on the tickets of the last days, before it is saved. The same pure
//! engine that runs the desk replays their histories; nothing is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tierdesk_domain::actor::Actor;
use tierdesk_domain::authorize::{Action, Who, authorize};
use tierdesk_domain::calendar::{Calendar, CalendarDocument};
use tierdesk_domain::clock::{Book, Version, clocks};
use tierdesk_domain::escalation::{Effect, Past, Rule, firings};
use tierdesk_domain::id::{DocumentId, TicketId, TicketNumber};
use tierdesk_domain::sla::{Metric, Policy};
use tierdesk_store::ticket::{Ticket, lately};

use crate::clock::{Told, tell};
use crate::error::{DeskError, Result};
use crate::rulebook::RULE;
use crate::{Caller, Desk};

/// The most tickets that are looked at, the newest ones.
pub const MAX_TICKETS: usize = 5_000;
/// The longest time back, in days.
pub const MAX_DAYS: u32 = 90;
/// The most tickets that are listed; the counts are of all.
pub const MAX_LINES: usize = 50;
/// Tickets that are read at once.
const PAGE: i64 = 500;

/// What was tried on which tickets.
#[derive(Debug)]
pub struct Trial<T> {
    /// So many days back.
    pub days: u32,
    /// So many tickets were looked at.
    pub looked: usize,
    /// Whether there were more, older ones.
    pub cut: bool,
    /// What came of it.
    pub outcome: T,
    /// Tickets on which both versions differ first, newest first; at most [`MAX_LINES`].
    pub lines: Vec<Line>,
    /// So many more are not listed.
    pub more: usize,
}

/// What one version of a rule would have done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// It would have fired so often.
    pub fired: usize,
    /// It would have moved a ticket so often.
    pub moved: usize,
    /// It would have raised a priority so often.
    pub raised: usize,
}

/// A rule as it is now beside the changed one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RuleOutcome {
    /// As it is now; none for a new rule.
    pub before: Option<Done>,
    /// As it was changed.
    pub after: Done,
}

/// Broken promises by kind: with the version that is in force, and with the changed one.
pub type PromiseOutcome = BTreeMap<Metric, (usize, usize)>;

/// A ticket on which something would have happened.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its number.
    pub number: TicketNumber,
    /// Its title, for those who may read the ticket (decision 15).
    pub title: Option<String>,
    /// Which promise, where promises are tried.
    pub metric: Option<Metric>,
    /// When it would have happened as things are now.
    pub before: Option<DateTime<Utc>>,
    /// When with the change.
    pub after: Option<DateTime<Utc>>,
}

impl Desk {
    /// Tries a rule on the tickets of the last `days`, beside the version of `id` that is in force.
    ///
    /// # Errors
    /// As [`Desk::save_rule`] for a rule that could not be saved; [`DeskError::NotFound`] for a rule that is none.
    pub async fn replay_rule(
        &self,
        caller: &Caller,
        id: Option<DocumentId>,
        rule: Rule,
        days: u32,
        now: DateTime<Utc>,
    ) -> Result<Trial<RuleOutcome>> {
        authorize(&caller.who, Action::Administer)?;
        let days = days.clamp(1, MAX_DAYS);
        let mut conn = self.acquire().await?;
        let rule = crate::escalation::checked(&mut conn, rule, Vec::new()).await?;
        let book = self.rulebook(&mut conn).await?;
        let present = match id {
            None => None,
            Some(id) => {
                let all = tierdesk_store::configuration::current::<Rule>(&mut conn, RULE).await?;
                let found = all.into_iter().find(|it| it.id == id);
                Some(found.ok_or(DeskError::NotFound)?)
            }
        };
        drop(conn);
        let before = present.map(|it| Some(it.body).filter(|_| it.active));
        let since = now - TimeDelta::days(days.into());
        let both = Arc::new((before.clone().flatten(), rule));
        let look = move |told: &Told| {
            let past = Past {
                history: &told.history,
                card: &told.card,
                bot_held_until: told.bot_held_until,
                bot_gave_up: &told.bot_gave_up,
            };
            let fired = |rule: &Rule| {
                let mut fired = firings(rule, &past, &book.book, now);
                fired.retain(|(_, at)| *at >= since);
                fired
                    .into_iter()
                    .map(|(_, at)| (at, done(rule, told, at)))
                    .collect::<Vec<_>>()
            };
            (
                both.0.as_ref().map(fired).unwrap_or_default(),
                fired(&both.1),
            )
        };
        let (looked, cut, found) = self.look_back(since, look).await?;
        let mut outcome = RuleOutcome {
            before: before.map(|_| Done::default()),
            after: Done::default(),
        };
        let mut lines = Vec::new();
        for (ticket, (before, after)) in found {
            if let Some(sum) = outcome.before.as_mut() {
                before.iter().for_each(|(_, done)| sum.add(*done));
            }
            after.iter().for_each(|(_, done)| outcome.after.add(*done));
            let (before, after) = (before.first(), after.first());
            if before.is_some() || after.is_some() {
                lines.push(line(
                    caller,
                    &ticket,
                    None,
                    before.map(|it| it.0),
                    after.map(|it| it.0),
                ));
            }
        }
        Ok(trial(days, looked, cut, outcome, lines))
    }

    /// Tries a policy on the tickets of the last `days`, beside the one that is in force, each as if it had been in force
    /// all along.
    pub async fn replay_policy(
        &self,
        caller: &Caller,
        policy: Policy,
        days: u32,
        now: DateTime<Utc>,
    ) -> Result<Trial<PromiseOutcome>> {
        let changed = |book: &mut Book| {
            let versions = std::mem::take(&mut book.policy);
            let newest = versions.into_iter().next_back();
            book.policy = newest
                .map(|newest| Version {
                    body: policy,
                    ..newest
                })
                .into_iter()
                .collect();
        };
        self.try_book(caller, changed, days, now).await
    }

    /// Tries a calendar in the place of the one with that id, like [`Desk::replay_policy`].
    pub async fn replay_calendar(
        &self,
        caller: &Caller,
        id: DocumentId,
        calendar: CalendarDocument,
        days: u32,
        now: DateTime<Utc>,
    ) -> Result<Trial<PromiseOutcome>> {
        let changed = |book: &mut Book| {
            if let Some(version) = book.calendars.get_mut(&id).and_then(|all| all.last_mut()) {
                version.body = Calendar::from(calendar);
            }
        };
        self.try_book(caller, changed, days, now).await
    }

    async fn try_book(
        &self,
        caller: &Caller,
        change: impl FnOnce(&mut Book),
        days: u32,
        now: DateTime<Utc>,
    ) -> Result<Trial<PromiseOutcome>> {
        authorize(&caller.who, Action::Administer)?;
        let days = days.clamp(1, MAX_DAYS);
        let before = {
            let mut conn = self.acquire().await?;
            self.rulebook(&mut conn).await?.book.pinned(now)
        };
        let mut after = before.clone();
        change(&mut after);
        let since = now - TimeDelta::days(days.into());
        let books = Arc::new([before, after]);
        let look = move |told: &Told| {
            [0, 1].map(|which| {
                let broken = clocks(&told.history, &books[which], now).into_iter();
                broken
                    .filter_map(|clock| Some(((clock.metric, clock.ordinal), clock.breached_at?)))
                    .filter(|(_, at)| *at >= since)
                    .collect::<BTreeMap<_, _>>()
            })
        };
        let (looked, cut, found) = self.look_back(since, look).await?;
        let mut outcome = PromiseOutcome::new();
        let mut lines = Vec::new();
        for (ticket, [before, after]) in found {
            let mut clocks: Vec<_> = before.keys().chain(after.keys()).copied().collect();
            clocks.sort_unstable();
            clocks.dedup();
            for clock in clocks {
                let (was, is) = (before.get(&clock).copied(), after.get(&clock).copied());
                let sum = outcome.entry(clock.0).or_default();
                sum.0 += usize::from(was.is_some());
                sum.1 += usize::from(is.is_some());
                if was != is {
                    lines.push(line(caller, &ticket, Some(clock.0), was, is));
                }
            }
        }
        Ok(trial(days, looked, cut, outcome, lines))
    }

    /// Looks at every ticket that was open or touched since a moment, newest first, page by page, off the async threads.
    /// Administrators learn numbers and counts of all of them; content is another matter.
    async fn look_back<T: Send + 'static>(
        &self,
        since: DateTime<Utc>,
        look: impl Fn(&Told) -> T + Send + Sync + 'static,
    ) -> Result<(usize, bool, Vec<(Ticket, T)>)> {
        let scope = authorize(&Who::Machine(Actor::system()), Action::ListTickets)?;
        let look = Arc::new(look);
        let mut found = Vec::new();
        let mut before: Option<TicketId> = None;
        loop {
            let mut conn = self.acquire().await?;
            let mut page = lately(&mut conn, &scope, since, before, PAGE + 1).await?;
            let more = page.len() as i64 > PAGE;
            page.truncate(PAGE as usize);
            before = page.last().map(|last| last.id);
            let ids: Vec<_> = page.iter().map(|it| it.id).collect();
            let mut events = tierdesk_store::clock::events_of(&mut conn, &ids).await?;
            drop(conn);
            let look = Arc::clone(&look);
            let looked = tokio::task::spawn_blocking(move || {
                let each = page.into_iter().map(|ticket| {
                    let events = events.remove(&ticket.id).unwrap_or_default();
                    let result = look(&tell(&ticket, &events));
                    (ticket, result)
                });
                each.collect::<Vec<_>>()
            });
            let looked = looked.await;
            found.extend(looked.map_err(|error| DeskError::Broken(error.to_string()))?);
            if !more || found.len() >= MAX_TICKETS {
                return Ok((found.len(), more, found));
            }
        }
    }
}

/// What a firing would have done to the ticket as it was then.
fn done(rule: &Rule, told: &Told, at: DateTime<Utc>) -> Done {
    let facts = told.history.as_of(at);
    let moves = |effect: &Effect| match effect {
        Effect::Move { team, tier } => {
            let target = (team.unwrap_or(facts.team), tier.unwrap_or(facts.tier));
            target != (facts.team, facts.tier)
        }
        _ => false,
    };
    let raises = |effect: &Effect| match effect {
        Effect::RaisePriority { to } => to.unwrap_or(facts.priority.raised()) < facts.priority,
        _ => false,
    };
    Done {
        fired: 1,
        moved: usize::from(rule.effects.iter().any(moves)),
        raised: usize::from(rule.effects.iter().any(raises)),
    }
}

impl Done {
    fn add(&mut self, other: Self) {
        self.fired += other.fired;
        self.moved += other.moved;
        self.raised += other.raised;
    }
}

fn line(
    caller: &Caller,
    ticket: &Ticket,
    metric: Option<Metric>,
    before: Option<DateTime<Utc>>,
    after: Option<DateTime<Utc>>,
) -> Line {
    let may_read = authorize(&caller.who, Action::ReadTicket(ticket.facts())).is_ok();
    Line {
        number: ticket.number,
        title: may_read.then(|| ticket.title.clone()),
        metric,
        before,
        after,
    }
}

fn trial<T>(days: u32, looked: usize, cut: bool, outcome: T, mut lines: Vec<Line>) -> Trial<T> {
    lines.sort_by_key(|line| line.before == line.after);
    let more = lines.len().saturating_sub(MAX_LINES);
    lines.truncate(MAX_LINES);
    Trial {
        days,
        looked,
        cut,
        outcome,
        lines,
        more,
    }
}
