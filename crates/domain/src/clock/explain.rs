//! A clock in words: a ledger for engineers, a few plain sentences for the requester.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{Book, Clock, Segment, State, Why, in_force};
use crate::sla::Metric;
use crate::text::{fill, t};

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// From.
    pub from: DateTime<Utc>,
    /// Up to.
    pub to: DateTime<Utc>,
    /// Why it does not count; none where it does.
    pub why: Option<Why>,
    /// What began here, in words.
    pub reason: String,
    /// The rule and the versions that decided it, in words.
    pub decided_by: String,
    /// What it adds.
    pub counted: TimeDelta,
    /// The sum so far.
    pub sum: TimeDelta,
    /// Special dates in it on which the calendar differs from its week, with their names.
    pub special: Vec<(NaiveDate, String)>,
}

/// The ledger of a clock, line by line.
pub fn explain(clock: &Clock, book: &Book) -> Vec<Line> {
    let mut sum = TimeDelta::zero();
    let mut before: Option<&Segment> = None;
    let mut lines = Vec::new();
    for segment in &clock.segments {
        sum += segment.counted;
        lines.push(Line {
            from: segment.from,
            to: segment.to,
            why: segment.why,
            reason: reason(before, segment),
            decided_by: decided_by(segment),
            counted: segment.counted,
            sum,
            special: special(segment, book),
        });
        before = Some(segment);
    }
    lines
}

fn reason(before: Option<&Segment>, segment: &Segment) -> String {
    let applied = segment.applied.as_ref();
    match (before, segment.why) {
        (_, Some(Why::Pending)) => t("clock.why_pending").to_owned(),
        (_, Some(Why::OnHold)) => t("clock.why_on_hold").to_owned(),
        (_, Some(Why::Closed)) => t("clock.why_closed").to_owned(),
        (None, None) => t("clock.why_started").to_owned(),
        (Some(before), None) if before.why.is_some() => t("clock.why_resumed").to_owned(),
        (Some(before), None) => {
            let old = before.applied.as_ref();
            let priorities = old
                .zip(applied)
                .map(|(old, new)| (old.priority, new.priority));
            match priorities {
                Some((from, to)) if from != to => {
                    fill("clock.why_priority", &[("from", &from), ("to", &to)])
                }
                _ if old.map(|it| it.policy) != applied.map(|it| it.policy) => {
                    t("clock.why_policy").to_owned()
                }
                _ if old.map(|it| it.calendar) != applied.map(|it| it.calendar) => {
                    t("clock.why_calendar").to_owned()
                }
                _ => t("clock.why_rule").to_owned(),
            }
        }
    }
}

fn decided_by(segment: &Segment) -> String {
    let Some(applied) = &segment.applied else {
        return t("clock.by_none").to_owned();
    };
    let policy = fill(
        "clock.by_policy",
        &[("rule", &applied.rule), ("version", &applied.policy.1)],
    );
    let calendar = match applied.calendar {
        Some((_, version)) => fill("clock.by_calendar", &[("version", &version)]),
        None => t("clock.by_always").to_owned(),
    };
    format!("{policy}, {calendar}")
}

fn special(segment: &Segment, book: &Book) -> Vec<(NaiveDate, String)> {
    let id = segment
        .applied
        .as_ref()
        .and_then(|applied| applied.calendar);
    let versions = id.and_then(|(id, _)| book.calendars.get(&id));
    let Some(calendar) = versions.and_then(|versions| in_force(versions, segment.from)) else {
        return Vec::new();
    };
    let names = &calendar.body.document().names;
    let dates = calendar
        .body
        .special_dates(segment.from, segment.to)
        .into_iter();
    dates
        .map(|date| (date, names.get(&date).cloned().unwrap_or_default()))
        .collect()
}

/// What a requester reads about a clock; times in their zone.
pub fn explain_plainly(clock: &Clock, zone: Tz) -> Vec<String> {
    let at = |at: DateTime<Utc>| {
        at.with_timezone(&zone)
            .format("%A %-d %B, %H:%M")
            .to_string()
    };
    let hours = match clock.applied.calendar {
        Some(_) => t("clock.plain_working"),
        None => t("clock.plain_always"),
    };
    let promise = match clock.metric {
        Metric::FirstResponse => "clock.plain_first_response",
        Metric::NextResponse => "clock.plain_next_response",
        Metric::Resolution => "clock.plain_resolution",
        Metric::PickUp => "clock.plain_pick_up",
        Metric::TimeInTier => "clock.plain_time_in_tier",
    };
    let mut lines = vec![
        fill(
            promise,
            &[("target", &spell(clock.target)), ("hours", &hours)],
        ),
        fill("clock.plain_started", &[("at", &at(clock.started_at))]),
    ];
    for segment in clock
        .segments
        .iter()
        .filter(|segment| segment.from < segment.to)
    {
        let key = match segment.why {
            Some(Why::Pending) => "clock.plain_pending",
            Some(Why::OnHold) => "clock.plain_on_hold",
            Some(Why::Closed) => "clock.plain_closed",
            None => continue,
        };
        lines.push(fill(
            key,
            &[("from", &at(segment.from)), ("to", &at(segment.to))],
        ));
    }
    lines.push(fill(
        "clock.plain_used",
        &[
            ("used", &spell(clock.counted)),
            ("target", &spell(clock.target)),
        ],
    ));
    if let Some(breached) = clock.breached_at {
        lines.push(fill("clock.plain_breached", &[("at", &at(breached))]));
    }
    lines.push(match (clock.state, clock.due_at) {
        (State::Met(met), _) => fill("clock.plain_met", &[("at", &at(met))]),
        (State::Stopped(stopped), _) => fill("clock.plain_stopped", &[("at", &at(stopped))]),
        (State::Paused(_), _) => t("clock.plain_paused").to_owned(),
        (State::Running, Some(due)) if clock.breached_at.is_none() => {
            fill("clock.plain_due", &[("at", &at(due))])
        }
        (State::Running, _) => t("clock.plain_running").to_owned(),
    });
    lines
}

/// A length of counted time: hours are never folded into days, because a working day has no fixed length.
pub fn spell(time: TimeDelta) -> String {
    let seconds = time.num_seconds().abs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest} s"),
        (0, _) => format!("{minutes} min"),
        (_, 0) => format!("{hours} h"),
        _ => format!("{hours} h {minutes} min"),
    }
}
