//! Business time along a ticket's life: calendars that change with their versions, less the pauses.

use chrono::{DateTime, TimeDelta, Utc};

use super::Calendar;
use super::hours::{horizon, instant, micros};
use super::pattern::united;

/// When time counts.
#[derive(Debug, Clone, PartialEq)]
pub enum Hours {
    /// Round the clock.
    Always,
    /// In a calendar's working time.
    Calendar(Calendar),
}

impl Hours {
    /// Time that counts between two instants; nothing if the second is not later.
    pub fn elapsed(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> TimeDelta {
        let (from, to) = (from.timestamp_micros(), to.timestamp_micros());
        TimeDelta::microseconds(self.count(from, to))
    }

    /// The first instant at or after `at` that counts; none within the horizon.
    pub fn next_opening(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Always => Some(at),
            Self::Calendar(calendar) => calendar.next_opening(at),
        }
    }

    fn count(&self, from: i64, to: i64) -> i64 {
        match self {
            Self::Always => (to - from).max(0),
            Self::Calendar(calendar) => calendar.count(from, to),
        }
    }

    fn opening(&self, from: i64, to: i64) -> Option<i64> {
        match self {
            Self::Always => (from < to).then_some(from),
            Self::Calendar(calendar) => calendar.opening(from, to),
        }
    }

    fn reach(&self, from: i64, to: i64, left: &mut i64) -> Option<i64> {
        match self {
            Self::Calendar(calendar) => calendar.reach(from, to, left),
            Self::Always if from < to && *left <= to - from => Some(from + *left),
            Self::Always => {
                *left -= (to - from).max(0);
                None
            }
        }
    }
}

/// Hours that replace each other at known instants, and pauses in which no time counts.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkingTime {
    first: Hours,
    /// What holds from an instant on, in order.
    later: Vec<(i64, Hours)>,
    /// Half-open, apart from each other, in order.
    pauses: Vec<(i64, i64)>,
}

impl WorkingTime {
    /// The same hours for ever.
    pub fn new(hours: Hours) -> Self {
        Self {
            first: hours,
            later: Vec::new(),
            pauses: Vec::new(),
        }
    }

    /// Other hours from an instant on; whatever was said about later instants is forgotten.
    #[must_use]
    pub fn then(mut self, from: DateTime<Utc>, hours: Hours) -> Self {
        let from = from.timestamp_micros();
        self.later.retain(|(begin, _)| *begin < from);
        self.later.push((from, hours));
        self
    }

    /// Takes pauses out; they may overlap, and the end of each counts again.
    #[must_use]
    pub fn without(
        mut self,
        pauses: impl IntoIterator<Item = (DateTime<Utc>, DateTime<Utc>)>,
    ) -> Self {
        let pauses = pauses
            .into_iter()
            .map(|(from, to)| (from.timestamp_micros(), to.timestamp_micros()));
        self.pauses.extend(pauses);
        self.pauses = united(std::mem::take(&mut self.pauses));
        self
    }

    /// The earliest instant at which `time` has been counted since `start`. Nothing to count means the start
    /// itself, or the next instant that counts. None if it is not reached within the horizon.
    pub fn due(&self, start: DateTime<Utc>, time: TimeDelta) -> Option<DateTime<Utc>> {
        let mut left = micros(time);
        let slices = self.slices(start.timestamp_micros(), horizon(start));
        let mut due = slices.filter_map(|(from, to, hours)| {
            if left <= 0 {
                hours.opening(from, to)
            } else {
                hours.reach(from, to, &mut left)
            }
        });
        due.next().and_then(instant)
    }

    /// Time counted between two instants; nothing if the second is not later.
    pub fn elapsed(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> TimeDelta {
        let slices = self.slices(from.timestamp_micros(), to.timestamp_micros());
        TimeDelta::microseconds(slices.map(|(from, to, hours)| hours.count(from, to)).sum())
    }

    /// The stretches outside the pauses between two instants, each with the hours that hold in it.
    fn slices(&self, from: i64, to: i64) -> impl Iterator<Item = (i64, i64, &Hours)> {
        let starts = std::iter::once(i64::MIN).chain(self.later.iter().map(|(begin, _)| *begin));
        let ends = self.later.iter().map(|(begin, _)| *begin).chain([i64::MAX]);
        let hours = std::iter::once(&self.first).chain(self.later.iter().map(|(_, hours)| hours));
        let held = starts.zip(ends).zip(hours);
        held.flat_map(move |((begin, end), hours)| {
            let resumed = std::iter::once(i64::MIN).chain(self.pauses.iter().map(|pause| pause.1));
            let paused = self.pauses.iter().map(|pause| pause.0).chain([i64::MAX]);
            resumed.zip(paused).filter_map(move |(resumed, paused)| {
                let (from, to) = (from.max(begin).max(resumed), to.min(end).min(paused));
                (from < to).then_some((from, to, hours))
            })
        })
    }
}
