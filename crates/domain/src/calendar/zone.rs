//! A zone's wall clock as a list of spans with one offset each, and the way from wall time to instants.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, NaiveDate, Offset, TimeZone, Utc};
use chrono_tz::Tz;

use super::{DAY, MINUTE, SECOND};

/// No zone's clock was ever more than a day off, nor changed by more than a day.
const FARTHEST: i64 = 26 * 3600 * SECOND;

/// A span begins: from this instant on (microseconds since 1970 UTC) the wall clock is ahead by `offset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Change {
    from: i64,
    offset: i64,
}

/// The spans of one zone, oldest first; the first reaches back for ever, the last on for ever.
#[derive(Debug)]
pub(super) struct Zone {
    changes: Vec<Change>,
}

impl Zone {
    /// The zone's spans, found once per process.
    pub(super) fn of(tz: Tz) -> Arc<Self> {
        static KNOWN: RwLock<Option<HashMap<Tz, Arc<Zone>>>> = RwLock::new(None);
        let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(zone) = known.as_ref().and_then(|zones| zones.get(&tz)) {
            return Arc::clone(zone);
        }
        drop(known);
        let zone = Arc::new(Self::find(tz));
        let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
        let zones = known.get_or_insert_default();
        Arc::clone(zones.entry(tz).or_insert(zone))
    }

    /// chrono-tz does not show its table, so it is found by asking: no zone changed its offset twice within
    /// three days (a test below holds the database to that), hence every second day is enough, and
    /// bisection finds the second. The database's first change is of 1845, its rules are expanded to 2099.
    fn find(tz: Tz) -> Self {
        const STEP: i64 = 2 * 86_400;
        let (first, last) = (-4_102_444_800, 4_133_980_800); // 1840 and 2101
        let mut offset = offset_seconds(tz, first);
        let mut changes = vec![Change {
            from: i64::MIN / 4,
            offset: offset * SECOND,
        }];
        for before in (first..last).step_by(STEP as usize) {
            let after = before + STEP;
            let new = offset_seconds(tz, after);
            if new != offset {
                let (mut low, mut high) = (before, after);
                while high - low > 1 {
                    let middle = low + (high - low) / 2;
                    if offset_seconds(tz, middle) == offset {
                        low = middle;
                    } else {
                        high = middle;
                    }
                }
                changes.push(Change {
                    from: high * SECOND,
                    offset: new * SECOND,
                });
                offset = new;
            }
        }
        Self { changes }
    }

    fn span(&self, at: i64) -> usize {
        self.changes
            .partition_point(|change| change.from <= at)
            .max(1)
            - 1
    }

    /// How far the wall clock is ahead of UTC at an instant.
    pub(super) fn offset_at(&self, at: i64) -> i64 {
        self.changes[self.span(at)].offset
    }

    /// The day of the wall clock at an instant, in days since 1970.
    pub(super) fn day_at(&self, at: i64) -> i64 {
        (at + self.offset_at(at)).div_euclid(DAY)
    }

    /// The first change of the offset later than an instant.
    pub(super) fn next_change(&self, after: i64) -> Option<i64> {
        let next = self.changes.partition_point(|change| change.from <= after);
        self.changes.get(next.max(1)).map(|change| change.from)
    }

    /// The first instant that shows this wall time; in a gap, the first instant after it.
    pub(super) fn first(&self, wall: i64) -> i64 {
        let begin = self.span(wall - FARTHEST);
        let mut instant = wall - self.changes[begin].offset;
        for (index, change) in self.changes.iter().enumerate().skip(begin) {
            instant = wall - change.offset;
            if instant < change.from {
                return change.from;
            }
            if self.until(index) > instant {
                return instant;
            }
        }
        instant
    }

    /// The last instant that shows this wall time; in a gap, the first instant after it.
    pub(super) fn last(&self, wall: i64) -> i64 {
        let begin = self.span(wall - FARTHEST);
        let nearby = self.changes.iter().enumerate().skip(begin);
        nearby
            .take_while(|(_, change)| change.from <= wall + FARTHEST)
            .filter(|(index, change)| {
                (change.from..self.until(*index)).contains(&(wall - change.offset))
            })
            .map(|(_, change)| wall - change.offset)
            .last()
            .unwrap_or_else(|| self.first(wall))
    }

    fn until(&self, index: usize) -> i64 {
        self.changes
            .get(index + 1)
            .map_or(i64::MAX, |next| next.from)
    }
}

/// The first instant at which a zone's wall clock shows so many minutes after 00:00 of a date, which may be more than a
/// day; in a gap of the clock, the first instant after it.
pub fn first_at(tz: Tz, date: NaiveDate, minutes: i64) -> DateTime<Utc> {
    let wall = i64::from(date.to_epoch_days()) * DAY + minutes * MINUTE;
    DateTime::from_timestamp_micros(Zone::of(tz).first(wall)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Like [`first_at`], but of a repeated hour the last instant.
pub fn last_at(tz: Tz, date: NaiveDate, minutes: i64) -> DateTime<Utc> {
    let wall = i64::from(date.to_epoch_days()) * DAY + minutes * MINUTE;
    DateTime::from_timestamp_micros(Zone::of(tz).last(wall)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

fn offset_seconds(tz: Tz, at: i64) -> i64 {
    let at = DateTime::from_timestamp(at, 0).unwrap_or_default();
    let offset = tz.offset_from_utc_datetime(&at.naive_utc()).fix();
    i64::from(offset.local_minus_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks every six hours from 1900 on; run over all zones with `TIERDESK_CASES` set.
    #[test]
    fn no_zone_changes_its_offset_twice_within_three_days() {
        let every = if std::env::var_os("TIERDESK_CASES").is_some() {
            1
        } else {
            40
        };
        for &tz in chrono_tz::TZ_VARIANTS.iter().step_by(every) {
            let zone = Zone::of(tz);
            let starts: Vec<i64> = zone.changes[1..].iter().map(|change| change.from).collect();
            assert!(
                starts.windows(2).all(|pair| pair[1] - pair[0] > 3 * DAY),
                "{tz}"
            );
            for at in (-2_208_988_800..4_102_444_800_i64).step_by(6 * 3600) {
                assert_eq!(
                    zone.offset_at(at * SECOND),
                    offset_seconds(tz, at) * SECOND,
                    "{tz} at {at}"
                );
            }
        }
    }
}
