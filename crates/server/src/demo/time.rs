//! The company's working time, and chance that is the same at every start.

use chrono::{DateTime, Datelike, Days, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};

use super::company::ZONE;

const OPENS: u32 = 8 * 60;
const CLOSES: u32 = 18 * 60;

/// The moment that lies `minutes` of working time after `start`.
pub(super) fn later(start: DateTime<Utc>, minutes: u32) -> DateTime<Utc> {
    let mut at = into_hours(start);
    let mut left = minutes;
    loop {
        let until_close = CLOSES.saturating_sub(minute_of_day(at));
        if left < until_close {
            return at + TimeDelta::minutes(left.into());
        }
        left -= until_close;
        at = into_hours(at + TimeDelta::minutes(until_close.into()) + TimeDelta::hours(1));
    }
}

/// The same moment if people work then, else the next opening.
pub(super) fn into_hours(at: DateTime<Utc>) -> DateTime<Utc> {
    let local = at.with_timezone(&ZONE);
    let mut date = local.date_naive();
    let weekend = |day: Weekday| matches!(day, Weekday::Sat | Weekday::Sun);
    if !weekend(date.weekday()) {
        let minute = minute_of_day(at);
        if minute < OPENS {
            return on(date, OPENS).unwrap_or(at);
        }
        if minute < CLOSES {
            return at;
        }
    }
    date = date + Days::new(1);
    while weekend(date.weekday()) {
        date = date + Days::new(1);
    }
    on(date, OPENS).unwrap_or(at)
}

fn minute_of_day(at: DateTime<Utc>) -> u32 {
    let time = at.with_timezone(&ZONE).time();
    u32::try_from((time - NaiveTime::MIN).num_minutes()).unwrap_or(0)
}

fn on(date: chrono::NaiveDate, minute: u32) -> Option<DateTime<Utc>> {
    let time = NaiveTime::from_hms_opt(minute / 60, minute % 60, 0)?;
    let local = ZONE.from_local_datetime(&date.and_time(time)).earliest()?;
    Some(local.with_timezone(&Utc))
}

/// Chance that is the same at every start (xorshift, Marsaglia 2003). Nothing secret depends on it.
#[derive(Debug)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }

    /// A number below `limit`, which is at least 1.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let limit = u64::try_from(limit.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.0 % limit).unwrap_or(0)
    }

    /// One of them; the list is not empty.
    pub(super) fn one_of<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.below(list.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn work_stops_in_the_evening_and_at_the_weekend() {
        // Friday 17:30 in Lisbon (summer, one hour ahead of UTC), plus an hour, is Monday 08:30.
        assert_eq!(
            later(utc("2026-06-05T16:30:00Z"), 60),
            utc("2026-06-08T07:30:00Z")
        );
        assert_eq!(
            later(utc("2026-06-03T10:00:00Z"), 60),
            utc("2026-06-03T11:00:00Z")
        );
        // Two whole days of ten hours.
        assert_eq!(
            later(utc("2026-06-01T07:00:00Z"), 1200),
            utc("2026-06-03T07:00:00Z")
        );
    }

    #[test]
    fn a_night_begins_the_next_morning() {
        assert_eq!(
            into_hours(utc("2026-06-03T02:00:00Z")),
            utc("2026-06-03T07:00:00Z")
        );
        assert_eq!(
            into_hours(utc("2026-06-06T12:00:00Z")),
            utc("2026-06-08T07:00:00Z")
        );
    }
}
