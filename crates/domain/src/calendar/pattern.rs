//! The ordinary week repeated for ever on a wall clock that never changes: counting costs a division.

use super::document::{Week, Window};
use super::{DAY, MINUTE, WEEK};

/// 1970-01-01 was a Thursday: weeks begin three days earlier.
const MONDAY: i64 = 3 * DAY;

#[derive(Debug)]
struct Stretch {
    from: i64,
    to: i64,
    /// Working time of the week before this stretch.
    before: i64,
}

/// The stretches of one week from Monday 00:00, apart from each other and in order.
#[derive(Debug)]
pub(super) struct Pattern {
    stretches: Vec<Stretch>,
    total: i64,
}

impl Pattern {
    pub(super) fn new(week: &Week) -> Self {
        let mut parts = Vec::new();
        for (day, windows) in (0..).zip(week.days()) {
            for (from, to) in windows.iter().map(|window| placed(*window, day)) {
                parts.push((from, to.min(WEEK)));
                if to > WEEK {
                    parts.push((0, to - WEEK));
                }
            }
        }
        let mut total = 0;
        let stretches = united(parts)
            .into_iter()
            .map(|(from, to)| {
                let before = total;
                total += to - from;
                Stretch { from, to, before }
            })
            .collect();
        Self { stretches, total }
    }

    /// Working time on the wall clock's line from its zero (some Monday) to `wall`; only differences mean anything.
    pub(super) fn counted(&self, wall: i64) -> i64 {
        let (week, within) = split(wall);
        let begun = self
            .stretches
            .partition_point(|stretch| stretch.from < within);
        let part = match self.stretches[..begun].last() {
            Some(stretch) => stretch.before + within.min(stretch.to) - stretch.from,
            None => 0,
        };
        week * self.total + part
    }

    /// The earliest wall time at which `counted` reaches a value; none if the week is empty.
    pub(super) fn reaching(&self, counted: i64) -> Option<i64> {
        if self.total == 0 {
            return None;
        }
        let week = (counted - 1).div_euclid(self.total);
        let rest = counted - week * self.total;
        let begun = self
            .stretches
            .partition_point(|stretch| stretch.before < rest);
        let stretch = &self.stretches[begun - 1];
        Some(week * WEEK - MONDAY + stretch.from + rest - stretch.before)
    }

    /// The first wall time at or after `wall` that is working time.
    pub(super) fn opening(&self, wall: i64) -> Option<i64> {
        let (week, within) = split(wall);
        let open_or_later = self
            .stretches
            .partition_point(|stretch| stretch.to <= within);
        let opening = match self.stretches.get(open_or_later) {
            Some(stretch) => stretch.from.max(within),
            None => WEEK + self.stretches.first()?.from,
        };
        Some(week * WEEK - MONDAY + opening)
    }
}

fn split(wall: i64) -> (i64, i64) {
    let since = wall + MONDAY;
    (since.div_euclid(WEEK), since.rem_euclid(WEEK))
}

/// A window on the wall clock's line, given the day it starts on.
pub(super) fn placed(window: Window, day: i64) -> (i64, i64) {
    (
        day * DAY + window.start() * MINUTE,
        day * DAY + window.end() * MINUTE,
    )
}

/// The same points in time as stretches that neither overlap nor touch, in order.
pub(super) fn united(mut parts: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    parts.retain(|(from, to)| from < to);
    parts.sort_unstable();
    let mut united: Vec<(i64, i64)> = Vec::with_capacity(parts.len());
    for (from, to) in parts {
        match united.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => united.push((from, to)),
        }
    }
    united
}
