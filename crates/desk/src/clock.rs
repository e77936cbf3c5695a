//! The clocks of a ticket, as projections of its events: written with every action, told to the timeline once.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde_json::{Value, json};
use tierdesk_domain::clock::{
    Change, Clock, Facts, History, Line, Moment, State, ahead, clocks, explain, next_due,
    next_risk, set_by_hand,
};
use tierdesk_domain::escalation::{Card, Situation, share};
use tierdesk_domain::flow::Story;
use tierdesk_domain::id::{DocumentId, EventId};
use tierdesk_domain::notification::NotificationKind;
use tierdesk_domain::tally::BY_BOT;
use tierdesk_domain::ticket::{Priority, ResolvedBy, Status};
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_domain::triage::Intent;
use tierdesk_store::clock::{ClockEvent, Projection};
use tierdesk_store::ticket::Ticket;
use tierdesk_store::{PgConnection, escalation, team};

use crate::error::Result;
use crate::notification::Telling;
use crate::rulebook::Rulebook;
use crate::{Desk, Work};

/// The deadline at which a ticket's clocks and rules are looked at again.
pub(crate) const TIMER: &str = "clock";
/// Its cycle: one deadline, however often the ticket is opened again.
pub(crate) const CYCLE: i32 = 1;
/// The same after a version was saved. A million of these keep no deadline that is really due from its time.
pub(crate) const AGAIN: &str = "clock_again";

/// The key, among the facts of an acknowledgement, that says that whoever has the ticket begins with it.
pub const PICKED_UP: &str = "picked_up";

/// A ticket's story as far as clocks and rules go.
#[derive(Debug, Clone)]
pub struct Told {
    /// What happened.
    pub history: History,
    /// What rules may ask of it beside that.
    pub card: Card,
    /// Until when the bot held it; none where it does still.
    pub bot_held_until: Option<DateTime<Utc>>,
    /// Each time the bot passed it on, in order.
    pub bot_gave_up: Vec<DateTime<Utc>>,
    /// What happened to it between the tiers.
    pub story: Story,
}

/// Reads a ticket's story from its events.
pub(crate) async fn told(conn: &mut PgConnection, ticket: &Ticket) -> Result<Told> {
    Ok(tell(
        ticket,
        &tierdesk_store::clock::events(conn, ticket.id).await?,
    ))
}

/// A ticket's story from its events.
pub(crate) fn tell(ticket: &Ticket, events: &[ClockEvent]) -> Told {
    let opened = events.iter().find(|event| event.kind == EventKind::Opened);
    let first: Value = opened.map_or(Value::Null, |event| event.data["internal"].clone());
    let history = History {
        opened_at: opened.map_or(ticket.created_at, |event| event.at),
        opened: Facts {
            status: Status::New,
            priority: opened.map_or(ticket.priority, |event| event.priority),
            kind: read(&first["kind"]).unwrap_or(ticket.kind),
            category: read(&first["category"]).unwrap_or(ticket.category),
            organisation: ticket.organisation,
            vip: first["vip"].as_bool().unwrap_or(false),
            team: opened.map_or(ticket.team, |event| event.team),
            tier: opened.map_or(ticket.tier, |event| event.tier),
            assigned: false,
        },
        moments: events
            .iter()
            .flat_map(|event| {
                let at = event.at;
                changes(event)
                    .into_iter()
                    .map(move |change| Moment { at, change })
            })
            .collect(),
    };
    let gave_up = events
        .iter()
        .filter(|event| event.kind == EventKind::BotGaveUp);
    Told {
        story: crate::flow::story(&history, events),
        history,
        card: Card {
            title: ticket.title.clone(),
            channel: ticket.channel,
            requester: ticket.requester,
            host: ticket.host,
            assignee: ticket.assignee,
        },
        bot_held_until: bot_held_until(ticket, events),
        bot_gave_up: gave_up.map(|event| event.at).collect(),
    }
}

