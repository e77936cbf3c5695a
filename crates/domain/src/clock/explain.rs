//! A clock in words: a ledger for engineers, a few plain sentences for the requester.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{Applied, Book, Clock, Segment, State, Version, Why};
use crate::calendar::{Calendar, week_in_words};
use crate::sla::Metric;
use crate::text::{fill, t};

/// A stretch that is longer than this is one line of the ledger, however often its working hours begin and end in it.
const MOST_DAYS: i64 = 62;

/// One line of the ledger: all of it counts, or none of it; only a line of more than [`MOST_DAYS`] days has both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// From.
    pub from: DateTime<Utc>,
    /// Up to.
    pub to: DateTime<Utc>,
    /// Why it does not count; none where the hours decide.
    pub why: Option<Why>,
    /// What began here, in words.
    pub reason: String,
    /// The rule and the versions that decided it, in words.
    pub decided_by: String,
    /// What it adds.
    pub counted: TimeDelta,
    /// How much of it lies outside the hours.
    pub closed: TimeDelta,
    /// The sum so far.
    pub sum: TimeDelta,
    /// Special dates in it on which the calendar differs from its week, with their names.
    pub special: Vec<(NaiveDate, String)>,
}

/// The ledger of a clock, line by line.
pub fn explain(clock: &Clock, book: &Book) -> Vec<Line> {
    let mut sum = clock.used_before;
    let mut before: Option<&Segment> = None;
    let mut lines = Vec::new();
    for segment in &clock.segments {
        let reason = reason(clock, before, segment);
        lines.extend(split(segment, book, reason, &mut sum));
        before = Some(segment);
    }
    lines
}

/// The lines that come if nothing stops a running clock until it is due; none for any other. A version of its calendar that
/// is planned begins a line of its own, and what comes after it is counted in that version.
pub fn ahead(clock: &Clock, book: &Book, now: DateTime<Utc>) -> Vec<Line> {
    let due = clock.due_at.filter(|due| *due > now);
    let (State::Running, Some(due)) = (clock.state, due) else {
        return Vec::new();
    };
    let calendar = clock.applied.calendar.map(|(id, _)| id);
    let mut cuts = vec![now];
    let versions = calendar.and_then(|id| book.calendars.get(&id));
    let turns = versions.into_iter().flatten().map(|it| it.valid_from);
    cuts.extend(turns.filter(|turn| now < *turn && *turn < due));
    cuts.push(due);
    cuts.dedup();
    let mut sum = clock.counted;
    let mut reason = t("clock.why_ahead");
    let mut lines = Vec::new();
    for pair in cuts.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let version = calendar.and_then(|id| book.calendar_at(id, from));
        let segment = Segment {
            from,
            to,
            why: None,
            counted: book.working_time(calendar, from).elapsed(from, to),
            applied: Some(Applied {
                calendar: version.map(|it| (it.id, it.version)),
                ..clock.applied.clone()
            }),
        };
        lines.extend(split(&segment, book, reason.to_owned(), &mut sum));
        reason = t("clock.why_calendar");
    }
    lines
}

/// A stretch of the ledger, cut where its working hours begin and end.
fn split(segment: &Segment, book: &Book, reason: String, sum: &mut TimeDelta) -> Vec<Line> {
    let calendar = calendar(segment, book).filter(|_| segment.why.is_none());
    let mut line = |(from, to): (DateTime<Utc>, DateTime<Utc>), counted: TimeDelta, reason| {
        *sum += counted;
        Line {
            from,
            to,
            why: segment.why,
            reason,
            decided_by: decided_by(segment, book),
            counted,
            closed: match segment.why {
                None => to - from - counted,
                Some(_) => TimeDelta::zero(),
            },
            sum: *sum,
            special: special(calendar, from, to),
        }
    };
    let calendar = match calendar {
        Some(calendar) if (segment.to - segment.from).num_days() <= MOST_DAYS => calendar,
        _ => return vec![line((segment.from, segment.to), segment.counted, reason)],
    };
    let mut pieces = Vec::new();
    let mut at = segment.from;
    for (open, close) in calendar.stretches(segment.from, segment.to) {
        if at < open {
            pieces.push((at, open, false));
        }
        pieces.push((open, close, true));
        at = close;
    }
    if at < segment.to || pieces.is_empty() {
        pieces.push((at, segment.to, false));
    }
    let mut lines = Vec::with_capacity(pieces.len());
    let mut reason = Some(reason);
    for (from, to, open) in pieces {
        let words = match (reason.take(), open) {
            (Some(began), true) => began,
            (Some(began), false) if from == to => began,
            (Some(began), false) => fill("clock.why_began_closed", &[("why", &began)]),
            (None, true) => t("clock.why_opened").to_owned(),
            (None, false) => t("clock.why_outside").to_owned(),
        };
        let counted = if open { to - from } else { TimeDelta::zero() };
        lines.push(line((from, to), counted, words));
    }
    lines
}

