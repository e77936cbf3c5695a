//! The clocks of a ticket, as projections of its events: written with every action, told to the timeline once.

mod told;
mod warning;

pub use told::{PICKED_UP, Told};
pub(crate) use told::{read, tell, told};
pub(crate) use warning::{Warning, warn_at_last};

use warning::warn;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde_json::{Value, json};
use tierdesk_domain::clock::{
    Change, Clock, Line, Outcome, State, ahead, clocks, explain, next_due, next_risk,
};
use tierdesk_domain::escalation::Situation;
use tierdesk_domain::id::{DocumentId, EventId};
use tierdesk_domain::tally::BY_BOT;
use tierdesk_domain::ticket::ResolvedBy;
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::clock::{ClockEvent, Projection};
use tierdesk_store::ticket::Ticket;
use tierdesk_store::{PgConnection, escalation};

use crate::error::Result;
use crate::rulebook::Rulebook;
use crate::{Desk, Work};

/// The deadline at which a ticket's clocks and rules are looked at again.
pub(crate) const TIMER: &str = "clock";
/// Its cycle: one deadline, however often the ticket is opened again.
pub(crate) const CYCLE: i32 = 1;
/// The same after a version was saved. A million of these keep no deadline that is really due from its time.
pub(crate) const AGAIN: &str = "clock_again";

/// A clock as it is kept; `warned_at` is when the timeline was told that it is at risk.
pub fn projection(clock: &Clock, warned_at: Option<DateTime<Utc>>) -> Projection {
    let (state, met_at) = match clock.state {
        State::Running if clock.breached_at.is_some() => ("breached", None),
        State::Running => ("running", None),
        State::Paused(_) => ("paused", None),
        State::Met(at) => ("met", Some(at)),
        State::Stopped(at) => ("stopped", Some(at)),
    };
    Projection {
        metric: clock.metric,
        ordinal: clock.ordinal,
        state,
        target_seconds: clock.target.num_seconds(),
        due_at: clock.due_at,
        risk_at: clock.risk_at,
        met_at,
        breached_at: clock.breached_at,
        warned_at,
        policy: clock.applied.policy,
    }
}

/// The first clocks of a ticket that is about to be inserted: what is kept of them with it.
pub(crate) async fn begin(
    work: &mut Work<'_>,
    ticket: &mut Ticket,
    opened: ClockEvent,
) -> Result<()> {
    let rulebook = work.rulebook().await?;
    let told = tell(ticket, &[opened]);
    keep_next(ticket, &clocks(&told.history, &rulebook.book, work.now));
    Ok(())
}

/// What is kept of all clocks with the ticket itself.
fn keep_next(ticket: &mut Ticket, clocks: &[Clock]) {
    let next = next(clocks);
    ticket.next_clock_at = next.due_at;
    ticket.next_risk_at = next.risk_at;
    ticket.next_clock = next.clock.map(str::to_owned);
    ticket.next_clock_risk_at = next.clock_risk_at;
    ticket.next_clock_seconds = next.clock_seconds;
    ticket.sla_policy = next.policy;
}

/// Computes a ticket's clocks from its events, writes the projections and the next deadline, and tells the timeline
/// what became of a promise, once.
pub(crate) async fn refresh(work: &mut Work<'_>, ticket: &mut Ticket) -> Result<()> {
    let rulebook = work.rulebook().await?;
    let now = work.now;
    let told = work.told(ticket).await?;
    let kept = work.known(ticket.id).await?.clocks.clone();
    let clocks = clocks(&told.history, &rulebook.book, now);
    let mut changed = Vec::new();
    // What moves a due time with no action at this very moment is a version of the calendar or the policy. Events are
    // kept to the microsecond.
    let last = told.history.moments.last().map(|it| it.at);
    let by_action = last.unwrap_or(told.history.opened_at) >= now.trunc_subsecs(6);
    for clock in &clocks {
        let before = kept
            .iter()
            .find(|it| (it.metric, it.ordinal) == (clock.metric, clock.ordinal));
        let mut after = projection(clock, before.and_then(|it| warned(clock, it)));
        let news = clock.news();
        if news == Some(Outcome::Broken) && before.is_none_or(|it| it.breached_at.is_none()) {
            let data = facts_of(work, ticket, &told, clock, clock.breached_at);
            tell_timeline(work, ticket, EventKind::Breached, data).await?;
        } else if news == Some(Outcome::Kept) && before.is_none_or(|it| it.state != "met") {
            let mut data = facts_of(work, ticket, &told, clock, after.met_at);
            if ticket.resolved_by == Some(ResolvedBy::Bot)
                && same_moment(after.met_at, ticket.resolved_at)
            {
                data[BY_BOT] = json!(clock.metric);
            }
            tell_timeline(work, ticket, EventKind::Kept, data).await?;
        }
        let due_for_a_warning = clock.is_at_risk() && clock.state == State::Running;
        // Nobody is woken by a change at night: the deadline brings it back when its hours open.
        let open = || opens(clock, &rulebook, now).is_none_or(|at| at <= now);
        if due_for_a_warning && after.warned_at.is_none() && open() {
            let data = facts_of(work, ticket, &told, clock, clock.risk_at);
            let event = tell_timeline(work, ticket, EventKind::AtRisk, data).await?;
            warn(work, ticket, clock, event);
            after.warned_at = Some(now);
        }
        if let Some(before) = before
            && !by_action
            && moved(before, &after)
        {
            tell_recomputed(work, ticket, before, clock).await?;
        }
        if before != Some(&after) {
            changed.push(after);
        }
    }
    work.keep_clocks(ticket.id, changed).await?;
    crate::flow::note(work, ticket.id, &told, &rulebook.book);
    keep_next(ticket, &clocks);
    let fired = work.fired(ticket).await?;
    match next_deadline(ticket, &told, &clocks, &rulebook, &fired, now) {
        Some(at) => work.timer(TIMER, ticket.id.0, CYCLE, at),
        None => work.clear_timer(TIMER, ticket.id.0).await?,
    }
    Ok(())
}