/// The bot holds a new ticket until it finds nothing to do, passes it on or resolves it, or until a human does anything but
/// ask or sort it.
fn bot_held_until(ticket: &Ticket, events: &[ClockEvent]) -> Option<DateTime<Utc>> {
    let ends = |event: &&ClockEvent| match event.kind {
        EventKind::BotGaveUp | EventKind::Resolved | EventKind::Closed => true,
        EventKind::Triage => read(&event.data["intent"]) == Some(Intent::None),
        // The bot goes on where somebody only says what it is about.
        EventKind::Opened | EventKind::Ask | EventKind::Priority | EventKind::Changed => false,
        _ => event.by_human,
    };
    if ticket.bot_holds {
        return None;
    }
    let end = events.iter().find(ends).map(|event| event.at);
    Some(end.unwrap_or(ticket.created_at))
}

pub(crate) fn read<T: serde::de::DeserializeOwned>(value: &Value) -> Option<T> {
    serde_json::from_value(value.clone()).ok()
}

/// What an event means to the clocks; most mean one thing or nothing.
pub(crate) fn changes(event: &ClockEvent) -> Vec<Change> {
    let data = &event.data;
    match event.kind {
        EventKind::Changed => {
            let category = data.get("category").and_then(read).map(Change::Category);
            let kind = data.get("kind").and_then(read).map(Change::Kind);
            category.into_iter().chain(kind).collect()
        }
        // The requester's words ask for an answer like any others. Where nothing says whose they were, nothing was promised.
        EventKind::Reopened => {
            let asks = data["internal"]["asks"] == json!(true);
            let ask = asks.then_some(Change::Ask);
            std::iter::once(Change::Reopened).chain(ask).collect()
        }
        EventKind::Status if event.by_human => read(&data["to"]).map_or_else(Vec::new, set_by_hand),
        _ => change(event).into_iter().collect(),
    }
}

