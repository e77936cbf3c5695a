//! Counting business time on a calendar: where weeks are alike by division, around changes of the clock
//! and special dates day by day. A deadline years away costs a few day-sized steps per special date.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};

use super::document::{CalendarDocument, Window};
use super::pattern::{Pattern, placed, united};
use super::zone::Zone;
use super::{DAY, HORIZON_YEARS};

/// A window reaches at most one day past the day it starts on, and wall clocks change by at most a day:
/// farther than this from a change, every window lies on one offset.
const AROUND_A_CHANGE: i64 = 2 * DAY;

/// Working hours ready to count with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Calendar {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    document: CalendarDocument,
    zone: Arc<Zone>,
    pattern: Pattern,
    /// Windows of the days that differ from their weekday, by days since 1970.
    special: BTreeMap<i64, Vec<Window>>,
}

/// A piece of time between two instants.
enum Piece {
    /// Every week is the ordinary one on a constant offset.
    Ordinary { from: i64, to: i64, offset: i64 },
    /// All of it is working time.
    Open { from: i64, to: i64 },
}

impl PartialEq for Calendar {
    fn eq(&self, other: &Self) -> bool {
        self.inner.document == other.inner.document
    }
}

impl From<CalendarDocument> for Calendar {
    fn from(document: CalendarDocument) -> Self {
        let closed = document.holidays.iter().map(|date| (*date, Vec::new()));
        let replaced = document
            .dates
            .iter()
            .map(|(date, windows)| (*date, windows.clone()));
        let mut special: BTreeMap<NaiveDate, Vec<Window>> = closed.collect();
        special.extend(replaced);
        special.retain(|date, windows| *windows != *ordinary(&document, day_number(*date)));
        let inner = Inner {
            zone: Zone::of(document.zone),
            pattern: Pattern::new(&document.windows),
            special: special
                .into_iter()
                .map(|(date, windows)| (day_number(date), windows))
                .collect(),
            document,
        };
        Self {
            inner: Arc::new(inner),
        }
    }
}

impl Calendar {
    /// The document it was made from.
    pub fn document(&self) -> &CalendarDocument {
        &self.inner.document
    }

    /// The first instant at or after `at` that is working time; none within the horizon.
    pub fn next_opening(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.opening(at.timestamp_micros(), horizon(at))
            .and_then(instant)
    }

    /// The earliest instant at which `time` of business time has passed since `start`. Nothing to pass means
    /// the start itself, or the next opening. None where the calendar does not reach it within the horizon.
    pub fn due(&self, start: DateTime<Utc>, time: TimeDelta) -> Option<DateTime<Utc>> {
        let mut left = micros(time);
        self.reach(start.timestamp_micros(), horizon(start), &mut left)
            .and_then(instant)
    }

