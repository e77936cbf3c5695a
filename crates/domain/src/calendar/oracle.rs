//! The slow way, to compare with: chrono-tz is asked for every wall time, and every minute (or second) is
//! marked open or closed one by one. Nothing here knows weeks, spans or divisions.

use chrono::{
    DateTime, Datelike, Days, LocalResult, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Utc,
};
use chrono_tz::Tz;

use super::document::{CalendarDocument, Window};

/// A short stretch of time, tick by tick.
pub(super) struct Oracle {
    begin: DateTime<Utc>,
    tick: TimeDelta,
    open: Vec<bool>,
}

impl Oracle {
    pub(super) fn new(
        document: &CalendarDocument,
        begin: DateTime<Utc>,
        tick: TimeDelta,
        ticks: usize,
    ) -> Self {
        let mut oracle = Self {
            begin,
            tick,
            open: vec![false; ticks],
        };
        let mut date = begin.with_timezone(&document.zone).date_naive() - Days::new(3);
        while date <= oracle.at(ticks).with_timezone(&document.zone).date_naive() + Days::new(1) {
            for window in windows_of(document, date) {
                let start = date.and_time(Default::default()) + TimeDelta::minutes(window.start());
                let end = date.and_time(Default::default()) + TimeDelta::minutes(window.end());
                oracle.mark(
                    first(document.zone, start, tick),
                    last(document.zone, end, tick),
                );
            }
            date = date + Days::new(1);
        }
        oracle
    }

    fn mark(&mut self, from: DateTime<Utc>, to: DateTime<Utc>) {
        let tick = self.tick.num_seconds();
        let position = |at: DateTime<Utc>| {
            let seconds = (at - self.begin).num_seconds();
            assert_eq!(seconds % tick, 0, "a finer tick is needed");
            (seconds / tick).clamp(0, self.open.len() as i64) as usize
        };
        let (from, to) = (position(from), position(to));
        for tick in from..to {
            self.open[tick] = true;
        }
    }

    /// The instant at which a tick begins.
    pub(super) fn at(&self, tick: usize) -> DateTime<Utc> {
        self.begin + self.tick * tick as i32
    }

    /// Ticks of working time in a range.
    pub(super) fn elapsed(&self, from: usize, to: usize) -> usize {
        (from..to).filter(|tick| self.open[*tick]).count()
    }

    /// Where so many ticks of working time have passed since `start`; none if not within the stretch.
    pub(super) fn due(&self, start: usize, ticks: usize) -> Option<usize> {
        if ticks == 0 {
            return (start..self.open.len()).find(|tick| self.open[*tick]);
        }
        let mut left = ticks;
        for tick in start..self.open.len() {
            if self.open[tick] {
                left -= 1;
                if left == 0 {
                    return Some(tick + 1);
                }
            }
        }
        None
    }

    /// From a tick on, what another oracle of the same stretch says.
    pub(super) fn replace_from(&mut self, tick: usize, other: &Self) {
        self.open[tick..].copy_from_slice(&other.open[tick..]);
    }

    /// Closes a range, as a pause does.
    pub(super) fn pause(&mut self, from: usize, to: usize) {
        for tick in from..to.min(self.open.len()) {
            self.open[tick] = false;
        }
    }
}

fn windows_of(document: &CalendarDocument, date: NaiveDate) -> Vec<Window> {
    if let Some(windows) = document.dates.get(&date) {
        return windows.clone();
    }
    if document.holidays.contains(&date) {
        return Vec::new();
    }
    let weekday = date.weekday().num_days_from_monday() as usize;
    document.windows.days()[weekday].clone()
}

fn first(zone: Tz, wall: NaiveDateTime, tick: TimeDelta) -> DateTime<Utc> {
    match zone.from_local_datetime(&wall) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.to_utc(),
        LocalResult::None => first(zone, wall + tick, tick),
    }
}

fn last(zone: Tz, wall: NaiveDateTime, tick: TimeDelta) -> DateTime<Utc> {
    match zone.from_local_datetime(&wall) {
        LocalResult::Single(at) | LocalResult::Ambiguous(_, at) => at.to_utc(),
        LocalResult::None => first(zone, wall, tick),
    }
}