/// When a clock was told to be at risk. One that no longer is, because more is allowed now, is told again when it comes to be.
fn warned(clock: &Clock, before: &Projection) -> Option<DateTime<Utc>> {
    let safe = clock.state == State::Running && clock.breached_at.is_none() && !clock.is_at_risk();
    before.warned_at.filter(|_| !safe)
}

/// When the hours that a clock counts are open next; `now` if they are.
fn opens(clock: &Clock, rulebook: &Rulebook, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let calendar = clock.applied.calendar.map(|(id, _)| id);
    let hours = rulebook.book.working_time(calendar, now);
    hours.due(now, TimeDelta::zero())
}

/// What is kept of all clocks of a ticket with the ticket itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    /// The earliest running due time.
    pub due_at: Option<DateTime<Utc>>,
    /// From when on the first of the running, unbroken promises is at risk.
    pub risk_at: Option<DateTime<Utc>>,
    /// Which clock is due first.
    pub clock: Option<&'static str>,
    /// From when on that clock is at risk.
    pub clock_risk_at: Option<DateTime<Utc>>,
    /// What was promised of it, in seconds of counted time.
    pub clock_seconds: Option<i64>,
    /// The policy in force, by document and version.
    pub policy: Option<(DocumentId, i32)>,
}

pub(crate) fn next(clocks: &[Clock]) -> Next {
    let first = next_due(clocks);
    Next {
        due_at: first.and_then(|clock| clock.due_at),
        risk_at: next_risk(clocks),
        clock: first.map(|clock| clock.metric.as_str()),
        clock_risk_at: first.and_then(|clock| clock.risk_at),
        clock_seconds: first.map(|clock| clock.target.num_seconds()),
        policy: clocks.last().map(|clock| clock.applied.policy),
    }
}

/// When a ticket's clocks and rules must be looked at again by themselves.
pub(crate) fn next_deadline(
    ticket: &Ticket,
    told: &Told,
    clocks: &[Clock],
    rulebook: &Rulebook,
    fired: &[DocumentId],
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let rules = rules_at(ticket, told, clocks, rulebook, fired, now);
    clocks
        .iter()
        .filter_map(|clock| deadline(clock, rulebook, now))
        .chain(rules.iter().map(|(at, _)| *at))
        .min()
}

/// Whether an unbroken running clock is due at another time than before, or has another target.
fn moved(before: &Projection, after: &Projection) -> bool {
    let running = |it: &Projection| it.state == "running";
    running(before)
        && running(after)
        && (before.due_at, before.target_seconds) != (after.due_at, after.target_seconds)
}

/// A version that came into force is told on the tickets that it moved.
async fn tell_recomputed(
    work: &mut Work<'_>,
    ticket: &Ticket,
    before: &Projection,
    clock: &Clock,
) -> Result<()> {
    let applied = &clock.applied;
    let data = json!({
        "metric": clock.metric.as_str(), "ordinal": clock.ordinal,
        "from_due_at": before.due_at, "due_at": clock.due_at,
        "from_target_seconds": before.target_seconds, "target_seconds": clock.target.num_seconds(),
        "policy": applied.policy.0, "policy_version": applied.policy.1, "rule": applied.rule,
        "calendar": applied.calendar.map(|it| it.0), "calendar_version": applied.calendar.map(|it| it.1),
    });
    work.event(
        ticket,
        EventKind::Recomputed,
        Visibility::Internal,
        None,
        data,
    )
    .await?;
    Ok(())
}

/// Whether two times are one moment: what the database gives back is rounded to microseconds.
fn same_moment(a: Option<DateTime<Utc>>, b: Option<DateTime<Utc>>) -> bool {
    a.zip(b)
        .is_some_and(|(a, b)| (a - b).abs() < TimeDelta::milliseconds(1))
}

async fn tell_timeline(
    work: &mut Work<'_>,
    ticket: &Ticket,
    kind: EventKind,
    data: Value,
) -> Result<EventId> {
    work.event(ticket, kind, Visibility::Internal, None, data)
        .await
}