    /// Business time between two instants; nothing if the second is not later.
    pub fn elapsed(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> TimeDelta {
        TimeDelta::microseconds(self.count(from.timestamp_micros(), to.timestamp_micros()))
    }

    /// The latest instant that has at least `time` of business time between it and `end`: what a warning
    /// "two working hours before" means. Never a moment outside working hours. None within the horizon.
    pub fn before(&self, end: DateTime<Utc>, time: TimeDelta) -> Option<DateTime<Utc>> {
        let mut back = time.max(TimeDelta::days(1));
        loop {
            back = back.checked_mul(2)?;
            let anchor = end.checked_sub_signed(back)?;
            let available = self.elapsed(anchor, end);
            if available >= time {
                return self.next_opening(self.due(anchor, available - time)?);
            }
            if back > TimeDelta::days(i64::from(HORIZON_YEARS) * 366) {
                return None;
            }
        }
    }

    /// The days with working time after a date, within the horizon, each with the end of its last window.
    pub fn working_days(
        &self,
        after: NaiveDate,
    ) -> impl Iterator<Item = (NaiveDate, DateTime<Utc>)> {
        let first = day_number(after) + 1;
        let days = first..=first + i64::from(HORIZON_YEARS) * 366;
        days.filter_map(|day| {
            let windows = self.windows(day).iter();
            let end = windows.map(|window| placed(*window, day).1).max()?;
            let date = NaiveDate::from_epoch_days(i32::try_from(day).ok()?)?;
            Some((date, instant(self.inner.zone.last(end))?))
        })
    }

    /// The stretches of working time between two instants, apart from each other and in order. Costs a step per day, so
    /// it is for ledgers and pictures of a few months.
    pub fn stretches(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
        let opens = self.opens(from.timestamp_micros(), to.timestamp_micros());
        let both = opens
            .into_iter()
            .filter_map(|(from, to)| Some((instant(from)?, instant(to)?)));
        both.collect()
    }

    /// Dates from one instant's to another's that differ from their weekday, for people who wonder why a day was skipped.
    pub fn special_dates(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<NaiveDate> {
        let days = self.inner.zone.day_at(from.timestamp_micros())
            ..=self.inner.zone.day_at(to.timestamp_micros());
        if days.is_empty() {
            return Vec::new();
        }
        let special = self.inner.special.range(days);
        special
            .filter_map(|(day, _)| NaiveDate::from_epoch_days(i32::try_from(*day).ok()?))
            .collect()
    }

    /// Like `next_opening`, in microseconds, below a limit.
    pub(super) fn opening(&self, from: i64, limit: i64) -> Option<i64> {
        self.walk(from, limit, |piece| match piece {
            Piece::Open { from, .. } => ControlFlow::Break(from),
            Piece::Ordinary { from, to, offset } => match self.inner.pattern.opening(from + offset)
            {
                Some(wall) if wall - offset < to => ControlFlow::Break(wall - offset),
                _ => ControlFlow::Continue(()),
            },
        })
    }

    /// Like `due`, in microseconds, up to a limit; what was counted on the way is taken off `left`.
    pub(super) fn reach(&self, from: i64, limit: i64, left: &mut i64) -> Option<i64> {
        if *left <= 0 {
            return self.opening(from, limit);
        }
        self.walk(from, limit, |piece| {
            let counted = self.counted(&piece);
            if counted < *left {
                *left -= counted;
                return ControlFlow::Continue(());
            }
            match piece {
                Piece::Open { from, .. } => ControlFlow::Break(from + *left),
                Piece::Ordinary { from, offset, .. } => {
                    let pattern = &self.inner.pattern;
                    match pattern.reaching(pattern.counted(from + offset) + *left) {
                        Some(wall) => ControlFlow::Break(wall - offset),
                        None => ControlFlow::Continue(()),
                    }
                }
            }
        })
    }

    /// Like `elapsed`, in microseconds.
    pub(super) fn count(&self, from: i64, to: i64) -> i64 {
        let mut sum = 0;
        let _: Option<()> = self.walk(from, to, |piece| {
            sum += self.counted(&piece);
            ControlFlow::Continue(())
        });
        sum
    }

    fn counted(&self, piece: &Piece) -> i64 {
        match *piece {
            Piece::Open { from, to } => to - from,
            Piece::Ordinary { from, to, offset } => {
                let pattern = &self.inner.pattern;
                pattern.counted(to + offset) - pattern.counted(from + offset)
            }
        }
    }

    /// Shows the pieces between two instants in order, until one is what was looked for.
    fn walk<T>(
        &self,
        from: i64,
        to: i64,
        mut look: impl FnMut(Piece) -> ControlFlow<T>,
    ) -> Option<T> {
        let mut at = from;
        while at < to {
            let (begin, end) = self.next_irregular(at).unwrap_or((to, to));
            if at < begin {
                let piece = Piece::Ordinary {
                    from: at,
                    to: begin.min(to),
                    offset: self.inner.zone.offset_at(at),
                };
                at = begin.min(to);
                if let ControlFlow::Break(found) = look(piece) {
                    return Some(found);
                }
            } else {
                for (from, to) in self.opens(at, end.min(to)) {
                    if let ControlFlow::Break(found) = look(Piece::Open { from, to }) {
                        return Some(found);
                    }
                }
                at = end.min(to);
            }
        }
        None
    }

    /// Into how many pieces the time between two instants falls: what a walk over it costs.
    #[cfg(test)]
    pub(super) fn pieces(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> usize {
        let mut pieces = 0;
        let _: Option<()> = self.walk(from.timestamp_micros(), to.timestamp_micros(), |_| {
            pieces += 1;
            ControlFlow::Continue(())
        });
        pieces
    }

    /// The next stretch that ends after `at` and is not ordinary: around a change of the clock or a special date.
    fn next_irregular(&self, at: i64) -> Option<(i64, i64)> {
        let zone = &self.inner.zone;
        let change = zone
            .next_change(at - AROUND_A_CHANGE)
            .map(|change| (change - AROUND_A_CHANGE, change + AROUND_A_CHANGE));
        let near = zone.day_at(at) - 3;
        let special = (self.inner.special.range(near..))
            .map(|(day, _)| (zone.first(day * DAY), zone.last((day + 2) * DAY)))
            .find(|(_, end)| *end > at);
        match (change, special) {
            (Some(change), Some(special)) => Some(change.min(special)),
            (change, special) => change.or(special),
        }
    }

    /// The windows that start on a day.
    fn windows(&self, day: i64) -> &[Window] {
        match self.inner.special.get(&day) {
            Some(windows) => windows,
            None => ordinary(&self.inner.document, day),
        }
    }

    /// Working time between two instants, from each day's own windows.
    fn opens(&self, from: i64, to: i64) -> Vec<(i64, i64)> {
        let zone = &self.inner.zone;
        let mut opens = Vec::new();
        for day in zone.day_at(from) - 2..=zone.day_at(to) + 1 {
            for (start, end) in self.windows(day).iter().map(|window| placed(*window, day)) {
                opens.push((zone.first(start).max(from), zone.last(end).min(to)));
            }
        }
        united(opens)
    }
}

fn ordinary(document: &CalendarDocument, day: i64) -> &Vec<Window> {
    document.windows.days()[(day + 3).rem_euclid(7) as usize]
}

fn day_number(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce()) - 719_163
}

/// The instant beyond which nothing is looked for.
pub(super) fn horizon(start: DateTime<Utc>) -> i64 {
    start
        .checked_add_months(chrono::Months::new(HORIZON_YEARS * 12))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
        .timestamp_micros()
}

pub(super) fn instant(micros: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros)
}

/// A length of time in microseconds, as long as fits.
pub(super) fn micros(time: TimeDelta) -> i64 {
    time.num_microseconds().unwrap_or(i64::MAX / 4)
}
