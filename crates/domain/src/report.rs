//! Reports that are mailed by themselves: how often, and when next.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::calendar::{first_instant, local_day};
use crate::names::named;

/// The longest name.
pub const MAX_NAME: usize = 100;
/// The most people one report is mailed to.
pub const MAX_RECIPIENTS: usize = 50;
/// The largest table that is attached, in bytes; a larger one is only linked.
pub const MAX_ATTACHED: usize = 4 << 20;
/// A mail that is later than this says so.
pub const LATE: TimeDelta = TimeDelta::minutes(10);

named! {
    /// The page of figures that a report opens.
    Page, "page of figures" {
        /// The key figures.
        Overview = "overview",
        /// Promises kept.
        Promises = "promises",
        /// How long it took.
        Times = "times",
        /// Who escalates what.
        Flow = "flow",
        /// What becomes of hand-overs, and how long queues keep tickets.
        Tiers = "tiers",
        /// What each engineer has.
        Workload = "workload",
        /// What L1 could learn.
        Skills = "skills",
    }
}

impl Page {
    /// Its address.
    pub fn path(self) -> &'static str {
        match self {
            Self::Overview => "/dashboard",
            Self::Promises => "/dashboard/promises",
            Self::Times => "/dashboard/times",
            Self::Flow => "/dashboard/flow",
            Self::Tiers => "/dashboard/tiers",
            Self::Workload => "/dashboard/workload",
            Self::Skills => "/dashboard/skills",
        }
    }

    /// The page with this address.
    pub fn at(path: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|page| page.path() == path)
    }
}

named! {
    /// How often.
    Rhythm, "rhythm" {
        /// Every day.
        Daily = "daily",
        /// Every week, on a day of the week.
        Weekly = "weekly",
        /// Every month, on a day of the month.
        Monthly = "monthly",
    }
}

/// When a report is mailed: at a time of the wall clock of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// How often.
    pub rhythm: Rhythm,
    /// Weekly: 1 is Monday, 7 Sunday. Monthly: the day of the month; in months that are too short, the last. Daily: nothing.
    pub on: u32,
    /// At what time.
    #[serde(with = "clock_time")]
    pub at: NaiveTime,
    /// Of which zone.
    #[serde(with = "zone_name")]
    pub zone: Tz,
}

/// `07:30`.
mod clock_time {
    use chrono::NaiveTime;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(time: &NaiveTime, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&time.format("%H:%M"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<NaiveTime, D::Error> {
        let text = String::deserialize(d)?;
        NaiveTime::parse_from_str(&text, "%H:%M").map_err(D::Error::custom)
    }
}

/// `Europe/London`.
mod zone_name {
    use chrono_tz::Tz;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(zone: &Tz, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(zone.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Tz, D::Error> {
        String::deserialize(d)?.parse().map_err(D::Error::custom)
    }
}

impl Schedule {
    /// The first time after a moment. A time that the clock skips comes when the clock goes on; one that it shows twice comes
    /// at the first of the two.
    pub fn next(&self, after: DateTime<Utc>) -> DateTime<Utc> {
        let mut day = local_day(self.zone, after);
        // A year and a bit holds every rhythm's next day.
        for _ in 0..400 {
            if self.falls_on(day) {
                let at = first_instant(self.zone, day.and_time(self.at));
                if at > after {
                    return at;
                }
            }
            day = day.checked_add_days(Days::new(1)).unwrap_or(day);
        }
        after + TimeDelta::days(400)
    }

    fn falls_on(&self, day: NaiveDate) -> bool {
        match self.rhythm {
            Rhythm::Daily => true,
            Rhythm::Weekly => day.weekday().number_from_monday() == self.on,
            Rhythm::Monthly => {
                let next = day
                    .with_day(1)
                    .and_then(|it| it.checked_add_months(Months::new(1)));
                let last = next.and_then(|it| it.pred_opt()).map_or(28, |it| it.day());
                day.day() == self.on.min(last)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn schedule(rhythm: Rhythm, on: u32, time: &str) -> Schedule {
        Schedule {
            rhythm,
            on,
            at: NaiveTime::parse_from_str(time, "%H:%M").expect("a time"),
            zone: Tz::Europe__London,
        }
    }

    #[test]
    fn it_comes_at_the_same_time_of_the_wall_clock_in_summer_and_winter() {
        let daily = schedule(Rhythm::Daily, 0, "07:30");
        assert_eq!(
            daily.next(at("2026-10-24T05:00:00Z")),
            at("2026-10-24T06:30:00Z")
        );
        assert_eq!(
            daily.next(at("2026-10-24T06:30:00Z")),
            at("2026-10-25T07:30:00Z")
        );
    }

    #[test]
    fn a_time_that_is_skipped_or_comes_twice_comes_once() {
        let daily = schedule(Rhythm::Daily, 0, "01:30");
        // 29 March: the clock goes from 01:00 to 02:00.
        assert_eq!(
            daily.next(at("2026-03-28T12:00:00Z")),
            at("2026-03-29T01:00:00Z")
        );
        // 25 October: 01:30 comes at 00:30 and at 01:30 UTC.
        let first = daily.next(at("2026-10-24T12:00:00Z"));
        assert_eq!(first, at("2026-10-25T00:30:00Z"));
        assert_eq!(daily.next(first), at("2026-10-26T01:30:00Z"));
    }

    #[test]
    fn a_month_that_is_too_short_has_its_last_day() {
        let monthly = schedule(Rhythm::Monthly, 31, "08:00");
        assert_eq!(
            monthly.next(at("2026-01-31T09:00:00Z")),
            at("2026-02-28T08:00:00Z")
        );
        let weekly = schedule(Rhythm::Weekly, 1, "08:00");
        assert_eq!(
            weekly.next(at("2026-11-26T09:00:00Z")),
            at("2026-11-30T08:00:00Z")
        );
    }

    #[test]
    fn a_schedule_is_read_back_as_it_was_saved() {
        let weekly = schedule(Rhythm::Weekly, 3, "08:05");
        let saved = serde_json::to_string(&weekly).expect("is saved");
        assert_eq!(
            saved,
            r#"{"rhythm":"weekly","on":3,"at":"08:05","zone":"Europe/London"}"#
        );
        assert_eq!(
            serde_json::from_str::<Schedule>(&saved).expect("is read"),
            weekly
        );
    }

    proptest! {
        #[test]
        fn the_next_time_is_later_and_not_far(after in 0..3_000_000_000_i64, on in 1..=7_u32) {
            let after = DateTime::from_timestamp(after, 0).expect("a time");
            let next = schedule(Rhythm::Weekly, on, "23:59").next(after);
            prop_assert!(next > after && next - after <= TimeDelta::hours(7 * 24 + 1));
        }
    }
}