/// What the timeline says of a clock. A promise between tiers is the queue's in which it began, wherever the ticket is now.
fn facts_of(
    work: &Work<'_>,
    ticket: &Ticket,
    told: &Told,
    clock: &Clock,
    at: Option<DateTime<Utc>>,
) -> Value {
    let late = at.map_or(0, |at| (work.now - at).num_seconds());
    let mut data = json!({
        "metric": clock.metric.as_str(), "ordinal": clock.ordinal, "at": at, "late_by_seconds": late,
        "due_at": clock.due_at, "target_seconds": clock.target.num_seconds(),
        "counted_seconds": clock.counted.num_seconds(),
        "policy": clock.applied.policy.0, "policy_version": clock.applied.policy.1, "rule": clock.applied.rule,
    });
    if !clock.metric.is_sla() {
        let (team, tier) = told.history.queue_at(clock.started_at);
        if (team, tier) != (ticket.team, ticket.tier) {
            data["from_team"] = json!(team);
            data["from_tier"] = json!(tier);
        }
    }
    data
}

/// When a clock must be looked at again by itself: when it comes to be at risk, or its hours open and it is, and just after
/// it was due.
fn deadline(clock: &Clock, rulebook: &Rulebook, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if clock.state != State::Running || clock.breached_at.is_some() {
        return None;
    }
    let just_after = clock.due_at.map(|due| due + TimeDelta::microseconds(1));
    let risk = match clock.risk_at {
        Some(risk) if risk <= now => opens(clock, rulebook, now),
        other => other,
    };
    let risk = risk.filter(|at| *at > now);
    risk.into_iter().chain(just_after).min()
}

/// The rules that fired in this cycle; not read where none can fire.
pub(crate) async fn fired(
    conn: &mut PgConnection,
    ticket: &Ticket,
    rulebook: &Rulebook,
) -> Result<Vec<DocumentId>> {
    if rulebook.rules.is_empty() || !ticket.status.is_open() {
        return Ok(Vec::new());
    }
    Ok(escalation::fired(conn, ticket.id, ticket.cycle).await?)
}

/// The rules that may still fire in this cycle, beside those that `fired`, each with the time from which it holds, soonest
/// first.
pub(crate) fn rules_at(
    ticket: &Ticket,
    told: &Told,
    clocks: &[Clock],
    rulebook: &Rulebook,
    fired: &[DocumentId],
    now: DateTime<Utc>,
) -> Vec<(DateTime<Utc>, DocumentId)> {
    if !ticket.status.is_open() {
        return Vec::new();
    }
    let situation = situation(told, clocks, rulebook, now);
    let waiting = rulebook
        .rules
        .iter()
        .filter(|rule| !fired.contains(&rule.id));
    let mut rules: Vec<_> = waiting
        .filter_map(|rule| Some((rule.body.holds_at(&situation)?, rule.id)))
        .collect();
    rules.sort_unstable();
    rules
}

/// What rules are asked about.
pub(crate) fn situation<'a>(
    told: &'a Told,
    clocks: &'a [Clock],
    rulebook: &'a Rulebook,
    now: DateTime<Utc>,
) -> Situation<'a> {
    Situation {
        history: &told.history,
        card: &told.card,
        clocks,
        book: &rulebook.book,
        bot_held_until: told.bot_held_until,
        bot_gave_up_at: told.bot_gave_up.last().copied(),
        now,
    }
}

/// When a ticket that is resolved now closes by itself: after 5 working days (decision 22).
pub(crate) async fn auto_close_at(
    work: &mut Work<'_>,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>> {
    Ok(work.rulebook().await?.five_working_days(now))
}

/// A ticket's clocks with everything needed to show and explain them.
#[derive(Debug)]
pub struct Clocks {
    /// As they stand.
    pub clocks: Vec<Clock>,
    /// The ticket's story, for what-ifs.
    pub told: Told,
    rulebook: std::sync::Arc<Rulebook>,
}

impl Clocks {
    /// The ledger of one of them.
    pub fn explain(&self, clock: &Clock) -> Vec<Line> {
        explain(clock, &self.rulebook.book)
    }

    /// What comes if nothing stops it until it is due.
    pub fn ahead(&self, clock: &Clock, now: DateTime<Utc>) -> Vec<Line> {
        ahead(clock, &self.rulebook.book, now)
    }

    /// The clocks that would result if this happened now. Nothing is changed.
    pub fn what_if(&self, change: &[Change], now: DateTime<Utc>) -> Vec<Clock> {
        let history = self.told.history.clone().what_if(now, change);
        clocks(&history, &self.rulebook.book, now)
    }

    /// The versions they were computed with.
    pub fn book(&self) -> &tierdesk_domain::clock::Book {
        &self.rulebook.book
    }
}

impl Desk {
    /// The clocks of a ticket that the caller was given within their scope.
    pub async fn clocks(
        &self,
        conn: &mut PgConnection,
        ticket: &Ticket,
        now: DateTime<Utc>,
    ) -> Result<Clocks> {
        let rulebook = self.rulebook(conn).await?;
        let told = told(conn, ticket).await?;
        Ok(Clocks {
            clocks: clocks(&told.history, &rulebook.book, now),
            told,
            rulebook,
        })
    }
}
