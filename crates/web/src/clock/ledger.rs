//! The ledger as a table: its sums add up to the second.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use tierdesk_domain::clock::{Clock, Line, spell_exactly};
use tierdesk_domain::text::{fill, t};

use super::seconds;
use crate::frame::Frame;

/// One row.
pub(super) struct Row {
    /// `""`, `off` for what does not count, `now` for what is to come.
    pub(super) class: &'static str,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) state: &'static str,
    pub(super) counts_at_all: bool,
    pub(super) why: String,
    /// Special dates in it.
    pub(super) special: Vec<String>,
    pub(super) decided_by: String,
    pub(super) counts: String,
    pub(super) sum: String,
}

/// All of it, and what it adds up to.
pub(super) struct Ledger {
    pub(super) rows: Vec<Row>,
    pub(super) adds_up: String,
}

impl Ledger {
    pub(super) fn new(clock: &Clock, lines: &[Line], ahead: &[Line], frame: &Frame) -> Self {
        let mut before = clock.used_before;
        let past = lines.iter().map(|line| (line, false));
        let rows = past
            .chain(ahead.iter().map(|line| (line, true)))
            .filter(|(line, _)| line.from < line.to || lines.len() == 1)
            .map(|(line, to_come)| {
                // Each row counts what its sum grew by, so that the shown seconds add up.
                let counts = seconds(line.sum) - seconds(before);
                before = line.sum;
                row(line, counts, to_come, frame.zone)
            })
            .collect();
        Self {
            rows,
            adds_up: adds_up(clock, lines),
        }
    }
}

fn row(line: &Line, counts: TimeDelta, to_come: bool, zone: Tz) -> Row {
    let closed = line.counted.is_zero() && !line.closed.is_zero();
    let state = match line.why {
        Some(_) => "clock.paused",
        None if closed => "clock.closed",
        None if to_come => "clock.left",
        None if line.closed.is_zero() => "clock.counted",
        None => "clock.mixed",
    };
    let date = |date: &chrono::NaiveDate| date.format("%a %-d %b").to_string();
    Row {
        class: match (to_come, line.why.is_some() || closed) {
            (true, _) => "now",
            (false, true) => "off",
            (false, false) => "",
        },
        from: exact(line.from, zone),
        to: exact(line.to, zone),
        state: t(state),
        counts_at_all: line.why.is_none() && !closed,
        why: line.reason.clone(),
        special: line
            .special
            .iter()
            .map(|(day, name)| fill("clock.special", &[("date", &date(day)), ("name", name)]))
            .collect(),
        decided_by: line.decided_by.clone(),
        counts: spell_exactly(counts),
        sum: spell_exactly(line.sum),
    }
}

/// `Mon 1 Jun 09:00:00`: every row has its date, because a ledger is read in the middle.
fn exact(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone)
        .format("%a %-d %b %H:%M:%S")
        .to_string()
}

/// The proof: what passed is what was counted, paused and closed.
fn adds_up(clock: &Clock, lines: &[Line]) -> String {
    let end = lines.last().map_or(clock.started_at, |line| line.to);
    let paused: TimeDelta = lines
        .iter()
        .filter(|line| line.why.is_some())
        .map(|line| line.to - line.from)
        .sum();
    let elapsed = seconds(end - clock.started_at);
    let (counted, paused) = (
        seconds(clock.counted) - seconds(clock.used_before),
        seconds(paused),
    );
    let closed = elapsed - counted - paused;
    let sum = fill(
        "clock.adds_up",
        &[
            ("elapsed", &spell_exactly(elapsed)),
            ("counted", &spell_exactly(counted)),
            ("paused", &spell_exactly(paused)),
            ("closed", &spell_exactly(closed)),
        ],
    );
    if clock.used_before.is_zero() {
        return sum;
    }
    let before = spell_exactly(seconds(clock.used_before));
    let all = spell_exactly(seconds(clock.counted));
    let with = fill("clock.adds_before", &[("before", &before), ("all", &all)]);
    format!("{sum}. {with}")
}