/// Whether it goes on with time at a tier whose hand-over was sent back.
fn goes_on(clock: &Clock) -> bool {
    clock.settled.is_some() || !clock.used_before.is_zero()
}

fn reason(clock: &Clock, before: Option<&Segment>, segment: &Segment) -> String {
    let applied = segment.applied.as_ref();
    match (before, segment.why) {
        (_, Some(Why::Pending)) => t("clock.why_pending").to_owned(),
        (_, Some(Why::OnHold)) => t("clock.why_on_hold").to_owned(),
        (_, Some(Why::Closed)) => t("clock.why_closed").to_owned(),
        (None, None) if goes_on(clock) => t("clock.why_sent_back").to_owned(),
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

fn decided_by(segment: &Segment, book: &Book) -> String {
    let Some(applied) = &segment.applied else {
        return t("clock.by_none").to_owned();
    };
    let policy = fill(
        "clock.by_policy",
        &[("rule", &applied.rule), ("version", &applied.policy.1)],
    );
    let calendar = match (applied.calendar, in_force_at(segment, book)) {
        (Some((_, number)), Some(version)) => fill(
            "clock.by_calendar",
            &[("name", &version.name), ("version", &number)],
        ),
        _ => t("clock.by_always").to_owned(),
    };
    format!("{policy}; {calendar}")
}

/// The version of the calendar that a stretch was counted in.
fn in_force_at<'a>(segment: &Segment, book: &'a Book) -> Option<&'a Version<Calendar>> {
    let (id, _) = segment.applied.as_ref()?.calendar?;
    book.calendar_at(id, segment.from)
}

fn calendar<'a>(segment: &Segment, book: &'a Book) -> Option<&'a Calendar> {
    in_force_at(segment, book).map(|version| &version.body)
}

fn special(
    calendar: Option<&Calendar>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Vec<(NaiveDate, String)> {
    let Some(calendar) = calendar else {
        return Vec::new();
    };
    let names = &calendar.document().names;
    let dates = calendar.special_dates(from, to).into_iter();
    dates
        .map(|date| (date, names.get(&date).cloned().unwrap_or_default()))
        .collect()
}

/// What a requester reads about a clock; times in their zone.
pub fn explain_plainly(clock: &Clock, book: &Book, zone: Tz) -> Vec<String> {
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
    if goes_on(clock) {
        lines.push(t("clock.plain_sent_back").to_owned());
    }
    let last = clock.segments.last();
    if let Some(calendar) = last.and_then(|segment| calendar(segment, book)) {
        let document = calendar.document();
        let hours = week_in_words(&document.windows);
        let words = [
            ("hours", &hours as &dyn std::fmt::Display),
            ("zone", &document.zone),
        ];
        lines.insert(1, fill("clock.plain_hours", &words));
    }
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
            ("used", &spell(clock.used())),
            ("target", &spell(clock.target)),
        ],
    ));
    if let Some(breached) = clock.breached_at {
        lines.push(fill("clock.plain_breached", &[("at", &at(breached))]));
    }
    lines.push(match (clock.state, clock.due_at) {
        (State::Met(met), _) => fill("clock.plain_met", &[("at", &at(met))]),
        (State::Stopped(stopped), _) if clock.unpromised_since().is_some() => {
            fill("clock.plain_unpromised", &[("at", &at(stopped))])
        }
        (State::Stopped(stopped), _) => fill("clock.plain_stopped", &[("at", &at(stopped))]),
        (State::Paused(_), _) => t("clock.plain_paused").to_owned(),
        (State::Running, Some(due)) if clock.breached_at.is_none() => {
            fill("clock.plain_due", &[("at", &at(due))])
        }
        (State::Running, _) => t("clock.plain_late").to_owned(),
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

/// The same to the second, for a ledger whose sums are checked.
pub fn spell_exactly(time: TimeDelta) -> String {
    let seconds = time.num_seconds().abs();
    let parts = [
        (seconds / 3600, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let words: Vec<_> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number} {unit}"))
        .collect();
    if words.is_empty() {
        "0".to_owned()
    } else {
        words.join(" ")
    }
}
