//! The days that a report speaks of, and those it compares them with.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::calendar::{local_day, start_of_day};
use crate::names::named;

/// The most days a report may have: ten years and a bit.
pub const MOST_DAYS: u64 = 3_700;

/// Whole days of the reporting zone, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Period {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
}

named! {
    /// Periods that move with the day they are asked for on.
    Preset, "period" {
        /// The day itself.
        Today = "today",
        /// The day before.
        Yesterday = "yesterday",
        /// Seven days, today the last.
        Days7 = "7d",
        /// Thirty days, today the last.
        Days30 = "30d",
        /// Ninety days, today the last.
        Days90 = "90d",
        /// From Monday on.
        ThisWeek = "this_week",
        /// Monday to Sunday before that.
        LastWeek = "last_week",
        /// From the first of the month on.
        ThisMonth = "this_month",
        /// The month before.
        LastMonth = "last_month",
        /// The quarter before.
        LastQuarter = "last_quarter",
        /// From the first of January on.
        ThisYear = "this_year",
        /// The year before.
        LastYear = "last_year",
    }
}

named! {
    /// What the figures are held against.
    Compare, "comparison" {
        /// As many days just before; for whole months and quarters, as many of those.
        Before = "before",
        /// The same days a year earlier.
        Year = "year",
        /// Nothing.
        Nothing = "none",
    }
}

fn back(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(Days::new(days)).unwrap_or(day)
}

/// The first day of the month that lies `months` before that of `day`.
fn first_of_month(day: NaiveDate, months: u32) -> NaiveDate {
    let first = day.with_day(1).unwrap_or(day);
    first
        .checked_sub_months(Months::new(months))
        .unwrap_or(first)
}

impl Preset {
    /// The days it means on a day.
    pub fn on(self, today: NaiveDate) -> Period {
        let monday = back(today, u64::from(today.weekday().num_days_from_monday()));
        let january = first_of_month(today, today.month0());
        let quarter = first_of_month(today, today.month0() % 3);
        let (from, to) = match self {
            Self::Today => (today, today),
            Self::Yesterday => (back(today, 1), back(today, 1)),
            Self::Days7 => (back(today, 6), today),
            Self::Days30 => (back(today, 29), today),
            Self::Days90 => (back(today, 89), today),
            Self::ThisWeek => (monday, today),
            Self::LastWeek => (back(monday, 7), back(monday, 1)),
            Self::ThisMonth => (first_of_month(today, 0), today),
            Self::LastMonth => (first_of_month(today, 1), back(first_of_month(today, 0), 1)),
            Self::LastQuarter => (first_of_month(quarter, 3), back(quarter, 1)),
            Self::ThisYear => (january, today),
            Self::LastYear => (first_of_month(january, 12), back(january, 1)),
        };
        Period { from, to }
    }
}

impl Period {
    /// The day after the last, for half-open ranges.
    pub fn end(self) -> NaiveDate {
        self.to.succ_opt().unwrap_or(self.to)
    }

    /// How many days it has.
    pub fn days(self) -> u64 {
        u64::try_from((self.end() - self.from).num_days()).unwrap_or(0)
    }

    /// Its instants in a zone: from the first to before the second.
    pub fn instants(self, zone: Tz) -> (DateTime<Utc>, DateTime<Utc>) {
        (
            start_of_day(zone, self.from),
            start_of_day(zone, self.end()),
        )
    }

    /// The days it is held against.
    pub fn compared(self, with: Compare) -> Option<Self> {
        match with {
            Compare::Nothing => None,
            Compare::Before => Some(self.before()),
            Compare::Year => self.a_year_earlier(),
        }
    }

    /// The same days of the year before; whole months end there as they do in that year, in February on its own last day.
    fn a_year_earlier(self) -> Option<Self> {
        let year = Months::new(12);
        let to = if self.is_whole_months() {
            back(self.end().checked_sub_months(year)?, 1)
        } else {
            self.to.checked_sub_months(year)?
        };
        let from = self.from.checked_sub_months(year)?;
        Some(Self { from, to })
    }

    fn is_whole_months(self) -> bool {
        self.from.day() == 1 && self.end().day() == 1
    }

    fn before(self) -> Self {
        let end = self.end();
        let from = if self.is_whole_months() {
            let months = (end.year() - self.from.year()) * 12
                + i32::try_from(end.month()).unwrap_or(0)
                - i32::try_from(self.from.month()).unwrap_or(0);
            first_of_month(self.from, months.unsigned_abs())
        } else {
            back(self.from, self.days())
        };
        Self {
            from,
            to: back(self.from, 1),
        }
    }

    /// Its days one by one, or its months where that would be more than [`MOST_STEPS`] days; the first and last month may be cut.
    pub fn steps(self) -> Vec<Self> {
        let mut steps = Vec::new();
        let mut from = self.from;
        while from <= self.to {
            let to = if self.days() <= MOST_STEPS {
                from
            } else {
                let next = first_of_month(from, 0).checked_add_months(Months::new(1));
                next.map_or(self.to, |next| back(next, 1)).min(self.to)
            };
            let step = Self { from, to };
            steps.push(step);
            if step.end() <= from {
                break;
            }
            from = step.end();
        }
        steps
    }
}