fn change(event: &ClockEvent) -> Option<Change> {
    let data = &event.data;
    match event.kind {
        EventKind::Status => read(&data["to"]).map(Change::Status),
        EventKind::Priority => {
            let number = data["to"]
                .as_i64()
                .and_then(|number| i16::try_from(number).ok());
            number.and_then(Priority::from_number).map(Change::Priority)
        }
        EventKind::Escalated | EventKind::HandedBack => Some(Change::Queue(
            read(&data["to_team"])?,
            read(&data["to_tier"])?,
        )),
        EventKind::HandoverBounced => Some(Change::Bounced {
            team: read(&data["to_team"])?,
            tier: read(&data["to_tier"])?,
            assigned: !data["to"].is_null(),
        }),
        EventKind::Assigned if data["to"].is_null() => Some(Change::Assigned(false)),
        // A ticket that a rule gives to somebody still waits for them.
        EventKind::Assigned if !event.by_human => Some(Change::Given),
        EventKind::Assigned => Some(Change::Assigned(true)),
        EventKind::HandoverAccepted => Some(Change::Begun),
        EventKind::Acknowledged if data[PICKED_UP] == true => Some(Change::Begun),
        EventKind::Reply if event.by_human => Some(Change::Reply),
        EventKind::Ask => Some(Change::Ask),
        EventKind::Resolved => read(&data["by"]).map(Change::Resolved),
        EventKind::Closed => Some(Change::Closed),
        _ => None,
    }
}

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
        let mut after = projection(clock, before.and_then(|it| it.warned_at));
        if clock.breached_at.is_some() && before.is_none_or(|it| it.breached_at.is_none()) {
            let data = facts_of(work, ticket, &told, clock, clock.breached_at);
            tell_timeline(work, ticket, EventKind::Breached, data).await?;
        } else if clock.breached_at.is_none()
            && after.state == "met"
            && before.is_none_or(|it| it.state != "met")
        {
            let mut data = facts_of(work, ticket, &told, clock, after.met_at);
            if ticket.resolved_by == Some(ResolvedBy::Bot)
                && same_moment(after.met_at, ticket.resolved_at)
            {
                data[BY_BOT] = json!(clock.metric);
            }
            tell_timeline(work, ticket, EventKind::Kept, data).await?;
        }
        if clock.is_at_risk() && clock.state == State::Running && after.warned_at.is_none() {
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
        .filter_map(|clock| deadline(clock, now))
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

/// Somebody learns that a promise is at risk while it can still be kept, once the action has decided who has the ticket.
fn warn(work: &mut Work<'_>, ticket: &Ticket, clock: &Clock, event: EventId) {
    let data = json!({"metric": clock.metric.as_str(), "due_at": clock.due_at});
    work.warnings.push(Warning {
        promises: clock.applied.policy.0,
        telling: Telling {
            data,
            ..Telling::of(NotificationKind::AtRisk, ticket.id, event)
        },
    });
}

/// That a promise on a ticket is at risk.
#[derive(Debug, Clone)]
pub(crate) struct Warning {
    /// The policy that promised it.
    promises: DocumentId,
    telling: Telling,
}

/// Warns, as the last thing of an action: the engineer who has the ticket, else the engineers of its queue, within the limits
/// of what one document may tell one person. The rows of those limits come after those of rules, so that two workers never
/// wait for each other in a circle.
pub(crate) async fn warn_at_last(work: &mut Work<'_>) -> Result<()> {
    for warning in std::mem::take(&mut work.warnings) {
        let Some(ticket) = warning.telling.ticket.and_then(|id| work.row(id).cloned()) else {
            continue;
        };
        if let Some(engineer) = ticket.assignee {
            work.tell(&[engineer], warning.telling).await?;
        } else if ticket.status.is_open() {
            let members = team::members(work.conn(), ticket.team, ticket.tier).await?;
            let share = share(ticket.priority, false);
            work.tell_within_limits(warning.promises, &members, warning.telling, share)
                .await?;
        }
    }
    Ok(())
}

/// When a clock must be looked at again by itself: when it comes to be at risk, and just after it was due.
fn deadline(clock: &Clock, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let just_after = clock.due_at.map(|due| due + TimeDelta::microseconds(1));
    let running = clock.state == State::Running && clock.breached_at.is_none();
    let risk = clock.risk_at.filter(|risk| *risk > now);
    risk.into_iter().chain(just_after).min().filter(|_| running)
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

#[cfg(test)]
mod tests {
    use super::*;
    use tierdesk_domain::id::TeamId;
    use tierdesk_domain::tier::Tier;
    use uuid::Uuid;

    fn meant(kind: EventKind, by_human: bool, data: Value) -> Vec<Change> {
        changes(&ClockEvent {
            at: DateTime::UNIX_EPOCH,
            kind,
            by_human,
            data,
            team: TeamId(Uuid::nil()),
            tier: Tier::L1,
            priority: Priority::P3,
            category: None,
            organisation: None,
        })
    }

    #[test]
    fn what_a_rule_gives_to_somebody_waits_for_a_sign_of_theirs() {
        let to = json!({"to": Uuid::nil()});
        let (acknowledged, picked_up) = (EventKind::Acknowledged, json!({PICKED_UP: true}));
        let pending = json!({"to": "pending"});
        let waits = Change::Status(Status::Pending);
        for (kind, by_human, data, expected) in [
            (EventKind::Assigned, false, &to, &[Change::Given][..]),
            (EventKind::Assigned, true, &to, &[Change::Assigned(true)]),
            (
                EventKind::Assigned,
                false,
                &json!({"to": null}),
                &[Change::Assigned(false)],
            ),
            (
                EventKind::HandoverAccepted,
                true,
                &json!({}),
                &[Change::Begun],
            ),
            (acknowledged, true, &picked_up, &[Change::Begun]),
            // Whoever is in charge has seen it; that is not whoever has it.
            (acknowledged, true, &json!({"level": 1}), &[]),
            (EventKind::Status, true, &pending, &[waits, Change::Begun]),
            (EventKind::Status, false, &pending, &[waits]),
        ] {
            assert_eq!(
                meant(kind, by_human, data.clone()),
                expected,
                "{kind} {data}"
            );
        }
    }

    #[test]
    fn a_reopening_asks_for_an_answer_where_it_says_so_and_old_ones_mean_what_they_meant() {
        let reopened = |data: Value| meant(EventKind::Reopened, true, data);
        let asks = reopened(json!({"internal": {"after": "human", "asks": true}}));
        assert_eq!(asks, [Change::Reopened, Change::Ask]);
        for data in [
            json!({"internal": {"after": "human", "asks": false}}),
            json!({"internal": {"after": "human"}}),
            json!({}),
        ] {
            assert_eq!(reopened(data.clone()), [Change::Reopened], "{data}");
        }
    }
}