/// A period of more days is shown by months.
pub const MOST_STEPS: u64 = 100;

/// The day of the reporting zone at an instant.
pub fn today(zone: Tz, now: DateTime<Utc>) -> NaiveDate {
    local_day(zone, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn period(from: &str, to: &str) -> Period {
        Period {
            from: day(from),
            to: day(to),
        }
    }

    #[test]
    fn each_preset_means_these_days_on_a_thursday_in_february() {
        let days = |preset: Preset| preset.on(day("2024-02-29"));
        let table = [
            (Preset::Today, "2024-02-29", "2024-02-29"),
            (Preset::Yesterday, "2024-02-28", "2024-02-28"),
            (Preset::Days7, "2024-02-23", "2024-02-29"),
            (Preset::Days30, "2024-01-31", "2024-02-29"),
            (Preset::Days90, "2023-12-02", "2024-02-29"),
            (Preset::ThisWeek, "2024-02-26", "2024-02-29"),
            (Preset::LastWeek, "2024-02-19", "2024-02-25"),
            (Preset::ThisMonth, "2024-02-01", "2024-02-29"),
            (Preset::LastMonth, "2024-01-01", "2024-01-31"),
            (Preset::LastQuarter, "2023-10-01", "2023-12-31"),
            (Preset::ThisYear, "2024-01-01", "2024-02-29"),
            (Preset::LastYear, "2023-01-01", "2023-12-31"),
        ];
        assert_eq!(table.len(), Preset::ALL.len());
        for (preset, from, to) in table {
            assert_eq!(days(preset), period(from, to), "{preset}");
        }
    }

    #[test]
    fn a_period_is_held_against_as_many_days_before_or_the_same_a_year_earlier() {
        let week = period("2026-11-17", "2026-11-23");
        assert_eq!(
            week.compared(Compare::Before),
            Some(period("2026-11-10", "2026-11-16"))
        );
        assert_eq!(
            week.compared(Compare::Year),
            Some(period("2025-11-17", "2025-11-23"))
        );
        assert_eq!(week.compared(Compare::Nothing), None);
        // Whole months are held against whole months, and February against February.
        let march = period("2024-03-01", "2024-03-31");
        assert_eq!(
            march.compared(Compare::Before),
            Some(period("2024-02-01", "2024-02-29"))
        );
        let february = period("2024-02-01", "2024-02-29");
        assert_eq!(
            february.compared(Compare::Year),
            Some(period("2023-02-01", "2023-02-28"))
        );
        let quarter = period("2026-01-01", "2026-03-31");
        assert_eq!(
            quarter.compared(Compare::Before),
            Some(period("2025-10-01", "2025-12-31"))
        );
    }

    #[test]
    fn the_year_before_has_the_same_days_and_whole_months_are_whole_there_too() {
        let table = [
            // The last of February alone is one day, however long that month was.
            ("2025-02-28", "2025-02-28", "2024-02-28", "2024-02-28"),
            ("2029-02-22", "2029-02-28", "2028-02-22", "2028-02-28"),
            ("2025-01-15", "2025-02-28", "2024-01-15", "2024-02-28"),
            // A day that the year before did not have is its last one.
            ("2024-02-29", "2024-02-29", "2023-02-28", "2023-02-28"),
            ("2024-02-23", "2024-02-29", "2023-02-23", "2023-02-28"),
            ("2024-02-01", "2024-02-28", "2023-02-01", "2023-02-28"),
            ("2025-02-01", "2025-02-28", "2024-02-01", "2024-02-29"),
            ("2024-02-01", "2024-02-29", "2023-02-01", "2023-02-28"),
            ("2025-01-01", "2025-03-31", "2024-01-01", "2024-03-31"),
            ("2025-01-01", "2025-12-31", "2024-01-01", "2024-12-31"),
            ("2026-12-20", "2027-01-05", "2025-12-20", "2026-01-05"),
        ];
        for (from, to, year_from, year_to) in table {
            assert_eq!(
                period(from, to).compared(Compare::Year),
                Some(period(year_from, year_to)),
                "{from} to {to}"
            );
        }
    }

    #[test]
    fn october_is_whole_in_london() {
        let london: Tz = "Europe/London".parse().expect("a zone");
        let (from, to) = period("2026-10-01", "2026-10-31").instants(london);
        assert_eq!(from.to_rfc3339(), "2026-09-30T23:00:00+00:00");
        assert_eq!(to.to_rfc3339(), "2026-11-01T00:00:00+00:00");
    }

    proptest! {
        #[test]
        fn the_steps_of_a_period_are_its_days_or_months_without_a_gap(from in 0..20_000_u64, days in 0..1_200_u64) {
            let from = day("1990-01-01") + Days::new(from);
            let period = Period { from, to: from + Days::new(days) };
            let steps = period.steps();
            prop_assert!(steps.len() <= 100);
            prop_assert_eq!(steps[0].from, period.from);
            prop_assert_eq!(steps[steps.len() - 1].to, period.to);
            for pair in steps.windows(2) {
                prop_assert_eq!(pair[0].end(), pair[1].from);
            }
        }
    }
}
